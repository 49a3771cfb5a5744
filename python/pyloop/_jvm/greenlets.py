"""What a virtual machine and greenlets cannot do together.

A greenlet that is switched away from takes its piece of the C stack along. Where Java's frames of a running loop lie in
it, the machine crashes when it next looks through its stacks. The frames of a loop that runs outside of greenlets stay
where they are, whatever its callbacks do with greenlets of their own.
"""

from __future__ import annotations

import sys


def refuse_to_run_in_one() -> None:
    """Raise an error if the caller runs in a greenlet; of programs without greenlets nothing is imported.

    Raises:
        RuntimeError: it does.
    """
    package = sys.modules.get("greenlet")
    if package is not None and package.getcurrent().parent is not None:
        raise RuntimeError(
            "PyLoop's JVM engine runs no loop in a greenlet: to switch away from it would crash the process; "
            "the native library can (PYLOOP_ENGINE=native)"
        )
