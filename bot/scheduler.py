"""The clock's hand: APScheduler wakes us, the due rows in the database say what for.

A missed wake-up loses nothing, and a late one finds everything that came due meanwhile. That is why
no fact is ever kept in APScheduler itself.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import Clock
from bot.metrics import DUE
from handlers import due as moments
from handlers.turn import Desk
from storage import due
from storage.database import Database, StorageUnavailableError
from storage.model import Due

log = structlog.get_logger("scheduler")

EVERY_SECONDS = 1.0


class Scheduler:
    """Sees to what is due."""

    def __init__(self, database: Database, clock: Clock, desk: Desk) -> None:
        self._database = database
        self._clock = clock
        self._desk = desk
        self._scheduler: AsyncIOScheduler | None = None
        self.changed = asyncio.Event()
        """Something was done: there may be messages to send."""
        self.last_look = 0.0
        """When it last looked, on the clock's own count of seconds."""

    def start(self, every: float = EVERY_SECONDS) -> None:
        """Look every so many seconds of real time."""
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._scheduler.add_job(
            self._look,
            "interval",
            seconds=every,
            max_instances=1,
            coalesce=True,
            # A wake-up that is late is a wake-up all the same (the default drops it after 1 s).
            misfire_grace_time=None,
        )
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler:
            self._scheduler.shutdown(wait=False)

    async def _look(self) -> None:
        try:
            await self.drain()
        except StorageUnavailableError as error:
            log.warning("storage_unavailable", error=str(error))

    async def drain(self) -> int:
        """See to everything that is due by now; how many there were."""
        count = 0
        while await self._one():
            count += 1
        self.last_look = self._clock.monotonic()
        if count:
            self.changed.set()
        return count

    async def _one(self) -> bool:
        row: Due | None = None
        try:
            async with self._database.transaction() as tx:
                now = self._clock.now()
                row = await due.next_due(tx, now)
                if row is None:
                    return False
                # Done first, so that what the handler sets anew for the same thing is kept.
                await due.done(tx, row)
                await moments.handle(self._desk, tx, now, row)
        except StorageUnavailableError:
            raise
        except Exception as error:
            log.error("due_failed", due=row and row.id, error=type(error).__name__)
            if row is None:
                raise
            DUE.labels(row.kind.value, "failed").inc()
            wait = timedelta(minutes=min(60, 2**row.attempts))
            async with self._database.transaction() as tx:
                await due.put_off(tx, row, self._clock.now() + wait)
            return True
        DUE.labels(row.kind.value, "ok").inc()
        return True
