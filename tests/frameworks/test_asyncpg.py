"""asyncpg on a PyLoop loop, against a PostgreSQL server of its own."""

from __future__ import annotations

import asyncio
import hashlib
import io
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, TypeAlias

import asyncpg
import pytest

from support import daemons, postgres
from support.servers import silent_server
from support.streams import run

Options: TypeAlias = dict[str, Any]

_EMPTY: Final = '""'
_LONG: Final = "SELECT pg_sleep(60)"


@pytest.fixture(scope="module")
def ways() -> Iterator[dict[str, Options]]:
    """How to connect to a running server: in the clear, through TLS and through a socket of its folder."""
    with postgres.serving() as ways:
        yield ways


@pytest.fixture(params=["plain", "TLS", "unix"])
def options(request: pytest.FixtureRequest, ways: dict[str, Options]) -> Options:
    """The options of a connection, each way in turn."""
    return ways[request.param]


@pytest.fixture
def plain(ways: dict[str, Options]) -> Options:
    """The options of a connection in the clear, where the way makes no difference."""
    return ways["plain"]


def _pool(options: Options, size: int = 5, **rest: Any) -> AbstractAsyncContextManager[Any]:
    return asyncpg.create_pool(**options, min_size=size, max_size=size, **rest)


def test_a_pool_s_transactions_move_money_and_lose_none(loop: asyncio.AbstractEventLoop, options: Options) -> None:
    accounts, opening, transfers = 8, 1000, 100
    choices = random.Random(1)

    async def transfer(pool: Any, number: int) -> None:
        giver, taker = choices.sample(range(accounts), 2)
        async with pool.acquire() as connection, connection.transaction():
            move = "UPDATE account SET balance = balance + $2 WHERE number = $1"
            # In one order, so that transfers do not block each other for ever.
            for account, amount in sorted([(giver, -number), (taker, number)]):
                assert await connection.execute(move, account, amount) == "UPDATE 1"
            if number % 5 == 0:
                raise LookupError
            async with connection.transaction():
                await connection.execute("INSERT INTO entry VALUES ($1)", number)

    async def main() -> None:
        async with _pool(options) as pool:
            await pool.execute("DROP TABLE IF EXISTS account, entry")
            await pool.execute("CREATE TABLE account (number int PRIMARY KEY, balance int)")
            await pool.execute("CREATE TABLE entry (amount int)")
            await pool.executemany("INSERT INTO account VALUES ($1, $2)", [(n, opening) for n in range(accounts)])
            numbers = range(1, transfers + 1)
            ends = await asyncio.gather(*(transfer(pool, number) for number in numbers), return_exceptions=True)
            assert [type(end) for end in ends] == [type(None if n % 5 else LookupError()) for n in numbers]
            entries = [row["amount"] for row in await pool.fetch("SELECT amount FROM entry ORDER BY amount")]
            assert entries == [number for number in numbers if number % 5]
            assert await pool.fetchval("SELECT sum(balance) FROM account") == accounts * opening

    run(loop, main())


def test_copy_takes_megabytes_in_and_out(loop: asyncio.AbstractEventLoop, options: Options) -> None:
    count, width = 20_000, 200
    text = random.Random(2).randbytes(count * width // 2).hex()
    lines = [f"{number}\t{text[number * width : (number + 1) * width]}\n".encode() for number in range(count)]

    async def source() -> AsyncIterator[bytes]:
        for start in range(0, count, 500):
            yield b"".join(lines[start : start + 500])
            await asyncio.sleep(0)

    async def main() -> None:
        async with _pool(options, 1) as pool, pool.acquire() as connection:
            await connection.execute("CREATE TEMPORARY TABLE line (number int, content text)")
            assert await connection.copy_to_table("line", source=source()) == f"COPY {count}"

            digest = hashlib.sha256()

            async def sink(data: bytes) -> None:
                digest.update(data)
                await asyncio.sleep(0)

            query = "SELECT * FROM line ORDER BY number"
            assert await connection.copy_from_query(query, output=sink) == f"COPY {count}"
            assert digest.digest() == hashlib.sha256(b"".join(lines)).digest()

            records = [(number, "é" * (number % 100)) for number in range(count)]
            await connection.execute("TRUNCATE line")
            await connection.copy_records_to_table("line", records=records)
            buffer = io.BytesIO()
            await connection.copy_from_table("line", output=buffer, format="csv")
            # The order of a table is nobody's promise.
            copied = sorted(buffer.getvalue().decode().splitlines())
            assert copied == sorted(f"{number},{content or _EMPTY}" for number, content in records)

    run(loop, main())


def test_a_failed_copy_leaves_the_connection_usable(loop: asyncio.AbstractEventLoop, options: Options) -> None:
    async def source() -> AsyncIterator[bytes]:
        yield b"1\n" * 500_000
        raise LookupError("the source fails")

    async def main() -> None:
        async with _pool(options, 1) as pool, pool.acquire() as connection:
            await connection.execute("CREATE TEMPORARY TABLE line (number int)")
            with pytest.raises(LookupError):
                await connection.copy_to_table("line", source=source())
            with pytest.raises(asyncpg.InvalidTextRepresentationError):
                await connection.copy_to_table("line", source=io.BytesIO(b"1\n" * 100_000 + b"x\n" * 500_000))
            assert await connection.fetchval("SELECT count(*) FROM line") == 0

    run(loop, main())


def test_notifications_arrive_in_order_after_the_commit(loop: asyncio.AbstractEventLoop, options: Options) -> None:
    payloads = [f"{number} " + "x" * (number * 79) for number in range(100)]

    async def main() -> None:
        arrived: asyncio.Queue[tuple[int, str]] = asyncio.Queue()

        def note(connection: object, sender: int, channel: str, payload: object) -> None:
            assert channel == "news"
            arrived.put_nowait((sender, str(payload)))

        async with _pool(options, 2) as pool, pool.acquire() as listener, pool.acquire() as speaker:
            await listener.add_listener("news", note)
            async with speaker.transaction():
                for payload in payloads:
                    await speaker.execute("SELECT pg_notify('news', $1)", payload)
                assert arrived.empty()
            received = [await arrived.get() for _ in payloads]
            assert received == [(speaker.get_server_pid(), payload) for payload in payloads]
            await listener.remove_listener("news", note)
            await speaker.execute("NOTIFY news")
            assert await listener.fetchval("SELECT 1") == 1
            assert arrived.empty()

    run(loop, main())


def test_a_query_that_is_given_up_is_cancelled_at_the_server(loop: asyncio.AbstractEventLoop, options: Options) -> None:
    async def main() -> None:
        async with _pool(options, 1) as pool, pool.acquire() as connection:
            server_process = connection.get_server_pid()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(connection.execute(_LONG), 0.05)
            assert await connection.fetchval("SELECT 'after wait_for'") == "after wait_for"
            with pytest.raises(TimeoutError):
                await connection.execute(_LONG, timeout=0.05)
            assert await connection.fetchval("SELECT 'after a timeout'") == "after a timeout"
            task = asyncio.ensure_future(connection.execute(_LONG))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await connection.fetchval("SELECT 'after a cancel'") == "after a cancel"
            assert connection.get_server_pid() == server_process

    run(loop, main())


def test_no_answer_goes_to_another_query_when_many_are_given_up(
    loop: asyncio.AbstractEventLoop, options: Options
) -> None:
    choices = random.Random(3)

    async def ask(pool: Any, number: int) -> bool:
        seconds, patience = choices.random() * 0.01, choices.random() * 0.02
        try:
            async with asyncio.timeout(patience):
                answer = await pool.fetchval("SELECT $1::int FROM pg_sleep($2)", number, seconds)
        except TimeoutError:
            return False
        assert answer == number
        return True

    async def main() -> None:
        async with _pool(options, 4) as pool:
            answered: list[bool] = []
            for start in range(0, 160, 16):
                answered += await asyncio.gather(*(ask(pool, number) for number in range(start, start + 16)))
            assert True in answered
            assert False in answered
            expected = list(range(40))
            assert await asyncio.gather(*(pool.fetchval("SELECT $1::int", number) for number in expected)) == expected

    run(loop, main())


def test_prepared_statements_and_cursors(loop: asyncio.AbstractEventLoop, options: Options) -> None:
    count = 5000

    async def main() -> None:
        async with _pool(options, 1) as pool, pool.acquire() as connection:
            await connection.execute("CREATE TEMPORARY TABLE square (root int, value bigint)")
            await connection.executemany("INSERT INTO square VALUES ($1, $2)", [(n, n * n) for n in range(count)])
            statement = await connection.prepare("SELECT value FROM square WHERE root = $1")
            assert [await statement.fetchval(root) for root in range(200)] == [root * root for root in range(200)]
            async with connection.transaction():
                everything = await connection.prepare("SELECT * FROM square ORDER BY root")
                rows = [tuple(row) async for row in everything.cursor(prefetch=77)]
                assert rows == [(n, n * n) for n in range(count)]
                cursor = await connection.cursor("SELECT root FROM square ORDER BY root")
                await cursor.forward(10)
                assert [row["root"] for row in await cursor.fetch(3)] == [10, 11, 12]

    run(loop, main())


def test_megabytes_in_one_value_on_several_connections(loop: asyncio.AbstractEventLoop, options: Options) -> None:
    values = [random.Random(seed).randbytes(3_000_000 + seed) for seed in range(4)]

    async def main() -> None:
        async with _pool(options, 4) as pool:
            answers = await asyncio.gather(*(pool.fetchval("SELECT $1::bytea", value) for value in values))
            assert answers == values

    run(loop, main())


def test_a_pool_replaces_connections_that_the_server_ends(loop: asyncio.AbstractEventLoop, plain: Options) -> None:
    async def main() -> None:
        async with _pool(plain, 2) as pool, pool.acquire() as connection:
            victim = connection.get_server_pid()
            task = asyncio.ensure_future(connection.execute(_LONG))
            await asyncio.sleep(0.05)
            assert await pool.fetchval("SELECT pg_terminate_backend($1)", victim)
            # The first if the server's last words came alone, the second if the end of the stream came with them.
            with pytest.raises((asyncpg.AdminShutdownError, asyncpg.ConnectionDoesNotExistError)):
                await task
            with pytest.raises((asyncpg.ConnectionDoesNotExistError, asyncpg.InterfaceError)):
                await connection.execute("SELECT 1")
            await pool.release(connection)
            processes = await asyncio.gather(*(pool.fetchval("SELECT pg_backend_pid()") for _ in range(6)))
            assert victim not in processes

    run(loop, main())


def test_a_server_that_does_not_answer_is_given_up(loop: asyncio.AbstractEventLoop, plain: Options) -> None:
    async def main() -> None:
        async with silent_server(daemons.HOST) as port:
            with pytest.raises(TimeoutError):
                await asyncpg.connect(**{**plain, "port": port}, timeout=0.1)

    run(loop, main())


def test_what_the_server_refuses_is_said(loop: asyncio.AbstractEventLoop, options: Options) -> None:
    async def main() -> None:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(**{**options, "password": "wrong"})
        with pytest.raises(asyncpg.InvalidCatalogNameError):
            await asyncpg.connect(**{**options, "database": "missing"})
        connection = await asyncpg.connect(**options)
        try:
            with pytest.raises(asyncpg.UndefinedTableError):
                await connection.execute("SELECT * FROM missing")
            with pytest.raises(asyncpg.UniqueViolationError):
                await connection.execute("CREATE TEMPORARY TABLE one (n int UNIQUE); INSERT INTO one VALUES (1), (1)")
            assert await connection.fetchval("SELECT 1") == 1
        finally:
            await connection.close()

    run(loop, main())


def test_connections_are_encrypted_where_they_say_so(loop: asyncio.AbstractEventLoop, options: Options) -> None:
    async def main() -> bool:
        connection = await asyncpg.connect(**options)
        try:
            used = await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        finally:
            await connection.close()
        return bool(used)

    assert run(loop, main()) == (options.get("ssl") not in (None, False))
