"""Finds who to ask: exactly whom the rules would pick from everybody, without reading everybody.

Cells are looked through from the asker's outwards. Within one cell everybody is equally far, so
its helpers are wanted in order of how rested they are, which is how the index keeps them. Once the
last one picked stands before anything a cell further out could hold, the rest need not be read
(Fagin's threshold algorithm). `tests/handlers/test_neighbours.py` holds it to brute force.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, partial

from handlers.rules import hours, matching, timing, vetting
from handlers.rules.matching import Candidate, Wanted, WhyNot
from storage import cells, members, recurring, requests
from storage import hours as kept_hours
from storage.database import Transaction
from storage.model import Community, HelpRequest, Member, OfferStatus

FINE_RINGS = 5
"""Rings of cells read one by one (about 1.4 km); further out whole coarse cells are read."""

BANDS = ((0, 0), (1, 1), (2, 2), (3, 4), (5, 8), (9, 16), (17, 33))
"""Coarse rings read together, to beyond `MOST_KM`: the further, the more at a time, since nobody is
there or the search would have ended."""

WEEK = timedelta(days=7)

MOST_KM = 50.0
"""Nobody is asked from further away than this, whatever they chose."""

Fetch = Callable[[], Awaitable[list[Candidate]]]


@dataclass
class Search:
    """A look round for one request."""

    tx: Transaction
    request: HelpRequest
    wanted: Wanted
    now: datetime
    bonds: dict[int, set[str]]
    asked: frozenset[int]

    @cached_property
    def when(self) -> int:
        """The stretches of the week in which somebody must be there: roughly, for the database."""
        quarters = self.wanted.quarters
        return kept_hours.stretches(hours.spans(quarters)) if quarters else kept_hours.ANY_STRETCH

    async def pick(self, size: int) -> list[Candidate]:
        """Those to ask next, in order; fewer than `size` if there are no more. Nobody else decides
        about them until this commits."""
        best = matching.pick(await self._tied(), self.wanted, self.now, size)
        if self.wanted.asker.cell is not None:
            for bound, fetch in self._outwards(self.wanted.asker.cell, size):
                if len(best) == size and self._before(best[-1], bound):
                    break
                known = {candidate.member.id for candidate in best}
                fresh = [c for c in await fetch() if c.member.id not in known]
                best = matching.pick([*best, *fresh], self.wanted, self.now, size)
        return await self._firmly(best)

    def _before(self, candidate: Candidate, bound: float) -> bool:
        """Whether somebody stands before everybody who lives at least so many km away."""
        if matching.is_tied(candidate):
            return True  # everybody else with a tie has been looked at already
        return matching.nearness(candidate, self.now) < bound

    async def _firmly(self, picked: list[Candidate]) -> list[Candidate]:
        """The same people, whole, as they are once nobody else can change them: whoever can't be
        asked any more in the meantime is left out."""
        idents = [candidate.member.id for candidate in picked]
        if not idents:
            return []
        await members.lock(self.tx, idents)
        whole = {member.id: member for member in await members.several(self.tx, idents)}
        sure = [replace(each, member=whole[each.member.id]) for each in picked]
        return [each for each in sure if matching.why_not(each, self.wanted) is None]

    async def around(self, km: float) -> list[tuple[Candidate, WhyNot | None]]:
        """Every helper within so many km who does this need and is not off duty or away, with why
        they can't be asked: for telling an organiser, so nearest first. Their names and addresses
        are not read."""
        cell = self.wanted.asker.cell
        if cell is None:
            return []
        found: dict[int, Candidate] = {}
        for _, fetch in self._further(cell, km, kept_hours.ANY_STRETCH):
            for candidate in await fetch():
                if candidate.km is not None and candidate.km <= km:
                    found[candidate.member.id] = candidate
        ranked = sorted(found.values(), key=lambda c: matching.order(c, self.now))
        return [(candidate, matching.why_not(candidate, self.wanted)) for candidate in ranked]

    def _outwards(self, home: int, size: int) -> Iterator[tuple[float, Fetch]]:
        """Everywhere within reach, from the inside out: how far it is at least, and how to read
        it."""
        reach = self.wanted.reach_km
        for steps in range(FINE_RINGS + 1):
            if steps * cells.RING_KM <= reach:
                yield steps * cells.RING_KM, partial(self._fine, home, steps, size)
        fine = (FINE_RINGS + 1) * cells.RING_KM
        if fine <= reach:
            for bound, fetch in self._further(home, reach, self.when):
                yield max(fine, bound), fetch

    def _further(self, home: int, km: float, when: int) -> Iterator[tuple[float, Fetch]]:
        """The same by coarse cells, to so many km at least, of who is there in those stretches."""
        for first, furthest in BANDS:
            last = furthest
            while last > first and cells.coarse_bound_km(last) > km:
                last -= 1
            if (bound := cells.coarse_bound_km(first)) <= km:
                yield bound, partial(self._coarse, home, first, last, when)

    async def _fine(self, home: int, steps: int, size: int) -> list[Candidate]:
        # A cell gives up its most rested `size`; where some of those may not be asked, its next,
        # and more at a time, since there may be thousands who may not.
        left, skip, each, found = cells.ring(home, steps), 0, size, list[Candidate]()
        fit: Counter[int | None] = Counter()
        while left:
            batch = await self._candidates(
                await members.helpers_in_cells(
                    self.tx,
                    self.request.community_id,
                    left,
                    self.wanted.need,
                    self.when,
                    each,
                    skip,
                )
            )
            found += batch
            fit.update(
                candidate.member.cell
                for candidate in batch
                if matching.why_not(candidate, self.wanted) is None
            )
            came = Counter(candidate.member.cell for candidate in batch)
            left = [cell for cell in left if came[cell] == each and fit[cell] < size]
            skip, each = skip + each, each * 4
        return found

    async def _coarse(self, home: int, first: int, last: int, when: int) -> list[Candidate]:
        single = first == last
        ranges = cells.coarse_ring(home, first) if single else cells.wide_rings(home, first, last)
        return await self._candidates(
            await members.helpers_in_ranges(
                self.tx, self.request.community_id, ranges, self.wanted.need, when
            )
        )

    async def _tied(self) -> list[Candidate]:
        """Those whom the asker has a tie with: looked at first, wherever they live."""
        idents = [other for other, kinds in self.bonds.items() if matching.ties(kinds)]
        tied = await members.several(self.tx, idents)
        ours = [each for each in tied if each.community_id == self.request.community_id]
        return await self._candidates(ours)

    async def _candidates(self, found: Iterable[Member]) -> list[Candidate]:
        people = list(found)
        if not people:
            return []
        loads = await members.loads(self.tx, [m.id for m in people], self.now - WEEK)
        home = self.wanted.asker.cell
        distance: dict[int, float] = {}
        made = []
        for member in people:
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


def veiled(tx: Transaction, asker: Member) -> Member:
    """An asker as the search sees them: at home somewhere near their own cell.

    Who is asked, and before whom, shows from where we look; with a helper of one's own in each cell
    that place can be read off. So it is one of seven cells, always the same for the same person at
    the same place: drawn anew each time, the middle of many would be the place itself. Not the same
    for all in a cell: whoever asks from every cell could draw up the list (docs/decisions/0019)."""
    if asker.cell is None:
        return asker
    # By a key of their own, which stays when the secret key is changed.
    chance = tx.keys[asker.id].chance("veil", str(asker.cell))
    return replace(asker, cell=cells.veiled(asker.cell, chance))


async def search(
    tx: Transaction,
    community: Community,
    request: HelpRequest,
    asker: Member,
    now: datetime,
    reach_km: float,
) -> Search:
    """A look round for a request that says what it needs, in its group."""
    assert request.need is not None
    asker = veiled(tx, asker)
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
            vetting=vetting.needed(community, request),
            day=max(filter(None, (timing.local(now, community).date(), request.day))),
            reach_km=min(reach_km, MOST_KM),
            quarters=hours.quarters(
                *hours.window(request.day, request.part, now, community), community
            ),
        ),
        now,
        await members.bonds_of(tx, asker.id),
        frozenset(offer.member_id for offer in offers),
    )


async def against(
    tx: Transaction,
    community: Community,
    request: HelpRequest,
    asker: Member,
    helper: Member,
    now: datetime,
) -> set[WhyNot]:
    """Everything that speaks against this one helper doing this request."""
    found = await search(tx, community, request, asker, now, float("inf"))
    (candidate,) = await found._candidates([helper])
    return set(matching.why_nots(candidate, found.wanted))


async def circle(
    tx: Transaction, community: Community, request: HelpRequest, asker: Member, now: datetime
) -> list[Member]:
    """Those whom the asker wants to be asked before anyone else, in that order: who may be asked
    now, and has not been. However far it is: they were named."""
    found = []
    for ident in await members.circle_of(tx, asker.id):
        await members.lock(tx, [ident])
        helper = await members.get(tx, ident)
        speaks_against = await against(tx, community, request, asker, helper, now)
        if not speaks_against - {WhyNot.TOO_FAR, WhyNot.NO_PLACE}:
            found.append(helper)
    return found


async def familiar(
    tx: Transaction, community: Community, request: HelpRequest, asker: Member, now: datetime
) -> Member | None:
    """Who came the last time that this regular help did, was glad to, and may be asked again."""
    ident = await recurring.last_helper(tx, request.schedule_id) if request.schedule_id else None
    if ident is None or "glad_of_them" not in (await members.bonds_of(tx, asker.id)).get(ident, ()):
        return None
    await members.lock(tx, [ident])
    helper = await members.get(tx, ident)
    # They have found the way before, however far it is.
    speaks_against = await against(tx, community, request, asker, helper, now)
    return None if speaks_against - {WhyNot.TOO_FAR} else helper
