"""What may become of a request, an offer, a visit and one day's check-in."""

from __future__ import annotations

import itertools

import pytest

from handlers.rules.lifecycle import LEGAL, IllegalChangeError, become, may_become
from storage.model import OccasionStatus, OfferStatus, RequestStatus, VisitStatus
from storage.model_broadcasts import BroadcastStatus

R, O, V = RequestStatus, OfferStatus, VisitStatus  # noqa: E741
C, B = OccasionStatus, BroadcastStatus


@pytest.mark.parametrize("kind", [R, O, V, C, B])
def test_every_status_is_in_the_table(kind: type) -> None:
    assert set(LEGAL[kind]) == set(kind)


@pytest.mark.parametrize("kind", [R, O, V, C, B])
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
