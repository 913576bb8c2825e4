"""Codes by which somebody shows that two addresses are theirs: sent to one, written from the other
one."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import sqlalchemy as sa

from storage.database import Transaction
from storage.groups import new_code, shown
from storage.model import Address, Channel
from storage.schema import addresses, links

GOOD_FOR = timedelta(minutes=30)


async def make(tx: Transaction, address: Address, now: datetime, chance: random.Random) -> str:
    """A new code that is to be sent to this address, as it is written down; the earlier ones that
    went there are worth nothing any more. It is kept nowhere in the clear."""
    code = new_code(chance)
    lane = tx.vault.fingerprint(address.channel, address.value)
    await tx.run(sa.delete(links).where(links.c.lane == lane))
    await tx.add(
        links,
        lane=lane,
        code_print=tx.vault.fingerprint("link", code),
        expires_at=now + GOOD_FOR,
    )
    return shown(code)


async def spend(tx: Transaction, code: str, now: datetime) -> Address | None:
    """Use a code up: the address that it was sent to, or none if it is not good (any more)."""
    use = (
        sa.update(links)
        .where(
            links.c.code_print == tx.vault.fingerprint("link", code),
            links.c.used_at.is_(None),
            links.c.expires_at > now,
        )
        .values(used_at=now)
        .returning(links.c.lane)
    )
    spent = await tx.one(use)
    if spent is None:
        return None
    row = await tx.one(sa.select(addresses).where(addresses.c.lane == spent["lane"]))
    if row is None:
        return None
    key = await tx.key_of(row["member_id"])
    return Address(Channel(row["channel"]), key.open(row["sealed_value"]))
