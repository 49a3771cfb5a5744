"""The command line of ``python -m pyloop top``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

from . import asking

_NO_ANSWER = 1
_EXAMPLES = """\
The process must let others look: PYLOOP_MONITOR=1 in its environment, or pyloop.monitor.serve(). On Python 3.14 and
newer others are let in too, where Python's remote attaching is allowed.
"""


def main(arguments: list[str]) -> int:
    """Look into a process, and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.json:
            sys.stdout.write(json.dumps(asking.ask(options.pid), indent=2) + "\n")
            return 0
        return _show(options.pid, options.interval, once=options.once)
    except asking.NoAnswerError as error:
        sys.stderr.write(f"{error}\n")
        return _NO_ANSWER
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pyloop top", description="Looks into the event loops of another process.", epilog=_EXAMPLES
    )
    parser.add_argument("pid", type=int, help="the number of the process")
    parser.add_argument("--once", action="store_true", help="show it once, and end")
    parser.add_argument("--json", action="store_true", help="with --once: print what is known as JSON")
    parser.add_argument("--interval", type=_seconds, default=1.0, metavar="SECONDS", help="time between two looks")
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not seconds > 0:
        raise ValueError(text)
    return seconds


def _show(pid: int, interval: float, *, once: bool) -> int:
    try:
        from rich.console import Console  # noqa: PLC0415 - an extra
        from rich.live import Live  # noqa: PLC0415 - an extra

        from . import view  # noqa: PLC0415 - needs the extra
    except ModuleNotFoundError as error:
        sys.stderr.write(f"{error}: pip install 'pyloop-asyncio[top]'\n")
        return _NO_ANSWER
    console = Console()
    before: dict[str, Any] = asking.ask(pid, watch=True)
    if once:
        time.sleep(interval)
        console.print(view.page(before, asking.ask(pid, watch=True)))
        return 0
    with Live(view.page(None, before), console=console, screen=True, auto_refresh=False) as live:
        while True:
            time.sleep(interval)
            now = asking.ask(pid, watch=True)
            live.update(view.page(before, now), refresh=True)
            before = now
