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
    """

    test: str
    reason: str
    versions: tuple[str, ...] = ()


EXCLUSIONS: tuple[Exclusion, ...] = (
    Exclusion(
        "test_ssl.TestSSL.test_remote_shutdown_receives_trailing_data_on_slow_socket",
        "it replaces write() on one transport, and looks at _read_ready_cb and _sock of asyncio's own",
        ("3.14",),
    ),
    Exclusion(
        "test_unix_events.SelectorEventLoopUnixSockSendfileTests.test_sock_sendfile_not_available",
        "it takes os.sendfile from the module of asyncio's own loop",
    ),
)


def excluded(version: str) -> dict[str, str]:
    """Return the tests excluded on ``version`` of Python, and why."""
    return {entry.test: entry.reason for entry in EXCLUSIONS if not entry.versions or version in entry.versions}
