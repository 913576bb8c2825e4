"""Who hears of worries: the safeguarding holders and their deputies, and how somebody becomes one.

An organiser makes the first; from then on only a holder makes others, or takes it from them: it may
be an organiser that a worry is about. Nobody becomes one without their own yes, and all who look
after the group hear of each change.
"""

from __future__ import annotations

from handlers import worry
from handlers.rules import worries as rules
from handlers.seen import keepers_of
from handlers.turn import Turn, first_name, one_line
from storage import members, questions
from storage.model import KEEPERS, Address, Member, Question, Role, Standing

ASKED_FOR = {"safeguarding": Role.SAFEGUARDING, "deputy": Role.DEPUTY}


async def asked_for(turn: Turn) -> bool:
    """SAFEGUARDING, by itself or with whom it is to be; DEPUTY and a name; NOT SAFEGUARDING and a
    name. Whether it was one of these."""
    name = _after(turn, "not_safeguarding")
    if name is not None:
        await _end(turn, name)
        return True
    for keyword, role in ASKED_FOR.items():
        name = _after(turn, keyword)
        if name:
            await _appoint(turn, name, role)
            return True
        if name is not None:
            await _show(turn)
            return True
    return False


def _after(turn: Turn, keyword: str) -> str | None:
    wording = turn.desk.wording
    words = [
        word
        for language in wording.languages
        for word in wording.listing(language, f"keywords.{keyword}")
    ]
    return rules.opening(turn.words, words)


async def _show(turn: Turn) -> None:
    """Who it is, to those who look after the group; to anybody else how to write of a worry."""
    me = turn.sender
    if not me.roles & (KEEPERS | {Role.ORGANISER}):
        await turn.reply("safeguarding.how", name=first_name(me))
        return
    keepers = await keepers_of(turn.tx, turn.community.id)
    if not keepers:
        await turn.reply("safeguarding.none", name=first_name(me))
        return
    holders = [first_name(one) for one in keepers if one.is_a(Role.SAFEGUARDING)]
    deputies = [first_name(one) for one in keepers if not one.is_a(Role.SAFEGUARDING)]
    await turn.reply(
        "safeguarding",
        who=turn.desk.wording.joined(me.language, holders) or "-",
        other=turn.desk.wording.joined(me.language, deputies) or "-",
    )


async def _may(turn: Turn, who: Member) -> bool:
    """Whether somebody may say who it is, as things are now."""
    if who.community_id != turn.community.id:
        return False
    if who.is_a(Role.SAFEGUARDING):
        return True
    return who.is_a(Role.ORGANISER) and not await keepers_of(turn.tx, turn.community.id)


async def _appoint(turn: Turn, name: str, role: Role) -> None:
    me = turn.sender
    if not await _may(turn, me):
        await turn.reply("safeguarding.not_you", name=first_name(me))
        return
    found = await _called(turn, name)
    if found is None:
        await turn.reply("safeguarding.whom", words=one_line(name, 40))
        return
    if found.is_a(role):
        await turn.reply("safeguarding.is_one", helper=found.name)
        return
    await questions.close(turn.tx, turn.now, "safeguarding.agree", member_id=found.id)
    put = await turn.ask(
        found,
        f"safeguarding.ask.{role.value}",
        "safeguarding.agree",
        me.id,
        ("yes", "no"),
        heard=role.value,
        name=first_name(found),
        organiser=first_name(me),
    )
    if found.id != me.id:
        entry = "safeguarding.asked" if put else "safeguarding.whom"
        await turn.reply(entry, helper=found.name, words=one_line(name, 40))


async def _called(turn: Turn, name: str) -> Member | None:
    """The one member of that name, or who writes ("me"); none where there is none, or several."""
    if name.lower().strip(" .!") in _me(turn):
        return turn.sender
    wanted = " ".join(name.lower().strip(" .!").split())
    everyone = [
        one
        for one in await members.of_community(turn.tx, turn.community.id)
        if one.name and one.standing is Standing.ACTIVE
    ]
    found = [one for one in everyone if one.name.lower() == wanted]
    found = found or [one for one in everyone if first_name(one).lower() == wanted]
    return found[0] if len(found) == 1 else None


def _me(turn: Turn) -> set[str]:
    wording = turn.desk.wording
    return {
        word.lower()
        for language in wording.languages
        for word in wording.listing(language, "keywords.me")
    }


async def agreed(turn: Turn, question: Question, key: str) -> None:
    """They said whether they would be it. Whoever asked them must still be one who may."""
    me = turn.sender
    role = Role(question.heard)
    asked_by = await members.get(turn.tx, question.ref or 0)
    await turn.toast()
    if me.community_id != asked_by.community_id or not await _may(turn, asked_by):
        await turn.reply("not_any_more")
        return
    if key != "yes":
        await turn.reply("safeguarding.no", name=first_name(me))
        if asked_by.id != me.id:
            await turn.say(asked_by, "safeguarding.said_no", helper=me.name)
        return
    me = await turn.save(me, roles=me.roles | {role})
    await turn.note("role_given", "member", me.id, role=role.value, by=asked_by.id)
    await _welcome(turn)
    await tell_all(turn, me, f"safeguarding.new.{role.value}")
    await worry.hurry(turn)


async def _welcome(turn: Turn) -> None:
    """First words to somebody who is one now."""
    assert turn.message
    here = Address(turn.message.channel, turn.message.sender)
    await turn.show_commands(turn.sender, here)
    await turn.reply("safeguarding.welcome", name=first_name(turn.sender))


async def tell_all(turn: Turn, about: Member, entry: str) -> None:
    """Everybody who looks after the group hears who is it now, or no more."""
    those = [*await keepers_of(turn.tx, turn.community.id), *await turn.organisers()]
    me = turn.sender.id
    for one in {one.id: one for one in those}.values():
        if one.id not in (me, about.id):
            told = {"kind": "safeguarding.news"}
            await turn.say(one, entry, about=told, quiet=True, helper=about.name)


async def _end(turn: Turn, name: str) -> None:
    """Somebody is it no more: they say so themselves, or a holder does."""
    me = turn.sender
    found = await _called(turn, name) if name else me
    if found is None or not found.roles & KEEPERS:
        await turn.reply("safeguarding.whom", words=one_line(name, 40))
        return
    if found.id != me.id and not me.is_a(Role.SAFEGUARDING):
        await turn.reply("safeguarding.not_you", name=first_name(me))
        return
    gone = await turn.save(found, roles=found.roles - KEEPERS)
    await worry.hurry(turn)
    await turn.note("role_taken", "member", gone.id)
    if gone.id == me.id:
        await turn.reply("safeguarding.over", name=first_name(me))
    else:
        about = {"kind": "safeguarding.news"}
        await turn.say(gone, "safeguarding.over", about=about, name=first_name(gone))
        await turn.reply("safeguarding.ended", helper=gone.name)
    await tell_all(turn, gone, "safeguarding.ended")
