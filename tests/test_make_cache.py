"""``python -m pyloop --make-cache``: the cache is there at its end, and has what the JVM leaves out by itself."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from pyloop import _cache, _lambda_forms
from support import NO_CACHE
from support.programs import loop_program, program_environment, run_loop_program

_LOAD: Final = """
loop = new_event_loop()
loop.run_until_complete(asyncio.sleep(0))
loop.close()
"""
_MAKING_SECONDS: Final = 250


def _make(environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pyloop", "--make-cache"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        umask=0o022,
        timeout=_MAKING_SECONDS,
    )


def _environment(folder: Path) -> dict[str, str]:
    environment = program_environment({"PYLOOP_CACHE_DIR": str(folder)})
    del environment[NO_CACHE]
    return environment


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a cache that the command made, whose name a shell would take apart."""
    folder = tmp_path_factory.mktemp("some") / "one's caches"
    done = _make(_environment(folder))
    (path,) = folder.glob("*.aot")
    assert (done.stdout, done.stderr, done.returncode) == (f"{path} ({path.stat().st_size / 1e6:.1f} MB)\n", "", 0)
    return folder


@pytest.mark.timeout(300)
def test_it_is_there_for_all_users_when_the_command_ends(made: Path) -> None:
    (path,) = made.glob("*.aot")
    stamp = Path(_cache.stamp_of(str(path)))
    assert [file.stat().st_mode & 0o777 for file in (path, stamp)] == [0o644, 0o644]
    assert _cache.is_whole(str(path))


@pytest.mark.timeout(300)
def test_who_may_not_write_beside_it_need_not_sum_it_up(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = made.glob("*.aot")
    monkeypatch.delattr(_cache, "_checksum")
    assert _cache.is_whole(str(path))


@pytest.mark.timeout(300)
def test_the_next_start_uses_it(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NO_CACHE)
    monkeypatch.setenv("PYLOOP_CACHE_DIR", str(made))
    done = run_loop_program(_LOAD + 'say(".aot" in open("/proc/self/maps").read())')
    assert (done.stdout, done.stderr, done.returncode) == ("True\n", "", 0)


@pytest.mark.timeout(300)
def test_it_is_not_made_twice(made: Path) -> None:
    (path,) = made.glob("*.aot")
    before = path.stat()
    done = _make(_environment(made))
    assert (done.stdout.partition(" (")[0], done.stderr, done.returncode) == (str(path), "", 0)
    assert path.stat().st_ino == before.st_ino


@pytest.mark.timeout(300)
def test_it_has_the_shapes_of_the_engines_method_handles(made: Path, tmp_path: Path) -> None:
    """Those that a class list can name: the JVM would generate a class for each at every start."""
    (path,) = made.glob("*.aot")
    log = tmp_path / "classes"
    options = shlex.join([f"-XX:AOTCache={path}", "-Xlog:aot*=off", f"-Xlog:class+load:file={log}"])
    done = subprocess.run(
        loop_program(_LOAD),
        env=program_environment({"PYLOOP_JVM_OPTIONS": options}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")
    loaded = log.read_text().splitlines()
    generated = [line for line in loaded if "LambdaForm$DMH" in line and "shared objects file" not in line]
    assert any("LambdaForm" in line for line in loaded)
    assert generated == []


def test_the_shapes_that_were_missing_are_told_by_a_trace() -> None:
    holder = "java.lang.invoke.DirectMethodHandle$Holder"
    trace = f"""\
[LF_RESOLVE] {holder} invokeStatic LL_J (fail)
[LF_RESOLVE] {holder} invokeStatic LL_L (success)
[SPECIES_RESOLVE] java.lang.invoke.BoundMethodHandle$Species_LLI (fail)
something that a program wrote (fail)
[LF_RESOLVE] {holder} invokeStatic LL_J (fail)
"""
    assert _lambda_forms.missing(trace) == [f"@lambda-form-invoker [LF_RESOLVE] {holder} invokeStatic LL_J"]


_FAILURES: Final = {
    "turned off": ({NO_CACHE: "1"}, "no cache can be made"),
    "options": ({"PYLOOP_JVM_OPTIONS": "-javaagent:some.jar"}, "no cache can be made"),
    "no folder": ({"PYLOOP_CACHE_DIR": "/proc/caches"}, "/proc/caches"),
    "a JVM that does not start": ({"PYLOOP_JVM_OPTIONS": "-Xmx1k"}, "the cache could not be made"),
}


@pytest.mark.parametrize(("environment", "reason"), _FAILURES.values(), ids=list(_FAILURES))
def test_what_keeps_it_from_being_made_is_said(environment: dict[str, str], reason: str, tmp_path: Path) -> None:
    folder = tmp_path / "caches"
    done = _make(_environment(folder) | environment)
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr.startswith("pyloop: ")
    assert reason in done.stderr
    assert not folder.exists() or list(folder.iterdir()) == []
