"""The process was not there when a check-in was due or an answer awaited; two answer at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from handlers.rules.checkins import EVERY
from storage import checkins, due, members
from storage.model import (
    Address,
    Channel,
    CheckIn,
    CheckInStatus,
    ContactStatus,
    DueKind,
    Member,
    Role,
    Standing,
)
from storage.schema import occasions
from tests.stage import Stage, stage

NINE = datetime(2026, 11, 3, 9, tzinfo=UTC)
ROSA, ANA, JEAN = "+447700900001", "+447700900002", "+447700900003"


@dataclass
class Morning:
    """Rosa, who is checked on at nine, Ana, who organises, and Jean, whom to tell."""

    on: Stage
    seen: dict[str, int]

    def heard(self, phone: str) -> list[str]:
        """What somebody was sent since it was last asked."""
        said = [text.body for text in self.on.twilio.handset(phone) if text.by != "person"]
        new = said[self.seen.get(phone, 0) :]
        self.seen[phone] = len(said)
        return new

    async def down_until(self, moment: datetime) -> None:
        """Nothing is seen to until then; then the process is there again."""
        self.on.clock.jump_to(moment)
        await self.on.settle()
        await self.on.settle()

    async def statuses(self) -> list[str]:
        async with self.on.bot.database.transaction() as tx:
            rows = await tx.all(sa.select(occasions.c.status).order_by(occasions.c.id))
        return [row["status"] for row in rows]


@asynccontextmanager
async def morning(database_url: str) -> AsyncIterator[Morning]:
    async with stage(database_url, NINE - timedelta(hours=2)) as on:
        async with on.bot.database.transaction() as tx:
            people = {}
            for phone, name, roles in (
                (ROSA, "Rosa", {Role.ASKER}),
                (ANA, "Ana", {Role.ORGANISER}),
                (JEAN, "Jean", set()),
            ):
                new = Member(0, 1, Standing.ACTIVE, name=name, roles=frozenset(roles))
                people[name] = await members.add(tx, new, Address(Channel.SMS, phone))
            new_one = CheckIn(
                id=0,
                community_id=1,
                member_id=people["Rosa"].id,
                status=CheckInStatus.ON,
                created_at=NINE,
                days=EVERY,
                hour=NINE.time(),
                next_day=NINE.date(),
            )
            check_in = await checkins.put(tx, new_one)
            await checkins.name_contact(
                tx, check_in.id, people["Jean"].id, ContactStatus.AGREED, NINE
            )
            await due.at(tx, DueKind.CHECK_IN, check_in.id, NINE)
        yield Morning(on, {})


async def test_an_hour_late_is_as_good_as_on_time(database_url: str) -> None:
    async with morning(database_url) as it:
        await it.down_until(NINE + timedelta(minutes=59))
        assert it.heard(ROSA)[0].startswith("Good morning Rosa")
        assert it.heard(ANA) == []


async def test_later_than_that_is_said_and_asked_all_the_same(database_url: str) -> None:
    async with morning(database_url) as it:
        await it.down_until(NINE + timedelta(hours=3))
        assert it.heard(ROSA)[0].startswith("Rosa, I'm sorry, I could not write to you at 9am.")
        assert "did not check on Rosa" in it.heard(ANA)[0]
        assert await it.statuses() == ["asked"]


async def test_a_day_late_is_only_said(database_url: str) -> None:
    async with morning(database_url) as it:
        await it.down_until(NINE + timedelta(hours=23))  # at eight, when people may be asleep
        assert it.heard(ROSA) == []
        assert await it.statuses() == ["missed"]
        await it.on.go_to(NINE + timedelta(hours=24, minutes=1))
        assert "It is too late to text. Please ring." in " ".join(it.heard(ANA))
        assert it.heard(ROSA)[0].startswith("Good morning Rosa")
        assert await it.statuses() == ["missed", "asked"]


async def test_who_may_have_answered_while_we_were_away_is_asked_again_first(
    database_url: str,
) -> None:
    async with morning(database_url) as it:
        await it.on.go_to(NINE + timedelta(minutes=20))
        assert len(it.heard(ROSA)) == 2
        await it.down_until(NINE + timedelta(hours=4))
        assert "are you there?" in it.heard(ROSA)[0]
        assert it.heard(JEAN) == []
        await it.on.go_to(NINE + timedelta(hours=4, minutes=16))
        assert "hasn't answered" in it.heard(JEAN)[0]


async def test_an_alarm_goes_on_however_late(database_url: str) -> None:
    async with morning(database_url) as it:
        await it.on.go_to(NINE + timedelta(minutes=31))
        assert len(it.heard(JEAN)) == 1
        await it.down_until(NINE + timedelta(hours=14))  # eleven at night
        assert "has not answered" in it.heard(ANA)[0]


async def test_no_day_is_asked_twice(database_url: str) -> None:
    async with morning(database_url) as it:
        await it.on.go_to(NINE + timedelta(minutes=1))
        async with it.on.bot.database.transaction() as tx:
            row = await tx.one(sa.select(occasions.c.check_in_id))
            assert row
            check_in = await checkins.get(tx, row["check_in_id"])
            await checkins.save(tx, replace(check_in, next_day=NINE.date()))
            await due.at(tx, DueKind.CHECK_IN, check_in.id, it.on.clock.now())
        await it.on.settle()
        assert await it.statuses() == ["asked"]
        assert len(it.heard(ROSA)) == 1


async def test_two_who_take_it_at_once_are_not_both_sent(database_url: str) -> None:
    async with morning(database_url) as it:
        await it.on.go_to(NINE + timedelta(minutes=46))
        assert len(it.heard(JEAN)) == len(it.heard(ANA)) == 1
        await asyncio.gather(it.on.twilio.texts(JEAN, "1"), it.on.twilio.texts(ANA, "1"))
        await it.on.settle()
        said = {phone: " ".join(it.heard(phone)) for phone in (JEAN, ANA)}
        first = JEAN if "When you know" in said[JEAN] else ANA
        other = ANA if first == JEAN else JEAN
        assert "When you know" in said[first]
        assert "When you know" not in said[other]
        assert "is seeing to Rosa" in said[other]
        assert await it.statuses() == ["taken"]
