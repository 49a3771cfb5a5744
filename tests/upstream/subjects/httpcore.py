"""httpcore's suite, what runs on trio left out."""

from __future__ import annotations

from upstream.subject import Subject

SUBJECT = Subject("httpcore", options=("-k", "not trio"), shadows="httpcore")
