"""The fixed words: commands of a chat, and an invitation's code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from handlers import (
    arranged,
    broadcast,
    broadcast_preview,
    broadcast_replies,
    daily_note,
    door,
    duty,
    hours,
    join,
    letters,
    link,
    meanings,
    money,
    organiser,
    own_words,
    recurring,
    relay,
    rights,
    safeguarding,
    spending,
    vetting,
    worry_book,
)
from handlers.rules.segments import segments
from handlers.turn import MOST_SEGMENTS, Turn, first_name
from storage import groups
from storage.model import KEEPERS, Role, Standing


async def obey(turn: Turn) -> bool:
    """`/start CODE`, an invitation's code, or one of the fixed words. Whether it was one."""
    if await rights.obey(turn) or await _code(turn) or await safeguarding.asked_for(turn):
        return True
    for name, act in COMMANDS.items():
        if turn.said(name) and await act(turn):
            return True
    return organiser.is_organiser(turn) and (
        await daily_note.asked_for(turn)
        or await duty.asked_for(turn)
        or await broadcast.begun(turn)
        or await broadcast_replies.who(turn)
        or await spending.asked_for(turn)
        or await vetting.asked_for(turn)
    )


def is_a_code(words: str) -> bool:
    """Whether a message is an invitation's or another code as it is shown, and nothing else."""
    head, _, rest = words.partition(" ")
    code = rest if head.lower() in JOINS else words
    return groups.is_shown_code(code)


JOINS = ("/start", "start", "join")


async def _code(turn: Turn) -> bool:
    """Whether they sent a code and it was seen to: good, not good, or one too many."""
    head, _, rest = turn.words.partition(" ")
    asked = head.lower() in JOINS and bool(rest)
    if asked and rest.strip().lower() == "help":
        await join.begin_helper(turn)
        return True
    words = rest if asked else turn.words
    code = groups.as_code(words)
    if code is None:
        return False
    if not await door.may_try_code(turn):
        await turn.reply("code.locked")
        return True
    if await link.with_code(turn, code) or await join.with_code(turn, code):
        return True
    await door.wrong_code(turn)
    if asked or groups.is_shown_code(words):
        await turn.reply("code.not_good")
        return True
    return False


async def _offduty(turn: Turn) -> bool:
    return await _if_helper(turn, lambda: join.duty(turn, on=False))


async def _onduty(turn: Turn) -> bool:
    if await _if_helper(turn, lambda: join.duty(turn, on=True)):
        return True
    if organiser.is_organiser(turn):  # who is no helper means the phone
        await duty.take_over(turn, turn.sender)
        return True
    return False


async def _pause(turn: Turn) -> bool:
    return await _if_helper(turn, lambda: join.pause(turn))


async def _hours(turn: Turn) -> bool:
    return await _if_helper(turn, lambda: hours.show(turn))


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


async def _failed(turn: Turn) -> bool:
    if not organiser.is_organiser(turn):
        return False
    await letters.show(turn)
    return True


async def _link(turn: Turn) -> bool:
    await link.asked_for(turn)
    return True


async def _texts(turn: Turn) -> bool:
    if not organiser.is_organiser(turn):
        return False
    await own_words.which(turn)
    return True


async def _replies(turn: Turn) -> bool:
    if not organiser.is_organiser(turn):
        return False
    await broadcast_replies.show(turn)
    return True


async def _call_back(turn: Turn) -> bool:
    return organiser.is_organiser(turn) and await broadcast_preview.call_latest_back(turn)


async def _appeals(turn: Turn) -> bool:
    return await broadcast_replies.appeals(turn, wanted=True)


async def _no_appeals(turn: Turn) -> bool:
    return await broadcast_replies.appeals(turn, wanted=False)


async def _help(turn: Turn) -> bool:
    me = turn.sender
    if not me.roles:
        await join.welcome(turn)
        return True
    lines = [turn.text(me.language, "help")]
    for role in (Role.ASKER, Role.HELPER, Role.ORGANISER):
        if me.is_a(role):
            lines.append(turn.text(me.language, f"help.{role.value}"))
    if me.roles & KEEPERS:
        lines.append(turn.text(me.language, "help.keeper"))
    # Who is everything at once knows best what askers write.
    while await turn.by_text(me) and len(lines) > 2 and segments("\n".join(lines)) > MOST_SEGMENTS:
        del lines[1]
    await turn.reply("lines", lines="\n".join(lines))
    return True


async def _more(turn: Turn) -> bool:
    if not organiser.is_organiser(turn):
        return False
    await turn.reply("help.more")
    return True


async def _status(turn: Turn) -> bool:
    return bool(turn.sender.roles) and await meanings.status(turn)


async def _regular(turn: Turn) -> bool:
    if turn.sender.is_a(Role.ASKER) and await recurring.show(turn):
        return True
    if organiser.is_organiser(turn):
        await arranged.show_regular(turn)
        return True
    if not turn.sender.is_a(Role.ASKER):
        return False
    await turn.reply("recurring.none", name=first_name(turn.sender))
    return True


async def _checks(turn: Turn) -> bool:
    if not organiser.is_organiser(turn):
        return False
    await arranged.show_check_ins(turn)
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
    "hours": _hours,
    "leave": _leave,
    "open": _open,
    "waiting": _waiting,
    "status": _status,
    "regular": _regular,
    "checks": _checks,
    "texts": _texts,
    "replies": _replies,
    "call_back": _call_back,
    "appeals": _appeals,
    "no_appeals": _no_appeals,
    "failed": _failed,
    "link": _link,
    "hang_up": relay.hang_up,
    "paid_back": money.paid_back,
    "more": _more,
    "worries": worry_book.show,
    "closed_worries": worry_book.show_closed,
}
