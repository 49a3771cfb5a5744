"""What a JVM would end the process for as it starts is arranged before, or refused with an error."""

from __future__ import annotations

import pytest

from support.programs import lines_of, run_loop_program

_RUN = "say(pyloop.run(asyncio.sleep(0.001, 'ran')))"


@pytest.mark.parametrize("collector", ["-XX:+UseG1GC", "-XX:+UseParallelGC", "-XX:+UseSerialGC"])
@pytest.mark.parametrize("variable", ["JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "PYLOOP_JVM_OPTIONS"])
def test_another_collector_takes_the_place_of_the_usual_one(variable: str, collector: str) -> None:
    done = run_loop_program(_RUN, env={variable: f"-Dpyloop.test=1 {collector}"})
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["ran"]), done.stderr


@pytest.mark.parametrize("options", ["'-Dopen=1", '-Da=1 "', "-Da=1 \\"])
def test_options_that_are_not_quoted_as_in_a_shell_are_an_error(options: str) -> None:
    done = run_loop_program(
        f"""
for use in (pyloop.new_event_loop, lambda: pyloop.EventLoop):
    try:
        use()
    except ValueError as error:
        say(error)
os.environ["PYLOOP_JVM_OPTIONS"] = ""
{_RUN}
""",
        env={"PYLOOP_JVM_OPTIONS": options},
    )
    *errors, last = done.stdout.splitlines()
    assert (last, done.stderr) == ("ran", "")
    assert len(errors) == 2
    assert all(error.startswith("PYLOOP_JVM_OPTIONS cannot be read: No ") for error in errors)


def test_a_first_loop_in_a_small_thread_is_refused_and_others_work() -> None:
    lines = lines_of(
        f"""
def attempt(kib):
    def work():
        try:
            {_RUN}
        except RuntimeError as error:
            say(error)
    threading.stack_size(kib << 10)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
attempt(96)
attempt(128)
attempt(256)
{_RUN}
""",
        options=["-W", "ignore"],
    )
    assert ["KiB of stack in the thread" in line for line in lines] == [True, True, False, False]
    assert lines[2:] == ["ran", "ran"]
