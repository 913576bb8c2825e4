"""A year of a busy group, lived from one thing that happens to the next: every promise is held
against people's own calendars.

Each time the weeks that are not like others; `POPROUND_TORTURE=1` lives the whole year. What it
costs is in `docs/performance.md`, and what is pretend in decision 14.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.simulation.ledger import Ledger
from bot.simulation.one_seed import one_seed
from bot.simulation.town import Town
from storage.model import Channel
from tests.simulation.calendar import kept
from tests.simulation.marsden import settle_in


@asynccontextmanager
async def lived(url: str, first: date, days: int, seed: int = 1) -> AsyncIterator[Ledger]:
    """So many days of a busy group, from nine in the morning of the first; how they went."""
    start = datetime(first.year, first.month, first.day, 9, tzinfo=UTC)
    with one_seed(seed):
        town = Town(url, start, seed)
        ledger = Ledger(town)
        # A carrier that reports only what did not arrive: half as much to do.
        town.network.lines[Channel.SMS].reports = False
        try:
            await settle_in(town, start + timedelta(days=days))
            await town.live(start + timedelta(days=days))
            yield ledger
        finally:
            await town.sleep()


def broken(ledger: Ledger) -> list[str]:
    """Every promise that was not kept, in a sentence each."""
    town = ledger.town
    found = [f"{n} times without a next step: {what}" for what, n in town.bot.auditor.found.items()]
    return [
        *town.bot_faults,
        *found,
        *ledger.wrong,
        *kept(ledger, town.clock.start, town.clock.true),
    ]


WHOLE = ("sqlite", date(2023, 12, 4), 366)
WINTER = ("sqlite", date(2023, 12, 4), 123)
"""New Year, 29 February and the spring change of the clock."""
AUTUMN = ("sqlite", date(2024, 10, 14), 21)
SPRING = ("postgresql", date(2024, 3, 21), 18)
"""Less of it where each statement goes to another process."""

LIVED = (WHOLE, SPRING) if os.environ.get("POPROUND_TORTURE") else (WINTER, AUTUMN, SPRING)


@pytest.mark.parametrize(("database_url", "first", "days"), LIVED, indirect=["database_url"])
async def test_in_a_year_each_thing_comes_once_at_its_hour_and_nobody_is_woken(
    database_url: str, first: date, days: int, quickly: None
) -> None:
    async with lived(database_url, first, days) as ledger:
        assert broken(ledger) == []
        # A town in which nothing happens keeps every promise.
        told = Counter({entry: len(seen) for entry, seen in ledger.by_entry.items()})
        assert told["check_in.morning"] > days
        assert told["offer"] + told["offer.urgent"] + told["offer.again"] > days
        assert told["remind"] >= days / 7
        if days > 100:
            assert told["alarm.silent"] > days / 36
            for rare in ("alarm.unheard", "called_off", "pause.over", "started"):
                assert told[rare], rare
            assert told["looking_again"] or days < 300
