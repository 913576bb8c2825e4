"""Between the bot and its PostgreSQL: a line that breaks, above all as something is committed.

A COMMIT whose answer is lost may have been kept or not, and nobody can know. That is tried both
ways: the line is cut before the server gets it, or after the server has said that it was done.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

COMMIT = b"COMMIT;\0"
"""As asyncpg says it."""

MOST = 1 << 16

BEFORE = "line cut before a COMMIT got there"
AFTER = "line cut after a COMMIT was kept"
BETWEEN = "line cut between two statements"
CUTS = (BEFORE, AFTER, BETWEEN)


@dataclass
class BrokenLine:
    """Cuts by chance, while `shares` says how often: of COMMITs for the first two, of anything that
    is asked for the third."""

    server: str
    """The URL of the database itself."""
    chance: random.Random
    shares: dict[str, float] = field(default_factory=dict)
    cuts: Counter[str] = field(default_factory=Counter)
    url: str = ""
    """The URL by which the bot reaches it."""
    _left: dict[str, int] = field(default_factory=dict)
    """By how it is cut: occasions until it is."""
    _lines: set[asyncio.Task[None]] = field(default_factory=set)

    def _cut(self, how: str) -> bool:
        """Whether it is now: by chance, and within twice as many occasions as the share says."""
        if not (share := self.shares.get(how, 0)):
            return False
        if how not in self._left:
            self._left[how] = self.chance.randint(1, round(2 / share))
        self._left[how] -= 1
        if self._left[how]:
            return False
        del self._left[how]
        self.cuts[how] += 1
        return True

    async def _called(self, asking: asyncio.StreamReader, answering: asyncio.StreamWriter) -> None:
        to_server, from_server = await _reach(self.server)
        kept = asyncio.Event()
        """Its next answer is the last that we let come, and nobody hears it."""

        async def answers() -> None:
            while data := await to_server.read(MOST):
                if kept.is_set():
                    return
                answering.write(data)

        async def asks() -> None:
            while data := await asking.read(MOST):
                if COMMIT in data:
                    if self._cut(BEFORE):
                        return
                    if self._cut(AFTER):
                        kept.set()
                elif self._cut(BETWEEN):
                    return
                from_server.write(data)
                if kept.is_set():
                    await back
                    return

        back = asyncio.ensure_future(answers())
        ahead = asyncio.ensure_future(asks())
        self._lines |= {back, ahead}
        try:
            await asyncio.wait((back, ahead), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (back, ahead):
                task.cancel()
                with suppress(asyncio.CancelledError, OSError):
                    await task
                self._lines.discard(task)
            for end in (answering, from_server):
                end.transport.abort()


async def _reach(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parsed = sa.make_url(url)
    folder = parsed.query.get("host")
    if folder:
        return await asyncio.open_unix_connection(_socket_in(Path(str(folder))))
    return await asyncio.open_connection(parsed.host, parsed.port)


def _socket_in(folder: Path) -> str:
    return str(next(folder.glob(".s.PGSQL.*[0-9]")))


@asynccontextmanager
async def broken_line(server: str, seed: int) -> AsyncIterator[BrokenLine]:
    """A line to that database that does not break yet."""
    line = BrokenLine(server, random.Random(f"line {seed}"))
    listening = await asyncio.start_server(line._called, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    parsed = sa.make_url(server).difference_update_query(["host"])
    found = parsed.set(host="127.0.0.1", port=port)
    line.url = found.render_as_string(hide_password=False)
    try:
        yield line
    finally:
        listening.close()
        for task in [*line._lines]:
            task.cancel()
        await asyncio.gather(*line._lines, return_exceptions=True)
