"""Budgets never spend more than a provider allows in any stretch of time it counts over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.budget import Budget, sms_limits, telegram_limits
from bot.clock import VirtualClock
from tests.made import NOW


def spent(clock: VirtualClock, budget: Budget, waits: list[float]) -> Iterator[float]:
    """Spend as often as is allowed, pausing between as told; when each was spent."""
    for pause in waits:
        clock.jump_to(clock.now() + timedelta(seconds=max(pause, budget.wait())))
        clock.jump_to(clock.now() + timedelta(seconds=budget.wait()))
        assert budget.ready() >= 1
        budget.spend()
        yield clock.monotonic()


pauses = st.lists(st.sampled_from((0.0, 0.0, 0.0, 0.001, 1 / 3, 0.7, 5.0, 1e7)), max_size=120)


def most_within(times: list[float], seconds: float) -> int:
    return max((sum(start <= at <= start + seconds for at in times) for start in times), default=0)


@given(pauses)
def test_telegram_overall_fits_any_second(waits: list[float]) -> None:
    clock, limits = VirtualClock(NOW), telegram_limits(30)
    budget = Budget(clock, limits.overall, limits.overall_burst)
    assert most_within(list(spent(clock, budget, waits)), 1.0) <= 30


@given(pauses)
def test_a_group_fits_any_minute(waits: list[float]) -> None:
    clock, limits = VirtualClock(NOW), telegram_limits()
    budget = Budget(clock, limits.per_group, limits.chat_burst)
    assert most_within(list(spent(clock, budget, waits)), 60.0) <= 20


@given(pauses, st.integers(1, 30))
def test_one_chat_has_short_bursts_and_one_a_second(waits: list[float], seconds: int) -> None:
    clock, limits = VirtualClock(NOW), telegram_limits()
    budget = Budget(clock, limits.per_chat, limits.chat_burst)
    assert most_within(list(spent(clock, budget, waits)), seconds) <= seconds + limits.chat_burst


@given(st.lists(st.integers(1, 5), max_size=30), st.floats(0.1, 20))
def test_a_text_of_several_parts_is_waited_for(parts: list[int], rate: float) -> None:
    clock = VirtualClock(NOW)
    limits = sms_limits(rate)
    budget = Budget(clock, limits.overall, limits.overall_burst)
    for each in parts:
        clock.jump_to(clock.now() + timedelta(seconds=budget.wait()))
        budget.spend(each)
    # Every part had its time before the next text began; the first began at once.
    took = sum(parts[:-1]) / rate
    assert clock.monotonic() >= took - 1e-4 * max(1, len(parts))
    assert clock.monotonic() <= took + 1e-3 * max(1, len(parts))


@pytest.mark.parametrize("rate", [1 / 3600, 0.1, 1.0, 1e3])
def test_a_clock_that_jumps_gives_no_more_than_the_burst(rate: float) -> None:
    clock = VirtualClock(NOW)
    budget = Budget(clock, rate, 3)
    for _ in range(3):
        clock.jump_to(clock.now() + timedelta(days=365))
        assert budget.full
        for _ in range(3):
            assert budget.wait() == 0
            budget.spend()
        assert budget.wait() == pytest.approx(1 / rate, rel=1e-3)


@pytest.mark.parametrize("per_second", [0.5, 1, 2, 6, 30, 1000])
def test_however_little_is_allowed_something_goes(per_second: float) -> None:
    limits = telegram_limits(per_second)
    assert limits.overall > 0
    assert limits.overall_burst >= 1
    if per_second >= 4:
        assert limits.overall + limits.overall_burst + 1 <= per_second + 1e-9
