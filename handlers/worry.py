"""Somebody is worried about something. It is for the safeguarding holders, and for nobody else.

Whoever is named in it is never told, nor is who wrote it; with a holder named it is the deputies'.
One after another is told until somebody takes it. Where none of them does, organisers who are not
named in it are asked to ring, and told no more than whom. A group without holders has its
organisers in their place. What became of it is in `worry_book`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from handlers import alarm, emergency, worry_book
from handlers.rules import lifecycle, timing
from handlers.rules import worries as rules
from handlers.rules.privacy import Moment
from handlers.rules.worries import HOW, LEFT_LYING
from handlers.seen import keepers_of
from handlers.turn import QUOTED, Turn, first_name, one_line
from storage import guards, members, questions, relay, worries
from storage.model import KEEPERS, DueKind, Member, Priority, Question, Role
from storage.model_worries import Noted, Worry, WorryStatus

AGAIN = rules.TAKE_URGENT
"""Somebody who is over a limit is heard with a worry once in so long."""

KINDS = ("worry", "worry.work", "worry.end", "worry.ring", "worry.rang")
"""What is asked of those who see to it."""


# What was said


def opening(turn: Turn) -> str | None:
    """What follows the word for it, in any language; none where a message does not begin so."""
    wording = turn.desk.wording
    words = [word for language in wording.languages for word in _words(turn, language)]
    return rules.opening(turn.words, words)


def _words(turn: Turn, language: str) -> list[str]:
    return turn.desk.wording.listing(language, "keywords.worry")


async def over_a_limit(turn: Turn) -> bool:
    """Whether somebody who writes too much writes of a worry, and that was seen to."""
    assert turn.message
    if opening(turn) is None:
        return False
    lane = turn.tx.vault.fingerprint(turn.message.channel, turn.message.sender)
    if not await guards.first(turn.tx, "worry", lane, turn.now, AGAIN):
        return False
    await said(turn)
    return True


async def said(turn: Turn, *, words: str | None = None, urgent: bool = False) -> None:
    """They are worried: by the word for it, or as it was understood."""
    if words is None:
        words = opening(turn)
    words = one_line(turn.words if words is None else words, KEPT) if words != "" else ""
    worry, told = await begin(turn, words, urgent=urgent)
    await answer(turn, worry, told)


async def in_danger(turn: Turn) -> None:
    """It begins with the word for it, and sounds like an emergency: both are seen to. Organisers
    hear whom to ring, and not what was written."""
    found = opening(turn) or ""
    worry, told = await begin(turn, one_line(found, KEPT) if found else "", urgent=True)
    language = turn.community.languages[0]
    await emergency.written(turn, instead=turn.text(language, "worry.instead"))
    await answer(turn, worry, told)


async def begin(turn: Turn, words: str, *, urgent: bool = False) -> tuple[Worry, list[Member]]:
    """Keep it, and tell whoever is to hear of it; whom that was. More of one that is under way goes
    to whoever has that one, unless it names somebody who does."""
    me = turn.sender
    named = await _named(turn, words)
    for known in await worries.told_by(turn.tx, me.id):
        if named <= known.named:
            return await _more(turn, known, words, urgent=urgent)
    worry = await worries.add(
        turn.tx,
        Worry(
            id=0,
            community_id=turn.community.id,
            member_id=me.id,
            status=WorryStatus.OPEN,
            created_at=turn.now,
            words=words,
            named=named,
            urgent=urgent,
        ),
    )
    await turn.note("worry", "worry", worry.id)
    return await tell_next(turn, worry)


KEPT = 500
"""Characters of a worry that are kept."""

NAMED = 2
"""Of those who read it, whose names a person hears: more do not fit."""


async def _named(turn: Turn, words: str) -> frozenset[int]:
    """Those of whom it may be: who is named in it, and with whom they had a visit these days, of
    all who could come to hear of it."""
    able = [
        one
        for role in (Role.SAFEGUARDING, Role.DEPUTY, Role.ORGANISER)
        for one in await members.with_role(turn.tx, turn.community.id, role)
    ]
    since = turn.now - rules.ABOUT_VISITS
    visits = await relay.lately(turn.tx, turn.sender.id, since)
    met = {ident for visit in visits for ident in (visit.helper_id, visit.asker_id)}
    own = {turn.sender.id}
    return (
        frozenset(one.id for one in able if rules.names(words, one.name) or one.id in met - own)
        - own
    )


async def _more(
    turn: Turn, worry: Worry, words: str, *, urgent: bool
) -> tuple[Worry, list[Member]]:
    """They write of it again: whoever has it, or was told of it, reads that too."""
    if words:
        await worries.note(turn.tx, worry, turn.now, Noted.MORE, worry.member_id, words)
    worry = await worries.save(
        turn.tx,
        replace(worry, words=worry.words or words, urgent=worry.urgent or urgent),
    )
    if worry.status is WorryStatus.TAKEN:
        holder = await members.get(turn.tx, worry.taken_by or 0)
        if await worry_book.may_read(turn, worry, holder) and alarm.can_be_told(holder):
            await _put(turn, worry, holder, "worry.more", words)
            return worry, [holder]
        worry = await _open_again(turn, worry)
        return await tell_next(turn, worry)
    heard = [one for one in await _told(turn, worry) if await worry_book.may_read(turn, worry, one)]
    heard = [one for one in heard if await _put(turn, worry, one, "worry.more", words)]
    return (worry, heard) if heard else await tell_next(turn, worry)


async def answer(turn: Turn, worry: Worry, told: list[Member]) -> None:
    """Say to who wrote it who will read it, and when; and what is true where nobody will."""
    me = turn.sender
    readers = [one for one in told if await worry_book.may_read(turn, worry, one)]
    start = timing.not_quiet(turn.now, turn.community)
    entry = "worry.alone"
    if readers:
        kept = await keepers_of(turn.tx, turn.community.id)
        entry = "worry.heard" if kept else "worry.organisers"
        if start > turn.now:
            entry = f"{entry}.later"
    elif told:
        entry = "worry.ringing"
    names = [first_name(one) for one in (readers or told) if one.name]
    other = turn.desk.wording.joined(me.language, names[:NAMED])
    more: dict[str, Any] = {
        "name": first_name(me),
        "other": other or turn.text(me.language, "an_organiser"),
        "start": turn.by(start, me),
    }
    about = {"kind": "worry.heard", "ref": worry.id}
    if worry.urgent:
        # They have been told to ring 999, and that an organiser knows: of what, they may wonder.
        if readers:
            await turn.say(me, "worry.heard.danger", about=about, **more)
        return
    if worry.words or not readers:
        await turn.say(me, entry, about=about, **more)
        return
    await questions.close(turn.tx, turn.now, "worry.more", member_id=me.id)
    await turn.ask(me, "worry.what", "worry.more", worry.id, about=about, **more)


async def more_said(turn: Turn, question: Question, _key: str) -> None:
    """They had written the word and nothing else; this is what it is."""
    await said(turn, words=one_line(turn.words, KEPT))


# Who is told


async def plan(turn: Turn, worry: Worry) -> list[tuple[Member, ...]]:
    """Who is told, in turn; in the end everybody who may be told anything of it."""
    holders = await members.with_role(turn.tx, turn.community.id, Role.SAFEGUARDING)
    deputies = await members.with_role(turn.tx, turn.community.id, Role.DEPUTY)
    never = worry.named | {worry.member_id}

    def able(those: list[Member]) -> tuple[Member, ...]:
        return tuple(one for one in those if one.id not in never)

    order = [able(holders), able([one for one in deputies if one not in holders])]
    if worry.named & {one.id for one in holders}:
        order.reverse()
    everyone = able(await turn.organisers())
    hold = {one.id for one in await turn.on_duty()}
    notes = await worries.notes_of(turn.tx, worry)
    if any(note.what is Noted.RANG for note in notes):  # and there is nothing more that they can do
        keepers = {one.id for one in (*holders, *deputies)}
        everyone = tuple(one for one in everyone if one.id in keepers)
    order.append(tuple(one for one in everyone if one.id in hold))
    whole = {one.id: one for those in (*order, everyone) for one in those}
    turns = [those for those in order if those]
    return list(dict.fromkeys([*turns, tuple(whole.values())]))


async def tell_next(
    turn: Turn, worry: Worry, *, but: int | None = None
) -> tuple[Worry, list[Member]]:
    """Tell the next who can be reached. Whoever it is, the step after this one is due."""
    order = await plan(turn, worry)
    told: list[Member] = []
    step = worry.step
    for _ in order:
        those = order[min(step, len(order) - 1)]
        step += 1
        told = [one for one in those if one.id != but and await _tell(turn, worry, one)]
        if told:
            break
    if not told:
        await turn.note("nobody_to_tell", "worry", worry.id)
    return await wait(turn, replace(worry, step=step), _by(turn, worry, step)), told


def _by(turn: Turn, worry: Worry, step: int) -> datetime:
    """By when somebody is to have taken it."""
    if worry.urgent and step <= len(rules.TAKE):
        return turn.now + rules.TAKE_URGENT
    spans = rules.TAKE
    span = spans[step - 1] if step <= len(spans) else rules.TAKE_LATER
    return timing.add_waking(turn.now, span, turn.community)


async def wait(turn: Turn, worry: Worry, until: datetime) -> Worry:
    """Keep how it stands, with its next step due then."""
    await turn.later(DueKind.WORRY, worry.id, until)
    return await worries.save(turn.tx, replace(worry, next_at=until))


async def _tell(turn: Turn, worry: Worry, to: Member) -> bool:
    """Tell one of them, as much as they may know."""
    if await worry_book.may_read(turn, worry, to):
        before = {one.id for one in await _told(turn, worry)}
        entry = "worry.still" if before else "worry.told"
        if not before and not to.roles & KEEPERS:
            entry = "worry.told.organisers"
        put = await _put(turn, worry, to, entry, worry.words)
        what = Noted.TOLD
    else:
        put = await _ask_to_ring(turn, worry, to)
        what = Noted.TO_RING
    if put:
        await worries.note(turn.tx, worry, turn.now, what, to.id)
        await turn.note("worry_told", "worry", worry.id, to=to.id, words=what is Noted.TOLD)
    return put


async def _put(turn: Turn, worry: Worry, to: Member, entry: str, words: str) -> bool:
    """Ask somebody who may read it whether they see to it; who has it already reads on."""
    writer = await members.get(turn.tx, worry.member_id)
    mine = worry.taken_by == to.id
    put = await turn.ask(
        to,
        entry,
        "worry.work" if mine else "worry",
        worry.id,
        ("worry_end",) if mine else ("on_it", "not_me"),
        **how(worry),
        shorten="words",
        who=turn.who(writer, Moment.WORRY)(to.language),
        phone=(await turn.phone_of(writer, Moment.WORRY))(to.language),
        words=worry_book.own(worry, words, QUOTED if await turn.by_text(to) else KEPT),
    )
    if put is not None:
        await worry_book.say_whole(turn, worry, to, words)
    return put is not None


def how(worry: Worry) -> dict[str, Any]:
    """How what is said of a worry goes: at any hour where it sounds like an emergency."""
    return {
        "priority": Priority.EMERGENCY if worry.urgent else Priority.REPLY,
        "about": {"kind": "worry", "ref": worry.id},
    }


async def _ask_to_ring(turn: Turn, worry: Worry, to: Member) -> bool:
    writer = await members.get(turn.tx, worry.member_id)
    put = await turn.ask(
        to,
        "worry.ring",
        "worry.ring",
        worry.id,
        ("on_it", "not_me"),
        **how(worry),
        name=first_name(to),
        who=turn.who(writer)(to.language),
        phone=(await turn.phone_of(writer))(to.language),
    )
    return put is not None


async def _told(turn: Turn, worry: Worry) -> list[Member]:
    """Everybody who was asked whether they see to it, each once, in order."""
    asked = await questions.about(turn.tx, "worry", worry.id)
    idents = dict.fromkeys(question.member_id for question in asked if question.member_id)
    return [await members.get(turn.tx, ident) for ident in idents]


# What they answer


async def answered(turn: Turn, question: Question, key: str) -> None:
    """Somebody who was told of it sees to it, or can't."""
    me = turn.sender
    worry = await worries.get(turn.tx, question.ref or 0, lock=True)
    if not await worry_book.readable(turn, worry):
        return
    await turn.toast()
    if worry.status is WorryStatus.CLOSED:
        await turn.reply("worry.over", name=first_name(me))
    elif worry.status is WorryStatus.TAKEN and worry.taken_by != me.id:
        holder = await members.get(turn.tx, worry.taken_by or 0)
        await turn.reply("worry.theirs", helper=first_name(holder))
    elif key == "not_me":
        await turn.reply("worry.not_me", name=first_name(me))
        await without(turn, worry, me)
    else:
        await _take(turn, worry)


async def _take(turn: Turn, worry: Worry) -> None:
    me = turn.sender
    fresh = worry.status is WorryStatus.OPEN
    if fresh:
        status = lifecycle.become(worry.status, WorryStatus.TAKEN)
        worry = replace(worry, status=status, taken_by=me.id, step=0)
        await worries.note(turn.tx, worry, turn.now, Noted.TAKEN, me.id)
        await turn.note("worry_taken", "worry", worry.id)
    worry = await wait(turn, worry, timing.not_quiet(turn.now + HOW, turn.community))
    told = await _told(turn, worry)
    await questions.close(turn.tx, turn.now, *KINDS, ref=worry.id)
    await worry_book.put(turn, worry, "worry.yours")
    if not fresh:
        return
    await worry_book.still_to_come(turn, worry)
    for one in told:
        if one.id != me.id and await worry_book.may_read(turn, worry, one):
            about = {"kind": "worry.news", "ref": worry.id}
            await turn.say(one, "worry.theirs", about=about, quiet=True, helper=first_name(me))
    writer = await members.get(turn.tx, worry.member_id)
    await turn.say(
        writer,
        "worry.known",
        about={"kind": "worry.heard", "ref": worry.id},
        name=first_name(writer),
        other=first_name(me),
    )


async def without(turn: Turn, worry: Worry, one: Member) -> None:
    """One of those told can't, or did not hear of it: the next is told at once, where nobody else
    has been asked yet."""
    if worry.status is WorryStatus.TAKEN and worry.taken_by == one.id:
        await tell_next(turn, await _open_again(turn, worry), but=one.id)
        return
    if worry.status is not WorryStatus.OPEN:
        return
    kinds = ("worry", "worry.ring")
    asked = [q for kind in kinds for q in await questions.about(turn.tx, kind, worry.id)]
    latest = max((question.asked_at for question in asked), default=None)
    those = [question for question in asked if question.asked_at == latest]
    mine = [question for question in those if question.member_id == one.id]
    if mine and all(question.answered_at or question in mine for question in those):
        await tell_next(turn, worry, but=one.id)


async def _open_again(turn: Turn, worry: Worry) -> Worry:
    """Whoever had it has it no more."""
    await worries.note(turn.tx, worry, turn.now, Noted.LET_GO, worry.taken_by)
    await questions.close(turn.tx, turn.now, *KINDS, ref=worry.id)
    status = lifecycle.become(worry.status, WorryStatus.OPEN)
    return await worries.save(turn.tx, replace(worry, status=status, taken_by=None, step=0))


async def unheard(turn: Turn, worry_id: int, member: Member) -> None:
    """What somebody was to be told of it did not reach them: the next is told at once."""
    if await worries.group_of(turn.tx, worry_id) is None:
        return
    worry = await worries.get(turn.tx, worry_id, lock=True)
    if member.id != worry.member_id:
        for kind in KINDS:
            await questions.close(turn.tx, turn.now, kind, ref=worry.id, member_id=member.id)
        await without(turn, worry, member)


async def hurry(turn: Turn) -> None:
    """Somebody else hears of worries now: whatever is open goes to them at once, and whatever is
    with somebody who may not have it any more."""
    for worry in await worries.unsettled(turn.tx, turn.community.id):
        if worry.status is WorryStatus.OPEN:
            await wait(turn, replace(worry, step=0), turn.now)
            continue
        holder = await members.get(turn.tx, worry.taken_by or 0)
        if not await worry_book.may_read(turn, worry, holder):
            await wait(turn, worry, turn.now)


async def gone(turn: Turn, member: Member) -> None:
    """Somebody is there no more: the worries that they saw to are somebody else's at once."""
    for worry in await worries.taken_by(turn.tx, member.id):
        await wait(turn, worry, turn.now)


# An organiser who rings


async def rings(turn: Turn, question: Question, key: str) -> None:
    """An organiser who was asked to ring does, or can't."""
    me = turn.sender
    worry = await worries.get(turn.tx, question.ref or 0, lock=True)
    await turn.toast()
    if worry.status is not WorryStatus.OPEN:
        await turn.reply("worry.over", name=first_name(me))
        return
    if key == "not_me":
        await turn.reply("worry.not_me", name=first_name(me))
        await without(turn, worry, me)
        return
    writer = await members.get(turn.tx, worry.member_id)
    await worries.note(turn.tx, worry, turn.now, Noted.RINGS, me.id)
    await turn.note("worry_rings", "worry", worry.id)
    await questions.close(turn.tx, turn.now, "worry.ring", ref=worry.id)
    await wait(turn, worry, timing.not_quiet(turn.now + HOW, turn.community))
    await turn.ask(
        me,
        "worry.rings",
        "worry.rang",
        worry.id,
        ("in_hands", "not_me"),
        name=first_name(me),
        who=turn.who(writer)(me.language),
    )


async def rang(turn: Turn, question: Question, key: str) -> None:
    """They rang. It stays open for those who may read it, where there is anybody."""
    me = turn.sender
    worry = await worries.get(turn.tx, question.ref or 0, lock=True)
    await turn.toast()
    if worry.status is not WorryStatus.OPEN or me.id in worry.named:
        await turn.reply("worry.over", name=first_name(me))
        return
    if key == "not_me":
        await turn.reply("worry.not_me", name=first_name(me))
        await without(turn, worry, me)
        return
    await turn.reply("thanks", name=first_name(me))
    keepers = await keepers_of(turn.tx, turn.community.id)
    if not any([await worry_book.may_read(turn, worry, one) for one in keepers]):
        await worry_book.close(turn, worry, "")
        return
    await worries.note(turn.tx, worry, turn.now, Noted.RANG, me.id)


# When time goes by


async def step(turn: Turn, worry_id: int) -> None:
    """Time has gone by: nobody took it, or whoever did has not written of it; or it has been closed
    for so long that its words go."""
    worry = await worries.get(turn.tx, worry_id, lock=True)
    if worry.status is WorryStatus.CLOSED:
        await worries.empty(turn.tx, worry)
        await turn.note("worry_emptied", "worry", worry.id)
        return
    if worry.status is WorryStatus.OPEN:
        await tell_next(turn, worry)
        return
    holder = await members.get(turn.tx, worry.taken_by or 0)
    there = await worry_book.may_read(turn, worry, holder) and alarm.can_be_told(holder)
    if not there or worry.step >= LEFT_LYING:
        await tell_next(turn, await _open_again(turn, worry))
        return
    await worries.note(turn.tx, worry, turn.now, Noted.ASKED, holder.id)
    worry = await wait(
        turn,
        replace(worry, step=worry.step + 1),
        timing.not_quiet(turn.now + HOW, turn.community),
    )
    await worry_book.put(turn, worry, "worry.how", to=holder)
