"""What is counted about somebody, and what is done once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import sqlalchemy as sa

from storage import groups, guards, messages, outcomes, tally
from storage.database import Database
from storage.guards import Seen
from storage.model import Channel, Priority, SendStatus
from storage.schema import guards as table
from tests.made import NOW, group, inbound, outbound

SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)


async def test_how_much_of_somebody_was_answered_and_how_often_in_these_words(
    database: Database,
) -> None:
    async def wrote(ident: int, ago: timedelta, aside: str | None = "", **facts: str) -> None:
        await messages.keep_inbound(tx, [inbound(f"SM{ident}", **facts)], NOW - ago)
        if aside is not None:
            await messages.handled(tx, ident, NOW - ago, aside)

    async with database.transaction() as tx:
        await wrote(1, 25 * HOUR)
        await wrote(2, 2 * HOUR)
        await wrote(3, 20 * MINUTE)
        await wrote(4, 30 * SECOND)
        await wrote(5, 20 * SECOND, text="something else")
        await wrote(6, 10 * SECOND, "flood")  # left unanswered
        await wrote(7, SECOND, chat="+447700900999")  # somebody else
        await wrote(8, SECOND, None)  # this very message, and one that came after it
        await wrote(9, SECOND, None)
        asked = inbound("SM8")
        assert await guards.seen(tx, asked, NOW) == Seen(2, 3, 4, 2, looping=False)
        await guards.leave_alone(tx, asked, NOW + MINUTE)
        assert (await guards.seen(tx, asked, NOW)).looping
        assert not (await guards.seen(tx, inbound(text="hi, it is me"), NOW)).looping
        assert not (await guards.seen(tx, asked, NOW + MINUTE)).looping


async def test_once_is_once_until_it_is_over_whoever_asks_first(database: Database) -> None:
    async def ask(what: str = "a", who: str = "x", now: timedelta = SECOND * 0) -> bool:
        async with database.transaction() as tx:
            return await guards.first(tx, what, who, NOW + now, HOUR)

    assert sorted(await asyncio.gather(*(ask() for _ in range(4)))) == [False] * 3 + [True]
    assert [await ask(who="y"), await ask("b"), await ask(now=HOUR - SECOND)] == [True, True, False]
    assert [await ask(now=HOUR), await ask(now=HOUR)] == [True, False]


async def test_a_count_begins_with_the_first_and_ends_with_its_time(database: Database) -> None:
    async def one(now: timedelta = SECOND * 0) -> int:
        async with database.transaction() as tx:
            return await guards.count(tx, "a", "x", NOW + now, HOUR)

    assert sorted(await asyncio.gather(*(one() for _ in range(4)))) == [1, 2, 3, 4]
    assert await one(HOUR - SECOND) == 5
    async with database.transaction() as tx:
        assert await guards.counted(tx, "a", "x", NOW) == 5
        assert await guards.counted(tx, "a", "x", NOW + HOUR) == 0
        assert await guards.counted(tx, "a", "y", NOW) == 0
    assert await one(HOUR) == 1


async def test_what_is_long_over_is_swept_away(database: Database) -> None:
    async with database.transaction() as tx:
        for who in range(60):
            await guards.first(tx, "a", str(who), NOW, HOUR)
        await guards.first(tx, "a", "late", NOW + DAY, HOUR)
        for moment in (NOW + DAY + 2 * HOUR, NOW + DAY + 3 * HOUR):
            await guards.count(tx, "b", str(moment), moment, HOUR)
        left = await tx.all(sa.select(table.c.what, table.c.who))
    assert [row["who"] for row in left if row["what"] == "a"] == ["late"]


async def test_a_days_parts_are_what_was_sent_and_what_is_in_the_air(database: Database) -> None:
    async with database.transaction() as tx:
        for name in ("Marsden", "Golcar"):
            await group(tx, name=name)
        for community_id, sent_at, parts in (
            (1, NOW - 1 * HOUR, 2),
            (1, NOW, 1),
            (1, NOW - DAY, 2),  # yesterday's
            (2, NOW, 2),  # another group's
            (1, NOW, 0),  # one that cost nothing
        ):
            ident = await messages.queue(tx, outbound(community_id=community_id))
            await outcomes.sent(tx, ident, SendStatus.SENT, sent_at, parts=parts)
        for _ in range(3):
            await messages.queue(tx, outbound(community_id=1))

    async def parts() -> int:
        async with database.transaction() as tx:
            return await tally.parts_since(tx, 1, Channel.SMS, NOW - 2 * HOUR)

    assert await parts() == 3
    async with database.transaction() as tx:
        ((claimed, lane),) = await messages.claim(tx, Channel.SMS, "me", NOW, 1, [])
    async with database.transaction() as tx:
        await messages.claim(tx, Channel.SMS, "me", NOW, 1, [lane])  # their chat is busy
    assert await parts() == 4
    async with database.transaction() as tx:
        await outcomes.unknown(tx, claimed.id, NOW, "no_answer")
    assert await parts() == 4  # it may have gone
    async with database.transaction() as tx:
        await outcomes.sent(tx, claimed.id, SendStatus.SENT, NOW, parts=2)
    assert await parts() == 5


async def test_what_waits_is_held_back_at_once_and_let_go_at_once(database: Database) -> None:
    async with database.transaction() as tx:
        for name in ("Marsden", "Golcar"):
            await group(tx, name=name)
        facts = [(1, p) for p in Priority] + [(2, Priority.OFFER)]
        ids = [await messages.queue(tx, outbound(community_id=c, priority=p)) for c, p in facts]
        late = outbound(community_id=1, priority=Priority.OFFER)
        await messages.queue(tx, late, at=NOW + DAY)
        waiting = (Priority.OFFER, Priority.BROADCAST)
        held = await messages.hold_back(tx, 1, Channel.SMS, waiting, NOW, NOW + DAY, "cap")
        assert (held, await messages.held(tx, 1, Channel.SMS, "cap")) == (2, 2)
        assert await messages.held(tx, 2, Channel.SMS, "cap") == 0
        assert await messages.release(tx, 1, Channel.SMS, "cap", NOW) == 2
        assert await messages.held(tx, 1, Channel.SMS, "cap") == 0
        assert {await messages.code_of(tx, ident) for ident in ids} == {""}


async def test_a_groups_cap_is_kept(database: Database) -> None:
    async with database.transaction() as tx:
        made = await group(tx, daily_cap=300)
        assert made.daily_cap == 300
        for parts in (0, None, 500):
            await groups.set_daily_cap(tx, made.id, parts)
            found = await groups.get(tx, made.id)
            assert found
            assert found.daily_cap == parts
