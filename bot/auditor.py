"""Once a minute: is there anything without a next step? And the heartbeat, while all is well.

What was added to the audit log is chained in the same minute. Some times a day what is past its
time is kept no longer (`storage/retention.py`), and whoever has made no use of the group for years
is asked whether they want to stay.

The auditor is woken by the clock's hand and not by a due row: what looks for lost rows must not
hang on one. A lease in the database sees to it that of several processes one does it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from pydantic import SecretStr

from bot.clock import Clock
from bot.metrics import AUDITED, REPAIRED
from handlers import auditor, unused
from handlers.turn import Desk
from storage import audit, keepsakes, outcomes, purge
from storage import unused as unused_since
from storage.database import Database, StorageUnavailableError

log = structlog.get_logger("auditor")

EVERY = timedelta(minutes=1)

STALE = timedelta(minutes=3)
"""An audit that is older than this has not been done: two turns may be missed in a restart."""

LEASE = "audit"

PURGE_EVERY = timedelta(hours=6)
"""What is to be gone after seven days is gone a quarter of a day later at the latest."""

PURGED = "purged"
"""Where it is kept when that was done last."""

ROUNDS = 100
"""Transactions in a row that delete; what is left has its turn a minute later."""


class Auditor:
    """Looks after what everything else might have lost."""

    def __init__(self, database: Database, clock: Clock, desk: Desk, holder: str) -> None:
        self._database = database
        self._clock = clock
        self._desk = desk
        self._holder = holder
        self._next: datetime | None = None
        self._purge_next: datetime | None = None
        self.found: Counter[str] = Counter()
        """What has had no next step since the start, by kind."""

    async def look(self) -> int:
        """Look, where a minute has gone by and no other process does; how much was put right."""
        now = self._clock.now()
        # A clock that was put back must not keep us waiting until it has caught up.
        if self._next and now < self._next <= now + EVERY:
            return 0
        self._next = now + EVERY
        async with self._database.transaction() as tx:
            last = _moment(await keepsakes.recall(tx, LEASE))
            put_back = last is not None and last > now
            seconds = EVERY.total_seconds()
            if not await keepsakes.hold(tx, LEASE, self._holder, now, seconds, take=put_back):
                return 0
            await audit.chain(tx)
            await outcomes.pass_over_old(tx, now)
            found = await auditor.look(tx)
        repaired = [await self._repair(one) for one in found]
        if None not in repaired:
            async with self._database.transaction() as tx:
                await keepsakes.keep(tx, LEASE, now.isoformat())
            AUDITED.set(now.timestamp())
        await self._purge(now)
        return sum(map(bool, repaired))

    async def _repair(self, found: auditor.Found) -> bool | None:
        """Whether it needed to be put right; none if it could not be. Each by itself: one that goes
        wrong keeps no other waiting."""
        try:
            async with self._database.transaction() as tx:
                repaired = await auditor.repair(self._desk, tx, self._clock.now(), found)
        except StorageUnavailableError:
            raise
        except Exception as error:
            log.error("not_repaired", what=found.what, ref=found.ref, error=type(error).__name__)
            REPAIRED.labels(found.what, "failed").inc()
            return None
        if repaired:
            log.error("repaired", what=found.what, ref=found.ref)
            REPAIRED.labels(found.what, "ok").inc()
            self.found[found.what] += 1
        return repaired

    async def _purge(self, now: datetime) -> None:
        """Keep nothing longer than it may be, and see to who has not used the group for years. A
        new database has nothing old."""
        if self._purge_next and now < self._purge_next <= now + PURGE_EVERY:
            return
        async with self._database.transaction() as tx:
            last = _moment(await keepsakes.recall(tx, PURGED))
            if last is None:
                await keepsakes.keep(tx, PURGED, now.isoformat())
        if last is None or last <= now < last + PURGE_EVERY:
            self._purge_next = (last or now) + PURGE_EVERY
            return
        try:
            if not await self._all_gone(now):
                return
            await self._unused(now)
        except StorageUnavailableError:
            raise
        except Exception as error:
            log.error("not_purged", error=type(error).__name__)
        async with self._database.transaction() as tx:
            await keepsakes.keep(tx, PURGED, now.isoformat())
        self._purge_next = now + PURGE_EVERY

    async def _all_gone(self, now: datetime) -> bool:
        for _ in range(ROUNDS):
            async with self._database.transaction() as tx:
                if await purge.some(tx, now, self._desk.keep_words):
                    return True
        return False

    async def _unused(self, now: datetime) -> None:
        async with self._database.transaction() as tx:
            await unused_since.begin(tx, now)
            idents = await unused_since.for_long(tx, now, unused.LIMITS, unused.MOST)
        for ident in idents:
            async with self._database.transaction() as tx:
                await unused.see_to(self._desk, tx, now, ident)

    async def why_not_done(self) -> str:
        """Why things can't be said to have been looked at, in a sentence; empty if they were."""
        async with self._database.transaction() as tx:
            last = _moment(await keepsakes.recall(tx, LEASE))
        if last is None or abs(self._clock.now() - last) > STALE:
            return "Nobody has looked for what was lost."
        return ""


def _moment(kept: str) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None


class Heartbeat:
    """Calls an address while all is well. Whoever listens there raises the alarm when it is silent:
    a machine that has burned down can't."""

    def __init__(self, url: SecretStr, clock: Clock, why_not: Callable[[], Awaitable[str]]) -> None:
        self._url = url
        self._clock = clock
        self._why_not = why_not

    async def run(self) -> None:
        """Beat once a minute, until cancelled."""
        while True:
            await self.beat()
            await self._clock.sleep(EVERY.total_seconds())

    async def beat(self) -> bool:
        """Call, if all is well; whether it was heard. The address is a secret: whoever knows it can
        feign that we are well."""
        try:
            if reason := await self._why_not():
                log.warning("no_heartbeat", reason=reason)
                return False
            status = await _get(self._url.get_secret_value())
        except Exception as error:
            # Its words may hold the address.
            log.warning("heartbeat_failed", error=type(error).__name__)
            return False
        if not 200 <= status < 300:
            log.warning("heartbeat_failed", status=status)
            return False
        return True


SECONDS = 10
"""How long the other side may take."""


async def _get(url: str) -> int:
    import aiohttp  # slow to import, and most groups have no heartbeat

    limit = aiohttp.ClientTimeout(total=SECONDS)
    async with aiohttp.ClientSession(timeout=limit) as session, session.get(url) as answer:
        return answer.status
