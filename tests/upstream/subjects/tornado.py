"""Tornado's suite, which is part of the installed package."""

from __future__ import annotations

import logging

from upstream.subject import Subject

SUBJECT = Subject(
    "tornado",
    tests=("--pyargs", "tornado.test"),
    options=(
        # pytest takes some helpers for tests by their names.
        *("-o", "python_files=*_test.py", "-W", "ignore::pytest.PytestCollectionWarning"),
    ),
    shadows="tornado",
    configured=False,
    environment={"ASYNC_TEST_TIMEOUT": "25"},
)


def prepare() -> None:
    """Keep the log of requests from tests that expect no logs, as Tornado's own runner does."""
    logging.getLogger("tornado.access").setLevel(logging.CRITICAL)
