"""When things happen: quiet hours, waits between waves, and what "this afternoon" means.

Everything takes the moment as an argument. Moments are aware UTC; days and hours that people speak
of are local to the group, and go over the changes of the clock as its zone does.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from storage.model import Community

PART_HOUR = {"morning": time(10, 30), "afternoon": time(14, 30), "evening": time(18, 0)}
"""When a visit wanted in that part of the day is taken to be."""

WAVES = 3
"""Waves of neighbours asked before an organiser is told."""

SOON = timedelta(hours=4)
"""Help wanted within this is urgent."""

WITHIN = timedelta(hours=2)
"""Help wanted at a time of today that has gone by is taken to be wanted within this."""

BEFORE = timedelta(hours=1)
"""A helper is reminded so long before a visit."""

TO_GO = timedelta(minutes=30)
"""A reminder later than this before a visit helps nobody: whoever goes has set out."""

AGREED = timedelta(hours=2)
"""Whoever agreed to a visit, or heard of it, less than this ago needs no reminder yet. Ours."""

EVENING, MORNING, NOON = time(18, 0), time(9, 30), time(12, 0)
"""When people are reminded of tomorrow, and of today; and what counts as the morning."""

WAIT_URGENT = timedelta(minutes=10)
WAIT_TODAY = timedelta(minutes=30)
WAIT_LATER = timedelta(hours=2)
"""Time given to a wave before the next one is asked. Ours: most who answer at all do so within
some minutes, and a person who waits for medicine today can't wait hours for each wave."""


def local(moment: datetime, community: Community) -> datetime:
    """The moment on the group's own clocks."""
    return moment.astimezone(ZoneInfo(community.timezone))


def at_local(day: date, hour: time, community: Community) -> datetime:
    """That hour of that day there, in UTC. An hour that the spring change skips is as long after
    the change as it lies in the gap; one that autumn repeats is its first time."""
    wall = datetime.combine(day, hour, ZoneInfo(community.timezone))
    return wall.astimezone(UTC)


def is_quiet(moment: datetime, community: Community) -> bool:
    """Whether people should be left in peace (20:00 to 09:00 by default)."""
    hour = local(moment, community).time()
    start, end = community.quiet_from, community.quiet_until
    if start <= end:
        return start <= hour < end
    return hour >= start or hour < end


def not_quiet(moment: datetime, community: Community) -> datetime:
    """The moment itself, or the end of the quiet hours that it lies in."""
    if not is_quiet(moment, community):
        return moment
    here = local(moment, community)
    end = at_local(here.date(), community.quiet_until, community)
    if end <= moment:
        end = at_local(here.date() + timedelta(days=1), community.quiet_until, community)
    return end


def add_waking(moment: datetime, span: timedelta, community: Community) -> datetime:
    """The moment that comes so much later, not counting quiet hours."""
    moment = not_quiet(moment, community)
    while True:
        here = local(moment, community)
        evening = at_local(here.date(), community.quiet_from, community)
        if evening <= moment:
            evening = at_local(here.date() + timedelta(days=1), community.quiet_from, community)
        if moment + span < evening:
            return moment + span
        span -= evening - moment
        moment = not_quiet(evening, community)


def wanted_at(
    day: date | None, part: str | None, asked: datetime, community: Community
) -> datetime:
    """When help is to happen, as near as was said.

    With no day, or one that has gone by, it is as soon as can be: within four hours and the same
    day, or where the evening is near within four waking hours. A day
    without a part means its early afternoon, or, where that has gone by, within two hours, and
    before it is too late to call at a door.
    """
    here = local(asked, community)
    if (day is None and part is None) or (day is not None and day < here.date()):
        tonight = end_of_day(here.date(), community)
        if not is_quiet(asked, community) and tonight - asked >= WITHIN:
            return min(asked + SOON, tonight)
        return add_waking(asked, SOON, community)
    day = day or here.date()
    hour = PART_HOUR.get(part or "afternoon") or clock_time(part or "")
    moment = at_local(day, hour or PART_HOUR["afternoon"], community)
    if moment > asked:
        return moment
    if part is not None and day == here.date() and clock_time(part):
        return asked
    latest = end_of_day(day, community)
    if latest <= asked:  # too late today
        return add_waking(asked, WITHIN, community)
    return min(asked + WITHIN, latest)


def end_of_day(day: date, community: Community) -> datetime:
    """When it is too late to call at a door that day: as the quiet hours begin."""
    return at_local(day, community.quiet_from, community)


def clock_time(part: str) -> time | None:
    """The hour in `HH:MM`, or none."""
    try:
        return time.fromisoformat(part) if ":" in part else None
    except ValueError:
        return None


def is_urgent(wanted: datetime, now: datetime) -> bool:
    """Whether help is wanted so soon that the waves must follow closely."""
    return wanted - now <= SOON


def wave_wait(
    wanted: datetime, now: datetime, community: Community, *, urgent: bool, left: int = WAVES
) -> timedelta:
    """How long one wave is given before the next is asked; `left`: how many are to come, this one
    among them. Where so many long waits would end after the hour that help is wanted they are
    short, also for another day: who asks in the evening for tomorrow morning hears in time."""
    if urgent:
        return WAIT_URGENT
    today = local(wanted, community).date() == local(now, community).date()
    too_long = add_waking(now, WAIT_LATER * left, community) > wanted - BEFORE
    return WAIT_TODAY if today or too_long else WAIT_LATER


def promise(wanted: datetime, now: datetime, community: Community, *, urgent: bool) -> datetime:
    """By when the asker hears, whatever happens: after the last wave, on a quarter of an hour that
    can be said plainly, and not in the quiet hours."""
    now = not_quiet(now, community)
    wait = wave_wait(wanted, now, community, urgent=urgent)
    moment = add_waking(now, wait * WAVES, community)
    step = 30 if wait >= WAIT_TODAY else 15
    here = local(moment, community)
    past = timedelta(minutes=here.minute % step, seconds=here.second, microseconds=here.microsecond)
    if past:
        moment += timedelta(minutes=step) - past
    return not_quiet(moment, community)


def half_hour(moment: datetime) -> datetime:
    """The moment on a half hour, as people say it: the next one, or the last where that has only
    just gone by."""
    over = timedelta(
        minutes=moment.minute % 30, seconds=moment.second, microseconds=moment.microsecond
    )
    return moment - over + (timedelta(0) if over < JUST else timedelta(minutes=30))


JUST = timedelta(minutes=5)


# Reminders. All are none where they would come in the quiet hours, or as good as at once.


def evening_before(due_at: datetime, now: datetime, community: Community) -> datetime | None:
    """When to remind a helper on the evening before a visit that is on a later day."""
    day = local(due_at, community).date()
    if local(now, community).date() >= day:
        return None
    moment = at_local(day - timedelta(days=1), EVENING, community)
    if is_quiet(moment, community):  # a group that is left in peace early
        moment = at_local(day - timedelta(days=1), community.quiet_from, community) - BEFORE
    return _if_worth_it(moment, now + AGREED, community)


def shortly_before(
    due_at: datetime, now: datetime, community: Community, *, hour_said: bool
) -> datetime | None:
    """When to remind a helper on the day itself: an hour before the hour that was said or, where
    only a day or a part of it was, in the morning. A visit just after the quiet hours, or in them,
    is spoken of as near to that as may be."""
    day = local(due_at, community).date()
    if hour_said or local(now, community).date() == day:
        moment = due_at - BEFORE
        if is_quiet(moment, community):
            moment = not_quiet(moment, community)
            if due_at - moment < TO_GO:
                moment = at_local(day, community.quiet_from, community) - BEFORE
    else:
        moment = not_quiet(at_local(day, MORNING, community), community)
    if due_at - moment < TO_GO:
        return None
    return _if_worth_it(moment, now + BEFORE, community)


def tell_asker_at(due_at: datetime, now: datetime, community: Community) -> datetime | None:
    """When to tell an asker once more who comes to them, for a visit that is on a later day: on the
    evening before where they come in the morning, else on the morning itself."""
    heard = not_quiet(now, community)
    here = local(due_at, community)
    if local(heard, community).date() >= here.date():
        return None
    if here.time() < NOON:
        return evening_before(due_at, heard, community)
    moment = not_quiet(at_local(here.date(), MORNING, community), community)
    return _if_worth_it(moment, heard + AGREED, community) if moment < due_at else None


def _if_worth_it(moment: datetime, after: datetime, community: Community) -> datetime | None:
    return moment if moment > after and not is_quiet(moment, community) else None
