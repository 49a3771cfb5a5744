"""The benchmark where something that it needs is missing, and its short forms."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pyloop
from pyloop_bench import worker

RUN = "import runpy; runpy.run_module('pyloop.bench', run_name='__main__')"
ONE_CORE = f"import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); {RUN}"


def bench(folder: Path, *options: str, start: tuple[str, ...] = ("-m", "pyloop.bench"), **variables: str) -> Any:
    """Run the benchmark; return its report and its exit status."""
    command = [sys.executable, *start, "--output", str(folder), *options]
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True)
    return json.loads((folder / "report.json").read_text()) | {"status": done.returncode, "output": done.stdout}


def test_without_its_distribution_it_says_what_to_install() -> None:
    command = [sys.executable, "-c", "import sys; sys.modules['pyloop_bench'] = None; " + RUN]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install 'pyloop-asyncio[bench]'" in done.stderr


def test_without_a_compiler_the_rest_is_measured(tmp_path: Path) -> None:
    made = bench(
        tmp_path,
        *("--smoke", "--only", "chain", "--only", "echo-unix", "--only", "aiohttp-client"),
        PATH=str(tmp_path),
        XDG_CACHE_HOME=str(tmp_path),
    )
    assert len(made["unmeasured"]) == 2
    assert all("no C compiler: install gcc or clang" in why for why in made["unmeasured"].values())
    assert "no C compiler" in made["output"]
    assert made["failures"] == {}
    assert made["results"][0]["samples"]["seconds"]["pyloop"]
    assert made["status"] == 1, "a smoke run in which something was not measured has failed"


@pytest.mark.skipif(importlib.util.find_spec("distributed") is not None, reason="Dask is installed")
def test_without_dask_it_is_not_measured(tmp_path: Path) -> None:
    made = bench(tmp_path, "--smoke", "--only", "dask")
    assert list(made["unmeasured"].values()) == ["Dask is not installed: pip install distributed"]
    assert made["failures"] == {}


def test_both_engines_are_measured_side_by_side(tmp_path: Path) -> None:
    made = bench(tmp_path, "--smoke", "--only", "chain", "--only", "start", "--loops", "pyloop,pyloop-jvm")
    assert made["setting"]["engine"] == pyloop.engine()
    assert made["failures"] == {}
    assert [sorted(result["samples"][result["metrics"][0]["key"]]) for result in made["results"]] == [
        ["pyloop", "pyloop-jvm"],
        ["pyloop", "pyloop-jvm"],
    ]


def test_on_one_core_the_rest_is_measured(tmp_path: Path) -> None:
    made = bench(tmp_path, "--smoke", "--only", "gather", "--only", "echo-unix", start=("-c", ONE_CORE))
    assert list(made["unmeasured"].values()) == ["server and load generator need a core each, and there is one"]
    assert made["results"][0]["samples"]["seconds"]["pyloop"]


@pytest.mark.parametrize("options", [("--loops", "nothing"), ("--only", "nothing"), ("--cores", "0,0")])
def test_a_wrong_option_is_named(tmp_path: Path, options: tuple[str, str]) -> None:
    command = [sys.executable, "-m", "pyloop.bench", "--smoke", "--output", str(tmp_path / "none"), *options]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert options[0] in done.stderr or options[1] in done.stderr
    assert not (tmp_path / "none").exists()


def test_samples_are_reported_again_compared_and_drawn(tmp_path: Path) -> None:
    loops = ("--loops", "pyloop,asyncio")
    first = bench(tmp_path / "first", "--smoke", "--only", "gather", *loops, "--python", sys.executable)
    old = tmp_path / "first" / "report.json"
    again = bench(
        tmp_path / "again", "--from", str(old), "--compare", str(old), "--picture", str(tmp_path / "pictures" / "a.svg")
    )
    assert {key: again[key] for key in ("results", "setting")} == {key: first[key] for key in ("results", "setting")}
    assert "lead over asyncio then" in again["output"]
    assert "gather of 20,000 tasks" in (tmp_path / "pictures" / "a.svg").read_text()
    assert "gather" in (tmp_path / "again" / "report.html").read_text()


def test_an_interrupted_run_reports_what_it_has(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pyloop.bench", "--smoke", "--rounds", "1000", "--output", str(tmp_path)]
    with subprocess.Popen(
        [*command, "--loops", "asyncio", "--only", "gather"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("1/1000 gather asyncio: time")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()
    made = json.loads((tmp_path / "report.json").read_text())
    assert process.returncode == 0
    assert made["results"][0]["samples"]["seconds"]["asyncio"]
    assert "interrupted" in made["setting"]
    assert "interrupted" in output


def test_no_round_is_begun_for_which_there_is_no_time(tmp_path: Path) -> None:
    options = ("--smoke", "--loops", "asyncio", "--only", "gather", "--rounds", "5")
    made = bench(tmp_path / "one", *options, "--minutes", "0.0001")
    assert [len(values) for values in made["results"][0]["samples"]["seconds"].values()] == [1]
    assert made["setting"]["rounds"] == "1"
    assert bench(tmp_path / "all", *options, "--minutes", "100")["setting"]["rounds"] == "5"


@pytest.mark.parametrize("python", ["/nowhere/python", "/bin/false"])
def test_a_python_that_cannot_measure_is_named(tmp_path: Path, python: str) -> None:
    command = [sys.executable, "-m", "pyloop.bench", "--smoke", "--output", str(tmp_path / "none"), "--python", python]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert f"{python} cannot" in done.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("durations", "runs"),
    [
        ([0.25] * 16, 4),
        ([1.0, 0.5, 0.25, 0.125, *[0.0625] * 90], 14),
        ([0.9**n for n in range(50)], 5),
        ([2.0] * 9, 2),
    ],
    ids=["steady", "soon steady", "always faster", "long runs"],
)
def test_the_warm_up_ends_when_steady_and_takes_four_times_as_long_at_most(durations: list[float], runs: int) -> None:
    left = iter(durations)
    worker.warm_up(lambda: (next(left), 0.0), 1)
    assert len(durations) - len(list(left)) == runs


def test_garbage_is_collected_before_runs_but_not_before_each_of_many_short_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    collections: list[None] = []
    monkeypatch.setattr(gc, "collect", lambda: collections.append(None))
    clock = iter(range(1_000))
    monkeypatch.setattr(worker, "COLLECTED_SECONDS", 3)
    monkeypatch.setattr(worker, "perf_counter", lambda: next(clock))
    loop = asyncio.new_event_loop()
    once = worker.repeated(lambda _loop, _operations: None, loop, 1)
    assert [once()[0] for _ in range(7)] == [1] * 7
    assert len(collections) == 3
    loop.close()
