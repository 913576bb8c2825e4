"""All that is held of one person, written down for them, on both databases."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from storage import audit, dossier, members, messages, requests, retention
from storage.database import Transaction
from storage.model import Address, Channel, SendStatus
from storage.schema import metadata
from tests.bot.command import Popround
from tests.bot.test_command_members import GROUP, within
from tests.bot.test_command_work import marsden, migrated, popround, url
from tests.made import NOW, ROSA, asker, helper, inbound, outbound, request

__all__ = ["marsden", "migrated", "popround", "url"]

SAM = "+447700900111"
WORDS = "=SUM(A1) and\nmilk, @home"


def test_whatever_speaks_of_somebody_is_in_it_or_left_out_with_a_reason() -> None:
    """A new table that points at a member, or keeps a fingerprint of their number, must be shown to
    them; or say why not."""
    speaks = {
        name
        for name, table in metadata.tables.items()
        if any(key.column.table.name == "members" for key in table.foreign_keys)
        or {"lane", "who"} & set(table.c.keys())
    }
    shown = {section.table.name for section in dossier.SECTIONS}
    assert speaks <= shown | set(dossier.LEFT_OUT), speaks - shown
    assert not shown & set(dossier.LEFT_OUT)
    of_words = {
        (rule.table, column)
        for rule in retention.TABLE
        for column in rule.columns
        if column.startswith("sealed_") and rule.table in shown
    }
    said = {(s.table.name, column) for s in dossier.SECTIONS for column in s.shown.values()}
    hidden = of_words - said
    # What an organiser wrote to all is the group's; a number that was to come back is spent; whom a
    # worry names is no more than its words say.
    assert {table for table, _ in hidden} == {"broadcasts", "check_ins", "worries"}


async def _lived(tx: Transaction) -> None:
    rosa = await members.add(tx, asker(name="Rosa Lee"), Address(Channel.SMS, ROSA))
    sam = await members.add(tx, helper(name="Sam Hill"), Address(Channel.SMS, SAM))
    await members.add(tx, asker(name="rosa lee"), Address(Channel.SMS, "+447700900222"))
    asked = await requests.add(tx, request(asker_id=rosa.id, words=WORDS))
    await requests.add_visit(tx, asked, sam.id, "BRAMBLE", NOW, NOW)
    await members.set_circle(tx, rosa.id, [sam.id])
    await members.set_bond(tx, sam.id, rosa.id, "not_again")
    await messages.keep_inbound(tx, [inbound("SM1", text=WORDS)], NOW)
    text = f"Rosa, 2 Mill Row, HD7 5AB: ring {ROSA}"
    to_sam = await messages.queue(tx, outbound(chat=SAM, member_id=sam.id, text=text))
    assert (await messages.get(tx, to_sam)).status is SendStatus.QUEUED  # type: ignore[union-attr]
    for action in ("address_shown", "phone_shown"):
        await audit.note(tx, _now(), action, "member", rosa.id, to=sam.id)
    await audit.note(tx, _now(), "worry_told", "member", rosa.id)


def _now() -> Any:
    from bot.clock import RealClock

    return RealClock().now() - timedelta(hours=1)


def test_everything_held_of_one_person_is_written_for_them_alone(
    marsden: Popround, tmp_path: Path
) -> None:
    within(_lived)
    file = tmp_path / "rosa.json"
    said = marsden.well("members", "export", "07700 900123", *GROUP, "--output", file)
    assert said.startswith("All that is held of Rosa Lee (#1)")
    assert file.stat().st_mode & 0o777 == 0o600
    held = json.loads(file.read_text(encoding="utf-8"))

    async def same(tx: Transaction) -> None:
        again = await dossier.dossier(tx, await members.get(tx, 1), NOW)
        # It reads back as it was, formulas and signs and all; but for what has been added since.
        assert {**held, "made": "", LOG: []} == {**again, "made": "", LOG: []}

    within(same)
    assert held["what they asked for"][0]["words"] == WORDS
    assert held["messages from them"][0]["words"] == WORDS
    assert held["where they are written to"][0]["address"] == ROSA
    assert held["visits to them"][0]["word for the door"] == "BRAMBLE"
    assert (held["asked first"], held["not to meet"]) == (["Sam Hill"], [])
    assert [row["what"] for row in held[LOG]] == ["address_shown", "phone_shown"]
    assert "not_again" not in file.read_text()

    text = marsden.well("members", "export", "#2", *GROUP)
    assert "name: Sam Hill" in text
    assert "words: Rosa, -, -: ring -" in text  # where she lives was his to know for the visit
    assert not any(word in text for word in ("Mill Row", ROSA, "BRAMBLE"))

    async def noted(tx: Transaction) -> list[dict[str, Any]]:
        return await audit.about(tx, "member", 1)

    row = within(noted)[-1]  # type: ignore[index]
    assert row["action"] == "member.export"
    assert row["detail"] == {"by": "command"}


LOG = "in the log of who did and saw what"


def test_who_is_meant_is_said_in_plain_words(marsden: Popround, tmp_path: Path) -> None:
    within(_lived)
    assert "Nobody in" in marsden("members", "export", "Nora", *GROUP).complaint
    assert "2 people: #1" in marsden("members", "export", "Rosa Lee", *GROUP).complaint
    nowhere = tmp_path / "no such folder" / "rosa.json"
    assert marsden("members", "export", "#1", *GROUP, "--output", nowhere).code == 1
    assert "can't" in marsden("members", "export", "#1", *GROUP, "--output", nowhere).complaint
    assert "everything that is held" in marsden.well("members", "export", "--help")
    everybody = tmp_path / "people.csv"
    marsden.well("members", "export", *GROUP, "--output", everybody)
    assert everybody.stat().st_mode & 0o777 == 0o600
