"""``python -m pyloop``: run an unchanged program with PyLoop as its event loop.

The program runs as plain ``python`` would run it: its own ``__main__`` module, arguments, exit code and tracebacks.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import importlib.machinery
import io
import linecache
import os
import pkgutil
import runpy
import sys
import textwrap
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pyloop

from ._policy import default_event_loop

if TYPE_CHECKING:
    from collections.abc import Callable

USAGE = """\
usage: python -m pyloop [-m module | program.py | -c code | -] [arguments ...]
       python -m pyloop top PID [--once] [--json] [--interval SECONDS]

Runs an asyncio program with PyLoop as its event loop.

  -m module    run a module, as python -m does
  program.py   run a file, or a folder or archive with a __main__.py
  -c code      run code given as a string
  -            run code read from the standard input
  -h, --help   show this text
  --version    show the version
  --info       show what PyLoop finds on this machine, and check that it works
  top PID      look into the event loops of another process
"""

_USAGE_ERROR = 2


class _EitherLoop(type):
    """Lets ``isinstance`` against the stand-in mean what it means against the original."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _OriginalLoop) if cls is SelectorEventLoop else super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _OriginalLoop) if cls is SelectorEventLoop else super().__subclasscheck__(subclass)


_OriginalLoop = asyncio.SelectorEventLoop


class SelectorEventLoop(_OriginalLoop, metaclass=_EitherLoop):
    """Stands in for ``asyncio.SelectorEventLoop`` so that programs which name it get PyLoop too.

    Only when the program brings a selector of its own, or derives a class, is the loop asyncio's. A stand-in rather
    than the class itself, because that would start the engine, which a JVM must not before a pre-forking server forks.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Return a new loop, which is not an instance of this class and therefore not initialized again."""
        if cls is not SelectorEventLoop:
            return super().__new__(cls)
        return _OriginalLoop(*args, **kwargs) if args or kwargs else default_event_loop()


def main() -> None:
    """Run what the command line names."""
    arguments = sys.argv[1:]
    match arguments:
        case ["-h" | "--help", *_]:
            sys.stdout.write(USAGE)
        case ["--version", *_]:
            sys.stdout.write(f"pyloop {pyloop.__version__}\n")
        case ["--info", *_]:
            from ._commands import info  # noqa: PLC0415 - programs have no use for it

            sys.exit(0 if info.main() else 1)
        case ["top", *rest] if not Path("top").exists():
            from ._commands.top import command  # noqa: PLC0415 - programs have no use for it

            sys.exit(command.main(rest))
        case ["-m", module, *rest]:
            _run(lambda: _run_module(module, rest))
        case ["-c", code, *rest]:
            _run(lambda: _run_string(code, rest))
        case ["-", *rest]:
            _run(lambda: _run_stdin(rest))
        case [program, *rest] if not program.startswith("-"):
            _run(lambda: _run_path(program, rest))
        case _:
            sys.stderr.write(USAGE)
            sys.exit(_USAGE_ERROR)


def _run(program: Callable[[], None]) -> None:
    pyloop.install()
    asyncio.SelectorEventLoop = SelectorEventLoop
    if hasattr(asyncio, "EventLoop"):
        asyncio.EventLoop = SelectorEventLoop
    try:
        program()
    except SystemExit:
        raise
    except BaseException as error:
        # The interpreter is left the exit status.
        _show(error)
        sys.excepthook = lambda *_: None
        raise


def _show(error: BaseException) -> None:
    """Do what the interpreter does with an exception nobody handled, without the frames of this module."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_code.co_filename == __file__:
        traceback = traceback.tb_next
    error.__traceback__ = traceback
    sys.excepthook(type(error), error, traceback)


def _new_main(loader: object, **attributes: Any) -> dict[str, Any]:
    """Give the program a ``__main__`` module of its own, and return its namespace."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    namespace = vars(module)
    namespace.update(__builtins__=builtins, __loader__=loader, **attributes)
    if sys.version_info < (3, 14):
        namespace["__annotations__"] = {}
    if sys.version_info < (3, 15) and "__file__" in attributes:
        namespace["__cached__"] = None
    return namespace


def _set_first_path(entry: str) -> None:
    """Replace the entry of ``sys.path`` that ``-m`` made; there is none when the interpreter was told not to."""
    if not sys.flags.safe_path:
        sys.path[0] = entry


def _run_module(name: str, arguments: list[str]) -> None:
    sys.argv = ["-m", *arguments]
    _new_main(importlib.machinery.BuiltinImporter)
    runpy._run_module_as_main(name)  # type: ignore[attr-defined]


def _run_string(source: str, arguments: list[str]) -> None:
    sys.argv = ["-c", *arguments]
    _set_first_path("")
    namespace = _new_main(importlib.machinery.BuiltinImporter)
    if sys.version_info >= (3, 14):
        source = textwrap.dedent(source)
    if sys.version_info >= (3, 13):
        # There tracebacks show the lines.
        linecache.cache["<string>"] = (len(source), None, source.splitlines(keepends=True), "<string>")
    exec(compile(source, "<string>", "exec", dont_inherit=True), namespace)


def _run_stdin(arguments: list[str]) -> None:
    sys.argv = ["-", *arguments]
    _set_first_path("")
    namespace = _new_main(importlib.machinery.BuiltinImporter, __file__="<stdin>")
    exec(compile(sys.stdin.read(), "<stdin>", "exec", dont_inherit=True), namespace)


def _run_path(program: str, arguments: list[str]) -> None:
    sys.argv = [program, *arguments]
    # Not normalized, as the interpreter does not either.
    path = program if Path(program).is_absolute() else f"{Path.cwd()}/{program}"
    if pkgutil.get_importer(path) is None:
        _run_file(path)
        return
    # A folder or an archive, whose code may import from it whatever -P says.
    if sys.flags.safe_path:
        sys.path.insert(0, path)
    else:
        sys.path[0] = path
    _new_main(importlib.machinery.BuiltinImporter)
    runpy._run_module_as_main("__main__", alter_argv=False)  # type: ignore[attr-defined]


def _run_file(path: str) -> None:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        _refuse(f"can't open file {path!r}: [Errno {error.errno}] {error.strerror}")
    _set_first_path(os.path.realpath(path).rpartition(os.sep)[0])
    code: types.CodeType | None = pkgutil.read_code(io.BytesIO(content))
    if code is None:
        loader: Any = importlib.machinery.SourceFileLoader("__main__", path)
        code = compile(content, path, "exec", dont_inherit=True)
    else:
        loader = importlib.machinery.SourcelessFileLoader("__main__", path)
    exec(code, _new_main(loader, __file__=path))


def _refuse(message: str) -> NoReturn:
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{sys.executable}: {message}\n")
    sys.exit(_USAGE_ERROR)


if __name__ == "__main__":
    main()
