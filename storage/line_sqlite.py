"""Lines to a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import aiosqlite
import sqlalchemy as sa

from storage.line import Came, Line, to_its_end

BUSY_SECONDS = 15
"""How long a write waits for another process's before it gives up (SQLite)."""


class OnSqlite(Line):
    """A line to a SQLite file."""

    async def begin(self) -> None:
        try:
            await self._driver.begin()
        except sqlite3.Error as error:
            raise self.told(None, error) from error

    async def ask(self, many: bool, words: str, given: Any) -> Came:
        try:
            return await self._driver.done(many, words, given)  # type: ignore[no-any-return]
        except sqlite3.Error as error:
            raise self.told(words, error) from error

    async def commit(self) -> None:
        try:
            await self._driver.commit()
        except sqlite3.Error as error:
            raise self.told(None, error) from error

    async def rollback(self) -> None:
        try:
            await self._driver.rollback()
        except sqlite3.Error as error:
            raise self.told(None, error) from error


class SqliteConnection(aiosqlite.Connection):
    """A connection that goes to another thread only where there may be something to wait for.

    aiosqlite hands over each step of a statement: making its cursor, carrying it out, fetching,
    closing. That is four times to another thread and back, and took longer than SQLite did. Here
    a statement is one step; and within a transaction, which has the write lock already, it is
    carried out where it is asked for. To wait for the lock and to commit (which waits for the disk)
    are the thread's (docs/decisions/0022).
    """

    def cursor(self) -> _Cursor:  # type: ignore[override]
        return _Cursor(self)

    async def begin(self) -> None:
        """Take the write lock: at once if it is free, and as a rule it is, since a process of ours
        writes one thing at a time."""
        try:
            self.take_lock(0)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            waiting = self._execute(self.take_lock, BUSY_SECONDS)  # type: ignore[no-untyped-call]
            await to_its_end(waiting)

    def take_lock(self, seconds: float) -> None:
        """Begin, waiting so long for others.

        IMMEDIATE takes the write lock at once: a transaction that read first and wrote later could
        otherwise fail half-way with "database is locked", without waiting.
        """
        self._conn.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
        self._conn.execute("BEGIN IMMEDIATE")

    async def done(self, many: bool, sql: str, parameters: Any) -> Came:
        """Carry out one statement, for these values or for each of `many`."""
        if self._conn.in_transaction:
            return self._done(many, sql, parameters)
        return await self._execute(self._done, many, sql, parameters)  # type: ignore[no-any-return,no-untyped-call]

    async def rollback(self) -> None:
        """Undo what was begun: nothing, where a connection that has committed is given back."""
        if self._conn.in_transaction:
            await super().rollback()

    def _done(self, many: bool, sql: str, parameters: Any) -> Came:
        run = self._conn.executemany if many else self._conn.execute
        cursor = run(sql, parameters)
        rows = cursor.fetchall() if cursor.description else []
        cursor.close()
        return Came(rows, cursor.description, cursor.rowcount, cursor.lastrowid)


class _Cursor:
    """What SQLAlchemy asks of a cursor (`AsyncIODBAPICursor`), where all is there already."""

    arraysize = 1

    def __init__(self, connection: SqliteConnection) -> None:
        self._connection = connection
        self._rows: Sequence[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> _Cursor:
        return self

    async def execute(self, sql: str, parameters: Any = ()) -> _Cursor:
        return await self._keep(False, sql, parameters)

    async def executemany(self, sql: str, parameters: Any) -> _Cursor:
        return await self._keep(True, sql, parameters)

    async def _keep(self, many: bool, sql: str, parameters: Any) -> _Cursor:
        came = await self._connection.done(many, sql, parameters)
        self._rows, self.description, self.rowcount, self.lastrowid = came
        return self

    async def fetchall(self) -> list[Any]:
        return list(self._rows)

    async def close(self) -> None:
        """It was closed where it was used."""


def sqlite_connection(database: str, **options: Any) -> SqliteConnection:
    """As `aiosqlite.connect` makes one."""
    # Two threads use it, never both at once: each step is waited for before the next.
    options["check_same_thread"] = False
    made = SqliteConnection(lambda: sqlite3.connect(database, **options), iter_chunk_size=64)
    made._thread.daemon = True  # as SQLAlchemy does: it keeps no process from ending
    return made


def prepare_sqlite(connection: Any, _record: Any) -> None:
    """How each new connection to SQLite is set."""
    # The driver's own guesses about when to begin are turned off: we say it ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    # `secure_delete`: what is deleted is written over with zeros, not only let go of.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def begin_sqlite(connection: sa.Connection) -> None:
    """SQLAlchemy begins by itself, as migrations let it; a line does not."""
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
