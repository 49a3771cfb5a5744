"""Exceptions, of either language in the other."""

from __future__ import annotations

import asyncio
import traceback
from typing import Any

import jpype
import pytest

import pyloop
import pyloop.java as pj
from support.java import concurrent, identity, java

Future = concurrent("CompletableFuture")


class OwnError(Exception):
    pass


async def fail(error: BaseException) -> None:
    await asyncio.sleep(0)
    raise error


def test_a_java_exception_arrives_as_jpypes_class_of_it() -> None:
    illegal = java("java.lang.IllegalStateException")

    async def main() -> None:
        stage = Future.failedFuture(illegal("wrong"))
        with pytest.raises(illegal, match="wrong"):
            await pj.wrap(stage)
        with pytest.raises(java("java.lang.RuntimeException")):
            await pj.wrap(stage)

    pyloop.run(main())


def test_what_only_wraps_is_taken_off() -> None:
    io_error = java("java.io.IOException")

    async def main() -> None:
        for source in (Future.failedFuture(io_error("inner")), Future()):
            future = pj.wrap(source.thenApply(identity()).thenApply(identity()))
            source.completeExceptionally(io_error("inner"))
            with pytest.raises(io_error, match="inner"):
                await future
        task = concurrent("FutureTask")(jpype.JObject(lambda: 1 // 0, concurrent("Callable")))
        task.run()
        with pytest.raises(ZeroDivisionError):
            await pj.wrap(task)

    pyloop.run(main())


def test_causes_are_chained() -> None:
    io_error, illegal = java("java.io.IOException"), java("java.lang.IllegalStateException")

    async def main() -> None:
        outer = illegal("outer", io_error("middle", java("java.lang.Error")("inner")))
        with pytest.raises(illegal) as caught:
            await pj.wrap(Future.failedFuture(outer))
        middle = caught.value.__cause__
        assert isinstance(middle, io_error)
        assert isinstance(middle.__cause__, java("java.lang.Error"))
        assert middle.__cause__.__cause__ is None
        text = "".join(traceback.format_exception(caught.value))
        assert text.index("inner") < text.index("middle") < text.index("outer")

    pyloop.run(main())


def test_a_cycle_of_causes_ends() -> None:
    first, second = java("java.lang.RuntimeException")("first"), java("java.lang.RuntimeException")("second")
    first.initCause(second)
    second.initCause(first)

    async def main() -> None:
        with pytest.raises(java("java.lang.RuntimeException"), match="first"):
            await pj.wrap(Future.failedFuture(first))

    pyloop.run(main())


def test_the_same_exception_can_be_awaited_twice() -> None:
    async def main() -> None:
        stage = Future.failedFuture(java("java.lang.IllegalStateException")("once"))
        for _ in range(2):
            with pytest.raises(java("java.lang.IllegalStateException"), match="once"):
                await pj.wrap(stage)

    pyloop.run(main())


def test_a_python_exception_tells_java_its_type_message_and_traceback() -> None:
    async def main() -> None:
        stage = pj.to_stage(fail(OwnError("text")))
        await asyncio.wait([pj.wrap(stage)])
        with pytest.raises(concurrent("CompletionException")) as caught:
            stage.join()
        error = caught.value.getCause()
        assert error.getClass().getName() == "dev.pyloop.bridge.PythonException"
        assert error.getPythonType() == f"{OwnError.__module__}.OwnError"
        assert error.getPythonMessage() == "text"
        assert str(error.getMessage()).endswith("OwnError: text")
        assert "in fail" in str(error.getPythonTraceback())
        frame = error.getStackTrace()[0]
        assert (frame.getMethodName(), frame.getFileName()) == ("fail", __file__)

    pyloop.run(main())


def test_a_cause_of_a_python_exception_is_its_cause_in_java() -> None:
    async def chained() -> None:
        try:
            dict[str, int]()["inner"]
        except KeyError as error:
            raise OwnError("outer") from error

    async def main() -> None:
        stage = pj.to_stage(chained())
        await asyncio.wait([pj.wrap(stage)])
        with pytest.raises(concurrent("CompletionException")) as caught:
            stage.join()
        assert caught.value.getCause().getCause().getPythonType() == "KeyError"

    pyloop.run(main())


def test_a_python_exception_comes_back_as_the_same_object() -> None:
    error = OwnError("text")

    async def main() -> None:
        stage = pj.to_stage(fail(error))
        for again in (stage, stage.thenApply(identity()), stage.thenApply(identity()).thenApply(identity())):
            with pytest.raises(OwnError) as caught:
                await pj.wrap(again)
            assert caught.value is error

    pyloop.run(main())


def test_a_python_exception_as_the_cause_of_one_of_javas_is_the_same_object() -> None:
    error = OwnError("text")

    async def main() -> None:
        stage = pj.to_stage(fail(error))
        await asyncio.wait([pj.wrap(stage)])
        try:
            stage.join()
        except concurrent("CompletionException") as completion:
            outer = java("java.lang.IllegalStateException")("outer", completion.getCause())
        with pytest.raises(java("java.lang.IllegalStateException")) as caught:
            await pj.wrap(Future.failedFuture(outer))
        assert caught.value.__cause__ is error

    pyloop.run(main())


def test_a_java_exception_raised_in_python_is_itself_in_java() -> None:
    error = java("java.lang.IllegalStateException")("from Java")

    async def main() -> None:
        stage = pj.to_stage(fail(error))
        await asyncio.wait([pj.wrap(stage)])
        with pytest.raises(concurrent("CompletionException")) as caught:
            stage.join()
        assert caught.value.getCause().equals(error)

    pyloop.run(main())


def test_python_objects_come_back_as_themselves() -> None:
    async def main() -> None:
        for value in ([1], {"a": 1}, object(), OwnError, (1, 2)):

            async def result(value: Any = value) -> Any:
                return value

            assert await pj.wrap(pj.to_stage(result()).thenApply(identity())) is value

    pyloop.run(main())


def test_plain_values_are_javas_in_java() -> None:
    async def main() -> None:
        for value, name in (
            (5, "java.lang.Long"),
            (2.5, "java.lang.Double"),
            (True, "java.lang.Boolean"),
            ("text", "java.lang.String"),
            (1 << 70, "java.math.BigInteger"),
            (b"\x00\xff", "[B"),
        ):

            async def result(value: Any = value) -> Any:
                return value

            stage = pj.to_stage(result())
            await pj.wrap(stage)
            assert stage.getNow(None).getClass().getName() == name

    pyloop.run(main())
