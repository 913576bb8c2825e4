"""Moments at which something is to happen. These rows are the truth; a clock only wakes us."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from storage.database import Transaction
from storage.model import Due, DueKind
from storage.schema import due, metadata


async def at(tx: Transaction, kind: DueKind, ref: int, moment: datetime) -> None:
    """Let this happen at that moment, and not when it was to happen before."""
    insert = tx.upsert(due).values(kind=kind.value, ref=ref, at=moment, attempts=0)
    await tx.run(
        insert.on_conflict_do_update(
            index_elements=["kind", "ref"], set_={"at": moment, "attempts": 0}
        )
    )


async def never_mind(tx: Transaction, ref: int, *kinds: DueKind) -> None:
    """Let none of these happen."""
    await tx.run(
        sa.delete(due).where(due.c.ref == ref, due.c.kind.in_([kind.value for kind in kinds]))
    )


async def next_due(tx: Transaction, now: datetime) -> Due | None:
    """The moment that came first and has not been seen to, claimed until this commits. A kind that
    this version does not know is left for the one that does."""
    # Joined to nothing, so that no index on the kind fits: SQLite took that one, and read every row
    # of the table (94 ms instead of 1 at a million).
    kind = due.c.kind.concat("")
    row = await tx.one(
        sa.select(due)
        .where(due.c.at <= now, kind.in_([known.value for known in DueKind]))
        .order_by(due.c.at, due.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return _due(row) if row else None


async def done(tx: Transaction, row: Due) -> None:
    """It happened: in the same commit as its effect. One set anew meanwhile stays."""
    await tx.run(sa.delete(due).where(due.c.id == row.id, due.c.at <= row.at))


async def put_off(tx: Transaction, row: Due, until: datetime) -> None:
    """It went wrong; try again then. One that was set anew meanwhile stays as it was set."""
    await tx.run(
        sa.update(due)
        .where(due.c.id == row.id, due.c.at == row.at)
        .values(at=until, attempts=due.c.attempts + 1)
    )


async def failing(tx: Transaction, attempts: int) -> int:
    """How many have gone wrong so many times in a row."""
    count = sa.select(sa.func.count()).select_from(due).where(due.c.attempts >= attempts)
    return int(await tx.value(count) or 0)


async def first(tx: Transaction) -> datetime | None:
    """When the next thing is due."""
    return await tx.value(  # type: ignore[no-any-return]
        sa.select(due.c.at).order_by(due.c.at).limit(1)
    )


async def of(tx: Transaction, ref: int, *kinds: DueKind) -> list[Due]:
    """What is due for one thing."""
    rows = await tx.all(
        sa.select(due)
        .where(due.c.ref == ref, due.c.kind.in_([kind.value for kind in kinds]))
        .order_by(due.c.at)
    )
    return [_due(row) for row in rows]


async def lacking(
    tx: Transaction,
    table: str,
    where: Mapping[str, tuple[str, ...] | bool | int],
    kinds: Sequence[DueKind],
    most: int,
) -> list[int]:
    """The ids of rows of a table that have nothing due of these kinds, the oldest first. `where`: a
    column and the words it may hold, whether it is filled in, or the number that it is below."""
    those = metadata.tables[table]
    there = sa.exists().where(
        due.c.ref == those.c.id, due.c.kind.in_([kind.value for kind in kinds])
    )
    rows = await tx.all(
        sa.select(those.c.id)
        .where(*_conditions(those, where), ~there)
        .order_by(those.c.id)
        .limit(most)
    )
    return [row["id"] for row in rows]


def _conditions(
    those: sa.Table, where: Mapping[str, tuple[str, ...] | bool | int]
) -> Iterator[sa.ColumnElement[bool]]:
    for name, wanted in where.items():
        column = those.c[name]
        if isinstance(wanted, tuple):
            # Written out, so that an index of only such rows will do (`messages.is_one_of`).
            words = [sa.literal(word, literal_execute=True) for word in wanted]
            yield column == words[0] if len(words) == 1 else column.in_(words)
        elif isinstance(wanted, bool):
            yield column.is_not(None) if wanted else column.is_(None)
        else:
            yield column < wanted


def _due(row: RowMapping) -> Due:
    return Due(row["id"], DueKind(row["kind"]), row["ref"], row["at"], row["attempts"])
