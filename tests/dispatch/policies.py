"""Six ways to choose whom to ask, and when to ask the next.

Everything else is the same bot: who may be asked at all (`matching.why_not`: nobody off duty, or
beyond the distance they chose, or who does not do such things), how long an answer is awaited, and
the hour by which the asker hears. Most bots have none of that; it is given to all six, so that the
difference is the policy's own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from unittest.mock import patch

from handlers import neighbours, waves
from handlers.neighbours import MOST_KM, Search
from handlers.rules import matching, timing
from handlers.rules.matching import Candidate

EVERYBODY = sys.maxsize

ON_AND_ON = 99
"""Waves, where it is one helper after another until the promised hour."""

NEAR, FREE, FIT = 0.5, 0.3, 0.2
"""What distance, load and fit weigh in a score. Ours: such bots rarely say theirs."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A way to choose."""

    name: str
    words: str
    """What it does, in a sentence."""
    size: int | None = None
    """How many are asked at the same time; none: as many as the group's record says."""
    before: Callable[[Candidate], float] | None = None
    """Who of those who may be asked comes first: the least; none: Popround's own search."""
    waves: int = timing.WAVES


def distance(candidate: Candidate) -> float:
    """In km, as the bot knows it."""
    return candidate.km or 0.0


def score(candidate: Candidate) -> float:
    """How badly somebody is suited, from 0 to 1: far, busy this week, or better kept for what
    fewer others do. Who was there before, and both were glad, fits best."""
    member = candidate.member
    load = (candidate.this_week + candidate.under_way) / max(1, member.weekly_cap)
    fit = 1.0 if matching.is_tied(candidate) else 1 / max(1, len(member.can_do))
    far = distance(candidate) / max(member.max_km, 0.1)
    return NEAR * far + FREE * min(1.0, load) + FIT * (1 - fit)


POLICIES = (
    Policy(
        "Popround",
        "near and rested, those who were glad of each other first, as many as make one yes likely; "
        "three waves, each further out",
    ),
    Policy(
        "nearest, one at a time",
        "the nearest; after a no, or no answer in time, the next",
        size=1,
        before=distance,
        waves=ON_AND_ON,
    ),
    Policy("ten closest", "the ten nearest at once, then the next ten", size=10, before=distance),
    Policy(
        "five closest with the skill",
        "the five nearest who do such things, then the next five",
        size=5,
        before=distance,
    ),
    Policy("a shout", "everybody who may be asked, at once", size=EVERYBODY, before=distance),
    Policy(
        "weighted score",
        "a score of half distance, three tenths load, two tenths fit; as many at once as Popround",
        before=score,
    ),
)


@contextmanager
def asks_by(policy: Policy) -> Iterator[None]:
    """Meanwhile it is this policy that says whom to ask."""
    with ExitStack() as stack:
        if policy.size is not None:
            stack.enter_context(
                patch.object(matching, "wave_size", lambda *_record, size=policy.size: size)
            )
        if policy.before is not None:
            stack.enter_context(patch.object(matching, "reach_km", lambda _wave: MOST_KM))
            stack.enter_context(patch.object(Search, "pick", _picks(policy.before)))
        if policy.waves != timing.WAVES:
            # Only for the waves themselves: what the asker is promised stays the same.
            told = SimpleNamespace(**{**vars(timing), "WAVES": policy.waves})
            stack.enter_context(patch.object(waves, "timing", told))
        yield


def _picks(before: Callable[[Candidate], float]) -> Callable[..., object]:
    async def pick(look: neighbours.Search, size: int) -> list[Candidate]:
        fit = [each for each, reason in await look.around(MOST_KM) if reason is None]
        fit.sort(key=lambda each: (before(each), each.member.id))
        return await look._firmly(fit[:size])

    return pick
