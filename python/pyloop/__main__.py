"""``python -m pyloop``: run an unchanged program with PyLoop as its event loop.

The program runs as plain ``python`` would run it: its own ``__main__`` module, arguments, exit code and tracebacks.
"""

from __future__ import annotations

import asyncio
import runpy
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyloop

from ._policy import default_event_loop

if TYPE_CHECKING:
    from collections.abc import Callable

USAGE = """\
usage: python -m pyloop [-m module | program.py | -c code | -] [arguments ...]

Runs an asyncio program with PyLoop as its event loop.

  -m module    run a module, as python -m does
  program.py   run a file, or a folder or archive with a __main__.py
  -c code      run code given as a string
  -            run code read from the standard input
  -h, --help   show this text
  --version    show the version
"""

_USAGE_ERROR = 2
_OUR_FILES = frozenset({__file__, "<frozen runpy>", runpy.__file__})


class _EitherLoop(type):
    """Lets ``isinstance`` against the stand-in mean what it means against the original."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _OriginalLoop)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _OriginalLoop)


_OriginalLoop = asyncio.SelectorEventLoop


class SelectorEventLoop(_OriginalLoop, metaclass=_EitherLoop):
    """Stands in for ``asyncio.SelectorEventLoop`` so that programs which name it get PyLoop too.

    Only when the program brings a selector of its own is the loop asyncio's. A stand-in rather than the class itself,
    because that would start the JVM before a pre-forking server forks.
    """

    def __new__(cls, selector: Any = None) -> Any:
        """Return a new loop, which is not an instance of this class and therefore not initialized again."""
        if cls is not SelectorEventLoop:
            return super().__new__(cls)
        return default_event_loop() if selector is None else _OriginalLoop(selector)


def main() -> None:
    """Run what the command line names."""
    arguments = sys.argv[1:]
    match arguments:
        case ["-h" | "--help", *_]:
            sys.stdout.write(USAGE)
        case ["--version", *_]:
            sys.stdout.write(f"pyloop {pyloop.__version__}\n")
        case ["-m", module, *rest]:
            _run(lambda: _run_module(module, rest))
        case ["-c", code, *rest]:
            _run(lambda: _run_code(code, "<string>", ["-c", *rest]))
        case ["-", *rest]:
            _run(lambda: _run_code(sys.stdin.read(), "<stdin>", ["-", *rest]))
        case [program, *rest] if not program.startswith("-"):
            _run(lambda: _run_program(program, rest))
        case _:
            sys.stderr.write(USAGE)
            sys.exit(_USAGE_ERROR)


def _run(program: Callable[[], None]) -> None:
    pyloop.install()
    asyncio.SelectorEventLoop = SelectorEventLoop
    if hasattr(asyncio, "EventLoop"):
        asyncio.EventLoop = SelectorEventLoop
    sys.excepthook = _show_exception
    # The program gets a __main__ of its own; this one stays alive in _run_module's caller.
    sys.modules["__main__"] = types.ModuleType("__main__")
    program()


def _run_module(name: str, arguments: list[str]) -> None:
    sys.argv = [name, *arguments]
    runpy._run_module_as_main(name)  # type: ignore[attr-defined]


def _run_code(code: str, filename: str, argv: list[str]) -> None:
    sys.argv = argv
    sys.path[0] = ""
    namespace = vars(sys.modules["__main__"])
    namespace.update(__builtins__=__builtins__, __spec__=None, __loader__=None)
    exec(compile(code, filename, "exec", dont_inherit=True), namespace)


def _run_program(program: str, arguments: list[str]) -> None:
    sys.argv = [program, *arguments]
    path = Path(program)
    if path.is_dir() or path.suffix in {".zip", ".pyz"}:
        sys.path[0] = program
        runpy._run_module_as_main("__main__", alter_argv=False)  # type: ignore[attr-defined]
        return
    try:
        source = path.read_bytes()
    except OSError as exc:
        sys.stderr.write(
            f"{sys.executable}: can't open file {str(path.absolute())!r}: [Errno {exc.errno}] {exc.strerror}\n"
        )
        sys.exit(_USAGE_ERROR)
    sys.path[0] = str(path.resolve().parent)
    filename = str(path.absolute())
    namespace = vars(sys.modules["__main__"])
    namespace.update(__builtins__=__builtins__, __file__=filename, __spec__=None, __cached__=None)
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)


def _show_exception(kind: type[BaseException], exception: BaseException, traceback: types.TracebackType | None) -> None:
    """Print a traceback without the frames of this module, which plain ``python`` would not have."""
    while traceback is not None and traceback.tb_frame.f_code.co_filename in _OUR_FILES:
        traceback = traceback.tb_next
    exception.__traceback__ = traceback
    sys.__excepthook__(kind, exception, traceback)


if __name__ == "__main__":
    main()
