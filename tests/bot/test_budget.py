"""Budgets never spend more than a provider allows in any stretch of time it counts over."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from heapq import heappop, heappush
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import budget
from bot.budget import CLOSEST, Budget, Line, Ticket, Window, telegram_limits
from bot.clock import VirtualClock
from storage.model import Priority
from tests.made import NOW


def spent(clock: VirtualClock, spending: Budget, waits: list[float]) -> Iterator[float]:
    """Spend as often as is allowed, pausing between as told; when each was spent."""
    for pause in waits:
        clock.jump_to(clock.now() + timedelta(seconds=max(pause, spending.wait())))
        clock.jump_to(clock.now() + timedelta(seconds=spending.wait()))
        assert spending.ready() >= 1
        spending.spend()
        yield clock.monotonic()


pauses = st.lists(st.sampled_from((0.0, 0.0, 0.0, 0.001, 1 / 3, 0.7, 5.0, 1e7)), max_size=120)


def most_within(times: list[float], seconds: float) -> int:
    return max((sum(start <= at <= start + seconds for at in times) for start in times), default=0)


# A strict window, seen from the far end


@dataclass
class FarEnd:
    """A provider that is some way off, and what reached it when."""

    clock: VirtualClock
    pace: Window
    came: list[float] = field(default_factory=list)
    left: list[tuple[float, Priority]] = field(default_factory=list)
    _out: list[tuple[float, int, Ticket, bool]] = field(default_factory=list)

    def send(self, priority: Priority, there: float, back: float, *, answered: bool = True) -> None:
        """Send as soon as it may go; it takes so long there, and its answer so long back."""
        while (wait := self.pace.wait(priority)) > 0:
            soonest = self._out[0][0] - self.now if self._out else wait
            self.live(min(wait, max(soonest, 0.0)))
        assert self.pace.ready() >= 1
        ticket = self.pace.take(priority)
        assert ticket.at <= self.now
        self.pace.left(ticket)
        self.came.append(self.now + there)
        self.left.append((self.now, priority))
        heappush(self._out, (self.now + there + back, len(self.came), ticket, answered))

    def live(self, seconds: float) -> None:
        end = self.now + seconds
        while self._out and self._out[0][0] <= end + 1e-6:
            at, _, ticket, answered = heappop(self._out)
            self._jump(at)
            self.pace.came(ticket, answered=answered)
        self._jump(end)

    @property
    def now(self) -> float:
        return self.clock.monotonic()

    def _jump(self, to: float) -> None:
        # A clock's count is whole microseconds: never before the moment itself.
        self.clock.jump_to(self.clock.now() + timedelta(seconds=max(0.0, to - self.now) + 1e-6))

    def most(self, seconds: float = 1.0) -> int:
        """The most that it ever held in one strict window."""
        at = sorted(self.came)
        return max((bisect_left(at, start + seconds) - n for n, start in enumerate(at)), default=0)


def far_end(per_second: float) -> FarEnd:
    clock = VirtualClock(NOW)
    return FarEnd(clock, Window(clock, per_second))


seconds = st.sampled_from((0.0, 0.001, 0.03, 0.08, 0.4, 0.99, 1.0, 1.7)) | st.floats(0, 2)
calls = st.lists(
    st.tuples(
        st.sampled_from((Priority.REPLY, Priority.BROADCAST)),
        seconds,  # there
        seconds,  # back
        st.booleans() | st.just(value=True),  # answered
        st.sampled_from((0.0, 0.0, 0.0, 0.02, 0.5, 3.0)),  # before it
    ),
    max_size=80,
)


@given(calls, st.sampled_from((0.5, 1, 2.5, 4, 7)))
def test_whatever_calls_take_no_second_at_the_far_end_holds_more(
    calls: list[tuple[Priority, float, float, bool, float]], per_second: float
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "TRUST", 0.0)  # nothing is known of what calls take
        far = far_end(per_second)
        for priority, there, back, answered, before in calls:
            far.live(before)
            far.send(priority, there, back, answered=answered)
        assert far.most(max(1.0, 1 / per_second)) <= max(1, int(per_second))


@given(
    st.floats(0.0, 0.3),
    st.floats(0, 1),
    st.lists(st.tuples(seconds, seconds), min_size=1, max_size=60),
    st.sampled_from((4, 30)),
)
@settings(max_examples=40)
def test_nor_when_what_the_quickest_takes_is_given_back(
    least: float, way_there: float, more: list[tuple[float, float]], per_second: int
) -> None:
    far = far_end(per_second)
    for n in range(150):
        # One in seven comes by the shortest way, or nearly; the others as they may.
        there, back = more[n % len(more)] if n % 7 else (least * 0.2, 0.0)
        far.send(Priority.BROADCAST, least * way_there + there, least * (1 - way_there) + back)
    assert far.most() <= per_second


def test_nearly_all_that_is_allowed_is_used_and_an_answer_waits_for_one_place() -> None:
    far, chance = far_end(30), random.Random(5)
    waited = []
    while far.now < 60:
        if chance.random() < 0.01:
            far.live(0.1)  # we wake late
        priority = Priority.REPLY if chance.random() < 0.01 else Priority.BROADCAST
        asked = far.now
        far.send(priority, 0.012 + chance.expovariate(300), 0.012 + chance.expovariate(300))
        if priority is Priority.REPLY:
            waited.append(far.now - asked)
    assert far.most() <= 30
    assert len(far.came) >= 0.98 * 30 * far.now
    assert max(waited) <= 0.15


def test_bulk_keeps_a_distance_and_answers_take_what_is_free() -> None:
    far = far_end(30)
    far.live(5)
    far.pace.rests()
    for n in range(20):
        if n == 5:
            far.live(0.06)  # we wake late, and make up for it
        far.send(Priority.BROADCAST, 0.01, 0.01)
    gaps = [then - one for (one, _), (then, _) in pairwise(far.left)]
    assert gaps[:4] + gaps[-6:] == pytest.approx([1 / 30] * 10, abs=0.001)
    assert gaps[5:8] == pytest.approx([CLOSEST / 30] * 3, abs=0.001)
    began = far.now
    for _ in range(10):
        far.send(Priority.REPLY, 0.01, 0.01)
    assert far.now - began < 0.001


def test_a_stall_leaves_no_gap_behind_in_the_seconds_after_it() -> None:
    far = far_end(30)
    far.live(5)
    far.pace.rests()
    for n in range(300):
        if n == 50:
            far.live(0.6)
        far.send(Priority.BROADCAST, 0.01, 0.01)
    gaps = [then - one for (one, _), (then, _) in pairwise(far.left)]
    assert max(gaps[60:]) < 1 - CLOSEST + 0.05
    assert far.left[-1][0] - far.left[60][0] == pytest.approx((299 - 60) / 30, rel=0.02)


def test_after_a_too_many_it_is_slower_and_comes_back_slowly() -> None:
    far = far_end(30)
    far.pace.refused()
    far.pace.refused()  # of a call that was out at the same time
    assert far.pace.per_second == 24
    far.live(26)
    assert far.pace.per_second == 29
    far.live(50)
    assert far.pace.per_second == 29  # where it was too many
    far.live(12)
    assert far.pace.per_second == 30
    for _ in range(40):
        far.live(2)
        far.pace.refused()
    assert far.pace.per_second == 1


def test_it_begins_as_if_the_process_before_had_used_the_last_second() -> None:
    far = far_end(30)
    far.came = [-n / 30 for n in range(30)]
    for _ in range(60):
        far.send(Priority.REPLY, 0.0, 0.02)
    assert far.most() <= 30


def test_calls_without_an_answer_keep_their_places() -> None:
    far = far_end(4)
    for _ in range(30):
        far.send(Priority.REPLY, 0.2, 0.2)
    far.live(2)
    tickets = [far.pace.take(Priority.REPLY) for _ in range(4)]
    assert far.pace.wait(Priority.EMERGENCY) == budget.NEVER
    far.live(9)
    far.pace.came(tickets[0], answered=False)
    assert far.pace.wait(Priority.EMERGENCY) == pytest.approx(1.0, abs=0.01)


@given(pauses)
def test_a_group_fits_any_minute(waits: list[float]) -> None:
    clock, limits = VirtualClock(NOW), telegram_limits()
    spending = Budget(clock, limits.per_group, limits.chat_burst)
    assert most_within(list(spent(clock, spending, waits)), 60.0) <= 20


@given(pauses, st.integers(1, 30))
def test_one_chat_has_short_bursts_and_one_a_second(waits: list[float], seconds: int) -> None:
    clock, limits = VirtualClock(NOW), telegram_limits()
    spending = Budget(clock, limits.per_chat, limits.chat_burst)
    assert most_within(list(spent(clock, spending, waits)), seconds) <= seconds + limits.chat_burst


@given(st.lists(st.integers(1, 5), max_size=30), st.floats(0.2, 100), st.floats(0, 0.019))
def test_a_number_is_used_to_the_full_and_never_beyond(
    parts: list[int], rate: float, late: float
) -> None:
    clock = VirtualClock(NOW)
    line = Line(clock, rate)
    for each in parts:
        wait = line.wait(Priority.OFFER)
        clock.jump_to(clock.now() + timedelta(seconds=wait + (late if wait else 0)))
        line.take(Priority.OFFER, each)
    # Every part had its time before the next text began; the first began at once.
    took = sum(parts[:-1]) / rate
    assert clock.monotonic() >= took - budget.SLACK - 1e-4 / rate * max(1, len(parts))
    assert clock.monotonic() <= took + late + 1e-3 * max(1, len(parts))


@pytest.mark.parametrize("rate", [0.2, 1, 10, 100])
def test_an_emergency_does_not_wait_for_long_texts_and_no_number_gets_hours_of_work(
    rate: float,
) -> None:
    clock = VirtualClock(NOW)
    line = Line(clock, rate)
    line.take(Priority.BROADCAST, max(1, round(2 * rate)))
    assert line.wait(Priority.REPLY) > 0
    sent = 0
    while line.wait(Priority.EMERGENCY) == 0:
        line.take(Priority.EMERGENCY, 1)
        sent += 1
    assert 1 <= sent <= max(2, budget.AHEAD * rate) + 2
    clock.jump_to(clock.now() + timedelta(seconds=line.wait(Priority.EMERGENCY)))
    assert line.wait(Priority.EMERGENCY) == 0
    assert line.wait(Priority.REPLY) <= max(budget.AHEAD, 2 / rate) + 2 / rate


@pytest.mark.parametrize("rate", [1 / 3600, 0.1, 1.0, 1e3])
def test_a_clock_that_jumps_gives_no_more_than_the_burst(rate: float) -> None:
    clock = VirtualClock(NOW)
    spending = Budget(clock, rate, 3)
    for _ in range(3):
        clock.jump_to(clock.now() + timedelta(days=365))
        assert spending.full
        for _ in range(3):
            assert spending.wait() == 0
            spending.spend()
        assert spending.wait() == pytest.approx(1 / rate, rel=1e-3)


def test_a_number_that_is_too_fast_is_slowed_and_comes_back() -> None:
    clock = VirtualClock(NOW)
    line = Line(clock, 10)
    line.take(Priority.REPLY, 3)
    line.refused()
    slower = line.wait(Priority.REPLY)
    clock.jump_to(clock.now() + timedelta(minutes=5))
    line.wait(Priority.REPLY)
    line.take(Priority.REPLY, 3)
    assert slower > 1.2 * line.wait(Priority.REPLY) > 0
