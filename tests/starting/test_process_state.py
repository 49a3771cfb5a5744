"""The process stays as it was: what a loop changes while it runs is changed back, and its engine changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

import pyloop
from support.programs import run_loop_program

_NEEDED_BY_A_JVM: Final = {f"signal {number}" for number in (4, 6, 7, 8, 11, 16)} | {"signal stack"}
"""For its own checks and for faulthandler, which must come first; docs/engines.md says so."""

_COMPARED: Final = """
from support.process_state import changes, process_state
import json, socket, subprocess
async def main():
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, print)
    loop.add_signal_handler(signal.SIGINT, print)
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    await reader.read()
    writer.close()
    server.close()
    endpoint, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0))
    endpoint.close()
    child = await asyncio.create_subprocess_exec("true", stdin=subprocess.PIPE)
    await child.wait()
    await asyncio.sleep(0.001)
    for number in (signal.SIGUSR1, signal.SIGINT):
        loop.remove_signal_handler(number)
process_state()  # what it needs itself is loaded now
before = process_state()
assert changes(before, process_state()) == {}
loop = new_event_loop()
loop.run_until_complete(main())
loop.close()
for name, (old, new) in changes(before, process_state()).items():
    say(name, "|", old, "|", new)
"""

_UNUSUAL: Final = """
import ctypes, faulthandler, mmap, resource
signal.signal(signal.SIGUSR2, signal.SIG_IGN)
signal.signal(signal.SIGTERM, lambda *_: None)
signal.signal(signal.SIGHUP, lambda *_: None)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH, signal.SIGRTMIN])
signal.siginterrupt(signal.SIGTERM, False)
signal.setitimer(signal.ITIMER_VIRTUAL, 0)
os.umask(0o027)
for name in ("RLIMIT_NOFILE", "RLIMIT_CORE", "RLIMIT_STACK"):
    soft, hard = resource.getrlimit(getattr(resource, name))
    limit = {"RLIMIT_NOFILE": 500, "RLIMIT_CORE": 0, "RLIMIT_STACK": 4 << 20}[name]
    resource.setrlimit(getattr(resource, name), (limit, hard))
threading.stack_size(512 << 10)
"""

_SETTINGS: Final = {
    "as it comes": "",
    "signals by default": "for number in (signal.SIGPIPE, signal.SIGXFSZ): signal.signal(number, signal.SIG_DFL)",
    "signals handled": "for number in (signal.SIGPIPE, signal.SIGXFSZ): signal.signal(number, lambda *_: None)",
    "locale set": "import locale; locale.setlocale(locale.LC_ALL, 'C')",
    "faulthandler": "import faulthandler; faulthandler.enable()",
    "unusual": _UNUSUAL,
}

_BY_LANG: Final = {"LANG": "C.UTF-8", "LC_ALL": ""}
_BY_LC_ALL: Final = {"LANG": "C", "LC_ALL": "C.UTF-8"}


@pytest.mark.parametrize(
    ("settings", "environment"),
    [*((settings, _BY_LANG) for settings in _SETTINGS.values()), ("", _BY_LC_ALL)],
    ids=[*_SETTINGS, "LC_ALL"],
)
def test_a_loop_that_ran_and_was_closed_has_changed_nothing(
    loop_name: str, settings: str, environment: dict[str, str], tmp_path: Path
) -> None:
    done = run_loop_program(f"{settings}\n{_COMPARED}", loop=loop_name, env={**environment, "TMPDIR": str(tmp_path)})
    assert (done.returncode, done.stderr) == (0, "")
    changed = [line for line in done.stdout.splitlines() if not _is_needed(line, loop_name)]
    assert changed == []


def _is_needed(change: str, loop_name: str) -> bool:
    name = change.split(" | ", maxsplit=1)[0]
    if loop_name != "pyloop" or pyloop.engine() != "jvm":
        return False
    # The files of Java stay open, and are nobody else's.
    return name in _NEEDED_BY_A_JVM or (name.startswith("descriptor ") and "inherited: False" in change)


def test_a_program_that_takes_the_place_of_this_one_inherits_nothing(loop_name: str) -> None:
    """Whatever the loops have open at that moment."""
    done = run_loop_program(
        """
import socket
from support.process_state import open_files
say(*(name for name in open_files()))
async def main():
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, print)
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    await loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0))
    await loop.connect_read_pipe(asyncio.Protocol, open(os.pipe()[0], "rb"))
    child = await asyncio.create_subprocess_exec("sleep", "60", stdin=-1, stdout=-1, stderr=-1)
    await asyncio.sleep(0.01)
    child.kill()
    if (rounds := int(os.environ.get("ROUNDS", "3"))):
        os.environ["ROUNDS"] = str(rounds - 1)
        os.execv(sys.executable, sys.orig_argv)
new_event_loop().run_until_complete(main())
os._exit(0)
""",
        loop=loop_name,
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, *others = done.stdout.splitlines()
    assert others == [first] * 3
