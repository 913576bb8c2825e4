"""What was lost is found within a minute, people get what they were promised, and organisers hear
where somebody was kept waiting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.auditor import EVERY, Auditor
from handlers import auditor
from handlers import due as moments
from handlers.rules import timing
from handlers.rules.next_steps import NEXT_STEPS
from storage import (
    audit,
    broadcasts,
    checkins,
    due,
    keepsakes,
    members,
    messages,
    outcomes,
    outlays,
    recurring,
    requests,
    rota,
    worries,
)
from storage.database import Database, StorageUnavailableError, Transaction
from storage.model import (
    Address,
    Channel,
    CheckIn,
    CheckInStatus,
    ContactStatus,
    DueKind,
    Occasion,
    OccasionStatus,
    Outlay,
    OutlayStatus,
    RequestStatus,
    Role,
    Schedule,
    ScheduleStatus,
    Standing,
    VisitStatus,
)
from storage.model_broadcasts import Broadcast, BroadcastStatus
from storage.model_worries import Worry, WorryStatus
from storage.requests import REMINDER
from storage.schema import communities, metadata, outbox
from storage.schema import due as due_table
from storage.schema import requests as requests_table
from tests.made import asker, group, helper, outbound, request
from tests.stage import Stage, stage

TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)  # a Tuesday
MINUTE = timedelta(minutes=1)
ROSA, SAM, ANA, NEW = "+447700900001", "+447700900002", "+447700900003", "+447700900009"


class Valley:
    """Rosa asks, Sam helps, Ana looks after the group; and things get lost."""

    def __init__(self, on: Stage) -> None:
        self.on = on
        on.loses = True

    async def says(self, who: str, words: str) -> None:
        await self.on.twilio.texts(who, words)
        await self.on.settle()

    async def wait(self, span: timedelta) -> None:
        """Live on. The auditor turns with the clock, and tests jump from due row to due row: so
        that it is woken after each loss, a first step of a minute is made."""
        end = self.on.clock.now() + span
        await self.on.go_to(self.on.clock.now() + min(span, EVERY + timedelta(seconds=1)))
        await self.on.go_to(end)

    async def lose(self, *kinds: DueKind) -> int:
        async with self.on.bot.database.transaction() as tx:
            words = [kind.value for kind in kinds or DueKind]
            gone = await tx.run(sa.delete(due_table).where(due_table.c.kind.in_(words)))
            return int(gone.rowcount)

    async def heard(self, who: str) -> list[str]:
        """Everything that went to somebody, in order."""
        async with self.on.bot.database.transaction() as tx:
            member = await members.find(tx, Address(Channel.SMS, who))
            assert member
            rows = await tx.all(
                sa.select(outbox.c.id)
                .where(outbox.c.member_id == member.id, outbox.c.sent_at.is_not(None))
                .order_by(outbox.c.id)
            )
            found = [await messages.get(tx, row["id"]) for row in rows]
        return [message.text for message in found if message]

    async def status(self) -> RequestStatus:
        async with self.on.bot.database.transaction() as tx:
            return (await requests.get(tx, 1)).status

    async def asks(self) -> None:
        await self.says(ROSA, "i need some milk please")
        await self.says(ROSA, "1")


@pytest.fixture
async def valley(database_url: str) -> AsyncIterator[Valley]:
    async with stage(database_url, TEN) as on:
        async with on.bot.database.transaction() as tx:
            for who, member in (
                (ROSA, asker(consent="2026-11-01 on paper")),
                (SAM, helper()),
                (ANA, asker(name="Ana Roe", roles=frozenset({Role.ORGANISER}))),
            ):
                await members.add(tx, member, Address(Channel.SMS, who))
        yield Valley(on)


# Each kind of due row, taken away


async def test_a_question_half_answered_is_asked_again(valley: Valley) -> None:
    await valley.says(ROSA, "i need some milk please")
    assert await valley.lose() == 1
    before = len(await valley.heard(ROSA))
    await valley.wait(timedelta(hours=4))
    assert len(await valley.heard(ROSA)) > before
    assert await valley.status() is RequestStatus.HANDED  # and Ana was told of her
    assert any("Rosa Lee" in words for words in await valley.heard(ANA))
    assert valley.on.bot.auditor.found == {"draft": 1}


async def test_the_second_time_too(valley: Valley) -> None:
    """Between asking again and handing on, the row is another one."""
    await valley.says(ROSA, "i need some milk please")
    await valley.wait(timedelta(minutes=31))
    assert await valley.lose(DueKind.PROMISE) == 1
    await valley.wait(timedelta(hours=4))
    assert await valley.status() is RequestStatus.HANDED


async def test_the_first_wave_of_the_morning(database_url: str) -> None:
    async with stage(database_url, TEN + timedelta(hours=11)) as on:
        async with on.bot.database.transaction() as tx:
            await members.add(tx, asker(consent="x"), Address(Channel.SMS, ROSA))
            await members.add(tx, helper(), Address(Channel.SMS, SAM))
        valley = Valley(on)
        await valley.asks()
        assert await valley.lose(DueKind.WAVE) == 1
        await valley.wait(timedelta(hours=10))
        assert await valley.heard(SAM) == []
        await valley.wait(timedelta(hours=3))
        assert len(await valley.heard(SAM)) == 1


async def test_the_next_wave_comes_when_it_was_to_come(valley: Valley) -> None:
    await valley.asks()
    async with valley.on.bot.database.transaction() as tx:
        [row] = await due.of(tx, 1, DueKind.WAVE)
    await valley.lose(DueKind.WAVE)
    await valley.wait(EVERY)
    async with valley.on.bot.database.transaction() as tx:
        assert [again.at for again in await due.of(tx, 1, DueKind.WAVE)] == [row.at]


async def test_the_hour_that_was_promised_is_kept(valley: Valley) -> None:
    await valley.asks()
    async with valley.on.bot.database.transaction() as tx:
        promised = (await requests.get(tx, 1)).promised_at
    assert promised
    assert await valley.lose() == 2
    await valley.wait(promised - valley.on.clock.now())
    assert "nobody is free yet" in (await valley.heard(ROSA))[-1]
    assert not any("lost sight" in words for words in await valley.heard(ANA))


async def test_who_was_kept_waiting_hears_at_once_and_organisers_hear_it_once(
    valley: Valley, monkeypatch: pytest.MonkeyPatch
) -> None:
    await valley.asks()
    await valley.lose()
    # We stand still for some hours, and so does the auditor.
    valley.on.clock.jump_to(TEN + timedelta(hours=5))
    await valley.on.settle()
    assert "nobody is free yet" in (await valley.heard(ROSA))[-1]
    told = [words for words in await valley.heard(ANA) if "lost sight" in words]
    assert told == [
        f'Sorry, I lost sight of Rosa Lee ({ROSA}), who has waited longer than I said: "i need '
        'some milk please" I am going on with it now. Please ring them.'
    ]
    async with valley.on.bot.database.transaction() as tx:
        noted = await audit.about(tx, "requests", 1)
    assert {"wave", "promise"} == {row["detail"]["what"] for row in noted}
    assert [row["detail"]["late"] for row in noted if row["detail"]["what"] == "promise"] == [True]
    # The same again changes nothing for her, and is not told again.
    async with valley.on.bot.database.transaction() as tx:
        await tx.run(sa.update(requests_table).values(status="open", promised_at=TEN))
    await valley.lose()
    await valley.wait(timedelta(minutes=5))
    assert sum("lost sight" in words for words in await valley.heard(ANA)) == 1


async def test_what_lies_with_the_organisers_is_asked_after(valley: Valley) -> None:
    await valley.asks()
    await valley.wait(timedelta(hours=4))
    assert await valley.status() is RequestStatus.HANDED
    assert await valley.lose() == 1
    before = len(await valley.heard(ANA))
    await valley.wait(timedelta(hours=2))
    assert len(await valley.heard(ANA)) > before
    await valley.says(ANA, "I'll see to it")


async def test_what_was_asked_wider_is_handed_back(valley: Valley) -> None:
    await valley.asks()
    await valley.wait(timedelta(hours=4))
    async with valley.on.bot.database.transaction() as tx:
        await members.add(tx, helper(name="Jo Hill"), Address(Channel.SMS, NEW))
        await tx.run(sa.update(requests_table).values(status="open", promised_at=None))
    await valley.lose()
    await valley.wait(timedelta(hours=4))
    assert await valley.status() is RequestStatus.HANDED
    assert valley.on.bot.auditor.found == {"wider": 1}


async def test_whether_anybody_came_is_asked(valley: Valley) -> None:
    await valley.asks()
    await valley.says(SAM, "1")
    assert await valley.status() is RequestStatus.FILLED
    assert await valley.lose(DueKind.DID_IT_HAPPEN, DueKind.REMIND) >= 1
    await valley.wait(timedelta(hours=8))
    assert "did Sam come" in (await valley.heard(ROSA))[-1]
    # And the row after that, at which a person is asked to look.
    await valley.lose(DueKind.DID_IT_HAPPEN)
    await valley.wait(timedelta(hours=14))
    assert any("Rosa Lee" in words and "Sam" in words for words in (await valley.heard(ANA))[-1:])
    assert not any("lost sight" in words for words in await valley.heard(ANA))


async def test_a_rest_ends(valley: Valley) -> None:
    await valley.says(SAM, "pause")
    await valley.says(SAM, "1")
    assert await valley.lose(DueKind.BACK) == 1
    before = len(await valley.heard(SAM))
    await valley.wait(timedelta(days=7))
    assert len(await valley.heard(SAM)) == before + 1


async def test_a_check_in_is_asked_at_its_hour_and_its_silence_is_followed(valley: Valley) -> None:
    async with valley.on.bot.database.transaction() as tx:
        await checkins.put(
            tx,
            CheckIn(
                id=0,
                community_id=1,
                member_id=1,
                status=CheckInStatus.ON,
                created_at=TEN,
                days=frozenset(range(7)),
                hour=time(9),
                next_day=TEN.date() + timedelta(days=1),
            ),
        )
    # Nothing was due from the beginning: it is found, and asks at nine and not before.
    await valley.wait(timedelta(hours=22, minutes=59))
    assert await valley.heard(ROSA) == []
    await valley.wait(timedelta(minutes=2))
    assert "Good morning Rosa" in (await valley.heard(ROSA))[-1]
    assert await valley.lose() == 2
    await valley.wait(timedelta(minutes=40))
    assert any("Rosa Lee" in words for words in await valley.heard(ANA))
    assert valley.on.bot.auditor.found == {"check_in": 2, "check_in_step": 1}


async def test_the_phone_is_handed_on(valley: Valley) -> None:
    await valley.says(ANA, "on duty tuesday 1pm to 3pm")
    assert await valley.lose(DueKind.HANDOVER) == 1
    await valley.wait(timedelta(hours=6))
    heard = await valley.heard(ANA)
    assert "you are on duty for Marsden Neighbours now, until 3pm" in heard[-2]
    assert "your duty is over" in heard[-1]


async def test_a_visit_that_is_gone_is_made_good(valley: Valley) -> None:
    await valley.asks()
    await valley.says(SAM, "1")
    async with valley.on.bot.database.transaction() as tx:
        await requests.set_visit(tx, 1, VisitStatus.CALLED_OFF)
    await valley.wait(timedelta(hours=5))
    assert await valley.status() is RequestStatus.HANDED  # Sam was the only one
    assert any("lost sight of Rosa Lee" in words for words in await valley.heard(ANA))
    assert valley.on.bot.auditor.found["filled"] == 1


async def test_everything_lost_every_minute_and_she_is_still_looked_after(
    valley: Valley,
) -> None:
    await valley.asks()
    for _ in range(100):
        await valley.lose()
        valley.on.clock.jump_to(valley.on.clock.now() + EVERY)
        await valley.on.settle()
    assert "nobody is free yet" in (await valley.heard(ROSA))[-1]
    assert len(await valley.heard(ROSA)) <= 4
    assert await valley.status() is RequestStatus.HANDED


async def test_regular_help_is_asked_for_though_its_row_was_lost(valley: Valley) -> None:
    await valley.says(ROSA, "i need some milk every thursday")
    await valley.says(ROSA, "1")
    assert await valley.lose(DueKind.REPEAT) == 1
    await valley.wait(timedelta(hours=22))
    assert await valley.heard(SAM) == []  # the day before each, and no sooner
    await valley.wait(timedelta(hours=4))
    assert "milk" in (await valley.heard(SAM))[-1]
    assert valley.on.bot.auditor.found == {"repeat": 1}


async def test_what_was_to_be_said_of_a_visit_is_said_though_every_row_was_lost(
    valley: Valley,
) -> None:
    await valley.says(ROSA, "i need some milk on thursday morning")
    await valley.says(ROSA, "1")
    await valley.says(SAM, "1")
    assert await valley.lose(*requests.REMINDER) == 3
    await valley.wait(timedelta(days=2))
    assert sum("tomorrow" in words for words in await valley.heard(SAM)) == 1
    found = valley.on.bot.auditor.found
    assert found == {"remind_eve": 1, "remind": 1, "remind_asker": 1}
    async with valley.on.bot.database.transaction() as tx:
        visit = await requests.get_visit(tx, 1)
    # When it was agreed, and on the evening before.
    assert sum(visit.code_word in words for words in await valley.heard(ROSA)) == 2
    assert (visit.remind_eve_at, visit.remind_at, visit.remind_asker_at) == (None, None, None)


async def test_somebody_is_told_of_a_lost_message_though_its_row_was_lost_too(
    valley: Valley,
) -> None:
    valley.on.twilio.undeliverable(ROSA, "30003")
    # Nobody looks before the row is gone.
    async with valley.on.bot.database.transaction() as tx:
        await keepsakes.hold(tx, "audit", "another process", TEN, 3600)
    await valley.says(ROSA, "i need some milk please")
    async with valley.on.bot.database.transaction() as tx:
        await tx.run(sa.update(outbox).values(status="failed", lost_at=TEN))
        await tx.run(sa.delete(due_table).where(due_table.c.kind == DueKind.TELL.value))
    await valley.wait(timedelta(hours=2))
    assert sum("did not arrive" in words for words in await valley.heard(ANA)) == 1
    assert valley.on.bot.auditor.found["not_arrived"] == 1
    async with valley.on.bot.database.transaction() as tx:
        assert not await tx.value(sa.select(outbox.c.id).where(outbox.c.lost_at.is_not(None)))


# The table: every state without its row, at once

SOON, LATER = TEN + timedelta(hours=2), TEN + timedelta(days=2)


async def every_state(tx: Transaction, rosa: int, sam: int, ana: int) -> dict[str, Lost]:
    """Something in each state of the table, with no row at all: which it is, and when its next step
    is to come."""
    await tx.run(sa.update(communities).values(note_at="08:00"))
    asks = request(asker_id=rosa, created_at=TEN)
    draft = await requests.add(tx, replace(asks, status=RequestStatus.DRAFT))
    open_ = await requests.add(tx, replace(asks, promised_at=SOON))
    wider = await requests.add(tx, replace(asks, wave=timing.WAVES))
    handed = await requests.add(tx, replace(asks, status=RequestStatus.HANDED))
    filled = await requests.add(tx, replace(asks, status=RequestStatus.FILLED))
    visit = await requests.add_visit(tx, filled, sam, "ROBIN", LATER, TEN)
    moments = {name: LATER - timedelta(hours=n) for n, name in enumerate(REMINDER.values(), 1)}
    await requests.remind_at(tx, visit.id, moments)
    schedule = await recurring.add(
        tx, Schedule(0, 1, rosa, ScheduleStatus.RUNNING, TEN, weekdays=(3,), next_day=LATER.date())
    )
    made = CheckIn(0, 1, rosa, CheckInStatus.ON, TEN, frozenset({1}), time(9), LATER.date())
    on = await checkins.put(tx, made)
    half = await checkins.put(tx, replace(made, member_id=sam, status=CheckInStatus.DRAFT))
    await checkins.chase_at(tx, half.id, SOON)
    contact = await checkins.name_contact(tx, on.id, ana, ContactStatus.NAMED, TEN)
    await checkins.set_contact(tx, contact.id, ContactStatus.ASKED, LATER)
    alarm = Occasion(0, None, rosa, TEN.date(), OccasionStatus.ALARM, TEN, "trouble", 1, SOON)
    occasion = await checkins.emergency(tx, alarm)
    [shift] = await rota.add(tx, 1, ana, [(0, 60)])
    dated = await rota.add_dated(tx, rota.Dated(0, 1, ana, None, SOON, LATER))
    lost = await messages.queue(tx, outbound(member_id=rosa, community_id=1))
    await outcomes.lost(tx, lost, TEN)
    told = await broadcasts.add(
        tx, Broadcast(0, 1, ana, BroadcastStatus.SCHEDULED, TEN, texts={"en": "Soup!"}, go_at=SOON)
    )
    owed = await outlays.add(tx, Outlay(0, visit.id, OutlayStatus.SPENT, 900, 900, tell_at=SOON))
    someone = {
        name: (await members.add(tx, helper(standing=Standing.JOINING, **{name: SOON}))).id
        for name in (
            *("half_way_at", "retry_at", "paused_until", "forget_at"),
            *("vetting_at", "unused_at"),
        )
    }
    worry = await worries.add(
        tx, Worry(0, 1, rosa, WorryStatus.OPEN, TEN, "Sam took my purse", next_at=SOON)
    )
    return {
        "draft": (draft.id, TEN + timedelta(minutes=30)),
        "wave": (open_.id, TEN),
        "promise": (open_.id, SOON),
        "wider": (wider.id, TEN),
        "handed": (handed.id, TEN + timedelta(hours=1)),
        "visit": (visit.id, LATER + timedelta(hours=2)),
        "remind_eve": (visit.id, moments["remind_eve_at"]),
        "remind": (visit.id, moments["remind_at"]),
        "remind_asker": (visit.id, moments["remind_asker_at"]),
        "repeat": (schedule.id, TEN),
        "check_in": (on.id, TEN),
        "half_made": (half.id, SOON),
        "contact": (contact.id, LATER),
        "check_in_step": (occasion.id, SOON),
        "note": (1, datetime(2026, 11, 25, 8, tzinfo=UTC)),
        "duty": (shift, TEN),
        "duty_once": (dated, SOON),
        "not_arrived": (lost, TEN),
        "broadcast": (told.id, SOON),
        "outlay": (owed.id, SOON),
        "joining": (someone["half_way_at"], SOON),
        "out_of_reach": (someone["retry_at"], SOON),
        "forgetting": (someone["forget_at"], SOON + timedelta(minutes=10)),
        "unused": (someone["unused_at"], datetime(2026, 12, 23, 9, tzinfo=UTC)),
        "pause": (someone["paused_until"], SOON),
        "vetting": (someone["vetting_at"], SOON),
        "worry": (worry.id, SOON),
    }


Lost = tuple[int, datetime]


async def test_each_state_that_lost_its_row_is_found_and_gets_it_back(valley: Valley) -> None:
    bot = valley.on.bot
    async with bot.database.transaction() as tx:
        states = await every_state(tx, 1, 2, 3)
        await tx.run(sa.delete(due_table))
        found = {one.what: one.ref for one in await auditor.look(tx) if one.owed}
    assert found == {what: ref for what, (ref, _) in states.items()}
    assert await bot.auditor.look() == len(states)
    assert bot.auditor.found == dict.fromkeys(states, 1)
    async with bot.database.transaction() as tx:
        for owed in NEXT_STEPS:
            ref, moment = states[owed.what]
            assert moment in [row.at for row in await due.of(tx, ref, owed.one_of[0])], owed.what
            noted = await audit.about(tx, owed.table, ref)
            assert owed.what in [row["detail"].get("what") for row in noted]
        assert await auditor.look(tx) == []


def test_every_kind_of_row_is_in_the_table_of_what_can_be_lost() -> None:
    """What is left out is named, with the reason."""
    left_out = {DueKind.SPENDING: "a notice of what was spent: nobody waits for it"}
    there = {kind for owed in NEXT_STEPS for kind in owed.one_of}
    assert there | set(left_out) == set(DueKind)
    assert not there & set(left_out)


def test_every_line_of_the_table_can_be_acted_on() -> None:
    assert len({owed.what for owed in NEXT_STEPS}) == len(NEXT_STEPS)
    for owed in NEXT_STEPS:
        columns = metadata.tables[owed.table].c
        assert set(owed.where) <= set(columns.keys()), owed
        assert set(owed.one_of) <= set(moments.KINDS), owed
    assert set(auditor.STEPS) <= {owed.what for owed in NEXT_STEPS}


INDEXES = (
    "ix_requests_status",
    "ix_visits_live",
    "ix_members_paused",
    "ix_check_ins_status",
    "ix_occasions_status",
    "ix_schedules_status",
    "ix_broadcasts_status",
    "ix_outlays_tell",
    "ix_check_ins_half_made",
    "ix_contacts_unanswered",
    "ix_outbox_lost",
    "ix_members_half_way",
    "ix_members_retry",
    "ix_members_forget",
    "ix_members_vetting",
    "ix_worries_next",
    "ix_members_unused",
)


# PostgreSQL reads so small a table whole, and may.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_search_reads_what_is_open_and_nothing_else(database: Database) -> None:
    """One index a kind, however much is over and done with."""
    async with database.transaction() as tx:
        made = await group(tx)
        rosa = await members.add(tx, asker(community_id=made.id), Address(Channel.SMS, ROSA))
        rows = [request(asker_id=rosa.id, status=RequestStatus.DONE) for _ in range(50)]
        for row in rows:
            await requests.add(tx, row)
        plans = []
        for owed in NEXT_STEPS:
            alone = due.Lacking([(owed.table, owed.where, owed.one_of)], 100).statement(tx)
            explained = await tx.connection.execute(sa.text(f"EXPLAIN QUERY PLAN {alone}"))
            plans.append((owed, " ".join(str(cell) for row in explained for cell in row)))
    for owed, plan in plans:
        if owed.table in ("communities", "shifts", "dated_shifts"):
            continue  # a handful of rows, and each of them counts
        assert any(name in plan for name in INDEXES), (owed.what, plan)


# Once a minute, by one process


async def test_of_two_processes_one_looks_and_another_when_it_has_gone(valley: Valley) -> None:
    bot = valley.on.bot
    other = Auditor(bot.database, valley.on.clock, bot.desk, "another process")
    await valley.asks()
    await valley.wait(2 * EVERY)
    await valley.lose()
    assert await other.look() == 0  # the first one holds the lease for another moment
    valley.on.clock.jump_to(valley.on.clock.now() + EVERY + timedelta(seconds=1))
    assert await other.look() == 2
    assert await bot.auditor.look() == 0


async def test_a_clock_put_back_does_not_stop_it(valley: Valley) -> None:
    await valley.wait(EVERY)
    async with valley.on.bot.database.transaction() as tx:
        ahead = valley.on.clock.now() + timedelta(hours=1)
        await keepsakes.keep(tx, "audit", ahead.isoformat())
        await keepsakes.hold(tx, "audit", "before", ahead, 60, take=True)
    await valley.asks()
    await valley.lose()
    bot = valley.on.bot
    assert await Auditor(bot.database, valley.on.clock, bot.desk, "after").look() == 2


async def test_what_cannot_be_repaired_keeps_no_other_waiting_and_is_no_audit(
    valley: Valley, monkeypatch: pytest.MonkeyPatch
) -> None:
    await valley.asks()
    await valley.wait(EVERY)
    await valley.lose()
    bot = valley.on.bot
    async with bot.database.transaction() as tx:
        ran = await keepsakes.recall(tx, "audit")

    async def fails(turn: Any, ref: int) -> None:
        raise RuntimeError

    monkeypatch.setitem(auditor.STEPS, "wave", fails)
    valley.on.clock.jump_to(valley.on.clock.now() + EVERY)
    monkeypatch.setattr(bot.database, "transaction", Database.transaction.__get__(bot.database))
    assert await bot.auditor.look() == 1
    async with bot.database.transaction() as tx:
        assert await keepsakes.recall(tx, "audit") == ran


async def test_a_database_that_is_away_is_somebody_elses_trouble(
    valley: Valley, monkeypatch: pytest.MonkeyPatch
) -> None:
    await valley.asks()
    await valley.wait(EVERY)
    await valley.lose()

    async def away(*_: Any) -> None:
        raise StorageUnavailableError("away")

    with monkeypatch.context() as patched:
        patched.setattr(auditor, "repair", away)
        patched.setattr(
            valley.on.bot.database,
            "transaction",
            Database.transaction.__get__(valley.on.bot.database),
        )
        valley.on.clock.jump_to(valley.on.clock.now() + EVERY)
        with pytest.raises(StorageUnavailableError):
            await valley.on.bot.auditor.look()
