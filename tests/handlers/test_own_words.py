"""A group's own words stand in place of ours, in that language only."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handlers.wording import load
from handlers.wording.check import check
from storage import groups
from tests.stage import stage


async def test_what_a_group_says_itself_is_what_people_hear(database_url: str) -> None:
    async with stage(database_url, datetime(2026, 11, 3, 10, tzinfo=UTC)) as on:
        async with on.bot.database.transaction() as tx:
            (community,) = await groups.every(tx)
            own = "Hello, {group} here. Ring 01484 960000 to talk."
            await groups.set_text(tx, community.id, "en", "welcome", own)
        await on.twilio.texts("+447700900123", "hello")
        await on.settle()
        (heard,) = on.twilio.handset("+447700900123")
        assert heard.body.startswith("Hello, Marsden Neighbours here. Ring 01484 960000 to talk.")


@pytest.mark.parametrize(
    ("words", "good"),
    [
        ("{name}, {helper} comes {when} with {what}. The word is {word}.", True),
        ("{helper} comes {when} with {what}. The word is {word}.", True),  # a name may be left out
        ("{name}, somebody comes.", False),  # the word at the door may not
        ("{name}, {helper} {when} {what} {word} {home}", False),  # has no value here
        ("{name", False),
        ("{name!r} {helper} {when} {what} {word}", False),
        ("{name}, {helper}, {when}, {what}, {word}. " + "x" * 300, False),  # too long
    ],
)
def test_a_groups_own_words_are_checked_before_anybody_is_sent_them(words: str, good: bool) -> None:
    assert check(load().catalogues["en"]["found"], words).good is good
