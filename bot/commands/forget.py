"""`popround members forget`: somebody is to be forgotten who can't ask for it themselves."""

from __future__ import annotations

import typer

from bot.clock import RealClock
from bot.commands.database import group_named, ready
from bot.commands.person import found
from bot.commands.terminal import Trouble, run, say, settings
from handlers import rights, wording
from handlers.turn import Desk, Turn
from storage import members
from storage.model import Channel, Member, OutboundKind
from storage.places import Atlas, Postcodes
from storage.rights import texts_that_name

CAN = {
    Channel.TELEGRAM: frozenset(OutboundKind),
    Channel.SMS: frozenset({OutboundKind.TEXT}),
}


def forget(who: str, group: str, *, sure: bool) -> int:
    """Find one person, ask, and note it."""
    given = settings()

    async def find() -> Member:
        async with ready(given) as database, database.transaction() as tx:
            member = await found(tx, await group_named(tx, group), who)
            if member.forget_at is not None:
                raise Trouble("They are being forgotten already.")
            return member

    async def let_go(ident: int) -> list[str]:
        with Postcodes() as bundle:
            desk = Desk(wording.load(), Atlas(bundle), can=CAN)
            async with ready(given) as database, database.transaction() as tx:
                community = await group_named(tx, group)
                member = await members.get(tx, ident, lock=True)
                turn = Turn(desk, tx, RealClock().now(), community, member)
                named = await texts_that_name(tx, member)
                await rights.by_hand(turn)
                return named

    member = run(find())
    if not sure and not typer.confirm(
        f"Delete all that is known of {member.name or 'this person'} (#{member.id}) for good?"
    ):
        raise Trouble("Nothing was deleted.")
    named = run(let_go(member.id))
    say("They are told goodbye, and are gone ten minutes after, while `popround serve` runs.")
    if named:
        say(f"The group's own texts may still name them: {', '.join(named)} (`popround texts`).")
    return 0
