"""What goes out late is dated by the day on which it was to be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from handlers import late, waves
from handlers.turn import Atlas, Desk, Turn
from handlers.wording import load
from storage.database import Transaction
from storage.model import Address, Channel, Community, HelpRequest, Priority, Role
from tests.made import ROSA, asker, helper, joined, outbound
from tests.stage import stage

ANA, SAM = "+447700900901", "+447700900902"
HERE = Community(1, "Marsden Neighbours")
TUESDAY = datetime(2026, 11, 3, tzinfo=UTC)
DESK = Desk(load(), cast("Atlas", None))


@pytest.mark.parametrize(
    ("written", "goes", "facts", "dated", "why"),
    [
        (17, 19, {}, False, "the same day"),
        (17, 33, {}, True, "held back until the morning"),
        (21, 33, {}, False, "it was to wait for the morning, and is worded for it"),
        (21, 57, {}, True, "a day later than that"),
        (21, 33, {"wakes": True}, True, "it was to be read at once"),
        (23.99, 24.01, {"wakes": True}, False, "it goes at once, though the day ends meanwhile"),
        (17, 33, {"about": {"dated": True}}, False, "once is enough"),
        (17, 33, {"priority": Priority.BROADCAST}, False, "it goes as it was shown"),
    ],
)
async def test_what_was_to_be_read_on_another_day_says_so(
    written: float, goes: float, facts: dict[str, object], dated: bool, why: str
) -> None:
    facts = {"text": "I'll text you tomorrow.", "wakes": False} | facts
    message = outbound(created_at=TUESDAY + timedelta(hours=written), **facts)  # type: ignore[arg-type]
    now = TUESDAY + timedelta(hours=goes)
    found = await late.dated(DESK, cast("Transaction", None), now, HERE, message)
    late_words = "Sorry, this is late. It is from Tuesday 3 November: I'll text you tomorrow."
    assert found.text == (late_words if dated else "I'll text you tomorrow."), why


@pytest.mark.parametrize(("there_again", "heard_at"), [(20.1, 20.1), (21.9, 21.9), (22.1, 33)])
async def test_a_word_promised_for_the_evening_is_given_late_rather_than_in_the_morning(
    there_again: float, heard_at: float, database_url: str
) -> None:
    """The process was not there at seven; before ten both hear that nobody has said yes."""
    async with stage(database_url, TUESDAY + timedelta(hours=17)) as on:
        async with on.bot.database.transaction() as tx:
            await joined(tx, asker(), Address(Channel.SMS, ROSA))
            ana = helper(name="Ana Pole", roles=frozenset({Role.ORGANISER}))
            await joined(tx, ana, Address(Channel.SMS, ANA))
            await joined(tx, helper(), Address(Channel.SMS, SAM))
        for words in ("i need some milk tomorrow morning please", "1"):
            await on.twilio.texts(ROSA, words)
            await on.settle()
        assert "I'll text you by 7pm" in on.twilio.handset(ROSA)[-1].body
        heard = {phone: len(on.twilio.handset(phone)) for phone in (ROSA, ANA)}
        for hour in sorted({there_again, heard_at}):
            on.clock.jump_to(TUESDAY + timedelta(hours=hour))
            await on.settle()
            await on.settle()
            came = [len(on.twilio.handset(phone)) > before for phone, before in heard.items()]
            assert came == [hour >= heard_at] * 2


@pytest.mark.parametrize(("there_again", "heard_at"), [(20.1, 20.1), (22.1, 33)])
async def test_good_news_promised_for_the_evening_is_given_late_rather_than_in_the_morning(
    there_again: float, heard_at: float, database_url: str
) -> None:
    """The process was not there at seven, and what it finds first is a yes."""
    async with stage(database_url, TUESDAY + timedelta(hours=17)) as on:
        async with on.bot.database.transaction() as tx:
            await joined(tx, asker(), Address(Channel.SMS, ROSA))
            await joined(tx, helper(), Address(Channel.SMS, SAM))
        for words in ("i need some milk tomorrow morning please", "1"):
            await on.twilio.texts(ROSA, words)
            await on.settle()
        assert "I'll text you by 7pm" in on.twilio.handset(ROSA)[-1].body
        on.clock.jump_to(TUESDAY + timedelta(hours=there_again))
        await on.twilio.texts(SAM, "1")
        for hour in sorted({there_again, heard_at}):
            on.clock.jump_to(TUESDAY + timedelta(hours=hour))
            await on.settle()
            await on.settle()
            heard = "good news" in on.twilio.handset(ROSA)[-1].body
            assert heard == (hour >= heard_at)


@pytest.mark.parametrize(
    ("promised", "now", "owed", "why"),
    [
        (19, 20.1, True, "they were to hear an hour ago"),
        (19, 18, False, "they are to hear in an hour"),
        (19, 22.1, False, "they are asleep"),
        (9.5, 9.6, False, "it is day; should the clock be put back, it is not, and it waits"),
        (9.5, 14, True, "they have waited since the morning"),
        (19, 33, False, "it is another day"),
        (None, 20.1, False, "nothing was promised"),
    ],
)
def test_a_word_is_owed_this_evening(
    promised: float | None, now: float, owed: bool, why: str
) -> None:
    turn = SimpleNamespace(now=TUESDAY + timedelta(hours=now), community=HERE)
    by = None if promised is None else TUESDAY + timedelta(hours=promised)
    request = SimpleNamespace(promised_at=by)
    assert waves.owed_tonight(cast("Turn", turn), cast("HelpRequest", request)) is owed, why
