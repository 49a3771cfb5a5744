"""A loop seen from outside: its queues and its selector are there, and what is replaced of them counts."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest

from support.loops import CLASSES, fresh_loop, run_idle, run_iteration


def _is_handed_over(loop: Any) -> bool:
    return bool(getattr(loop, "_handed_over", False))


async def _everything() -> list[Any]:
    """Use timers, threads, sockets, datagrams, children; what comes of it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(5))
        writer.write(b" and more")
        writer.close()

    class Datagrams(asyncio.DatagramProtocol):
        def __init__(self) -> None:
            self.received: asyncio.Queue[bytes] = asyncio.Queue()

        def datagram_received(self, data: bytes, addr: Any) -> None:
            self.received.put_nowait(data)

    loop = asyncio.get_running_loop()
    results: list[Any] = []
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello")
        results.append(await reader.read())
        writer.close()
        await writer.wait_closed()
    transport, protocol = await loop.create_datagram_endpoint(Datagrams, local_addr=("127.0.0.1", 0))
    for data in (b"one", b"two", b"three"):
        transport.sendto(data, transport.get_extra_info("sockname"))
    results.extend([await protocol.received.get() for _ in range(3)])
    transport.close()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        receiving = asyncio.ensure_future(loop.sock_recv(ours, 10))
        await asyncio.sleep(0.001)
        await loop.sock_sendall(theirs, b"plain")
        results.append(await receiving)
    results.append(await asyncio.to_thread(lambda: "thread"))
    child = await asyncio.create_subprocess_exec("echo", "child", stdout=asyncio.subprocess.PIPE)
    results.append((await child.communicate())[0])
    timer = loop.call_later(10, print)
    timer.cancel()
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.sleep(10), 0.001)
        results.append("no time-out")
    return results


_ALL = [b"hello and more", b"one", b"two", b"three", b"plain", "thread", b"child\n"]


def test_the_queues_show_what_is_scheduled(each_loop: Any) -> None:
    assert not each_loop._ready
    assert not each_loop._scheduled
    handles = [each_loop.call_soon(print, i) for i in range(3)]
    timers = [each_loop.call_later(10 + i, print) for i in (2, 0, 1)]
    assert list(each_loop._ready) == handles
    assert (len(each_loop._ready), each_loop._ready[0], each_loop._ready[-1]) == (3, handles[0], handles[-1])
    assert handles[1] in each_loop._ready
    assert len(each_loop._scheduled) == 3
    assert each_loop._scheduled[0] is timers[1]
    assert set(each_loop._scheduled) == set(timers)
    assert sorted(timer.when() for timer in each_loop._scheduled) == sorted(timer.when() for timer in timers)
    assert [timer.cancelled() for timer in each_loop._scheduled] == [False] * 3
    assert isinstance(each_loop._scheduled, list)
    assert not _is_handed_over(each_loop)


def test_timers_are_fired_early(each_loop: Any) -> None:
    called: list[int] = []
    for i in range(3):
        each_loop.call_later(1000 + i, called.append, i)
    each_loop.call_later(5000, called.append, -1)
    for timer in list(each_loop._scheduled):
        if not timer.cancelled() and timer.when() < each_loop.time() + 3000:
            timer._run()
            timer.cancel()
    assert sorted(called) == [0, 1, 2]
    run_idle(each_loop, iterations=2)
    assert sorted(called) == [0, 1, 2]
    assert [timer.cancelled() for timer in each_loop._scheduled].count(False) == 1


def test_handles_are_cancelled_in_the_queue(each_loop: Any) -> None:
    called: list[int] = []
    for i in range(4):
        each_loop.call_soon(called.append, i)
    for handle in list(each_loop._ready)[::2]:
        handle.cancel()
    run_iteration(each_loop)
    assert called == [1, 3]


@pytest.mark.parametrize("inside", [False, True], ids=["between runs", "in a callback"])
def test_the_queues_are_changed(each_loop: Any, inside: bool) -> None:
    called: list[object] = []

    def change() -> None:
        for i in range(4):
            each_loop.call_soon(called.append, i)
        first = each_loop._ready.popleft()
        each_loop._ready.append(first)
        each_loop._ready.rotate(1)
        del each_loop._ready[1]
        for i in (30, 10, 20):
            each_loop.call_later(i, called.append, f"after {i}")
        each_loop._scheduled.sort(key=lambda timer: -timer.when())
        each_loop._scheduled.pop()._run()
        heapq.heapify(each_loop._scheduled)
        heapq.heappop(each_loop._scheduled)._run()

    if inside:
        each_loop.call_soon(change)
        run_iteration(each_loop)
    else:
        change()
    run_iteration(each_loop)
    # What was first went behind, came back to the front, and the one behind it was deleted.
    assert called == ["after 10", "after 20", 0, 2, 3]
    assert [timer.cancelled() for timer in each_loop._scheduled] == [False]
    each_loop._scheduled.clear()
    assert not each_loop._scheduled


def test_the_queue_of_callbacks_is_replaced(each_loop: Any) -> None:
    class Backwards(deque[asyncio.Handle]):
        def popleft(self) -> asyncio.Handle:
            return self.pop()

    called: list[int] = []
    each_loop._ready = Backwards(each_loop._ready)
    for i in range(3):
        each_loop.call_soon(called.append, i)
    run_iteration(each_loop)
    assert called == [2, 1, 0]


def test_everything_works_while_the_selector_is_watched(each_loop: Any) -> None:
    timeouts: list[float | None] = []
    original = each_loop._selector.select

    def select(timeout: float | None = None) -> Any:
        timeouts.append(timeout)
        return original(timeout)

    with mock.patch.object(each_loop._selector, "select", select):
        assert each_loop.run_until_complete(_everything()) == _ALL
    assert None in timeouts
    assert 0 in timeouts
    count = len(timeouts)
    assert each_loop.run_until_complete(_everything()) == _ALL
    assert len(timeouts) == count


def test_the_selector_is_replaced_while_the_loop_runs(each_loop: Any) -> None:
    calls: list[object] = []
    original = each_loop._selector.select

    def select(timeout: float | None = None) -> Any:
        calls.append(timeout)
        return original(timeout)

    async def main() -> None:
        each_loop._selector.select = select
        for _ in range(300):
            await asyncio.sleep(0)
        assert len(calls) >= 299
        assert await _everything() == _ALL

    each_loop.run_until_complete(main())


def test_a_virtual_clock(each_loop: Any) -> None:
    now = 0.0

    def select(timeout: float | None) -> Any:
        nonlocal now
        ready = original(0)
        if not ready and timeout:
            now += timeout
        return ready

    async def main() -> float:
        async with asyncio.timeout(100_000):
            await asyncio.sleep(50_000)
        await asyncio.gather(*(asyncio.sleep(i) for i in range(1000)))
        return each_loop.time()  # type: ignore[no-any-return]

    def tell() -> float:
        return now

    original = each_loop._selector.select
    with mock.patch.object(each_loop._selector, "select", select), mock.patch.object(each_loop, "time", tell):
        assert each_loop.run_until_complete(main()) == pytest.approx(50_999)


@contextlib.contextmanager
def _run_replaced(noted: list[object]) -> Iterator[None]:
    original = asyncio.Handle._run

    def run(handle: Any) -> Any:
        noted.append(handle)
        return original(handle)

    with mock.patch.object(asyncio.Handle, "_run", run):
        yield


def test_everything_works_while_handles_are_watched(each_loop: Any) -> None:
    noted: list[object] = []
    with _run_replaced(noted):
        assert each_loop.run_until_complete(_everything()) == _ALL
    assert len(noted) > 20
    count = len(noted)
    assert each_loop.run_until_complete(_everything()) == _ALL
    assert len(noted) == count


def test_handles_are_watched_from_the_middle_of_a_run_on(each_loop: Any) -> None:
    noted: list[object] = []

    async def main() -> None:
        with _run_replaced(noted):
            for _ in range(500):
                await asyncio.sleep(0)
            assert len(noted) > 300  # from the next poll on, on PyLoop
            assert await _everything() == _ALL
        for _ in range(500):
            await asyncio.sleep(0)

    each_loop.run_until_complete(main())


@pytest.mark.parametrize("on_class", [False, True], ids=["instance", "class"])
def test_run_once_is_wrapped(on_class: bool) -> None:
    for loop_class in CLASSES.values():

        class Mine(loop_class):  # type: ignore[misc, valid-type]
            pass

        with fresh_loop(Mine) as loop:
            iterations: list[int] = []
            holder: Any = Mine if on_class else loop
            original = loop._run_once  # type: ignore[attr-defined]

            def run_once(*_: object, noted: list[int] = iterations, call: Callable[[], None] = original) -> None:
                noted.append(len(noted))
                call()

            holder._run_once = run_once
            assert loop.run_until_complete(_everything()) == _ALL
            assert len(iterations) > 10


def test_run_once_is_called(each_loop: Any) -> None:
    called: list[int] = []
    each_loop.call_soon(lambda: each_loop.call_soon(called.append, 2))
    each_loop.call_soon(called.append, 1)
    each_loop._run_once()
    assert called == [1]
    each_loop._run_once()
    assert called == [1, 2]


@pytest.mark.parametrize("name", ["_process_events", "_add_callback", "_call_soon"])
def test_what_asyncio_s_own_code_calls_is_replaced(each_loop: Any, name: str) -> None:
    with mock.patch.object(each_loop, name, side_effect=getattr(each_loop, name)) as replaced:
        assert each_loop.run_until_complete(_everything()) == _ALL
    assert replaced.call_count > 2


def test_an_exception_that_leaves_the_loop(each_loop: Any) -> None:
    def fail() -> None:
        raise KeyboardInterrupt

    called: list[int] = []
    with _run_replaced([]):
        each_loop.call_soon(fail)
        each_loop.call_soon(called.append, 1)
        with pytest.raises(KeyboardInterrupt):
            each_loop.run_forever()
    assert called == []
    run_iteration(each_loop)
    assert called == [1]


def test_a_thread_wakes_a_loop_that_is_watched(each_loop: Any) -> None:
    with _run_replaced([]):
        for _ in range(50):
            thread = threading.Thread(target=each_loop.call_soon_threadsafe, args=(each_loop.stop,))
            thread.start()
            each_loop.run_forever()
            thread.join()


def test_a_call_of_a_thread_is_an_event_of_the_selector(each_loop: Any) -> None:
    each_loop._selector.select(0)
    each_loop.call_soon_threadsafe(print)
    key, events = each_loop._selector.select(10)[0]
    assert events == selectors.EVENT_READ
    assert key.data[0] is not None
    assert key.data[1] is None


def test_the_selector_shows_what_is_watched(each_loop: Any) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        before = set(each_loop._selector.get_map())
        each_loop.add_reader(ours, print)
        each_loop.add_writer(ours, print)
        assert set(each_loop._selector.get_map()) == before | {ours.fileno()}
        key = each_loop._selector.get_key(ours)
        assert (key.fd, key.events) == (ours.fileno(), selectors.EVENT_READ | selectors.EVENT_WRITE)
        found = {key.fd: events for key, events in each_loop._selector.select(0)}
        assert found[ours.fileno()] == selectors.EVENT_WRITE
        each_loop._selector.unregister(ours)
        assert set(each_loop._selector.get_map()) == before
        with pytest.raises(KeyError):
            each_loop._selector.get_key(ours)


def test_what_cannot_be_honoured_is_refused(loop: Any) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, selectors.DefaultSelector() as other:
        with pytest.raises(NotImplementedError, match="add_reader"):
            loop._selector.register(ours, selectors.EVENT_READ)
        with pytest.raises(AttributeError, match="cannot be replaced"):
            loop._selector = other
        run_iteration(loop)


def test_the_turn_of_a_transport_is_no_handle_to_cancel(loop: Any) -> None:
    async def main() -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            _, writer = await asyncio.open_connection(sock=ours)
            writer.close()
            waiting = [handle for handle in loop._ready if "turn" in repr(handle)]
            for handle in waiting:
                with pytest.raises(RuntimeError, match="cannot be cancelled"):
                    handle.cancel()
            await writer.wait_closed()

    loop.run_until_complete(main())


def test_the_engine_takes_over_again(loop: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "asyncio")
    called: list[int] = []
    kept = loop.call_later(1000, print)
    with _run_replaced([]):
        run_iteration(loop)
        assert _is_handed_over(loop)
        loop.call_soon(called.append, 1)
        loop.call_later(0.001, called.append, 2)
        cancelled = loop.call_later(500, print)
        cancelled.cancel()
    ready = loop._ready
    run_iteration(loop)
    assert _is_handed_over(loop)  # somebody has the queue
    del ready
    loop.run_until_complete(asyncio.sleep(0.01))
    assert not _is_handed_over(loop)
    assert called == [1, 2]
    assert list(loop._scheduled) == [kept]
    messages = [record.message for record in caplog.records if "compatible run" in record.message]
    assert len(messages) == 1
    assert messages[0].endswith("compatible run: Handle._run is replaced")


def test_a_clock_that_is_replaced_is_read(each_loop: Any) -> None:
    with mock.patch("time.monotonic", return_value=17.25):
        assert each_loop.time() == 17.25
        assert each_loop.call_later(1, print).when() == 18.25
    assert abs(each_loop.time() - time.monotonic()) < 5


def test_a_clock_that_stands_still(each_loop: Any) -> None:
    async def main() -> None:
        now = time.monotonic()
        with mock.patch("time.monotonic", side_effect=lambda: now):
            called: list[int] = []
            each_loop.call_later(10, called.append, 1)
            for _ in range(200):
                await asyncio.sleep(0)
            assert called == []
            now += 11
            for _ in range(200):
                await asyncio.sleep(0)
            assert called == [1]

    each_loop.run_until_complete(main())


def test_a_clock_that_fails(each_loop: Any) -> None:
    with mock.patch("time.monotonic", side_effect=ValueError("no time")), pytest.raises(ValueError, match="no time"):
        each_loop.time()
    each_loop.run_until_complete(asyncio.sleep(0.001))


def test_debug_mode(each_loop: Any, caplog: pytest.LogCaptureFixture) -> None:
    each_loop.set_debug(True)
    each_loop.slow_callback_duration = 0.01
    with _run_replaced([]):
        each_loop.call_soon(time.sleep, 0.02)
        assert each_loop.run_until_complete(_everything()) == _ALL
    assert any("Executing <Handle sleep" in record.message for record in caplog.records)


@pytest.mark.parametrize("name", ["_run_once", "call_soon", "call_at"])
def test_methods_of_asyncio_s_own_classes_are_replaced(each_loop: Any, name: str) -> None:
    original = getattr(asyncio.SelectorEventLoop, name)
    called: list[object] = []

    def replacement(*arguments: Any, **keywords: Any) -> Any:
        called.append(arguments)
        return original(*arguments, **keywords)

    with mock.patch.object(asyncio.SelectorEventLoop, name, replacement):
        assert each_loop.run_until_complete(_everything()) == _ALL
    assert called
    assert each_loop.run_until_complete(_everything()) == _ALL


def test_the_clock_of_asyncio_s_own_classes_is_replaced(each_loop: Any) -> None:
    async def main() -> None:
        with mock.patch.object(asyncio.SelectorEventLoop, "time", return_value=5.0):
            for _ in range(200):
                await asyncio.sleep(0)
            assert each_loop.time() == 5
            assert each_loop.call_later(1, print).when() == 6

    each_loop.run_until_complete(main())


def test_a_class_of_pyloop_s_takes_the_place_of_asyncio_s(loop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio, "SelectorEventLoop", type(loop))
    loop.set_debug(True)
    assert loop.run_until_complete(_everything()) == _ALL
    assert not _is_handed_over(loop)


def test_a_timer_whose_deadline_is_gone_is_not_given_back(loop: Any) -> None:
    loop._ready.rotate()
    timer = loop.call_later(1000, print)
    del timer._when
    with pytest.raises(AttributeError, match="_when"):  # asyncio's own code, as on asyncio
        run_iteration(loop)
    assert list(loop._scheduled) == [timer]
    loop._scheduled.clear()
