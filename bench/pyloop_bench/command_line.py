"""The options, and what is done with the results."""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from . import catalogue, live, loops, machine, markdown, page, picture, report, rounds
from .model import Setting, Workload


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m pyloop.bench", description=__doc__)
    parser.add_argument(
        "--loops", type=_names, metavar="NAMES", help="between commas (default: all there are but pyloop-jvm)"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PATTERN",
        help="workloads such as 'echo-*-1k-*'; may be repeated",
    )
    parser.add_argument("--list", action="store_true", help="print the workloads; those of the default are marked")
    parser.add_argument("--rounds", type=_count, help="fresh processes per figure (default: 2)")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no round that would not be done by then")
    parser.add_argument("--warm-up", type=float, metavar="SECONDS", help="the least of it (default: 1)")
    parser.add_argument("--seconds", type=float, help="measured, per figure (default: 0.8)")
    parser.add_argument("--cores", type=_cores, metavar="SERVER,LOAD", help="where to run (default: first and last)")
    parser.add_argument(
        "--timeout", type=float, default=120, metavar="SECONDS", help="then a process has failed (default: 120)"
    )
    parser.add_argument("--quick", action="store_true", help="PyLoop and asyncio, one short round: a first look")
    parser.add_argument("--smoke", action="store_true", help="PyLoop, a few operations each: does every workload work?")
    parser.add_argument("--python", default=sys.executable, help="the Python to measure with (default: this one)")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="for the reports (default: pyloop-bench)")
    parser.add_argument("--picture", type=Path, metavar="FILE.svg", help="also draw a picture for a README")
    parser.add_argument("--compare", type=Path, metavar="OLD.json", help="also say what has changed since")
    parser.add_argument("--from", dest="source", type=Path, metavar="FILE.json", help="report that, measure nothing")
    arguments = parser.parse_args()
    try:
        workloads = catalogue.select(arguments.only, _form(arguments))
        old = report.load(arguments.compare) if arguments.compare else None
        new = report.load(arguments.source) if arguments.source else None
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if arguments.list:
        for name, workload in catalogue.WORKLOADS.items():
            print("*" if workload.default else " ", f"{name:28}", workload.title)
        return
    measured = new or _measure(parser, arguments, workloads)
    _publish(measured, arguments.output or Path("pyloop-bench"), old)
    if arguments.picture:
        arguments.picture.parent.mkdir(parents=True, exist_ok=True)
        arguments.picture.write_text(picture.write(measured), encoding="utf-8")
    if arguments.smoke and (measured.failures or measured.unmeasured):
        raise SystemExit(1)


def _measure(
    parser: argparse.ArgumentParser, arguments: argparse.Namespace, workloads: list[Workload]
) -> report.Report:
    quick, smoke = arguments.quick, arguments.smoke
    there = _there(parser, arguments.python)
    available = [name for name in loops.MODULES if name in there]
    wanted = {loops.SUBJECT} if smoke else {loops.SUBJECT, "asyncio"} if quick else {*available} - {loops.ON_JVM}
    names = arguments.loops or [name for name in available if name in wanted]
    if missing := set(names) - set(available):
        parser.error(f"cannot be imported here: {', '.join(sorted(missing))}")
    count = arguments.rounds or (1 if quick or smoke else 2)
    warm_up = 0 if smoke else arguments.warm_up or (0.2 if quick else 1)
    seconds = arguments.seconds or (0.1 if smoke else 0.2 if quick else 0.8)
    server_core, load_core = arguments.cores or _default_cores()
    setting = Setting(arguments.python, server_core, load_core, warm_up, seconds, quick, smoke, arguments.timeout)
    described = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        **{name: value for name, value in there.items() if name not in loops.MODULES or name in names},
        "commit": machine.commit(),
        "rounds": str(count),
        "seconds": f"{seconds:g} measured after at least {warm_up:g} of warm-up" + f", {setting.form} form",
        "cores": f"server {server_core}, load generator {load_core}",
    }
    if not arguments.only and setting.form != "full":
        left = [workload.name for workload in catalogue.select([]) if workload not in workloads]
        described[f"left out of the {setting.form} form"] = ", ".join(left)
    result = report.Report({key: value for key, value in described.items() if value}, names)
    total = count * sum(len(rounds.contestants(workload, names)) for workload in workloads)
    start = time.monotonic()
    try:
        with live.shown(result, total) as observe:
            rounds.measure_all(result, workloads, count, setting, observe, arguments.minutes * 60)
    except KeyboardInterrupt:
        result.setting["interrupted"] = "what had been measured until then is reported"
    result.setting["rounds"] = str(result.rounds)
    minutes, rest = divmod(round(time.monotonic() - start), 60)
    result.setting["took"] = f"{minutes} min {rest} s"
    return result


def _there(parser: argparse.ArgumentParser, python: str) -> dict[str, str]:
    """Return what `python` tells about the machine and itself."""
    command = [python, "-m", "pyloop_bench.machine"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=None, text=True)
    except OSError as error:
        parser.error(f"{python} cannot be run: {error}")
    if done.returncode:
        parser.error(f"{python} cannot import pyloop_bench")
    there: dict[str, str] = json.loads(done.stdout)
    return there


def _form(arguments: argparse.Namespace) -> str:
    return "smoke" if arguments.smoke else "quick" if arguments.quick else "full"


def _publish(measured: report.Report, folder: Path, old: report.Report | None) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = markdown.write(measured)
    if old:
        text += f"\n## Since {old.setting.get('date', 'the older report')}\n\n{markdown.compared(old, measured)}\n"
    measured.save(folder / "report.json")
    (folder / "report.md").write_text(text, encoding="utf-8")
    (folder / "report.html").write_text(page.write(measured), encoding="utf-8")
    print(text)
    print(f"{folder / 'report.html'}, and the same as .md and .json")


def _names(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return count


def _default_cores() -> tuple[int, int]:
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


def _cores(text: str) -> tuple[int, int]:
    allowed = os.sched_getaffinity(0)
    try:
        server, load = map(int, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError("not two numbers") from None
    if server == load or not {server, load} <= allowed:
        raise argparse.ArgumentTypeError(f"needs two different cores out of {sorted(allowed)}")
    return server, load
