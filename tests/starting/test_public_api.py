"""The package's own names: running a program, making loops, installing PyLoop for programs that do not ask for it."""

from __future__ import annotations

import asyncio
import contextvars
import importlib
import re
import sys
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import pyloop
from support.outcomes import outcome_of
from support.programs import lines_of, run_command, run_loop_program

_variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


async def _running_loop() -> asyncio.AbstractEventLoop:
    await asyncio.sleep(0)
    return asyncio.get_running_loop()


def _generator() -> Any:
    yield 1


class _Awaitable:
    def __await__(self) -> Any:
        return _running_loop().__await__()


def test_run_returns_the_result_of_a_program_on_a_pyloop_loop() -> None:
    loop = pyloop.run(_running_loop())
    assert type(loop) is pyloop.EventLoop
    assert loop.is_closed()


def test_every_run_has_a_loop_of_its_own() -> None:
    loops = [pyloop.run(_running_loop()) for _ in range(3)]
    assert len(set(map(id, loops))) == 3


@pytest.mark.parametrize("debug", [True, False])
def test_run_sets_debug_mode(debug: bool) -> None:
    async def main() -> bool:
        return asyncio.get_running_loop().get_debug()

    assert pyloop.run(main(), debug=debug) is debug


@pytest.mark.parametrize(
    ("options", "env", "expected"),
    [([], {}, "False"), (["-X", "dev"], {}, "True"), ([], {"PYTHONASYNCIODEBUG": "1"}, "True")],
    ids=["plain", "-X dev", "PYTHONASYNCIODEBUG"],
)
def test_run_leaves_debug_mode_to_the_environment(options: list[str], env: dict[str, str], expected: str) -> None:
    done = run_loop_program(
        """
async def main():
    say(asyncio.get_running_loop().get_debug())
pyloop.run(main())
pyloop.run(main(), debug=None)
pyloop.run(main(), debug=False)
""",
        options=options,
        env=env,
    )
    assert done.stdout.splitlines() == [expected, expected, "False"], done.stderr


def test_run_passes_its_keyword_arguments_to_the_runner() -> None:
    made: list[asyncio.AbstractEventLoop] = []

    def factory() -> asyncio.AbstractEventLoop:
        made.append(asyncio.SelectorEventLoop())
        return made[-1]

    assert [pyloop.run(_running_loop(), loop_factory=factory)] == made
    coroutine = _running_loop()
    with pytest.raises(TypeError, match="no_such_option"):
        pyloop.run(coroutine, no_such_option=1)  # type: ignore[call-arg]
    coroutine.close()


def test_run_in_a_running_loop_is_refused_and_the_loop_goes_on(each_loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> str:
        coroutine = _running_loop()
        try:
            with pytest.raises(RuntimeError, match="cannot be called from a running event loop"):
                pyloop.run(coroutine)
        finally:
            coroutine.close()
        assert await _running_loop() is each_loop
        return "went on"

    assert each_loop.run_until_complete(main()) == "went on"


@pytest.mark.parametrize(
    "make",
    [lambda: None, lambda: 1, lambda: "text", lambda: _running_loop, _generator, list, _Awaitable],
    ids=["None", "int", "str", "coroutine function", "generator", "list", "awaitable"],
)
def test_run_takes_what_asyncio_s_run_takes(make: Callable[[], Any]) -> None:
    expected = outcome_of(lambda: asyncio.run(make()))
    assert outcome_of(lambda: pyloop.run(make())) == expected


def test_run_raises_what_the_program_raises() -> None:
    cause = KeyError("inner")

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("outer") from cause

    with pytest.raises(ValueError, match="outer") as raised:
        pyloop.run(fail())
    assert raised.value.__cause__ is cause


def test_run_raises_nested_groups_of_exceptions() -> None:
    async def fail(error: Exception) -> None:
        await asyncio.sleep(0)
        raise error

    async def inner() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(LookupError("first")))
            group.create_task(fail(OSError("second")))

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(inner())

    with pytest.raises(ExceptionGroup) as raised:
        pyloop.run(main())
    (group,) = raised.value.exceptions
    assert isinstance(group, ExceptionGroup)
    assert [repr(error) for error in group.exceptions] == ["LookupError('first')", "OSError('second')"]


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError, GeneratorExit])
@pytest.mark.parametrize("run", [asyncio.run, pyloop.run], ids=["asyncio", "pyloop"])
def test_run_raises_what_is_no_exception_too(run: Callable[[Any], object], kind: type[BaseException]) -> None:
    async def main() -> None:
        await asyncio.sleep(0)
        raise kind

    with pytest.raises(kind):
        run(main())


@pytest.mark.parametrize("run", [asyncio.run, pyloop.run], ids=["asyncio", "pyloop"])
def test_run_finishes_what_the_program_left_behind(run: Callable[[Any], object]) -> None:
    events: list[str] = []
    kept: list[asyncio.Task[None]] = []

    async def wait() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            events.append("task cancelled")

    async def generate() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            events.append("generator closed")

    async def main() -> AsyncIterator[int]:
        kept.append(asyncio.create_task(wait()))
        generator = generate()
        await anext(generator)
        await asyncio.to_thread(events.append, "in a thread")
        return generator

    run(main())
    assert events == ["in a thread", "task cancelled", "generator closed"]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("asyncio_")]


@pytest.mark.parametrize("run", [asyncio.run, pyloop.run], ids=["asyncio", "pyloop"])
def test_a_program_runs_in_a_copy_of_the_context(run: Callable[[Any], object]) -> None:
    async def main() -> str:
        before = _variable.get()
        _variable.set("by the program")
        await asyncio.sleep(0)
        assert _variable.get() == "by the program"
        return before

    token = _variable.set("by the caller")
    try:
        assert [run(main()), run(main())] == ["by the caller"] * 2
        assert _variable.get() == "by the caller"
    finally:
        _variable.reset(token)


def test_run_works_in_a_thread() -> None:
    loops: list[asyncio.AbstractEventLoop] = []
    thread = threading.Thread(target=lambda: loops.append(pyloop.run(_running_loop())))
    thread.start()
    thread.join()
    assert [type(loop) for loop in loops] == [pyloop.EventLoop]


def test_a_new_loop_is_an_asyncio_selector_loop() -> None:
    loop = pyloop.new_event_loop()
    assert type(loop) is pyloop.EventLoop
    assert isinstance(loop, asyncio.SelectorEventLoop)
    assert isinstance(loop, asyncio.AbstractEventLoop)
    assert not loop.is_running()
    assert not loop.is_closed()
    loop.close()
    assert loop.is_closed()


def test_the_class_makes_loops() -> None:
    loop = pyloop.EventLoop()
    assert loop.run_until_complete(_running_loop()) is loop
    loop.close()


@pytest.mark.parametrize("factory", [pyloop.new_event_loop, pyloop.EventLoop], ids=["function", "class"])
def test_a_runner_takes_the_factory(factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    with asyncio.Runner(loop_factory=factory) as runner:
        loop = runner.get_loop()
        assert type(loop) is pyloop.EventLoop
        assert runner.run(_running_loop()) is loop
        assert runner.run(_running_loop()) is loop
    assert loop.is_closed()


def test_a_subclass_adds_to_the_loop() -> None:
    base: Any = pyloop.EventLoop

    class Counting(base):  # type: ignore[misc]
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name
            self.calls = 0

        def call_soon(self, *args: Any, **kwargs: Any) -> object:
            self.calls += 1
            return super().call_soon(*args, **kwargs)

        def time(self) -> Any:
            return super().time() + 1_000_000

    async def main() -> float:
        await asyncio.sleep(0.001)
        return asyncio.get_running_loop().time()

    loop = Counting("mine")
    assert (loop.name, loop.calls) == ("mine", 0)
    assert loop.run_until_complete(main()) > 1_000_000
    assert loop.calls > 0
    assert repr(loop).startswith("<Counting running=False closed=False")
    loop.close()
    with asyncio.Runner(loop_factory=lambda: Counting("of a runner")) as runner:
        assert isinstance(runner.run(_running_loop()), Counting)


def test_all_names_exist() -> None:
    package = importlib.import_module("pyloop")
    names = {"EventLoop", "EventLoopPolicy", "__version__", "engine", "install", "new_event_loop", "run"}
    names |= {"Histogram", "LoopMetrics", "SlowCallback", "Stall", "metrics"}
    assert set(package.__all__) == names
    assert all(hasattr(package, name) for name in names)
    assert re.fullmatch(r"\d+\.\d+\.\d+([.\w+]*)", pyloop.__version__)


_WITHOUT_POLICIES = """
import asyncio, asyncio.unix_events, runpy, sys
for module in (asyncio, asyncio.events, asyncio.unix_events):
    for name in [name for name in vars(module) if "policy" in name.lower()]:
        delattr(module, name)
asyncio.events.new_event_loop = asyncio.new_event_loop = asyncio.SelectorEventLoop
asyncio.events.set_event_loop = asyncio.set_event_loop = lambda loop: None

async def main():
    loop = asyncio.get_running_loop()
    child = loop.get_debug() or await asyncio.create_subprocess_exec(sys.executable, "-c", "pass")
    print(type(loop).__module__, child is True or await child.wait())
"""


def test_an_asyncio_without_policies() -> None:
    """They are deprecated, and to be removed in CPython 3.16."""
    library = f"""{_WITHOUT_POLICIES}
import pyloop
from pyloop import *
print(hasattr(pyloop, "EventLoopPolicy"), "EventLoopPolicy" in globals())
asyncio.run(main(), debug=True)
pyloop.run(main())
pyloop.install()
asyncio.run(main())
"""
    done = run_command([sys.executable, "-c", library])
    assert done.stdout.splitlines() == [
        "False False",
        "asyncio.unix_events True",
        "pyloop._loop 0",
        "pyloop._loop 0",
    ], done.stderr


def test_the_command_where_asyncio_has_no_policies() -> None:
    command = f"""{_WITHOUT_POLICIES}
sys.argv[1:] = ["-c", "import asyncio; asyncio.run(asyncio.main())"]
asyncio.main = main
runpy.run_module("pyloop", run_name="__main__")
"""
    done = run_command([sys.executable, "-c", command])
    assert done.stdout.splitlines() == ["pyloop._loop 0"], done.stderr


def test_an_unknown_attribute_is_an_error() -> None:
    package: Any = pyloop
    with pytest.raises(AttributeError, match="module 'pyloop' has no attribute 'no_such_name'"):
        _ = package.no_such_name
    assert not hasattr(package, "no_such_name")
    with pytest.raises(ImportError):
        exec("from pyloop import no_such_name")


_STARTS = {
    "import pyloop": False,
    "import pyloop, pyloop._policy, pyloop._start.choice, pyloop._start.support": False,
    "import pyloop; pyloop.engine()": False,
    "import pyloop; pyloop.run; pyloop.new_event_loop; pyloop.__version__; pyloop.EventLoopPolicy()": False,
    "import pyloop; pyloop.install()": False,
    "import pyloop; pyloop.install(); import asyncio; asyncio.run": False,
    "import pyloop; pyloop.EventLoop": True,
    "from pyloop import EventLoop": True,
    "from pyloop import *; EventLoop": True,
    "import pyloop; pyloop.new_event_loop().close()": True,
}


@pytest.mark.parametrize(("use", "starts"), _STARTS.items(), ids=_STARTS.keys())
def test_the_engine_starts_with_the_first_loop_and_not_before(use: str, starts: bool) -> None:
    lines = lines_of(f"""
from support.descriptors import maps_jvm
{use}
say("pyloop._engine" in sys.modules, maps_jvm())
""")
    assert lines == [f"{starts} {starts and pyloop.engine() == 'jvm'}"]


def test_a_star_import_brings_all_names() -> None:
    lines = lines_of("from pyloop import *\nsay(EventLoop is pyloop.EventLoop, run is pyloop.run, __version__)")
    assert lines == [f"True True {pyloop.__version__}"]


def test_install_makes_pyloop_the_loop_of_programs_without_a_warning() -> None:
    done = run_loop_program(
        """
import unittest
pyloop.install()
pyloop.install()
def note(loop):
    say(type(loop) is pyloop.EventLoop, isinstance(loop, asyncio.SelectorEventLoop))
async def main():
    note(asyncio.get_running_loop())
asyncio.run(main())
asyncio.run(main(), debug=True)
loop = asyncio.new_event_loop()
note(loop)
loop.close()
with asyncio.Runner() as runner:
    note(runner.get_loop())
class Test(unittest.IsolatedAsyncioTestCase):
    async def test(self):
        await main()
assert unittest.TextTestRunner(stream=open(os.devnull, "w")).run(Test("test")).wasSuccessful()
thread = threading.Thread(target=lambda: asyncio.run(main()))
thread.start()
thread.join()
""",
        options=["-W", "error", "-W", "ignore::ResourceWarning"],
    )
    assert done.stdout.splitlines() == ["True True"] * 6, done.stderr
    assert done.stderr == ""
    assert done.returncode == 0


def test_the_policy_answers_as_asyncio_s_does(loop_name: str) -> None:
    """Which thread has a current loop, and whether one is made for it, is a matter of the version of asyncio."""
    lines = lines_of(
        """
import warnings
warnings.simplefilter("ignore")
if sys.argv[1] == "pyloop":
    pyloop.install()
else:
    asyncio.set_event_loop_policy(asyncio.DefaultEventLoopPolicy())
policy = asyncio.get_event_loop_policy()
say(isinstance(policy, asyncio.DefaultEventLoopPolicy), isinstance(policy, pyloop.EventLoopPolicy))
def attempt(get):
    try:
        loop = get()
    except RuntimeError as error:
        say(error)
    else:
        say(isinstance(loop, pyloop.EventLoop), get() is loop)
        loop.close()
attempt(asyncio.get_event_loop)
thread = threading.Thread(target=attempt, args=(asyncio.get_event_loop,))
thread.start()
thread.join()
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
say(asyncio.get_event_loop() is loop, loop.run_until_complete(asyncio.sleep(0, "ran")))
asyncio.set_event_loop(None)
attempt(asyncio.get_event_loop)
loop.close()
""",
        loop=loop_name,
    )
    ours = str(loop_name == "pyloop")
    main_thread = "There is no current event loop in thread 'MainThread'."
    made_for_it = main_thread if sys.version_info >= (3, 14) else f"{ours} True"
    assert lines[0] == f"True {ours}"
    assert lines[1] == made_for_it
    assert lines[2].startswith("There is no current event loop in thread 'Thread-1")
    assert lines[3:] == ["True ran", main_thread]


def test_an_installed_policy_starts_processes(loop_name: str) -> None:
    lines = lines_of(
        """
if sys.argv[1] == "pyloop":
    pyloop.install()
async def main():
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print('child')", stdout=-1)
    output, _ = await process.communicate()
    say(output.decode().strip(), process.returncode)
asyncio.run(main())
asyncio.run(main())
""",
        loop=loop_name,
    )
    assert lines == ["child 0"] * 2
