"""At the door: who is answered, and how much of theirs at once.

Nothing is lost here. What is not answered stays in the inbox with the reason (`aside`), whoever
wrote it hears so once where that does no harm, and an organiser is told once. An emergency always
passes, and so does STOP from somebody whom we write to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.rules import guards as rules
from handlers.turn import Desk, Turn, first_name
from storage import guards, numbers
from storage.database import Transaction
from storage.model import Channel, InboundKind, InboundMessage

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

FLOOD, LOOP, ABROAD, CROWD = "flood", "loop", "abroad", "crowd"
"""Why something is set aside: too much from one person, the same again and again, a number that is
never texted, too many strangers."""


# Who


async def stranger(desk: Desk, tx: Transaction, now: datetime, message: InboundMessage) -> str:
    """Why somebody whom nobody knows is not answered; empty if they are."""
    if never_texted(desk, message):
        return ABROAD
    limits = desk.limits
    # The block before all, in every turn: two that wait for each other would wait for ever.
    if message.channel is Channel.SMS:
        block = tx.vault.fingerprint("block", message.sender[: numbers.BLOCK])
        if await guards.count(tx, "block", block, now, HOUR) > limits.strangers_per_block:
            return CROWD
    met = await guards.count(tx, "strangers", message.channel.value, now, HOUR)
    return CROWD if met > limits.strangers_per_hour else ""


def never_texted(desk: Desk, message: InboundMessage) -> bool:
    """Whether what they wrote came from a number that is never texted."""
    if message.channel is not Channel.SMS:
        return False
    return numbers.why_not(message.sender, desk.limits.countries) is not None


async def tell_of_strangers(turn: Turn, why: str) -> None:
    """A stranger is not answered. Of a crowd an organiser hears, once an hour, with the words of
    the first; of a number abroad nobody does: there is no end to those."""
    assert turn.message
    if why != CROWD:
        return
    if await guards.first(turn.tx, "crowd.told", turn.message.channel.value, turn.now, HOUR):
        await turn.tell_organisers(
            "crowd.told",
            phone=turn.message.sender if turn.message.channel is Channel.SMS else "Telegram",
            words=turn.quoted(turn.words),
        )
        await turn.note("set_aside", "community", turn.community.id, why=why)


# How much


async def too_much(turn: Turn) -> str:
    """Why a message of somebody we know is not answered; empty if it is."""
    assert turn.message
    if never_texted(turn.desk, turn.message):
        return ABROAD
    seen = await guards.seen(turn.tx, turn.message, turn.now)
    if rules.over(turn.desk.limits, seen.minute, seen.hour, seen.day):
        return FLOOD
    if seen.looping or seen.same >= rules.most_of_the_same(turn.words):
        await guards.leave_alone(turn.tx, turn.message, turn.now + rules.LEFT_ALONE)
        return LOOP
    return ""


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is done about the words of danger of somebody who is over a limit."""

    answered: bool
    told: bool
    """Organisers are told once more."""


async def alarm(turn: Turn) -> Alarm:
    """An emergency is never too much, but not a new one every second either: a machine that says
    "in an emergency ring 999" would talk with us all night, and ring the organisers' phones."""
    assert turn.message
    lane = turn.tx.vault.fingerprint(turn.message.channel, turn.message.sender)
    told = await guards.first(turn.tx, "danger.told", lane, turn.now, rules.DANGER_TOLD)
    answered = await guards.first(turn.tx, "danger", lane, turn.now, rules.DANGER_ANSWERED)
    return Alarm(answered or told, told)


def from_a_phone(message: InboundMessage) -> bool:
    """Whether there is anybody: short codes and names are shops' offers and banks' codes."""
    nobody = numbers.WhyNot.NOT_A_NUMBER
    return message.channel is not Channel.SMS or numbers.why_not(message.sender) is not nobody


async def set_aside(turn: Turn, why: str) -> None:
    """Somebody we know is not answered: they hear why and what to do, and an organiser who it is;
    each once."""
    assert turn.message
    me, message = turn.sender, turn.message
    if why == ABROAD and not me.roles:
        return
    if message.kind is InboundKind.BUTTON:
        await turn.toast("flood.button")
    lane = turn.tx.vault.fingerprint(message.channel, message.sender)
    once_in = DAY if why == ABROAD else HOUR
    if not await guards.first(turn.tx, f"{why}.told", lane, turn.now, once_in):
        return
    told = await turn.tell_organisers(
        f"{why}.told",
        but=me.id,
        who=turn.who(me),
        phone=await turn.phone_of(me),
        words=turn.quoted(turn.words),
    )
    # A machine would answer that, too; a number abroad is not texted.
    mute = why == ABROAD or (why == LOOP and rules.sounds_automatic(turn.words))
    if me.stopped_at is None and not mute:
        await turn.reply(
            why if told else f"{why}.alone",
            name=first_name(me),
            organiser=await turn.organiser_name(me),
        )
    await turn.note("set_aside", "member", me.id, why=why)


async def chat_is_full(turn: Turn) -> bool:
    """Whether a group chat has had as many answers as it gets within a minute."""
    assert turn.message
    chat = turn.tx.vault.fingerprint(turn.message.channel, turn.message.chat)
    said = await guards.count(turn.tx, "chat", chat, turn.now, guards.MINUTE)
    return said > rules.CHAT_PER_MINUTE


# Codes


async def may_try_code(turn: Turn) -> bool:
    """Whether somebody may still try an invitation's code: after too many wrong ones nobody finds
    out whether theirs is right."""
    wrong = await guards.counted(turn.tx, "code", str(turn.sender.id), turn.now)
    all_wrong = await guards.counted(turn.tx, "codes", "all", turn.now)
    return wrong < rules.WRONG_CODES and all_wrong < rules.WRONG_CODES_IN_ALL


async def wrong_code(turn: Turn) -> None:
    """A code did not hold. Organisers are told when there have been too many."""
    me = turn.sender
    mine = await guards.count(turn.tx, "code", str(me.id), turn.now, HOUR)
    everybodys = await guards.count(turn.tx, "codes", "all", turn.now, HOUR)
    if mine == rules.WRONG_CODES:
        await turn.tell_organisers(
            "codes.told",
            but=me.id,
            who=turn.who(me),
            phone=await turn.phone_of(me),
        )
        await turn.note("codes_locked", "member", me.id)
    if everybodys == rules.WRONG_CODES_IN_ALL:
        await turn.tell_organisers("codes.told.all", everybody=True)
        await turn.note("codes_locked", "community", turn.community.id)
