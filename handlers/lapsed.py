"""Help that nobody was found for, and whose day has gone by: not asked after for ever.

Its asker is asked once whether it is still needed, and organisers hear of it once. "Yes" asks for
it anew; without an answer it is closed a day later, and said so. Regular help has a next time, and
ends otherwise (`recurring.day_is_over`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from handlers import ask, visit, waves
from handlers.rules import lifecycle, timing
from handlers.turn import Turn, first_name
from storage import members, questions, requests
from storage.model import (
    DueKind,
    HelpRequest,
    Member,
    Question,
    RequestStatus,
)

ANY_DAY = timedelta(days=3)
"""How long help that was wanted as soon as could be is looked for (ours)."""

ANSWER = timedelta(days=1)
"""How long somebody has to say whether it is still needed."""


async def seen_to(turn: Turn, request: HelpRequest, handler: Member | None) -> bool:
    """Whether the day of a request that lies with the organisers (with the `handler`, where one of
    them sees to it) has gone by; then it has been dealt with."""
    made = timing.local(request.created_at, turn.community).date()
    if turn.today <= (request.day or made + ANY_DAY):
        return False
    asker = await members.get(turn.tx, request.asker_id)
    if request.lapsed_at is None:
        await _ask(turn, request, asker, handler)
    elif turn.now < request.lapsed_at + ANSWER:
        await _wait(turn, request)
    else:
        await _close(turn, request, RequestStatus.CLOSED)
        await turn.say(
            asker,
            "lapsed.closed.seen_to" if handler else "lapsed.closed",
            about={"kind": "nobody_yet", "ref": request.id},
            name=first_name(asker),
            what=turn.gist(request, asker.language),
        )
        if handler:
            await _tell(turn, handler, "lapsed.closed.told", asker, request)
    return True


async def _ask(turn: Turn, request: HelpRequest, asker: Member, handler: Member | None) -> None:
    request = await requests.save(turn.tx, replace(request, lapsed_at=turn.now))
    await _wait(turn, request)
    await questions.close(turn.tx, turn.now, "handed", ref=request.id)
    put = await turn.ask(
        asker,
        "still_needed.seen_to" if handler else "still_needed",
        "still_needed",
        request.id,
        ("yes", "no"),
        name=first_name(asker),
        what=turn.gist(request, asker.language),
    )
    if handler:
        await turn.ask(
            handler,
            "chase.yours",
            "handed",
            request.id,
            ("close",),
            asker=turn.who(asker)(handler.language),
            what=turn.gist(request, handler.language),
            when=turn.when(request, handler.language),
        )
        return
    await turn.tell_organisers(
        "lapsed.told" if put else "lapsed.told.unasked",
        "handed",
        request.id,
        ("see_to_it", "close"),
        but=asker.id,
        asker=turn.who(asker),
        phone=await turn.phone_of(asker),
        what=lambda language: turn.gist(request, language),
    )


async def _wait(turn: Turn, request: HelpRequest) -> None:
    assert request.lapsed_at
    moment = timing.not_quiet(request.lapsed_at + ANSWER, turn.community)
    await turn.later(DueKind.CHASE, request.id, moment)


async def _close(turn: Turn, request: HelpRequest, status: RequestStatus) -> None:
    status = lifecycle.become(request.status, status)
    request = await requests.save(turn.tx, replace(request, status=status))
    await waves.withdraw(turn, request)
    await questions.close(turn.tx, turn.now, "handed", "assign", ref=request.id)
    await turn.note("lapsed", "request", request.id, status=status.value)


async def answered(turn: Turn, question: Question, key: str) -> None:
    """They said whether they still need it; late, or twice, goes by how things stand."""
    me = turn.sender
    request = await requests.get(turn.tx, question.ref or 0, lock=True)
    await turn.toast()
    if request.asker_id != me.id:
        return
    waits = request.status is RequestStatus.HANDED
    if key != "yes":
        if waits:
            await _close(turn, request, RequestStatus.CANCELLED)
            if request.handler_id and request.handler_id != me.id:
                handler = await members.get(turn.tx, request.handler_id)
                await _tell(turn, handler, "lapsed.not_needed", me, request)
        await turn.reply("still_needed.no", name=first_name(me))
    elif request.status in (RequestStatus.OPEN, RequestStatus.FILLED):
        await visit.status(turn, request)
    elif waits or not await _asked_since(turn, request):
        if waits:
            await _close(turn, request, RequestStatus.CLOSED)
        await _ask_anew(turn, request)


async def needed_again(turn: Turn, request: HelpRequest) -> None:
    """They still need what is over: it is asked for anew, unless they have done so already."""
    if not await _asked_since(turn, request):
        await _ask_anew(turn, request)


async def _ask_anew(turn: Turn, request: HelpRequest) -> None:
    await ask.advance(turn, await requests.add(turn.tx, _anew(turn, request)))


async def _asked_since(turn: Turn, request: HelpRequest) -> bool:
    """Whether they ask for the same thing already; then they are told how it stands."""
    for other in await requests.of_asker(turn.tx, request.asker_id):
        if other.need is request.need:
            await visit.status(turn, other)
            return True
    return bool(await requests.of_asker(turn.tx, request.asker_id, ask.DRAFT))


def _anew(turn: Turn, request: HelpRequest) -> HelpRequest:
    """The same thing, for a day that is still to be said: who said "not today" is asked again."""
    return replace(
        request,
        status=RequestStatus.DRAFT,
        created_at=turn.now,
        day=None,
        part=None,
        wave=0,
        urgent=True,
        promised_at=None,
        handler_id=None,
        misses=0,
        lapsed_at=None,
    )


async def _tell(
    turn: Turn, handler: Member, entry: str, asker: Member, request: HelpRequest
) -> None:
    await turn.say(
        handler,
        entry,
        about={"kind": entry},
        asker=turn.who(asker)(handler.language),
        what=turn.gist(request, handler.language),
    )
