"""One clear error for each thing that cannot work."""

from __future__ import annotations

import asyncio
import types
from typing import Any

import pytest

import pyloop
import pyloop.java as pj
from pyloop.java import _machine
from support.java import concurrent, java, program, start_options
from support.programs import lines_of

Future = concurrent("CompletableFuture")


def test_no_running_loop() -> None:
    for action in (
        lambda: pj.wrap(Future()),
        lambda: pj.iterate(java("reactor.core.publisher.Flux").empty()),
        pj.executor,
        lambda: pj.run(Future()),
        lambda: pj.to_stage(asyncio.sleep(0)),
        lambda: pj.proxy(object(), "java.lang.Runnable"),
    ):
        with pytest.raises(RuntimeError, match="none runs here"):
            action()


def test_what_is_no_future() -> None:
    async def main() -> None:
        with pytest.raises(TypeError, match=r"java\.util\.ArrayList is no future"):
            pj.wrap(java("java.util.ArrayList")())
        with pytest.raises(TypeError, match="a future of Java's is needed, not int"):
            pj.wrap(5)
        with pytest.raises(TypeError, match="a future of Java's is needed, not NoneType"):
            pj.wrap(None)
        with pytest.raises(TypeError, match="neither a Callable nor"):
            pj.run(java("java.util.ArrayList")())
        with pytest.raises(TypeError, match="Callable, Supplier or Runnable of Java's is needed, not function"):
            pj.run(lambda: 1)

    pyloop.run(main())


def test_an_object_of_another_virtual_machine() -> None:
    foreign = types.new_class(
        "JavaObject", exec_body=lambda namespace: namespace.update(__module__="py4j.java_gateway")
    )

    async def main() -> None:
        with pytest.raises(TypeError, match="an object of another one, Py4J's"):
            pj.wrap(foreign())

    pyloop.run(main())


def test_an_older_java(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_machine, "_machine", None)
    monkeypatch.setattr(_machine, "java_version", lambda _jpype: 8)
    with pytest.raises(RuntimeError, match="needs Java 11 or newer, and JPype has started Java 8"):
        _machine.machine()


def test_the_version_of_java_is_read() -> None:
    def having(version: str) -> Any:
        system = types.SimpleNamespace(getProperty=lambda _name: version)
        return types.SimpleNamespace(JClass=lambda _name: system)

    assert [_machine.java_version(having(version)) for version in ("1.8", "11", "25")] == [8, 11, 25]


def test_no_virtual_machine() -> None:
    said = lines_of(
        """
import pyloop.java as pj
async def main():
    try:
        pj.executor()
    except RuntimeError as error:
        say(error)
asyncio.run(main())
"""
    )
    assert said == ["there is no Java virtual machine yet: jpype.startJVM() starts it"]


def test_no_jpype() -> None:
    said = lines_of(
        """
sys.modules["jpype"] = None
import pyloop.java as pj
async def main():
    try:
        pj.executor()
    except ImportError as error:
        say(error)
asyncio.run(main())
"""
    )
    assert said == ["pyloop.java needs JPype, which is not installed: pip install 'pyloop-asyncio[java]'"]


@pytest.mark.parametrize("first", ["import", "start"])
def test_the_jar_is_found_whenever_the_virtual_machine_is_started(first: str) -> None:
    orders = {
        "import": "import jpype, pyloop.java as pj; start()",
        "start": "import jpype; start(); import pyloop.java as pj",
    }
    said = lines_of(
        f"""
def start(): jpype.startJVM(*{start_options()[0]!r})
{orders[first]}
async def main():
    say(await pj.wrap(jpype.JClass("java.util.concurrent.CompletableFuture").completedFuture(5)))
asyncio.run(main())
"""
    )
    assert said == ["5"]


def test_a_program_in_a_process_of_its_own() -> None:
    said = lines_of(
        f"""{program()}
async def main():
    say(await pj.wrap(Future().completeOnTimeout("value", 5, MILLISECONDS)))
pyloop.run(main())
"""
    )
    assert said == ["value"]
