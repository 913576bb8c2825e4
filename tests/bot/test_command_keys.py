"""Backups without keys, keys put back, another secret key, and who is forgotten by hand."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.commands.terminal import run
from storage import audit, groups, guards, keys, members, messages, questions, requests, rights
from storage.database import Database, open_database
from storage.model import Address, Channel, Choice, Role, Standing
from storage.schema import audit as audit_table
from storage.schema import inbox, member_keys, outbox
from storage.vault import Vault, WrongKeyError
from tests.bot.command import KEY, Popround
from tests.made import NOW, ROSA, asker, group, helper, inbound, joined, outbound, request

NEW = "another-secret-key-for-tests-0123456789"
SAM, OLIVE = "+447700900111", "+447700900222"


@pytest.fixture
def popround(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Popround:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POPROUND_SECRET_KEY", KEY)
    monkeypatch.setenv("POPROUND_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/popround.db")
    called = Popround(capfd)
    called.well("migrate")
    run(lived(tmp_path))
    return called


def opened(folder: Path, secret: str = KEY) -> Database:
    return open_database(f"sqlite+aiosqlite:///{folder}/popround.db", Vault(secret))


async def lived(folder: Path) -> None:
    database = opened(folder)
    async with database.transaction() as tx:
        await group(tx)
        rosa = await joined(tx, asker(name="Rosa Zebedee"), Address(Channel.SMS, ROSA))
        await joined(tx, helper(roles=frozenset({Role.HELPER})), Address(Channel.SMS, SAM))
        await joined(tx, asker(name="Olive Stays"), Address(Channel.SMS, OLIVE))
        await requests.add(tx, request(asker_id=rosa.id, words="purple marmalade"))
        told = await messages.queue(tx, outbound(chat=SAM, member_id=2, text="Rosa Zebedee waits"))
        await messages.withdraw(tx, told)
        await messages.queue(tx, outbound(chat=OLIVE, member_id=3, text="to go yet"))
        await audit.note(tx, NOW, "left", "member", 9)
        await audit.chain(tx)
    await database.close()


def test_a_backup_has_no_keys_and_is_restored_with_them(popround: Popround, tmp_path: Path) -> None:
    popround.well("backup", "one.db")
    kept = json.loads(Path("popround-keys.json").read_text())
    assert sorted(kept["keys"]) == ["1", "2", "3"]
    wrapped = [bytes.fromhex(each) for each in kept["keys"].values()]
    data = Path("one.db").read_bytes()
    assert not any(one in data for one in wrapped)
    assert Path("one.db").stat().st_mode & 0o077 == 0
    with sqlite3.connect("one.db") as copy:
        assert copy.execute("SELECT count(*) FROM member_keys").fetchone() == (0,)
        left = copy.execute("SELECT count(*) FROM outbox WHERE length(sealed_message) > 0")
        assert left.fetchone() == (1,)
    for path in tmp_path.glob("popround.db*"):
        path.unlink()
    assert "3 people" in popround.well("restore", "--keys", "popround-keys.json", "one.db")
    assert run(names(tmp_path)) == ["Rosa Zebedee", "Sam Hill", "Olive Stays"]


def test_who_was_forgotten_since_stays_forgotten(popround: Popround, tmp_path: Path) -> None:
    popround.well("backup", "old.db")
    run(forgets(tmp_path, 1))
    popround.well("backup", "new.db")
    for path in tmp_path.glob("popround.db*"):
        path.unlink()
    assert "1 person asked" in popround.well("restore", "--keys", "popround-keys.json", "old.db")
    assert run(names(tmp_path)) == ["", "Sam Hill", "Olive Stays"]
    said = run(held(tmp_path))
    assert not any("Zebedee" in each or "marmalade" in each for each in said), said


def test_keys_that_are_older_than_the_backup_are_refused(
    popround: Popround, tmp_path: Path
) -> None:
    popround.well("backup", "one.db", "--keys", "old.json")
    popround.well("backup", "two.db")
    for path in tmp_path.glob("popround.db*"):
        path.unlink()
    assert "older than the backup" in popround("restore", "--keys", "old.json", "two.db").complaint
    assert not Path("popround.db").exists()  # nothing half restored
    Path("no.json").write_text("[]")
    assert "no file of keys" in popround("restore", "--keys", "no.json", "two.db").complaint
    popround.well("restore", "--keys", "popround-keys.json", "two.db")
    assert "there already" in popround("restore", "--keys", "no.json", "two.db").complaint


async def names(folder: Path, secret: str = KEY) -> list[str]:
    database = opened(folder, secret)
    async with database.transaction() as tx:
        found = [one.name for one in await members.of_community(tx, 1)]
    await database.close()
    return found


async def forgets(folder: Path, ident: int) -> None:
    database = opened(folder)
    async with database.transaction() as tx:
        await rights.forget(tx, await members.get(tx, ident), NOW)
    await database.close()


async def held(folder: Path) -> list[str]:
    """All that can be read of messages and requests."""
    database = opened(folder)
    found = []
    async with database.transaction() as tx:
        for row in await tx.all(sa.select(outbox)):
            found.append((await messages.from_row(tx, row)).text)
        found += [each.words for each in await requests.of_community(tx, 1)]
    await database.close()
    return found


def test_another_secret_key_opens_everything_and_the_old_one_nothing(
    popround: Popround, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "POPROUND_OLD_SECRET_KEY" in popround("rotate-key").complaint
    run(more(tmp_path))
    monkeypatch.setattr(keys, "CHUNK", 1)
    monkeypatch.setenv("POPROUND_SECRET_KEY", NEW)
    monkeypatch.setenv("POPROUND_OLD_SECRET_KEY", KEY)
    done = keys.rotate
    calls = 0

    async def interrupted(*arguments: object) -> bool:
        nonlocal calls
        calls += 1
        if calls == 6:
            raise KeyboardInterrupt
        return await done(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(keys, "rotate", interrupted)
        assert popround("rotate-key").complaint == "Stopped."
    # Half-way nothing else may work on it: nobody would be found by their number.
    assert "not come to its end" in popround("groups", "list").complaint
    assert "under the new secret key" in popround.well("rotate-key")
    assert run(names(tmp_path, NEW)) == ["Rosa Zebedee", "Sam Hill", "Olive Stays"]
    run(all_there(tmp_path))
    popround.well("audit", "verify")
    with pytest.raises(WrongKeyError):
        run(names(tmp_path, KEY))
    monkeypatch.setenv("POPROUND_SECRET_KEY", KEY)
    monkeypatch.delenv("POPROUND_OLD_SECRET_KEY")
    assert popround("groups", "list").code == 1


async def more(folder: Path) -> None:
    database = opened(folder)
    async with database.transaction() as tx:
        await groups.add_street(tx, 1, Address(Channel.TELEGRAM, "-100"))
        await messages.keep_inbound(tx, [inbound("SM1"), inbound("SM2", chat="+447700900999")], NOW)
        await messages.queue(tx, outbound(chat="+447700900999", text="to nobody's member"))
        await questions.put(
            tx,
            kind="card",
            member_id=None,
            to=Address(Channel.TELEGRAM, "-100"),
            ref=1,
            choices=[Choice("accept", "I'll do it")],
            now=NOW,
        )
    await database.close()


async def all_there(folder: Path) -> None:
    database = opened(folder, NEW)
    async with database.transaction() as tx:
        assert (await members.find(tx, Address(Channel.SMS, ROSA))).id == 1  # type: ignore[union-attr]
        assert await groups.street_community(tx, Address(Channel.TELEGRAM, "-100")) == 1
        assert [a.value for a in await groups.street_chats(tx, 1)] == ["-100"]
        texts = {(await messages.from_row(tx, row)).text for row in await tx.all(sa.select(outbox))}
        assert texts == {"Rosa Zebedee waits", "to go yet", "to nobody's member"}
        assert (await questions.about(tx, "card", 1))[0].chat == "-100"
        seen = await tx.all(sa.select(inbox).order_by(inbox.c.id))
        stranger = tx.vault.fingerprint(Channel.SMS, "+447700900999")
        assert [row["lane"] for row in seen] == [
            tx.vault.fingerprint(Channel.SMS, ROSA),
            stranger,
        ]
        assert {row["print"] for row in seen} == {guards.print_of(tx, inbound("SM1"))}
        lanes = {row["lane"] for row in await tx.all(sa.select(outbox.c.lane))}
        assert stranger in lanes
        waiting = await messages.next_inbound(tx)
        assert waiting and waiting.message.text == "hello"
    await database.close()


def test_somebody_is_forgotten_by_hand(popround: Popround, tmp_path: Path) -> None:
    in_group = ("--group", "Marsden Neighbours", "--yes")
    assert "Nobody in" in popround("members", "forget", "Nora", *in_group).complaint
    assert "own texts" not in popround.well("members", "forget", "07700 900123", *in_group)
    assert "already" in popround("members", "forget", "rosa zebedee", *in_group).complaint
    popround.well("texts", "set", "info", "Sam runs it.", "--group", "Marsden Neighbours")
    assert "own texts may still name them: en:info" in popround.well(
        "members", "forget", "#2", *in_group
    )

    async def asked() -> list[Standing]:
        database = opened(tmp_path)
        async with database.transaction() as tx:
            found = [one.standing for one in await members.of_community(tx, 1)]
            rows = await tx.all(
                sa.select(audit_table.c.subject_id).where(audit_table.c.action == "forget_asked")
            )
            assert [row["subject_id"] for row in rows] == [1, 2]
            assert await tx.value(sa.select(sa.func.count()).select_from(member_keys)) == 3
        await database.close()
        return found

    assert run(asked()) == [Standing.LEFT, Standing.LEFT, Standing.ACTIVE]
