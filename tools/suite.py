"""Runs everything that must pass, side by side: ``make test`` and ``make test-all``.

Every step's output goes to a log under build/reports. The console gets one line a step, the end of the log where a
step failed, and the sum of all tests as its last line.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import daemons
import environments
import java_libraries
import jdk
import pythons
from project import BUILD, ROOT
from steps import Counts, Result, Step

TAIL_LINES = 80

# Each is asked for by name, so that none is tested in place of another that does not load.
NATIVE = {"PYLOOP_ENGINE": "native"}
JVM = {"PYLOOP_ENGINE": "jvm"}

# The other ways in which the long form runs the tests, by what the environment says.
MODES = {
    "dev": {"PYTHONDEVMODE": "1"},
    "malloc": {"PYTHONMALLOC": "debug"},
    "asyncio": {"PYTHONASYNCIODEBUG": "1"},
}

# So many random programs take a while.
MANY_SEEDS = ("--order-seeds", "0-3000", "--faults", "1000", "--timeout", "1000")
# What starts many processes and servers takes long. In the short form it is left to the oldest Python, and to those
# that run all of the conformance tests.
WITHOUT_THE_SLOWEST = (
    "--ignore=tests/frameworks",
    "--ignore=tests/starting/test_command_line.py",
    "--ignore=tests/upkeep/test_docs.py",
    "--ignore=tests/native/test_greenlet_transports.py",
)

# What has packages of its own, and an environment for them: the folder, the group of dependencies, and what is left to
# the long form because it starts many processes.
FRAMEWORKS = ("tests/frameworks/apart", "frameworks", ("--ignore=tests/frameworks/apart/test_dask.py",))
TOOLS = ("tests/tools", "tools", ())
# In a Java virtual machine of JPype's, which is the engine's, too, where that runs in one.
JAVA = ("python3", "tools/environments.py", "java")
JAVA_TESTS = ("python", "tests/java/run.py")
MANY_STAGES = ("--stages", "1000000", "--timeout", "600")

# A few operations of every workload, to see that it works; what it measures beside the other steps says nothing.
BENCH = ("-m", "pyloop.bench", "--smoke", "--output", BUILD / "reports" / "bench")

DEBUG_PACKAGES = "Debian has python3.11-dbg, which needs python3.11-venv and libpython3.11-testsuite too"

# A debug build does not survive the compiled part of this package, which is built for others.
FOR_DEBUG_BUILDS = {"MULTIDICT_NO_EXTENSIONS": "1"}


def prepare(versions: list[str], jobs: int) -> dict[str, Path]:
    """Returns the interpreter of the test environment of each version, after making all that the steps use.

    Raises:
        SystemExit: a Python or another program is missing, or packages could not be installed.
    """
    daemons.find(*daemons.PACKAGES)
    # One after the other: two Mavens at once would race for the same local repository.
    for version in versions:
        pythons.find(version)
    with ThreadPoolExecutor(jobs) as pool:
        interpreters = list(pool.map(environments.provide, ["test"] * len(versions), versions))
    environments.provide("develop", versions[-1])
    environments.provide("docs", versions[-1])
    java_libraries.provide()
    return dict(zip(versions, interpreters, strict=True))


def sequences(
    interpreters: dict[str, Path], whole: list[str], jvm: list[str], apart: str, *, long: bool
) -> Iterator[list[Step]]:
    """Yields the steps to run; those of one list run one after the other."""
    stock = [version for version in interpreters if not version.endswith(pythons.DEBUG)]
    yield [
        Step("lint", ("make", "--no-print-directory", "lint"), counts_tests=False),
        Step("stubs", ("make", "--no-print-directory", "stubs", f"PYTHONS={' '.join(stock)}"), counts_tests=False),
        Step("docs", ("make", "--no-print-directory", "docs"), counts_tests=False),
        Step("wheel", ("make", "--no-print-directory", "wheel-check"), counts_tests=False),
    ]
    yield [Step("java", ("tools/mvn", "verify"))]
    for folder, group, slowest in (FRAMEWORKS, TOOLS) if long else (FRAMEWORKS,):
        # The environment is made in its turn, beside the other steps.
        command = ("python3", "tools/environments.py", group, apart, "python", "-m", "pytest", folder)
        yield [Step(f"pytest-{group}-{apart}", (*command, *(() if long else slowest)), NATIVE)]
    stages = MANY_STAGES if long else ()
    yield [
        Step(f"pytest-java-{apart}-{name}", (*JAVA, apart, *JAVA_TESTS, *stages), engine)
        for name, engine in (("native", NATIVE), ("jvm", JVM))
    ]
    for version in jvm:
        limits = MANY_SEEDS if long else WITHOUT_THE_SLOWEST
        yield [*python_steps(f"{version}-jvm", interpreters[version], "loop", JVM, limits)]
    oldest, newest = next(iter(interpreters)), next(reversed(interpreters))
    # The longest first, so that the others fill the time beside it.
    for version in sorted(interpreters, key=lambda version: (version != newest, version not in whole)):
        python = interpreters[version]
        debug = version.endswith(pythons.DEBUG)
        modules = "all" if version in whole else "loop"
        options = MANY_SEEDS if long else () if version == oldest or version in whole else WITHOUT_THE_SLOWEST
        steps = [*python_steps(version, python, modules, NATIVE | (FOR_DEBUG_BUILDS if debug else {}), options)]
        # A debug build checks what the modes check, and takes long enough as it is.
        for mode, environment in MODES.items() if long and not debug else ():
            steps += python_steps(f"{version}-{mode}", python, "loop", NATIVE | environment)
        if version == newest and not long:
            steps.append(Step("bench", (python, *BENCH), NATIVE, counts_tests=False))
        yield steps


def python_steps(
    name: str, python: Path, modules: str, environment: dict[str, str], options: Sequence[str] = ()
) -> Iterator[Step]:
    """Yields the steps that test on one Python: the behaviour tests and the modules of the conformance tests."""
    yield Step(f"pytest-{name}", (python, "-m", "pytest", "tests", *options), environment)
    yield Step(f"conformance-{name}", (python, "tests/conformance/run.py", "--modules", modules), environment)


def run_sequence(steps: list[Step], environment: dict[str, str]) -> list[Result]:
    """Runs steps one after the other, and reports each as it ends."""
    results = []
    for step in steps:
        results.append(step.run(environment))
        sys.stdout.write(describe(results[-1]))
        sys.stdout.flush()
    return results


def describe(result: Result) -> str:
    """Returns the lines about a step: one if it passed, with the end of its log if it failed."""
    counts = "" if result.counts == Counts() else f"   {result.counts}"
    lines = [f"{'FAILED' if result.failed else 'ok':7}{result.name:24}{result.seconds:6.0f} s{counts}"]
    if result.failed:
        with result.log.open(encoding="utf-8", errors="replace") as log:
            lines += [f"    {line.rstrip()}" for line in deque(log, TAIL_LINES)]
        lines.append(f"    exit status {result.status}; all of it: {result.log.relative_to(ROOT)}")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Runs the suite, and returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pythons", nargs="+", required=True, help="versions to test on, as 3.13")
    parser.add_argument("--whole", nargs="*", default=[], help="versions that run all of the conformance tests")
    parser.add_argument("--jvm", nargs="*", default=[], help="versions on which the JVM is tested as the engine, too")
    parser.add_argument("--apart", default="3.13", help="the version for tests with packages of their own")
    parser.add_argument("--long", action="store_true", help="more seeds, other modes of Python, its debug builds")
    # One more than there are processors: many tests wait for something.
    parser.add_argument("--jobs", type=int, default=min(3, 1 + (os.cpu_count() or 1)), help="steps side by side")
    options = parser.parse_args()

    # Where a JVM is the engine it is that of the JDK that built it.
    environment = {"PYLOOP_JAVA_HOME": str(jdk.find())}
    debug_builds = pythons.debug_builds() if options.long else []
    interpreters = prepare([*debug_builds, *options.pythons], options.jobs)
    jvm = [version for version in options.jvm if version in interpreters]
    with ThreadPoolExecutor(options.jobs) as pool:
        steps = list(sequences(interpreters, [*debug_builds, *options.whole], jvm, options.apart, long=options.long))
        runs = pool.map(lambda sequence: run_sequence(sequence, environment), steps)
        results = [result for run in runs for result in run]

    if options.long and not debug_builds:
        sys.stdout.write(f"not run: debug builds of CPython, for there is none here ({DEBUG_PACKAGES})\n")
    failed = [result.name for result in results if result.failed]
    if failed:
        sys.stdout.write(f"failed: {', '.join(failed)}\n")
    sys.stdout.write(f"{sum((result.counts for result in results), Counts())}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
