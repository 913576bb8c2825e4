"""What becomes of a moment that we were not there for: one table, one entry a kind of due row.

A process that was stopped for a day finds everything that came due meanwhile. Most of it is as good
late as on time. What is not, is not done as if nothing had happened: people are told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from storage.model import DueKind


class Then(StrEnum):
    """What is done with something that comes too late."""

    DO = "do"
    """The same as on time."""
    SAY = "say"
    """It is said that it is late; what can still be done is done."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How late a kind of thing may be, and what then."""

    late_after: timedelta | None
    """None: it is never too late."""
    then: Then
    why: str


HOUR = timedelta(hours=1)

LATENESS: dict[DueKind, Policy] = {
    # These judge for themselves how things stand when they come, and never by the clock.
    DueKind.DRAFT: Policy(None, Then.DO, "who began to ask is still owed an answer"),
    DueKind.JOIN: Policy(None, Then.DO, "they have still not gone on"),
    DueKind.WAVE: Policy(None, Then.DO, "who waits for help waits all the more"),
    DueKind.PROMISE: Policy(None, Then.DO, "news that is late is still news"),
    DueKind.REMIND: Policy(None, Then.DO, "a visit that is over says so itself"),
    DueKind.REMIND_EVE: Policy(None, Then.DO, "it says itself when it is of no use any more"),
    DueKind.REMIND_ASKER: Policy(None, Then.DO, "it says itself when it is of no use any more"),
    DueKind.REPEAT: Policy(None, Then.DO, "it says sorry for a day gone by, and makes the next"),
    DueKind.DID_IT_HAPPEN: Policy(None, Then.DO, "whether anybody came matters at any hour"),
    DueKind.CHASE: Policy(None, Then.DO, "it still lies there"),
    DueKind.BACK: Policy(None, Then.DO, "a rest that is over is over"),
    DueKind.TELL: Policy(None, Then.DO, "what did not arrive has not arrived since"),
    DueKind.NOTE: Policy(None, Then.DO, "it says itself when it is too late to be of use"),
    DueKind.HANDOVER: Policy(None, Then.DO, "who holds the phone now is who holds it"),
    DueKind.BROADCAST: Policy(None, Then.DO, "it goes on where it was; at night it waits"),
    DueKind.SPENDING: Policy(None, Then.DO, "it says how things stand when it is said"),
    DueKind.HANDOVER_ONCE: Policy(None, Then.DO, "the same"),
    DueKind.OUTLAY: Policy(None, Then.DO, "it still has not been paid back"),
    DueKind.FORGET: Policy(None, Then.DO, "they asked for it, and it was promised"),
    DueKind.UNUSED: Policy(None, Then.DO, "they have still not said that they want to stay"),
    DueKind.RETRY: Policy(None, Then.DO, "they may be in reach again all the same"),
    DueKind.WORRY: Policy(None, Then.DO, "nobody has taken it, or written of it, since"),
    DueKind.VETTING: Policy(None, Then.DO, "it says itself what the day is by now"),
    # Check-ins.
    DueKind.CHECK_IN: Policy(
        HOUR, Then.SAY, "'good morning' at noon would hide that nobody looked for three hours"
    ),
    DueKind.CHECK_IN_STEP: Policy(
        HOUR, Then.SAY, "her answer may have been lost with us: she is asked once more first"
    ),
    DueKind.CONTACT: Policy(None, Then.DO, "they have still not said"),
}


def too_late(kind: DueKind, planned: datetime, now: datetime) -> bool:
    """Whether something that was planned for then is to be treated as too late now."""
    policy = LATENESS[kind]
    late = policy.late_after is not None and now - planned > policy.late_after
    return late and policy.then is Then.SAY
