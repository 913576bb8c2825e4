"""What a life came to, in figures that organisers ask for. Counted from what is kept at its end."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

import sqlalchemy as sa

from bot.simulation.ledger import Ledger
from bot.simulation.parish import Parish
from bot.simulation.town import Town
from handlers.rules import timing
from storage import groups
from storage.model import Channel, Community
from storage.schema import offers, requests

HOUR = 60.0
"""Minutes."""

WHY_NOT = re.compile(r"(\d+) ([a-z][a-z' ]+?)(?=,|\.|$)")
"""One of the reasons that organisers are told why others were not asked."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one life."""

    requests: int
    """Those that had their hour: what was asked for in the last hour is not counted."""
    minutes: tuple[float, ...]
    """From when neighbours could be asked to the first yes, of each that had one."""
    filled: int
    asks: int
    """Neighbours asked, in all."""
    times_asked: tuple[int, ...]
    """Of each helper, the most often asked first."""
    times_gone: tuple[int, ...]
    """What each helper said yes to, the most often first."""
    unfilled: dict[str, int]
    """Those without a yes, by what became of them."""
    why_not: dict[str, int]
    """Why others near were not asked, as organisers were told: times a helper."""
    texts: int
    parts: int

    @property
    def within_the_hour(self) -> int:
        return sum(each <= HOUR for each in self.minutes)

    @property
    def never_asked(self) -> int:
        return self.times_asked.count(0)

    @property
    def median_minutes(self) -> float | None:
        return median(self.minutes) if self.minutes else None


async def figures(town: Town, ledger: Ledger, parish: Parish) -> Figures:
    """Of the life that a town has had."""
    async with town.bot.database.transaction() as tx:
        asked = await tx.all(sa.select(requests).where(requests.c.status != "draft"))
        made = await tx.all(sa.select(offers).order_by(offers.c.id))
        community = await groups.get(tx, 1)
    assert community
    by_text = town.network.lines[Channel.SMS]
    last = town.clock.now() - timedelta(hours=1)
    counted = {row["id"]: row for row in asked if row["created_at"] <= last}
    yes: dict[int, datetime] = {}
    for row in made:
        if row["answered_at"] and row["status"] == "accepted" and row["request_id"] in counted:
            at = row["answered_at"]
            yes[row["request_id"]] = min(at, yes.get(row["request_id"], at))
    tries = Counter(row["request_id"] for row in made)
    unfilled = Counter(
        _what_became(row["status"], tries[ident])
        for ident, row in counted.items()
        if ident not in yes
    )
    each = Counter(row["member_id"] for row in made)
    gone = Counter(row["member_id"] for row in made if row["status"] == "accepted")
    return Figures(
        requests=len(counted),
        minutes=tuple(
            sorted(
                _waking(counted[ident]["created_at"], at, community) for ident, at in yes.items()
            )
        ),
        filled=len(yes),
        asks=sum(tries[ident] for ident in counted),
        times_asked=_of_each(each, parish),
        times_gone=_of_each(gone, parish),
        unfilled=dict(unfilled.most_common()),
        why_not=dict(_why_not(ledger).most_common()),
        texts=len(by_text.taken),
        parts=by_text.parts,
    )


def _of_each(times: Counter[int], parish: Parish) -> tuple[int, ...]:
    return tuple(sorted((times[one.member_id] for one in parish.helpers), reverse=True))


def _what_became(status: str, tries: int) -> str:
    if status in ("cancelled", "closed") and not tries:
        return "settled before anybody was asked"
    if status == "cancelled":
        return "not needed any more"
    if not tries:
        return "nobody could be asked"
    if status == "open":
        return "still being asked about at the end"
    return "everybody asked said no or nothing"


def _waking(asked: datetime, yes: datetime, community: Community) -> float:
    """Minutes from one to the other; a night in which nobody may be asked does not count."""
    spent = timedelta(0)
    moment = timing.not_quiet(asked, community)
    while moment.date() < yes.date() and not timing.is_quiet(moment, community):
        evening = timing.at_local(
            timing.local(moment, community).date(), community.quiet_from, community
        )
        if evening >= yes:
            break
        spent += evening - moment
        moment = timing.not_quiet(evening, community)
    return max(0.0, (spent + (yes - moment)).total_seconds() / 60)


def _why_not(ledger: Ledger) -> Counter[str]:
    reasons: Counter[str] = Counter()
    for one in ledger.by_entry["handed"]:
        said = one.read.fields.get("tried", "").partition("Not asked:")[2]
        for number, why in WHY_NOT.findall(said):
            reasons[why] += int(number)
    return reasons
