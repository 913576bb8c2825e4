"""Who is asked, in which wave, and why; and why somebody is not."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules import matching
from handlers.rules.matching import Candidate, Wanted, Why, WhyNot
from storage.model import NEIGHBOURLY, Member, Need, Role, Standing, Vetting, Waves

NOW = datetime(2026, 11, 3, 10, tzinfo=UTC)
ASKER = Member(1, 1, Standing.ACTIVE, "Rosa", roles=frozenset({Role.ASKER}), cell=1)
HELPER = Member(
    2,
    1,
    Standing.ACTIVE,
    "Sam",
    roles=frozenset({Role.HELPER}),
    cell=1,
    can_do=frozenset(NEIGHBOURLY),
    max_km=5.0,
)
WANTED = Wanted(ASKER, Need.SHOPPING, vetting=None, day=date(2026, 11, 3), reach_km=3.0)
VETTED = replace(WANTED, vetting=Vetting.BASIC)
FIT = Candidate(HELPER, km=1.0)


def but(**changes: object) -> Candidate:
    return replace(FIT, member=replace(HELPER, **changes))


def test_a_helper_who_fits_is_asked() -> None:
    assert matching.why_not(FIT, WANTED) is None


@pytest.mark.parametrize(
    ("candidate", "wanted", "reason"),
    [
        (but(id=1), WANTED, WhyNot.IS_ASKER),
        (but(roles=frozenset({Role.ASKER})), WANTED, WhyNot.NOT_HELPER),
        (but(standing=Standing.WAITING), WANTED, WhyNot.NOT_HELPER),
        (but(standing=Standing.LEFT), WANTED, WhyNot.NOT_HELPER),
        (but(stopped_at=NOW), WANTED, WhyNot.STOPPED),
        (but(unreachable="blocked"), WANTED, WhyNot.UNREACHABLE),
        (but(on_duty=False), WANTED, WhyNot.OFF_DUTY),
        (but(paused_until=NOW), WANTED, WhyNot.PAUSED),
        (but(hours=((60, 120),)), replace(WANTED, quarters=0b1111), WhyNot.NOT_HOURS),
        (but(hours=((0, 60),)), replace(WANTED, quarters=0b1111), None),
        (but(hours=((60, 120),)), WANTED, None),  # hours are not looked at
        (but(can_do=frozenset({Need.GARDEN})), WANTED, WhyNot.CANT_DO),
        (FIT, VETTED, WhyNot.NOT_VETTED),
        (but(vetted_until=date(2026, 11, 2)), VETTED, WhyNot.NOT_VETTED),
        (but(vetted_until=date(2026, 11, 3)), VETTED, None),
        (
            but(vetted_until=date(2027, 1, 1)),
            replace(WANTED, vetting=Vetting.STANDARD),
            WhyNot.NOT_VETTED,
        ),
        (
            but(vetted_until=date(2027, 1, 1), vetting=Vetting.ENHANCED),
            replace(WANTED, vetting=Vetting.STANDARD),
            None,
        ),
        (but(languages=("cy",)), WANTED, WhyNot.NO_LANGUAGE),
        (but(languages=("cy", "en")), WANTED, None),
        (replace(FIT, bonds=frozenset({"not_again"})), WANTED, WhyNot.RULED_OUT),
        (replace(FIT, bonds=frozenset({"not_again_of_them"})), WANTED, WhyNot.RULED_OUT),
        (replace(FIT, under_way=1), WANTED, WhyNot.AT_ONCE_CAP),
        (replace(FIT, this_week=3), WANTED, WhyNot.WEEKLY_CAP),
        (replace(FIT, this_week=2), WANTED, None),
        (replace(FIT, km=None), WANTED, WhyNot.NO_PLACE),
        (replace(FIT, km=3.0), WANTED, None),
        (replace(but(max_km=0.5), km=0.0), WANTED, None),  # next door: no distance is not none
        (replace(FIT, km=3.1), WANTED, WhyNot.TOO_FAR),
        (replace(but(max_km=0.5), km=1.0), WANTED, WhyNot.TOO_FAR),
        (replace(but(max_km=0.5), km=1.0), replace(WANTED, reach_km=math.inf), WhyNot.TOO_FAR),
        (replace(FIT, asked=True), WANTED, WhyNot.ALREADY_ASKED),
    ],
)
def test_each_hard_filter(candidate: Candidate, wanted: Wanted, reason: WhyNot | None) -> None:
    assert matching.why_not(candidate, wanted) is reason


def test_no_reason_hides_behind_another() -> None:
    off_duty_and_ruled_out = replace(but(on_duty=False), bonds=frozenset({"not_again"}))
    found = matching.why_nots(off_duty_and_ruled_out, WANTED)
    assert found == [WhyNot.OFF_DUTY, WhyNot.RULED_OUT]


def rested(days: float, **changes: object) -> Candidate:
    return but(rested_at=NOW + timedelta(days=days), **changes)


def test_who_is_asked_before_whom() -> None:
    named = replace(rested(5, id=10), km=2.9, bonds=frozenset({"first"}))
    glad = replace(rested(0, id=11), km=2.0, bonds=frozenset({"glad", "glad_of_them"}))
    near = replace(rested(-1, id=12), km=0.2)
    next_door = replace(rested(-1, id=16), km=0.0)
    near_but_tired = replace(rested(1, id=13), km=0.2)
    further = replace(rested(-1, id=14), km=1.0)
    one_side_glad = replace(rested(-1, id=15), km=1.5, bonds=frozenset({"glad"}))
    everybody = [one_side_glad, further, near_but_tired, near, next_door, glad, named]
    found = [c.member.id for c in matching.pick(everybody, WANTED, NOW, 9)]
    assert found == [10, 11, 16, 12, 14, 13, 15]


@pytest.mark.parametrize(
    ("bonds", "tied"),
    [
        ({"first"}, True),
        ({"glad", "glad_of_them"}, True),
        ({"glad"}, False),
        ({"glad_of_them", "not_again"}, False),
        (set(), False),
    ],
)
def test_what_ties_two_people(bonds: set[str], tied: bool) -> None:
    assert matching.ties(bonds) is tied
    assert matching.is_tied(replace(FIT, bonds=frozenset(bonds))) is tied


@pytest.mark.parametrize(
    ("offers", "visits", "km"),
    [(0, 0, 0.0), (1, 0, 0.5), (4, 0, 2.0), (0, 1, 2.0), (2, 1, 3.0), (0, 3, 6.0), (9, 9, 6.0)],
)
def test_how_much_further_away_being_asked_and_going_makes_somebody(
    offers: int, visits: int, km: float
) -> None:
    """An offer is half a kilometre, a visit two, until it is slept off; six at the most."""
    at = NOW - timedelta(days=3)  # rested since then
    for by in (*[matching.OFFER_TIRES] * offers, *[matching.VISIT_TIRES] * visits):
        at = matching.tire(at, NOW, by)
    assert matching.tired_km(at, NOW) == km


@pytest.mark.parametrize(
    ("candidate", "why"),
    [
        (replace(FIT, bonds=frozenset({"first"})), Why.NAMED),
        (replace(FIT, bonds=frozenset({"glad", "glad_of_them"})), Why.GLAD),
        (FIT, Why.FIRST_TASK),
        (but(visits=1), Why.NEAR),
    ],
)
def test_the_reason_that_is_kept(candidate: Candidate, why: Why) -> None:
    assert matching.why(candidate) is why


@pytest.mark.parametrize(
    ("made", "accepted", "size", "why"),
    [
        (0, 0, 5, "a group without a record: three in ten say yes"),
        (200, 180, 3, "a keen group still asks three"),
        (200, 60, 5, "its own record agrees with the usual"),
        (200, 20, 12, "one in ten: a dozen, not more"),
        (1000, 0, 12, "nobody ever: a dozen, not more"),
        (5, 0, 6, "five noes are not yet a record"),
    ],
)
def test_a_wave_is_as_large_as_it_takes(made: int, accepted: int, size: int, why: str) -> None:
    assert matching.wave_size([Waves(1, made, accepted)]) == size, why


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3])
@pytest.mark.parametrize("size", [3, 5, 12])
def test_a_wave_of_any_size_tells_how_willing_people_are(share: float, size: int) -> None:
    """Whoever asks more at once gets fewer yeses for each ask: people are no less willing."""
    heard = round(1000 * (1 - (1 - share) ** size))
    assert matching.yes_share([Waves(size, 1000, heard)]) == pytest.approx(share, abs=0.02)


def test_waves_do_not_grow_by_themselves() -> None:
    record: list[Waves] = []
    sizes = []
    for _ in range(30):
        sizes.append(matching.wave_size(record))
        record.append(Waves(sizes[-1], 10, round(10 * (1 - 0.7 ** sizes[-1]))))
    assert set(sizes) <= {4, 5, 6}


@given(st.integers(0, 5000), st.data())
def test_a_wave_is_never_one_and_never_everybody(made: int, data: st.DataObject) -> None:
    accepted = data.draw(st.integers(0, made))
    size = matching.wave_size([Waves(1, made, accepted)])
    assert 3 <= size <= 12
    assert 0.02 <= matching.yes_share([Waves(1, made, accepted)]) <= 0.95
    if accepted:
        assert matching.wave_size([Waves(1, made, accepted - 1)]) >= size


def test_each_wave_reaches_further() -> None:
    reaches = [matching.reach_km(wave) for wave in range(1, 6)]
    assert reaches == [3.0, 6.0, math.inf, math.inf, math.inf]


CANDIDATES = st.builds(
    Candidate,
    st.builds(
        lambda ident, away, duty, max_km, days: replace(
            HELPER,
            id=ident,
            standing=Standing.WAITING if away else Standing.ACTIVE,
            on_duty=duty,
            max_km=max_km,
            rested_at=NOW + timedelta(days=days),
        ),
        st.integers(1, 500),
        st.booleans(),
        st.booleans(),
        st.floats(0.1, 20),
        st.floats(-30, 30),
    ),
    st.none() | st.floats(0, 20),
    st.integers(0, 2),
    st.integers(0, 4),
    st.frozensets(
        st.sampled_from(["first", "glad", "glad_of_them", "not_again", "not_again_of_them"])
    ),
    st.booleans(),
)
EVERYBODY = st.lists(CANDIDATES, max_size=30, unique_by=lambda candidate: candidate.member.id)


@given(EVERYBODY, st.integers(1, 12))
def test_whoever_is_picked_may_be_asked_and_the_best_come_first(
    everybody: list[Candidate], size: int
) -> None:
    picked = matching.pick(everybody, WANTED, NOW, size)
    fit = [c for c in everybody if matching.why_not(c, WANTED) is None]
    assert len(picked) == min(size, len(fit))
    assert all(c in fit for c in picked)
    left = [c for c in fit if c not in picked]
    if picked and left:
        last = max(matching.order(c, NOW) for c in picked)
        assert last <= min(matching.order(c, NOW) for c in left)


@given(EVERYBODY, st.randoms())
def test_the_order_they_come_in_does_not_matter(everybody: list[Candidate], chance: object) -> None:
    shuffled = list(everybody)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert matching.pick(everybody, WANTED, NOW, 5) == matching.pick(shuffled, WANTED, NOW, 5)


@given(st.floats(-100, 100), st.floats(-100, 100))
def test_being_asked_tires_and_time_rests(days: float, later: float) -> None:
    rested_at = NOW + timedelta(days=days)
    tired = matching.tire(rested_at, NOW, matching.OFFER_TIRES)
    assert tired >= NOW + matching.OFFER_TIRES
    assert 0 <= matching.tired_km(rested_at, NOW) <= matching.TIRED_MOST_KM
    assert matching.tired_km(tired, NOW) >= matching.tired_km(rested_at, NOW)
