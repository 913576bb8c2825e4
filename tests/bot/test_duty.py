"""Who is told first, and the phone handed on once, whatever restarts and whatever the clocks do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.scheduler import Scheduler
from storage import due, members
from storage.model import Address, Channel, DueKind, Role
from tests.bot.test_auditor import ANA, NEW, ROSA, Valley
from tests.made import asker
from tests.stage import stage

OLA = NEW


@pytest.fixture
async def valley(database_url: str) -> AsyncIterator[Valley]:
    """Rosa, and two organisers, on the Friday before the clocks go back."""
    async with stage(database_url, datetime(2026, 10, 23, 9, tzinfo=UTC)) as on:
        async with on.bot.database.transaction() as tx:
            organiser = frozenset({Role.ORGANISER})
            for who, member in (
                (ROSA, asker(consent="2026-10-01 on paper")),
                (ANA, asker(name="Ana Roe", roles=organiser)),
                (OLA, asker(name="Ola Roe", roles=organiser)),
            ):
                await members.add(tx, member, Address(Channel.SMS, who))
        found = Valley(on)
        on.loses = False
        yield found


async def test_handed_on_at_nine_over_the_change_and_once(valley: Valley) -> None:
    await valley.says(ANA, "on duty saturday 9am to sunday 9am")
    await valley.says(OLA, "on duty sunday 9am to monday 9am")
    await valley.on.go_to(datetime(2026, 10, 25, 8, 59, tzinfo=UTC))
    assert "until 9am tomorrow" in (await valley.heard(ANA))[-1]
    before = len(await valley.heard(OLA))
    await valley.on.go_to(datetime(2026, 10, 25, 9, 0, tzinfo=UTC))  # nine o'clock in winter
    assert (await valley.heard(ANA))[-1] == "Ana, Ola is on duty now. Thank you."
    bot = valley.on.bot
    for shift in (1, 2):  # seen to again, by another process
        async with bot.database.transaction() as tx:
            await due.at(tx, DueKind.HANDOVER, shift, valley.on.clock.now())
        await Scheduler(bot.database, valley.on.clock, bot.desk).drain()
    await valley.on.settle()
    assert len(await valley.heard(OLA)) == before + 1


async def test_a_process_that_was_away_tells_who_it_is_now(valley: Valley) -> None:
    await valley.says(ANA, "on duty saturday 9am to sunday 9am")
    await valley.says(OLA, "on duty sunday 9am to monday 9am")
    valley.on.clock.jump_to(datetime(2026, 10, 25, 12, tzinfo=UTC))
    await valley.on.settle()
    assert "you are on duty" not in " ".join(await valley.heard(ANA))
    assert "you are on duty" in (await valley.heard(OLA))[-1]


@pytest.mark.parametrize("words", ["help i have fallen and cant get up", "please ring me"])
async def test_all_who_are_on_duty_are_told_and_no_others(valley: Valley, words: str) -> None:
    await valley.says(ANA, "I'm on duty")
    await valley.says(ROSA, words)
    assert any("Rosa Lee" in said for said in await valley.heard(ANA))
    assert not any("Rosa Lee" in said for said in await valley.heard(OLA))
    await valley.says(ANA, "I'm on it")
    await valley.says(ANA, "all is well")
    await valley.says(ANA, "on duty fridays")
    await valley.says(OLA, "on duty fridays")
    await valley.on.go_to(valley.on.clock.now() + timedelta(days=7))
    before = [len(await valley.heard(who)) for who in (ANA, OLA)]
    await valley.says(ROSA, words)
    assert [len(await valley.heard(who)) for who in (ANA, OLA)] == [n + 1 for n in before]


async def test_where_nobody_on_duty_can_be_told_everybody_is(valley: Valley) -> None:
    await valley.says(ANA, "I'm on duty")
    await valley.says(ANA, "STOP")
    await valley.says(ROSA, "help i have fallen and cant get up")
    assert any("Rosa Lee" in said for said in await valley.heard(OLA))
