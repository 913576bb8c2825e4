"""The daily note: what an organiser says of its hour, when the next one is, what fits in a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from handlers.rules import timing
from handlers.rules.segments import segments
from handlers.rules.understanding_clock import part_of
from handlers.rules.understanding_words import plain, words_named
from storage.model import Community

QUIET_DAYS = 7
"""After so many days of silence one line says that all is quiet: silence can also mean that the
note is broken."""

TOO_LATE = timedelta(hours=1)
"""Until then a note is on time. One that is later is left out where it would wake somebody."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What an organiser says of the daily note."""

    at: time | None = None
    off: bool = False


_NOTE = r"(?:(?:the|daily|y|la|nota|nodyn) )*(?:note|notes|nodyn|nota|dyddiol|giornaliera)\b"
_ABOUT = re.compile(rf"^/?{_NOTE}(?P<rest>.*)$")
_ON = re.compile(r"^(?: dyddiol| giornaliera)?(?: (?:please|pls|plis|on|time|when|every day))*$")
_OFF = re.compile(
    r"^(?: dyddiol| giornaliera)? (?:off|no|none|stop it|never|i ffwrdd|no more|basta|via)"
    r"(?: (?:please|pls|plis))?$"
)
_AT = re.compile(
    r"^(?: dyddiol| giornaliera)?(?: (?:at|am|alle|all|every day at|time))? (?P<hour>.+)$"
)
_HOUR = re.compile(
    r"(?P<h>\d{1,2})(?: ?[:.h] ?(?P<m>\d\d))? ?(?P<half>[ap]\.?m\.?)?"
    r"(?: ?(?:oclock|or gloch|in the (?P<part>morning|evening)))?(?: (?:please|pls|plis))?"
)
_IN_FULL = re.compile(r"/note\b|(?:the )?daily note\b|nodyn dyddiol\b|(?:la )?nota giornaliera\b")
_CLOCK = words_named(
    "a at half quarter past to in the morning afternoon evening oclock one two three four five six "
    "seven eight nine ten eleven twelve thirty fifteen"
)
NOON = frozenset({"noon", "midday", "12 noon", "ganol dydd", "hanner dydd", "mezzogiorno"})


def wish(text: str) -> Wish | None:
    """What a message says of the daily note: an hour, that it is to end, or only its name (when
    does it come?); none if it is about something else. Only what is whole counts: "note at 8 she
    was not in" is none."""
    about = _ABOUT.match(plain(text).strip(" .!?"))
    if about is None:
        return None
    rest = about["rest"]
    if _ON.match(rest):
        return Wish()
    if _OFF.match(rest):
        return Wish(off=True)
    at = _AT.match(rest)
    # "At eight": an hour in one word is one only after its "at".
    if at and (hour := _hour(at["hour"]) or _hour(f"at {at['hour']}")):
        return Wish(at=hour)
    # Whoever names it in full means it, whatever else was not understood: they are told how.
    return Wish() if _IN_FULL.match(text.strip().lower()) else None


def hour_in(text: str) -> time | None:
    """`8`, `8am`, `7:30`, `18:00`: an hour of the day, or none."""
    return _hour(plain(text).strip(" ."))


def _hour(said: str) -> time | None:
    if said in NOON:
        return time(12)
    found = _HOUR.fullmatch(said)
    if found is None:
        words = said.split()
        if len(words) > 1 and _CLOCK.issuperset(words):
            return timing.clock_time(part_of(f"at {said}") or "")
        return None
    hour, minute = int(found["h"]), int(found["m"] or 0)
    half = (found["half"] or "")[:1] or {"morning": "a", "evening": "p"}.get(found["part"] or "")
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def next_note(hour: time, after: datetime, community: Community, last: date | None) -> datetime:
    """When the next note is due: at that hour by the group's own clocks, on the first day after the
    `last` one that had a note. On the days when the clocks change it is that hour too
    (`timing.at_local` for one that is skipped, or there twice)."""
    day = timing.local(after, community).date()
    if last is not None and day <= last:
        day = last + timedelta(days=1)
    while (moment := timing.at_local(day, hour, community)) <= after:
        day += timedelta(days=1)
    return moment


def fitting(
    head: str,
    lines: Sequence[tuple[str, str]],
    rest: int,
    tail: str,
    more: Callable[[int], str],
    most: int,
) -> str:
    """As many lines as a text of so many parts holds, each in its long form where all can be; what
    is left, and the `rest` besides, is counted by `more`. Head and tail are always there."""
    for count in range(len(lines), -1, -1):
        left = len(lines) - count + rest
        for form in (0, 1):
            parts = [
                head,
                *(line[form] for line in lines[:count]),
                more(left) if left else "",
                tail,
            ]
            words = " ".join(filter(None, parts))
            if segments(words) <= most:
                return words
    return " ".join(filter(None, (head, tail)))
