"""What must be true of every conversation, whatever its script is about.

Checked in the database and in what people saw, after each script has been played.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from handlers.reminders import REMINDERS
from handlers.rules import timing
from handlers.rules.segments import segments
from storage import checkins, due, groups, members, messages, requests
from storage.database import Transaction
from storage.model import (
    Channel,
    CheckInStatus,
    DueKind,
    Member,
    OutboundKind,
    Priority,
    RequestStatus,
    Role,
    SendStatus,
)
from storage.schema import check_ins as check_ins_table
from storage.schema import members as members_table
from storage.schema import outbox
from storage.schema import requests as requests_table
from storage.schema import visits as visits_table

OWED = (RequestStatus.DRAFT, RequestStatus.OPEN, RequestStatus.HANDED, RequestStatus.FILLED)

OF_A_REQUEST = (DueKind.DRAFT, DueKind.WAVE, DueKind.PROMISE, DueKind.CHASE)
OF_A_VISIT = (*REMINDERS, DueKind.DID_IT_HAPPEN)

VISIT_NEWS = frozenset(
    {"found", "on_the_way", "called_off", "visit", "looking_again", "gave_up", "nobody_yet"}
)
"""What may wake somebody for a visit that is to happen tonight."""

AT_THE_HOUR_THEY_CHOSE = frozenset({"check_in", "check_in.will_ring", "alarm.news"})
"""What may come in the quiet hours because people asked for it, or were woken by its beginning."""

JUST_NOW = timedelta(minutes=2)


class BrokenPromiseError(AssertionError):
    """A conversation in which one of the promises was broken; `played` is how it went."""

    def __init__(self, broken: list[str], played: str) -> None:
        super().__init__("; ".join(broken))
        self.played = played


@dataclass
class Witness:
    """What was seen and done, as far as the promises need it."""

    seen: list[tuple[str, str]] = field(default_factory=list)
    """(phone number or chat id, words)."""
    wrote: dict[str, list[datetime]] = field(default_factory=dict)
    """When each phone number or chat id wrote or pressed something."""


async def broken(tx: Transaction, witness: Witness) -> list[str]:
    """Every promise that was not kept, in a sentence each."""
    idents = [row["id"] for row in await tx.all(sa.select(members_table.c.id))]
    everyone = [await members.get(tx, ident) for ident in idents]
    return [
        *await _addresses_kept(tx, witness, everyone),
        *await _nights_kept(tx, witness),
        *await _nothing_silent(tx),
        *await _nobody_unwatched(tx),
        *await _one_visit_each(tx),
        *_short_enough(witness),
    ]


async def _addresses_kept(tx: Transaction, witness: Witness, everyone: list[Member]) -> list[str]:
    """An asker's home and phone number reach the helper who is going to them, and organisers."""
    where = {
        address.value: member
        for member in everyone
        for address in await members.all_addresses(tx, member.id)
    }
    goes = {
        (row["helper_id"], row["asker_id"])
        for row in await tx.all(sa.select(visits_table.c.helper_id, visits_table.c.asker_id))
    }
    wrong = []
    for asker in everyone:
        if Role.ASKER not in asker.roles:
            continue
        phones = [
            address.value
            for address in await members.all_addresses(tx, asker.id)
            if address.channel is Channel.SMS
        ]
        for to, words in witness.seen:
            reader = where.get(to)
            if reader and (reader.id == asker.id or reader.is_a(Role.ORGANISER)):
                continue
            if any(phone in words for phone in phones):
                wrong.append(f"the phone number of {asker.name} reached {to}: {words!r}")
            going = reader is not None and (reader.id, asker.id) in goes
            if len(asker.home) > 4 and asker.home.lower() in words.lower() and not going:
                wrong.append(f"the home of {asker.name} reached {to}: {words!r}")
    return wrong


async def _nights_kept(tx: Transaction, witness: Witness) -> list[str]:
    """In the quiet hours only who writes is answered, but for tonight's visits and emergencies."""
    wrong = []
    for row in await tx.all(
        sa.select(outbox).where(
            outbox.c.sent_at.is_not(None),
            outbox.c.kind == OutboundKind.TEXT.value,
            outbox.c.status.in_((SendStatus.SENT.value, SendStatus.DELIVERED.value)),
        )
    ):
        message = await messages.get(tx, row["id"])
        assert message
        community = await groups.get(tx, message.community_id or 0)
        at = row["sent_at"]
        if community is None or not timing.is_quiet(at, community):
            continue
        asked_for = any(
            timedelta(0) <= at - moment <= JUST_NOW
            for moment in witness.wrote.get(message.chat, ())
        )
        in_group = message.member_id is None
        tonight = message.about.get("kind") in VISIT_NEWS | AT_THE_HOUR_THEY_CHOSE and message.wakes
        urgent = message.priority is Priority.EMERGENCY
        if not (asked_for or in_group or tonight or urgent):
            wrong.append(f"{message.chat} was woken by {message.text!r}")
    return wrong


async def _nothing_silent(tx: Transaction) -> list[str]:
    """Whatever is still owed something has a moment at which its next step comes."""
    wrong = []
    rows = await tx.all(
        sa.select(requests_table.c.id).where(
            requests_table.c.status.in_([status.value for status in OWED])
        )
    )
    for row in rows:
        request = await requests.get(tx, row["id"])
        next_steps = await due.of(tx, request.id, *OF_A_REQUEST)
        visit = await requests.live_visit(tx, request.id)
        if visit:
            next_steps += await due.of(tx, visit.id, *OF_A_VISIT)
        if request.status is RequestStatus.FILLED:
            next_steps = await due.of(tx, visit.id, *OF_A_VISIT) if visit else []
        if not next_steps:
            wrong.append(f"request {request.id} ({request.status.value}) has no next step")
    return wrong


async def _nobody_unwatched(tx: Transaction) -> list[str]:
    """Whoever has check-ins has a next one, and what is not over has a next step."""
    wrong = []
    for row in await tx.all(sa.select(check_ins_table.c.id, check_ins_table.c.status)):
        next_one = await due.of(tx, row["id"], DueKind.CHECK_IN)
        if row["status"] == CheckInStatus.ON.value and not next_one:
            wrong.append(f"check-ins {row['id']} have no next one")
        for occasion in await checkins.running(tx, row["id"]):
            if not await due.of(tx, occasion.id, DueKind.CHECK_IN_STEP):
                wrong.append(f"check-in {occasion.id} ({occasion.status.value}) has no next step")
    return wrong


async def _one_visit_each(tx: Transaction) -> list[str]:
    live = Counter(
        row["request_id"]
        for row in await tx.all(
            sa.select(visits_table.c.request_id).where(
                visits_table.c.status.in_(("accepted", "on_the_way"))
            )
        )
    )
    return [f"request {request} has {n} visits" for request, n in live.items() if n > 1]


def _short_enough(witness: Witness) -> list[str]:
    """No text costs more than two segments."""
    return [
        f"{segments(words)} segments: {words!r}"
        for to, words in witness.seen
        if to.startswith("+") and segments(words) > 2
    ]
