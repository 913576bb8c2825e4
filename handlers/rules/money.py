"""Amounts in what people write, and what nobody should ever write: a card's number, a PIN."""

from __future__ import annotations

import re

_POUNDS = r"(?:£|gbp|pounds?|quid|bunt|punt|p?bunnoedd|sterline|euros?|€)"
_AMOUNT = re.compile(
    rf"(?<![\w.,:])(?P<sign>£|€)?\s?(?P<whole>\d{{1,4}})(?:[.,](?P<pence>\d{{2}})(?!\d))?"
    rf"(?:\s?{_POUNDS}(?:\s?(?P<odd>\d{{1,2}})(?!\d))?)?(?![\w:]|[.,]\d)",
    re.IGNORECASE,
)
_SAID = re.compile(rf"£|€|\d[.,]\d\d\b|\d\s?{_POUNDS}|\b(?:tenner|fiver|twenty|fifteen)\b", re.I)
_IN_WORDS = {
    **{"fiver": 5, "five": 5, "tenner": 10, "ten": 10, "fifteen": 15, "twenty": 20, "thirty": 30},
    **{"nothing": 0, "none": 0, "no money": 0, "dim": 0, "dim byd": 0, "niente": 0},
    **{"deg": 10, "ugain": 20, "dieci": 10, "venti": 20},
}
_UP_TO = re.compile(
    rf"\b(?:up to|no more than|not more than|at most|max(?:imum)?|hyd at|fino a|budget(?: of)?)\s+"
    rf"(?=£|€|\d+(?:[.,]\d\d)?\s?{_POUNDS})",
    re.IGNORECASE,
)


def amount_in(text: str) -> int | None:
    """The one amount that an answer names, in pence; none if it names none, or several."""
    plain = text.lower().strip(" .!?")
    for lead in ("about ", "up to ", "it was ", "only ", "a ", "hyd at ", "fino a "):
        plain = plain.removeprefix(lead)
    if plain.split(" pounds")[0].split(" quid")[0] in _IN_WORDS:
        return 100 * _IN_WORDS[plain.split(" pounds")[0].split(" quid")[0]]
    found = list(_AMOUNT.finditer(text))
    if len(found) != 1:
        return None
    match = found[0]
    return 100 * int(match["whole"]) + int(match["pence"] or match["odd"] or 0)


def speaks_of_money(text: str) -> bool:
    """Whether there is an amount of money in it, and not just a number."""
    return bool(_SAID.search(text))


def up_to(text: str) -> int | None:
    """The most that somebody said might be spent when they asked ("up to £15"), in pence."""
    head = _UP_TO.search(text)
    if head is None:
        return None
    match = _AMOUNT.match(text, head.end())
    return 100 * int(match["whole"]) + int(match["pence"] or match["odd"] or 0) if match else None


_GAP = r"[ \-\u00a0\u2010-\u2015]?"
_LONG = re.compile(rf"(?<![\d+])[2-6](?:{_GAP}\d){{12,18}}(?!{_GAP}\d)")
"""As long as a card's number is (ISO/IEC 7812: up to 19 digits, and 13 at least in use), and begun
as theirs are: 0 and + begin telephone numbers."""

_PIN = re.compile(
    r"\b(?:pin(?: (?:number|code|no))?|rhif pin|cvv2?|cvc|security code|cod diogelwch|"
    r"codice di sicurezza)\b(?:[ :=,.\-]|['’]?s\b|is|it['’]?s|it|yw|ydi|i yw|è|number|code|no\b|"
    r"for (?:it|the card)){0,7}(?P<digits>\d(?:[ \-]?\d){2,5})(?![\d])|"
    r"(?<![\d.,£])(?P<first>\d{4})(?= is (?:my|the) pin\b)",
    re.IGNORECASE,
)

MASK = "****"


def masked(text: str) -> tuple[str, str]:
    """A text without the card numbers and PINs in it, and which there was: `card`, `pin`, or empty.

    A card's number is told from another by its last digit (Luhn's check, ISO/IEC 7812-1 annex B).
    """
    found = ""

    def hide_card(match: re.Match[str]) -> str:
        nonlocal found
        if not _luhn("".join(filter(str.isdigit, match[0]))):
            return match[0]
        found = "card"
        return MASK

    def hide_pin(match: re.Match[str]) -> str:
        nonlocal found
        found = found or "pin"
        group = "digits" if match["digits"] else "first"
        return match[0][: match.start(group) - match.start()] + MASK

    text = _LONG.sub(hide_card, text)
    return _PIN.sub(hide_pin, text), found


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0
