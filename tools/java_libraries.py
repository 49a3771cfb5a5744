"""Fetches the Java libraries that tests/java and examples/java use, and prints them as a class path.

``python3 tools/java_libraries.py`` has Maven fetch those of tests/java/jars.xml, and what they need, into
build/java-libraries. tests/java/jars.sha256 has the digest of every one; another file, or another content, is an error.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from project import BUILD, ROOT, fresh, run

POM = ROOT / "tests" / "java" / "jars.xml"
DIGESTS = ROOT / "tests" / "java" / "jars.sha256"


def digests() -> dict[str, str]:
    """Returns the SHA-256 of each library, by the name of its file."""
    lines = DIGESTS.read_text(encoding="utf-8").split("\n")
    return {name: digest for digest, name in (line.split() for line in lines if line)}


def provide() -> list[Path]:
    """Returns the libraries, fetching them if need be.

    Raises:
        SystemExit: they could not be fetched, or are not what is expected.
    """
    wanted = digests()
    folder = BUILD / "java-libraries"
    if not folder.is_dir() or {path.name for path in folder.iterdir()} != set(wanted):
        unfinished = fresh(folder)
        run(
            *(ROOT / "tools" / "mvn", "--quiet", "-f", POM),
            *("dependency:copy-dependencies", f"-DoutputDirectory={unfinished}"),
        )
        check(unfinished, wanted)
        if folder.is_dir():
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
        unfinished.rename(folder)
    return sorted(folder / name for name in wanted)


def check(folder: Path, wanted: dict[str, str]) -> None:
    """Checks that a folder has the files that are wanted, and no other.

    Raises:
        SystemExit: it has not.
    """
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    if found != wanted:
        text = "".join(f"{digest}  {name}\n" for name, digest in sorted(found.items()))
        raise SystemExit(f"not what {DIGESTS.relative_to(ROOT)} names:\n{text}")


if __name__ == "__main__":
    sys.stdout.write(f"{os.pathsep.join(map(str, provide()))}\n")
