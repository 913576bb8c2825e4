"""The duty rota: who holds the phone when, week by week, and what organisers say of it.

A week is counted in minutes by the group's own clocks, from Monday's midnight. Texts are read whole
or not at all: "Sam is on duty at the food bank on Monday" is no rota.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from handlers.rules import timing
from handlers.rules.note import hour_in
from handlers.rules.understanding_calendar import WEEKDAYS, WELSH_WEEKDAYS
from handlers.rules.understanding_words import plain
from storage.model import Community

DAY = 24 * 60
WEEK = 7 * DAY

Span = tuple[int, int]
"""First minute of the week, and the one at which it is over: of the week after, where it is not the
greater of the two."""


class Doing(StrEnum):
    """What an organiser does about the rota."""

    ADD = "add"
    """Somebody holds the phone at these times of every week."""
    CLEAR = "clear"
    """Somebody has no times any more."""
    TAKE = "take"
    """Somebody takes over now, whatever the rota says."""
    SHOW = "show"
    HOW = "how"
    """They meant to say when, and were not understood."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What an organiser says of the rota."""

    doing: Doing
    who: str = ""
    """The name that they said; empty for themselves."""
    spans: tuple[Span, ...] = ()


# When


def at(minute: int, after: datetime, community: Community) -> datetime:
    """The first moment after that one at which a minute of the week begins. An hour that the spring
    change skips is as long after it; one that autumn repeats is its first time."""
    days, rest = divmod(minute, DAY)
    here = timing.local(after, community).date()
    monday = here - timedelta(days=here.weekday() + 7)
    while True:
        hour = time(rest // 60, rest % 60)
        moment = timing.at_local(monday + timedelta(days=days), hour, community)
        if moment > after:
            return moment
        monday += timedelta(days=7)


def is_on(span: Span, now: datetime, community: Community) -> bool:
    """Whether a time of duty has begun and is not over: what comes next is its end."""
    start, end = span
    return at(end % WEEK, now, community) < at(start, now, community)


def turns(span: Span, now: datetime, community: Community) -> datetime:
    """When it next begins or ends."""
    return min(at(minute % WEEK, now, community) for minute in span)


# What is said

DAY_NUMBER = {
    word: n for names, n in WEEKDAYS.items() for word in names.split("|")
} | WELSH_WEEKDAYS
ONE_DAY = "(?:" + "|".join(sorted(map(re.escape, DAY_NUMBER), key=len, reverse=True)) + ")"
_TO = r"(?:-|to|till|til|until|through|tan|a|al|alle)"
HOUR = r"(?:\d{1,2}(?: ?[:.] ?\d\d)?(?: ?[ap]\.?m\.?)?|noon|midday|midnight|ganol dydd|mezzogiorno)"
_AT = r"(?:at |from |am |dalle |alle )?"
_DAYS = (
    rf"(?:every ?day|all week|week ?days?|week ?ends?|{ONE_DAY}s? ?{_TO} ?{ONE_DAY}s?|"
    rf"{ONE_DAY}s?(?:(?: ?, ?| and | & | a | e ){ONE_DAY}s?)*)"
)
_ACROSS = re.compile(
    rf"(?P<first>{ONE_DAY})s? {_AT}(?P<start>{HOUR}) ?{_TO} ?"
    rf"(?P<last>{ONE_DAY})s? {_AT}(?P<end>{HOUR})"
)
_WITHIN = re.compile(
    rf"(?P<days>{_DAYS})(?: (?:from )?{_AT}(?P<start>{HOUR}) ?{_TO} ?(?P<end>{HOUR}))?"
)
_RUN = re.compile(rf"(?P<first>{ONE_DAY})s? ?{_TO} ?(?P<last>{ONE_DAY})s?")

_POLITE = r"(?: (?:please|pls|plis|now|today|thanks|thank you|nawr|ora|adesso|per favore))*"
_WHO = r"(?P<who>[^\W\d_][\w.' -]{0,40}?)"
_DUTY = r"(?:on duty|ar ddyletswydd|di turno)"
_ADD = re.compile(
    rf"^/?(?:(?:i am|im|ill be|i will be|put me|{_WHO}(?: is| will be)?) )?{_DUTY}(?: on)? "
    rf"(?P<when>.+?){_POLITE}$"
)
_TAKE_ME = re.compile(
    rf"^(?:i am|im|dwi|rydw i|sono) {_DUTY}{_POLITE}$|"
    rf"^(?:ill|i will|i|i am|im|let me) tak(?:e|ing) over{_POLITE}$|"
    rf"^(?:ive got|i have|i have got|ill have) the phone{_POLITE}$"
)
_TAKE = re.compile(
    rf"^{_WHO} (?:takes over|is taking over|will take over|is {_DUTY}|sydd {_DUTY}|e {_DUTY}|"
    rf"has (?:got )?the phone|has taken over){_POLITE}$"
)
_SHOW = re.compile(
    rf"^/?(?:the )?(?:(?:duty|duties|rota|duty rota|duty list|dyletswydd|turni|turno)|"
    rf"(?:who is|whos|who are|pwy sydd|pwy sy|chi e) (?:{_DUTY}|got the phone))"
    rf"(?: (?:tonight|tomorrow|this week))?{_POLITE}$"
)
_CLEAR = re.compile(
    rf"^(?:please )?(?:take )?(?:(?:me|myself|im|i am)|{_WHO}(?: is)?) off the rota(?: please)?$|"
    r"^(?:off the rota|no duty|no more duty|no duties)(?: please)?$"
)
_NOBODY = frozenset(
    {"who", "whos", "anybody", "anyone", "nobody", "no one", "somebody", "someone", "he", "she"}
    | {"it", "they", "is", "not", "im not", "i am not", "chi", "pwy"}
)


def wish(text: str) -> Wish | None:  # noqa: PLR0911 (one answer a thing said)
    """What an organiser says of the rota, or none if it is about something else."""
    said = plain(text).strip(" .!?")
    if _SHOW.match(said):
        return Wish(Doing.SHOW)
    if _TAKE_ME.match(said):
        return Wish(Doing.TAKE)
    if clear := _CLEAR.match(said):
        return Wish(Doing.CLEAR, clear["who"] or "")
    take = _TAKE.match(said)
    if take and take["who"] not in _NOBODY:
        return Wish(Doing.TAKE, take["who"])
    add = _ADD.match(said)
    if add is None or (add["who"] or "") in _NOBODY:
        return None
    spans = spans_in(add["when"])
    if spans:
        return Wish(Doing.ADD, add["who"] or "", spans)
    # Of days they spoke; of anything else "on duty" may be part of.
    return Wish(Doing.HOW) if re.match(rf"{_DAYS}\b", add["when"]) else None


def spans_in(said: str) -> tuple[Span, ...]:  # noqa: PLR0911 (one answer a form)
    """The times of the week in `monday 9am to tuesday 9am`, `weekdays 9 to 5`, `sundays`; empty if
    there is anything else in it."""
    if across := _ACROSS.fullmatch(said):
        start, end = minute_of_day(across["start"]), minute_of_day(across["end"])
        first, last = DAY_NUMBER[across["first"]], DAY_NUMBER[across["last"]]
        if start is None or end is None or (first, start) == (last, end):
            return ()
        return ((first * DAY + start, last * DAY + end),)
    within = _WITHIN.fullmatch(said)
    if within is None:
        return ()
    days = _days(within["days"])
    if within["start"] is None:
        return tuple((day * DAY, (day + 1) % 7 * DAY) for day in days)
    start, end = minute_of_day(within["start"]), minute_of_day(within["end"])
    if start is None or end is None:
        return ()
    bare = within["end"].isdecimal()
    if bare and start < 13 * 60 and end <= start < end + DAY // 2:
        end += DAY // 2  # "9 to 5" ends in the afternoon
    if end == start:
        return ()
    over = DAY if end <= start else 0
    return tuple((day * DAY + start, (day * DAY + end + over) % WEEK) for day in days)


def minute_of_day(said: str) -> int | None:
    """The minute of the day that an hour is (`9`, `9:30pm`, `noon`), or none."""
    if said == "midnight":
        return 0
    hour = hour_in(said.replace(" :", ":"))
    return None if hour is None else hour.hour * 60 + hour.minute


def _days(said: str) -> list[int]:
    if said.startswith(("every", "all")):
        return list(range(7))
    if said.startswith("week"):
        return [5, 6] if "end" in said else list(range(5))
    if run := _RUN.fullmatch(said):
        first, last = DAY_NUMBER[run["first"]], DAY_NUMBER[run["last"]]
        return [(first + n) % 7 for n in range((last - first) % 7 + 1)]
    found = [DAY_NUMBER[word] for word in re.findall(rf"\b({ONE_DAY})s?\b", said)]
    return sorted(set(found))
