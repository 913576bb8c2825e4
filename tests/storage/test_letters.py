"""Dead letters, codes that make one of two addresses, and where somebody is written to."""

from __future__ import annotations

import random
from datetime import timedelta

import sqlalchemy as sa

from storage import letters, links, members, messages, outcomes
from storage.database import Database
from storage.model import Address, Channel, OutboundKind, SendStatus
from storage.schema import outbox
from tests.made import NOW, ROSA, asker, group, outbound

PHONE, CHAT = Address(Channel.SMS, ROSA), Address(Channel.TELEGRAM, "4711")
MINUTE = timedelta(minutes=1)


async def test_a_letter_is_dead_when_nothing_more_will_be_known_of_it(database: Database) -> None:
    async with database.transaction() as tx:
        here = await group(tx)
        idents = [
            await messages.queue(tx, outbound(community_id=here.id, about={"kind": "visit"}))
            for _ in range(5)
        ]
        waits, arrived, failed, asked_after, lost = idents
        await messages.queue(tx, outbound(community_id=here.id, kind=OutboundKind.TOAST))
        await messages.claim(tx, Channel.SMS, "me", NOW, 1, [])
        for ident, status in ((arrived, SendStatus.DELIVERED), (failed, SendStatus.FAILED)):
            await outcomes.sent(tx, ident, status, NOW, code="30005", reason="no_address")
        for ident in (asked_after, lost):
            await tx.run(_sending(ident))
        await outcomes.unknown(tx, asked_after, NOW + MINUTE, "no_answer")
        await outcomes.unknown(tx, lost, outcomes.NEVER, "can't be asked")
        count, dead = await letters.dead(tx, here.id, NOW - MINUTE, 10)
        assert (count, {(each.id, each.reason, each.about) for each in dead}) == (
            2,
            {(failed, "no_address", "visit"), (lost, "unknown", "visit")},
        )
        assert await letters.dead(tx, here.id, NOW + MINUTE, 10) == (0, [])
        assert await letters.dead(tx, here.id + 1, NOW - MINUTE, 10) == (0, [])
        assert (await letters.dead(tx, here.id, NOW - MINUTE, 1))[0] == 2
        post = await letters.post(tx, here.id, NOW - MINUTE)
        assert (post.sent, post.delivered, post.waiting) == (1, 1, 1)
        assert waits


def _sending(ident: int) -> sa.Update:
    return sa.update(outbox).where(outbox.c.id == ident).values(status=SendStatus.SENDING.value)


async def test_somebody_is_written_to_where_they_wrote_last(database: Database) -> None:
    async with database.transaction() as tx:
        await group(tx)
        rosa = await members.add(tx, asker(), PHONE, CHAT)
        assert await members.reach(tx, rosa.id) == CHAT
        await members.wrote(tx, PHONE, NOW)
        assert await members.reach(tx, rosa.id) == PHONE
        await members.wrote(tx, CHAT, NOW + MINUTE)
        assert await members.reach(tx, rosa.id) == CHAT
        assert await members.reach(tx, rosa.id, but=[Channel.TELEGRAM]) == PHONE
        assert not await members.out_of_reach(tx, rosa.id, CHAT, "no_such_chat")
        assert await members.reach(tx, rosa.id) == PHONE
        assert await members.out_of_reach(tx, rosa.id, PHONE, "30005")
        assert await members.reach(tx, rosa.id) is None
        await members.wrote(tx, PHONE, NOW + 2 * MINUTE)
        assert await members.reach(tx, rosa.id) == PHONE


async def test_a_code_is_good_once_for_half_an_hour_and_the_latest_only(database: Database) -> None:
    chance = random.Random(5)
    async with database.transaction() as tx:
        await group(tx)
        await members.add(tx, asker(), PHONE)
        first = (await links.make(tx, PHONE, NOW, chance)).replace("-", "")
        code = (await links.make(tx, PHONE, NOW, chance)).replace("-", "")
        assert await links.spend(tx, first, NOW) is None
        assert await links.spend(tx, code, NOW) == PHONE
        assert await links.spend(tx, code, NOW) is None
        late = (await links.make(tx, PHONE, NOW, chance)).replace("-", "")
        assert await links.spend(tx, late, NOW + links.GOOD_FOR) is None
        assert await links.spend(tx, late, NOW + links.GOOD_FOR - MINUTE) == PHONE
