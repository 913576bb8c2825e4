"""What a database was asked, whichever way it was asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from storage.line import Came
from storage.line_sqlite import SqliteConnection


@contextmanager
def asked_of_sqlite() -> Iterator[list[tuple[str, Any]]]:
    """Each statement that SQLite is asked meanwhile, and what it was given."""
    asked: list[tuple[str, Any]] = []
    carry_out = SqliteConnection._done

    def noted(self: Any, many: bool, sql: str, parameters: Any) -> Came:
        asked.append((sql, parameters))
        return carry_out(self, many, sql, parameters)

    with patch.object(SqliteConnection, "_done", noted):
        yield asked
