"""All the days that a message names, and whether it is sure which are meant.

`understanding_when.day_of` says one day, which is what most messages name. Who asks for something
on "Tuesday and Thursday", "the 31st of June" or "next week" must not get silently one of them, or
any: this says what has to be asked back.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from handlers.rules.understanding_calendar import MONTHS
from handlers.rules.understanding_when import (
    FULLER,
    Named,
    asks_near,
    looks_back,
    named_in,
    wanted,
)

MOST_TOGETHER = 3
"""Days that are taken together unasked: their names have to fit in one question."""

LONGEST_RUN = 5
"""Days from the first to the last of "Thursday to Sunday"; of more it is asked which, in words."""


@dataclass(frozen=True, slots=True)
class Days:
    """The days that a message names for what it asks."""

    days: tuple[date, ...] = ()
    """In order."""
    sure: bool = True
    """They are what is meant, all of them. Else which day is meant has to be asked; where there
    are days here, it is likely one of these."""
    all_may_be: bool = False
    """Not sure, and it may well be every one of them ("Thursday to Saturday")."""
    no_such: tuple[int, int] | None = None
    """A day and a month that has no such day."""
    loose: bool = False
    """They are named apart, so that an hour beside one may not be the others'."""


_MONTH_OF = {word: n for names, n in MONTHS.items() for word in names.split("|")}
_OR = r"or|neu|nei|o|od|oppure|either|/|maybe|perhaps|if not|otherwise|failing that|forse|efallai"
_TO = r"-|to|til|till|until|untill|through|thru|up to|tan|hyd|i|al|a|fino a|fino al"
_AND = r"and|&|\+|plus|then|also|again|a|ac|e|ed|poi|wedyn|hefyd"
_FILL = r"on|the|this|next|ar|y|yr|il|di|dd?ydd|for|both|of|possibly|even|come|also|either"
_JOIN = re.compile(rf"(?:[\s,;.]|(?<!\w)(?:{_OR}|{_TO}|{_AND}|{_FILL})(?!\w)|[-/&+])*")
_IS_OR = re.compile(rf"(?<!\w)(?:{_OR})(?!\w)|/")
_IS_TO = re.compile(rf"^[\s,]*(?:{_TO})(?!\w)")
_ONLY_AND = re.compile(rf"(?<!\w)(?:{_AND})(?!\w)")
_BETWEEN = re.compile(r"\b(?:between|rhwng|tra|fra)(?: the)? $")
_EITHER = re.compile(r"\b(?:either|naill ai|one of)(?: on)?(?: the)? $")
_BEFORE = re.compile(r"\b(?:before|cyn|prima di|prima del)(?: the| dd?ydd)? $")
_TH = r"(?:st|nd|rd|th|fed|eg|ydd|af|il|ed|ain)?"
_NUMBERS = r"\s*(?:,|and|&|or|/|-|to|neu|a|ac|e|o)\s*"
_AHEAD = re.compile(rf"(?<![\d/.:£])(?P<days>(?:\d{{1,2}}{_TH}{_NUMBERS}(?:the )?)+)$")
"""Figures before "7th November" whose month it is as well."""
_AFTER = re.compile(
    rf"^(?P<days>(?:{_NUMBERS}\d{{1,2}}{_TH}(?![\d:.]| ?(?:[ap]\.?m\b|oclock|o clock|ish|people|of|"
    rf"pints|times)))+)(?!\w)"
)
"""Figures after "November 5"."""
_WEEKEND = re.compile(
    r"\b(?P<next>next )?week ?end\b|\bpenwythnos\b(?P<cy> nesaf)?|\bfine settimana\b"
)
_MONTH_NAMES = "|".join(word for word in _MONTH_OF if len(word) > 3 and word not in ("march",))
_SOME_TIME = re.compile(
    r"\bnext (?:week|month|year)\b|\b(?:the )?week (?:after(?: next)?|beginning|commencing)\b|"
    r"\b(?:end|start|beginning|middle|later|later on|early|late)(?: of| in)?(?: the| this| next)? "
    r"(?:week|month)\b|"
    rf"\b(?:in|during|early|late|some ?time in|ym|yn|mis|a|ad) (?:{_MONTH_NAMES})\b|"
    r"\b(?:in|after|over|around) (?:the )?new year\b|"
    r"\b(?:at|over|for|before|after|around) (?:christmas|xmas|easter|the holidays)\b|"
    r"\b(?:christmas|xmas|easter) week\b|\bany ?(?:day|time) (?:but|except|apart from)\b|"
    r"\b(?:wythnos|mis|flwyddyn) nesaf\b|\b(?:settimana|mese) prossim[ao]\b|"
    r"\b(?:prossim[ao]) (?:settimana|mese)\b|\b(?:dros|cyn|ar ol) y nadolig\b|"
    r"\ba (?:natale|pasqua)\b"
)
"""A time to come that is no one day."""
_OF_OTHERS = re.compile(
    r"\b(?:away|coming|comes|visiting|visits|back|home|hospital|holidays?|until|till|til|since|here|"
    r"staying|moving|working|closed|shut|open|starts?) "
    r"(?:on |in |for |from |the |over |at |this )*$"
)
"""Just before it, when it is said of something else than what is asked for."""


_TELLS = re.compile(
    r"\b(?:i have|ive|i am|im|is|are|hes|shes|its|theyre|were|comes?|coming|visits?|appointment|"
    r"appt|goes|going|away|starts?|opens?|closes?|shut|due|birthday|delivery|bins?|runs?|ho|ho un|"
    r"appuntamento|apwyntiad|mae|yn dod)\b"
)
"""In a clause that asks for nothing, what tells that its day is another thing's."""
_CUT = re.compile(r"[.!?;,]| and | but | so ")
_OTHER_WEEK = re.compile(
    r"\bnot this (?:week|coming)\b|\bthe (?:week|one) after\b(?! next)|"
    r"\bnid yr wythnos (?:yma|hon)\b|"
    r"\bnon questa settimana\b|\b(?:or|maybe) the week after\b"
)
"""Beside a weekday: it may well be the one after."""


def days_of(text: str, today: date) -> Days:  # noqa: PLR0911 (one answer a thing said)
    """The days to come that a `plain` text names for what it asks, and whether that is sure."""
    named = list(named_in(text, today))
    if no_such := _no_such(named):
        return no_such
    groups = _groups(text, named)
    if not groups:
        return _some_time(text, today)
    if len({day for group in groups for day in group.days}) > 1 and len(groups) > 1:
        asking = [group for group in groups if asks_near(text, group.start)]
        # "I have an appointment Thursday and need a lift on Wednesday", but not "my prescription
        # today and some milk on Friday".
        groups = (
            [g for g in groups if g in asking or not _tells(text, g.start)] if asking else groups
        )
    days = tuple(sorted({day for group in groups for day in group.days}))
    if len(groups) > 1:
        several = len(days) > 1
        return Days(days, sure=not several, loose=several)
    (group,) = groups
    if _BEFORE.search(text[: group.start]):
        return Days(sure=False)
    if len(days) == 1 and _OTHER_WEEK.search(text):
        return Days((days[0], days[0] + timedelta(7)), sure=False)
    if len(days) == 1:
        return Days(days)
    if group.sure and len(days) <= MOST_TOGETHER:
        return Days(days)
    if len(days) > LONGEST_RUN:
        return Days(sure=False)
    return Days(days, sure=False, all_may_be=group.all_may_be)


def any_will_do(text: str) -> bool:
    """Whether a `plain` answer leaves to us which of several days it is."""
    return bool(_ANY.search(text))


_ANY = re.compile(
    r"\b(?:any|either|dont mind|not bothered|not fussed|whichever|whenever|up to you|you choose|"
    r"doesnt matter|dont matter|unrhyw|pa un bynnag|dim ots|qualsiasi|qualunque|non importa|"
    r"e uguale|uno dei due|fa lo stesso)\b"
)


@dataclass
class _Group:
    """Days that are named beside each other."""

    start: int
    days: list[date]
    sure: bool = True
    all_may_be: bool = True


def _no_such(named: list[Named]) -> Days | None:
    """That a date is named which there is not; or which nobody can tell."""
    for one in named:
        said = dict(one.said)
        if one.day or one.back or one.no or "month" not in said:
            continue
        figures = one.kind == "numeric"
        if figures and said.get("sep") != "/" and "year" not in said:
            continue  # 5-6 may be a number of people
        month = int(said["month"]) if figures else _MONTH_OF[said["month"]]
        day = int(said["day"]) if said.get("day", "").isdecimal() else 0
        # A leap year, so that 29 February is some day, if not of this year.
        if 1 <= month <= 12 and monthrange(2024, month)[1] < day < 100:
            return Days(sure=False, no_such=(day, month))
        return Days(sure=False)
    return None


def _groups(text: str, named: list[Named]) -> list[_Group]:
    """The days that a text names, by which are named together."""
    groups: list[_Group] = []
    last: Named | None = None
    # What "until" stands before is wanted here where it ends a run of days.
    ends = {one.start: one for one in named if one.unread}
    several = sorted([*wanted(named), *ends.values()], key=lambda one: one.start)
    for one in several:
        # "5th or 6th": the small word is read with the day, since Welsh has one like it.
        small = re.match(r"or ", text[one.start : one.end])
        between = text[last.end : one.start + (3 if small else 0)] if last else None
        joined = between is not None and _JOIN.fullmatch(between)
        if one.start in ends:
            if joined and between and _IS_TO.match(between) and one.unread:
                _run(groups[-1], one.unread)
                last = one
            continue
        assert one.day
        if not joined or not groups or last is None or between is None:
            groups.append(_begun(text, one))
        else:
            _join(groups[-1], last, one, between)
        last = one
        _figures(text, one, groups[-1])
    return groups


def _tells(text: str, start: int) -> bool:
    """Whether the clause before that place tells of something else than what is asked for."""
    return bool(_TELLS.search(_CUT.split(text[max(0, start - 60) : start])[-1]))


def _begun(text: str, one: Named) -> _Group:
    assert one.day
    group = _Group(one.start, [one.day])
    weekday = dict(one.said).get("weekday")
    if one.kind == "weekday day" and weekday and one.day.strftime("%a").lower() != weekday[:3]:
        _clash(group, weekday, one.day)
    if _EITHER.search(text[: one.start]):
        group.sure = group.all_may_be = False
    if _BETWEEN.search(text[: one.start]):
        group.sure = False
    return group


def _clash(group: _Group, weekday: str, day: date) -> None:
    """ "Monday 17th", which is a Tuesday: either may be meant."""
    near = (day + timedelta(n) for n in (-1, 1, -2, 2, -3, 3))
    other = next((d for d in near if d.strftime("%a").lower() == weekday[:3]), None)
    if other:
        group.days.append(other)
        group.sure = group.all_may_be = False


def _join(group: _Group, last: Named, one: Named, between: str) -> None:
    assert last.day
    assert one.day
    day, week = one.day, timedelta(7)
    if dict(last.said).get("how") in ("next", "nxt") and one.kind == "weekday":
        # "Next Thursday and Friday": the Friday after that Thursday.
        day = next(d for d in (day, day + week, day + 2 * week) if d >= group.days[0])
    if day in group.days:
        return
    beside = not re.sub(r"[\s,.]|\b(?:on|the|ar|y|il|di)\b", "", between)
    if beside and {last.kind, one.kind} & FULLER and "weekday" in (last.kind, one.kind):
        # "Friday, December 4th": one day, said twice, if they agree.
        if last.day.weekday() == day.weekday():
            group.days = [day if one.kind in FULLER else last.day]
        else:
            group.days.append(day)
            group.sure = group.all_may_be = False
        return
    if beside and last.day.weekday() == day.weekday():
        return  # "today, Tuesday"
    if _IS_OR.search(between):
        group.days.append(day)
        group.sure = group.all_may_be = False
    elif _IS_TO.match(between) and not _ONLY_AND.match(between.strip()):
        _run(group, day)
    elif not group.sure and group.all_may_be and len(group.days) == 1:
        _run(group, day)  # "between Tuesday and Thursday"
    else:
        group.days.append(day)


def _run(group: _Group, last: date) -> None:
    """Every day from the last one named to that."""
    day = group.days[-1]
    if last < day:
        last += timedelta(7)
    group.sure = False
    group.days += [day + timedelta(n) for n in range(1, min((last - day).days, LONGEST_RUN) + 1)]


def _figures(text: str, one: Named, group: _Group) -> None:
    """The figures beside a date, which are days of its month: "13/14 November", "5 and 6 Dec"."""
    assert one.day
    found, kind = None, one.kind
    if kind == "day month":
        found = _AHEAD.search(text[: one.start])
    elif kind == "month day":
        found = _AFTER.match(text[one.end :])
    if found is None:
        return
    others = list(_in_month(one.day, re.findall(r"\d{1,2}", found["days"])))
    joins = re.sub(rf"\d{{1,2}}{_TH}", " ", found["days"])
    if re.search(r"-|\bto\b", joins):
        first, last = min([*others, one.day]), max([*others, one.day])
        group.days, group.sure = [first], False
        _run(group, last)
        return
    # What was read as a day of this month ("5th, 6th and 7th December") was none of its own.
    group.days = [day for day in group.days if day.day not in {other.day for other in others}]
    group.days += others
    if _IS_OR.search(joins):
        group.sure = group.all_may_be = False


def _in_month(day: date, figures: Iterable[str]) -> Iterable[date]:
    for figure in figures:
        if 1 <= int(figure) <= monthrange(day.year, day.month)[1]:
            yield day.replace(day=int(figure))


def _some_time(text: str, today: date) -> Days:
    """What is said where no day is: nothing, or some time that is no one day."""
    if (end := _WEEKEND.search(text)) and _is_wanted(text, end.start()):
        if _BEFORE.search(text[: end.start()]):
            return Days(sure=False)
        later = 7 if end["next"] or end["cy"] else 0
        saturday = today + timedelta(5 - today.weekday() + later)
        days = (saturday, saturday + timedelta(1))
        return Days(tuple(day for day in days if day >= today), sure=False)
    if (some := _SOME_TIME.search(text)) and _is_wanted(text, some.start()):
        return Days(sure=False)
    return Days()


def _is_wanted(text: str, start: int) -> bool:
    return not looks_back(text, start) and not _OF_OTHERS.search(text[:start])
