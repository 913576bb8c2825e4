"""People's keys as they are kept apart from backups, and another secret key for everything."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from storage import audit, guards, keepsakes, rights
from storage import members as people
from storage.database import Transaction
from storage.model import Channel, InboundKind, InboundMessage, Standing
from storage.schema import (
    addresses,
    broadcast_texts,
    broadcasts,
    inbox,
    invites,
    links,
    member_keys,
    members,
    outbox,
    questions,
    streets,
)
from storage.schema import guards as guards_table
from storage.vault import DESTROYED, Vault, WrongKeyError

CHUNK = 500
"""Rows a transaction."""

MADE = "backup.made"
"""Where a backup keeps when it was made."""


async def written(tx: Transaction, now: datetime) -> str:
    """Every key that there is, wrapped, as the keys' file holds them."""
    rows = await tx.all(sa.select(member_keys).order_by(member_keys.c.member_id))
    kept = {row["member_id"]: row["wrapped"].hex() for row in rows if row["wrapped"] != DESTROYED}
    return json.dumps({"made": now.isoformat(), "keys": kept}, indent=0)


class NotKeysError(Exception):
    """What is wrong with a file of keys, to be put after its name."""


async def put_back(tx: Transaction, text: str, now: datetime) -> tuple[int, int]:
    """Put the keys of a keys' file into a database that came from a backup; whoever is in the
    backup and has no key any more was forgotten since, and is forgotten once more. How many keys,
    and how many were forgotten.

    Raises:
        NotKeysError: if it is no such file, or older than the backup.
        WrongKeyError: if the keys were wrapped with another secret key.
    """
    try:
        found = json.loads(text)
        made = datetime.fromisoformat(found["made"])
        keys = {int(ident): bytes.fromhex(wrapped) for ident, wrapped in found["keys"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotKeysError("is no file of keys") from None
    backup = await keepsakes.recall(tx, MADE)
    if backup and made < datetime.fromisoformat(backup):
        raise NotKeysError("is older than the backup: people who joined between would be lost")
    rows = await tx.all(sa.select(members.c.id, members.c.standing).order_by(members.c.id))
    idents = [row["id"] for row in rows]
    for ident in idents:
        wrapped = keys.get(ident, DESTROYED)
        tx.vault.unwrap(ident, wrapped)
    await tx.run(sa.delete(member_keys))
    for at in range(0, len(idents), CHUNK):
        chunk = idents[at : at + CHUNK]
        values = [{"member_id": one, "wrapped": keys.get(one, DESTROYED)} for one in chunk]
        await tx.run(sa.insert(member_keys), values)
    tx.keys = {None: tx.vault}
    gone = [row["id"] for row in rows if row["id"] not in keys]
    since = [
        row["id"]
        for row in rows
        if row["id"] not in keys and row["standing"] != Standing.FORGOTTEN.value
    ]
    for ident in since:
        await rights.forget(tx, await people.get(tx, ident), now)
        await audit.note(tx, now, "forgotten", "member", ident, restored=True)
    return len(idents) - len(gone), len(since)


# Another secret key


ROTATION = "rotation"
"""How far a change of the secret key has got: the table's place in `_STEPS`, and a row's id."""

Row = Mapping[str, Any]


async def rotate(tx: Transaction, old: Vault, step: Callable[[int], None]) -> bool:
    """Bring some more rows from the old secret key to the one of this transaction's vault; whether
    that was all. What was done is kept with how far it has got, so that it can be gone on with.

    Raises:
        WrongKeyError: if a row was sealed with neither key.
    """
    place, last, done = _progress(await keepsakes.recall(tx, ROTATION), tx.vault)
    if place >= len(_STEPS):
        return True
    table, change = _STEPS[place]
    ident = table.primary_key.columns[0]
    rows = await tx.all(sa.select(table).where(ident > last).order_by(ident).limit(CHUNK))
    for row in map(dict, rows):
        key = old if table is member_keys else await tx.key_of(row.get("member_id"))
        values = change(tx.vault, old, row, key)
        if values is None:
            await tx.run(sa.delete(table).where(ident == row[ident.name]))
        elif values:
            await tx.run(sa.update(table).where(ident == row[ident.name]).values(**values))
    done += len(rows)
    if len(rows) < CHUNK:
        place, last = place + 1, 0
    else:
        last = rows[-1][ident.name]
    if place == len(_STEPS):
        kept = await keepsakes.recall(tx, audit.KEY)
        if kept:
            again = _again(tx.vault, old, bytes.fromhex(kept))
            await keepsakes.keep(tx, audit.KEY, again.hex())
    await keepsakes.keep(tx, ROTATION, f"{place} {last} {done} {_mark(tx.vault)}")
    step(done)
    return False


async def unfinished(tx: Transaction) -> bool:
    """Whether a change of the secret key has begun and not come to its end."""
    place = (await keepsakes.recall(tx, ROTATION)).partition(" ")[0]
    return bool(place) and int(place) < len(_STEPS)


async def rows_to_rotate(tx: Transaction) -> int:
    """How many rows a change of the secret key looks at."""
    counts = [sa.select(sa.func.count()).select_from(table) for table, _ in _STEPS]
    return sum([int(await tx.value(count) or 0) for count in counts])


def _mark(vault: Vault) -> str:
    return vault.fingerprint("rotation")


def _progress(kept: str, vault: Vault) -> tuple[int, int, int]:
    place, last, done, mark = (*kept.split(), "", "", "", "")[:4]
    if mark != _mark(vault):
        return 0, 0, 0  # to another key, the last time
    return int(place), int(last), int(done)


def _again(new: Vault, old: Vault, sealed: bytes) -> bytes:
    """The same under the new key; as it is, where it is under that already."""
    if not sealed:
        return b""
    try:
        return new.seal(old.open(sealed))
    except WrongKeyError:
        new.open(sealed)
        return sealed


def _keys(new: Vault, old: Vault, row: Row, _: Any) -> dict[str, Any]:
    ident, wrapped = row["member_id"], row["wrapped"]
    if wrapped == DESTROYED:
        return {}
    try:
        return {"wrapped": new.wrap(ident, old.unwrap(ident, wrapped))}
    except WrongKeyError:
        new.unwrap(ident, wrapped)
        return {}


def _address(new: Vault, old: Vault, row: Row, key: Any) -> dict[str, Any]:
    return {"lane": new.fingerprint(row["channel"], key.open(row["sealed_value"]))}


def _common(*columns: str) -> Any:
    """Columns that are under the common key."""

    def change(new: Vault, old: Vault, row: Row, _: Any) -> dict[str, Any]:
        return {name: _again(new, old, row[name]) for name in columns}

    return change


def _street(new: Vault, old: Vault, row: Row, _: Any) -> dict[str, Any]:
    sealed = _again(new, old, row["sealed_chat"])
    lane = new.fingerprint(row["channel"], new.open(sealed))
    return {"sealed_chat": sealed, "lane": lane}


def _message(who: str, column: str) -> Any:
    """A message or question, and the lane of whom it is from or to."""

    def change(new: Vault, old: Vault, row: Row, key: Any) -> dict[str, Any]:
        values: dict[str, Any] = {}
        sealed = row[column]
        if row["member_id"] is None and sealed:
            sealed = values[column] = _again(new, old, sealed)
            key = new
        facts = key.open_json(sealed) if sealed else {}
        if row["lane"]:
            channel = row.get("channel")
            value = facts.get(who, "")
            values["lane"] = new.fingerprint(channel, value) if channel and value else ""
        if "print" in row:
            said = {"text": "", **facts, "kind": facts.get("kind", "other")}
            values["print"] = _print(new, row, said)
        return values

    return change


def _print(new: Vault, row: Row, facts: Mapping[str, Any]) -> str:
    message = InboundMessage(
        channel=Channel(row["channel"]),
        provider_id="",
        chat="",
        sender="",
        kind=InboundKind(facts["kind"]),
        text=facts["text"],
    )
    same = guards.sameness(message)
    return new.fingerprint("words", same) if same else ""


def _gone(new: Vault, old: Vault, row: Row, _: Any) -> None:
    """What can't be made anew, and does not matter for long: guards and codes."""


_STEPS: Sequence[tuple[sa.Table, Any]] = (
    (member_keys, _keys),
    (addresses, _address),
    (streets, _street),
    (
        broadcasts,
        _common("sealed_audience", "sealed_answers", "sealed_urgent", "sealed_code"),
    ),
    (broadcast_texts, _common("sealed_text")),
    (questions, _message("chat", "sealed_choices")),
    (outbox, _message("chat", "sealed_message")),
    (inbox, _message("sender", "sealed_message")),
    (guards_table, _gone),
    (links, _gone),
    (invites, _gone),
)
"""Every table in which something hangs on the secret key, and what is to stand there instead; none:
the row goes."""
