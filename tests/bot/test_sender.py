"""What goes out goes once, in order, as fast as it may, and what does not go somebody hears of."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa

from bot import unknowns
from bot.budget import SLACK, sms_limits
from bot.channels.base import Sent
from bot.channels.twilio_sms import ERRORS as SMS_ERRORS
from bot.sender import LEASE_SECONDS, Sender, backoff
from bot.unknowns import TRIES
from storage import members, messages, outcomes
from storage.database import StorageUnavailableError, Transaction
from storage.model import (
    Address,
    Channel,
    Member,
    OutboundKind,
    OutboundMessage,
    Priority,
    Role,
    SendStatus,
)
from storage.schema import outbox
from tests.made import NOW, ROSA, asker, helper, outbound
from tests.stage import PUBLIC, Stage, stage

S = SendStatus
SECOND = timedelta(seconds=1)


@dataclass
class Village:
    """Rosa by text, Sam on Telegram, and Ana who looks after the group, on Telegram too."""

    on: Stage
    rosa: Member
    sam: Member
    ana: Member
    sam_chat: int
    ana_chat: int

    @property
    def sms(self) -> Sender:
        return next(s for s in self.on.bot.senders if s.channel is Channel.SMS)

    async def queue(
        self, to: Member | None = None, at: datetime | None = None, **facts: Any
    ) -> int:
        """A message to somebody, Rosa if nobody is named."""
        to = to or self.rosa
        if to is self.sam:
            facts = {"channel": Channel.TELEGRAM, "chat": str(self.sam_chat), **facts}
        usual = {"member_id": to.id, "community_id": 1, "created_at": self.on.clock.now()}
        edits = facts.pop("edits_id", None)
        async with self.on.bot.database.transaction() as tx:
            message = outbound(**{**usual, **facts})
            return await messages.queue(tx, message, at=at, edits_id=edits)

    async def get(self, ident: int) -> OutboundMessage:
        async with self.on.bot.database.transaction() as tx:
            found = await messages.get(tx, ident)
        assert found
        return found

    async def code(self, ident: int) -> str:
        async with self.on.bot.database.transaction() as tx:
            return await messages.code_of(tx, ident)

    async def reason(self, ident: int) -> str:
        """Why it failed, as a word of the catalogues."""
        async with self.on.bot.database.transaction() as tx:
            return str(await tx.value(sa.select(outbox.c.reason).where(outbox.c.id == ident)))

    async def member(self, ident: int) -> Member:
        async with self.on.bot.database.transaction() as tx:
            return await members.get(tx, ident)

    async def live(self, seconds: float) -> None:
        """Let that much time go by, seeing to everything at its own moment and no sooner."""
        end = self.on.clock.now() + seconds * SECOND
        while True:
            await self.settle()
            now = self.on.clock.now()
            if now >= end:
                return
            waits = [await sender.pump() for sender in self.on.bot.senders]
            idle = 600.0 if min(waits) == 60.0 else min(waits)
            soon = now + max(idle, 0.001) * SECOND
            coming = await self.on.next_moment(end)
            if coming and coming > now:
                soon = min(soon, coming)
            self.on.clock.jump_to(min(soon, end))

    async def settle(self) -> None:
        """Let everything happen that is to happen at this very moment."""
        for _ in range(3):
            await self.on.telegram.settle()
            await self.on.twilio.settle()
            await self.on.bot.settle()

    def handset(self) -> list[str]:
        """What Rosa has been sent, in order."""
        return [text.body for text in self.on.twilio.handset(ROSA) if text.by == "bot"]

    def chat(self, chat: int | None = None) -> list[str]:
        """What Sam (or somebody else) has been sent on Telegram."""
        return [m.text for m in self.on.telegram.from_bot(chat or self.sam_chat)]

    def told(self) -> list[str]:
        """What Ana has been told."""
        return self.chat(self.ana_chat)


@asynccontextmanager
async def village(database_url: str, start: datetime = NOW) -> AsyncIterator[Village]:
    async with stage(database_url, start) as on:
        people = {}
        for name, made in (
            ("rosa", asker()),
            ("sam", helper()),
            ("ana", helper(name="Ana Pole", roles=frozenset({Role.ORGANISER}))),
        ):
            chat = on.telegram.person(name)
            on.telegram._world.people[chat].started = True
            address = Address(Channel.TELEGRAM, str(chat))
            if name == "rosa":
                address = Address(Channel.SMS, ROSA)
            async with on.bot.database.transaction() as tx:
                people[name] = (await members.add(tx, made, address), chat)
        yield Village(
            on,
            people["rosa"][0],
            people["sam"][0],
            people["ana"][0],
            people["sam"][1],
            people["ana"][1],
        )


Wrong = Callable[[Stage], None]

SMS_ENDS: dict[str, tuple[Wrong, SendStatus, str, bool]] = {
    # What goes wrong, how it ends, whether her number is marked; and whether Ana hears, where it
    # did not arrive.
    "nothing": (lambda on: None, S.DELIVERED, "", False),
    "too many calls": (lambda on: on.twilio.fail_next(20429, "create"), S.DELIVERED, "", False),
    "not let in": (lambda on: on.twilio.fail_next(20003, "create"), S.DELIVERED, "", False),
    "it did not say": (lambda on: on.twilio.fail_next(20500, "create"), S.DELIVERED, "", False),
    "she opted out": (lambda on: on.twilio.fail_next(21610, "create"), S.FAILED, "21610", True),
    "a landline": (lambda on: on.twilio.landline(ROSA), S.FAILED, "21614", True),
    "no country": (lambda on: on.twilio.fail_next(21408, "create"), S.FAILED, "21408", False),
    "no such number": (lambda on: on.twilio.undeliverable(ROSA, "30005"), S.FAILED, "30005", True),
    "taken for spam": (lambda on: on.twilio.undeliverable(ROSA, "30007"), S.FAILED, "30007", False),
    "a landline after all": (
        lambda on: on.twilio.undeliverable(ROSA, "30006"),
        S.FAILED,
        "30006",
        True,
    ),
    "not a number": (lambda on: on.twilio.fail_next(21211, "create"), S.FAILED, "21211", True),
    "a used up day": (
        lambda on: on.twilio.fail_next(63038, "create"),
        S.FAILED,
        "63038",
        False,
    ),
    "lost before": (
        lambda on: on.twilio.hang_next("create", after_doing=False, drop=True),
        S.DELIVERED,
        "",
        False,
    ),
    "lost after": (
        lambda on: on.twilio.hang_next("create", after_doing=True, drop=True),
        S.DELIVERED,
        "",
        False,
    ),
}


@pytest.mark.parametrize("what", SMS_ENDS)
async def test_a_text_arrives_once_or_somebody_hears(what: str, database_url: str) -> None:
    wrong, end, code, marked = SMS_ENDS[what]
    async with village(database_url) as here:
        wrong(here.on)
        ident = await here.queue(about={"kind": "found", "ref": 1})
        await here.live(700)
        found = await here.get(ident)
        assert (found.status, await here.code(ident)) == (end, code)
        created = [t for t in here.on.twilio.all_texts() if t.to == ROSA and t.by == "bot"]
        assert len(created) == (0 if code.startswith(("21", "63")) else 1)
        assert await here.reason(ident) == (SMS_ERRORS[code].reason if code else "")
        assert bool(here.told()) == (end is S.FAILED)
        rosa = await here.member(here.rosa.id)
        assert bool(rosa.unreachable) == marked
        # Some days later she is tried once more, unless she has said that she wants no more.
        assert (rosa.retry_at is not None) == (marked and code != "21610")


async def test_a_text_is_looked_for_until_twilio_can_be_asked(database_url: str) -> None:
    async with village(database_url) as here:
        here.on.twilio.reach(PUBLIC, "http://127.0.0.1:9")  # nor do its own callbacks get through
        here.on.twilio.hang_next("create", after_doing=True, drop=True)
        here.on.twilio.fail_next(20503, "list", status=503, times=3)
        ident = await here.queue()
        await here.live(60)
        assert (await here.get(ident)).status is S.UNKNOWN
        await here.live(300)
        assert (await here.get(ident)).status is S.SENT
        assert here.handset() == ["Hello Rosa."]


async def test_a_callback_says_what_the_answer_to_the_call_did_not(database_url: str) -> None:
    async with village(database_url) as here:
        here.on.twilio.hang_next("create", after_doing=True, drop=True)
        ident = await here.queue()
        await here.live(5)
        assert (await here.get(ident)).status is S.DELIVERED
        await here.live(60)
        assert here.handset() == ["Hello Rosa."]


async def test_the_same_words_sent_before_are_not_taken_for_it(database_url: str) -> None:
    async with village(database_url) as here:
        await here.queue()
        await here.live(5)
        here.on.twilio.hang_next("create", after_doing=False, drop=True)
        ident = await here.queue()
        await here.live(60)
        assert (await here.get(ident)).status is S.DELIVERED
        assert here.handset() == ["Hello Rosa."] * 2


@pytest.mark.parametrize("code", ["30003", "30001"])
async def test_a_phone_that_is_off_is_tried_three_times_and_then_somebody_hears(
    code: str, database_url: str
) -> None:
    async with village(database_url) as here:
        here.on.twilio.undeliverable(ROSA, code)
        ident = await here.queue(about={"kind": "found", "ref": 1})
        await here.live(3600)
        found = await here.get(ident)
        assert (found.status, found.attempts) == (S.FAILED, 3)
        assert sum(t.to == ROSA for t in here.on.twilio.all_texts()) == 3
        assert len(here.told()) == 1
        assert not (await here.member(here.rosa.id)).unreachable


async def test_calls_that_were_refused_are_no_tries_of_a_phone_that_is_off(
    database_url: str,
) -> None:
    async with village(database_url) as here:
        for _ in range(2):
            here.on.twilio.fail_next(20429, "create")
        here.on.twilio.undeliverable(ROSA, "30003")
        ident = await here.queue()
        await here.live(60)
        here.on.twilio.deliverable(ROSA)
        await here.live(700)
        found = await here.get(ident)
        assert (found.status, found.attempts) == (S.DELIVERED, 4)
        assert sum(t.to == ROSA for t in here.on.twilio.all_texts()) == 2


async def test_late_news_of_the_first_copy_does_not_stop_the_second(database_url: str) -> None:
    async with village(database_url) as here:
        here.on.twilio.undeliverable(ROSA, "30003")
        here.on.twilio.reorder_next()  # `undelivered` comes first, `sent` after it
        here.on.twilio.repeat_next_status(2)
        ident = await here.queue()
        await here.live(30)
        assert (await here.get(ident)).status is S.QUEUED
        here.on.twilio.deliverable(ROSA)
        await here.live(700)
        assert (await here.get(ident)).status is S.DELIVERED
        assert sum(t.to == ROSA for t in here.on.twilio.all_texts()) == 2


# Telegram


async def test_flood_control_is_obeyed(database_url: str) -> None:
    async with village(database_url) as here:
        here.on.telegram.fail_next("sendMessage", status=429, retry_after=7)
        began = here.on.clock.now()
        ident = await here.queue(here.sam)
        await here.live(30)
        assert (await here.get(ident)).status is S.SENT
        assert here.on.telegram.from_bot(here.sam_chat)[0].at >= began + 7 * SECOND
        assert here.on.telegram.did_not_wait == 0


async def test_too_much_in_a_group_does_not_keep_people_waiting(database_url: str) -> None:
    async with village(database_url) as here:
        street = await here.on.telegram.group("Mill Row", [here.sam_chat])
        here.on.telegram._world.chats[street].bot_status = "member"
        here.on.telegram.fail_next("sendMessage", status=429, retry_after=30)
        await here.queue(here.sam, chat=str(street), member_id=None, text="card")
        await here.live(0.5)
        await here.queue(here.sam, text="reply")
        await here.live(1)
        assert (here.chat(), here.chat(street)) == (["reply"], [])
        await here.live(60)
        assert here.chat(street) == ["card"]


def _says(status: int, description: str = "", **more: Any) -> Wrong:
    return lambda on: on.telegram.fail_next(
        "sendMessage", status=status, description=description or None, **more
    )


TELEGRAM_ENDS: dict[str, tuple[Wrong, SendStatus, str, str]] = {
    # What goes wrong, how it ends, why (in a word of the catalogues), and how Sam is marked. Ana
    # hears of whatever did not arrive for certain.
    "nothing": (lambda on: None, S.SENT, "", ""),
    "he blocked it": (
        _says(403, "Forbidden: bot was blocked by the user"),
        S.FAILED,
        "opted_out",
        "blocked",
    ),
    "he is gone": (
        _says(403, "Forbidden: user is deactivated"),
        S.FAILED,
        "no_address",
        "deactivated",
    ),
    "he never began": (
        _says(403, "Forbidden: bot can't initiate conversation with a user"),
        S.FAILED,
        "no_address",
        "never_started",
    ),
    "no such chat": (
        _says(400, "Bad Request: chat not found"),
        S.FAILED,
        "no_address",
        "no_such_chat",
    ),
    "too long": (_says(400, "Bad Request: message is too long"), S.FAILED, "too_long", ""),
    "any other mistake": (_says(400, "Bad Request: can't parse it"), S.FAILED, "refused", ""),
    "too many": (_says(429, retry_after=3), S.SENT, "", ""),
    "a revoked token": (_says(401, "Unauthorized"), S.SENT, "", ""),
    "a gateway that gave up": (_says(502, "Bad Gateway"), S.UNKNOWN, "", ""),
}


@pytest.mark.parametrize("what", TELEGRAM_ENDS)
async def test_a_message_arrives_or_somebody_hears(what: str, database_url: str) -> None:
    wrong, end, reason, marked = TELEGRAM_ENDS[what]
    async with village(database_url) as here:
        wrong(here.on)
        ident = await here.queue(here.sam, about={"kind": "visit", "ref": 1})
        await here.live(320)
        assert (await here.get(ident)).status is end
        assert await here.reason(ident) == reason
        assert (await here.member(here.sam.id)).unreachable == marked
        assert len(here.told()) == (end is not S.SENT)
        assert len(here.chat()) == (end is S.SENT)


@pytest.mark.parametrize("after_doing", [True, False])
async def test_what_telegram_may_have_shown_is_not_sent_again_and_somebody_hears(
    after_doing: bool, database_url: str
) -> None:
    async with village(database_url) as here:
        here.on.telegram.hang_next("sendMessage", after_doing=after_doing, drop=True)
        ident = await here.queue(here.sam, about={"kind": "visit", "ref": 1})
        await here.live(600)
        assert (await here.get(ident)).status is S.UNKNOWN
        assert len(here.chat()) == after_doing
        assert len(here.told()) == 1


async def test_being_told_to_ring_999_is_worth_saying_twice_and_not_for_ever(
    database_url: str,
) -> None:
    async with village(database_url) as here:
        for _ in range(9):
            here.on.telegram.hang_next("sendMessage", after_doing=True, drop=True)
        ident = await here.queue(here.sam, priority=Priority.EMERGENCY, text="Ring 999.")
        await here.live(120)
        assert (await here.get(ident)).attempts == 3
        assert here.chat() == ["Ring 999."] * 3


async def test_an_edit_that_was_lost_is_made_again(database_url: str) -> None:
    async with village(database_url) as here:
        original = await here.queue(here.sam, text="2 Mill Row")
        await here.live(1)
        here.on.telegram.hang_next("editMessageText", after_doing=False, drop=True)
        await here.queue(here.sam, text="It is over.", kind=OutboundKind.EDIT, edits_id=original)
        await here.live(60)
        assert here.chat() == ["It is over."]


async def test_an_organiser_out_of_reach_is_not_told_of_for_ever(database_url: str) -> None:
    async with village(database_url) as here:
        ben_chat = here.on.telegram.person("Ben")
        async with here.on.bot.database.transaction() as tx:
            ben = helper(name="Ben Ash", roles=frozenset({Role.ORGANISER}))
            await members.add(tx, ben, Address(Channel.TELEGRAM, str(ben_chat)))
        here.on.telegram._world.people[here.ana_chat].blocked = True
        # Neither organiser can be reached: Ben never began, Ana blocked the bot.
        here.on.twilio.landline(ROSA)
        await here.queue(about={"kind": "found", "ref": 1})
        await here.live(600)
        async with here.on.bot.database.transaction() as tx:
            written = await tx.value(sa.select(sa.func.count()).select_from(outbox))
        assert written == 3


# Two ways to somebody

PHONE = "+447700900321"


@pytest.mark.parametrize(
    ("wrong", "about", "by_text", "told"),
    [
        # It failed for good: it goes the other way, and nobody need hear of it.
        (_says(400, "Bad Request: chat not found"), "anything", 1, 0),
        # Nobody knows whether it came: twice is better than never only if somebody waits for it.
        (
            lambda on: on.telegram.hang_next("sendMessage", after_doing=True, drop=True),
            "visit",
            1,
            0,
        ),
        (
            lambda on: on.telegram.hang_next("sendMessage", after_doing=True, drop=True),
            "thanks",
            0,
            1,
        ),
        # He wants no more of us: not there, nor elsewhere.
        (_says(403, "Forbidden: bot was blocked by the user"), "visit", 0, 1),
    ],
)
async def test_what_is_lost_one_way_goes_the_other_once(
    wrong: Wrong, about: str, by_text: int, told: int, database_url: str
) -> None:
    async with village(database_url) as here:
        async with here.on.bot.database.transaction() as tx:
            await members.add_address(tx, here.sam.id, Address(Channel.SMS, PHONE))
        wrong(here.on)
        await here.queue(here.sam, about={"kind": about, "ref": 1}, text="2 Mill Row")
        await here.live(60)
        assert len(here.on.twilio.handset(PHONE)) == by_text
        assert len(here.told()) == told
        sam = await here.member(here.sam.id)
        assert bool(sam.unreachable) == (sam.unreachable == "blocked")


async def test_what_is_lost_both_ways_is_told_once(database_url: str) -> None:
    async with village(database_url) as here:
        async with here.on.bot.database.transaction() as tx:
            await members.add_address(tx, here.sam.id, Address(Channel.SMS, PHONE))
        here.on.telegram.fail_next(
            "sendMessage", status=400, description="Bad Request: chat not found"
        )
        here.on.twilio.landline(PHONE)
        await here.queue(here.sam, about={"kind": "visit", "ref": 1})
        await here.live(60)
        assert len(here.told()) == 1
        assert (await here.member(here.sam.id)).unreachable == "21614"


# Looking once more, at the last moment


async def test_nothing_goes_after_a_stop_that_was_written_before_it(database_url: str) -> None:
    async with village(database_url) as here:
        waits = here.on.clock.now() + 60 * SECOND
        before = await here.queue(at=waits, text="before")
        urgent = await here.queue(at=waits, text="999", priority=Priority.EMERGENCY)
        here.on.clock.jump_to(here.on.clock.now() + 10 * SECOND)
        async with here.on.bot.database.transaction() as tx:
            rosa = await members.get(tx, here.rosa.id)
            await members.save(tx, replace(rosa, stopped_at=here.on.clock.now()))
        after = await here.queue(at=waits, text="You have stopped.")
        await here.live(120)
        found = [(await here.get(ident)).status for ident in (before, urgent, after)]
        assert found == [S.WITHDRAWN, S.DELIVERED, S.DELIVERED]


async def test_what_is_late_into_the_night_waits_for_the_morning(database_url: str) -> None:
    evening = datetime(2026, 11, 24, 19, 59, 50, tzinfo=NOW.tzinfo)
    async with village(database_url, evening) as here:
        offers = [
            await here.queue(wakes=False, text=f"offer {n}", priority=Priority.OFFER)
            for n in range(40)
        ]
        await here.live(30)
        gone = here.handset()
        assert 9 <= len(gone) <= 11
        # They are put off together: none of them keeps an answer waiting.
        reply = await here.queue(text="reply")
        await here.live(2)
        assert (await here.get(reply)).status in (S.SENT, S.DELIVERED)
        assert here.on.clock.now() < evening + 35 * SECOND
        assert [(await here.get(each)).attempts for each in offers[-20:]] == [0] * 20
        await here.live(13 * 3600 + 60)
        assert here.handset() == [*gone, "reply", *(f"offer {n}" for n in range(len(gone), 40))]


# How fast


async def test_telegram_never_has_to_hold_us_back(database_url: str) -> None:
    async with village(database_url) as here:
        crowd = [here.on.telegram.person(f"P{n}") for n in range(90)]
        street = await here.on.telegram.group("Mill Row", [here.sam_chat])
        here.on.telegram._world.chats[street].bot_status = "member"
        for person in crowd:
            here.on.telegram._world.people[person].started = True
            await here.queue(here.sam, chat=str(person), member_id=None, text="hello")
        for n in range(8):
            await here.queue(here.sam, text=f"to Sam {n}")
        for n in range(25):
            await here.queue(here.sam, chat=str(street), member_id=None, text=f"card {n}")
        began = here.on.clock.now()
        await here.live(120)
        assert here.on.telegram.rejected == []
        assert here.chat() == [f"to Sam {n}" for n in range(8)]
        assert here.chat(street) == [f"card {n}" for n in range(25)]
        came = [here.on.telegram.from_bot(person)[0].at for person in crowd]
        assert max(came) - began <= 6 * SECOND  # and yet it is quick: 90 at 24 a second


async def test_texts_keep_to_the_speed_of_the_number_and_an_answer_overtakes(
    database_url: str,
) -> None:
    async with village(database_url) as here:
        for n in range(20):
            number = f"+4477009002{n:02d}"
            two_parts = f"offer {n} " + "x" * 170
            await here.queue(chat=number, member_id=None, text=two_parts, priority=Priority.OFFER)
        await here.live(5)
        began = here.on.clock.now()
        await here.queue(text="an answer")
        await here.live(60)
        texts = [t for t in here.on.twilio.all_texts() if t.by == "bot"]
        for one, then in pairwise(texts):
            assert then.created - one.created >= one.segments * SECOND - 1.1 * SLACK * SECOND
        (answer,) = (t for t in texts if t.to == ROSA)
        assert answer.created - began <= 2.1 * SECOND  # the line was busy with one of two parts


async def test_an_emergency_does_not_wait_for_the_text_before_it(database_url: str) -> None:
    async with village(database_url) as here:
        long = "x" * 300
        for n in range(3):
            await here.queue(chat=f"+4477009002{n:02d}", text=long, priority=Priority.BROADCAST)
        await here.live(0.5)
        began = here.on.clock.now()
        await here.queue(text="Ring 999.", priority=Priority.EMERGENCY)
        await here.live(0.1)
        (text,) = (t for t in here.on.twilio.all_texts() if t.to == ROSA)
        assert text.created == began


async def test_bulk_without_an_answer_leaves_room_for_what_is_pressing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with village(database_url) as here:
        (sender,) = (s for s in here.on.bot.senders if s.channel is Channel.TELEGRAM)
        answered, gone = asyncio.Event(), []

        async def send(message: OutboundMessage) -> Sent:
            gone.append(message.priority)
            if message.priority is Priority.BROADCAST:
                await answered.wait()
            return Sent("1")

        monkeypatch.setattr(sender._adapter, "send", send)
        for n in range(40):
            await here.queue(here.sam, chat=str(1000 + n), priority=Priority.BROADCAST)
        await sender.lease()
        for _ in range(60):
            here.on.clock.jump_to(here.on.clock.now() + 0.1 * SECOND)
            await sender.pump()
            await asyncio.sleep(0)
        assert gone == [Priority.BROADCAST] * 24
        await here.queue(here.sam, text="an answer")
        await sender.pump()
        await asyncio.sleep(0)
        assert gone[24:] == [Priority.REPLY]
        answered.set()
        await sender.wait_for_sends()
        await here.live(5)
        assert len(gone) == 41


async def test_a_person_reads_them_in_order_whatever_goes_wrong(database_url: str) -> None:
    async with village(database_url) as here:
        chance = random.Random(11)
        for n in range(30):
            await here.queue(text=f"to Rosa {n}")
            await here.queue(here.sam, text=f"to Sam {n}")
        twilio, telegram = here.on.twilio, here.on.telegram
        for _ in range(12):
            chance.choice(
                (
                    lambda: twilio.fail_next(20429, "create"),
                    lambda: telegram.fail_next("sendMessage", status=429, retry_after=2),
                    lambda: telegram.fail_next(
                        "sendMessage", status=429, description="Too Many Requests"
                    ),
                )
            )()
            await here.live(chance.random() * 5)
        await here.live(400)
        assert here.handset() == [f"to Rosa {n}" for n in range(30)]
        assert here.chat() == [f"to Sam {n}" for n in range(30)]


@pytest.mark.parametrize("attempts", range(1, 40))
def test_waits_grow_and_stay_within_bounds(attempts: int) -> None:
    whole = min(3600.0, 2.0 * 2 ** (attempts - 1))
    assert all(whole / 2 <= backoff(attempts) <= whole for _ in range(50))


def test_an_outage_of_three_hours_is_sat_out() -> None:
    least = sum(min(3600.0, 2.0 * 2 ** (n - 1)) / 2 for n in range(1, TRIES))
    assert least >= 2 * 3600


# Who sends


def another(here: Village, holder: str) -> Sender:
    bot = here.on.bot
    adapter = here.sms._adapter
    return Sender(bot.database, bot.clock, adapter, sms_limits(), holder, bot.desk)


async def test_one_process_sends_at_a_time_and_another_takes_over(database_url: str) -> None:
    async with village(database_url) as here:
        database = here.on.bot.database
        one, two = another(here, "one"), another(here, "two")
        assert await one.lease()
        # On a SQLite file a process that comes later knows the one before to be gone.
        assert await two.lease() is not database.on_postgresql
        here.on.clock.jump_to(here.on.clock.now() + 5 * SECOND)
        assert await one.lease() is database.on_postgresql
        holder, other = (one, two) if database.on_postgresql else (two, one)
        here.on.clock.jump_to(here.on.clock.now() + 3 * SECOND)
        assert await holder.lease()
        await holder.stop()
        assert await other.lease()


async def test_who_stood_still_for_longer_than_the_lease_sends_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with village(database_url) as here:
        await here.settle()
        one, clock = here.sms, here.on.clock
        two = another(here, "two")
        still_ours, record_again = one._is_ours_still, one._record_again

        async def another_takes_over() -> None:
            clock.jump_to(clock.now() + (LEASE_SECONDS + 1) * SECOND)
            assert await two.lease()

        async def in_the_middle_of_sending() -> bool:
            await another_takes_over()
            return await still_ours()

        async def in_the_middle_of_choosing() -> None:
            await record_again()
            await another_takes_over()

        idents = [await here.queue(), await here.queue(chat="+447700900199")]
        assert await one.lease()
        monkeypatch.setattr(one, "_is_ours_still", in_the_middle_of_sending)
        await one.pump()
        await one.wait_for_sends()
        assert {(await here.get(ident)).status for ident in idents} == {S.QUEUED}
        clock.jump_to(clock.now() + (LEASE_SECONDS + 1) * SECOND)
        assert await one.lease()
        monkeypatch.setattr(one, "_record_again", in_the_middle_of_choosing)
        await one.pump()
        assert one.idle
        assert here.handset() == []
        for _ in idents:
            clock.jump_to(clock.now() + SECOND)
            assert await two.lease()
            await two.pump()
            await two.wait_for_sends()
        assert here.handset() == ["Hello Rosa."]
        assert len(here.on.twilio.handset("+447700900199")) == 1


async def test_what_becomes_unknown_while_others_are_asked_after_is_not_forgotten(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with village(database_url) as here:
        await here.settle()
        known = here.on.clock.now() + 9 * SECOND

        async def none_to_be_seen_yet(*args: Any) -> None:
            here.sms._unknowns._sooner(known)

        monkeypatch.setattr(outcomes, "next_ask_at", none_to_be_seen_yet)
        await here.sms._unknowns._ask_all()
        assert here.sms._unknowns.ask_at == known


async def test_what_was_written_before_the_clock_was_put_back_does_not_wait_for_that_hour(
    database_url: str,
) -> None:
    async with village(database_url) as here:
        now = here.on.clock.now()
        ahead = now + 3600 * SECOND
        await here.queue(text="written an hour ahead", created_at=ahead)
        await here.queue(text="for the morning", created_at=ahead, at=ahead + 9 * 3600 * SECOND)
        asked = await here.queue(text="on its way when we died", created_at=ahead)
        async with here.on.bot.database.transaction() as tx:
            await tx.run(
                sa.update(outbox)
                .where(outbox.c.id == asked)
                .values(status="unknown", next_at=ahead, attempts=1)
            )
        await here.live(20)
        assert here.handset() == ["written an hour ahead", "on its way when we died"]


async def test_what_a_dead_process_was_sending_is_asked_after_by_the_next(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with village(database_url) as here:
        await here.settle()
        database = here.on.bot.database
        went, lost = (
            await here.queue(text="went"),
            await here.queue(text="lost", chat="+447700900199"),
        )
        async with database.transaction() as tx:
            claimed = await messages.claim(tx, Channel.SMS, "dead", here.on.clock.now(), 9, [])
        assert len(claimed) == 2
        await here.sms._adapter.send(claimed[0][0])  # and then it died
        here.sms.holds_lease = False
        await here.live(120)
        assert {(await here.get(each)).status for each in (went, lost)} == {S.DELIVERED}
        assert here.handset() == ["went"]
        assert len(here.on.twilio.handset("+447700900199")) == 1


async def test_a_result_that_cant_be_recorded_is_recorded_when_storage_is_back(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with village(database_url) as here:
        here.on.goes_wrong = True
        sender, record, all_sent = here.sms, here.sms._record, outcomes.all_sent
        away = 3

        def falls_away() -> None:
            nonlocal away
            if away:
                away -= 1
                raise StorageUnavailableError("away")

        async def fails(outcome: Any) -> None:
            falls_away()
            await record(outcome)

        async def all_fail(tx: Transaction, found: Sequence[Any], now: datetime) -> None:
            if found:
                falls_away()
            await all_sent(tx, found, now)

        monkeypatch.setattr(sender, "_record", fails)
        monkeypatch.setattr(outcomes, "all_sent", all_fail)
        ident = await here.queue()
        await sender.lease()
        await sender.pump()
        await sender.wait_for_sends()
        assert (await here.get(ident)).status is S.SENDING
        second = await here.queue(text="the next")
        await here.live(60)
        assert {(await here.get(each)).status for each in (ident, second)} == {S.DELIVERED}
        assert here.handset() == ["Hello Rosa.", "the next"]


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("choosing", [True, False])
async def test_what_was_sent_is_recorded_together_and_else_each_for_itself(
    choosing: bool, together: bool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[int] = []
    all_sent = outcomes.all_sent

    async def counted(tx: Transaction, found: Sequence[Any], now: datetime) -> None:
        noted.append(len(found))
        if found and not together:
            raise ValueError("one of them can't be kept")
        await all_sent(tx, found, now)

    answered = asyncio.Event()

    async def taken(message: OutboundMessage) -> Sent:
        await answered.wait()
        return Sent("7")

    async with village(database_url) as here:
        await here.settle()
        here.on.goes_wrong = not together
        sender = next(s for s in here.on.bot.senders if s.channel is Channel.TELEGRAM)
        monkeypatch.setattr(sender._adapter, "send", taken)
        here.on.clock.jump_to(here.on.clock.now() + 2 * SECOND)
        idents = [await here.queue(here.sam, chat=str(chat)) for chat in (21, 22, 23)]
        await sender.pump()
        answered.set()
        await asyncio.wait(sender._sending)
        assert [(await here.get(each)).status for each in idents] == [S.SENDING] * 3
        monkeypatch.setattr(outcomes, "all_sent", counted)
        await (sender.pump() if choosing else sender.wait_for_sends())
        assert [(await here.get(each)).status for each in idents] == [S.SENT] * 3
    assert noted[0] == 3
    assert not any(noted[1:])


async def test_a_fault_of_ours_in_sending_counts_as_unknown(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with village(database_url) as here:
        adapter, send = here.sms._adapter, here.sms._adapter.send

        async def fails(message: OutboundMessage) -> Any:
            monkeypatch.setattr(adapter, "send", send)
            raise ZeroDivisionError

        monkeypatch.setattr(adapter, "send", fails)
        ident = await here.queue()
        await here.live(60)
        assert (await here.get(ident)).status is S.DELIVERED
        assert here.handset() == ["Hello Rosa."]


async def test_looking_costs_nothing_while_nothing_is_to_be_done(database_url: str) -> None:
    async with village(database_url) as here:
        await here.settle()
        await here.queue(at=here.on.clock.now() + 20 * SECOND)
        assert 19 < await here.sms.pump() <= 20
        here.on.twilio.hang_next("create", after_doing=True, drop=True)
        ident = await here.queue()
        await here.sms.pump()
        await here.sms.wait_for_sends()
        assert (await here.get(ident)).status is S.UNKNOWN
        here.on.clock.jump_to(here.on.clock.now() + 2 * SECOND)
        assert 1 < await here.sms.pump() <= unknowns.LOOK_AFTER.total_seconds()


async def test_it_does_not_look_again_at_once_however_often_it_is_woken(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that what many write within a moment is chosen together."""

    async def turns(of: int) -> None:
        while here.sms.turns < of:
            here.sms.wake.set()
            await asyncio.sleep(0)

    async with village(database_url) as here:
        await here.settle()
        monkeypatch.setattr("bot.sender.GATHER_SECONDS", 30.0)
        # Not where few are on their way.
        at_work = asyncio.ensure_future(here.sms.run())
        await turns(here.sms.turns + 5)
        at_work.cancel()
        monkeypatch.setattr("bot.sender.MANY", 0)
        here.sms._looked_at = -30.0
        before = here.sms.turns
        at_work = asyncio.ensure_future(here.sms.run())
        await turns(before + 1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await turns(before + 2)
        at_work.cancel()
        monkeypatch.setattr("bot.sender.GATHER_SECONDS", 0.0)
        at_work = asyncio.ensure_future(here.sms.run())
        await turns(before + 20)
        here.sms.leave()
        await at_work


async def test_a_text_in_flight_is_not_taken_for_an_earlier_one_of_the_same_words(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with village(database_url) as here:
        await here.settle()
        database = here.on.bot.database
        never_went = await here.queue()
        async with database.transaction() as tx:
            await messages.claim(tx, Channel.SMS, "dead", here.on.clock.now(), 9, [])
            await outcomes.unknown(tx, never_went, here.on.clock.now(), "no_answer")
        went = await here.queue()
        send = here.sms._adapter.send

        async def asked_meanwhile(message: OutboundMessage) -> Sent:
            sent = await send(message)
            if message.id == went:  # it has gone, and that is not recorded yet
                await here.sms._unknowns._ask_all()
            return sent

        monkeypatch.setattr(here.sms._adapter, "send", asked_meanwhile)
        await here.live(120)
        assert {(await here.get(each)).status for each in (never_went, went)} == {S.DELIVERED}
        assert here.handset() == ["Hello Rosa.", "Hello Rosa."]
