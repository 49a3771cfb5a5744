"""The tests of the suite that PyLoop need not pass, each with the reason.

Only white-box tests belong here: those that assert the identity or the private structure of the stock loop. What a
program could notice is a defect of PyLoop, or a difference to be documented, never an entry.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Exclusion:
    """A test that may fail.

    Attributes:
        test: its name, ``module.Class.method``.
        reason: what it asserts of the stock loop that is not so of PyLoop.
        versions: the versions of Python where it is excluded, as in ``"3.12"``; all of them if empty.
        hangs: it does not end when it fails, so that it is not even run.
    """

    test: str
    reason: str
    versions: tuple[str, ...] = ()
    hangs: bool = False


EXCLUSIONS: tuple[Exclusion, ...] = (
    Exclusion(
        "test_ssl.TestSSL.test_remote_shutdown_receives_trailing_data_on_slow_socket",
        "it looks at _read_ready_cb of asyncio's own transport, and replaces its _sock",
        ("3.14", "3.15"),
        hangs=True,
    ),
    Exclusion(
        "test_unix_events.PidfdChildWatcherTests.test_pidfd_closed_when_waitpid_raises",
        "it waits until os.waitpid, which asyncio's own watcher of children calls, has failed; PyLoop calls os.waitid",
        ("3.15",),
        hangs=True,
    ),
    Exclusion(
        "test_unix_events.SelectorEventLoopUnixSockSendfileTests.test_sock_sendfile_not_available",
        "it takes os.sendfile from the module of asyncio's own loop",
    ),
)


def excluded(version: str) -> dict[str, str]:
    """Return the tests excluded on ``version`` of Python that are run, and why."""
    return {entry.test: entry.reason for entry in _of(version) if not entry.hangs}


def hanging(version: str) -> list[str]:
    """Return the tests that are not run on ``version`` of Python."""
    return [entry.test for entry in _of(version) if entry.hangs]


def _of(version: str) -> list[Exclusion]:
    return [entry for entry in EXCLUSIONS if not entry.versions or version in entry.versions]
