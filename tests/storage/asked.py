"""What a database was asked, whichever way it was asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from storage import database


@contextmanager
def asked_of_sqlite() -> Iterator[list[tuple[str, Any]]]:
    """Each statement that SQLite is asked meanwhile, and what it was given."""
    asked: list[tuple[str, Any]] = []
    carry_out = database._AtOnce._done

    def noted(self: Any, many: bool, sql: str, parameters: Any) -> tuple[Any, ...]:
        asked.append((sql, parameters))
        return carry_out(self, many, sql, parameters)

    with patch.object(database._AtOnce, "_done", noted):
        yield asked
