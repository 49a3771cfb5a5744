"""What the loops of the soak do, and how often."""

from __future__ import annotations

from typing import Final

from soak.jobs.cancelling import cancelled
from soak.jobs.children import child, killed_child
from soak.jobs.connections import connection
from soak.jobs.datagrams import internet_datagrams, unix_datagrams
from soak.jobs.executors import work_of_threads
from soak.jobs.files import file
from soak.jobs.forks import fork
from soak.jobs.pipes import pipe
from soak.jobs.plain_sockets import plain_connection
from soak.jobs.streams import stream
from soak.jobs.threads import calls_from_threads
from soak.jobs.timers import timers
from soak.surroundings import Job

CONNECTING: Final[tuple[Job, ...]] = (connection, stream, plain_connection)

WEIGHTS: Final[dict[Job, int]] = {
    connection: 30,
    stream: 20,
    plain_connection: 15,
    cancelled(connection, stream, plain_connection, file, pipe, unix_datagrams, child): 30,
    internet_datagrams: 5,
    unix_datagrams: 5,
    file: 4,
    pipe: 5,
    timers: 8,
    calls_from_threads: 4,
    work_of_threads: 4,
    child: 3,
    killed_child: 1,
}
"""What every loop does, and how often each of it in comparison."""

RARE: Final[dict[Job, int]] = {fork: 1}
"""What the main loop does beside that, once in a round."""
