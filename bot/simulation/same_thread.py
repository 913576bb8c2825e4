"""SQLite without a thread of its own.

aiosqlite hands each call to a thread and waits for it, which is right where others are waiting too.
In a town nobody else is: every hop there and back only costs time, half of all of it, and threads
come in whatever order they like. Here the call is made where it is asked for; the database, its
file and its statements are the same.

A disk that fails and a file that somebody else has locked are put in here as well: beneath
SQLAlchemy and aiosqlite, where SQLite itself would say so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar
from unittest.mock import patch

from aiosqlite import core

from storage import database, line_sqlite, lines
from storage.line import Came

T = TypeVar("T")

Trouble = Callable[[str, str], BaseException | None]
"""Given what SQLite is about to be asked (`execute`, `commit` …) and the statement, if it is one:
what it says instead, if it is in trouble."""

_carry_out = line_sqlite.SqliteConnection._done


def _carry_out_or_not(
    connection: line_sqlite.SqliteConnection, many: bool, sql: str, parameters: Any
) -> Came:
    _AtOnce.ask("execute", sql)
    return _carry_out(connection, many, sql, parameters)


async def _begin_or_not(connection: line_sqlite.SqliteConnection) -> None:
    # As if it had been waited for in vain: nobody else has the file.
    _AtOnce.ask("execute", "BEGIN IMMEDIATE")
    connection.take_lock(line_sqlite.BUSY_SECONDS)


class _AtOnce:
    """In the place of the queue to the thread: what is put in is done there and then."""

    trouble: Trouble | None = None

    @staticmethod
    def ask(what: str, words: str = "") -> None:
        if _AtOnce.trouble is not None and (error := _AtOnce.trouble(what, words)):
            raise error

    def put_nowait(self, item: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, call = item
        try:
            if isinstance(call, partial):
                _AtOnce.ask(call.func.__name__)
            result = call()
        except BaseException as error:
            if future:
                future.set_exception(error)
            return
        if future:
            future.set_result(result)


class _NoThread:
    daemon = True

    def __init__(self, **_facts: Any) -> None: ...

    def start(self) -> None: ...


@contextmanager
def in_the_same_thread() -> Iterator[None]:
    """Connections to SQLite that are made meanwhile work so."""
    with (
        patch.object(core, "SimpleQueue", _AtOnce),
        patch.object(core, "Thread", _NoThread),
        patch.object(line_sqlite.SqliteConnection, "_done", _carry_out_or_not),
        patch.object(line_sqlite.SqliteConnection, "begin", _begin_or_not),
        # Nobody is cut off in the middle of a statement, so none needs a task of its own.
        patch.object(lines, "to_its_end", _as_it_is),
        patch.object(line_sqlite, "to_its_end", _as_it_is),
        patch.object(database, "to_its_end", _as_it_is),
    ):
        yield


def sqlite_is_in(trouble: Trouble | None) -> None:
    """From now on SQLite is in that trouble; or in none."""
    _AtOnce.trouble = trouble


async def _as_it_is(work: Coroutine[Any, Any, T]) -> T:
    return await work
