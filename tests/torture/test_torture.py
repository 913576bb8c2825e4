"""The small form of `make torture`: each kind of fault is put in, each promise looked at, and none
broken; and what a run that failed says at its end."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.channels.base import Received
from bot.simulation import life as lives
from bot.simulation import town
from bot.simulation.faults import FAULTS, OFTEN, Storm
from bot.simulation.ledger import Ledger
from bot.simulation.life import Life, empty, lived
from bot.simulation.network import Told
from bot.simulation.people import Deed, Person
from bot.simulation.promises import HELD, Promises
from bot.simulation.reading import read
from bot.simulation.town import SECRET, Town
from storage import messages
from storage.database import StorageUnavailableError, open_database
from storage.model import Address, Channel, OutboundKind
from storage.schema import inbox, keepsakes, metadata
from storage.vault import Vault
from tests.torture import __main__ as torture
from tests.torture import failing_disk, summary, tally
from tests.torture.broken_line import AFTER, BEFORE, BETWEEN, CUTS
from tests.torture.failing_disk import FailingDisk
from tests.torture.lives import BUSY, KINDS, on_broken_line
from tests.torture.points import COMMITS, LEAVES

SMALL = replace(BUSY, days=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("town") / "empty.db"
    asyncio.run(empty(path))
    return path


@pytest.fixture(scope="module")
def life(made: Path) -> Life:
    """On SQLite, with everything that goes wrong."""
    return lived(BUSY, 1, made)


def test_everything_goes_wrong_and_every_promise_is_looked_at_and_kept(life: Life) -> None:
    assert life.wrong == ()
    assert set(life.befell) == set(FAULTS)
    assert set(life.held) == set(HELD)
    # A town in which nothing happens keeps every promise.
    assert life.figures.filled > 5
    assert life.looks > 100


async def test_the_line_to_postgresql_breaks_as_something_is_committed(
    new_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the server says that it is full, that its disk fails, that somebody holds a lock."""
    for kind, share in {"locked": 0.15, "full": 0.05, "fsync": 0.05}.items():
        monkeypatch.setitem(OFTEN, kind, share)
    often = {BEFORE: 0.02, AFTER: 0.02, BETWEEN: 0.003}
    few = replace(SMALL, askers=5, helpers=4, organisers=1, check_ins=1, faults=frozenset(OFTEN))
    life = await on_broken_line(few, 1, new_database("torture"), often)
    assert life.wrong == ()
    assert set(life.befell) == {*CUTS, *OFTEN}
    for kind, times in life.befell.items():
        tally.befell(kind, times)


@asynccontextmanager
async def a_town_on(url: str) -> AsyncIterator[Town]:
    database = open_database(url, Vault(SECRET))
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await database.close()
    town = Town(url, datetime(2026, 3, 2, 9, tzinfo=UTC), 1)
    try:
        yield town
    finally:
        await town.sleep()


async def test_postgresql_is_full_as_several_rows_are_written_at_once(
    new_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OFTEN, "full", 1.0)
    async with a_town_on(new_database("torture")) as town:
        storm = Storm(town, frozenset({"full"}), 1)
        storm._on_server(town.bot)
        with pytest.raises(StorageUnavailableError):
            async with town.bot.database.transaction() as tx:
                # Not by the shortest way: that is one of its own.
                rows = [{"name": name, "value": "", "holder": ""} for name in ("one", "two")]
                put = sa.insert(keepsakes).returning(keepsakes.c.name)
                await tx.connection.execute(put, rows)
        assert storm.befell["full"] == 1


async def test_what_a_line_that_broke_still_holds_is_handled_a_moment_later(
    new_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_town_on(new_database("torture")) as town:
        await town.found()
        intake = town.bot.intake
        said = town.network.words(Address(Channel.SMS, "+447700900123"), "hello")
        await intake.store(Received((said,)))
        drain = intake.drain
        async with town.bot.database.engine.connect() as broken:
            await broken.execute(sa.select(inbox).with_for_update())

            async def then_the_server_sees_it() -> int:
                handled = await drain()
                await broken.rollback()
                return handled

            monkeypatch.setattr(intake, "drain", then_the_server_sees_it)
            town._broke = True
            await town._handles_all()
        async with town.bot.database.transaction() as tx:
            assert not await messages.inbound_waiting(tx)


async def test_who_wrote_again_while_they_heard_nothing_may_be_answered_twice(
    new_database: Callable[[str], str],
) -> None:
    """As the bot was away, and then says the same to each; to one it may not."""
    async with a_town_on(new_database("torture")) as town:
        for name, times, broken in (("Carol", 2, 0), ("Dora", 1, 1)):
            ledger = Ledger(town)
            promises = Promises(ledger)
            sam = Person(name, Address(Channel.TELEGRAM, "7"), "", "", random.Random(1))

            def hears(words: str, outbox: int, sam: Person = sam, promises: Any = promises) -> None:
                told = Told(
                    town.clock.true, sam.address, OutboundKind.TEXT, words, (), "", "", outbox
                )
                promises.told(sam, read(told))

            hears("Sam, hello.", 1)
            for _ in range(times):
                town.clock.advance(30)
                promises.did(sam, Deed(button="yes", key="accept"))
            for outbox in (2, 3):
                town.clock.advance(1)
                hears("Thank you Sam, somebody was quicker. You'll be asked again soon.", outbox)
            assert len(ledger.wrong) == broken


def test_sqlite_meets_a_disk_that_fails(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so itself, and nothing that it acknowledged is lost."""
    disk = FailingDisk(1)

    class OnThatDisk(Storm):
        def begin(self) -> None:
            super().begin()
            disk.shares = {
                failing_disk.FULL: 0.001,
                failing_disk.FSYNC: 0.02,
                failing_disk.LOCKED: 0.005,
            }

        def cease(self) -> None:
            disk.shares = {}
            super().cease()

    monkeypatch.setattr(lives, "Storm", OnThatDisk)
    monkeypatch.setattr(town, "not_waiting_for_disks", lambda *_: None)
    monkeypatch.setattr("storage.line_sqlite.BUSY_SECONDS", 0)
    with disk.beneath():
        life = lived(replace(SMALL, faults=frozenset({"deaths"})), 1, made)
    assert life.wrong == ()
    assert set(disk.failed) == set(failing_disk.KINDS)
    for kind, times in disk.failed.items():
        tally.befell(kind, times)


# What is said of it


def test_a_summary_names_every_fault_and_every_promise(life: Life) -> None:
    run = torture.Run()
    run.add("sqlite", life)
    words = summary.of(run)
    for name in (*KINDS, *summary.ELSEWHERE, *COMMITS.values(), LEAVES, *HELD):
        assert name in words
    assert "Nothing failed." in words
    assert f"{life.befell['twice']:12,}  twice" in words
    assert f"{0:12,}  {CUTS[0]}  <- never" in words


def test_what_failed_is_said_with_how_to_see_it_again(
    life: Life, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = replace(life, seed=17, wrong=("two visits for one request: 3",))

    def run(*_facts: object) -> torture.Run:
        run = torture.Run()
        run.add("postgresql", broken)
        return run

    monkeypatch.setattr(torture, "BUILD", tmp_path)
    monkeypatch.setattr(torture, "torture", run)
    assert torture.main(["--minutes", "1"]) == 1
    shown = capsys.readouterr().out
    assert "two visits for one request: 3" in shown
    assert "-m tests.torture --life postgresql:17" in shown
    assert (tmp_path / "summary.txt").read_text() in shown


def test_what_tests_tell_is_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tally.FILE, str(tmp_path / "tally"))
    tally.befell("kill -9 at random", 40)
    tally.befell("kill -9 at random", 2)
    tally.held("a message comes once", 7)
    found = Counter({"kill -9 at random": 42}), Counter({"a message comes once": 7})
    assert tally.read(tmp_path / "tally") == found
