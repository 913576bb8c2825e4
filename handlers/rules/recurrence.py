"""Help that comes again: on which days, when the next time is, and what is said about it.

"every Tuesday", "every second Friday", "Mondays and Thursdays at 10", "bob dydd Mawrth". Days are
days of the group's own calendar; nothing here knows what day it is. Months ("the first Monday of
the month") are not understood: such words make one request, and the person sees so before the yes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from handlers.rules import timing
from handlers.rules import understanding_calendar as calendar
from handlers.rules.understanding_days import days_of
from handlers.rules.understanding_when import day_of
from handlers.rules.understanding_words import clean, plain
from storage.model import Community

MADE_AT = time(10, 0)
"""The request is made at this hour of the day before: three waves, and one neighbour alone before
them, have their time until the evening, and nobody is asked long before they know their week."""

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Pattern:
    """On which days of which weeks."""

    weekdays: tuple[int, ...]
    """In order; Monday is 0. None of them: it was not said, and has to be asked."""
    every: int = 1
    """Every so many weeks, counted from the one of the first time."""


# When the next time is


def is_on(pattern: Pattern, starts: date, day: date) -> bool:
    """Whether it is to happen on that day, `starts` being the first time."""
    weeks = (_monday(day) - _monday(starts)).days // 7
    return day >= starts and day.weekday() in pattern.weekdays and weeks % pattern.every == 0


def next_day(pattern: Pattern, starts: date, after: date) -> date:
    """The first day after that one on which it is to happen."""
    day = max(after + timedelta(days=1), starts)
    while not is_on(pattern, starts, day):
        day += timedelta(days=1)
    return day


def first_day(pattern: Pattern, today: date, earliest: date | None = None) -> date:
    """The day on which it begins: after today, unless an earliest day was said."""
    day = max(earliest, today) if earliest else today + timedelta(days=1)
    while day.weekday() not in pattern.weekdays:
        day += timedelta(days=1)
    return day


def days_in_week(pattern: Pattern, starts: date, week_of: date) -> list[date]:
    """The days of that week, from Monday to Sunday, on which it is to happen."""
    monday = _monday(week_of)
    week = (monday + timedelta(days=n) for n in range(7))
    return [day for day in week if is_on(pattern, starts, day)]


def made_at(day: date, community: Community) -> datetime:
    """When to make the request for that day."""
    eve = timing.at_local(day - timedelta(days=1), MADE_AT, community)
    return timing.not_quiet(eve, community)


def wanted_at(day: date, part: str | None, community: Community) -> datetime:
    """When help is to happen on that day."""
    midnight = timing.at_local(day, time(0), community)
    return timing.wanted_at(day, part, midnight, community)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


# What people say

_DAY_OF = {word: n for names, n in calendar.WEEKDAYS.items() for word in names.split("|")}
_DAY_OF |= calendar.WELSH_WEEKDAYS
_ONE = "|".join(sorted(_DAY_OF, key=len, reverse=True))
_DAY = rf"(?:dydd )?(?:{_ONE})s?"
_LIST = rf"{_DAY}(?:(?:,? ?(?:and|&|\+|a|ac|e)|,)? (?:every |on |each |ogni |bob )*{_DAY})*\b"
_COUNT = {"two": 2, "2": 2, "three": 3, "3": 3, "four": 4, "4": 4, "due": 2, "tre": 3}
_MONTHLY = re.compile(r"\b(?:month|months|monthly|mis|mese|mesi)\b")
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rf"\b(?:{words})\b"))
    for kind, words in (
        ("second", rf"(?:every (?:other|second|2nd)|alternate) (?P<days>{_LIST})"),
        (
            "second",
            r"every (?:other|second|2nd) week|alternate weeks|(?:every|each|once a) fortnight|"
            r"fortnightly|bob (?:pythefnos|yn ail wythnos)|ogni quindici giorni",
        ),
        (
            "weeks",
            r"every (?P<count>two|2|three|3|four|4) weeks?|ogni (?P<conta>due|tre) settimane",
        ),
        (
            "daily",
            r"(?:every|each) (?:single )?(?:day|morning|afternoon|evening|night|lunch ?time)|daily|"
            r"bob (?:dydd|bore|nos|prynhawn|pnawn)(?! (?:llun|lun|mawrth|mercher|iau|gwener|sadwrn|"
            r"sul))|ogni (?:giorno|mattina|pomeriggio|sera)|tutti i giorni",
        ),
        (
            "weekdays",
            r"(?:every |on |each )?week ?days|every week ?day|"
            r"mon(?:day)?s? (?:to|till|-) fri(?:day)?s?",
        ),
        ("weekend", r"(?:every|each) weekend|weekends"),
        (
            "week",
            rf"(?:(?:every|each|bob|ogni|tutti i)(?: single)?)(?: week)?(?: on)?(?: a)?,? "
            rf"(?P<days>{_LIST})",
        ),
        (
            "week",
            r"(?:every|each|once a|twice a) week|weekly|bob wythnos|ogni settimana|"
            r"tutte le settimane",
        ),
        ("plural", rf"(?P<days>{_LIST})"),
    )
)
_WHOLE_WEEKS = {"daily": tuple(range(7)), "weekdays": tuple(range(5)), "weekend": (5, 6)}
_HABIT = re.compile(
    r"\b(?:bins?|used to|usually|always|normally|goes|comes|opens?|closed?|shuts?|shut|"
    r"theres|there is)\b[^.,;!?]*$"
)
"""What happens every week anyway is not what is asked for."""
_FROM = re.compile(r"\b(?:from|starting|start|beginning|as of|gan ddechrau|a partire|dal|da) (.+)$")


def pattern_of(text: str, today: date) -> tuple[Pattern, date | None] | None:
    """How often something is asked for, and from when if that is said; none for a single time."""
    said = _bare(text)
    if _MONTHLY.search(said):
        return None
    for kind, rule in _PATTERNS:
        for match in rule.finditer(said):
            if _HABIT.search(said[: match.start()]):
                continue
            if kind == "plural" and not _is_plural(text, match["days"]):
                continue
            rest = f"{said[: match.start()]} {said[match.end() :]}"
            begins = _FROM.search(rest)
            earliest = day_of(begins[1], today) if begins else None
            pattern = _made(kind, match, rest)
            of_the_pattern = (
                "days" not in match.groupdict() and next(_days_in(rest), None) is not None
            )
            if earliest is None and not of_the_pattern and day_of(rest, today):
                return None  # "the bins are on Tuesdays, can somebody help tomorrow"
            return pattern, earliest
    return None


def _made(kind: str, match: re.Match[str], rest: str) -> Pattern:
    groups = match.groupdict()
    every = 2 if kind == "second" else 1
    if kind == "weeks":
        every = _COUNT[groups["count"] or groups["conta"]]
    if kind in _WHOLE_WEEKS:
        return Pattern(_WHOLE_WEEKS[kind])
    return Pattern(tuple(sorted(set(_days_in(groups.get("days") or rest)))), every)


def days_named(text: str) -> tuple[int, ...]:
    """The days of the week that a text names, in order; Monday is 0."""
    return tuple(sorted(set(_days_in(_bare(text)))))


def _days_in(said: str) -> Iterator[int]:
    for word in re.findall(r"[^\W\d_]+", said):
        day = _DAY_OF.get(word, _DAY_OF.get(word.removesuffix("s")))
        if day is not None:
            yield day


def _is_plural(text: str, days: str) -> bool:
    """Whether days are said as days that come again ("Tuesdays"; "on Tuesday's", as many write it),
    and not as whose something is ("Tuesday's paper")."""
    owned = re.search(r"day's (?!and\b|at\b|please\b)\w", clean(text))
    before = re.search(r"\bon (?:the )?\w+day's", clean(text))
    return bool(re.search(r"d(?:a?y|ey|i)s\b", days)) and (not owned or bool(before))


def _bare(text: str) -> str:
    """Plain, and without accents: phones leave out many."""
    split = unicodedata.normalize("NFD", plain(text))
    return "".join(c for c in split if not unicodedata.combining(c))


# What people say of what has been set up


class Wants(StrEnum):
    """What somebody wants done with their regular help."""

    SKIP = "skip"
    STOP = "stop"
    ONE_OR_ALL = "one_or_all"
    """Either: they have to be asked."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish about regular help, as far as the words alone tell it."""

    wants: Wants
    day: date | None = None
    """The day to leave out."""
    days: tuple[date, ...] = ()
    """Where several days are to be left out: all of them."""
    week: date | None = None
    """A day of the week to leave out."""
    until: date | None = None
    """Everything before that day is to be left out; where `day` is said, from then on."""
    next_time: bool = False
    """The next time is to be left out, whenever that is."""
    weekdays: tuple[int, ...] = ()
    """Days that were named."""
    regular: bool = False
    """They speak of what is regular, whichever it is."""
    about: str = field(default="", compare=False)
    """What they said beside the wish itself: it may name the help that is meant."""


_POLITE = (
    r"^(?:(?:hi|hello|hiya|hey|please|pls|sorry|but|ok|okay|oh|actually|thanks|thank you|can|could|"
    r"would|will|you|we|i|id|like|to|just|and|us|let|lets|plis)\b[ ,.!]*)*"
)
_STOP = re.compile(
    rf"{_POLITE}(?:stop|end|finish|no more|no longer|dim mwy|dim rhagor|basta|"
    r"(?:dont|do not|wont) (?:need|want|be needing)\b.*\b(?:any ?more|any longer|ever again))\b"
)
_CANCEL_ALL = re.compile(rf"{_POLITE}(?:cancel|call off|canslo)\b")
_SKIP = re.compile(
    rf"{_POLITE}(?:skip|miss|leave|cancel|call off|put off|not|no need|no|"
    r"(?:dont|do not) (?:come|need|want|bother)|wont (?:need|be needing|want)|im (?:away|out|busy)|"
    r"dim|peidi\w*|paid|does dim angen|hepgor\w*|canslo|salta\w*|non|niente)\b"
)
_REGULAR = re.compile(
    r"\b(?:every|each|weekly|fortnightly|daily|regular(?:ly)?|all of (?:it|them)|"
    r"rheolaidd|bob|ogni|regolar\w*)\b"
)
_THIS_WEEK = re.compile(r"\b(?:this week|this weeks|yr wythnos (?:yma|hon)|questa settimana)\b")
_NEXT_WEEK = re.compile(
    r"\b(?:next week|next weeks|(?:yr )?wythnos nesaf|(?:la )?(?:prossima settimana|settimana "
    r"prossima))\b"
)
_NEXT_TIME = re.compile(
    r"\b(?:this time|next time|the next (?:one|time)|this one|y tro (?:yma|nesaf)|"
    r"(?:questa|la prossima) volta)\b"
)
_WEEKS = re.compile(
    r"\b(?:(?:for|over|am|per) )?(?:the |y |le )?(?:next |coming |prossim[ei] )?"
    r"(?P<n>a|an|one|two|three|four|five|six|eight|\d|couple of|a couple of|few|a few|"
    r"dwy|dair|tair|pedair|due|tre|quattro|y ddwy|pythefnos|un)? ?"
    r"(?P<unit>weeks?|wks?|fortnight|months?|wythnos(?:au)?|settiman[ae]|mis(?:oedd)?|mes[ei])"
    r"(?P<nesaf> nesaf| prossim[ei])?\b(?! (?:today|tomorrow|on))"
)
"""How long: "the next two weeks", "for a fortnight", "am dair wythnos"."""
_HOW_MANY = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8, "couple of": 2,
    "a couple of": 2, "few": 3, "a few": 3, "dwy": 2, "y ddwy": 2, "tair": 3, "dair": 3,
    "pedair": 4, "due": 2, "tre": 3, "quattro": 4,
}  # fmt: skip
_UNTIL = re.compile(
    r"\b(?:until|untill|till|til|before|tan|fino a[dl]?|prima d[ei]l?) "
    r"(?:the |about |after |y |ar ol )?"
    r"(?P<when>.+)$"
)
_NEW_YEAR = re.compile(r"\b(?:new year|flwyddyn newydd|anno nuovo)\b")
_CHRISTMAS = re.compile(r"\b(?:christmas|xmas|nadolig|natale)\b")
_BOTH_WEEKS = re.compile(
    r"\bthis week (?:and|or|n[o]r) (?:the )?next\b|\byr wythnos (?:yma|hon) a(?:r)? nesaf\b|"
    r"\bquesta settimana e la prossima\b"
)
_MONTHS = {name: n for names, n in calendar.MONTHS.items() for name in names.split("|")}
LONGEST_BREAK = timedelta(weeks=26)
"""Nobody means so long by a date of this kind: what is further off is another year's."""
_FOR_NOW = re.compile(
    r"\b(?:until|untill|till|til|tan|fino|for (?:now|(?:a|the|\w+) (?:bit|while|few|moment|time|"
    r"days?|weeks?|months?))|am y tro|per (?:ora|adesso|\w+ settimane))\b"
)
_FROM_THEN = re.compile(r"\b(?:from|after|as of|starting|ymlaen|dal|dalla|dopo|partire)\b")
_MESSAGES = re.compile(r"\b(?:text|message|msg|sms|neges|tecst|messagg)")
"""Who wants no more messages is not speaking of help."""
_ONCE = re.compile(
    r"\b(?:just|only) (?:this|the once|once|one|for this|for once|the one)\b|\bone[- ]?off\b|"
    r"\bnot every\b|\bunwaith yn unig\b|\bsolo (?:questa|una) volta\b"
)
_MOST_WORDS = 14


def only_once(text: str) -> bool:
    """Whether somebody puts right that they meant a single time."""
    return bool(_ONCE.search(_bare(text)))


def wish_of(text: str, today: date) -> Wish | None:
    """What a short message wants done with regular help, or none. Only of use for somebody who has
    some: "not this week" is a plain no to anybody else."""
    said = _bare(text)
    if len(said.split()) > _MOST_WORDS or _MESSAGES.search(said):
        return None
    wish = _wish(text, said, today)
    if wish is None:
        return None
    verb = _STOP.match(said) or _CANCEL_ALL.match(said) or _SKIP.match(said)
    assert verb  # else there was no wish
    about = said[verb.end() :]
    for when in (_THIS_WEEK, _NEXT_WEEK, _NEXT_TIME):
        about = when.sub("", about)
    return replace(wish, about=about)


def _wish(text: str, said: str, today: date) -> Wish | None:
    days, regular = tuple(sorted(set(_days_in(said)))), bool(_REGULAR.search(said))
    said_no = any(rule.match(said) for rule in (_STOP, _CANCEL_ALL, _SKIP))
    begins = _FROM.search(said)
    first = day_of(begins[1], today) if begins else None
    if said_no and (until := _until(said, today, first)):
        return Wish(Wants.SKIP, day=first, until=until, weekdays=days)
    if said_no and not (several := days_of(said, today)).sure and len(several.days) > 1:
        # "Skip Tuesday or Friday": which of them is not for us to say.
        return Wish(Wants.ONE_OR_ALL, weekdays=days, regular=regular)
    skip = _skip(said, days, today)
    if _STOP.match(said) or (_CANCEL_ALL.match(said) and (regular or _is_plural(text, said))):
        # "No more this week", "no more until Christmas": who wants it again must not lose it.
        one = not days or any(when.search(said) for when in (_THIS_WEEK, _NEXT_WEEK, _NEXT_TIME))
        if skip and one and not _FROM_THEN.search(said):
            return skip
        plainly = regular or days or not re.search(r"\bany ?more|any longer", said)
        wants = Wants.STOP if plainly and not _FOR_NOW.search(said) else Wants.ONE_OR_ALL
        return Wish(wants, weekdays=days, regular=regular)
    return skip if _SKIP.match(said) else None


def _until(said: str, today: date, first: date | None) -> date | None:
    """The day from which it is to go on, where more than one time or week is to be left out."""
    monday = today - timedelta(days=today.weekday())
    day: date | None = None
    if _BOTH_WEEKS.search(said):
        return monday + 2 * WEEK
    if (span := _WEEKS.search(said)) and (span["n"] or span["unit"] == "fortnight"):
        unit = span["unit"]
        count = 2 if unit == "fortnight" or span["n"] == "pythefnos" else 0
        count = (
            count or _HOW_MANY.get(span["n"], 0) or int(span["n"] if span["n"].isdecimal() else 1)
        )
        weeks = 4 if unit.startswith("m") else 1
        day = (first or today + timedelta(days=1)) + (count if weeks == 1 else count * weeks) * WEEK
    elif found := _UNTIL.search(said):
        when = found["when"]
        named = days_of(f"on {when}", today)
        month = next(
            (n for word, n in _MONTHS.items() if re.fullmatch(rf"(?:[mf]is )?{word}\b.*", when)), 0
        )
        if _NEW_YEAR.search(when):
            day = date(today.year + 1, 1, 1)
        elif named.sure and named.days:
            day = named.days[0]
        elif month:
            day = date(today.year + (month <= today.month), month, 1)
        elif _CHRISTMAS.search(when):
            day = date(today.year, 12, 27)
        elif _NEXT_WEEK.search(when):
            day = monday + WEEK
    return day if day and today < day <= today + LONGEST_BREAK else None


def _skip(said: str, weekdays: tuple[int, ...], today: date) -> Wish | None:
    named = days_of(said, today)
    if named.sure and len(named.days) > 1:
        return Wish(Wants.SKIP, days=named.days, weekdays=weekdays)
    if day := day_of(said, today):
        return Wish(Wants.SKIP, day=day, weekdays=weekdays)
    if _NEXT_TIME.search(said):
        return Wish(Wants.SKIP, next_time=True, weekdays=weekdays)
    if _THIS_WEEK.search(said):
        return Wish(Wants.SKIP, week=today, weekdays=weekdays)
    if _NEXT_WEEK.search(said):
        return Wish(Wants.SKIP, week=today + WEEK, weekdays=weekdays)
    return None
