"""Counts for the daily note."""

from __future__ import annotations

from datetime import timedelta

from storage import members, messages, outcomes, requests, tally
from storage.database import Database
from storage.model import Address, Channel, RequestStatus, SendStatus, VisitStatus
from storage.tally import Tally
from tests.made import NOW, ROSA, asker, group, helper, outbound, request

DAY = timedelta(days=1)


async def test_what_a_group_had_since_then_and_no_other_group(database: Database) -> None:
    async with database.transaction() as tx:
        for name in ("Marsden Neighbours", "Golcar Neighbours"):
            made = await group(tx, name=name)
            rosa = await members.add(tx, asker(community_id=made.id))
            sam = await members.add(tx, helper(community_id=made.id))
            facts = {"community_id": made.id, "asker_id": rosa.id}
            old = await requests.add(tx, request(**facts, created_at=NOW - 3 * DAY))
            new = await requests.add(tx, request(**facts))
            await requests.add(tx, request(**facts, status=RequestStatus.DRAFT))
            await requests.add_visit(tx, old, sam.id, "ROBIN", NOW, NOW - 2 * DAY)
            for word in ("CLOVER", "DAISY"):  # the first one could not come
                visit = await requests.add_visit(tx, new, sam.id, word, NOW, NOW)
                if word == "CLOVER":
                    await requests.set_visit(tx, visit.id, VisitStatus.GIVEN_UP)
            for sent_at, parts in ((NOW - 2 * DAY, 1), (NOW, 2), (NOW, 1), (NOW, 0)):
                ident = await messages.queue(tx, outbound(community_id=made.id))
                assert await outcomes.sent(tx, ident, SendStatus.SENT, sent_at, parts=parts)
            await messages.queue(tx, outbound(community_id=made.id))  # not sent yet
        assert await tally.between(tx, 1, NOW - DAY, NOW + DAY) == Tally(1, 1, 0, 2, 3)
        assert await tally.between(tx, 2, NOW - 4 * DAY, NOW + DAY) == Tally(2, 2, 0, 3, 4)
        assert await tally.between(tx, 1, NOW - DAY, NOW) == Tally(0, 0, 0, 0, 0)


async def test_a_receipt_changes_nothing_of_what_it_cost(database: Database) -> None:
    async with database.transaction() as tx:
        made = await group(tx)
        await members.add(tx, asker(), Address(Channel.SMS, ROSA))
        ident = await messages.queue(tx, outbound(community_id=made.id))
        await outcomes.sent(tx, ident, SendStatus.SENT, NOW, provider_id="SM1", parts=2)
        await outcomes.sent(tx, ident, SendStatus.DELIVERED, NOW + DAY)
        assert (await tally.between(tx, made.id, NOW - DAY, NOW + DAY)).parts == 2
