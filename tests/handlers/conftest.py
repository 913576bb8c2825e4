"""What every test of the handlers shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.simulation.same_thread import in_the_same_thread


@pytest.fixture(autouse=True)
def at_once() -> Iterator[None]:
    """SQLite is asked without a thread of its own: what is decided is the same, and soon."""
    with in_the_same_thread():
        yield
