"""What every life in the town shares."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from bot.simulation.same_thread import in_the_same_thread


@pytest.fixture
def at_once() -> Iterator[None]:
    """SQLite is asked without a thread of its own."""
    with in_the_same_thread():
        yield


@pytest.fixture
def quickly(at_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a day is often enough to look for what was lost, where nothing is; and nobody else is
    there who could take over the sending."""
    monkeypatch.setattr("bot.auditor.EVERY", timedelta(days=1))
    monkeypatch.setattr("bot.sender.LEASE_SECONDS", timedelta(days=1).total_seconds())
