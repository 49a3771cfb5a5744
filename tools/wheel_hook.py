"""Hatch hook: checks that the engine is in the package, and tags the wheel with the platforms it runs on."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WheelHook(BuildHookInterface[Any]):
    """One wheel for every CPython: nothing in it is compiled for an interpreter.

    The engine itself is portable too, but it calls glibc and knows the structures of one platform at a time.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Sets the wheel's tag.

        Raises:
            FileNotFoundError: the engine's jar has not been built.
        """
        jar = Path(self.root, "python", "pyloop", "lib", "pyloop.jar")
        # An editable install has no copy of its own and may be made before the jar.
        if version == "standard" and not jar.exists():
            raise FileNotFoundError(f"{jar} is not there: run `make build` first")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-manylinux_2_17_{platform.machine()}"
