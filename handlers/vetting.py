"""Somebody's vetting is set by an organiser, runs out, or is taken away.

Whoever may not do something any more goes to no visit of that kind, from that moment on: open
offers are withdrawn, a visit is given back and its address taken out of the chat, and whoever waits
for them is looked after as when a helper can't come.
"""

from __future__ import annotations

from datetime import date

from handlers import offer, seen, visit
from handlers.rules import timing
from handlers.rules import vetting as rules
from handlers.rules import worries as first_words
from handlers.turn import Turn, first_name, one_line
from storage import members, questions, relay, requests
from storage.model import (
    Community,
    DueKind,
    HelpRequest,
    Member,
    OfferStatus,
    Role,
    Standing,
    Vetting,
    Visit,
)

# What organisers say of it


async def asked_for(turn: Turn) -> bool:
    """VETTED and whom, how thoroughly, until when; NOT VETTED and whom. Whether it was this; only
    an organiser gets here."""
    for keyword in ("not_vetted", "vetted"):
        words = [
            word
            for language in turn.desk.wording.languages
            for word in turn.desk.wording.listing(language, f"keywords.{keyword}")
        ]
        rest = first_words.opening(turn.words, words)
        if rest is not None:
            await _said(turn, rest, ends=keyword == "not_vetted")
            return True
    return False


async def _said(turn: Turn, words: str, *, ends: bool) -> None:
    me, wording = turn.sender, turn.desk.wording
    levels = {
        word: level
        for language in wording.languages
        for level in Vetting
        for word in wording.listing(language, f"vetting.level.{level.value}")
    }
    heard = rules.said(words, levels)
    found = await _helper(turn, heard.name)
    if found is None:
        await turn.reply("vetting.whom", words=one_line(heard.name, 40))
        return
    if ends:
        await set_to(turn, found, None, None)
        await turn.reply("vetting.ended", helper=found.name)
        return
    if heard.until is None or heard.until < turn.today:
        await turn.reply("vetting.how", name=first_name(me))
        return
    level = heard.level or Vetting.BASIC
    await set_to(turn, found, level, heard.until)
    await turn.reply(
        "vetting.noted",
        helper=found.name,
        what=level_name(turn, level, me.language),
        day=wording.date_of(me.language, heard.until),
    )


async def _helper(turn: Turn, name: str) -> Member | None:
    """The one helper of that name; none where there is none, or more than one."""
    wanted = " ".join(name.lower().split())
    those = await members.with_role(
        turn.tx, turn.community.id, Role.HELPER, Standing.ACTIVE, Standing.WAITING
    )
    found = [one for one in those if wanted and one.name.lower() == wanted]
    found = found or [one for one in those if wanted and first_name(one).lower() == wanted]
    return found[0] if len(found) == 1 else None


def level_name(turn: Turn, level: Vetting, language: str) -> str:
    return turn.desk.wording.listing(language, f"vetting.level.{level.value}")[0]


async def set_to(turn: Turn, member: Member, level: Vetting | None, until: date | None) -> None:
    """Keep somebody's vetting. What they may not do any more is theirs no longer, at once."""
    member = await members.get(turn.tx, member.id, lock=True)
    at = rules.next_look(until, turn.now, turn.community)
    member = await turn.save(member, vetting=level, vetted_until=until, vetting_at=at)
    await turn.never_mind(member.id, DueKind.VETTING)
    if at is not None:
        await turn.later(DueKind.VETTING, member.id, at)
    await turn.note(
        "vetting",
        "member",
        member.id,
        level=level.value if level else "",
        until=until.isoformat() if until else "",
    )
    if not await lose(turn, member) and until is None and rules.counts_for(member, turn.community):
        await _say(turn, member, "vetting.none")


async def _say(turn: Turn, helper: Member, entry: str) -> None:
    await turn.say(
        helper,
        entry,
        about={"kind": "vetting"},
        name=first_name(helper),
        organiser=await turn.organiser_name(helper),
        day=turn.desk.wording.date_of(helper.language, helper.vetted_until)
        if helper.vetted_until
        else "",
    )


# What they may do no more


def may_go(community: Community, helper: Member, request: HelpRequest, day: date) -> bool:
    """Whether somebody may see to a request, as they are on that day."""
    day = max(day, request.day or day)
    return seen.helps(helper) and rules.suffices(helper, rules.needed(community, request), day)


async def lose(turn: Turn, helper: Member) -> list[Visit]:
    """Take from somebody what they may not do any more; the visits that were given back."""
    for found in await requests.open_offers_to(turn.tx, helper.id):
        request = await requests.get(turn.tx, found.request_id, lock=True)
        if not may_go(turn.community, helper, request, turn.today):
            await requests.answer_offer(turn.tx, found.id, OfferStatus.TAKEN, turn.now)
            await questions.close(turn.tx, turn.now, "offer", ref=found.id)
            for question in (await questions.about(turn.tx, "offer", found.id))[-1:]:
                await turn.edit(question, "offer.withdrawn")
            await offer.next_if_all_said_no(turn, request.id)
    lost = []
    for running in await requests.live_visits(turn.tx, helper_id=helper.id):
        request = await requests.get(turn.tx, running.request_id)
        if may_go(turn.community, helper, request, turn.today):
            continue
        its_day = timing.local(running.due_at, turn.community).date()
        if running.due_at <= turn.now and may_go(turn.community, helper, request, its_day):
            # They had it when they went: only where it was is not theirs any more.
            await visit.forget_details(turn, running, "details.over")
            continue
        asker = await members.get(turn.tx, running.asker_id)
        await turn.say(
            helper,
            "vetting.visit" if seen.helps(helper) else "called_off.other",
            wakes=running.due_at - turn.now <= visit.TONIGHT or None,
            about={"kind": "called_off", "ref": running.id},
            name=first_name(helper),
            asker=first_name(asker),
            organiser=await turn.organiser_name(helper),
        )
        await visit.give_back(turn, await requests.get_visit(turn.tx, running.id, lock=True))
        await turn.note("not_vetted", "visit", running.id, helper=helper.id)
        lost.append(running)
    for after in await relay.open_to(turn.tx, helper.id, turn.now - seen.A_DAY):
        request = await requests.get(turn.tx, after.request_id)
        if after.helper_id == helper.id and not may_go(turn.community, helper, request, turn.today):
            await relay.close(turn.tx, after.id)
    return lost


# Its running out


async def came_due(turn: Turn, member_id: int) -> None:
    """It runs out soon, or has; or what somebody may do is to be looked at anew."""
    helper = await members.get(turn.tx, member_id, lock=True)
    until = helper.vetted_until
    lost = await lose(turn, helper)
    if until is not None and rules.counts_for(helper, turn.community):
        over = until < turn.today
        if over or until - turn.today <= rules.BEFORE:
            entry = "vetting.over" if over else "vetting.soon"
            if not (over and lost):
                await _say(turn, helper, entry)
            await turn.tell_organisers(
                f"{entry}.told",
                but=helper.id,
                about={"kind": "vetting"},
                quiet=True,
                helper=helper.name,
                day=lambda language: turn.desk.wording.date_of(language, until),
            )
    at = rules.next_look(until, turn.now, turn.community)
    await turn.save(helper, vetting_at=at)
    if at is not None:
        await turn.later(DueKind.VETTING, helper.id, at)
