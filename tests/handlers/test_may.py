"""Whatever somebody was asked, or may write, they are looked at anew when they answer: who is no
more what it was asked of is refused, and sees nothing."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.commands.forget import CAN
from handlers import answers, may, rights, router, wording
from handlers.answers import ANSWERS
from handlers.commands import COMMANDS
from handlers.may import MAY, Who
from handlers.turn import Desk
from storage import (
    broadcasts,
    checkins,
    groups,
    members,
    outlays,
    questions,
    requests,
    worries,
)
from storage.database import Database, Transaction
from storage.model import (
    Address,
    Channel,
    CheckIn,
    CheckInStatus,
    Choice,
    ContactStatus,
    InboundKind,
    Member,
    Occasion,
    OccasionStatus,
    Outlay,
    OutlayStatus,
    RequestStatus,
    Role,
    Standing,
)
from storage.model_broadcasts import Broadcast, BroadcastStatus
from storage.model_worries import Worry, WorryStatus
from storage.places import Atlas, Postcodes
from storage.schema import outbox
from tests.made import CELL, NOW, ROSA, asker, group, helper, inbound, request

CHAT = "5000042"
"""Where the one lives who was something."""

CANARY = ("Zenobia", "Quillfeather", "99 Canary Wynd", ROSA, "BRAMBLE", "seventeen parakeets")
"""Of the asker: name, home, number, the word for the door, what she wrote."""

ROLES = frozenset(Role)

DESK = Desk(wording.load(), Atlas(Postcodes()), can=CAN, telegram_name="PoproundBot")
REFUSED = DESK.wording.text("en", "not_any_more")
GOING = DESK.wording.text("en", "forget.coming")


class UndoneError(Exception):
    """What was done is to be forgotten."""


@dataclass
class Valley:
    """Zenobia, what she asked for, and somebody who was everything to her."""

    refs: Mapping[str, int]
    me: Member

    @property
    def cases(self) -> list[tuple[str, int | None, str, str]]:
        """A kind of question, what it is about, an answer, and what was heard."""
        ref = self.refs
        return [
            ("open", None, str(ref["request"]), ""),
            *(("handed", ref["request"], key, "") for key in ("wider", "see_to_it", "close")),
            ("handed", ref["request"], "assign", ""),
            ("assign", ref["request"], str(ref["other"]), ""),
            ("approve", ref["other"], "approve", ""),
            ("no_word", ref["visit"], "it_happened", ""),
            ("no_word", ref["visit"], "nobody_came", ""),
            ("money.settle", ref["outlay"], "close", ""),
            ("spending.code", 400, "1234", "1234"),
            ("texts", None, "text_info", ""),
            ("texts.new", None, "usual_words", "info"),
            ("broadcast.words", ref["draft"], "", ""),
            ("broadcast.whom", ref["draft"], "everyone", ""),
            ("broadcast.kind", ref["draft"], "news", ""),
            ("broadcast.asked", ref["draft"], "no_answers", ""),
            ("broadcast.other", ref["draft"], "send_as_it_is", ""),
            ("broadcast.preview", ref["draft"], "drop_it", ""),
            ("broadcast.running", ref["running"], "call_it_back", ""),
            ("worry.ring", ref["worry"], "on_it", ""),
            ("worry.rang", ref["worry"], "in_hands", ""),
            ("worry", ref["worry"], "on_it", ""),
            ("worry.work", ref["taken"], "worry_end", ""),
            ("worry.work", ref["taken"], "read_them", ""),
            ("worry.end", ref["taken"], "", ""),
            ("worries", None, str(ref["worry"]), ""),
            ("offer", ref["offer"], "accept", ""),
            ("card", ref["request"], "accept", ""),
            ("which_offer", None, f"{ref['offer']}:accept", ""),
            ("visit", ref["mine"], "going", ""),
            ("visit", ref["mine"], "done", ""),
            ("which_done", None, str(ref["mine"]), ""),
            ("which_cannot", None, str(ref["mine"]), ""),
            ("cannot.sure", ref["mine"], "yes", ""),
            ("pause", None, "week", ""),
            ("hours", None, "hours_any", ""),
            ("hours.agree", None, "yes", "mon 09:00-12:00"),
            ("alarm", ref["occasion"], "on_it", ""),
            ("alarm", ref["occasion"], "not_me", ""),
            ("alarm.outcome", ref["occasion"], "all_well", ""),
        ]


async def set_up(tx: Transaction) -> Valley:
    here = await group(tx)
    zenobia = await members.add(
        tx,
        asker(
            name="Zenobia Quillfeather",
            home="99 Canary Wynd",
            cell=CELL,
            consent="2026-01-01 on paper",
        ),
        Address(Channel.SMS, ROSA),
    )
    me = await members.add(
        tx,
        helper(name="Mo Hill", roles=ROLES, home="1 Hill Street", at_once_cap=9, weekly_cap=99),
        Address(Channel.TELEGRAM, CHAT),
    )
    other = await members.add(
        tx,
        helper(name="Sam", standing=Standing.WAITING),
        Address(Channel.TELEGRAM, "5000043"),
    )
    wants = request(asker_id=zenobia.id, words="seventeen parakeets fed", wave=3)
    made = await requests.add(tx, replace(wants, status=RequestStatus.HANDED))
    offer = await requests.add_offer(tx, made.id, me.id, 1, "near", NOW)
    await questions.put(
        tx,
        kind="offer",
        member_id=me.id,
        to=Address(Channel.TELEGRAM, CHAT),
        ref=offer.id,
        choices=[Choice("accept", "I'll do it"), Choice("decline", "Not today")],
        now=NOW - timedelta(hours=1),
    )
    theirs = await requests.add(tx, replace(wants, status=RequestStatus.FILLED))
    visit = await requests.add_visit(tx, theirs, other.id, "BRAMBLE", NOW, NOW)
    again = await requests.add(tx, replace(wants, status=RequestStatus.FILLED))
    mine = await requests.add_visit(tx, again, me.id, "BRAMBLE", NOW, NOW)
    outlay = await outlays.add(tx, Outlay(0, visit.id, OutlayStatus.SPENT, 900, 900))
    draft = Broadcast(0, here.id, me.id, BroadcastStatus.DRAFT, NOW, texts={"en": "Soup!"})
    running = replace(draft, status=BroadcastStatus.RUNNING, go_at=NOW, confirmed_at=NOW)
    said = Worry(0, here.id, zenobia.id, WorryStatus.OPEN, NOW, "seventeen parakeets", next_at=NOW)
    taken = replace(said, status=WorryStatus.TAKEN, taken_by=me.id)
    check_in = await checkins.put(
        tx,
        CheckIn(0, 1, zenobia.id, CheckInStatus.ON, NOW, frozenset({1}), time(9), NOW.date()),
    )
    await checkins.name_contact(tx, check_in.id, me.id, ContactStatus.DECLINED, NOW)
    occasion = await checkins.emergency(
        tx,
        Occasion(
            *(0, None, zenobia.id, NOW.date(), OccasionStatus.ALARM, NOW, "trouble", 1, NOW),
            words="seventeen parakeets",
        ),
    )
    refs = {
        "request": made.id,
        "offer": offer.id,
        "visit": visit.id,
        "mine": mine.id,
        "outlay": outlay.id,
        "other": other.id,
        "draft": (await broadcasts.add(tx, draft)).id,
        "running": (await broadcasts.add(tx, running)).id,
        "worry": (await worries.add(tx, said)).id,
        "taken": (await worries.add(tx, taken)).id,
        "occasion": occasion.id,
    }
    return Valley(refs, me)


@pytest.fixture
async def valley(database: Database) -> Valley:
    async with database.transaction() as tx:
        return await set_up(tx)


async def heard(
    database: Database,
    *,
    now: Member,
    asked: tuple[str, int | None, str, str] | None = None,
    by: str = "button",
    words: str = "",
    whose: int | None = None,
) -> dict[str, list[str]]:
    """What goes out, by kind, to somebody who is that `now`, when they press a button of a question
    put to them before, send its number, or write words. Afterwards it has not been."""
    out: dict[str, list[str]] = {"text": [], "toast": [], "edit": []}
    with suppress(UndoneError):
        async with database.transaction() as tx:
            here = Address(Channel.TELEGRAM, CHAT)
            message = inbound(
                channel=Channel.TELEGRAM, chat=CHAT, kind=InboundKind.TEXT, text=words
            )
            if asked is not None:
                kind, ref, key, known = asked
                choices = [Choice(key, "Yes")] if key and kind != "spending.code" else []
                question = await questions.put(
                    tx,
                    kind=kind,
                    member_id=None if kind == "card" else whose or now.id,
                    to=here,
                    ref=ref,
                    choices=choices,
                    now=NOW - timedelta(minutes=1),
                    heard=known,
                )
                if by == "button" and choices:
                    message = replace(
                        message,
                        kind=InboundKind.BUTTON,
                        button=f"{question.token}:0",
                        answers="press-1",
                    )
                else:
                    words = "1" if choices else key or "well then, here are my words"
                    message = replace(message, text=words)
            await members.save(tx, now)
            await router.receive(DESK, tx, NOW, message)
            for row in await tx.all(sa.select(outbox).where(outbox.c.kind != "commands")):
                said = tx.keys[row["member_id"]].open_json(row["sealed_message"])
                if said["chat"] == CHAT:
                    out[row["kind"]].append(" ".join([said["text"], str(said["buttons"])]).strip())
            raise UndoneError
    return out


def shows(out: dict[str, list[str]]) -> list[str]:
    """What of hers stands in it."""
    everything = " ".join(words for those in out.values() for words in those)
    return [one for one in CANARY if one in everything]


def only(out: dict[str, list[str]], words: str) -> bool:
    said = [line.removesuffix("[]").strip() for those in out.values() for line in those]
    return bool(said) and set(said) <= {words, ""}


# The table


def test_every_question_that_can_be_answered_says_by_whom() -> None:
    assert set(MAY) - set(ANSWERS) == {*rights.BY_CODE, "missed"}
    assert set(ANSWERS) <= set(MAY)
    groupless = {"texts", "texts.new", "spending.code", "pause", "hours", "hours.agree"}
    groupless |= {
        "card",
        "visit",
        "which_done",
        "which_cannot",
        "cannot.sure",
    }  # these look for themselves
    for kind, who in MAY.items():
        if who in (Who.HELPER, Who.ORGANISER, Who.KEEPER):
            assert (kind in may.GROUP_OF) is not (kind in groupless), kind


def test_the_cases_below_are_all_that_anybody_is_asked_as_something() -> None:
    refs = dict.fromkeys(
        ("request", "offer", "visit", "mine", "outlay", "other", "draft", "running", "worry"), 1
    )
    cases = Valley({**refs, "taken": 1, "occasion": 1}, helper()).cases
    assert {kind for kind, *_ in cases} == {k for k, who in MAY.items() if who is not Who.ASKED}


# Who was it, and is not


async def test_what_was_taken_away_opens_nothing_any_more(
    database: Database, valley: Valley
) -> None:
    """Every question of a role, by its button, its number and in words: by somebody who has left,
    by an asker, and by who is all of it in another group. As long as they are it, it does
    something else: so this can fail."""
    async with database.transaction() as tx:
        elsewhere = await groups.add(tx, replace(await _here(tx), name="Elsewhere"))
    was = valley.me
    left = replace(was, roles=frozenset(), standing=Standing.LEFT)
    only_asks = replace(was, roles=frozenset({Role.ASKER}))
    moved = replace(was, community_id=elsewhere.id)
    did_something = set()
    letting_go = ("which_cannot", "cannot.sure")
    for case in valley.cases:
        kind, _, key, _ = case
        before = await heard(database, now=was, asked=case)
        if any(before.values()) and not only(before, REFUSED):
            did_something.add(kind)
        for now in (left, only_asks, moved):
            own = ("visit", "which_done", *letting_go, "hours", "hours.agree")
            if now is moved and kind in own:
                continue  # a visit of theirs is theirs wherever they are by now
            out = await heard(database, now=now, asked=case)
            assert not shows(out), (kind, key, now.roles, out)
            lets_go = key in may.LETS_GO or kind in letting_go
            if now is moved and kind not in may.GROUP_OF and kind != "alarm":
                continue  # it is about themselves, or their own group, whichever that is
            if key and kind != "card" and not lets_go and kind != "spending.code":
                assert only(out, REFUSED), (kind, key, now.roles, out)
            by_number = await heard(database, now=now, asked=case, by="number")
            assert not shows(by_number), (kind, key, by_number)
    silent = {"worry.rang", "worry.work", "worry.end"}  # another has it, or nothing was written
    assert {kind for kind, *_ in valley.cases} - did_something <= silent


async def _here(tx: Transaction) -> Any:
    return await groups.get(tx, 1)


async def test_who_is_being_forgotten_presses_in_vain(database: Database, valley: Valley) -> None:
    going = replace(
        valley.me, roles=frozenset(), standing=Standing.LEFT, forget_at=NOW - timedelta(minutes=1)
    )
    asked = [(kind, 1, "yes", "") for kind, who in MAY.items() if who is Who.ASKED]
    for case in [*valley.cases, *asked]:
        out = await heard(database, now=going, asked=case)
        assert only(out, GOING) or not case[2] or case[0] == "spending.code", (case, out)
        assert not shows(out)


async def test_nobody_answers_what_another_was_asked(database: Database, valley: Valley) -> None:
    theirs = DESK.wording.text("en", "not_yours")
    other = valley.refs["other"]
    for case in valley.cases:
        if case[2] and case[0] not in ("card", "spending.code"):
            out = await heard(database, now=valley.me, asked=case, whose=other)
            assert only(out, theirs), (case, out)


WORDS = (
    *("broadcast to everyone: soup at noon", "note at 9", "note", "duty", "on duty mondays"),
    *("who said yes", "daily cap", "send on today", "vetted Sam basic until 31 January 2028"),
    *("not vetted Sam", "safeguarding", "safeguarding Mo Hill", "deputy Mo Hill", "worries"),
    *("not safeguarding", "check on Zenobia every day at 9am", "Zenobia is in hospital"),
    *("check on Zenobia Quillfeather every day at 9am", "Zenobia needs shopping every Tuesday"),
    *("tell Zenobia I am late", "yes to Zenobia", "no to Zenobia", "where is it again", "status"),
    *("Ana: Monday 9am to Tuesday 9am", "all done", "I can't come", "who is zenobia"),
)


async def test_no_word_that_can_be_written_shows_more_than_what_somebody_is(
    database: Database, valley: Valley
) -> None:
    """Every command, and more, by somebody who was everything and has no role. To an organiser the
    list of what is open shows her: so this can fail."""
    catalogue = DESK.wording
    commands = [catalogue.listing("en", f"keywords.{name}")[0] for name in COMMANDS]
    none = replace(valley.me, roles=frozenset(), standing=Standing.LEFT)
    asks = replace(none, roles=frozenset({Role.ASKER}), standing=Standing.ACTIVE)
    for words in [*commands, *(f"/{word}" for word in commands), *WORDS]:
        for now in (none, asks):  # though a visit is still theirs
            out = await heard(database, now=now, words=words)
            assert not shows(out), (words, out)
    assert "99 Canary Wynd" in shows(await heard(database, now=valley.me, words="status"))
    organiser = replace(valley.me, roles=frozenset({Role.ORGANISER}))
    assert "Zenobia" in shows(await heard(database, now=organiser, words="open"))
    assert "seventeen parakeets" in shows(
        await heard(database, now=valley.me, asked=("worries", None, str(valley.refs["worry"]), ""))
    )


def test_each_answer_goes_through_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one place that hands an answer on, and it asks first."""
    import inspect

    source = inspect.getsource(answers)
    assert source.count("ANSWERS[") == 2
    for place in source.split("ANSWERS[")[:-1]:
        assert "refused(turn, " in place[-400:]
