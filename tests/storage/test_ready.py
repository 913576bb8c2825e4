"""The shortest way to a database gives what SQLAlchemy's own gives."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from storage.database import Database, FailedStatementError
from storage.ready import Ready, ready
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
    refs = due.c.ref.in_(sa.bindparam("refs", expanding=True))
    listed = sa.select(due.c.ref).where(refs, due.c.kind == "wave").order_by(due.c.ref)
    async with database.transaction() as tx:
        for n in range(5):
            values = {"kind": "wave", "ref": n, "at": NOW, "attempts": 0}
            assert (await tx.run(sa.insert(due), values)).rowcount == 1
        for wanted in ([], [3], [1, 2], [4, 0]):
            found = await tx.run(listed, {"refs": wanted})
            assert [row["ref"] for row in found.rows] == sorted(wanted)
            assert found.value == min(wanted, default=None)
        gone = sa.delete(due).where(refs)
        assert (await tx.run(gone, {"refs": [0, 1, 7]})).rowcount == 2
    # One statement, and words of its own for each length.
    dialect = database.engine.dialect
    of_two: Ready = ready(listed, dialect, {"refs": [1, 2]})
    assert ready(listed, dialect, {"refs": [8, 9]}) is of_two
    assert ready(listed, dialect, {"refs": [8]}) is not of_two


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
