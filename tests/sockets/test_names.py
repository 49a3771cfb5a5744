"""Names and addresses: the same answers and errors as ``socket.getaddrinfo``'s, whatever is asked."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import pyloop
from support.outcomes import outcome_of
from support.streams import run

_HOSTS: Final = st.one_of(
    st.sampled_from(
        [
            *(None, "", b"", "127.0.0.1", b"127.0.0.1", "0.0.0.0", "255.255.255.255", "127.1", "0x7f.1", "0177.0.0.1"),
            *("2130706433", "127.0.0.1.", " 127.0.0.1", "127.0.0.1 ", "127.0.0.1\0", "1.2.3.256", "1.2.3", "01.2.3.4"),
            *("::", "::1", "[::1]", "fe80::1", "fe80::1%lo", "fe80::1%1", "fe80::1%", "::1%lo", "::1%1", "::1%nothing"),
            *(
                "fe80::1%99999",
                "::ffff:127.0.0.1",
                "::127.0.0.1",
                "1.2.3.4%1",
                "1:2:3:4:5:6:7:8",
                "1::2::3",
                ":",
                "%lo",
            ),
            *("localhost", "\u0661.2.3.4", "127\u30020\u30020\u30021", 1, 1.5, ("127.0.0.1",), bytearray(b"::1")),
        ]
    ),
    st.ip_addresses().map(str),
)
_PORTS: Final = st.one_of(
    st.sampled_from(
        [None, "", "0", "80", b"80", "http", "+80", " 80", "080", "70000", "-1", "\u0661", 80.0, True, 1 << 70]
    ),
    st.integers(-70000, 70000),
)
_FAMILIES: Final = st.sampled_from(
    [0, 0, 2, 10, 2.0, True, None, -1, 99, 1 << 40, socket.AF_INET, socket.AF_INET6, socket.AF_UNIX]
)
_TYPES: Final = st.sampled_from(
    [0, 0, 1, 2, 1.0, False, "1", 77, socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET]
)
_PROTOS: Final = st.sampled_from([0, 0, 6, 17, 6.0, 132, 255, -1, socket.IPPROTO_TCP, socket.IPPROTO_UDP])
_FLAGS: Final = st.one_of(
    st.just(0),
    st.sets(st.sampled_from(list(socket.AddressInfo)), max_size=4).map(
        lambda flags: sum(flags) if len(flags) > 1 else next(iter(flags), 0)
    ),
    st.sampled_from([socket.AI_PASSIVE | socket.AI_CANONNAME, 0.0, None, -1, 1 << 20, 1 << 40]),
)


@pytest.fixture(scope="module")
def shared_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """One loop for all examples; without threads left at the end."""
    loop = pyloop.new_event_loop()
    yield loop
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


def _typed(answer: Any) -> Any:
    return [[(type(part), part) for part in info] for info in answer]


@settings(max_examples=400, deadline=None)
@given(host=_HOSTS, port=_PORTS, family=_FAMILIES, kind=_TYPES, proto=_PROTOS, flags=_FLAGS)
@example(host="127.0.0.1", port=80, family=0, kind=0, proto=0, flags=0)
@example(host="127.0.0.1", port=80.0, family=0, kind=0, proto=0, flags=0)
@example(host="fe80::1%lo", port="80", family=0, kind=0, proto=0, flags=socket.AI_CANONNAME)
def test_any_question(
    shared_loop: asyncio.AbstractEventLoop, host: Any, port: Any, family: Any, kind: Any, proto: Any, flags: Any
) -> None:
    """Asked twice, because the second answer may be one that was kept."""
    expected = outcome_of(lambda: _typed(socket.getaddrinfo(host, port, family, kind, proto, flags)))
    for _ in range(2):
        asked = partial(shared_loop.getaddrinfo, host, port, family=family, type=kind, proto=proto, flags=flags)
        assert outcome_of(lambda: _typed(shared_loop.run_until_complete(asked()))) == expected  # noqa: B023


_SOCKADDRS: Final = st.one_of(
    st.tuples(st.ip_addresses().map(str), st.integers(-1, 70000)),
    st.tuples(st.ip_addresses(v=6).map(str), st.integers(0, 65535), st.integers(-1, 1 << 21), st.integers(0, 3)),
    st.sampled_from([(), ("127.0.0.1",), "127.0.0.1", None, ["127.0.0.1", 80], ("127.0.0.1", "80"), (None, 1)]),
)


@settings(max_examples=150, deadline=None)
@given(sockaddr=_SOCKADDRS, more=st.sampled_from([0, socket.NI_DGRAM, socket.NI_NAMEREQD, socket.NI_NOFQDN]))
def test_any_address(shared_loop: asyncio.AbstractEventLoop, sockaddr: Any, more: int) -> None:
    flags = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV | more
    expected = outcome_of(lambda: socket.getnameinfo(sockaddr, flags))
    assert outcome_of(lambda: shared_loop.run_until_complete(shared_loop.getnameinfo(sockaddr, flags))) == expected


def test_literals_need_no_thread(loop: asyncio.AbstractEventLoop) -> None:
    loop.set_debug(False)  # asyncio's code measures how long each takes, in the thread that looks it up

    async def scenario() -> None:
        before = threading.active_count()
        for host in ("127.0.0.1", "::1", "fe80::1%1"):
            for port in (80, "80", None):
                assert await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        await loop.getnameinfo(("::1", 80), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
        assert threading.active_count() == before

    loop.run_until_complete(scenario())


def test_answers_are_the_asker_s_own(loop: asyncio.AbstractEventLoop) -> None:
    for _ in range(3):
        answer = loop.run_until_complete(loop.getaddrinfo("127.0.0.1", 7))
        assert len(answer) == 3
        answer.clear()


def test_more_answers_than_are_kept(loop: asyncio.AbstractEventLoop) -> None:
    async def scenario() -> None:
        for port in range(3000):
            (info,) = await loop.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)
            assert info[4] == ("127.0.0.1", port)

    loop.run_until_complete(scenario())


def test_a_replaced_resolver_is_asked(each_loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    each_loop.run_until_complete(each_loop.getaddrinfo("127.0.0.1", 9))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments: ["replaced", arguments[0]])
    answer: Any = each_loop.run_until_complete(each_loop.getaddrinfo("127.0.0.1", 9))
    assert answer == ["replaced", "127.0.0.1"]
    each_loop.run_until_complete(each_loop.shutdown_default_executor())


@pytest.mark.parametrize("question", ["getaddrinfo", "getnameinfo"])
def test_a_cancelled_question_is_answered_to_nobody(
    each_loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    """Whether it is cancelled before, while or after a thread asks the C library."""
    may_answer = threading.Event()
    monkeypatch.setattr(socket, question, lambda *_: may_answer.wait(30))

    async def scenario() -> list[bool]:
        endings = []
        for steps in range(4):
            for answered_first in (False, True):
                may_answer.clear()
                arguments = ("a.name", 1) if question == "getaddrinfo" else (("127.0.0.1", 1),)
                asking: asyncio.Task[object] = asyncio.create_task(getattr(each_loop, question)(*arguments))
                for _ in range(steps):
                    await asyncio.sleep(0)
                if answered_first:
                    may_answer.set()
                asking.cancel()
                await asyncio.wait([asking])
                endings.append(asking.cancelled())
                may_answer.set()
        return endings

    assert all(run(each_loop, scenario()))
    each_loop.run_until_complete(each_loop.shutdown_default_executor())


def test_audit_hooks_see_every_question(loop: asyncio.AbstractEventLoop) -> None:
    seen: list[Any] = []
    listening = True

    def hook(event: str, arguments: Any) -> None:
        # It stays for the rest of the process.
        if listening and event == "socket.getaddrinfo":
            seen.append(arguments)

    sys.addaudithook(hook)
    for _ in range(3):
        loop.run_until_complete(loop.getaddrinfo("127.0.0.1", 11))
    listening = False
    assert seen == [("127.0.0.1", 11, 0, 0, 0)] * 3


def test_debug_mode_logs(each_loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture) -> None:
    each_loop.set_debug(True)
    each_loop.slow_callback_duration = 0
    with caplog.at_level("INFO", logger="asyncio"):
        each_loop.run_until_complete(each_loop.getaddrinfo("127.0.0.1", 13))
    assert "Getting address info 127.0.0.1:13 took" in caplog.text
    each_loop.run_until_complete(each_loop.shutdown_default_executor())
