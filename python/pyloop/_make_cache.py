"""``python -m pyloop --make-cache``: makes the AOT cache of this environment, and waits for it.

For images of containers, and wherever a first start is to be as short as the later ones.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from . import _platform

_IMPOSSIBLE = (
    "no cache can be made: PYLOOP_NO_CACHE is set, an option for the JVM is not one that a second process may repeat, "
    "there is no folder for it, or the system does not tell its kind of processor"
)


def main() -> bool:
    """Make the cache unless there is one; say on the standard output what there is, and return whether there is one.

    The folder and the file get the permissions that the process gives by default (umask).
    """
    try:
        _platform.check()
        # Where the platform is not supported, not even these can be imported.
        from . import _runtime, _training  # noqa: PLC0415

        state, path, _ = _runtime.cache_state()
        if path is None:
            return _fail(_IMPOSSIBLE)
        if state != "ready":
            cache, libjvm, jar = map(Path, (path, *_runtime.files()))
            cache.parent.mkdir(parents=True, exist_ok=True)
            _training.make(cache, libjvm, jar)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        return _fail(f"the cache could not be made: {error}")
    state, path, size = _runtime.cache_state()
    if state != "ready":
        return _fail(f"the cache was made, but is not to be trusted, for others may write it: {path}")
    sys.stdout.write(f"{path} ({size / 1e6:.1f} MB)\n")
    return True


def _fail(text: str) -> bool:
    sys.stderr.write(f"pyloop: {text}\n")
    return False
