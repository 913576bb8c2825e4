"""Whom to tell when a check-in goes unanswered: their own yes or no, their silence, their going."""

from __future__ import annotations

from handlers.turn import Turn, first_name
from storage import checkins, members
from storage.model import (
    CheckIn,
    CheckInStatus,
    ContactStatus,
    DueKind,
    Member,
    Question,
    Standing,
)


async def answered(turn: Turn, question: Question, key: str) -> None:
    """Whether somebody may be told when a check-in goes unanswered; they may think better of it."""
    me = turn.sender
    await turn.toast()
    contact = await checkins.get_contact(turn.tx, question.ref or 0)
    check_in = await checkins.get(turn.tx, contact.check_in_id, lock=True)
    person = await members.get(turn.tx, check_in.member_id)
    if contact.member_id != me.id or check_in.status is CheckInStatus.OFF:
        await turn.reply("thanks", name=first_name(me))
        return
    await turn.never_mind(contact.id, DueKind.CONTACT)
    if key == "yes":
        assert turn.message
        means = turn.message.channel.value
        await checkins.set_contact(turn.tx, contact.id, ContactStatus.AGREED)
        await turn.save(
            me,
            standing=Standing.ACTIVE if me.standing is Standing.JOINING else me.standing,
            consent=me.consent or f"{turn.today.isoformat()} by {means}",
        )
        await turn.note("consent", "member", me.id, means=means, about="contact")
        await turn.reply("check_in.contact.yes", name=first_name(me), asker=first_name(person))
        if contact.status is not ContactStatus.AGREED:
            await _all_know(turn, check_in, person)
        return
    await checkins.set_contact(turn.tx, contact.id, ContactStatus.DECLINED)
    await turn.reply("check_in.contact.no", name=first_name(me), asker=first_name(person))
    await turn.ask(
        person,
        "check_in.contact.said_no",
        "check_in.contacts",
        check_in.id,
        name=first_name(person),
        other=first_name(me),
    )


async def _all_know(turn: Turn, check_in: CheckIn, person: Member) -> None:
    if await checkins.contacts_of(turn.tx, check_in.id, ContactStatus.ASKED):
        return
    agreed = await checkins.contacts_of(turn.tx, check_in.id, ContactStatus.AGREED)
    names = [first_name(await members.get(turn.tx, contact.member_id)) for contact in agreed]
    lines = turn.desk.wording.joined(person.language, names)
    await turn.say(person, "check_in.contacts.know", name=first_name(person), lines=lines)


async def silent(turn: Turn, contact_id: int) -> None:
    """A day has gone by, and a contact has not said whether they may be told."""
    contact = await checkins.get_contact(turn.tx, contact_id)
    await checkins.set_contact(turn.tx, contact.id, contact.status)
    check_in = await checkins.get(turn.tx, contact.check_in_id)
    if contact.status is not ContactStatus.ASKED or check_in.status is not CheckInStatus.ON:
        return
    person = await members.get(turn.tx, check_in.member_id)
    other = await members.get(turn.tx, contact.member_id)
    await turn.tell_organisers(
        "check_in.contact.silent",
        but=person.id,
        who=turn.who(other),
        phone=await turn.phone_of(person),
        asker=turn.who(person),
    )


async def gone(turn: Turn) -> None:
    """Whoever wrote sent STOP or left: those who count on them as a contact lose one, and the
    organisers hear it."""
    for contact in await checkins.contact_for(turn.tx, turn.sender.id):
        await _gone(turn, contact.id, contact.check_in_id)


async def _gone(turn: Turn, contact_id: int, check_in_id: int) -> None:
    await checkins.set_contact(turn.tx, contact_id, ContactStatus.DECLINED)
    await turn.never_mind(contact_id, DueKind.CONTACT)
    check_in = await checkins.get(turn.tx, check_in_id)
    if check_in.status is CheckInStatus.OFF:
        return
    person = await members.get(turn.tx, check_in.member_id)
    await turn.tell_organisers(
        "check_in.contact.gone",
        about={"kind": "check_in.contact.gone"},
        but=turn.sender.id,
        who=turn.who(turn.sender),
        asker=turn.who(person),
        phone=await turn.phone_of(person),
    )
