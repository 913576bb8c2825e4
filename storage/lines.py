"""Lines to the database: a connection each, kept from one transaction to the next.

SQLAlchemy makes the connections, puts statements together and says what a driver's errors are. What
is said on a line goes to the driver itself: to take a connection from SQLAlchemy's pool, begin,
commit and give it back was 0.4 ms of processor time on PostgreSQL and 0.2 on SQLite, and a small
SELECT by way of its adapter 70 µs, where asyncpg takes 10 (docs/performance.md, record 24).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.line import Line, to_its_end
from storage.line_postgresql import OnPostgresql
from storage.line_sqlite import OnSqlite

PLACE_SECONDS = 15
"""How long somebody waits for a line while all are in use."""


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
