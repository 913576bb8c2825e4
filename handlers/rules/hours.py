"""A helper's own hours: when they may be asked to go, and whether that meets when help is wanted.

Hours are kept as times of the week in minutes from Monday's midnight by the group's own clocks
(`Member.hours`). Here a week is an integer of 672 bits, one for each quarter of an hour: times that
overlap, days that are taken away and an hour that comes twice in autumn are then plain sums.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache

from handlers.rules import timing
from storage.model import Community, Hours

QUARTER = 15
"""Minutes. Nobody says it more closely."""

DAY = 24 * 60
A_DAY = DAY // QUARTER
WEEK = 7 * A_DAY
ALL = (1 << WEEK) - 1
"""Every quarter of an hour of the week."""

WHOLE_DAY = (1 << A_DAY) - 1

ANY: Hours = ()
"""Hours of somebody who may be asked for any time."""

PARTS = {
    "morning": (6 * 60, 12 * 60),
    "afternoon": (12 * 60, 17 * 60 + 30),
    "evening": (17 * 60 + 30, 22 * 60),
}
"""The minutes of the day that a part of it is, for somebody who helps and for somebody who asks."""

MEET = 2
"""Quarters of an hour for which somebody must be there: about as long as a visit is. Ours."""


@lru_cache(maxsize=4096)
def bits(hours: Hours) -> int:
    """The quarters of an hour that lie in these times; all, where there are none."""
    found = 0
    for start, end in hours:
        found |= (1 << end // QUARTER) - (1 << start // QUARTER)
    return found if hours else ALL


def spans(week: int) -> Hours:
    """The times that make up these quarters, in order; none if it is the whole week.

    Raises:
        ValueError: if it is no time at all: nobody's hours are never.
    """
    if not week & ALL:
        raise ValueError("hours must leave some time of the week")
    if week & ALL == ALL:
        return ANY
    found: list[tuple[int, int]] = []
    at = 0
    while rest := (week & ALL) >> at:
        at += (rest & -rest).bit_length() - 1  # over those that are not in it
        run = (week & ALL) >> at
        length = (~run & (run + 1)).bit_length() - 1
        found.append((at * QUARTER, (at + length) * QUARTER))
        at += length
    return tuple(found)


def on(days: frozenset[int], start: int, end: int) -> int:
    """The quarters from one minute of the day to another on those days of the week; over midnight
    where the end is not after the start."""
    length = (end - start if end > start else end + DAY - start) // QUARTER
    found = 0
    for day in days:
        found |= ((1 << length) - 1) << (day * A_DAY + start // QUARTER)
    return (found | found >> WEEK) & ALL


# When help is wanted


def window(
    day: date | None, part: str | None, now: datetime, community: Community
) -> tuple[datetime, datetime]:
    """From when until when somebody may go, as seen from now.

    An hour that was said is that moment, and nothing else. A part of a day is all of it, and a day
    without a part is its waking hours; of today what is left of that. As soon as somebody can, or
    a time that has gone by, is from now (or from the end of the quiet hours) until
    `timing.wanted_at`: some four hours.
    """
    wanted = timing.wanted_at(day, part, now, community)
    start = timing.not_quiet(now, community)
    here = timing.local(now, community).date()
    soon = start, max(start, wanted)
    if (day is None and part is None) or (day is not None and day < here):
        return soon
    on_day = day or here
    if timing.clock_time(part or ""):
        return (wanted, wanted) if wanted > now else (now, now + timing.WITHIN)
    if part in PARTS:
        opens, closes = (time(*divmod(minute, 60)) for minute in PARTS[part])
    else:
        opens, closes = community.quiet_until, community.quiet_from
        if closes <= opens:  # a group that is left in peace by day, or after midnight
            closes = time(23, 45)
    first = max(now, timing.at_local(on_day, opens, community))
    last = timing.at_local(on_day, closes, community) - timedelta(minutes=1)
    return (first, last) if first < last else soon


def quarters(first: datetime, last: datetime, community: Community) -> int:
    """The quarters of an hour of the week between two moments, by the group's own clocks: also
    those that the clocks show twice in autumn; without those that spring leaves out."""
    here, until = timing.local(first, community), timing.local(last, community)
    start, end = _quarter(here), _quarter(until)
    if here.utcoffset() == until.utcoffset() and last - first < timedelta(days=1):
        run = (1 << (end - start) % WEEK + 1) - 1 << start
        return (run | run >> WEEK) & ALL
    found = 1 << end
    moment = first
    while moment <= last:  # the clocks change
        found |= 1 << _quarter(timing.local(moment, community))
        moment += timedelta(minutes=QUARTER)
    return found


def _quarter(here: datetime) -> int:
    return here.weekday() * A_DAY + (here.hour * 60 + here.minute) // QUARTER


def meets(hours: Hours, wanted: int) -> bool:
    """Whether somebody is there for long enough of those quarters; no quarters: it is not asked."""
    if not hours or not wanted:
        return True
    return (bits(hours) & wanted).bit_count() >= min(MEET, wanted.bit_count())


def best(
    hours: Hours, wanted: datetime, between: tuple[datetime, datetime], community: Community
) -> datetime:
    """When somebody with these hours comes: as wanted, or as near to it as they are there; as
    wanted too where they are not there at all, since they have said that they will."""
    first, last = between
    near: list[datetime] = []
    if meets(hours, quarters(wanted, wanted, community)):
        return wanted
    moment = first
    while moment <= last:
        if meets(hours, quarters(moment, moment, community)):
            near.append(moment)
        moment += timedelta(minutes=QUARTER)
    return min(near, key=lambda each: abs(each - wanted), default=wanted)


# How they are told


def by_days(hours: Hours) -> list[tuple[tuple[int, ...], tuple[tuple[int, int], ...]]]:
    """The same, as people tell it: days with the same times, together, and those times in minutes
    of the day; none are all of it, and these come last. Where it makes six
    days or all, whole days are among the others too: "every day in the evening, Saturday all
    day"."""
    week = bits(hours)
    days = [week >> (day * A_DAY) & WHOLE_DAY for day in range(7)]
    whole = [day for day in range(7) if days[day] == WHOLE_DAY]
    found: dict[int, list[int]] = {}
    for day, there in enumerate(days):
        if there and there != WHOLE_DAY:
            found.setdefault(there, []).append(day)
    told = []
    for there, some in found.items():
        most = sorted(some + whole) if len(some) + len(whole) >= 6 else some
        told.append((tuple(most), spans(there)))
    return [*told, (tuple(whole), ())] if whole else told
