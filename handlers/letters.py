"""What did not arrive, told to an organiser who asks."""

from __future__ import annotations

from datetime import timedelta

from handlers.rules import timing
from handlers.turn import Turn, first_name
from storage import letters, members

BACK = timedelta(days=2)
"""How far it looks: what is older has been seen to, or is past mending."""

SHOWN, SHOWN_BY_TEXT = 12, 2


async def show(turn: Turn) -> None:
    """How much went out of late, and what did not arrive and why."""
    assert turn.message
    me = turn.sender
    here = timing.local(turn.now, turn.community)
    since = turn.now - BACK
    post = await letters.post(turn.tx, turn.community.id, since)
    most = SHOWN if turn.desk.has_buttons(turn.message.channel) else SHOWN_BY_TEXT
    count, found = await letters.dead(turn.tx, turn.community.id, since, most)
    counts = {"sent": post.sent, "arrived": post.delivered}
    day = turn.desk.wording.day(me.language, (here - BACK).date(), here.date())
    if not count:
        await turn.reply("failed.none", name=first_name(me), day=day, **counts)
        return
    lines = []
    for letter in found:
        who = await members.get(turn.tx, letter.member_id) if letter.member_id else None
        name = turn.who(who)(me.language) if who else turn.text(me.language, "failed.street")
        why = turn.text(me.language, f"reason.{letter.reason}")
        lines.append(turn.text(me.language, "failed.line", who=name, why=why))
    await turn.reply(
        "failed",
        day=day,
        failed=count,
        lines="\n".join(dict.fromkeys(lines)),
        **counts,
    )
