"""`popround invite`: a code by which somebody becomes an organiser or a helper."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.clock import RealClock
from bot.commands.database import group_named, ready
from bot.commands.terminal import progress, run, say, settings
from bot.settings import Settings
from storage import audit, groups
from storage.model import Channel, Community, Role

PATIENCE = 8
"""Seconds to wait for Telegram to say what the bot is called: the code is good without."""

A_ROLE = {
    Role.ORGANISER: "an organiser",
    Role.HELPER: "a helper",
    Role.SAFEGUARDING: "a safeguarding holder",
    Role.DEPUTY: "a deputy for safeguarding",
}


def invite(group: str, role: Role) -> int:
    """Make a code, and say how it is used."""
    given = settings()
    now = RealClock().now()

    async def make() -> tuple[Community, str]:
        async with ready(given) as database, database.transaction() as tx:
            community = await group_named(tx, group)
            code = await groups.make_invite(tx, community.id, role, now)
            await audit.note(
                tx, now, "invite", "community", community.id, community_id=community.id, role=role
            )
            return community, code

    community, code = run(make())
    name = ""
    if given.telegram_token:
        with progress("Asking Telegram what the bot is called"):
            name = run(bot_name(given))
    until = (now + timedelta(days=groups.INVITE_DAYS)).astimezone(ZoneInfo(community.timezone))
    say(f"Whoever sends this code becomes {A_ROLE[role]} of {community.name}:")
    say()
    say(f"    {code}", "bold")
    say()
    if name:
        say(f"  On Telegram:  https://t.me/{name}?start={code.replace('-', '')}")
    elif given.telegram_token:
        say("  On Telegram:  open your bot, press Start, and send it the code.")
    if given.twilio_number:
        say(f"  By text:      send the code to {given.twilio_number}")
    if not (given.telegram_token or given.twilio_number):
        say("  First set up Telegram or texts: `popround check` tells how.")
    say()
    day = f"{until.day} {until:%B}"
    say(f"It works once, until {day} ({groups.INVITE_DAYS} days), and while `popround serve` runs.")
    return 0


async def bot_name(given: Settings) -> str:
    """What the bot is called on Telegram; empty if Telegram can't be asked."""
    from bot.app import make_adapters

    for adapter in make_adapters(given, RealClock()):
        if adapter.channel is Channel.TELEGRAM:
            with suppress(TimeoutError):
                await asyncio.wait_for(adapter.check(), PATIENCE)
        await adapter.close()
        if found := getattr(adapter, "username", ""):
            return str(found)
    return ""
