"""Telling many, seen from outside, where a script can't show it: what is in the outbox and when."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from handlers import broadcast_run
from storage import broadcasts, members
from storage.model import Address, Channel, Member, Role
from storage.model_broadcasts import BroadcastStatus
from storage.schema import audit, outbox, recipients
from tests.made import asker, helper
from tests.stage import Stage, stage

TUESDAY = datetime(2026, 11, 3, 10, tzinfo=UTC)
ANA = "+447700900001"
NEWS = "The road is closed."


@dataclass
class Village:
    """An organiser who texts, and neighbours."""

    on: Stage
    ana: Member

    async def says(self, words: str) -> None:
        await self.on.twilio.texts(ANA, words)
        await self.on.settle()

    def code(self) -> str:
        found = re.findall(r"send it write (\d{4})", self.on.twilio.handset(ANA)[-1].body)
        return str(found[-1])

    def had(self) -> list[str]:
        return [
            text.to
            for text in self.on.twilio.all_texts()
            if text.by == "bot" and text.body.endswith(NEWS) and text.to != ANA
        ]

    async def shown(self) -> None:
        """The news is put together and shown; nothing has gone."""
        await self.says(f"tell everyone {NEWS}")
        await self.says("skip")
        assert not self.had()


@asynccontextmanager
async def village(
    database_url: str, *people: tuple[Member, list[Address]]
) -> AsyncIterator[Village]:
    async with stage(database_url, TUESDAY) as on:
        async with on.bot.database.transaction() as tx:
            organiser = helper(name="Ana", roles=frozenset({Role.ORGANISER}), consent="x")
            ana = await members.add(tx, organiser, Address(Channel.SMS, ANA))
            for member, at in people:
                await members.add(tx, replace(member, consent="2026-11-01 on paper"), *at)
        yield Village(on, ana)


def texting(count: int) -> list[tuple[Member, list[Address]]]:
    return [
        (asker(name=f"Rosa{n}"), [Address(Channel.SMS, f"+4477009010{n:02d}")])
        for n in range(count)
    ]


async def test_who_is_no_organiser_any_more_lets_nothing_go(database_url: str) -> None:
    async with village(database_url, *texting(2)) as here:
        await here.shown()
        async with here.on.bot.database.transaction() as tx:
            ana = await members.get(tx, here.ana.id)
            await members.save(tx, replace(ana, roles=frozenset({Role.ASKER})))
        await here.says(here.code())
        assert not here.had()
        async with here.on.bot.database.transaction() as tx:
            assert await tx.value(sa.select(sa.func.count()).select_from(recipients)) == 0


async def test_little_lies_in_the_outbox_and_calling_back_is_at_once(database_url: str) -> None:
    async with village(database_url, *texting(40)) as here:
        await here.shown()
        on = here.on
        await on.twilio.texts(ANA, here.code())
        for _ in range(6):  # six seconds, at a part a second
            await on.bot.settle()
            on.clock.jump_to(on.clock.now() + timedelta(seconds=1))
        async with on.bot.database.transaction() as tx:
            waiting = await broadcasts.in_hand(tx, Channel.SMS, on.clock.now())
        assert 0 < waiting <= broadcast_run.AHEAD.total_seconds()
        gone = len(here.had())
        assert 3 <= gone < 10
        # Her words go before what waits: a reply does not stand behind forty texts.
        await here.says("call it back")
        assert len(here.had()) <= gone + 1
        await on.go_to(on.clock.now() + timedelta(minutes=20))
        assert len(here.had()) <= gone + 1
        async with on.bot.database.transaction() as tx:
            told = await broadcasts.get(tx, 1)
            found = await broadcasts.counts(tx, 1)
        assert told.status is BroadcastStatus.CALLED_BACK
        assert found.sent == len(here.had())
        assert found.ahead + found.withdrawn == 40 - found.sent
        report = on.twilio.handset(ANA)[-1].body
        assert f"{found.sent} of 40 had it already" in report


async def test_who_is_reached_in_two_ways_gets_it_once(database_url: str) -> None:
    both = Address(Channel.SMS, "+447700901000")
    async with village(database_url) as here:
        sam = here.on.telegram.person("Sam")
        here.on.telegram.met_before(sam)
        async with here.on.bot.database.transaction() as tx:
            chat = Address(Channel.TELEGRAM, str(sam))
            await members.add(tx, helper(consent="2026-11-01 on paper"), both, chat)
        await here.shown()
        await here.says(here.code())
        assert not here.had()
        told = [message.text for message in here.on.telegram.from_bot(sam)]
        assert [words for words in told if NEWS in words] == [f"Marsden Neighbours: {NEWS}"]


async def test_two_presses_at_once_send_once_and_leave_one_line_in_the_audit(
    database_url: str,
) -> None:
    async with village(database_url, *texting(3)) as here:
        await here.shown()
        code = here.code()
        for _ in range(3):
            await here.on.twilio.texts(ANA, code)
        await here.on.settle()
        assert sorted(here.had()) == [f"+4477009010{n:02d}" for n in range(3)]
        async with here.on.bot.database.transaction() as tx:
            rows = await tx.all(sa.select(audit).where(audit.c.action == "broadcast"))
            sent = await tx.all(sa.select(outbox).where(outbox.c.priority == 4))
        assert [row["detail"]["listed"] for row in rows] == [3]
        assert NEWS not in str([row["detail"] for row in rows])
        assert len(sent) == 3


async def test_an_appeal_on_its_way_is_taken_back_by_no_appeals(database_url: str) -> None:
    people = [(replace(m, appeals="2026-11-01 on paper"), at) for m, at in texting(6)]
    async with village(database_url, *people) as here:
        await here.says(f"tell everyone {NEWS}")
        await here.says("2")  # it asks for money
        on = here.on
        code = here.code()
        await on.twilio.texts(ANA, code)
        await on.bot.settle()
        appeals = [t.to for t in on.twilio.all_texts() if "NO APPEALS" in t.body and t.to != ANA]
        last = "+447700901005"
        assert last not in appeals
        await on.twilio.texts(last, "no appeals")
        await on.settle()
        heard = [text.body for text in on.twilio.handset(last) if text.to == last]
        assert len(heard) == 1
        assert heard[0].startswith("All right Rosa5, no more of those.")
