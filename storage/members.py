"""People: who they are, where they can be reached, and who of them could be asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache, lru_cache
from itertools import chain, combinations
from typing import Any

import sqlalchemy as sa

from storage import hours
from storage.database import Transaction
from storage.model import (
    NEIGHBOURLY,
    Address,
    Channel,
    Member,
    Need,
    Role,
    Standing,
    Vetting,
    Waves,
)
from storage.ready import Row, among, outside
from storage.schema import (
    LIVE_VISIT,
    addresses,
    bonds,
    member_keys,
    members,
    offers,
    requests,
    visits,
)
from storage.vault import Seal, new_key

NEED_BIT = {need: 1 << place for place, need in enumerate(NEIGHBOURLY)}
"""How `can_do` is kept. New needs go at the end, or old rows change their meaning."""

HELPFUL_ORDER = (members.c.rested_at, members.c.id)

MOST_VALUES = 5_000
"""Values in one statement: databases limit how many it may carry (SQLite: 32,766)."""


def roles_with(role: Role) -> list[str]:
    """Every way in which the column `roles` may hold this one: to be looked up in an index, not
    searched for in every member's row."""
    others = sorted(set(Role) - {role})
    sets = (combinations(others, size) for size in range(len(others) + 1))
    return [",".join(sorted((role, *some))) for some in chain.from_iterable(sets)]


async def add(tx: Transaction, member: Member, *at: Address) -> Member:
    """Keep a new member (its `id` is ignored) with the addresses that reach them."""
    key = new_key()
    ident = await tx.add(members, **to_row(Seal(key), member))
    await tx.run(sa.insert(member_keys), [key_row(tx, ident, key)])
    for address in at:
        await add_address(tx, ident, address)
    return await get(tx, ident)


async def add_address(tx: Transaction, member_id: int, address: Address) -> None:
    """From now on this address is this member's, whoever's it was."""
    await tx.load_keys((member_id,))
    values = address_row(tx, member_id, address)
    insert = tx.upsert(addresses).values(**values)
    await tx.run(insert.on_conflict_do_update(index_elements=["lane"], set_=values))


async def save(tx: Transaction, member: Member) -> Member:
    """Keep a member as they are now: of what was read in this transaction, what has changed. Two
    who change different things about somebody at once both have their way, so that an offer made
    to them never undoes their STOP."""
    before = tx.read.get(("members", member.id))
    values = to_row(await tx.key_of(member.id), member)
    if before is not None:
        values = {name: values[name] for name in _changed(before, member)}
    if not values:
        return member
    if _HELPING.keys() & values.keys():
        values["helping"] = _helping_after(member, values)
        await tx.run(sa.update(members).where(members.c.id == member.id).values(**values))
    else:
        await tx.change(members, member.id, **values)
    tx.read["members", member.id] = member
    return member


async def tire(tx: Transaction, rested: Mapping[int, datetime]) -> None:
    """When each of these will be rested."""
    if rested:
        rows = [{"of_member": ident, "rested": at} for ident, at in rested.items()]
        await tx.run(_tire(), rows)


@cache
def _tire() -> sa.Update:
    return (
        sa.update(members)
        .where(members.c.id == sa.bindparam("of_member", type_=members.c.id.type))
        .values(rested_at=sa.bindparam("rested", type_=members.c.rested_at.type))
    )


def _changed(before: Member, member: Member) -> list[str]:
    """The columns of what is not the same."""
    names = [name for name in Member.__slots__ if getattr(before, name) != getattr(member, name)]
    if "hours" in names:
        names.append("stretches")
    return [_SEALED.get(name, name) for name in names]


_SEALED = {name: f"sealed_{name}" for name in ("name", "home", "postcode")}

_HELPING: dict[str, Callable[[Member], bool]] = {
    "roles": lambda member: member.is_a(Role.HELPER),
    "standing": lambda member: member.standing is Standing.ACTIVE,
    "on_duty": lambda member: member.on_duty,
    "paused_until": lambda member: member.paused_until is None,
    "stopped_at": lambda member: member.stopped_at is None,
    "unreachable": lambda member: not member.unreachable,
    "cell": lambda member: member.cell is not None,
}
"""What makes somebody a helper who can be asked at all, by the column that says it."""


def _helping_after(member: Member, written: Iterable[str]) -> sa.ColumnElement[bool]:
    """The same, of the row as it will be: what is not being written may have been changed by
    somebody else since it was read."""
    kept: dict[str, sa.ColumnElement[bool]] = {
        "roles": members.c.roles.in_(roles_with(Role.HELPER)),
        "standing": members.c.standing == Standing.ACTIVE.value,
        "on_duty": members.c.on_duty,
        "paused_until": members.c.paused_until.is_(None),
        "stopped_at": members.c.stopped_at.is_(None),
        "unreachable": members.c.unreachable == "",
        "cell": members.c.cell.is_not(None),
    }
    written = set(written)
    if not all(holds(member) for name, holds in _HELPING.items() if name in written):
        return sa.false()
    return sa.and_(sa.true(), *(kept[name] for name in kept if name not in written))


async def get(tx: Transaction, ident: int, *, lock: bool = False) -> Member:
    """A member by id, who must exist. `lock`: nobody else changes them until this commits."""
    row = await tx.one_with(_get(lock), ident=ident)
    if row is None:
        raise LookupError(f"no member {ident}")
    return from_row(tx, row)


@cache
def _get(lock: bool) -> sa.Select[Any]:
    this = members.c.id == sa.bindparam("ident", type_=members.c.id.type)
    found = with_keys().where(this)
    # Not a full FOR UPDATE: that would also keep everybody waiting who only points at the row.
    return found.with_for_update(key_share=True, of=members) if lock else found


async def lock(tx: Transaction, idents: Iterable[int]) -> None:
    """From here until this commits, nobody else changes these. In order of their ids, so that two
    who lock several never wait for each other in a ring. (On SQLite who has begun has it all.)"""
    if tx.on_postgresql and (wanted := sorted(set(idents) - tx.locked)):
        await tx.run(_lock(), {"members": wanted})
        tx.locked.update(wanted)


@cache
def _lock() -> sa.Select[Any]:
    return (
        sa.select(members.c.id)
        .where(among(members.c.id, "members"))
        .order_by(members.c.id)
        .with_for_update(key_share=True)
    )


async def several(tx: Transaction, idents: Iterable[int]) -> list[Member]:
    """These members, in order of their ids."""
    wanted, found = sorted(set(idents)), []
    for at in range(0, len(wanted), MOST_VALUES):
        chunk = wanted[at : at + MOST_VALUES]
        rows = (await tx.run(_several(), {"members": chunk})).rows
        found += [from_row(tx, row) for row in rows]
    return found


@cache
def _several() -> sa.Select[Any]:
    these = among(members.c.id, "members")
    return with_keys().where(these).order_by(members.c.id)


async def stopped(tx: Transaction, idents: Collection[int]) -> dict[int | None, datetime]:
    """Of these, those who sent STOP and have not written since, and when."""
    if not idents:
        return {}
    rows = (await tx.run(_stopped(), {"members": list(idents)})).rows
    return {row["id"]: row["stopped_at"] for row in rows}


@cache
def _stopped() -> sa.Select[Any]:
    return sa.select(members.c.id, members.c.stopped_at).where(
        among(members.c.id, "members"), members.c.stopped_at.is_not(None)
    )


async def find(tx: Transaction, address: Address) -> Member | None:
    """Whose address this is."""
    lane = tx.vault.fingerprint(address.channel, address.value)
    row = await tx.one_with(_find(), lane=lane)
    return from_row(tx, row) if row else None


@cache
def _find() -> sa.Select[Any]:
    return (
        with_keys()
        .join(addresses, addresses.c.member_id == members.c.id)
        .where(addresses.c.lane == sa.bindparam("lane", type_=addresses.c.lane.type))
    )


async def reach(tx: Transaction, member_id: int, *, but: Iterable[Channel] = ()) -> Address | None:
    """Where to write to a member: where they wrote last; Telegram where they have not, since it
    costs nothing. Not by these channels, nor where nothing arrives."""
    return (await reach_each(tx, [member_id], but=but)).get(member_id)


async def reach_each(
    tx: Transaction, member_ids: Sequence[int], *, but: Iterable[Channel] = ()
) -> dict[int, Address]:
    """The same of several: who can't be reached is not in it."""
    values = {"members": member_ids, "but": [channel.value for channel in but]}
    rows = (await tx.run(_reach_query(), values)).rows
    best = {row["member_id"]: row for row in reversed(rows)}
    await tx.load_keys(best)
    return {
        ident: Address(Channel(row["channel"]), tx.keys[ident].open(row["sealed_value"]))
        for ident, row in best.items()
    }


@cache
def _reach_query() -> sa.Select[Any]:
    """The best first. Names of its values: `members`, `but`."""
    return (
        sa.select(addresses)
        .where(
            among(addresses.c.member_id, "members"),
            addresses.c.unreachable == "",
            outside(addresses.c.channel, "but"),
        )
        .order_by(
            addresses.c.wrote_at.desc().nulls_last(), addresses.c.channel.desc(), addresses.c.id
        )
    )


async def wrote(tx: Transaction, address: Address, now: datetime) -> None:
    """Somebody wrote from there: so it reaches them, and is where they would be answered."""
    lane = tx.vault.fingerprint(address.channel, address.value)
    await tx.run(_wrote(), {"of_lane": lane, "wrote_at": now, "unreachable": ""})


@cache
def _wrote() -> sa.Update:
    there = addresses.c.lane == sa.bindparam("of_lane", type_=addresses.c.lane.type)
    return sa.update(addresses).where(there)


async def try_again(tx: Transaction, member_id: int) -> None:
    """Whatever was not reached may be by now: all of somebody's addresses count again."""
    await tx.run(
        sa.update(addresses).where(addresses.c.member_id == member_id).values(unreachable="")
    )


async def out_of_reach(tx: Transaction, member_id: int, address: Address, why: str) -> bool:
    """Nothing arrives there any more; whether nothing else reaches them."""
    lane = tx.vault.fingerprint(address.channel, address.value)
    await tx.run(
        sa.update(addresses)
        .where(addresses.c.lane == lane, addresses.c.member_id == member_id)
        .values(unreachable=why)
    )
    return await reach(tx, member_id) is None


async def all_addresses(tx: Transaction, member_id: int) -> list[Address]:
    rows = await tx.all(sa.select(addresses).where(addresses.c.member_id == member_id))
    key = await tx.key_of(member_id)
    return [Address(Channel(row["channel"]), key.open(row["sealed_value"])) for row in rows]


async def with_role(
    tx: Transaction, community_id: int, role: Role, *standings: Standing
) -> list[Member]:
    """Everybody with a role in a group, oldest member first."""
    values = {
        "community": community_id,
        "standings": [standing.value for standing in standings or (Standing.ACTIVE,)],
    }
    rows = (await tx.run(_with_role(role), values)).rows
    return [from_row(tx, row) for row in rows]


@cache
def _with_role(role: Role) -> sa.Select[Any]:
    return (
        with_keys()
        .where(
            members.c.community_id == sa.bindparam("community", type_=members.c.id.type),
            among(members.c.standing, "standings"),
            members.c.roles.in_(roles_with(role)),
        )
        .order_by(members.c.id)
    )


async def of_community(tx: Transaction, community_id: int) -> list[Member]:
    rows = await tx.all(
        with_keys().where(members.c.community_id == community_id).order_by(members.c.id)
    )
    return [from_row(tx, row) for row in rows]


async def count(tx: Transaction) -> int:
    return int(await tx.value(sa.select(sa.func.count()).select_from(members)) or 0)


async def how_many(tx: Transaction, community_id: int, role: Role) -> int:
    """How many active people have a role in a group."""
    found = (
        sa.select(sa.func.count())
        .select_from(members)
        .where(
            members.c.community_id == community_id,
            members.c.standing == Standing.ACTIVE.value,
            members.c.roles.contains(role.value),
        )
    )
    return int(await tx.value(found) or 0)


async def try_key(tx: Transaction) -> None:
    """See whether what is kept can be read, by one address.

    Raises:
        WrongKeyError: if it was sealed with another key, or people's keys are not there.
    """
    row = await tx.one(sa.select(addresses).limit(1))
    if row is not None:
        (await tx.key_of(row["member_id"])).open(row["sealed_value"])


# Who could be asked


async def helpers_in_cells(
    tx: Transaction,
    community_id: int,
    cells: Iterable[int],
    need: Need,
    when: int,
    each: int,
    skip: int = 0,
) -> list[Member]:
    """The helpers who live in these cells, do this need and whose hours touch one of the stretches
    `when` (`storage.hours.stretches`), at most `each` of a cell and the most rested first; `skip`
    passes over that many of each cell. Reads no more rows than it gives back, or little more: one
    index range a cell. What is sealed of them is not opened: name, address and postcode are empty,
    and they are not to be saved."""
    values = {f"cell_{place}": cell for place, cell in enumerate(cells)}
    if not values:
        return []
    values |= _sought(community_id, need, when) | {"each": each, "skip": skip}
    rows = await tx.run(_in_cells(len(values) - 5), values)
    return [_without_seals(row) for row in rows.rows]


async def helpers_in_ranges(
    tx: Transaction, community_id: int, ranges: Iterable[tuple[int, int]], need: Need, when: int
) -> list[Member]:
    """Every helper whose cell lies in one of these ranges, who does this need and whose hours touch
    one of the stretches `when`, as `helpers_in_cells` gives them."""
    values: dict[str, int] = {}
    for place, (first, last) in enumerate(ranges):
        values |= {f"first_{place}": first, f"last_{place}": last}
    if not values:
        return []
    count = len(values) // 2
    rows = await tx.run(_in_ranges(count), values | _sought(community_id, need, when))
    return [_without_seals(row) for row in rows.rows]


# To build such a long statement, and for SQLAlchemy to see what it is, takes longer than the search
# itself: each is built once, and given its values by name.


@lru_cache(maxsize=64)
def _in_cells(count: int) -> sa.CompoundSelect[Any]:
    """For so many cells. Names: `cell_0` …, `each`, `skip` and those of `_sought`."""
    picks = [
        sa.select(*_OPEN)
        .where(*_SOUGHT, members.c.cell == sa.bindparam(f"cell_{place}"))
        .order_by(*HELPFUL_ORDER)
        .limit(sa.bindparam("each", type_=sa.Integer))
        .offset(sa.bindparam("skip", type_=sa.Integer))
        .subquery()
        for place in range(count)
    ]
    return sa.union_all(*(sa.select(pick) for pick in picks))


@lru_cache(maxsize=64)
def _in_ranges(count: int) -> sa.CompoundSelect[Any]:
    """For so many ranges. Names: `first_0`, `last_0` … and those of `_sought`."""
    # One select a range: an OR of ranges would have SQLite read every helper of the group.
    return sa.union_all(
        *(
            sa.select(*_OPEN).where(
                *_SOUGHT,
                members.c.cell.between(sa.bindparam(f"first_{n}"), sa.bindparam(f"last_{n}")),
            )
            for n in range(count)
        )
    )


_OPEN = [column for column in members.c if not column.name.startswith("sealed_")]

_SOUGHT = (
    members.c.helping,
    members.c.community_id == sa.bindparam("community"),
    members.c.can_do.bitwise_and(sa.bindparam("need_bit", type_=sa.Integer)) != 0,
    members.c.stretches.bitwise_and(sa.bindparam("when_bits", type_=sa.Integer)) != 0,
)


def _sought(community_id: int, need: Need, when: int) -> dict[str, int]:
    return {"community": community_id, "need_bit": NEED_BIT[need], "when_bits": when}


async def loads(
    tx: Transaction, member_ids: Sequence[int], since: datetime
) -> dict[int, tuple[int, int]]:
    """For each member with any: (visits under way, visits begun since that moment)."""
    found: dict[int, tuple[int, int]] = {}
    for at in range(0, len(member_ids), MOST_VALUES):
        values = {"members": member_ids[at : at + MOST_VALUES], "since": since}
        rows = (await tx.run(_loads(), values)).rows
        found |= {row["helper_id"]: (int(row["live"]), int(row["week"])) for row in rows}
    return found


@cache
def _loads() -> sa.Select[Any]:
    live = visits.c.status.in_(LIVE_VISIT)
    lately = visits.c.created_at >= sa.bindparam("since", type_=visits.c.created_at.type)
    return (
        sa.select(
            visits.c.helper_id,
            sa.func.sum(sa.case((live, 1), else_=0)).label("live"),
            sa.func.sum(sa.case((lately, 1), else_=0)).label("week"),
        )
        .where(
            among(visits.c.helper_id, "members"),
            visits.c.status.in_((*LIVE_VISIT, "done")),
            sa.or_(lately, live),
        )
        .group_by(visits.c.helper_id)
    )


async def waves_since(tx: Transaction, community_id: int, since: datetime) -> list[Waves]:
    """What came of this group's waves for what was asked at that moment or later, and of the last
    `RECORD` of that, for each size of them.

    Only of those that are over. One sent while another was being waited for, from which the yes
    came then, tells nothing; nor does one for what is not needed any more.
    """
    rows = (await tx.run(_waves(), {"community": community_id, "since": since})).rows
    return [Waves(row["size"], row["sent"], int(row["heard"])) for row in rows]


RECORD = 200
"""Requests that say how willing people are: more say the same, and in a busy county are a million
rows to count for each wave."""


@cache
def _waves() -> sa.Select[Any]:
    recent = (
        sa.select(requests.c.id, requests.c.status)
        .where(
            requests.c.community_id == sa.bindparam("community", type_=requests.c.id.type),
            requests.c.created_at >= sa.bindparam("since", type_=requests.c.created_at.type),
        )
        .order_by(requests.c.created_at.desc())
        .limit(RECORD)
        .subquery()
    )
    accepted, taken = offers.c.status == "accepted", offers.c.status == "taken"
    heard = sa.func.max(sa.case((accepted, 1), else_=0))
    # Of each request, the first wave from which somebody came: in the same look at its offers.
    first = sa.func.min(sa.func.min(sa.case((accepted, offers.c.wave)))).over(
        partition_by=offers.c.request_id
    )
    each = (
        sa.select(
            offers.c.wave,
            recent.c.status,
            sa.func.count().label("size"),
            heard.label("heard"),
            sa.func.max(sa.case((taken, 1), else_=0)).label("taken"),
            first.label("first"),
        )
        .select_from(offers.join(recent, recent.c.id == offers.c.request_id))
        .group_by(offers.c.request_id, offers.c.wave, recent.c.status)
        .subquery()
    )
    over = sa.or_(
        each.c.wave <= each.c.first,
        sa.and_(each.c.first.is_(None), each.c.taken == 0, each.c.status != "open"),
    )
    return (
        sa.select(
            each.c.size, sa.func.count().label("sent"), sa.func.sum(each.c.heard).label("heard")
        )
        .where(over)
        .group_by(each.c.size)
        .order_by(each.c.size)
    )


async def away(tx: Transaction, community_id: int) -> dict[str, int]:
    """How many helpers of a group can't be asked at all just now, by the first reason."""
    reason = sa.case(
        (members.c.standing == Standing.WAITING.value, "waiting"),
        (members.c.unreachable != "", "unreachable"),
        (members.c.paused_until.is_not(None), "paused"),
        else_="off_duty",
    ).label("reason")
    rows = await tx.all(
        sa.select(reason, sa.func.count().label("n"))
        .where(
            members.c.community_id == community_id,
            members.c.roles.in_(roles_with(Role.HELPER)),
            members.c.standing.in_((Standing.WAITING.value, Standing.ACTIVE.value)),
            members.c.stopped_at.is_(None),
            ~members.c.helping,
        )
        .group_by(reason)
    )
    return {row["reason"]: row["n"] for row in rows}


# How people feel about each other: told to nobody


async def set_bond(tx: Transaction, member_id: int, other_id: int, kind: str) -> None:
    """Remember that one is glad of the other, or would rather not meet them again."""
    insert = tx.upsert(bonds).values(member_id=member_id, other_id=other_id, kind=kind)
    await tx.run(
        insert.on_conflict_do_update(index_elements=["member_id", "other_id"], set_={"kind": kind})
    )


async def set_circle(tx: Transaction, member_id: int, idents: Sequence[int]) -> None:
    """Whom a member wants to be asked before anyone else, in this order and in place of any named
    before: these are as if nothing had been said of them."""
    gone = (bonds.c.member_id == member_id, bonds.c.kind == "first")
    await tx.run(sa.delete(bonds).where(*gone))
    for place, ident in enumerate(idents, 1):
        values = {"member_id": member_id, "other_id": ident, "kind": "first", "place": place}
        insert = tx.upsert(bonds).values(**values)
        await tx.run(
            insert.on_conflict_do_update(index_elements=["member_id", "other_id"], set_=values)
        )


async def circle_of(tx: Transaction, member_id: int) -> list[int]:
    """Whom a member wants to be asked before anyone else, in their order."""
    rows = await tx.rows(bonds, member_id=member_id, kind="first")
    return [row["other_id"] for row in sorted(rows, key=lambda row: (row["place"], row["id"]))]


async def bonds_by(tx: Transaction, member_id: int) -> list[tuple[str, int]]:
    """What a member has said of others: the kind and of whom, in their order."""
    rows = await tx.all(
        sa.select(bonds.c.kind, bonds.c.other_id)
        .where(bonds.c.member_id == member_id)
        .order_by(bonds.c.place, bonds.c.id)
    )
    return [(row["kind"], row["other_id"]) for row in rows]


async def bond(tx: Transaction, member_id: int, other_id: int) -> str:
    """What one has said of the other; empty if nothing yet."""
    row = await tx.row(bonds, member_id=member_id, other_id=other_id)
    return str(row["kind"]) if row else ""


async def bonds_of(tx: Transaction, member_id: int) -> dict[int, set[str]]:
    """Everybody tied to a member: who they are glad of (`glad`, `first`, `not_again`), and who
    says so of them (`glad_of_them`, …)."""
    found: dict[int, set[str]] = {}
    for row in (await tx.run(_bonds_of(), {"member": member_id})).rows:
        if row["member_id"] == member_id:
            found.setdefault(row["other_id"], set()).add(row["kind"])
        else:
            found.setdefault(row["member_id"], set()).add(f"{row['kind']}_of_them")
    return found


@cache
def _bonds_of() -> sa.Select[Any]:
    member = sa.bindparam("member", type_=bonds.c.member_id.type)
    return sa.select(bonds).where(sa.or_(bonds.c.member_id == member, bonds.c.other_id == member))


# To and from rows


def address_row(tx: Transaction, member_id: int, address: Address) -> dict[str, Any]:
    """An address as it is kept. The member's key must be there (`tx.load_keys`)."""
    return {
        "member_id": member_id,
        "channel": address.channel.value,
        "lane": tx.vault.fingerprint(address.channel, address.value),
        "sealed_value": tx.keys[member_id].seal(address.value),
    }


def key_row(tx: Transaction, member_id: int, key: bytes) -> dict[str, Any]:
    """A new member's key as it is kept; from here on their words can be sealed."""
    tx.keys[member_id] = Seal(key)
    return {"member_id": member_id, "wrapped": tx.vault.wrap(member_id, key)}


def with_keys() -> sa.Select[Any]:
    """Members, each with the key that opens what is sealed of them."""
    theirs = member_keys.c.member_id == members.c.id
    return sa.select(members, member_keys.c.wrapped).join_from(
        members, member_keys, theirs, isouter=True
    )


def needs_to_bits(needs: Iterable[Need]) -> int:
    return sum(NEED_BIT[need] for need in set(needs) if need in NEED_BIT)


def to_row(key: Seal, member: Member) -> dict[str, Any]:
    seal = key.seal
    return {
        "community_id": member.community_id,
        "standing": member.standing.value,
        "sealed_name": seal(member.name),
        "language": member.language,
        "languages": ",".join(member.languages),
        "roles": ",".join(sorted(member.roles)),
        "sealed_home": seal(member.home),
        "sealed_postcode": seal(member.postcode),
        "cell": member.cell,
        "area": member.area,
        "can_do": needs_to_bits(member.can_do),
        "max_km": member.max_km,
        "vetted_until": member.vetted_until,
        "vetting": member.vetting.value if member.vetting else "",
        "vetting_at": member.vetting_at,
        "hours": hours.written(member.hours),
        "stretches": hours.stretches(member.hours),
        "on_duty": member.on_duty,
        "paused_until": member.paused_until,
        "weekly_cap": member.weekly_cap,
        "at_once_cap": member.at_once_cap,
        "rested_at": member.rested_at,
        "visits": member.visits,
        "consent": member.consent,
        "appeals": member.appeals,
        "stopped_at": member.stopped_at,
        "unreachable": member.unreachable,
        "retry_at": member.retry_at,
        "retried_at": member.retried_at,
        "half_way_at": member.half_way_at,
        "forget_at": member.forget_at,
        "used_at": member.used_at,
        "unused_at": member.unused_at,
        "helping": all(holds(member) for holds in _HELPING.values()),
    }


def from_row(tx: Transaction, row: Row) -> Member:
    """The member of a row of `with_keys`."""
    unseal = tx.learn_key(row["id"], row["wrapped"]).open
    member = replace(
        _without_seals(row),
        name=unseal(row["sealed_name"]),
        home=unseal(row["sealed_home"]),
        postcode=unseal(row["sealed_postcode"]),
    )
    tx.read.setdefault(("members", member.id), member)
    return member


def _without_seals(row: Row) -> Member:
    return Member(
        id=row["id"],
        community_id=row["community_id"],
        standing=Standing(row["standing"]),
        language=row["language"],
        languages=tuple(filter(None, row["languages"].split(","))),
        roles=frozenset(Role(role) for role in row["roles"].split(",") if role),
        cell=row["cell"],
        area=row["area"],
        can_do=frozenset(need for need, bit in NEED_BIT.items() if row["can_do"] & bit),
        max_km=row["max_km"],
        vetted_until=row["vetted_until"],
        vetting=Vetting(row["vetting"]) if row["vetting"] else None,
        vetting_at=row["vetting_at"],
        hours=hours.read(row["hours"]) if row["hours"] else (),
        on_duty=row["on_duty"],
        paused_until=row["paused_until"],
        weekly_cap=row["weekly_cap"],
        at_once_cap=row["at_once_cap"],
        rested_at=row["rested_at"],
        visits=row["visits"],
        consent=row["consent"],
        appeals=row["appeals"],
        stopped_at=row["stopped_at"],
        unreachable=row["unreachable"],
        retry_at=row["retry_at"],
        retried_at=row["retried_at"],
        half_way_at=row["half_way_at"],
        forget_at=row["forget_at"],
        used_at=row["used_at"],
        unused_at=row["unused_at"],
    )
