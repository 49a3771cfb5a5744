"""The JVM's AOT cache: made once, in the background, for what it fits; never in the way, whatever is wrong with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from pyloop import _cache, _cache_order, _runtime, _training
from pyloop._java_home import find_java_home
from support import NO_CACHE
from support.programs import HANG_SECONDS, loop_program, program_environment, run_command, run_loop_program

_LIBJVM: Final = find_java_home().libjvm
_JAR: Final = _runtime._JAR

# Beside other tests a process of the lowest priority would take very long.
_AT_ONCE: Final = """
from pyloop import _cache_order
_cache_order._DETACH = _cache_order._DETACH.replace("nice -n 19 ", "").replace("19", "0")
"""

_USE: Final = """
loop = new_event_loop()
loop.run_until_complete(asyncio.sleep(0))
loop.close()
say(".aot" in open("/proc/self/maps").read())
"""

# Stands in for the interpreter that makes a cache: notes what it sees of its surroundings, waits to be let go, ends.
_TRAINER: Final = """#!/bin/sh
cd "${0%/*}"
streams=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2)
printf '%s\\n' "$streams" >streams
printf '%s\\n' "$@" >args
cat /proc/$$/stat >stat
echo done >ready
cat gate
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the caches, not there yet, for this process and those it starts."""
    folder = tmp_path / "some" / "caches"
    monkeypatch.delenv(NO_CACHE)
    monkeypatch.setenv("PYLOOP_CACHE_DIR", str(folder))
    for name in _cache._VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that one of several processes, started at once, ordered."""
    folder = tmp_path_factory.mktemp("caches")
    environment = program_environment({"PYLOOP_CACHE_DIR": str(folder)})
    del environment[NO_CACHE]
    programs = [
        subprocess.Popen(loop_program(_AT_ONCE + _USE), env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [program.communicate(timeout=HANG_SECONDS)[0] for program in programs] == ["False\n"] * 4
    _wait_until(lambda: list(folder.glob("*.lock")) == [])
    path, stamp = sorted(folder.iterdir())
    assert (path.suffix, stamp.suffix) == (".aot", ".stamp")
    return path


@pytest.fixture
def cache(made: Path, folder: Path) -> Path:
    """A copy of the cache, in the folder where the next start looks for it."""
    folder.mkdir(parents=True)
    return Path(shutil.copy2(made, folder))


@pytest.fixture
def trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a program that runs in the place of the interpreter that would make the cache."""
    folder = tmp_path / "trainer"
    folder.mkdir()
    os.mkfifo(folder / "gate")
    program = folder / "python-that-notes"
    program.write_text(_TRAINER)
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    yield folder
    if (folder / "ready").exists():
        (folder / "gate").write_text("")


def _wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 100
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _options() -> list[str]:
    return _cache.jvm_options(_LIBJVM, _JAR, _runtime.jvm_options())


def _file() -> Path | None:
    path = _cache.cache_file(_LIBJVM, _JAR, _runtime.jvm_options())
    return Path(path) if path else None


@pytest.mark.timeout(300)
def test_several_processes_that_start_at_once_make_one(made: Path) -> None:
    assert made.stat().st_mode & 0o777 == 0o600
    assert _cache.is_whole(str(made))


@pytest.mark.timeout(300)
def test_a_start_uses_it(cache: Path) -> None:
    done = run_loop_program(_USE)
    assert (done.stdout, done.stderr, done.returncode) == ("True\n", "", 0)
    assert {path for path in cache.parent.iterdir() if path.suffix != ".stamp"} == {cache}
    assert _runtime.cache_state() == ("ready", str(cache), cache.stat().st_size)


@pytest.mark.timeout(300)
def test_a_start_opens_the_jar_at_once(cache: Path) -> None:
    """The engine must be able to load a class when the process has no descriptor left."""
    source = """
import os
from pathlib import Path
new_event_loop().close()
say(any(os.readlink(entry).endswith("pyloop.jar") for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()))
"""
    done = run_loop_program(source)
    assert (done.stdout, done.stderr) == ("True\n", "")
    assert cache.exists()


@pytest.mark.timeout(300)
def test_the_variable_turns_it_off(cache: Path, trainer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NO_CACHE, "1")
    assert _options() == []
    cache.unlink()
    assert _options() == []
    assert list(cache.parent.iterdir()) == []
    assert _runtime.cache_state() == ("off", None, 0)
    assert not (trainer / "args").exists()


def _flip(position: int) -> Callable[[bytearray], None]:
    def damage(data: bytearray) -> None:
        data[position] ^= 0xFF

    return damage


def _cut(size: int) -> Callable[[bytearray], None]:
    def damage(data: bytearray) -> None:
        del data[size:]

    return damage


_DAMAGES: Final = {
    "empty": _cut(0),
    "shorter than the trailer": _cut(20),
    "one byte short": _cut(-1),
    "the first byte": _flip(0),
    "a byte in the middle": _flip(5_000_000),
    "the last byte": _flip(-1),
    "longer": lambda data: data.extend(b"more"),
    "rows of zeros": lambda data: data.__setitem__(slice(4096, 8192), bytes(4096)),
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("damage", _DAMAGES.values(), ids=list(_DAMAGES))
def test_a_damaged_one_is_ignored_and_made_again(
    cache: Path, trainer: Path, damage: Callable[[bytearray], Any]
) -> None:
    data = bytearray(cache.read_bytes())
    damage(data)
    cache.write_bytes(data)
    assert _runtime.cache_state()[0] == "damaged"
    assert _options() == []
    _wait_until((trainer / "ready").exists)
    assert str(cache) in (trainer / "args").read_text().splitlines()


def _never(*_: object) -> int:
    raise AssertionError("summed up again")


@pytest.mark.timeout(300)
def test_one_that_was_right_is_not_summed_up_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cache, "STAMP_SECONDS", 0)
    assert _cache.is_whole(str(cache))
    monkeypatch.setattr(_cache, "_checksum", _never)
    assert _cache.is_whole(str(cache))


@pytest.mark.timeout(300)
def test_damage_after_it_was_right_is_noticed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cache, "STAMP_SECONDS", 0)
    assert _cache.is_whole(str(cache))
    status = cache.stat()
    with cache.open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"another")
    os.utime(cache, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not _cache.is_whole(str(cache))


@pytest.mark.timeout(300)
def test_another_file_in_its_place_is_summed_up(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cache, "STAMP_SECONDS", 0)
    assert _cache.is_whole(str(cache))
    other = Path(shutil.copy2(cache, cache.with_suffix(".other")))
    with other.open("r+b") as file:
        file.write(b"another")
    os.utime(other, ns=(cache.stat().st_atime_ns, cache.stat().st_mtime_ns))
    other.rename(cache)
    assert not _cache.is_whole(str(cache))


@pytest.mark.timeout(300)
def test_one_that_has_just_changed_is_not_stamped(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It might change once more within what the system's clock for files can tell apart."""
    monkeypatch.setattr(_cache, "STAMP_SECONDS", 1000)
    assert _cache.is_whole(str(cache))
    monkeypatch.setattr(_cache, "_checksum", _never)
    with pytest.raises(AssertionError):
        _cache.is_whole(str(cache))


@pytest.mark.timeout(300)
def test_one_that_cannot_be_stamped_is_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cache, "STAMP_SECONDS", 0)
    Path(_cache.stamp_of(str(cache))).mkdir()
    assert _cache.is_whole(str(cache))
    assert _cache.is_whole(str(cache))


@pytest.mark.timeout(300)
def test_a_program_runs_beside_a_damaged_one(cache: Path) -> None:
    data = bytearray(cache.read_bytes())
    for position in range(4096, len(data), len(data) // 200):
        data[position] ^= 0xFF
    cache.write_bytes(data)
    cache.with_suffix(".lock").touch()
    done = run_loop_program(_USE)
    assert (done.stdout, done.stderr, done.returncode) == ("False\n", "", 0)


@pytest.mark.timeout(300)
def test_one_that_others_can_write_is_not_trusted(cache: Path, trainer: Path) -> None:
    cache.chmod(0o622)
    assert _options() == []
    _wait_until((trainer / "ready").exists)


def test_it_belongs_to_a_runtime_a_jar_options_and_a_processor(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "java"
    (home / "lib" / "server").mkdir(parents=True)
    libjvm, modules, jar = home / "lib" / "server" / "libjvm.so", home / "lib" / "modules", tmp_path / "pyloop.jar"
    processor = tmp_path / "processor"
    for file in (libjvm, modules, jar, processor):
        file.write_text("one")
    monkeypatch.setattr(_cache, "_PROCESSOR", str(processor))

    def name(*options: str) -> str | None:
        return _cache.cache_file(str(libjvm), str(jar), options)

    seen = [name()]
    assert name() == seen[0]
    for file in (libjvm, modules, jar, processor):
        file.write_text("another")
        seen.append(name())
    for file in (libjvm, modules, jar):
        os.utime(file, (1, 1))
        seen.append(name())
    seen += [name("-Xmx100m"), name("-Xmx200m"), name("-Xmx200m", "-Xss8m")]
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-Xmx300m")
    seen.append(name())
    assert None not in seen
    assert len(set(seen)) == len(seen)
    assert not folder.exists()


_NOT_REPEATABLE: Final = (
    "-agentlib:jdwp=transport=dt_socket,server=y",
    "-javaagent:some.jar",
    "-XX:AOTCache=mine",
    "-XX:SharedArchiveFile=mine",
    "-Xlog:gc:file=mine",
    "-XX:StartFlightRecording",
)


@pytest.mark.parametrize("option", _NOT_REPEATABLE)
def test_options_that_a_training_must_not_repeat_mean_none(
    option: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYLOOP_JVM_OPTIONS", f"-Xmx100m {option}")
    assert _file() is None
    monkeypatch.delenv("PYLOOP_JVM_OPTIONS")
    assert _file() is not None
    monkeypatch.setenv("_JAVA_OPTIONS", option)
    assert _file() is None
    assert not folder.exists()


def test_the_trainer_is_no_child_and_holds_nothing(folder: Path, trainer: Path) -> None:
    """The program ends, and its streams with it, while the trainer runs."""
    source = f"""
sys.executable = {json.dumps(sys.executable)}
new_event_loop().close()
say(*[(task / "children").read_text() for task in __import__("pathlib").Path("/proc/self/task").iterdir()], "none")
try:
    say(os.waitpid(-1, os.WNOHANG))
except ChildProcessError as error:
    say(type(error).__name__)
"""
    # What sys.executable names is the trainer here.
    done = run_command([str(Path(sys.prefix, "bin", "python")), *loop_program(source)[1:]])
    assert done.stdout.split() == ["none", "ChildProcessError"], done.stderr
    assert (done.stderr, done.returncode) == ("", 0)
    _wait_until((trainer / "ready").exists)
    assert (trainer / "streams").read_text().split() == ["/dev/null"] * 3
    # After the name: state, parent, group, session, terminal; the nice value is the 17th.
    fields = (trainer / "stat").read_text().rpartition(")")[2].split()
    assert int(fields[3]) != os.getsid(0)
    assert int(fields[4]) == 0
    assert int(fields[16]) == 19
    (lock,) = folder.iterdir()
    assert lock.suffix == ".lock"
    assert _runtime.cache_state()[0] == "being made"


def test_it_is_ordered_once(folder: Path, trainer: Path) -> None:
    assert _options() == []
    _wait_until((trainer / "ready").exists)
    (trainer / "gate").write_text("")
    (trainer / "ready").unlink()
    (trainer / "args").unlink()
    assert _options() == []
    (lock,) = folder.iterdir()
    long_ago = time.time() - _cache_order._PATIENCE_SECONDS - 1
    os.utime(lock, (long_ago, long_ago))
    assert _options() == []
    _wait_until((trainer / "ready").exists)


def test_one_that_cannot_be_made_is_not_tried_again_soon(folder: Path, tmp_path: Path) -> None:
    folder.mkdir(parents=True)
    path, lock = folder / "engine-0.aot", folder / "engine-0.lock"
    lock.touch()
    nowhere = tmp_path / "java" / "lib" / "server" / "libjvm.so"
    done = run_command([sys.executable, "-I", "-S", _training.__file__, str(path), str(lock), str(nowhere), _JAR])
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    assert list(folder.iterdir()) == [lock]
    assert lock.stat().st_mtime > time.time() + _cache_order.FAILURE_SECONDS / 2


@pytest.mark.parametrize("executable", ["", None, "/usr/sbin/some-server"])
def test_an_embedded_interpreter_makes_none(
    executable: str | None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    assert _options() == []
    assert not folder.exists()


def test_init_makes_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert _options() == []
    assert not folder.exists()


# The folder of processes takes no others, whoever asks.
_UNUSABLE: Final = {
    "read-only folder": {"PYLOOP_CACHE_DIR": "/proc/caches"},
    "a file": {"PYLOOP_CACHE_DIR": "/proc/self/status"},
    "read-only cache home": {"XDG_CACHE_HOME": "/proc"},
    "no home": {"HOME": "/nonexistent", "XDG_CACHE_HOME": ""},
    "read-only home": {"HOME": "/proc/self", "XDG_CACHE_HOME": ""},
    "relative cache home": {"HOME": "/nonexistent", "XDG_CACHE_HOME": "caches"},
}


@pytest.mark.parametrize("environment", _UNUSABLE.values(), ids=list(_UNUSABLE))
@pytest.mark.usefixtures("folder", "trainer")
def test_where_nothing_can_be_written_there_is_none(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYLOOP_CACHE_DIR")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert _options() == []
    assert _runtime.cache_state()[0] in {"off", "missing"}


@pytest.mark.usefixtures("folder")
def test_a_program_runs_where_nothing_can_be_written() -> None:
    done = run_loop_program(_USE, env={"PYLOOP_CACHE_DIR": "/proc/caches"})
    assert (done.stdout, done.stderr, done.returncode) == ("False\n", "", 0)


@pytest.mark.usefixtures("folder")
def test_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PYLOOP_CACHE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert _file() == tmp_path / ".cache" / "pyloop" / getattr(_file(), "name", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert _file() == tmp_path / "elsewhere" / "pyloop" / getattr(_file(), "name", "")


def test_old_ones_are_removed_and_used_ones_are_not_old(tmp_path: Path) -> None:
    files = [tmp_path / f"engine-{number}.aot" for number in range(_cache_order._KEPT + 2)]
    for age, file in enumerate(files):
        file.touch()
        then = time.time() - 2 * _cache.TOUCH_SECONDS * (age + 1)
        os.utime(file, (then, then))
    _cache._touch(str(files[-1]))
    _cache_order.prune(files[0])
    assert sorted(tmp_path.iterdir()) == sorted([*files[: _cache_order._KEPT - 1], files[-1]])


def test_stamps_go_with_their_caches(tmp_path: Path) -> None:
    cache = tmp_path / "engine-0.aot"
    stamps = [tmp_path / f"engine-{number}.stamp" for number in range(2)]
    for path in (cache, *stamps):
        path.touch()
    _cache_order.prune(cache)
    assert set(tmp_path.iterdir()) == {cache, stamps[0]}


def test_what_killed_processes_left_is_removed_when_it_is_old(tmp_path: Path) -> None:
    cache = tmp_path / "engine-0.aot"
    left = [tmp_path / f"engine-0.{process}.{kind}" for process in (7, 8) for kind in ("record", "new", "java")]
    cache.touch()
    for path in left:
        if path.suffix == ".java":
            (path / "lib").mkdir(parents=True)
        else:
            path.touch()
    long_ago = time.time() - _cache_order._PATIENCE_SECONDS - 1
    for path in left[:3]:
        os.utime(path, (long_ago, long_ago))
    _cache_order.prune(cache)
    assert sorted(tmp_path.iterdir()) == sorted([cache, *left[3:]])
