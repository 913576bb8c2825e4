"""Neighbourhood groups, their street chats, and invitations to be somebody in them."""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping
from datetime import datetime, time, timedelta

import sqlalchemy as sa

from storage.database import Transaction
from storage.model import Address, Channel, Community, Need, Role, Vetting
from storage.ready import Row
from storage.schema import communities, invites, streets

INVITE_DAYS = 7
CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without I, O, 0 and 1, which are mistaken for each other when read out."""
CODE_LENGTH = 10
"""32**10 is 2**50: with a limit on tries, not to be guessed in the week that a code lives."""


class NameTakenError(Exception):
    """There is already a group of that name."""


async def add(tx: Transaction, community: Community) -> Community:
    """Keep a new group (its `id` is ignored).

    Raises:
        NameTakenError: if the name is taken.
    """
    if await by_name(tx, community.name):
        raise NameTakenError(community.name)
    ident = await tx.add(
        communities,
        name=community.name,
        timezone=community.timezone,
        languages=",".join(community.languages),
        postcodes=",".join(community.postcodes),
        approve_helpers=community.approve_helpers,
        quiet_from=community.quiet_from.strftime("%H:%M"),
        quiet_until=community.quiet_until.strftime("%H:%M"),
        money_cap=community.money_cap,
        note_at=_hour(community.note_at),
        daily_cap=community.daily_cap,
        texts=dict(community.texts),
        vetting=dict(community.vetting),
    )
    found = await get(tx, ident)
    assert found
    return found


async def get(tx: Transaction, ident: int) -> Community | None:
    row = await tx.row(communities, id=ident)
    return _community(row) if row else None


async def by_name(tx: Transaction, name: str) -> Community | None:
    """The group of that name, however it is capitalised."""
    wanted = sa.func.lower(communities.c.name) == name.strip().lower()
    row = await tx.one(sa.select(communities).where(wanted))
    return _community(row) if row else None


async def every(tx: Transaction) -> list[Community]:
    return [_community(row) for row in await tx.rows(communities)]


async def serving(tx: Transaction, postcode: str) -> Community | None:
    """The group whose area a postcode lies in: the one with the longest prefix that fits, then one
    that serves everywhere."""
    best, length = None, -1
    for community in await every(tx):
        if not community.postcodes and length < 0:
            best, length = community, 0
        for prefix in community.postcodes:
            if serves(prefix, postcode) and len(prefix) > length:
                best, length = community, len(prefix)
    return best


def serves(prefix: str, postcode: str) -> bool:
    """Whether a postcode lies in a district (`HD7`) or a sector (`HD7 5`). HD7 is not HD70."""
    outward, _, inward = postcode.partition(" ")
    wanted, _, sector = prefix.partition(" ")
    return outward == wanted and inward.startswith(sector)


async def one_at_a_time(tx: Transaction, community_id: int) -> None:
    """From now to the commit nobody else is past this point for that group: whoever comes later
    waits, and then sees what we did."""
    await tx.row(communities, lock=True, id=community_id)


async def set_text(
    tx: Transaction, community_id: int, language: str, name: str, words: str | None
) -> None:
    """Let a group say something in its own words; none: in the catalogue's again."""
    row = await tx.one(
        sa.select(communities.c.texts).where(communities.c.id == community_id).with_for_update()
    )
    assert row
    texts = {**row["texts"]}
    texts.pop(f"{language}:{name}", None)
    if words is not None:
        texts[f"{language}:{name}"] = words
    await tx.run(sa.update(communities).where(communities.c.id == community_id).values(texts=texts))


async def set_note_at(tx: Transaction, community_id: int, at: time | None) -> None:
    """When the group's organisers want the daily note; none: not at all."""
    await tx.run(
        sa.update(communities).where(communities.c.id == community_id).values(note_at=_hour(at))
    )


async def set_daily_cap(tx: Transaction, community_id: int, parts: int | None) -> None:
    """How many parts of texts the group may send in a day; none: as many as the settings say."""
    await tx.run(
        sa.update(communities).where(communities.c.id == community_id).values(daily_cap=parts)
    )


async def set_vetting(tx: Transaction, community_id: int, vetting: Mapping[Need, Vetting]) -> None:
    """What a helper must at least be vetted for; what is not named needs none."""
    await tx.run(
        sa.update(communities)
        .where(communities.c.id == community_id)
        .values(vetting={need.value: level.value for need, level in vetting.items()})
    )


def _hour(at: time | None) -> str | None:
    return at.strftime("%H:%M") if at else None


def _community(row: Row) -> Community:
    return Community(
        id=row["id"],
        name=row["name"],
        timezone=row["timezone"],
        languages=tuple(row["languages"].split(",")),
        postcodes=tuple(filter(None, row["postcodes"].split(","))),
        approve_helpers=row["approve_helpers"],
        quiet_from=time.fromisoformat(row["quiet_from"]),
        quiet_until=time.fromisoformat(row["quiet_until"]),
        money_cap=row["money_cap"],
        note_at=time.fromisoformat(row["note_at"]) if row["note_at"] else None,
        daily_cap=row["daily_cap"],
        texts=row["texts"],
        vetting={Need(need): Vetting(level) for need, level in row["vetting"].items()},
    )


async def make_invite(tx: Transaction, community_id: int, role: Role, now: datetime) -> str:
    """A new code, as it is to be given to the person: it is kept nowhere in the clear."""
    code = new_code(secrets.SystemRandom())
    await tx.add(
        invites,
        community_id=community_id,
        role=role.value,
        code_print=tx.vault.fingerprint("invite", code),
        expires_at=now + timedelta(days=INVITE_DAYS),
    )
    return shown(code)


def new_code(chance: random.Random) -> str:
    """A code that nobody guesses, and that is no word which somebody may write. `chance`: one that
    nobody can foresee."""
    code = ""
    while not any(c.isdigit() for c in code):
        code = "".join(chance.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    return code


def shown(code: str) -> str:
    """A code as it is written down."""
    return f"{code[:5]}-{code[5:]}"


async def open_invites(tx: Transaction, community_id: int, role: Role, now: datetime) -> int:
    """How many codes for a role are out and still good."""
    count = (
        sa.select(sa.func.count())
        .select_from(invites)
        .where(
            invites.c.community_id == community_id,
            invites.c.role == role.value,
            invites.c.used_at.is_(None),
            invites.c.expires_at > now,
        )
    )
    return int(await tx.value(count) or 0)


def as_code(text: str) -> str | None:
    """The code that a message consists of (with or without the dash or capitals), or none."""
    squeezed = "".join(text.split()).replace("-", "").upper()
    fits = len(squeezed) == CODE_LENGTH and set(squeezed) <= set(CODE_LETTERS)
    return squeezed if fits and any(c.isdigit() for c in squeezed) else None


def is_shown_code(text: str) -> bool:
    """Whether a message is a code just as it is written down: nothing else looks like that."""
    return as_code(text) is not None and text.strip().upper() == shown(as_code(text) or "")


async def use_invite(
    tx: Transaction, code: str, member_id: int, now: datetime
) -> tuple[int, Role] | None:
    """Spend a code: the group's id and the role it gives, or none if it is not good (any more)."""
    spend = (
        sa.update(invites)
        .where(
            invites.c.code_print == tx.vault.fingerprint("invite", code),
            invites.c.used_at.is_(None),
            invites.c.expires_at > now,
        )
        .values(used_at=now, used_by=member_id)
        .returning(invites.c.community_id, invites.c.role)
    )
    row = await tx.one(spend)
    return (row["community_id"], Role(row["role"])) if row else None


async def add_street(tx: Transaction, community_id: int, chat: Address) -> None:
    """A group chat where anonymous cards may be posted."""
    values = {
        "community_id": community_id,
        "channel": chat.channel.value,
        "lane": tx.vault.fingerprint(chat.channel, chat.value),
        "sealed_chat": tx.vault.seal(chat.value),
        "active": True,
    }
    insert = tx.upsert(streets).values(**values)
    await tx.run(insert.on_conflict_do_update(index_elements=["lane"], set_=values))


async def drop_street(tx: Transaction, chat: Address) -> None:
    lane = tx.vault.fingerprint(chat.channel, chat.value)
    await tx.run(sa.update(streets).where(streets.c.lane == lane).values(active=False))


async def move_street(tx: Transaction, chat: Address, to: str) -> None:
    """The group chat has a new id."""
    lane = tx.vault.fingerprint(chat.channel, chat.value)
    await tx.run(
        sa.update(streets)
        .where(streets.c.lane == lane)
        .values(
            lane=tx.vault.fingerprint(chat.channel, to),
            sealed_chat=tx.vault.seal(to),
        )
    )


async def street_chats(tx: Transaction, community_id: int) -> list[Address]:
    rows = await tx.rows(streets, community_id=community_id, active=True)
    return [Address(Channel(row["channel"]), tx.vault.open(row["sealed_chat"])) for row in rows]


async def street_community(tx: Transaction, chat: Address) -> int | None:
    """The group that a street chat belongs to."""
    lane = tx.vault.fingerprint(chat.channel, chat.value)
    return await tx.value(  # type: ignore[no-any-return]
        sa.select(streets.c.community_id).where(streets.c.lane == lane, streets.c.active)
    )
