"""Hatch hook: checks that the engine is in the package, packs a Java runtime if asked to, and tags the wheel.

The environment variable ``PYLOOP_WHEEL_RUNTIME`` names the runtime's folder, which ``tools/runtime.py`` has made.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WheelHook(BuildHookInterface[Any]):
    """One wheel for every CPython: nothing in it is compiled for an interpreter.

    Without a runtime it installs on every platform, and says where it cannot work when a loop is made.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Sets the wheel's tag and what is in it besides the package's own files.

        Raises:
            FileNotFoundError: the engine's jar has not been built.
            ValueError: the runtime is not built for glibc.
        """
        jar = Path(self.root, "python", "pyloop", "lib", "pyloop.jar")
        # An editable install has no copy of its own and may be made before the jar.
        if version == "standard" and not jar.exists():
            raise FileNotFoundError(f"{jar} is not there: run `make build` first")
        folder = os.environ.get("PYLOOP_WHEEL_RUNTIME")
        if not folder:
            build_data["tag"] = "py3-none-any"
            return
        # Hatch loads this file by its path.
        sys.path.insert(0, str(Path(self.root, "tools")))
        from runtime import wheel_platform  # noqa: PLC0415

        runtime = Path(self.root, folder)
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{wheel_platform(runtime)}"
        build_data["force_include"][str(runtime)] = "pyloop/runtime"
