"""What is done while system calls fail: a little of everything that loops do. Each leaves nothing behind.

A scenario returns normally if all went well, and may raise what asyncio would; wrong bytes are neither.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from faults.scenarios.children import child, child_with_pipes
from faults.scenarios.datagrams import udp, unix_datagrams
from faults.scenarios.files import pipes, sent_file, sent_file_of_a_socket
from faults.scenarios.plain_sockets import readers_and_writers, sock_datagrams, sock_methods
from faults.scenarios.streams import backpressure, many_clients, tcp, tcp_half_closed, tls, unix
from faults.scenarios.waiting import signals, threads, timers

Scenario: TypeAlias = Callable[[], Awaitable[None]]

SCENARIOS: Final[tuple[Scenario, ...]] = (
    tcp,
    tcp_half_closed,
    backpressure,
    many_clients,
    unix,
    tls,
    udp,
    unix_datagrams,
    sock_methods,
    sock_datagrams,
    readers_and_writers,
    sent_file,
    sent_file_of_a_socket,
    pipes,
    child,
    child_with_pipes,
    timers,
    threads,
    signals,
)
