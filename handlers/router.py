"""One inbound message is one transaction: whose it is, what it answers, what it means.

The order is the promise: an emergency first, STOP and its kin next, then the open question that
this answers, then the conversation they are in, and only then what the words by themselves mean.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from handlers import (
    alarm_answers,
    ask,
    checkin,
    checkin_setup,
    checkin_words,
    contacts,
    happened,
    join,
    languages,
    meanings,
    offer,
    organiser,
    visit,
)
from handlers.rules import timing
from handlers.rules.courtesy import is_greeting, is_thanks
from handlers.rules.understanding import (
    ACT_ABOVE,
    Meaning,
    is_start,
    is_stop,
    numbers_in,
    understand,
    yes_no,
)
from handlers.turn import Desk, Turn, first_name, one_line
from storage import groups, members, questions, requests
from storage.database import Transaction
from storage.model import (
    Address,
    Community,
    InboundKind,
    InboundMessage,
    Intent,
    Member,
    Priority,
    Question,
    Role,
    Standing,
)

Answer = Callable[[Turn, Question, str], Awaitable[None]]

ANSWERS: dict[str, Answer] = {
    "welcome": join.welcomed,
    "ask.open": ask.opened_up,
    "ask.name": ask.named,
    "ask.need": ask.need_said,
    "ask.home": ask.home_said,
    "ask.house": ask.house_said,
    "ask.confirm": ask.confirmed,
    "menu": ask.menu_chosen,
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
    "leave": join.left,
    "offer": offer.answered,
    "card": offer.answered_card,
    "which_offer": offer.which_said,
    "visit": happened.answered,
    "did_they_come": happened.did_they_come,
    "no_word": happened.did_they_come,
    "again": happened.again,
    "which_cannot": visit.which_cannot,
    "which_done": happened.which_done,
    "open": organiser.opened,
    "handed": organiser.settle,
    "assign": organiser.assigned,
    "approve": organiser.approve,
    "check_in": checkin.answered,
    "check_in.off": checkin.ended,
    "check_in.when": checkin_setup.when_said,
    "check_in.contacts": checkin_setup.contacts_said,
    "check_in.code": checkin_setup.code_said,
    "check_in.agree": checkin_words.agreed,
    "check_in.contact": contacts.answered,
    "alarm": alarm_answers.answered,
    "alarm.outcome": alarm_answers.outcome,
}

IN_WORDS = frozenset(
    {
        "ask.open",
        "ask.name",
        "ask.home",
        "ask.house",
        "join.name",
        "join.name_again",
        "join.place",
        "join.place_again",
        "join.can_do",
        "join.organiser",
        "assign",
        "check_in.when",
        "check_in.contacts",
        "check_in.code",
        "alarm.outcome",
    }
)
"""Questions that words of any kind may answer."""

STILL = frozenset(
    {"offer", "card", "visit", "open", "handed", "assign", "approve"}
    | {"check_in", "check_in.contact", "alarm", "alarm.outcome"}
)
"""Questions that go by how things stand, and so may be answered again, or late."""

LATE = timedelta(days=7)

FRESH = {"assign": timedelta(hours=2)}
"""How long words of any kind may answer a question, where that is not as long as it is open."""


async def receive(desk: Desk, tx: Transaction, now: datetime, message: InboundMessage) -> None:
    """Let one message have its effect."""
    everyone = await groups.every(tx)
    if not everyone:
        return  # nobody has set up a group: `popround check` says so
    if message.in_group:
        await _in_group(desk, tx, now, message, everyone)
        return
    address = Address(message.channel, message.sender)
    member = await members.find(tx, address)
    if message.kind is InboundKind.REMOVED:
        if member:
            await _blocked(_turn(desk, tx, now, everyone, member), member)
        return
    if message.kind in (InboundKind.ADDED, InboundKind.MOVED):
        return
    if member is None:
        member = await _stranger(tx, everyone[0], message, address)
    turn = _turn(desk, tx, now, everyone, member, message)
    if member.unreachable:
        await turn.save(member, unreachable="")
    if message.kind is InboundKind.BUTTON:
        await _button(turn)
    elif message.kind is InboundKind.LOCATION:
        await _location(turn)
    elif message.kind is InboundKind.TEXT and turn.words:
        await _text(turn)
    else:
        await turn.reply("cant_read", name=first_name(turn.sender))


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


async def _text(turn: Turn) -> None:
    me, words = turn.sender, turn.words
    here = timing.local(turn.now, turn.community)
    place = me.postcode.split(" ", maxsplit=1)[0] or None
    meaning = understand(words, here, language=me.language, place=place)
    await languages.notice(turn)
    me = turn.sender
    # HELP by itself asks what this is; its answer begins with 999.
    if meaning.emergency and not _is_command(turn, "help"):
        await emergency(turn)
        return
    if is_stop(words):
        await join.stop(turn)
        return
    if me.stopped_at is not None and not is_start(words):
        await turn.reply("stopped.still", about={"kind": "stopped.still"})
        return
    if is_start(words):
        await join.start_again(turn)
        await checkin.heard(turn)
        return
    if await _command(turn):
        return
    open_now = [
        question
        for question in await questions.open_to(turn.tx, me.id, turn.now)
        if question.kind != meanings.MISSED
    ]
    if await languages.asked_for(turn, open_now) or await _answers(turn, open_now, meaning):
        await checkin.heard(turn)
        return
    await meanings.act_on(turn, meaning, open_now)


async def emergency(turn: Turn) -> None:
    """Ring 999: at once, in any state, at any hour. Help is never promised to be on its way."""
    me = turn.sender
    told = await turn.tell_organisers(
        "emergency.told",
        but=me.id,
        priority=Priority.EMERGENCY,
        who=turn.who(me),
        phone=await turn.phone_of(me),
        home=", ".join(filter(None, (me.home, me.postcode))) or "-",
        words=one_line(turn.words, ask.QUOTED),
    )
    await turn.say(
        me,
        "emergency" if told else "emergency.alone",
        priority=Priority.EMERGENCY,
        organiser=await turn.organiser_name(me),
    )
    await turn.note("emergency", "member", me.id)
    await checkin.trouble(turn)


async def _command(turn: Turn) -> bool:
    """`/start CODE`, an invitation's code, or one of the fixed words. Whether it was one."""
    words = turn.words
    head, _, rest = words.partition(" ")
    if head.lower() in ("/start", "start", "join") and rest:
        code = groups.as_code(rest)
        if code and await join.with_code(turn, code):
            return True
        if rest.strip().lower() == "help":
            await join.begin_helper(turn)
            return True
        if code:
            await turn.reply("code.not_good")
            return True
    code = groups.as_code(words)
    if code and await join.with_code(turn, code):
        return True
    for name, act in COMMANDS.items():
        if _is_command(turn, name):
            return await act(turn)
    return False


def _is_command(turn: Turn, name: str) -> bool:
    """Whether the message is one of the fixed words for that, in any language."""
    wanted = turn.words.lower().strip(" .!?").removeprefix("/")
    wording = turn.desk.wording
    return any(
        wanted == word.lower()
        for language in wording.languages
        for word in wording.listing(language, f"keywords.{name}")
    )


async def _offduty(turn: Turn) -> bool:
    return await _if_helper(turn, lambda: join.duty(turn, on=False))


async def _onduty(turn: Turn) -> bool:
    return await _if_helper(turn, lambda: join.duty(turn, on=True))


async def _pause(turn: Turn) -> bool:
    return await _if_helper(turn, lambda: join.pause(turn))


async def _leave(turn: Turn) -> bool:
    if turn.sender.standing is Standing.JOINING:
        return False
    await join.leave(turn)
    return True


async def _open(turn: Turn) -> bool:
    if not organiser.is_organiser(turn):
        return False
    await organiser.show_open(turn)
    return True


async def _waiting(turn: Turn) -> bool:
    if not organiser.is_organiser(turn):
        return False
    await organiser.show_waiting(turn)
    return True


async def _help(turn: Turn) -> bool:
    me = turn.sender
    if not me.roles:
        await join.welcome(turn)
        return True
    lines = [turn.text(me.language, "help")]
    for role in (Role.ASKER, Role.HELPER, Role.ORGANISER):
        if me.is_a(role):
            lines.append(turn.text(me.language, f"help.{role.value}"))
    await turn.reply("lines", lines="\n".join(lines))
    return True


async def _start(turn: Turn) -> bool:
    await join.start_again(turn)
    return True


async def _if_helper(turn: Turn, act: Callable[[], Awaitable[None]]) -> bool:
    if not turn.sender.is_a(Role.HELPER):
        return False
    await act()
    return True


COMMANDS: dict[str, Callable[[Turn], Awaitable[bool]]] = {
    "start": _start,
    "help": _help,
    "offduty": _offduty,
    "onduty": _onduty,
    "pause": _pause,
    "leave": _leave,
    "open": _open,
    "waiting": _waiting,
}


# Answers to open questions


async def _answers(turn: Turn, open_now: list[Question], meaning: Meaning) -> bool:
    """Let the message answer what it answers; whether it answered anything."""
    numbers = numbers_in(turn.words)
    if numbers and not _wants_many(open_now):
        return await _by_number(turn, open_now, numbers)
    latest = open_now[0] if open_now else None
    said = yes_no(turn.words)
    in_words = latest is not None and latest.kind in IN_WORDS and _fresh(turn, latest)
    if said is not None and not (in_words and latest and not latest.choices):
        return await _yes_or_no(turn, open_now, said=said)
    if await _by_label(turn, open_now[:1] if in_words else open_now):
        return True
    if latest and latest.kind == "ask.confirm" and _may_correct(meaning):
        return await ask.corrected(turn, latest)
    if latest and in_words and not _is_something_else(turn, latest, meaning):
        await _answer(turn, latest, "")
        return True
    return False


def _may_correct(meaning: Meaning) -> bool:
    """Whether words that answer "is that right?" are none that have a meaning of their own."""
    # "Make it tomorrow" sounds like somebody who can't come; whoever is asking has nothing to miss.
    loose = (Intent.UNKNOWN, Intent.CANNOT)
    return meaning.confidence < ACT_ABOVE or meaning.intent in loose


def _fresh(turn: Turn, question: Question) -> bool:
    return turn.now - question.asked_at <= FRESH.get(question.kind, LATE)


def _wants_many(open_now: list[Question]) -> bool:
    return bool(open_now) and open_now[0].kind == "join.can_do"


def _is_something_else(turn: Turn, question: Question, meaning: Meaning) -> bool:
    """Whether words that could answer a question in words plainly mean something of their own."""
    sure = meaning.confidence >= ACT_ABOVE
    if is_thanks(turn.words) or is_greeting(turn.words):
        return True
    if meaning.intent in (Intent.CANCEL, Intent.STATUS, Intent.CANNOT, Intent.WORRY):
        return sure
    if meaning.intent in (Intent.INFO, Intent.CALL_ME):
        # An address or a postcode is none of these, whatever it sounds like.
        return sure and not any(c.isdigit() for c in turn.words)
    return False


async def _by_number(turn: Turn, open_now: list[Question], numbers: tuple[int, ...]) -> bool:
    """Each number goes to its own question. A number that no open question has may belong to one
    that is over: the answer then says how things stand."""
    assert turn.message
    if turn.desk.has_buttons(turn.message.channel) and open_now:
        # Numbers are not shown here: one means that place among the choices seen last.
        latest = open_now[0]
        if len(numbers) == 1 and 0 < numbers[0] <= len(latest.choices):
            await _answer(turn, latest, latest.choices[numbers[0] - 1].key)
            return True
        if latest.kind in IN_WORDS:
            await _answer(turn, latest, "")
            return True
        return False
    hit = False
    for number in dict.fromkeys(numbers):
        found = next(((q, c) for q in open_now for c in q.choices if c.number == number), None)
        if found:
            await _answer(turn, found[0], found[1].key)
            hit = True
            continue
        late = await questions.answered_by(turn.tx, turn.sender.id, number, turn.now - LATE)
        if late and late.kind in STILL:
            key = next(c.key for c in late.choices if c.number == number)
            await ANSWERS[late.kind](turn, late, key)
            hit = True
        elif late:
            await turn.reply("answered_already", name=first_name(turn.sender))
            hit = True
    if not hit and open_now and open_now[0].kind in IN_WORDS:
        await _answer(turn, open_now[0], "")
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
                    return await _yes_or_no(turn, open_now, said=place == 0)
                await _answer(turn, question, choice.key)
                return True
    return False


async def _yes_or_no(turn: Turn, open_now: list[Question], *, said: bool) -> bool:
    """One yes never accepts two things: with several offers open it is asked which is meant."""
    able = [question for question in open_now if len(question.choices) == 2]
    if not able:
        return False
    if able[0].kind == "offer":
        offers = [q for q in able if q.kind == "offer"]
        free = [q for q in offers if await _still_free(turn, q)]
        if len(free) > 1:
            await _which(turn, free, said=said)
            return True
        able = free or able
    await _answer(turn, able[0], able[0].choices[0 if said else 1].key)
    return True


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


async def _answer(turn: Turn, question: Question, key: str) -> None:
    await questions.answered(turn.tx, question.id, turn.now)
    await questions.close(turn.tx, turn.now, meanings.MISSED, member_id=turn.sender.id)
    await ANSWERS[question.kind](turn, question, key)


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
    if turn.sender.stopped_at is not None:
        # Pressing a button is wanting to hear from us again.
        await turn.save(turn.sender, stopped_at=None)
    if question.answered_at is not None and question.kind not in STILL:
        await turn.toast("button.answered")
        return
    await _answer(turn, question, choices[int(place)].key)
    await checkin.heard(turn)
    await turn.toast()


async def _location(turn: Turn) -> None:
    for question in await questions.open_to(turn.tx, turn.sender.id, turn.now):
        if question.kind in ("ask.home", "join.place", "join.place_again"):
            await _answer(turn, question, "")
            return
    await turn.reply("location.not_now", name=first_name(turn.sender))


# Group chats, and people who go


async def _in_group(
    desk: Desk, tx: Transaction, now: datetime, message: InboundMessage, everyone: list[Community]
) -> None:
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
            return
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
            return
        await turn.say_in(chat, "street.private", link=f"t.me/{desk.telegram_name}")


async def _blocked(turn: Turn, member: Member) -> None:
    """Somebody blocked the bot: their visits are given back, and organisers hear if they wait."""
    await turn.save(member, unreachable="blocked")
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
    told = await turn.tell_organisers(
        "trouble.told",
        but=member.id,
        who=turn.who(member),
        phone=await turn.phone_of(member),
        words=one_line(message.text, ask.QUOTED),
    )
    await turn.reply(
        "trouble" if told else "trouble.alone",
        name=first_name(member),
        organiser=await turn.organiser_name(member),
    )
