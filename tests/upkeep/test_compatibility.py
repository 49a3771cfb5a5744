"""docs/compatibility.md is complete and true: held against the interpreter that runs it, PyLoop and the tests."""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

import pyloop

_TESTS: Final = Path(__file__).parents[1]
_PAGE: Final = _TESTS.parent / "docs" / "compatibility.md"
_ROW: Final = re.compile(
    r"\| `(?P<method>\w+)` \| (?:`(?P<keyword>[\w*]+)`)? ?\| 3\.(?P<first>\d+)(?:\+|-3\.(?P<last>\d+)) "
    r"\| (?P<does>[^|]+) \| `(?P<file>\w+/test_\w+\.py)::(?P<test>test_\w+)` \|"
)
_INHERITED: Final = "asyncio's own code"

# What is documented in a table each. A class only where methods are its own, not its base's.
_CLASSES: Final[dict[str, tuple[type, ...]]] = {
    "AbstractEventLoop": (asyncio.AbstractEventLoop, asyncio.SelectorEventLoop),
    "Server": (asyncio.AbstractServer, asyncio.Server),
    "BaseTransport": (asyncio.BaseTransport,),
    "ReadTransport": (asyncio.ReadTransport,),
    "WriteTransport": (asyncio.WriteTransport,),
    "Transport": (asyncio.Transport,),
    "DatagramTransport": (asyncio.DatagramTransport,),
    "SubprocessTransport": (asyncio.SubprocessTransport,),
    "Handle": (asyncio.Handle,),
    "TimerHandle": (asyncio.TimerHandle,),
}

# PyLoop's transports, by module and name.
_TRANSPORTS: Final = {
    "_transports.streams.StreamTransport": asyncio.Transport,
    "_transports.datagrams.DatagramTransport": asyncio.DatagramTransport,
    "_transports.pipes.ReadPipeTransport": asyncio.ReadTransport,
    "_transports.pipes.WritePipeTransport": asyncio.WriteTransport,
    "_methods.children.SubprocessTransport": asyncio.SubprocessTransport,
}


@dataclass(frozen=True)
class _Row:
    """A line of a table."""

    table: str
    method: str
    keyword: str | None
    versions: range
    does: str
    file: str
    test: str

    @property
    def key(self) -> tuple[str, str, str | None]:
        return self.table, self.method, self.keyword


@functools.cache
def _rows() -> tuple[_Row, ...]:
    rows = []
    table = ""
    for line in _PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            table = line.removeprefix("## ")
        elif line.startswith("| `"):
            found = _ROW.fullmatch(line)
            assert found is not None, f"not a row: {line}"
            last = int(found["last"] or 99)
            versions = range(int(found["first"]), last + 1)
            rows.append(
                _Row(table, found["method"], found["keyword"], versions, found["does"], found["file"], found["test"])
            )
    return tuple(rows)


def _of_this_version() -> list[_Row]:
    return [row for row in _rows() if sys.version_info.minor in row.versions]


def _public_methods(names: Iterable[str], owner: type) -> list[str]:
    return [name for name in names if not name.startswith("_") and inspect.isroutine(getattr(owner, name))]


def _keywords(function: Callable[..., object]) -> list[str]:
    """Arguments that need not be given, or only by name."""
    names = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            names.append(f"**{name}")
        elif parameter.default is not parameter.empty or parameter.kind is parameter.KEYWORD_ONLY:
            names.append(name)
    return names


def _interface() -> set[tuple[str, str, str | None]]:
    """Every method of this interpreter's asyncio by itself, and with each of its keywords."""
    found: set[tuple[str, str, str | None]] = set()
    for table, classes in _CLASSES.items():
        for owner in classes:
            names = dir(owner) if table == "AbstractEventLoop" else vars(owner)
            for method in _public_methods(names, owner):
                keywords = _keywords(getattr(owner, method))
                if method == "create_task" and "**kwargs" in keywords:
                    keywords += [name for name in _keywords(asyncio.Task) if name != "loop"]
                found |= {(table, method, None), *((table, method, keyword) for keyword in keywords)}
    return found


def test_every_method_and_keyword_has_a_row() -> None:
    """One that a new Python adds is missing here until it is decided what PyLoop does."""
    documented = [row.key for row in _of_this_version()]
    assert len(documented) == len(set(documented))
    assert _interface() - set(documented) == set()
    assert set(documented) - _interface() == set()


def test_every_row_names_a_test_that_exists() -> None:
    for file in sorted({row.file for row in _rows()}):
        text = (_TESTS / file).read_text(encoding="utf-8")
        missing = [row for row in _rows() if row.file == file and f"def {row.test}(" not in text]
        assert missing == []


def test_what_is_inherited_is_said_to_be() -> None:
    """The words of a method's row say whose code it is."""
    loop_class: type = pyloop.EventLoop
    for row in _of_this_version():
        if row.table == "AbstractEventLoop" and row.keyword is None:
            ours, stock = getattr(loop_class, row.method), getattr(asyncio.SelectorEventLoop, row.method)
            inherited = row.does.startswith(_INHERITED) or (
                pyloop.engine() == "jvm" and row.does.endswith(f"on a JVM {_INHERITED}")
            )
            assert (ours is stock) == inherited, row


@pytest.mark.parametrize("method", _public_methods(dir(asyncio.SelectorEventLoop), asyncio.SelectorEventLoop))
def test_methods_take_asyncio_s_arguments(method: str) -> None:
    """By the same names, in the same order."""
    loop_class: Any = pyloop.EventLoop
    stock, ours = (
        [(name, parameter.kind) for name, parameter in inspect.signature(getattr(owner, method)).parameters.items()]
        for owner in (asyncio.SelectorEventLoop, loop_class)
    )
    assert stock[0][0] == ours[0][0] == "self"
    assert ours[1:] == stock[1:]


@pytest.mark.parametrize("name", _TRANSPORTS)
def test_no_method_of_a_transport_is_left_abstract(name: str) -> None:
    module, _, class_name = name.rpartition(".")
    ours: type = getattr(importlib.import_module(f"pyloop.{module}"), class_name)
    base = _TRANSPORTS[name]
    assert issubclass(ours, base)
    inherited = [
        method for method in _public_methods(dir(base), base) if getattr(ours, method) is getattr(base, method)
    ]
    # The base class's own answers from what the transport has noted.
    assert set(inherited) <= {"get_extra_info"}
