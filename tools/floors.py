"""Draws the floors of the package ``pyloop`` and of the Java code from their imports: ``python3 tools/floors.py``.

Writes the pictures of docs/floors.md. A room is a folder of modules, a package of classes, or a module by itself; what
stands on a floor imports nothing from one above. A test has the pictures follow the code.
"""

from __future__ import annotations

import ast
import graphlib
import re
import textwrap
from collections.abc import Iterator
from html import escape
from pathlib import Path

from project import ROOT

PACKAGE = ROOT / "python" / "pyloop"
JAVA = ROOT / "src" / "main" / "java" / "dev" / "pyloop"
PICTURES = ROOT / "docs" / "assets"

_JAVA_IMPORT = re.compile(r"^import (?:static )?dev\.pyloop\.((?:[a-z]+\.)*)([A-Z]\w*)(?:\.(\w+))?;", re.MULTILINE)
_JAVA_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_JAVADOC = re.compile(r"/\*\*\s*(.*?)\s*\*/", re.DOTALL)
_JAVA_PACKAGE = re.compile(r"^package dev\.pyloop((?:\.[a-z]+)*);", re.MULTILINE)

_WIDTH = 780
_MARGIN = 54
_TOP = 14
_BOX = 52
_GAP = 20
_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #8a94a0; --back: #fff; --raised: #f5f7f9 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e9ef; --soft: #9aa6b4; --line: #7d8895; --back: #14181e; --raised: #1b2129 } }
text { font: 11px system-ui, sans-serif; fill: var(--soft); text-anchor: middle }
.name { font: 600 13px ui-monospace, monospace; fill: var(--ink) }
.back { fill: var(--back) } .room { fill: var(--raised); stroke: var(--line) }
.arrow { fill: none; stroke: var(--line) } .tip { fill: var(--line) }
"""


def module_name(path: Path) -> str:
    """Returns a module's name inside the package, "" for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules() -> dict[str, Path]:
    """Returns the modules of the package by their names inside it."""
    return {module_name(path): path for path in sorted((*PACKAGE.rglob("*.py"), PACKAGE / "_native.pyi"))}


def imports() -> dict[str, set[str]]:
    """Returns which modules each module imports when it runs, in functions too; not what only type checkers read."""
    known = modules()
    return {name: set(_imported(name, path, known)) - {name} for name, path in known.items()}


def circles(graph: dict[str, set[str]]) -> list[str] | None:
    """Returns the nodes of a circle, None if there is none."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        found: list[str] = error.args[1]
        return found
    return None


def rooms(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Returns the same for rooms: which of them each imports from. A module outside of a folder is a room by itself."""
    found: dict[str, set[str]] = {}
    for name, imported in graph.items():
        room = _room(name)
        found.setdefault(room, set()).update(_room(each) for each in imported)
    return {room: others - {room} for room, others in found.items()}


def java_rooms() -> dict[str, set[str]]:
    """Returns which packages each Java package imports from."""
    found: dict[str, set[str]] = {}
    for path in sorted(JAVA.rglob("*.java")):
        text = path.read_text(encoding="utf-8")
        package = _JAVA_PACKAGE.search(text)
        if package is not None and path.name not in {"package-info.java", "module-info.java"}:
            code = _JAVA_COMMENT.sub("", text)
            names = set(re.findall(r"\w+", _JAVA_IMPORT.sub("", code)))
            # Not what only a comment names.
            others = {
                room.rstrip(".") for room, name, member in _JAVA_IMPORT.findall(code) if (member or name) in names
            }
            found.setdefault(package[1].lstrip("."), set()).update(others)
    return {room: others - {room, ""} for room, others in found.items()}


def pictures() -> dict[Path, str]:
    """Returns the pictures that fit the code, by their files."""
    python, java = rooms(imports()), java_rooms()
    return {
        PICTURES / "floors-python.svg": picture(python, {room: _python_purpose(room) for room in python}, "pyloop"),
        PICTURES / "floors-java.svg": picture(java, {room: _java_purpose(room) for room in java}, "dev.pyloop"),
    }


def picture(graph: dict[str, set[str]], purposes: dict[str, str], root: str) -> str:
    """Returns an SVG of rooms on their floors.

    Args:
        graph: what each room imports from.
        purposes: a sentence on each room.
        root: what the room "" is called.
    """
    floors = _levels(graph)
    height = _TOP + len(floors) * (_BOX + _GAP)
    middle, places, boxes = _WIDTH / 2, {}, []
    for number, floor in enumerate(floors):
        width = (_WIDTH - 2 * _MARGIN - (len(floor) - 1) * _GAP) / len(floor)
        y = _TOP + number * (_BOX + _GAP)
        for place, room in enumerate(floor):
            x = _MARGIN + place * (width + _GAP)
            places[room] = (x, y, width, number)
            boxes.append(f'<rect class="room" x="{x:.0f}" y="{y}" width="{width:.0f}" height="{_BOX}" rx="5"/>')
            middle = x + width / 2
            boxes.append(f'<text class="name" x="{middle:.0f}" y="{y + 17}">{escape(room or root)}</text>')
            lines = textwrap.wrap(purposes.get(room, ""), int(width / 5.6), max_lines=2, placeholder=" …")
            for line, text in enumerate(lines):
                boxes.append(f'<text x="{middle:.0f}" y="{y + 32 + 13 * line}">{escape(text)}</text>')
    arrows = [_arrow(places[room], places[other]) for room, other in _direct(graph)]
    label = f"The floors of {root}, the highest first: " + "; ".join(
        ", ".join(room or root for room in floor) for floor in floors
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(label)}">\n<style>{_STYLE}</style>\n'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>\n'
        f'<rect class="back" width="{_WIDTH}" height="{height}" rx="6"/>\n'
        + "\n".join([*arrows, *boxes])
        + "\n</svg>\n"
    )


def main() -> None:
    """Writes the pictures."""
    for path, text in pictures().items():
        path.write_text(text, encoding="utf-8")


def _arrow(start: tuple[float, float, float, int], end: tuple[float, float, float, int]) -> str:
    x, y, width, floor = start
    other_x, other_y, other_width, other_floor = end
    if other_floor == floor + 1:
        # As upright as the boxes permit.
        low, high = max(x, other_x), min(x + width, other_x + other_width)
        if low < high:
            line = f"M{(low + high) / 2:.0f} {y + _BOX}V{other_y}"
        else:
            line = f"M{x + width / 2:.0f} {y + _BOX}L{other_x + other_width / 2:.0f} {other_y}"
    else:
        # Around the floors between, on the side that is nearer.
        right = x + width / 2 + other_x + other_width / 2 >= _WIDTH
        edge, other_edge = (x + width, other_x + other_width) if right else (x, other_x)
        bend = (_WIDTH if right else 0) + (10 if right else -10)
        goal = f"{other_edge:.0f} {other_y + _BOX / 2:.0f}"
        line = f"M{edge:.0f} {y + _BOX / 2:.0f}C{bend} {y + _BOX:.0f} {bend} {other_y} {goal}"
    return f'<path class="arrow" d="{line}" marker-end="url(#tip)"/>'


def _python_purpose(room: str) -> str:
    path = PACKAGE / room / "__init__.py" if (PACKAGE / room).is_dir() else modules()[room]
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return _sentence(text.replace("``", ""))


def _java_purpose(room: str) -> str:
    path = JAVA.joinpath(*room.split("."), "package-info.java")
    found = _JAVADOC.search(path.read_text(encoding="utf-8")) if path.exists() else None
    text = re.sub(r"(?m)^\s*\* ?", "", found[1]) if found else ""
    text = re.sub(r"\{@\w+ #?([^}]*)\}", r"\1", text)
    return _sentence(re.sub(r"^Floor \d+(?:, [^:]*)?: ", "", re.sub(r"</?\w+>", "", text)))


def _sentence(text: str) -> str:
    """Returns the first sentence of a text."""
    paragraph = " ".join(text.partition("\n\n")[0].split())
    return re.split(r"(?<=\.)\s", paragraph)[0].removesuffix(".")


def _imported(name: str, path: Path, known: dict[str, Path]) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in _executed(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".") if package else []
                above = above[: len(above) - node.level + 1]
                base = ".".join(["pyloop", *above, *([base] if base else [])])
            targets = [f"{base}.{alias.name}" if f"{base}.{alias.name}"[7:] in known else base for alias in node.names]
        else:
            continue
        for target in targets:
            if (target == "pyloop" or target.startswith("pyloop.")) and target[7:] in known:
                yield target[7:]


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """Yields the nodes below one, but those for type checkers only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            for statement in child.orelse:
                yield statement
                yield from _executed(statement)
            continue
        yield child
        yield from _executed(child)


def _room(name: str) -> str:
    return name.partition(".")[0]


def _levels(graph: dict[str, set[str]]) -> list[list[str]]:
    """Returns the rooms floor by floor, the highest first."""
    sorter = graphlib.TopologicalSorter(graph)
    height: dict[str, int] = {}
    for room in sorter.static_order():
        height[room] = 1 + max((height[each] for each in graph.get(room, ())), default=-1)
    return [sorted(room for room in height if height[room] == level) for level in range(max(height.values()), -1, -1)]


def _direct(graph: dict[str, set[str]]) -> list[tuple[str, str]]:
    """Returns the edges but those that follow from others: a picture of all of them would show none."""
    reach: dict[str, set[str]] = {}
    for room in graphlib.TopologicalSorter(graph).static_order():
        reach[room] = set().union(*({each} | reach[each] for each in graph.get(room, ())))
    return [
        (room, other)
        for room in sorted(graph)
        for other in sorted(graph[room])
        if not any(other in reach[each] for each in graph[room] - {other})
    ]


if __name__ == "__main__":
    main()
