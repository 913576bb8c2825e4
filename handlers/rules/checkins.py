"""Check-ins: what people say of days, hours and contacts, and when the next one is.

Texts come `plain` (`understanding_words.plain`): lower case, no apostrophes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from handlers.rules import timing
from handlers.rules.understanding_calendar import WEEKDAYS, WELSH_WEEKDAYS
from handlers.rules.understanding_clock import part_of
from storage.model import Community

AGAIN = timedelta(minutes=15)
"""Between the check-in and asking again, and from then to the first contact (Age UK Lancashire's
good-day calls ring twice more before anybody is told; the minutes are those of PRACTICE)."""

TAKE = (timedelta(minutes=15), timedelta(minutes=30), timedelta(minutes=60))
"""How long somebody who was alarmed has, until the next is: in the first round of those who can be
told, in the second, and in every one after that."""

TAKE_EMERGENCY = tuple(timedelta(minutes=n) for n in (5, 5, 10, 20, 20, 60))
"""How long nobody may answer to an emergency: who is on duty, then the others, then all of them,
after 10, 20, 40 and 60 minutes, and every hour from then on."""

HOURLY = 24
"""How often an alarm that nobody takes is told by the hour. From then on all who can be told hear
it once a day, by day, and it stands in the daily note: who has not answered 24 texts needs no 25th
in the night, and what was forgotten must not cost money for ever. (Ours.)"""

DAILY = timedelta(days=1)

REPORT = timedelta(minutes=60)
"""How long whoever took an alarm has to say how it was, before they are asked."""

REPORT_AGAIN = timedelta(minutes=30)
"""And then, until the next is told."""

EVERY = frozenset(range(7))
WEEK = frozenset(range(5))
WEEKEND = frozenset({5, 6})


def time_to_take(told: int, people: int) -> timedelta:
    """How long to wait after the `told`-th telling, with so many to be told in turn: an alarm goes
    round more slowly as time goes by, and never stops."""
    if told > 2 * max(1, people) + HOURLY:
        return DAILY
    past_rounds = max(0, told - 1) // max(1, people)
    return TAKE[min(past_rounds, len(TAKE) - 1)]


def time_to_take_emergency(told: int, *, others: bool) -> timedelta:
    """How long to wait after the `told`-th telling of an emergency; `others`: whether there are
    some besides those who were told first. Where not, it is ten minutes before they hear it
    again."""
    if not others and told == 1:
        return TAKE_EMERGENCY[0] + TAKE_EMERGENCY[1]
    place = told - 1 if others else told
    if place > len(TAKE_EMERGENCY) - 2 + HOURLY:
        return DAILY
    return TAKE_EMERGENCY[min(place, len(TAKE_EMERGENCY) - 1)]


class Reason(StrEnum):
    """Why there is an alarm."""

    SILENT = "silent"
    UNHEARD = "unheard"
    """The check-in could not be delivered."""
    STOPPED = "stopped"
    """They sent STOP, or blocked us."""
    NOT_WELL = "not_well"
    """They said that they are not so good, and would like to be rung."""
    TROUBLE = "trouble"
    """They wrote of something that sounds like an emergency."""
    NEEDS_MORE = "needs_more"
    """Whoever saw to it needs help with it."""


ORGANISERS_FIRST = frozenset({Reason.STOPPED, Reason.NOT_WELL, Reason.NEEDS_MORE})
"""Alarms that go to the organisers before the contacts: somebody is there, and has to be rung."""


# Whether it is about check-ins at all

_WISH = re.compile(
    r"\bcheck(?:ing)?[- ]?(?:up |in )?(?:on|with) (?:me|us)\b|"
    r"\bcheck[- ]?ins?\b|\bcheckins?\b|"
    r"\b(?:text|message|contact|write to|ask) me (?:every|each|daily|on week|in the mornings?)\b"
    r".*\b(?:ok|okay|alright|all right|well|up|alive|fine)\b|"
    r"\b(?:make sure|see (?:if|that)|know (?:if|that)) (?:im|i am) "
    r"(?:ok|okay|alright|all right|up|well|fine)\b.*\b(?:every|each|daily|weekdays?)\b|"
    r"\b(?:edrych|holi|tsieco|siecio) (?:sut ydw i|arna i|amdana i)\b|\bcontroll\w+ se sto bene\b"
)
_NOT_WISH = re.compile(
    r"\b(?:did|do|does|why|when|what|which|how|who|didnt|hasnt|havent|not|never|missed)\b.*"
    r"\bcheck"
)
_OFF = re.compile(
    r"\b(?:stop|end|cancel|finish|no more|dont (?:want|need)|do not (?:want|need)|turn off|"
    r"without|leave off|give up)\b.{0,24}(?:\bcheck[- ]?(?:ing|ins?)\b|\bcheckins?\b)|"
    r"\bcheck[- ]?ins? (?:off|to stop|can stop)\b|"
    r"\b(?:stop|dont) check(?:ing)?(?: up| in)? on me\b|\bdim mwy o wirio\b|"
    r"\bbasta controlli\b"
)
_WHEN = re.compile(
    r"\b(?:when|what time|which days|do you|are you)\b.*"
    r"(?:\bcheck(?:ing)?(?: up| in)? (?:on|with) me\b|\bcheck[- ]?ins?\b)"
)
_OF_SOMEBODY = re.compile(
    r"\bcheck(?:ing)?[- ]?(?:up |in )?(?:on|with) (?!(?:me|us|it|that|this|the)\b)|"
    r"\bcheck[- ]?ins? (?:for|with) (?!(?:me|us)\b)"
)


def wants_check_ins(text: str) -> bool:
    """Whether somebody would like to be checked on ("could you check on me every morning")."""
    return bool(_WISH.search(text)) and not _NOT_WISH.search(text) and not wants_off(text)


def wants_off(text: str) -> bool:
    """Whether somebody wants their check-ins to end ("no more check-ins please")."""
    return bool(_OFF.search(text))


def asks_when(text: str) -> bool:
    """Whether somebody asks when they are checked on ("when are my check-ins?")."""
    return bool(_WHEN.search(text))


def speaks_of_somebody(text: str) -> bool:
    """Whether checking on another person is spoken of at all."""
    return bool(_OF_SOMEBODY.search(text))


def is_for_somebody(text: str) -> bool:
    """Whether check-ins are wanted for somebody else ("check on Rosa every day at 9"): days or an
    hour have to be said, or any "can you check on my mum" would be one."""
    return speaks_of_somebody(text) and schedule_in(text).days is not None


# Days and hours

_DAY = {word: n for names, n in WEEKDAYS.items() for word in names.split("|")} | WELSH_WEEKDAYS
_ONE = "|".join(sorted(map(re.escape, _DAY), key=len, reverse=True))
_RUN = re.compile(rf"\b(?P<first>{_ONE})s? ?(?:-|to|till|until|through|thru) ?(?P<last>{_ONE})s?\b")
_NAMED = re.compile(rf"\b(?P<day>{_ONE})s?\b")
_ALL = re.compile(
    r"\b(?:every ?day|each day|daily|(?:every|each) (?:single )?(?:day|morning|afternoon|evening|"
    r"night)|7 days|seven days|all week|in the (?:mornings|evenings)|mornings|evenings|"
    r"(?:bob|pob) (?:dydd|bore|nos)|ogni (?:giorno|mattina|sera)|tutti i giorni)\b"
)
_WEEKDAYS = re.compile(
    r"\b(?:(?:every )?week ?days?|working days|giorni feriali|dyddiau(?:r)? (?:gwaith|wythnos))\b"
)
_WEEKENDS = re.compile(r"\bweek ?ends?\b|\bpenwythnos")
_BUT = re.compile(r"\b(?:except|but not|apart from|not on|bar)\b(?P<rest>.*)")
_EVERY_OTHER = re.compile(r"\b(?:every other|every second|alternate|fortnight(?:ly)?)\b")


@dataclass(frozen=True, slots=True)
class Times:
    """What was said of when; each may be missing."""

    days: frozenset[int] | None
    hour: time | None


def schedule_in(text: str, *, bare: bool = False) -> Times:
    """The weekdays and the hour that a text speaks of; `bare`: an hour was asked for, so that a
    number alone is one. "Every other day" has no days: it is asked about."""
    but = _BUT.search(text)
    days = _days_in(text[: but.start()] if but else text)
    if but and days:
        days = (days - (_days_in(but["rest"]) or frozenset())) or days
    return Times(days, _hour_in(text, bare=bare))


def _days_in(text: str) -> frozenset[int] | None:
    if _EVERY_OTHER.search(text):
        return None
    days: set[int] = set()
    if _ALL.search(text) and not _NAMED.search(text):
        return EVERY
    if _WEEKDAYS.search(text):
        days |= WEEK
    if _WEEKENDS.search(text):
        days |= WEEKEND
    for run in _RUN.finditer(text):
        first, last = _DAY[run["first"]], _DAY[run["last"]]
        days |= {(first + n) % 7 for n in range((last - first) % 7 + 1)}
    for named in _NAMED.finditer(text):
        days.add(_DAY[named["day"]])
    return frozenset(days) or (EVERY if _ALL.search(text) else None)


_BARE = re.compile(
    r"(?:at |for |about |around )?(?P<hour>1[0-2]|0?[1-9]|[a-z]+)(?: please| pls)?\.?"
)


def _hour_in(text: str, *, bare: bool) -> time | None:
    said = part_of(text)
    if said is None or ":" not in said:
        at = re.search(r"\b(?:daily|day|mornings?|evenings?|weekdays?) (?P<hour>\d{1,2})\b", text)
        if at:
            said = part_of(f"at {at['hour']} {text}")
        elif bare and (alone := _BARE.fullmatch(text.strip())):
            said = part_of(f"at {alone['hour']}")
    return timing.clock_time(said or "")


def next_after(
    days: frozenset[int],
    hour: time,
    after: datetime,
    community: Community,
    away: tuple[date, date] | None = None,
) -> tuple[date, datetime]:
    """The day and the moment of the first check-in after that moment; `away`: the first day that
    is skipped and the first that is not. Nine o'clock stays nine o'clock when the clocks change:
    each day has its check-in once, at an hour that the spring change skips as long after it as it
    lies in the gap, and at the first of two that autumn has twice (`timing.at_local`)."""
    if not days:
        raise ValueError("check-ins need at least one weekday")
    day = timing.local(after, community).date() - timedelta(days=1)
    while True:
        moment = timing.at_local(day, hour, community)
        skipped = away is not None and away[0] <= day < away[1]
        if day.weekday() in days and moment > after and not skipped:
            return day, moment
        day += timedelta(days=1)


def part_of_day(hour: time) -> str:
    """How to greet somebody at that hour: `morning`, `afternoon` or `evening`."""
    if hour < time(12):
        return "morning"
    return "afternoon" if hour < time(17, 30) else "evening"


# Contacts

_PHONE = re.compile(r"(?:\+ ?44|0044|\b0)(?: ?\(0\))?(?P<rest>(?:[ .-]?\d){9,10})\b")
_BEFORE = re.compile(
    r"^(?:[\s,;:.&+/-]|\b(?:and|then|also|or|is|on|at|her|his|their|number|mobile|phone|tel|no|"
    r"my|our|the|please|first|second|name|friend|neighbour|neighbor|daughter|son|sister|brother|"
    r"niece|nephew|husband|wife|cousin|partner|grandson|granddaughter|mum|dad|next door|"
    r"a|ac|yw|fy|ei|e|poi|mia|mio|called|it|its|be|would|will)\b)+",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:[\s,;:.&+/(-]|\b(?:is|on|at|her|his|their|number|mobile|phone|tel|no|my|the|"
    r"friend|neighbour|daughter|son|sister|brother|niece|nephew|next door)\b)+$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody named as a contact."""

    name: str
    """Empty where only a number was given."""
    phone: str
    """E.164."""
    can_text: bool
    """Whether it is a mobile: a text to a landline is not read by anybody."""


def contacts_in(text: str, longest: int = 26) -> tuple[Named, ...]:
    """The names and British numbers in an answer ("Jean 07700 900123 and my son Peter
    07700 900456"), in order; the text as it was written."""
    found: dict[str, Named] = {}
    start = 0
    for match in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", match["rest"])
        said = _AFTER.sub("", _BEFORE.sub("", text[start : match.start()]))
        said = re.split(r"[,;.\n]", said)[-1].strip()
        words = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", said)[-3:]
        words = [re.sub(r"['’]s$", "", word) for word in words]
        name = " ".join(w if w != w.lower() else w.capitalize() for w in words)[:longest].strip()
        phone = f"+44{digits}"
        found.setdefault(phone, Named(name, phone, digits.startswith("7") and len(digits) == 10))
        start = match.end()
    return tuple(found.values())
