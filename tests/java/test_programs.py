"""Real clients and libraries of Java's on a loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import jpype
import pytest

import jdk
import pyloop
import pyloop.java as pj
from support import daemons
from support.java import concurrent, java, start_options
from support.programs import run_command

COMMANDS = 10_000
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "java"


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    """The address of a Redis server."""
    (server,) = daemons.programs("redis-server")
    with daemons.folder() as home:

        def command(ports: daemons.Ports) -> list[str | Path]:
            return daemons.contained(server, "--bind", daemons.HOST, "--save", "", "--port", str(ports[0]))

        with daemons.serving(command, home=home, ready="Ready to accept connections") as (port,):
            yield f"redis://{daemons.HOST}:{port}"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve HTTP: what was asked for is the body."""
    with contextlib.suppress(asyncio.IncompleteReadError):
        while True:
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(path), path))
    writer.close()


def test_the_http_client_of_the_jdk_and_a_server_on_the_loop() -> None:
    client_class = java("java.net.http.HttpClient")
    request, handlers = java("java.net.http.HttpRequest"), java("java.net.http.HttpResponse").BodyHandlers

    async def main() -> None:
        server = await asyncio.start_server(answer, daemons.HOST, 0)
        port = server.sockets[0].getsockname()[1]
        # Its threads are the loop: what it completes, it completes there.
        client = client_class.newBuilder().version(client_class.Version.HTTP_1_1).executor(pj.executor()).build()

        async def get(number: int) -> str:
            uri = java("java.net.URI").create(f"http://{daemons.HOST}:{port}/{number}")
            response = await pj.wrap(client.sendAsync(request.newBuilder(uri).build(), handlers.ofString()))
            assert response.statusCode() == 200
            return str(response.body())

        assert await asyncio.gather(*map(get, range(50))) == [f"/{number}" for number in range(50)]
        await pj.run(jpype.JObject(client.close, java("java.lang.Runnable")))
        server.close()
        await asyncio.sleep(0.05)

    pyloop.run(main())


def test_lettuce_and_many_commands_at_once(redis: str) -> None:
    async def main() -> None:
        client = java("io.lettuce.core.RedisClient").create(redis)
        connection = client.connect()
        commands = connection.async_()
        try:
            await asyncio.gather(*[pj.wrap(commands.set(f"key {number}", str(number))) for number in range(COMMANDS)])
            values = await asyncio.gather(*[pj.wrap(commands.get(f"key {number}")) for number in range(COMMANDS)])
            assert list(map(str, values)) == list(map(str, range(COMMANDS)))
            with pytest.raises(java("io.lettuce.core.RedisCommandExecutionException"), match="WRONGTYPE"):
                await pj.wrap(commands.lpush("key 0", "item"))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await pj.wrap(commands.blpop(60, "no such list"))
        finally:
            connection.closeAsync()
            await pj.wrap(client.shutdownAsync(0, 2, concurrent("TimeUnit").SECONDS))

    pyloop.run(main())


def test_reactor_from_its_own_threads() -> None:
    flux = java("reactor.core.publisher.Flux")
    schedulers = java("reactor.core.scheduler.Schedulers")

    async def main() -> None:
        source = flux.range(0, 5000).publishOn(schedulers.parallel())
        total = 0
        async for item in pj.iterate(source, prefetch=64):
            total += item
        assert total == sum(range(5000))
        mono = java("reactor.core.publisher.Mono").just("single").subscribeOn(schedulers.parallel())
        assert [str(item) async for item in pj.iterate(mono)] == ["single"]

    try:
        pyloop.run(main())
    finally:
        schedulers.shutdownNow()


def test_a_client_of_scheduled_executors_drives_coroutines() -> None:
    """It knows the interface alone, and waits for what it started in threads of its own."""
    ran: list[int] = []

    class Job:
        """A ``Callable`` whose call is a coroutine."""

        def __init__(self, number: int) -> None:
            self.number = number

        async def run(self) -> None:
            await asyncio.sleep(0.001)
            ran.append(self.number)

    async def main() -> None:
        executor = pj.executor()
        assert isinstance(executor, concurrent("ScheduledExecutorService"))
        delayed = [
            executor.schedule(
                pj.proxy(Job(number), "java.lang.Runnable"), 1 + number, concurrent("TimeUnit").MILLISECONDS
            )
            for number in range(10)
        ]
        await asyncio.gather(*map(pj.wrap, delayed))
        while len(ran) < 10:
            await asyncio.sleep(0.001)
        executor.shutdown()
        assert await asyncio.to_thread(executor.awaitTermination, 10, concurrent("TimeUnit").SECONDS)

    pyloop.run(main())
    assert sorted(ran) == list(range(10))


@pytest.mark.parametrize("name", ["http_client", "lettuce", "reactor", "scheduler"])
def test_the_examples_run(name: str, redis: str) -> None:
    path = EXAMPLES / f"{name}.py"
    _, class_path = start_options()
    variables = {"CLASSPATH": os.pathsep.join(class_path), "JAVA_HOME": str(jdk.find())}
    command = [sys.executable, "-W", "error", str(path), *([redis] if name == "lettuce" else [])]
    done = run_command(command, env=variables)
    assert done.returncode == 0, done.stderr
    assert done.stdout
