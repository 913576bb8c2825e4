"""Keeps nothing longer than `storage/retention.py` says: some rows at a time, each by an index or
from the oldest id on, so that nobody waits for it.

What can be told from numbers alone keeps its row and is emptied; the rest is deleted. The newest
row of a table always stays, since SQLite would give its number away again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from storage.checkins import RUNNING
from storage.database import Transaction
from storage.messages import TRIES, has_words
from storage.model import CheckInStatus, ScheduleStatus, SendStatus
from storage.model_broadcasts import BroadcastStatus
from storage.requests import OVER
from storage.retention import MONTH, TABLE, THIRTEEN_MONTHS, Kept, Rule
from storage.schema import (
    LIVE_VISIT,
    broadcast_replies,
    broadcast_texts,
    broadcasts,
    check_ins,
    guards,
    inbox,
    invites,
    keepsakes,
    links,
    occasions,
    outbox,
    questions,
    receipts,
    recipients,
    relayed,
    requests,
    schedules,
    visits,
)

AT_ONCE = 500
"""Rows a transaction."""

TIMED = tuple(rule for rule in TABLE if rule.kept in (Kept.WORDS, Kept.TIMED))
"""What is purged, in this order."""


async def some(tx: Transaction, now: datetime, keep_words: timedelta) -> bool:
    """Empty or delete what is past its time, and no more than about `AT_ONCE` rows; whether that
    was all of it. `keep_words`: how long words of messages are kept."""
    gone = 0
    for rule in TIMED:
        for statement in PURGES[rule.table, rule.columns[0]](now - time_of(rule, keep_words)):
            gone += int((await tx.run(statement)).rowcount)
        if gone >= AT_ONCE:
            return False
    return True


def time_of(rule: Rule, keep_words: timedelta) -> timedelta:
    """How long that is kept. What a message may quote does not go before the message: FORGET ME
    finds by it whose words those are (`storage/rights.py`)."""
    if rule.after is None:
        return keep_words
    return max(rule.after, keep_words) if rule.table in QUOTED else rule.after


QUOTED = frozenset({"requests"})


def _emptied(table: sa.Table, by: sa.Column[Any], *where: sa.ColumnElement[bool]) -> sa.Update:
    """The rows keep what can be counted; their sealed words go. The oldest first by that column."""
    rule = next(r for r in TIMED if r.table == table.name and _sealed(table, r))
    old = sa.select(table.c.id).where(*where).order_by(by).limit(AT_ONCE)
    return sa.update(table).where(table.c.id.in_(old)).values(_sealed(table, rule))


def _sealed(table: sa.Table, rule: Rule) -> dict[str, Any]:
    words = {name: b"" for name in rule.columns if name.startswith("sealed_")}
    return words | ({"print": ""} if "print" in rule.columns and words else {})


def _deleted(table: sa.Table, over: Callable[[Any], sa.ColumnElement[bool]]) -> sa.Delete:
    """Of the rows with the lowest ids those that are over: they were made in that order, so it
    needs no index."""
    oldest = sa.select(table).order_by(table.c.id).limit(AT_ONCE).subquery()
    newest = sa.select(sa.func.max(table.c.id)).scalar_subquery()
    old = sa.select(oldest.c.id).where(over(oldest.c), oldest.c.id < newest)
    return sa.delete(table).where(table.c.id.in_(old))


def _requests(before: datetime) -> Iterator[sa.Update]:
    words = _as_indexed(sa.text("length(sealed_words) > 0"))
    # Joined to nothing, so that SQLite does not take the index on it, and read all that is over.
    status = requests.c.status.concat("")
    over = status.in_([each.value for each in OVER])
    by_day = sa.or_(requests.c.day.is_(None), requests.c.day < before.date())
    asked = requests.c.created_at
    yield _emptied(requests, asked, words, asked < before, over, by_day)


def _schedules(before: datetime) -> Iterator[sa.Update]:
    over = schedules.c.status.in_((ScheduleStatus.STOPPED.value, ScheduleStatus.DRAFT.value))
    begun = schedules.c.created_at
    yield _emptied(schedules, begun, _worded(schedules.c.sealed_words), over, begun < before)


def _visits(before: datetime) -> Iterator[sa.Update]:
    words = _as_indexed(sa.text("length(sealed_code_word) > 0"))
    ended = sa.func.coalesce(visits.c.over_at, visits.c.due_at) < before
    over = visits.c.status.not_in(LIVE_VISIT)
    yield _emptied(visits, visits.c.due_at, words, visits.c.due_at < before, ended, over)


def _relayed(before: datetime) -> Iterator[sa.Delete]:
    old = sa.select(relayed.c.id).where(relayed.c.at < before).order_by(relayed.c.at)
    yield sa.delete(relayed).where(relayed.c.id.in_(old.limit(AT_ONCE)))


def _check_ins(before: datetime) -> Iterator[sa.Update]:
    set_up = check_ins.c.status.in_((CheckInStatus.ON.value, CheckInStatus.OFF.value))
    useless = sa.or_(set_up, check_ins.c.created_at < before)
    yield _emptied(check_ins, check_ins.c.id, _worded(check_ins.c.sealed_code), useless)


def _occasion_words(before: datetime) -> Iterator[sa.Update]:
    words = _as_indexed(sa.text("length(sealed_words) + length(sealed_outcome) > 0"))
    due = occasions.c.due_at
    yield _emptied(occasions, due, words, due < before, _closed(occasions.c))


def _occasions(before: datetime) -> Iterator[sa.Delete]:
    yield _deleted(occasions, lambda c: sa.and_(c.due_at < before, _closed(c)))


def _closed(c: Any) -> sa.ColumnElement[bool]:
    return c.status.not_in([status.value for status in RUNNING])  # type: ignore[no-any-return]


def _reply_words(before: datetime) -> Iterator[sa.Update]:
    words = _as_indexed(sa.text("length(sealed_words) > 0"))
    came = broadcast_replies.c.at
    yield _emptied(broadcast_replies, came, words, came < before)


def _broadcasts(before: datetime) -> Iterator[sa.Update]:
    sealed = [column for column in broadcasts.c if column.name.startswith("sealed_")]
    words = sa.or_(*(_worded(column) for column in sealed))
    yield _emptied(broadcasts, broadcasts.c.id, words, broadcasts.c.id.in_(_told(before)))


def _told(before: datetime) -> sa.Select[int]:
    """Broadcasts that were reported, or dropped, before then: some hundreds in years."""
    dropped = broadcasts.c.status == BroadcastStatus.DROPPED.value
    return sa.select(broadcasts.c.id).where(
        sa.or_(
            broadcasts.c.reported_at < before, sa.and_(dropped, broadcasts.c.created_at < before)
        )
    )


def _of_broadcast(table: sa.Table) -> Callable[[datetime], Iterator[sa.Delete]]:
    def purge(before: datetime) -> Iterator[sa.Delete]:
        newest = sa.select(sa.func.max(table.c.id)).scalar_subquery()
        old = sa.select(table.c.id).where(
            table.c.broadcast_id.in_(_told(before)), table.c.id < newest
        )
        yield sa.delete(table).where(table.c.id.in_(old.limit(AT_ONCE)))

    return purge


def _inbox_words(before: datetime) -> Iterator[sa.Update]:
    seen_to = sa.or_(inbox.c.handled_at.is_not(None), inbox.c.attempts >= TRIES)
    came = inbox.c.received_at
    yield _emptied(inbox, came, has_words(inbox), came < before, seen_to)


def _outbox_words(before: datetime) -> Iterator[sa.Update]:
    over = outbox.c.status.not_in((SendStatus.QUEUED.value, SendStatus.SENDING.value))
    made = outbox.c.created_at
    yield _emptied(outbox, made, has_words(outbox), made < before, over)


def _questions(before: datetime) -> Iterator[sa.Delete]:
    """What is over; and what never was, from the oldest on. A visit's stay as long as it is to
    come: by them the address is taken out of the helper's chat when it is over."""
    over = _as_indexed(sa.text("coalesce(answered_at, closed_at) IS NOT NULL"))
    ended = sa.func.coalesce(questions.c.answered_at, questions.c.closed_at)
    to_come = sa.exists().where(
        questions.c.kind == "visit",
        visits.c.id == questions.c.ref,
        visits.c.status.in_(LIVE_VISIT),
    )
    newest = sa.select(sa.func.max(questions.c.id)).scalar_subquery()
    old = (
        sa.select(questions.c.id)
        .where(over, questions.c.asked_at < before, ended < before, ~to_come)
        .where(questions.c.id < newest)
        .order_by(questions.c.asked_at)
        .limit(AT_ONCE)
    )
    yield sa.delete(questions).where(questions.c.id.in_(old))
    never = before - (THIRTEEN_MONTHS - MONTH)
    yield _deleted(questions, lambda c: c.asked_at < never)


def _guards(before: datetime) -> Iterator[sa.Delete]:
    old = sa.select(guards.c.id).where(guards.c.until < before).order_by(guards.c.until)
    yield sa.delete(guards).where(guards.c.id.in_(old.limit(AT_ONCE)))


def _keepsakes(before: datetime) -> Iterator[sa.Delete]:
    about = sa.or_(*(keepsakes.c.name.startswith(kind) for kind in ABOUT_SOMEBODY))
    yield sa.delete(keepsakes).where(keepsakes.c.until < before, about)


ABOUT_SOMEBODY = ("not_arrived.", "kept_waiting.")
"""How those keepsakes begin that are about one person; the others are the machinery's."""


def _oldest(table: sa.Table, when: str) -> Callable[[datetime], Iterator[sa.Delete]]:
    def purge(before: datetime) -> Iterator[sa.Delete]:
        yield _deleted(table, lambda c: c[when] < before)

    return purge


def _worded(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    return sa.func.length(column) > 0


def _as_indexed(words: sa.TextClause) -> sa.ColumnElement[bool]:
    """To the letter as the index has it, or SQLite does not use it."""
    return words  # type: ignore[return-value]


Purge = Callable[[datetime], Iterator[sa.Update | sa.Delete]]

PURGES: dict[tuple[str, str], Purge] = {
    ("requests", "sealed_words"): _requests,
    ("schedules", "sealed_words"): _schedules,
    ("visits", "sealed_code_word"): _visits,
    ("relayed", "sealed_words"): _relayed,
    ("check_ins", "sealed_code"): _check_ins,
    ("occasions", "sealed_words"): _occasion_words,
    ("occasions", "day"): _occasions,
    ("broadcast_replies", "sealed_words"): _reply_words,
    ("broadcasts", "sealed_audience"): _broadcasts,
    ("broadcast_texts", "language"): _of_broadcast(broadcast_texts),
    ("recipients", "channel"): _of_broadcast(recipients),
    ("broadcast_replies", "at"): _of_broadcast(broadcast_replies),
    ("inbox", "sealed_message"): _inbox_words,
    ("outbox", "sealed_message"): _outbox_words,
    ("inbox", "channel"): _oldest(inbox, "received_at"),
    ("outbox", "channel"): _oldest(outbox, "created_at"),
    ("receipts", "channel"): _oldest(receipts, "received_at"),
    ("questions", "token"): _questions,
    ("links", "lane"): _oldest(links, "expires_at"),
    ("invites", "role"): _oldest(invites, "expires_at"),
    ("guards", "what"): _guards,
    ("keepsakes", "name"): _keepsakes,
}
"""By table and first column of the rule, what is done with what is older than that moment."""
