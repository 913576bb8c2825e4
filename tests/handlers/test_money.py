"""Amounts as people write them, and what is taken out before anybody keeps it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from handlers.rules.money import MASK, amount_in, masked, speaks_of_money, up_to
from storage.schema import inbox
from tests.made import NOW, ROSA
from tests.stage import stage


@pytest.mark.parametrize(
    ("text", "pence"),
    [
        ("15", 1500),
        ("£15", 1500),
        ("about 15 pounds please", 1500),
        ("12.40", 1240),
        ("it was £12,40", 1240),
        ("12 pounds 40", 1240),
        ("a tenner", 1000),
        ("twenty pounds", 2000),
        ("0", 0),
        ("nothing", 0),
        ("ugain", 2000),
        ("Twenty pounds!", 2000),
        ("twenty!", 2000),
        ("twenty five pounds", None),  # not twenty
        ("twenty quid", 2000),
        ("about twenty", 2000),
        ("up to twenty pounds", 2000),
        ("it was a tenner", 1000),
        ("only fifteen", 1500),
        ("hyd at ugain", 2000),
        ("fino a venti", 2000),
        ("15 or 20", None),  # which?
        ("I'll be there at 3:30", None),
        ("no idea", None),
        ("07700 900123", None),
    ],
)
def test_an_answer_names_one_amount_or_none(text: str, pence: int | None) -> None:
    assert amount_in(text) == pence


@pytest.mark.parametrize(
    ("text", "pence"),
    [
        ("milk and bread, up to £15", 1500),
        ("milk, no more than 7.50 pounds", 750),
        ("milk, hyd at £10 plis", 1000),
        ("I can walk up to 2 miles", None),
        ("milk, £2 off in the shop", None),
        ("milk, up to £", None),
    ],
)
def test_the_most_that_may_be_spent_is_heard_in_asking(text: str, pence: int | None) -> None:
    assert up_to(text) == pence


@pytest.mark.parametrize(
    ("text", "money"),
    [
        *(("£5", True), ("12.40", True), ("5 quid", True), ("a tenner", True), ("12,40", True)),
        *(("2 pints", False), ("at 3", False), ("no idea", False), ("flat 2", False)),
    ],
)
def test_an_amount_is_told_from_a_number(text: str, money: bool) -> None:
    assert speaks_of_money(text) is money


@pytest.mark.parametrize(
    ("text", "kept", "what"),
    [
        ("4111 1111 1111 1111", MASK, "card"),
        ("it's 5500-0055-5555-5559 thanks", f"it's {MASK} thanks", "card"),
        ("378282246310005", MASK, "card"),  # 15 digits
        ("4222222222222", MASK, "card"),  # 13
        ("6304000000000000001 ok", None, ""),  # 19, and Luhn says no
        ("4111 1111 1111 1112", None, ""),  # one digit wrong: no card's number
        ("my pin is 1234", f"my pin is {MASK}", "pin"),
        ("PIN: 12 34", f"PIN: {MASK}", "pin"),
        ("cvv 123", f"cvv {MASK}", "pin"),
        ("fy rhif pin yw 4321", f"fy rhif pin yw {MASK}", "pin"),
        ("il mio pin è 4321", f"il mio pin è {MASK}", "pin"),
        ("my pin's 1234", f"my pin's {MASK}", "pin"),
        ("pin - 1234", f"pin - {MASK}", "pin"),
        ("pin no. 1234", f"pin no. {MASK}", "pin"),
        ("my PIN, it is 1234", f"my PIN, it is {MASK}", "pin"),
        ("the cvc number for the card is 123", f"the cvc number for the card is {MASK}", "pin"),
        ("1234 is my pin", f"{MASK} is my pin", "pin"),
        ("£1234 is the pin", None, ""),
        ("4111111111111111 pin 1234", f"{MASK} pin {MASK}", "card"),
        ("ring 07700 900123 or 01484 960000", None, ""),
        ("0044 7700 900123", None, ""),
        ("+44 7700 900123", None, ""),
        ("the key safe is 1234", None, ""),  # the helper needs that one
        ("a pin for 2 badges", None, ""),
        ("HD7 5AB at 10 on 12 11 2026", None, ""),
    ],
)
def test_a_cards_number_and_a_pin_are_taken_out_and_nothing_else(
    text: str, kept: str | None, what: str
) -> None:
    assert masked(text) == (kept if kept is not None else text, what)


def test_half_a_number_is_no_amount() -> None:
    """ "£1,200" was one pound, and "7.5" seven."""
    assert [amount_in(text) for text in ("£1,200", "7.5", "£7.5", "£12.345")] == 4 * [None]


async def test_a_cards_number_is_nowhere_in_what_is_kept(database_url: str) -> None:
    async with stage(database_url, NOW) as on:
        await on.twilio.texts(ROSA, "my card is 4111 1111 1111 1111")
        await on.settle()
        async with on.bot.database.transaction() as tx:
            rows = await tx.all(sa.select(inbox))
            keys = [await tx.key_of(row["member_id"]) for row in rows]
            kept = [k.open_json(row["sealed_message"]) for k, row in zip(keys, rows, strict=True)]
        assert [one["text"] for one in kept] == [f"my card is {MASK}"]
        assert on.twilio.handset(ROSA)[-1].body
