"""What must hold at every moment, looked at whenever the bot has come to rest.

Most of it is judged by what people saw and did. The database is asked only for what nobody sees: is
there anything open without a next step, was everything taken that was acknowledged, is somebody
asked who has enough to do? Those statements are written out here, and share nothing with the
handlers but the table of next steps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from itertools import chain
from typing import Any

import sqlalchemy as sa

from bot.simulation.ledger import HOMES, OF_EACH, PROMPT, Ledger, hour_said
from bot.simulation.people import LONDON, Deed, Person
from bot.simulation.reading import Read
from handlers.rules.next_steps import NEXT_STEPS, Owed
from handlers.rules.segments import segments
from storage.database import Transaction
from storage.model import Channel, OutboundKind, Priority, Role
from storage.schema import LIVE_VISIT, due, metadata

OFFERS = frozenset({"offer", "offer.urgent", "offer.again"})
GREETINGS = ("check_in.morning", "check_in.afternoon", "check_in.evening")
ADDRESS = frozenset({"details", "details.bare", "details.by_hand", "details.by_hand.bare"})
PROMISES = ("asking", "looking_again")
NEWS = (
    *("found", "nobody_yet", "looking_again", "seen_to", "closed_for_you", "gave_up.asker"),
    *("still_needed", "called_off", "cancelled", "sorry"),
    # News that was overtaken on its way is not told any more, and this is.
    *("status.", "on_the_way", "did_they_come"),
)
"""What counts as having heard."""

ANSWERED = frozenset({"well", "accept", "decline", "going", "done", "on_it", "all_well"})
"""Answers by text to which something is said."""

AT_ONCE = timedelta(seconds=10)
"""What somebody writes twice within this is one thing."""

AGAIN = timedelta(minutes=10)
"""The same words to the same person within this, unasked, are said twice."""

ROUND = timedelta(hours=1)
"""An alarm that nobody takes goes on to the next after so long at most."""

REST = timedelta(days=7)

IN_FLIGHT = 6
"""Parts of texts by which a day's cap may be passed: what was on its way as it was reached."""

IN_THE_BOOKS = (
    "what was acknowledged is kept",
    "what comes again is taken once",
    "what came is handled",
    "what is open has its next step",
    "a request has one visit at most",
    "who was promised somebody has somebody",
)
"""Promises that the database is asked about whenever the bot has come to rest."""

HELD = (
    *IN_THE_BOOKS,
    *OF_EACH,
    HOMES,
    "a message comes once",
    "the same is not said twice",
    "only who agreed is written to",
    "only helpers are asked, and not in their rest",
    "nobody is asked who has enough to do",
    "no more texts than the day's cap",
    "a check-in comes at its hour",
    "an address goes to who has the visit",
    "who was told by when has heard by then",
    "who writes hears",
    "an alarm goes on until somebody has it",
)
"""Every promise, by the name under which it is counted. One that was never looked at was not kept
either: a test sees to it that each is."""


class Promises:
    """Watches a town. What was not kept goes to the ledger's `wrong`, a sentence each."""

    def __init__(self, ledger: Ledger, cap: int = 0) -> None:
        """`cap`: parts of texts that the group may send in a day; 0: any."""
        self._ledger = ledger
        self._town = ledger.town
        self._cap = cap
        self._had: set[int] = set()
        self._said: dict[tuple[object, ...], datetime] = {}
        self._let_down = 0
        """How often somebody could not come, or did not."""
        self._wrote: dict[str, datetime] = {}
        self._repeated: defaultdict[str, datetime] = defaultdict(lambda: self._town.clock.start)
        """Until when somebody may get an answer to each of two that they wrote at once, or while
        they heard nothing."""
        self._heard: dict[str, datetime] = {}
        self._owed: dict[str, datetime] = {}
        """Who was told by when they hear."""
        self._news: dict[str, int] = {}
        """Our own id of the last news that somebody had."""
        self._latest: defaultdict[str, int] = defaultdict(int)
        """The same of anything."""
        self._alarms: dict[str, datetime] = {}
        """About whom there is an alarm that nobody has taken, and when somebody last heard."""
        self._told_of: defaultdict[str, set[str]] = defaultdict(set)
        self._resting: dict[str, datetime] = {}
        self._parts: defaultdict[object, int] = defaultdict(int)
        self._awaits: dict[str, datetime] = {}
        """Who wrote something by text that is always answered, and when."""
        self._means: defaultdict[str, dict[str, str]] = defaultdict(dict)
        """By whom, and by the number that they would send: the answer that it is by now."""
        self._shown: list[tuple[Person, Person, datetime]] = []
        self._newest = {"offers": 0, "visits": 0}
        self.looks = 0
        """How often all of it was looked at."""
        self._town.watchers.append(self.told)
        self._town.on_deed.append(self.did)
        self._town.on_step.append(self.look)

    def _complain(self, words: str) -> None:
        self._ledger.wrong.append(f"{self._town.clock.true:%d %b %H:%M} {words}")

    # As people see and do things

    def told(self, person: Person, read: Read) -> None:
        """Somebody sees something."""
        told = read.told
        if told.kind is not OutboundKind.TEXT:
            return
        held = self._ledger.held
        held["only who agreed is written to"] += 1
        for wrong in chain(
            self._twice(person, read),
            self._unwanted(person, read),
            self._at_another_hour(person, read),
        ):
            self._complain(f"{wrong}: {person.name} {told.words!r}")
        self._awaits.pop(person.name, None)
        self._heard[person.name] = self._town.clock.true
        self._means[person.name] |= {answer: key for key, answer in read.choices.items()}
        if read.entry.startswith("still_there"):
            self._repeated[person.name] = told.at + AGAIN  # and the question comes with it
        if read.entry.startswith(NEWS) and read.entry not in PROMISES:
            self._owed.pop(person.name, None)
            self._news[person.name] = told.outbox
        if read.entry == "not_arrived":
            self._owed.pop(read.fields["who"], None)  # an organiser has been asked to ring them
        # One that was written before the news and got there after it (a phone that was off) is
        # out of date, and not a promise any more.
        fresh = told.outbox > self._news.get(person.name, 0)
        if fresh and read.entry.startswith(PROMISES) and "by" in read.fields:
            self._owed[person.name] = hour_said(read.fields["by"], told.at)
            held["who was told by when has heard by then"] += 1
        if read.entry in ADDRESS:
            asker = self._town.people.get(read.fields["asker"])
            if asker is None:
                self._complain(f"sent to somebody whom they may not see: {person.name}")
            else:
                self._shown.append((person, asker, told.at))
        # The same of an alarm that is over by the time somebody hears of it.
        late = told.outbox < self._latest[person.name]
        self._latest[person.name] = max(told.outbox, self._latest[person.name])
        if told.words.endswith(": all is well."):
            for name in read.fields.values():  # whoever had taken it says so
                self._alarms.pop(name, None)
        if not late and read.entry.startswith("alarm.") and "on_it" in read.choices:
            about = read.fields.get("asker") or read.fields.get("who", "")
            self._alarms[about] = told.at
            held["an alarm goes on until somebody has it"] += 1
            self._told_of[person.name].add(about)

    def _twice(self, person: Person, read: Read) -> Iterator[str]:
        told = read.told
        # Who is told to ring 999 is told so twice rather than not at all (`unknowns.TWICE_999`).
        if told.priority is Priority.EMERGENCY:
            return
        self._ledger.held["a message comes once"] += 1
        if told.outbox in self._had:
            yield "one message came twice"
        self._had.add(told.outbox)
        key: tuple[object, ...] = (person.name, told.words)
        if read.entry in OFFERS:
            # Two may need the same; and who was asked may be asked anew where somebody had it and
            # can't come.
            key = (*key, told.about.get("ref"), self._let_down)
        before = self._said.get(key)
        # What they wrote or pressed since, or twice before, may be answered each time.
        wrote = max(self._wrote.get(person.name, told.at - AGAIN), self._repeated[person.name])
        self._ledger.held["the same is not said twice"] += 1
        if before and told.at - before <= AGAIN and wrote < before:
            yield "said twice"
        self._said[key] = told.at

    def _at_another_hour(self, person: Person, read: Read) -> Iterator[str]:
        wanted = person.checked_on
        if wanted is None or not read.entry.startswith(GREETINGS):
            return
        self._ledger.held["a check-in comes at its hour"] += 1
        here = read.told.at.astimezone(LONDON)
        meant = datetime.combine(here.date(), wanted.hour, LONDON)
        if abs(here - meant) > PROMPT + self._ledger.slack:
            yield f"asked at {here:%H:%M} if all is well, and not at {wanted.hour:%H:%M}"

    def _unwanted(self, person: Person, read: Read) -> Iterator[str]:
        told = read.told
        if not person.may_be_written_to:
            yield "written to without their consent"
        if read.entry in OFFERS:
            self._ledger.held["only helpers are asked, and not in their rest"] += 1
            if Role.HELPER not in person.roles:
                yield "asked, and never said that they would help"
            # What was on its way as they wrote can't be called back.
            if person.name in self._resting and told.at < self._resting[person.name]:
                yield "asked in their rest"
        if told.to.channel is Channel.SMS:
            day = told.at.astimezone(LONDON).date()
            if self._cap and told.priority in (Priority.OFFER, Priority.BROADCAST):
                self._ledger.held["no more texts than the day's cap"] += 1
                if self._parts[day] >= self._cap + IN_FLIGHT:
                    yield f"over the day's cap of {self._cap}"
            self._parts[day] += segments(told.words)

    def did(self, person: Person, deed: Deed) -> None:
        """Somebody writes or presses something."""
        now = self._town.clock.true
        before = self._wrote.get(person.name, self._town.clock.start)
        again = now - before < AT_ONCE
        unheard = self._heard.get(person.name, now) < before
        self._wrote[person.name] = now
        if again or unheard:
            self._repeated[person.name] = now + AGAIN
        # A number that has gone on to another question since says something else.
        means = self._means[person.name].get(deed.words, "")
        asks = bool(deed.words) and deed.words in (person.meant, *person.slips)
        always = asks or (deed.key in ANSWERED and deed.key == means)
        if person.by_text and always and not again:
            self._awaits.setdefault(person.name, now)
            self._ledger.held["who writes hears"] += 1
        self._let_down += deed.key in ("cannot", "no")
        if deed.words == "OFF DUTY":
            self._resting[person.name] = datetime.max.replace(tzinfo=now.tzinfo)
        elif deed.words == "ON DUTY":
            self._resting.pop(person.name, None)
        elif deed.key == "week":
            self._resting[person.name] = now + REST - PROMPT
        if deed.key == "on_it":
            for about in self._told_of.pop(person.name, ()):
                self._alarms.pop(about, None)
        self._alarms.pop(person.name, None)

    # When the bot has come to rest

    async def look(self) -> None:
        """Hold everything against what there is now."""
        self.looks += 1
        self._ledger.held.update(IN_THE_BOOKS)
        now = self._town.clock.true
        slack = PROMPT + self._ledger.slack
        for name, by in [*self._owed.items()]:
            if by + slack < now and name not in self._ledger.stopped:
                del self._owed[name]
                self._complain(f"{name} was to hear by {by:%H:%M}, and heard nothing")
        for name, wrote in [*self._awaits.items()]:
            if wrote + slack < now:  # a text that failed waits for its hour by a clock put back
                del self._awaits[name]
                self._complain(f"{name} wrote at {wrote:%H:%M}, and heard nothing")
        for about, last in [*self._alarms.items()]:
            if last + ROUND + slack < now:
                del self._alarms[about]
                self._complain(f"nobody was told about {about} after {last:%H:%M}, nor took it")
        for wrong in await self._in_the_books():
            self._complain(wrong)

    async def _in_the_books(self) -> list[str]:
        database = self._town.bot.database
        async with database.transaction() as tx:
            found = await tx.run(_statement(database.engine.dialect))
            rows = [(str(what), int(ref)) for what, ref in (row.values() for row in found.rows)]
            wrong = await self._strangers(tx) if self._shown else []
            newest = {what: ref for what, ref in rows if what in self._newest}
            if newest.get("offers", 0) > self._newest["offers"]:
                wrong += await self._overworked(tx)
            self._newest.update(newest)
        return [*wrong, *self._read(rows)]

    def _read(self, rows: list[tuple[str, int]]) -> Iterator[str]:
        came = len(self._town.acknowledged)
        for what, ref in rows:
            if what == "kept" and ref < came:
                yield f"{came} messages were acknowledged, and {ref} were kept"
            elif what == "kept" and ref > came:
                yield f"{came} messages came, and {ref} were taken for new"
            elif what != "kept" and what not in self._newest:
                yield f"{what}: {ref}"

    async def _strangers(self, tx: Transaction) -> list[str]:
        """Who was shown an address goes there, or did."""
        shown, self._shown = self._shown, []
        visits = metadata.tables["visits"]
        wrong = []
        self._ledger.held["an address goes to who has the visit"] += len(shown)
        for helper, asker, at in shown:
            mine = sa.select(sa.func.count()).where(
                visits.c.helper_id == helper.member_id,
                visits.c.asker_id == asker.member_id,
                sa.or_(visits.c.over_at.is_(None), visits.c.over_at >= at - self._ledger.away),
            )
            if not await tx.value(mine):
                wrong.append(
                    f"{helper.name} was given the address of {asker.name}, and has no visit"
                )
        return wrong

    async def _overworked(self, tx: Transaction) -> list[str]:
        """Who was asked though they have as much to do as they said."""
        visits, offers, members = (
            metadata.tables[name] for name in ("visits", "offers", "members")
        )
        asked = await tx.all(
            sa.select(offers, members.c.at_once_cap, members.c.weekly_cap)
            .join(members, members.c.id == offers.c.member_id)
            .where(
                offers.c.id > self._newest["offers"], offers.c.reason.not_in(["by_hand", "street"])
            )
        )
        self._ledger.held["nobody is asked who has enough to do"] += len(asked)
        helpers = {row["member_id"] for row in asked}
        # Those that there were before this step, so that it need not be asked which came first, by
        # a clock that may have been put back between the two.
        theirs = await tx.all(
            sa.select(visits).where(
                visits.c.helper_id.in_(helpers), visits.c.id <= self._newest["visits"]
            )
        )
        wrong = []
        for offer in asked:
            mine = [visit for visit in theirs if visit["helper_id"] == offer["member_id"]]
            live = sum(visit["status"] in LIVE_VISIT for visit in mine)
            week = sum(
                visit["status"] in (*LIVE_VISIT, "done")
                and offer["created_at"] - visit["created_at"] < REST - self._ledger.slack
                for visit in mine
            )
            if live >= offer["at_once_cap"]:
                wrong.append(f"asked with {live} visits under way: offer {offer['id']}")
            if week >= offer["weekly_cap"]:
                wrong.append(f"asked after {week} visits in a week: offer {offer['id']}")
        return wrong


@cache
def _statement(dialect: sa.Dialect) -> sa.TextClause:
    """Everything that is asked after each step, in one statement whose words are put together once:
    it is asked more often than anything else in a town."""
    inbox, visits, offers, requests = (
        metadata.tables[name] for name in ("inbox", "visits", "offers", "requests")
    )
    live = visits.c.status.in_(LIVE_VISIT)
    twice = sa.select(visits.c.request_id).where(live).group_by(visits.c.request_id)
    going = sa.exists().where(visits.c.request_id == requests.c.id, live)
    nobody = sa.select(requests.c.id).where(requests.c.status == "filled", ~going)
    asked = [
        *map(_without_next_step, NEXT_STEPS),
        _named("kept", sa.select(sa.func.count()).select_from(inbox)),
        _named("not handled", sa.select(inbox.c.id).where(inbox.c.handled_at.is_(None))),
        _named("two visits for one request", twice.having(sa.func.count() > 1)),
        _named("filled, and nobody goes", nobody),
        *(
            _named(str(table.name), sa.select(sa.func.max(table.c.id)).having(sa.func.count() > 0))
            for table in (offers, visits)
        ),
    ]
    every = sa.union_all(*asked)
    return sa.text(str(every.compile(dialect=dialect, compile_kwargs={"literal_binds": True})))


def _named(what: str, found: sa.Select[Any]) -> sa.Select[Any]:
    inner = found.subquery()
    return sa.select(sa.literal(what), next(iter(inner.c)))


def _without_next_step(owed: Owed) -> sa.Select[Any]:
    those = metadata.tables[owed.table]
    conditions: list[sa.ColumnElement[bool]] = []
    for name, wanted in owed.where.items():
        column = those.c[name]
        if isinstance(wanted, tuple):
            conditions.append(column.in_(wanted))
        elif isinstance(wanted, bool):
            conditions.append(column.is_not(None) if wanted else column.is_(None))
        else:
            conditions.append(column < wanted)
    kinds = [kind.value for kind in owed.one_of]
    there = sa.exists().where(due.c.ref == those.c.id, due.c.kind.in_(kinds))
    found = sa.select(those.c.id).where(*conditions, ~there)
    return _named(f"{owed.what} without a next step", found)
