"""Requests, offers and visits; the database itself refuses what must never be."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from storage import members, requests
from storage.database import Database
from storage.model import (
    HelpRequest,
    Member,
    Need,
    OfferStatus,
    RequestStatus,
    VisitStatus,
    Waves,
)
from tests.made import NOW, asker, group, helper, joined, request

Three = tuple[Member, Member, HelpRequest]


@pytest.fixture
async def three(database: Database) -> Three:
    """Rosa, Sam, and what Rosa needs."""
    async with database.transaction() as tx:
        await group(tx)
        rosa, sam = await joined(tx, asker()), await joined(tx, helper())
        return rosa, sam, await requests.add(tx, request(asker_id=rosa.id))


async def test_a_request_comes_back_as_kept_and_as_saved(database: Database, three: Three) -> None:
    _, sam, wanted = three
    changed = replace(
        wanted,
        status=RequestStatus.HANDED,
        need=None,
        words="milk\nand eggs",
        day=NOW.date(),
        part="14:30",
        for_other=True,
        wave=2,
        urgent=True,
        promised_at=NOW + timedelta(hours=1),
        handler_id=sam.id,
        misses=1,
    )
    async with database.transaction() as tx:
        assert await requests.get(tx, wanted.id) == wanted
        await requests.save(tx, changed)
    async with database.transaction() as tx:
        assert await requests.get(tx, wanted.id, lock=True) == changed
        await requests.save(tx, wanted)
    async with database.transaction() as tx:
        assert await requests.get(tx, wanted.id) == wanted


async def test_saving_writes_only_what_changed(database: Database, three: Three) -> None:
    wanted = three[2]
    async with database.transaction() as tx:
        read = await requests.get(tx, wanted.id)
        other = replace(read, need=Need.LIFT)
        await requests.save(tx, other)
        await requests.save(tx, replace(read, need=Need.LIFT, wave=1))
        tx.read.clear()
        assert await requests.get(tx, wanted.id) == replace(wanted, need=Need.LIFT, wave=1)


async def test_the_database_itself_refuses_a_second_live_visit(
    database: Database, three: Three
) -> None:
    _, sam, wanted = three
    for status in (VisitStatus.ACCEPTED, VisitStatus.ON_THE_WAY):
        with pytest.raises(IntegrityError):
            async with database.transaction() as tx:
                one = await requests.add_visit(tx, wanted, sam.id, "BRAMBLE", NOW, NOW)
                await requests.set_visit(tx, one.id, status)
                await requests.add_visit(tx, wanted, sam.id, "ORCHARD", NOW, NOW)
    async with database.transaction() as tx:
        assert await requests.visits_of(tx, wanted.id) == []


async def test_when_one_is_over_there_may_be_another(database: Database, three: Three) -> None:
    rosa, sam, wanted = three
    over = [each for each in VisitStatus if each.value not in ("accepted", "on_the_way")]
    async with database.transaction() as tx:
        for status in over:
            visit = await requests.add_visit(tx, wanted, sam.id, "BRAMBLE", NOW, NOW)
            assert await requests.live_visit(tx, wanted.id) == visit
            assert await requests.live_visits(tx, helper_id=sam.id) == [visit]
            assert await requests.live_visits(tx, asker_id=rosa.id) == [visit]
            await requests.set_visit(tx, visit.id, status)
        assert await requests.live_visit(tx, wanted.id) is None
        assert [v.status for v in await requests.visits_of(tx, wanted.id)] == over


async def test_a_visit_that_is_over_cant_come_alive_beside_another(
    database: Database, three: Three
) -> None:
    _, sam, wanted = three
    with pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            one = await requests.add_visit(tx, wanted, sam.id, "BRAMBLE", NOW, NOW)
            await requests.set_visit(tx, one.id, VisitStatus.DONE)
            await requests.add_visit(tx, wanted, sam.id, "ORCHARD", NOW, NOW)
            await requests.set_visit(tx, one.id, VisitStatus.ACCEPTED)


async def test_nobody_is_offered_the_same_request_twice(database: Database, three: Three) -> None:
    _, sam, wanted = three
    with pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            for _ in range(2):
                await requests.add_offer(tx, wanted.id, sam.id, 1, "near", NOW)


async def test_dropping_offers_leaves_answered_ones(database: Database, three: Three) -> None:
    _, sam, wanted = three
    async with database.transaction() as tx:
        ben = await joined(tx, helper(name="Ben"))
        one = await requests.add_offer(tx, wanted.id, sam.id, 1, "near", NOW)
        two = await requests.add_offer(tx, wanted.id, ben.id, 1, "near", NOW)
        await requests.answer_offer(tx, one.id, OfferStatus.DECLINED, NOW)
        assert [each.id for each in await requests.drop_offers(tx, wanted.id)] == [two.id]
        assert [each.status for each in await requests.offers_of(tx, wanted.id)] == [
            OfferStatus.DECLINED,
            OfferStatus.TAKEN,
        ]
        assert await requests.offer_to(tx, wanted.id, ben.id) == await requests.get_offer(
            tx, two.id
        )


async def test_a_groups_record_counts_its_own_waves_that_are_over(
    database: Database, three: Three
) -> None:
    """Six requests, each with what came of two people asked in each of its waves: yes, silence,
    or too late, since somebody else was quicker or the need went away."""
    rosa, _, first = three
    yes, open_, taken = OfferStatus.ACCEPTED, OfferStatus.OPEN, OfferStatus.TAKEN
    answers = [
        (RequestStatus.FILLED, [[taken, taken], [yes, taken]]),  # nobody, then somebody
        (RequestStatus.FILLED, [[yes, taken], [taken, taken]]),  # the second tells nothing
        (RequestStatus.CANCELLED, [[taken, taken]]),  # nothing
        (RequestStatus.OPEN, [[open_, open_]]),  # nothing yet
        (RequestStatus.HANDED, [[open_, OfferStatus.DECLINED]]),  # nobody
        (RequestStatus.FILLED, [[yes]]),  # the only one asked
    ]
    async with database.transaction() as tx:
        people = [await joined(tx, helper(name=name)) for name in ("Ben", "Cai", "Dot", "Eve")]
        for number, (status, waves) in enumerate(answers):
            wanted = first if not number else await requests.add(tx, request(asker_id=rosa.id))
            await requests.save(tx, replace(wanted, status=status))
            asked = iter(people)
            for wave, said in enumerate(waves, start=1):
                for answer in said:
                    who = next(asked).id
                    made = await requests.add_offer(tx, wanted.id, who, wave, "near", NOW)
                    await requests.answer_offer(tx, made.id, answer, NOW)
        assert await members.waves_since(tx, 1, NOW) == [Waves(1, 1, 1), Waves(2, 4, 2)]
        assert await members.waves_since(tx, 1, NOW + timedelta(seconds=1)) == []
        assert await members.waves_since(tx, 2, NOW) == []


async def test_what_came_of_waves_is_counted_of_the_latest(
    database: Database, three: Three, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "RECORD", 2)
    members._waves.cache_clear()
    rosa, sam, _ = three
    async with database.transaction() as tx:
        for days, said in enumerate(("declined", "accepted", "declined")):
            made = request(asker_id=rosa.id, created_at=NOW + timedelta(days=days))
            wanted = await requests.add(tx, made)
            await requests.save(tx, replace(wanted, status=RequestStatus.FILLED))
            offer = await requests.add_offer(tx, wanted.id, sam.id, 1, "near", NOW)
            await requests.answer_offer(tx, offer.id, OfferStatus(said), NOW)
        assert await members.waves_since(tx, 1, NOW) == [Waves(1, 2, 1)]
    members._waves.cache_clear()


async def test_whose_requests_and_in_which_state(database: Database, three: Three) -> None:
    rosa, sam, wanted = three
    async with database.transaction() as tx:
        later = await requests.add(tx, request(asker_id=rosa.id, created_at=NOW))
        await requests.add(tx, request(asker_id=rosa.id, status=RequestStatus.CANCELLED))
        assert await requests.of_asker(tx, rosa.id) == [later, wanted]
        assert await requests.of_community(tx, 1) == [wanted, later]
        assert await requests.of_asker(tx, sam.id) == []
        with pytest.raises(LookupError):
            await requests.get(tx, 99)
