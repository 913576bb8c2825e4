"""Somebody asks in another's place: "for my mum". Nothing goes out without that person's own yes.

Who is known to us is asked; anybody else is an organiser's to ask. Who asked for them is not told
which of the two it is, so that nobody learns whose number we know.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from handlers import ask, waves
from handlers.rules import lifecycle, timing
from handlers.rules.checkins import contacts_in
from handlers.turn import Turn, first_name
from storage import members, questions, requests
from storage.model import (
    Address,
    Channel,
    DueKind,
    HelpRequest,
    Member,
    Question,
    RequestStatus,
    Role,
    Standing,
)

WAIT = timedelta(hours=2)
"""How long the person may think it over, quiet hours apart, before an organiser rings them."""


async def confirmed(turn: Turn, question: Question, key: str) -> None:
    """ "Is that right?", of what somebody asks for. Another address is another person's."""
    request = await requests.get(turn.tx, question.ref or 0)
    draft = request.status is RequestStatus.DRAFT
    if key == "other_door" and draft and not request.schedule_id:
        await turn.toast()
        await _whom(turn, request)
    else:
        await ask.confirmed(turn, question, key)


async def _whom(turn: Turn, request: HelpRequest) -> None:
    """They ask for somebody at another door: by what number is that person asked?"""
    await turn.later(
        DueKind.DRAFT, request.id, timing.add_waking(turn.now, ask.CHASE, turn.community)
    )
    await turn.ask(
        turn.sender,
        "friend.phone",
        "friend.phone",
        request.id,
        ("no_phone",),
        name=first_name(turn.sender),
    )


async def phone_said(turn: Turn, question: Question, key: str) -> None:
    """They gave the number, or said that there is none."""
    request = await ask.draft(turn, question)
    await turn.toast()
    if request is None:
        return
    await turn.never_mind(request.id, DueKind.DRAFT, DueKind.PROMISE)
    given = () if key else contacts_in(turn.words)
    person = await members.find(turn.tx, Address(Channel.SMS, given[0].phone)) if given else None
    if person is None or not await _ask(turn, request, person):
        words = request.words if key else f"{request.words} {turn.words}"
        request = replace(request, words=words)
        await ask.hand_over_draft(turn, request, "other_door", "friend.asked")
        return
    me = turn.sender
    await turn.reply("friend.asked", name=first_name(me), organiser=await turn.organiser_name(me))


async def _ask(turn: Turn, request: HelpRequest, person: Member) -> bool:
    """Whether the person could be asked. From here on it is a draft of their own."""
    me = turn.sender
    known = person.standing is Standing.ACTIVE and person.cell is not None and person.home
    if person.id == me.id or person.community_id != turn.community.id or not known:
        return False
    theirs = await questions.open_to(turn.tx, person.id, turn.now)
    if any(question.kind == "friend.agree" for question in theirs):
        return False  # nobody is pressed: one such question at a time
    put = await turn.ask(
        person,
        "friend.agree",
        "friend.agree",
        request.id,
        ("yes", "no"),
        heard=str(me.id),
        name=first_name(person),
        other=first_name(me),
        what=turn.gist(request, person.language),
        when=turn.when(request, person.language),
    )
    if put is None:
        return False
    await requests.save(turn.tx, replace(request, asker_id=person.id, for_other=False))
    until = timing.not_quiet(turn.now, turn.community)
    await turn.later(DueKind.DRAFT, request.id, timing.add_waking(until, WAIT, turn.community))
    await turn.note("asked_for", "request", request.id, person=person.id)
    return True


async def agreed(turn: Turn, question: Question, key: str) -> None:
    """The person's own word on it."""
    request = await ask.draft(turn, question)
    await turn.toast()
    if request is None:
        return
    me = turn.sender
    friend = await members.get(turn.tx, int(question.heard))
    await turn.never_mind(request.id, DueKind.DRAFT, DueKind.PROMISE)
    if key != "yes":
        status = lifecycle.become(request.status, RequestStatus.CANCELLED)
        await requests.save(turn.tx, replace(request, status=status))
        await turn.reply("not_asked", name=first_name(me))
        await turn.say(friend, "friend.no", name=first_name(friend))
        return
    if not me.is_a(Role.ASKER):
        await turn.save(me, roles=me.roles | {Role.ASKER})
    await turn.note("agreed_to", "request", request.id, friend=friend.id)
    await turn.say(friend, "friend.yes", name=first_name(friend))
    opened = [await waves.open_request(turn, each) for each in await ask.one_each(turn, request)]
    await ask.say_asking(turn, opened)


async def silent(turn: Turn, request: HelpRequest) -> bool:
    """Whether it waits for somebody's yes that did not come: an organiser rings them."""
    put = [q for q in await questions.about(turn.tx, "friend.agree", request.id) if q.heard]
    if not put or put[-1].answered_at is not None:
        return False
    await questions.close(turn.tx, turn.now, "friend.agree", ref=request.id)
    friend = await members.get(turn.tx, int(put[-1].heard))
    await turn.say(
        friend,
        "friend.silent",
        name=first_name(friend),
        organiser=await turn.organiser_name(friend),
    )
    await ask.hand_over_draft(turn, request, "friend")
    return True
