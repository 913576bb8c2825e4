"""A lease has one holder at a time."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import keepsakes
from storage.database import Database, Transaction
from tests.made import NOW

SECOND = timedelta(seconds=1)


async def hold(tx: Transaction, who: str, at: int, *, take: bool = False) -> bool:
    return await keepsakes.hold(tx, "lease", who, NOW + at * SECOND, 8, take=take)


async def test_what_was_kept_last_is_recalled(database: Database) -> None:
    async with database.transaction() as tx:
        assert await keepsakes.recall(tx, "poll") == ""
        await keepsakes.keep(tx, "poll", "1")
        await keepsakes.keep(tx, "poll", "2")
        assert await keepsakes.recall(tx, "poll") == "2"


async def test_a_lease_is_held_until_it_runs_out_and_may_be_renewed(database: Database) -> None:
    async with database.transaction() as tx:
        assert await hold(tx, "one", 0)
        assert not await hold(tx, "two", 1)
        assert await hold(tx, "one", 7)
        assert not await hold(tx, "two", 9)
        assert not await hold(tx, "two", 15)
        assert await hold(tx, "two", 16)
        assert not await hold(tx, "one", 17)


async def test_one_let_go_is_free_at_once_and_only_its_holder_can(database: Database) -> None:
    async with database.transaction() as tx:
        assert await hold(tx, "one", 0)
        await keepsakes.let_go(tx, "lease", "two")
        assert not await hold(tx, "two", 1)
        await keepsakes.let_go(tx, "lease", "one")
        assert await hold(tx, "two", 1)


async def test_one_of_the_dead_is_taken(database: Database) -> None:
    async with database.transaction() as tx:
        assert await hold(tx, "dead", 0)
        assert await hold(tx, "one", 1, take=True)
        assert not await hold(tx, "dead", 2)


async def test_one_of_a_later_hour_is_free_when_the_clock_was_put_back(database: Database) -> None:
    async with database.transaction() as tx:
        assert await hold(tx, "dead", 3600)
        assert await hold(tx, "one", 0)
    async with database.transaction() as tx:
        # A machine whose clock is ahead by some seconds is alive.
        assert await hold(tx, "ahead", 100)
        assert not await hold(tx, "one", 41)


async def test_leases_of_different_names_are_different(database: Database) -> None:
    async with database.transaction() as tx:
        assert await hold(tx, "one", 0)
        assert await keepsakes.hold(tx, "other", "two", NOW, 8)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), max_size=20))
async def test_never_two_at_once(database: Database, steps: list[tuple[str, int]]) -> None:
    held: tuple[str, int] | None = None
    now = 0
    async with database.transaction() as tx:
        for who, seconds in steps:
            now += seconds
            free = held is None or held[0] == who or held[1] < now
            assert await hold(tx, who, now) == free
            if free:
                held = (who, now + 8)
        for who in "abc":
            await keepsakes.let_go(tx, "lease", who)
