"""SQLite without a thread of its own.

aiosqlite hands each call to a thread and waits for it, which is right where others are waiting too.
In a town nobody else is: every hop there and back only costs time, half of all of it. Here the call
is made where it is asked for; the database, its file and its statements are the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest
from aiosqlite import core

from storage import database

T = TypeVar("T")


class _AtOnce:
    """In the place of the queue to the thread: what is put in is done there and then."""

    def put_nowait(self, item: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, call = item
        try:
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


def in_the_same_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, connections to SQLite that are made work so."""
    monkeypatch.setattr(core, "SimpleQueue", _AtOnce)
    monkeypatch.setattr(core, "Thread", _NoThread)
    # Nobody is cut off in the middle of a statement, so none needs a task of its own.
    monkeypatch.setattr(database, "to_its_end", _as_it_is)


async def _as_it_is(work: Coroutine[Any, Any, T]) -> T:
    return await work
