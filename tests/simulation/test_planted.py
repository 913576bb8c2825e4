"""Faults that somebody might make, planted one at a time: a few days in the town find each.

Each breaks one promise in the product's own code and nothing in the town, which must say what it
sees. That it finds nothing where nothing is broken is held by a small life without any
(`tests/torture/test_torture.py`).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.intake import Intake
from bot.simulation import parish, people
from bot.simulation.faults import Storm
from bot.simulation.life import empty, lived
from bot.simulation.parish import WhatIf
from bot.simulation.town import KilledError
from bot.unknowns import Unknowns
from handlers import alarm, join, offer, organiser, reminders, router, seen, spending, visit, waves
from handlers.rules import timing
from handlers.turn import Turn
from storage import due, members, messages, outcomes, requests
from storage.database import Transaction
from storage.model import (
    Community,
    DueKind,
    HelpRequest,
    InboundMessage,
    Occasion,
    OutboundMessage,
    RequestStatus,
)

Patch = pytest.MonkeyPatch

BUSY = WhatIf(days=2, askers=10, helpers=7, organisers=2, check_ins=1, per_week=5, yes=0.5)
"""A small group with much to do: a life of a second or so."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("town") / "empty.db"
    asyncio.run(empty(path))
    return path


# What is broken


def said_to_be_kept_before_it_is(patch: Patch) -> None:
    store, numbers = Intake.store, count()

    async def mostly(self: Intake, received: Any, cursor: Any = None) -> None:
        if not received.messages or next(numbers) % 9 != 8:
            await store(self, received, cursor)

    patch.setattr(Intake, "store", mostly)


def a_repeat_is_taken_for_new(patch: Patch) -> None:
    keep, numbers = messages.keep_inbound, count()

    async def each_anew(
        tx: Transaction, came: Sequence[InboundMessage], now: datetime, *_: object
    ) -> int:
        new = [replace(one, provider_id=f"{one.provider_id}.{next(numbers)}") for one in came]
        return await keep(tx, new, now)

    patch.setattr(messages, "keep_inbound", each_anew)


def what_is_unknown_is_sent_again(patch: Patch) -> None:
    async def again(self: Unknowns, tx: Transaction, message: OutboundMessage, code: str) -> None:
        await outcomes.again(tx, message.id, self._clock.now(), code)

    patch.setattr(Unknowns, "add", again)


def handled_is_noted_before_it_is_done(patch: Patch) -> None:
    """In a transaction of its own, and now and then the process dies between the two."""
    numbers = count()

    async def noted(self: Intake) -> bool:
        async with self._database.transaction() as tx:
            found = await messages.next_inbound(tx)
            if found is not None:
                await messages.handled(tx, found.id, self._clock.now(), "")
            receipts = await outcomes.next_receipts(tx)
        if found is None:
            return await self._apply(receipts)
        if next(numbers) % 6 == 5:
            raise KilledError
        async with self._database.transaction() as tx:
            await router.receive(self._desk, tx, self._clock.now(), found.message)
        return True

    patch.setattr(Intake, "_next", noted)


def a_text_that_failed_is_forgotten(patch: Patch) -> None:
    from bot import fates

    async def nothing(*_facts: Any) -> None: ...

    patch.setattr(fates, "give_up", nothing)
    patch.setattr(outcomes, "resend", nothing)
    patch.setattr(Storm, "fails", lambda self, line, message: "30003" if message.id % 4 else "")


def stop_is_only_answered(patch: Patch) -> None:
    async def stop(turn: Turn) -> None:
        await turn.reply("stopped", about={"kind": "stopped"})

    patch.setattr(join, "stop", stop)
    patch.setattr(parish, "RESTS", 0.8)


def off_duty_is_only_answered(patch: Patch) -> None:
    save = Turn.save

    async def saved(self: Turn, member: Any, **facts: Any) -> Any:
        if facts.get("on_duty") is False or facts.get("paused_until"):
            return member
        return await save(self, member, **facts)

    patch.setattr(Turn, "save", saved)
    patch.setattr(parish, "RESTS", 0.8)


def who_left_is_asked(patch: Patch) -> None:
    from handlers.rules import matching

    patch.delitem(members._HELPING, "standing")
    why_nots = matching.why_nots
    patch.setattr(
        matching,
        "why_nots",
        lambda *facts: [one for one in why_nots(*facts) if one is not matching.WhyNot.NOT_HELPER],
    )


def nobody_counts_what_helpers_do(patch: Patch) -> None:
    async def nothing(*_facts: Any) -> dict[int, tuple[int, int]]:
        return {}

    patch.setattr(members, "loads", nothing)


def the_days_cap_is_not_looked_at(patch: Patch) -> None:
    async def never(*_facts: Any) -> tuple[None, int]:
        return None, 0

    patch.setattr(spending, "held_until", never)


def the_night_is_like_the_day(patch: Patch) -> None:
    patch.setattr(timing, "is_quiet", lambda moment, community: False)


def summer_is_not_noticed(patch: Patch) -> None:
    def in_winter(day: date, hour: time, community: Community) -> datetime:
        return datetime.combine(day, hour, UTC)

    patch.setattr(timing, "at_local", in_winter)


def who_was_too_late_gets_the_address(patch: Patch) -> None:
    accept = offer.accept

    async def both(turn: Turn, request_id: int, *, helper: Any = None) -> bool:
        won = await accept(turn, request_id, helper=helper)
        running = await requests.live_visit(turn.tx, request_id)
        if not won and running:
            request = await requests.get(turn.tx, request_id)
            asker = await members.get(turn.tx, running.asker_id)
            await visit._give_details(
                turn, running, request, asker, turn.sender, by_hand=False, wakes=True
            )
        return won

    patch.setattr(offer, "accept", both)


def anybody_may_see_anything(patch: Patch) -> None:
    """And who was too late is told where to go: without the first, that is a line of dashes."""

    async def shown(*_facts: Any) -> bool:
        return True

    patch.setattr(seen, "may_see", shown)
    who_was_too_late_gets_the_address(patch)


def two_yeses_make_two_visits(patch: Patch) -> None:
    patch.setattr(offer, "FREE", (*offer.FREE, RequestStatus.FILLED))
    patch.setattr(offer.lifecycle, "become", lambda _before, after: after)


def nobody_hears_that_nobody_came(patch: Patch) -> None:
    async def silent(
        turn: Turn, request: HelpRequest, said: str = "nobody_yet", **more: Any
    ) -> HelpRequest:
        await turn.never_mind(request.id, DueKind.WAVE, DueKind.PROMISE)
        status = RequestStatus.HANDED
        await turn.later(DueKind.CHASE, request.id, turn.now + timedelta(days=2))
        return await requests.save(turn.tx, replace(request, status=status, promised_at=None))

    patch.setattr(waves, "hand_over", silent)


def the_next_wave_is_lost(patch: Patch) -> None:
    _lost(patch, DueKind.WAVE)


def a_next_step_is_lost(patch: Patch) -> None:
    _lost(patch, DueKind.CHECK_IN_STEP)


def _lost(patch: Patch, what: DueKind) -> None:
    keep = due.at

    async def mostly(tx: Transaction, kind: DueKind, ref: int, moment: datetime) -> None:
        if kind is not what:
            await keep(tx, kind, ref, moment)

    patch.setattr(due, "at", mostly)


def an_alarm_stops_with_the_first_who_is_told(patch: Patch) -> None:
    async def goes_on(turn: Turn, occasion: Occasion) -> None:
        await turn.later(DueKind.CHECK_IN_STEP, occasion.id, turn.now + timedelta(days=9))

    patch.setattr(alarm, "untaken", goes_on)
    # And nobody answers, neither who is asked nor who is told.
    for entry in people.REACTIONS:
        if entry.startswith(("check_in.morning", "alarm.")):
            patch.setitem(people.REACTIONS, entry, lambda _me, _read: [])


def a_reminder_goes_twice(patch: Patch) -> None:
    once = reminders._remind_helper

    async def twice(*facts: Any) -> None:
        await once(*facts)
        await once(*facts)

    patch.setattr(reminders, "_remind_helper", twice)


def a_second_press_is_a_second_deed(patch: Patch) -> None:
    """As it was until the town found it: who pressed "I'll see to it" twice was announced twice."""
    see_to_it = organiser._see_to_it

    async def as_if_new(turn: Turn, request: HelpRequest) -> None:
        await see_to_it(turn, replace(request, handler_id=None))

    patch.setattr(organiser, "_see_to_it", as_if_new)
    patch.setattr(people.Person, "repeats", lambda self, deed: deed.key == "see_to_it")


def faults(*kinds: str) -> dict[str, Any]:
    return {"faults": frozenset(kinds)}


PLANTED: list[tuple[Callable[[Patch], None], dict[str, Any], str]] = [
    (said_to_be_kept_before_it_is, {}, "acknowledged, and"),
    (a_repeat_is_taken_for_new, faults("twice"), "taken for new"),
    (what_is_unknown_is_sent_again, faults("lost"), "one message came twice"),
    (handled_is_noted_before_it_is_done, {}, "and heard nothing"),
    (a_text_that_failed_is_forgotten, faults("errors"), "heard nothing"),
    (stop_is_only_answered, {}, "written to after STOP"),
    (off_duty_is_only_answered, {}, "asked in their rest"),
    (who_left_is_asked, {}, "without their consent"),
    (nobody_counts_what_helpers_do, {}, "asked with 1 visits under way"),
    (the_days_cap_is_not_looked_at, {"cap": 40}, "over the day's cap"),
    (the_night_is_like_the_day, {}, "woken"),
    (summer_is_not_noticed, {"first": date(2026, 3, 30)}, "asked at 10:00 if all is well"),
    (who_was_too_late_gets_the_address, {}, "sent to somebody"),
    (anybody_may_see_anything, {}, "was given the address of|the home of .* is shown"),
    (two_yeses_make_two_visits, {}, "two visits for one request|UNIQUE"),
    (nobody_hears_that_nobody_came, {"yes": 0.05, "silent": 0.9}, "was to hear by"),
    (the_next_wave_is_lost, {}, "wave without a next step"),
    (a_next_step_is_lost, {}, "check_in_step without a next step"),
    (an_alarm_stops_with_the_first_who_is_told, {}, "nobody was told about"),
    (a_reminder_goes_twice, {}, "said twice"),
    (a_second_press_is_a_second_deed, {"yes": 0.1, "silent": 0.8}, "is seeing to"),
]


@pytest.mark.parametrize(
    ("plant", "facts", "found"), PLANTED, ids=[plant.__name__ for plant, *_ in PLANTED]
)
def test_what_is_planted_is_found(
    plant: Callable[[Patch], None],
    facts: dict[str, Any],
    found: str,
    made: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch)
    life = lived(replace(BUSY, **facts), 1, made, first_wrong=True)
    assert any(re.search(found, each) for each in life.wrong), life.wrong
