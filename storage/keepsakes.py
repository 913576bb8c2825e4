"""Small facts the machinery keeps: how far a poll has got, and who holds a lease."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from storage.database import Transaction
from storage.schema import keepsakes

CLOCKS_DIFFER = timedelta(minutes=1)
"""By how much the clocks of machines that share a database may differ (ours)."""


async def recall(tx: Transaction, name: str) -> str:
    """What was kept under that name; empty if nothing was."""
    value = await tx.value(sa.select(keepsakes.c.value).where(keepsakes.c.name == name))
    return str(value or "")


async def keep(tx: Transaction, name: str, value: str) -> None:
    insert = tx.upsert(keepsakes).values(name=name, value=value, holder="")
    await tx.run(insert.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


async def hold(
    tx: Transaction, name: str, holder: str, now: datetime, seconds: float, *, take: bool = False
) -> bool:
    """Hold or go on holding a lease; whether it is held now. It is free when nobody has it, or
    whoever had it let it run out, or it lasts longer than anybody can have taken it for: the clock
    was put back since, and who is dead would hold it till the old hour comes round. `take`: whoever
    has it is known to be dead (one process alone can use a SQLite file, and it is us)."""
    values = {
        "name": name,
        "value": "",
        "holder": holder,
        "until": now + timedelta(seconds=seconds),
    }
    insert = tx.upsert(keepsakes).values(**values)
    free = sa.or_(
        keepsakes.c.holder == holder,
        keepsakes.c.until.is_(None),
        keepsakes.c.until < now,
        keepsakes.c.until > now + timedelta(seconds=seconds) + CLOCKS_DIFFER,
    )
    changed = await tx.run(
        insert.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": holder, "until": values["until"]},
            where=None if take else free,
        )
    )
    return bool(changed.rowcount)


async def let_go(tx: Transaction, name: str, holder: str) -> None:
    """Give a lease back, if it is ours, so that nobody has to wait for it to run out."""
    await tx.run(
        sa.update(keepsakes)
        .where(keepsakes.c.name == name, keepsakes.c.holder == holder)
        .values(until=None)
    )
