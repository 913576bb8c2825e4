"""What the bot is doing and why, in plain sentences, told from its database.

Nothing is reported by the bot for this: the reasons are the ones that it keeps anyway.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from handlers.neighbours import WEEK
from handlers.reminders import REMINDERS
from handlers.rules import matching
from handlers.rules.matching import Candidate, Wanted, Why, WhyNot
from storage import members, requests
from storage.cells import km_between
from storage.database import Transaction
from storage.model import (
    DueKind,
    HelpRequest,
    Member,
    Need,
    Offer,
    OfferStatus,
    RequestStatus,
    Role,
    Visit,
    VisitStatus,
)
from storage.schema import audit, due

LONDON = ZoneInfo("Europe/London")
KEPT = 300

WHAT = {
    Need.SHOPPING: "some shopping",
    Need.PRESCRIPTION: "a prescription",
    Need.LIFT: "a lift",
    Need.COMPANY: "some company",
    Need.MEAL: "a meal",
    Need.ERRAND: "an errand",
    Need.PET: "a hand with a pet",
    Need.GARDEN: "a hand in the garden",
    Need.HOME: "a small job at home",
    Need.TECH: "help with a phone",
    Need.PAPERWORK: "help with a letter",
}
WHY = {
    Why.NAMED: "asked for by name",
    Why.GLAD: "both were glad last time",
    Why.FIRST_TASK: "new, and due a first visit",
    Why.NEAR: "near and rested",
    Why.STREET: "from the street chat",
    Why.BY_HAND: "chosen by an organiser",
}
WHY_NOT = {
    WhyNot.OFF_DUTY: "off duty",
    WhyNot.PAUSED: "having a rest",
    WhyNot.CANT_DO: "don't do this",
    WhyNot.TOO_FAR: "too far for them",
    WhyNot.RULED_OUT: "ruled out in private",
    WhyNot.AT_ONCE_CAP: "already on a visit",
    WhyNot.WEEKLY_CAP: "done enough this week",
    WhyNot.STOPPED: "said STOP",
    WhyNot.UNREACHABLE: "can't be reached",
    WhyNot.NO_LANGUAGE: "no language in common",
    WhyNot.NOT_VETTED: "not vetted for this",
}
COMING = {
    DueKind.DRAFT: "a half-made request is asked about once more",
    DueKind.WAVE: "the next neighbours are asked",
    DueKind.PROMISE: "the promised news, whatever happens",
    DueKind.REMIND: "the helper is reminded",
    DueKind.REMIND_EVE: "the helper is reminded of tomorrow",
    DueKind.REMIND_ASKER: "whoever waits hears once more who comes",
    DueKind.REPEAT: "regular help is asked for again",
    DueKind.DID_IT_HAPPEN: "did it happen? If nobody said, it is asked",
    DueKind.CHASE: "the organisers are asked again",
    DueKind.BACK: "a helper's rest is over",
    DueKind.TELL: "an organiser hears what did not arrive",
    DueKind.HANDOVER: "the phone is handed on",
    DueKind.HANDOVER_ONCE: "the phone is handed on, this once",
    DueKind.CHECK_IN_STEP: "the next are told, until somebody takes it",
    DueKind.JOIN: "an organiser hears who stopped half-way",
    DueKind.RETRY: "who could not be reached is tried once more",
    DueKind.NOTE: "the organisers' daily note",
    DueKind.BROADCAST: "some more people get what everybody is told",
}
NOTED = {
    "emergency": "{actor} wrote of an emergency: told to ring 999 at once, and the organisers too.",
    "alarm_taken": "{actor} takes it: the others hear so, and it is asked how it was.",
    "stopped": "{actor} said STOP: nothing more is sent there until they write again.",
    "started": "{actor} wants to hear from us again.",
    "consent": "{actor} agreed; the day and the means are written down.",
    "street_added": "A street chat joined in: anonymous cards may be posted there.",
    "not_delivered": "A message did not arrive; that counts as silence, and somebody is told.",
    "address_shown": "{to} may see the address of {subject}. The record keeps that, for good.",
    "assigned": "{actor} chose who goes.",
    "left": "{actor} left the group.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the log."""

    number: int
    at: datetime
    kind: str
    words: str


@dataclass
class Look:
    """The group as it is at one moment."""

    now: datetime
    members: dict[int, Member]
    requests: list[HelpRequest]
    offers: dict[int, list[Offer]]
    visits: dict[int, list[Visit]]
    loads: dict[int, tuple[int, int]]
    coming: list[tuple[datetime, str]]
    audit: list[Any]

    def name(self, ident: int | None) -> str:
        member = self.members.get(ident or 0)
        return member.name.split()[0] if member and member.name else "Somebody new"


@dataclass
class Chronicle:
    """Looks at the database now and then, and tells what changed."""

    lines: deque[Line] = field(default_factory=lambda: deque(maxlen=KEPT))
    _requests: dict[int, HelpRequest] = field(default_factory=dict)
    _offers: dict[int, OfferStatus] = field(default_factory=dict)
    _visits: dict[int, VisitStatus] = field(default_factory=dict)
    _audit: int = 0
    _count: int = 0

    async def look(self, tx: Transaction, now: datetime, community_id: int = 1) -> Look:
        """The group as it is, and new lines for what is new."""
        found = await self._read(tx, now, community_id)
        for request in found.requests:
            self._about(found, request)
        for row in found.audit:
            self._noted(found, row)
        return found

    async def _read(self, tx: Transaction, now: datetime, community_id: int) -> Look:
        everyone = {m.id: m for m in await members.of_community(tx, community_id)}
        every = await requests.of_community(tx, community_id, tuple(RequestStatus))
        # What is long over does not change any more.
        over = (RequestStatus.CANCELLED, RequestStatus.CLOSED)
        recent = [r for r in every if r.status not in over][-12:] + every[-4:]
        recent = sorted({r.id: r for r in recent}.values(), key=lambda r: r.id)
        coming = await tx.all(sa.select(due).order_by(due.c.at, due.c.id).limit(8))
        rows = await tx.all(sa.select(audit).where(audit.c.id > self._audit).order_by(audit.c.id))
        look = Look(
            now,
            everyone,
            recent,
            {r.id: await requests.offers_of(tx, r.id) for r in recent},
            {r.id: list(await requests.visits_of(tx, r.id)) for r in recent},
            await members.loads(tx, list(everyone), now - WEEK),
            [],
            list(rows),
        )
        look.coming = [
            (row["at"], _coming(look, DueKind(row["kind"]), row["ref"])) for row in coming
        ]
        return look

    def _tell(self, at: datetime, kind: str, words: str) -> None:
        self._count += 1
        self.lines.append(Line(self._count, at, kind, words))

    def _about(self, look: Look, request: HelpRequest) -> None:
        before = self._requests.get(request.id)
        who, now = look.name(request.asker_id), look.now
        if before is None:
            self._tell(
                now, "ask", f"{who} asks for {what(request)}. Only what is missing is asked."
            )
        status = before.status if before else RequestStatus.DRAFT
        if request.status is not status and request.status is RequestStatus.OPEN:
            by = f" by {hour(request.promised_at)}" if request.promised_at else ""
            again = "Asking again, sooner and first" if before and before.wave else "Asking begins"
            self._tell(now, "ask", f"{again}. {who} was promised news{by}, whatever happens.")
        self._waves(look, request)
        for visit in look.visits[request.id]:
            self._visit(look, visit)
        if request.status is not status:
            ended = {
                RequestStatus.HANDED: f"Nobody said yes for {who}: the organisers have it now, "
                "with who was asked and why others were not.",
                RequestStatus.CANCELLED: f"{who} does not need it any more.",
                RequestStatus.CLOSED: f"An organiser has settled it for {who}.",
            }
            if request.status in ended:
                self._tell(now, "hand", ended[request.status])
        elif before and request.handler_id and request.handler_id != before.handler_id:
            self._tell(now, "hand", f"{look.name(request.handler_id)} sees to it for {who}.")
        self._requests[request.id] = request

    def _waves(self, look: Look, request: HelpRequest) -> None:
        fresh = [o for o in look.offers[request.id] if o.id not in self._offers]
        asked = [o for o in fresh if o.reason not in (Why.STREET, Why.BY_HAND)]
        for wave in sorted({offer.wave for offer in asked}):
            names: dict[str, list[str]] = {}
            for offer in asked:
                if offer.wave == wave:
                    names.setdefault(offer.reason, []).append(look.name(offer.member_id))
            people = "; ".join(f"{_and(n)} ({WHY.get(Why(why), why)})" for why, n in names.items())
            count = sum(map(len, names.values()))
            at = max(offer.created_at for offer in asked if offer.wave == wave)
            self._tell(at, "wave", f"Wave {wave} asks {count}: {people}.")
            passed = _passed_over(look, request)
            if passed:
                self._tell(at, "quiet", f"Not asked: {passed}.")
        for offer in look.offers[request.id]:
            before = self._offers.get(offer.id)
            if before is not offer.status:
                name = look.name(offer.member_id)
                if offer.status is OfferStatus.DECLINED and before is OfferStatus.OPEN:
                    said = offer.answered_at or look.now
                    self._tell(said, "no", f"{name} says not today, which is fine.")
                self._offers[offer.id] = offer.status

    def _visit(self, look: Look, visit: Visit) -> None:
        before = self._visits.get(visit.id)
        if before is visit.status:
            return
        self._visits[visit.id] = visit.status
        helper, asker = look.name(visit.helper_id), look.name(visit.asker_id)
        words = {
            VisitStatus.ACCEPTED: f"{helper} said yes first and goes to {asker}. The address "
            f"is for {helper} alone; both know the word for the door.",
            VisitStatus.ON_THE_WAY: f"{helper} is on the way to {asker}.",
            VisitStatus.DONE: f"The visit to {asker} is done; {helper}'s chat forgets the address. "
            "Each is asked in private whether they'd meet again.",
            VisitStatus.GIVEN_UP: f"{helper} can't come after all. Nobody is told off; the next "
            "ones are asked at once.",
            VisitStatus.NO_SHOW: f"{asker} says that {helper} did not come.",
            VisitStatus.CALLED_OFF: f"The visit to {asker} is called off.",
            VisitStatus.NOT_KNOWN: f"Nobody said whether {helper} came to {asker}; it is over.",
        }
        at = visit.created_at if visit.status is VisitStatus.ACCEPTED else look.now
        self._tell(at, "visit", words.get(visit.status, visit.status.value))

    def _noted(self, look: Look, row: Any) -> None:
        self._audit = row["id"]
        words = NOTED.get(row["action"])
        if words:
            to = look.name(row["detail"].get("to"))
            subject = look.name(row["subject_id"])
            actor = look.name(row["actor_id"])
            kind = "alarm" if row["action"] == "emergency" else "note"
            self._tell(row["at"], kind, words.format(actor=actor, to=to, subject=subject))


def what(request: HelpRequest) -> str:
    """What is wanted, in a few words."""
    return WHAT.get(request.need, "a hand") if request.need else "something"


def hour(moment: datetime) -> str:
    return f"{moment.astimezone(LONDON):%H:%M}"


def _and(names: Iterable[str]) -> str:
    listed = list(names)
    return f"{', '.join(listed[:-1])} and {listed[-1]}" if len(listed) > 1 else listed[0]


def _coming(look: Look, kind: DueKind, ref: int) -> str:
    if kind in (DueKind.DRAFT, DueKind.WAVE, DueKind.PROMISE, DueKind.CHASE):
        asker = next((r.asker_id for r in look.requests if r.id == ref), None)
        return f"{look.name(asker)}: {COMING.get(kind, kind.value)}"
    if kind in (*REMINDERS, DueKind.DID_IT_HAPPEN):
        visit = next((v for vs in look.visits.values() for v in vs if v.id == ref), None)
        return f"{look.name(visit.asker_id if visit else None)}: {COMING.get(kind, kind.value)}"
    return COMING.get(kind, kind.value)


def _passed_over(look: Look, request: HelpRequest) -> str:
    """Why helpers were left out of a wave, counted by the same rules that left them out."""
    asker = look.members[request.asker_id]
    if request.need is None or asker.cell is None:
        return ""
    wanted = Wanted(asker, request.need, vetting=None, day=look.now.date())
    counts: dict[WhyNot, int] = {}
    asked = {offer.member_id for offer in look.offers[request.id]}
    for member in look.members.values():
        if not member.is_a(Role.HELPER) or member.cell is None or member.id in asked:
            continue
        live, week = look.loads.get(member.id, (0, 0))
        km = km_between(asker.cell, member.cell)
        reason = matching.why_not(Candidate(member, km, live, week), wanted)
        if reason in WHY_NOT:
            counts[reason] = counts.get(reason, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {WHY_NOT[reason]}" for reason, count in ranked)
