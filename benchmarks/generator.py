"""The load generator, `load/load.c`: compiled when needed, run against one server.

`generator.py WORKLOAD PORT` loads a server that was started by hand.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
from pathlib import Path

import machine
from socket_workloads import WORKLOADS

SOURCE = Path(__file__).with_name("load") / "load.c"
BUILD = Path(__file__).resolve().parent.parent / "build"
PROGRAM = BUILD / "load"
WITH_TLS = ("-DWITH_TLS", "-lssl", "-lcrypto")

PROCESS_TIMEOUT_SECONDS = 120

Figures = dict[str, float]
"""What the generator prints: a figure for each name."""


class LoadError(Exception):
    """A server was not what the generator expected of it, or died."""


def program() -> Path:
    """Return the compiled generator; SystemExit if it cannot be compiled. Without OpenSSL's headers it knows no TLS."""
    if PROGRAM.exists() and PROGRAM.stat().st_mtime > SOURCE.stat().st_mtime:
        return PROGRAM
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        raise SystemExit("The load generator is a C program, and there is no C compiler: install gcc or clang.")
    PROGRAM.parent.mkdir(exist_ok=True)
    command = [compiler, "-O2", "-o", str(PROGRAM), str(SOURCE)]
    if subprocess.run([*command, *WITH_TLS], stderr=subprocess.DEVNULL).returncode:
        subprocess.run(command, check=True)
    return PROGRAM


def load(mode: str, port: int, **options: float | None) -> Figures:
    """Load the server that listens on `port` and return what was seen; `load.c` lists modes and options.

    Raises:
        LoadError: the server failed, or sent what it should not.
    """
    machine.raise_file_limit()
    given = [f"{name}={value:.15g}" for name, value in options.items() if value is not None]
    try:
        done = subprocess.run(
            [program(), mode, f"port={port}", *given], capture_output=True, text=True, timeout=PROCESS_TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise LoadError(f"no end of {mode} within {PROCESS_TIMEOUT_SECONDS} s") from None
    if done.returncode:
        raise LoadError(done.stderr.strip() or f"load: exit status {done.returncode}")
    figures: Figures = json.loads(done.stdout)
    return figures


def main() -> None:
    """Load a server started by hand, and print what the generator saw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workload", choices=list(WORKLOADS))
    parser.add_argument("port", type=int)
    parser.add_argument("--server", type=int, metavar="PID", help="the server's process, for its processor time")
    parser.add_argument("--core", type=int, help="where to run")
    parser.add_argument("--rate", type=float, help="messages per second, for latency")
    parser.add_argument("--warm-up", type=float, default=2, metavar="SECONDS", help="(default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=10, help="duration of the load (default: %(default)s)")
    given = parser.parse_args()
    workload = WORKLOADS[given.workload]
    figures = load(
        workload.mode,
        given.port,
        server=given.server,
        core=given.core,
        rate=given.rate,
        warmup=given.warm_up,
        seconds=given.seconds,
        **workload.options,
    )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
