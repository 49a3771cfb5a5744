"""The plan of the package: no module imports in a circle, no room from one above it, and the picture shows that."""

from __future__ import annotations

import re
from typing import Final

import floors
from project import ROOT

_JAVA: Final = ROOT / "src" / "main" / "java"
_NAMED: Final = re.compile(r'"pyloop\.([\w.]+)"')


def test_the_imports_are_found() -> None:
    """So that the other tests do not pass for want of any."""
    imports = floors.imports()
    assert "_start.jvm" in imports["_start.choice"]  # in a function
    assert {"_loop", "_stock"}.isdisjoint(imports["_for_engine.views"])  # for type checkers
    assert "_transports.streams" in imports["_transports.pipes"]  # from a sibling
    assert {"_engine", "_stock"} <= imports["_methods.names"]  # from the package


def test_modules_import_in_no_circle_not_in_functions_either() -> None:
    assert floors.circles(floors.imports()) is None


def test_rooms_stand_on_floors() -> None:
    assert floors.circles(floors.rooms(floors.imports())) is None


def test_what_only_type_checkers_would_miss_is_a_circle() -> None:
    assert floors.circles({"a": {"b"}, "b": {"c"}, "c": {"a"}}) is not None


def test_the_engine_imports_what_was_made_for_it() -> None:
    """Java code names modules in strings; they are those of ``_for_engine``, and ``_stock``."""
    (fetching,) = _JAVA.rglob("Imports.java")
    named = set(_NAMED.findall(fetching.read_text(encoding="utf-8")))
    made = {name for name in floors.modules() if name.startswith("_for_engine.")}
    assert named == {"_stock", *made} - {"_for_engine.views"}  # which those import


def test_every_module_that_java_names_is_there() -> None:
    known = floors.modules()
    named = {
        (path.name, name)
        for path in _JAVA.rglob("*.java")
        for name in _NAMED.findall(path.read_text(encoding="utf-8"))
        if not name.startswith("_engine.")  # its types
    }
    assert {name for _, name in named} >= {"_transports.streams", "_stock"}
    assert [each for each in sorted(named) if each[1] not in known] == []


def test_the_pictures_are_the_code_s() -> None:
    """``python3 tools/floors.py`` draws them."""
    for path, text in floors.pictures().items():
        assert path.read_text(encoding="utf-8") == text, f"{path} shows the code as it was: run tools/floors.py"
