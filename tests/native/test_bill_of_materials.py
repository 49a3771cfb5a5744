"""The bill of materials of a wheel: made of what the build knows, equal for equal inputs, and silent about nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

import sbom
from library import LIBRARY
from native_build import downloads

OF_ORACLE: Final = {"GPL-2.0-only WITH Classpath-exception-2.0", "UPL-1.0"}


def test_every_artifact_of_the_builder_is_in_it_with_its_licence() -> None:
    parts = list(sbom.materials(LIBRARY))
    artifacts = {f"{part['name']}-{part['version']}.jar": part for part in parts if "group" in part}
    assert sorted(artifacts) == [jar.name for jar in downloads.builder_jars()]
    licences = [licence for part in artifacts.values() for licence in part["licenses"]]
    assert {licence.get("expression") or licence["license"]["id"] for licence in licences} == OF_ORACLE
    assert {"java.base", "zig"} < {part["name"] for part in parts}


def test_an_artifact_that_nobody_knows_fails_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = Path(f"new-part-{downloads.graalvm_version()}.jar")
    monkeypatch.setattr(downloads, "builder_jars", lambda: [unknown])
    with pytest.raises(SystemExit, match=unknown.name):
        list(sbom.materials(LIBRARY))


def test_equal_wheels_have_equal_bills_and_others_have_not() -> None:
    parts = list(sbom.materials(LIBRARY))
    first, second = (sbom.bill(LIBRARY, "1.0", parts) for _ in range(2))
    assert json.dumps(first) == json.dumps(second)
    assert sbom.bill(LIBRARY, "1.0", parts[1:])["serialNumber"] != first["serialNumber"]
    assert {dependency["ref"] for dependency in first["dependencies"]} == {
        component["bom-ref"] for component in [first["metadata"]["component"], *first["components"]]
    }
