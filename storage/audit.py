"""Who did or saw what, and when. Rows are added and never changed; they hold ids and no words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage.database import Transaction
from storage.schema import audit


async def note(
    tx: Transaction,
    now: datetime,
    action: str,
    subject: str,
    subject_id: int | None = None,
    *,
    community_id: int | None = None,
    actor_id: int | None = None,
    **detail: Any,
) -> None:
    """Write one line: `actor_id` did `action` to `subject` `subject_id`."""
    await tx.add(
        audit,
        at=now,
        community_id=community_id,
        actor_id=actor_id,
        action=action,
        subject=subject,
        subject_id=subject_id,
        detail=detail,
    )


async def about(tx: Transaction, subject: str, subject_id: int) -> list[dict[str, Any]]:
    """Everything noted about one thing, oldest first."""
    rows = await tx.all(
        sa.select(audit)
        .where(audit.c.subject == subject, audit.c.subject_id == subject_id)
        .order_by(audit.c.id)
    )
    return [dict(row) for row in rows]
