"""What came in is kept once and handled in order; what goes out is claimed in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from storage import messages, outcomes
from storage.database import Database, Transaction, open_database
from storage.messages import SOON, TRIES, UnreadableError
from storage.model import Channel, OutboundKind, OutboundMessage, Priority, SendStatus
from storage.schema import inbox, outbox
from storage.vault import Vault
from tests.conftest import SECRET
from tests.made import NOW, ROSA, inbound, outbound
from tests.storage.asked import asked_of_sqlite

SAM = "+447700900124"


async def keep(database: Database, *found: object) -> int:
    async with database.transaction() as tx:
        return await messages.keep_inbound(tx, found, NOW)  # type: ignore[arg-type]


async def test_a_repeat_is_known_by_the_providers_id(database: Database) -> None:
    assert await keep(database, inbound("SM1"), inbound("SM2")) == 2
    assert await keep(database, inbound("SM2"), inbound("SM3"), inbound("SM3")) == 1
    # The same id at another provider is another message.
    assert await keep(database, inbound("SM1", channel=Channel.TELEGRAM)) == 1


async def test_thousands_at_once_are_kept(database: Database) -> None:
    # More than one statement may carry values for.
    assert await keep(database, *(inbound(f"SM{n}") for n in range(6000))) == 6000


async def test_everything_of_a_message_comes_back(database: Database) -> None:
    whole = inbound(
        "77",
        channel=Channel.TELEGRAM,
        chat="-100",
        sender="12",
        button="token:1",
        answers="99",
        latitude=53.6,
        longitude=-1.9,
        in_group=True,
        name="Sam",
        language="cy",
        text="a\nb \N{GRINNING FACE}",
    )
    await keep(database, whole)
    async with database.transaction() as tx:
        waiting = await messages.next_inbound(tx)
    assert waiting and waiting.message == whole


async def test_one_that_cant_be_read_says_so_and_set_aside_holds_up_nobody(
    database: Database,
) -> None:
    await keep(database, inbound("SM1"), inbound("SM2"))
    async with database.transaction() as tx:
        await tx.run(sa.update(inbox).where(inbox.c.id == 1).values(sealed_message=b"x" * 40))
        with pytest.raises(UnreadableError) as caught:
            await messages.next_inbound(tx)
        await messages.count_attempt(tx, caught.value.id, TRIES)
        waiting = await messages.next_inbound(tx)
        assert waiting and waiting.message.provider_id == "SM2"
        assert await messages.inbound_waiting(tx) == 2  # it is not lost either


async def test_a_message_is_handled_once(database: Database) -> None:
    await keep(database, inbound("SM1"))
    async with database.transaction() as tx:
        assert await messages.handled(tx, 1, NOW)
        assert not await messages.handled(tx, 1, NOW)
        assert await messages.next_inbound(tx) is None


async def test_lanes_stay_in_order_however_many_work(database: Database) -> None:
    people = [f"+4477009001{n:02d}" for n in range(6)]
    chance = random.Random(3)
    sent = [(chance.choice(people), f"SM{n}") for n in range(120)]
    await keep(database, *(inbound(ident, chat=who) for who, ident in sent))
    order: list[tuple[str, str]] = []

    async def work() -> None:
        while True:
            async with database.transaction() as tx:
                waiting = await messages.next_inbound(tx)
                if waiting is None:
                    left = await messages.inbound_waiting(tx)
                    if not left:
                        return
                    continue  # the others hold what is left
                for _ in range(chance.randrange(4)):
                    await asyncio.sleep(0)
                if chance.random() < 0.1:
                    await messages.count_attempt(tx, waiting.id, -waiting.attempts)
                    continue  # it went wrong; its lane must wait for it
                await messages.handled(tx, waiting.id, NOW)
                order.append((waiting.message.sender, waiting.message.provider_id))

    await asyncio.gather(*(work() for _ in range(5)))
    assert sorted(order) == sorted(sent)
    for who in people:
        assert [i for w, i in order if w == who] == [i for w, i in sent if w == who]


# What goes out


async def queue(tx: Transaction, **facts: object) -> int:
    at = facts.pop("at", None)
    edits = facts.pop("edits_id", None)
    return await messages.queue(tx, outbound(**facts), at=at, edits_id=edits)  # type: ignore[arg-type]


async def claim(tx: Transaction, most: int = 16, busy: Sequence[str] = ()) -> list[OutboundMessage]:
    found = await messages.claim(tx, Channel.SMS, "me", NOW, most, busy)
    return [message for message, _ in found]


async def test_everything_of_an_outbound_message_comes_back(database: Database) -> None:
    whole = outbound(
        buttons=(("t:0", "Yes"), ("t:1", "No")),
        answers="77",
        quiet=True,
        ask_location=True,
        about={"kind": "offer", "ref": 7},
        priority=Priority.OFFER,
    )
    async with database.transaction() as tx:
        ident = await messages.queue(tx, whole)
        found = await messages.get(tx, ident)
    assert found is not None
    assert {n: getattr(found, n) for n in whole.__slots__ if n != "id"} == {
        n: getattr(whole, n) for n in whole.__slots__ if n != "id"
    }


async def test_many_at_once_are_as_if_one_by_one(database: Database) -> None:
    several = [
        (outbound(text=text, chat=SAM, member_id=None), at)
        for text, at in (("c", None), ("a", NOW + timedelta(hours=1)), ("b", None))
    ]
    async with database.transaction() as tx:
        assert await messages.queue_all(tx, []) == []
        idents = await messages.queue_all(tx, several)
        (alone,) = await messages.queue_all(tx, several[:1])
        texts = [(await messages.get(tx, ident)).text for ident in (*idents, alone)]  # type: ignore[union-attr]
        assert texts == ["c", "a", "b", "c"]
        assert idents == sorted(idents)
        assert await messages.next_send_at(tx, Channel.SMS, NOW) == NOW + timedelta(hours=1)


async def test_the_most_pressing_go_first_then_the_oldest(database: Database) -> None:
    async with database.transaction() as tx:
        for n, priority in enumerate(reversed(Priority)):
            for twice in (0, 1):
                chat = f"+44770090{n:03d}{twice}"
                await queue(tx, chat=chat, priority=priority, text=f"{priority.value} {twice}")
        words = [message.text for message in await claim(tx)]
    assert words == [f"{priority.value} {n}" for priority in Priority for n in (0, 1)]


async def test_no_more_are_claimed_than_asked_for_and_none_twice(database: Database) -> None:
    async with database.transaction() as tx:
        for n in range(5):
            await queue(tx, chat=f"+4477009000{n:02d}")
        assert [len(await claim(tx, 2)) for _ in range(4)] == [2, 2, 1, 0]


async def test_one_a_chat_at_a_time(database: Database) -> None:
    async with database.transaction() as tx:
        await queue(tx, text="1")
        await queue(tx, text="2")
        await queue(tx, text="3", priority=Priority.OFFER)
        await queue(tx, chat=SAM, text="sam's")
        lane = tx.vault.fingerprint(Channel.SMS, ROSA)
        assert [m.text for m in await claim(tx)] == ["1", "sam's"]
        assert await claim(tx, busy=[lane]) == []
        assert [m.text for m in await claim(tx)] == ["2"]
        assert [m.text for m in await claim(tx)] == ["3"]


async def test_an_emergency_overtakes_in_its_own_chat(database: Database) -> None:
    async with database.transaction() as tx:
        await queue(tx, text="later")
        await queue(tx, text="999", priority=Priority.EMERGENCY)
        assert [m.text for m in await claim(tx)] == ["999"]


async def test_what_goes_again_soon_holds_back_the_later_ones_of_its_chat(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        first = await queue(tx, text="first")
        await queue(tx, text="second")
        await claim(tx)
        await outcomes.retry(tx, first, "me", NOW + SOON, "busy")
        assert await claim(tx) == []
        await tx.run(sa.update(outbox).where(outbox.c.id == first).values(next_at=NOW + 2 * SOON))
        assert [m.text for m in await claim(tx)] == ["second"]


async def test_what_waits_for_the_morning_holds_back_nothing(database: Database) -> None:
    async with database.transaction() as tx:
        await queue(tx, text="offer", at=NOW + timedelta(seconds=30))
        await queue(tx, text="reply")
        assert [m.text for m in await claim(tx)] == ["reply"]
        assert await messages.next_send_at(tx, Channel.SMS) == NOW + timedelta(seconds=30)


async def test_the_next_moment_to_send_can_be_looked_for_after_now(database: Database) -> None:
    async with database.transaction() as tx:
        await queue(tx, at=NOW - timedelta(hours=1))
        await queue(tx, chat=SAM, at=NOW + timedelta(hours=1), priority=Priority.BROADCAST)
        await queue(tx, chat=SAM, at=NOW + timedelta(hours=2))
        assert await messages.next_send_at(tx, Channel.SMS) == NOW - timedelta(hours=1)
        assert await messages.next_send_at(tx, Channel.SMS, NOW) == NOW + timedelta(hours=1)
        assert await messages.next_send_at(tx, Channel.TELEGRAM) is None


async def test_an_edit_waits_for_its_original_and_knows_its_id(database: Database) -> None:
    async with database.transaction() as tx:
        original = await queue(tx, text="old", chat=SAM)
        await queue(tx, text="new", kind=OutboundKind.EDIT, edits_id=original)
        assert [m.text for m in await claim(tx)] == ["old"]
        assert await claim(tx) == []
        await outcomes.sent(tx, original, SendStatus.SENT, NOW, provider_id="88")
        (edit,) = await claim(tx)
        assert (edit.text, edit.edits) == ("new", "88")


async def test_what_cant_be_read_is_put_off_and_goes_with_the_right_key(
    database: Database, database_url: str
) -> None:
    other = open_database(database_url, Vault(SECRET + "another"))
    async with other.transaction() as tx:
        await queue(tx, text="sealed with another key")
    async with database.transaction() as tx:
        await queue(tx, chat=SAM, text="readable")
        assert [m.text for m in await claim(tx)] == ["readable"]
        assert await messages.code_of(tx, 1) == "unreadable"
        assert await messages.next_send_at(tx, Channel.SMS) == NOW + timedelta(hours=1)
    async with other.transaction() as tx:
        later = NOW + timedelta(hours=1)
        found = await messages.claim(tx, Channel.SMS, "me", later, 9, [])
        assert [(m.text, m.attempts) for m, _ in found] == [("sealed with another key", 1)]
    await other.close()


@pytest.mark.parametrize("fate", [SendStatus.FAILED, SendStatus.WITHDRAWN, SendStatus.UNKNOWN])
async def test_an_edit_of_what_never_went_goes_nowhere(
    database: Database, fate: SendStatus
) -> None:
    async with database.transaction() as tx:
        original = await queue(tx, channel=Channel.TELEGRAM)
        edit = await queue(tx, channel=Channel.TELEGRAM, kind=OutboundKind.EDIT, edits_id=original)
        await tx.change(outbox, original, status=fate.value)
        assert await messages.claim(tx, Channel.TELEGRAM, "me", NOW, 9, []) == []
        found = await messages.get(tx, edit)
        assert found and found.status is SendStatus.WITHDRAWN


async def test_what_is_put_off_counts_no_attempt(database: Database) -> None:
    async with database.transaction() as tx:
        ident = await queue(tx)
        await claim(tx)
        await messages.postpone(tx, ident, NOW + timedelta(hours=1))
        found = await messages.get(tx, ident)
        assert found and (found.attempts, found.status) == (0, SendStatus.QUEUED)


async def test_only_what_has_not_gone_can_be_taken_back(database: Database) -> None:
    async with database.transaction() as tx:
        one, two = await queue(tx), await queue(tx, chat=SAM)
        assert await messages.withdraw(tx, one)
        assert not await messages.withdraw(tx, one)
        assert [m.id for m in await claim(tx)] == [two]
        assert not await messages.withdraw(tx, two)


# Long queues


async def test_the_questions_asked_all_day_are_answered_from_an_index(tmp_path: Path) -> None:
    database = open_database(f"sqlite+aiosqlite:///{tmp_path}/a.db", Vault(SECRET))
    async with database.engine.begin() as connection:
        await connection.run_sync(inbox.metadata.create_all)
    async with database.transaction() as tx:
        with asked_of_sqlite() as asked:
            await messages.next_inbound(tx)
            await messages.behind(tx, NOW)
            await messages.claim(tx, Channel.SMS, "me", NOW, 4, [])
            await messages.next_send_at(tx, Channel.SMS)
            await messages.next_send_at(tx, Channel.SMS, NOW)
            await outcomes.to_ask_after(tx, Channel.SMS, NOW)
            await outcomes.next_ask_at(tx, Channel.SMS)
        assert len(asked) == 7
        for sql, values in asked:
            found = await tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
            how = [row[3] for row in found]
            reads = [step for step in how if " outbox" in step or " inbox" in step]
            # A scan of an index of only the waiting rows, in order, is as good as a search.
            assert all("INDEX ix_" in step or "PRIMARY KEY" in step for step in reads), how
            assert not any("TEMP B-TREE" in step for step in how), how
    await database.close()
