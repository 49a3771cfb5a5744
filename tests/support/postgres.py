"""A PostgreSQL server of the tests' own."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from support import daemons
from support.certificates import client_context, server_files

_USER: Final = "tester"
_PASSWORD: Final = "secret"

# Durability is for those who keep their data.
_SETTINGS: Final = {
    "listen_addresses": daemons.HOST,
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "40",
    "ssl": "on",
}


@contextlib.contextmanager
def serving() -> Iterator[dict[str, dict[str, Any]]]:
    """How to connect to a running server: in the clear, through TLS and through a socket of its folder."""
    initdb, postgres = daemons.programs("initdb", "postgres")
    with daemons.folder(privileged=False) as home:
        files = server_files(home)
        (home / "password").write_text(_PASSWORD)
        for path in (files.key, home / "password"):
            daemons.give(path, privileged=False)
        _initialise(initdb, home)
        settings = {
            **_SETTINGS,
            "unix_socket_directories": str(home),
            "ssl_key_file": str(files.key),
            "ssl_cert_file": str(files.certificate),
        }
        options = [f"--{name}={value}" for name, value in settings.items()]

        def command(ports: daemons.Ports) -> list[str | Path]:
            place = ["-D", str(home / "data"), "-p", str(ports[0])]
            return daemons.contained(postgres, *place, *options, privileged=False, signal_name="INT")

        with daemons.serving(command, home=home, ready="ready to accept connections", stop=signal.SIGINT) as (port,):
            common = {"port": port, "user": _USER, "password": _PASSWORD, "database": "postgres"}
            yield {
                "plain": {**common, "host": daemons.HOST, "ssl": False},
                "TLS": {**common, "host": daemons.HOST, "ssl": client_context()},
                "unix": {**common, "host": str(home)},
            }


def _initialise(initdb: Path, home: Path) -> None:
    options = [f"--pwfile={home / 'password'}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]
    command = daemons.contained(initdb, "-D", home / "data", "-U", _USER, *options, privileged=False)
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
