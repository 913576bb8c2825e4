"""What came in is on the disk before anybody is told so, and has its effect once and in order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import intake as module
from bot.channels.base import PermanentError, Received, RetryableError
from bot.clock import VirtualClock
from bot.intake import Intake, poll
from handlers import router, wording
from handlers.turn import Desk
from storage import audit, due, keepsakes, members, messages
from storage.database import Database, StorageUnavailableError, Transaction
from storage.messages import TRIES
from storage.model import Address, Channel, DeliveryReceipt, InboundMessage, Role, SendStatus
from storage.places import Atlas, Postcodes
from storage.schema import inbox
from tests.made import NOW, ROSA, group, helper, inbound

ANA = "+447700900999"


@pytest.fixture
async def desk(database: Database) -> Intake:
    """An inbox with nobody behind it yet."""
    made = Desk(wording.load(), Atlas(Postcodes()), random.Random(1))
    return Intake(database, VirtualClock(NOW), made, lambda _: PermanentError("x"))


async def stored(intake: Intake) -> list[str]:
    async with intake._database.transaction() as tx:
        rows = await tx.all(sa.select(inbox.c.provider_id).order_by(inbox.c.id))
    return [row["provider_id"] for row in rows]


def call(*idents: str, chat: str = ROSA) -> Received:
    return Received(tuple(inbound(ident, chat=chat) for ident in idents))


class Commits:
    """Counts what is committed, and lets it go wrong."""

    def __init__(self, intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.wrong: Exception | None = None
        self.gate: asyncio.Event | None = None
        keep = intake._keep

        async def kept(tx: Transaction, batch: Any) -> None:
            if self.gate:
                await self.gate.wait()
            await keep(tx, batch)
            self.count += 1
            if self.wrong:
                raise self.wrong

        monkeypatch.setattr(intake, "_keep", kept)


async def test_calls_that_come_together_share_a_commit(
    desk: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = Commits(desk, monkeypatch)
    commits.gate = asyncio.Event()
    calls = [asyncio.ensure_future(desk.store(call(f"SM{n}"))) for n in range(300)]
    await asyncio.sleep(0)
    commits.gate.set()
    await asyncio.gather(*calls)
    assert await stored(desk) == [f"SM{n}" for n in range(300)]
    assert commits.count <= 1 + -(-300 // module.MOST_AT_ONCE)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(("call", "hang up", "pause")))))
async def test_every_call_that_was_told_yes_is_kept_once(
    desk: Intake, steps: list[tuple[int, str]]
) -> None:
    yes: set[str] = set()

    async def one(ident: str) -> None:
        await desk.store(call(ident))
        yes.add(ident)

    calls = []
    for n, step in steps:
        if step == "pause":
            await asyncio.sleep(0)
            continue
        calls.append(asyncio.ensure_future(one(f"SM{n}")))
        if step == "hang up":
            await asyncio.sleep(0)
            calls[-1].cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await asyncio.gather(*desk._commits, return_exceptions=True)
    kept = await stored(desk)
    assert len(kept) == len(set(kept))
    assert yes <= set(kept) <= yes | {f"SM{n}" for n, _ in steps}
    async with desk._database.transaction() as tx:
        await tx.run(sa.delete(inbox))


async def test_when_a_commit_fails_everybody_is_told_and_nothing_is_kept(
    desk: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = Commits(desk, monkeypatch)
    commits.wrong = StorageUnavailableError("full")
    told = await asyncio.gather(
        *(desk.store(call(f"SM{n}")) for n in range(20)), return_exceptions=True
    )
    assert [type(each) for each in told] == [StorageUnavailableError] * 20
    commits.wrong = None
    assert await stored(desk) == []
    await desk.store(call("SM1"))  # and the provider calls again
    assert await stored(desk) == ["SM1"]


async def test_one_that_cant_be_kept_does_not_take_the_others_with_it(
    desk: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = desk._keep

    async def kept(tx: Transaction, batch: Any) -> None:
        if any(m.provider_id == "bad" for each in batch for m in each.received.messages):
            raise ZeroDivisionError
        await keep(tx, batch)

    monkeypatch.setattr(desk, "_keep", kept)
    told = await asyncio.gather(
        *(desk.store(call(ident)) for ident in ("SM1", "bad", "SM2", "SM3")),
        return_exceptions=True,
    )
    assert [type(each) for each in told if each] == [StorageUnavailableError]
    assert await stored(desk) == ["SM1", "SM2", "SM3"]


async def test_whatever_goes_wrong_nobody_waits_for_an_answer_for_ever(
    desk: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(_batch: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(desk, "_kept", breaks)
    async with asyncio.timeout(30):
        told = await asyncio.gather(
            *(desk.store(call(f"SM{n}")) for n in range(5)), return_exceptions=True
        )
    assert all(isinstance(each, Exception) for each in told)


async def test_a_caller_who_hangs_up_takes_nobodys_message_with_them(
    desk: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = Commits(desk, monkeypatch)
    commits.gate = asyncio.Event()
    calls = [asyncio.ensure_future(desk.store(call(f"SM{n}"))) for n in range(10)]
    await asyncio.sleep(0)
    for each in calls[::3]:  # among them the one whose call began the commit
        each.cancel()
    await asyncio.sleep(0)
    commits.gate.set()
    told = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(each is None for each in told) == 6
    await asyncio.gather(*desk._commits, return_exceptions=True)
    assert set(await stored(desk)) >= {f"SM{n}" for n in range(10) if n % 3}


# Effects


@asynccontextmanager
async def handling(
    desk: Intake, monkeypatch: pytest.MonkeyPatch, receive: Any
) -> AsyncIterator[list[str]]:
    """A router that does as the test says; what was handled, in order."""
    done: list[str] = []

    async def handle(_desk: Desk, tx: Transaction, now: Any, message: InboundMessage) -> None:
        await audit.note(tx, now, "handled", "inbox", int(message.provider_id[2:]))
        await receive(message)
        done.append(message.provider_id)

    monkeypatch.setattr(router, "receive", handle)
    yield done


async def test_a_poisoned_message_is_tried_three_times_then_a_person_is_told_and_the_lane_goes_on(
    desk: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0

    async def receive(message: InboundMessage) -> None:
        nonlocal tried
        if message.provider_id == "SM1":
            tried += 1
            raise ZeroDivisionError

    async with desk._database.transaction() as tx:
        await group(tx)
        ana = helper(name="Ana Pole", roles=frozenset({Role.ORGANISER}))
        await members.add(tx, ana, Address(Channel.SMS, ANA))
    await desk.store(call("SM1", "SM2"))
    async with handling(desk, monkeypatch, receive) as done:
        await desk.drain()
    assert (tried, done) == (TRIES, ["SM2"])
    async with desk._database.transaction() as tx:
        sent = [m for m, _ in await messages.claim(tx, Channel.SMS, "me", NOW, 9, [])]
        # Their first message ever: they too hear of it, though nobody knew them.
        assert {m.chat for m in sent} == {ANA, ROSA}
        assert ROSA in next(m.text for m in sent if m.chat == ANA)
        assert await audit.about(tx, "inbox", 1) != []
        assert await messages.inbound_waiting(tx) == 0


async def test_where_nobody_can_be_told_either_it_is_set_aside_and_the_lane_goes_on(
    desk: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def receive(message: InboundMessage) -> None:
        if message.provider_id == "SM1":
            raise ZeroDivisionError

    async def fails(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(router, "gave_up", fails)
    await desk.store(call("SM1", "SM2"))
    async with handling(desk, monkeypatch, receive) as done:
        await desk.drain()
    assert done == ["SM2"]
    async with desk._database.transaction() as tx:
        assert await messages.inbound_waiting(tx) == 1  # it shows


async def test_storage_that_is_away_counts_against_no_message(
    desk: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = 5

    async def receive(message: InboundMessage) -> None:
        nonlocal away
        if away:
            away -= 1
            raise StorageUnavailableError("away")

    await desk.store(call("SM1"))
    async with handling(desk, monkeypatch, receive) as done:
        for _ in range(5):
            with pytest.raises(StorageUnavailableError):
                await desk.drain()
        await desk.drain()
    assert done == ["SM1"]


async def test_an_unreadable_message_holds_up_nobody(desk: Intake) -> None:
    await desk.store(call("SM1", "SM2"))
    async with desk._database.transaction() as tx:
        await tx.run(sa.update(inbox).where(inbox.c.id == 1).values(sealed_message=b"x" * 50))
    await desk.drain()
    async with desk._database.transaction() as tx:
        assert await messages.inbound_waiting(tx) == 1


async def test_each_persons_messages_are_handled_in_order_by_many_hands(
    desk: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(5)
    sent = [(f"+4477009001{chance.randrange(5):02d}", f"SM{n}") for n in range(80)]

    async def receive(message: InboundMessage) -> None:
        for _ in range(chance.randrange(5)):
            await asyncio.sleep(0)
        if chance.random() < 0.1:
            raise ZeroDivisionError

    async def told(*_: Any) -> None:
        pass

    monkeypatch.setattr(router, "gave_up", told)
    monkeypatch.setattr(module, "TRIES", 50)
    monkeypatch.setattr(messages, "TRIES", 50)
    await desk.store(Received(tuple(inbound(ident, chat=who) for who, ident in sent)))
    async with handling(desk, monkeypatch, receive) as done:
        while len(done) < len(sent):
            await asyncio.gather(*(desk.drain() for _ in range(4)))
    for who in {who for who, _ in sent}:
        mine = [ident for person, ident in sent if person == who]
        assert [ident for ident in done if ident in mine] == mine
    async with desk._database.transaction() as tx:
        # And each had its effect once, whatever went wrong before it did.
        assert [len(await audit.about(tx, "inbox", n)) for n in range(80)] == [1] * 80


async def test_an_emergency_is_heard_before_a_backlog_with_what_its_sender_wrote_first(
    desk: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def receive(_message: InboundMessage) -> None:
        pass

    fallen = "my husband has fallen and can't get up"
    await desk.store(call("SM1", "SM2", chat=ANA))
    await desk.store(call("SM3"))
    await desk.store(call("SM4", chat=ANA))
    # A line of a moment is none: there is nothing to look twice for.
    await desk.store(Received((inbound("SM5", text=fallen, chat=ANA),)))
    desk._clock = VirtualClock(NOW + timedelta(seconds=30))
    await desk.store(call("SM6"))
    await desk.store(Received((inbound("SM7", text=fallen),)))
    await desk.store(call("SM8"))
    async with handling(desk, monkeypatch, receive) as done:
        await desk.drain()
    assert done == ["SM3", "SM6", "SM7", "SM1", "SM2", "SM4", "SM5", "SM8"]


async def in_hand_at_once(desk: Intake, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many of a dozen messages four workers have in hand at once, at most."""
    left, held = 12, [0]

    async def following() -> bool:
        nonlocal left
        if not left:
            return False
        left -= 1
        held.append(held[-1] + 1)
        for _ in range(5):
            await asyncio.sleep(0)
        held.append(held[-1] - 1)
        return True

    monkeypatch.setattr(desk, "_next", following)
    monkeypatch.setattr(module, "BREATH_SECONDS", 0)
    await asyncio.gather(*(desk.drain() for _ in range(4)))
    assert not left, "nobody waits for ever"
    return max(held)


async def test_where_calls_come_faster_than_they_are_kept_one_worker_goes_on(
    desk: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await in_hand_at_once(desk, monkeypatch) == 4
    desk._running = True
    await asyncio.gather(*(desk.store(call(f"SM{n}")) for n in range(module.RUSH - 1)))
    assert await in_hand_at_once(desk, monkeypatch) == 4
    monkeypatch.setattr(module, "RUSH_SECONDS", float("inf"))
    await asyncio.gather(*(desk.store(call(f"SN{n}")) for n in range(module.RUSH * 2)))
    assert await in_hand_at_once(desk, monkeypatch) == 1


@pytest.mark.parametrize(("text", "rests"), [("milk", True), ("he's fallen, can't get up", False)])
async def test_who_goes_on_in_a_rush_rests_after_a_message_that_is_not_urgent(
    desk: Intake, monkeypatch: pytest.MonkeyPatch, text: str, rests: bool
) -> None:
    async def receive(_message: InboundMessage) -> None:
        pass

    await desk.store(call("SM1"))
    desk._clock = VirtualClock(NOW + timedelta(seconds=30))
    await desk.store(Received((inbound("SM2", text=text, chat=ANA),)))
    async with handling(desk, monkeypatch, receive) as done:
        assert await desk._next()
    assert done == (["SM1"] if rests else ["SM2"])
    assert (desk._rest_until > 0) is rests


async def test_the_hands_go_on_after_any_fault(
    desk: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = 3
    drain = desk.drain

    async def fails() -> int:
        nonlocal faults
        if faults:
            faults -= 1
            raise ZeroDivisionError
        return await drain()

    async def receive(message: InboundMessage) -> None:
        finished.set()

    async def no_time(_: float) -> None:
        await sleep(0)

    sleep, finished = asyncio.sleep, asyncio.Event()
    monkeypatch.setattr(desk, "drain", fails)
    monkeypatch.setattr("bot.intake.asyncio.sleep", no_time)
    async with handling(desk, monkeypatch, receive):
        working = asyncio.ensure_future(desk.run(2))
        await desk.store(call("SM1"))
        async with asyncio.timeout(30):
            await finished.wait()
            desk.leave()
            await working


async def test_a_receipt_that_cant_be_applied_holds_up_no_other(
    desk: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from storage import outcomes
    from tests.made import group, outbound

    async with desk._database.transaction() as tx:
        mine = (await group(tx)).id
        idents = [
            await messages.queue(tx, outbound(chat=f"+44770090012{n}", community_id=mine))
            for n in range(2)
        ]
        await messages.claim(tx, Channel.SMS, "me", NOW, 9, [])
        for n, ident in enumerate(idents):
            await outcomes.sent(tx, ident, SendStatus.SENT, NOW, provider_id=f"SM{n}")
    told = tuple(
        DeliveryReceipt(Channel.SMS, f"SM{n}", SendStatus.FAILED, "30005") for n in range(2)
    )

    def meaning(receipt: DeliveryReceipt) -> PermanentError:
        if receipt.provider_id == "SM0":
            raise ZeroDivisionError
        return PermanentError("x")

    desk._meaning = meaning
    await desk.store(Received(receipts=told))
    await desk.drain()
    async with desk._database.transaction() as tx:
        found = [await messages.get(tx, ident) for ident in idents]
        assert [each and each.status for each in found] == [SendStatus.SENT, SendStatus.FAILED]
        assert await due.first(tx) == NOW  # somebody is going to be told of the second


async def test_receipts_and_messages_that_wait_take_turns(
    desk: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from storage import outcomes
    from tests.made import outbound

    monkeypatch.setattr(module, "IN_TURN", 3)
    order: list[str] = []

    async def receive(message: InboundMessage) -> None:
        order.append(f"m{message.provider_id[2:]}")

    async def apply(_tx: Transaction, _clock: object, told: DeliveryReceipt, _: object) -> None:
        order.append(told.provider_id)

    async with desk._database.transaction() as tx:
        mine = (await group(tx)).id
        for n in range(5):
            await messages.queue(tx, outbound(chat=f"+44770090012{n}", community_id=mine))
        for n, (ident, _) in enumerate(await messages.claim(tx, Channel.SMS, "me", NOW, 9, [])):
            await outcomes.sent(tx, ident.id, SendStatus.SENT, NOW, provider_id=f"r{n}")
    monkeypatch.setattr(module, "apply_receipt", apply)
    failed = tuple(DeliveryReceipt(Channel.SMS, f"r{n}", SendStatus.FAILED) for n in range(5))
    await desk.store(Received(receipts=failed))
    await desk.store(call(*(f"SM{n}" for n in range(7))))
    async with handling(desk, monkeypatch, receive):
        await desk.drain()
    assert " ".join(order) == "m0 m1 m2 r0 r1 r2 m3 m4 m5 r3 r4 m6"


# Polling


class Polled:
    """A provider that is asked."""

    channel = Channel.SMS

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.finished = asyncio.Event()

    async def poll(self, cursor: str) -> tuple[Received, str]:
        self.asked.append(cursor)
        if not self.answers:
            self.finished.set()
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def polled(desk: Intake, provider: Polled) -> None:
    clock = VirtualClock(NOW, speed=1000)
    task = asyncio.ensure_future(poll(provider, desk, desk._database, clock))  # type: ignore[arg-type]
    async with asyncio.timeout(30):
        await provider.finished.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_polling_goes_on_from_what_was_kept_whatever_goes_wrong(desk: Intake) -> None:
    provider = Polled(
        (call("SM1"), "1"),
        RetryableError("busy", retry_after=3),
        ZeroDivisionError(),
        (Received(), "1"),
        (call("SM2"), "2"),
    )
    await polled(desk, provider)
    assert provider.asked == ["", "1", "1", "1", "1", "2"]
    assert await stored(desk) == ["SM1", "SM2"]
    again = Polled()  # another life
    await polled(desk, again)
    assert again.asked == ["2"]


async def test_a_database_that_was_away_for_long_is_asked_again_within_a_second(
    desk: Intake,
) -> None:
    waits: list[float] = []

    class Noted(VirtualClock):
        async def sleep(self, seconds: float) -> None:
            waits.append(seconds)
            await super().sleep(seconds)

    away, busy = StorageUnavailableError("away"), RetryableError("busy")
    provider = Polled(*[away] * 5, busy, busy, (Received(), "1"))
    clock = Noted(NOW, speed=1000)
    task = asyncio.ensure_future(poll(provider, desk, desk._database, clock, "one"))  # type: ignore[arg-type]
    async with asyncio.timeout(30):
        await provider.finished.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert waits == [1.0] * 5 + [1.0, 2.0]


async def test_what_could_not_be_kept_is_asked_for_again(
    desk: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = Commits(desk, monkeypatch)
    commits.wrong = StorageUnavailableError("full")

    class Mended(Polled):
        async def poll(self, cursor: str) -> tuple[Received, str]:
            if len(self.asked) == 2:
                commits.wrong = None
            return await super().poll(cursor)

    provider = Mended(*[(call("SM1"), "1")] * 3)
    await polled(desk, provider)
    assert provider.asked == ["", "", "", "1"]
    assert await stored(desk) == ["SM1"]
    async with desk._database.transaction() as tx:
        assert await keepsakes.recall(tx, "poll.sms") == "1"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_of_two_processes_one_asks_and_when_it_is_gone_the_other(
    desk: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    turned_away = asyncio.Event()
    hold = keepsakes.hold

    async def noted(tx: Transaction, name: str, holder: str, *rest: Any) -> bool:
        held = await hold(tx, name, holder, *rest)
        if not held:
            turned_away.set()
        return held

    monkeypatch.setattr(keepsakes, "hold", noted)
    clock = VirtualClock(NOW)  # stands still: a lease runs out only when it is told to
    first, second = Polled((call("SM1"), "1")), Polled((call("SM2"), "2"))
    async with asyncio.timeout(30):
        one = asyncio.ensure_future(poll(first, desk, desk._database, clock, "one"))  # type: ignore[arg-type]
        await first.finished.wait()
        other = asyncio.ensure_future(poll(second, desk, desk._database, clock, "other"))  # type: ignore[arg-type]
        await turned_away.wait()
        assert second.asked == []
        one.cancel()
        await asyncio.gather(one, return_exceptions=True)
        # Who is stopped in good order gives the lease back, and nobody waits for it to run out.
        async with desk._database.transaction() as tx:
            assert await hold(tx, "poll.sms.lease", "a third", NOW, module.POLL_LEASE_SECONDS)
            await keepsakes.let_go(tx, "poll.sms.lease", "a third")
        while not second.finished.is_set():
            clock.jump_to(clock.now() + timedelta(seconds=module.POLL_LEASE_SECONDS / 3))
            await asyncio.sleep(0.01)
    other.cancel()
    await asyncio.gather(other, return_exceptions=True)
    assert second.asked == ["1", "2"]
    assert await stored(desk) == ["SM1", "SM2"]
