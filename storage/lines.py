"""Lines to the database: a connection each, kept from one transaction to the next.

SQLAlchemy makes the connections, puts statements together and says what a driver's errors are. What
is said on a line goes to the driver itself: to take a connection from SQLAlchemy's pool, begin,
commit and give it back was 0.4 ms of processor time on PostgreSQL and 0.2 on SQLite, and a small
SELECT by way of its adapter 70 µs, where asyncpg takes 10 (docs/performance.md, record 24).
"""

from __future__ import annotations

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple, TypeVar

import aiosqlite
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

T = TypeVar("T")

BUSY_SECONDS = 15
"""How long a write waits for another process's before it gives up (SQLite)."""

PLACE_SECONDS = 15
"""How long somebody waits for a line while all are in use."""

MOST_PREPARED = 500
"""Statements that PostgreSQL keeps prepared for one line. A conversation asks some 150 of them."""


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


class Lines:
    """The lines of one process: made when they are needed, and kept."""

    def __init__(self, engine: AsyncEngine, most: int) -> None:
        self._engine = engine
        self._kind = OnPostgresql if engine.dialect.name == "postgresql" else OnSqlite
        self._places = asyncio.Semaphore(most)
        self._free: list[Line] = []
        self._over = False
        """No line is kept any more."""

    @asynccontextmanager
    async def begun(self) -> AsyncIterator[Line]:
        """A line with a transaction: committed if the block ends well, else undone.

        Raises:
            NoConnectionError: if all were in use for `PLACE_SECONDS`.
            DBAPIError, OSError: if the database can't be reached, or could not commit.
        """
        await self._a_place()
        try:
            line = await self._that_has_begun()
            try:
                yield line
            except BaseException:
                await to_its_end(self._undo(line))
                raise
            await to_its_end(self._keep(line))
        finally:
            self._places.release()

    async def _a_place(self) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout(PLACE_SECONDS):
                await self._places.acquire()
        except TimeoutError:
            raise NoConnectionError("all lines are in use") from None

    async def _that_has_begun(self) -> Line:
        """A line that was kept, or where the server has gone since, a new one."""
        while True:
            kept = bool(self._free)
            while not self._free:  # another may be quicker to take what was made
                await to_its_end(self._one_more())
            line = self._free.pop()
            try:
                await line.begin()
            except BaseException:
                gone = line.broken
                await to_its_end(self._undo(line))
                if not (kept and gone):
                    raise
            else:
                return line

    async def _one_more(self) -> None:
        connection = self._engine.connect()
        await connection.start()
        try:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            self._free.append(self._kind(connection))
        except BaseException:
            await connection.close()
            raise

    async def _keep(self, line: Line) -> None:
        try:
            await line.commit()
        except BaseException:
            # Whether it is over nobody can say: it is used no more.
            await line.cut()
            raise
        await self._give_back(line)

    async def _undo(self, line: Line) -> None:
        with suppress(DBAPIError, OSError):
            await line.rollback()
            if not line.broken:
                await self._give_back(line)
                return
        await line.cut()

    async def _give_back(self, line: Line) -> None:
        if self._over:
            await line.connection.close()
        else:
            self._free.append(line)

    async def close(self) -> None:
        """Give all lines back to SQLAlchemy, which closes them with its engine; those that are in
        use as soon as they no longer are."""
        self._over = True
        while self._free:
            await to_its_end(self._free.pop().connection.close())


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


# SQLite


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
