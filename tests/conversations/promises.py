"""What must be true of every conversation, whatever its script is about.

Checked in the database and in what people saw, after each script has been played.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product

import sqlalchemy as sa

from handlers.auditor import LACKING
from handlers.rules import timing
from handlers.rules.next_steps import NEXT_STEPS
from handlers.rules.segments import segments
from storage import groups, members, messages, requests
from storage.database import Transaction
from storage.model import (
    Channel,
    Member,
    OutboundKind,
    Priority,
    Role,
    SendStatus,
    Standing,
)
from storage.schema import audit as audit_table
from storage.schema import members as members_table
from storage.schema import outbox
from storage.schema import questions as questions_table
from storage.schema import visits as visits_table

VISIT_NEWS = frozenset(
    {"found", "on_the_way", "called_off", "visit", "looking_again", "gave_up", "nobody_yet"}
)
"""What may wake somebody for a visit that is to happen tonight."""

AT_THE_HOUR_THEY_CHOSE = frozenset({"check_in", "check_in.will_ring", "alarm.news"})
"""What may come in the quiet hours because people asked for it, or were woken by its beginning."""

URGENT_TO_ALL = frozenset({"broadcast", "broadcast.report"})
"""What may come in the quiet hours because an organiser said that it is urgent, and why."""

AT_A_CHOSEN_HOUR = frozenset({"daily_note", "duty"})
"""What organisers asked to get at that very hour."""

MAY_WAKE = VISIT_NEWS | AT_THE_HOUR_THEY_CHOSE | URGENT_TO_ALL

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
        *await _looks_noted(tx, witness, everyone),
        *await _nights_kept(tx, witness),
        *await _nothing_silent(tx),
        *await _one_visit_each(tx),
        *_short_enough(witness),
    ]


async def _addresses_kept(tx: Transaction, witness: Witness, everyone: list[Member]) -> list[str]:
    """An asker's home and phone number reach the helper who is going to them, and organisers; the
    number also those who hear of their worry."""
    where = {
        address.value: member
        for member in everyone
        for address in await members.all_addresses(tx, member.id)
    }
    goes = {
        (row["helper_id"], row["asker_id"])
        for row in await tx.all(sa.select(visits_table.c.helper_id, visits_table.c.asker_id))
    }
    gone = {one.id for one in everyone if one.standing is Standing.FORGOTTEN}
    # Not whose: whoever was forgotten since has no worry any more.
    hears = ("worry_told", "worry_seen")
    told = {
        row["detail"].get("to", row["actor_id"])
        for row in await tx.all(sa.select(audit_table).where(audit_table.c.action.in_(hears)))
    }
    # Nobody else is asked this; who has left since has no role any more.
    asked = await tx.all(
        sa.select(questions_table).where(questions_table.c.kind.in_(("open", "handed")))
    )
    left = {one.id for one in everyone if one.standing is Standing.LEFT}
    organised = left & {row["member_id"] for row in asked}
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
            if reader and reader.id in organised:
                continue
            if any(phone in words for phone in phones) and not (reader and reader.id in told):
                wrong.append(f"the phone number of {asker.name} reached {to}: {words!r}")
            # Whoever was forgotten since has no address by which to know them.
            ids = gone | ({reader.id} if reader else set())
            going = any((ident, asker.id) in goes for ident in ids)
            if len(asker.home) > 4 and asker.home.lower() in words.lower() and not going:
                wrong.append(f"the home of {asker.name} reached {to}: {words!r}")
    return wrong


async def _looks_noted(tx: Transaction, witness: Witness, everyone: list[Member]) -> list[str]:
    """Each look at somebody's address or number is in the audit log; and no message was made of
    what its reader may not see, which goes out as a dash."""
    noted = {
        (row["action"], row["subject_id"], row["detail"].get("to"))
        for row in await tx.all(sa.select(audit_table))
    }
    wrong = [f"{subject} was withheld from {to}" for did, subject, to in noted if did == "withheld"]
    where = {
        address.value: member.id
        for member in everyone
        for address in await members.all_addresses(tx, member.id)
    }
    # Whoever was forgotten since has no address by which to know them, and may be somebody new now.
    gone = [one.id for one in everyone if one.standing is Standing.FORGOTTEN]
    for member in everyone:
        told = {"phone_shown": [a for a, ident in where.items() if ident == member.id]}
        told["address_shown"] = [member.home] if len(member.home) > 4 else []
        for to, words in witness.seen:
            readers = [*gone, *([where[to]] if to in where else [])]
            for action, values in told.items():
                seen = any(value.startswith("+") or " " in value for value in values) and any(
                    value in words for value in values
                )
                looks = product([action], [member.id, *gone], readers)
                if seen and member.id != where.get(to) and noted.isdisjoint(looks):
                    wrong.append(f"{action} of {member.name} to {to} is not noted: {words!r}")
    return wrong


async def _nights_kept(tx: Transaction, witness: Witness) -> list[str]:
    """In the quiet hours only who writes is answered, but for tonight's visits and emergencies."""
    wrong = []
    every = {community.id: community for community in await groups.every(tx)}
    for row in await tx.all(
        sa.select(outbox).where(
            outbox.c.sent_at.is_not(None),
            outbox.c.kind == OutboundKind.TEXT.value,
            outbox.c.status.in_((SendStatus.SENT.value, SendStatus.DELIVERED.value)),
            messages.has_words(outbox),  # whose they were is not known of what was emptied
        )
    ):
        at, community = row["sent_at"], every.get(row["community_id"])
        if community is None or not timing.is_quiet(at, community):
            continue
        message = await messages.from_row(tx, row)
        asked_for = any(
            timedelta(0) <= at - moment <= JUST_NOW
            for moment in witness.wrote.get(message.chat, ())
        )
        in_group = message.member_id is None
        tonight = message.about.get("kind") in MAY_WAKE and message.wakes
        urgent = message.priority is Priority.EMERGENCY
        if message.about.get("kind") in AT_A_CHOSEN_HOUR:
            continue
        if not (asked_for or in_group or tonight or urgent):
            wrong.append(f"{message.chat} was woken by {message.text!r}")
    return wrong


async def _nothing_silent(tx: Transaction) -> list[str]:
    """Whatever is still owed something has a moment at which its next step comes."""
    wrong = [
        f"{NEXT_STEPS[place].table} {ref} ({NEXT_STEPS[place].what}) has no next step"
        for place, ref in await LACKING.rows(tx)
    ]
    for ref in await requests.filled_by_nobody(tx, 100):
        wrong.append(f"request {ref} is filled, and nobody is going")
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
