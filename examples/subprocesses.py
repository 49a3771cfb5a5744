"""Subprocesses with pipes: communicate, line by line, exit codes, a signal and a deadline, all at the same time."""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process


async def start(program: str, *arguments: str) -> Process:
    """Start a Python child that runs `program`, with pipes for its input and output."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )


async def communicate() -> str:
    """Send a child more than a pipe holds and get it back in upper case."""
    child = await start("import sys; sys.stdout.write(sys.stdin.read().upper())")
    text = "the quick brown fox\n" * 20_000
    output, errors = await child.communicate(text.encode())
    assert (output.decode(), errors, child.returncode) == (text.upper(), b"", 0)
    return f"communicate: {len(text):,} characters to upper case and back"


async def converse() -> str:
    """Talk to a child line by line."""
    child = await start("for number in iter(input, 'end'): print(int(number) ** 2, flush=True)")
    assert child.stdin is not None
    assert child.stdout is not None
    squares = []
    for number in range(10):
        child.stdin.write(f"{number}\n".encode())
        squares.append(int(await child.stdout.readline()))
    child.stdin.write(b"end\n")
    assert await child.wait() == 0
    assert squares == [number**2 for number in range(10)]
    return f"conversation: the squares are {squares}"


async def exit_codes() -> str:
    """Collect the exit codes of several children and what one of them wrote to its standard error."""
    program = "import sys; print('bye', file=sys.stderr); sys.exit(int(sys.argv[1]))"
    children = await asyncio.gather(*(start(program, str(code)) for code in range(4)))
    errors = [(await child.communicate())[1] for child in children]
    codes = [child.returncode for child in children]
    assert codes == [0, 1, 2, 3]
    assert errors == [b"bye\n"] * 4
    return f"exit codes: {codes}"


async def terminate() -> str:
    """Give up on a child that would run for a minute."""
    child = await start("import time; print('ready', flush=True); time.sleep(60)")
    assert child.stdout is not None
    assert await child.stdout.readline() == b"ready\n"
    try:
        async with asyncio.timeout(0.1):
            await child.wait()
    except TimeoutError:
        child.terminate()
    assert await child.wait() == -signal.SIGTERM
    return "deadline: the child was terminated by SIGTERM"


async def shell() -> str:
    """Run a pipeline in a shell."""
    child = await asyncio.create_subprocess_shell("printf 'b\\na\\nc\\n' | sort", stdin=DEVNULL, stdout=PIPE)
    output, _ = await child.communicate()
    assert output.split() == [b"a", b"b", b"c"]
    return f"shell: sorted to {output.decode().split()}"


async def main() -> None:
    """Run everything at once and say what came of it."""
    loop = asyncio.get_running_loop()
    print(f"subprocesses on {type(loop).__module__}.{type(loop).__qualname__}")
    for line in await asyncio.gather(communicate(), converse(), exit_codes(), terminate(), shell()):
        print(f"  {line}")


if __name__ == "__main__":
    asyncio.run(main())
