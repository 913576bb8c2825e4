"""What is held of one person, and how it goes: everything of theirs, and their name elsewhere.

What stays is numbers without a person: that somebody asked, that somebody went. Their row stays as
an empty shell, so that those numbers, and the ids of the audit log, mean nobody else.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage import checkins, groups, members, recurring
from storage import requests as asked
from storage.database import Transaction
from storage.messages import has_words
from storage.model import (
    CheckIn,
    Contact,
    HelpRequest,
    Member,
    OccasionStatus,
    RequestStatus,
    Schedule,
    SendStatus,
    Standing,
)
from storage.model_worries import WorryStatus
from storage.ready import Row
from storage.schema import (
    addresses,
    bonds,
    broadcast_replies,
    broadcast_texts,
    broadcasts,
    check_ins,
    communities,
    contacts,
    dated_shifts,
    due,
    guards,
    inbox,
    links,
    member_keys,
    occasions,
    outbox,
    questions,
    receipts,
    relayed,
    requests,
    schedules,
    shifts,
    stand_ins,
    visits,
    worries,
    worry_notes,
)
from storage.schema import members as member_table
from storage.vault import DESTROYED, WrongKeyError

CHUNK = 500
"""Rows read at a time."""

UNDER_WAY = (SendStatus.QUEUED.value, SendStatus.SENDING.value)


@dataclass(frozen=True, slots=True)
class Traces:
    """By what somebody is known in other people's messages."""

    words: re.Pattern[str]
    lanes: frozenset[str]

    def in_text(self, text: str) -> bool:
        return bool(self.words.search(text))


async def traces_of(tx: Transaction, member: Member) -> Traces:
    """Their name and each part of it, where they live, their numbers and chats."""
    at = await members.all_addresses(tx, member.id)
    parts = {part for part in re.findall(r"[^\W\d_]{3,}", member.name) if part.lower() not in _NOT}
    whole = {member.name, member.home, *parts, *(address.value for address in at)}
    said = sorted((re.escape(one) for one in whole if len(one) >= 3), key=len, reverse=True)
    said += [_number(address.value) for address in at if address.value.startswith("+")]
    pattern = rf"(?<!\w)(?:{'|'.join(said)})(?!\w)" if said else r"(?!)"
    rows = await tx.all(sa.select(addresses.c.lane).where(addresses.c.member_id == member.id))
    lanes = {row["lane"] for row in rows}  # as they stand: without the key they can't be made anew
    return Traces(re.compile(pattern, re.IGNORECASE), frozenset(lanes))


def _number(phone: str) -> str:
    """A phone number as people write it: with or without its country, in groups of any size."""
    home = re.fullmatch(r"\+44(\d+)", phone)
    start, digits = (r"(?:\+44|0044|0)[ -]?", home[1]) if home else (r"(?:\+|00)", phone[1:])
    return start + "[ -]?".join(digits)


_NOT = frozenset({"mrs", "miss", "rev", "revd", "sir", "lady", "father", "the"})


async def texts_that_name(tx: Transaction, member: Member) -> list[str]:
    """The group's own texts in which somebody may be named, each as `language:entry`. They are the
    group's, who must find other words: with a dash in them nobody could be told whom to ring."""
    traces = await traces_of(tx, member)
    community = await groups.get(tx, member.community_id)
    own = community.texts.items() if community else ()
    return sorted(name for name, words in own if traces.in_text(words))


# What is held


@dataclass(frozen=True, slots=True)
class Held:
    """Everything that is kept of one person, and of nobody else."""

    member: Member
    phones: tuple[str, ...]
    requests: tuple[HelpRequest, ...]
    schedules: tuple[Schedule, ...]
    check_in: CheckIn | None
    contacts: tuple[Contact, ...]
    first: tuple[Member, ...]
    """Whom they want to be asked before anyone else, in their order."""
    never: tuple[Member, ...]
    """Whom they would rather not meet."""
    visits: int
    """Visits that they made."""
    messages: int
    """Messages from them and to them, of which the words are still kept."""
    worries: int
    """Worries that they told of, and that are still kept. What they say is not for a screen that
    others may see: `popround members export WHO` has it."""


async def held(tx: Transaction, member: Member) -> Held:
    """What is held of somebody."""
    check_in = await checkins.of_member(tx, member.id)
    at = await members.all_addresses(tx, member.id)
    came, went = (
        sa.select(sa.func.count())
        .select_from(table)
        .where(table.c.member_id == member.id, has_words(table))
        for table in (inbox, outbox)
    )
    told = (
        sa.select(sa.func.count())
        .select_from(worries)
        .where(worries.c.member_id == member.id, worries.c.next_at.is_not(None))
    )
    said = await members.bonds_by(tx, member.id)
    return Held(
        member,
        tuple(address.value for address in at),
        tuple(await asked.of_asker(tx, member.id, tuple(RequestStatus))),
        tuple(await recurring.running(tx, member.id)),
        check_in,
        tuple(await checkins.contacts_of(tx, check_in.id)) if check_in else (),
        tuple([await members.get(tx, other) for kind, other in said if kind == "first"]),
        tuple([await members.get(tx, other) for kind, other in said if kind == "not_again"]),
        member.visits,
        int(await tx.value(came) or 0) + int(await tx.value(went) or 0),
        int(await tx.value(told) or 0),
    )


# Being forgotten


async def alarm_is_open(tx: Transaction, member_id: int) -> bool:
    """Whether there is an alarm about somebody that is not closed, or one that they see to."""
    alarm = sa.select(occasions.c.id).where(
        sa.or_(occasions.c.member_id == member_id, occasions.c.taken_by == member_id),
        occasions.c.status.in_((OccasionStatus.ALARM.value, OccasionStatus.TAKEN.value)),
    )
    return await tx.value(alarm.limit(1)) is not None


async def worry_is_open(tx: Transaction, member_id: int) -> bool:
    """Whether somebody has told of a worry that is not closed: its words would go with them."""
    told = sa.select(worries.c.id).where(
        worries.c.member_id == member_id, worries.c.status != WorryStatus.CLOSED.value
    )
    return await tx.value(told.limit(1)) is not None


async def still_on_its_way(tx: Transaction, member: Member) -> bool:
    """Whether something waits that must come first: words to them or about them that have not gone,
    or words of theirs that nobody has seen to."""
    traces = await traces_of(tx, member)
    mine = sa.select(outbox.c.id).where(
        outbox.c.member_id == member.id, outbox.c.status.in_(UNDER_WAY)
    )
    waits = sa.select(inbox.c.id).where(
        inbox.c.lane.in_(traces.lanes), inbox.c.handled_at.is_(None)
    )
    for question in (mine, waits):
        if await tx.value(question.limit(1)) is not None:
            return True
    async for _ in _about(tx, member, traces, waiting=True):
        return True
    return False


async def forget(tx: Transaction, member: Member, now: datetime) -> None:
    """Let nothing of somebody be left but numbers, and destroy their key. Whoever calls this has
    seen to it that nobody waits for them, and that they wait for nobody."""
    traces = await traces_of(tx, member)
    ident = member.id
    async for table, row_id, values in _about(tx, member, traces):
        await tx.run(sa.update(table).where(table.c.id == row_id).values(**values))
    await _leave_out(tx, member, traces)
    await _empty_messages(tx, ident, traces)
    mine = sa.select(check_ins.c.id).where(check_ins.c.member_id == ident)
    days = sa.select(occasions.c.id).where(occasions.c.member_id == ident)
    told = sa.select(worries.c.id).where(worries.c.member_id == ident)
    named = sa.select(contacts.c.id).where(
        sa.or_(contacts.c.check_in_id.in_(mine), contacts.c.member_id == ident)
    )
    for kinds, of in (
        (("check_in",), mine),
        (("check_in_step",), days),
        (("contact",), named),
        (("worry",), told),
        (("back", "join", "retry", "forget", "unused", "vetting"), sa.select(sa.literal(ident))),
    ):
        await tx.run(sa.delete(due).where(due.c.kind.in_(kinds), due.c.ref.in_(of)))
    for statement in (
        sa.delete(worry_notes).where(worry_notes.c.worry_id.in_(told)),
        sa.delete(worries).where(worries.c.member_id == ident),
        sa.delete(occasions).where(occasions.c.member_id == ident),
        sa.delete(contacts).where(contacts.c.member_id == ident),
        sa.delete(contacts).where(contacts.c.check_in_id.in_(mine)),
        sa.delete(occasions).where(occasions.c.check_in_id.in_(mine)),
        sa.delete(check_ins).where(check_ins.c.member_id == ident),
        sa.delete(bonds).where(sa.or_(bonds.c.member_id == ident, bonds.c.other_id == ident)),
        sa.delete(questions).where(questions.c.member_id == ident),
        sa.delete(relayed).where(relayed.c.from_id == ident),
        sa.delete(broadcast_replies).where(broadcast_replies.c.member_id == ident),
        sa.delete(shifts).where(shifts.c.member_id == ident),
        sa.delete(dated_shifts).where(
            sa.or_(dated_shifts.c.member_id == ident, dated_shifts.c.instead_of == ident)
        ),
        sa.delete(stand_ins).where(stand_ins.c.member_id == ident),
        sa.delete(links).where(links.c.lane.in_(traces.lanes)),
        sa.delete(guards).where(guards.c.who.in_(traces.lanes)),
        sa.delete(addresses).where(addresses.c.member_id == ident),
        sa.update(requests).where(requests.c.asker_id == ident).values(sealed_words=b""),
        sa.update(schedules).where(schedules.c.asker_id == ident).values(sealed_words=b""),
        sa.update(visits).where(visits.c.asker_id == ident).values(sealed_code_word=b""),
        sa.update(member_keys).where(member_keys.c.member_id == ident).values(wrapped=DESTROYED),
    ):
        await tx.run(statement)
    tx.keys.pop(ident, None)
    tx.read.pop(("members", ident), None)
    languages = await tx.value(
        sa.select(communities.c.languages).where(communities.c.id == member.community_id)
    )
    language = str(languages).split(",", maxsplit=1)[0]
    shell = Member(
        id=ident,
        community_id=member.community_id,
        standing=Standing.FORGOTTEN,
        language=language,
        languages=(language,),
        on_duty=False,
        rested_at=now,
    )
    values = members.to_row(await tx.key_of(ident), shell)
    await tx.run(sa.update(member_table).where(member_table.c.id == ident).values(**values))
    tx.leaves_no_trace = True


async def _empty_messages(tx: Transaction, ident: int, traces: Traces) -> None:
    """What came from them and went to them: that it was, and what it cost, is all that stays."""
    ids = sa.select(outbox.c.id).where(
        sa.or_(outbox.c.member_id == ident, outbox.c.lane.in_(traces.lanes))
    )
    await tx.run(sa.delete(receipts).where(receipts.c.outbox_id.in_(ids)))
    await tx.run(sa.delete(due).where(due.c.kind == "tell", due.c.ref.in_(ids)))
    empty: dict[str, Any] = {"sealed_message": b"", "member_id": None}
    ended = {
        "status": sa.case((outbox.c.status.in_(UNDER_WAY), "withdrawn"), else_=outbox.c.status)
    }
    await tx.run(
        sa.update(outbox)
        .where(sa.or_(outbox.c.member_id == ident, outbox.c.lane.in_(traces.lanes)))
        .values(**empty, **ended, lane="", about={}, lost_at=None)
    )
    await tx.run(
        sa.update(inbox)
        .where(sa.or_(inbox.c.member_id == ident, inbox.c.lane.in_(traces.lanes)))
        .values(
            **empty,
            lane="",
            print="",
            handled_at=sa.func.coalesce(inbox.c.handled_at, inbox.c.received_at),
        )
    )


async def _about(
    tx: Transaction, member: Member, traces: Traces, *, waiting: bool = False
) -> AsyncIterator[tuple[sa.Table, int, dict[str, Any]]]:
    """Messages and questions to others in which somebody is named or quoted: the table, the row's
    id, and what is to stand there instead. `waiting`: only messages that have not gone yet."""
    quoted = await _quoted(tx, member.id)

    def names(text: str) -> bool:
        return traces.in_text(text) or any(words in text for words in quoted)

    group = sa.or_(outbox.c.community_id == member.community_id, outbox.c.community_id.is_(None))
    gone = outbox.c.status.in_(UNDER_WAY) if waiting else sa.true()
    async for row in _rows(tx, outbox, gone, group):
        facts = _opened(tx, row, "sealed_message")
        if facts and (names(facts["text"]) or any(names(label) for _, label in facts["buttons"])):
            yield outbox, row["id"], {"sealed_message": b""}
    if waiting:
        return
    async for row in _rows(tx, inbox, inbox.c.handled_at.is_not(None)):
        facts = _opened(tx, row, "sealed_message")
        if facts and names(facts.get("text", "")):
            yield inbox, row["id"], {"sealed_message": b"", "print": ""}
    async for row in _rows(tx, questions, sa.true()):
        facts = _opened(tx, row, "sealed_choices")
        if facts and names(" ".join([facts.get("heard", ""), *(c[1] for c in facts["choices"])])):
            choices = [[key, "-", number] for key, _, number in facts["choices"]]
            sealed = tx.keys[row["member_id"]].seal_json({**facts, "choices": choices, "heard": ""})
            yield questions, row["id"], {"sealed_choices": sealed}
    last = 0
    while True:
        some = sa.select(relayed).where(relayed.c.id > last).order_by(relayed.c.id).limit(CHUNK)
        rows = await tx.all(some)
        await tx.load_keys(row["from_id"] for row in rows)
        for row in rows:
            if names(tx.keys[row["from_id"]].open(row["sealed_words"])):
                yield relayed, row["id"], {"sealed_words": b""}
        if len(rows) < CHUNK:
            return
        last = rows[-1]["id"]


async def _leave_out(tx: Transaction, member: Member, traces: Traces) -> None:
    """In what others asked for, answered and told everybody, their name, home and number are a dash
    from now on: what else was said there is still needed, and the others' own."""
    group = member_table.c.community_id == member.community_id
    people = sa.select(member_table.c.id).where(group, member_table.c.id != member.id)
    told = sa.select(broadcasts.c.id).where(broadcasts.c.community_id == member.community_id)
    for table, owner, columns, where in (
        (requests, "asker_id", ("sealed_words",), requests.c.asker_id.in_(people)),
        (schedules, "asker_id", ("sealed_words",), schedules.c.asker_id.in_(people)),
        (
            occasions,
            "member_id",
            ("sealed_words", "sealed_outcome"),
            occasions.c.member_id.in_(people),
        ),
        (
            broadcast_replies,
            "member_id",
            ("sealed_words",),
            broadcast_replies.c.member_id.in_(people),
        ),
        (broadcast_texts, None, ("sealed_text",), broadcast_texts.c.broadcast_id.in_(told)),
    ):
        async for row in _rows(tx, table, where, owner=owner):
            key = tx.keys[row[owner] if owner else None]
            changed = {}
            for name in columns:
                words = key.open(row[name]) if row[name] else ""
                if traces.in_text(words):
                    changed[name] = key.seal(traces.words.sub("-", words))
            if changed:
                await tx.run(sa.update(table).where(table.c.id == row["id"]).values(**changed))


async def _quoted(tx: Transaction, ident: int) -> set[str]:
    """How what they asked for begins, as it is quoted to others."""
    key = await tx.key_of(ident)
    rows = await tx.all(sa.select(requests.c.sealed_words).where(requests.c.asker_id == ident))
    words = (" ".join(key.open(row["sealed_words"]).split())[:30] for row in rows)
    return {one for one in words if len(one) >= 12}


async def _rows(
    tx: Transaction,
    table: sa.Table,
    *where: sa.ColumnElement[bool],
    owner: str | None = "member_id",
) -> AsyncIterator[Row]:
    """The rows of a table, with the keys of whom they belong to, some at a time."""
    last = 0
    while True:
        rows = await tx.all(
            sa.select(table).where(table.c.id > last, *where).order_by(table.c.id).limit(CHUNK)
        )
        if owner:
            await tx.load_keys(row[owner] for row in rows)
        for row in rows:
            yield row
        if len(rows) < CHUNK:
            return
        last = rows[-1]["id"]


def _opened(tx: Transaction, row: Row, column: str) -> dict[str, Any] | None:
    if not row[column]:
        return None
    try:
        facts: dict[str, Any] = tx.keys[row["member_id"]].open_json(row[column])
    except (WrongKeyError, ValueError):
        return None  # it can't be read: nobody is named in it to anybody
    return facts
