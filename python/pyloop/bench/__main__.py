"""``python -m pyloop.bench``: runs the benchmark, or says how to install it."""

from __future__ import annotations

import sys

_MISSING = "The benchmark is not installed: pip install 'pyloop-asyncio[bench]'"


def main() -> None:
    """Run the benchmark.

    Raises:
        SystemExit: it is not installed; or it has failed.
    """
    try:
        from pyloop_bench import command_line  # noqa: PLC0415 - it may not be there
    except ModuleNotFoundError as error:
        if error.name != "pyloop_bench":
            raise
        sys.exit(_MISSING)
    command_line.main()


if __name__ == "__main__":
    main()
