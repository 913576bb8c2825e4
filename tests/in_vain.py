"""What there is nothing to do for is not asked again and again.

In a test's time each of the bot's parts looks again after whatever was done, and two times of three
there is nothing: most of what a conversation cost was finding that out, in a transaction each. Here
one look tells for all of them whether there is anything, and holds until somebody writes where it
looked. A part for which there is something does all that it does in life.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa

from bot.app import Popround
from bot.sender import Sender, _Chosen
from storage.database import Database, Transaction
from storage.model import Channel, SendStatus
from storage.ready import Found
from storage.schema import due, inbox, outbox, receipts

LOOKED_AT = frozenset({inbox, receipts, due, outbox})


def _first_of(channel: Channel) -> sa.ScalarSelect[Any]:
    queued = (outbox.c.channel == channel.value, outbox.c.status == SendStatus.QUEUED.value)
    return sa.select(sa.func.min(outbox.c.next_at)).where(*queued).scalar_subquery()


LOOK = sa.select(
    sa.or_(
        sa.exists().where(inbox.c.handled_at.is_(None)),
        sa.exists().where(receipts.c.applied_at.is_(None)),
    ).label("came"),
    sa.select(sa.func.min(due.c.at)).scalar_subquery().label("due"),
    *(_first_of(channel).label(channel.value) for channel in Channel),
)


class Look:
    """What there is to do, by what was written up to now."""

    def __init__(self, bot: Popround) -> None:
        self.bot = bot
        self._seen: Any = None
        self._writes = 0
        self._as_of = -1

    def written(self) -> None:
        """Somebody in this process has written where it looks, or may have."""
        self._writes += 1

    async def at(self, what: str) -> Any:
        """Whether something came, or from when on there is something; none if there is nothing."""
        if self._as_of != self._writes:
            as_of = self._writes
            async with self.bot.database.transaction() as tx:
                self._seen = await tx.one(LOOK)
            self._as_of = as_of
        return self._seen[what]

    async def is_time(self, what: str) -> bool:
        """Whether that moment has come."""
        moment: datetime | None = await self.at(what)
        return moment is not None and moment <= self.bot.clock.now()


@contextmanager
def not_in_vain(bot: Popround) -> Iterator[None]:
    """This bot's parts look only where there is something, meanwhile."""
    look, run, transaction = Look(bot), Transaction.run, Database.transaction
    writing: set[int] = set()

    async def noted_run(self: Transaction, statement: Any, *args: Any) -> Found:
        if _may_write(statement):
            writing.add(id(self))
        return await run(self, statement, *args)

    @asynccontextmanager
    async def noted(self: Database) -> AsyncIterator[Transaction]:
        tx = None
        try:
            async with transaction(self) as tx:
                yield tx
        finally:
            # Not before it is committed: who looks until then does not see it.
            if id(tx) in writing:
                writing.discard(id(tx))
                look.written()

    intake, scheduler = bot.intake, bot.scheduler
    intake._next = _where(look.at, "came", intake._next)  # type: ignore[method-assign]
    scheduler._one = _where(look.is_time, "due", scheduler._one)  # type: ignore[method-assign]
    for sender in bot.senders:
        _chooses_where(look, sender)
    with patch.object(Transaction, "run", noted_run), patch.object(Database, "transaction", noted):
        yield


def _may_write(statement: Any) -> bool:
    """Whether it may change what is looked at."""
    if isinstance(statement, sa.UpdateBase):
        return statement.table in LOOKED_AT
    words = statement.text if isinstance(statement, sa.TextClause) else ""
    return not isinstance(statement, sa.SelectBase) and not words.startswith("SELECT")


def _where(
    there_is: Callable[[str], Awaitable[bool]], what: str, work: Callable[[], Awaitable[bool]]
) -> Callable[[], Awaitable[bool]]:
    async def worked() -> bool:
        return bool(await there_is(what)) and await work()

    return worked


def _chooses_where(look: Look, sender: Sender) -> None:
    choose, name = sender._choose, sender.channel.value

    async def chosen(choice: Any) -> Any:
        # What went is recorded together with the choice of what goes next.
        if sender._sent or await look.is_time(name):
            return await choose(choice)
        return _Chosen(look.bot.clock.now(), 0, [], await look.at(name))

    sender._choose = chosen  # type: ignore[method-assign]
