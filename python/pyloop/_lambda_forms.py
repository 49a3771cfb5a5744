"""Has the JVM put the glue code of the engine's method handles into an AOT cache, where it cannot by itself.

For every shape of method handle the JVM generates classes at run time (*lambda forms*), and a cache of JDK 25 holds
only those of shapes that the file ``lib/classlist`` of the Java runtime lists. So the record for the cache is made by a
copy of the runtime whose list has the engine's shapes too. The JVM itself tells them, when it is asked to trace.
"""

from __future__ import annotations

import shutil
from pathlib import Path

TRACE_OPTION = "-Djava.lang.invoke.MethodHandle.TRACE_RESOLVE=true"
"""Makes a JVM write to its standard output which shapes it looked for, and whether they were there."""

_TRACED = "[LF_RESOLVE] "
_MISSING = " (fail)"
_LISTED = "@lambda-form-invoker "
_COPIED = ("classlist", "server")


def missing(trace: str) -> list[str]:
    """Return the lines of a class list for the shapes that a trace says were not there."""
    return sorted(
        {
            _LISTED + line.removesuffix(_MISSING)
            for line in trace.splitlines()
            if line.startswith(_TRACED) and line.endswith(_MISSING)
        }
    )


def copy_runtime(home: Path, folder: Path, lines: list[str]) -> None:
    """Make ``folder`` a Java runtime like that at ``home``, with ``lines`` more in its class list.

    What the JVM finds its home by is copied, everything else linked.

    Raises:
        OSError: there is no room or no permission, or the runtime has no class list.
    """
    library = folder / "lib"
    (library / "server").mkdir(parents=True)
    for source, target in ((home, folder), (home / "lib", library)):
        for entry in source.iterdir():
            if entry.name not in ("lib", *_COPIED):
                (target / entry.name).symlink_to(entry)
    shutil.copyfile(home / "lib" / "server" / "libjvm.so", library / "server" / "libjvm.so")
    text = (home / "lib" / "classlist").read_text(encoding="utf-8")
    (library / "classlist").write_text("\n".join([text.rstrip("\n"), *lines, ""]), encoding="utf-8")
