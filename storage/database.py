"""Opens a database and gives out transactions.

SQLite is kept in WAL mode with `synchronous=FULL`, so that what was committed survives the plug
being pulled (sqlite.org/pragma.html#pragma_synchronous); it has one writer at a time, and a lock
here saves the others from asking in vain. PostgreSQL is used as it comes.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from storage.line import Line, to_its_end
from storage.line_sqlite import (
    BUSY_SECONDS,
    begin_sqlite,
    prepare_sqlite,
    sqlite_connection,
)
from storage.lines import PLACE_SECONDS, Lines
from storage.ready import Found, Row, Values, among, ready
from storage.schema import member_keys
from storage.vault import Forgotten, Seal, Vault, WrongKeyError

ANSWER_SECONDS = 30
"""How long PostgreSQL may take over one statement: a line that went dead says nothing at all."""

SILENT_SECONDS = 60
"""How long a process may say nothing in the middle of a transaction before PostgreSQL undoes it
(ours; the longest measured took less than one)."""

PLANS = {"enable_seqscan": "off", "jit": "off"}
"""How PostgreSQL is to look for rows: by an index, wherever one will do. Each of our statements has
one; but what was planned while a table had ten rows would read all of it until statistics are
taken anew, and a new group's first busy hour may be over by then (docs/decisions/0026)."""

MOST_LINES = 8
"""Enough for the lanes, the sender and the clock of one process; PostgreSQL's default limit of 100
connections then bears a dozen processes."""

MOST_KEYS = 5_000
"""Values in one statement: databases limit how many it may carry (SQLite: 32,766)."""


class StorageUnavailableError(Exception):
    """The database can't be reached, is locked or is full. Nothing was kept."""


class FailedStatementError(Exception):
    """A block went on after a statement of its transaction had failed. PostgreSQL would undo such a
    transaction without a word at its end, so it is undone with one, on both databases."""


class Transaction:
    """One unit of work. Everything in it happens, or nothing does."""

    def __init__(self, line: Line, vault: Vault) -> None:
        self._line = line
        self.vault = vault
        self.on_postgresql = line.dialect.name == "postgresql"
        self.failed = False
        """A statement failed: nothing of this will be kept."""
        self.leaves_no_trace = False
        """What is overwritten in this is to be gone from the disk, too, once it is committed."""
        self.read: dict[tuple[str, int], Any] = {}
        """What was first read of a thing, by table and id, so that saving it writes only what has
        changed since, and never undoes what somebody else changed meanwhile."""
        self.locked: set[int] = set()
        """Members whom nobody else changes until this commits (`members.lock`)."""
        self.keys: dict[int | None, Seal] = {None: vault}
        """By member's id, the keys that were needed so far; of what is nobody's own, the vault. No
        longer than the transaction: who is forgotten is in no memory either."""

    async def key_of(self, member_id: int | None) -> Seal:
        """What this member's words are sealed and opened with.

        Raises:
            WrongKeyError: if there is no key of theirs, or it was wrapped with another secret key.
        """
        if member_id not in self.keys:
            await self.load_keys((member_id,))
        return self.keys[member_id]

    async def load_keys(self, member_ids: Iterable[int | None]) -> None:
        """Have these members' keys in `keys`: one statement, or none where all are there."""
        wanted = sorted({ident for ident in member_ids if ident is not None} - self.keys.keys())
        for at in range(0, len(wanted), MOST_KEYS):
            chunk = wanted[at : at + MOST_KEYS]
            rows = (await self.run(_keys_of(), {"members": chunk})).rows
            found = {row["member_id"]: row["wrapped"] for row in rows}
            for ident in chunk:
                self.learn_key(ident, found.get(ident))

    def learn_key(self, member_id: int, wrapped: bytes | None) -> Seal:
        """Have a member's key in `keys`, as it was read from its row; it.

        Raises:
            WrongKeyError: if there is none, or it was wrapped with another secret key.
        """
        if member_id not in self.keys:
            if wrapped is None:
                raise WrongKeyError(f"the key of member {member_id} is missing")
            key = self.vault.unwrap(member_id, wrapped)
            self.keys[member_id] = Seal(key) if key else Forgotten()
        return self.keys[member_id]

    async def run(
        self, statement: sa.Executable, values: Values | Sequence[Values] | None = None
    ) -> Found:
        """Carry out one statement: for these values of its names, for each of several, or as it
        stands. One that is given values is one that is kept (`storage.ready`).

        Raises:
            StorageUnavailableError: if the database could not take it.
        """
        if values is None:
            work = self._anew(statement)
        elif isinstance(values, dict):
            work = self._ready(statement, values)
        else:
            work = self._each(statement, cast("Sequence[Values]", values))
        try:
            return await work
        except (DBAPIError, OSError) as error:
            self.failed = True
            if unavailable(error):
                raise StorageUnavailableError(type(error).__name__) from error
            raise

    async def _anew(self, statement: sa.Executable, *values: Any) -> Found:
        """By way of SQLAlchemy, which is cut off in the middle of nothing: it would give up the
        connection, and what was begun with it. (On SQLite it is over before anybody could be.)"""
        work = self._line.connection.execute(statement, *values)
        result = await (to_its_end(work) if self.on_postgresql else work)
        rows = result.mappings().all() if result.returns_rows else ()
        return Found(cast("Sequence[Row]", rows), result.rowcount)

    async def _ready(self, statement: sa.Executable, values: Values) -> Found:
        """By the shortest way."""
        kept = ready(statement, self._line.dialect, values)
        came = await self._line.ask(False, kept.words, kept.parameters(values))
        return Found(kept.rows(came.rows, came.columns), came.written)

    async def _each(self, statement: sa.Executable, several: Sequence[Values]) -> Found:
        """The same for each of these, in this order."""
        kept = ready(statement, self._line.dialect, several[0])
        if self.on_postgresql or not kept.gives_rows:
            given = [kept.parameters(values) for values in several]
            came = await self._line.ask(True, kept.words, given)
            return Found(kept.rows(came.rows, came.columns), came.written)
        found = [await self._ready(statement, values) for values in several]
        return Found([row for one in found for row in one.rows], sum(one.rowcount for one in found))

    async def one(self, statement: sa.Executable) -> Row | None:
        """The first row, or none."""
        return (await self.run(statement)).first

    async def one_with(self, statement: sa.Executable, **values: Any) -> Row | None:
        """The first row of a statement that is kept, with these values for its names; or none."""
        return (await self.run(statement, values)).first

    async def all(self, statement: sa.Executable) -> Sequence[Row]:
        """Every row."""
        return (await self.run(statement)).rows

    async def row(self, table: sa.Table, *, lock: bool = False, **having: Any) -> Row | None:
        """The row of a table that has these values, or the first of them; or none. `lock`: nobody
        else changes it until this commits."""
        return (await self.run(_having(table, tuple(having), lock), having)).first

    async def rows(self, table: sa.Table, **having: Any) -> Sequence[Row]:
        """The rows of a table that have these values, in the order of their ids."""
        return (await self.run(_having(table, tuple(having), False), having)).rows

    async def value(self, statement: sa.Executable) -> Any:
        """The first column of the first row, or none."""
        return (await self.run(statement)).value

    async def add(self, table: sa.Table, **values: Any) -> int:
        """Insert a row; its id."""
        return int((await self.run(_inserting(table), values)).value)

    async def add_all(self, table: sa.Table, rows: Sequence[dict[str, Any]]) -> list[int]:
        """Insert rows that have the same columns, in one statement; their ids, in this order."""
        if not rows:
            return []
        return [row["id"] for row in (await self.run(_inserting(table), rows)).rows]

    async def change(self, table: sa.Table, ident: int, **values: Any) -> None:
        """Write these columns of one row."""
        await self.run(_changing(table), {"of_id": ident, **values})

    def upsert(self, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
        """An INSERT that can say ON CONFLICT, in this database's own dialect."""
        return postgresql.insert(table) if self.on_postgresql else sqlite.insert(table)

    @property
    def connection(self) -> AsyncConnection:
        """SQLAlchemy's, within this transaction."""
        return self._line.connection


# Put together once: to put a statement together, and for SQLAlchemy to see that it is one it knows,
# takes as long as to carry it out (40 µs; an INSERT of fifteen columns 200).


@cache
def _having(table: sa.Table, names: tuple[str, ...], lock: bool) -> sa.Select[Any]:
    columns = [table.c[name] for name in names]
    found = (
        sa.select(table)
        .where(*(column == sa.bindparam(column.name, type_=column.type) for column in columns))
        .order_by(*table.primary_key)
    )
    # Not a full FOR UPDATE: that would also keep everybody waiting who only points at the row.
    return found.with_for_update(key_share=True) if lock else found


@cache
def _keys_of() -> sa.Select[Any]:
    theirs = among(member_keys.c.member_id, "members")
    return sa.select(member_keys).where(theirs)


@cache
def _inserting(table: sa.Table) -> sa.Executable:
    return sa.insert(table).returning(table.c.id)


@cache
def _changing(table: sa.Table) -> sa.Executable:
    return sa.update(table).where(table.c.id == sa.bindparam("of_id", type_=table.c.id.type))


class Database:
    """A database that is open. Use `open_database`."""

    def __init__(self, engine: AsyncEngine, vault: Vault) -> None:
        self.engine = engine
        self.vault = vault
        self.on_postgresql = engine.dialect.name == "postgresql"
        self._writer: Any = nullcontext() if self.on_postgresql else asyncio.Lock()
        self._lines = Lines(engine, MOST_LINES if self.on_postgresql else 1)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Work that is kept if the block ends well, and undone if it doesn't (cancelled too).

        Raises:
            StorageUnavailableError: if the database could not take it. Nothing was kept, unless the
                line broke in the very moment of committing, when nobody can know.
            FailedStatementError: if the block carried on after a statement had failed.
        """
        theirs: BaseException | None = None
        try:
            async with self._writer, self._lines.begun() as line:
                tx = Transaction(line, self.vault)
                try:
                    yield tx
                except BaseException as error:
                    theirs = error
                    raise
                if tx.failed:
                    raise FailedStatementError
            if tx.leaves_no_trace:
                await self._scrub()
        except (DBAPIError, NoConnectionError, OSError) as error:
            # An OSError of the block's own (a file, another server) says nothing about storage.
            ours = error is not theirs or isinstance(error, DBAPIError)
            if ours and unavailable(error):
                raise StorageUnavailableError(type(error).__name__) from error
            raise

    async def _scrub(self) -> None:
        """Have no page left, beside those that count, in which a destroyed key still stands. What
        can't be done now, since somebody is just reading, is done the next time."""
        if self.on_postgresql:
            statement = "VACUUM (FULL) member_keys"
        else:
            statement = "PRAGMA wal_checkpoint(TRUNCATE)"
        with suppress(DBAPIError):
            async with self.engine.connect() as connection:
                if self.on_postgresql:
                    await connection.execution_options(isolation_level="AUTOCOMMIT")
                    await connection.execute(sa.text(statement))
                else:
                    raw = await connection.get_raw_connection()
                    cursor = await raw.driver_connection.execute(statement)  # type: ignore[union-attr]
                    await cursor.close()

    async def close(self) -> None:
        await self._lines.close()
        await self.engine.dispose()


_SQLITE_AWAY = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOTADB,
}
"""sqlite.org/rescode.html. Any other code is about the statement, which would fail again."""

_POSTGRESQL_AWAY = ("08", "40", "53", "57", "58", "25006", "55P03")
"""How SQLSTATEs begin that are about the server or about others using it just now: connections,
deadlocks, out of memory or disk, shutting down, disk errors, a standby, a lock that took too long
(PostgreSQL documentation, appendix A). The same work may go well a moment later."""


def unavailable(error: DBAPIError | NoConnectionError | OSError) -> bool:
    """Whether an error is about reaching the database, and not about what was asked of it. Only
    the latter counts against whatever was being done; the former is waited for."""
    if not isinstance(error, DBAPIError):
        return True
    # Without a statement it failed to connect, to begin or to commit; asyncpg says no such
    # database, wrong password … as a plain error.
    if error.connection_invalidated or error.statement is None:
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_AWAY  # the rest of the number says more exactly how
    return str(getattr(error.orig, "sqlstate", None) or "").startswith(_POSTGRESQL_AWAY)


def open_engine(url: str) -> AsyncEngine:
    """The engine for a SQLAlchemy URL, as we want it; no connection is made until it is used."""
    # What a statement was given stays out of errors, and so out of logs.
    options: dict[str, Any] = {"hide_parameters": True}
    is_sqlite = url.startswith("sqlite")
    if is_sqlite:
        options["connect_args"] = {"timeout": BUSY_SECONDS, "async_creator_fn": sqlite_connection}
        if url.endswith((":memory:", "://")):
            options["poolclass"] = StaticPool
    else:
        # Beside the lines, something may be done by way of SQLAlchemy alone (migrations, VACUUM).
        options |= {"pool_size": MOST_LINES, "max_overflow": 2, "pool_timeout": PLACE_SECONDS}
        options["pool_pre_ping"] = True
        options["connect_args"] = {
            "timeout": 10,
            "command_timeout": ANSWER_SECONDS,
            # A machine that lost its power would hold the lanes it had locked for two hours.
            "server_settings": {
                "idle_in_transaction_session_timeout": f"{SILENT_SECONDS}s",
                **PLANS,
            },
        }
    engine = create_async_engine(url, **options)
    if is_sqlite:
        sa.event.listen(engine.sync_engine, "connect", prepare_sqlite)
        sa.event.listen(engine.sync_engine, "begin", begin_sqlite)
    return engine


def open_database(url: str, vault: Vault) -> Database:
    """Open the database at a SQLAlchemy URL; no connection is made until it is used."""
    return Database(open_engine(url), vault)


def sqlite_file(url: str) -> Path | None:
    """The file that a SQLite URL means; none for another database, or one in memory."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database))
