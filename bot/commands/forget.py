"""`popround members forget`: somebody is to be forgotten who can't ask for it themselves."""

from __future__ import annotations

from contextlib import suppress

import phonenumbers
import typer

from bot.clock import RealClock
from bot.commands.database import group_named, ready
from bot.commands.terminal import Trouble, amount, run, say, settings
from handlers import rights, wording
from handlers.turn import Desk, Turn
from storage import members, members_many
from storage.database import Transaction
from storage.model import Address, Channel, Community, Member, OutboundKind, Standing
from storage.places import Atlas, Postcodes

CAN = {
    Channel.TELEGRAM: frozenset(OutboundKind),
    Channel.SMS: frozenset({OutboundKind.TEXT}),
}


def forget(who: str, group: str, *, sure: bool) -> int:
    """Find one person, ask, and note it."""
    given = settings()

    async def find() -> Member:
        async with ready(given) as database, database.transaction() as tx:
            found = await named(tx, await group_named(tx, group), who)
            if found.forget_at is not None:
                raise Trouble("They are being forgotten already.")
            return found

    async def let_go(ident: int) -> None:
        with Postcodes() as bundle:
            desk = Desk(wording.load(), Atlas(bundle), can=CAN)
            async with ready(given) as database, database.transaction() as tx:
                community = await group_named(tx, group)
                member = await members.get(tx, ident, lock=True)
                turn = Turn(desk, tx, RealClock().now(), community, member)
                await rights.by_hand(turn)

    member = run(find())
    if not sure and not typer.confirm(
        f"Delete all that is known of {member.name or 'this person'} (#{member.id}) for good?"
    ):
        raise Trouble("Nothing was deleted.")
    run(let_go(member.id))
    say("They are told goodbye, and are gone ten minutes after, while `popround serve` runs.")
    return 0


async def named(tx: Transaction, community: Community, who: str) -> Member:
    """The one person meant by a number, a Telegram id, a member's id (`#12`) or a whole name.

    Raises:
        Trouble: if it is nobody, or several.
    """
    wanted = who.strip()
    addresses = [Address(Channel.TELEGRAM, wanted)] if wanted.isdigit() else []
    with suppress(phonenumbers.NumberParseException):
        phone = phonenumbers.parse(wanted, "GB")
        written = phonenumbers.format_number(phone, phonenumbers.PhoneNumberFormat.E164)
        addresses.append(Address(Channel.SMS, written))
    owners = await members_many.whose(tx, addresses) if addresses else {}
    everybody = [
        one
        for one in await members.of_community(tx, community.id)
        if one.standing is not Standing.FORGOTTEN
    ]
    found = [
        one
        for one in everybody
        if one.id in owners.values()
        or wanted == f"#{one.id}"
        or (one.name and one.name.casefold() == wanted.casefold())
    ]
    if not found:
        raise Trouble(f"Nobody in {community.name} is known by that.")
    if len(found) > 1:
        ids = ", ".join(f"#{one.id} ({one.area or 'no place'})" for one in found)
        raise Trouble(f"That is {amount(len(found), 'person', 'people')}: {ids}. Say which by #.")
    return found[0]
