"""People come back as they were kept, and two who change one person both have their way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import members, requests
from storage.database import Database, Transaction
from storage.hours import ANY_STRETCH, read, stretches
from storage.model import (
    NEIGHBOURLY,
    Address,
    Channel,
    Member,
    Need,
    Role,
    Standing,
    Vetting,
    VisitStatus,
)
from storage.ready import ready
from storage.schema import members as table
from tests.made import CELL, NOW, ROSA, asker, group, helper, joined, request

ROSAS = Address(Channel.SMS, ROSA)

plain = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
times = st.integers(10**9, 4 * 10**9).map(lambda second: datetime.fromtimestamp(second, UTC))
people = st.builds(
    Member,
    id=st.just(0),
    community_id=st.just(1),
    standing=st.sampled_from(Standing),
    name=st.text(max_size=20),
    language=st.sampled_from(("en", "cy")),
    languages=st.sampled_from(((), ("en",), ("en", "cy"))),
    roles=st.frozensets(st.sampled_from(Role)),
    home=st.text(max_size=20),
    postcode=st.text(max_size=8),
    cell=st.none() | st.just(CELL),
    area=plain,
    can_do=st.frozensets(st.sampled_from(NEIGHBOURLY)),
    max_km=st.floats(0, 50, allow_nan=False),
    vetted_until=st.none() | st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    vetting=st.none() | st.sampled_from(Vetting),
    vetting_at=st.none() | times,
    on_duty=st.booleans(),
    paused_until=st.none() | times,
    weekly_cap=st.integers(0, 99),
    at_once_cap=st.integers(0, 9),
    rested_at=times,
    visits=st.integers(0, 10_000),
    consent=plain,
    appeals=plain,
    stopped_at=st.none() | times,
    unreachable=st.sampled_from(("", "blocked")),
)
OFTEN = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
async def village(database: Database) -> Database:
    async with database.transaction() as tx:
        await group(tx)
    return database


def can_be_asked(member: Member) -> bool:
    return (
        member.is_a(Role.HELPER)
        and member.standing is Standing.ACTIVE
        and member.on_duty
        and member.paused_until is None
        and member.stopped_at is None
        and not member.unreachable
        and member.cell is not None
    )


async def helping(tx: Transaction, ident: int) -> bool:
    return bool(await tx.value(sa.select(table.c.helping).where(table.c.id == ident)))


@OFTEN
@given(people, people)
async def test_a_member_comes_back_as_kept_and_as_saved(
    village: Database, first: Member, then: Member
) -> None:
    async with village.transaction() as tx:
        made = await members.add(tx, first)
        assert made == replace(first, id=made.id)
        assert await helping(tx, made.id) == can_be_asked(first)
    async with village.transaction() as tx:
        await members.get(tx, made.id)
        await members.save(tx, replace(then, id=made.id))
    async with village.transaction() as tx:
        assert await members.get(tx, made.id) == replace(then, id=made.id)
        assert await helping(tx, made.id) == can_be_asked(then)


@OFTEN
@given(people, people, people)
async def test_two_who_change_different_things_at_once_both_have_their_way(
    village: Database, first: Member, one: Member, other: Member
) -> None:
    """What one changes and the other does not is as the one left it, and whether they can be asked
    goes by the row as it then is. (One transaction that read first stands for two at once.)"""
    async with village.transaction() as tx:
        made = await members.add(tx, first)
    names = [name for name in Member.__slots__ if name != "id"]
    mine, theirs = names[::2], names[1::2]
    async with village.transaction() as tx:
        read = await members.get(tx, made.id)
        await tx.run(  # somebody else, meanwhile
            sa.update(table)
            .where(table.c.id == made.id)
            .values(
                {
                    column: value
                    for column, value in members.to_row(
                        tx.keys[made.id], replace(other, id=made.id)
                    ).items()
                    if column.removeprefix("sealed_") in theirs
                }
            )
        )
        await members.save(tx, replace(read, **{name: getattr(one, name) for name in mine}))
    async with village.transaction() as tx:
        found = await members.get(tx, made.id)
        changed = [n for n in mine if getattr(one, n) != getattr(first, n)]
        assert all(getattr(found, name) == getattr(one, name) for name in changed)
        assert all(getattr(found, name) == getattr(other, name) for name in theirs)
        said = {"roles", "standing", "on_duty", "paused_until", "stopped_at", "unreachable", "cell"}
        if said & set(changed):
            assert await helping(tx, made.id) == can_be_asked(found)


async def test_an_offer_made_at_the_same_moment_does_not_undo_a_stop(village: Database) -> None:
    async with village.transaction() as tx:
        sam = await joined(tx, helper())
    both_read = asyncio.Barrier(2)

    async def change(**changes: object) -> None:
        async with village.transaction() as tx:
            read = await members.get(tx, sam.id)
            if village.on_postgresql:
                await both_read.wait()
            await members.save(tx, replace(read, **changes))

    await asyncio.gather(change(stopped_at=NOW), change(rested_at=NOW))
    async with village.transaction() as tx:
        found = await members.get(tx, sam.id)
        assert (found.stopped_at, found.rested_at) == (NOW, NOW)
        assert not await helping(tx, sam.id)


async def test_an_address_is_one_persons_at_a_time(village: Database) -> None:
    async with village.transaction() as tx:
        rosa = await joined(tx, asker(), ROSAS)
        assert await members.find(tx, ROSAS) == rosa
        sam = await joined(tx, helper(), ROSAS)
        assert await members.find(tx, ROSAS) == sam
        assert await members.reach(tx, rosa.id) is None
        assert await members.find(tx, Address(Channel.TELEGRAM, ROSA)) is None


async def test_telegram_is_used_where_somebody_has_it(village: Database) -> None:
    async with village.transaction() as tx:
        sam = await joined(tx, helper(), ROSAS, Address(Channel.TELEGRAM, "12"))
        assert await members.reach(tx, sam.id) == Address(Channel.TELEGRAM, "12")
        assert set(await members.all_addresses(tx, sam.id)) == {
            ROSAS,
            Address(Channel.TELEGRAM, "12"),
        }


async def test_everybody_with_a_role_is_found_whatever_else_they_are(village: Database) -> None:
    kinds = [frozenset({*some}) for some in ((), *(((a,), (a, b)) for a in Role for b in Role))]
    async with village.transaction() as tx:
        everybody = [
            await joined(tx, helper(roles=frozenset(r for each in kind for r in _roles(each))))
            for kind in kinds
        ]
        for role in Role:
            found = await members.with_role(tx, 1, role)
            assert found == [each for each in everybody if each.is_a(role)]
        assert await members.with_role(tx, 1, Role.HELPER, Standing.LEFT) == []
        assert await members.with_role(tx, 2, Role.HELPER) == []


def _roles(some: object) -> tuple[Role, ...]:
    return (some,) if isinstance(some, Role) else tuple(some)  # type: ignore[arg-type]


async def test_helpers_of_a_cell_come_rested_first_a_page_at_a_time(village: Database) -> None:
    async with village.transaction() as tx:
        for days in (3, 1, 2, 0):
            await joined(tx, helper(rested_at=NOW + timedelta(days=days)))
        await joined(tx, helper(can_do=frozenset({Need.PET})))
        await joined(tx, helper(on_duty=False))
        await joined(tx, helper(cell=CELL + 1))
        pages = [
            [
                member.rested_at
                for member in await members.helpers_in_cells(
                    tx, 1, [CELL], Need.LIFT, ANY_STRETCH, 3, skip
                )
            ]
            for skip in (0, 3)
        ]
        assert pages == [[NOW + timedelta(days=d) for d in (0, 1, 2)], [NOW + timedelta(days=3)]]
        found = await members.helpers_in_ranges(tx, 1, [(CELL, CELL + 1)], Need.LIFT, ANY_STRETCH)
        assert len(found) == 5
        assert await members.helpers_in_cells(tx, 1, [], Need.LIFT, ANY_STRETCH, 3) == []


async def test_who_is_away_for_hours_around_is_not_read(village: Database) -> None:
    async with village.transaction() as tx:
        sam = await joined(tx, helper(hours=read("mon-fri 09:00-12:00")))
        eli = await joined(tx, helper(hours=read("tue 17:30-22:00")))
        any_time = await joined(tx, helper())

        async def there(words: str) -> set[int]:
            when = stretches(read(words))
            cells = await members.helpers_in_cells(tx, 1, [CELL], Need.LIFT, when, 3)
            ranges = await members.helpers_in_ranges(tx, 1, [(CELL, CELL)], Need.LIFT, when)
            assert {each.id for each in cells} == {each.id for each in ranges}
            return {each.id for each in cells}

        assert await there("") == {sam.id, eli.id, any_time.id}
        assert await there("tue 10:00-10:15") == {sam.id, any_time.id}
        assert await there("tue 06:00-08:00") == {sam.id, any_time.id}  # roughly
        assert await there("sat") == {any_time.id}
        eli = await members.save(tx, replace(eli, hours=()))
        assert await there("sat") == {eli.id, any_time.id}
        assert (await members.get(tx, eli.id)).hours == ()
        assert (await members.get(tx, sam.id)).hours == sam.hours


async def test_a_search_reads_nothing_that_is_sealed(village: Database) -> None:
    async with village.transaction() as tx:
        sam = await joined(tx, helper(home="2 Mill Row", postcode="HD7 5AB"))
        (found,) = await members.helpers_in_cells(tx, 1, [CELL], Need.LIFT, ANY_STRETCH, 3)
        assert (found.name, found.home, found.postcode) == ("", "", "")
        assert replace(found, name=sam.name, home=sam.home, postcode=sam.postcode) == sam


async def test_loads_count_what_is_under_way_and_what_was_begun_this_week(
    village: Database,
) -> None:
    week = NOW - timedelta(days=7)
    async with village.transaction() as tx:
        rosa, sam = await joined(tx, asker()), await joined(tx, helper())
        for status, days in (
            (VisitStatus.ACCEPTED, 20),
            (VisitStatus.DONE, 1),
            (VisitStatus.DONE, 9),
            (VisitStatus.GIVEN_UP, 1),
        ):
            wanted = await requests.add(tx, request(asker_id=rosa.id))
            begun = NOW - timedelta(days=days)
            visit = await requests.add_visit(tx, wanted, sam.id, "BRAMBLE", NOW, begun)
            await requests.set_visit(tx, visit.id, status)
        many = [sam.id, rosa.id, *range(100, 40_000)]
        assert await members.loads(tx, many, week) == {sam.id: (1, 1)}


async def test_ties_are_seen_from_both_sides(village: Database) -> None:
    async with village.transaction() as tx:
        rosa, sam = await joined(tx, asker()), await joined(tx, helper())
        await members.set_bond(tx, rosa.id, sam.id, "not_again")
        await members.set_bond(tx, rosa.id, sam.id, "glad")
        await members.set_bond(tx, sam.id, rosa.id, "first")
        assert await members.bonds_of(tx, rosa.id) == {sam.id: {"glad", "first_of_them"}}
        assert await members.bonds_of(tx, sam.id) == {rosa.id: {"first", "glad_of_them"}}


async def test_why_helpers_are_away_is_counted_by_the_first_reason(village: Database) -> None:
    async with village.transaction() as tx:
        for facts in (
            {},
            {"standing": Standing.WAITING, "on_duty": False},
            {"unreachable": "blocked", "paused_until": NOW},
            {"paused_until": NOW},
            {"on_duty": False},
            {"on_duty": False},
            {"stopped_at": NOW},
            {"roles": frozenset({Role.ASKER})},
        ):
            await joined(tx, helper(**facts))
        assert await members.away(tx, 1) == {
            "waiting": 1,
            "unreachable": 1,
            "paused": 1,
            "off_duty": 2,
        }


async def test_nobody_is_looked_for_who_is_not_there(village: Database) -> None:
    async with village.transaction() as tx:
        with pytest.raises(LookupError):
            await members.get(tx, 99)
        assert await members.several(tx, [99]) == []
        assert await members.stopped(tx, [99]) == {}


# PostgreSQL reads so small a table whole, and may.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_search_for_helpers_reads_their_own_index(database: Database) -> None:
    async with database.transaction() as tx:
        for query in (members._in_cells(2), members._in_ranges(2)):
            named = query.compile(database.engine).binds.values()
            words = ready(query, database.engine.dialect, {b.key: 0 for b in named if b.required})
            values = (0,) * words.words.count("?")
            plan = await tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words.words}", values)
            reads = [row.detail for row in plan if row.detail.startswith(("SEARCH", "SCAN"))]
            assert sum("INDEX ix_members_helping" in each for each in reads) == 2
            # What else it looks through is what came of that.
            assert not [each for each in reads if each.startswith("SCAN members")]
