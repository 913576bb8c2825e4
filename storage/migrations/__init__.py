"""Brings a database to the tables that this code knows, with Alembic.

A new revision: change `storage/schema.py`, then

    alembic -x url=sqlite+aiosqlite:///draft.db upgrade head
    alembic -x url=sqlite+aiosqlite:///draft.db revision --autogenerate --rev-id 0002 -m "What for"

and read what it wrote; a test fails until the revisions and the schema agree on both databases.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.database import StorageUnavailableError, open_engine, unavailable

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

# Alembic takes a quarter of a second to import, so it is imported where it is used; and to begin,
# the bot needs none of it.

HEAD = "0001"
"""The version that this code is made for; a test holds it to the revisions."""


class MigrationError(Exception):
    """The database can't be brought to this version; the message is one plain sentence."""


def upgrade(url: str) -> None:
    """Bring the database at a SQLAlchemy URL to this version: all of it, or nothing.

    Doing it twice does nothing the second time. May be called with or without a running event loop;
    it returns when it is done.

    Raises:
        MigrationError: if the database is newer than this code, or holds other tables.
        StorageUnavailableError: if it can't be reached, is locked or is full.
    """
    with ThreadPoolExecutor(1) as alone:  # a thread has no event loop that could be in the way
        alone.submit(asyncio.run, _upgrade(url)).result()


async def _upgrade(url: str) -> None:
    engine = open_engine(url)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine.sync_engine, "connect", _without_foreign_keys)
    try:
        await bring_up(engine)
    except StorageUnavailableError:
        await asyncio.sleep(0.05)  # aiosqlite's thread still wants a word with this event loop
        raise
    except (DBAPIError, OSError) as error:
        if "already exists" in str(error):
            raise MigrationError(OTHER_TABLES) from error
        if unavailable(error):
            raise StorageUnavailableError(type(error).__name__) from error
        raise
    finally:
        await engine.dispose()


OTHER_TABLES = "This database already has tables that `popround migrate` did not make."


async def bring_up(engine: AsyncEngine) -> None:
    """As `upgrade`, through an engine that is open. Errors come as they are."""
    from alembic import command

    found = await current(engine)
    if found is not None and not knows(found):
        raise MigrationError(
            f"The database is newer (version {found}; this Popround is made for {HEAD}); "
            "install the newer Popround."
        )
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(_config(sync), "head"))


async def current(engine: AsyncEngine) -> str | None:
    """The version that a database is of; none if it was never set up.

    Raises:
        StorageUnavailableError: if it can't be reached.
    """
    kept = "alembic_version"
    try:
        async with engine.connect() as connection:
            if not await connection.run_sync(lambda sync: sa.inspect(sync).has_table(kept)):
                return None
            found = await connection.execute(sa.text(f"SELECT version_num FROM {kept}"))  # noqa: S608
            version: str | None = found.scalar()
            return version
    except (DBAPIError, OSError) as error:
        if unavailable(error):
            raise StorageUnavailableError(type(error).__name__) from error
        raise


def knows(version: str) -> bool:
    """Whether this code has heard of a version: if not, the database is newer."""
    return version in {script.revision for script in _scripts().walk_revisions()}


def _scripts() -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


def _config(connection: sa.Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _without_foreign_keys(connection: Any, _record: Any) -> None:
    # To change a column SQLite makes a table anew and drops the old one, which would take the rows
    # that point to it along (sqlite.org/lang_altertable.html#otheralter). env.py checks afterwards.
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=OFF")
    cursor.close()
