"""Somebody with as many helpers as they like, wherever they like, looks for where an asker lives.

Everything that these helpers get is what the real code made: whom it asked, in which wave, in which
order, when, and in what words.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from handlers import neighbours, waves, wording
from handlers.rules import timing
from handlers.turn import Desk, Turn
from storage import cells, groups, members, messages, requests
from storage.database import Database, Transaction
from storage.model import Address, Channel, Member, OutboundKind, RequestStatus
from storage.places import Atlas, Postcodes
from storage.schema import outbox
from storage.vault import Seal
from tests.made import CELL, NOW, asker, group, helper, request

NEAR = cells.within(CELL, 1.0)
"""Where the attacker has a helper in each cell: all round the asker."""

Seen = tuple[tuple[str, int, str, str], ...]


async def spies(tx: Transaction, radii: Sequence[float]) -> None:
    """Helpers in every cell near, each willing to come so far; unpaid, untiring, always free."""
    for place, cell in enumerate(NEAR):
        for each, km in enumerate(radii):
            spy = helper(name="Spy", cell=cell, max_km=km, weekly_cap=9999, at_once_cap=9999)
            await members.add(tx, spy, Address(Channel.TELEGRAM, f"{place * 10 + each + 1000}"))


class UndoneError(Exception):
    """What was done is to be forgotten."""


async def watched(database: Database, person: Member) -> Seen:
    """What reaches the spies when this person asks for milk, from the first wave to the last, and
    nobody says yes. Afterwards it has not been."""
    seen: Seen = ()
    with suppress(UndoneError):
        async with database.transaction() as tx:
            community = await groups.get(tx, 1)
            assert community
            await members.save(tx, person)
            wanted = await requests.add(
                tx, request(asker_id=person.id, status=RequestStatus.DRAFT, words="milk")
            )
            wanted = await waves.open_request(Turn(desk(), tx, NOW, community), wanted)
            for wave in range(1, timing.WAVES + 1):
                later = NOW + timedelta(hours=wave)
                if wanted.status is RequestStatus.OPEN:
                    wanted = await waves.send_wave(Turn(desk(), tx, later, community), wanted)
            rows = await tx.all(sa.select(outbox).order_by(outbox.c.id))
            for row in rows:
                message = await messages.get(tx, row["id"])
                assert message
                at = str(row["created_at"] - NOW)
                seen = (*seen, (message.chat, row["priority"], message.text, at))
            raise UndoneError
    return seen


def desk() -> Desk:
    can = {Channel.TELEGRAM: frozenset(OutboundKind)}
    return Desk(wording.load(), Atlas(Postcodes()), random.Random(1), can)


async def test_from_all_that_helpers_see_an_asker_may_live_in_any_of_seven_cells(
    database: Database,
) -> None:
    """Not a guess at what an attacker would do with it: what there is to see is the same, to the
    letter and the second, wherever in the seven cells the asker lives; so nothing can be made of
    it."""
    async with database.transaction() as tx:
        await group(tx)
        people = [await members.add(tx, asker(cell=CELL)) for _ in range(100)]
        await spies(tx, (0.1, 0.3, 1.0, 3.0))

    async def looked_for_from(place: int, home: int) -> Seen:
        """Somebody who lives at home, and is looked for from that place."""
        async with database.transaction() as tx:
            there = [replace(person, cell=home) for person in people]
            await tx.load_keys(person.id for person in people)
            who = next(p for p in there if neighbours.veiled(tx, p).cell == place)
        return await watched(database, who)

    views = {await looked_for_from(CELL, home) for home in cells.within(CELL, 0.4)}
    assert len(cells.within(CELL, 0.4)) == 7
    assert len(views) == 1
    (view,) = views
    assert len(view) > 10
    # It is a view of somewhere: from next door it is another, or this test would see nothing.
    beside = cells.ring(CELL, 1)[0]
    assert await looked_for_from(beside, CELL) != view


async def test_the_best_guess_at_an_askers_cell_is_right_one_time_in_seven(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        await group(tx)
        hits, off = 0, Counter[int]()
        for ident in range(1, 1401):
            # Not a random key, as people's are, so that this is the same each time.
            tx.keys[ident] = Seal(ident.to_bytes(32, "big"))
            seen = neighbours.veiled(tx, asker(id=ident, cell=CELL)).cell
            assert seen is not None
            hits += seen == CELL
            off[seen] += 1
        # 200 are to be expected; one time in ten thousand it is fewer than 151 or more than 251.
        assert 150 < hits < 252
        assert len(off) == 7
        assert max(off.values()) < 252
        assert all(cells.km_between(CELL, place) < cells.VEIL_KM for place in off)
        # Asked a hundred times, it is the same each time: the middle of many says no more.
        again = {neighbours.veiled(tx, asker(id=7, cell=CELL)).cell for _ in range(100)}
        assert len(again) == 1
