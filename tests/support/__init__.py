"""Helpers shared by the behaviour tests: loops to compare, outcomes, programs run in processes of their own."""

from __future__ import annotations

import os
from typing import Final

# Making an AOT cache in the background would disturb other tests; those of the cache take this back. It is said here
# because what comes after an import of this may start the engine.
NO_CACHE: Final = "PYLOOP_NO_CACHE"
os.environ[NO_CACHE] = "1"
