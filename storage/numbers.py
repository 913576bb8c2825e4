"""Phone numbers: which may be texted at all. The bill of a bot that was tricked has no ceiling."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

import phonenumbers
from phonenumbers import PhoneNumberType

DEAR = (
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.PERSONAL_NUMBER,
    PhoneNumberType.PAGER,
)
"""Kinds of number that cost the sender and pay the owner: never texted (in Britain 09, 084 and 087,
070 and 076; Ofcom's National Telephone Numbering Plan)."""

BLOCK = 10
"""The plus sign and nine digits: what is left counts a thousand British mobile numbers, which is
how they are handed out (Ofcom), and about how they are rented by the dozen."""

USUAL = ("GB",)


class WhyNot(StrEnum):
    """Why a number is never texted. The values are codes of failed messages, too."""

    NOT_A_NUMBER = "not_a_number"
    """A short code, or a name: machines write from these, and nobody can answer them."""
    COUNTRY = "country_not_allowed"
    DEAR = "dear_number"


def why_not(number: str, countries: Collection[str] = USUAL) -> WhyNot | None:
    """Why a number in E.164 is never texted, or none if it may be. `countries`: ISO codes of those
    that may; Jersey, Guernsey and the Isle of Man are their own (JE, GG, IM)."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return WhyNot.NOT_A_NUMBER
    if country_of(number) not in countries:
        return WhyNot.COUNTRY
    return WhyNot.DEAR if phonenumbers.number_type(parsed) in DEAR else None


def country_of(number: str) -> str:
    """The ISO code of a number's country; empty if it has none (a satellite, an invention).

    A number that fits no country of several that share a code counts as the main one's: so do the
    07700 900... numbers that Ofcom keeps for films and tests.
    """
    parsed = phonenumbers.parse(number)
    main = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    found = phonenumbers.region_code_for_number(parsed) or main
    return "" if found in (None, "ZZ", "001") else str(found)


def countries_in(words: str) -> tuple[str, ...]:
    """`GB, IM` as ISO codes.

    Raises:
        ValueError: if there is none, or one that is no country with phone numbers.
    """
    found = tuple(dict.fromkeys(word.upper() for word in words.replace(",", " ").split()))
    if not found or not set(found) <= phonenumbers.SUPPORTED_REGIONS:
        raise ValueError("must be countries by their two letters, such as GB or GB,IE")
    return found
