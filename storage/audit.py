"""Who did or saw what, and when. Rows are added and never changed; they hold ids and no words.

The database itself refuses to change or delete a row. Once a minute what was added is chained: each
row gets its place and a keyed hash over itself and the one before, so that whoever goes round the
database's refusal is found out (`verify`).
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage import keepsakes
from storage.database import Transaction
from storage.ready import Row
from storage.schema import audit

CHAINED_AT_ONCE = 2_000
"""Rows a transaction."""

KEY, HEAD = "audit.key", "audit.head"
"""Where the hash's key (sealed) and the end of the chain are kept."""


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


async def between(
    tx: Transaction, community_id: int, since: datetime, member_id: int | None = None
) -> list[dict[str, Any]]:
    """What was noted in a group from then on, oldest first; of one person: what they did, what was
    done about them, and what they were shown."""
    rows = await tx.all(
        sa.select(audit)
        .where(audit.c.community_id == community_id, audit.c.at >= since)
        .order_by(audit.c.at, audit.c.id)
    )
    if member_id is None:
        return [dict(row) for row in rows]
    return [dict(row) for row in rows if member_id in _people(row)]


def _people(row: Row) -> set[Any]:
    about = row["subject_id"] if row["subject"] == "member" else None
    return {row["actor_id"], about, row["detail"].get("to")}


# The chain


async def chain(tx: Transaction) -> int:
    """Chain what has been added, in the order of ids; how many rows. One at a time may do so: the
    caller holds a lease, and the database refuses two rows the same place."""
    rows = await tx.all(
        sa.select(audit).where(audit.c.hash.is_(None)).order_by(audit.c.id).limit(CHAINED_AT_ONCE)
    )
    if not rows:
        return 0
    key = await _key(tx)
    place, last = _head(await keepsakes.recall(tx, HEAD))
    changes = []
    for place, row in enumerate(rows, place + 1):  # noqa: B020 (from where it has got to)
        last = _hash(key, place, last, row)
        changes.append({"of": row["id"], "its_place": place, "its_hash": last})
    await tx.run(
        sa.update(audit)
        .where(audit.c.id == sa.bindparam("of"), audit.c.hash.is_(None))
        .values(place=sa.bindparam("its_place"), hash=sa.bindparam("its_hash")),
        changes,
    )
    await keepsakes.keep(tx, HEAD, f"{place} {last}")
    return len(rows)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found."""

    rows: int
    """How many are chained and as they were."""
    waiting: int
    """How many have not been chained yet."""
    head: str
    """The hash of the last one, to be noted down elsewhere."""
    broken: str = ""
    """Where the chain breaks, as one plain sentence; empty if it does not."""


async def verify(tx: Transaction, step: Callable[[int], None] = lambda _: None) -> Verdict:
    """Go along the whole chain; `step` is told how many rows have been looked at."""
    wanted, kept_head = _head(await keepsakes.recall(tx, HEAD))
    waiting = sa.select(sa.func.count()).select_from(audit).where(audit.c.hash.is_(None))
    left = int(await tx.value(waiting) or 0)
    key = await _key(tx)
    place, last = 0, ""
    while True:
        rows = await tx.all(
            sa.select(audit)
            .where(audit.c.place > place)
            .order_by(audit.c.place)
            .limit(CHAINED_AT_ONCE)
        )
        for row in rows:
            if row["place"] != place + 1:
                why = f"Row {place + 1} of the chain is gone."
                return Verdict(place, left, last, why)
            expected = _hash(key, place + 1, last, row)
            if not hmac.compare_digest(expected, row["hash"] or ""):
                why = (
                    f"Row {place + 1} of the chain (id {row['id']}, {row['at']:%Y-%m-%d %H:%M}) is "
                    "not as it was written."
                )
                return Verdict(place, left, last, why)
            place, last = place + 1, expected
        step(place)
        if len(rows) < CHAINED_AT_ONCE:
            break
    if (place, last) != (wanted, kept_head):
        why = f"The chain ends at row {place}, and had got to row {wanted}."
        return Verdict(place, left, last, why)
    return Verdict(place, left, last)


async def chained(tx: Transaction) -> int:
    """How many rows the chain has got to."""
    return _head(await keepsakes.recall(tx, HEAD))[0]


async def _key(tx: Transaction) -> bytes:
    """What the chain is hashed with: a key of its own, so that it outlives the secret key's."""
    kept = await keepsakes.recall(tx, KEY)
    if not kept:
        kept = tx.vault.seal(secrets.token_hex(32)).hex()
        await keepsakes.keep(tx, KEY, kept)
    return bytes.fromhex(tx.vault.open(bytes.fromhex(kept)))


def _head(kept: str) -> tuple[int, str]:
    place, _, last = kept.partition(" ")
    return int(place or 0), last


_FACTS = ("community_id", "actor_id", "action", "subject", "subject_id", "detail")


def _hash(key: bytes, place: int, before: str, row: Row) -> str:
    facts = [place, before, row["id"], row["at"].isoformat(), *(row[name] for name in _FACTS)]
    words = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hmac.digest(key, words.encode(), "sha256").hex()
