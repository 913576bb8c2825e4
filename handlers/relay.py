"""The two of a visit talk to each other, and neither sees the other's number.

It ends with the visit and a day, or when one of the two hangs up. Nobody else reads it but the
safeguarding holders, once one of the two has told of a worry (`worry_book`).
"""

from __future__ import annotations

from datetime import timedelta

from handlers import seen
from handlers.rules import timing
from handlers.rules.privacy import Field
from handlers.rules.relayed import LONGEST, asked, gives_away
from handlers.rules.understanding import Meaning
from handlers.seen import Private
from handlers.turn import Turn, first_name, one_line
from storage import members, questions, relay, requests
from storage.model import Intent, Member, Question, Visit

SOON = timedelta(hours=3)
"""What is said about a visit so near may come in the quiet hours."""

WORRIES_ABOUT = timedelta(days=7)
"""A worry may be about a visit that began so long ago, at most."""

FOR_US = frozenset({Intent.DONE, Intent.CANNOT, Intent.CANCEL, Intent.CALL_ME, Intent.WORRY})
"""What is said to us, in the middle of a talk with the other of a visit. What they ask for may be
an answer to the other ("the green milk please"), who reads it at any rate."""


def other_side(visit: Visit, member: Member) -> int:
    return visit.asker_id if member.id == visit.helper_id else visit.helper_id


# Passing on


async def _open_to(turn: Turn) -> list[Visit]:
    """The visits in which who writes may write to the other: who is no helper any more has none to
    go to."""
    me = turn.sender
    found = await relay.open_to(turn.tx, me.id, turn.now - seen.A_DAY)
    return [visit for visit in found if visit.asker_id == me.id or seen.helps(me)]


async def begun(turn: Turn) -> bool:
    """Whether they want somebody told something, and that was seen to: "tell Sam ..."."""
    me = turn.sender
    open_now = await _open_to(turn)
    others = [await members.get(turn.tx, other_side(visit, me)) for visit in open_now]
    meant = asked(turn.words, [_called(other) for other in others])
    if meant is None:
        return False
    places, words = meant
    if not places:
        return await _is_over(turn)
    people = {others[place].id for place in places}
    if len(people) > 1:
        await _which(turn, [open_now[place] for place in places], words)
    else:
        await _pass_on(turn, open_now[places[0]], words)
    return True


async def is_begun(turn: Turn) -> bool:
    """Whether they want somebody told something with whom they have, or had, a visit these days."""
    lately = await relay.lately(turn.tx, turn.sender.id, turn.now - WORRIES_ABOUT)
    others = [await members.get(turn.tx, other_side(visit, turn.sender)) for visit in lately]
    meant = asked(turn.words, [_called(other) for other in others])
    return meant is not None and bool(meant[0])


def _called(member: Member) -> tuple[str, ...]:
    return (member.name, first_name(member), *member.name.split()[:1])


async def _is_over(turn: Turn) -> bool:
    """Whether they mean somebody of a visit in which nothing is passed on any more."""
    me = turn.sender
    before = await relay.lately(turn.tx, me.id, turn.now - WORRIES_ABOUT)
    others = [await members.get(turn.tx, other_side(visit, me)) for visit in before]
    meant = asked(turn.words, [_called(other) for other in others])
    if not others or meant is None or not meant[0]:
        return False
    await turn.reply("relay.over", name=first_name(me), organiser=await turn.organiser_name(me))
    return True


async def _which(turn: Turn, several: list[Visit], words: str) -> None:
    choices = []
    for visit in several[:4]:
        other = await members.get(turn.tx, other_side(visit, turn.sender))
        request = await requests.get(turn.tx, visit.request_id)
        what = turn.gist(request, turn.sender.language)
        choices.append((str(visit.id), f"{first_name(other)}, {what}"))
    await turn.ask(
        turn.sender,
        "relay.which",
        "relay.which",
        None,
        choices,
        name=first_name(turn.sender),
        heard=words,
    )


async def which_said(turn: Turn, question: Question, key: str) -> None:
    """They said whom they mean."""
    await turn.toast()
    visit = await _still_open(turn, int(key))
    if visit:
        await _pass_on(turn, visit, question.heard)


async def _still_open(turn: Turn, visit_id: int) -> Visit | None:
    """The visit, if they may still write to the other side of it; else they hear that not."""
    me = turn.sender
    open_now = await _open_to(turn)
    found = next((visit for visit in open_now if visit.id == visit_id), None)
    if found is None:
        await turn.reply("relay.over", name=first_name(me), organiser=await turn.organiser_name(me))
    return found


async def _pass_on(turn: Turn, visit: Visit, words: str, *, sure: bool = False) -> None:
    me = turn.sender
    other = await members.get(turn.tx, other_side(visit, me))
    if not words:
        # "Tell Sam" and nothing else: the next words are it.
        await turn.ask(
            me, "relay.what", "relay", visit.id, name=first_name(me), other=first_name(other)
        )
        return
    # Where she lives he has been told. What else would let them be found is theirs to give.
    own = me.home if me.id == visit.helper_id else ""
    if not sure and gives_away(words, own):
        await turn.ask(
            me,
            "relay.sure",
            "relay.sure",
            visit.id,
            ("send_it", "dont_send"),
            name=first_name(me),
            other=first_name(other),
            heard=words,
        )
        return
    line = one_line(words, LONGEST + 1)
    if len(line) > LONGEST:
        await turn.ask(me, "relay.long", "relay", visit.id, name=first_name(me))
        return
    await questions.close(turn.tx, turn.now, "relay", member_id=other.id)
    put = await turn.ask(
        other,
        "relay.said",
        "relay",
        visit.id,
        about={"kind": "relay", "ref": visit.id},
        shorten="words",
        wakes=visit.due_at - turn.now <= SOON or None,
        other=first_name(me),
        words=Private(line, Field.RELAYED, me.id),
    )
    if put is None:
        await turn.reply(
            "relay.not_now",
            name=first_name(me),
            other=first_name(other),
            organiser=await turn.organiser_name(me),
        )
        return
    await relay.keep(turn.tx, visit.id, me.id, line, turn.now)
    await turn.note("relayed", "visit", visit.id, to=other.id)
    start = timing.not_quiet(turn.now, turn.community)
    later = start > turn.now and visit.due_at - turn.now > SOON
    await turn.reply(
        "relay.told.later" if later else "relay.told",
        name=first_name(me),
        other=first_name(other),
        start=turn.by(start, me.language),
    )


async def answered(turn: Turn, question: Question, _key: str) -> None:
    """They write back, in words of any kind."""
    visit = await _still_open(turn, question.ref or 0)
    if visit:
        meant = asked(turn.words, [("",)])
        await _pass_on(turn, visit, meant[1] if meant and meant[0] else turn.words)


async def sure_said(turn: Turn, question: Question, key: str) -> None:
    """They were warned that it lets them be found, or asked whether it is for the other at all."""
    await turn.toast()
    if key not in ("send_it", "yes"):
        await turn.reply("relay.not_sent", name=first_name(turn.sender))
        return
    visit = await _still_open(turn, question.ref or 0)
    if visit:
        await _pass_on(turn, visit, question.heard, sure=key == "send_it")


async def offered(turn: Turn, meaning: Meaning, open_now: list[Question]) -> bool:
    """Whether words that mean nothing to us may be meant for the one other person of a visit: they
    are asked, and nothing is passed on unasked."""
    me = turn.sender
    settled = ("visit", "relay", "offer", "menu", "open", "hours")
    likely = {meaning.intent, *(intent for intent, _ in meaning.alternatives[:2])}
    if (
        likely & FOR_US
        or len(turn.words.split()) < 3
        or any(q.kind not in settled for q in open_now[:1])
    ):
        return False
    going = [
        *(await requests.live_visits(turn.tx, helper_id=me.id) if seen.helps(me) else ()),
        *await requests.live_visits(turn.tx, asker_id=me.id),
    ]
    if len(going) != 1 or going[0].relay_off:
        return False
    other = await members.get(turn.tx, other_side(going[0], me))
    put = await turn.ask(
        me,
        "relay.pass",
        "relay.sure",
        going[0].id,
        ("yes", "no"),
        name=first_name(me),
        other=first_name(other),
        heard=turn.words,
    )
    return put is not None


# Its end


async def hang_up(turn: Turn) -> bool:
    """They want no more of the other's words; whether there was anybody to write to them."""
    me = turn.sender
    open_now = await relay.open_to(turn.tx, me.id, turn.now - seen.A_DAY)
    for visit in open_now:
        await relay.close(turn.tx, visit.id)
        await questions.close(turn.tx, turn.now, "relay", "relay.sure", ref=visit.id)
        await turn.note("relay_closed", "visit", visit.id)
    if open_now:
        await turn.reply(
            "relay.closed", name=first_name(me), organiser=await turn.organiser_name(me)
        )
    return bool(open_now)


async def unheard(turn: Turn, visit_id: int, member: Member) -> None:
    """What was passed on did not arrive: whoever wrote it hears so, and nobody reads it."""
    visit = await requests.get_visit(turn.tx, visit_id)
    writer = await members.get(turn.tx, other_side(visit, member))
    await turn.say(
        writer,
        "relay.not_now",
        about={"kind": "relay.not_now", "ref": visit.id},
        name=first_name(writer),
        other=first_name(member),
        organiser=await turn.organiser_name(writer),
    )
