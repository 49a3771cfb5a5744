"""Runs the tests of this folder: ``python tests/java/run.py``, with pytest's options.

The virtual machine has to be JPype's, also where PyLoop's engine runs in one. So it is started before anything of
PyLoop's is, which pytest by itself imports first.
"""

from __future__ import annotations

import faulthandler
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parents[0]), str(FOLDER.parents[1] / "tools")]

from support import java  # noqa: E402 - it is found by then

if __name__ == "__main__":
    # Java has uses of its own for SIGSEGV: whoever wants to hear of it has to come first, and pytest would not.
    faulthandler.enable()
    java.start()
    named = any(
        not argument.startswith("-") and Path(argument.partition("::")[0]).exists() for argument in sys.argv[1:]
    )
    sys.exit(pytest.main(["-p", "no:faulthandler", *sys.argv[1:], *([] if named else [str(FOLDER)])]))
