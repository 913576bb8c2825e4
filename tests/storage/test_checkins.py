"""Check-ins, contacts and each day's, as they are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
import sqlalchemy as sa

from storage import checkins
from storage.database import Database
from storage.model import (
    CheckIn,
    CheckInStatus,
    ContactStatus,
    Member,
    Occasion,
    OccasionStatus,
)
from storage.schema import check_ins, occasions
from tests.made import NOW, asker, group, helper, joined

TODAY = NOW.date()
Three = tuple[Member, Member, CheckIn]


@pytest.fixture
async def three(database: Database) -> Three:
    """Rosa, Sam, and Rosa's check-ins."""
    async with database.transaction() as tx:
        await group(tx)
        rosa, sam = await joined(tx, asker()), await joined(tx, helper())
        wanted = CheckIn(
            id=0,
            community_id=1,
            member_id=rosa.id,
            status=CheckInStatus.ON,
            created_at=NOW,
            days=frozenset({0, 3, 6}),
            hour=time(18, 30),
            next_day=TODAY,
            code="4821",
        )
        return rosa, sam, await checkins.put(tx, wanted)


def today(check_in: CheckIn) -> Occasion:
    return Occasion(0, check_in.id, check_in.member_id, TODAY, OccasionStatus.ASKED, NOW)


async def test_check_ins_come_back_as_kept_and_as_saved(database: Database, three: Three) -> None:
    rosa, sam, kept = three
    changed = replace(
        kept,
        status=CheckInStatus.OFFERED,
        days=frozenset(),
        hour=None,
        next_day=None,
        away_from=TODAY,
        away_until=TODAY + timedelta(days=7),
        set_up_by=sam.id,
        code="",
        misses=2,
    )
    async with database.transaction() as tx:
        assert await checkins.get(tx, kept.id, lock=True) == kept
        assert await checkins.of_member(tx, rosa.id) == kept
        assert await checkins.of_community(tx, 1, CheckInStatus.ON) == [kept]
        await checkins.save(tx, changed)
    async with database.transaction() as tx:
        assert await checkins.get(tx, kept.id) == changed
        assert await checkins.of_community(tx, 1, CheckInStatus.ON) == []
        assert await checkins.of_member(tx, sam.id) is None
        with pytest.raises(LookupError):
            await checkins.get(tx, 99)


async def test_a_person_has_one_row_of_check_ins(database: Database, three: Three) -> None:
    _, _, kept = three
    async with database.transaction() as tx:
        again = await checkins.put(tx, replace(kept, id=0, days=frozenset({1})))
        assert again == replace(kept, days=frozenset({1}))


async def test_contacts_are_in_the_order_they_were_named(database: Database, three: Three) -> None:
    rosa, sam, kept = three
    async with database.transaction() as tx:
        first = await checkins.name_contact(tx, kept.id, sam.id, ContactStatus.NAMED, NOW)
        second = await checkins.name_contact(tx, kept.id, rosa.id, ContactStatus.NAMED, NOW)
        assert await checkins.contacts_of(tx, kept.id) == [first, second]
        assert await checkins.contact_for(tx, sam.id) == []  # not asked yet
        await checkins.set_contact(tx, first.id, ContactStatus.AGREED)
        agreed = await checkins.get_contact(tx, first.id)
        assert agreed == replace(first, status=ContactStatus.AGREED)
        assert await checkins.contacts_of(tx, kept.id, ContactStatus.AGREED) == [agreed]
        assert await checkins.contact_for(tx, sam.id) == [agreed]
        again = await checkins.name_contact(tx, kept.id, sam.id, ContactStatus.NAMED, NOW)
        assert again == first
        with pytest.raises(LookupError):
            await checkins.get_contact(tx, 99)


async def test_a_day_is_begun_once(database: Database, three: Three) -> None:
    _, sam, kept = three
    async with database.transaction() as tx:
        begun = await checkins.begin(tx, today(kept))
        assert begun
        assert await checkins.begin(tx, today(kept)) is None
        tomorrow = await checkins.begin(tx, replace(today(kept), day=TODAY + timedelta(days=1)))
        assert tomorrow
        taken = replace(
            begun,
            status=OccasionStatus.TAKEN,
            reason="silent",
            step=3,
            next_at=NOW,
            taken_by=sam.id,
            outcome="she was in the garden",
        )
        await checkins.keep(tx, taken)
    async with database.transaction() as tx:
        assert await checkins.occasion(tx, begun.id, lock=True) == taken
        assert await checkins.on_day(tx, kept.id, TODAY) == taken
        assert await checkins.on_day(tx, kept.id, date(2020, 1, 1)) is None
        assert await checkins.running(tx, kept.id) == [tomorrow, taken]
        await checkins.keep(tx, replace(tomorrow, status=OccasionStatus.WELL))
        assert await checkins.running(tx, kept.id) == [taken]
        with pytest.raises(LookupError):
            await checkins.occasion(tx, 99)


async def test_how_somebody_was_found_and_the_number_are_sealed(
    database: Database, three: Three
) -> None:
    _, _, kept = three
    async with database.transaction() as tx:
        begun = await checkins.begin(tx, replace(today(kept), outcome="in the garden"))
        assert begun
        assert b"garden" not in await tx.value(sa.select(occasions.c.sealed_outcome))
        assert b"4821" not in await tx.value(sa.select(check_ins.c.sealed_code))
