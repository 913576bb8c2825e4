"""What a helper says of their hours ("weekday mornings", "not Wednesdays", "Tuesdays 2 to 5").

A text is read whole or not at all: "I can do mornings but my car is broken" says something else as
well, and is left to others. Without the word HOURS it must also sound like a habit: "I can do
Wednesday" is an answer to somebody, "I can do Wednesdays" are hours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from handlers.rules import hours
from handlers.rules.checkins import EVERY, WEEK, WEEKEND
from handlers.rules.hours import ALL, DAY, PARTS
from handlers.rules.rota import DAY_NUMBER, HOUR, ONE_DAY, minute_of_day
from handlers.rules.understanding_clock import part_of
from handlers.rules.understanding_words import plain
from storage.model import Hours


class Doing(StrEnum):
    """What a helper does about their hours."""

    SHOW = "show"
    SET = "set"
    ANY = "any"
    """They may be asked for any time."""
    HOW = "how"
    """They meant to say when, and were not understood."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a helper says of their hours."""

    doing: Doing
    hours: Hours = ()
    """As they would be from then on."""


_SAID_HOUR = (
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|un|dau|ddau|tri|dri|pedwar|bedwar|pump|bump|chwech|saith|wyth|naw|deg|ddeg"
)
_CLOCK = (
    rf"(?:{HOUR}|(?:(?:half past|quarter past|quarter to) )?(?:{_SAID_HOUR})\b(?: ?[ap]m\b)?)"
    r"(?: ?(?:oclock|o gloch|or gloch)\b)?"
)
_TO = r"(?:-|to|till?|until|tan|i|alle?|a(?= mezz)|fino alle)"
_DYDD = r"(?:d?dydd |il |al )?"

_MARKS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("space", r"[\s.!?:]+"),
        (
            "any",
            r"(?:at )?(?:any ?time|whenever|always|all the time|unrhyw (?:bryd|amser)|bob amser|"
            r"sempre|in qualsiasi momento|a qualsiasi ora|quando vuoi)\b",
        ),
        (
            "open",
            r"(?:please )?(?:(?:i|we) (?:can|could|will|would|do)|can do|im|i am|we are|ill|id|"
            r"(?:you (?:can|may) )?ask me|i have|ive got|dw ?i(?: ?n)?|rydw i(?: ?n)?|rwyn|rwy|"
            r"gallaf|galla i|fedra i|gofynnwch i mi|posso|sono|chiedetemi|chiedimi)\b",
        ),
        ("only", r"(?:but )?(?:only|just|dim ond|yn unig|solo|soltanto)\b"),
        ("also", r"(?:also|as well|too|hefyd|anche)\b"),
        (
            "not",
            r"(?:(?:but|ond|ma) )?(?:not|never|except(?: for)?|excluding|apart from|other than|"
            r"i cant|cant|i can not|dont|i dont|no|busy|nid|dim|ac eithrio|heblaw|alla i ddim|"
            r"fedra i ddim|non|tranne|eccetto)\b",
        ),
        (
            "every",
            r"(?:every ?day|each day|daily|any ?day|all week|seven days|7 days|"
            rf"(?:bob|pob) dydd(?! {ONE_DAY})|ogni giorno|tutti i giorni)\b",
        ),
        ("weekend", r"(?:week ?ends?|penwythnos(?:au)?|fine settimana)\b"),
        (
            "week",
            r"(?:week ?days?|working days|(?:in |during )?the week|(?:yn ystod )?yr wythnos|"
            r"dyddiau(?:r)? (?:gwaith|wythnos)|giorni feriali|in settimana|durante la settimana)\b",
        ),
        (
            "run",
            rf"(?P<first>{ONE_DAY})s? ?(?:-|to|till?|until|through|thru|i|tan|hyd|al?) ?"
            rf"{_DYDD}(?P<last>{ONE_DAY})s?\b",
        ),
        ("day", rf"(?P<day>{ONE_DAY})s?\b"),
        (
            "range",
            rf"(?:(?:between|rhwng|tra le) (?P<b1>{_CLOCK}) ?(?:and|a|e|e le|{_TO}) ?"
            rf"(?P<b2>{_CLOCK})|"
            rf"(?:from |o |dalle )?(?P<r1>{_CLOCK}) ?{_TO} ?(?P<r2>{_CLOCK}))(?!\w)",
        ),
        (
            "after",
            rf"(?:after|from|past|ar ol|o|dopo le|dalle) (?P<after>{_CLOCK})"
            r"(?: (?:onwards?|on|ymlaen|in poi))?(?!\w)",
        ),
        (
            "before",
            rf"(?:before|until|till?|up to|cyn|tan|hyd|prima delle|fino alle) "
            rf"(?P<before>{_CLOCK})(?!\w)",
        ),
        ("morning", r"(?:mornings?|bor?eu?au|bore|mattin[aeio])\b"),
        (
            "afternoon",
            r"(?:afternoons?|p(?:ry)?nh?awn(?:iau)?|b(?:ry)?nh?awn(?:iau)?|pomerigg(?:io|i))\b",
        ),
        (
            "evening",
            r"(?:evenings?|nights?|gyda ?r nos|min nos|nosweithiau|nos|ser[ae]|serate)\b",
        ),
        ("daytime", r"(?:(?:in |during )?the day|day ?times?|yn ystod y dydd|di giorno)\b"),
        ("join", r"(?:,|;|&|\+|/|(?:and|or|plus|then|a|ac|neu|e|ed|o|oppure)\b)"),
        (
            "fill",
            r"(?:on|in|at|the|of|every|each|all day|during|around|but|though|be|do|help|come|go|"
            r"make|manage|out|free|available|there|here|about|please|pls|thanks|thank you|me|"
            r"most(?:ly)?|usually|y|yr|ar|yn|bob|pob|d?dydd|d?dyddiau|trwyr dydd|plis|diolch|"
            r"helpu|gallu|medru|ar gael|rhydd|ond|i|il|la|le|lo|gli|di|del|della|dal|al|nel|ogni|"
            r"tutt[ei]|tutto il giorno|libero|libera|disponibile|aiutare|venire|ma|per favore|"
            r"grazie)\b",
        ),
    )
)
"""What a text about hours is made of, in the order in which each is tried."""


_NAMED = re.compile(
    r"^/?(?:(?:(?:my|fy|i miei|these are my) )?(?:helping )?(?:hours|oriau|orario?|orari)\b)"
    r"(?: (?:are|is|yw|ydy|sono))?(?P<rest>.*)$"
)
_HABIT = re.compile(
    r"\b(?:\w+days|weekday|weekend|mornings|afternoons|evenings|nights|daytimes|every|each|daily|"
    r"any ?day|any ?time|whenever|always|in the week|"
    r"boreu?au|prynhawniau|pnawniau|nosweithiau|penwythnosau|gyda ?r nos|[bp]ob|d?dyddiau|ar ddydd|"
    r"yn ystod|unrhyw|"
    r"ogni|tutt[ei]|mattine|pomeriggi|sere|serate|feriali|fine settimana|sempre|"
    r"(?:il|di|la) (?:\w+edi|sabato|mattina|sera|pomeriggio))\b"
)


class Ear(StrEnum):
    """How much must be said for it to be about hours."""

    NAMED = "named"
    """The word HOURS itself: some other question is open that words of any kind may answer."""
    HABIT = "habit"
    """A habit, and a word of being there or not ("I can do Wednesdays", "only evenings")."""
    HELPER = "helper"
    """A habit ("Tuesdays 2 to 5"): days mean nothing else from who only helps."""
    ASKED = "asked"
    """They were asked for their hours: "Saturday" is an answer."""


def wish(text: str, now: Hours, ear: Ear = Ear.HABIT) -> Wish | None:
    """What a helper says of their hours, which are `now` as yet; none if it is about something
    else."""
    said = _OF_WEEK.sub(r"\1 yr", plain(text).translate(_BARE)).strip(" .!?")
    said = _TWELVE.sub("", said)
    by_name = _NAMED.match(said)
    if by_name:
        rest = by_name["rest"].strip(" :-")
        if not rest:
            return Wish(Doing.SHOW)
        found = _read(rest)
        spoke = found is not None or next(_marks(rest))[0] not in ("", "fill", "join")
        return _meant(found, now) or (Wish(Doing.HOW) if spoke else None)
    found = None if ear is Ear.NAMED else _read(said)
    if found is None:
        return None
    if ear is not Ear.ASKED and not _HABIT.search(said):
        return None
    return _meant(found, now) if found.opened or ear is not Ear.HABIT else None


_TWELVE = re.compile(r"\b12 (?=noon\b|midday\b|hanner dydd\b)")
_OF_WEEK = re.compile(r"\b(boreu?au|prynhawniau|pnawniau|nosweithiau)r\b")
_BARE = str.maketrans("àèéìòùâêîôûŵŷ", "aeeiouaeiouwy")


@dataclass
class _Clause:
    """Some days, and times of them: either may be missing, and is then all."""

    no: bool = False
    days: set[int] = field(default_factory=set)
    times: list[tuple[int, int]] = field(default_factory=list)
    part: str = ""
    """Of the time said last, to tell whether 6 is in the morning."""
    loose: tuple[str, str] | None = None
    """Hours said before their part ("9 to 12 in the morning")."""
    times_first: bool = False
    plural: bool = False
    """Of the days said last: "Mondays and Thursday evenings" are two things."""

    @property
    def said(self) -> bool:
        return bool(self.days or self.times)

    def week(self) -> int:
        days = frozenset(self.days) or EVERY
        times = self.times or [(0, DAY)]
        found = 0
        for start, end in times:
            found |= hours.on(days, start, end)
        return found


@dataclass
class _Said:
    clauses: list[_Clause] = field(default_factory=list)
    opened: bool = False
    also: bool = False
    any: bool = False


def _meant(found: _Said | None, now: Hours) -> Wish | None:
    if found is None:
        return None
    yes = [clause.week() for clause in found.clauses if clause.said and not clause.no]
    no = [clause.week() for clause in found.clauses if clause.said and clause.no]
    if not yes and not no:
        return Wish(Doing.ANY)
    week = 0 if yes and not found.also else ALL if found.any else hours.bits(now)
    for each in yes:
        week |= each
    for each in no:
        week &= ~each
    if not week & ALL:
        return Wish(Doing.HOW)
    kept = hours.spans(week)
    return Wish(Doing.SET, kept) if kept else Wish(Doing.ANY)


def _marks(said: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """What the text is made of, from left to right; ends with an empty kind where there is
    anything else in it."""
    at = 0
    while at < len(said):
        matches = ((kind, pattern.match(said, at)) for kind, pattern in _MARKS)
        kind, match = next(((k, m) for k, m in matches if m), ("", None))
        yield kind, match
        if match is None:
            return
        at = match.end()


def _read(said: str) -> _Said | None:
    found = _Said([_Clause()])
    joined = True
    for kind, match in _marks(said):
        if match is None:
            return None
        clause = found.clauses[-1]
        if kind in ("open", "only", "also", "any"):
            found.opened = True
            found.also |= kind == "also"
            found.any |= kind == "any"
            if clause.no and kind in ("open", "only"):
                found.clauses.append(_Clause())
        elif kind == "not":
            found.opened = True
            found.clauses.append(_Clause(no=True))
        elif kind == "join":
            joined = True
        elif kind in ("every", "week", "weekend", "run", "day"):
            plural = match.group().endswith("s")
            _add_days(found, _days(kind, match), joined=joined, plural=plural)
            joined = False
        elif kind not in ("space", "fill"):
            if not _add_time(found, kind, match, joined=joined):
                return None
            joined = False
    return found if found.any or any(clause.said for clause in found.clauses) else None


def _days(kind: str, match: re.Match[str]) -> frozenset[int]:
    if kind == "run":
        first, last = DAY_NUMBER[match["first"]], DAY_NUMBER[match["last"]]
        return frozenset((first + n) % 7 for n in range((last - first) % 7 + 1))
    if kind == "day":
        return frozenset({DAY_NUMBER[match["day"]]})
    return {"every": EVERY, "week": WEEK, "weekend": WEEKEND}[kind]


def _add_days(found: _Said, days: frozenset[int], *, joined: bool, plural: bool) -> None:
    """Days belong to the times beside them: "mornings on Mondays and Fridays", "Mondays and Fridays
    9 to 12"; but "evenings and Saturdays" are two things."""
    clause = found.clauses[-1]
    after_times = clause.times and (not clause.times_first if clause.days else joined)
    compound = joined and clause.plural and not plural  # "weekends and weekday evenings"
    if after_times or compound:
        clause = _Clause(no=clause.no)
        found.clauses.append(clause)
    clause.days |= days
    clause.plural = plural


def _add_time(found: _Said, kind: str, match: re.Match[str], *, joined: bool) -> bool:
    clause = found.clauses[-1]
    if clause.times and joined and clause.times_first and clause.days:
        clause = _Clause(no=clause.no)
        found.clauses.append(clause)
    if not clause.times:
        clause.times_first = not clause.days
    together = bool(clause.times) and not joined
    if kind in PARTS or kind == "daytime":
        if together and clause.loose:  # "9 to 12 in the mornings"
            span = _span(*clause.loose, kind, no=clause.no)
            if span is None:
                return False
            clause.times[-1], clause.loose = span, None
            return True
        clause.part, clause.loose = kind, None
        clause.times.append(PARTS.get(kind, DAYTIME))
        return True
    groups = match.groupdict()
    start = groups.get("r1") or groups.get("b1") or groups.get("after") or ""
    end = groups.get("r2") or groups.get("b2") or groups.get("before") or ""
    span = _span(start, end, clause.part if together else "", no=clause.no)
    if span is None:
        return False
    if together and clause.part:  # "mornings 9 to 12"
        clause.times.pop()
    clause.times.append(span)
    clause.part, clause.loose = "", (start, end)
    return True


DAYTIME = (9 * 60, 17 * 60 + 30)


def _span(start: str, end: str, part: str, *, no: bool) -> tuple[int, int] | None:
    """The minutes of the day from one hour to another, where hours without am or pm are those that
    people are up at: "2 to 5" is in the afternoon, "9 to 5" ends there, "6 to 8" is in the evening
    unless it is said to be in the morning. One that is missing is the end of the part, or of the
    day."""
    first, first_sure = _minute(start)
    last, last_sure = _minute(end)
    if (start and first is None) or (end and last is None):
        return None
    opens, closes = PARTS.get(part, (0, DAY))
    if last == 0:
        last = DAY
    if first is None:
        first = opens
    elif not first_sure:
        pm = part == "evening" or (part != "morning" and first < 7 * 60)
        if part == "" and last_sure and last is not None:
            # "2 to 5pm", "9 to 5pm", "9 to midnight"; "6 to 8am", "10 to 2am"
            pm = first < last - DAY // 2 if last >= DAY // 2 else last <= first
        first = _later(first) if pm else first
    if last is None:
        last = closes
    elif not last_sure:
        # "Until 3", "until 8"; "not before 8" is in the morning.
        night = not start and part != "morning" and last < (7 * 60 if no else 8 * 60 + 1)
        last = _later(last) if night or last <= first < _later(last) else last
    if first == _later(last) and not last_sure:
        return None  # "2 to 2"
    first, last = (min(DAY, -(-first // 15) * 15), min(DAY, -(-last // 15) * 15))
    return None if first == last else (first % DAY, last)


def _later(minute: int) -> int:
    """The same twelve hours later; twelve itself is then the end of the day."""
    return minute + DAY // 2 if minute <= DAY // 2 else minute


def _minute(said: str) -> tuple[int | None, bool]:
    """The minute of the day of an hour, and whether am or pm is sure: `2pm`, `09:00`, `noon`."""
    if not said:
        return None, False
    if re.fullmatch(r"24(?:[:.]00)?", said):
        return DAY, False
    minute = minute_of_day(said)
    if minute is not None:
        return minute, bool(re.search(r"[ap]\.?m\.?$|^0|noon|mid|hanner|dydd|mezz", said))
    # Words: the clock of the understanding knows them, and takes 2 for the afternoon.
    found = part_of(f"at {said}")
    minute = minute_of_day(found) if found and ":" in found else None
    sure = bool(re.search(r"[ap]m$", said))
    if minute is not None and not sure and minute >= 13 * 60:
        minute -= DAY // 2
    return minute, sure
