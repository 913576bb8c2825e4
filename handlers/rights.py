"""What people have a right to: to see what is kept of them, to put it right, to be forgotten.

Whom a text is from proves nothing: what changes or deletes is done once a number that was sent to
the known phone comes back from it. Where the provider vouches for who writes, a yes will do.
"""

from __future__ import annotations

from datetime import timedelta

from handlers import checkin, own_words, recurring_off, visit, worry
from handlers.join import does
from handlers.rules.names import LONGEST, LONGEST_HOME, house_in, name_in
from handlers.rules.understanding import yes_no
from handlers.turn import Turn, first_name, one_line
from storage import groups, members, messages, questions, requests, rights
from storage.model import DueKind, Question, RequestStatus, Role, Standing

NUMBERS = 1_000_000

GOOD_FOR = timedelta(minutes=30)
"""How long a number may come back."""

SOON = timedelta(minutes=10)
"""So long after their goodbye somebody is forgotten; and after this it is tried again, where
something must come first."""

AT_LAST = timedelta(days=2)
"""What was still to go to somebody, or about them, is waited for no longer than this."""

MOST_LETTERS = 3800
"""Of a list: Telegram takes 4,096."""

BY_CODE = ("forget.code", "change.code")


AFTER_STOP = frozenset(("forget", "change"))
"""Questions that are put, and may be answered, after STOP as well."""


async def obey(turn: Turn) -> bool:
    """Whether they spoke of what is kept of them, and it was seen to. Holds after STOP as well."""
    if await _number_said(turn) or await _yes_said(turn):
        return True
    for keyword, act in (("my_data", show), ("forget_me", ask_to_forget), ("change", _change)):
        if turn.said(keyword):
            await act(turn)
            return True
    return False


def _vouched(turn: Turn) -> bool:
    assert turn.message
    return turn.message.channel in turn.desk.vouched


# What is kept


async def show(turn: Turn) -> None:
    """Everything that is kept of who asks, and of nobody else: by text how much it is, and how to
    have all of it."""
    me = turn.sender
    held = await rights.held(turn.tx, me)
    await turn.note("data_shown", "member", me.id)
    if await turn.by_text(me):
        await turn.reply(
            "data.text",
            name=first_name(me),
            count=len(held.requests),
            organiser=await turn.organiser_name(me),
        )
        return

    language = me.language
    lines = [turn.text(language, "data.head", name=first_name(me))]
    if me.name:
        lines.append(turn.text(language, "data.name", who=me.name))
    lines += [turn.text(language, "data.address", phone=each) for each in held.phones]
    if me.home or me.postcode:
        home = ", ".join(filter(None, (me.home, me.postcode if me.postcode not in me.home else "")))
        lines.append(turn.text(language, "data.home", home=home))
    if me.consent or me.appeals:
        lines.append(
            turn.text(
                language, "data.consent", words=" / ".join(filter(None, (me.consent, me.appeals)))
            )
        )
    if me.is_a(Role.HELPER):
        lines.append(
            turn.text(language, "data.helper", does=does(turn, me, language), count=held.visits)
        )
    if held.check_in is not None:
        lines.append(turn.text(language, "data.check_in", count=len(held.contacts)))
    for key, people in (("data.first", held.first), ("data.never", held.never)):
        if people:
            who = turn.desk.wording.joined(language, [first_name(one) for one in people])
            lines.append(turn.text(language, key, who=who))
    for schedule in held.schedules:
        lines.append(turn.text(language, "data.regular", words=one_line(schedule.words)))
    lines.append(turn.text(language, "data.messages", count=held.messages))
    if held.worries:
        lines.append(turn.text(language, "data.worries", count=held.worries))
    lines.append(turn.text(language, "data.requests", count=len(held.requests)))
    for request in held.requests:
        day = turn.desk.wording.day(language, request.created_at.date(), turn.today, whole=True)
        lines.append(turn.text(language, "data.request", day=day, words=one_line(request.words)))
    lines.append(turn.text(language, "data.end"))
    while len("\n".join(lines)) > MOST_LETTERS:
        del lines[-2]
    await turn.reply("lines", lines="\n".join(lines))


# To be forgotten


async def ask_to_forget(turn: Turn) -> None:
    """They wish to be forgotten: is that right?"""
    me = turn.sender
    await questions.close(turn.tx, turn.now, "forget", "forget.code", member_id=me.id)
    if _vouched(turn):
        choices = ("forget_me", "keep_me")
        await turn.ask(me, "forget", "forget", None, choices, name=first_name(me))
    else:
        word = _number(turn)
        await turn.ask(
            me, "forget.code", "forget.code", None, heard=word, name=first_name(me), word=word
        )


async def forget_said(turn: Turn, question: Question, key: str) -> None:
    """They said whether."""
    await turn.toast()
    if key != "forget_me":
        await turn.reply("forget.kept", name=first_name(turn.sender))
        return
    await let_go(turn)


async def let_go(turn: Turn, *, goodbye: bool = True, why: str = "asked") -> None:
    """A goodbye; whoever counts on them, or was to come to them, hears; then there is a little time
    for all of that to arrive. `why`, for the log: they asked for it, or it is `unused`."""
    me = turn.sender
    await messages.withdraw_all(turn.tx, me.id)
    await own_words.still_name(turn, me)
    if goodbye:
        await turn.reply("forget.done", name=first_name(me), about={"kind": "forget"})
    for wish in await requests.of_asker(turn.tx, me.id, (RequestStatus.DRAFT, *requests.UNSETTLED)):
        await visit.not_needed(turn, await requests.get(turn.tx, wish.id, lock=True))
    for running in await requests.live_visits(turn.tx, helper_id=me.id):
        await visit.give_back(turn, running)
    await checkin.went_silent(turn, "left")
    await worry.gone(turn, me)
    await recurring_off.drop(turn)
    await questions.close_all(turn.tx, turn.now, me.id)
    await turn.save(
        turn.sender,
        standing=Standing.LEFT,
        roles=frozenset(),
        on_duty=False,
        consent="",
        appeals="",
        paused_until=None,
        half_way_at=None,
        retry_at=None,
        unused_at=None,
        forget_at=turn.now,
    )
    await turn.never_mind(me.id, DueKind.UNUSED)
    await turn.later(DueKind.FORGET, me.id, turn.now + SOON)
    await turn.note("forget_asked", "member", me.id, why=why)


async def by_hand(turn: Turn) -> None:
    """An organiser has them forgotten, on the command line: as if they had asked, without the
    goodbye where nothing reaches them."""
    await let_go(turn, why="command")


async def forget(turn: Turn, member_id: int) -> None:
    """The time has come: whatever there is of them goes, and their key with it."""
    member = await members.get(turn.tx, member_id, lock=True)
    if member.forget_at is None:
        return
    # An alarm is seen to first, whatever was asked for; and a worry that they told of, since its
    # words would go with them.
    waits = await rights.alarm_is_open(turn.tx, member.id)
    waits = waits or await rights.worry_is_open(turn.tx, member.id)
    if waits or (
        turn.now - member.forget_at < AT_LAST and await rights.still_on_its_way(turn.tx, member)
    ):
        await turn.later(DueKind.FORGET, member.id, turn.now + SOON)
        return
    await rights.forget(turn.tx, member, turn.now)
    await turn.note("forgotten", "member", member.id)


# To put right


async def _change(turn: Turn) -> None:
    """They would like to change what is kept."""
    me = turn.sender
    await questions.close(turn.tx, turn.now, "change", "change.code", member_id=me.id)
    if _vouched(turn):
        await _what(turn)
    else:
        word = _number(turn)
        await turn.ask(
            me, "change.code", "change.code", None, heard=word, name=first_name(me), word=word
        )


async def _what(turn: Turn) -> None:
    choices = ("change_address", "change_name")
    await turn.ask(turn.sender, "change", "change", None, choices, name=first_name(turn.sender))


async def change_said(turn: Turn, question: Question, key: str) -> None:
    """They said what."""
    await turn.toast()
    if key == "change_address":
        await turn.ask(turn.sender, "change.address", "change.address", None)
    else:
        await turn.ask(turn.sender, "change.name", "change.name", None)


async def address_said(turn: Turn, question: Question, _key: str) -> None:
    """A new address: whoever is on the way to them hears it."""
    found = await turn.desk.atlas.find(turn.tx, turn.words)
    if found is None:
        await turn.ask(turn.sender, "change.address.again", "change.address", None)
        return
    postcode, place = found
    home = house_in(turn.words, postcode)
    if not home:
        await turn.ask(turn.sender, "change.address.again", "change.address", None)
        return
    serving = await groups.serving(turn.tx, postcode)
    if serving is None or serving.id != turn.community.id:
        # Another group's people, or nobody's: not ours to settle by a text.
        await turn.pass_on("change.elsewhere")
        return
    me = await turn.save(
        turn.sender,
        postcode=postcode,
        home=home[:LONGEST_HOME],
        cell=place.cell,
        area=place.area,
    )
    await turn.note("changed", "member", me.id, what="address")
    await turn.reply("change.done", name=first_name(me), home=f"{me.home}, {me.postcode}")
    for running in await requests.live_visits(turn.tx, asker_id=me.id):
        await visit.details_again(turn, running)


async def name_said(turn: Turn, question: Question, _key: str) -> None:
    """A new name."""
    me = await turn.save(turn.sender, name=name_in(turn.words) or one_line(turn.words, LONGEST))
    await turn.note("changed", "member", me.id, what="name")
    await turn.reply("change.done.name", name=first_name(me))


# A number that goes to the phone, and comes back from it


async def _yes_said(turn: Turn) -> bool:
    """Whether they wrote yes or no where the number was to come back."""
    said = yes_no(turn.words)
    if said is None:
        return False
    open_now = await questions.open_to(turn.tx, turn.sender.id, turn.now)
    if not open_now or open_now[0].kind not in BY_CODE:
        return False
    if said:
        await turn.reply("rights.code.please", name=first_name(turn.sender))
        return True
    await questions.answered(turn.tx, open_now[0].id, turn.now)
    await turn.reply("forget.kept", name=first_name(turn.sender))
    return True


def _number(turn: Turn) -> str:
    return f"{turn.desk.chance.randrange(NUMBERS):06d}"


async def _number_said(turn: Turn) -> bool:
    """Whether these are the six figures that were asked for, or were to be."""
    figures = turn.words.strip(" .!")
    if not (len(figures) == 6 and figures.isascii() and figures.isdigit()):
        return False
    for question in await questions.open_to(turn.tx, turn.sender.id, turn.now):
        if question.kind not in BY_CODE:
            continue
        await questions.answered(turn.tx, question.id, turn.now)
        fresh = turn.now - question.asked_at <= GOOD_FOR
        if not fresh or figures != question.heard:
            await turn.reply("rights.code.wrong", name=first_name(turn.sender))
        elif question.kind == "forget.code":
            await let_go(turn)
        else:
            await _what(turn)
        return True
    return False
