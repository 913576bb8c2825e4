"""Whether a visit happened: what the helper says, what the asker says, and what if nobody does.

The asker's word counts above the helper's. Whether they would meet again is asked of both, kept,
and told to nobody.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from handlers import lapsed, money, reminders
from handlers.rules import lifecycle, timing
from handlers.seen import helps
from handlers.turn import Turn, first_name
from handlers.visit import (
    AFTER,
    cannot,
    forget_details,
    look_again,
    not_known,
    on_the_way,
    over,
    status,
    which,
)
from storage import members, questions, requests
from storage.model import (
    DueKind,
    Member,
    Question,
    RequestStatus,
    Visit,
    VisitStatus,
)

TAKEN_AS_DONE = timedelta(hours=24)
"""A helper said it was done and the asker said nothing against it for so long."""

ONCE_MORE = timedelta(days=1)
NEVER_KNOWN = timedelta(days=3)
"""Where no organiser can look into it, the asker is asked once more so long after a visit, and it
is over so long after it. Ours."""

MOST_ASKED = 2

JUST_ASKED = timedelta(hours=1)
"""An asker who was asked since the time was up is not asked the same once more because the helper
says so only now. Ours."""


# What the helper says


async def answered(turn: Turn, question: Question, key: str) -> None:
    """On the way, done, or can't come: from the buttons of the details."""
    visit = await requests.get_visit(turn.tx, question.ref or 0, lock=True)
    if visit.helper_id != turn.sender.id:
        await turn.toast("not_yours")
        return
    if key == "going":
        await on_the_way(turn, visit)
    elif key == "cannot":
        await cannot(turn, visit)
    else:
        await done(turn, visit)


async def done(turn: Turn, visit: Visit) -> None:
    """The helper says it is done: thanked, the address forgotten, and the asker asked."""
    if visit.status not in (VisitStatus.ACCEPTED, VisitStatus.ON_THE_WAY):
        await over(turn)
        return
    await turn.toast()
    await _finish(turn, visit)
    asker = await members.get(turn.tx, visit.asker_id)
    await forget_details(turn, visit, "details.over")
    await _ask_helper_again(turn, visit, asker)
    asked = await questions.about(turn.tx, "did_they_come", visit.id)
    last = asked[-1] if asked else None
    if last is None or last.answered_at or turn.now - last.asked_at >= JUST_ASKED:
        await _ask_whether(turn, visit, asker)
    await turn.later(DueKind.DID_IT_HAPPEN, visit.id, turn.now + TAKEN_AS_DONE)
    await money.after(turn, visit)


async def _finish(turn: Turn, visit: Visit) -> None:
    done = lifecycle.become(visit.status, VisitStatus.DONE)
    await requests.set_visit(turn.tx, visit.id, done, turn.now)
    request = await requests.get(turn.tx, visit.request_id, lock=True)
    await requests.save(
        turn.tx, replace(request, status=lifecycle.become(request.status, RequestStatus.DONE))
    )
    helper = await members.get(turn.tx, visit.helper_id, lock=True)
    await turn.save(helper, visits=helper.visits + 1)
    await turn.never_mind(visit.id, *reminders.REMINDERS, DueKind.DID_IT_HAPPEN)
    await turn.note("visit_done", "visit", visit.id)


async def which_done(turn: Turn, question: Question, key: str) -> None:
    """They said which visit is done."""
    visit = await requests.get_visit(turn.tx, int(key), lock=True)
    if visit.helper_id == turn.sender.id:
        await done(turn, visit)


async def said_done(turn: Turn) -> bool:
    """Somebody says in words that it is done; whether there was a visit that they can mean."""
    me = turn.sender
    going = await requests.live_visits(turn.tx, helper_id=me.id) if helps(me) else []
    if len(going) > 1:
        await which(turn, going, "which_done")
        return True
    if going:
        await done(turn, going[0])
        return True
    for awaited in await requests.live_visits(turn.tx, asker_id=turn.sender.id):
        await came(turn, awaited)
        return True
    return False


async def said_nobody_came(turn: Turn) -> bool:
    """An asker says in words that nobody has come; whether they wait for anybody. Before the time
    they hear how it stands, after it somebody else is looked for."""
    for awaited in await requests.live_visits(turn.tx, asker_id=turn.sender.id):
        if turn.now < awaited.due_at:
            await status(turn, await requests.get(turn.tx, awaited.request_id))
        else:
            await nobody_came(turn, awaited)
        return True
    for question in await questions.open_to(turn.tx, turn.sender.id, turn.now):
        if question.kind == "did_they_come":
            await questions.answered(turn.tx, question.id, turn.now)
            await did_they_come(turn, question, "no")
            return True
    return False


async def time_is_up(turn: Turn, visit: Visit) -> None:
    """The visit should have happened by now. If nobody said so the asker is asked; if the helper
    did and the asker left it at that, it did."""
    asker = await members.get(turn.tx, visit.asker_id)
    asked = await questions.about(turn.tx, "did_they_come", visit.id)
    if visit.status is VisitStatus.DONE:
        await questions.close(turn.tx, turn.now, "did_they_come", "again", ref=visit.id)
        return
    if visit.status not in (VisitStatus.ACCEPTED, VisitStatus.ON_THE_WAY):
        return
    if not asked and await _ask_whether(turn, visit, asker):
        await turn.later(
            DueKind.DID_IT_HAPPEN, visit.id, timing.add_waking(turn.now, AFTER, turn.community)
        )
        return
    # Neither side has said a word: a person should look, and is asked until somebody has.
    helper = await members.get(turn.tx, visit.helper_id)
    age = turn.now - visit.due_at
    wait = max(timedelta(hours=4), min(timedelta(hours=48), age))
    await turn.later(
        DueKind.DID_IT_HAPPEN, visit.id, timing.add_waking(turn.now, wait, turn.community)
    )
    await questions.close(turn.tx, turn.now, "no_word", ref=visit.id)
    told = await turn.tell_organisers(
        "no_word",
        "no_word",
        visit.id,
        ("it_happened", "nobody_came"),
        asker=turn.who(asker),
        helper=turn.who(helper),
    )
    if not told:
        await _nobody_looks(turn, visit, asker, len(asked))


async def _nobody_looks(turn: Turn, visit: Visit, asker: Member, times: int) -> None:
    """No organiser can find out: the asker, asked so often, is asked once more. Then it is over, so
    that its helper does not count as out on it for ever."""
    age = turn.now - visit.due_at
    if times < MOST_ASKED and age < ONCE_MORE:
        at = visit.due_at + ONCE_MORE
    elif times < MOST_ASKED and await _ask_whether(turn, visit, asker, "did_they_come.once_more"):
        at = max(visit.due_at + NEVER_KNOWN, turn.now + ONCE_MORE)
    elif age < NEVER_KNOWN:
        at = visit.due_at + NEVER_KNOWN
    else:
        await not_known(turn, visit)
        return
    await turn.later(DueKind.DID_IT_HAPPEN, visit.id, timing.not_quiet(at, turn.community))


async def _ask_whether(
    turn: Turn, visit: Visit, asker: Member, entry: str = "did_they_come"
) -> Question | None:
    helper = await members.get(turn.tx, visit.helper_id)
    return await turn.ask(
        asker,
        entry,
        "did_they_come",
        visit.id,
        ("yes", "no"),
        name=first_name(asker),
        helper=first_name(helper),
    )


async def did_they_come(turn: Turn, question: Question, key: str) -> None:
    """The asker's word on it, or an organiser's who rang: it counts above the helper's."""
    visit = await requests.get_visit(turn.tx, question.ref or 0, lock=True)
    await turn.toast()
    if key in ("yes", "it_happened"):
        await came(turn, visit, ask_again=question.kind == "did_they_come")
    else:
        await nobody_came(turn, visit)


async def came(turn: Turn, visit: Visit, *, ask_again: bool = True) -> None:
    """Somebody came. Both are asked, in private, whether they would meet again."""
    if visit.status in (VisitStatus.ACCEPTED, VisitStatus.ON_THE_WAY):
        await _finish(turn, visit)
        await forget_details(turn, visit, "details.over")
        await _ask_helper_again(turn, visit, await members.get(turn.tx, visit.asker_id))
        await money.after(turn, visit)
    elif visit.status is not VisitStatus.DONE:
        await turn.reply("thanks", name=first_name(turn.sender))
        return
    await turn.never_mind(visit.id, DueKind.DID_IT_HAPPEN)
    await questions.close(turn.tx, turn.now, "did_they_come", "no_word", ref=visit.id)
    if not ask_again:
        await turn.reply("settled", name=first_name(turn.sender))
        return
    helper = await members.get(turn.tx, visit.helper_id)
    if await members.bond(turn.tx, visit.asker_id, helper.id):
        await turn.reply("thanks", name=first_name(turn.sender))
        return
    await turn.ask(
        turn.sender,
        "again",
        "again",
        visit.id,
        ("yes", "no"),
        name=first_name(turn.sender),
        other=first_name(helper),
    )


async def nobody_came(turn: Turn, visit: Visit) -> None:
    """A no-show: the asker first, the organisers next, and a kind question to the helper."""
    if visit.status is VisitStatus.NOT_KNOWN and turn.sender.id == visit.asker_id:
        await lapsed.needed_again(turn, await requests.get(turn.tx, visit.request_id))
        return
    if not lifecycle.may_become(visit.status, VisitStatus.NO_SHOW):
        await turn.reply("visit.over", name=first_name(turn.sender))
        return
    helper = await members.get(turn.tx, visit.helper_id)
    asker = await members.get(turn.tx, visit.asker_id)
    if visit.status is VisitStatus.DONE:
        await turn.save(helper, visits=max(0, helper.visits - 1))
    await look_again(turn, visit, VisitStatus.NO_SHOW)
    await turn.tell_organisers(
        "no_show",
        about={"kind": "no_show", "ref": visit.id},
        asker=turn.who(asker),
        phone=await turn.phone_of(asker),
        helper=turn.who(helper),
    )
    await turn.say(helper, "no_show.helper", name=first_name(helper), asker=first_name(asker))


async def _ask_helper_again(turn: Turn, visit: Visit, asker: Member) -> None:
    helper = await members.get(turn.tx, visit.helper_id)
    if await members.bond(turn.tx, helper.id, asker.id):
        # They have said it before, and are not asked the same each week.
        about = {"kind": "again", "ref": visit.id}
        await turn.say(helper, "done.thanks.known", about=about, name=first_name(helper))
        return
    await turn.ask(
        helper,
        "done.thanks",
        "again",
        visit.id,
        ("yes", "no"),
        name=first_name(helper),
        other=first_name(asker),
    )


async def again(turn: Turn, question: Question, key: str) -> None:
    """Whether one would be glad of the other again: kept, acted on, and told to nobody."""
    visit = await requests.get_visit(turn.tx, question.ref or 0)
    other = visit.asker_id if turn.sender.id == visit.helper_id else visit.helper_id
    kind = "glad" if key == "yes" else "not_again"
    await members.set_bond(turn.tx, turn.sender.id, other, kind)
    await turn.toast("noted")
    await turn.edit(question, "again.noted")
    if key == "no" and turn.message and not turn.message.button:
        # By text a thank-you needs no answer; only a no is worth the price of saying it is heard.
        await turn.reply("again.no", name=first_name(turn.sender))
