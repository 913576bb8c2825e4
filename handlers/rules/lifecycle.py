"""The one table of legal changes: what may become of a request, an offer, a visit, one day's
check-in, a broadcast and a worry."""

from __future__ import annotations

from typing import Any, TypeVar

from storage.model import OccasionStatus, OfferStatus, RequestStatus, VisitStatus
from storage.model_broadcasts import BroadcastStatus
from storage.model_worries import WorryStatus

Status = TypeVar(
    "Status",
    RequestStatus,
    OfferStatus,
    VisitStatus,
    OccasionStatus,
    BroadcastStatus,
    WorryStatus,
)

R, O, V = RequestStatus, OfferStatus, VisitStatus  # noqa: E741 (three columns, three letters)
C, B, W = OccasionStatus, BroadcastStatus, WorryStatus

# By kind of thing first: the members of two such enums are equal where their words are.
LEGAL: dict[type, dict[Any, tuple[Any, ...]]] = {
    R: {
        R.DRAFT: (R.OPEN, R.HANDED, R.CANCELLED),
        R.OPEN: (R.FILLED, R.HANDED, R.CANCELLED, R.CLOSED),
        # Asked wider; a late yes; settled; its asker came back with what was missing.
        R.HANDED: (R.OPEN, R.FILLED, R.CANCELLED, R.CLOSED, R.DRAFT),
        R.FILLED: (R.DONE, R.OPEN, R.CANCELLED, R.CLOSED),  # open again: can't come, or no-show
        R.DONE: (R.OPEN,),  # the helper said it was done, the asker says nobody came
        R.CANCELLED: (),
        R.CLOSED: (),
    },
    O: {
        O.OPEN: (O.ACCEPTED, O.DECLINED, O.TAKEN),
        O.DECLINED: (O.ACCEPTED,),  # thought better of it, while it was still free
        O.TAKEN: (O.OPEN, O.ACCEPTED, O.DECLINED),  # came free again: asked anew, or a late yes
        O.ACCEPTED: (O.DECLINED,),  # can't come after all
    },
    V: {
        V.ACCEPTED: (V.ON_THE_WAY, V.DONE, V.GIVEN_UP, V.NO_SHOW, V.CALLED_OFF, V.NOT_KNOWN),
        V.ON_THE_WAY: (V.DONE, V.GIVEN_UP, V.NO_SHOW, V.CALLED_OFF, V.NOT_KNOWN),
        V.DONE: (V.NO_SHOW,),  # the asker has the last word on whether anybody came
        V.GIVEN_UP: (),
        V.NO_SHOW: (),
        V.CALLED_OFF: (),
        V.NOT_KNOWN: (),
    },
    C: {
        C.ASKED: (C.WELL, C.ALARM, C.CLOSED),  # closed: an organiser says where they are
        C.WELL: (C.ALARM,),  # not so well after all; or STOP later that day
        C.ALARM: (C.TAKEN, C.CLOSED),  # closed untaken: they answered after all
        C.TAKEN: (C.CLOSED, C.ALARM),  # an alarm again: more help is needed, or no word came
        C.CLOSED: (C.ALARM,),  # not so well after all
        C.MISSED: (C.ALARM, C.WELL),
    },
    B: {
        B.DRAFT: (B.PREVIEWED, B.DROPPED),
        B.PREVIEWED: (B.DRAFT, B.SCHEDULED, B.RUNNING, B.DROPPED),  # a draft again: changed
        B.DROPPED: (),
        B.SCHEDULED: (B.RUNNING, B.CALLED_BACK),
        B.RUNNING: (B.DONE, B.CALLED_BACK),
        B.CALLED_BACK: (),
        B.DONE: (),
    },
    W: {
        W.OPEN: (W.TAKEN, W.CLOSED),
        W.TAKEN: (W.CLOSED, W.OPEN),  # open again: whoever had it is gone, or has gone quiet
        W.CLOSED: (),
    },
}


class IllegalChangeError(Exception):
    """A change of status that the table does not hold: a fault in the code, never a person's."""


def may_become(now: Status, then: Status) -> bool:
    """Whether that change is in the table."""
    return then in LEGAL[type(now)][now]


def become(now: Status, then: Status) -> Status:
    """The new status.

    Raises:
        IllegalChangeError: if it can't follow the old one.
    """
    if not may_become(now, then):
        raise IllegalChangeError(f"{now.value} can't become {then.value}")
    return then
