"""Profilers, tracers and debuggers of PyPI, each on a small program that runs on PyLoop's native engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from support.programs import HANG_SECONDS, program_environment, run_command
from tools.debugger import Debugger

PROGRAM: Final = Path(__file__).with_name("program.py")
LOOP: Final = "pyloop._loop"

# These neither send nor ask anything.
QUIET: Final = {"DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false", "DD_REMOTE_CONFIGURATION_ENABLED": "false"}

SPANS: Final = """
import asyncio
import pyloop
from ddtrace import tracer

async def inner(number):
    with tracer.trace(f"inner {number}") as span:
        await asyncio.sleep(0.001 * (3 - number))
        return span.parent_id, span.trace_id

async def main():
    with tracer.trace("outer") as outer:
        tasks = [asyncio.create_task(inner(number)) for number in range(3)]
        later = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(lambda: later.set_result(tracer.current_span().name))
        assert await later == "outer"
        assert await asyncio.gather(*tasks) == [(outer.span_id, outer.trace_id)] * 3
    assert tracer.current_span() is None
    print(type(asyncio.get_running_loop()).__module__)

pyloop.run(main())
"""


def run_tool(folder: Path, *command: str, variables: dict[str, str] | None = None) -> str:
    """Runs a module that runs the program; returns what was printed."""
    environment = {"HOME": str(folder), **(variables or {})}
    done = run_command([sys.executable, "-m", *command], cwd=folder, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert LOOP in done.stdout.split(), done.stdout + done.stderr
    return done.stdout


def read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("native", [True, False], ids=["--native", "Python alone"])
def test_py_spy_shows_the_frames_of_both_languages(native: bool) -> None:
    if os.getuid() and Path("/proc/sys/kernel/yama/ptrace_scope").read_text(encoding="ascii").strip() != "0":
        pytest.skip("this system lets only root look into other processes")
    with subprocess.Popen(
        [sys.executable, str(PROGRAM)], env=program_environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("port")
            seen = ""
            # It looks at one moment: some have a task on the stack, and with it a frame of the program's.
            while "program.py" not in seen.replace("<module> (program.py", ""):
                options = ["--native"] if native else []
                done = run_command(
                    [str(Path(sys.executable).with_name("py-spy")), "dump", *options, "--pid", str(process.pid)]
                )
                assert done.returncode == 0, done.stderr
                assert "run_forever (pyloop/_loop.py" in done.stdout
                assert ("_native.abi3.so" in done.stdout) == native
                seen = done.stdout
        finally:
            process.kill()


def test_coverage_sees_what_callbacks_and_tasks_run(tmp_path: Path) -> None:
    run_tool(tmp_path, "coverage", "run", "--branch", str(PROGRAM), "10")
    done = run_command([sys.executable, "-m", "coverage", "json", "--quiet", "-o", "report.json"], cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    files = read(tmp_path / "report.json")["files"]
    (functions,) = (found["functions"] for name, found in files.items() if name.endswith("tests/tools/program.py"))
    assert {name: functions[name]["missing_lines"] for name in ("serve", "talk", "main")} == {
        "serve": [],
        "talk": [],
        "main": [],
    }


@pytest.mark.parametrize("options", [[], ["--native"]], ids=["Python alone", "--native"])
def test_memray_finds_who_allocates(options: list[str], tmp_path: Path) -> None:
    run_tool(tmp_path, "memray", "run", "--quiet", *options, "--output", "memory.bin", str(PROGRAM), "100")
    stats = [sys.executable, "-m", "memray", "stats", "--json", "--output", "memory.json", "memory.bin"]
    done = run_command(stats, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    found = read(tmp_path / "memory.json")
    assert "allocate" in str(found["top_allocations_by_size"])


@pytest.mark.parametrize("options", [["--cpu-only"], []], ids=["processor", "processor and memory"])
def test_scalene_profiles(options: list[str], tmp_path: Path) -> None:
    run_tool(tmp_path, "scalene", "run", *options, "-o", "profile.json", str(PROGRAM), "---", "8000")
    profile = read(tmp_path / "profile.json")
    assert any(name.endswith("program.py") for name in profile["files"])


def test_viztracer_traces_tasks(tmp_path: Path) -> None:
    run_tool(tmp_path, "viztracer", "--quiet", "--log_async", "-o", "trace.json", str(PROGRAM), "20")
    events = read(tmp_path / "trace.json")["traceEvents"]
    names = {event["name"].split(" ")[0] for event in events}
    assert {"serve", "talk", "main"} <= names
    assert len({event["tid"] for event in events}) > 3  # with --log_async each task has a track of its own


def test_ddtrace_hands_spans_on_to_tasks_and_callbacks(tmp_path: Path) -> None:
    (tmp_path / "spans.py").write_text(SPANS, encoding="utf-8")
    variables = {"DD_TRACE_ENABLED": "true", **QUIET}
    run_tool(tmp_path, "ddtrace.commands.ddtrace_run", sys.executable, "spans.py", variables=variables)


def test_ddtrace_profiles(tmp_path: Path) -> None:
    variables = {"DD_PROFILING_ENABLED": "true", "DD_TRACE_ENABLED": "false", **QUIET}
    command = ("ddtrace.commands.ddtrace_run", sys.executable, str(PROGRAM), "3000")
    run_tool(tmp_path, *command, variables=variables)


def test_debugpy_stops_in_a_task_and_goes_on() -> None:
    source = PROGRAM.read_text(encoding="utf-8").splitlines()
    line = 1 + next(number for number, text in enumerate(source) if "writer.write(line.upper())" in text)
    with Debugger([str(PROGRAM), "3"], program_environment()) as debugger:
        debugger.request("initialize", adapterID="test", linesStartAt1=True)
        attached = debugger.send("attach", justMyCode=False)
        debugger.event("initialized")
        debugger.request("setBreakpoints", source={"path": str(PROGRAM)}, breakpoints=[{"line": line}])
        debugger.request("configurationDone")
        debugger.reply(attached)
        for left in (2, 1, 0):
            thread = debugger.event("stopped")["threadId"]
            frames = debugger.request("stackTrace", threadId=thread)["stackFrames"]
            assert (frames[0]["name"], frames[0]["line"]) == ("serve", line)
            assert any(frame["name"] == "run_forever" for frame in frames)
            found = debugger.request("evaluate", expression="line", frameId=frames[0]["id"])
            assert found["result"].startswith("b'line")
            if not left:
                debugger.request("setBreakpoints", source={"path": str(PROGRAM)}, breakpoints=[])
            debugger.request("continue", threadId=thread)
        assert LOOP in debugger.rest(HANG_SECONDS)
