"""What a loop tells of itself: `loop.metrics()` and `pyloop.metrics()`."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import pyloop
from support.loops import run_iteration
from support.programs import lines_of


@pytest.fixture
def observed(loop: asyncio.AbstractEventLoop) -> pyloop.EventLoop:
    """A fresh loop, with the types of PyLoop's."""
    assert isinstance(loop, pyloop.EventLoop)
    return loop


def _done(loop: pyloop.EventLoop, action: Callable[[], Any]) -> pyloop.LoopMetrics:
    """What the loop has done in `action`."""
    before = loop.metrics()
    action()
    return loop.metrics().since(before)


def test_a_new_loop_has_done_nothing(observed: pyloop.EventLoop) -> None:
    metrics = observed.metrics()
    counters = [getattr(metrics, field.name) for field in dataclasses.fields(metrics) if field.type == "int"]
    assert sum(counters) == metrics.loop
    assert (metrics.running, metrics.asleep, metrics.name, metrics.utilization) == (False, False, "", 0.0)
    assert metrics.delay == metrics.iteration == pyloop.Histogram()


def test_a_snapshot_cannot_be_changed(observed: pyloop.EventLoop) -> None:
    metrics = observed.metrics()
    with pytest.raises(dataclasses.FrozenInstanceError):
        metrics.iterations = 1  # type: ignore[misc]
    assert not hasattr(metrics, "__dict__")


def test_callbacks_iterations_and_the_deepest_queue_are_counted(observed: pyloop.EventLoop) -> None:
    def action() -> None:
        for _ in range(7):
            observed.call_soon(lambda: None)
        assert observed.metrics().ready == 7
        run_iteration(observed)

    done = _done(observed, action)
    assert (done.callbacks, done.iterations, done.polls) == (7, 1, 1)
    assert (done.ready, done.ready_max) == (0, 7)


def test_what_was_not_run_because_of_an_exception_is_not_counted(observed: pyloop.EventLoop) -> None:
    def leave() -> None:
        raise KeyboardInterrupt

    def action() -> None:
        observed.call_soon(leave)
        observed.call_soon(lambda: None)
        with pytest.raises(KeyboardInterrupt):
            run_iteration(observed)

    assert _done(observed, action).callbacks == 1
    assert observed.metrics().ready == 1
    run_iteration(observed)


def test_due_timers_are_counted_with_how_late_they_are(observed: pyloop.EventLoop) -> None:
    def action() -> None:
        run_iteration(observed)
        for _ in range(3):
            observed.call_later(0, lambda: None)
        observed.call_later(3600, lambda: None)
        assert observed.metrics().timers == 4
        time.sleep(0.01)
        run_iteration(observed)

    done = _done(observed, action)
    assert (done.timers_run, done.timers, done.delay.count) == (3, 1, 3)
    assert done.delay.min > 0.005
    assert done.delay.max >= done.delay.p99 >= done.delay.p50 >= done.delay.min


def test_a_timer_is_not_late_for_the_time_before_it_was_made(observed: pyloop.EventLoop) -> None:
    observed.call_later(0, lambda: None)
    run_iteration(observed)
    observed.call_at(0, lambda: None)
    run_iteration(observed)
    assert 0 <= observed.metrics().delay.max < observed.time() / 2


def test_busy_and_idle_time_make_up_the_time_of_runs(observed: pyloop.EventLoop) -> None:
    async def main() -> None:
        await asyncio.sleep(0.02)
        time.sleep(0.02)

    start = time.monotonic()
    done = _done(observed, lambda: observed.run_until_complete(main()))
    elapsed = time.monotonic() - start
    assert done.busy_seconds >= 0.02
    assert done.idle_seconds > 0.01
    assert done.busy_seconds + done.idle_seconds <= elapsed
    assert 0 < done.utilization < 1
    time.sleep(0.01)
    assert observed.metrics().busy_seconds + observed.metrics().idle_seconds <= elapsed


def test_the_length_of_iterations_is_known(observed: pyloop.EventLoop) -> None:
    async def main() -> None:
        time.sleep(0.02)
        await asyncio.sleep(0.001)

    done = _done(observed, lambda: observed.run_until_complete(main()))
    assert done.iteration.count >= 1
    assert done.iteration.max >= 0.02


def test_watched_descriptors_and_events_are_counted(observed: pyloop.EventLoop) -> None:
    ours, theirs = socket.socketpair()

    def action() -> None:
        observed.add_reader(ours, lambda: ours.recv(1))
        assert observed.metrics().descriptors == 1
        theirs.send(b"x")
        run_iteration(observed)
        observed.remove_reader(ours)

    with ours, theirs:
        done = _done(observed, action)
    assert (done.events, done.callbacks, done.descriptors) == (1, 1, 0)


@pytest.mark.parametrize("debug", [False, True])
def test_connections_bytes_and_calls_are_counted(observed: pyloop.EventLoop, debug: bool) -> None:
    size = 1000
    observed.set_debug(debug)

    async def main() -> None:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readexactly(size))
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(bytes(size))
        await reader.readexactly(size)
        assert observed.metrics().connections >= 1
        writer.close()
        await writer.wait_closed()
        server.close()
        await asyncio.sleep(0.01)

    done = _done(observed, lambda: observed.run_until_complete(main()))
    assert (done.connections_opened, done.connections_accepted, done.connections_lost) == (2, 1, 2)
    assert (done.bytes_received, done.bytes_sent, done.connections) == (2 * size, 2 * size, 0)
    assert done.send_calls == 2
    assert done.receive_calls >= 2


def test_datagrams_are_counted(observed: pyloop.EventLoop, peer: socket.socket) -> None:
    class Protocol(asyncio.DatagramProtocol):
        def __init__(self) -> None:
            self.arrived = observed.create_future()

        def datagram_received(self, data: bytes, addr: Any) -> None:
            self.arrived.set_result(data)

    async def main() -> None:
        transport, protocol = await observed.create_datagram_endpoint(Protocol, remote_addr=peer.getsockname())
        for _ in range(3):
            transport.sendto(b"12345")
        for _ in range(3):
            _, address = await observed.run_in_executor(None, peer.recvfrom, 100)
        peer.sendto(b"123", address)
        await protocol.arrived
        transport.close()
        await asyncio.sleep(0)

    done = _done(observed, lambda: observed.run_until_complete(main()))
    assert (done.datagrams_sent, done.datagrams_received) == (3, 1)
    assert (done.bytes_sent, done.bytes_received) == (15, 3)


def test_posts_from_threads_are_counted(observed: pyloop.EventLoop) -> None:
    async def main() -> None:
        posted = asyncio.Event()
        thread = threading.Thread(target=observed.call_soon_threadsafe, args=(posted.set,))
        thread.start()
        await posted.wait()
        thread.join()

    assert _done(observed, lambda: observed.run_until_complete(main())).posts == 1


def test_children_are_counted(observed: pyloop.EventLoop) -> None:
    async def main() -> tuple[int, int]:
        child = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE)
        alive = observed.metrics().children
        assert child.stdin is not None
        child.stdin.close()
        await child.wait()
        return alive, observed.metrics().children

    assert observed.run_until_complete(main()) == (1, 0)


def test_another_thread_sees_a_loop_asleep_and_busy(observed: pyloop.EventLoop) -> None:
    seen: list[pyloop.LoopMetrics] = []
    looked = threading.Event()

    async def main() -> None:
        waiting = observed.create_future()

        def look() -> None:
            while not observed.metrics().asleep:
                time.sleep(0.001)
            seen.append(observed.metrics())
            observed.call_soon_threadsafe(waiting.set_result, None)

        thread = threading.Thread(target=look)
        thread.start()
        await waiting
        thread.join()

        def look_again() -> None:
            seen.append(observed.metrics())
            looked.set()

        other = threading.Thread(target=look_again)
        other.start()
        looked.wait()
        other.join()

    observed.run_until_complete(main())
    assert [each.asleep for each in seen] == [True, False]
    assert [each.running for each in seen] == [True, True]
    assert seen[0].name == threading.current_thread().name


def test_the_time_of_a_callback_that_goes_on_counts(observed: pyloop.EventLoop) -> None:
    def callback() -> None:
        before = observed.metrics().busy_seconds
        time.sleep(0.01)
        assert observed.metrics().busy_seconds - before >= 0.01

    observed.call_soon(callback)
    run_iteration(observed)


def test_a_closed_loop_tells_what_was_known_last() -> None:
    loop = pyloop.new_event_loop()
    loop.call_soon(lambda: None)
    run_iteration(loop)
    loop.close()
    assert (loop.metrics().callbacks, loop.metrics().running) == (1, False)


def test_all_loops_of_the_process_are_told_of() -> None:
    first, second = pyloop.new_event_loop(), pyloop.new_event_loop()
    numbers = [first.metrics().loop, second.metrics().loop]
    assert [each.loop for each in pyloop.metrics() if each.loop in numbers] == numbers == sorted(numbers)
    first.close()
    assert numbers[0] not in [each.loop for each in pyloop.metrics()]
    second.close()
    assert numbers[1] not in [each.loop for each in pyloop.metrics()]


def test_a_process_without_loops_is_not_given_an_engine() -> None:
    lines = lines_of("""
        import pyloop
        say(pyloop.metrics(), "pyloop._engine" in sys.modules)
    """)
    assert lines == ["() False"]


def test_a_loop_that_asyncio_runs_is_measured_where_it_polls(observed: pyloop.EventLoop) -> None:
    observed._ready.append(asyncio.Handle(lambda: None, (), observed))
    observed._ready.clear()  # hands the queues over
    observed.call_soon(lambda: None)
    assert observed.metrics().ready == 1
    done = _done(observed, lambda: observed.run_until_complete(asyncio.sleep(0.01)))
    assert done.idle_seconds > 0.005
    assert done.polls >= 1
    before = observed.metrics()
    time.sleep(0.02)
    observed.run_until_complete(asyncio.sleep(0))
    assert observed.metrics().since(before).busy_seconds < 0.02


def test_a_fork_goes_on_counting_where_the_engine_survives() -> None:
    lines = lines_of("""
        loop = new_event_loop()
        loop.call_soon(loop.stop)
        loop.run_forever()
        child = os.fork()
        if not child:
            try:
                say(loop.metrics().callbacks, len(pyloop.metrics()))
            except RuntimeError:
                say("refused", len(pyloop.metrics()))
            loop.close()
            say(loop.is_closed())
            os._exit(0)
        os.waitpid(child, 0)
        say(pyloop.engine())
    """)
    assert lines == {"native": ["1 1", "True", "native"], "jvm": ["refused 0", "True", "jvm"]}[lines[-1]]


def test_percentiles_are_upper_limits_of_ranges() -> None:
    histogram = pyloop.Histogram((0, 0, 6, 0, 0, 0, 0, 0, 3, 0, 0, 1), 1e-6, 1.5e-6)
    assert histogram.count == 10
    assert histogram.min == pytest.approx(256e-9)
    assert histogram.p50 == pytest.approx(384e-9)
    assert histogram.p90 == pytest.approx(1152e-9)
    assert histogram.percentile(100) == 1.5e-6
    assert histogram.percentile(0) == pytest.approx(384e-9)
    assert histogram.mean == pytest.approx(1e-7)
    with pytest.raises(ValueError, match="percentage"):
        histogram.percentile(101)


def test_ranges_grow_by_an_eighth() -> None:
    limits = [(low, high) for low, high, _ in pyloop.Histogram((1,) * 200).ranges()]
    assert all(high == next_low for (_, high), (next_low, _) in itertools.pairwise(limits))
    assert all(high / low <= 1 + 1 / 8 + 1e-9 for low, high in limits[8:])
    assert limits[8][0] == pytest.approx(1024e-9)
    assert limits[16][0] == pytest.approx(2048e-9)


def test_a_duration_is_in_the_range_that_python_computes(observed: pyloop.EventLoop) -> None:
    for pause in (0.0001, 0.001, 0.01):
        before = observed.metrics().iteration
        observed.call_soon(time.sleep, pause)
        observed.call_soon(observed.stop)
        observed.call_soon(observed.call_soon, lambda: None)
        observed.run_forever()
        observed.run_until_complete(asyncio.sleep(0))
        added = observed.metrics().iteration.since(before)
        assert added.max <= added.total + 1e-3
        assert added.mean <= added.max
    total = observed.metrics().iteration
    low, high, _ = list(total.ranges())[-1]
    assert low <= total.max <= high


def test_metrics_of_different_loops_cannot_be_compared() -> None:
    first, second = pyloop.new_event_loop(), pyloop.new_event_loop()
    try:
        with pytest.raises(ValueError, match="is not loop"):
            second.metrics().since(first.metrics())
    finally:
        first.close()
        second.close()
