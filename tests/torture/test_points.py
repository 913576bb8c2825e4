"""Each named point at which a process may die is known, died at with SIGKILL, and survived.

Here are those that are come by only in trouble; a week comes by the others
(`tests/simulation/test_killed_week.py`).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot import app
from bot.auditor import PURGED
from bot.simulation.town import SECRET
from handlers import auditor
from storage import due, keepsakes
from storage.database import Database, open_database
from storage.schema import audit, inbox, members, outbox
from storage.schema import due as due_table
from storage.vault import Vault
from tests.bot.test_kill import until
from tests.made import NOW, ROSA
from tests.simulation.far_town import Nursery
from tests.torture import scenes, tally
from tests.torture.points import (
    COMMITS,
    KILL,
    NOW_AND_THEN,
    RARE,
    RARELY,
    READS,
    RENEWS,
    either_side,
    transactions,
)
from tests.torture.scenes import ANA, LATER, SCENES

OF = {
    "intake.Intake._count": "a_message_goes_wrong",
    "intake.Intake._failed": "a_message_goes_wrong",
    "scheduler.Scheduler._failed": "something_due_goes_wrong",
    "auditor.Auditor._repair": "a_next_step_is_lost",
    "sender.Sender._record": "a_text_is_refused",
    "sender.Sender._record_all": "several_are_sent_at_once",
    "sender.Sender._put_back": "a_claim_is_not_heard_of",
    "sender.Sender.stop": "it_is_told_to_stop",
    "unknowns.Unknowns._ask_after": "its_answer_is_lost",
    "unknowns.Unknowns._cant_ask": "its_answer_is_lost_and_cant_be_asked_for",
    "auditor.Auditor._purge": "what_is_old_is_purged",
    "auditor.Auditor._all_gone": "what_is_old_is_purged",
    "auditor.Auditor._unused": "what_is_old_is_purged",
}
"""The scene that comes by it."""

NTH = {
    # What is put off comes by three times, and the third time somebody is told.
    "scheduler.Scheduler._failed": 3,
    # First it is looked when the last purge was, and who is to be asked.
    "auditor.Auditor._purge": 2,
    "auditor.Auditor._unused": 2,
}
"""At which time it dies there, where that is not the first."""

WHERE = {
    point: where for where, what in (NOW_AND_THEN | RARELY).items() for point in either_side(what)
}


def test_no_commit_of_the_bot_is_without_its_points() -> None:
    """Whoever adds a transaction to the bot says here what it is."""
    begun = set(transactions(Path(app.__file__).parent))
    groups = (COMMITS, NOW_AND_THEN, RARELY, READS, RENEWS)
    known = [where for group in groups for where in group]
    assert sorted(begun) == sorted(known)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    opened = Nursery()
    yield opened
    opened.close()


@pytest.fixture
async def valley(database_url: str) -> AsyncIterator[Database]:
    """The database, with the people of the scenes."""
    opened = open_database(database_url, Vault(SECRET))
    await scenes.people(opened)
    yield opened
    await opened.close()


@pytest.mark.parametrize("point", RARE)
async def test_a_death_in_trouble_is_survived(
    point: str, nursery: Nursery, valley: Database, database_url: str, tmp_path: Path
) -> None:
    scene, heard, died = OF[WHERE[point]], tmp_path / "heard", tmp_path / "died"
    process = nursery.begin(
        scene=scene,
        url=database_url,
        point=point,
        nth=NTH.get(WHERE[point], 1),
        died=str(died),
        heard=str(heard),
        log=str(tmp_path / "log"),
    )
    await until(lambda: _ended(process), "it to die")
    assert died.exists(), (tmp_path / "log").read_text()
    await scenes.acted(SCENES[scene], database_url, heard, first=False)
    await CHECKS[scene](valley, _heard(heard))
    tally.befell(KILL + point)


async def test_what_was_claimed_in_a_commit_that_nobody_heard_of_goes_out_once(
    valley: Database, database_url: str, tmp_path: Path
) -> None:
    """It was kept, its answer was lost with the line, and nobody dies: it waited for ever."""
    scene = SCENES["a_claim_is_not_heard_of"]
    await scenes.acted(scene, database_url, tmp_path / "heard", first=True)
    await sent_once(valley, _heard(tmp_path / "heard"))


def _heard(file: Path) -> Counter[str]:
    return Counter(file.read_text().splitlines() if file.exists() else ())


def _ended(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


async def given_up_once(database: Database, heard: Counter[str]) -> None:
    async with database.transaction() as tx:
        came = await tx.all(sa.select(inbox))
        noted = await tx.all(sa.select(audit.c.action).where(audit.c.subject == "inbox"))
    assert [row["handled_at"] is not None for row in came] == [True]
    assert [row["action"] for row in noted] == ["message_given_up"]
    _each_heard_once(heard, ROSA, ANA)


async def told_once(database: Database, heard: Counter[str]) -> None:
    async with database.transaction() as tx:
        assert await due.failing(tx, 3) == 1  # it is still tried, and more and more rarely
    _each_heard_once(heard, ANA)


async def put_right_once(database: Database, heard: Counter[str]) -> None:
    async with database.transaction() as tx:
        assert await auditor.look(tx) == []
        steps = await tx.all(sa.select(due_table).where(due_table.c.ref == 1))
    assert len(steps) == len({row["kind"] for row in steps}) > 0


async def sent_once(database: Database, heard: Counter[str]) -> None:
    async with database.transaction() as tx:
        rows = await tx.all(sa.select(outbox.c.status))
    assert [row["status"] for row in rows] == ["sent"]
    _each_heard_once(heard, ROSA)


async def refused_once(database: Database, heard: Counter[str]) -> None:
    """Or sent by the next life, where the refusal died with the one before."""
    async with database.transaction() as tx:
        (row,) = await tx.all(sa.select(outbox).where(outbox.c.member_id == 1))
    assert (row["status"], row["reason"]) in (("failed", "filtered"), ("sent", ""))
    assert [line.split()[0] for line in heard].count(ROSA) == (row["status"] == "sent")


async def all_sent_once(database: Database, heard: Counter[str]) -> None:
    """Telegram can't be asked what became of those that were on their way."""
    async with database.transaction() as tx:
        rows = await tx.all(sa.select(outbox.c.status))
    assert {row["status"] for row in rows} <= {"sent", "unknown"}
    _each_heard_once(heard, *scenes.CHATS)


async def not_sent_again(database: Database, heard: Counter[str]) -> None:
    async with database.transaction() as tx:
        (row,) = await tx.all(sa.select(outbox))
    assert row["status"] == "unknown"
    _each_heard_once(heard, scenes.CHATS[0])


async def asked_once(database: Database, heard: Counter[str]) -> None:
    """Rosa, whether she wants to stay."""
    async with database.transaction() as tx:
        assert await keepsakes.recall(tx, PURGED) >= NOW.isoformat()
        asked = await tx.all(sa.select(members.c.unused_at).where(members.c.id == 1))
    assert [row["unused_at"] is not None for row in asked] == [True]
    _each_heard_once(heard, ROSA)


async def stopped(database: Database, heard: Counter[str]) -> None:
    await sent_once(database, heard)
    assert await scenes.held_leases(database, NOW + LATER) == 0


def _each_heard_once(heard: Counter[str], *who: str) -> None:
    assert set(heard.values()) == {1}, heard
    assert sorted(line.split()[0] for line in heard) == sorted(who)


CHECKS = {
    "a_message_goes_wrong": given_up_once,
    "something_due_goes_wrong": told_once,
    "a_next_step_is_lost": put_right_once,
    "a_claim_is_not_heard_of": sent_once,
    "a_text_is_refused": refused_once,
    "its_answer_is_lost": sent_once,
    "its_answer_is_lost_and_cant_be_asked_for": not_sent_again,
    "what_is_old_is_purged": asked_once,
    "it_is_told_to_stop": stopped,
    "several_are_sent_at_once": all_sent_once,
}
