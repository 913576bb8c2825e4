"""The clock's hand: APScheduler wakes us, the due rows in the database say what for.

A missed wake-up loses nothing, and a late one finds everything that came due meanwhile. That is why
no fact is ever kept in APScheduler itself.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.schedulers.base import STATE_PAUSED

from bot.auditor import Auditor
from bot.clock import Clock
from bot.metrics import DUE
from handlers import due as moments
from handlers.turn import Desk
from storage import due
from storage.database import Database, StorageUnavailableError
from storage.model import Due

log = structlog.get_logger("scheduler")

EVERY_SECONDS = 1.0


TROUBLE = 3
"""Times that something due may go wrong before a person is told."""


class Scheduler:
    """Sees to what is due."""

    def __init__(
        self, database: Database, clock: Clock, desk: Desk, auditor: Auditor | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._desk = desk
        self._auditor = auditor
        self._scheduler: AsyncIOScheduler | None = None
        self._looking = asyncio.Lock()
        self.changed = asyncio.Event()
        """Something was done: there may be messages to send."""
        self.looks = 0
        """How many times it has looked, or seen to something."""

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

    async def stop(self) -> None:
        """Look no more; what is being seen to is finished first."""
        if self._scheduler:
            self._scheduler.pause()
            async with self._looking:
                self._scheduler.shutdown(wait=False)

    async def _look(self) -> None:
        try:
            await self.drain()
        except StorageUnavailableError as error:
            log.warning("storage_unavailable", error=str(error))
        except Exception as error:
            log.error("scheduler_fault", error=type(error).__name__)

    async def drain(self) -> int:
        """See to everything that is due by now; how many there were."""
        count = 0
        while await self._next():
            count += 1
        return count + await self._audit()

    async def _audit(self) -> int:
        """Look for what has no next step: after what is due, which may have been seen to late."""
        async with self._looking:
            if self._auditor is None or self._is_leaving():
                return 0
            repaired = await self._auditor.look()
        if repaired:
            self.changed.set()
        return repaired

    def _is_leaving(self) -> bool:
        return bool(self._scheduler and self._scheduler.state == STATE_PAUSED)

    async def _next(self) -> bool:
        async with self._looking:
            if self._is_leaving():
                return False
            found = await self._one()
        self.looks += 1
        if found:
            self.changed.set()
        return found

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
            await self._failed(row)
            return True
        DUE.labels(row.kind.value, "ok").inc()
        return True

    async def _failed(self, row: Due) -> None:
        """Try again later, and later each time; a person is told when it has failed so often, in
        the commit that counts to so many: who dies between the two would tell nobody."""
        wait = timedelta(minutes=min(60, 2**row.attempts))
        if row.attempts + 1 == TROUBLE:
            try:
                async with self._database.transaction() as tx:
                    now = self._clock.now()
                    if await due.put_off(tx, row, now + wait):
                        await moments.gave_up(self._desk, tx, now, row)
                return
            except StorageUnavailableError:
                raise
            except Exception as error:
                log.critical("nobody_told", due=row.id, error=type(error).__name__)
        async with self._database.transaction() as tx:
            await due.put_off(tx, row, self._clock.now() + wait)
