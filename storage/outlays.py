"""What a helper lays out for somebody: the most that was agreed, what it was, and who has said that
it is paid back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from storage.database import Transaction
from storage.model import Outlay, OutlayStatus
from storage.ready import Row
from storage.schema import outlays, visits


async def add(tx: Transaction, outlay: Outlay) -> Outlay:
    """Keep a new one (its `id` is ignored); a visit has one at most."""
    return replace(outlay, id=await tx.add(outlays, **_values(outlay)))


async def save(tx: Transaction, outlay: Outlay) -> Outlay:
    await tx.run(sa.update(outlays).where(outlays.c.id == outlay.id).values(**_values(outlay)))
    return outlay


async def get(tx: Transaction, ident: int, *, lock: bool = False) -> Outlay:
    """One that must exist. `lock`: both sides may say that it is paid back at the same moment."""
    statement = sa.select(outlays).where(outlays.c.id == ident)
    row = await tx.one(statement.with_for_update(key_share=True) if lock else statement)
    if row is None:
        raise LookupError(f"no outlay {ident}")
    return _outlay(row)


async def of_visit(tx: Transaction, visit_id: int) -> Outlay | None:
    row = await tx.row(outlays, visit_id=visit_id)
    return _outlay(row) if row else None


async def of_request(tx: Transaction, request_id: int) -> list[Outlay]:
    """Those of every visit that a request has had, the oldest first."""
    rows = await tx.all(
        sa.select(outlays)
        .join(visits, visits.c.id == outlays.c.visit_id)
        .where(visits.c.request_id == request_id)
        .order_by(outlays.c.id)
    )
    return [_outlay(row) for row in rows]


async def unpaid(tx: Transaction, member_id: int) -> list[Outlay]:
    """What has been spent and not been said by both to be paid back, where somebody is one of the
    two; the newest first."""
    rows = await tx.all(
        sa.select(outlays)
        .join(visits, visits.c.id == outlays.c.visit_id)
        .where(
            outlays.c.status == OutlayStatus.SPENT.value,
            sa.or_(visits.c.helper_id == member_id, visits.c.asker_id == member_id),
        )
        .order_by(outlays.c.id.desc())
    )
    return [_outlay(row) for row in rows]


def _values(outlay: Outlay) -> dict[str, Any]:
    return {
        "visit_id": outlay.visit_id,
        "status": outlay.status.value,
        "agreed": outlay.agreed,
        "spent": outlay.spent,
        "asker_says": outlay.asker_says,
        "helper_says": outlay.helper_says,
        "tell_at": outlay.tell_at,
    }


def _outlay(row: Row) -> Outlay:
    return Outlay(
        id=row["id"],
        visit_id=row["visit_id"],
        status=OutlayStatus(row["status"]),
        agreed=row["agreed"],
        spent=row["spent"],
        asker_says=row["asker_says"],
        helper_says=row["helper_says"],
        tell_at=row["tell_at"],
    )
