"""Vetting: what a group asks of a helper for which need, until when it counts, and how it is said.

The level and the last day are all that there is of it; a certificate is seen by a person, and kept
by nobody (DBS Code of Practice).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from handlers.rules.timing import at_local
from handlers.rules.understanding_calendar import MONTHS
from storage.model import Community, HelpRequest, Member, Role, Standing, Vetting

BEFORE = timedelta(days=30)
"""Both hear so long before it runs out: a new one takes some weeks to come."""

RANK = {level: rank for rank, level in enumerate(Vetting)}


def needed(community: Community, request: HelpRequest) -> Vetting | None:
    """The least level for what is asked for; none where none is."""
    if request.need is None:
        return None
    levels = [community.vetting.get(need) for need in (request.need, *request.also)]
    return max((level for level in levels if level), key=lambda one: RANK[one], default=None)


def suffices(member: Member, level: Vetting | None, day: date) -> bool:
    """Whether somebody is vetted so far on that day."""
    if level is None:
        return True
    if member.vetted_until is None or member.vetted_until < day:
        return False
    return RANK[member.vetting or Vetting.BASIC] >= RANK[level]


def counts_for(member: Member, community: Community) -> bool:
    """Whether it matters to what somebody does here."""
    helps = member.is_a(Role.HELPER) and member.standing is Standing.ACTIVE
    return helps and any(need in member.can_do for need in community.vetting)


def next_look(until: date | None, now: datetime, community: Community) -> datetime | None:
    """When its running out is next to be looked at: a while before, and as its last day is over."""
    if until is None or not 1900 < until.year < 9000:  # a slip of the pen: no clock goes so far
        return None
    soon = at_local(until - BEFORE, community.quiet_until, community)
    over = at_local(until + timedelta(days=1), time(0), community)
    return next((moment for moment in (soon, over) if moment > now), None)


# How it is said


@dataclass(frozen=True, slots=True)
class Said:
    """What an organiser said of somebody's vetting."""

    name: str
    level: Vetting | None
    until: date | None


_MONTH_OF = {word: number for words, number in MONTHS.items() for word in words.split("|")} | {
    word: number
    for number, word in enumerate(
        (
            *("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto"),
            *("settembre", "ottobre", "novembre", "dicembre"),
        ),
        1,
    )
}
_MONTH = "|".join(sorted(map(re.escape, _MONTH_OF), key=len, reverse=True))
_DATE = re.compile(
    r"\b(?:(?P<y>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?)"
    r"|(?P<d2>\d\d?)[/.](?P<m2>\d\d?)[/.](?P<y2>\d{4})"
    rf"|(?P<d3>\d\d?)(?:st|nd|rd|th|af|il|ydd|ed|eg|fed|ain)? (?:of |o )?(?P<w>{_MONTH}),? "
    r"(?P<y3>\d{4}))\b",
    re.IGNORECASE,
)
_JOINS = re.compile(r"\b(?:until|till|to|tan|hyd|fino al|al|level|lefel|livello)\b", re.IGNORECASE)


def said(text: str, levels: Mapping[str, Vetting]) -> Said:
    """Whom, how thoroughly and until when ("Sam Hill enhanced until 31 January 2028"), as far as it
    was said; `levels`: their words."""
    until = None
    found = _DATE.search(text)
    if found:
        until = _day(found.groupdict())
        text = text[: found.start()] + " " + text[found.end() :]
    level = None
    for word, one in levels.items():
        if re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE):
            level = one
            text = re.sub(rf"\b{re.escape(word)}\b", " ", text, flags=re.IGNORECASE)
    name = " ".join(_JOINS.sub(" ", text).strip(" .,!").split())
    return Said(name.strip(" ,"), level, until)


def _day(parts: Mapping[str, str | None]) -> date | None:
    year = parts["y"] or parts["y2"] or parts["y3"]
    day = parts["d"] or parts["d2"] or parts["d3"]
    month = parts["m"] or parts["m2"]
    word = parts["w"]
    try:
        return date(int(year or 0), int(month or _MONTH_OF[(word or "").lower()]), int(day or 0))
    except (ValueError, KeyError):
        return None
