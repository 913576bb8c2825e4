"""Setting check-ins up: days and hour, contacts, and a yes from everybody concerned.

A person asks for them, or an organiser suggests them and the person says yes. Nobody is a contact
before they have said yes themselves. A text's sender proves nothing, so by text a number is sent to
the person's own phone, and nothing changes until it has come back from there.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from handlers import checkin
from handlers.rules import checkins as rules
from handlers.rules import timing
from handlers.rules.names import LONGEST
from handlers.rules.understanding import yes_no
from handlers.rules.understanding_words import plain
from handlers.turn import Turn, first_name, one_line
from storage import checkins, members, numbers, questions
from storage.model import (
    Address,
    Channel,
    CheckIn,
    CheckInStatus,
    ContactStatus,
    DueKind,
    Member,
    Question,
    Standing,
)

CHASE = timedelta(hours=2)
"""Waking hours until an organiser hears that somebody stopped half-way."""

ANSWER = timedelta(hours=11)
"""Waking hours (a day) that somebody has to answer whether they would be a contact, or would like
check-ins."""

ENOUGH = 2
"""Contacts that are asked for."""

TRIES = 3
"""Times that an answer may not be followed, until a person sees to it."""

QUESTIONS = ("check_in.when", "check_in.contacts", "check_in.code", "check_in.agree")

_NO_MORE = re.compile(
    r"\b(?:nobody|no ?one|none|no more|thats (?:all|it)|just (?:her|him|them|that|the one)|only|"
    r"dont (?:know|have)|neb|nessun\w*|basta)\b"
)


# A person asks


async def start(turn: Turn) -> None:
    """Somebody would like to be checked on, or to hear how it stands, or other days."""
    me = turn.sender
    if not me.name or not me.roles:
        await to_a_person(turn)
        return
    found = rules.schedule_in(plain(turn.words))
    known = await checkins.of_member(turn.tx, me.id)
    if known and known.status is CheckInStatus.ON:
        if found.days is None and found.hour is None:
            await how_it_stands(turn, known)
        else:
            await _other_times(turn, known, found)
        return
    draft = CheckIn(
        id=0,
        community_id=turn.community.id,
        member_id=me.id,
        status=CheckInStatus.DRAFT,
        created_at=turn.now,
        days=found.days or frozenset(),
        hour=found.hour,
    )
    await advance(turn, await checkins.put(turn.tx, draft))


async def to_a_person(turn: Turn) -> None:
    """Check-ins for somebody else, or for somebody we don't know yet: a person sees to it."""
    me = turn.sender
    told = await turn.tell_organisers(
        "check_in.person.told",
        but=me.id,
        who=turn.who(me),
        phone=await turn.phone_of(me),
        words=one_line(turn.words, 100),
    )
    await turn.reply(
        "check_in.person" if told else "check_in.person.alone",
        name=first_name(me),
        organiser=await turn.organiser_name(me),
    )


def times(turn: Turn, check_in: CheckIn, language: str) -> str:
    """`every day at 9am`, `every Monday and Thursday at 6:30pm`."""
    assert check_in.hour
    return turn.desk.wording.weekly(language, check_in.days, check_in.hour)


async def how_it_stands(turn: Turn, check_in: CheckIn) -> None:
    """Say on which days they are asked, and when next."""
    me = turn.sender
    await turn.reply(
        "check_in.stands",
        name=first_name(me),
        days=times(turn, check_in, me.language),
        by=checkin.moment_of_next(turn, check_in, me),
    )


async def _other_times(turn: Turn, check_in: CheckIn, found: rules.Times) -> None:
    check_in = replace(check_in, days=found.days or check_in.days, hour=found.hour or check_in.hour)
    await how_it_stands(turn, await checkin.schedule(turn, check_in))


async def advance(turn: Turn, check_in: CheckIn) -> None:
    """Ask for what is missing: days, hour, contacts, and that it is really them."""
    me = turn.sender
    await chase(turn, check_in, CHASE)
    await questions.close(turn.tx, turn.now, *QUESTIONS, member_id=me.id)
    if not check_in.days or check_in.hour is None:
        entry = "check_in.when"
        if check_in.days:
            entry = "check_in.hour"
        elif check_in.hour:
            entry = "check_in.days"
        await turn.ask(me, entry, "check_in.when", check_in.id, name=first_name(me))
        return
    if not await _named(turn, check_in):
        await turn.ask(
            me,
            "check_in.contacts",
            "check_in.contacts",
            check_in.id,
            name=first_name(me),
            days=times(turn, check_in, me.language),
        )
        return
    await _verify(turn, check_in)


async def chase(turn: Turn, check_in: CheckIn, span: timedelta) -> None:
    """Let an organiser hear if nothing comes for so many waking hours."""
    if check_in.status is not CheckInStatus.ON:
        moment = timing.add_waking(turn.now, span, turn.community)
        await turn.later(DueKind.CHECK_IN, check_in.id, moment)
        await checkins.chase_at(turn.tx, check_in.id, moment)


async def _named(turn: Turn, check_in: CheckIn) -> list[Member]:
    """Everybody who is a contact, or may become one."""
    wanted = (ContactStatus.NAMED, ContactStatus.ASKED, ContactStatus.AGREED)
    found = await checkins.contacts_of(turn.tx, check_in.id, *wanted)
    return [await members.get(turn.tx, contact.member_id) for contact in found]


async def mine(turn: Turn, question: Question) -> CheckIn | None:
    """The check-ins that an answer is for, if they are still theirs to answer."""
    check_in = await checkins.get(turn.tx, question.ref or 0, lock=True)
    await turn.toast()
    if check_in.member_id != turn.sender.id or check_in.status is CheckInStatus.OFF:
        await turn.reply("thanks", name=first_name(turn.sender))
        return None
    return check_in


async def missed(turn: Turn, check_in: CheckIn) -> bool:
    """Not followed once more; whether that was once too often, so that a person has it now."""
    check_in = await checkins.save(turn.tx, replace(check_in, misses=check_in.misses + 1))
    if check_in.misses < TRIES:
        return False
    await to_a_person(turn)
    await _drop_named(turn, check_in)
    status = check_in.status if check_in.status is CheckInStatus.ON else CheckInStatus.OFF
    await checkins.save(turn.tx, replace(check_in, status=status, code="", misses=0))
    if status is CheckInStatus.OFF:
        await turn.never_mind(check_in.id, DueKind.CHECK_IN)
    return True


async def _drop_named(turn: Turn, check_in: CheckIn) -> None:
    for contact in await checkins.contacts_of(turn.tx, check_in.id, ContactStatus.NAMED):
        await checkins.set_contact(turn.tx, contact.id, ContactStatus.DECLINED)


async def when_said(turn: Turn, question: Question, _key: str) -> None:
    """They said on which days, or at what time."""
    check_in = await mine(turn, question)
    if check_in is None:
        return
    found = rules.schedule_in(plain(turn.words), bare=True)
    if found.days is None and found.hour is None:
        if not await missed(turn, check_in):
            me = turn.sender
            await turn.ask(
                me, "check_in.when.again", "check_in.when", check_in.id, name=first_name(me)
            )
        return
    check_in = replace(
        check_in, days=found.days or check_in.days, hour=found.hour or check_in.hour, misses=0
    )
    await advance(turn, await checkins.save(turn.tx, check_in))


# Contacts


async def contacts_said(turn: Turn, question: Question, _key: str) -> None:
    """They named whom to tell; or said that there is nobody more."""
    check_in = await mine(turn, question)
    if check_in is None:
        return
    me = turn.sender
    own = {address.value for address in await members.all_addresses(turn.tx, me.id)}
    given = rules.contacts_in(turn.words, LONGEST)
    good = [
        one
        for one in given
        if one.name and one.can_text and one.phone not in own and not _dear(turn, one)
    ]
    for one in good:
        await _name(turn, check_in, one)
    named = await _named(turn, check_in)
    said_no = yes_no(turn.words) is False or bool(_NO_MORE.search(plain(turn.words)))
    if not good and said_no:
        await _nobody_more(turn, check_in, named)
    elif not good:
        await _contacts_again(turn, check_in, given)
    elif len(named) < ENOUGH:
        await turn.ask(
            me,
            "check_in.contacts.one",
            "check_in.contacts",
            check_in.id,
            name=first_name(me),
            other=first_name(named[0]),
        )
    else:
        await _verify(turn, replace(check_in, misses=0))


async def _name(turn: Turn, check_in: CheckIn, one: rules.Named) -> None:
    address = Address(Channel.SMS, one.phone)
    known = await members.find(turn.tx, address)
    if known is None:
        language = turn.sender.language
        new = Member(
            id=0,
            community_id=turn.community.id,
            standing=Standing.JOINING,
            name=one.name,
            language=language,
            languages=(language,),
        )
        known = await members.add(turn.tx, new, address)
    there = await checkins.contacts_of(turn.tx, check_in.id)
    if any(c.member_id == known.id and c.status is ContactStatus.AGREED for c in there):
        return
    await checkins.name_contact(turn.tx, check_in.id, known.id, ContactStatus.NAMED, turn.now)


async def _nobody_more(turn: Turn, check_in: CheckIn, named: list[Member]) -> None:
    """No (more) contacts: then the organisers are who is told. Without either it can't be done."""
    me = turn.sender
    if named or [one for one in await turn.organisers() if one.id != me.id]:
        await _verify(turn, check_in)
        return
    await checkins.save(turn.tx, replace(check_in, status=CheckInStatus.OFF))
    await turn.never_mind(check_in.id, DueKind.CHECK_IN)
    await turn.reply("check_in.nobody", name=first_name(me))


async def _contacts_again(turn: Turn, check_in: CheckIn, given: tuple[rules.Named, ...]) -> None:
    me = turn.sender
    found = rules.schedule_in(plain(turn.words))
    if not given and (found.days or found.hour) and check_in.status is not CheckInStatus.ON:
        # They put the days or the hour right first.
        check_in = replace(
            check_in, days=found.days or check_in.days, hour=found.hour or check_in.hour
        )
        await advance(turn, await checkins.save(turn.tx, check_in))
        return
    if await missed(turn, check_in):
        return
    entry = "check_in.contacts.again"
    if given and not any(one.can_text for one in given):
        entry = "check_in.contacts.landline"
    elif any(_dear(turn, one) for one in given):
        entry = "check_in.contacts.dear"
    await turn.ask(
        me,
        entry,
        "check_in.contacts",
        check_in.id,
        name=first_name(me),
    )


def _dear(turn: Turn, one: rules.Named) -> bool:
    """Whether a number is one that is never texted: it would hear of no alarm."""
    return numbers.why_not(one.phone, turn.desk.limits.countries) is not None


# Is it really them?


async def _verify(turn: Turn, check_in: CheckIn) -> None:
    me = turn.sender
    assert turn.message
    named = await _named(turn, check_in)
    new = await checkins.contacts_of(turn.tx, check_in.id, ContactStatus.NAMED)
    if not new and check_in.status is CheckInStatus.ON:
        await turn.reply("thanks", name=first_name(me))
        return
    names = turn.desk.wording.joined(me.language, [first_name(one) for one in named])
    names = names or await turn.organiser_name(me)
    await chase(turn, check_in, CHASE)
    await questions.close(turn.tx, turn.now, *QUESTIONS, member_id=me.id)
    if turn.desk.has_buttons(turn.message.channel):
        # A press carries a token that only they were sent.
        await checkins.save(turn.tx, replace(check_in, code="", misses=0))
        await turn.ask(
            me,
            "check_in.confirm",
            "check_in.code",
            check_in.id,
            ("yes", "no"),
            name=first_name(me),
            days=times(turn, check_in, me.language),
            lines=names,
        )
        return
    code = f"{turn.desk.chance.randrange(10_000):04d}"
    await checkins.save(turn.tx, replace(check_in, code=code, misses=0))
    await turn.ask(
        me,
        "check_in.code",
        "check_in.code",
        check_in.id,
        name=first_name(me),
        lines=names,
        word=code,
    )


async def code_said(turn: Turn, question: Question, key: str) -> None:
    """They sent the number back, or pressed yes: now it is theirs, and contacts are asked."""
    check_in = await mine(turn, question)
    if check_in is None:
        return
    me = turn.sender
    good = key == "yes" or (check_in.code and check_in.code in re.sub(r"\D", "", turn.words))
    if good:
        await _finish(turn, check_in)
    elif key == "no" or yes_no(turn.words) is False:
        await refused(turn, check_in)
    elif not await missed(turn, check_in):
        await turn.ask(me, "check_in.code.again", "check_in.code", check_in.id, name=first_name(me))


async def refused(turn: Turn, check_in: CheckIn) -> None:
    """They would rather not: what was half set up is dropped, what was there before stays."""
    me = turn.sender
    await _drop_named(turn, check_in)
    if check_in.status is CheckInStatus.ON:
        await checkins.save(turn.tx, replace(check_in, code=""))
        await turn.reply("check_in.kept", name=first_name(me))
        return
    await checkins.save(turn.tx, replace(check_in, status=CheckInStatus.OFF, code=""))
    await turn.never_mind(check_in.id, DueKind.CHECK_IN)
    await turn.reply("check_in.not_begun", name=first_name(me))


async def _finish(turn: Turn, check_in: CheckIn) -> None:
    me = turn.sender
    assert turn.message and check_in.hour
    was_on = check_in.status is CheckInStatus.ON
    check_in = replace(check_in, status=CheckInStatus.ON, code="", misses=0)
    check_in = await checkin.schedule(turn, check_in)
    assert check_in.next_day and check_in.hour
    await turn.note("consent", "member", me.id, means=turn.message.channel.value, about="check_ins")
    asked = []
    for contact in await checkins.contacts_of(turn.tx, check_in.id, ContactStatus.NAMED):
        other = await members.get(turn.tx, contact.member_id)
        asked.append(first_name(other))
        moment = timing.add_waking(turn.now, ANSWER, turn.community)
        await checkins.set_contact(turn.tx, contact.id, ContactStatus.ASKED, moment)
        await turn.later(DueKind.CONTACT, contact.id, moment)
        await turn.ask(
            other,
            "check_in.contact",
            "check_in.contact",
            contact.id,
            ("yes", "no"),
            name=first_name(other),
            asker=me.name,
        )
    names = turn.desk.wording.joined(me.language, asked)
    if was_on:
        await turn.reply("check_in.asking", name=first_name(me), lines=names)
        return
    by = checkin.moment_of_next(turn, check_in, me)
    await turn.reply("check_in.set", name=first_name(me), by=by)
    await turn.tell_organisers(
        "check_in.new" if asked else "check_in.new.no_contacts",
        but=me.id,
        quiet=True,
        about={"kind": "check_in.new"},
        who=turn.who(me),
        days=lambda language: times(turn, check_in, language),
        lines=names,
    )


async def half_way(turn: Turn, check_in: CheckIn) -> None:
    """Somebody began to set check-ins up, or was asked whether they would like them, and went
    silent: nobody should think that they are being checked on."""
    await checkins.chase_at(turn.tx, check_in.id, None)
    if check_in.status not in (CheckInStatus.DRAFT, CheckInStatus.OFFERED):
        return
    person = await members.get(turn.tx, check_in.member_id)
    await turn.tell_organisers(
        "check_in.half_way",
        about={"kind": "check_in.half_way"},
        but=person.id,
        who=turn.who(person),
        phone=await turn.phone_of(person),
    )
