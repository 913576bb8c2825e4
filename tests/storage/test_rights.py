"""Who is forgotten is to be found nowhere: not in a row, the file or its WAL, not in an export."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client import generate_latest

from bot.logs import set_up_logging
from storage import audit, due, members, members_many, messages, purge, rights, worries
from storage.database import Database
from storage.members_csv import row_of, write_members
from storage.model import Address, Channel, Community, DueKind, Role, SendStatus, Standing
from storage.model_worries import Noted, WorryStatus
from storage.schema import audit as audit_table
from storage.schema import (
    broadcast_replies,
    broadcast_texts,
    inbox,
    member_keys,
    metadata,
    occasions,
    outbox,
    outlays,
    relayed,
    schedules,
)
from storage.vault import DESTROYED, WrongKeyError
from tests.made import MARSDEN, NOW, asker, group, joined, outbound
from tests.made import helper as made
from tests.stage import Stage, stage

NAME, HOUSE, NUMBER = "Zebedee Quirkwhistle", "77 Xylophone Row", "+447700900777"
WORDS = "purple marmalade for my bad left kneecap"
CANARIES = (
    "Zebedee",
    "Quirkwhistle",
    "Xylophone",
    "00777",
    "900 777",
    "marmalade",
    "kneecap",
    "HD7 5AB",
)


async def lived(on: Stage) -> None:
    """He asks, somebody goes, he is worried about, he writes all kinds of things; and others have
    his name in what they are told."""
    sam = await helper(on, "+447700900111", "Samuel Hill", Role.ORGANISER)
    for who, said in (
        (NUMBER, f"i need {WORDS} please"),
        (NUMBER, NAME),
        (NUMBER, f"{HOUSE}, HD7 5AB"),
        (NUMBER, "1"),
        (sam, "1"),
        (NUMBER, "10 pounds"),
        (NUMBER, f"tell samuel {WORDS}"),
        (sam, "tell Zebedee I shall be there soon, Zebedee"),
        (NUMBER, "i have fallen and can't get up, my bad left kneecap"),
        (sam, "{you're on it}"),
        (NUMBER, f"worry {WORDS}"),
        (NUMBER, "check on me every day at 9am"),
        (NUMBER, "MY DATA"),
    ):
        await (answers(on, who, said[1:-1]) if said[0] == "{" else writes(on, who, said))
    # What he is worried about is seen to, and closed, with a note: until then he would stay.
    async with on.bot.database.transaction() as tx:
        him = await members.find(tx, Address(Channel.SMS, NUMBER))
        assert him
        assert await rights.worry_is_open(tx, him.id)
        for worry in await worries.told_by(tx, him.id):
            await worries.note(tx, worry, NOW, Noted.CLOSED, None, f"{NAME} is well: {WORDS}")
            later = NOW + timedelta(days=900)
            over = replace(worry, status=WorryStatus.CLOSED, next_at=later)
            await worries.save(tx, over)
            await due.at(tx, DueKind.WORRY, worry.id, later)
    # Another lives in the same street, and stays; she speaks of him wherever one can.
    olive = await helper(on, "+447700900222", "Olive Stays", Role.ASKER)
    nell = await helper(on, "+447700900333", "Nell Stays")
    for who, said in (
        (olive, "i need a lift to Zebedee Quirkwhistle's on friday please"),
        (olive, "1"),
        (olive, "shopping every tuesday, as Zebedee has it"),
        (olive, "1"),
        (olive, "my neighbour Zebedee needs a hand, ring 07700 900 777 or 07700900777"),
        (sam, "tell everyone Zebedee Quirkwhistle's tea party is on friday"),
        (sam, "skip"),
    ):
        await writes(on, who, said)
    shown = [
        figures
        for text in on.twilio.handset(sam)
        for figures in re.findall(r"\b\d{4}\b", text.body)
    ]
    for who, said in (
        (sam, shown[-1]),
        (nell, "i was there once, Zebedee Quirkwhistle sang"),
    ):
        await writes(on, who, said)


async def writes(on: Stage, who: str, said: str) -> None:
    await on.twilio.texts(who, said)
    await on.settle()


async def answers(on: Stage, who: str, choice: str) -> None:
    """They send the number that stood for this in what they were asked last."""
    asked = [re.findall(rf"(\d+) (?:if )?{choice}", text.body) for text in on.twilio.handset(who)]
    await writes(on, who, next(found for found in reversed(asked) if found)[0])


async def helper(on: Stage, number: str, name: str, *roles: Role) -> str:
    async with on.bot.database.transaction() as tx:
        facts = made(
            name=name, cell=MARSDEN, roles=frozenset({Role.HELPER, *roles}), consent="2026 on paper"
        )
        await members.add(tx, facts, Address(Channel.SMS, number))
    return number


async def relayed_words(database: Database) -> int:
    async with database.transaction() as tx:
        return int(await tx.value(sa.select(sa.func.count()).select_from(relayed)) or 0)


async def forgotten(on: Stage) -> int:
    """He asks to be forgotten, and is; his number as a member."""
    await on.twilio.texts(NUMBER, "forget me")
    await on.settle()
    told = on.twilio.handset(NUMBER)[-1].body
    figures = re.search(r"\b\d{6}\b", told)
    assert figures
    await on.twilio.texts(NUMBER, figures[0])
    await on.settle()
    assert "Goodbye Zebedee" in on.twilio.handset(NUMBER)[-1].body
    async with on.bot.database.transaction() as tx:
        row = await tx.one(sa.select(audit_table).where(audit_table.c.action == "forget_asked"))
        assert row
        ident = int(row["subject_id"])
        assert (await members.get(tx, ident)).name == NAME
    return ident


async def opened(database: Database) -> list[str]:
    """Every row of every table, whatever is sealed in it opened with the keys that there are."""
    found = []
    async with database.transaction() as tx:
        keys = await tx.all(sa.select(member_keys))
        seals = [tx.vault, *(tx.learn_key(row["member_id"], row["wrapped"]) for row in keys)]
        for table in metadata.sorted_tables:
            for row in await tx.all(sa.select(table)):
                found += [f"{table.name}: {cell!r}" for cell in _clear(dict(row), seals)]
    return found


def _clear(row: dict[str, Any], seals: list[Any]) -> list[str]:
    clear = []
    for name, value in row.items():
        if name.startswith("sealed_") and value:
            for seal in seals:
                try:
                    clear.append(seal.open(value))
                except WrongKeyError:
                    continue
        clear.append(str(value))
    return clear


def found_in(texts: list[str]) -> list[str]:
    return [text for text in texts if any(canary in text for canary in CANARIES)]


async def test_nothing_of_who_is_forgotten_is_to_be_found(
    database_url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    set_up_logging("DEBUG")
    marsden = Community(0, "Marsden Neighbours", money_cap=30)
    async with stage(database_url, NOW, [marsden]) as on:
        database = on.bot.database
        await lived(on)
        assert await relayed_words(database) >= 2
        async with database.transaction() as tx:
            for table in (outlays, broadcast_texts, broadcast_replies, schedules, occasions):
                assert await tx.value(sa.select(sa.func.count()).select_from(table)), table.name
        assert len(found_in(await opened(database))) > 20
        ident = await forgotten(on)
        async with database.transaction() as tx:
            row = await tx.one(sa.select(member_keys).where(member_keys.c.member_id == ident))
            assert row
            wrapped = bytes(row["wrapped"])
            lane = tx.vault.fingerprint(Channel.SMS, NUMBER)
        assert await on_the_disk(database, tmp_path, wrapped)
        # The alarm is closed first, then his key goes.
        await answers(on, "+447700900111", "all is well")
        await on.go_to(NOW + timedelta(hours=1))
        async with database.transaction() as tx:
            shell = await members.get(tx, ident)
            assert shell.standing is Standing.FORGOTTEN
            assert not await due.of(tx, ident, DueKind.FORGET)
            kept = await tx.value(
                sa.select(member_keys.c.wrapped).where(member_keys.c.member_id == ident)
            )
            assert bytes(kept) == DESTROYED
            assert await audit.about(tx, "member", ident)  # by number, and no name
        rows = await opened(database)
        assert found_in(rows) == []
        assert not any(lane in row for row in rows)
        assert any("Olive Stays" in row for row in rows)
        clear = [canary.encode() for canary in CANARIES]
        assert not await on_the_disk(database, tmp_path, wrapped, *clear)
        out = await written_out(on)
        assert "Olive Stays" in out
        logged = "".join(capfd.readouterr())
        assert found_in([out, logged]) == []
        # Whoever writes from that number is somebody new.
        await on.twilio.texts(NUMBER, "hello")
        await on.settle()
        assert "Zebedee" not in on.twilio.handset(NUMBER)[-1].body


async def written_out(on: Stage) -> str:
    """The spreadsheet of the group, the log of who saw what, and the numbers for machines."""
    async with on.bot.database.transaction() as tx:
        everybody = await members.of_community(tx, 1)
        at = await members_many.addresses_of(tx, 1)
        sheet = write_members([row_of(one, at.get(one.id, ())) for one in everybody])
        log = str(await audit.between(tx, 1, NOW - timedelta(days=1)))
    # What is counted, and not how much: any digits may stand in a moment.
    counted = [line.rpartition(" ")[0] for line in generate_latest().decode().splitlines()]
    return sheet + log + "\n".join(counted)


async def on_the_disk(database: Database, tmp_path: Path, *what: bytes) -> bool:
    """Whether any of these stands in the file or its WAL (of PostgreSQL: in the table's file)."""
    if database.on_postgresql:
        async with database.transaction() as tx:
            async with database.engine.connect() as other:
                ended = await other.execution_options(isolation_level="AUTOCOMMIT")
                await ended.execute(sa.text("CHECKPOINT"))
            pages = await tx.value(
                sa.text("SELECT pg_read_binary_file(pg_relation_filepath('member_keys'))")
            )
        kept = [bytes(pages)]
    else:
        kept = [path.read_bytes() for path in tmp_path.glob("popround.db*")]  # noqa: ASYNC240
    return any(one in page for one in what for page in kept)


async def test_a_forgotten_key_opens_nothing_and_a_missing_one_is_said(database: Database) -> None:
    async with database.transaction() as tx:
        await group(tx)
        rosa, olive = await joined(tx, asker()), await joined(tx, asker(name="Olive"))
        sealed = tx.keys[rosa.id].seal("milk")
        await tx.run(sa.delete(member_keys).where(member_keys.c.member_id == olive.id))
        where = member_keys.c.member_id == rosa.id
        await tx.run(sa.update(member_keys).where(where).values(wrapped=DESTROYED))
    async with database.transaction() as tx:
        key = await tx.key_of(rosa.id)
        assert (key.open(sealed), key.seal("bread")) == ("", b"")
        assert (await members.get(tx, rosa.id)).name == ""
        with pytest.raises(WrongKeyError, match=f"member {olive.id} is missing"):
            await tx.key_of(olive.id)


async def test_words_of_messages_are_kept_for_seven_days(database_url: str) -> None:
    async with stage(database_url, NOW) as on:
        database = on.bot.database
        await on.twilio.texts(NUMBER, f"i need {WORDS} please")
        await on.settle()
        await on.go_to(NOW + timedelta(days=6, hours=23))
        assert await worded(database) >= 2
        await on.twilio.texts(NUMBER, "hello again")
        await on.settle()
        await on.go_to(NOW + timedelta(days=7, hours=7))
        async with database.transaction() as tx:
            kept = await tx.all(sa.select(outbox.c.created_at).where(messages.has_words(outbox)))
            assert kept
            assert all(row["created_at"] > NOW for row in kept)
            first = await messages.get(tx, 1)
            assert first and (first.text, first.status) == ("", SendStatus.DELIVERED)
        assert 0 < await worded(database) < 5


async def worded(database: Database) -> int:
    async with database.transaction() as tx:
        counts = [
            await tx.value(
                sa.select(sa.func.count()).select_from(table).where(messages.has_words(table))
            )
            for table in (inbox, outbox)
        ]
    return sum(counts)


async def test_what_has_not_gone_keeps_its_words(database: Database) -> None:
    async with database.transaction() as tx:
        for _ in range(2):
            await messages.queue(tx, outbound())
        await messages.withdraw(tx, 2)
        assert await purge.some(tx, NOW + timedelta(days=90), timedelta(days=7))
        assert (await messages.get(tx, 2)).text == ""  # type: ignore[union-attr]
        assert [m.text for m, _ in await messages.claim(tx, Channel.SMS, "me", NOW, 9, [])]
