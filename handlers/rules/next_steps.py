"""What must never be without a next step: one table, one line a state.

The auditor goes by it every minute (`handlers/auditor.py`), and so do the promises that every
conversation of the tests is held to. What is new and can wait for something gets a line here.
"""

from __future__ import annotations

from dataclasses import dataclass

from handlers.rules.timing import WAVES
from storage.model import (
    CheckInStatus,
    DueKind,
    OccasionStatus,
    RequestStatus,
    ScheduleStatus,
    VisitStatus,
    Where,
)
from storage.model_broadcasts import BroadcastStatus

LIVE = (VisitStatus.ACCEPTED.value, VisitStatus.ON_THE_WAY.value)


@dataclass(frozen=True, slots=True)
class Owed:
    """Rows of one table that need a due row, by their id."""

    what: str
    """In a word, for the audit log and the metrics."""
    table: str
    where: Where
    one_of: tuple[DueKind, ...]
    """Any of these will do. Where there is none, the first is set."""


NEXT_STEPS = (
    Owed(
        "draft",
        "requests",
        {"status": (RequestStatus.DRAFT.value,)},
        (DueKind.DRAFT, DueKind.PROMISE),
    ),
    # Until all waves have been sent there is a next one, whatever else is to come.
    Owed(
        "wave",
        "requests",
        {"status": (RequestStatus.OPEN.value,), "wave": WAVES},
        (DueKind.WAVE,),
    ),
    Owed(
        "promise",
        "requests",
        {"status": (RequestStatus.OPEN.value,), "promised_at": True},
        (DueKind.PROMISE,),
    ),
    # Asked wider by an organiser: the asker was promised no new hour.
    Owed(
        "wider",
        "requests",
        {"status": (RequestStatus.OPEN.value,), "promised_at": False},
        (DueKind.WAVE,),
    ),
    Owed("handed", "requests", {"status": (RequestStatus.HANDED.value,)}, (DueKind.CHASE,)),
    Owed(
        "visit",
        "visits",
        {"status": LIVE},
        (DueKind.DID_IT_HAPPEN,),
    ),
    # Each reminder that is still to be said; the visit keeps when.
    Owed("remind_eve", "visits", {"status": LIVE, "remind_eve_at": True}, (DueKind.REMIND_EVE,)),
    Owed("remind", "visits", {"status": LIVE, "remind_at": True}, (DueKind.REMIND,)),
    Owed(
        "remind_asker",
        "visits",
        {"status": LIVE, "remind_asker_at": True},
        (DueKind.REMIND_ASKER,),
    ),
    # Seen to at once, a check-in whose hour has not come is only put down for it anew.
    Owed("check_in", "check_ins", {"status": (CheckInStatus.ON.value,)}, (DueKind.CHECK_IN,)),
    Owed(
        "half_made",
        "check_ins",
        {
            "status": (CheckInStatus.DRAFT.value, CheckInStatus.OFFERED.value),
            "chase_at": True,
        },
        (DueKind.CHECK_IN,),
    ),
    Owed("contact", "contacts", {"answer_by": True}, (DueKind.CONTACT,)),
    # An emergency is one of these too.
    Owed(
        "check_in_step",
        "occasions",
        {
            "status": (
                OccasionStatus.ASKED.value,
                OccasionStatus.ALARM.value,
                OccasionStatus.TAKEN.value,
            )
        },
        (DueKind.CHECK_IN_STEP,),
    ),
    # The same holds for help that comes again, and for what an organiser suggested.
    Owed(
        "repeat",
        "schedules",
        {"status": (ScheduleStatus.RUNNING.value, ScheduleStatus.OFFERED.value)},
        (DueKind.REPEAT,),
    ),
    Owed(
        "broadcast",
        "broadcasts",
        {
            "status": (
                BroadcastStatus.DRAFT.value,
                BroadcastStatus.PREVIEWED.value,
                BroadcastStatus.SCHEDULED.value,
                BroadcastStatus.RUNNING.value,
                BroadcastStatus.CALLED_BACK.value,
            ),
            "reported_at": False,
        },
        (DueKind.BROADCAST,),
    ),
    Owed("outlay", "outlays", {"tell_at": True}, (DueKind.OUTLAY,)),
    # Of a closed one, that its words go.
    Owed("worry", "worries", {"next_at": True}, (DueKind.WORRY,)),
    Owed("vetting", "members", {"vetting_at": True}, (DueKind.VETTING,)),
    Owed("note", "communities", {"note_at": True}, (DueKind.NOTE,)),
    Owed("duty", "shifts", {}, (DueKind.HANDOVER,)),
    Owed("duty_once", "dated_shifts", {}, (DueKind.HANDOVER_ONCE,)),
    Owed("not_arrived", "outbox", {"lost_at": True}, (DueKind.TELL,)),
    Owed("joining", "members", {"half_way_at": True}, (DueKind.JOIN,)),
    Owed("out_of_reach", "members", {"retry_at": True}, (DueKind.RETRY,)),
    Owed("forgetting", "members", {"forget_at": True}, (DueKind.FORGET,)),
    Owed("unused", "members", {"unused_at": True}, (DueKind.UNUSED,)),
    Owed("pause", "members", {"paused_until": True}, (DueKind.BACK,)),
)
