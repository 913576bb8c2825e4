"""What Alembic runs: every revision that is missing, in one transaction."""

from __future__ import annotations

import asyncio
import zlib
from typing import Literal

import sqlalchemy as sa
from alembic import context

from storage.database import open_engine
from storage.schema import UtcDateTime, metadata

LOCK = zlib.crc32(b"popround migrate")
"""Two that migrate at once on PostgreSQL: the second waits, and then has nothing to do."""


def _as_written(kind: str, item: object, _context: object) -> str | Literal[False]:
    """A type of ours by what it is underneath: a revision must not change when the schema does."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def _run(connection: sa.Connection) -> None:
    on_sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=metadata,
        # SQLite can't change a column in place; and it can undo changes to tables, which Alembic
        # does not count on.
        render_as_batch=on_sqlite,
        transactional_ddl=True,
        render_item=_as_written,
    )
    with context.begin_transaction():
        if not on_sqlite:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        context.run_migrations()
        if on_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise sa.exc.IntegrityError("foreign_key_check", None, Exception("broken reference"))


async def _run_for_a_developer() -> None:
    """`alembic -x url=... revision --autogenerate`: see storage/migrations/__init__.py."""
    engine = open_engine(context.get_x_argument(as_dictionary=True)["url"])
    async with engine.begin() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


given: sa.Connection | None = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    asyncio.run(_run_for_a_developer())
