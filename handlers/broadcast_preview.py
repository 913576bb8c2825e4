"""What a broadcast will look like, whom it reaches, what it costs; and the code that lets it go."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from handlers import broadcast_run, spending
from handlers.organiser import is_organiser
from handlers.rules import audience as rules
from handlers.rules import timing
from handlers.rules.lifecycle import become, may_become
from handlers.rules.segments import EACH_GSM, EACH_WIDE, is_gsm, segments
from handlers.turn import MOST_SEGMENTS, Turn, one_line
from storage import broadcasts, questions
from storage.model import DueKind, Question, Role
from storage.model_broadcasts import Audience, Broadcast, BroadcastStatus, LeftOut, Reach

QUESTIONS = (
    *("broadcast.words", "broadcast.whom", "broadcast.kind", "broadcast.asked"),
    *("broadcast.other", "broadcast.preview"),
)
"""What its organiser is asked while it is put together."""

LEFT_LYING = timedelta(hours=1)
"""One that is not gone on with for so long is put away, and its organiser told."""

CODE_FOR = timedelta(minutes=30)
"""How long a code is good: what was shown may not be so any more."""

TRIES = 3
"""Wrong codes, after which it is put away: nobody is to find it by trying."""

REMEMBERED = timedelta(days=1)
"""A code that comes once more within this is answered by how things stand."""

FURTHEST = timedelta(days=30)
"""As far ahead as a broadcast is put off: who is to get it is settled when it is let go."""

LONGEST_REASON = 200


# What it looks like


async def show(turn: Turn, broadcast: Broadcast) -> None:
    """Show it as it will be read, with whom it reaches, what it costs, and a fresh code."""
    me = turn.sender
    reach = await broadcasts.reach(turn.tx, broadcast, turn.desk.can)
    if not reach.people:
        settled = tuple(step for step in broadcast.settled if step != "whom")
        await broadcasts.save(turn.tx, replace(broadcast, settled=settled))
        await turn.ask(
            me,
            "broadcast.nobody",
            "broadcast.whom",
            broadcast.id,
            ("everyone", "helpers", "askers"),
            reasons=_left_out(turn, reach) or "-",
        )
        return
    by_text = {channel for channel, _ in reach.by if not turn.desk.has_buttons(channel)}
    for language in broadcast.texts:
        sample = as_it_looks(turn, broadcast, language, numbers=11)
        if by_text and segments(sample) > MOST_SEGMENTS:
            await _too_long(turn, broadcast, language, sample)
            return
    status = broadcast.status
    if may_become(status, BroadcastStatus.PREVIEWED):
        status = become(status, BroadcastStatus.PREVIEWED)
    broadcast = await broadcasts.save(
        turn.tx,
        replace(
            broadcast,
            status=status,
            code=_fresh_code(turn, broadcast.code),
            code_until=turn.now + CODE_FOR,
            tries=0,
        ),
    )
    await turn.later(DueKind.BROADCAST, broadcast.id, turn.now + LEFT_LYING)
    for language in broadcast.texts:
        sample = as_it_looks(turn, broadcast, language, numbers=1 if by_text else 0)
        await turn.reply("lines", lines=sample)
    await _put(turn, broadcast, "broadcast.preview", reach)


def _fresh_code(turn: Turn, before: str) -> str:
    while (code := f"{turn.desk.chance.randrange(1_000, 10_000)}") == before:
        pass
    return code


def as_it_looks(turn: Turn, broadcast: Broadcast, language: str, *, numbers: int) -> str:
    """It, word for word, as somebody of that language gets it. `numbers`: the first number to
    answer by, where it goes by text; 0 for buttons."""
    entry, words = broadcast_run.as_told(broadcast, language)
    told = turn.text(language, entry, words=words)
    labels = [label for _, label in broadcast_run.choices(turn, broadcast, language)]
    if not labels:
        return told
    if not numbers:
        return f"{told} {' '.join(f'[{label}]' for label in labels)}"
    phrases = [
        turn.text(language, "reply.choice", number=number, phrase=label)
        for number, label in enumerate(labels, numbers)
    ]
    return f"{told} {turn.text(language, 'reply', choices=', '.join(phrases))}"


async def _too_long(turn: Turn, broadcast: Broadcast, language: str, sample: str) -> None:
    """By text it would cost more than two parts: how many letters must go."""
    most = MOST_SEGMENTS * (EACH_GSM if is_gsm(sample) else EACH_WIDE)
    await turn.ask(
        turn.sender,
        "broadcast.too_long",
        "broadcast.words",
        broadcast.id,
        parts=segments(sample),
        count=max(1, len(sample) - most),
    )


async def _put(turn: Turn, broadcast: Broadcast, entry: str, reach: Reach) -> None:
    language = turn.sender.language
    channels = [
        turn.text(language, f"broadcast.on.{channel.value}", count=reach.on(channel))
        for channel in sorted({channel for channel, _ in reach.by}, reverse=True)
    ]
    parts = sum(
        segments(as_it_looks(turn, broadcast, theirs, numbers=1)) * count
        for (channel, theirs), count in reach.by.items()
        if not turn.desk.has_buttons(channel)
    )
    if parts:
        channels.append(broadcast_run.cost(turn, parts, language))
    pieces = [
        await _over_the_cap(turn, parts),
        _left_out(turn, reach),
        _in_the_first(turn, broadcast, reach),
        when(turn, broadcast, language),
    ]
    if not await turn.by_text(turn.sender):
        pieces.append(turn.text(language, "broadcast.preview.also"))
    await turn.ask(
        turn.sender,
        entry,
        "broadcast.preview",
        broadcast.id,
        ("other_words", "other_people", "drop_it"),
        shorten="reasons",
        who=described(turn, broadcast.audience or Audience(), language),
        people=reach.people,
        found=", ".join(channels),
        reasons=" ".join(filter(None, pieces)),
        word=broadcast.code,
    )


async def ask_again(turn: Turn, broadcast: Broadcast) -> None:
    """They said something that lets nothing go and changes nothing: how to."""
    await turn.ask(
        turn.sender,
        "broadcast.preview.again",
        "broadcast.preview",
        broadcast.id,
        ("other_words", "other_people", "drop_it"),
        word=broadcast.code,
    )


def _left_out(turn: Turn, reach: Reach) -> str:
    language = turn.sender.language
    names = {
        LeftOut.STOPPED: "broadcast.without.stopped",
        LeftOut.UNREACHABLE: "broadcast.without.unreachable",
        LeftOut.NO_CONSENT: "broadcast.without.no_consent",
    }
    reasons = [
        turn.text(language, names[why], count=count)
        for why, count in reach.left_out.items()
        if why in names
    ]
    if not reasons:
        return ""
    return turn.text(language, "broadcast.without", reasons=", ".join(reasons))


async def _over_the_cap(turn: Turn, parts: int) -> str:
    """That it takes more texts than the group may send today, where it does."""
    usual = turn.desk.limits.daily_segments
    cap = await spending.cap_of(turn.tx, turn.now, turn.community, usual)
    left = cap - await spending.spent(turn.tx, turn.now, turn.community)
    if not cap or parts <= left:
        return ""
    return turn.text(turn.sender.language, "broadcast.over_cap", count=max(0, left))


def _in_the_first(turn: Turn, broadcast: Broadcast, reach: Reach) -> str:
    """How many get it in a language that is not theirs."""
    first = next(iter(broadcast.texts))
    count = sum(n for (_, theirs), n in reach.by.items() if theirs not in broadcast.texts)
    if not count:
        return ""
    label = f"choice.lang_{first}"
    phrase = turn.text(first, label) if turn.desk.wording.has(label) else first
    return turn.text(turn.sender.language, "broadcast.in_the_first", count=count, phrase=phrase)


def starts(turn: Turn, broadcast: Broadcast) -> datetime:
    """When it would begin to go."""
    at = max(turn.now, broadcast.go_at or turn.now)
    return at if broadcast.urgent else timing.not_quiet(at, turn.community)


def when(turn: Turn, broadcast: Broadcast, language: str) -> str:
    """When it goes, and why not now."""
    at = starts(turn, broadcast)
    if at <= turn.now:
        urgent = broadcast.urgent and timing.is_quiet(turn.now, turn.community)
        return turn.text(language, "broadcast.goes.urgent" if urgent else "broadcast.goes.now")
    held = at != broadcast.go_at
    name = "broadcast.goes.morning" if held else "broadcast.goes.at"
    return turn.text(language, name, by=turn.by(at, turn.sender))


def described(turn: Turn, audience: Audience, language: str) -> str:
    """Whom it is for, in words: nothing of what narrows it down is left unsaid."""
    name = _ROLE_NAMES[audience.role] if audience.role else "whom.everyone"
    pieces = [turn.text(language, name)]
    if audience.areas:
        pieces.append(turn.text(language, "whom.areas", area=", ".join(audience.areas)))
    if audience.cell is not None:
        pieces.append(
            turn.text(language, "whom.around", count=f"{audience.km:g}", postcode=audience.place)
        )
    if audience.language:
        label = f"choice.lang_{audience.language}"
        phrase = turn.text(language, label) if turn.desk.wording.has(label) else audience.language
        pieces.append(turn.text(language, "whom.language", phrase=phrase))
    if audience.need:
        what = turn.text(language, f"need.{audience.need.value}")
        pieces.append(turn.text(language, "whom.need", what=what))
    if audience.silent_in is not None:
        pieces.append(turn.text(language, "whom.silent"))
    return ", ".join(pieces)


_ROLE_NAMES = {
    Role.HELPER: "whom.helpers",
    Role.ASKER: "whom.askers",
    Role.ORGANISER: "whom.organisers",
}


# What they say to it


class Said(StrEnum):
    """What an organiser's words do to a broadcast that was shown; some name what is then said."""

    NOTHING = "nothing"
    DONE = "done"
    NO_REASON = "urgent_why"
    GONE_BY = "gone_by"
    TOO_FAR = "too_far"


def changed(turn: Turn, broadcast: Broadcast) -> tuple[Said, Broadcast]:
    """The broadcast at another hour, or urgent, as the words say."""
    why = rules.urgent_because(turn.words)
    if why is not None:
        if len(why) < 3:
            return Said.NO_REASON, broadcast
        return Said.DONE, replace(broadcast, urgent=one_line(why, LONGEST_REASON))
    at = rules.moment_in(turn.words, turn.now, turn.community)
    if at is None:
        return Said.NOTHING, broadcast
    if at < turn.now:
        return Said.GONE_BY, broadcast
    if at - turn.now > FURTHEST:
        return Said.TOO_FAR, broadcast
    return Said.DONE, replace(broadcast, go_at=at if at > turn.now else None)


_CODE = re.compile(r"[^\d\w]*(?:\w{1,8} ){0,3}(\d{4})[^\d\w]*")


async def code_said(turn: Turn, open_now: list[Question]) -> bool:
    """Whether a message is the code of a broadcast, or meant to be one. Only the right one, of who
    was shown it, while it is fresh, lets it go; and only once."""
    found = _CODE.fullmatch(turn.words)
    if not found or not is_organiser(turn):
        return False
    broadcast = await broadcasts.unsent_of(turn.tx, turn.sender.id)
    if broadcast is None or broadcast.community_id != turn.community.id or not broadcast.code:
        return await _of_one_that_is_over(turn, found[1])
    # Of another question of theirs that is answered by four figures.
    other = any(question.kind == "check_in.code" for question in open_now)
    if found[1] != broadcast.code and other:
        return False
    if broadcast.code_until is None or turn.now > broadcast.code_until:
        await turn.reply("broadcast.stale")
        await show(turn, broadcast)
    elif found[1] == broadcast.code:
        await _confirm(turn, broadcast)
    elif broadcast.tries + 1 >= TRIES:
        await drop(turn, broadcast)
        await turn.reply("broadcast.wrong_too_often")
    else:
        await broadcasts.save(turn.tx, replace(broadcast, tries=broadcast.tries + 1))
        await turn.reply("broadcast.wrong_code")
    return True


async def _of_one_that_is_over(turn: Turn, code: str) -> bool:
    """Whether it is the code of one that has gone, or was put away: then it is told so."""
    for each in await broadcasts.latest_of(turn.tx, turn.sender.id, turn.now - REMEMBERED):
        if each.code == code:
            dropped = each.status is BroadcastStatus.DROPPED
            await turn.reply("broadcast.not_now" if dropped else "broadcast.gone_already")
            return True
    return False


async def _confirm(turn: Turn, broadcast: Broadcast) -> None:
    me = turn.sender
    at = starts(turn, broadcast)
    broadcast = await broadcast_run.let_go(turn, broadcast)
    await questions.close(turn.tx, turn.now, "broadcast.preview", member_id=me.id)
    if await turn.by_text(me):
        later = at > turn.now
        await turn.ask(
            me,
            "broadcast.gone.later" if later else "broadcast.gone",
            broadcast_run.PROGRESS,
            broadcast.id,
            ("call_it_back",),
            people=broadcast.listed,
            by=turn.by(at, me),
        )
        return
    waits = at if at > turn.now and broadcast.status is BroadcastStatus.RUNNING else None
    await turn.ask(
        me,
        "lines",
        broadcast_run.PROGRESS,
        broadcast.id,
        ("call_it_back",),
        lines=await broadcast_run.progress(turn, broadcast, me.language, waits),
    )


async def drop(turn: Turn, broadcast: Broadcast) -> None:
    """It is not to be sent."""
    status = become(broadcast.status, BroadcastStatus.DROPPED)
    await broadcasts.save(turn.tx, replace(broadcast, status=status))
    await turn.never_mind(broadcast.id, DueKind.BROADCAST)
    await questions.close(turn.tx, turn.now, *QUESTIONS, member_id=broadcast.organiser_id)


# Calling back


async def call_back(turn: Turn, question: Question, key: str) -> None:
    """The button under one that is on its way."""
    assert question.ref is not None
    await _call_back(turn, await broadcasts.get(turn.tx, question.ref, lock=True))


async def call_latest_back(turn: Turn) -> bool:
    """CALL BACK: the latest of the group that is on its way, whoever let it go, or that lately was;
    whether there is one."""
    going = (BroadcastStatus.RUNNING, BroadcastStatus.SCHEDULED)
    found = await broadcasts.let_go(turn.tx, turn.community.id, *going)
    found = found or await broadcasts.let_go(turn.tx, turn.community.id)
    lately = turn.now - REMEMBERED
    if not found or (found[0].status not in going and found[0].created_at < lately):
        return False
    await _call_back(turn, await broadcasts.get(turn.tx, found[0].id, lock=True))
    return True


async def _call_back(turn: Turn, broadcast: Broadcast) -> None:
    if not is_organiser(turn) or broadcast.community_id != turn.community.id:
        await turn.toast("not_yours")
        return
    over = not may_become(broadcast.status, BroadcastStatus.CALLED_BACK)
    if over or not (
        await broadcasts.to_come(turn.tx, broadcast.id)
        or await broadcasts.unsettled(turn.tx, broadcast.id, turn.now + broadcast_run.GONE_BY)
    ):
        await turn.toast("broadcast.over_already")
        await turn.reply("broadcast.over_already")
        return
    await turn.toast()
    await broadcast_run.call_back(turn, broadcast)
    await turn.reply("broadcast.called_back")
