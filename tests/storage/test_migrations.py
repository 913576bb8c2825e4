"""The revisions and the schema say the same, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from storage import migrations
from storage.database import StorageUnavailableError, open_engine
from storage.migrations import HEAD, MigrationError, current, upgrade
from storage.schema import metadata


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Two empty databases of one kind."""
    if request.param == "sqlite":
        one, two = (f"sqlite+aiosqlite:///{tmp_path / name}.db" for name in ("one", "two"))
        return one, two
    make = request.getfixturevalue("new_database")
    return make("one"), make("two")


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
    """Every index and trigger as the database itself writes it, with which rows it is of."""
    if connection.dialect.name == "sqlite":
        question = "SELECT sql FROM sqlite_master WHERE type <> 'table' AND sql IS NOT NULL"
    else:
        question = (
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' UNION ALL "
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
        )
    found = {" ".join(row[0].split()) for row in connection.exec_driver_sql(question)}
    return {sql for sql in found if "alembic_version" not in sql}


async def test_the_revisions_make_the_schema_to_the_last_index(urls: tuple[str, str]) -> None:
    upgrade(urls[0])
    await looked_at(urls[1], metadata.create_all)
    assert await looked_at(urls[0], differences) == []
    by_revisions = await looked_at(urls[0], indexes)
    assert by_revisions == await looked_at(urls[1], indexes)
    assert sum("TRIGGER" in sql for sql in by_revisions) == 2  # type: ignore[operator]
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
        assert await current(engine) == HEAD == migrations._scripts().get_current_head()
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
        lambda url: url.replace("/refused_", "/no_such_"),
        lambda url: "postgresql+asyncpg://nobody:secret@127.0.0.1:1/one",
    ],
)
def test_a_server_that_does_not_let_us_in_is_said(
    new_database: Callable[[str], str], wrong: Callable[[str], str]
) -> None:
    url = wrong(new_database("refused"))
    with pytest.raises(StorageUnavailableError):
        upgrade(url)


def test_every_revision_is_in_one_line() -> None:
    scripts = migrations._scripts()
    assert len(scripts.get_heads()) == len(scripts.get_bases()) == 1
