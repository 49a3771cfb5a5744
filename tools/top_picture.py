"""Makes docs/assets/top.svg: what ``python -m pyloop top`` shows of a program that runs meanwhile, a server under load.

``python3 tools/environments.py test 3.14 python tools/top_picture.py``, where the package is built.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

from project import ROOT
from pyloop._commands.top import asking, view

_PROGRAM = """
import asyncio, random, time
import pyloop
from pyloop import monitor

async def load_page():
    await asyncio.sleep(random.random() / 100)
    if random.random() < 0.01:
        time.sleep(0.005)

async def handle(reader, writer):
    while line := await reader.readline():
        await load_page()
        writer.write(line * 4)

async def client(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while True:
        writer.write(b"x" * 200 + b"\\n")
        for _ in range(4):
            await reader.readline()

async def main():
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monitor.serve()
    print("ready", flush=True)
    await asyncio.gather(*(client(port) for _ in range(40)))

pyloop.run(main())
"""
_SECONDS = 2.0
_WIDTH = 92


def main() -> None:
    """Makes the picture."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, "server.py"], stdout=subprocess.PIPE, env=environment
    ) as served:
        try:
            assert served.stdout is not None
            served.stdout.readline()
            asking.ask(served.pid, watch=True)
            time.sleep(1)
            before = asking.ask(served.pid, watch=True)
            time.sleep(_SECONDS)
            now = asking.ask(served.pid, watch=True)
        finally:
            served.kill()
    now["command"] = "python server.py"
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=_WIDTH, file=nowhere)
        console.print(view.page(before, now))
    picture = console.export_svg(title=f"python -m pyloop top {now['pid']}")
    # The site fetches nothing from other hosts, not even a font.
    picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    (ROOT / "docs" / "assets" / "top.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
