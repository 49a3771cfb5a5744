"""The options and the output the benchmarks share."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import loops
import machine


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that knows `--loops`, `--rounds` and `--json`."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument(
        "--loops",
        action=_Names,
        nargs="+",
        type=_loop_names,
        default=loops.available(),
        metavar="NAMES",
        help=f"names between commas or spaces (default: all that can be imported, here {','.join(loops.available())})",
    )
    options.add_argument("--rounds", type=_count, default=5, help="fresh processes per figure (default: %(default)s)")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the setting and every sample there")
    return options


def publish(arguments: argparse.Namespace, results: dict[str, Any], tables: list[str]) -> None:
    """Print the setting and the `tables`, and write the `results` to the file asked for, if any."""
    setting = machine.describe(arguments.loops) | {"rounds": str(arguments.rounds)}
    if arguments.json:
        arguments.json.write_text(json.dumps({"setting": setting, **results}, indent=2) + "\n")
    print(", ".join(f"{name}: {value}" for name, value in setting.items()))
    for table in tables:
        print("", table, sep="\n")


class _Names(argparse.Action):
    """Puts names given in several arguments into one list."""

    def __call__(
        self, _parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, _option: str | None = None
    ) -> None:
        setattr(namespace, self.dest, [name for names in values for name in names])


def _loop_names(text: str) -> list[str]:
    names = text.split(",")
    if missing := set(names) - set(loops.available()):
        raise argparse.ArgumentTypeError(f"cannot be imported here: {', '.join(sorted(missing))}")
    return names


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return count
