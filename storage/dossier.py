"""Everything that is held of one person, readable: what they have a right to (Article 15, UK GDPR).

Not in it is what others have said of them, who is told about them when they don't answer, and where
others live whom they were sent to: that is those people's own. A test holds it to the schema:
whatever points at a member is in here, or is left out with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from storage import members
from storage.database import Transaction
from storage.model import NEIGHBOURLY, Member
from storage.ready import Row
from storage.schema import (
    addresses,
    audit,
    bonds,
    broadcast_replies,
    broadcasts,
    check_ins,
    contacts,
    dated_shifts,
    inbox,
    invites,
    occasions,
    offers,
    outbox,
    outlays,
    questions,
    recipients,
    relayed,
    requests,
    schedules,
    shifts,
    stand_ins,
    visits,
    worries,
)
from storage.vault import WrongKeyError

LONGEST_KEPT = timedelta(days=91)
"""No words of messages are older (`POPROUND_KEEP_MESSAGES_DAYS`)."""

Whose = Callable[[int, Sequence[str]], sa.ColumnElement[bool]]
"""Which rows of a table are somebody's: by the member's id, and the lanes of their addresses."""


@dataclass(frozen=True, slots=True)
class Section:
    """Some of what is held, and how it is called."""

    title: str
    table: sa.Table
    whose: Whose
    shown: dict[str, str]
    """What it is called, and the column it stands in."""
    key: str = ""
    """The column that says with whose key it is sealed; otherwise it is their own."""


def _is(column: sa.Column[Any]) -> Whose:
    return lambda ident, _: column == ident


def _message_of(table: sa.Table) -> Whose:
    return lambda ident, lanes: sa.or_(table.c.member_id == ident, table.c.lane.in_(lanes))


def _outlays(ident: int, _: Sequence[str]) -> sa.ColumnElement[bool]:
    of = sa.or_(visits.c.helper_id == ident, visits.c.asker_id == ident)
    return outlays.c.visit_id.in_(sa.select(visits.c.id).where(of))


def _told_of(ident: int, _: Sequence[str]) -> sa.ColumnElement[bool]:
    mine = sa.select(check_ins.c.id).where(check_ins.c.member_id == ident)
    return contacts.c.check_in_id.in_(mine)


def _in_the_log(ident: int, _: Sequence[str]) -> sa.ColumnElement[bool]:
    about = sa.and_(audit.c.subject == "member", audit.c.subject_id == ident)
    # Whoever is worried about must not learn of it here (PRACTICE, safeguarding 9).
    return sa.and_(sa.or_(about, audit.c.actor_id == ident), audit.c.action.not_like("worry%"))


_VISIT = {"due": "due_at", "how it stands": "status", "over": "over_at", "agreed": "created_at"}
_HELP = {
    "kind": "need",
    "also": "also",
    "words": "sealed_words",
    "day": "day",
    "also_on": "also_days",
    "time": "part",
}

SECTIONS = (
    Section(
        "where they are written to",
        addresses,
        _is(addresses.c.member_id),
        {
            "by": "channel",
            "address": "sealed_value",
            "last wrote": "wrote_at",
            "out of reach": "unreachable",
        },
    ),
    Section(
        "what they asked for",
        requests,
        _is(requests.c.asker_id),
        {"asked": "created_at", **_HELP, "how it stands": "status"},
    ),
    Section(
        "regular help",
        schedules,
        _is(schedules.c.asker_id),
        {
            "begun": "created_at",
            "kind": "need",
            "words": "sealed_words",
            "weekdays from 0, Monday": "weekdays",
            "every so many weeks": "every",
            "first day": "starts",
            "next": "next_day",
            "left out": "skips",
            "how it stands": "status",
        },
    ),
    Section(
        "visits to them",
        visits,
        _is(visits.c.asker_id),
        {**_VISIT, "word for the door": "sealed_code_word"},
    ),
    Section("visits by them", visits, _is(visits.c.helper_id), _VISIT),
    Section(
        "money laid out, in pence",
        outlays,
        _outlays,
        {"at most": "agreed", "spent": "spent", "how it stands": "status"},
    ),
    Section(
        "what they were asked to do",
        offers,
        _is(offers.c.member_id),
        {
            "asked": "created_at",
            "why": "reason",
            "answered": "answered_at",
            "how it stands": "status",
        },
    ),
    Section(
        "check-ins",
        check_ins,
        _is(check_ins.c.member_id),
        {
            "begun": "created_at",
            "weekdays from 0, Monday": "days",
            "at": "hour",
            "next": "next_day",
            "away from": "away_from",
            "away until": "away_until",
            "how it stands": "status",
        },
    ),
    Section(
        "people who are told when they do not answer",
        contacts,
        _told_of,
        {"named": "created_at", "how it stands": "status"},
    ),
    Section(
        "others of whom they are told",
        contacts,
        _is(contacts.c.member_id),
        {"named": "created_at", "how it stands": "status"},
    ),
    Section(
        "days on which they were asked whether all is well, and emergencies",
        occasions,
        _is(occasions.c.member_id),
        {
            "day": "day",
            "how it stands": "status",
            "why": "reason",
            "they wrote": "sealed_words",
            "how they were found": "sealed_outcome",
        },
    ),
    Section(
        "alarms that they saw to",
        occasions,
        _is(occasions.c.taken_by),
        {"day": "day", "how it stands": "status"},
    ),
    Section(
        "what they were worried about",
        worries,
        _is(worries.c.member_id),
        {"at": "created_at", "words": "sealed_words", "how it stands": "status"},
    ),
    Section(
        "what they wrote to the other of a visit",
        relayed,
        _is(relayed.c.from_id),
        {"at": "at", "words": "sealed_words"},
    ),
    Section(
        "broadcasts that they sent",
        broadcasts,
        _is(broadcasts.c.organiser_id),
        {"begun": "created_at", "how it stands": "status", "people": "listed"},
    ),
    Section(
        "broadcasts to them",
        recipients,
        _is(recipients.c.member_id),
        {"broadcast": "broadcast_id", "answer, from 0": "answer", "left out": "left_out"},
    ),
    Section(
        "what they wrote back to broadcasts",
        broadcast_replies,
        _is(broadcast_replies.c.member_id),
        {"at": "at", "words": "sealed_words"},
    ),
    Section(
        "questions put to them",
        questions,
        _is(questions.c.member_id),
        {
            "asked": "asked_at",
            "about": "kind",
            "answered": "answered_at",
            "answers": "sealed_choices",
        },
    ),
    Section(
        "when they hold the phone, in minutes from Monday",
        shifts,
        _is(shifts.c.member_id),
        {"from": "start_minute", "until": "end_minute"},
    ),
    Section(
        "single dates on which they hold the phone",
        dated_shifts,
        _is(dated_shifts.c.member_id),
        {"from": "starts_at", "until": "ends_at"},
    ),
    Section("took the phone over", stand_ins, _is(stand_ins.c.member_id), {"until": "until"}),
    Section(
        "came by an invitation", invites, _is(invites.c.used_by), {"as": "role", "on": "used_at"}
    ),
    Section(
        "messages from them",
        inbox,
        _message_of(inbox),
        {"at": "received_at", "by": "channel", "words": "sealed_message"},
        key="member_id",
    ),
    Section(
        "messages to them",
        outbox,
        _message_of(outbox),
        {
            "at": "created_at",
            "by": "channel",
            "what became of it": "status",
            "words": "sealed_message",
        },
        key="member_id",
    ),
    Section(
        "in the log of who did and saw what",
        audit,
        _in_the_log,
        {
            "at": "at",
            "what": "action",
            "about": "subject",
            "by whom, as a number": "actor_id",
            "more": "detail",
        },
    ),
)

LEFT_OUT = {
    "member_keys": "the key itself says nothing of them, and would open old copies",
    "bonds": "under 'asked first' and 'not to meet', by name",
    "links": "a code's fingerprint, for a day",
    "guards": "counts by a fingerprint, for a day",
    "streets": "a group chat's, and nobody's",
    "worry_notes": "what the safeguarding holders wrote of others, for themselves alone",
}
"""Tables that speak of somebody and are no section, and why."""


async def dossier(tx: Transaction, member: Member, now: datetime) -> dict[str, Any]:
    """All of it, by title: words, numbers, lists and tables of these, so that it can be written as
    JSON and read back equal. Times are UTC."""
    key = await tx.key_of(member.id)
    rows = await tx.all(sa.select(addresses.c.lane).where(addresses.c.member_id == member.id))
    lanes = [row["lane"] for row in rows]
    found: dict[str, Any] = {"made": _plain(now), "who they are": _facts(member)}
    for title, kind in (("asked first", "first"), ("not to meet", "not_again")):
        mine = (bonds.c.member_id == member.id, bonds.c.kind == kind)
        named = await tx.all(sa.select(bonds.c.other_id).where(*mine).order_by(bonds.c.place))
        found[title] = [(await members.get(tx, row["other_id"])).name for row in named]
    for section in SECTIONS:
        table = section.table
        order = table.c.id if "id" in table.c else next(iter(table.c))
        theirs = await tx.all(
            sa.select(table).where(section.whose(member.id, lanes)).order_by(order)
        )
        if section.key:
            await tx.load_keys(row[section.key] for row in theirs)
        found[section.title] = [
            {
                name: _opened(tx.keys[row[section.key]] if section.key else key, row, column)
                for name, column in section.shown.items()
            }
            for row in theirs
        ]
    others = await _of_others(tx, member, now)
    for message in found["messages to them"]:
        for words in others:
            message["words"] = message["words"].replace(words, "-")
    return found


async def _of_others(tx: Transaction, member: Member, now: datetime) -> list[str]:
    """Addresses and numbers of others that they were shown while words of messages can be as old:
    what they may see of them ended with the visit. The longest first."""
    shown = (audit.c.action.in_(("address_shown", "phone_shown")), audit.c.at > now - LONGEST_KEPT)
    rows = await tx.all(sa.select(audit.c.subject_id, audit.c.detail).where(*shown))
    idents = {row["subject_id"] for row in rows if row["detail"].get("to") == member.id}
    words: set[str] = set()
    for other in await members.several(tx, idents - {member.id}):
        at = await members.all_addresses(tx, other.id)
        words |= {other.home, other.postcode, *(address.value for address in at)}
    return sorted(filter(None, words), key=len, reverse=True)


def _facts(member: Member) -> dict[str, Any]:
    return {
        "number in the group": member.id,
        "name": member.name,
        "standing": member.standing.value,
        "roles": sorted(role.value for role in member.roles),
        "written to in": member.language,
        "languages": list(member.languages),
        "home": member.home,
        "postcode": member.postcode,
        "area": member.area,
        "map cell (H3)": f"{member.cell:x}" if member.cell is not None else "",
        "can do": [need.value for need in NEIGHBOURLY if need in member.can_do],
        "goes as far as, in km": member.max_km,
        "vetted": member.vetting.value if member.vetting else "",
        "vetted until": _plain(member.vetted_until),
        "hours, in minutes from Monday": [list(span) for span in member.hours],
        "on duty": member.on_duty,
        "rests until": _plain(member.paused_until),
        "visits a week at most": member.weekly_cap,
        "visits at once at most": member.at_once_cap,
        "visits made": member.visits,
        "counts as rested since": _plain(member.rested_at),
        "agreed": member.consent,
        "agreed to appeals": member.appeals,
        "sent STOP": _plain(member.stopped_at),
        "out of reach": member.unreachable,
        "tried again": _plain(member.retried_at),
        "last made use of the group": _plain(member.used_at),
        "was asked whether they want to stay": _plain(member.unused_at),
        "asked to be forgotten": _plain(member.forget_at),
    }


def _opened(key: Any, row: Row, column: str) -> Any:
    value = row[column]
    if not column.startswith("sealed_"):
        return _plain(value)
    if not value:
        return ""
    try:
        if column == "sealed_message":
            return key.open_json(value).get("text", "")
        if column == "sealed_choices":
            return [label for _, label, _ in key.open_json(value)["choices"]]
        return key.open(value)
    except WrongKeyError:
        return ""  # sealed for somebody who is gone


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    return value.isoformat() if isinstance(value, date) else value


def in_words(held: dict[str, Any]) -> str:
    """The same as plain text, for somebody to read; what is empty is left out."""
    lines: list[str] = []
    for title, content in held.items():
        if content in ("", [], {}):
            continue
        if isinstance(content, str):
            lines.append(f"{title}: {content}")
            continue
        lines += ["", title[:1].upper() + title[1:]]
        if isinstance(content, dict):
            said = {name: _said(value) for name, value in content.items()}
            lines += [f"  {name}: {words}" for name, words in said.items() if words]
        elif isinstance(content[0], dict):
            for row in content:
                cells = [f"{name}: {_said(value)}" for name, value in row.items() if _said(value)]
                lines.append("  - " + "; ".join(cells))
        else:
            lines += [f"  - {each}" for each in content]
    return "\n".join(lines) + "\n"


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return " ".join(str(value).split())
