"""Statuses only rise, receipts come in any order, and nothing with an unknown end is forgotten."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
import sqlalchemy as sa

from storage import messages, outcomes
from storage.database import Database, Transaction
from storage.model import SEND_RANK, Channel, DeliveryReceipt, SendStatus
from storage.schema import outbox
from tests.made import NOW, outbound

S = SendStatus
HOUR = timedelta(hours=1)


async def sending(tx: Transaction, holder: str = "me", **facts: object) -> int:
    ident = await messages.queue(tx, outbound(**facts))
    await messages.claim(tx, Channel.SMS, holder, NOW, 1, [])
    return ident


async def status(tx: Transaction, ident: int) -> SendStatus:
    found = await messages.get(tx, ident)
    assert found
    return found.status


@pytest.mark.parametrize("order", list(itertools.permutations((S.SENT, S.DELIVERED, S.UNKNOWN))))
async def test_a_status_only_rises_in_whatever_order(
    order: tuple[SendStatus, ...], database: Database
) -> None:
    async with database.transaction() as tx:
        ident = await sending(tx)
        highest = S.SENDING
        for each in (*order, *order):
            news = await outcomes.sent(tx, ident, each, NOW, provider_id="SM1")
            assert news == (SEND_RANK[each] > SEND_RANK[highest])
            highest = max(highest, each, key=SEND_RANK.__getitem__)
            assert await status(tx, ident) == highest
        assert await status(tx, ident) == S.DELIVERED


async def test_many_that_were_sent_are_noted_as_one_would_be(database: Database) -> None:
    async with database.transaction() as tx:
        plain, overtaken, done = [await sending(tx, chat=f"+44770090012{n}") for n in range(3)]
        # A receipt came first, and could not know whose it was.
        await outcomes.sent(tx, overtaken, S.DELIVERED, NOW - HOUR)
        await outcomes.sent(tx, done, S.DELIVERED, NOW - HOUR, provider_id="SM3")
        found = [(plain, "SM1", 2), (overtaken, "SM2", 1), (done, "SM9", 1)]
        await outcomes.all_sent(tx, found, NOW)
        rows = await tx.all(
            sa.select(
                outbox.c.status, outbox.c.provider_id, outbox.c.segments, outbox.c.sent_at
            ).order_by(outbox.c.id)
        )
    assert [tuple(row.values()) for row in rows] == [
        ("sent", "SM1", 2, NOW),
        ("delivered", "SM2", 0, NOW - HOUR),
        ("delivered", "SM3", 0, NOW - HOUR),
    ]


def receipt(
    status: SendStatus, ident: str = "SM1", outbox_id: int | None = None
) -> DeliveryReceipt:
    return DeliveryReceipt(Channel.SMS, ident, status, "", outbox_id)


async def ids(tx: Transaction, most: int = 50) -> list[tuple[int | None, SendStatus]]:
    found = await outcomes.next_receipts(tx, most)
    return [(each.receipt.outbox_id, each.receipt.status) for each in found]


async def test_a_repeated_receipt_is_kept_once_and_applied_once(database: Database) -> None:
    async with database.transaction() as tx:
        ident = await sending(tx)
        await outcomes.sent(tx, ident, S.SENT, NOW, provider_id="SM1")
        for _ in range(3):
            await outcomes.keep_receipts(tx, [receipt(S.SENT), receipt(S.SENT)], NOW)
        (one,) = await outcomes.next_receipts(tx)
        assert one.receipt.outbox_id == ident
        assert await outcomes.applied(tx, one.id, NOW)
        assert not await outcomes.applied(tx, one.id, NOW)
        await outcomes.keep_receipts(tx, [receipt(S.SENT)], NOW)
        assert await ids(tx) == []


async def test_a_receipt_that_overtook_the_answer_waits_for_it(database: Database) -> None:
    async with database.transaction() as tx:
        ident = await sending(tx)
        await outcomes.keep_receipts(tx, [receipt(S.FAILED, outbox_id=ident)], NOW)
        assert await ids(tx) == []
        await outcomes.sent(tx, ident, S.SENT, NOW, provider_id="SM1")
        assert await ids(tx) == [(ident, S.FAILED)]


async def test_receipts_of_texts_that_are_not_ours_hold_up_no_other(database: Database) -> None:
    async with database.transaction() as tx:
        ident = await sending(tx)
        await outcomes.sent(tx, ident, S.SENT, NOW, provider_id="SM1")
        strange = [receipt(S.SENT, f"XX{n}") for n in range(200)]
        await outcomes.keep_receipts(tx, [*strange, receipt(S.DELIVERED)], NOW)
        assert await ids(tx, most=10) == [(ident, S.DELIVERED)]


async def test_one_that_nobody_knows_is_forgotten_after_a_day_and_a_known_one_is_not(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        ident = await sending(tx)
        strange = receipt(S.SENT, "XX")
        await outcomes.keep_receipts(tx, [strange, receipt(S.FAILED)], NOW - timedelta(days=3))
        await outcomes.pass_over_old(tx, NOW)  # a day has gone by: it will not be known any more
        await outcomes.sent(tx, ident, S.SENT, NOW, provider_id="SM1")
        assert await ids(tx) == []
        await outcomes.keep_receipts(tx, [receipt(S.DELIVERED)], NOW - timedelta(days=3))
        await outcomes.pass_over_old(tx, NOW)
        assert await ids(tx) == [(ident, S.DELIVERED)]


async def test_thousands_of_receipts_at_once_are_kept(database: Database) -> None:
    async with database.transaction() as tx:
        many = [receipt(S.SENT, f"SM{n}") for n in range(7000)]
        await outcomes.keep_receipts(tx, many, NOW)


async def test_what_another_life_was_sending_is_asked_after_and_our_own_is_not(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        theirs, ours = await sending(tx, "dead"), await sending(tx, "me", chat="+447700900124")
        assert await outcomes.interrupted(tx, Channel.SMS, "me", NOW + HOUR) == 1
        assert [await status(tx, each) for each in (theirs, ours)] == [S.UNKNOWN, S.SENDING]
        assert await outcomes.next_ask_at(tx, Channel.SMS) == NOW + HOUR
        assert await outcomes.to_ask_after(tx, Channel.SMS, NOW) == []
        found = await outcomes.to_ask_after(tx, Channel.SMS, NOW + HOUR)
        assert [each.id for each in found] == [theirs]
        assert await outcomes.interrupted(tx, Channel.SMS, "me", NOW) == 0


async def test_what_can_never_be_known_is_not_asked_after_again(database: Database) -> None:
    async with database.transaction() as tx:
        ident = await sending(tx)
        await outcomes.unknown(tx, ident, outcomes.NEVER, "can't be asked")
        assert await outcomes.next_ask_at(tx, Channel.SMS) is None
        assert await outcomes.to_ask_after(tx, Channel.SMS, NOW + timedelta(days=9999)) == []


async def test_what_is_known_by_now_is_not_made_unknown(database: Database) -> None:
    async with database.transaction() as tx:
        ident = await sending(tx)
        await outcomes.sent(tx, ident, S.DELIVERED, NOW, provider_id="SM1")
        await outcomes.unknown(tx, ident, NOW, "late")
        await outcomes.again(tx, ident, NOW, "late")
        await outcomes.retry(tx, ident, "me", NOW, "late")
        assert not await outcomes.resend(tx, ident, NOW, "late", 3)
        assert await status(tx, ident) == S.DELIVERED


async def test_ids_of_other_messages_are_told_from_ones_own(database: Database) -> None:
    async with database.transaction() as tx:
        one, two = await sending(tx), await sending(tx, chat="+447700900124")
        await outcomes.sent(tx, one, S.SENT, NOW, provider_id="SM1")
        known = await outcomes.known_by(tx, Channel.SMS, ["SM1", "SM2"], but=two)
        assert known == {"SM1"}
        assert await outcomes.known_by(tx, Channel.SMS, ["SM1"], but=one) == set()
