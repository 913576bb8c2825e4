"""What a line to a database is, whichever database it is."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")


class Came(NamedTuple):
    """What a driver gave."""

    rows: Sequence[Any]
    columns: Any
    """What it says of them (PEP 249's `description`); none where there are no columns."""
    written: int
    """How many rows were written, or -1 where it does not say."""
    last: int | None = None
    """The last id that SQLite made."""


class Line(ABC):
    """One connection, on which one transaction at a time is under way."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        """SQLAlchemy's view of it, for what goes the long way. It begins and ends nothing."""
        self.dialect: Any = connection.dialect
        lent: Any = connection.sync_connection.connection  # type: ignore[union-attr]
        self._adapted: Any = lent.dbapi_connection
        self._driver: Any = lent.driver_connection
        self._gone = False

    @property
    def broken(self) -> bool:
        """Nothing more can be said on it."""
        return self._gone or self.connection.invalidated

    @abstractmethod
    async def begin(self) -> None: ...

    @abstractmethod
    async def ask(self, many: bool, words: str, given: Any) -> Came:
        """Carry out one statement, for these values or for each of `many`; what each gave comes in
        their order (SQLite: of one that gives nothing)."""

    @abstractmethod
    async def commit(self) -> None: ...

    @abstractmethod
    async def rollback(self) -> None: ...

    async def cut(self) -> None:
        """Say no more on it, whatever was under way."""
        with suppress(DBAPIError, OSError):
            await self.connection.invalidate()
        await self.connection.close()

    def told(self, words: str | None, error: Exception) -> Exception:
        """What a driver says is wrong, as SQLAlchemy says it; no words: it was about none."""
        drivers = self.dialect.loaded_dbapi.Error
        if not isinstance(error, drivers):
            return error
        self._gone = self._gone or self.dialect.is_disconnect(error, self._adapted, None)
        made: Exception = DBAPIError.instance(
            words,
            None,
            error,
            drivers,
            hide_parameters=True,
            connection_invalidated=self._gone,
            dialect=self.dialect,
        )
        return made


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Wait for something even if told to stop meanwhile, and stop after it.

    Who is cut off in the middle of a word leaves a connection of which nobody knows what it is
    waiting for; one to SQLite may then keep its write lock for good, and everybody else wait for it
    in vain, 15 seconds at a time (seen with SQLAlchemy 2.1.9 and aiosqlite 0.22.1).
    """
    task = asyncio.ensure_future(work)
    stopped: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            stopped = error
    if stopped is not None:
        # What came of it is nobody's any more; looked at, so that it is not complained of.
        if not task.cancelled():
            task.exception()
        raise stopped
    return task.result()
