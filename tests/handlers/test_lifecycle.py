"""What may become of a request, an offer, a visit and one day's check-in."""

from __future__ import annotations

import itertools

import pytest

from handlers.rules.lifecycle import LEGAL, IllegalChangeError, become, may_become
from handlers.rules.next_steps import NEXT_STEPS
from handlers.rules.timing import WAVES
from storage.model import (
    CheckInStatus,
    DueKind,
    OccasionStatus,
    OfferStatus,
    RequestStatus,
    ScheduleStatus,
    VisitStatus,
)
from storage.model_broadcasts import BroadcastStatus
from storage.model_worries import WorryStatus

R, O, V = RequestStatus, OfferStatus, VisitStatus  # noqa: E741
C, B, W = OccasionStatus, BroadcastStatus, WorryStatus

BEFORE = {
    # The same table from the other side, written down by itself: what may have been before. What is
    # in neither place does not happen.
    R: {
        "draft": "handed",
        "open": "draft handed filled done",
        "handed": "draft open",
        "filled": "open handed",
        "done": "filled",
        "cancelled": "draft open handed filled",
        "closed": "open handed filled",
    },
    O: {
        "open": "taken",
        "accepted": "open declined taken",
        "declined": "open taken accepted",
        "taken": "open",
    },
    V: {
        "accepted": "",
        "on_the_way": "accepted",
        "done": "accepted on_the_way",
        "given_up": "accepted on_the_way",
        "no_show": "accepted on_the_way done",
        "called_off": "accepted on_the_way",
        "not_known": "accepted on_the_way",
    },
    C: {
        "asked": "",
        "well": "asked missed",
        "alarm": "asked well taken closed missed",
        "taken": "alarm",
        "closed": "asked alarm taken",
        "missed": "",
    },
    B: {
        "draft": "previewed",
        "previewed": "draft",
        "dropped": "draft previewed",
        "scheduled": "previewed",
        "running": "previewed scheduled",
        "called_back": "scheduled running",
        "done": "running",
    },
    W: {"open": "taken", "taken": "open", "closed": "open taken"},
}


@pytest.mark.parametrize("kind", LEGAL)
def test_nothing_becomes_what_it_may_not_seen_from_what_it_has_become(kind: type) -> None:
    assert {then.value for then in kind} == BEFORE[kind].keys()
    for now, then in itertools.product(kind, kind):
        may = now.value in BEFORE[kind][then.value].split()
        assert may_become(now, then) is may, (now, then)


OVER = {
    # Nobody waits for these; every other state of such a thing is looked for by the auditor.
    "requests": (R, {R.FILLED, R.DONE, R.CANCELLED, R.CLOSED}),  # filled: its visit is looked for
    "visits": (V, {V.DONE, V.GIVEN_UP, V.NO_SHOW, V.CALLED_OFF, V.NOT_KNOWN}),
    "check_ins": (CheckInStatus, {CheckInStatus.OFF}),
    "occasions": (C, {C.WELL, C.CLOSED, C.MISSED}),
    # A draft of regular help is a question that was put, and is put again when they write.
    "schedules": (ScheduleStatus, {ScheduleStatus.DRAFT, ScheduleStatus.STOPPED}),
    "broadcasts": (B, {B.DROPPED, B.DONE}),
}


@pytest.mark.parametrize("table", OVER)
def test_whatever_is_not_over_has_a_next_step_in_every_state(table: str) -> None:
    kind, over = OVER[table]
    looked_for = {
        status
        for owed in NEXT_STEPS
        if owed.table == table
        for status in owed.where.get("status", ())  # type: ignore[union-attr]
    }
    assert looked_for == {status.value for status in kind if status not in over}


def test_each_next_step_is_the_one_that_gets_things_on() -> None:
    """Which row is to be there: another would be there too, and nothing would come of it."""
    found = {owed.what: " ".join(kind.value for kind in owed.one_of) for owed in NEXT_STEPS}
    assert found == {
        **{"draft": "draft promise", "wave": "wave", "promise": "promise", "wider": "wave"},
        **{"handed": "chase", "visit": "did_it_happen", "remind_eve": "remind_eve"},
        **{"remind": "remind", "remind_asker": "remind_asker", "check_in": "check_in"},
        **{"half_made": "check_in", "contact": "contact", "check_in_step": "check_in_step"},
        **{"repeat": "repeat", "broadcast": "broadcast", "outlay": "outlay", "worry": "worry"},
        **{"vetting": "vetting", "note": "note", "duty": "handover"},
        **{"duty_once": "handover_once", "not_arrived": "tell", "joining": "join"},
        **{"out_of_reach": "retry", "forgetting": "forget", "unused": "unused", "pause": "back"},
    }
    assert {kind for owed in NEXT_STEPS for kind in owed.one_of} <= set(DueKind)
    states = {owed.what: " ".join(owed.where.get("status", ())) for owed in NEXT_STEPS}  # type: ignore[arg-type]
    assert {what: each for what, each in states.items() if each} == {
        **{"draft": "draft", "wave": "open", "promise": "open", "wider": "open"},
        **dict.fromkeys(("visit", "remind_eve", "remind", "remind_asker"), "accepted on_the_way"),
        **{"handed": "handed", "check_in": "on", "half_made": "draft offered"},
        **{"check_in_step": "asked alarm taken", "repeat": "running offered"},
        "broadcast": "draft previewed scheduled running called_back",
    }
    beside = {
        owed.what: {name: value for name, value in owed.where.items() if name != "status"}
        for owed in NEXT_STEPS
    }
    assert beside == {
        **{"draft": {}, "wave": {"wave": WAVES}, "promise": {"promised_at": True}},
        **{"wider": {"promised_at": False}, "handed": {}, "visit": {}},
        **{"remind_eve": {"remind_eve_at": True}, "remind": {"remind_at": True}},
        **{"remind_asker": {"remind_asker_at": True}, "check_in": {}, "check_in_step": {}},
        **{"half_made": {"chase_at": True}, "contact": {"answer_by": True}, "repeat": {}},
        **{"broadcast": {"reported_at": False}, "outlay": {"tell_at": True}},
        **{"worry": {"next_at": True}, "vetting": {"vetting_at": True}, "note": {"note_at": True}},
        **{"duty": {}, "duty_once": {}, "not_arrived": {"lost_at": True}},
        **{"joining": {"half_way_at": True}, "out_of_reach": {"retry_at": True}},
        **{"forgetting": {"forget_at": True}, "unused": {"unused_at": True}},
        "pause": {"paused_until": True},
    }


@pytest.mark.parametrize("kind", [R, O, V, C, B, W])
def test_every_status_is_in_the_table(kind: type) -> None:
    assert set(LEGAL[kind]) == set(kind)


@pytest.mark.parametrize("kind", [R, O, V, C, B, W])
def test_exactly_what_the_table_holds_may_happen(kind: type) -> None:
    for now, then in itertools.product(kind, kind):
        allowed = then in LEGAL[kind][now]
        assert may_become(now, then) is allowed
        if allowed:
            assert become(now, then) is then
        else:
            with pytest.raises(IllegalChangeError, match=f"{now.value} can't become {then.value}"):
                become(now, then)


@pytest.mark.parametrize(
    ("now", "then", "may", "why"),
    [
        (R.FILLED, R.OPEN, True, "the helper can't come after all"),
        (R.DONE, R.OPEN, True, "the helper said it was done, the asker says nobody came"),
        (R.HANDED, R.FILLED, True, "a late yes is welcome"),
        (R.HANDED, R.DRAFT, True, "the asker came back with what was missing"),
        (R.CANCELLED, R.OPEN, False, "what its asker called off is over"),
        (R.CLOSED, R.FILLED, False, "what an organiser settled is over"),
        (R.DRAFT, R.FILLED, False, "nobody goes before the asker has said yes"),
        (O.TAKEN, O.OPEN, True, "came free again: whoever was too late is asked anew"),
        (O.DECLINED, O.OPEN, False, "nobody is asked again who said no"),
        (O.DECLINED, O.ACCEPTED, True, "thought better of it, while it was free"),
        (V.DONE, V.NO_SHOW, True, "the asker has the last word"),
        (V.NO_SHOW, V.DONE, False, "a new visit would be made"),
        (V.GIVEN_UP, V.ON_THE_WAY, False, "somebody else may be going by now"),
        (C.ASKED, C.TAKEN, False, "nobody takes what nobody was told of"),
        (C.ALARM, C.WELL, False, "what people were alarmed about is told to be over"),
        (C.TAKEN, C.ALARM, True, "whoever took it went silent: the next is told"),
        (C.WELL, C.ALARM, True, "not so well after all"),
        (B.DRAFT, B.RUNNING, False, "nothing goes that its organiser has not seen"),
        (B.RUNNING, B.RUNNING, False, "let go twice, it goes once"),
        (B.CALLED_BACK, B.RUNNING, False, "what was called back stays back"),
    ],
)
def test_what_matters_most(now: R, then: R, may: bool, why: str) -> None:
    assert may_become(now, then) is may, why
