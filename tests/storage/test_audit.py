"""The log is added to and never changed; who goes round that is found out."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from storage import audit, keepsakes
from storage.database import Database, FailedStatementError, Transaction
from storage.schema import audit as table
from tests.made import NOW


@pytest.fixture
async def noted(database: Database) -> Database:
    async with database.transaction() as tx:
        for ident in range(1, 6):
            await audit.note(tx, NOW, "address_shown", "member", ident, to=7, visit=ident)
        assert await audit.chain(tx) == 5
    return database


async def unguarded(tx: Transaction, statement: sa.Executable) -> None:
    """Somebody who owns the database takes its refusal away first."""
    for name in ("audit_is_not_changed", "audit_is_not_deleted"):
        of_table = " ON audit" if tx.on_postgresql else ""
        await tx.run(sa.text(f"DROP TRIGGER {name}{of_table}"))
    await tx.run(statement)


@pytest.mark.parametrize(
    "statement",
    [
        sa.delete(table).where(table.c.id == 2),
        sa.update(table).where(table.c.id == 2).values(subject_id=9),
        sa.update(table).where(table.c.id == 2).values(hash="f" * 64),
        sa.update(table).where(table.c.id == 6).values(actor_id=9),  # not chained yet
        sa.delete(table).where(table.c.id == 6),
    ],
)
async def test_no_row_is_changed_or_deleted(noted: Database, statement: sa.Executable) -> None:
    async with noted.transaction() as tx:
        await audit.note(tx, NOW, "left", "member", 6)
    with pytest.raises((DBAPIError, FailedStatementError), match="append-only"):
        async with noted.transaction() as tx:
            await tx.run(statement)


async def test_what_is_as_it_was_written_is_whole(noted: Database) -> None:
    async with noted.transaction() as tx:
        found = await audit.verify(tx)
        assert (found.rows, found.waiting, found.broken) == (5, 0, "")
        assert len(found.head) == 64
        await audit.note(tx, NOW, "left", "member", 6)
        assert (await audit.verify(tx)).waiting == 1
        assert await audit.chain(tx) == 1
        assert await audit.chain(tx) == 0
        assert (await audit.verify(tx)).rows == 6


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        (sa.update(table).where(table.c.id == 3).values(subject_id=9), "Row 3"),
        (sa.update(table).where(table.c.id == 3).values(detail={"to": 8, "visit": 3}), "Row 3"),
        (sa.delete(table).where(table.c.id == 3), "Row 3 of the chain is gone"),
        (sa.delete(table).where(table.c.id == 5), "ends at row 4, and had got to row 5"),
        (sa.delete(table), "ends at row 0"),
    ],
)
async def test_it_says_where_the_chain_breaks(
    noted: Database, statement: sa.Executable, where: str
) -> None:
    class Undone(Exception):  # noqa: N818
        """The triggers are to be there again for the next test."""

    with pytest.raises(Undone):
        async with noted.transaction() as tx:
            await unguarded(tx, statement)
            assert where in (await audit.verify(tx)).broken
            raise Undone


async def test_whoever_has_no_key_cannot_chain_anew(noted: Database) -> None:
    """A chain that was hashed with another key than ours is no chain of ours."""
    async with noted.transaction() as tx:
        await keepsakes.keep(tx, audit.KEY, tx.vault.seal("00" * 32).hex())
        assert "Row 1" in (await audit.verify(tx)).broken
