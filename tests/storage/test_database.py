"""A transaction happens as a whole or not at all, and says so when the database is away."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from storage import database as database_module
from storage import keepsakes, line_sqlite, lines
from storage.database import (
    Database,
    FailedStatementError,
    StorageUnavailableError,
    open_database,
    open_engine,
)
from storage.schema import due, metadata
from storage.schema import keepsakes as table
from storage.vault import Vault
from tests.conftest import SECRET
from tests.made import NOW


async def kept(database: Database, name: str) -> str:
    async with database.transaction() as tx:
        return await keepsakes.recall(tx, name)


async def test_what_ends_well_is_kept(database: Database) -> None:
    async with database.transaction() as tx:
        await keepsakes.keep(tx, "a", "1")
    assert await kept(database, "a") == "1"


async def test_an_error_undoes_everything(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction() as tx:
            await keepsakes.keep(tx, "a", "1")
            raise ZeroDivisionError
    assert await kept(database, "a") == ""


async def test_being_cancelled_undoes_everything_and_leaves_the_database_free(
    database: Database,
) -> None:
    wrote = asyncio.Event()

    async def work() -> None:
        async with database.transaction() as tx:
            await keepsakes.keep(tx, "a", "1")
            wrote.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(work())
    await wrote.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await kept(database, "a") == ""


async def test_being_cancelled_in_the_middle_of_a_statement_undoes_everything(
    database: Database,
) -> None:
    for turns in range(12):  # wherever it happens to be by then

        async def work() -> None:
            async with database.transaction() as tx:
                await keepsakes.keep(tx, "a", "1")
                await keepsakes.keep(tx, "b", "1")
                raise ZeroDivisionError

        task = asyncio.ensure_future(work())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises((asyncio.CancelledError, ZeroDivisionError)):
            await task
        assert await kept(database, "a") == await kept(database, "b") == ""


async def test_being_cancelled_again_and_again_leaves_the_database_free(database: Database) -> None:
    async def work() -> None:
        async with database.transaction() as tx:
            await keepsakes.keep(tx, "a", "1")
            await keepsakes.keep(tx, "b", "1")
            raise ZeroDivisionError

    chance = random.Random(3)
    for _ in range(150):
        task = asyncio.ensure_future(work())
        while not task.done():
            await asyncio.sleep(chance.choice((0, 0, 0.0002, 0.0005)))
            task.cancel()
        # Whoever comes next does not wait until SQLite gives up waiting.
        async with asyncio.timeout(10):
            assert await kept(database, "a") == ""


async def test_going_on_after_a_failed_statement_keeps_nothing_and_says_so(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        await keepsakes.keep(tx, "there", "1")
    with pytest.raises(FailedStatementError):
        async with database.transaction() as tx:
            await keepsakes.keep(tx, "a", "1")
            with pytest.raises(IntegrityError):
                await tx.run(sa.insert(table).values(name="there", value="2"))
    assert await kept(database, "a") == ""


async def test_a_fault_of_the_work_itself_is_not_the_databases(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.transaction() as tx:
            for _ in range(2):
                await tx.run(sa.insert(table).values(name="a", value="1"))
    for wrong in (FileNotFoundError("no such file"), TimeoutError("somebody else's")):
        with pytest.raises(type(wrong)):
            async with database.transaction():
                raise wrong
    with pytest.raises(sa.exc.DBAPIError):
        async with database.transaction() as tx:
            await tx.run(sa.text("SELECT nothing FROM nowhere"))


async def test_errors_hold_nothing_of_what_was_written(database: Database) -> None:
    with pytest.raises(IntegrityError) as caught:
        async with database.transaction() as tx:
            for _ in range(2):
                await tx.run(sa.insert(table).values(name="a", value="rosa's number"))
    assert "rosa" not in str(caught.value)


async def test_sqlite_is_kept_as_safely_as_it_can_be(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}")
    async with engine.connect() as connection:
        found = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    await engine.dispose()
    assert found == ["wal", 2, 1]  # 2 is FULL


async def test_within_a_transaction_nothing_goes_to_the_thread_of_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = await made(tmp_path)
    assert await kept(database, "a") == ""  # to open the file is the thread's as well
    went = []
    go = aiosqlite.Connection._execute

    async def noted(self: Any, what: Any, *given: Any, **more: Any) -> Any:
        went.append(what.__name__)
        return await go(self, what, *given, **more)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", noted)
    async with database.transaction() as tx:
        rows = [{"name": str(n), "value": "x"} for n in range(3)]
        assert (await tx.run(sa.insert(table), rows)).rowcount == 3
        changed = sa.update(table).where(table.c.name > "0").values(value="y")
        given = await tx.run(changed.returning(table.c.name))
        assert sorted(row["name"] for row in given.rows) == ["1", "2"]
        # Nobody can be told to stop in the middle of it, so it needs no task of its own.
        with pytest.raises(StopIteration):
            tx.run(sa.delete(table).where(table.c.value == "x")).send(None)
        assert len(await tx.all(sa.select(table))) == 2
        assert not went
    assert went == ["commit"]
    monkeypatch.undo()
    await database.close()


@pytest.fixture
def other_process(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else who writes to the same file."""
    connection = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    yield connection
    connection.close()


async def made(tmp_path: Path) -> Database:
    database = open_database(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}", Vault(SECRET))
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    return database


async def test_a_file_locked_by_another_process_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other_process: sqlite3.Connection
) -> None:
    monkeypatch.setattr(line_sqlite, "BUSY_SECONDS", 0.05)
    database = await made(tmp_path)
    other_process.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailableError):
        async with database.transaction():
            raise AssertionError("it could not begin")
    other_process.execute("ROLLBACK")
    assert await kept(database, "a") == ""
    await database.close()


async def test_a_write_waits_for_another_process_to_finish(
    tmp_path: Path, other_process: sqlite3.Connection
) -> None:
    database = await made(tmp_path)
    holds, let_go = threading.Event(), threading.Event()

    def write() -> None:
        mine = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        mine.execute("BEGIN IMMEDIATE")
        mine.execute("INSERT INTO keepsakes (name, value, holder) VALUES ('b', '1', '')")
        holds.set()
        let_go.wait()
        mine.execute("COMMIT")
        mine.close()

    thread = threading.Thread(target=write)
    thread.start()
    await asyncio.to_thread(holds.wait)
    waiting = asyncio.ensure_future(kept(database, "b"))
    await asyncio.sleep(0)
    let_go.set()
    assert await waiting == "1"
    thread.join()
    await database.close()


async def test_a_full_disk_is_unavailable(tmp_path: Path) -> None:
    database = await made(tmp_path)
    with pytest.raises(StorageUnavailableError):
        async with database.transaction() as tx:
            pages = await tx.value(sa.text("PRAGMA page_count"))
            await tx.run(sa.text(f"PRAGMA max_page_count = {pages}"))
            for number in range(200):
                await keepsakes.keep(tx, f"n{number}", "x" * 4000)
    await database.close()


async def test_a_commit_that_failed_and_left_its_transaction_open_is_in_nobodys_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLAlchemy takes the transaction for over and would hand on the connection as it is."""
    database = open_database(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}", Vault(SECRET))
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)

    async def fails(_connection: object) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
        raise error

    with monkeypatch.context() as patch, pytest.raises(StorageUnavailableError):
        patch.setattr("aiosqlite.Connection.commit", fails)
        async with database.transaction() as tx:
            await keepsakes.keep(tx, "a", "1")
    async with database.transaction() as tx:
        await keepsakes.keep(tx, "b", "1")
    assert await kept(database, "a") == ""
    assert await kept(database, "b") == "1"
    await database.close()


# aiosqlite's thread speaks to the loop once more after it has failed to open a file.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    "url",
    [
        "sqlite+aiosqlite:////nowhere/at/all.db",
        "postgresql+asyncpg://nobody@127.0.0.1:1/nothing",
    ],
)
async def test_a_database_that_is_not_there_is_unavailable(url: str) -> None:
    database = open_database(url, Vault(SECRET))
    with pytest.raises(StorageUnavailableError):
        async with database.transaction():
            raise AssertionError("it could not begin")
    await database.close()


async def test_lines_that_were_cut_while_nobody_spoke_are_noticed_by_nobody(postgres: str) -> None:
    database, elsewhere = (open_database(postgres, Vault(SECRET)) for _ in range(2))
    async with database.transaction() as one, database.transaction() as two:
        pids = [await tx.value(sa.text("SELECT pg_backend_pid()")) for tx in (one, two)]
    async with elsewhere.transaction() as tx:
        for pid in pids:
            await tx.run(sa.text(f"SELECT pg_terminate_backend({pid})"))
    async with database.transaction() as tx:
        assert await tx.value(sa.text("SELECT pg_backend_pid()")) not in pids
    await elsewhere.close()
    await database.close()


async def test_who_waits_for_a_line_in_vain_is_told(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "MOST_LINES", 1)
    monkeypatch.setattr(lines, "PLACE_SECONDS", 0.05)
    database = open_database(postgres, Vault(SECRET))
    async with database.transaction():
        with pytest.raises(StorageUnavailableError):
            async with database.transaction():
                raise AssertionError("there was one line")
    assert await kept(database, "a") == ""
    await database.close()


async def test_a_line_that_is_in_use_at_the_end_is_closed_after_it(database: Database) -> None:
    async with database.transaction() as tx:
        await keepsakes.keep(tx, "a", "1")
        await database.close()
    assert not database._lines._free
    assert await kept(database, "a") == "1"


async def test_several_rows_have_their_ids_in_their_order(database: Database) -> None:
    async with database.transaction() as tx:
        given = [{"kind": "wave", "ref": ref, "at": NOW, "attempts": 0} for ref in (5, 3, 9)]
        idents = await tx.add_all(due, given)
        assert [(await tx.row(due, id=ident) or {})["ref"] for ident in idents] == [5, 3, 9]
        assert await tx.add_all(due, []) == []


async def test_a_line_cut_by_the_server_is_unavailable_and_the_next_works(postgres: str) -> None:
    database = open_database(postgres, Vault(SECRET))
    with pytest.raises(StorageUnavailableError):
        async with database.transaction() as tx:
            pid = await tx.value(sa.text("SELECT pg_backend_pid()"))
            async with database.transaction() as other:
                await other.run(sa.text(f"SELECT pg_terminate_backend({pid})"))
            await tx.run(sa.text("SELECT 1"))
    async with database.transaction() as tx:
        assert await tx.value(sa.text("SELECT 1")) == 1
    await database.close()


async def test_of_two_in_a_deadlock_one_is_told_to_come_again(postgres: str) -> None:
    database = open_database(postgres, Vault(SECRET))
    async with database.transaction() as tx:
        await tx.run(sa.text("CREATE TABLE IF NOT EXISTS ring (id int PRIMARY KEY, n int)"))
        await tx.run(sa.text("DELETE FROM ring"))
        await tx.run(sa.text("INSERT INTO ring VALUES (1, 0), (2, 0)"))
    have = [asyncio.Event(), asyncio.Event()]

    async def both(me: int) -> str:
        try:
            async with database.transaction() as tx:
                await tx.run(sa.text(f"UPDATE ring SET n = n + 1 WHERE id = {me + 1}"))
                have[me].set()
                await have[1 - me].wait()
                await tx.run(sa.text(f"UPDATE ring SET n = n + 1 WHERE id = {2 - me}"))
        except StorageUnavailableError:
            return "again"
        return "done"

    assert sorted(await asyncio.gather(both(0), both(1))) == ["again", "done"]
    async with database.transaction() as tx:
        await tx.run(sa.text("DROP TABLE ring"))
    await database.close()


async def test_who_falls_silent_in_a_transaction_holds_what_they_locked_for_a_minute_only(
    postgres: str,
) -> None:
    database = open_database(postgres, Vault(SECRET))
    async with database.transaction() as tx:
        shown = await tx.value(sa.text("SHOW idle_in_transaction_session_timeout"))
    assert shown == "1min"
    await database.close()


async def test_a_statement_that_gets_no_answer_is_unavailable(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "ANSWER_SECONDS", 0.2)
    database = open_database(postgres, Vault(SECRET))
    with pytest.raises(StorageUnavailableError):
        async with database.transaction() as tx:
            await tx.run(sa.text("SELECT pg_sleep(60)"))
    async with database.transaction() as tx:
        assert await tx.value(sa.text("SELECT 1")) == 1
    await database.close()
