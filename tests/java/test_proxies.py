"""Python objects that implement interfaces of Java's by coroutines."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import Any

import jpype
import pytest

import pyloop
import pyloop.java as pj
from support.java import concurrent, identity, java, later

Future = concurrent("CompletableFuture")
VARIABLE: contextvars.ContextVar[str] = contextvars.ContextVar("VARIABLE", default="unset")


class Doubler:
    """A ``java.util.function.Function``, whose other methods are default ones."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    async def apply(self, value: Any) -> Any:
        self.threads.append(threading.get_ident())
        await asyncio.sleep(0.001)
        return value * 2


class Composer:
    """A ``Function`` whose result is a stage, for ``thenCompose``."""

    def apply(self, value: Any) -> Any:
        return pj.to_stage(doubled(value))


async def doubled(value: Any) -> Any:
    await asyncio.sleep(0.001)
    return value * 2


def test_a_thread_of_java_waits_for_a_plain_result(pool: Any) -> None:
    doubler = Doubler()

    async def main() -> None:
        function = pj.proxy(doubler, "java.util.function.Function")
        assert await pj.wrap(later(21).thenApplyAsync(function, pool)) == 42

    pyloop.run(main())
    assert doubler.threads == [threading.get_ident()]


def test_default_methods_are_javas(pool: Any) -> None:
    async def main() -> None:
        function = pj.proxy(Doubler(), "java.util.function.Function").andThen(identity())
        assert await pj.wrap(later(21).thenApplyAsync(function, pool)) == 42

    pyloop.run(main())


def test_an_error_is_the_callers(pool: Any) -> None:
    class Failing:
        async def apply(self, _value: Any) -> Any:
            raise KeyError("own")

    async def main() -> None:
        function = pj.proxy(Failing(), "java.util.function.Function")
        with pytest.raises(KeyError, match="own"):
            await pj.wrap(later(21).thenApplyAsync(function, pool))

    pyloop.run(main())


def test_a_method_without_a_result_returns_at_once(pool: Any) -> None:
    ran: list[int] = []

    class Work:
        async def run(self) -> None:
            await asyncio.sleep(0)
            ran.append(threading.get_ident())

    async def main() -> None:
        work = pj.proxy(Work(), "java.lang.Runnable")
        work.run()  # from the loop's own thread, too
        pool.execute(work)
        while len(ran) < 2:
            await asyncio.sleep(0)

    pyloop.run(main())
    assert ran == [threading.get_ident()] * 2


def test_a_method_whose_result_is_a_stage_returns_one_at_once() -> None:
    """Reactor's AsyncCacheLoader and its like; here an interface of the JDK's with such a method."""

    class Handles:
        async def onExit(self) -> str:  # noqa: N802 - as in Java
            await asyncio.sleep(0.001)
            return "ended"

    handle = java("java.lang.ProcessHandle")
    methods = {str(method.getName()) for method in handle.class_.getMethods()}

    class Whole(Handles):
        pass

    for name in methods - {"onExit"}:
        setattr(Whole, name, lambda self: None)

    async def main() -> None:
        process = pj.proxy(Whole(), handle)
        stage = process.onExit()
        assert not stage.isDone()
        assert await pj.wrap(stage) == "ended"

    pyloop.run(main())


def test_cancelling_such_a_stage_cancels_the_coroutine() -> None:
    ended = False

    class Handle:
        async def onExit(self) -> None:  # noqa: N802 - as in Java
            nonlocal ended
            try:
                await asyncio.Event().wait()
            finally:
                ended = True

        def __getattr__(self, name: str) -> Any:
            return lambda *_: None

    async def main() -> None:
        stage = pj.proxy(Handle(), "java.lang.ProcessHandle").onExit()
        await asyncio.sleep(0.005)
        stage.cancel(True)
        with pytest.raises(asyncio.CancelledError):
            await pj.wrap(stage)
        assert ended

    pyloop.run(main())


def test_the_context_is_that_of_whoever_made_the_proxy(pool: Any) -> None:
    class Context:
        async def apply(self, _value: Any) -> str:
            return VARIABLE.get()

    async def main() -> None:
        VARIABLE.set("made here")
        function = pj.proxy(Context(), "java.util.function.Function")
        VARIABLE.set("later")
        assert await pj.wrap(later(1).thenApplyAsync(function, pool)) == "made here"

    pyloop.run(main())


def test_the_loops_thread_does_not_wait_for_itself() -> None:
    async def main() -> None:
        with pytest.raises(java("java.lang.IllegalStateException"), match="wait"):
            pj.proxy(Doubler(), "java.util.function.Function").apply(1)

    pyloop.run(main())


def test_missing_methods_are_named() -> None:
    async def main() -> None:
        with pytest.raises(TypeError, match=r"Doubler has no run, which java\.lang\.Runnable needs"):
            pj.proxy(Doubler(), "java.lang.Runnable")
        with pytest.raises(TypeError, match="an interface"):
            pj.proxy(Doubler())

    pyloop.run(main())


def test_a_closed_loop_is_told() -> None:
    async def main() -> Any:
        return pj.proxy(Doubler(), "java.util.function.Function")

    function = pyloop.run(main())
    with pytest.raises(java("java.lang.IllegalStateException"), match="closed"):
        function.apply(1)


def test_a_stage_is_the_result_where_java_wants_any_object(pool: Any) -> None:
    async def main() -> None:
        function = pj.proxy(Composer(), "java.util.function.Function")
        assert await pj.wrap(later(21).thenComposeAsync(function, pool)) == 42

    pyloop.run(main())


def test_coroutines_are_stages_where_java_wants_some() -> None:
    async def main() -> None:
        pj.install()
        assert await pj.wrap(Future.completedFuture(1).thenCombine(doubled(21), lambda _, value: value)) == 42
        with pytest.raises(KeyError, match="own"):
            await pj.wrap(Future.allOf([failing()]))

    async def failing() -> None:
        raise KeyError("own")

    pyloop.run(main())


def test_async_methods_of_jpypes_own_proxies_are_stages_in_any_thread(pool: Any) -> None:
    async def on_exit() -> str:
        await asyncio.sleep(0.001)
        return "ended"

    async def main() -> None:
        pj.install()
        handle = jpype.JObject(
            jpype.JProxy("java.lang.ProcessHandle", dict={"onExit": on_exit}), "java.lang.ProcessHandle"
        )
        assert await pj.wrap(handle.onExit()) == "ended"
        stage = await pj.wrap(pool.submit(jpype.JObject(handle.onExit, concurrent("Callable"))))
        assert await pj.wrap(stage) == "ended"

    pyloop.run(main())
