"""The workloads about futures of Java's: ``pyloop.java`` beside what programs do without it, on the same loop.

They need JPype (``pip install "pyloop-asyncio[java]"``) and are measured when they are named: ``--only 'java-*'``.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import statistics
import sys
import time
from asyncio import AbstractEventLoop
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from . import loops, processes
from .model import Figures, Metric, Setting, UnmeasurableError, Workload

Way = Callable[[int], Coroutine[Any, Any, float]]
"""Does so many operations, and returns the seconds that they took."""

AT_ONCE = 1000
PRODUCERS = 4
LEAST_ROUNDS = 5
OPTIONS = ("-Xrs", "-Xmx1g", "-XX:-UsePerfData")


@dataclass(frozen=True, kw_only=True)
class Java(Workload):
    """The ways to do `operations`, each by its key: one process measures them by turns."""

    ways: Callable[[], dict[str, Way]]
    operations: int
    rate: bool = False
    """Whether the figure is how many are done in a second."""

    def measure(self, loop: str, setting: Setting, rate: float | None) -> Figures:
        """Measure in a process of its own."""
        del rate
        if importlib.util.find_spec("jpype") is None:
            raise UnmeasurableError("JPype is not installed")
        seconds = str(setting.seconds), str(setting.warm_up)
        return processes.run(loop, setting, "-m", "pyloop_bench.java", loop, self.name, *seconds, setting.form)


def _jpype() -> Any:
    return importlib.import_module("jpype")


class Source:
    """Futures that a thread of Java's completes; no Python runs in that thread."""

    def __init__(self) -> None:
        jpype = _jpype()
        self.type: Any = jpype.JClass("java.util.concurrent.CompletableFuture")
        self.pool: Any = jpype.JClass("java.util.concurrent.Executors").newSingleThreadExecutor()
        self.identity: Any = jpype.JClass("java.util.function.Function").identity()
        self.then: Any = self.type.completedFuture(None).thenApplyAsync

    def future(self) -> Any:
        """Return a new one, which is completed at once."""
        return self.then(self.identity, self.pool)

    def futures(self, count: int) -> tuple[list[Any], Any]:
        """Return some, and that on whose completion a thread completes them, one after the other."""
        gate = self.type()
        opened = gate.thenApplyAsync(self.identity, self.pool)
        return [opened.thenApply(self.identity) for _ in range(count)], gate


def with_wrap(stage: Any) -> Awaitable[Any]:
    """Wait by what is measured."""
    import pyloop.java  # noqa: PLC0415

    return pyloop.java.wrap(stage)


def with_executor(stage: Any) -> Awaitable[Any]:
    """Wait in a thread of Python's."""
    return asyncio.get_running_loop().run_in_executor(None, stage.get)


def with_callback(stage: Any) -> Awaitable[Any]:
    """Have Java call a function of Python's, which tells the loop."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def end(value: object) -> None:
        if not future.done():
            future.set_result(value)

    def accept(value: object, _error: object) -> None:
        loop.call_soon_threadsafe(end, value)

    stage.whenComplete(accept)
    return future


WAYS: dict[str, Callable[[Any], Awaitable[Any]]] = {
    "seconds": with_wrap,
    "executor": with_executor,
    "callback": with_callback,
}


def one_by_one() -> dict[str, Way]:
    """Wait for one future after the other."""
    source = Source()

    def way(wait: Callable[[Any], Awaitable[Any]]) -> Way:
        async def run(operations: int) -> float:
            start = time.perf_counter()
            for _ in range(operations):
                await wait(source.future())
            return time.perf_counter() - start

        return run

    return {key: way(wait) for key, wait in WAYS.items()}


def at_once() -> dict[str, Way]:
    """Wait for many futures, all of which exist before, at once."""
    source = Source()

    def way(wait: Callable[[Any], Awaitable[Any]]) -> Way:
        async def run(operations: int) -> float:
            spent = 0.0
            for _ in range(max(operations // AT_ONCE, 1)):
                stages, gate = source.futures(min(operations, AT_ONCE))
                start = time.perf_counter()
                waiting = asyncio.gather(*[wait(stage) for stage in stages])
                gate.complete(None)
                await waiting
                spent += time.perf_counter() - start
            return spent

        return run

    return {key: way(wait) for key, wait in WAYS.items()}


class Handles:
    """Objects of Java's that call methods of Java's, made without a line of Java or a call into Python."""

    def __init__(self) -> None:
        self.jpype = jpype = _jpype()
        self.lookup: Any = jpype.JClass("java.lang.invoke.MethodHandles").publicLookup()
        self.handles: Any = jpype.JClass("java.lang.invoke.MethodHandles")
        self.type: Any = jpype.JClass("java.lang.invoke.MethodType").methodType
        self.void: Any = jpype.JClass("java.lang.Void").TYPE
        self.int: Any = jpype.JClass("java.lang.Integer").TYPE
        self.long: Any = jpype.JClass("java.lang.Long").TYPE
        self.proxy: Any = jpype.JClass("java.lang.invoke.MethodHandleProxies").asInterfaceInstance

    def method(self, target: Any, owner: str, name: str, result: Any, *parameters: Any) -> Any:
        """Return the handle of a method of an object, with these types."""
        kind = self.type(result, self.jpype.JArray(self.jpype.JClass("java.lang.Class"))(parameters))
        return self.lookup.findVirtual(self.jpype.JClass(owner).class_, name, kind).bindTo(target)

    def implement(self, interface: str, handle: Any) -> Any:
        """Return an object of an interface that calls a handle."""
        return self.proxy(self.jpype.JClass(interface).class_, handle)

    def repeating(self, count: int, handle: Any) -> Any:
        """Return a Runnable that calls a handle with 0 and the following longs."""
        consumer_type = "java.util.function.LongConsumer"
        consumer = self.implement(consumer_type, handle)
        owner = "java.util.stream.LongStream"
        stream = self.jpype.JClass(owner).range(0, count)
        each = self.method(stream, owner, "forEach", self.void, self.jpype.JClass(consumer_type).class_)
        bound = self.handles.insertArguments(each, 0, self.jpype.JArray(self.jpype.JObject)([consumer]))
        return self.implement("java.lang.Runnable", bound)


def items() -> dict[str, Way]:
    """Iterate over what a thread of Java's publishes as fast as it is asked to."""
    import pyloop.java  # noqa: PLC0415

    handles = Handles()
    jpype = handles.jpype
    owner = "java.util.concurrent.SubmissionPublisher"
    pool: Any = jpype.JClass("java.util.concurrent.Executors").newFixedThreadPool(2)
    wide: Any = handles.type(handles.void, handles.long)

    async def run(operations: int) -> float:
        start = time.perf_counter()
        publisher = jpype.JClass(owner)(pool, 1024)
        iterator = pyloop.java.iterate(publisher, prefetch=256)
        first = asyncio.ensure_future(anext(iterator))
        while not publisher.hasSubscribers():
            await asyncio.sleep(0)
        submit = handles.method(publisher, owner, "submit", handles.int, jpype.JClass("java.lang.Object").class_)
        done = pyloop.java.run(handles.repeating(operations, submit.asType(wide)), executor=pool)
        done.add_done_callback(lambda _: publisher.close())
        await first
        received = 1
        async for _ in iterator:
            received += 1
        if received != operations:
            raise RuntimeError(f"{received} items of {operations}")
        return time.perf_counter() - start

    return {"seconds": run}


def execute() -> dict[str, Way]:
    """Run what some threads of Java's hand over at once."""
    import pyloop.java  # noqa: PLC0415

    handles = Handles()
    jpype = handles.jpype
    adder_type = "java.util.concurrent.atomic.LongAdder"
    adder: Any = jpype.JClass(adder_type)()
    runnable = "java.lang.Runnable"
    increment = handles.implement(runnable, handles.method(adder, adder_type, "increment", handles.void))
    pool: Any = jpype.JClass("java.util.concurrent.Executors").newFixedThreadPool(PRODUCERS)

    async def run(operations: int) -> float:
        start = time.perf_counter()
        executor = pyloop.java.executor()
        command = jpype.JClass(runnable).class_
        hand_over = handles.method(executor, "java.util.concurrent.Executor", "execute", handles.void, command)
        bound = handles.handles.insertArguments(hand_over, 0, jpype.JArray(jpype.JObject)([increment]))
        classes = jpype.JArray(jpype.JClass("java.lang.Class"))([handles.long])
        each = handles.handles.dropArguments(bound, 0, classes)
        adder.reset()
        share = max(operations // PRODUCERS, 1)
        await asyncio.gather(
            *[pyloop.java.run(handles.repeating(share, each), executor=pool) for _ in range(PRODUCERS)]
        )
        while adder.sum() < share * PRODUCERS:
            await asyncio.sleep(0)
        return time.perf_counter() - start

    return {"seconds": run}


MICROSECONDS = Metric("seconds", "`await wrap(stage)`", "µs", scale=1e6, digits=2)
BESIDE = (
    Metric("executor", "`run_in_executor(None, stage.get)`", "µs", scale=1e6, digits=2, compared=False),
    Metric("callback", "a callback, `call_soon_threadsafe`", "µs", scale=1e6, digits=2, compared=False),
)
A_SECOND = Metric("seconds", "in a second", "/s", more_is_better=True)
SUBJECT = "Java's futures"

_ALL = (
    Java(
        name="java-one",
        title="a stage that a thread of Java's completes, one after the other",
        subject=SUBJECT,
        metrics=(MICROSECONDS, *BESIDE),
        ways=one_by_one,
        operations=2000,
        default=False,
    ),
    Java(
        name="java-many",
        title="1,000 of them at once",
        subject=SUBJECT,
        metrics=(MICROSECONDS, *BESIDE),
        ways=at_once,
        operations=5000,
        default=False,
    ),
    Java(
        name="java-items",
        title="items of a publisher, prefetch 256",
        subject=SUBJECT,
        metrics=(A_SECOND,),
        ways=items,
        operations=100_000,
        rate=True,
        default=False,
    ),
    Java(
        name="java-execute",
        title="`executor().execute` from four threads",
        subject=SUBJECT,
        metrics=(A_SECOND,),
        ways=execute,
        operations=400_000,
        rate=True,
        default=False,
    ),
)
WORKLOADS = {workload.name: workload for workload in _ALL}


def timed(loop: AbstractEventLoop, way: Way, operations: int) -> float:
    """Return the seconds that an operation takes, of so many."""
    return loop.run_until_complete(way(operations)) / operations


def main(loop_name: str, name: str, seconds: float, warm: float, form: str) -> None:
    """Measure the ways by turns, and print the median of each."""
    jpype = _jpype()
    jpype.startJVM(*OPTIONS)
    workload = WORKLOADS[name]
    operations = 20 if form == "smoke" else workload.operations
    loop = loops.new_loop(loop_name)
    ways = workload.ways()
    samples: dict[str, list[float]] = {key: [] for key in ways}
    start = time.perf_counter()
    while form != "smoke" and time.perf_counter() - start < warm * len(ways):
        for way in ways.values():
            timed(loop, way, operations)
    start = time.perf_counter()
    while not samples["seconds"] or (
        form != "smoke"
        and (time.perf_counter() - start < seconds * len(ways) or len(samples["seconds"]) < LEAST_ROUNDS)
    ):
        for key, way in ways.items():
            samples[key].append(timed(loop, way, operations))
    loop.close()
    figures = {key: statistics.median(values) for key, values in samples.items()}
    if workload.rate:
        figures = {key: 1 / value for key, value in figures.items()}
    sys.stdout.write(f"{json.dumps(figures)}\n")
    sys.stdout.flush()
    jpype.java.lang.Runtime.getRuntime().halt(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), sys.argv[5])
