"""Two yeses never make two visits, however close together they come."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
import sqlalchemy as sa

from bot.channels.base import PermanentError, Received
from bot.clock import VirtualClock
from bot.intake import Intake
from handlers import waves, wording
from handlers.rules.guards import InboundLimits
from handlers.turn import Desk, Turn
from storage import groups, members, messages, questions, requests
from storage.database import Database
from storage.model import (
    Address,
    Channel,
    HelpRequest,
    InboundKind,
    InboundMessage,
    OfferStatus,
    OutboundKind,
    Question,
    RequestStatus,
    Role,
    VisitStatus,
)
from storage.places import Atlas, Postcodes
from storage.schema import keepsakes, outbox, shifts
from tests.made import CELL, NOW, ROSA, asker, group, helper, request

STREET = Address(Channel.TELEGRAM, "-100200")


class Race:
    """A group of helpers who are quick."""

    def __init__(self, database: Database, size: int) -> None:
        self.database = database
        self.clock = VirtualClock(NOW)
        self.desk = Desk(
            wording.load(),
            Atlas(Postcodes()),
            random.Random(1),
            {Channel.TELEGRAM: frozenset(OutboundKind)},
            # The clock stands still: a hundred presses are a hundred within a minute.
            limits=InboundLimits(9999, 9999, 9999),
        )
        self.intake = Intake(database, self.clock, self.desk, lambda _: PermanentError("x"))
        self.chats = [str(100 + n) for n in range(size)]
        self.ids = count(1)

    async def set_up(self) -> None:
        async with self.database.transaction() as tx:
            await group(tx)
            await members.add(tx, asker(cell=CELL), Address(Channel.SMS, ROSA))
            for chat in self.chats:
                quick = helper(name=f"Sam{chat}", at_once_cap=9999, weekly_cap=9999)
                await members.add(tx, quick, Address(Channel.TELEGRAM, chat))
            await groups.add_street(tx, 1, STREET)

    async def ask(self) -> tuple[HelpRequest, list[Question], list[Question]]:
        """Somebody asks: the request, the offers' questions, and the cards'."""
        async with self.database.transaction() as tx:
            community = await groups.get(tx, 1)
            assert community
            wanted = await requests.add(tx, request(status=RequestStatus.DRAFT))
            for chat in self.chats:  # as rested as ever
                found = await members.find(tx, Address(Channel.TELEGRAM, chat))
                assert found
                await members.save(tx, replace(found, rested_at=NOW))
            await waves.open_request(Turn(self.desk, tx, NOW, community), wanted)
            asked = [
                question
                for each in await requests.offers_of(tx, wanted.id)
                for question in await questions.about(tx, "offer", each.id)
            ]
            return wanted, asked, await questions.about(tx, "card", wanted.id)

    def press(self, question: Question, chat: str, *, street: bool = False) -> InboundMessage:
        ident = str(next(self.ids))
        return InboundMessage(
            Channel.TELEGRAM,
            ident,
            STREET.value if street else chat,
            chat,
            InboundKind.BUTTON,
            button=f"{question.token}:0",
            answers=ident,
            in_group=street,
        )

    def say(self, chat: str, words: str) -> InboundMessage:
        ident = str(next(self.ids))
        return InboundMessage(Channel.TELEGRAM, ident, chat, chat, InboundKind.TEXT, words)

    async def all_at_once(self, *presses: InboundMessage) -> None:
        """Each press in a call of its own, and as many hands as there are presses."""
        await asyncio.gather(*(self.intake.store(Received((press,))) for press in presses))
        while True:
            await asyncio.gather(*(self.intake.drain() for _ in presses))
            async with self.database.transaction() as tx:
                if not await messages.inbound_waiting(tx):
                    return

    async def the_one_who_goes(self, wanted: HelpRequest) -> int:
        """Who is going, which must be one; the visit is then over."""
        async with self.database.transaction() as tx:
            (visit,) = await requests.visits_of(tx, wanted.id)
            now = await requests.get(tx, wanted.id)
            assert now.status is RequestStatus.FILLED
            found = await requests.offers_of(tx, wanted.id)
            accepted = [each for each in found if each.status is OfferStatus.ACCEPTED]
            assert [each.member_id for each in accepted] == [visit.helper_id]
            assert not any(each.status is OfferStatus.OPEN for each in found)
            await requests.set_visit(tx, visit.id, VisitStatus.DONE)
            await requests.save(tx, replace(now, status=RequestStatus.DONE))
        return visit.helper_id


@pytest.fixture
def at_once() -> None:
    """With SQLite's own thread, as in life: else nobody would race."""


def rounds(race: Race, often: int) -> range:
    """So many on PostgreSQL, where both really decide at once. SQLite lets one write at a time, and
    has fewer ways to go wrong: a fifth."""
    return range(often if race.database.on_postgresql else often // 5)


@pytest.fixture
async def two(database: Database) -> AsyncIterator[Race]:
    race = Race(database, 2)
    await race.set_up()
    yield race


async def test_of_two_who_say_yes_at_once_one_goes_200_times_over(two: Race) -> None:
    winners = set()
    for _ in rounds(two, 200):
        wanted, (one, other), _ = await two.ask()
        await two.all_at_once(two.press(one, one.chat), two.press(other, other.chat))
        winners.add(await two.the_one_who_goes(wanted))
    async with two.database.transaction() as tx:
        told = [await messages.get(tx, ident) for ident in range(1, 12)]
    assert winners
    assert any("quicker" in (each.text if each else "") for each in told)


async def test_of_a_card_and_an_offer_pressed_at_once_one_goes(two: Race) -> None:
    for n in rounds(two, 40):
        wanted, (one, other), (card,) = await two.ask()
        pressed = two.press(card, other.chat, street=True), two.press(one, one.chat)
        await two.all_at_once(*(pressed if n % 2 else reversed(pressed)))
        await two.the_one_who_goes(wanted)


async def test_one_person_pressing_everything_goes_once(two: Race) -> None:
    for _ in rounds(two, 20):
        wanted, (one, _), (card,) = await two.ask()
        presses = [two.press(one, one.chat) for _ in range(3)]
        await two.all_at_once(*presses, two.press(card, one.chat, street=True))
        await two.the_one_who_goes(wanted)


async def test_of_ten_who_say_yes_at_once_one_goes(database: Database) -> None:
    race = Race(database, 10)
    await race.set_up()
    for _ in rounds(race, 15):
        wanted, asked, (card,) = await race.ask()
        offered = {question.chat: question for question in asked}
        presses = [
            race.press(offered[chat], chat)
            if chat in offered
            else race.press(card, chat, street=True)
            for chat in race.chats
        ]
        await race.all_at_once(*presses)
        await race.the_one_who_goes(wanted)


async def test_who_is_on_duty_is_told_once_though_two_change_the_rota_at_once(two: Race) -> None:
    async with two.database.transaction() as tx:
        for chat in two.chats:
            found = await members.find(tx, Address(Channel.TELEGRAM, chat))
            assert found
            await members.save(tx, replace(found, roles=frozenset({Role.ORGANISER})))
    now, day = NOW.strftime("%A"), (NOW + timedelta(days=1)).strftime("%A")
    for _ in rounds(two, 8):
        # Who says the same again and again is not answered.
        two.clock.jump_to(two.clock.now() + timedelta(minutes=90))
        async with two.database.transaction() as tx:
            for table in (shifts, keepsakes, outbox):
                await tx.run(sa.delete(table))
        await two.all_at_once(
            two.say(two.chats[0], f"I'm on duty {now} 8am to {day} 8am"),
            two.say(two.chats[1], f"I'm on duty {day} 8am to {now} 8am"),
        )
        async with two.database.transaction() as tx:
            told = await tx.all(sa.select(outbox.c.about))
        assert [row["about"].get("kind") for row in told].count("duty") == 1
