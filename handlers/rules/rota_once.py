"""The duty rota on a single date: what organisers say of it, and who holds the phone when the week
and such dates are put together.

"Sam on Sat 12 December 9 to 5 instead of Jo", "I can't do Tuesday". Texts are read whole or not at
all, as in `rota`; a weekday that is not that of its date is no date.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Protocol

from handlers.rules import timing
from handlers.rules.rota import (
    AT,
    DAY,
    DAY_NUMBER,
    DUTY,
    HOUR,
    NOBODY,
    ONE_DAY,
    POLITE,
    TO,
    WHO,
    Doing,
    Span,
    Wish,
    at,
    hours_of,
    is_on,
    turns,
)
from handlers.rules.understanding_calendar import MONTHS, WELSH_WEEKDAYS
from handlers.rules.understanding_when import day_of
from handlers.rules.understanding_words import plain
from storage.model import Community

# What is said

_ITALIAN = dict(
    zip(
        (
            "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto",
            "settembre", "ottobre", "novembre", "dicembre",
        ),
        (
            "january", "february", "march", "april", "may", "june", "july", "august",
            "september", "october", "november", "december",
        ),
        strict=True,
    )
)  # fmt: skip
_MONTH = "(?:" + "|".join([*MONTHS, *_ITALIAN]) + ")"
_TH = r"(?:st|nd|rd|th|af|il|ydd|ed|eg|fed|ain)?"
_NEAR = r"(?:today|tonight|tomorrow|heddiw|heno|y?fory|oggi|stasera|domani)"
_NUMBER = rf"(?:the |y |il )?\d{{1,2}} ?{_TH}"
_WEEKDAY = rf"(?:d?dydd |this |next |questo |prossimo )*{ONE_DAY}(?: nesaf| prossimo)?"
_DATE = (
    rf"(?:on |ar |il )?(?:{_NEAR}|"
    rf"(?:{_WEEKDAY},? )?(?:{_NUMBER}(?: (?:of |o )?{_MONTH})|{_MONTH} {_NUMBER}|"
    rf"\d{{1,2}}/\d{{1,2}})(?: 20\d\d)?|{_WEEKDAY},? {_NUMBER}|{_WEEKDAY})"
)
_WHEN = (
    rf"(?P<day>{_DATE})(?:,? (?:from |o |dalle |da )?{AT}(?P<start>{HOUR}) ?{TO} "
    rf"?(?:(?P<last>{_DATE}) )?{AT}(?P<end>{HOUR}))?"
)
_INSTEAD = r"(?:instead of|in place of|in the place of|yn lle|al posto di|invece di)"
_OTHER = r"(?P<other>[^\W\d_][\w.' -]{0,40}?)"
_ME = r"(?:i am|im|ill be|i will be|put me|me|i|dw i|dwi|rydw i|fi|sono|io)"
_ONCE = (
    rf"^/?(?:(?:{_ME}|(?!(?:{DUTY}|on) ){WHO}(?: is| will be| does| can do| sydd| e)?) )?"
    rf"(?:(?:{DUTY}|on) )?"
    rf"(?:da )?{_WHEN}(?: (?:{_INSTEAD}|not) {_OTHER})?{POLITE}$"
)
_SWAP = (
    rf"^/?(?:{_ME}|{WHO}(?: is| will be)?)(?: {DUTY})? {_INSTEAD} {_OTHER} (?:da )?{_WHEN}"
    rf"{POLITE}$"
)
_CANNOT = (
    r"(?:cant|cannot|can not|wont be able to|(?:am |is |are )?not able to|wont|non posso|"
    r"non puo|(?:alla i|alla|all) ddim)"
)
_CANT = (
    rf"^(?:sorry,? |sori,? |scusa,? |mi dispiace,? )?(?:"
    rf"(?:i |we |{WHO} )?{_CANNOT}(?: (?:do|make|manage|cover|work|be {DUTY}|take the phone|"
    rf"gwneud|ei wneud hi|bod {DUTY}|fare|fare il turno|essere {DUTY}))?|"
    rf"(?:im|i am|dw i|dwi|(?P<away>[^\W\d_][\w.' -]{{0,40}}?) is) (?:not|ddim)"
    rf"(?: {DUTY}| ar gael| free| around)?|not me|dim fi|non io) "
    rf"{_WHEN}{POLITE}$"
)
_BACK = (
    rf"^(?:(?:please )?(?:forget|undo|never ?mind|take back|anghofiwch|dimentich[ia]|annull[ia]) "
    rf"(?:about |am )?(?P<day>{_DATE})|"
    rf"(?:i|(?:dw|dwi) i|{WHO}) (?:can|could|will) (?:do|make|manage|cover|work|be {DUTY}) "
    rf"(?P<can>{_DATE}) (?:after all|now)|"
    rf"(?:g?alla|fedra) i (?:wneud|fod {DUTY}) (?P<cy>{_DATE}) wedi[ r]* cwbl|"
    rf"(?:io )?posso (?:fare|essere {DUTY}) (?P<it>{_DATE}) (?:dopo ?tutto|invece)){POLITE}$"
)
# These four take longer to put together than all others of the bot: not before they are needed.
_reads = cache(re.compile)

_BEFORE_DATE = re.compile(rf"^{_WEEKDAY},? (?={_NUMBER} (?:of |o )?{_MONTH}|{_MONTH} )")
_WELSH_DAY = re.compile(rf"(?<!\d )\b(?:d?dydd )?({'|'.join(WELSH_WEEKDAYS)})\b")
_SINGLE = re.compile(rf"\d|{_NEAR}|\b(?:this|next|questo|prossimo|nesaf)\b")
_HALVES = (
    (re.compile(r" (?:yn )?(?:y |yr )?bore\b"), "am"),
    (re.compile(r" (?:yn )?(?:y |yr )?(?:prynhawn|p?nawn|hwyr|nos)\b"), "pm"),
    (re.compile(r"\bhanner dydd\b|\b12 noon\b"), "noon"),
    (re.compile("ì"), "i"),
)


def once(text: str, today: date) -> Wish | None:  # noqa: PLR0911 (one answer a thing said)
    """What an organiser says of one date in the rota, or none if it is about something else, or
    about every week."""
    said = plain(text).strip(" .!?")
    for pattern, short in _HALVES:
        said = pattern.sub(short, said)
    if cant := _reads(_CANT).match(said):
        who = cant["who"] or cant["away"] or ""
        day = _date(cant["day"], today)
        if who in NOBODY:
            return None
        return Wish(Doing.CANT, who, day=day) if day else Wish(Doing.HOW)
    if back := _reads(_BACK).match(said):
        day = _date(back["day"] or back["can"] or back["cy"] or back["it"], today)
        who = back["who"] or ""
        if day is None or who in NOBODY:
            return None
        return Wish(Doing.BACK, day=day, instead="" if back["day"] else who or "me")
    found = _reads(_SWAP).match(said) or _reads(_ONCE).match(said)
    if found is None or (found["who"] or "") in NOBODY:
        return None
    other = found["other"] or ""
    if not other and not _SINGLE.search(found["day"]):
        return None  # in every week
    if not other and found.re is _reads(_ONCE) and not re.search(rf"\b(?:on|{DUTY})\b", said):
        return None  # a day and an hour by themselves may be anything
    day = _date(found["day"], today)
    hours = _hours(found, day, today) if found["start"] and day else None
    if day is None or (found["start"] and hours is None):
        return Wish(Doing.HOW)
    me = other in ("myself", "fi", "io")
    return Wish(Doing.ONCE, found["who"] or "", day=day, hours=hours, instead="me" if me else other)


def _date(said: str, today: date) -> date | None:
    """The date that is said; none where its weekday is another one's."""
    for italian, english in _ITALIAN.items():
        said = said.replace(italian, english)
    said = re.sub(r"^(?:on|ar|il) ", "", said)
    named = re.search(rf"(?<!\d )\b({ONE_DAY})\b", said)
    # Of a weekday and a date the date is read; whether they are the same is looked at below.
    said = _WELSH_DAY.sub(r"dydd \1", _BEFORE_DATE.sub("", said))
    day = day_of(f"on {said}", today)
    if day and named and DAY_NUMBER[named[1]] != day.weekday():
        return None
    return day


def _hours(found: re.Match[str], day: date, today: date) -> Span | None:
    hours = hours_of(found["start"], found["end"])
    if hours is None or found["last"] is None:
        return hours
    last = _date(found["last"], today)
    if last is None or last < day:
        return None
    end = hours[1] % DAY + (last - day).days * DAY
    return (hours[0], end) if hours[0] < end else None


def names_duty(text: str) -> bool:
    """Whether a text speaks of duty at all: else a name that nobody has was none."""
    return bool(re.search(DUTY, plain(text)))


# Who holds the phone


class Weekly(Protocol):
    """A time of every week: `storage.rota.Shift`."""

    @property
    def member_id(self) -> int: ...
    @property
    def span(self) -> Span: ...


class Dated(Protocol):
    """What is otherwise, once: `storage.rota.Dated`."""

    @property
    def member_id(self) -> int | None: ...
    @property
    def instead_of(self) -> int | None: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...


def on_at(
    moment: datetime, week: Iterable[Weekly], dates: Iterable[Dated], community: Community
) -> set[int]:
    """Who is on duty then. A date goes before the week: it takes the place of one person or, where
    it names none, of all whom the week names. What was said last goes before what was said
    first."""
    weekly = {one.member_id for one in week if is_on(one.span, moment, community)}
    found: set[int] = set()
    for one in dates:
        if not one.starts_at <= moment < one.ends_at:
            continue
        if one.instead_of is None:
            weekly.clear()
        else:
            weekly.discard(one.instead_of)
            found.discard(one.instead_of)
        if one.member_id is not None:
            found.add(one.member_id)
    return weekly | found


def coming(
    now: datetime, week: Iterable[Weekly], dates: Iterable[Dated], community: Community
) -> list[datetime]:
    """When it next changes hands, or may, by each time of the week and each date; in order."""
    weekly = [turns(one.span, now, community) for one in week]
    dated = [moment for one in dates for moment in (one.starts_at, one.ends_at) if moment > now]
    return sorted({*weekly, *dated})


def begun_on(day: date, span: Span, community: Community) -> tuple[datetime, datetime] | None:
    """From when until when a time of the week lasts that begins on that date; none does."""
    start, end = span
    if start // DAY != day.weekday():
        return None
    begins = timing.at_local(day, time(start % DAY // 60, start % 60), community)
    return begins, at(end, begins, community)


def on_date(day: date, hours: Span | None, community: Community) -> tuple[datetime, datetime]:
    """From when until when those hours of a date last; without hours, the whole of it."""
    start, end = hours or (0, DAY)
    return _moment(day, start, community), _moment(day, end, community)


def _moment(day: date, minute: int, community: Community) -> datetime:
    days, rest = divmod(minute, DAY)
    return timing.at_local(day + timedelta(days=days), time(rest // 60, rest % 60), community)
