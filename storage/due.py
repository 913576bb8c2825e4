"""Moments at which something is to happen. These rows are the truth; a clock only wakes us."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Transaction
from storage.model import Due, DueKind, Where
from storage.ready import Row, among
from storage.schema import due, metadata


async def at(tx: Transaction, kind: DueKind, ref: int, moment: datetime) -> None:
    """Let this happen at that moment, and not when it was to happen before."""
    values = {"kind": kind.value, "ref": ref, "at": moment, "attempts": 0}
    await tx.run(_at(tx.on_postgresql), values)


@cache
def _at(on_postgresql: bool) -> sa.Executable:
    insert = postgresql.insert(due) if on_postgresql else sqlite.insert(due)
    anew = {"at": insert.excluded.at, "attempts": insert.excluded.attempts}
    return insert.on_conflict_do_update(index_elements=["kind", "ref"], set_=anew)


async def never_mind(tx: Transaction, ref: int, *kinds: DueKind) -> None:
    """Let none of these happen."""
    await tx.run(_never_mind(), {"of_ref": ref, "kinds": [kind.value for kind in kinds]})


@cache
def _never_mind() -> sa.Delete:
    kinds = among(due.c.kind, "kinds")
    return sa.delete(due).where(due.c.ref == sa.bindparam("of_ref", type_=due.c.ref.type), kinds)


async def next_due(tx: Transaction, now: datetime) -> Due | None:
    """The moment that came first and has not been seen to, claimed until this commits. A kind that
    this version does not know is left for the one that does."""
    row = await tx.one_with(_soonest(), now=now)
    return _due(row) if row else None


# Asked every second and after whatever was done: put together once.
@cache
def _soonest() -> sa.Select[Any]:
    # Joined to nothing, so that no index on the kind fits: SQLite took that one, and read every row
    # of the table (94 ms instead of 1 at a million).
    kind = due.c.kind.concat("")
    return (
        sa.select(due)
        .where(
            due.c.at <= sa.bindparam("now", type_=due.c.at.type),
            kind.in_([known.value for known in DueKind]),
        )
        .order_by(due.c.at, due.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


async def done(tx: Transaction, row: Due) -> None:
    """It happened: in the same commit as its effect. One set anew meanwhile stays."""
    await tx.run(sa.delete(due).where(due.c.id == row.id, due.c.at <= row.at))


async def put_off(tx: Transaction, row: Due, until: datetime) -> bool:
    """It went wrong; try again then. One that was set anew or put off meanwhile stays as it is;
    whether it was not."""
    result = await tx.run(
        sa.update(due)
        .where(due.c.id == row.id, due.c.at == row.at)
        .values(at=until, attempts=due.c.attempts + 1)
    )
    return bool(result.rowcount)


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


class Lacking:
    """A question that is put every minute: which rows have nothing due of the kinds that they need?

    One statement for all tables, put together once: an empty database takes 0.4 ms to answer it,
    and took 7.5 ms for two dozen small ones (SQLite)."""

    def __init__(self, owed: Sequence[tuple[str, Where, Sequence[DueKind]]], most: int) -> None:
        """`owed`: tables, which of their rows, and the kinds of which any will do. `most`: of each
        so many at a time, the oldest first."""
        self._selects = [self._one(place, most, *one) for place, one in enumerate(owed)]
        self._ready: dict[str, sa.TextClause] = {}

    @staticmethod
    def _one(
        place: int, most: int, table: str, where: Where, kinds: Sequence[DueKind]
    ) -> sa.Select[Any]:
        those = metadata.tables[table]
        there = sa.exists().where(
            due.c.ref == those.c.id, due.c.kind.in_([kind.value for kind in kinds])
        )
        found = (
            sa.select(those.c.id)
            .where(*_conditions(those, where), ~there)
            .order_by(those.c.id)
            .limit(most)
            .subquery()
        )
        return sa.select(sa.literal(place).label("place"), found.c.id)

    def statement(self, tx: Transaction) -> sa.TextClause:
        """The question in the database's own words; all that it goes by is written out, so that an
        index of only such rows will do (`messages.is_one_of`)."""
        dialect = tx.connection.dialect
        if dialect.name not in self._ready:
            whole = sa.union_all(*self._selects)
            words = whole.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
            self._ready[dialect.name] = sa.text(str(words).replace(":", r"\:"))
        return self._ready[dialect.name]

    async def rows(self, tx: Transaction) -> list[tuple[int, int]]:
        """The place in `owed`, and the id of a row that lacks what it is owed there."""
        return [(row["place"], row["id"]) for row in await tx.all(self.statement(tx))]


def _conditions(those: sa.Table, where: Where) -> Iterator[sa.ColumnElement[bool]]:
    for name, wanted in where.items():
        column = those.c[name]
        if isinstance(wanted, tuple):
            yield column == wanted[0] if len(wanted) == 1 else column.in_(wanted)
        elif isinstance(wanted, bool):
            yield column.is_not(None) if wanted else column.is_(None)
        else:
            yield column < wanted


def _due(row: Row) -> Due:
    return Due(row["id"], DueKind(row["kind"]), row["ref"], row["at"], row["attempts"])
