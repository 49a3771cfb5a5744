"""The documentation: its programs run and print what it says, and every public name is in its reference."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

import pytest

import pyloop
from support.programs import run_command

_ROOT: Final = Path(__file__).resolve().parents[2]
_PAGES: Final = [_ROOT / "README.md", _ROOT / "CONTRIBUTING.md", *sorted((_ROOT / "docs").glob("*.md"))]

# A whole program, and what it prints if that follows. What is only a part of one is marked as `py`.
_PROGRAM: Final = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
_PROGRAMS: Final = [
    pytest.param(found[1], found[2], id=f"{page.stem}-{number}")
    for page in _PAGES
    for number, found in enumerate(_PROGRAM.finditer(page.read_text(encoding="utf-8")))
]


@pytest.mark.parametrize(("program", "output"), _PROGRAMS)
def test_a_program_of_the_documentation_runs(program: str, output: str | None, tmp_path: Path) -> None:
    done = run_command([sys.executable, "-W", "error", "-c", program], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert output is None or done.stdout == output


@pytest.mark.parametrize("name", pyloop.__all__)
def test_a_public_name_is_in_the_reference(name: str) -> None:
    text = (_ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert re.search(rf"\bpyloop\.(_loop\.|_policy\.|_observe\.\w+\.)?{name}\b", text)


def test_nobody_is_told_to_install_another_project() -> None:
    # `pyloop` on PyPI is a package manager.
    places = [
        *_PAGES,
        *(_ROOT / "benchmarks").glob("*.md"),
        *_ROOT.glob("examples/**/*"),
        *_ROOT.glob("python/**/*.py"),
    ]
    texts = {path: path.read_text(encoding="utf-8") for path in places if path.is_file()}
    commands = {(path, line) for path, text in texts.items() for line in text.splitlines() if "pip install" in line}
    assert any("pyloop-asyncio" in line for _, line in commands)
    assert [(path, line) for path, line in commands if re.search(r"pip install.*\bpyloop(?![\w-])", line)] == []
