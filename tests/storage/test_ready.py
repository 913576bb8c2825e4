"""The shortest way to a database gives what SQLAlchemy's own gives."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from storage import messages, outcomes
from storage.database import Database, FailedStatementError
from storage.ready import Ready, among, outside, ready
from storage.schema import communities, due, keepsakes, members, outbox
from tests.made import NOW, ROSA, group

SUMMER = timezone(timedelta(hours=1))


async def test_every_kind_of_column_comes_back_as_by_the_long_way(database: Database) -> None:
    """Times, yes and no, JSON, numbers with a point, and what is not given at all."""
    sums = sa.select(sa.func.sum(members.c.max_km).label("km"), sa.func.count().label("n"))
    async with database.transaction() as tx:
        community = await group(tx, texts={"en:hello": "Hello [you]"})
        facts: dict[str, Any] = {
            **{"channel": "sms", "lane": "a" * 32, "kind": "text", "priority": 2},
            **{"sealed_message": b"\x00x", "about": {"refs": [1, 2], "kind": "offer"}},
            **{"status": "queued", "created_at": NOW},
            "next_at": (NOW + timedelta(days=200)).astimezone(SUMMER),
        }
        ident = await tx.add(outbox, **facts)
        for table, of in ((outbox, ident), (communities, community.id)):
            assert await tx.row(table, id=of) == dict(
                (await tx.one(sa.select(table).where(table.c.id == of))) or {}
            )
        kept = await tx.row(outbox, id=ident)
        assert kept and kept["next_at"] == facts["next_at"] and kept["next_at"].tzinfo is UTC
        assert kept["about"] == facts["about"] and (kept["attempts"], kept["code"]) == (0, "")
        assert (await tx.run(sums, {})).rows == [dict((await tx.one(sums)) or {})]


async def test_a_list_of_any_length_is_given_by_name(database: Database) -> None:
    refs = among(due.c.ref, "refs")
    listed = sa.select(due.c.ref).where(refs, due.c.kind == "wave").order_by(due.c.ref)
    others = sa.select(due.c.ref).where(outside(due.c.ref, "refs")).order_by(due.c.ref)
    everybody = range(5)
    async with database.transaction() as tx:
        for n in everybody:
            values = {"kind": "wave", "ref": n, "at": NOW, "attempts": 0}
            assert (await tx.run(sa.insert(due), values)).rowcount == 1
        for wanted in ([], [3], [1, 2], [4, 0]):
            found = await tx.run(listed, {"refs": wanted})
            assert [row["ref"] for row in found.rows] == sorted(wanted)
            assert found.value == min(wanted, default=None)
            rest = (await tx.run(others, {"refs": wanted})).rows
            assert [row["ref"] for row in rest] == sorted({*everybody} - {*wanted})
        gone = sa.delete(due).where(refs)
        assert (await tx.run(gone, {"refs": [0, 1, 7]})).rowcount == 2
    # One statement: on PostgreSQL always the same, on SQLite with words for each length.
    dialect = database.engine.dialect
    of_two: Ready = ready(listed, dialect, {"refs": [1, 2]})
    assert ready(listed, dialect, {"refs": [8, 9]}) is of_two
    of_one = ready(listed, dialect, {"refs": [8]})
    assert (of_one.words == of_two.words) is database.on_postgresql


async def test_what_a_statement_says_itself_stands_in_its_words(database: Database) -> None:
    """Or a database that plans it for all its values can't take the index of only such rows."""
    whose = sa.bindparam("lane", type_=due.c.kind.type)
    said = sa.select(outbox.c.id).where(
        outbox.c.status == "it's queued", outbox.c.priority.in_((1, 2)), outbox.c.lane == whose
    )
    kept = ready(said.limit(7), database.engine.dialect, {"lane": "a"})
    assert "status = 'it''s queued'" in kept.words and "priority IN (1, 2)" in kept.words
    assert "LIMIT 7" in kept.words and kept.parameters({"lane": "x'y"})[0] == "x'y"
    async with database.transaction() as tx:
        assert (await tx.run(said.limit(7), {"lane": "x'y"})).rows == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_was_planned_for_few_rows_will_do_for_many(database: Database) -> None:
    """PostgreSQL keeps the plan it made when twenty messages had been sent, and none waited."""
    now = {"now": NOW, "soon": NOW}
    row = {"channel": "sms", "kind": "text", "priority": 2, "sealed_message": b"", "about": {}}
    sent = {**row, "status": "sent", "next_at": NOW, "created_at": NOW}
    asked: list[tuple[sa.Executable, dict[str, Any], str]] = [
        (
            messages._heads_query((0, 2)),
            {"channel": "sms", **now, "most": 5, "busy": ["a"]},
            "lane",
        ),
        (messages._oldest_inbound(), {}, "lane"),
        (messages._several(), {"idents": [1]}, "id"),
        (outcomes._all_sent(), {"ident": 1, "theirs": "", "parts": 1, "now": NOW}, "id"),
    ]
    dialect = database.engine.dialect
    async with database.transaction() as tx:
        await tx.add_all(outbox, [{**sent, "lane": f"{n}"} for n in range(20)])
        await tx.connection.exec_driver_sql("ANALYZE outbox")
        raw = await tx.connection.get_raw_connection()
        driver: Any = raw.driver_connection
        for statement, given, by in asked:
            kept = ready(statement, dialect, given)
            await driver.execute(f"PREPARE it AS {kept.words}")
            nothing = f"({', '.join(['NULL'] * len(kept.parameters(given)))})" if given else ""
            explained = await driver.fetch(f"EXPLAIN EXECUTE it {nothing}")
            await driver.execute("DEALLOCATE it")
            plan = "\n".join(row[0] for row in explained)
            assert "Seq Scan" not in plan
            # What is first in a lane is found by the lane, and not among all that wait.
            assert re.search(rf"Index Cond: \(*{by}\b", plan), plan


async def test_what_was_given_stays_out_of_errors(database: Database) -> None:
    put = sa.insert(keepsakes)
    with pytest.raises((IntegrityError, FailedStatementError)) as caught:
        async with database.transaction() as tx:
            for _ in range(2):
                await tx.run(put, {"name": "once", "value": ROSA})
    assert isinstance(caught.value, IntegrityError)
    assert ROSA not in str(caught.value)


async def test_a_time_without_a_zone_is_refused_here_too(database: Database) -> None:
    with pytest.raises(ValueError, match="zone"):
        async with database.transaction() as tx:
            await tx.run(
                sa.select(due).where(due.c.at <= sa.bindparam("now", type_=due.c.at.type)),
                {"now": NOW.replace(tzinfo=None)},
            )
