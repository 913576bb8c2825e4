"""Which open question a message answers, and with what: by number, in words, or by yes and no."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from handlers import (
    alarm_answers,
    arranged,
    ask,
    broadcast,
    broadcast_preview,
    broadcast_replies,
    broadcast_run,
    checkin,
    checkin_setup,
    checkin_words,
    contacts,
    friend,
    happened,
    hours,
    join,
    lapsed,
    may,
    meanings,
    money,
    offer,
    organiser,
    own_words,
    recurring_off,
    relay,
    rights,
    safeguarding,
    spending,
    unused,
    visit,
    worry,
    worry_book,
)
from handlers.rules.courtesy import is_greeting, is_thanks
from handlers.rules.replies import addressed, names
from handlers.rules.understanding import ACT_ABOVE, Meaning, numbers_in, yes_no
from handlers.turn import Turn, first_name
from storage import guards, members, questions, requests
from storage.model import Intent, Question

Answer = Callable[[Turn, Question, str], Awaitable[None]]

ANSWERS: dict[str, Answer] = {
    "welcome": join.welcomed,
    "ask.open": ask.opened_up,
    "ask.name": ask.named,
    "ask.need": ask.need_said,
    "ask.home": ask.home_said,
    "ask.house": ask.house_said,
    "ask.confirm": friend.confirmed,
    "friend.phone": friend.phone_said,
    "friend.agree": friend.agreed,
    "menu": meanings.chosen,
    "which_cancel": ask.which_cancelled,
    "join.name": join.name_said,
    "join.name_again": join.name_said,
    "join.place": join.place_said,
    "join.place_again": join.place_said,
    "join.can_do": join.can_do_said,
    "join.far": join.far_said,
    "join.languages": join.languages_said,
    "join.consent": join.consented,
    "join.organiser": join.organiser_named,
    "pause": join.paused,
    "hours": hours.answered,
    "hours.agree": hours.agreed,
    "leave": join.left,
    "forget": rights.forget_said,
    "unused": unused.answered,
    "change": rights.change_said,
    "change.address": rights.address_said,
    "change.name": rights.name_said,
    "offer": offer.answered,
    "card": offer.answered_card,
    "which_offer": offer.which_said,
    "visit": happened.answered,
    "did_they_come": happened.did_they_come,
    "no_word": happened.did_they_come,
    "again": happened.again,
    "which_cannot": visit.which_cannot,
    "cannot.sure": visit.cannot_sure,
    "which_done": happened.which_done,
    "open": organiser.opened,
    "handed": organiser.settle,
    "assign": organiser.assigned,
    "approve": organiser.approve,
    "still_needed": lapsed.answered,
    "ask.days": ask.days_said,
    "ask.day": ask.day_said,
    "recurring.offer": arranged.answered,
    "recurring.leave_out": recurring_off.leave_out,
    "recurring.one_or_all": recurring_off.one_or_all_said,
    "recurring.which": recurring_off.which_said,
    "texts": own_words.chosen,
    "texts.new": own_words.said,
    "check_in": checkin.answered,
    "check_in.off": checkin.ended,
    "check_in.when": checkin_setup.when_said,
    "check_in.contacts": checkin_setup.contacts_said,
    "check_in.code": checkin_setup.code_said,
    "check_in.agree": checkin_words.agreed,
    "check_in.contact": contacts.answered,
    "broadcast.words": broadcast.words_said,
    "broadcast.whom": broadcast.whom_said,
    "broadcast.kind": broadcast.kind_said,
    "broadcast.asked": broadcast.asked_said,
    "broadcast.other": broadcast.other_said,
    "broadcast.preview": broadcast.preview_said,
    broadcast_run.PROGRESS: broadcast_preview.call_back,
    broadcast_run.ANSWER: broadcast_replies.answered,
    "spending.code": spending.code_said,
    "money.limit": money.limit_said,
    "money.spent": money.spent_said,
    "money.back": money.back_said,
    "money.settle": money.settled,
    "relay": relay.answered,
    "relay.sure": relay.sure_said,
    "relay.which": relay.which_said,
    "worry": worry.answered,
    "worry.ring": worry.rings,
    "worry.rang": worry.rang,
    "worry.more": worry.more_said,
    "worry.work": worry_book.work,
    "worry.end": worry_book.ended,
    "worries": worry_book.opened,
    "safeguarding.agree": safeguarding.agreed,
    "alarm": alarm_answers.answered,
    "alarm.outcome": alarm_answers.outcome,
}

IN_WORDS = frozenset(
    {
        "ask.open",
        "ask.name",
        "ask.home",
        "ask.house",
        "ask.days",
        "ask.day",
        "join.name",
        "join.name_again",
        "join.place",
        "join.place_again",
        "join.can_do",
        "join.organiser",
        "change.address",
        "change.name",
        "hours",
        "assign",
        "texts.new",
        "check_in.when",
        "check_in.contacts",
        "check_in.code",
        "alarm.outcome",
        "relay",
        "friend.phone",
        "worry.more",
        "worry.work",
        "worry.end",
        *money.ASKED,
        *broadcast_preview.QUESTIONS,
    }
)
"""Questions that words of any kind may answer."""

STILL = frozenset(
    {"offer", "card", "visit", "open", "handed", "assign", "approve", "still_needed"}
    | {"check_in", "check_in.contact", "alarm", "alarm.outcome"}
    | {"money.back", "worry", "worry.ring", "worry.work", "worries"}
    | {broadcast_run.PROGRESS, broadcast_run.ANSWER}
)
"""Questions that go by how things stand, and so may be answered again, or late."""

LATE = timedelta(days=7)

FRESH = {
    "assign": timedelta(hours=2),
    "texts.new": timedelta(hours=2),
    "hours": hours.ASKED_FOR,
    "relay": timedelta(hours=1),
    "worry.more": timedelta(minutes=30),
    "worry.work": timedelta(hours=1),
    "worry.end": timedelta(hours=2),
}
"""How long words of any kind may answer a question, where that is not as long as it is open."""


async def given(  # noqa: PLR0911 (one way out a way of answering)
    turn: Turn, open_now: list[Question], meaning: Meaning
) -> bool:
    """Let the message answer what it answers; whether it answered anything."""
    latest = open_now[0] if open_now else None
    if asks_amount := money.amount_said(turn, open_now):
        await take(turn, asks_amount, "")
        return True
    numbers = numbers_in(turn.words)
    if numbers and not _wants_many(open_now) and not _is_talk(turn, open_now, numbers):
        return await _by_number(turn, open_now, numbers)
    if latest and broadcast.takes(turn, latest, meaning):
        await take(turn, latest, broadcast.key_of(turn, latest))
        return True
    said = yes_no(turn.words)
    in_words = takes_any_words(turn, latest)
    if said is not None and not (in_words and latest and not latest.choices):
        return await _yes_or_no(turn, open_now, said=said)
    able = open_now[:1] if in_words else open_now
    if await _by_name(turn, open_now) or await _by_label(turn, able):
        return True
    if latest and latest.kind == "ask.confirm" and _may_correct(meaning):
        return await ask.corrected(turn, latest)
    if latest and in_words and not _is_something_else(turn, latest, meaning):
        await take(turn, latest, "")
        return True
    return False


def _may_correct(meaning: Meaning) -> bool:
    """Whether words that answer "is that right?" are none that have a meaning of their own."""
    # "Make it tomorrow" sounds like somebody who can't come; whoever is asking has nothing to miss.
    loose = (Intent.UNKNOWN, Intent.CANNOT)
    return meaning.confidence < ACT_ABOVE or meaning.intent in loose


def takes_any_words(turn: Turn, question: Question | None) -> bool:
    """Whether words of any kind answer what was asked last."""
    return question is not None and question.kind in IN_WORDS and _fresh(turn, question)


def _fresh(turn: Turn, question: Question) -> bool:
    return turn.now - question.asked_at <= FRESH.get(question.kind, LATE)


def _wants_many(open_now: list[Question]) -> bool:
    return bool(open_now) and open_now[0].kind == "join.can_do"


SHORT_ANSWER = 4
"""Words; nobody tells a worry of their own in fewer without the word."""


def _is_something_else(turn: Turn, question: Question, meaning: Meaning) -> bool:
    """Whether words that could answer a question in words plainly mean something of their own."""
    sure = meaning.confidence >= ACT_ABOVE
    if is_thanks(turn.words) or is_greeting(turn.words):
        return True
    if question.kind == "relay" and sure:
        # "All done", "I can't come" and a wish of one's own are for us, not for the other.
        return meaning.intent in relay.FOR_US
    if meaning.intent in (Intent.CANCEL, Intent.STATUS, Intent.CANNOT):
        return sure
    if meaning.intent is Intent.WORRY:
        # "She has none" is an answer. WORRY itself is looked for before all answers.
        return sure and len(turn.words.split()) > SHORT_ANSWER
    if meaning.intent in (Intent.INFO, Intent.CALL_ME):
        # An address or a postcode is none of these, whatever it sounds like.
        return sure and not any(c.isdigit() for c in turn.words)
    return False


def _is_talk(turn: Turn, open_now: list[Question], numbers: tuple[int, ...]) -> bool:
    """Whether a number is no answer to us but to the other of a visit: "two will do"."""
    latest = open_now[0] if open_now else None
    if latest is None or latest.kind != "relay" or not takes_any_words(turn, latest):
        return False
    return not {choice.number for q in open_now for choice in q.choices} & set(numbers)


async def _by_number(turn: Turn, open_now: list[Question], numbers: tuple[int, ...]) -> bool:
    """Each number goes to its own question. A number that no open question has may belong to one
    that is over: the answer then says how things stand."""
    assert turn.message
    if turn.desk.has_buttons(turn.message.channel) and open_now:
        # Numbers are not shown here: one means that place among the choices seen last.
        latest = open_now[0]
        if len(numbers) == 1 and 0 < numbers[0] <= len(latest.choices):
            await take(turn, latest, latest.choices[numbers[0] - 1].key)
            return True
        if latest.kind in IN_WORDS:
            await take(turn, latest, "")
            return True
        return False
    hit = False
    for number in dict.fromkeys(numbers):
        found = next(((q, c) for q in open_now for c in q.choices if c.number == number), None)
        if found:
            await take(turn, found[0], found[1].key)
            hit = True
            continue
        late = await questions.answered_by(turn.tx, turn.sender.id, number, turn.now - LATE)
        if late and late.kind in STILL:
            key = next(c.key for c in late.choices if c.number == number)
            if not await refused(turn, late, key):
                await ANSWERS[late.kind](turn, late, key)
            hit = True
        elif late:
            await turn.reply("answered_already", name=first_name(turn.sender))
            hit = True
    if not hit and open_now and open_now[0].kind in IN_WORDS:
        await take(turn, open_now[0], "")
        return True
    if not hit and not open_now and turn.sender.roles:
        await turn.reply("nothing_open", name=first_name(turn.sender))
        return True
    return hit


def _said(label: str) -> str:
    return label.lower().strip(" .!?")


async def _by_label(turn: Turn, open_now: list[Question]) -> bool:
    """Whether the words are those of a choice. Where several offers have it none is taken."""
    wanted = turn.words.lower().strip(" .!?")
    for question in open_now:
        for place, choice in enumerate(question.choices):
            if wanted.removeprefix("i'm ").removeprefix("dw i ") == _said(choice.label):
                if question.kind == "offer":
                    return await _yes_or_no(turn, open_now, said=place == 0, to_an_offer=True)
                await take(turn, question, choice.key)
                return True
    return False


NO_YES = (broadcast_run.ANSWER, "worry.work", "ask.day")
"""Of two choices, neither is a yes: "yes" to "Tuesday or Thursday?" says nothing."""

MIXED_UP = timedelta(hours=3)
"""For so long a "yes please" may be the answer to what was asked before an offer came."""


async def _yes_or_no(
    turn: Turn, open_now: list[Question], *, said: bool, to_an_offer: bool = False
) -> bool:
    """One yes never accepts two things: with several offers open it is asked which is meant. Nor
    does it accept an offer, and see an address, that was meant for something else. `to_an_offer`:
    the words are those of an offer's button."""
    able = [
        question
        for question in open_now
        if len(question.choices) == 2 and question.kind not in NO_YES
    ]
    to_all = broadcast_replies.agreeing(open_now, said=said)
    if to_all and able:
        # The fan that everybody was asked for, or the visit? A number says which.
        await turn.reply("broadcast.which_number", name=first_name(turn.sender))
        return True
    if to_all:
        await take(turn, *to_all)
        return True
    if not able:
        return False
    if able[0].kind == "offer":
        offers = [q for q in able if q.kind == "offer"]
        free = [q for q in offers if await _still_free(turn, q)]
        since = turn.now - MIXED_UP
        besides = any(q.kind != "offer" and q.asked_at > since for q in able)
        if said and free and not besides:
            # To a later offer, which somebody else took; or "yes please" sent twice, of which the
            # first was for something else; or to what has been answered since.
            besides = (
                able[0] is not free[0]
                or await _sent_twice(turn)
                or await _is_over(turn, after=free[0])
            )
        if len(free) > 1 or (free and said and besides and not to_an_offer):
            await _which(turn, free, said=said)
            return True
        able = free or able
    await take(turn, able[0], able[0].choices[0 if said else 1].key)
    return True


async def _is_over(turn: Turn, *, after: Question) -> bool:
    """Whether a yes may be the answer to what was asked after an offer, and is over since."""
    return any(
        question.asked_at > after.asked_at
        and len(question.choices) == 2
        and question.kind not in NO_YES
        for question in await questions.over_since(turn.tx, turn.sender.id, turn.now - MIXED_UP)
    )


async def _sent_twice(turn: Turn) -> bool:
    return turn.message is not None and await guards.sent_twice(turn.tx, turn.message, turn.now)


async def _by_name(turn: Turn, open_now: list[Question]) -> bool:
    """Whether each yes or no of the message says to what ("yes to Doreen, no to the lift"), and
    that is open: each goes to its own question, or none does."""
    able = [question for question in open_now if len(question.choices) == 2]
    found: dict[int, tuple[Question, str]] = {}
    said = addressed(turn.words) if able else []
    for agreed, named in said:
        about = [await _about(turn, question, agreed=agreed) for question in able]
        meant = [q for q, words in zip(able, about, strict=True) if words and names(named, words)]
        if len(said) == 1 and len(meant) != 1:
            free = [q for q in meant or able if q.kind == "offer" and await _still_free(turn, q)]
            if free:
                await _which(turn, free, said=agreed)
            return bool(free)
        if len(meant) != 1 or meant[0].id in found:
            return False
        found[meant[0].id] = (meant[0], meant[0].choices[0 if agreed else 1].key)
    for question, key in found.values():
        await take(turn, question, key)
    return bool(found)


async def _about(turn: Turn, question: Question, *, agreed: bool) -> str:
    """Who and what a question of yes and no is about, as the person may name it."""
    ref = question.ref or 0
    if question.kind == "offer":
        # An offer says no name. Whoever says yes is told it anyway; by a no nobody may find out
        # whether it was Doreen who asked.
        offered = await requests.get_offer(turn.tx, ref)
        return await _about_request(turn, offered.request_id, name=agreed) if offered else ""
    if question.kind in ("did_they_come", "no_word", "again"):
        seen = await requests.get_visit(turn.tx, ref)
        helper = await members.get(turn.tx, seen.helper_id)
        return f"{helper.name} {await _about_request(turn, seen.request_id, name=True)}"
    if question.kind == "approve":
        return (await members.get(turn.tx, ref)).name
    return ""


async def _about_request(turn: Turn, ident: int, *, name: bool) -> str:
    request = await requests.get(turn.tx, ident)
    asker = await members.get(turn.tx, request.asker_id)
    who = asker.name if name else ""
    return f"{who} {turn.gist(request, turn.sender.language)} {asker.area}"


async def _still_free(turn: Turn, question: Question) -> bool:
    """Whether an offer that nobody answered is still to be had."""
    found = await requests.get_offer(turn.tx, question.ref or 0)
    if found is None:
        return False
    return (await requests.get(turn.tx, found.request_id)).status in offer.FREE


async def _which(turn: Turn, offers: list[Question], *, said: bool) -> None:
    """Ask which of several offers they mean: by the numbers that each has or, where there are
    buttons, with buttons."""
    assert turn.message
    me = turn.sender
    buttons = turn.desk.has_buttons(turn.message.channel)
    lines, choices = [], []
    for question in list(reversed(offers))[-MOST_ASKED:]:
        found = await requests.get_offer(turn.tx, question.ref or 0)
        if found is None:
            continue
        request = await requests.get(turn.tx, found.request_id)
        asker = await members.get(turn.tx, request.asker_id)
        choice = question.choices[0 if said else 1]
        about = {"what": turn.gist(request, me.language), "area": asker.area}
        label = turn.text(me.language, "which.one", **about)
        lines.append(turn.text(me.language, "which.line", number=choice.number, **about))
        choices.append((f"{found.id}:{choice.key}", label))
    name = "which" if said else "which.no"
    if buttons:
        await questions.close(turn.tx, turn.now, "which_offer", member_id=me.id)
        await turn.ask(me, f"{name}.buttons", "which_offer", None, choices, name=first_name(me))
        return
    await turn.reply(name, name=first_name(me), lines=", ".join(lines))


MOST_ASKED = 4
"""Offers in one question which of them is meant."""


async def refused(turn: Turn, question: Question, key: str) -> bool:
    """Whether who answers may not any more: they hear so, and nothing else."""
    if not await may.refused(turn, question, key):
        return False
    if turn.message and turn.message.answers:
        await turn.toast("not_any_more")
    else:
        await turn.reply("not_any_more")
    await turn.note("refused", "member", turn.sender.id, kind=question.kind)
    return True


async def take(turn: Turn, question: Question, key: str) -> None:
    """Let a question have this answer: the key of a choice, or nothing where words are it."""
    if await refused(turn, question, key):
        return
    await questions.answered(turn.tx, question.id, turn.now)
    await questions.close(turn.tx, turn.now, meanings.MISSED, member_id=turn.sender.id)
    await ANSWERS[question.kind](turn, question, key)
