"""Nothing is kept longer than its line says, and everything has a line; on a moved clock."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from storage import purge, retention
from storage.database import Database, Transaction
from storage.purge import PURGES, TIMED, time_of
from storage.retention import NOBODYS, TABLE
from storage.schema import metadata
from tests.made import NOW, asker, group, helper, joined

WEEK = timedelta(days=7)
FAR = NOW + timedelta(days=3650)
X = b"sealed"


def test_every_column_that_is_not_only_a_number_of_a_row_has_a_line() -> None:
    """A new column has none: say in `storage/retention.py` how long it is kept, and why."""
    for name, table in metadata.tables.items():
        bare = {c.name for c in table.c if not c.foreign_keys} - {"id"}
        lines = [column for rule in TABLE if rule.table == name for column in rule.columns]
        lines += NOBODYS.get(name, "").split()
        assert sorted(lines) == sorted(bare), name
    sealed = {f"{t}.{c}" for t, cs in NOBODYS.items() for c in cs.split() if "sealed" in c}
    assert sealed == {"streets.sealed_chat"}  # a group chat's number, and nobody's


def test_what_has_a_time_is_purged_and_nothing_else() -> None:
    assert set(PURGES) == {(rule.table, rule.columns[0]) for rule in TIMED}
    assert all(rule.why and rule.what for rule in TABLE)
    assert all(rule.since for rule in TIMED)


def test_the_page_is_the_table() -> None:
    page = Path(retention.__file__).parents[1] / "docs" / "retention.md"
    assert retention.written() in page.read_text(encoding="utf-8")


async def one_of_each(tx: Transaction) -> None:
    """Of each thing with a time one that was over at `NOW`, and a later one that is not over."""
    community = await group(tx)
    rosa, sam = await joined(tx, asker()), await joined(tx, helper())
    of = {"community_id": community.id, "asker_id": rosa.id}
    to = {"channel": "sms", "lane": "", "community_id": community.id, "member_id": rosa.id}
    day = {"day": date(2026, 11, 3), "due_at": NOW, "member_id": rosa.id, "reason": "", "step": 0}

    async def two(table: str, both: dict[str, Any], over: dict[str, Any], not_over: Any) -> None:
        for more in (over, not_over):
            await tx.run(sa.insert(metadata.tables[table]).values(**both, **more))

    words = {"sealed_words": X}
    asked = {**of, **words, "need": "shopping", "for_other": False, "created_at": NOW}
    await two(
        "requests",
        {**asked, "wave": 0, "urgent": False, "misses": 0},
        {"status": "done"},
        {"status": "handed"},
    )
    again = {**asked, "weekdays": "", "every": 1, "skips": ""}
    await two("schedules", again, {"status": "stopped"}, {"status": "running"})
    went = {"helper_id": sam.id, "asker_id": rosa.id, "due_at": NOW, "created_at": NOW}
    went |= {"sealed_code_word": X}
    await two(
        "visits",
        went,
        {"request_id": 1, "status": "done", "over_at": NOW},
        {"request_id": 2, "status": "accepted"},
    )
    await two("relayed", {"visit_id": 1, "from_id": 1, **words}, {"at": NOW}, {"at": FAR})
    check_in = {"community_id": community.id, "days": "", "hour": "", "misses": 0}
    check_in |= {"sealed_code": X, "status": "draft"}
    await two(
        "check_ins",
        check_in,
        {"member_id": 1, "created_at": NOW},
        {"member_id": 2, "created_at": FAR},
    )
    told = {**day, **words, "sealed_outcome": X, "check_in_id": None}
    await two("occasions", told, {"status": "closed"}, {"status": "taken"})
    sealed = {f"sealed_{name}": X for name in ("audience", "answers", "urgent", "code")}
    news = {**sealed, "community_id": community.id, "organiser_id": sam.id, "purpose": "service"}
    news |= {"settled": "", "tries": 0, "created_at": NOW, "replies_told": 0, "listed": 0}
    await two("broadcasts", news, {"status": "done", "reported_at": NOW}, {"status": "scheduled"})
    each = ({"broadcast_id": 1}, {"broadcast_id": 2})
    await two("broadcast_texts", {"language": "en", "sealed_text": X}, *each)
    await two("recipients", {"member_id": rosa.id, "channel": "sms", "left_out": ""}, *each)
    back = {"member_id": rosa.id, **words}
    await two("broadcast_replies", back, {"broadcast_id": 1, "at": NOW}, {**each[1], "at": FAR})
    came = {"channel": "sms", "lane": "", "sealed_message": X, "print": "p", "attempts": 0}
    await two(
        "inbox",
        {**came, "priority": 1, "received_at": NOW},
        {"provider_id": "1", "handled_at": NOW, "aside": ""},
        {"provider_id": "2"},
    )
    sent = {**to, "kind": "text", "priority": 1, "about": {}, "attempts": 0, "next_at": NOW}
    sent |= {"created_at": NOW, "sealed_message": X}
    await two("outbox", sent, {"status": "failed"}, {"status": "queued"})
    receipt = {"channel": "sms", "status": "sent", "code": "", "received_at": NOW}
    await two("receipts", receipt, {"provider_id": "1"}, {"provider_id": "2"})
    put = {"kind": "visit", "member_id": 1, "lane": "", "sealed_choices": X, "asked_at": NOW}
    put |= {"answered_at": NOW}
    await two("questions", put, {"token": "1", "ref": 1}, {"token": "2", "ref": 2})
    await two("links", {"lane": "l", "expires_at": NOW}, {"code_print": "1"}, {"code_print": "2"})
    code = {"community_id": community.id, "role": "organiser", "expires_at": NOW}
    await two("invites", code, {"code_print": "1"}, {"code_print": "2"})
    guard = {"what": "x", "count": 1, "print": ""}
    await two("guards", guard, {"who": "1", "until": NOW}, {"who": "2", "until": FAR})
    about = {"name": "not_arrived.1", "value": "7", "holder": "", "until": NOW}
    await two("keepsakes", {}, about, {**about, "name": "sending.sms"})


async def kept(tx: Transaction, rule: retention.Rule, which: int) -> bool:
    """Whether what a rule is about is still there: of the row that was over, or of the other."""
    table = metadata.tables[rule.table]
    order = table.c.id if "id" in table.c else table.c.name
    rows = await tx.all(sa.select(table).order_by(order))
    if which == 0 and len(rows) == 1:
        return False
    row = rows[-1] if which else rows[0]
    sealed = [name for name in rule.columns if name.startswith("sealed_")]
    there = {bool(row[name]) for name in sealed} or {True}
    assert len(there) == 1, (rule, dict(row))
    return there.pop()


@pytest.mark.parametrize("keep_words", [WEEK, timedelta(days=90)], ids=["a week", "90 days"])
async def test_each_thing_goes_in_its_time_and_what_is_open_stays(
    database: Database, keep_words: timedelta
) -> None:
    async with database.transaction() as tx:
        await one_of_each(tx)
    times = {rule: time_of(rule, keep_words) for rule in TIMED}
    hour = timedelta(hours=1)
    for moment in sorted({t + more for t in times.values() for more in (-hour, hour * 25)}):
        async with database.transaction() as tx:
            while not await purge.some(tx, NOW + moment, keep_words):
                pass
            for rule, time in times.items():
                # A row that has gone altogether took its words with it.
                of_table = [times[r] for r in TIMED if r.table == rule.table]
                whole = max(of_table) if len(of_table) > 1 else time
                if moment < whole or moment < time:
                    assert await kept(tx, rule, 0) == (moment < time), (rule.what, moment)
                assert await kept(tx, rule, 1), (rule.what, moment)
    async with database.transaction() as tx:
        assert await purge.some(tx, NOW, keep_words)  # a clock put back does no harm


async def test_much_of_it_goes_some_at_a_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge, "AT_ONCE", 2)
    async with database.transaction() as tx:
        receipt = {"channel": "sms", "status": "sent", "code": "", "received_at": NOW}
        for number in range(6):
            await tx.add(metadata.tables["receipts"], provider_id=str(number), **receipt)
    left = []
    done = False
    while not done:
        async with database.transaction() as tx:
            done = await purge.some(tx, NOW + timedelta(days=91), WEEK)
            count = sa.select(sa.func.count()).select_from(metadata.tables["receipts"])
            left.append(int(await tx.value(count)))
    assert left == [4, 2, 1]  # the newest stays: its number is not to be given away again


INDEXED = {
    ("requests", "sealed_words"): "ix_requests_worded",
    ("visits", "sealed_code_word"): "ix_visits_worded",
    ("relayed", "sealed_words"): "ix_relayed_at",
    ("occasions", "sealed_words"): "ix_occasions_worded",
    ("broadcast_replies", "sealed_words"): "ix_broadcast_replies_worded",
    ("inbox", "sealed_message"): "ix_inbox_worded",
    ("outbox", "sealed_message"): "ix_outbox_worded",
    ("questions", "token"): "ix_questions_over",
    ("guards", "what"): "ix_guards_until",
}


# PostgreSQL reads so small a table whole, and may.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_what_is_emptied_is_found_by_an_index(database: Database) -> None:
    async with database.transaction() as tx:
        for name, index in INDEXED.items():
            statement = next(iter(PURGES[name](NOW)))
            sql = statement.compile(
                dialect=tx.connection.dialect,
                compile_kwargs={"literal_binds": True, "render_postcompile": True},
            )
            explained = await tx.connection.execute(sa.text(f"EXPLAIN QUERY PLAN {sql}"))
            assert index in " ".join(str(cell) for row in explained for cell in row), name
