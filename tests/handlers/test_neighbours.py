"""The search picks exactly whom the rules would pick from everybody."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from handlers import neighbours
from handlers.rules import hours, matching
from handlers.rules.matching import Candidate, Wanted, WhyNot
from storage import cells, members, requests
from storage.database import Database, Transaction
from storage.model import (
    NEIGHBOURLY,
    Community,
    HelpRequest,
    Member,
    Need,
    Role,
    Standing,
    VisitStatus,
)
from tests.made import NOW, asker, group, helper, request

MARSDEN = (53.6, -1.93)
HERE = Community(1, "Marsden Neighbours")
EVERY = frozenset(range(7))
MORNINGS = hours.spans(hours.on(EVERY, *hours.PARTS["morning"]))
EVENINGS = hours.spans(hours.on(EVERY, *hours.PARTS["evening"]))
TOWNS = ("clusters", "one cell", "sparse", "rare skill", "everybody tired", "nobody fits", "tied")
DEGREE_KM = 111.2


def home_in(town: str, chance: random.Random) -> int:
    """Where somebody lives in such a town."""
    km = {"one cell": 0.0, "sparse": 25.0, "clusters": 0.4}.get(town, 2.5)
    middle = MARSDEN
    if town == "clusters":
        off = chance.choice((0.0, 0.0, 1.2, 4.0, 9.0)) / DEGREE_KM
        middle = (MARSDEN[0] + off, MARSDEN[1] - off)
    spread = km / DEGREE_KM
    return cells.cell_at(chance.gauss(middle[0], spread), chance.gauss(middle[1], spread * 1.6))


def person(town: str, chance: random.Random) -> Member:
    """Somebody of such a town, who may or may not be able to help."""
    tired = 15.0 if town == "everybody tired" else chance.choice((0.0, 0.0, 1.0, 5.0))
    rested = NOW + timedelta(days=chance.uniform(-3, tired))
    if chance.random() < 0.3:
        rested = NOW - timedelta(days=900)  # newcomers, all alike
    can = frozenset(chance.sample(NEIGHBOURLY, 4)) | {Need.SHOPPING}
    if town == "rare skill" and chance.random() < 0.97:
        can -= {Need.SHOPPING}
    speaks = ("cy",) if chance.random() < (0.97 if town == "nobody fits" else 0.1) else ("en",)
    return helper(
        name="",
        cell=home_in(town, chance) if chance.random() < 0.97 else None,
        can_do=can,
        languages=speaks,
        rested_at=rested.replace(microsecond=chance.randrange(3)),
        max_km=chance.choice((0.5, 2.0, 5.0, 20.0, 50.0)),
        weekly_cap=chance.choice((1, 3)),
        at_once_cap=chance.choice((1, 2)),
        hours=chance.choice(((), (), MORNINGS, EVENINGS)),
        on_duty=chance.random() < 0.9,
        paused_until=NOW if chance.random() < 0.05 else None,
        stopped_at=NOW if chance.random() < 0.05 else None,
        unreachable="blocked" if chance.random() < 0.05 else "",
        standing=chance.choice((*[Standing.ACTIVE] * 9, Standing.WAITING)),
        roles=frozenset(chance.choice(((Role.HELPER,), (Role.HELPER, Role.ASKER), (Role.ASKER,)))),
        visits=chance.choice((0, 3)),
    )


async def build(
    tx: Transaction, town: str, chance: random.Random, size: int
) -> tuple[HelpRequest, Member]:
    """A town with a history, and a request in it."""
    await group(tx, name=f"{town} {chance.random()}")
    rosa = await members.add(tx, asker(cell=home_in(town, chance)))
    wanted = await requests.add(tx, request(asker_id=rosa.id))
    everybody = [await members.add(tx, person(town, chance)) for _ in range(size)]
    for someone in chance.sample(everybody, min(size, 15 if town == "tied" else 6)):
        for pair in ((rosa.id, someone.id), (someone.id, rosa.id)):
            if chance.random() < 0.7:
                await members.set_bond(tx, *pair, chance.choice(("glad", "first", "not_again")))
    for someone in chance.sample(everybody, size // 4):
        other = await requests.add(tx, request(asker_id=rosa.id))
        begun = NOW - timedelta(days=chance.uniform(0, 10))
        visit = await requests.add_visit(tx, other, someone.id, "BRAMBLE", NOW, begun)
        status = chance.choice((VisitStatus.ACCEPTED, VisitStatus.DONE, VisitStatus.GIVEN_UP))
        await requests.set_visit(tx, visit.id, status)
    for someone in chance.sample(everybody, size // 8):
        await requests.add_offer(tx, wanted.id, someone.id, 1, "near", NOW)
    return wanted, rosa


async def everybody(tx: Transaction, wanted: HelpRequest, rosa: Member) -> list[Candidate]:
    """Everybody, seen from the request the long way round."""
    rosa = neighbours.veiled(tx, rosa)
    found = await members.of_community(tx, 1)
    loads = await members.loads(tx, [m.id for m in found], NOW - timedelta(days=7))
    bonds = await members.bonds_of(tx, rosa.id)
    asked = {offer.member_id for offer in await requests.offers_of(tx, wanted.id)}
    return [
        Candidate(
            member,
            None
            if member.cell is None or rosa.cell is None
            else cells.km_between(rosa.cell, member.cell),
            *loads.get(member.id, (0, 0)),
            frozenset(bonds.get(member.id, ())),
            member.id in asked,
        )
        for member in found
    ]


@pytest.mark.parametrize("town", TOWNS)
@pytest.mark.parametrize("seed", range(3))
async def test_it_picks_whom_the_rules_would_pick_from_everybody(
    town: str, seed: int, database: Database
) -> None:
    chance = random.Random(f"{town} {seed}")
    async with database.transaction() as tx:
        wanted, rosa = await build(tx, town, chance, chance.choice((3, 40, 160)))
        candidates = await everybody(tx, wanted, rosa)
        for wave in (1, 2, 3):
            for size in (1, 3, 12, 500):
                reach = matching.reach_km(wave)
                look = await neighbours.search(tx, HERE, wanted, rosa, NOW, reach)
                rules = Wanted(
                    rosa,
                    Need.SHOPPING,
                    None,
                    NOW.date(),
                    look.wanted.reach_km,
                    look.wanted.quarters,
                )
                right = matching.pick(candidates, rules, NOW, size)
                assert await look.pick(size) == right


async def test_near_is_told_from_far_and_why_not_of_everybody_near(database: Database) -> None:
    async with database.transaction() as tx:
        wanted, rosa = await build(tx, "clusters", random.Random(4), 120)
        look = await neighbours.search(tx, HERE, wanted, rosa, NOW, 50)
        found = await look.around(6.0)
        right = {
            each.member.id: matching.why_not(each, look.wanted)
            for each in await everybody(tx, wanted, rosa)
            if each.km is not None
            and each.km <= 6.0
            and Need.SHOPPING in each.member.can_do
            and matching.why_not(each, look.wanted)
            not in (
                WhyNot.IS_ASKER,
                WhyNot.NOT_HELPER,
                WhyNot.STOPPED,
                WhyNot.UNREACHABLE,
                WhyNot.OFF_DUTY,
                WhyNot.PAUSED,
            )
        }
        assert {each.member.id: reason for each, reason in found} == right


async def test_nobody_of_another_group_is_asked_whatever_ties_there_are(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        await group(tx)
        await group(tx, name="Slaithwaite")
        rosa = await members.add(tx, asker())
        sam = await members.add(tx, helper(community_id=2))
        await members.set_bond(tx, rosa.id, sam.id, "first")
        wanted = await requests.add(tx, request(asker_id=rosa.id))
        look = await neighbours.search(tx, HERE, wanted, rosa, NOW, 50)
        assert await look.pick(3) == []


async def test_an_asker_without_a_place_is_only_matched_with_nobody(database: Database) -> None:
    async with database.transaction() as tx:
        await group(tx)
        rosa = await members.add(tx, asker(cell=None))
        sam = await members.add(tx, helper())
        await members.set_bond(tx, rosa.id, sam.id, "first")
        wanted = await requests.add(tx, request(asker_id=rosa.id))
        look = await neighbours.search(tx, HERE, wanted, rosa, NOW, 50)
        assert (await look.pick(3), await look.around(6)) == ([], [])


async def test_whoever_is_picked_comes_whole_and_can_be_saved(database: Database) -> None:
    async with database.transaction() as tx:
        await group(tx)
        rosa = await members.add(tx, asker())
        sam = await members.add(tx, helper(home="3 Mill Row"))
        wanted = await requests.add(tx, request(asker_id=rosa.id))
        (found,) = await (await neighbours.search(tx, HERE, wanted, rosa, NOW, 50)).pick(3)
        assert found.member == sam
        await members.save(tx, replace(found.member, rested_at=NOW))
    async with database.transaction() as tx:
        assert await members.get(tx, sam.id) == replace(sam, rested_at=NOW)


async def test_whoever_stops_while_being_picked_is_left_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction() as tx:
        await group(tx)
        rosa = await members.add(tx, asker())
        sam, ben = [await members.add(tx, helper(name=name)) for name in ("Sam", "Ben")]
        wanted = await requests.add(tx, request(asker_id=rosa.id))
        lock = members.lock

        async def late(tx: Transaction, idents: list[int]) -> None:
            await members.save(tx, replace(sam, stopped_at=NOW))
            tx.read.clear()
            await lock(tx, idents)

        monkeypatch.setattr(members, "lock", late)
        found = await (await neighbours.search(tx, HERE, wanted, rosa, NOW, 50)).pick(3)
        assert [each.member.id for each in found] == [ben.id]


async def test_of_one_helper_everything_that_speaks_against_them_is_known(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        await group(tx)
        rosa = await members.add(tx, asker())
        wanted = await requests.add(tx, request(asker_id=rosa.id))
        near = await members.add(tx, helper())
        far = await members.add(tx, helper(max_km=0.0, cell=cells.cell_at(51.5, 0.0)))
        await requests.add_offer(tx, wanted.id, far.id, 1, "near", NOW)
        off = await members.add(tx, helper(on_duty=False))
        await members.set_bond(tx, rosa.id, off.id, "not_again")
        against = [
            await neighbours.against(tx, HERE, wanted, rosa, each, NOW) for each in (near, far, off)
        ]
        assert against == [
            set(),
            {WhyNot.TOO_FAR, WhyNot.ALREADY_ASKED},
            {WhyNot.OFF_DUTY, WhyNot.RULED_OUT},
        ]
        assert WhyNot.IS_ASKER in await neighbours.against(tx, HERE, wanted, rosa, rosa, NOW)


async def test_vetting_is_looked_at_by_the_day_of_the_group(database: Database) -> None:
    """In Auckland it is tomorrow already: what ran out today there is not good for one more day."""
    far = replace(HERE, timezone="Pacific/Auckland")
    night = NOW + timedelta(hours=10)
    async with database.transaction() as tx:
        wanted, rosa = await build(tx, "one cell", random.Random(1), 1)
        for there, ahead in ((HERE, 0), (far, 1)):
            look = await neighbours.search(tx, there, wanted, rosa, night, 1)
            assert look.wanted.day == NOW.date() + timedelta(days=ahead)
