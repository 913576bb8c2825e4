"""One person: found by what is known of them, and all that is held of them written down."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import phonenumbers

from bot.clock import RealClock
from bot.commands.database import group_named, ready
from bot.commands.terminal import Trouble, amount, run, say, settings, write, write_private
from storage import audit, dossier, members, members_many
from storage.database import Transaction
from storage.model import Address, Channel, Community, Member, Standing


def export(who: str, group: str, output: Path | None) -> int:
    """`popround members export WHO`."""
    given = settings()

    async def work() -> tuple[Member, dict[str, Any]]:
        async with ready(given) as database, database.transaction() as tx:
            community = await group_named(tx, group)
            member = await found(tx, community, who)
            now = RealClock().now()
            held = await dossier.dossier(tx, member, now)
            await audit.note(
                tx,
                now,
                "member.export",
                "member",
                member.id,
                community_id=community.id,
                by="command",
            )
            return member, held

    member, held = run(work())
    if output is None or output.suffix.lower() != ".json":
        text = dossier.in_words(held)
    else:
        text = json.dumps(held, ensure_ascii=False, indent=2) + "\n"
    data = text.encode("utf-8", "replace")
    if output is None:
        write(data)
        return 0
    write_private(output, data)
    say(f"All that is held of {member.name or 'this person'} (#{member.id}) is in {output}.")
    say("Only you can read that file. Delete it once they have it.")
    return 0


async def found(tx: Transaction, community: Community, who: str) -> Member:
    """The one person meant by a number, a Telegram id, a member's id (`#12`) or a whole name.

    Raises:
        Trouble: if it is nobody, or more than one.
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
    those = [
        one
        for one in everybody
        if one.id in owners.values()
        or wanted == f"#{one.id}"
        or (one.name and one.name.casefold() == wanted.casefold())
    ]
    if not those:
        raise Trouble(f"Nobody in {community.name} is known by that.")
    if len(those) > 1:
        ids = ", ".join(f"#{one.id} ({one.area or 'no place'})" for one in those)
        raise Trouble(f"That is {amount(len(those), 'person', 'people')}: {ids}. Say which by #.")
    return those[0]
