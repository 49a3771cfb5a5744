"""``python -m pyloop``: every program runs as plain ``python`` runs it, but on PyLoop's event loop.

What a program shows of itself is compared with what the same command without ``-m pyloop`` shows.
"""

from __future__ import annotations

import py_compile
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

import pytest

import pyloop
from support.programs import run_command

Completed: TypeAlias = subprocess.CompletedProcess[str]

_COMMANDS: Final = {
    "program": ["program.py"],
    "module": ["-m", "program"],
    "package": ["-m", "package"],
    "module of a package": ["-m", "package.module"],
    "code": ["-c", "SOURCE"],
    "standard input": ["-"],
    "folder": ["folder"],
    "archive": ["archive.zip"],
}
"""Every way to name a program; all run the same source."""

_RUNPY_FRAMES: Final = re.compile(r'(?m)Traceback \(most recent call last\):\n|^[ |]*File "<frozen runpy>".*\n')
_USAGE: Final = "usage: python -m pyloop [-m module | program.py | -c code | -] [arguments ...]\n"
_LAUNCHERS: Final = {"plain": [], "pyloop": ["-m", "pyloop"]}

each_kind = pytest.mark.parametrize("kind", _COMMANDS)


def _lay_out(folder: Path, source: str) -> None:
    """Write `source` wherever a command of _COMMANDS looks for it."""
    for name in ("program.py", "package/__main__.py", "package/module.py", "folder/__main__.py"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
    (folder / "package" / "__init__.py").touch()
    with zipfile.ZipFile(folder / "archive.zip", "w") as archive:
        archive.write(folder / "folder" / "__main__.py", "__main__.py")


def _run(
    arguments: Sequence[str], folder: Path, *, launcher: str = "pyloop", options: Sequence[str] = (), stdin: str = ""
) -> Completed:
    return run_command([sys.executable, *options, *_LAUNCHERS[launcher], *arguments], cwd=folder, stdin=stdin)


def _run_source(
    kind: str, source: str, folder: Path, *arguments: str, launcher: str = "pyloop", options: Sequence[str] = ()
) -> Completed:
    _lay_out(folder, source)
    command = [source if part == "SOURCE" else part for part in _COMMANDS[kind]]
    return _run([*command, *arguments], folder, launcher=launcher, options=options, stdin=source)


def _assert_same(plain: Completed, ours: Completed) -> str:
    """Check that a program ended, printed and complained as without PyLoop; return what it printed."""
    plain_shown, ours_shown = (
        (done.returncode, done.stdout, _RUNPY_FRAMES.sub("", done.stderr)) for done in (plain, ours)
    )
    assert ours_shown == plain_shown
    return plain.stdout


def _same(kind: str, source: str, folder: Path, *arguments: str, options: Sequence[str] = ()) -> str:
    plain, ours = (_run_source(kind, source, folder, *arguments, launcher=name, options=options) for name in _LAUNCHERS)
    return _assert_same(plain, ours)


def _same_command(arguments: Sequence[str], folder: Path) -> str:
    return _assert_same(*(_run(arguments, folder, launcher=launcher) for launcher in _LAUNCHERS))


_FACTS = '''
"""The program's own text."""
import sys
def annotated(argument: int) -> None: ...
main = sys.modules["__main__"]
print(__name__, main.__name__, vars(main) is globals(), annotated.__module__, annotated.__annotations__)
print(__doc__, __package__, __spec__ and __spec__.name, __spec__ and __spec__.origin)
print(globals().get("__file__", "no file"), globals().get("__cached__", "not cached"))
'''


@each_kind
def test_a_program_is_the_main_module(kind: str, tmp_path: Path) -> None:
    shown = _same(kind, _FACTS, tmp_path)
    assert shown.startswith("__main__ __main__ True __main__ {'argument': <class 'int'>, 'return': None}\n")


@each_kind
def test_the_main_module_has_the_attributes_of_a_plain_one(kind: str, tmp_path: Path) -> None:
    _same(kind, "print(sorted(globals()), type(__builtins__), type(__loader__))", tmp_path)


@each_kind
def test_a_program_sees_its_arguments_and_nothing_of_pyloop_s(kind: str, tmp_path: Path) -> None:
    shown = _same(kind, "import sys; print(sys.argv[0]); print(sys.argv[1:])", tmp_path, "a", "-m", "--help", "")
    assert shown.endswith("\n['a', '-m', '--help', '']\n")


@each_kind
@pytest.mark.parametrize("options", [(), ("-P",)], ids=["plain", "-P"])
def test_a_program_has_the_import_path_of_a_plain_one(kind: str, options: Sequence[str], tmp_path: Path) -> None:
    """With -P, neither the current folder nor the program's is in it."""
    _same(kind, "import sys; print(*sys.path, sep='\\n')", tmp_path, options=options)


@pytest.mark.parametrize("path", ["./program.py", "folder/../program.py", "link.py", "folder/./", "absolute"])
def test_a_program_has_the_name_under_which_it_was_called(path: str, tmp_path: Path) -> None:
    _lay_out(tmp_path, "import sys; print(sys.argv, sys.path[0], __file__)")
    (tmp_path / "link.py").symlink_to(tmp_path / "folder" / "__main__.py")
    _same_command([str(tmp_path / "program.py") if path == "absolute" else path], tmp_path)


def test_a_package_is_imported_with_the_arguments_of_a_plain_one(tmp_path: Path) -> None:
    _lay_out(tmp_path, "import sys; print(sys.argv)")
    (tmp_path / "package" / "__init__.py").write_text("import sys; print('package', sys.argv)")
    _same_command(["-m", "package.module", "a"], tmp_path)


def test_an_archive_needs_no_suffix(tmp_path: Path) -> None:
    _lay_out(tmp_path, "import sys; print(__name__, sys.argv)")
    (tmp_path / "archive").write_bytes(b"#!/usr/bin/env python3\n" + (tmp_path / "archive.zip").read_bytes())
    assert _same_command(["archive"], tmp_path) == "__main__ ['archive']\n"


@pytest.mark.parametrize("name", ["source", "source.zip", "source.txt"])
def test_a_source_file_may_have_any_suffix_and_encoding(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes("# coding: latin-1\r\nprint(ascii('é'))\r\n".encode("latin-1"))
    assert _same_command([name], tmp_path) == "'\\xe9'\n"


def test_a_compiled_program_runs(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("print(__name__)")
    py_compile.compile(str(tmp_path / "program.py"), str(tmp_path / "program.pyc"))
    assert _same_command(["program.pyc"], tmp_path) == "__main__\n"


def test_code_may_be_indented_where_python_allows_it(tmp_path: Path) -> None:
    _same_command(["-c", "\n    import sys\n    print(__name__)\n"], tmp_path)


@pytest.mark.parametrize("kind", ["package", "module of a package"])
def test_a_package_imports_its_siblings(kind: str, tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "sibling.py").write_text("NAME = __name__")
    source = "from . import sibling; from .sibling import NAME; print(__package__, sibling.__name__, NAME)"
    assert _same(kind, source, tmp_path) == "package package.sibling package.sibling\n"


_ENDINGS = {
    "status": "sys.exit(3)",
    "status of a coroutine": "asyncio.run(leave())",
    "text": "sys.exit('text')",
    "nothing": "sys.exit()",
    "object": "raise SystemExit(['an object'])",
    "exit by itself": "os._exit(7)",
    "killed": "os.kill(os.getpid(), signal.SIGTERM)",
    "interrupted": "os.kill(os.getpid(), signal.SIGINT)",
    "interrupted while a loop runs": "asyncio.run(be_interrupted())",
    "exit handler": "import atexit; atexit.register(print, 'at exit'); sys.exit(4)",
}


@pytest.mark.parametrize("ending", _ENDINGS.values(), ids=_ENDINGS.keys())
@pytest.mark.parametrize("kind", ["program", "code", "standard input", "archive"])
def test_a_program_ends_as_a_plain_one(kind: str, ending: str, tmp_path: Path) -> None:
    source = """
import asyncio, os, signal, sys
async def leave(): sys.exit(5)
async def be_interrupted():
    asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGINT)
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        print("cancelled", flush=True)
print("runs", flush=True)
"""
    source += ending
    plain, ours = (_run_source(kind, source, tmp_path, launcher=launcher) for launcher in _LAUNCHERS)
    assert (ours.returncode, ours.stdout) == (plain.returncode, plain.stdout)
    assert ours.stderr.splitlines()[-1:] == plain.stderr.splitlines()[-1:]


_ERRORS = {
    "in functions": """
def inner():
    return {}["missing"]
try:
    inner()
except KeyError as error:
    raise ValueError("text of the error") from error
""",
    "at the top": "1 / 0",
    "interrupt": "raise KeyboardInterrupt('text')",
    "group": "raise ExceptionGroup('several', [ValueError(1), ExceptionGroup('inner', [OSError(2, 'text')])])",
    "syntax": "def broken(:\n    pass",
    "in an import": "import no_such_module",
    "in a standard module": "import json; json.loads('{')",
}


@pytest.mark.parametrize("kind", ["program", "module", "code", "standard input", "folder"])
@pytest.mark.parametrize("error", _ERRORS.values(), ids=_ERRORS.keys())
def test_an_error_is_shown_as_a_plain_one(kind: str, error: str, tmp_path: Path) -> None:
    _same(kind, error, tmp_path)


@each_kind
def test_a_traceback_has_every_frame_of_a_plain_one(kind: str, tmp_path: Path) -> None:
    plain, ours = (_run_source(kind, "f = lambda: 1 / 0\nf()", tmp_path, launcher=launcher) for launcher in _LAUNCHERS)
    frames = re.compile(r"^Traceback.*|  File .*$", re.MULTILINE)
    assert frames.findall(ours.stderr) == frames.findall(plain.stderr)
    assert ours.returncode == plain.returncode == 1


_NOT_THERE = {
    "program": (["missing.py"], 2),
    "module": (["-m", "missing"], 1),
    "module in a missing package": (["-m", "missing.module"], 1),
    "module in a package": (["-m", "package.missing"], 1),
    "folder without a program": (["empty"], 1),
    "package without a program": (["-m", "empty"], 1),
}


@pytest.mark.parametrize(("command", "status"), _NOT_THERE.values(), ids=_NOT_THERE.keys())
def test_a_missing_program_is_reported_as_by_python(command: list[str], status: int, tmp_path: Path) -> None:
    _lay_out(tmp_path, "")
    (tmp_path / "empty").mkdir()
    _same_command(command, tmp_path)
    assert _run(command, tmp_path).returncode == status


@pytest.mark.parametrize("arguments", [[], ["-m"], ["-c"], ["--no-such-option"], ["-x", "program.py"]], ids=repr)
def test_a_wrong_command_line_shows_the_usage(arguments: list[str], tmp_path: Path) -> None:
    done = _run(arguments, tmp_path)
    assert (done.returncode, done.stdout, done.stderr[: len(_USAGE)]) == (2, "", _USAGE)


def test_help_and_version_are_told(tmp_path: Path) -> None:
    for option, told in (("-h", _USAGE), ("--help", _USAGE), ("--version", f"pyloop {pyloop.__version__}\n")):
        done = _run([option], tmp_path)
        assert (done.returncode, done.stdout[: len(told)], done.stderr) == (0, told, "")


_LOOPS = """
import asyncio, sys, threading, unittest, warnings
warnings.simplefilter("ignore")
def show(loop):
    assert isinstance(loop, asyncio.SelectorEventLoop) and issubclass(type(loop), asyncio.SelectorEventLoop)
    print(type(loop).__module__, type(loop).__qualname__)
    loop.is_running() or loop.close()
async def main():
    show(asyncio.get_running_loop())
def run(**options):
    with asyncio.Runner(**options) as runner:
        runner.run(main())
class Test(unittest.IsolatedAsyncioTestCase):
    async def test(self):
        await main()
asyncio.run(main())
run()
run(loop_factory=asyncio.SelectorEventLoop)
run(loop_factory=getattr(asyncio, "EventLoop", None))
show(asyncio.new_event_loop())
show(asyncio.SelectorEventLoop())
show(getattr(asyncio, "EventLoop", asyncio.SelectorEventLoop)())
show(asyncio.get_event_loop_policy().new_event_loop())
thread = threading.Thread(target=run)
thread.start(); thread.join()
Test("test").debug()
"""


@each_kind
def test_every_loop_a_program_makes_is_pyloop_s(kind: str, tmp_path: Path) -> None:
    done = _run_source(kind, _LOOPS, tmp_path)
    assert done.stdout.splitlines() == ["pyloop._loop EventLoop"] * 10, done.stderr


_DERIVED_LOOPS = {
    "overriding a method": """
for loop in (Mine(), Mine(selectors.SelectSelector())):
    print(loop.run_until_complete(asyncio.sleep(0.001, "ran")), loop.called)
    loop.close()
""",
    "with arguments of its own": """
class WithArguments(Mine):
    def __init__(self, first, *, second):
        super().__init__()
        self.values = first, second
loop = WithArguments(1, second=2)
print(*loop.values, loop.run_until_complete(asyncio.sleep(0.001, "ran")))
loop.close()
""",
    "told from other classes": """
kinds = (asyncio.SelectorEventLoop, Mine, Derived, int)
for make in (Mine, Derived, asyncio.new_event_loop, asyncio.SelectorEventLoop):
    loop = make()
    print([isinstance(loop, kind) for kind in kinds], [issubclass(type(loop), kind) for kind in kinds])
    loop.close()
print(issubclass(int, asyncio.SelectorEventLoop), issubclass(asyncio.SelectorEventLoop, Mine), isinstance(1, Mine))
""",
    "or not, with a selector": """
loop = asyncio.SelectorEventLoop(selectors.PollSelector())
print(type(loop).__module__, loop.run_until_complete(asyncio.sleep(0.001, "ran")))
loop.close()
""",
}


@pytest.mark.parametrize("use", _DERIVED_LOOPS.values(), ids=_DERIVED_LOOPS.keys())
def test_a_loop_of_the_program_s_own_class_is_asyncio_s(use: str, tmp_path: Path) -> None:
    source = """
import asyncio, selectors
class Mine(asyncio.SelectorEventLoop):
    def call_soon(self, *args, **kwargs):
        self.called = True
        return super().call_soon(*args, **kwargs)
class Derived(Mine): pass
"""
    _same("program", source + use, tmp_path)


def test_a_program_may_fork_before_its_first_loop(tmp_path: Path) -> None:
    source = """
import asyncio, os
async def main():
    print(type(asyncio.get_running_loop()).__module__, flush=True)
if not os.fork():
    asyncio.run(main())
    os._exit(0)
assert os.wait()[1] == 0
asyncio.run(main())
"""
    assert _run_source("program", source, tmp_path).stdout == "pyloop._loop\n" * 2


@each_kind
def test_objects_of_a_program_s_classes_are_pickled(kind: str, tmp_path: Path) -> None:
    source = """
import pickle
class Point:
    def __init__(self, x): self.x = x
data = pickle.dumps([Point(1), Point])
print(pickle.loads(data)[0].x, pickle.loads(data)[1] is Point, data)
"""
    assert _same(kind, source, tmp_path).startswith("1 True")


@pytest.mark.parametrize("kind", ["program", "module", "module of a package"])
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_program_starts_processes(kind: str, method: str, tmp_path: Path) -> None:
    source = """
import asyncio, concurrent.futures, multiprocessing, sys
def double(number): return 2 * number
async def main():
    context = multiprocessing.get_context(sys.argv[1])
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as executor:
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(executor, double, number) for number in range(3)))
if __name__ == "__main__": print(asyncio.run(main()))
"""
    assert _same(kind, source, tmp_path, method) == "[0, 2, 4]\n"


@pytest.mark.parametrize("options", ["-O", "-OO", "-W error", "-X dev", "-X utf8=0 -X other=value", "-B -s -u", "-b"])
@pytest.mark.parametrize("kind", ["program", "module"])
def test_the_interpreter_s_options_are_kept(kind: str, options: str, tmp_path: Path) -> None:
    source = '''
import asyncio, sys, warnings
def function():
    """Its text."""
print(sys.flags, sys.warnoptions, sys._xoptions, __debug__, function.__doc__)
with asyncio.Runner() as runner:
    print(runner.get_loop().get_debug())
try:
    warnings.warn("a warning of the program's")
except UserWarning as error:
    print("raised", error)
assert sys.flags.optimize, "an assertion"
'''
    _same(kind, source, tmp_path, options=options.split())
