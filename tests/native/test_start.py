"""The start of the library: it loads nothing dear, and needs nothing of Java's."""

from __future__ import annotations

from support.programs import lines_of


def test_the_start_imports_nothing_that_is_dear() -> None:
    (line,) = lines_of(
        """
before = set(sys.modules)
pyloop.run(asyncio.sleep(0))
dear = {"ctypes", "shlex", "pathlib", "typing", "importlib.resources", "mmap", "re", "zlib", "inspect", "tempfile"}
say(sorted((set(sys.modules) - before) & dear))
"""
    )
    assert line == "[]"


def test_nothing_is_left_of_java_in_the_process() -> None:
    lines = lines_of(
        """
from pathlib import Path
from support.descriptors import maps_jvm, open_descriptors
threads, descriptors = len(os.listdir("/proc/self/task")), open_descriptors()
loop = new_event_loop()
say(loop.run_until_complete(asyncio.sleep(0.001, "ran")))
loop.close()
say(maps_jvm(), len(os.listdir("/proc/self/task")) - threads, open_descriptors() - descriptors)
"""
    )
    assert lines == ["ran", "False 0 Counter()"]
