"""How much memory the control groups leave to this process: the system kills who takes more, without a word."""

from __future__ import annotations

from pathlib import Path

TYPE_CHECKING = False  # not from typing, which is slow to import
if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path("/sys/fs/cgroup")

# Of both versions: what limits the memory, what tells how much is used, and what of that the system takes back: files.
_FILES = {
    "memory.max": ("memory.current", ("active_file", "inactive_file")),
    "memory.limit_in_bytes": ("memory.usage_in_bytes", ("total_active_file", "total_inactive_file")),
}


def room(groups: Path = Path("/proc/self/cgroup"), root: Path = _ROOT, swaps: Path = Path("/proc/swaps")) -> int | None:
    """Return how many bytes are left; None where nothing limits them, nobody tells, or there is swap space to go to."""
    try:
        if len(swaps.read_text(encoding="utf-8").splitlines()) > 1:
            return None
        rooms = [left for folder in _folders(groups, root) for left in _left(folder)]
    except (OSError, ValueError):
        return None
    return min(rooms, default=None)


def _folders(groups: Path, root: Path) -> Iterator[Path]:
    """Every group that this process is in and that may limit its memory. A container may not see those around it."""
    for line in groups.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers or "memory" in controllers.split(","):
            top = root / "memory" if controllers else root
            own = top / path.lstrip("/")
            while own != top and top in own.parents:
                yield own
                own = own.parent
            yield top


def _left(folder: Path) -> Iterator[int]:
    for limit, (usage, files) in _FILES.items():
        try:
            most = (folder / limit).read_text(encoding="utf-8").strip()
            used = int((folder / usage).read_text(encoding="utf-8"))
            lines = (folder / "memory.stat").read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        if most != "max":
            fields = dict(line.split(maxsplit=1) for line in lines)
            yield int(most) - used + sum(int(fields.get(name, 0)) for name in files)
