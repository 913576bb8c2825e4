"""What the guards at the door remember: how much came from whom, and what was done about it once.

Whoever it is about is kept as a fingerprint. A row is worth nothing after its `until`, and is swept
away a day later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa

from storage.database import Transaction
from storage.model import InboundKind, InboundMessage
from storage.schema import guards, inbox

SAME_WITHIN = timedelta(minutes=30)
"""Within this the same words again may be those of a machine."""

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

SAME_LETTERS = 40
"""Letters from the start by which two messages are the same: what a machine changes (the hour, a
number, who is asked for instead) stands further on, or is no letter."""

LEAST_LETTERS = 12
"""Below this every sign counts: "A 1" and "A 2" answer two questions."""

TWICE_WITHIN = timedelta(seconds=10)
"""Within this the same words again were sent twice by a thumb or a phone, before any answer to the
first could be read (ours)."""

SWEPT = 50
"""Rows that are swept away at once."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one person had answered before this message, and how often in these very words."""

    minute: int
    hour: int
    day: int
    same: int
    """Times within `SAME_WITHIN` that the same words were answered."""
    looping: bool
    """These words are being left unanswered already."""


def sameness(message: InboundMessage) -> str:
    """What two messages have in common that say the same; empty where that can't be told."""
    if message.kind is not InboundKind.TEXT:
        return ""
    words = message.text.lower().strip()
    letters = "".join(filter(str.isalpha, words))
    return letters[:SAME_LETTERS] if len(letters) >= LEAST_LETTERS else words[:SAME_LETTERS]


def print_of(tx: Transaction, message: InboundMessage) -> str:
    """The fingerprint of that."""
    same = sameness(message)
    return tx.vault.fingerprint("words", same) if same else ""


async def seen(tx: Transaction, message: InboundMessage, now: datetime) -> Seen:
    """What the sender of a message had answered in the last minute, hour and day: one statement,
    which reads the rows of that day in one index."""
    row = await tx.one_with(
        _seen_query(),
        lane=tx.vault.fingerprint(message.channel, message.sender),
        print=print_of(tx, message) or "-",
        minute=now - MINUTE,
        hour=now - HOUR,
        day=now - DAY,
        lately=now - SAME_WITHIN,
        now=now,
    )
    assert row
    return Seen(row["minute"], row["hour"], row["day"], row["same"], bool(row["looping"]))


@cache
def _seen_query() -> sa.Select[int, int, int, int, bool]:
    at = inbox.c.received_at

    def since(name: str) -> sa.ColumnElement[bool]:
        return at > sa.bindparam(name, type_=at.type)

    def count(*what: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        one_each = sa.case((sa.and_(*what), 1), else_=0)
        return sa.func.coalesce(sa.func.sum(one_each), 0)

    same = inbox.c.print == sa.bindparam("print")
    looping = sa.exists().where(
        guards.c.what == "loop.words",
        guards.c.who == sa.bindparam("lane"),
        guards.c.print == sa.bindparam("print"),
        guards.c.until > sa.bindparam("now", type_=guards.c.until.type),
    )
    return sa.select(
        count(since("minute")).label("minute"),
        count(since("hour")).label("hour"),
        sa.func.count().label("day"),
        count(since("lately"), same).label("same"),
        looping.label("looping"),
    ).where(
        inbox.c.lane == sa.bindparam("lane"),
        # Written out, so that the index of only what was answered is seen to do.
        inbox.c.aside == sa.literal("", literal_execute=True),
        since("day"),
    )


async def sent_twice(tx: Transaction, message: InboundMessage, now: datetime) -> bool:
    """Whether its sender's message before this one said the same, just now."""
    row = await tx.one_with(
        _before_query(),
        lane=tx.vault.fingerprint(message.channel, message.sender),
        since=now - TWICE_WITHIN,
    )
    return row is not None and row["print"] == print_of(tx, message) != ""


@cache
def _before_query() -> sa.Select[str]:
    return (
        sa.select(inbox.c.print)
        .where(
            inbox.c.lane == sa.bindparam("lane"),
            inbox.c.aside == sa.literal("", literal_execute=True),  # as in `_seen_query`
            inbox.c.received_at > sa.bindparam("since", type_=inbox.c.received_at.type),
        )
        .order_by(inbox.c.received_at.desc(), inbox.c.id.desc())
        .limit(1)
    )


async def leave_alone(tx: Transaction, message: InboundMessage, until: datetime) -> None:
    """These words from this person are not answered until then."""
    values = {"count": 1, "print": print_of(tx, message), "until": until}
    lane = tx.vault.fingerprint(message.channel, message.sender)
    insert = tx.upsert(guards).values(what="loop.words", who=lane, **values)
    await tx.run(insert.on_conflict_do_update(index_elements=["what", "who"], set_=values))


async def first(tx: Transaction, what: str, who: str, now: datetime, lasts: timedelta) -> bool:
    """Whether this is the first time for so long: what is said once is said by this."""
    values = {"count": 1, "print": "", "until": now + lasts}
    insert = tx.upsert(guards).values(what=what, who=who, **values)
    fresh = await tx.run(
        insert.on_conflict_do_update(
            index_elements=["what", "who"], set_=values, where=guards.c.until <= now
        )
    )
    if fresh.rowcount:
        await _sweep(tx, now)
    return bool(fresh.rowcount)


async def count(tx: Transaction, what: str, who: str, now: datetime, lasts: timedelta) -> int:
    """How many there have been with this one, in a time that began with the first of them."""
    insert = tx.upsert(guards).values(what=what, who=who, count=1, print="", until=now + lasts)
    over = guards.c.until <= now
    counted = insert.on_conflict_do_update(
        index_elements=["what", "who"],
        set_={
            "count": sa.case((over, 1), else_=guards.c.count + 1),
            "until": sa.case((over, insert.excluded.until), else_=guards.c.until),
        },
    ).returning(guards.c.count)
    found = int(await tx.value(counted))
    if found == 1:
        await _sweep(tx, now)
    return found


async def counted(tx: Transaction, what: str, who: str, now: datetime) -> int:
    """How many there have been, and that still count."""
    mine = (guards.c.what == what, guards.c.who == who, guards.c.until > now)
    return int(await tx.value(sa.select(guards.c.count).where(*mine)) or 0)


async def _sweep(tx: Transaction, now: datetime) -> None:
    old = (
        sa.select(guards.c.id)
        .where(guards.c.until < now - DAY)
        .order_by(guards.c.until)
        .limit(SWEPT)
        .with_for_update(skip_locked=True)
    )
    await tx.run(sa.delete(guards).where(guards.c.id.in_(old)))
