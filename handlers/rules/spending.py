"""What a group's texts may cost in a day: what waits at the cap, and what never does.

Somebody frail left waiting in silence is worse than a bill. So an emergency goes whatever it costs,
and so does whatever somebody waits for: an answer to a member who wrote, news of their visit, the
reminder to who goes there, a check-in, an alarm. What that can come to is bounded by how much each
member is answered (`rules.guards`). What waits is what can be said tomorrow, or to whom organisers
can ring: offers to neighbours, news to all, courtesies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from handlers.rules import timing
from handlers.rules.understanding_words import plain
from storage.model import Community, OutboundMessage, Priority

WARN_AT = 0.8
"""Of the cap: organisers are told that it is near."""

STRANGERS = 1.1
"""Of the cap: up to here people whom nobody knows yet are answered too. A day's news to everybody
must not shut the door on somebody new, and a flood of new ones must not have the till."""

MOST_TIMES = 10
"""A cap can be raised to so many times itself, so that a slip of the thumb costs no fortune."""

WAITING = (Priority.OFFER, Priority.BROADCAST)
"""What waits, all of it."""

GOES = frozenset({"remind"})
"""Reminders that go: a visit that is forgotten leaves somebody waiting at the door."""


def may_wait(message: OutboundMessage) -> bool:
    """Whether a text waits at the cap."""
    if message.priority is Priority.REMINDER:
        return message.about.get("kind") not in GOES
    return message.priority in WAITING


def day_began(now: datetime, community: Community) -> datetime:
    """When today began by the group's own clocks."""
    return timing.at_local(timing.local(now, community).date(), time(0), community)


def waits_until(now: datetime, community: Community) -> datetime:
    """When what waits may go: tomorrow by the group's own clocks, after its quiet hours."""
    tomorrow = timing.local(now, community).date() + timedelta(days=1)
    return timing.not_quiet(timing.at_local(tomorrow, time(0), community), community)


@dataclass(frozen=True, slots=True)
class Wish:
    """What an organiser says of the cap."""

    parts: int | None = None
    """How many are to go today; none: how does it stand?"""


def is_number(text: str) -> bool:
    """Whether a message is the six figures with which a cap is raised, however they are spaced."""
    return re.fullmatch(r"\d{3}[ -]?\d{3}", text.strip(" .!")) is not None


_CAP = re.compile(r"/?(?:raise )?(?:the )?(?:daily )?cap(?: (?:to )?(?P<parts>\d{1,6}))?")


def wish(text: str) -> Wish | None:
    """What a message says of the cap; none if it is about something else."""
    found = _CAP.fullmatch(plain(text).strip(" .!?"))
    if found is None:
        return None
    return Wish(int(found["parts"]) if found["parts"] else None)
