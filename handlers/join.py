"""Becoming a helper or an organiser; on and off duty; a pause; leaving.

The questions for a helper, each only where its answer is missing: name, place, what they can do,
how far, languages, consent. Which comes next follows from the last one answered.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from handlers import checkin, recurring_off, safeguarding, visit, worry
from handlers.rules import timing
from handlers.rules.names import LONGEST, house_in, name_in
from handlers.rules.understanding import numbers_in, understand
from handlers.turn import Turn, first_name, one_line
from storage import cells, groups, messages, questions, requests
from storage.model import (
    KEEPERS,
    NEIGHBOURLY,
    Address,
    DueKind,
    Member,
    Need,
    Question,
    RequestStatus,
    Role,
    Standing,
)

STEPS = ("name", "place", "can_do", "far", "languages", "consent")

CAN_DO: dict[str, tuple[Need, ...]] = {
    "any": NEIGHBOURLY,
    "errands": (Need.SHOPPING, Need.PRESCRIPTION, Need.ERRAND, Need.MEAL),
    "lift": (Need.LIFT,),
    "company_pets": (Need.COMPANY, Need.PET),
    "handy": (Need.HOME, Need.GARDEN, Need.TECH, Need.PAPERWORK),
}
"""The choices offered for "what can you do?"; words (shopping, dogs) work as well."""

FAR = {"near": 1.5, "middle": 4.0, "far": 12.0}
"""On foot, by bike or a short drive, by car: in km."""

PAUSES = {"week": 7, "fortnight": 14, "month": 30}
"""Days."""

INVITED = 1
"""What a question's `ref` says of a helper who came by an organiser's invitation: no organiser
needs to approve them once more."""


async def welcome(turn: Turn) -> None:
    """First words of a stranger who has not said what they want."""
    await questions.close(turn.tx, turn.now, "welcome", "menu", member_id=turn.sender.id)
    await turn.ask(turn.sender, "welcome", "welcome", None, ("need_help", "want_to_help"))


async def welcomed(turn: Turn, question: Question, key: str) -> None:
    """They said whether they need help or want to give it."""
    await turn.toast()
    if key == "want_to_help":
        await begin_helper(turn)
        return
    await questions.close(turn.tx, turn.now, "ask.open", member_id=turn.sender.id)
    await turn.ask(turn.sender, "what_do_you_need", "ask.open", None)


# By invitation


async def with_code(turn: Turn, code: str) -> bool:
    """They sent an invitation's code; whether it was good."""
    spent = await groups.use_invite(turn.tx, code, turn.sender.id, turn.now)
    if spent is None:
        return False
    community_id, role = spent
    if community_id != turn.community.id:
        await turn.move_to(community_id)
    me = await turn.save(turn.sender, community_id=community_id)
    await turn.note("invited", "member", me.id, role=role.value)
    if role is Role.HELPER:
        await begin_helper(turn, invited=True)
        return True
    me = await turn.save(
        me,
        roles=me.roles | {role},
        standing=Standing.ACTIVE,
        consent=me.consent or f"{turn.today.isoformat()} by invitation",
    )
    if role in KEEPERS:
        await safeguarding.tell_all(turn, me, f"safeguarding.new.{role.value}")
        await worry.hurry(turn)
    await turn.show_commands(me, await _here(turn))
    if me.name:
        await _welcome(turn)
    else:
        entry = "safeguarding.name" if role in KEEPERS else "organiser.name"
        await turn.ask(me, entry, "join.organiser", None)
    return True


async def _welcome(turn: Turn) -> None:
    me = turn.sender
    if me.is_a(Role.ORGANISER):
        await turn.reply("organiser.welcome", name=first_name(me))
    if me.roles & KEEPERS:
        await turn.reply("safeguarding.welcome", name=first_name(me))


async def _here(turn: Turn) -> Address:
    assert turn.message
    return Address(turn.message.channel, turn.message.sender)


async def organiser_named(turn: Turn, question: Question, _key: str) -> None:
    """A new organiser, or somebody who hears of worries, said what they are called."""
    await turn.save(turn.sender, name=name_in(turn.words) or turn.words[:LONGEST])
    await _welcome(turn)


# A helper, step by step


async def begin_helper(turn: Turn, *, invited: bool = False) -> None:
    """They would like to help."""
    me = turn.sender
    await turn.toast()
    if me.is_a(Role.HELPER) and me.standing in (Standing.ACTIVE, Standing.WAITING):
        name = "helper.already" if me.standing is Standing.ACTIVE else "helper.wait"
        await turn.reply(name, name=first_name(me))
        return
    await _next(turn, "", INVITED if invited else None)


async def _next(turn: Turn, done: str, ref: int | None, *, noted: bool = False) -> None:
    """Ask the first thing after `done` that is not known."""
    me = turn.sender
    kinds = [*(f"join.{step}" for step in STEPS), "join.place_again", "join.name_again"]
    await questions.close(turn.tx, turn.now, "welcome", "menu", *kinds, member_id=me.id)
    for step in STEPS[STEPS.index(done) + 1 if done else 0 :]:
        if step == "name" and me.name:
            continue
        if step == "place" and me.cell is not None:
            continue
        if step == "languages" and len(turn.community.languages) < 2:
            continue
        choices = {
            "can_do": tuple(CAN_DO),
            "far": tuple(FAR),
            "languages": (*(f"lang_{lang}" for lang in turn.community.languages), "lang_all"),
            "consent": ("yes", "no"),
        }.get(step, ())
        await turn.ask(
            me,
            f"join.{step}.noted" if noted else f"join.{step}",
            f"join.{step}",
            ref,
            choices,
            name=first_name(me),
            does=does(turn, me, me.language),
            ask_location=step == "place",
        )
        moment = turn.now + timedelta(days=1)
        await turn.later(DueKind.JOIN, me.id, moment)
        await turn.save(turn.sender, half_way_at=moment)
        return


async def once_more(turn: Turn, question: Question) -> None:
    """Ask what is open again, in the language that they use now."""
    if question.kind == "join.organiser":
        await turn.ask(turn.sender, "organiser.name", "join.organiser", None)
        return
    place = STEPS.index(question.kind.removeprefix("join.").removesuffix("_again"))
    await _next(turn, STEPS[place - 1] if place else "", question.ref)


async def name_said(turn: Turn, question: Question, _key: str) -> None:
    """A helper said what they are called."""
    name = name_in(turn.words)
    if name is None and question.kind == "join.name":
        await turn.ask(turn.sender, "ask.name.again", "join.name_again", question.ref)
        return
    await turn.save(turn.sender, name=name or turn.words[:LONGEST])
    await _next(turn, "name", question.ref)


async def place_said(turn: Turn, question: Question, _key: str) -> None:
    """A helper said where they live: a postcode, or a shared location."""
    message = turn.message
    assert message
    if message.latitude is not None and message.longitude is not None:
        await turn.save(
            turn.sender,
            cell=cells.cell_at(message.latitude, message.longitude),
            area=turn.text(turn.sender.language, "area.shared"),
        )
        await _next(turn, "place", question.ref)
        return
    found = await turn.desk.atlas.find(turn.tx, turn.words)
    if found is None:
        if question.kind == "join.place_again":
            me = turn.sender
            told = await turn.tell_organisers(
                "helper.no_place",
                but=me.id,
                who=turn.who(me),
                phone=await turn.phone_of(me),
                words=one_line(turn.words, 100),
            )
            await _at_its_end(turn)
            await turn.reply(
                "helper.no_place.told" if told else "helper.no_place.alone",
                name=first_name(me),
                organiser=await turn.organiser_name(me),
            )
            return
        await turn.ask(
            turn.sender,
            "join.place.again",
            "join.place_again",
            question.ref,
            name=first_name(turn.sender),
        )
        return
    postcode, place = found
    serving = await groups.serving(turn.tx, postcode)
    if serving and serving.id != turn.community.id and question.ref != INVITED:
        await turn.move_to(serving.id)
    await turn.save(
        turn.sender,
        community_id=turn.community.id,
        postcode=postcode,
        cell=place.cell,
        area=place.area,
        home=turn.sender.home or house_in(turn.words, postcode),
    )
    await _next(turn, "place", question.ref)


async def can_do_said(turn: Turn, question: Question, key: str) -> None:
    """A helper said what they can do: a choice, several numbers, or in words."""
    needs = set(CAN_DO.get(key, ()))
    in_words = not needs and not numbers_in(turn.words)
    if not needs:
        keys = {choice.number: choice.key for choice in question.choices}
        for number in numbers_in(turn.words):
            needs |= set(CAN_DO.get(keys.get(number, ""), ()))
    if not needs and turn.sender.language == "cy":
        # The model has seen little Welsh: the words of the choices themselves come first.
        needs = _named_in_choices(turn)
    if not needs:
        for part in re.split(r"[,;/&+]|\b(?:and|or|a|ac|neu|e|o)\b", turn.words):
            meaning = understand(f"I can do {part}", turn.now, language=turn.sender.language)
            needs |= {n for n in (*meaning.needs, meaning.need) if n in NEIGHBOURLY}
        needs -= {Need.OTHER}
    if not needs:
        needs = _named_in_choices(turn)
    if not needs and re.search(
        r"\b(any|all|every|whatever|owt|popeth|unrhyw|pob|tutto)", turn.words, re.IGNORECASE
    ):
        needs = set(NEIGHBOURLY)
    if not needs:
        await turn.ask(
            turn.sender,
            "join.can_do.again",
            "join.can_do",
            question.ref,
            tuple(CAN_DO),
            name=first_name(turn.sender),
        )
        return
    # Help of no kind that has a name is for everybody who helps at all.
    await turn.save(turn.sender, can_do=frozenset(needs | {Need.OTHER}))
    await _next(turn, "can_do", question.ref, noted=in_words)


def _named_in_choices(turn: Turn) -> set[Need]:
    """What they can do by the words of the choices themselves, in whatever language those are."""
    said = set(re.findall(r"\w{4,}", turn.words.lower()))
    needs: set[Need] = set()
    for key, kinds in CAN_DO.items():
        label = turn.text(turn.sender.language, f"choice.{key}.sms").lower()
        if key != "any" and said & set(re.findall(r"\w{4,}", label)):
            needs |= set(kinds)
    return needs


async def far_said(turn: Turn, question: Question, key: str) -> None:
    """A helper said how far they would go."""
    await turn.save(turn.sender, max_km=FAR[key])
    await _next(turn, "far", question.ref)


async def languages_said(turn: Turn, question: Question, key: str) -> None:
    """A helper said which languages they speak."""
    language = key.removeprefix("lang_")
    spoken = turn.community.languages if language == "all" else (language,)
    await turn.save(turn.sender, languages=spoken)
    await _next(turn, "languages", question.ref)


async def consented(turn: Turn, question: Question, key: str) -> None:
    """A helper agreed to be asked, or did not."""
    await _at_its_end(turn)
    me = turn.sender
    assert turn.message
    await turn.toast()
    if key != "yes":
        await turn.reply("helper.not_joined", name=first_name(me))
        return
    waits = turn.community.approve_helpers and question.ref != INVITED
    me = await turn.save(
        me,
        roles=me.roles | {Role.HELPER},
        standing=Standing.WAITING if waits else Standing.ACTIVE,
        consent=me.consent or f"{turn.today.isoformat()} by {turn.message.channel.value}",
        on_duty=True,
        paused_until=None,
    )
    await turn.note("consent", "member", me.id, means=turn.message.channel.value, role="helper")
    await turn.show_commands(me, await _here(turn))
    if waits:
        await turn.reply("helper.wait", name=first_name(me))
        await turn.tell_organisers(
            "approve", "approve", me.id, ("approve", "not_yet"), **described(turn, me)
        )
        return
    await turn.reply("helper.joined", name=first_name(me))
    await turn.tell_organisers("helper.new", quiet=True, **described(turn, me))


def described(turn: Turn, helper: Member) -> dict[str, Any]:
    """A helper, for organisers: who, roughly where, and what they do."""
    return {
        "helper": helper.name,
        "area": helper.area,
        "does": lambda language: does(turn, helper, language),
    }


def does(turn: Turn, helper: Member, language: str) -> str:
    """What a helper does, in that language."""
    if set(NEIGHBOURLY) <= helper.can_do:
        return turn.text(language, "choice.any.sms")
    named = [need for need in NEIGHBOURLY if need in helper.can_do and need is not Need.OTHER]
    said = [turn.text(language, f"need.{need.value}") for need in named]
    if len(said) > 4:
        said = [*said[:3], turn.text(language, "more")]
    return turn.desk.wording.joined(language, said) or "-"


# On and off duty, and leaving


async def duty(turn: Turn, *, on: bool) -> None:
    """On or off duty."""
    await turn.save(turn.sender, on_duty=on, paused_until=None)
    await turn.never_mind(turn.sender.id, DueKind.BACK)
    await turn.reply("duty.on" if on else "duty.off", name=first_name(turn.sender))


async def pause(turn: Turn) -> None:
    """They would like not to be asked for a while: for how long?"""
    await questions.close(turn.tx, turn.now, "pause", member_id=turn.sender.id)
    await turn.ask(turn.sender, "pause", "pause", None, tuple(PAUSES), name=first_name(turn.sender))


async def paused(turn: Turn, question: Question, key: str) -> None:
    """They said for how long."""
    day = turn.today + timedelta(days=PAUSES[key])
    until = timing.at_local(day, turn.community.quiet_until, turn.community)
    me = await turn.save(turn.sender, paused_until=until)
    await turn.later(DueKind.BACK, me.id, until)
    await turn.toast()
    await turn.reply(
        "paused",
        name=first_name(me),
        day=turn.day(day, me),
    )


async def back(turn: Turn, helper: Member) -> None:
    """A pause is over."""
    if helper.paused_until is None or helper.paused_until > turn.now:
        return
    helper = await turn.save(helper, paused_until=None)
    await turn.say(helper, "pause.over", name=first_name(helper))


WITH_A_HOME = ("handed", "alarm")
"""Questions to an organiser, or to a contact, that may say where somebody lives."""


async def leave(turn: Turn) -> None:
    """They want to leave: is that right?"""
    await questions.close(turn.tx, turn.now, "leave", member_id=turn.sender.id)
    await turn.ask(turn.sender, "leave", "leave", None, ("yes", "no"), name=first_name(turn.sender))


async def left(turn: Turn, question: Question, key: str) -> None:
    """They said whether."""
    await turn.toast()
    if key != "yes":
        await turn.reply("leave.stayed", name=first_name(turn.sender))
        return
    me = turn.sender
    standing = await requests.of_asker(turn.tx, me.id)
    if standing:
        # Whoever is on the way is not sent home by a word that may have meant the messages.
        what = turn.gists(standing, me.language)
        await turn.reply("leave.done.open", name=first_name(me), what=what)
    else:
        await turn.reply("leave.done", name=first_name(me))
    await drop_everything(turn, "left")
    me = turn.sender
    for shown in await questions.put_to(turn.tx, me.id, WITH_A_HOME):
        await turn.edit(shown, "details.left")
    # Should they come back they are asked anew whether we may.
    await turn.save(
        me, standing=Standing.LEFT, roles=frozenset(), on_duty=False, consent="", appeals=""
    )
    await turn.note("left", "member", me.id)


async def stop(turn: Turn) -> None:
    """STOP: one answer, then nothing, until they write START. What they were in the middle of is
    not left hanging: organisers hear of it where somebody waits."""
    me = turn.sender
    if me.stopped_at is not None:
        return
    await messages.withdraw_all(turn.tx, me.id)
    await turn.reply("stopped", about={"kind": "stopped"})
    await drop_everything(turn, "stopped")
    await turn.save(turn.sender, stopped_at=turn.now, appeals="")
    await turn.note("stopped", "member", me.id)


async def drop_everything(turn: Turn, reason: str) -> None:
    """Somebody is going silent: their visits as a helper are given back at once, and organisers are
    told of what they themselves still wait for."""
    me = turn.sender
    await checkin.went_silent(turn, reason)
    await worry.gone(turn, me)
    for running in await requests.live_visits(turn.tx, helper_id=me.id):
        await visit.give_back(turn, running)
    waiting = await requests.of_asker(turn.tx, me.id, (RequestStatus.DRAFT, *requests.UNSETTLED))
    waiting += await recurring_off.drop(turn)
    if waiting:
        await turn.tell_organisers(
            f"asker.{reason}",
            but=me.id,
            who=turn.who(me),
            phone=await turn.phone_of(me),
            what=lambda language: turn.gists(waiting, language),
        )


async def start_again(turn: Turn) -> None:
    """START: they want to hear from us again."""
    me = turn.sender
    if me.stopped_at is not None:
        me = await turn.save(me, stopped_at=None)
        await turn.note("started", "member", me.id)
        await turn.reply("started", name=first_name(me))
    elif not me.roles:
        await welcome(turn)
    else:
        # Somebody from a spreadsheet presses Start for the first time: their chat gets its list.
        await turn.show_commands(me, await _here(turn))
        await turn.reply("hello", name=first_name(me))


async def _at_its_end(turn: Turn) -> None:
    """Joining has come to an end, one way or the other: nobody need ring about it."""
    await turn.never_mind(turn.sender.id, DueKind.JOIN)
    await turn.save(turn.sender, half_way_at=None)


async def stopped_half_way(turn: Turn, member: Member) -> None:
    """A day ago somebody began to join as a helper, and stopped: an organiser may like to ring."""
    member = await turn.save(member, half_way_at=None)
    if member.is_a(Role.HELPER) or member.stopped_at is not None:
        return
    await turn.tell_organisers(
        "helper.half_way",
        quiet=True,
        who=turn.who(member),
        phone=await turn.phone_of(member),
    )
