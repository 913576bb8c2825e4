"""Lines to PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from storage.line import Came, Line

MOST_PREPARED = 500
"""Statements that PostgreSQL keeps prepared for one line. A conversation asks some 150 of them."""


class OnPostgresql(Line):
    """A line to PostgreSQL. Whoever is told to stop while it is listened for an answer leaves it in
    an unknown state, so that it is cut: the server undoes what was begun (record 10)."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection)
        self._prepared: dict[str, tuple[Any, Any]] = {}
        """By their words: statements as the server knows them, and what columns they give."""

    @property
    def broken(self) -> bool:
        return super().broken or self._driver.is_closed()

    async def begin(self) -> None:
        await self._say("BEGIN;")

    async def commit(self) -> None:
        await self._say("COMMIT;")

    async def rollback(self) -> None:
        if not self._driver.is_closed():
            await self._say("ROLLBACK;")

    async def _say(self, words: str) -> None:
        try:
            await self._driver.execute(words)
        except (asyncio.CancelledError, TimeoutError):
            self._driver.terminate()
            raise
        except Exception as error:
            raise self.told(None, error) from error

    async def ask(self, many: bool, words: str, given: Any) -> Came:
        try:
            statement, columns = self._prepared.get(words) or await self._prepare(words)
            if not many:
                rows = await statement.fetch(*given)
                return Came(rows, columns, _written(statement.get_statusmsg()))
            if columns:
                rows = await statement.fetchmany(given)
                return Came(rows, columns, len(rows))
            await statement.executemany(given)
            return Came((), None, -1)
        except asyncio.CancelledError:
            self._driver.terminate()
            raise
        except Exception as error:
            raise self.told(words, error) from error

    async def _prepare(self, words: str) -> tuple[Any, Any]:
        statement = await self._driver.prepare(words)
        columns = [(each.name, each.type.oid) for each in statement.get_attributes()]
        if len(self._prepared) >= MOST_PREPARED:  # the oldest goes
            del self._prepared[next(iter(self._prepared))]
        self._prepared[words] = (statement, columns or None)
        return self._prepared[words]

    def told(self, words: str | None, error: Exception) -> Exception:
        try:
            # SQLAlchemy's own table of which error of asyncpg's is which kind of PEP 249's.
            self._adapted._handle_exception(error)
        except Exception as known:
            error = known
        if isinstance(error, self.dialect.loaded_dbapi.InvalidCachedStatementError):
            self._driver.terminate()  # somebody has changed the tables: a new line knows them anew
        return super().told(words, error)


def _written(status: str | None) -> int:
    """How many rows PostgreSQL says that it wrote or found ("UPDATE 3")."""
    number = (status or "").rpartition(" ")[2]
    return int(number) if number.isdecimal() else -1
