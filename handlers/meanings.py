"""What a message means by itself, where it answers no question: one entry in a table an intent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from handlers import (
    arranged,
    ask,
    broadcast_replies,
    broadcast_run,
    checkin,
    checkin_words,
    happened,
    join,
    organiser,
    recurring,
    recurring_off,
    relay,
    visit,
    worry,
)
from handlers.rules import timing, wellbeing
from handlers.rules.courtesy import asks_if_there, is_greeting, is_thanks, says_nobody_came
from handlers.rules.understanding import ACT_ABOVE, Meaning, needs_named, understand
from handlers.rules.understanding_words import plain
from handlers.turn import Turn, first_name
from storage import guards, questions, requests
from storage.model import NEIGHBOURLY, Address, Intent, Member, Need, Question, Role, Standing

MISSED = "missed"
"""A note, kept as a question that was put to nobody, that a message was not followed."""

MISSED_FOR = timedelta(hours=12)


async def act_on(  # noqa: PLR0911, PLR0912 (whatever it was, it is dealt with)
    turn: Turn, meaning: Meaning, open_now: list[Question]
) -> None:
    """Do what the words mean; where that is not plain, ask one easy question."""
    me = turn.sender
    asks = meaning.intent is Intent.ASK and meaning.need and meaning.confidence >= ACT_ABOVE
    if await checkin_words.in_words(turn, asks=bool(asks)):
        if not asks and wellbeing.away_in(plain(turn.words), turn.today):
            await recurring_off.away_too(turn)
        await checkin.heard(turn)
        return
    if await arranged.suggested(turn) or (await _asked(turn) and await _of_what_they_have(turn)):
        await questions.close(turn.tx, turn.now, MISSED, member_id=me.id)
        await checkin.heard(turn)
        return
    if await broadcast_replies.collected(turn, meaning, open_now):
        return
    if is_thanks(turn.words) and _known(me):
        await checkin.heard(turn)
        return  # thanks are welcome, and need no answer
    meaning = recurring.asks(turn, meaning)
    act = MEANINGS.get(meaning.intent)
    if meaning.confidence < _enough(meaning, open_now):
        act = None
    if is_greeting(turn.words):
        act = _greeted
    elif asks_if_there(turn.words) and me.is_a(Role.ASKER):
        act = _status
    if meaning.intent in (Intent.YES, Intent.NO) and _waits(open_now):
        act = None  # it answers something, and which of its answers is not plain
    if act is not None and await act(turn, meaning):
        await questions.close(turn.tx, turn.now, MISSED, member_id=me.id)
        await checkin.heard(turn)
        return
    if me.is_a(Role.ASKER) and me.cell is None and await ask.gave_home_late(turn):
        return
    asked = ("join.", "ask.", "check_in", "alarm")
    joining = any(question.kind.startswith(asked) for question in open_now)
    if not _known(me) and not joining and not await _missed(turn):
        await _miss(turn)
        await join.welcome(turn)
        return
    if meaning.intent is Intent.THANKS and meaning.confidence >= ACT_ABOVE:
        return
    await not_understood(turn, open_now, meaning)


async def _of_what_they_have(turn: Turn) -> bool:
    """Whether an asker speaks of their regular help, or of somebody who has not come."""
    if await recurring_off.heard(turn):
        return True
    return says_nobody_came(turn.words) and await happened.said_nobody_came(turn)


def _waits(open_now: list[Question]) -> bool:
    """Whether they have been asked something that has its own answers."""
    return bool(open_now) and bool(open_now[0].choices) and open_now[0].kind not in LOOSE


LOOSE = ("menu", "offer", "again", "open", broadcast_run.ANSWER, broadcast_run.PROGRESS)
"""Questions that nobody has to answer."""


def _enough(meaning: Meaning, open_now: list[Question]) -> float:
    """How sure a meaning must be. Asking is put before the person in words once more, and a worry
    or a wish to be rung only brings somebody to the phone: neither needs to be as sure, unless the
    words are more likely a slip in answering what was asked."""
    slip = bool(open_now) and open_now[0].kind not in LOOSE
    if meaning.intent is Intent.ASK and meaning.need:
        return ask.ASK_ABOVE
    if meaning.intent in (Intent.CALL_ME, Intent.WORRY) and not slip:
        return ask.ASK_ABOVE
    return ACT_ABOVE


def _known(member: Member) -> bool:
    """Whether they are no stranger: a contact has said yes to something, and needs no role."""
    return bool(member.roles) or member.standing is Standing.ACTIVE


async def _asked(turn: Turn) -> bool:
    """Whether they are an asker; or have left, with something that they asked for still to come."""
    me = turn.sender
    if me.standing is Standing.LEFT:
        return bool(await requests.of_asker(turn.tx, me.id))
    return me.is_a(Role.ASKER)


async def _greeted(turn: Turn, meaning: Meaning) -> bool:
    me = turn.sender
    if not _known(me):
        return False
    await turn.reply("hello", name=first_name(me))
    return True


async def not_understood(turn: Turn, open_now: list[Question], meaning: Meaning) -> None:
    """One easy question: the one that is open, or what they may have meant. After a second miss in
    a row a person gets the words."""
    me = turn.sender
    if await relay.offered(turn, meaning, open_now):
        return
    # What everybody was asked is asked of nobody again.
    open_now = [q for q in open_now if q.kind not in (broadcast_run.ANSWER, broadcast_run.PROGRESS)]
    noted = await _missed(turn)
    await questions.close(turn.tx, turn.now, MISSED, "menu", "welcome", member_id=me.id)
    assert turn.message
    if noted and not await guards.sent_twice(turn.tx, turn.message, turn.now):
        await turn.pass_on("words_sent")
        return
    await _miss(turn)
    waiting = [q for q in open_now if q.choices and q.kind not in ("menu", "offer", "open")]
    latest = open_now[0] if open_now else None
    if waiting and latest in waiting and turn.now - waiting[0].asked_at < MISSED_FOR:
        await turn.ask_again(waiting[0], "not_understood", name=first_name(me))
    elif me.is_a(Role.ASKER) or not _known(me):
        named = needs_named(turn.words)
        await turn.ask(
            me,
            "not_understood",
            "menu",
            None,
            await _guesses(turn, meaning),
            name=first_name(me),
            heard=turn.words if meaning.intent is not Intent.UNKNOWN or named else "",
        )
    else:
        await turn.reply("not_understood.helper", name=first_name(me))


GUESSES = 3
"""What they may have meant that is put before people, besides "something else"."""

ALWAYS = frozenset({Intent.CALL_ME, Intent.STOP})
WITH_A_REQUEST = frozenset({Intent.STATUS, Intent.CANCEL})


async def _guesses(turn: Turn, meaning: Meaning) -> list[str]:
    """What they may have meant, likeliest first, then what people need most; names of choices."""
    known = ALWAYS
    if await requests.of_asker(turn.tx, turn.sender.id):
        known |= WITH_A_REQUEST
    found = [
        need.value if need else intent.value
        for intent, need in meaning.alternatives
        if (intent is Intent.ASK and need in NEIGHBOURLY) or intent in known
    ]
    # Of words that mean nothing to it, what the model thinks next is chance; things have names.
    named = [need.value for need in NEIGHBOURLY if need in needs_named(turn.words)]
    guessed = named if meaning.intent is Intent.UNKNOWN else found
    most = dict.fromkeys([*guessed, *ask.MENU])
    return [*[key for key in most if key != "other"][:GUESSES], "other"]


async def chosen(turn: Turn, question: Question, key: str) -> None:
    """They said which of the guesses they meant. Their own words go with it."""
    await turn.toast()
    here = timing.local(turn.now, turn.community)
    said = understand(question.heard, here, language=turn.sender.language)
    if key in {need.value for need in NEIGHBOURLY}:
        meaning = replace(said, intent=Intent.ASK, need=Need(key), needs=(Need(key),))
        await ask.start(turn, meaning, heard=question.heard)
        return
    await MEANINGS[Intent(key)](turn, replace(said, intent=Intent(key), need=None, needs=()))


async def _missed(turn: Turn) -> bool:
    """Whether the message before was not followed either."""
    open_now = await questions.open_to(turn.tx, turn.sender.id, turn.now)
    return any(q.kind == MISSED and turn.now - q.asked_at < MISSED_FOR for q in open_now)


async def _miss(turn: Turn) -> None:
    assert turn.message
    here = Address(turn.message.channel, turn.message.sender)
    await questions.put(
        turn.tx, kind=MISSED, member_id=turn.sender.id, to=here, ref=None, choices=(), now=turn.now
    )


async def _ask(turn: Turn, meaning: Meaning) -> bool:
    await ask.start(turn, meaning)
    return True


async def _offer(turn: Turn, meaning: Meaning) -> bool:
    await join.begin_helper(turn)
    return True


async def _done(turn: Turn, meaning: Meaning) -> bool:
    return await happened.said_done(turn)


async def _cannot(turn: Turn, meaning: Meaning) -> bool:
    return await visit.cannot(turn)


async def _cancel(turn: Turn, meaning: Meaning) -> bool:
    if await _asked(turn):
        await ask.cancel(turn)
        return True
    return await visit.cannot(turn)


async def _status(turn: Turn, meaning: Meaning) -> bool:
    return await status(turn)


async def status(turn: Turn) -> bool:
    """How things stand, to whoever has something waiting; whether there was anybody to tell."""
    me = turn.sender
    if organiser.is_organiser(turn) and not me.is_a(Role.ASKER):
        await organiser.show_open(turn)
        return True
    if await visit.where_again(turn):
        return True
    if not await _asked(turn):
        return False
    await ask.how_is_it(turn)
    return True


async def _info(turn: Turn, meaning: Meaning) -> bool:
    organisers = await turn.organisers()
    await turn.reply(
        "info" if organisers else "info.alone",
        organiser=await turn.organiser_name(turn.sender),
    )
    return True


async def _call_me(turn: Turn, meaning: Meaning) -> bool:
    await turn.pass_on("call_me")
    return True


async def _worry(turn: Turn, meaning: Meaning) -> bool:
    await worry.said(turn)
    return True


async def _yes_no_to_nothing(turn: Turn, meaning: Meaning) -> bool:
    if not _known(turn.sender):
        return False
    await turn.reply("nothing_open", name=first_name(turn.sender))
    return True


async def _stop(turn: Turn, meaning: Meaning) -> bool:
    await join.stop(turn)
    return True


async def _start_again(turn: Turn, meaning: Meaning) -> bool:
    await join.start_again(turn)
    return True


MEANINGS: dict[Intent, Callable[[Turn, Meaning], Awaitable[bool]]] = {
    Intent.ASK: _ask,
    Intent.OFFER: _offer,
    Intent.DONE: _done,
    Intent.CANNOT: _cannot,
    Intent.CANCEL: _cancel,
    Intent.STATUS: _status,
    Intent.INFO: _info,
    Intent.CALL_ME: _call_me,
    Intent.WORRY: _worry,
    Intent.YES: _yes_no_to_nothing,
    Intent.NO: _yes_no_to_nothing,
    Intent.STOP: _stop,
    Intent.START: _start_again,
}
