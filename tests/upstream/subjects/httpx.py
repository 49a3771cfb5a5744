"""httpx's suite, what runs on trio and what needs the internet left out."""

from __future__ import annotations

from upstream.subject import Subject

SUBJECT = Subject("httpx", options=("-k", "not trio", "-m", "not network"), shadows="httpx")
