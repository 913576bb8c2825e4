"""What comes back from a broadcast: answers, counted; what people write, kept together for the
organisers; and whether somebody wants appeals.

When is a text a reply? Never, if it speaks of an emergency, is a fixed word (STOP among them),
answers another open question, or plainly says something of its own, above all that help is needed.
Then if it was written under the message (Telegram says so), or if the broadcast came within the
last day and nothing else has been asked of them since.
"""

from __future__ import annotations

from datetime import timedelta

from handlers import broadcast_run, checkin
from handlers.ask import ASK_ABOVE
from handlers.broadcast_run import quote
from handlers.rules import audience as rules
from handlers.rules.courtesy import asks_if_there, is_greeting, is_thanks
from handlers.rules.note import fitting
from handlers.rules.understanding import ACT_ABOVE, Meaning, needs_named, yes_no
from handlers.turn import MOST_SEGMENTS, Turn, first_name, one_line
from storage import broadcasts, members, requests
from storage.model import Intent, Question, Role
from storage.model_broadcasts import Broadcast

REPLIED_WITHIN = timedelta(days=1)
"""What is written later than this after a broadcast is about something else."""

STANDS = ("menu", "again", "open", broadcast_run.ANSWER, broadcast_run.PROGRESS)
"""Open questions that nobody has to answer, and that make no text an answer of theirs."""

OWN = frozenset({Intent.CALL_ME, Intent.WORRY})
"""What brings somebody to the phone, wherever it is written."""

OF_A_VISIT = frozenset({Intent.CANCEL, Intent.CANNOT, Intent.DONE, Intent.STATUS})
"""What is said of help that is under way, by those who have any: "ours came at 9"."""

SHOWN, SHOWN_BY_TEXT = 30, 8


# Answers


async def answered(turn: Turn, question: Question, key: str) -> None:
    """Somebody chose one of the answers, for the first time or otherwise than before."""
    assert question.ref is not None
    await _answer(turn, await broadcasts.get(turn.tx, question.ref, lock=True), key)


async def _answer(turn: Turn, broadcast: Broadcast, key: str) -> None:
    me = turn.sender
    if not await broadcasts.answer(turn.tx, broadcast.id, me.id, int(key)):
        await turn.toast("not_yours")
        return
    labels = dict(broadcast_run.choices(turn, broadcast, me.language))
    if turn.message and turn.message.answers:
        await turn.toast("broadcast.noted", name=first_name(me), phrase=labels[key])
    else:
        await turn.reply("broadcast.noted", name=first_name(me), phrase=labels[key])
    await broadcast_run.show_soon(turn, broadcast)


def agreeing(open_now: list[Question], *, said: bool) -> tuple[Question, str] | None:
    """The latest question to everybody that is still open, and the answer in it that a yes or a no
    means; none where it has no such answer."""
    latest = next((q for q in open_now if q.kind == broadcast_run.ANSWER), None)
    meant = [c.key for c in latest.choices if yes_no(c.label) is said] if latest else []
    return (latest, meant[0]) if latest and len(meant) == 1 else None


# Replies


async def collected(turn: Turn, meaning: Meaning, open_now: list[Question]) -> bool:
    """Keep what somebody wrote as a reply, if it is one; whether it was."""
    me = turn.sender
    if not me.roles:
        return False
    ident, under_it = await _about(turn)
    if (
        ident is None
        or await _is_its_own(turn, meaning, under_it=under_it)
        or (not under_it and await _waits(turn, ident, open_now))
    ):
        return False
    broadcast = await broadcasts.get(turn.tx, ident, lock=True)
    if broadcast.organiser_id == me.id:
        return False
    if (key := _as_answer(turn, broadcast)) is not None:
        await _answer(turn, broadcast, key)
        await checkin.heard(turn)
        return True
    words = one_line(turn.words, 1_000)
    await broadcasts.add_reply(turn.tx, ident, me.id, words, turn.now)
    await turn.note("broadcast_reply", "broadcast", ident)
    if is_thanks(turn.words):
        # Nobody need be told of it, nor thanked for it; it only shows that they are there.
        await checkin.heard(turn)
        return True
    # Each is answered: it may be somebody who needs more than to be read, and can't say it well.
    await turn.reply(
        "broadcast.reply", name=first_name(me), organiser=await turn.organiser_name(me)
    )
    await broadcast_run.tell_replies(turn, broadcast)
    return True


async def _about(turn: Turn) -> tuple[int | None, bool]:
    """The broadcast that a message may be a reply to, and whether it was written under it."""
    me, message = turn.sender, turn.message
    assert message
    if message.replies_to:
        found = await broadcasts.of_message(turn.tx, me.id, message.channel, message.replies_to)
        if found is not None:
            return found, True
    return await broadcasts.latest_to(turn.tx, me.id, turn.now - REPLIED_WITHIN), False


def _as_answer(turn: Turn, broadcast: Broadcast) -> str | None:
    """The answer that words are, where something was asked: they may say otherwise than before."""
    labels = broadcast_run.choices(turn, broadcast, turn.sender.language)
    said, agreed = turn.words.lower().strip(" .!?"), yes_no(turn.words)
    exact = [key for key, label in labels if label.lower() == said]
    meant = exact or [
        key for key, label in labels if agreed is not None and yes_no(label) is agreed
    ]
    return meant[0] if len(meant) == 1 else None


async def _is_its_own(turn: Turn, meaning: Meaning, *, under_it: bool) -> bool:
    """Whether words mean something whatever they were written under: help that is needed goes the
    way of a request, and in doubt is asked about rather than put by."""
    intent, sure = meaning.intent, meaning.confidence
    if intent is Intent.ASK:
        return not under_it or sure >= ASK_ABOVE
    if intent in OWN:
        return sure >= ASK_ABOVE
    if under_it:
        return False
    if intent in (Intent.INFO, Intent.START) and sure >= ACT_ABOVE:
        return True
    if intent in OF_A_VISIT and sure >= ACT_ABOVE and await _has_help(turn):
        return True
    named = intent is Intent.UNKNOWN and bool(needs_named(turn.words))
    return (
        (named and turn.sender.is_a(Role.ASKER))
        or is_greeting(turn.words)
        or asks_if_there(turn.words)
    )


async def _has_help(turn: Turn) -> bool:
    me = turn.sender
    return bool(
        await requests.live_visits(turn.tx, helper_id=me.id)
        or await requests.of_asker(turn.tx, me.id)
    )


async def _waits(turn: Turn, ident: int, open_now: list[Question]) -> bool:
    """Whether something else has been asked of them that these words may be about."""
    broadcast = await broadcasts.get(turn.tx, ident)
    since = broadcast.confirmed_at or turn.now
    return any(
        question.asked_at >= since - REPLIED_WITHIN
        or question.kind.startswith(("check_in", "alarm", "ask.", "join."))
        for question in open_now
        if question.kind not in STANDS and not question.kind.startswith("broadcast.")
    )


async def show(turn: Turn) -> None:
    """REPLIES: what people wrote back to the latest broadcast that has any answer or reply, else
    the latest; for any organiser."""
    me = turn.sender
    latest = await broadcasts.let_go(turn.tx, turn.community.id, most=5)
    if not latest:
        await turn.reply("broadcast.none", name=first_name(me))
        return
    broadcast, count = latest[0], 0
    for each in latest:
        if each.answers or await broadcasts.reply_count(turn.tx, each.id):
            broadcast = each
            count = await broadcasts.reply_count(turn.tx, each.id)
            break
    by_text = await turn.by_text(me)
    found = await broadcasts.replies(turn.tx, broadcast.id, SHOWN_BY_TEXT if by_text else SHOWN)
    head = turn.text(me.language, "broadcast.replies", words=quote(broadcast), count=count)
    lines = []
    for reply in found:
        who = turn.who(await members.get(turn.tx, reply.member_id))(me.language)
        long, short = (
            turn.text(me.language, "broadcast.replies.line", who=who, words=one_line(words, most))
            for words, most in ((reply.words, 400), (reply.words, 50))
        )
        lines.append((short if by_text else long, short))
    tail = await broadcast_run.counted(turn, broadcast, me.language)
    if by_text:
        rest = count - len(found)
        said = fitting(head, lines, rest, tail, lambda left: _more(turn, left), MOST_SEGMENTS)
    else:
        more = [_more(turn, count - len(found))] if count > len(found) else []
        said = "\n".join(filter(None, (head, *(long for long, _ in lines), *more, tail)))
    await turn.reply("lines", lines=said)


def _more(turn: Turn, left: int) -> str:
    return turn.text(turn.sender.language, "broadcast.more", count=left)


async def who(turn: Turn) -> bool:
    """An organiser asks who gave one of the answers ("who said 1?"); whether they did."""
    named = rules.who_said(turn.words)
    broadcast = await broadcasts.latest_asking(turn.tx, turn.community.id) if named else None
    if named is None or broadcast is None:
        return False
    me = turn.sender
    labels = [label for _, label in broadcast_run.choices(turn, broadcast, me.language)]
    which = _which(labels, named)
    if which is None:
        await turn.reply("broadcast.who.which", choices=", ".join(labels))
        return True
    found = await broadcasts.who_answered(turn.tx, broadcast.id, which, SHOWN)
    lines = [
        f"{turn.who(one)(me.language)}, {(await turn.phone_of(one))(me.language)}." for one in found
    ]
    for one in found:
        await turn.note("phone_shown", "member", one.id, to=me.id, about={"kind": "broadcast"})
    total = (await broadcasts.answers(turn.tx, broadcast.id)).get(which, 0)
    head = turn.text(me.language, "broadcast.who", phrase=labels[which], count=total)
    most = MOST_SEGMENTS if await turn.by_text(me) else 20
    said = fitting(
        head,
        [(line, line) for line in lines],
        total - len(found),
        "",
        lambda left: _more(turn, left),
        most,
    )
    await turn.reply("lines", lines=said)
    return True


def _which(labels: list[str], named: str) -> int | None:
    if named.isdecimal():
        return int(named) - 1 if 0 < int(named) <= len(labels) else None
    wanted = [place for place, label in enumerate(labels) if named in label.lower()]
    exact = [place for place in wanted if labels[place].lower() == named]
    wanted = exact or wanted
    return wanted[0] if len(wanted) == 1 else None


# Appeals


async def appeals(turn: Turn, *, wanted: bool) -> bool:
    """YES APPEALS and NO APPEALS: whether somebody hears when the group asks for money or support.
    Leaving them never stops help or news. Whether it was theirs to say."""
    me = turn.sender
    assert turn.message
    if not me.roles:
        return False
    if wanted:
        means = turn.message.channel.value
        await turn.save(me, appeals=me.appeals or f"{turn.today.isoformat()} by {means}")
        await turn.note("consent", "member", me.id, means=means, about="appeals")
        await turn.reply("appeals.yes", name=first_name(me))
        return True
    for ident in await broadcasts.appeals_to(turn.tx, me.id):
        await broadcasts.withdraw(turn.tx, ident, me.id)
    await turn.save(me, appeals="")
    await turn.note("consent_withdrawn", "member", me.id, about="appeals")
    await turn.reply("appeals.no", name=first_name(me))
    return True
