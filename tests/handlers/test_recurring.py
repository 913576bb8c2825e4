"""The clock of regular help and of reminders: a whole year, and what is made up for when everything
stood still."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from handlers import due as moments
from handlers import recurring, reminders, wording
from handlers.rules import recurrence, timing
from handlers.rules.recurrence import Pattern
from handlers.turn import Desk, Turn
from storage import due, groups, members, messages, requests
from storage import recurring as kept
from storage.database import Database
from storage.model import (
    Address,
    Channel,
    Community,
    DueKind,
    HelpRequest,
    Member,
    Need,
    OutboundMessage,
    RequestStatus,
    Schedule,
    ScheduleStatus,
    Visit,
)
from storage.places import Atlas, Postcodes
from storage.schema import outbox
from tests.made import CELL, ROSA, asker, group, helper, request

SAM = "+447700900124"
ANA = "+447700900125"


@dataclass
class Valley:
    """Rosa, Sam and Ana, and a clock that is turned by hand."""

    database: Database
    now: datetime
    community: Community
    rosa: Member
    sam: Member
    desk: Desk

    async def go_to(self, moment: datetime) -> None:
        """Everything that is due by then happens, each at its time."""
        while True:
            async with self.database.transaction() as tx:
                row = await due.next_due(tx, moment)
                if row is None:
                    break
                self.now = max(self.now, row.at)
                await due.done(tx, row)
                await moments.handle(self.desk, tx, self.now, row)
        self.now = max(self.now, moment)

    def stand_still_until(self, moment: datetime) -> None:
        """Nothing happens, however much is due: the computer was off."""
        self.now = moment

    async def begin(self, **facts: object) -> Schedule:
        """A schedule that somebody has said yes to."""
        usual = {"need": Need.SHOPPING, "words": "shopping every tuesday", "weekdays": (1,)}
        async with self.database.transaction() as tx:
            new = Schedule(
                0,
                self.community.id,
                self.rosa.id,
                ScheduleStatus.RUNNING,
                self.now,
                **(usual | facts),  # type: ignore[arg-type]
            )
            today = timing.local(self.now, self.community).date()
            first = recurrence.first_day(Pattern(new.weekdays, new.every), today)
            schedule = await kept.add(tx, replace(new, starts=first, next_day=first))
            moment = recurrence.made_at(first, self.community)
            await due.at(tx, DueKind.REPEAT, schedule.id, moment)
            return schedule

    async def made(self, schedule: Schedule) -> list[HelpRequest]:
        async with self.database.transaction() as tx:
            return await kept.made(tx, schedule.id, date(2000, 1, 1))

    async def said_to(self, member: Member) -> list[OutboundMessage]:
        async with self.database.transaction() as tx:
            rows = await tx.all(
                sa.select(outbox.c.id).where(outbox.c.member_id == member.id).order_by(outbox.c.id)
            )
            found = [await messages.get(tx, row["id"]) for row in rows]
            return [message for message in found if message]

    async def visit(self, day: date, part: str) -> Visit:
        """Sam is going to Rosa; both are to be reminded."""
        async with self.database.transaction() as tx:
            wanted = await requests.add(
                tx, request(status=RequestStatus.FILLED, day=day, part=part, asker_id=self.rosa.id)
            )
            due_at = timing.wanted_at(day, part, self.now, self.community)
            visit = await requests.add_visit(tx, wanted, self.sam.id, "BRAMBLE", due_at, self.now)
            turn = Turn(self.desk, tx, self.now, self.community)
            await reminders.arrange(turn, visit, wanted)
            return visit


@pytest.fixture
async def valley(database: Database) -> Valley:
    async with database.transaction() as tx:
        await group(tx)
        community = await groups.get(tx, 1)
        assert community
        rosa = await members.add(tx, asker(cell=CELL), Address(Channel.SMS, ROSA))
        sam = await members.add(tx, helper(), Address(Channel.SMS, SAM))
    start = datetime(2027, 10, 20, 9, 0, tzinfo=UTC)
    desk = Desk(wording.load(), Atlas(Postcodes()), random.Random(1))
    return Valley(database, start, community, rosa, sam, desk)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_year_of_every_pattern_makes_each_day_once(valley: Valley) -> None:
    # From October 2027: both changes of the clock, a year's end and the leap day of 2028.
    patterns = [((1,), 1, None), ((0, 3), 1, "10:00"), ((4,), 2, "morning"), ((6,), 4, "evening")]
    schedules = [
        await valley.begin(weekdays=days, every=every, part=part) for days, every, part in patterns
    ]
    async with valley.database.transaction() as tx:
        # Nobody helps: who is asked, and when, is not what is looked at here.
        await members.save(tx, replace(await members.get(tx, valley.sam.id), on_duty=False))
    await valley.go_to(valley.now + timedelta(days=366))
    for schedule, (days, every, part) in zip(schedules, patterns, strict=True):
        assert schedule.starts
        made = await valley.made(schedule)
        wanted, day = [], schedule.starts
        while recurrence.made_at(day, valley.community) <= valley.now:
            wanted.append(day)
            day = recurrence.next_day(Pattern(days, every), schedule.starts, day)
        assert [each.day for each in made] == wanted
        assert all(each.part == part for each in made)
        for each in made:
            there = timing.local(each.created_at, valley.community)
            assert each.day
            assert (there.date(), there.time()) == (each.day - timedelta(days=1), time(10))


async def test_who_stood_still_for_weeks_says_sorry_once_and_goes_on(valley: Valley) -> None:
    schedule = await valley.begin()
    await valley.go_to(datetime(2027, 10, 26, 20, 0, tzinfo=UTC))
    valley.stand_still_until(datetime(2027, 11, 18, 12, 0, tzinfo=UTC))  # a Thursday
    before = len(await valley.said_to(valley.rosa))
    await valley.go_to(valley.now)
    sorry = [m.text for m in (await valley.said_to(valley.rosa))[before:] if "I'm sorry" in m.text]
    assert len([words for words in sorry if "Tuesday 16 November" in words]) == 1
    await valley.go_to(datetime(2027, 11, 22, 11, 0, tzinfo=UTC))
    days = [each.day for each in await valley.made(schedule)]
    assert days == [date(2027, 10, 26), date(2027, 11, 23)]


async def test_who_stood_still_on_the_day_before_asks_late_while_it_is_of_use(
    valley: Valley,
) -> None:
    schedule = await valley.begin(part="16:00")
    valley.stand_still_until(datetime(2027, 10, 26, 9, 30, tzinfo=UTC))  # that very Tuesday
    await valley.go_to(valley.now)
    (made,) = await valley.made(schedule)
    assert (made.day, made.status) == (date(2027, 10, 26), RequestStatus.OPEN)
    async with valley.database.transaction() as tx:
        assert (await kept.get(tx, schedule.id)).next_day == date(2027, 11, 2)


async def test_the_same_moment_twice_makes_one_request(valley: Valley) -> None:
    schedule = await valley.begin()
    moment = datetime(2027, 10, 25, 10, 0, tzinfo=UTC)
    await valley.go_to(moment - timedelta(minutes=1))
    async with valley.database.transaction() as tx:
        turn = Turn(valley.desk, tx, moment, valley.community)
        await recurring.make(turn, await kept.get(tx, schedule.id))
        # As if another process had read it before this one was done.
        await recurring.make(turn, schedule)
    assert len(await valley.made(schedule)) == 1


async def test_nothing_is_made_of_what_was_stopped(valley: Valley) -> None:
    schedule = await valley.begin()
    async with valley.database.transaction() as tx:
        await kept.save(tx, replace(schedule, status=ScheduleStatus.STOPPED))
    await valley.go_to(valley.now + timedelta(days=30))
    assert await valley.made(schedule) == []


async def test_a_day_that_is_left_out_further_off_is_passed_over(valley: Valley) -> None:
    schedule = await valley.begin()
    async with valley.database.transaction() as tx:
        await kept.save(tx, replace(schedule, skips=(date(2027, 11, 2),)))
    await valley.go_to(datetime(2027, 11, 8, 11, 0, tzinfo=UTC))
    days = [each.day for each in await valley.made(schedule)]
    assert days == [date(2027, 10, 26), date(2027, 11, 9)]


async def _kinds(valley: Valley, visit: Visit) -> set[DueKind]:
    async with valley.database.transaction() as tx:
        return {row.kind for row in await due.of(tx, visit.id, *reminders.REMINDERS)}


async def test_reminders_come_each_once_and_in_time(valley: Valley) -> None:
    visit = await valley.visit(date(2027, 10, 21), "10:30")
    assert await _kinds(valley, visit) == set(reminders.REMINDERS)
    await valley.go_to(visit.due_at)
    assert [m.text for m in await valley.said_to(valley.sam)] == [
        "Sam, you're going to Rosa tomorrow at 10:30am: milk. If you can't, write: can't come.",
        "Sam, you're going to Rosa today at 10:30am: milk. Thank you.",
    ]
    assert [m.text for m in await valley.said_to(valley.rosa)] == [
        "Rosa, Sam is coming tomorrow at 10:30am: milk. The word is BRAMBLE."
    ]


@pytest.mark.parametrize(
    ("until", "to_sam", "to_rosa", "why"),
    [
        ("2027-10-20T19:30", ["tomorrow"], ["tomorrow"], "an hour late, and of use"),
        ("2027-10-20T23:30", ["today"], ["today"], "the night is left in peace"),
        ("2027-10-21T08:00", ["today"], ["today"], "early in the morning"),
        ("2027-10-21T10:45", [], [], "the visit has begun"),
    ],
)
async def test_a_reminder_that_is_late_is_made_up_for_or_left_unsaid(
    valley: Valley, until: str, to_sam: list[str], to_rosa: list[str], why: str
) -> None:
    await valley.visit(date(2027, 10, 21), "10:30")
    valley.stand_still_until(datetime.fromisoformat(f"{until}+01:00").astimezone(UTC))
    await valley.go_to(valley.now)
    until_nine = datetime(2027, 10, 21, 8, 30, tzinfo=UTC)
    await valley.go_to(max(valley.now, until_nine + timedelta(hours=1, minutes=5)))
    sam = [m for m in await valley.said_to(valley.sam) if m.about.get("kind") == "remind"]
    rosa = [m for m in await valley.said_to(valley.rosa) if m.about.get("kind") == "remind"]
    day = [("tomorrow" if "tomorrow" in m.text else "today") for m in sam]
    assert day[: len(to_sam)] == to_sam, why
    assert len(day) <= 2, why
    assert bool(sam) == bool(to_sam), why
    assert [("tomorrow" if "tomorrow" in m.text else "today") for m in rosa] == to_rosa, why
    for message in (*sam, *rosa):
        assert not timing.is_quiet(message.created_at, valley.community)
