"""What the people of the pretend village do by themselves.

Everybody answers as people do: some at once, some after an hour, most not at all. What a message
asks is read from the bot's own open questions and never from its words, which may be put otherwise
tomorrow. Doreen and the organisers do nothing by themselves: they are played by whoever looks on.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.demo.valley import Valley
from bot.demo.village import GROUP, Person
from handlers.rules import timing
from storage import members, questions, requests
from storage.database import Transaction
from storage.model import Address, Channel, Question, RequestStatus, Standing

Act = Callable[[], Awaitable[None]]

YES, NO = 0.30, 0.28
"""Shares of those asked who say yes and who say no; the others stay silent (see
`matching.USUAL_ANSWER`)."""

ASKS = (
    "Could somebody pick up my prescription please",
    "I need some bread and milk please",
    "Would somebody walk the dog with me this afternoon",
    "Please can someone help me with my phone",
    "I could do with a lift to the chemist today",
    "Can somebody change a light bulb for me please",
    "Could someone get me some tea and biscuits",
)
"""What the other older people ask for, now and then."""


@dataclass
class Habits:
    """Reacts to what people are asked, on the village's own clock."""

    valley: Valley
    seed: int
    on: bool = True
    _plans: list[tuple[datetime, int, Act]] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _seen: int = 0
    _acting: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed + 1)  # noqa: S311 (whims, not secrets)
        self.valley.moments.append(self.next_moment)
        self.valley.busy.append(self.behind)
        self._later(self._whim(40, 90), self._somebody_asks)

    def next_moment(self) -> datetime | None:
        """When somebody means to do something next."""
        return self._plans[0][0] if self.on and self._plans else None

    def switch(self, *, on: bool) -> None:
        """Whether people do things by themselves; what they meant to do meanwhile is forgotten."""
        if on and not self.on:
            now = self.valley.clock.now()
            self._plans = [plan for plan in self._plans if plan[0] > now]
            heapq.heapify(self._plans)
            self._later(self._whim(40, 90), self._somebody_asks)
        self.on = on
        self._news.set()

    async def run(self) -> None:
        """Look and act for as long as the village lives."""
        await asyncio.gather(self._watch(), self._act())

    def behind(self) -> bool:
        """Whether there is something that nobody has thought about yet, or is just doing."""
        sights = self.valley.sights
        return self._acting or bool(sights and sights[-1].number > self._seen)

    async def _watch(self) -> None:
        while True:
            fresh = [s for s in self.valley.sights[-200:] if s.number > self._seen]
            for sight in fresh:
                if sight.kind == "text" and sight.by == "bot" and sight.who in self.valley.people:
                    await self._asked(self.valley.people[sight.who])
                self._seen = sight.number
            await asyncio.sleep(0 if fresh else 0.002 if self.valley.travelling else 0.03)

    async def _act(self) -> None:
        clock = self.valley.clock
        while True:
            self._news.clear()
            moment = self.next_moment()
            if moment is None:
                await self._news.wait()
            elif moment <= clock.now():
                self._acting = True
                _, _, act = heapq.heappop(self._plans)
                # The question may have gone from the screen since they made up their mind.
                with suppress(LookupError):
                    await act()
                self._acting = False
            else:
                left = (moment - clock.now()).total_seconds()
                waits = [asyncio.ensure_future(w) for w in (self._news.wait(), clock.sleep(left))]
                try:
                    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for wait in waits:
                        wait.cancel()

    # What they are asked

    async def _asked(self, person: Person) -> None:
        """Somebody got a message: what does it ask, and what will they do about it?"""
        if person.kind == "organiser" or person.key == "doreen":
            return
        question = await self._latest(person)
        if question is None:
            return
        plan = self._mind(person, question)
        if plan:
            minutes, key = plan

            async def act() -> None:
                await self._answer(person, question, key)

            self._later(timedelta(minutes=minutes), act)

    def _mind(self, person: Person, question: Question) -> tuple[float, str] | None:
        """After how many minutes they give which answer; none: they let it be."""
        chance = self._chance
        keys = [choice.key for choice in question.choices]
        if question.kind == "offer":
            draw = chance.random()
            # Answers come soon or not at all: half of them within some minutes.
            after = min(45.0, chance.lognormvariate(1.2, 0.9))
            if draw < YES:
                return max(0.6, after), keys[0]
            return (max(0.4, after), keys[1]) if draw < YES + NO else None
        if question.kind == "visit":
            if "going" in keys:
                change = "cannot" if chance.random() < 0.06 else "going"
                return chance.uniform(8, 25), change
            return chance.uniform(18, 45), keys[0]
        if question.kind in ("again", "did_they_come", "ask.confirm"):
            return chance.uniform(1, 6), keys[0]
        return None

    async def _answer(self, person: Person, question: Question, key: str) -> None:
        """They press the button or text the number, if the question still stands."""
        async with self.valley.bot.database.transaction() as tx:
            now = await questions.by_token(tx, question.token)
        if not self.on or now is None or now.answered_at is not None:
            return
        place = next((n for n, c in enumerate(question.choices) if c.key == key), None)
        if place is None:
            return
        await answer(self.valley, person, question, place)

    async def _latest(self, person: Person) -> Question | None:
        async with self.valley.bot.database.transaction() as tx:
            return await latest_question(self.valley, tx, person)

    # What they do of themselves

    async def _somebody_asks(self) -> None:
        self._later(self._whim(55, 130), self._somebody_asks)
        if not self.on or timing.is_quiet(self.valley.clock.now(), GROUP):
            return
        older = [p for p in self.valley.people.values() if p.kind == "older" and not p.new]
        person = self._chance.choice(older)
        async with self.valley.bot.database.transaction() as tx:
            member = await members.get(tx, self.valley.member_ids[person.key])
            busy = await requests.of_asker(
                tx, member.id, (RequestStatus.DRAFT, *requests.UNSETTLED)
            )
        if not busy and member.standing is Standing.ACTIVE and member.stopped_at is None:
            await self.valley.says(person.key, self._chance.choice(ASKS))

    def _whim(self, least: float, most: float) -> timedelta:
        return timedelta(minutes=self._chance.uniform(least, most))

    def _later(self, after: timedelta, act: Act) -> None:
        moment = self.valley.clock.now() + after
        heapq.heappush(self._plans, (moment, next(self._numbers), act))
        self._news.set()


async def latest_question(valley: Valley, tx: Transaction, person: Person) -> Question | None:
    """The newest question that somebody may still answer."""
    address = Address(person.channel, valley.chats[person.key])
    member = await members.find(tx, address)
    if member is None:
        return None
    found = await questions.open_to(tx, member.id, valley.clock.now())
    return found[0] if found else None


async def answer(valley: Valley, person: Person, question: Question, place: int) -> None:
    """Answer a question as that person's phone lets them: a button, or a number by text."""
    if person.channel is Channel.SMS:
        await valley.says(person.key, str(question.choices[place].number))
        return
    wanted = f"{question.token}:{place}"
    for message in reversed(valley.messages_of(person.key)):
        rows = [*message.buttons, *message.earlier_buttons]
        flat = [data for row in rows for _, data in row]
        if wanted in flat:
            await valley.presses(person.key, message.message_id, flat.index(wanted))
            return
    raise LookupError(f"{person.first} has no such button")
