"""The load generator, the C program of ``load/``: compiled when needed, run against one server."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from . import machine, processes
from .model import Figures, MeasurementError, UnmeasurableError

SOURCES = Path(__file__).with_name("load")
WITH_TLS = ("-DWITH_TLS", "-lssl", "-lcrypto")


def cache() -> Path:
    """Return the folder for what is made once; it exists."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pyloop" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def program() -> Path:
    """Return the compiled generator. Without OpenSSL's headers it knows no TLS.

    Raises:
        UnmeasurableError: there is no C compiler, or it failed.
    """
    files = sorted(SOURCES.glob("*.[ch]"))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    made = cache() / f"load-{digest}"
    if made.exists():
        return made
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        raise UnmeasurableError("the load generator is a C program, and there is no C compiler: install gcc or clang")
    with TemporaryDirectory(dir=made.parent) as folder:
        output = Path(folder, "load")
        command = [compiler, "-O2", "-o", str(output), *(str(file) for file in files if file.suffix == ".c")]
        if subprocess.run([*command, *WITH_TLS], capture_output=True).returncode:
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise UnmeasurableError(f"the load generator could not be compiled: {done.stderr.strip()}")
        # Whole or not at all, whoever else compiles it just now.
        output.replace(made)
    return made


def load(mode: str, address: str, timeout: float, **options: float | None) -> Figures:
    """Load the server at `address` and return what was seen; `load/main.c` lists modes and options.

    Raises:
        MeasurementError: the server failed, sent what it should not, or was not done in `timeout` seconds.
    """
    machine.raise_file_limit()
    given = [f"{name}={value:.15g}" for name, value in options.items() if value is not None]
    try:
        done = subprocess.run([program(), mode, address, *given], capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise MeasurementError(f"no end of {mode} within {timeout:g} s") from None
    if done.returncode:
        raise MeasurementError(done.stderr.strip() or processes.ending(done.returncode, ""))
    return processes.printed(done.stdout)


@contextmanager
def responding(core: int, body: int) -> Iterator[int]:
    """Run a server that answers HTTP requests with `body` bytes; yields its port.

    Raises:
        MeasurementError: it did not start.
    """
    machine.raise_file_limit()
    command = [str(program()), "respond", f"core={core}", f"body={body}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            port = process.stdout.readline().strip()
            if not port:
                raise MeasurementError(f"the HTTP server did not start: exit status {process.wait()}")
            yield int(port)
        finally:
            process.kill()
