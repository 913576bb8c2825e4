"""Whatever anybody writes or presses, in whatever order, nobody learns what is not for them.

A valley of two groups in which each person has a surname, a door, a postcode, a number and words
that are found nowhere else (`people.py`). They ask, say yes, give back, leave, press old buttons
and each other's, try every command that there is. Whatever comes out is searched: texts, chats,
buttons, notices, street groups, logs, metrics, the log of who saw what, spreadsheets, and the
bytes on the disk.

Who may see what is read from the one table (`rules/privacy.py`, held by `test_privacy.py`). What
people are to each other is worked out from the bare tables (`world.py`).

`POPROUND_TORTURE=1` plays many more and longer ones.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.__main__ import main
from bot.app import loop_factory
from bot.logs import set_up_logging
from handlers import may, router, turn
from handlers.rules.privacy import Field
from handlers.wording import Wording
from storage import (
    members,
    members_many,
    migrations,
    questions,
)
from storage.model import (
    Address,
    Member,
)
from storage.vault import Seal
from tests.conftest import SECRET
from tests.leaks.people import GROUPS, HERE, PEOPLE, SAYINGS, THERE, Step
from tests.leaks.valley import Valley
from tests.made import NOW
from tests.stage import stage

TORTURE = os.environ.get("POPROUND_TORTURE") == "1"
EXAMPLES, STEPS = (150, 120) if TORTURE else (4, 40)


# Playing


@contextlib.contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """All that is written for whoever runs the bot, from the smallest up."""
    logged = io.StringIO()
    handler = logging.StreamHandler(logged)
    root = logging.getLogger()
    root.addHandler(handler)
    set_up_logging("DEBUG")
    try:
        with contextlib.redirect_stderr(logged), contextlib.redirect_stdout(logged):
            yield logged
    finally:
        root.removeHandler(handler)
        structlog.reset_defaults()


async def played(database_url: str, steps: Sequence[Step]) -> Valley:
    """The valley after these steps."""
    with everything_logged() as logged:
        async with stage(database_url, NOW, list(GROUPS), person_per_minute=500) as on:
            valley = Valley(on)
            with on.telegram.feed.listen() as chats, on.twilio.feed.listen() as phones:
                valley.queues = (chats, phones)
                await valley.set_up()
                for step in steps:
                    await valley.does(step)
            await valley.look_elsewhere(logged.getvalue())
    return valley


EXPORTED = (Field.WHOLE_NAME, Field.HOME, Field.PHONE)
"""What a group's own sheet holds of its own people."""


def exported(valley: Valley, folder: Path, database_url: str) -> None:
    """What `popround members export` writes of each group, and what the file on the disk shows to
    who has no key."""
    environment = {"POPROUND_DATABASE_URL": database_url, "POPROUND_SECRET_KEY": SECRET}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        for ident, community in enumerate(GROUPS, 1):
            sheet = folder / f"{ident}.csv"
            said = io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                assert (
                    main(["members", "export", "--output", str(sheet), "--group", community.name])
                    == 0
                )
            valley.nothing_in({"what a command said": said.getvalue()})
            own = {one.name for one in PEOPLE if one.group == ident or one.name == "Kit"}
            valley.nothing_in(
                {f"the sheet of {community.name}": sheet.read_text("utf-8-sig")},
                but=lambda whose, what, own=own: whose in own and what in EXPORTED,
            )
    for path in folder.glob("valley.db*"):
        valley.nothing_in({"the file on the disk": path.read_bytes().decode("latin-1")})


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with nothing in it, made once."""
    path = tmp_path_factory.mktemp("leaks") / "empty.db"
    migrations.upgrade(f"sqlite+aiosqlite:///{path}")
    return path


def lived(steps: Sequence[Step], empty: Path) -> Valley:
    """The valley after these steps, with everything that came out of it looked at."""
    folder = empty.parent / "now"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(empty, folder / "valley.db")
    database_url = f"sqlite+aiosqlite:///{folder / 'valley.db'}"
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        valley = runner.run(played(database_url, steps))
    exported(valley, folder, database_url)
    return valley


WHAT = (
    ("goes on",) * 6 + ("says",) * 6 + ("answers", "presses", "presses", "tells", "code", "waits")
)

STEP = st.tuples(
    st.sampled_from(WHAT),
    st.integers(0, len(PEOPLE) - 1),
    st.integers(0, len(SAYINGS) * 3),
)


@settings(
    max_examples=EXAMPLES,
    derandomize=not TORTURE,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink) if TORTURE else (Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(STEP, min_size=STEPS, max_size=STEPS))
def test_no_sequence_tells_anybody_what_is_not_for_them(empty: Path, steps: list[Step]) -> None:
    valley = lived(steps, empty)
    assert valley.leaks == {}, "\n".join(valley.played)


# What would be found


SAM, ZOE = (next(i for i, one in enumerate(PEOPLE) if one.name == name) for name in ("Sam", "Zoe"))
STORY: tuple[Step, ...] = (
    ("goes on", 0, 0),  # Doreen asks,
    ("goes on", 0, 0),  # says yes,
    ("presses", ZOE, 0),  # Zoe of the other group presses what was sent to Sam,
    *(("answers", SAM, 0),) * 3,  # and Sam goes: he will, he sets off, he is done.
)


def says_what_she_wrote(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Wording, "gist_of_each", lambda _, __, wanted, ___: [wanted.words])


def leaves_the_address_there(patch: pytest.MonkeyPatch) -> None:
    async def edit(*_: Any, **__: Any) -> None:
        pass

    patch.setattr(turn.Turn, "edit", edit)


def lets_anybody_press(patch: pytest.MonkeyPatch) -> None:
    by_token = questions.by_token

    async def anybodys(tx: Any, token: str) -> Any:
        found = await by_token(tx, token)
        return found and replace(found, member_id=None)

    patch.setattr(questions, "by_token", anybodys)

    async def nobody_is_refused(*_: Any) -> bool:
        return False

    # Whose it is is looked at twice: by who was asked, and by the group that it is about.
    patch.setattr(may, "refused", nobody_is_refused)


def logs_who_wrote(patch: pytest.MonkeyPatch) -> None:
    receive = router.receive

    async def logged(desk: Any, tx: Any, now: Any, message: Any) -> str:
        structlog.get_logger("router").debug("received", sender=message.sender)
        return await receive(desk, tx, now, message)

    patch.setattr(router, "receive", logged)


def exports_everybody(patch: pytest.MonkeyPatch) -> None:
    of_community, addresses_of = members.of_community, members_many.addresses_of

    async def both(tx: Any, _: int) -> list[Member]:
        return [one for each in (HERE, THERE) for one in await of_community(tx, each)]

    async def at(tx: Any, _: int) -> dict[int, list[Address]]:
        return {**await addresses_of(tx, HERE), **await addresses_of(tx, THERE)}

    patch.setattr(members, "of_community", both)
    patch.setattr(members_many, "addresses_of", at)


def keeps_words_open(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Seal, "seal", lambda _, text: text.encode())
    patch.setattr(Seal, "open", lambda _, sealed: bytes(sealed).decode())


@pytest.mark.parametrize(
    ("leak", "found"),
    [
        (None, ""),
        (says_what_she_wrote, "words of Doreen reached Jo"),
        (leaves_the_address_there, "home of Doreen stays with Sam"),
        (lets_anybody_press, "home of Doreen reached Zoe"),
        (logs_who_wrote, "phone of Doreen stands in the log"),
        (exports_everybody, "whole_name of Zoe stands in the sheet of Marsden Neighbours"),
        (keeps_words_open, "home of Doreen stands in the file on the disk"),
    ],
)
def test_a_leak_that_is_planted_is_found(
    leak: Callable[[pytest.MonkeyPatch], None] | None,
    found: str,
    empty: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if leak is None:
        valley = lived(STORY, empty)
        assert (valley.leaks, valley.looks > 5) == ({}, True)
        return
    leak(monkeypatch)
    assert found in lived(STORY, empty).leaks
