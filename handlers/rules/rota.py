"""The duty rota: who holds the phone when, week by week, and what organisers say of it. What is
otherwise on a single date is in `rota_once`.

A week is counted in minutes by the group's own clocks, from Monday's midnight. Texts are read whole
or not at all: "Sam is on duty at the food bank on Monday" is no rota.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from handlers.rules import timing
from handlers.rules.note import NOON, hour_in
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
    ONCE = "once"
    """Somebody holds the phone on one date, in the place of somebody or of everybody."""
    CANT = "cant"
    """Somebody who would hold it on one date can't."""
    BACK = "back"
    """What was said of one date does not hold any more."""
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
    day: date | None = None
    """The date, of what is for once."""
    hours: Span | None = None
    """From and until when on that date, in minutes from its midnight; the end may be on a later
    day."""
    instead: str = ""
    """The name of whom it is in the place of."""


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
TO = r"(?:-|to|till|til|until|through|tan|a|al|alle)"
MIDNIGHT = frozenset({"midnight", "hanner nos", "mezzanotte"})
HOUR = (
    r"(?:\d{1,2}(?: ?[:.] ?\d\d)?(?: ?[ap]\.?m\.?)?|"
    rf"{'|'.join(sorted(NOON | MIDNIGHT, reverse=True))})"
)
AT = r"(?:at |from |am |dalle |alle )?"
_THE = r"(?:dd?ydd |dal? |il )?"
_DAYS = (
    rf"(?:every ?day|all week|week ?days?|week ?ends?|{_THE}{ONE_DAY}s? ?{TO} ?{_THE}{ONE_DAY}s?|"
    rf"{_THE}{ONE_DAY}s?(?:(?: ?, ?| and | & | ac? | ed? ){_THE}{ONE_DAY}s?)*)"
)
_ACROSS = re.compile(
    rf"{_THE}(?P<first>{ONE_DAY})s? {AT}(?P<start>{HOUR}) ?{TO} "
    rf"?{_THE}(?P<last>{ONE_DAY})s? {AT}(?P<end>{HOUR})"
)
_WITHIN = re.compile(
    rf"(?P<days>{_DAYS})(?: (?:from )?{AT}(?P<start>{HOUR}) ?{TO} ?(?P<end>{HOUR}))?"
)
_RUN = re.compile(
    # "Lunedi a mercoledi" is Monday to Wednesday; "llun a mercher" is Monday and Wednesday.
    rf"(?!{_THE}(?:{'|'.join(WELSH_WEEKDAYS)}) a )"
    rf"{_THE}(?P<first>{ONE_DAY})s? ?{TO} ?{_THE}(?P<last>{ONE_DAY})s?"
)

POLITE = r"(?: (?:please|pls|plis|now|today|thanks|thank you|nawr|ora|adesso|per favore))*"
WHO = r"(?P<who>[^\W\d_][\w.' -]{0,40}?)"
_NAME = r"(?P<{}>[^\W\d_][\w.' -]{{0,40}}?)"
DUTY = r"(?:on duty|ar ddyletswydd|di turno)"
_ADD = re.compile(
    rf"^/?(?:(?:i am|im|ill be|i will be|put me|{WHO}(?: is| will be)?) )?{DUTY}(?: on)? "
    rf"(?P<when>.+?){POLITE}$"
)
_TAKE_ME = re.compile(
    rf"^(?:i am|im|dwi|rydw i|sono) {DUTY}{POLITE}$|"
    rf"^(?:ill|i will|i|i am|im|let me) tak(?:e|ing) over{POLITE}$|"
    rf"^(?:ive got|i have|i have got|ill have) the phone{POLITE}$"
)
_TAKE = re.compile(
    rf"^{WHO} (?:takes over|is taking over|will take over|is {DUTY}|sydd {DUTY}|e {DUTY}|"
    rf"has (?:got )?the phone|has taken over){POLITE}$"
)
_SHOW = re.compile(
    rf"^/?(?:the )?(?:(?:duty|duties|rota|duty rota|duty list|dyletswydd|turni|turno)|"
    rf"(?:who is|whos|who are|pwy sydd|pwy sy|chi e) (?:{DUTY}|got the phone))"
    rf"(?: (?:tonight|tomorrow|this week))?{POLITE}$"
)
_CLEAR = re.compile(
    rf"^(?:please )?(?:take )?(?:(?:me|myself|im|i am)|{WHO}(?: is)?) off the rota{POLITE}$|"
    rf"^(?:off the rota|no duty|no more duty|no duties){POLITE}$|"
    rf"^(?:tynnwch |tynna |tynnu )?(?:(?:fi|dw i|dwi|rydw i)|{_NAME.format('cy')}(?: sydd)?)"
    rf" (?:i ffwrdd o|oddi ar) y rota{POLITE}$|^(?:oddi ar y rota|dim dyletswydd){POLITE}$|"
    rf"^toglimi dai turni{POLITE}$|"
    rf"^(?:togli |tolga )?(?:(?:me|io)|{_NAME.format('it')}(?: e)?) (?:via |fuori )?dai turni"
    rf"{POLITE}$|^(?:(?:via|fuori) dai turni|niente turni|nessun turno){POLITE}$"
)
NOBODY = frozenset(
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
        return Wish(Doing.CLEAR, clear["who"] or clear["cy"] or clear["it"] or "")
    take = _TAKE.match(said)
    if take and take["who"] not in NOBODY:
        return Wish(Doing.TAKE, take["who"])
    add = _ADD.match(said)
    if add is None or (add["who"] or "") in NOBODY:
        return None
    spans = spans_in(add["when"])
    if spans:
        return Wish(Doing.ADD, add["who"] or "", spans)
    # Of days they spoke; of anything else "on duty" may be part of.
    return Wish(Doing.HOW) if re.match(rf"{_DAYS}\b", add["when"]) else None


def spans_in(said: str) -> tuple[Span, ...]:
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
    hours = hours_of(within["start"], within["end"])
    if hours is None or hours[1] - hours[0] == DAY:
        return ()
    start, end = hours
    return tuple((day * DAY + start, (day * DAY + end) % WEEK) for day in days)


def hours_of(first: str, last: str) -> Span | None:
    """From and until when, in minutes from a day's midnight; the end is on the next day where it is
    not the later of the two. None if either is no hour."""
    start, end = minute_of_day(first), minute_of_day(last)
    if start is None or end is None:
        return None
    if last.isdecimal() and start < 13 * 60 and end <= start < end + DAY // 2:
        end += DAY // 2  # "9 to 5" ends in the afternoon
    return start, end + (DAY if end <= start else 0)


def minute_of_day(said: str) -> int | None:
    """The minute of the day that an hour is (`9`, `9:30pm`, `noon`), or none."""
    if said in MIDNIGHT:
        return 0
    hour = hour_in(said)
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
