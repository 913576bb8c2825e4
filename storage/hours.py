"""A helper's hours as words of their own: `mon-fri 09:00-12:00; sat`. In a spreadsheet and in the
database they look the same."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from functools import lru_cache

from storage.model import Hours

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
QUARTER = 15

CUTS = (0, 12 * 60, 15 * 60, 17 * 60 + 30)
"""Where a day is cut into stretches, in minutes: most people's hours are mornings, afternoons or
evenings. Four a day fit into an integer of any database."""

_STRETCHES = [(day * DAY + cut) for day in range(7) for cut in CUTS] + [7 * DAY]
ANY_STRETCH = (1 << 7 * len(CUTS)) - 1

_ENTRY = re.compile(
    r"(?P<first>[a-z]+)(?: ?- ?(?P<last>[a-z]+))?"
    r"(?: (?P<h1>\d\d?)[:.](?P<m1>\d\d) ?- ?(?P<h2>\d\d?)[:.](?P<m2>\d\d))?"
)


@lru_cache(maxsize=4096)
def written(hours: Hours) -> str:
    """The words for these hours; none for any time."""
    by_day: dict[int, list[str]] = {}
    for start, end in hours:
        for day in range(start // DAY, -(-end // DAY)):
            first, last = max(0, start - day * DAY), min(DAY, end - day * DAY)
            times = "" if (first, last) == (0, DAY) else f" {_clock(first)}-{_clock(last)}"
            by_day.setdefault(day, []).append(times)
    found = []
    day = 0
    while day < 7:
        last = day
        while last < 6 and by_day.get(day) and by_day.get(last + 1) == by_day.get(day):
            last += 1
        days = DAYS[day] if last == day else f"{DAYS[day]}-{DAYS[last]}"
        found += [f"{days}{times}" for times in by_day.get(day, ())]
        day = last + 1
    return "; ".join(found)


@lru_cache(maxsize=4096)
def read(words: str) -> Hours:
    """The hours that were written so; none for empty words, and for the whole week.

    Raises:
        ValueError: saying which part is none, and what would be.
    """
    minutes: set[int] = set()
    for entry in re.split(r"[;,]", words.lower()):
        if entry.strip():
            minutes |= _quarters(" ".join(entry.split()))
    if len(minutes) == 7 * DAY // QUARTER:
        return ()
    found: list[tuple[int, int]] = []
    for minute in sorted(minutes):
        if found and found[-1][1] == minute:
            found[-1] = (found[-1][0], minute + QUARTER)
        else:
            found.append((minute, minute + QUARTER))
    return tuple(found)


@lru_cache(maxsize=4096)
def stretches(hours: Hours) -> int:
    """The stretches of the week, one bit each, that these hours touch: all, for any time. What a
    database can leave people out by who are not there for hours around."""
    found = 0
    for start, end in hours:
        first, last = bisect_right(_STRETCHES, start) - 1, bisect_left(_STRETCHES, end)
        found |= (1 << last) - (1 << first)
    return found if hours else ANY_STRETCH


def _quarters(entry: str) -> set[int]:
    """The first minutes of the quarters of an hour in one part (`mon-fri 09:00-12:00`)."""
    match = _ENTRY.fullmatch(entry)
    first = _day(match["first"]) if match else None
    last = _day(match["last"]) if match and match["last"] else first
    if match is None or first is None or last is None:
        raise ValueError(f'"{entry[:40]}" is no time of the week; write mon-fri 09:00-12:00; sat')
    start, end = 0, DAY
    if match["h1"]:
        start, end = (int(match[h]) * 60 + int(match[m]) for h, m in (("h1", "m1"), ("h2", "m2")))
        wrong = int(match["m1"]) > 59 or int(match["m2"]) > 59 or start >= DAY or end > DAY
        if wrong or start % QUARTER or end % QUARTER or start == end:
            raise ValueError(f'"{entry[:40]}" is not from one quarter of an hour to another')
    length = end - start if end > start else end + DAY - start
    return {
        ((first + n) % 7 * DAY + start + past) % (7 * DAY)
        for n in range((last - first) % 7 + 1)
        for past in range(0, length, QUARTER)
    }


def _day(word: str) -> int | None:
    """`mon`, `monday`, `mondays`; none for anything else."""
    whole = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    found = [n for n, name in enumerate(whole) if len(word) > 2 and f"{name}s".startswith(word)]
    return found[0] if len(found) == 1 else None


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
