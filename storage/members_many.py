"""People by the hundred: for importing and exporting them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import sqlalchemy as sa

from storage.database import Transaction
from storage.members import add_address, address_row, from_row, key_row, to_row, with_keys
from storage.model import Address, Channel, Member
from storage.schema import addresses, member_keys, members
from storage.vault import Seal, new_key

T = TypeVar("T")


async def whose(tx: Transaction, asked: Sequence[Address]) -> dict[Address, int]:
    """The ids of the members that these addresses reach; without those that reach nobody."""
    lanes = {tx.vault.fingerprint(each.channel, each.value): each for each in asked}
    found: dict[Address, int] = {}
    for chunk in _chunks(list(lanes)):
        rows = await tx.all(
            sa.select(addresses.c.lane, addresses.c.member_id).where(addresses.c.lane.in_(chunk))
        )
        found |= {lanes[row["lane"]]: row["member_id"] for row in rows}
    return found


async def several(tx: Transaction, idents: Iterable[int]) -> dict[int, Member]:
    """Members by their ids."""
    found: dict[int, Member] = {}
    for chunk in _chunks(list(idents)):
        rows = await tx.all(with_keys().where(members.c.id.in_(chunk)))
        found |= {row["id"]: from_row(tx, row) for row in rows}
    return found


async def add(tx: Transaction, people: Sequence[tuple[Member, Sequence[Address]]]) -> list[int]:
    """Keep new members (their `id` is ignored) with addresses that reach nobody yet; their ids."""
    added: list[int] = []
    for chunk in _chunks(people):
        insert = sa.insert(members).returning(members.c.id, sort_by_parameter_order=True)
        keys = [new_key() for _ in chunk]
        sealed = zip(keys, chunk, strict=True)
        made = await tx.run(insert, [to_row(Seal(key), member) for key, (member, _) in sealed])
        idents = [row["id"] for row in made.rows]
        wrapped = [key_row(tx, ident, key) for ident, key in zip(idents, keys, strict=True)]
        await tx.run(sa.insert(member_keys), wrapped)
        rows = [
            address_row(tx, ident, address)
            for ident, (_, at) in zip(idents, chunk, strict=True)
            for address in at
        ]
        await tx.run(sa.insert(addresses), rows)
        added += idents
    return added


async def replace_address(tx: Transaction, member_id: int, address: Address) -> None:
    """From now on a member is reached at this address, and at no other of its channel."""
    await tx.run(
        sa.delete(addresses).where(
            addresses.c.member_id == member_id, addresses.c.channel == address.channel.value
        )
    )
    await add_address(tx, member_id, address)


async def addresses_of(tx: Transaction, community_id: int) -> dict[int, list[Address]]:
    """Where everybody in a group is reached, by member's id, oldest address first."""
    rows = await tx.all(
        sa.select(addresses)
        .join(members, members.c.id == addresses.c.member_id)
        .where(members.c.community_id == community_id)
        .order_by(addresses.c.id)
    )
    await tx.load_keys(row["member_id"] for row in rows)
    found: dict[int, list[Address]] = {}
    for row in rows:
        key = tx.keys[row["member_id"]]
        address = Address(Channel(row["channel"]), key.open(row["sealed_value"]))
        found.setdefault(row["member_id"], []).append(address)
    return found


def _chunks(things: Sequence[T], size: int = 500) -> Iterator[Sequence[T]]:
    # Databases limit how many values one statement may carry (SQLite: 32,766).
    return (things[at : at + size] for at in range(0, len(things), size))
