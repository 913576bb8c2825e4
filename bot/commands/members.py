"""`popround members`: people from and to a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from bot.clock import RealClock
from bot.commands.database import group_named, ready
from bot.commands.terminal import (
    Trouble,
    amount,
    note,
    progress,
    run,
    say,
    settings,
    write,
    write_private,
)
from handlers.rules import vetting
from storage import audit, due, members, members_many, worries
from storage.database import Transaction
from storage.members_csv import (
    BadCell,
    MemberRow,
    NotMembersError,
    Sheet,
    read_members,
    row_of,
    write_members,
)
from storage.model import (
    KEEPERS,
    Address,
    Community,
    DueKind,
    Member,
    Place,
    Role,
    Standing,
)
from storage.places import Atlas, Postcodes, find_imported

SHOWN = 20
"""Bad cells that are told; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A row that can be taken in, and what was found out about it."""

    row: MemberRow
    place: tuple[str, Place] | None
    existing: Member | None
    owned: frozenset[Address]
    """Those of its addresses that are this member's already."""


def bring_in(file: Path, group: str, *, skip_bad: bool) -> int:
    """`popround members import`."""
    given = settings()
    today = RealClock().now().date()
    try:
        with progress(f"Reading {file.name}"):
            sheet = read_members(file.read_bytes(), today, given.countries)
    except NotMembersError as error:
        raise Trouble(f"{file} {error}.") from None
    if sheet.others:
        note(f"Left aside are columns that Popround does not know: {', '.join(sheet.others)}.")
    if not sheet.rows and not sheet.bad:
        raise Trouble(f"There is nobody in {file}.")

    async def work(step: Callable[[float], None]) -> tuple[Community, list[Arrival], list[BadCell]]:
        async with ready(given) as database, database.transaction() as tx:
            community = await group_named(tx, group)
            arrivals, bad = await _looked_at(tx, community, sheet, step)
            if arrivals and (skip_bad or not bad):
                await _keep(tx, community, sheet, arrivals, step)
            return community, arrivals, bad

    with progress("Importing", total=2 * len(sheet.rows)) as step:
        community, arrivals, bad = run(work(step))
    for each in sorted(bad, key=lambda each: each.line)[:SHOWN]:
        note(f"{file.name}, {each}")
    if len(bad) > SHOWN:
        note(f"... and {amount(len(bad) - SHOWN, 'thing')} more.")
    lines = len({each.line for each in bad})
    if bad and not skip_bad:
        raise Trouble(
            f"Nobody was imported, because of {amount(lines, 'bad row')}; mend them, or leave them "
            "out with --skip-bad."
        )
    if not arrivals:
        raise Trouble("Nobody was imported, because no row is good.")
    _report(community, arrivals, lines)
    return 0


def _report(community: Community, arrivals: list[Arrival], left_out: int) -> None:
    new = sum(arrival.existing is None for arrival in arrivals)
    people = amount(len(arrivals), "person", "people")
    say(f"{people} imported into {community.name}: {new:,} new, {len(arrivals) - new:,} updated.")
    if left_out:
        say(f"{amount(left_out, 'bad row')} left out.")
    unasked = sum(
        Role.HELPER in row.roles and (not row.can_do or not (place or (old and old.cell)))
        for row, place, old in ((each.row, each.place, each.existing) for each in arrivals)
    )
    if unasked:
        helpers = "1 helper has" if unasked == 1 else f"{unasked:,} helpers have"
        note(f"{helpers} no postcode or nothing in can_do, and won't be asked until then.")


async def _looked_at(
    tx: Transaction, community: Community, sheet: Sheet, step: Callable[[float], None]
) -> tuple[list[Arrival], list[BadCell]]:
    """Each row with its place and the person it is about, if they are here already; and every bad
    cell, those of the reading among them."""
    wanted = [address for row in sheet.rows for address in row.addresses]
    owners = await members_many.whose(tx, wanted)
    existing = await members_many.several(tx, sorted(set(owners.values())))
    arrivals: list[Arrival] = []
    bad = list(sheet.bad)
    seen: dict[Address | int, int] = {}
    with Postcodes() as bundle:
        atlas = Atlas(bundle)
        for number, row in enumerate(sheet.rows, 1):
            place = await _place(tx, atlas, row.postcode)
            wrong = []
            if row.postcode and place is None:
                wrong.append(("postcode", f'"{row.postcode[:40]}" is no postcode that we know'))
            ids = {owners[each] for each in row.addresses if each in owners}
            owned = frozenset(each for each in row.addresses if each in owners)
            wrong += _clashes(row, [existing[ident] for ident in sorted(ids)], community)
            # The same number twice, or a number and a Telegram id of one person on two lines.
            keys: list[Address | int] = [*row.addresses, *ids]
            for key in keys:
                if seen.setdefault(key, row.line) != row.line:
                    what = f"is the same person as in line {seen[key]}"
                    wrong.append(("phone" if row.phone else "telegram_id", what))
                    break
            bad += [BadCell(row.line, column, reason) for column, reason in wrong]
            if not wrong:
                member = existing[ids.pop()] if ids else None
                arrivals.append(Arrival(row, place, member, owned))
            step(number)
    return arrivals, bad


def _clashes(
    row: MemberRow, owners: list[Member], community: Community
) -> Iterable[tuple[str, str]]:
    """Why the people who have these addresses already can't be who this row is about."""
    column = "phone" if row.phone else "telegram_id"
    if len(owners) > 1:
        return [("telegram_id", "belongs to somebody else than the phone number does")]
    if any(owner.community_id != community.id for owner in owners):
        return [(column, "belongs to somebody in another group")]
    if any(owner.standing is Standing.LEFT for owner in owners):
        return [(column, "belongs to somebody who left, and who can come back by writing")]
    return []


async def _place(tx: Transaction, atlas: Atlas, text: str) -> tuple[str, Place] | None:
    if not text:
        return None
    if found := await atlas.find(tx, text):
        return found
    imported = await find_imported(tx.connection, text)
    return (text.upper(), imported) if imported else None


async def _keep(
    tx: Transaction,
    community: Community,
    sheet: Sheet,
    arrivals: list[Arrival],
    step: Callable[[float], None],
) -> None:
    done = len(sheet.rows)
    new = [arrival for arrival in arrivals if arrival.existing is None]
    for at in range(0, len(new), 500):
        chunk = new[at : at + 500]
        people = [(_member(each, community, sheet), each.row.addresses) for each in chunk]
        idents = await members_many.add(tx, people)
        for ident, (member, _) in zip(idents, people, strict=True):
            if member.vetting_at is not None:
                await due.at(tx, DueKind.VETTING, ident, member.vetting_at)
        step(done := done + len(chunk))
    for arrival in arrivals:
        if arrival.existing is not None:
            await _update(tx, arrival.existing, _member(arrival, community, sheet))
            for address in arrival.row.addresses:
                if address not in arrival.owned:
                    await members_many.replace_address(tx, arrival.existing.id, address)
            step(done := done + 1)
    now = RealClock().now()
    await audit.note(
        tx,
        now,
        "members.import",
        "community",
        community.id,
        community_id=community.id,
        new=len(new),
        updated=len(arrivals) - len(new),
    )


def _member(arrival: Arrival, community: Community, sheet: Sheet) -> Member:
    """The member that a row makes. Of somebody who is here, only what the file speaks of changes:
    a column that is not there leaves things be, an empty cell empties them."""
    row, old = arrival.row, arrival.existing
    start = old or Member(
        id=0,
        community_id=community.id,
        standing=Standing.ACTIVE,
        language=community.languages[0],
        languages=community.languages[:1],
        used_at=RealClock().now(),
    )
    changes: dict[str, object] = {
        "standing": Standing.ACTIVE,
        "roles": row.roles,
        "consent": row.consent,
    }
    if row.name:
        changes["name"] = row.name
    # An empty postcode empties nothing: they may have shared their place on a map instead.
    if arrival.place and (arrival.place[0] != start.postcode or start.cell is None):
        code, place = arrival.place
        changes |= {"postcode": code, "cell": place.cell, "area": place.area}
    if row.languages:
        same = set(row.languages) == set(start.languages)
        changes["languages"] = start.languages if same else row.languages
        changes["language"] = row.languages[0]
    if row.max_km is not None:
        changes["max_km"] = row.max_km
    for column in ("can_do", "vetted_until", "vetting", "appeals", "hours"):
        if column in sheet.columns:
            changes[column] = getattr(row, column)
    if not arrival.owned.issuperset(row.addresses):
        changes |= {"unreachable": "", "retry_at": None, "retried_at": None}
    made: Member = replace(start, **changes)  # type: ignore[arg-type]
    at = vetting.next_look(made.vetted_until, RealClock().now(), community)
    return replace(made, vetting_at=at)


async def _update(tx: Transaction, old: Member, new: Member) -> None:
    """Somebody as the file has them now. What they may do no more is seen to as soon as the bot
    runs: a visit may be theirs at this moment, or a worry."""
    now = RealClock().now()
    less = Role.HELPER in old.roles - new.roles
    if less or (old.vetting, old.vetted_until) != (new.vetting, new.vetted_until):
        new = replace(new, vetting_at=now)
    if new.vetting_at is not None:
        await due.at(tx, DueKind.VETTING, new.id, new.vetting_at)
    else:
        await due.never_mind(tx, new.id, DueKind.VETTING)
    if old.roles & KEEPERS and not new.roles & KEEPERS:
        for worry in await worries.taken_by(tx, new.id):
            await worries.save(tx, replace(worry, next_at=now))
            await due.at(tx, DueKind.WORRY, worry.id, now)
    await members.save(tx, new)


# To a spreadsheet


def take_out(group: str, output: Path | None) -> int:
    """`popround members export`."""
    given = settings()

    async def work() -> tuple[str, list[MemberRow], int]:
        async with ready(given) as database, database.transaction() as tx:
            community = await group_named(tx, group)
            everybody = await members.of_community(tx, community.id)
            at = await members_many.addresses_of(tx, community.id)
            rows = [row_of(each, at.get(each.id, ())) for each in everybody if _goes_out(each, at)]
            await audit.note(
                tx,
                RealClock().now(),
                "members.export",
                "community",
                community.id,
                community_id=community.id,
                count=len(rows),
                by="command",
            )
            return community.name, rows, len(everybody) - len(rows)

    with progress("Exporting"):
        name, rows, left_out = run(work())
        text = write_members(rows)
    if output is None:
        write(text.encode("utf-8", "replace"))
    else:
        # With a mark, without which Excel takes a Siân for a SiÃ¢n.
        write_private(output, text.encode("utf-8-sig", "replace"))
        people = amount(len(rows), "person", "people")
        say(f"{people} of {name} written to {output}.")
    if left_out:
        people = amount(left_out, "person", "people")
        note(f"{people} left out, who are still joining, have left or have sent STOP.")
    return 0


def _goes_out(member: Member, at: dict[int, list[Address]]) -> bool:
    """Whether a row would bring the same person back: who stopped or has yet to be approved would
    come back as somebody who may be written to and may help."""
    return (
        member.standing is Standing.ACTIVE
        and member.stopped_at is None
        and bool(member.roles and member.consent)
        and bool(at.get(member.id))
    )
