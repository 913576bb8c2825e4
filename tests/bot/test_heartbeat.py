"""The heartbeat is heard by a real server while all is well, and only then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.auditor import EVERY, Heartbeat
from bot.demo.pretend_server import LoopbackServer
from storage import due
from storage.model import DueKind
from tests.stage import Stage, stage

TEN = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SECRET = "0b1f-nobody-must-know"


class Listener:
    """Somebody elsewhere who listens for heartbeats."""

    def __init__(self) -> None:
        self.beats = 0
        self.status = 200
        self.slow = 0.0
        self.url = ""

    async def heard(self, request: Request) -> Response:
        assert request.method == "GET"
        assert request.path_params["secret"] == SECRET
        await asyncio.sleep(self.slow)
        self.beats += 1
        return Response("OK", status_code=self.status)


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    found = Listener()
    server = LoopbackServer(Starlette(routes=[Route("/ping/{secret}", found.heard)]))
    found.url = f"{await server.start()}/ping/{SECRET}"
    yield found
    await server.stop()


@pytest.fixture
async def on(database_url: str) -> AsyncIterator[Stage]:
    async with stage(database_url, TEN) as found:
        yield found


def heart(on: Stage, listener: Listener) -> Heartbeat:
    return Heartbeat(SecretStr(listener.url), on.clock, on.bot.why_no_heartbeat)


async def test_it_beats_every_minute_while_all_is_well(on: Stage, listener: Listener) -> None:
    await on.settle()
    beating = asyncio.ensure_future(heart(on, listener).run())
    for beats in range(1, 5):
        async with asyncio.timeout(30):
            while listener.beats < beats:  # noqa: ASYNC110 (only the other side knows)
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert listener.beats == beats
        on.clock.jump_to(on.clock.now() + EVERY)
        await on.bot.scheduler.drain()
    beating.cancel()


async def test_none_before_anything_was_looked_at(on: Stage, listener: Listener) -> None:
    assert not await heart(on, listener).beat()
    await on.settle()
    assert await heart(on, listener).beat()
    assert listener.beats == 1


async def test_none_when_the_audit_stands_still(on: Stage, listener: Listener) -> None:
    await on.settle()
    on.clock.jump_to(on.clock.now() + timedelta(minutes=4))
    assert not await heart(on, listener).beat()
    await on.settle()
    assert await heart(on, listener).beat()


async def test_none_when_the_database_is_away(tmp_path: Path, listener: Listener) -> None:
    from storage.database import open_database
    from storage.schema import metadata
    from storage.vault import Vault
    from tests.conftest import SECRET as KEY

    url = f"sqlite+aiosqlite:///{tmp_path / 'popround.db'}"
    made = open_database(url, Vault(KEY))
    async with made.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await made.close()
    async with stage(url, TEN) as on:
        await on.settle()
        assert await heart(on, listener).beat()
        await on.bot.database.close()
        kept = (tmp_path / "popround.db").read_bytes()
        (tmp_path / "popround.db").write_bytes(b"not a database" * 100)
        calm = Heartbeat(SecretStr(listener.url), on.clock, on.bot.why_no_heartbeat)
        on.bot.database.transaction = type(on.bot.database).transaction.__get__(on.bot.database)  # type: ignore[method-assign]
        assert not await calm.beat()
        (tmp_path / "popround.db").write_bytes(kept)
        await on.bot.database.close()
        assert await calm.beat()
    assert listener.beats == 2


async def test_none_when_a_part_stands_still(
    on: Stage, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    await on.settle()
    with monkeypatch.context() as patched:
        patched.setattr(on.bot, "_still", ["sending by sms"])
        assert not await heart(on, listener).beat()
    assert await heart(on, listener).beat()
    on.bot.broken.set()
    assert not await heart(on, listener).beat()
    assert listener.beats == 1


async def test_none_when_what_is_due_is_not_seen_to(on: Stage, listener: Listener) -> None:
    await on.settle()
    async with on.bot.database.transaction() as tx:
        await due.at(tx, DueKind.WAVE, 99, on.clock.now() - timedelta(minutes=1))
    assert not await heart(on, listener).beat()
    assert listener.beats == 0


async def test_whoever_listens_may_be_away_slow_or_unwilling_and_the_address_stays_a_secret(
    on: Stage,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await on.settle()
    monkeypatch.setattr("bot.auditor.SECONDS", 0.1)
    listener.slow = 0.5
    assert not await heart(on, listener).beat()
    listener.slow, listener.status = 0.0, 500
    assert not await heart(on, listener).beat()
    listener.url = f"http://127.0.0.1:1/{SECRET}"
    assert not await heart(on, listener).beat()
    listener.url = f"http://nowhere.invalid/{SECRET}"
    assert not await heart(on, listener).beat()
    shown: Any = capsys.readouterr()
    assert "heartbeat_failed" in shown.out
    assert SECRET not in shown.out + shown.err
