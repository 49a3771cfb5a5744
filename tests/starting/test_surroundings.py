"""Where something is short, missing or forbidden, loops do as on asyncio, or say clearly what is in the way."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest

import pyloop
from support.programs import lines_of, loop_program, run_command, run_loop_program
from support.surroundings import READ_ONLY, WITHOUT_PROC, after, as_somebody, in_namespace

_JVM: Final = pyloop.engine() == "jvm"

_USES: Final = """
import errno, resource, socket
class Reader(asyncio.Protocol):
    pass
async def tcp():
    server = await asyncio.start_server(lambda reader, writer: (writer.write(b"x"), writer.close()), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    assert await reader.read() == b"x"
    writer.close()
    server.close()
async def udp():
    loop = asyncio.get_running_loop()
    endpoint, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0))
    endpoint.sendto(b"x", endpoint.get_extra_info("sockname"))
    await asyncio.sleep(0.001)
    endpoint.close()
async def pipe():
    reading, writing = os.pipe()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(Reader, open(reading, "rb", 0))
    transport.close()
    os.close(writing)
async def plain():
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        loop.call_later(0.001, theirs.send, b"x")
        assert await loop.sock_recv(ours, 1) == b"x"
async def signals():
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, print)
    loop.remove_signal_handler(signal.SIGUSR1)
async def child():
    process = await asyncio.create_subprocess_exec("true")
    await process.wait()
async def thread():
    await asyncio.get_running_loop().run_in_executor(None, int)
async def use():
    for action in plain, tcp, udp, pipe, signals, child, thread:
        try:
            await asyncio.wait_for(action(), 20)
            say(action.__name__, "went well")
        except Exception as error:
            say(action.__name__, type(error).__name__)
def loop_used():
    try:
        loop = new_event_loop()
    except (RuntimeError, OSError) as error:
        say(type(error).__name__, error)
    else:
        loop.run_until_complete(use())
        loop.close()
"""


def _limited(name: str, value: int) -> str:
    return f"resource.setrlimit(resource.{name}, ({value}, resource.getrlimit(resource.{name})[1]))"


_GIGABYTE: Final = 1 << 30
_NO_IMPORTS: Final = "sys.meta_path.clear(); sys.path_hooks.clear(); sys.path.clear(); sys.path_importer_cache.clear()"

_SURROUNDINGS: Final = {
    "an address space of 4 GB": _limited("RLIMIT_AS", 4 * _GIGABYTE),
    "an address space of 1 GB": _limited("RLIMIT_AS", _GIGABYTE),
    "an address space of 256 MB": _limited("RLIMIT_AS", 256 << 20),
    "little memory": _limited("RLIMIT_DATA", 120 << 20),
    "a stack of 1 MB": _limited("RLIMIT_STACK", 1 << 20),
    "no core dumps and no files": f"{_limited('RLIMIT_CORE', 0)}; {_limited('RLIMIT_FSIZE', 0)}",
    "no locked memory": _limited("RLIMIT_MEMLOCK", 0),
    "a working directory that is gone": "import tempfile; os.chdir(made := tempfile.mkdtemp()); os.rmdir(made)",
    "another working directory": "os.chdir('/')",
    "an empty environment": "os.environ.clear()",
    "Python code as __import__": """
import builtins
imports = builtins.__import__
builtins.__import__ = lambda *arguments, **keywords: (time.sleep(0), imports(*arguments, **keywords))[1]
""",
    "Python code that finds modules": """
class Finder:
    def find_spec(self, name, path=None, target=None):
        time.sleep(0)
sys.meta_path.insert(0, Finder())
""",
    "no imports once a loop has run": f"""
import concurrent.futures.thread, shutil, subprocess
new_event_loop().close()
{_NO_IMPORTS}
""",
}

_REFUSED_BY_A_JVM: Final = {
    "an address space of 1 GB": "MiB of address space",
    "an address space of 256 MB": "MiB of address space",
    "little memory": "MiB of memory",
}


@pytest.mark.parametrize("surroundings", _SURROUNDINGS)
def test_a_loop_works_as_on_asyncio(surroundings: str) -> None:
    program = f"{_USES}\n{_SURROUNDINGS[surroundings]}\nloop_used()\nos._exit(0)"
    expected = lines_of(program, loop="asyncio", options=["-W", "ignore"])
    lines = lines_of(program, options=["-W", "ignore"])
    assert expected[0] == "plain went well"
    if _JVM and surroundings in _REFUSED_BY_A_JVM:
        assert "starts no Java virtual machine here" in lines[0]
        assert _REFUSED_BY_A_JVM[surroundings] in lines[0]
    else:
        assert lines == expected


_Wrapper = Callable[[Sequence[str]], list[str]]

_WRAPPERS: Final[dict[str, _Wrapper]] = {
    "a stack of 128 KiB": lambda command: after("ulimit -s 128", command),
    "no /proc": lambda command: in_namespace(WITHOUT_PROC, command),
    "read-only file systems": lambda command: in_namespace(READ_ONLY, command),
    "no more processes": lambda command: as_somebody(["prlimit", "--nproc=0:0", *command]),
}

_WRAPPERS_REFUSED_BY_A_JVM: Final = {"a stack of 128 KiB": "KiB of stack", "no more processes": "threads"}


@pytest.mark.parametrize("surroundings", _WRAPPERS)
def test_a_process_that_begins_there_works_as_on_asyncio(surroundings: str) -> None:
    program = f"{_USES}\nloop_used()"
    courses = {}
    for loop in "asyncio", "pyloop":
        done = run_command(_WRAPPERS[surroundings](loop_program(program, loop=loop, options=["-W", "ignore"])))
        if "error while loading shared libraries: libpython" in done.stderr:
            pytest.skip("this Python itself does not start there: it looks for its library beside its program")
        assert done.returncode == 0, f"{loop}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        courses[loop] = done.stdout.splitlines()
    assert courses["asyncio"][0] == "plain went well"
    if _JVM and surroundings in _WRAPPERS_REFUSED_BY_A_JVM:
        assert _WRAPPERS_REFUSED_BY_A_JVM[surroundings] in courses["pyloop"][0]
    else:
        assert courses["pyloop"] == courses["asyncio"]


def test_the_home_is_not_looked_at(tmp_path: Path) -> None:
    """Nor any other folder of the user's."""
    forbidden = tmp_path / "forbidden"
    forbidden.mkdir(mode=0)
    for folder in forbidden, tmp_path / "missing", Path(os.devnull):
        variables = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR")
        environment = dict.fromkeys(variables, str(folder))
        done = run_loop_program(f"{_USES}\nloop_used()", env=environment)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count("went well") == 7


def test_descriptors_that_run_out_at_the_first_loop_are_an_error_and_the_next_loop_works() -> None:
    """Whatever the engine wanted to open at that moment."""
    outcomes = []
    for limit in range(3, 14):
        done = run_loop_program(
            f"""
import resource
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
def attempt():
    try:
        new_event_loop().close()
        say("made")
    except OSError as error:
        say("OSError")
resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, hard))
attempt()
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
attempt()
"""
        )
        assert (done.returncode, done.stderr) == (0, ""), limit
        first, second = done.stdout.splitlines()
        assert second == "made", limit
        outcomes.append(first)
    assert set(outcomes) == {"made", "OSError"}


def test_a_first_loop_without_files_to_load_is_a_clear_error() -> None:
    lines = lines_of(
        """
finders = list(sys.meta_path)
sys.meta_path.clear()
for make in (pyloop.new_event_loop, lambda: pyloop.EventLoop, lambda: pyloop.run(asyncio.sleep(0))):
    try:
        make()
    except RuntimeError as error:
        say(error)
asyncio.SelectorEventLoop().close()
sys.meta_path.extend(finders)
pyloop.new_event_loop().close()
say("made")
""",
        options=["-W", "ignore"],
    )
    assert lines[3:] == ["made"]
    assert all("files cannot be found" in line and "chroot" in line for line in lines[:3])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may change its root")
def test_a_loop_works_in_another_root(tmp_path: Path) -> None:
    program = f"""{_USES}
import concurrent.futures.thread, shutil, subprocess
new_event_loop().close()
os.chroot({str(tmp_path)!r})
os.chdir("/")
loop_used()
"""
    expected = lines_of(program, loop="asyncio")
    assert lines_of(program) == expected
    assert "child FileNotFoundError" in expected


@pytest.mark.parametrize("place", ["plain", "with:colon", "nön-ascii", "both:ä", "a space, %20 and #"])
@pytest.mark.parametrize("environment", [{"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"}], ids=["C", "UTF-8"])
def test_the_package_works_from_any_folder(place: str, environment: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / place
    folder.mkdir()
    (folder / "pyloop").symlink_to(Path(pyloop.__file__).parent)
    program = f"import sys; sys.path.insert(0, {str(folder)!r}); import asyncio, pyloop; print(pyloop.__path__); "
    program += "print(pyloop.run(asyncio.sleep(0.001, 'ran')))"
    done = run_command([sys.executable, "-c", program], env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    path, outcome = done.stdout.splitlines()
    assert ascii(place)[1:-1] in path or place in path
    assert outcome == "ran"
