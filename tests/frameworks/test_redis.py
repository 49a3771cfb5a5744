"""redis-py on a PyLoop loop, against a Redis server of its own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
import redis.asyncio
import redis.exceptions
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from support import daemons
from support.certificates import server_files
from support.servers import silent_server
from support.streams import run

Options: TypeAlias = dict[str, Any]

_ONCE: Final = Retry(NoBackoff(), retries=0)
_POOL_SIZE: Final = 8


@pytest.fixture(scope="module")
def ways() -> Iterator[dict[str, Options]]:
    """How to connect to a running server: in the clear, through TLS and through a socket of its folder."""
    (server,) = daemons.programs("redis-server")
    with daemons.folder() as home:
        files = server_files(home)
        fixed = ["--bind", daemons.HOST, "--save", "", "--unixsocket", str(home / "socket"), "--tls-auth-clients", "no"]
        fixed += ["--tls-key-file", str(files.key), "--tls-cert-file", str(files.certificate)]
        fixed += ["--tls-ca-cert-file", str(files.authority)]

        def command(ports: daemons.Ports) -> list[str | Path]:
            port, tls_port = map(str, ports)
            return daemons.contained(server, *fixed, "--port", port, "--tls-port", tls_port)

        # The socket of the folder is the last that it opens.
        with daemons.serving(command, home=home, ports=2, ready="connections at") as (port, tls_port):
            yield {
                "plain": {"host": daemons.HOST, "port": port},
                "TLS": {"host": daemons.HOST, "port": tls_port, "ssl": True, "ssl_ca_certs": str(files.authority)},
                "unix": {"unix_socket_path": str(home / "socket")},
            }


@pytest.fixture(params=["plain", "TLS", "unix"])
def options(request: pytest.FixtureRequest, ways: dict[str, Options]) -> Options:
    """The options of a client, each way in turn."""
    return ways[request.param]


@pytest.fixture
def plain(ways: dict[str, Options]) -> Options:
    """The options of a client in the clear, where the way makes no difference."""
    return ways["plain"]


class _Client:
    """An empty database's client with some connections, for which its commands wait; it is closed at the end.

    What it gives is untyped: the same methods serve the clients that block, and pipelines.
    """

    def __init__(self, options: Options, **rest: Any) -> None:
        self._client: Any = redis.asyncio.Redis(**options, **rest)
        # One that waits for a free connection; those of the client itself fail when all are in use.
        made = self._client.connection_pool
        pool = redis.asyncio.BlockingConnectionPool(
            max_connections=_POOL_SIZE, connection_class=made.connection_class, **made.connection_kwargs
        )
        self._client = redis.asyncio.Redis.from_pool(pool)

    async def __aenter__(self) -> Any:
        await self._client.flushdb()
        return self._client

    async def __aexit__(self, *exc_info: object) -> None:
        await self._client.aclose()


def test_pipelines_answer_in_order(loop: asyncio.AbstractEventLoop, options: Options) -> None:
    count = 2000

    async def main() -> None:
        async with _Client(options) as client:
            async with client.pipeline(transaction=False) as pipeline:
                for number in range(count):
                    pipeline.set(f"key:{number}", number).get(f"key:{number}")
                answers = await pipeline.execute()
            assert answers[::2] == [True] * count
            assert answers[1::2] == [b"%d" % number for number in range(count)]
            async with client.pipeline(transaction=True) as pipeline:
                pipeline.incr("counter").lpush("counter", "no list").incr("counter")
                first, second, third = await pipeline.execute(raise_on_error=False)
            assert (first, type(second), third) == (1, redis.exceptions.ResponseError, 2)

    run(loop, main())


def test_optimistic_transactions_lose_no_update(loop: asyncio.AbstractEventLoop, options: Options) -> None:
    tasks, updates = 8, 6

    async def add(client: Any) -> int:
        conflicts = done = 0
        async with client.pipeline() as pipeline:
            while done < updates:
                await pipeline.watch("total")
                total = int(await pipeline.get("total"))
                pipeline.multi()
                pipeline.set("total", total + 1)
                try:
                    await pipeline.execute()
                except redis.exceptions.WatchError:
                    conflicts += 1
                else:
                    done += 1
        return conflicts

    async def main() -> None:
        async with _Client(options) as client:
            await client.set("total", 0)
            conflicts = await asyncio.gather(*(add(client) for _ in range(tasks)))
            assert await client.get("total") == b"%d" % (tasks * updates)
            assert sum(conflicts) > 0

    run(loop, main())


def test_what_is_published_arrives_in_order(loop: asyncio.AbstractEventLoop, options: Options) -> None:
    messages = [b"%d " % number + b"x" * (number * 50) for number in range(300)]

    async def listen(client: Any, subscribed: asyncio.Event) -> list[bytes]:
        received = []
        async with client.pubsub() as subscription:
            await subscription.subscribe("news")
            await subscription.psubscribe("w*ther")
            async for message in subscription.listen():
                match message["type"]:
                    case "psubscribe":
                        subscribed.set()
                    case "message":
                        received.append(message["data"])
                    case "pmessage":
                        break
        return received

    async def main() -> None:
        async with _Client(options) as client:
            events = [asyncio.Event() for _ in range(4)]
            tasks = [asyncio.create_task(listen(client, event)) for event in events]
            for event in events:
                await event.wait()
            for message in messages:
                assert await client.publish("news", message) == len(tasks)
            await client.publish("weather", "fine")
            assert await asyncio.gather(*tasks) == [messages] * len(tasks)

    run(loop, main())


def test_a_blocking_pop_waits_until_there_is_something_or_its_time_is_up(
    loop: asyncio.AbstractEventLoop, options: Options
) -> None:
    async def main() -> None:
        async with _Client(options) as client:
            started = loop.time()
            assert await client.blpop("empty", timeout=0.2) is None
            assert 0.1 < loop.time() - started < 10
            waiting = [asyncio.create_task(client.blpop(f"queue:{number}", timeout=30)) for number in range(4)]
            await asyncio.sleep(0.05)
            for number in reversed(range(4)):
                assert not waiting[number].done()
                await client.rpush(f"queue:{number}", number)
                assert await waiting[number] == (b"queue:%d" % number, b"%d" % number)

    run(loop, main())


@pytest.mark.parametrize("give_up", ["cancel", "wait_for", "timeout"])
def test_after_a_command_is_given_up_the_pool_answers_right(
    loop: asyncio.AbstractEventLoop, options: Options, give_up: str
) -> None:
    patience = 0.05

    async def give_up_one(client: Any) -> None:
        command = client.blpop("never", timeout=30)
        match give_up:
            case "cancel":
                task = asyncio.ensure_future(command)
                await asyncio.sleep(patience)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            case "wait_for":
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(command, patience)
            case "timeout":
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(patience):
                        await command

    async def main() -> None:
        async with _Client(options) as client:
            await client.mset({f"key:{number}": number for number in range(100)})
            for _ in range(2):
                # Every connection is made before a command on it is given up.
                await asyncio.gather(*(client.ping() for _ in range(_POOL_SIZE)))
                await asyncio.gather(*(give_up_one(client) for _ in range(_POOL_SIZE)))
                answers = await asyncio.gather(*(client.get(f"key:{number}") for number in range(100)))
                assert answers == [b"%d" % number for number in range(100)]
            # Nobody is left waiting at the server.
            assert await client.rpush("never", "late") == 1
            assert await client.lpop("never") == b"late"

    run(loop, main())


def test_no_answer_goes_to_another_command_when_many_are_given_up(
    loop: asyncio.AbstractEventLoop, options: Options
) -> None:
    choices = random.Random(1)

    async def ask(client: Any, number: int) -> bool:
        patience = choices.random() * 0.02
        try:
            async with asyncio.timeout(patience):
                for step in range(50):
                    assert await client.echo(f"{number} {step}") == b"%d %d" % (number, step)
        except TimeoutError:
            return False
        return True

    async def main() -> None:
        async with _Client(options) as client:
            answered: list[bool] = []
            for start in range(0, 120, 12):
                answered += await asyncio.gather(*(ask(client, number) for number in range(start, start + 12)))
            assert False in answered
            answers = await asyncio.gather(*(client.echo(str(number)) for number in range(100)))
            assert answers == [b"%d" % number for number in range(100)]

    run(loop, main())


def test_megabytes_in_one_value_on_several_connections(loop: asyncio.AbstractEventLoop, options: Options) -> None:
    values = {b"key:%d" % seed: random.Random(seed).randbytes(4_000_000 + seed) for seed in range(4)}

    async def main() -> None:
        async with _Client(options) as client:
            await asyncio.gather(*(client.set(key, value) for key, value in values.items()))
            assert await asyncio.gather(*map(client.get, values)) == list(values.values())
            assert await client.mget(values) == list(values.values())

    run(loop, main())


def test_a_stream_s_reader_blocks_until_there_are_entries(loop: asyncio.AbstractEventLoop, options: Options) -> None:
    entries = [{b"number": b"%d" % number} for number in range(200)]

    async def consume(client: Any) -> list[dict[bytes, bytes]]:
        consumed: list[dict[bytes, bytes]] = []
        while len(consumed) < len(entries):
            ((_, batch),) = await client.xreadgroup("group", "consumer", {"stream": ">"}, count=30, block=30_000)
            consumed += [fields for _, fields in batch]
            await client.xack("stream", "group", *(identifier for identifier, _ in batch))
        return consumed

    async def main() -> None:
        async with _Client(options) as client:
            await client.xgroup_create("stream", "group", mkstream=True)
            consumer = asyncio.create_task(consume(client))
            for entry in entries:
                await client.xadd("stream", entry)
            assert await consumer == entries
            assert (await client.xpending("stream", "group"))["pending"] == 0

    run(loop, main())


def test_a_client_replaces_connections_that_the_server_ends(loop: asyncio.AbstractEventLoop, plain: Options) -> None:
    async def main() -> None:
        async with _Client(plain) as client:
            before = await client.client_id()
            waiting = asyncio.create_task(client.blpop("answer", timeout=30))
            await asyncio.sleep(0.05)
            assert await client.client_kill_filter(_type="normal", skipme=True) >= 1
            await client.rpush("answer", "after all")
            # The command is repeated on a new connection.
            assert await waiting == (b"answer", b"after all")
            await client.client_kill_filter(_type="normal", skipme=False)
            assert await client.client_id() > before

    run(loop, main())


def test_a_server_that_does_not_answer_is_given_up(loop: asyncio.AbstractEventLoop, plain: Options) -> None:
    async def main() -> None:
        async with silent_server(daemons.HOST) as port:
            impatient = redis.asyncio.Redis(**{**plain, "port": port}, socket_timeout=0.1, retry=_ONCE)
            async with impatient as client:
                with pytest.raises(redis.exceptions.TimeoutError):
                    await client.get("key")

    run(loop, main())


def test_a_server_of_another_authority_is_not_trusted(
    loop: asyncio.AbstractEventLoop, ways: dict[str, Options]
) -> None:
    async def main() -> None:
        options = {**ways["TLS"], "ssl_ca_certs": None, "retry": _ONCE}
        async with redis.asyncio.Redis(**options) as client:
            with pytest.raises(redis.exceptions.ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
                await client.get("key")

    run(loop, main())
