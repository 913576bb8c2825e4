"""One inbound message is one transaction: whose it is, what it answers, what it means.

The order is the promise: an emergency first, STOP and its kin next, then the open question that
this answers, then the conversation they are in, and only then what the words by themselves mean.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from handlers import (
    answers,
    broadcast,
    broadcast_preview,
    checkin,
    choice,
    commands,
    door,
    emergency,
    hours,
    join,
    languages,
    may,
    meanings,
    offer,
    reach,
    relay,
    rights,
    unused,
    worry,
)
from handlers.rules import recurrence, timing
from handlers.rules.understanding import (
    ACT_ABOVE,
    Meaning,
    is_start,
    is_stop,
    understand,
)
from handlers.turn import Desk, Turn, first_name
from storage import groups, members, questions
from storage.database import Transaction
from storage.model import (
    Address,
    Community,
    InboundKind,
    InboundMessage,
    Intent,
    Member,
    Role,
    Standing,
)


async def receive(desk: Desk, tx: Transaction, now: datetime, message: InboundMessage) -> str:
    """Let one message have its effect. Why it was left unanswered, if it was (`door`)."""
    everyone = await groups.every(tx)
    if not everyone:
        return ""  # nobody has set up a group: `popround check` says so
    if message.in_group:
        return await _in_group(desk, tx, now, message, everyone)
    address = Address(message.channel, message.sender)
    member = await members.find(tx, address)
    if message.kind in (InboundKind.REMOVED, InboundKind.ADDED, InboundKind.MOVED):
        if member and message.kind is InboundKind.REMOVED:
            await _blocked(_turn(desk, tx, now, everyone, member), member)
        return ""
    why = ""
    if member is None:
        why = await door.stranger(desk, tx, now, message)
        if not why:
            member = await _stranger(tx, everyone[0], message, address)
    turn = _turn(desk, tx, now, everyone, member, message)
    why = why or await door.too_much(turn)
    if not why:
        await _let_in(turn)
        return ""
    noted = await _all_the_same(turn, why)
    if noted is None:
        await (door.set_aside if turn.member else door.tell_of_strangers)(turn, why)
    return why if noted is None else noted


async def _let_in(turn: Turn) -> None:
    """Whatever they wrote, pressed or sent has its effect."""
    message = turn.message
    assert message
    await members.wrote(turn.tx, Address(message.channel, message.sender), turn.now)
    await reach.wrote(turn)
    await unused.wrote(turn)
    if message.kind is InboundKind.BUTTON:
        await _button(turn)
    elif message.kind is InboundKind.LOCATION:
        await _location(turn)
    elif message.kind is InboundKind.TEXT and turn.words:
        await _text(turn)
    else:
        await turn.reply("cant_read", name=first_name(turn.sender))


async def _all_the_same(turn: Turn, why: str) -> str | None:
    """See to a message over a limit all the same, if it is STOP of somebody whom we write to, or an
    emergency; what is to be noted of it then (`why`, if it was one more of many), else none."""
    message, member = turn.message, turn.member
    if message is None or message.kind is not InboundKind.TEXT or not turn.words:
        return None
    if is_stop(turn.words) and member is not None:
        await join.stop(turn)
        return ""
    if member is not None and await worry.over_a_limit(turn):
        return ""
    here = timing.local(turn.now, turn.community)
    language = member.language if member else turn.community.languages[0]
    meaning = understand(turn.words, here, language=language)
    danger = meaning.emergency and not _is_fixed(turn, meaning)
    if not danger or not door.from_a_phone(message):
        return None
    alarm = await door.alarm(turn)
    if not alarm.answered:
        return why
    if member is None:
        address = Address(message.channel, message.sender)
        turn.member = await _stranger(turn.tx, turn.community, message, address)
    await (emergency.written if alarm.told else emergency.written_again)(turn)
    return ""


def _turn(
    desk: Desk,
    tx: Transaction,
    now: datetime,
    everyone: list[Community],
    member: Member | None,
    message: InboundMessage | None = None,
) -> Turn:
    ident = member.community_id if member else everyone[0].id
    community = next(c for c in everyone if c.id == ident)
    return Turn(desk, tx, now, community, member, message)


async def _stranger(
    tx: Transaction, community: Community, message: InboundMessage, address: Address
) -> Member:
    """Somebody new. Which group they belong to is settled by their postcode, when they give it."""
    language = message.language[:2] if message.language[:2] in community.languages else ""
    language = language or community.languages[0]
    new = Member(
        id=0,
        community_id=community.id,
        standing=Standing.JOINING,
        language=language,
        languages=(language,),
    )
    return await members.add(tx, new, address)


# Words


async def _text(turn: Turn) -> None:  # noqa: PLR0911, PLR0912 (the order is the promise)
    me, words = turn.sender, turn.words
    here = timing.local(turn.now, turn.community)
    place = me.postcode.split(" ", maxsplit=1)[0] or None
    meaning = understand(words, here, language=me.language, place=place)
    open_now = [
        question
        for question in await questions.open_to(turn.tx, me.id, turn.now)
        if question.kind != meanings.MISSED and not may.lacks_role(turn, question)
    ]
    if not broadcast.writes_for_others(turn, open_now):
        await languages.notice(turn)
    me = turn.sender
    if await _worried(turn, meaning):
        return
    if await _in_danger(turn, meaning):
        await emergency.written(turn)
        # "Tell everyone there's a gas leak": the others are to hear of it as well, and Sam, who is
        # on his way, that she has fallen.
        if not await broadcast.begun(turn):
            await relay.begun(turn)
        return
    if is_stop(words) and not turn.said("forget_me"):
        await join.stop(turn)
        return
    if me.forget_at is not None:
        await turn.reply("forget.coming")
        return
    if me.stopped_at is not None and not is_start(words):
        if not await rights.obey(turn):
            await turn.reply("stopped.still", about={"kind": "stopped.still"})
        return
    if is_start(words):
        await join.start_again(turn)
        await checkin.heard(turn)
        return
    if turn.message and turn.message.masked:
        await turn.reply(f"masked.{turn.message.masked}", name=first_name(me))
        if meaning.confidence >= ACT_ABOVE and meaning.intent is Intent.ASK:
            await meanings.act_on(turn, meaning, open_now)
        return
    if await commands.obey(turn) or await broadcast_preview.code_said(turn, open_now):
        return
    latest = open_now[0] if open_now else None
    if (
        (not answers.takes_any_words(turn, latest) and await choice.said(turn))
        or await relay.begun(turn)
        or await hours.in_words(turn, latest, taken=answers.takes_any_words(turn, latest))
        or await languages.asked_for(turn, open_now)
        or await answers.given(turn, open_now, meaning)
    ):
        await checkin.heard(turn)
        return
    await meanings.act_on(turn, meaning, open_now)


async def _in_danger(turn: Turn, meaning: Meaning) -> bool:
    """Whether it is an emergency. What is passed on to the other of a visit is read by a person at
    any rate, and who has something told to many is hardly alone in danger: it takes a plain sign
    there."""
    if not meaning.emergency or _is_fixed(turn, meaning):
        return False
    return meaning.beyond_doubt or not (broadcast.is_begun(turn) or await relay.is_begun(turn))


def _is_fixed(turn: Turn, meaning: Meaning) -> bool:
    """Whether these are words that we have taught people, which mean one thing and no danger: HELP
    asks what this is (its answer begins with 999), "join 3RMVT-AL348" brings a code, and "no more
    regular help" ends that. A plain sign of danger beside a wish counts for more."""
    if turn.says_a_keyword() or commands.is_a_code(turn.words):
        return True
    short = len(turn.words.split()) <= MOST_OF_A_WISH
    wishes = short and recurrence.wish_of(turn.words, turn.today) is not None
    return wishes and not meaning.beyond_doubt


MOST_OF_A_WISH = 5
"""Words. In more there may be something else beside what they wish of their regular help."""


async def _worried(turn: Turn, meaning: Meaning) -> bool:
    """Whether they are worried, by the word for it: at any time, whatever they were in the middle
    of. It may have taken some courage."""
    if worry.opening(turn) is None:
        return False
    if meaning.emergency and meaning.beyond_doubt:
        await worry.in_danger(turn)
        return True
    if turn.message and turn.message.masked:
        await turn.reply(f"masked.{turn.message.masked}", name=first_name(turn.sender))
    await worry.said(turn)
    await checkin.heard(turn)
    return True


# Buttons and places


async def _button(turn: Turn) -> None:
    assert turn.message
    token, _, place = turn.message.button.partition(":")
    question = await questions.by_token(turn.tx, token)
    choices = question.choices if question else ()
    if question is None or not place.isascii() or not place.isdigit() or int(place) >= len(choices):
        await turn.toast("button.old")
        return
    if question.member_id is not None and question.member_id != turn.sender.id:
        await turn.toast("not_yours")
        return
    if turn.sender.forget_at is not None:
        await _is_going(turn)
        return
    if turn.sender.stopped_at is not None and question.kind not in rights.AFTER_STOP:
        # A slip of the thumb does not undo a STOP.
        await turn.toast()
        await turn.reply("stopped.still", about={"kind": "stopped.still"})
        return
    if question.answered_at is not None and question.kind not in answers.STILL:
        await turn.toast("button.answered")
        return
    await answers.take(turn, question, choices[int(place)].key)
    await checkin.heard(turn)
    await turn.toast()


async def _is_going(turn: Turn) -> None:
    """They asked to be forgotten, and a button of theirs is still there to be pressed."""
    await turn.toast()
    await turn.reply("forget.coming")


async def _location(turn: Turn) -> None:
    if turn.sender.forget_at is not None:
        await _is_going(turn)
        return
    for question in await questions.open_to(turn.tx, turn.sender.id, turn.now):
        if question.kind in ("ask.home", "join.place", "join.place_again"):
            await answers.take(turn, question, "")
            return
    await turn.reply("location.not_now", name=first_name(turn.sender))


# Group chats, and people who go


async def _in_group(
    desk: Desk, tx: Transaction, now: datetime, message: InboundMessage, everyone: list[Community]
) -> str:
    chat = Address(message.channel, message.chat)
    member = await members.find(tx, Address(message.channel, message.sender))
    turn = _turn(desk, tx, now, everyone, member, message)
    known = await groups.street_community(tx, chat)
    if known:
        await turn.move_to(known)
    if message.kind is InboundKind.BUTTON:
        token = message.button.partition(":")[0]
        question = await questions.by_token(tx, token)
        if (
            question is None
            or question.kind != "card"
            or not (known or question.chat == message.chat)
        ):
            await turn.toast("button.old")
            return ""
        await offer.answered_card(turn, question, "accept")
        await turn.toast()
    elif message.kind is InboundKind.ADDED:
        if member and member.is_a(Role.ORGANISER):
            await turn.move_to(member.community_id)
            await groups.add_street(tx, member.community_id, chat)
            await turn.note("street_added", "community", member.community_id)
            await turn.say_in(chat, "street.hello")
        else:
            await turn.say_in(chat, "street.not_organiser")
    elif message.kind is InboundKind.REMOVED:
        await groups.drop_street(tx, chat)
    elif message.kind is InboundKind.MOVED:
        await groups.move_street(tx, chat, message.text)
    elif message.kind is InboundKind.TEXT:
        here = timing.local(now, turn.community)
        said = message.text.strip()
        if not said.startswith("/") and understand(said, here).emergency:
            await turn.say_in(chat, "emergency.alone")
            return ""
        if await door.chat_is_full(turn):
            return door.FLOOD
        await turn.say_in(chat, "street.private", link=f"t.me/{desk.telegram_name}")
    return ""


async def _blocked(turn: Turn, member: Member) -> None:
    """Somebody blocked the bot: their visits are given back, and organisers hear if they wait."""
    turn.member = await reach.lost(turn.tx, turn.now, member, "blocked")
    await join.drop_everything(turn, "stopped")


async def gave_up(desk: Desk, tx: Transaction, now: datetime, message: InboundMessage) -> None:
    """A message that we failed to handle, time and again: the person hears so, an organiser gets
    the words, and nobody is left in silence."""
    everyone = await groups.every(tx)
    if not everyone or message.in_group:
        return
    address = Address(message.channel, message.sender)
    member = await members.find(tx, address)
    if member is None:  # their very first message
        member = await _stranger(tx, everyone[0], message, address)
    turn = _turn(desk, tx, now, everyone, member, message)
    if worry.opening(turn) is not None:
        # Whom it names is not looked for by what has just failed: nobody reads it.
        turn.message = replace(message, text="")
    await turn.pass_on("trouble")
