"""What came in, and what goes out. What became of it is in `outcomes`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from storage import guards
from storage.database import Transaction
from storage.model import (
    PRIORITY_RANK,
    Channel,
    InboundKind,
    InboundMessage,
    OutboundKind,
    OutboundMessage,
    Priority,
    SendStatus,
)
from storage.ready import Row, among, outside
from storage.schema import addresses, inbox, member_keys, outbox
from storage.vault import WrongKeyError

PRIORITY_OF_RANK = {rank: priority for priority, rank in PRIORITY_RANK.items()}

TRIES = 3
"""Times that an inbound message is tried. One that can't even be read is then set aside: it is
neither handled nor lost, and holds up nobody."""

SOON = timedelta(minutes=1)
"""A message that goes again within this holds back the later ones of its chat, so that people read
them in order; one that is put off for longer does not."""

CHUNK = 500
"""Rows an INSERT: databases limit how many values one statement may carry (SQLite: 32,766)."""


class UnreadableError(Exception):
    """A message that was stored can't be read back: another secret key, or it was altered."""

    def __init__(self, ident: int) -> None:
        super().__init__(ident)
        self.id = ident


def is_one_of(column: sa.Column[str], *statuses: SendStatus) -> sa.ColumnElement[bool]:
    """Whether a status is one of these, written out: a database that plans a statement once for
    all its values could not see that an index of only those rows will do. (Of a statement that is
    kept, `storage.ready` writes out everything that it says itself.)"""
    words = [sa.literal(each.value, literal_execute=True) for each in statuses]
    return column == words[0] if len(words) == 1 else column.in_(words)


# What came in


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message in the inbox, to be handled."""

    id: int
    attempts: int
    message: InboundMessage
    received_at: datetime
    member_id: int | None = None
    """Whose it is; none: they were nobody's we knew when it came."""
    urgent: bool = False
    """It is handled before the rest."""


async def keep_inbound(
    tx: Transaction,
    messages: Sequence[InboundMessage],
    now: datetime,
    urgent: Collection[InboundMessage] = (),
) -> int:
    """Store what came in; how many of them were new. A repeat is known by the provider's id.

    What is `urgent` is handled before the rest, and so is what its sender wrote before it and still
    waits: a person's messages stay in order."""
    if not messages:
        return 0
    lanes = [tx.vault.fingerprint(message.channel, message.sender) for message in messages]
    whose = await _whose(tx, lanes)
    rows = [
        {
            "channel": message.channel.value,
            "provider_id": message.provider_id[:64],
            "lane": lane,
            "sealed_message": tx.keys[whose.get(lane)].seal_json(_inbound_facts(message)),
            "member_id": whose.get(lane),
            "received_at": now,
            "attempts": 0,
            "priority": _URGENT if message in urgent else _ORDINARY,
            "print": guards.print_of(tx, message),
        }
        for lane, message in zip(lanes, messages, strict=True)
    ]
    new = 0
    for at in range(0, len(rows), CHUNK):
        kept = await tx.run(_keep_inbound(tx.on_postgresql), rows[at : at + CHUNK])
        new += len(kept.rows)
    if urgent:
        theirs = {tx.vault.fingerprint(message.channel, message.sender) for message in urgent}
        await tx.run(
            sa.update(inbox)
            .where(inbox.c.lane.in_(theirs), inbox.c.handled_at.is_(None))
            .values(priority=_URGENT)
        )
    return new


_URGENT, _ORDINARY = PRIORITY_RANK[Priority.EMERGENCY], PRIORITY_RANK[Priority.REPLY]


async def behind(tx: Transaction, since: datetime) -> bool:
    """Whether something waits to be handled that came before that moment."""
    came = (await tx.run(_longest_waiting(), {})).value
    return came is not None and came < since


@cache
def _longest_waiting() -> sa.Select[Any]:
    return (
        sa.select(inbox.c.received_at)
        .where(
            inbox.c.priority == _ORDINARY, inbox.c.handled_at.is_(None), inbox.c.attempts < TRIES
        )
        .order_by(inbox.c.id)
        .limit(1)
    )


@cache
def _keep_inbound(on_postgresql: bool) -> sa.Executable:
    insert = postgresql.insert(inbox) if on_postgresql else sqlite.insert(inbox)
    return insert.on_conflict_do_nothing().returning(inbox.c.id)


async def _whose(tx: Transaction, lanes: Iterable[str]) -> dict[str, int]:
    """The members whose lanes these are, with their keys."""
    rows = (await tx.run(_by_lane(), {"lanes": list(set(lanes))})).rows
    for row in rows:
        tx.learn_key(row["member_id"], row["wrapped"])
    return {row["lane"]: row["member_id"] for row in rows}


@cache
def _by_lane() -> sa.Select[Any]:
    theirs = member_keys.c.member_id == addresses.c.member_id
    return (
        sa.select(addresses.c.lane, addresses.c.member_id, member_keys.c.wrapped)
        .join(member_keys, theirs)
        .where(among(addresses.c.lane, "lanes"))
    )


async def known_since(tx: Transaction, waiting: Waiting) -> None:
    """Who sent it was nobody's we knew when it came, and may be by now: from here on it is sealed
    with their own key."""
    if waiting.member_id is not None:
        return
    lane = tx.vault.fingerprint(waiting.message.channel, waiting.message.sender)
    ident = (await _whose(tx, [lane])).get(lane)
    if ident is not None:
        sealed = tx.keys[ident].seal_json(_inbound_facts(waiting.message))
        values = {"member_id": ident, "sealed_message": sealed}
        await tx.run(sa.update(inbox).where(inbox.c.id == waiting.id).values(**values))


async def next_inbound(tx: Transaction) -> Waiting | None:
    """The oldest message whose sender has none before it waiting, of those that are urgent if there
    are any, claimed until this commits. With PostgreSQL other processes pass over what is claimed,
    and never overtake within a lane.

    Raises:
        UnreadableError: if it can't be read.
    """
    row = await tx.one_with(_oldest_inbound())
    if row is None:
        return None
    try:
        key = (
            tx.vault if row["member_id"] is None else tx.learn_key(row["member_id"], row["wrapped"])
        )
        facts = key.open_json(row["sealed_message"])
        message = InboundMessage(
            channel=Channel(row["channel"]),
            provider_id=row["provider_id"],
            **{**facts, "kind": InboundKind(facts["kind"])},
        )
    except (WrongKeyError, ValueError, KeyError, TypeError):
        raise UnreadableError(row["id"]) from None
    whose, urgent = row["member_id"], row["priority"] == _URGENT
    return Waiting(row["id"], row["attempts"], message, row["received_at"], whose, urgent)


@cache
def _oldest_inbound() -> sa.Select[Any]:
    head = sa.alias(inbox)
    # "The first of its lane", in that order, and not "none is before it": to PostgreSQL an index of
    # few rows seems as good as another, and it is by this one alone that they come in order.
    first = (
        sa.select(head.c.id)
        .where(head.c.lane == inbox.c.lane, head.c.handled_at.is_(None), head.c.attempts < TRIES)
        .order_by(head.c.id)
        .limit(1)
        .scalar_subquery()
    )
    return (
        sa.select(inbox, member_keys.c.wrapped)
        .outerjoin(member_keys, member_keys.c.member_id == inbox.c.member_id)
        .where(
            inbox.c.handled_at.is_(None),
            inbox.c.attempts < TRIES,
            inbox.c.id == first,
            inbox.c.priority >= 0,  # every one (`schema.RANKED`)
        )
        .order_by(inbox.c.priority, inbox.c.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=inbox)
    )


async def handled(tx: Transaction, inbox_id: int, now: datetime, aside: str = "") -> bool:
    """The message has had its effect: in the same commit as the effect, so it has it once. Whether
    it had not been noted before. `aside`: why it was left unanswered, if it was."""
    values = {"of_id": inbox_id, "handled_at": now, "aside": aside}
    return bool((await tx.run(_handled(), values)).rowcount)


@cache
def _handled() -> sa.Update:
    this = inbox.c.id == sa.bindparam("of_id", type_=inbox.c.id.type)
    return sa.update(inbox).where(this, inbox.c.handled_at.is_(None))


async def count_attempt(tx: Transaction, inbox_id: int, by: int = 1) -> None:
    """Note that a message was tried and could not be handled. With `TRIES` it is set aside."""
    await tx.run(
        sa.update(inbox).where(inbox.c.id == inbox_id).values(attempts=inbox.c.attempts + by)
    )


async def inbound_waiting(tx: Transaction) -> int:
    statement = sa.select(sa.func.count()).select_from(inbox).where(inbox.c.handled_at.is_(None))
    return int(await tx.value(statement) or 0)


def _inbound_facts(message: InboundMessage) -> dict[str, Any]:
    facts = {
        name: getattr(message, name)
        for name in InboundMessage.__slots__
        if name not in ("channel", "provider_id")
    }
    return {name: value for name, value in facts.items() if value not in ("", None, False)}


# What goes out


async def queue(
    tx: Transaction,
    message: OutboundMessage,
    *,
    at: datetime | None = None,
    edits_id: int | None = None,
) -> int:
    """Put a message in the outbox (its `id` is ignored), to go at once or not before `at`; its id.
    Written in the caller's own transaction: it goes if and only if the rest happened."""
    return (await queue_all(tx, [(message, at)], edits=[edits_id]))[0]


async def queue_all(
    tx: Transaction,
    several: Sequence[tuple[OutboundMessage, datetime | None]],
    *,
    edits: Sequence[int | None] = (),
) -> list[int]:
    """Put messages in the outbox, each to go at once or not before that moment; their ids.
    `edits`: what each of them is an edit of, where they are."""
    await tx.load_keys(message.member_id for message, _ in several)
    return await tx.add_all(
        outbox,
        [
            {
                "community_id": message.community_id,
                "member_id": message.member_id,
                "channel": message.channel.value,
                "lane": tx.vault.fingerprint(message.channel, message.chat),
                "kind": message.kind.value,
                "priority": PRIORITY_RANK[message.priority],
                "sealed_message": tx.keys[message.member_id].seal_json(_outbound_facts(message)),
                "about": message.about,
                "edits_id": edited,
                "status": SendStatus.QUEUED.value,
                "next_at": at or message.created_at,
                "created_at": message.created_at,
            }
            for (message, at), edited in zip_longest(several, edits)
        ],
    )


def _outbound_facts(message: OutboundMessage) -> dict[str, Any]:
    return {name: getattr(message, name) for name in NO_WORDS}


async def reword(tx: Transaction, message: OutboundMessage) -> None:
    """A message goes with the words, and the `about`, that it has here."""
    sealed = (await tx.key_of(message.member_id)).seal_json(_outbound_facts(message))
    values = {"sealed_message": sealed, "about": message.about}
    await tx.run(sa.update(outbox).where(outbox.c.id == message.id).values(**values))


async def claim(
    tx: Transaction,
    channel: Channel,
    holder: str,
    now: datetime,
    most: int,
    busy: Iterable[str],
    priorities: Sequence[Priority] = tuple(Priority),
    few: Collection[Priority] = (),
) -> list[tuple[OutboundMessage, str]]:
    """The next messages to send, the most pressing first, marked as being sent by `holder`; each
    with its lane. One a chat at a time, so that a person reads them in order; chats in `busy` are
    left alone. An edit waits for the message it edits, and is withdrawn if that never went, or
    nobody can say what its provider calls it. Of these `priorities` only, and of those in
    `few` no more than one.

    One that can't be read is put off by an hour, with the code `unreadable`: with the right secret
    key it goes after all.
    """
    chosen: dict[str, int] = {}
    scarce = {PRIORITY_RANK[priority] for priority in few}
    for row in await _heads(tx, channel, now, most, list(busy), priorities):
        if len(chosen) < most and row["lane"] not in chosen:
            chosen[row["lane"]] = row["id"]
            if row["priority"] in scarce:
                break
    if not chosen:
        return []
    # Looked at again, since another process may have been quicker between the two statements.
    values = {"chosen": list(chosen.values()), "holder_now": holder}
    rows = (await tx.run(_claiming(), values)).rows
    with suppress(WrongKeyError):  # each says so for itself below
        await tx.load_keys(row["member_id"] for row in rows)
    edited = await _provider_ids(tx, [row["edits_id"] for row in rows if row["edits_id"]])
    claimed = []
    for row in sorted(rows, key=lambda found: (found["priority"], found["next_at"], found["id"])):
        if row["edits_id"] and not edited.get(row["edits_id"]):
            await tx.change(outbox, row["id"], status=SendStatus.WITHDRAWN.value)
            continue
        try:
            message = await from_row(tx, row)
            claimed.append((replace(message, edits=edited.get(row["edits_id"], "")), row["lane"]))
        except (WrongKeyError, ValueError, KeyError, TypeError):
            await postpone(tx, row["id"], now + timedelta(hours=1), "unreadable")
    return claimed


@cache
def _claiming() -> sa.Executable:
    return (
        sa.update(outbox)
        .where(
            among(outbox.c.id, "chosen"),
            is_one_of(outbox.c.status, SendStatus.QUEUED),
        )
        .values(
            status=SendStatus.SENDING.value,
            holder=sa.bindparam("holder_now", type_=outbox.c.holder.type),
            attempts=outbox.c.attempts + 1,
        )
        .returning(outbox)
    )


async def _heads(
    tx: Transaction,
    channel: Channel,
    now: datetime,
    most: int,
    busy: list[str],
    priorities: Sequence[Priority],
) -> list[Row]:
    """The first rows of each priority that may go now, in the order of claiming. A range of the
    index each, so that neither what waits for the morning nor a long queue is read through."""
    values = {"channel": channel.value, "now": now, "soon": now + SOON, "most": most, "busy": busy}
    ranks = tuple(sorted(PRIORITY_RANK[priority] for priority in priorities))
    rows = (await tx.run(_heads_query(ranks), values)).rows
    return sorted(rows, key=lambda row: (row["priority"], row["next_at"], row["id"]))


# Asked every time that something may be sent: each is put together once.


@cache
def _heads_query(ranks: tuple[int, ...]) -> sa.CompoundSelect[Any]:
    """Of these priorities. Names of its values: `channel`, `now`, `soon`, `most`, `busy`."""
    now = sa.bindparam("now", type_=outbox.c.next_at.type)
    soon = sa.bindparam("soon", type_=outbox.c.next_at.type)
    earlier, original = sa.alias(outbox), sa.alias(outbox)
    # As in `_oldest_inbound`; and what it edits likewise, or all that ever went would be read.
    first = (
        sa.select(earlier.c.id)
        .where(
            earlier.c.lane == outbox.c.lane,
            is_one_of(earlier.c.status, SendStatus.QUEUED),
            earlier.c.priority <= outbox.c.priority,
            sa.or_(
                earlier.c.next_at <= now,
                sa.and_(earlier.c.attempts > 0, earlier.c.next_at <= soon),
            ),
        )
        .order_by(earlier.c.id)
        .limit(1)
        .scalar_subquery()
    )
    edited = (
        sa.select(original.c.status).where(original.c.id == outbox.c.edits_id).scalar_subquery()
    )
    unsent = (SendStatus.QUEUED.value, SendStatus.SENDING.value)
    picks = [
        sa.select(
            sa.select(outbox.c.priority, outbox.c.next_at, outbox.c.id, outbox.c.lane)
            .where(
                outbox.c.channel == sa.bindparam("channel"),
                is_one_of(outbox.c.status, SendStatus.QUEUED),
                outbox.c.priority == rank,
                outbox.c.next_at <= now,
                outside(outbox.c.lane, "busy"),
                outbox.c.id == first,
                sa.func.coalesce(edited, "").not_in(unsent),
            )
            .order_by(outbox.c.next_at, outbox.c.id)
            .limit(sa.bindparam("most", type_=sa.Integer))
            .subquery()
        )
        for rank in ranks
    ]
    return sa.union_all(*picks)


async def next_send_at(
    tx: Transaction, channel: Channel, after: datetime | None = None
) -> datetime | None:
    """When the next queued message may go; with `after`, of those that may go later than that."""
    values: dict[str, Any] = {"channel": channel.value}
    if after:
        values["after"] = after
    rows = (await tx.run(_next_query(later=after is not None), values)).rows
    return min((row["next_at"] for row in rows), default=None)


@cache
def _next_query(*, later: bool) -> sa.CompoundSelect[Any]:
    """Names of its values: `channel`, and `after` where it asks for later ones."""
    after = sa.bindparam("after", type_=outbox.c.next_at.type)
    picks = [
        sa.select(
            sa.select(outbox.c.next_at)
            .where(
                outbox.c.channel == sa.bindparam("channel"),
                is_one_of(outbox.c.status, SendStatus.QUEUED),
                outbox.c.priority == rank,
                *([outbox.c.next_at > after] if later else []),
            )
            .order_by(outbox.c.next_at)
            .limit(1)
            .subquery()
        )
        for rank in PRIORITY_OF_RANK
    ]
    return sa.union_all(*picks)


async def postpone(tx: Transaction, outbox_id: int, at: datetime, code: str = "") -> None:
    """It was claimed and may not go yet (quiet hours); no attempt is counted."""
    await tx.run(
        sa.update(outbox)
        .where(outbox.c.id == outbox_id, outbox.c.status == SendStatus.SENDING.value)
        .values(
            status=SendStatus.QUEUED.value,
            next_at=at,
            code=code,
            attempts=outbox.c.attempts - 1,
            holder="",
        )
    )


async def hold_back(
    tx: Transaction,
    community_id: int,
    channel: Channel,
    priorities: Iterable[Priority],
    now: datetime,
    until: datetime,
    code: str,
) -> int:
    """Let all of a group's that could go now, and has one of these priorities, wait until then; how
    many there were."""
    result = await tx.run(
        sa.update(outbox)
        .where(
            outbox.c.channel == channel.value,
            is_one_of(outbox.c.status, SendStatus.QUEUED),
            outbox.c.priority.in_([PRIORITY_RANK[each] for each in priorities]),
            outbox.c.next_at <= now,
            outbox.c.community_id == community_id,
        )
        .values(next_at=until, code=code)
    )
    return int(result.rowcount)


async def held(tx: Transaction, community_id: int, channel: Channel, code: str) -> int:
    """How many of a group's wait for that reason."""
    count = sa.select(sa.func.count()).where(*_held(community_id, channel, code))
    return int(await tx.value(count) or 0)


async def release(
    tx: Transaction, community_id: int, channel: Channel, code: str, at: datetime
) -> int:
    """Let what waits for that reason go at that moment instead; how many there were."""
    result = await tx.run(
        sa.update(outbox).where(*_held(community_id, channel, code)).values(next_at=at, code="")
    )
    return int(result.rowcount)


def _held(community_id: int, channel: Channel, code: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        outbox.c.channel == channel.value,
        is_one_of(outbox.c.status, SendStatus.QUEUED),
        outbox.c.community_id == community_id,
        outbox.c.code == code,
    )


async def get(tx: Transaction, outbox_id: int) -> OutboundMessage | None:
    row = await tx.row(outbox, id=outbox_id)
    return await from_row(tx, row) if row else None


async def several(
    tx: Transaction, outbox_ids: Iterable[int | None]
) -> dict[int | None, OutboundMessage]:
    """These messages, by their ids."""
    wanted = [ident for ident in outbox_ids if ident is not None]
    if not wanted:
        return {}
    rows = (await tx.run(_several(), {"idents": wanted})).rows
    await tx.load_keys(row["member_id"] for row in rows)
    return {row["id"]: await from_row(tx, row) for row in rows}


@cache
def _several() -> sa.Select[Any]:
    return sa.select(outbox).where(among(outbox.c.id, "idents"))


async def code_of(tx: Transaction, outbox_id: int) -> str:
    """Why a message failed: the provider's code."""
    return str(await tx.value(sa.select(outbox.c.code).where(outbox.c.id == outbox_id)) or "")


async def withdraw(tx: Transaction, outbox_id: int) -> bool:
    """Take back a message that has not gone yet; whether it could be."""
    result = await tx.run(
        sa.update(outbox)
        .where(outbox.c.id == outbox_id, outbox.c.status == SendStatus.QUEUED.value)
        .values(status=SendStatus.WITHDRAWN.value)
    )
    return bool(result.rowcount)


async def withdraw_all(tx: Transaction, member_id: int, *, but: int | None = None) -> None:
    """Take back everything that is waiting to go to somebody (they sent STOP, or left)."""
    await tx.run(
        sa.update(outbox)
        .where(
            outbox.c.member_id == member_id,
            outbox.c.status == SendStatus.QUEUED.value,
            outbox.c.id != (but or 0),
        )
        .values(status=SendStatus.WITHDRAWN.value)
    )


async def withdraw_about(tx: Transaction, member_id: int, kind: str, ref: int) -> None:
    """Take back what is waiting to go to somebody about one thing."""
    waiting = sa.select(outbox.c.id, outbox.c.about).where(
        outbox.c.member_id == member_id, outbox.c.status == SendStatus.QUEUED.value
    )
    for row in await tx.all(waiting):
        if (row["about"].get("kind"), row["about"].get("ref")) == (kind, ref):
            await withdraw(tx, row["id"])


async def outbound_waiting(tx: Transaction, now: datetime) -> dict[Priority, tuple[int, float]]:
    """How many messages wait, by priority, and for how many seconds the oldest of those that may go
    now has been waiting."""
    rows = await tx.all(
        sa.select(
            outbox.c.priority,
            sa.func.count().label("n"),
            sa.func.min(outbox.c.next_at).label("oldest"),
        )
        .where(is_one_of(outbox.c.status, SendStatus.QUEUED))
        .group_by(outbox.c.priority)
    )
    return {
        PRIORITY_OF_RANK[row["priority"]]: (
            row["n"],
            max(0.0, (now - row["oldest"]).total_seconds()),
        )
        for row in rows
    }


NO_WORDS: dict[str, Any] = {
    "chat": "",
    "text": "",
    "buttons": (),
    "answers": "",
    "quiet": False,
    "wakes": False,
    "ask_location": False,
}
"""What is left of a message whose words are not kept any more (`storage/purge.py`)."""


def has_words(table: sa.Table) -> sa.ColumnElement[bool]:
    """Whether a message still has its words; as the indexes have it, to the letter."""
    return sa.text(f"length({table.name}.sealed_message) > 0")  # type: ignore[return-value]


async def _provider_ids(tx: Transaction, idents: list[int]) -> dict[int | None, str]:
    """What the provider calls these."""
    if not idents:
        return {}
    rows = (await tx.run(_named(), {"idents": idents})).rows
    return {row["id"]: row["provider_id"] for row in rows}


@cache
def _named() -> sa.Select[Any]:
    these = among(outbox.c.id, "idents")
    return sa.select(outbox.c.id, outbox.c.provider_id).where(these)


async def from_row(tx: Transaction, row: Row) -> OutboundMessage:
    """A message as it is kept; what it edits is known to who claims it."""
    sealed = row["sealed_message"]
    facts = (await tx.key_of(row["member_id"])).open_json(sealed) if sealed else NO_WORDS
    return OutboundMessage(
        id=row["id"],
        channel=Channel(row["channel"]),
        chat=facts["chat"],
        kind=OutboundKind(row["kind"]),
        priority=PRIORITY_OF_RANK[row["priority"]],
        text=facts["text"],
        created_at=row["created_at"],
        buttons=tuple((data, label) for data, label in facts["buttons"]),
        answers=facts["answers"],
        quiet=facts["quiet"],
        wakes=facts["wakes"],
        ask_location=facts["ask_location"],
        community_id=row["community_id"],
        member_id=row["member_id"],
        attempts=row["attempts"],
        status=SendStatus(row["status"]),
        provider_id=row["provider_id"],
        about=row["about"],
    )
