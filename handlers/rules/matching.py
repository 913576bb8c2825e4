"""Who is asked, in which wave, and why; and why somebody is not.

Hard filters first (`why_not`), then an order: people the asker named, earlier helpers both were
glad of, then near *and rested*. Near alone would ask the same three people for ever, and leave the
newcomers without a first task.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from handlers.rules import hours, vetting
from storage.model import Member, Need, Role, Standing, Vetting, Waves

OFFER_TIRES = timedelta(hours=12)
VISIT_TIRES = timedelta(days=2)
"""How much longer each offer and each visit makes it until a person counts as rested. Ours."""

KM_A_DAY = 1.0
"""Somebody who will be rested tomorrow counts as so many km further away. Ours."""

TIRED_MOST_KM = 6.0
"""However often somebody was asked, they count as no more than this further away."""

WAVE_KM = (3.0, 6.0, math.inf)
"""How far each wave reaches. Nobody is asked beyond the distance they chose themselves,
as seen from where the asker is looked for (`neighbours.veiled`)."""

USUAL_ANSWER = 0.30
"""Share of people asked who say yes, before a group has a record of its own: response rates of
17 to 47 % are usual in volunteer alerting (see docs/glossary.md, wave)."""

USUAL_WEIGHT = 20
"""How many offers of its own a group needs before its record counts as much as the usual."""

SURE = 0.8
"""Each wave is as large as it takes to get one yes with this likelihood."""

SMALLEST_WAVE, LARGEST_WAVE = 3, 12


class Why(StrEnum):
    """Why somebody is asked."""

    NAMED = "named"
    GLAD = "glad"
    FIRST_TASK = "first_task"
    NEAR = "near"
    STREET = "street"
    BY_HAND = "by_hand"


class WhyNot(StrEnum):
    """Why somebody is not asked, the first that holds."""

    IS_ASKER = "is_asker"
    NOT_HELPER = "not_helper"
    STOPPED = "stopped"
    UNREACHABLE = "unreachable"
    OFF_DUTY = "off_duty"
    PAUSED = "paused"
    NOT_HOURS = "not_hours"
    CANT_DO = "cant_do"
    NOT_VETTED = "not_vetted"
    NO_LANGUAGE = "no_language"
    RULED_OUT = "ruled_out"
    AT_ONCE_CAP = "at_once_cap"
    WEEKLY_CAP = "weekly_cap"
    NO_PLACE = "no_place"
    TOO_FAR = "too_far"
    ALREADY_ASKED = "already_asked"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A helper, seen from one request."""

    member: Member
    km: float | None
    """Between the middles of their cells; none if either has no place."""
    under_way: int = 0
    this_week: int = 0
    bonds: frozenset[str] = frozenset()
    """What lies between the two, from the asker's side: see `storage.members.bonds_of`."""
    asked: bool = False
    """Already asked for this request."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request needs of a helper."""

    asker: Member
    need: Need
    vetting: Vetting | None
    """The least level that the group asks for; none where it asks for none."""
    day: date
    """When it is to be: a vetting must not have run out by then."""
    reach_km: float = math.inf
    """How far this wave goes."""
    quarters: int = 0
    """When somebody may go (`rules.hours.quarters`); none: hours are not looked at."""


def why_not(candidate: Candidate, wanted: Wanted) -> WhyNot | None:
    """The first hard filter that keeps a helper from being asked, or none."""
    return next(iter(why_nots(candidate, wanted)), None)


def why_nots(candidate: Candidate, wanted: Wanted) -> list[WhyNot]:
    """Every hard filter that keeps a helper from being asked: none must hide behind another where
    somebody is let pass in spite of the first."""
    member = candidate.member
    checks = (
        (member.id == wanted.asker.id, WhyNot.IS_ASKER),
        (
            not member.is_a(Role.HELPER) or member.standing is not Standing.ACTIVE,
            WhyNot.NOT_HELPER,
        ),
        (member.stopped_at is not None, WhyNot.STOPPED),
        (bool(member.unreachable), WhyNot.UNREACHABLE),
        (not member.on_duty, WhyNot.OFF_DUTY),
        (member.paused_until is not None, WhyNot.PAUSED),
        (not hours.meets(member.hours, wanted.quarters), WhyNot.NOT_HOURS),
        (wanted.need not in member.can_do, WhyNot.CANT_DO),
        (not vetting.suffices(member, wanted.vetting, wanted.day), WhyNot.NOT_VETTED),
        (not set(member.languages) & set(wanted.asker.languages), WhyNot.NO_LANGUAGE),
        (bool(candidate.bonds & {"not_again", "not_again_of_them"}), WhyNot.RULED_OUT),
        (candidate.under_way >= member.at_once_cap, WhyNot.AT_ONCE_CAP),
        (candidate.this_week >= member.weekly_cap, WhyNot.WEEKLY_CAP),
        (candidate.km is None, WhyNot.NO_PLACE),
        ((candidate.km or 0.0) > min(member.max_km, wanted.reach_km), WhyNot.TOO_FAR),
        (candidate.asked, WhyNot.ALREADY_ASKED),
    )
    return [reason for fails, reason in checks if fails]


def tired_km(rested_at: datetime, now: datetime) -> float:
    """How much further away somebody counts for having been asked lately, in km."""
    days = (rested_at - now) / timedelta(days=1)
    return min(TIRED_MOST_KM, max(0.0, days * KM_A_DAY))


def tire(rested_at: datetime, now: datetime, by: timedelta) -> datetime:
    """When somebody counts as rested after one more offer or visit: a bucket that leaks as time
    goes by, and is never emptier than empty."""
    return max(rested_at, now) + by


def order(candidate: Candidate, now: datetime) -> tuple[int, float, float, int]:
    """Sort key: who is asked before whom. The last two only settle ties, the same way each time:
    longest rested, then longest a member."""
    member = candidate.member
    if "first" in candidate.bonds:
        rank = 0
    elif is_tied(candidate):
        rank = 1
    else:
        rank = 2
    return rank, nearness(candidate, now), member.rested_at.timestamp(), member.id


def nearness(candidate: Candidate, now: datetime) -> float:
    """How far away somebody counts as being, in km."""
    return (candidate.km or 0.0) + tired_km(candidate.member.rested_at, now)


def ties(bonds: Set[str]) -> bool:
    """Whether what lies between two people (from the asker's side) lets the other be asked before
    those without a tie."""
    return "first" in bonds or {"glad", "glad_of_them"} <= bonds


def is_tied(candidate: Candidate) -> bool:
    return ties(candidate.bonds)


def why(candidate: Candidate) -> Why:
    """The reason that is kept with the offer."""
    if "first" in candidate.bonds:
        return Why.NAMED
    if {"glad", "glad_of_them"} <= candidate.bonds:
        return Why.GLAD
    return Why.NEAR if candidate.member.visits else Why.FIRST_TASK


def wave_size(record: Iterable[Waves]) -> int:
    """How many to ask so that somebody says yes with likelihood `SURE`: the least n for which
    1 - (1 - p)^n ≥ SURE, where p is the share of those asked who say yes."""
    size = math.ceil(math.log(1 - SURE) / math.log(1 - yes_share(record)))
    return min(LARGEST_WAVE, max(SMALLEST_WAVE, size))


def yes_share(record: Iterable[Waves]) -> float:
    """The share of those asked who say yes, between 0.02 and 0.95, by a group's own record, weighed
    against the usual until it has one.

    Yeses are not counted against asks. A wave of n comes to one yes at most, since the next is too
    late: that share would be 1/n however willing people are, and the waves would grow by it until
    they are all of the largest. It is counted how often a wave had a yes at all, which happens with
    likelihood 1 - (1 - p)^n; p is where as many are expected as there were. The usual is taken as
    so many waves of one. Halved again and again, since what is expected only grows with p.
    """
    known = [*record, Waves(1, USUAL_WEIGHT, round(USUAL_ANSWER * USUAL_WEIGHT))]
    heard = sum(each.heard for each in known)
    low, high = 0.02, 0.95
    for _ in range(20):
        share = (low + high) / 2
        expected = sum(each.sent * (1 - (1 - share) ** each.size) for each in known)
        low, high = (share, high) if expected < heard else (low, share)
    return (low + high) / 2


def reach_km(wave: int) -> float:
    """How far the wave of that number (from 1) goes, in km."""
    return WAVE_KM[min(wave, len(WAVE_KM)) - 1]


def pick(
    candidates: Iterable[Candidate], wanted: Wanted, now: datetime, size: int
) -> list[Candidate]:
    """The wave itself: those who may be asked, the first `size` of them in order."""
    fit = [candidate for candidate in candidates if why_not(candidate, wanted) is None]
    return sorted(fit, key=lambda candidate: order(candidate, now))[:size]
