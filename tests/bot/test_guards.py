"""The guards, through the real webhooks: what is too much, and what goes all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from handlers import door, spending
from storage import groups, members, messages
from storage.model import Address, Channel, Community, Member, Priority, Role, SendStatus, Standing
from storage.schema import inbox, outbox
from tests.made import NOW, ROSA, asker, helper, outbound
from tests.stage import Stage, stage

GONE = {SendStatus.SENT.value, SendStatus.DELIVERED.value}
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Street:
    """Rosa by text, and Ana who looks after the group, on Telegram."""

    on: Stage
    rosa: Member
    ana: int

    def told(self) -> list[str]:
        """What Ana has been told."""
        return [message.text for message in self.on.telegram.from_bot(self.ana)]

    def heard(self, number: str = ROSA) -> list[str]:
        """What a phone has been sent."""
        return [text.body for text in self.on.twilio.handset(number) if text.by == "bot"]

    async def aside(self) -> list[str]:
        """Why each message that came in was left unanswered, the empty ones left out."""
        async with self.on.bot.database.transaction() as tx:
            rows = await tx.all(sa.select(inbox.c.aside).order_by(inbox.c.id))
        return [row["aside"] for row in rows if row["aside"]]

    async def queue(self, number: int = 1, to: Member | None = None, **facts: Any) -> list[int]:
        now = self.on.clock.now()
        usual = {"member_id": (to or self.rosa).id, "community_id": 1, "created_at": now}
        async with self.on.bot.database.transaction() as tx:
            message = outbound(**{**usual, **facts})
            return [await messages.queue(tx, message) for _ in range(number)]

    async def state(self, *idents: int) -> list[tuple[str, datetime]]:
        async with self.on.bot.database.transaction() as tx:
            rows = await tx.all(
                sa.select(outbox.c.status, outbox.c.next_at)
                .where(outbox.c.id.in_(idents))
                .order_by(outbox.c.id)
            )
        return [(row["status"], row["next_at"]) for row in rows]


@asynccontextmanager
async def street(database_url: str, cap: int | None = None, **more: Any) -> AsyncIterator[Street]:
    made = [Community(0, "Marsden Neighbours", daily_cap=cap, money_cap=0)]
    async with stage(database_url, NOW, made, **more) as on:
        ana = on.telegram.person("Ana")
        on.telegram._world.people[ana].started = True
        organiser = helper(name="Ana Pole", roles=frozenset({Role.ORGANISER}))
        async with on.bot.database.transaction() as tx:
            rosa = await members.add(tx, asker(), Address(Channel.SMS, ROSA))
            await members.add(tx, organiser, Address(Channel.TELEGRAM, str(ana)))
        yield Street(on, rosa, ana)


# What comes in


async def test_fifty_in_a_minute_are_answered_in_good_measure_and_none_is_lost(
    database_url: str,
) -> None:
    async with street(database_url) as here:
        for number in range(48):
            await here.on.twilio.texts(ROSA, f"hello number {'x' * number}")
        await here.on.twilio.texts(ROSA, "i have fallen and can't get up")
        await here.on.settle()
        assert await here.aside() == [door.FLOOD] * 28
        told = here.told()
        assert [one.startswith("EMERGENCY?") for one in told].count(True) == 1
        assert ["a great deal at once" in one for one in told].count(True) == 1
        assert ["Ring 999 now" in one for one in here.heard()].count(True) == 1
        assert ["that is a lot at once" in one for one in here.heard()].count(True) == 1
        await here.on.twilio.texts(ROSA, "one more")
        await here.on.twilio.texts(ROSA, "Stop. Thank you")
        await here.on.settle()
        assert await here.aside() == [door.FLOOD] * 29
        async with here.on.bot.database.transaction() as tx:
            assert await messages.inbound_waiting(tx) == 0
            assert (await members.get(tx, here.rosa.id)).stopped_at is not None


async def test_a_button_too_many_stops_turning_and_says_to_wait(database_url: str) -> None:
    async with street(database_url, person_per_minute=5) as here:
        await here.on.telegram.says(here.ana, "WAITING")
        await here.on.telegram.says(here.ana, "TEXTS")
        await here.on.settle()
        shown = next(m for m in here.on.telegram.from_bot(here.ana) if m.buttons)
        for _ in range(4):
            await here.on.telegram.presses(here.ana, shown.message_id, 0)
        await here.on.settle()
        assert await here.aside() == [door.FLOOD]
        async with here.on.bot.database.transaction() as tx:
            rows = await tx.all(sa.select(outbox).where(outbox.c.kind == "toast"))
            toasts = [(await messages.from_row(tx, row)).text for row in rows]
        assert [bool(text) for text in toasts].count(True) >= 1
        assert "Please wait a minute" in toasts[-1]
        here.on.clock.jump_to(here.on.clock.now() + MINUTE)
        await here.on.telegram.says(here.ana, "WAITING")
        await here.on.settle()
        assert await here.aside() == [door.FLOOD]


async def test_a_chat_gets_no_more_answers_than_it_may_have(database_url: str) -> None:
    async with street(database_url, person_per_minute=100) as here:
        chat = await here.on.telegram.group("Mill Row", [here.ana])
        await here.on.telegram.adds_bot(chat, here.ana)
        for number in range(23):
            await here.on.telegram.says_in_group(here.ana, chat, f"/help {number}")
        await here.on.telegram.says_in_group(here.ana, chat, "/x help i have fallen down")
        await here.on.settle()
        assert len(await here.aside()) in (3, 4)
        assert len(here.on.telegram.from_bot(chat)) <= 22


async def test_two_machines_do_not_talk_all_night(database_url: str) -> None:
    """Nor do they with danger in their words: it is answered ever more rarely."""
    async with street(database_url) as here:
        for number in range(60):
            await here.on.twilio.texts(
                ROSA, f"Auto reply {number}: in an emergency ring 999, chest pain"
            )
            await here.on.settle()
            here.on.clock.jump_to(here.on.clock.now() + timedelta(seconds=10))
        assert 2 <= len(here.heard()) <= 10  # of ten minutes
        assert len(here.told()) <= 4
        await here.on.twilio.texts(ROSA, "i need some milk please")
        await here.on.settle()
        assert "Milk" in here.heard()[-1]


async def test_strangers_over_the_hours_number_wait_and_members_do_not(database_url: str) -> None:
    async with street(database_url, strangers_per_hour=5) as here:
        numbers = [f"+4474001{number:05d}" for number in range(0, 8000, 1000)]  # a block each
        for number in numbers:
            await here.on.twilio.texts(number, "hello")
        await here.on.twilio.texts(ROSA, "i need some milk please")
        await here.on.settle()
        assert await here.aside() == [door.CROWD] * 3
        assert [bool(here.heard(number)) for number in numbers] == [True] * 5 + [False] * 3
        assert "Milk" in here.heard()[-1]
        assert sum("Many new people" in one for one in here.told()) == 1
        async with here.on.bot.database.transaction() as tx:
            assert await members.find(tx, Address(Channel.SMS, numbers[-1])) is None


async def test_no_path_texts_a_number_that_may_not_be(database_url: str) -> None:
    async with street(database_url) as here:
        async with here.on.bot.database.transaction() as tx:
            away = Address(Channel.SMS, "+33612345678")
            marie = await members.add(tx, asker(name="Marie"), away)
            lost = Address(Channel.SMS, "+447012345678")
            nobody = await members.add(
                tx, asker(name="", roles=frozenset(), standing=Standing.JOINING), lost
            )
        for to, at in ((marie, away), (nobody, lost)):
            for priority in Priority:
                await here.queue(to=to, chat=at.value, priority=priority, about={"kind": "x"})
        await here.on.settle()
        assert not here.heard(away.value)
        assert not here.heard(lost.value)
        assert [("Marie" in one) for one in here.told()] == [True]  # once, and of no stranger


# What goes out


async def test_at_the_cap_what_can_wait_waits_till_the_morning_and_the_rest_goes(
    database_url: str,
) -> None:
    async with street(database_url, cap=20) as here:
        async with here.on.bot.database.transaction() as tx:
            new = Address(Channel.SMS, "+447700900555")
            stranger = await members.add(
                tx, asker(name="", roles=frozenset(), standing=Standing.JOINING), new
            )
        await here.queue(16)
        await here.on.settle()
        assert here.told() == []
        await here.queue(4)
        await here.on.settle()
        assert ["of the 20 parts" in one for one in here.told()] == [True]
        offers = await here.queue(300, priority=Priority.OFFER)
        news = await here.queue(200, priority=Priority.BROADCAST)
        note = await here.queue(priority=Priority.REMINDER, about={"kind": "daily_note"})
        going = await here.queue(priority=Priority.REMINDER, about={"kind": "remind"})
        going += await here.queue(priority=Priority.EMERGENCY)
        going += await here.queue(to=stranger, chat=new.value)  # the first one still is answered
        await here.on.settle()
        held = await here.state(*offers, *news, *note)
        assert {status for status, _ in held} == {SendStatus.QUEUED.value}
        morning = NOW.replace(hour=9) + timedelta(days=1)
        assert {at for _, at in held} == {morning}
        assert {status for status, _ in await here.state(*going)} <= GONE
        (turned_away,) = await here.queue(to=stranger, chat=new.value)
        await here.queue()
        await here.on.settle()
        assert (await here.state(turned_away))[0][0] == SendStatus.QUEUED.value
        assert ["has sent all 20" in one for one in here.told()] == [False, True]
        await here.on.go_to(morning + timedelta(seconds=5))
        gone = [status in GONE for status, _ in await here.state(*offers)]
        assert 3 <= gone.count(True) <= 20  # one a second


async def test_a_group_without_a_cap_is_never_held_back(database_url: str) -> None:
    async with street(database_url, cap=0, daily_segments=5) as here:
        offers = await here.queue(12, priority=Priority.OFFER)
        await here.on.settle()
        assert {status for status, _ in await here.state(*offers)} <= GONE
        assert here.told() == []


async def test_a_cap_is_raised_by_who_reads_the_phone_and_not_by_who_forges_it(
    database_url: str,
) -> None:
    async with street(database_url, daily_segments=20) as here:
        say = here.on.telegram.says

        async def cap() -> int:
            async with here.on.bot.database.transaction() as tx:
                community = await groups.get(tx, 1)
                assert community
                return await spending.cap_of(tx, here.on.clock.now(), community, 20)

        async def asks(words: str) -> str:
            await say(here.ana, words)
            await here.on.settle()
            return here.told()[-1]

        number = "".join(filter(str.isdigit, (await asks("CAP 99")).split("number: ")[1]))
        await asks(f"{(int(number) + 1) % 1_000_000:06d}")  # one guess, and it is worth nothing
        await asks(number)
        assert await cap() == 20
        number = "".join(filter(str.isdigit, (await asks("CAP 100")).split("number: ")[1]))
        here.on.clock.jump_to(here.on.clock.now() + spending.GOOD_FOR + MINUTE)
        await asks(number)  # too late
        assert await cap() == 20
        number = "".join(filter(str.isdigit, (await asks("cap 150")).split("number: ")[1]))
        await here.on.twilio.texts(ROSA, number)  # somebody else's phone
        await here.on.settle()
        assert await cap() == 20
        await asks(number)
        assert await cap() == 150
        here.on.clock.jump_to(here.on.clock.now() + 24 * HOUR)
        assert await cap() == 20
