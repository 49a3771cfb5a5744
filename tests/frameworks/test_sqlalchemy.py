"""SQLAlchemy's asyncio extension, which runs its own code in greenlets: on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import gc
import random
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import URL, func, select, text
from sqlalchemy.ext.asyncio import AsyncAttrs, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.schema import ForeignKey

from support import postgres
from support.programs import run_command
from support.streams import run

_ACCOUNTS: Final = 6
_OPENING: Final = 1000


class _Base(AsyncAttrs, DeclarativeBase):
    pass


class _Account(_Base):
    __tablename__ = "account"
    number: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]
    entries: Mapped[list[_Entry]] = relationship(order_by="_Entry.number")


class _Entry(_Base):
    __tablename__ = "entry"
    number: Mapped[int] = mapped_column(primary_key=True)
    account_number: Mapped[int] = mapped_column(ForeignKey("account.number"))
    amount: Mapped[int]


@pytest.fixture(scope="module")
def server() -> Iterator[URL]:
    """A PostgreSQL server."""
    with postgres.serving() as ways:
        options = ways["plain"]
        yield URL.create(
            "postgresql+asyncpg",
            username=options["user"],
            password=options["password"],
            host=options["host"],
            port=options["port"],
            database=options["database"],
        )


@pytest.fixture(params=["aiosqlite", "asyncpg"])
def address(request: pytest.FixtureRequest, server: URL, tmp_path: Path) -> URL:
    """A database of each kind in turn."""
    return server if request.param == "asyncpg" else URL.create("sqlite+aiosqlite", database=str(tmp_path / "database"))


@pytest.fixture
def garbage_collected() -> Iterator[None]:
    """Another thread collects garbage all the while."""
    ended = threading.Event()

    def collect() -> None:
        while not ended.wait(0.002):
            gc.collect(1)

    thread = threading.Thread(target=collect)
    thread.start()
    yield
    ended.set()
    thread.join()


async def _open_accounts(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(_Base.metadata.drop_all)
        await connection.run_sync(_Base.metadata.create_all)
    async with AsyncSession(engine) as session, session.begin():
        session.add_all([_Account(number=number, balance=_OPENING) for number in range(_ACCOUNTS)])


async def _transfer(session: AsyncSession, giver: int, taker: int, amount: int) -> None:
    # In one order, so that transfers do not block each other for ever.
    for number, change in sorted([(giver, -amount), (taker, amount)]):
        account = await session.get_one(_Account, number, with_for_update=True)
        account.balance += change
        session.add(_Entry(account_number=number, amount=change))
        await session.flush()


@pytest.mark.usefixtures("garbage_collected")
def test_transactions_move_money_and_lose_none(loop: asyncio.AbstractEventLoop, address: URL) -> None:
    choices = random.Random(3)
    # SQLite has one writer at a time, and says so to all others.
    at_once = asyncio.Semaphore(1 if address.drivername.startswith("sqlite") else 10)

    async def main() -> None:
        engine = create_async_engine(address, pool_size=4, max_overflow=2)
        sessions = async_sessionmaker(engine)

        async def transfer(number: int) -> None:
            giver, taker = choices.sample(range(_ACCOUNTS), 2)
            async with at_once, sessions() as session, session.begin():
                await _transfer(session, giver, taker, number)
                if number % 5 == 0:
                    raise LookupError

        await _open_accounts(engine)
        numbers = range(1, 61)
        ends = await asyncio.gather(*map(transfer, numbers), return_exceptions=True)
        assert [type(end) for end in ends] == [type(None if number % 5 else LookupError()) for number in numbers]
        async with sessions() as session:
            assert await session.scalar(select(func.sum(_Account.balance))) == _ACCOUNTS * _OPENING
            assert await session.scalar(select(func.count()).select_from(_Entry)) == 2 * 48
            for account in await session.scalars(select(_Account)):
                entries = await account.awaitable_attrs.entries
                assert account.balance == _OPENING + sum(entry.amount for entry in entries)
        await engine.dispose()

    run(loop, main())


def test_who_is_cancelled_leaves_the_pool_usable(loop: asyncio.AbstractEventLoop, server: URL) -> None:
    async def query(engine: AsyncEngine) -> None:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_sleep(60)"))

    async def main() -> None:
        engine = create_async_engine(server, pool_size=2, max_overflow=0)
        for delay in (0.0, 0.0005, 0.002, 0.01):
            tasks = [asyncio.create_task(query(engine)) for _ in range(4)]
            await asyncio.sleep(delay)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        async with asyncio.timeout(60), engine.connect() as connection:
            assert await connection.scalar(text("SELECT 6 * 7")) == 42
        await engine.dispose()

    # On 3.11 a connection that is given up while it is made reports that, on every loop.
    loop.set_exception_handler(lambda _loop, _context: None)
    loop.run_until_complete(main())


def test_rows_are_streamed(loop: asyncio.AbstractEventLoop, address: URL) -> None:
    async def main() -> int:
        engine = create_async_engine(address)
        await _open_accounts(engine)
        async with AsyncSession(engine) as session:
            session.add_all([_Entry(account_number=number % _ACCOUNTS, amount=number) for number in range(2000)])
            await session.commit()
            total = 0
            async for entry in await session.stream_scalars(select(_Entry).execution_options(yield_per=100)):
                total += entry.amount
        await engine.dispose()
        return total

    assert run(loop, main()) == sum(range(2000))


_FIXTURES: Final = """
import pytest, pytest_asyncio
import pyloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

def pytest_asyncio_loop_factories(config, item):
    return {"pyloop": pyloop.new_event_loop}
"""

_TESTS: Final = """
import asyncio
import pytest, pytest_asyncio
import pyloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def engine(tmp_path_factory):
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('database') / 'file'}")
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE number (value int)"))
    yield engine
    await engine.dispose()

@pytest_asyncio.fixture
async def own(tmp_path):
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'file'}")
    yield engine
    await engine.dispose()

@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("value", range(5))
async def test_of_the_module_s_loop(engine, value):
    assert type(asyncio.get_running_loop()) is pyloop.EventLoop
    async with engine.begin() as connection:
        await connection.execute(text(f"INSERT INTO number VALUES ({value})"))
        assert await connection.scalar(text("SELECT count(*) FROM number")) == value + 1

@pytest.mark.asyncio
@pytest.mark.parametrize("value", range(5))
async def test_of_a_loop_of_its_own(own, value):
    async with own.connect() as connection:
        assert await connection.scalar(text(f"SELECT {value}")) == value
"""


def test_fixtures_of_loops_of_several_scopes(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(_FIXTURES)
    (tmp_path / "test_engines.py").write_text(_TESTS)
    # looptime's plugin, which is installed for other tests, would put loops of its own in their place.
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:looptime_plugin"]
    command: list[Any] = [sys.executable, "-m", "pytest", *options, str(tmp_path)]
    done = run_command(command, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 passed" in done.stdout
