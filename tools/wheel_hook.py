"""Hatch hook: puts an engine and the bill of its materials into the wheel, and tags the wheel after the engine.

The environment variable ``PYLOOP_WHEEL`` says which: ``native`` is the library, with the licences of what is compiled
into it; ``jvm``, unless it is set, is the jar for a Java virtual machine. Either has the jar of ``pyloop.java``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WheelHook(BuildHookInterface[Any]):
    """One wheel for every CPython: nothing in it is compiled for one interpreter.

    That with the jar installs on every platform, and says where it cannot work when a loop is made.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Sets the wheel's tag and what is in it besides the package's own files.

        Raises:
            FileNotFoundError: the engine has not been built.
            ValueError: the library is for no machine or C library that PyLoop knows.
        """
        if version != "standard":
            return  # an editable install has what is in the folder, which may be made later
        # Hatch loads this file by its path.
        sys.path.insert(0, str(Path(self.root, "tools")))
        import sbom  # noqa: PLC0415
        from library import LIBRARY, wheel_platform  # noqa: PLC0415

        jar = Path(self.root, "python", "pyloop", "lib", "pyloop.jar")
        bridge = jar.with_name("pyloop-bridge.jar")
        native = os.environ.get("PYLOOP_WHEEL") == "native"
        engine = LIBRARY if native else jar
        included = build_data["force_include"]
        for part in (engine, bridge):
            if not part.exists():
                raise FileNotFoundError(f"{part} is not there: run `make build` first")
            included[str(part)] = str(Path("pyloop", part.relative_to(Path(self.root, "python", "pyloop"))))
        build_data["sbom_files"].append(str(sbom.write(engine, self.metadata.version, native=native)))
        build_data["tag"] = "py3-none-any"
        if native:
            from licences import collect  # noqa: PLC0415

            included[str(collect())] = "pyloop/licences"
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{wheel_platform()}"
