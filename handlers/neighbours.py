"""Finds who to ask: exactly whom the rules would pick from everybody, without reading everybody.

Cells are looked through from the asker's outwards. Within one cell everybody is equally far, so
its helpers are wanted in order of how rested they are, which is how the index keeps them. Once the
last one picked stands before anything a cell further out could hold, the rest need not be read
(Fagin's threshold algorithm). `tests/handlers/test_neighbours.py` holds it to brute force.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from handlers.rules import matching
from handlers.rules.matching import Candidate, Wanted, WhyNot
from storage import cells, members, requests
from storage.database import Transaction
from storage.model import HelpRequest, Member, OfferStatus

FINE_RINGS = 5
"""Rings of cells read one by one (about 1.4 km); further out whole coarse cells are read."""

WEEK = timedelta(days=7)

MOST_KM = 50.0
"""Nobody may choose to be asked from further away than this."""


@dataclass
class Search:
    """A look round for one request. `seen` keeps everybody looked at, for the reasons."""

    tx: Transaction
    request: HelpRequest
    wanted: Wanted
    now: datetime
    bonds: dict[int, set[str]]
    asked: frozenset[int]

    async def pick(self, size: int) -> list[Candidate]:
        """Those to ask next, in order; fewer than `size` if there are no more."""
        best = matching.pick(await self._tied(), self.wanted, self.now, size)
        if self.wanted.asker.cell is None:
            return best
        for bound, fetch in self._outwards(self.wanted.asker.cell, size):
            if bound > min(self.wanted.reach_km, MOST_KM):
                break
            if len(best) == size and _nearness(best[-1], self.now) < bound:
                break
            found = await fetch()
            known = {candidate.member.id for candidate in best}
            fresh = [c for c in found if c.member.id not in known]
            best = matching.pick([*best, *fresh], self.wanted, self.now, size)
        return best

    async def around(self, km: float) -> list[tuple[Candidate, WhyNot | None]]:
        """Every helper within so many km who does this need and is not off duty or away, with why
        they can't be asked: for telling an organiser, so nearest first."""
        cell = self.wanted.asker.cell
        if cell is None:
            return []
        found: dict[int, Candidate] = {}
        for steps in range(64):
            if cells.coarse_bound_km(steps) > km:
                break
            rows = await members.helpers_in_ranges(
                self.tx, self.request.community_id, cells.coarse_ring(cell, steps), self.wanted.need
            )
            for candidate in await self._candidates(rows):
                if candidate.km is not None and candidate.km <= km:
                    found[candidate.member.id] = candidate
        ranked = sorted(found.values(), key=lambda c: matching.order(c, self.now))
        return [(candidate, matching.why_not(candidate, self.wanted)) for candidate in ranked]

    def _outwards(
        self, home: int, size: int
    ) -> Iterable[tuple[float, Callable[[], Awaitable[list[Candidate]]]]]:
        for steps in range(FINE_RINGS + 1):
            yield steps * cells.RING_KM, partial(self._fine, home, steps, size)
        fine = (FINE_RINGS + 1) * cells.RING_KM
        for steps in range(64):
            yield (
                max(fine, cells.coarse_bound_km(steps)),
                partial(self._coarse, home, steps),
            )

    async def _fine(self, home: int, steps: int, size: int) -> list[Candidate]:
        # A cell gives up its most rested `size`; where some of those may not be asked, its next.
        left, skip, found = cells.ring(home, steps), 0, []
        while left:
            rows = await members.helpers_in_cells(
                self.tx, self.request.community_id, left, self.wanted.need, size, skip
            )
            batch = await self._candidates(rows)
            found += batch
            fit: dict[int | None, int] = {}
            for candidate in found:
                if matching.why_not(candidate, self.wanted) is None:
                    fit[candidate.member.cell] = fit.get(candidate.member.cell, 0) + 1
            full: dict[int | None, int] = {}
            for candidate in batch:
                full[candidate.member.cell] = full.get(candidate.member.cell, 0) + 1
            left = [c for c in left if full.get(c, 0) == size and fit.get(c, 0) < size]
            skip += size
        return found

    async def _coarse(self, home: int, steps: int) -> list[Candidate]:
        ranges = cells.coarse_ring(home, steps)
        rows = await members.helpers_in_ranges(
            self.tx, self.request.community_id, ranges, self.wanted.need
        )
        return await self._candidates(rows)

    async def _tied(self) -> list[Candidate]:
        """Those whom the asker has a tie with: looked at first, wherever they live."""
        tied = [
            other
            for other, kinds in self.bonds.items()
            if "first" in kinds or {"glad", "glad_of_them"} <= kinds
        ]
        return await self._candidates([await members.get(self.tx, other) for other in tied])

    async def _candidates(self, found: list[Member]) -> list[Candidate]:
        if not found:
            return []
        loads = await members.loads(self.tx, [m.id for m in found], self.now - WEEK)
        home = self.wanted.asker.cell
        distance: dict[int, float] = {}
        made = []
        for member in found:
            km = None
            if home is not None and member.cell is not None:
                if member.cell not in distance:
                    distance[member.cell] = cells.km_between(home, member.cell)
                km = distance[member.cell]
            under_way, week = loads.get(member.id, (0, 0))
            made.append(
                Candidate(
                    member,
                    km,
                    under_way,
                    week,
                    frozenset(self.bonds.get(member.id, ())),
                    member.id in self.asked,
                )
            )
        return made


def _nearness(candidate: Candidate, now: datetime) -> float:
    return (candidate.km or 0.0) + matching.tired_km(candidate.member.rested_at, now)


async def search(
    tx: Transaction, request: HelpRequest, asker: Member, now: datetime, reach_km: float
) -> Search:
    """A look round for a request that says what it needs."""
    assert request.need is not None
    # Who was too late may be asked anew once it has come free; a no, or no answer yet, stands.
    offers = [
        offer
        for offer in await requests.offers_of(tx, request.id)
        if offer.status is not OfferStatus.TAKEN
    ]
    return Search(
        tx,
        request,
        Wanted(
            asker=asker,
            need=request.need,
            vetting=matching.needs_vetting(request),
            today=now.date(),
            reach_km=reach_km,
        ),
        now,
        await members.bonds_of(tx, asker.id),
        frozenset(offer.member_id for offer in offers),
    )


async def against(
    tx: Transaction, request: HelpRequest, asker: Member, helper: Member, now: datetime
) -> set[WhyNot]:
    """Everything that speaks against this one helper doing this request."""
    found = await search(tx, request, asker, now, float("inf"))
    (candidate,) = await found._candidates([helper])
    return set(matching.why_nots(candidate, found.wanted))
