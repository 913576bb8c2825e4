"""Whom a broadcast goes to is settled once, by the database, as the rules say it of each member."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
import sqlalchemy as sa

from handlers.broadcast_run import may_not
from handlers.rules.audience import is_meant
from storage import broadcasts, cells, members, messages, outcomes
from storage.database import Database, Transaction
from storage.model import Address, Channel, Member, Need, Priority, Role, SendStatus, Standing
from storage.model_broadcasts import (
    Audience,
    Broadcast,
    BroadcastStatus,
    LeftOut,
    Purpose,
    Recipient,
)
from storage.schema import recipients
from tests.made import CELL, NOW, group, helper, outbound

BOTH = frozenset(Channel)
NEAR = cells.ring(CELL, 3)[0]
FAR = cells.ring(CELL, 40)[0]


def broadcast(**facts: Any) -> Broadcast:
    """Something told to everybody."""
    usual: dict[str, Any] = {
        "id": 0,
        "community_id": 1,
        "organiser_id": 1,
        "status": BroadcastStatus.RUNNING,
        "created_at": NOW,
        "audience": Audience(),
        "texts": {"en": "The road is closed."},
    }
    return Broadcast(**{**usual, **facts})


def somebody(chance: random.Random) -> tuple[Member, list[Address]]:
    roles = frozenset(role for role in Role if chance.random() < 0.5)
    number = f"{chance.randrange(10**9):09d}"
    both = [Address(Channel.SMS, f"+447{number}"), Address(Channel.TELEGRAM, number)]
    member = helper(
        standing=chance.choice([*[Standing.ACTIVE] * 6, *Standing]),
        roles=roles,
        language=chance.choice(("en", "cy")),
        area=chance.choice(("HD7 5", "HD7 6", "HD70 5", "HD7", "HD8 4")),
        cell=chance.choice((CELL, NEAR, FAR, None)),
        can_do=frozenset(need for need in (Need.LIFT, Need.MEAL) if chance.random() < 0.5),
        consent=chance.choice(("2026-11-01 on paper", "2026-11-01 on paper", "")),
        appeals=chance.choice(("2026-11-01 by sms", "")),
        stopped_at=chance.choice((None, None, None, None, NOW)),
        unreachable=chance.choice(("", "", "", "", "blocked")),
    )
    return member, [address for address in both if chance.random() < 0.6]


@pytest.fixture
async def town(database: Database) -> tuple[Database, list[tuple[Member, list[Address]]], int]:
    """An organiser, 250 people of all kinds, and a broadcast in which some were asked and some of
    these answered."""
    chance = random.Random(5)
    async with database.transaction() as tx:
        await group(tx)
        await members.add(tx, helper(name="Ana", roles=frozenset({Role.ORGANISER}), consent="x"))
        found = []
        for _ in range(250):
            member, at = somebody(chance)
            kept = await members.add(tx, member, *at)
            for address in at:
                if chance.random() < 0.3:
                    await members.wrote(tx, address, NOW)
                elif chance.random() < 0.2:
                    await members.out_of_reach(tx, kept.id, address, "no_address")
            found.append((kept, at))
        asked = await broadcasts.add(tx, broadcast(answers=("Yes", "No"), confirmed_at=NOW))
        await broadcasts.freeze(tx, asked, BOTH)
        for row in await tx.all(sa.select(recipients)):
            await broadcasts.had_turn(tx, row["id"], row["id"])
            if row["member_id"] % 2:
                await broadcasts.answer(tx, asked.id, row["member_id"], 0)
    return database, found, asked.id


AUDIENCES = [
    Audience(),
    *(Audience(role=role) for role in Role),
    Audience(areas=("HD7",)),
    Audience(areas=("HD7 5", "HD8")),
    *(Audience(cell=CELL, km=km) for km in (0.1, 2.0, broadcasts.MOST_KM)),
    Audience(language="cy"),
    Audience(need=Need.LIFT),
    Audience(role=Role.HELPER, areas=("HD7",), cell=CELL, km=2.0, language="en", need=Need.MEAL),
]


async def test_the_database_lists_whom_the_rules_mean(
    town: tuple[Database, list[tuple[Member, list[Address]]], int],
) -> None:
    database, people, asked = town
    async with database.transaction() as tx:
        were_asked = {row["member_id"] for row in await tx.all(sa.select(recipients))}
        for audience, purpose in product([*AUDIENCES, Audience(silent_in=asked)], Purpose):
            told = await broadcasts.add(tx, broadcast(audience=audience, purpose=purpose))
            reach = await broadcasts.reach(tx, told, BOTH)
            listed = await broadcasts.freeze(tx, told, BOTH)
            meant = [
                (member, at)
                for member, at in people
                if is_meant(
                    member,
                    audience,
                    cells.km_between(CELL, member.cell) if member.cell else None,
                    silent=member.id in were_asked and member.id % 2 == 0,
                )
            ]
            ways = {m.id: await members.reach(tx, m.id) for m, _ in meant}
            may = [m for m, _ in meant if ways[m.id] and may_not(told, m) is None]
            expected = {m.id: way.channel for m in may if (way := ways[m.id])}
            assert len(may) > 0, audience
            assert listed == reach.people == len(may), audience
            rows = await tx.all(
                sa.select(recipients)
                .where(recipients.c.broadcast_id == told.id)
                .order_by(recipients.c.id)
            )
            assert {row["member_id"]: row["channel"] for row in rows} == expected, audience
            left_out = Counter(
                may_not(told, m) or LeftOut.UNREACHABLE
                for m, _ in meant
                if not ways[m.id] or may_not(told, m)
            )
            # Who can't be reached at all is counted as that, whether or not they consent.
            assert sum(reach.left_out.values()) == left_out.total(), audience
            assert reach.left_out.get(LeftOut.STOPPED) == (left_out[LeftOut.STOPPED] or None)


async def test_one_that_is_frozen_twice_lists_nobody_twice(
    town: tuple[Database, list[tuple[Member, list[Address]]], int],
) -> None:
    database, _, _ = town
    async with database.transaction() as tx:
        told = await broadcasts.add(tx, broadcast())
        first = await broadcasts.freeze(tx, told, BOTH)
        assert first > 0
        assert await broadcasts.freeze(tx, told, BOTH) == 0
        assert await broadcasts.to_come(tx, told.id) == first


async def _give(tx: Transaction, recipient: Recipient) -> int:
    told = outbound(
        priority=Priority.BROADCAST, about={"kind": "broadcast"}, member_id=recipient.member_id
    )
    ident = await messages.queue(tx, told)
    await broadcasts.had_turn(tx, recipient.id, ident)
    return ident


async def test_how_far_it_is_and_what_can_be_taken_back(
    town: tuple[Database, list[tuple[Member, list[Address]]], int],
) -> None:
    database, _, _ = town
    async with database.transaction() as tx:
        told = await broadcasts.add(tx, broadcast())
        listed = await broadcasts.freeze(tx, told, BOTH)
        first = await broadcasts.next_recipients(tx, told.id, Channel.SMS, 5)
        assert len(first) == 5
        sent, delivered, failed, waits, away = [await _give(tx, each) for each, _ in first]
        # The next are others, and come one after another in the order of the list.
        more = await broadcasts.next_recipients(tx, told.id, Channel.SMS, 5)
        assert not {each.id for each, _ in first} & {each.id for each, _ in more}
        await broadcasts.leave_out(tx, more[0][0].id, LeftOut.STOPPED)
        await outcomes.sent(tx, sent, SendStatus.SENT, NOW, parts=2)
        await outcomes.sent(tx, delivered, SendStatus.DELIVERED, NOW, parts=1)
        await outcomes.sent(tx, failed, SendStatus.FAILED, NOW, code="30005", reason="no_address")
        await outcomes.retry(tx, away, "me", NOW + timedelta(hours=3), "30003")
        assert await broadcasts.in_hand(tx, Channel.SMS, NOW) == 2
        assert await broadcasts.unsettled(tx, told.id, NOW) == 2
        counts = await broadcasts.counts(tx, told.id)
        assert (counts.listed, counts.sent, counts.delivered, counts.waiting) == (listed, 2, 1, 2)
        assert (counts.failed, counts.left_out) == ({"no_address": 1}, {LeftOut.STOPPED: 1})
        assert (counts.ahead, counts.parts) == (listed - 6, 3)
        assert await broadcasts.awaited(tx, told.id, Channel.SMS)
        assert not await broadcasts.awaited(tx, told.id, Channel.TELEGRAM)
        assert await broadcasts.withdraw(tx, told.id) == 2
        assert (await broadcasts.counts(tx, told.id)).withdrawn == 2
        assert waits != away


async def test_a_broadcast_comes_back_as_it_was_kept_and_nothing_of_it_can_be_read(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        await group(tx)
        await members.add(tx, helper(roles=frozenset({Role.ORGANISER})))
        full = broadcast(
            purpose=Purpose.APPEAL,
            audience=replace(AUDIENCES[-1], place="HD7 5AB"),
            settled=("to_whom", "purpose"),
            answers=("canary yes", "canary no"),
            texts={"cy": "Mae canary ar gau.", "en": "The canary is closed."},
            urgent="the canary is out",
            go_at=NOW,
            code="4821",
            code_until=NOW,
            tries=2,
            confirmed_at=NOW,
            fed_at=NOW,
            told_at=NOW,
            reported_at=NOW,
            listed=7,
        )
        kept = await broadcasts.add(tx, full)
        assert replace(kept, id=0) == full
        assert list(kept.texts) == ["cy", "en"]
        tables = ("broadcasts", "broadcast_texts")
        rows = [await tx.all(sa.text(f"SELECT * FROM {table}")) for table in tables]
        assert "canary" not in str(rows)
        assert "HD7 5AB" not in str(rows)
        again = await broadcasts.save(tx, replace(kept, tries=3))
        assert await broadcasts.get(tx, kept.id, lock=True) == again


async def test_an_answer_that_is_changed_counts_once(
    town: tuple[Database, list[tuple[Member, list[Address]]], int],
) -> None:
    database, people, asked = town
    async with database.transaction() as tx:
        before = await broadcasts.answers(tx, asked)
        one = next(row["member_id"] for row in await tx.all(sa.select(recipients)))
        for which in (0, 1, 1):
            assert await broadcasts.answer(tx, asked, one, which)
        after = await broadcasts.answers(tx, asked)
        assert sum(after.values()) - sum(before.values()) in (0, 1)
        assert after[1] == 1
        assert [member.id for member in await broadcasts.who_answered(tx, asked, 1, 9)] == [one]
        # Who was not asked has no answer to give.
        outsider = max(member.id for member, _ in people) + 10
        assert not await broadcasts.answer(tx, asked, outsider, 0)
