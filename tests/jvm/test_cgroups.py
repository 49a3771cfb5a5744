"""Where a control group leaves too little for a JVM, the first loop is refused; the system would kill the process."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyloop._start.jvm import cgroups
from support.programs import lines_of

MIB = 1 << 20
VERSIONS = {
    "1": ("4:memory:{path}\n0::/\n", "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_"),
    "2": ("0::{path}\n", "", "memory.max", "memory.current", ""),
}


class _Groups:
    """A tree of control groups in files."""

    def __init__(self, folder: Path, version: str) -> None:
        line, self._top, *self._names, self._prefix = VERSIONS[version]
        self._folder = folder
        self.own = folder / "own"
        self.own.write_text(line.format(path="/outer/inner"))
        self.swaps = folder / "swaps"
        self.swaps.write_text("Filename Type Size Used Priority\n")

    def group(self, path: str, limit: str, used: int = 10 * MIB, files: int = 0) -> None:
        group = self._folder / self._top / path
        group.mkdir(parents=True, exist_ok=True)
        for name, value in zip(self._names, (limit, used), strict=True):
            (group / name).write_text(f"{value}\n")
        stat = f"cache 5\n{self._prefix}active_file {files}\n{self._prefix}inactive_file 1\n"
        (group / "memory.stat").write_text(stat)

    def room(self) -> int | None:
        return cgroups.room(self.own, self._folder, self.swaps)


@pytest.fixture(params=VERSIONS)
def groups(tmp_path: Path, request: pytest.FixtureRequest) -> _Groups:
    return _Groups(tmp_path, request.param)


def test_the_narrowest_group_counts_and_files_do_not(groups: _Groups) -> None:
    groups.group("outer/inner", str(80 * MIB))
    assert groups.room() == 70 * MIB + 1
    groups.group("outer", str(60 * MIB), files=3 * MIB)
    assert groups.room() == 53 * MIB + 1
    groups.group("", str(30 * MIB))
    assert groups.room() == 20 * MIB + 1


def test_nothing_is_known_where_nothing_limits(groups: _Groups) -> None:
    assert groups.room() is None
    groups.group("outer/inner", "max")
    assert groups.room() is None
    groups.own.unlink()
    assert groups.room() is None


def test_a_container_that_does_not_see_its_own_group_sees_the_top(groups: _Groups) -> None:
    groups.group("", str(30 * MIB))
    assert groups.room() == 20 * MIB + 1


def test_swap_space_is_room_enough(groups: _Groups) -> None:
    groups.group("outer/inner", str(30 * MIB))
    groups.swaps.write_text("Filename Type Size Used Priority\n/swapfile file 1000 0 -2\n")
    assert groups.room() is None


@contextlib.contextmanager
def _narrow_group(limit: int) -> Iterator[Path]:
    """A group of its own, of the first version or the second, whichever this machine lets be made."""
    for top, name in (("memory", "memory.limit_in_bytes"), ("", "memory.max")):
        group = Path("/sys/fs/cgroup") / top / f"pyloop-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            if (group / name).exists():
                (group / name).write_text(str(limit))
                yield group
                return
        finally:
            group.rmdir()
    pytest.skip("no control group can be made here")


def test_a_first_loop_in_a_narrow_group_is_refused() -> None:
    if len(Path("/proc/swaps").read_text().splitlines()) > 1:
        pytest.skip("the system would swap")
    with _narrow_group(40 * MIB) as group:
        lines = lines_of(
            f"""
from pathlib import Path
Path({os.fspath(group / "cgroup.procs")!r}).write_text(str(os.getpid()))
try:
    new_event_loop()
except RuntimeError as error:
    say("control group" in str(error))
"""
        )
    assert lines == ["True"]
