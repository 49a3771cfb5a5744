"""aiohttp's suite: client, server, web sockets, multipart."""

from __future__ import annotations

from upstream.subject import Subject

# Without the options of its own runs: coverage, and many processes.
SUBJECT = Subject(
    "aiohttp",
    options=("-o", "addopts=", "-m", "not dev_mode and not autobahn and not internal"),
    shadows="aiohttp",
)
