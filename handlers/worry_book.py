"""The safeguarding holders' book: their open worries, what was done about each, and how it ended.

Each time it is looked at it is asked anew who looks. Who does is in the audit log, without a word
of what they read.
"""

from __future__ import annotations

from dataclasses import replace
from textwrap import wrap
from typing import Any

from handlers import seen
from handlers.rules import lifecycle, timing
from handlers.rules import worries as rules
from handlers.rules.privacy import Field, Moment
from handlers.rules.segments import EACH_GSM, EACH_WIDE, is_gsm
from handlers.seen import Private, keepers_of
from handlers.turn import Turn, first_name, one_line
from storage import members, questions, relay, requests, worries
from storage.model import KEEPERS, DueKind, Member, Question, Role, Visit
from storage.model_worries import Noted, Worry, WorryNote, WorryStatus

SHOWN, SHOWN_BY_TEXT = 8, 3
"""Worries in a list."""

LINES, LINES_BY_TEXT = 20, 1
"""Lines of what became of one, the latest."""

READ_OUT, READ_OUT_BY_TEXT = 6, 3
"""Messages of a visit that are shown, the latest."""

QUOTED, QUOTED_BY_TEXT = 500, 60


# Who


async def may_read(turn: Turn, worry: Worry, who: Member) -> bool:
    """Whether somebody may read a worry, as they are now: nobody who is named in it or who wrote
    it; a holder or deputy, or an organiser of a group that has none."""
    if who.community_id != worry.community_id or who.id in worry.named | {worry.member_id}:
        return False
    if who.roles & KEEPERS:
        return True
    return who.is_a(Role.ORGANISER) and not await keepers_of(turn.tx, worry.community_id)


async def readable(turn: Turn, worry: Worry) -> bool:
    """The same of who writes; they hear it if not."""
    if await may_read(turn, worry, turn.sender):
        return True
    if turn.message and turn.message.answers:
        await turn.toast("not_any_more")
    else:
        await turn.reply("not_any_more")
    await turn.note("refused", "worry", worry.id)
    return False


# The list


async def show(turn: Turn, *, closed: bool = False) -> bool:
    """WORRIES: what is open (or closed, and still kept); whether who writes sees to them."""
    me = turn.sender
    if not me.roles & KEEPERS and (
        not me.is_a(Role.ORGANISER) or await keepers_of(turn.tx, turn.community.id)
    ):
        return False
    of_group = worries.settled if closed else worries.unsettled
    found = [
        worry
        for worry in await of_group(turn.tx, turn.community.id)
        if await may_read(turn, worry, me)
    ]
    if not found:
        await turn.reply("worries.none", name=first_name(me))
        return True
    most = SHOWN_BY_TEXT if await turn.by_text(me) else SHOWN
    choices = []
    for worry in found[:most]:
        writer = await members.get(turn.tx, worry.member_id)
        day = turn.day(timing.local(worry.created_at, turn.community).date(), me)
        choices.append((str(worry.id), f"{first_name(writer) or '-'}, {day}"))
    await questions.close(turn.tx, turn.now, "worries", member_id=me.id)
    entry = "worries.closed" if closed else "worries"
    await turn.ask(me, entry, "worries", None, choices, name=first_name(me), count=len(found))
    return True


async def show_closed(turn: Turn) -> bool:
    """CLOSED WORRIES: the same of those that are over."""
    return await show(turn, closed=True)


async def opened(turn: Turn, question: Question, key: str) -> None:
    """They want to see one of them: what was said, and what became of it since."""
    worry = await worries.get(turn.tx, int(key))
    if not await readable(turn, worry):
        return
    await turn.toast()
    await turn.note("worry_seen", "worry", worry.id)
    await say_whole(turn, worry, turn.sender, worry.words)
    if worry.status is WorryStatus.OPEN:
        await put(turn, worry, "worry.one", kind="worry", choices=("on_it", "not_me"))
    elif worry.taken_by == turn.sender.id:
        await put(turn, worry, "worry.one")
    else:
        await put(turn, worry, "worry.one", kind="", choices=())


async def put(
    turn: Turn,
    worry: Worry,
    entry: str,
    *,
    to: Member | None = None,
    kind: str = "worry.work",
    choices: tuple[str, ...] = ("worry_end",),
) -> None:
    """Show it to whoever sees to it (or `to`), and wait for what they write of it."""
    to = to or turn.sender
    writer = await members.get(turn.tx, worry.member_id)
    by_text = await turn.by_text(to)
    params: dict[str, Any] = {
        "name": first_name(to),
        "who": turn.who(writer, Moment.WORRY)(to.language),
        "phone": (await turn.phone_of(writer, Moment.WORRY))(to.language),
        "words": own(worry, worry.words, QUOTED_BY_TEXT if by_text else QUOTED),
        "lines": await _lines(turn, worry, to, by_text=by_text),
    }
    about = {"kind": "worry", "ref": worry.id}
    if not kind:
        await turn.say(to, entry, about=about, **params)
        return
    if kind == "worry.work":
        await questions.close(turn.tx, turn.now, "worry.work", ref=worry.id, member_id=to.id)
        if await _talks(turn, worry, to):
            choices = (*choices, "read_them")
    await turn.ask(to, entry, kind, worry.id, choices, about=about, shorten="words", **params)


def own(worry: Worry, words: str, most: int) -> Private:
    """The words of a worry, or of a note of it: whose they are goes with them."""
    return Private(one_line(words, most), Field.WORRY, worry.member_id, Moment.WORRY)


async def say_whole(turn: Turn, worry: Worry, to: Member, words: str) -> None:
    """The words by themselves, where a text had no room for them."""
    line = one_line(words, QUOTED)
    if len(line) <= WITHIN_A_TEXT[is_gsm(line)] or not await turn.by_text(to):
        return
    room = EACH_GSM if is_gsm(line) else EACH_WIDE
    for part in wrap(line, room):
        await turn.say(
            to, "lines", about={"kind": "worry", "ref": worry.id}, lines=own(worry, part, room)
        )


WITHIN_A_TEXT = {True: 100, False: 0}
"""Characters that there is room for beside who it is and how to answer: in the cheap alphabet, and
with any letter beyond it."""


async def still_to_come(turn: Turn, worry: Worry) -> None:
    """Whoever took it hears who is on the way to the person just now: that may have to be stopped,
    which an organiser can."""
    me = turn.sender
    writer = await members.get(turn.tx, worry.member_id)
    for running in (await requests.live_visits(turn.tx, asker_id=writer.id))[:2]:
        helper = await members.get(turn.tx, running.helper_id)
        if helper.id != me.id:
            await turn.reply(
                "worry.visit",
                helper=first_name(helper),
                asker=first_name(writer) or "-",
                by=turn.by(running.due_at, me),
            )


async def _lines(turn: Turn, worry: Worry, to: Member, *, by_text: bool) -> str:
    """What became of it and when, and what comes next."""
    notes = await worries.notes_of(turn.tx, worry)
    lines = [
        await _line(turn, one, to, by_text=by_text)
        for one in notes[-(LINES_BY_TEXT if by_text else LINES) :]
    ]
    if worry.next_at and worry.status is not WorryStatus.CLOSED:
        soon = turn.by(max(worry.next_at, turn.now), to)
        taken = worry.status is WorryStatus.TAKEN
        entry = "worry.next.ask" if taken else "worry.next.tell"
        lines.append(turn.text(to.language, entry, by=soon))
    shown = (" " if by_text else "\n").join(lines)
    return Private(shown, Field.WORRY, worry.member_id, Moment.WORRY)


async def _line(turn: Turn, note: WorryNote, to: Member, *, by_text: bool) -> str:
    who = await members.get(turn.tx, note.member_id) if note.member_id else None
    here = timing.local(note.at, turn.community)
    return turn.text(
        to.language,
        f"worry.line.{note.what.value}",
        day=turn.desk.wording.day(to.language, here.date(), turn.today),
        hour=turn.desk.wording.hour(to.language, note.at, turn.community),
        helper=(first_name(who) if who else "") or "-",
        words=one_line(note.words, QUOTED_BY_TEXT // 2 if by_text else QUOTED),
    )


# What whoever has it writes


async def work(turn: Turn, question: Question, key: str) -> None:
    """A note, or a wish: to close it, to read what was written in a visit."""
    me = turn.sender
    worry = await worries.get(turn.tx, question.ref or 0, lock=True)
    if not await readable(turn, worry):
        return
    await turn.toast()
    if worry.status is not WorryStatus.TAKEN or worry.taken_by != me.id:
        await turn.reply("worry.over", name=first_name(me))
    elif key == "worry_end":
        writer = await members.get(turn.tx, worry.member_id)
        goes = writer.forget_at is not None
        entry = "worry.end.forgotten" if goes else "worry.end"
        who = turn.who(writer, Moment.WORRY)(me.language)
        await turn.ask(me, entry, "worry.end", worry.id, name=first_name(me), who=who)
    elif key == "read_them":
        await _read(turn, worry)
    else:
        words = one_line(turn.words, QUOTED)
        await worries.note(turn.tx, worry, turn.now, Noted.NOTE, me.id, words)
        await turn.note("worry_note", "worry", worry.id)
        until = timing.not_quiet(turn.now + rules.HOW, turn.community)
        await turn.later(DueKind.WORRY, worry.id, until)
        worry = await worries.save(turn.tx, replace(worry, step=0, next_at=until))
        await put(turn, worry, "worry.noted")


async def ended(turn: Turn, question: Question, key: str) -> None:
    """How it ended, in their own words."""
    worry = await worries.get(turn.tx, question.ref or 0, lock=True)
    if not await readable(turn, worry):
        return
    if worry.status is not WorryStatus.TAKEN or worry.taken_by != turn.sender.id:
        await turn.reply("worry.over", name=first_name(turn.sender))
        return
    await close(turn, worry, one_line(turn.words, QUOTED))
    await turn.reply("worry.closed", name=first_name(turn.sender))


async def close(turn: Turn, worry: Worry, words: str) -> None:
    """It is settled; its words are kept for those who may read it, until they go."""
    me = turn.sender
    await worries.note(turn.tx, worry, turn.now, Noted.CLOSED, me.id, words)
    status = lifecycle.become(worry.status, WorryStatus.CLOSED)
    until = turn.now + rules.KEPT_FOR
    await turn.later(DueKind.WORRY, worry.id, until)
    await worries.save(turn.tx, replace(worry, status=status, next_at=until))
    asked = await questions.about(turn.tx, "worry", worry.id)
    kinds = ("worry", "worry.work", "worry.end", "worry.ring", "worry.rang")
    await questions.close(turn.tx, turn.now, *kinds, ref=worry.id)
    await questions.close(turn.tx, turn.now, "worry.more", member_id=worry.member_id)
    await turn.note("worry_closed", "worry", worry.id)
    for ident in dict.fromkeys(q.member_id for q in asked if q.member_id):
        one = await members.get(turn.tx, ident)
        if one.id != me.id and await may_read(turn, worry, one):
            about = {"kind": "worry.news", "ref": worry.id}
            await turn.say(one, "worry.settled", about=about, quiet=True, helper=first_name(me))


# What the two of a visit wrote to each other


async def _talks(turn: Turn, worry: Worry, to: Member) -> list[Visit]:
    """Visits of whoever is worried, these days, in which the two wrote to each other."""
    since = worry.created_at - rules.ABOUT_VISITS
    return [
        visit
        for visit in await relay.lately(turn.tx, worry.member_id, since)
        if to.id not in (visit.helper_id, visit.asker_id)
        and await relay.of_visit(turn.tx, visit.id)
    ]


async def _read(turn: Turn, worry: Worry) -> None:
    """They read it. That they did is written down with the worry, and noted."""
    me = turn.sender
    by_text = await turn.by_text(me)
    lines = []
    for visit in reversed(await _talks(turn, worry, me)):
        for one in await relay.of_visit(turn.tx, visit.id):
            private = Private(one.words, Field.RELAYED, one.from_id, Moment.WORRY)
            if not await seen.may_see(turn.tx, turn.now, turn.community.id, me, private):
                continue
            writer = first_name(await members.get(turn.tx, one.from_id))
            lines.append(f"{writer}: {one_line(one.words, 60 if by_text else 160)}")
        await turn.note("relay_read", "visit", visit.id)
    shown = lines[-(READ_OUT_BY_TEXT if by_text else READ_OUT) :]
    await turn.reply("lines", lines="\n".join(shown) or "-")
    await worries.note(turn.tx, worry, turn.now, Noted.READ, me.id)
