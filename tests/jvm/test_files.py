"""The files that Java reads from: one that was closed is opened again, and no other file is read in its place."""

from __future__ import annotations

from typing import Final

import pytest

from support.programs import lines_of

_CLOSED: Final = """
from support.process_state import open_files
before = open_files()
loop = new_event_loop()
loop.run_until_complete(asyncio.sleep(0.001))
loop.close()
numbers = [int(name.split()[1]) for name in open_files().keys() - before.keys()]
for number in numbers:
    os.close(number)
async def main():
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    server.close()
    return "served"
"""


def test_files_of_java_s_that_were_closed_are_opened_again() -> None:
    lines = lines_of(
        f"""{_CLOSED}
say(len(numbers) > 1, pyloop.run(main()))
say(*(open_files()[f"descriptor {{number}}"][1] for number in numbers))
"""
    )
    assert lines == ["True served", "inherited: False inherited: False"]


@pytest.mark.parametrize("use", ["pyloop.run(main())", "loop.run_until_complete(main())"])
def test_a_loop_is_refused_where_another_file_has_the_number(use: str) -> None:
    lines = lines_of(
        f"""{_CLOSED}
loop = new_event_loop()
for number in numbers:
    os.dup2(os.open("/dev/zero", os.O_RDONLY), number)
coroutine = main()
try:
    {use.replace("main()", "coroutine")}
except RuntimeError as error:
    say(error)
coroutine.close()
loop.close()
"""
    )
    assert [line.partition(": ")[0] for line in lines] == ["PyLoop cannot be used any more"]
    assert "was closed by the program" in lines[0]
