"""Tells a story in the terminal and checks it: what people do, what they then see, what is true."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from rich.console import Console
from rich.text import Text

from bot.demo.habits import answer, latest_question
from bot.demo.valley import ALL_STREET, Sight, Valley
from storage import members, questions, requests
from storage.database import Transaction
from storage.model import (
    Address,
    Channel,
    HelpRequest,
    Member,
    Offer,
    Question,
    RequestStatus,
    Visit,
)
from storage.schema import audit, inbox
from storage.schema import due as due_table

LONDON = ZoneInfo("Europe/London")


class UntrueError(Exception):
    """A step did not come true; it has been told."""


@dataclass
class Teller:
    """Plays people, and looks."""

    village: Valley
    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    checked: int = 0
    failed: int = 0
    _mark: int = 0

    # Telling

    def title(self, seed: int) -> None:
        self._line("Popround: a day and a night in a pretend village", "bold")
        many = len(self.village.people)
        self._line(
            f"The real bot, {many} pretend people, seed {seed}. Nothing leaves this machine."
        )

    def chapter(self, words: str) -> None:
        self.console.print()
        here = self.now.astimezone(LONDON)
        self._line(f"{words}  ({here:%a %H:%M})", "bold magenta")

    def did(self, key: str, words: str) -> None:
        self._line(f"  {self._name(key):>9} > {words}", "cyan")

    def saw_lines(self, sights: Iterable[Sight]) -> None:
        """Write down what people saw; the same message to many is written once. What came in the
        same minute is told person by person: which network call was first is nobody's doing."""
        order = {key: place for place, key in enumerate(self.village.chats)}
        groups: dict[str, list[Sight]] = {}
        for sight in sorted(
            sights, key=lambda s: (s.at.replace(second=0, microsecond=0), order[s.who])
        ):
            if sight.by not in ("bot", "twilio"):
                continue
            first = self._name(sight.who)
            groups.setdefault(f"{sight.kind} {sight.words.replace(first, '*')}", []).append(sight)
        for alike in groups.values():
            sight = alike[0]
            sign = {"text": "<", "edit": "~", "toast": "!"}.get(sight.kind, "<")
            buttons = "".join(f" [{label}]" for label in sight.buttons)
            more = f"  (and {len(alike) - 1} more)" if len(alike) > 1 else ""
            words = " / ".join(sight.words.splitlines())
            self._line(f"  {self._name(sight.who):>9} {sign} {words}{buttons}{more}")

    def check(self, words: str, found: Any, expected: Any) -> None:
        """Tell whether a step came true.

        Raises:
            UntrueError: it did not.
        """
        self.quietly(words, found, expected)
        self._line(f"    {self._sign('✓', 'ok')} {words}", "green")

    def quietly(self, words: str, found: Any, expected: Any) -> None:
        """The same, said only if it fails."""
        self.checked += 1
        if found == expected:
            return
        self.failed += 1
        self._line(f"    {self._sign('✗', 'NOT TRUE:')} {words}", "bold red")
        self._line(f"        expected: {expected}", "red")
        self._line(f"        seen:     {found}", "red")
        raise UntrueError(words)

    def broke(self, error: Exception) -> None:
        self.failed += 1
        self._line(f"    {self._sign('✗', 'NOT TRUE:')} The story can't go on: {error}", "bold red")

    def ended(self, seconds: float) -> int:
        """Say how it went; the exit code."""
        self.console.print()
        if self.failed:
            self._line(f"The story did not come true (step {self.checked}).", "bold red")
            return 1
        self._line(f"All of it came true: {self.checked} checks in {seconds:.0f} s.", "bold green")
        return 0

    def _line(self, words: str, style: str = "") -> None:
        self.console.print(Text(words, style=style))

    def _sign(self, sign: str, plain: str) -> str:
        try:
            sign.encode(self.console.encoding)
        except UnicodeEncodeError:
            return plain
        return sign

    def _name(self, key: str) -> str:
        return "the street" if key == ALL_STREET else self.village.people[key].first

    # Doing

    async def does(self, key: str, words: str) -> None:
        """Somebody writes; then everything happens that follows."""
        self.mark()
        self.did(key, words)
        await self.village.says(key, words)
        await self.settle()

    async def asks(self, key: str, words: str) -> None:
        """Somebody known asks for something and says that it is right."""
        await self.does(key, words)
        await self.answers(key, "yes")

    async def answers(self, key: str, choice: str) -> None:
        """Somebody gives that answer to the newest question that has it."""
        self.mark()
        label = await self.answer(key, choice)
        self.did(key, label)
        await self.settle()

    async def answer(self, key: str, choice: str) -> str:
        """The same, without waiting for what follows. What they pressed, or texted."""
        person = self.village.people[key]
        async with self.village.bot.database.transaction() as tx:
            found = await questions.open_to(tx, (await self.member(key, tx)).id, self.now)
        for question in found:
            place = next((n for n, c in enumerate(question.choices) if c.key == choice), None)
            if place is not None:
                await answer(self.village, person, question, place)
                pressed = question.choices[place]
                texts = person.channel is Channel.SMS
                return str(pressed.number) if texts else f"[{pressed.label}]"
        raise LookupError(f"{person.first} was not asked anything with the answer {choice!r}")

    async def presses_card(self, key: str) -> None:
        """Somebody presses the button of the newest card in the street's chat."""
        self.mark()
        card = next(m for m in reversed(self.village.messages_of(ALL_STREET)) if m.buttons)
        self.did(key, f"[{card.buttons[0][0][0]}]  (in the street's chat)")
        await self.village.presses(key, card.message_id, 0, in_street=True)
        await self.settle()

    async def settle(self) -> None:
        await self.village.settle()
        self.saw_lines(self.since())

    async def later(self, **span: float) -> None:
        await self.until(self.now + timedelta(**span))

    async def until_hour(self, hour: int, minute: int) -> None:
        """Live until that hour next comes."""
        here = self.now.astimezone(LONDON)
        moment = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
        await self.until(moment if moment > here else moment + timedelta(days=1))

    async def until(self, moment: datetime | None) -> None:
        """Live until a moment, everything at its own time."""
        assert moment
        before = self.village.sights[-1].number
        await self.village.travel(moment)
        here = self.now.astimezone(LONDON)
        self._line(f"  {'':>9} ... {here:%a %H:%M}", "dim")
        self.saw_lines(s for s in self.village.sights if s.number > before)

    # Looking

    @property
    def now(self) -> datetime:
        return self.village.clock.now()

    def mark(self) -> None:
        """From here on is now."""
        self._mark = self.village.sights[-1].number if self.village.sights else 0

    def since(self) -> list[Sight]:
        """What was seen and done since the mark."""
        return [sight for sight in self.village.sights if sight.number > self._mark]

    def news(self, key: str) -> list[Sight]:
        """What came to a phone since the mark."""
        return [s for s in self.since() if s.who == key and s.by in ("bot", "twilio")]

    def saw(self, key: str, words: str) -> bool:
        """Whether somebody ever saw those words, be they gone by now."""
        return any(s.who == key and s.by == "bot" and words in s.words for s in self.village.sights)

    def saw_now(self, key: str, words: str) -> bool:
        return any(words in sight.words for sight in self.news(key))

    def who_saw(self, words: str) -> set[str]:
        """Everybody who ever read those words."""
        return {sight.who for sight in self.village.sights if words in sight.words}

    async def chat(self, key: str) -> list[Sight]:
        """What the bot's messages to somebody say now."""
        if self.village.people[key].channel is Channel.SMS:
            return []  # a text can't be taken back
        return [
            Sight(0, m.at, key, "text", m.text) for m in self.village.messages_of(key) if m.text
        ]

    def buttons(self, key: str) -> tuple[str, ...]:
        """The buttons of the newest message with words in a Telegram chat."""
        told = [m for m in self.village.messages_of(key) if m.text and not m.deleted]
        return tuple(label for row in told[-1].buttons for label, _ in row) if told else ()

    def hour(self, moment: datetime) -> int:
        return moment.astimezone(LONDON).hour

    def helpers(self) -> list[str]:
        return sorted(k for k, person in self.village.people.items() if person.kind == "helper")

    def key(self, member_id: int) -> str:
        """Whose member this is."""
        return next((k for k, i in self.village.member_ids.items() if i == member_id), "")

    async def member(self, key: str, tx: Transaction | None = None) -> Member:
        if tx is None:
            async with self.village.bot.database.transaction() as fresh:
                return await self.member(key, fresh)
        known = self.village.member_ids.get(key)
        if known is None:
            person = self.village.people[key]
            address = Address(person.channel, self.village.chats[key])
            found = await members.find(tx, address)
            if found is None:
                raise LookupError(f"the bot does not know {person.first}")
            known = self.village.member_ids[key] = found.id
        return await members.get(tx, known)

    async def asked(self, key: str) -> Question:
        """The newest question that somebody was asked."""
        await self.member(key)
        async with self.village.bot.database.transaction() as tx:
            found = await latest_question(self.village, tx, self.village.people[key])
        if found is None:
            raise LookupError(f"{key} was not asked anything")
        return found

    async def request(self, key: str) -> HelpRequest:
        """The newest thing that somebody asked for."""
        member = await self.member(key)
        async with self.village.bot.database.transaction() as tx:
            found = await requests.of_asker(tx, member.id, tuple(RequestStatus))
        if not found:
            raise LookupError(f"{key} has not asked for anything")
        return found[0]

    async def offers(self, request: HelpRequest | None = None) -> list[Offer]:
        async with self.village.bot.database.transaction() as tx:
            every = await requests.of_community(tx, 1, tuple(RequestStatus))
            wanted = [request] if request else every
            return [offer for r in wanted for offer in await requests.offers_of(tx, r.id)]

    async def visits(self, request: HelpRequest) -> list[Visit]:
        async with self.village.bot.database.transaction() as tx:
            return list(await requests.visits_of(tx, request.id))

    async def free_neighbour(self, request: HelpRequest, asked: set[int]) -> str:
        """Somebody of the street's chat who could go and was not asked by themselves."""
        in_street = [k for k in self.helpers() if self.village.people[k].in_street]
        ids = [self.village.member_ids[key] for key in in_street]
        async with self.village.bot.database.transaction() as tx:
            loads = await members.loads(tx, ids, self.now - timedelta(days=7))
            for key in in_street:
                helper = await self.member(key, tx)
                live, week = loads.get(helper.id, (0, 0))
                about = helper.on_duty and not (helper.paused_until or helper.stopped_at)
                room = live < helper.at_once_cap and week < helper.weekly_cap
                if about and room and request.need in helper.can_do and helper.id not in asked:
                    return key
        raise LookupError("nobody in the street's chat is free")

    async def texting_helper(self) -> str:
        """A helper by text who is on duty and was asked before."""
        for key in self.helpers():
            member = await self.member(key)
            texts = self.village.people[key].channel is Channel.SMS
            if texts and member.on_duty and member.paused_until is None and self.who_heard(key):
                return key
        raise LookupError("no helper by text was asked anything")

    def who_heard(self, key: str) -> bool:
        return any(s.who == key and s.by == "bot" for s in self.village.sights)

    async def addresses_shown(self) -> dict[str, set[str]]:
        """For each asker, who was to read their address: by the record, and the organisers."""
        organisers = {k for k, p in self.village.people.items() if p.kind == "organiser"}
        shown = {key: set(organisers) for key in self.village.people}
        async with self.village.bot.database.transaction() as tx:
            rows = await tx.all(sa.select(audit).where(audit.c.action == "address_shown"))
        for row in rows:
            shown[self.key(row["subject_id"])].add(self.key(row["detail"]["to"]))
        return shown

    async def no_faults(self) -> None:
        """A fault in a handler is dealt with kindly towards people; the story wants to know."""
        async with self.village.bot.database.transaction() as tx:
            again = await tx.value(
                sa.select(sa.func.count()).select_from(inbox).where(inbox.c.attempts > 0)
            )
            late = await tx.value(
                sa.select(sa.func.count()).select_from(due_table).where(due_table.c.attempts > 0)
            )
        self.chapter("The machinery")
        self.check("Nothing went wrong inside", (again, late), (0, 0))
        self.check("Every webhook was taken", self.village.twilio.failed_webhooks, [])
        unknown = self.village.telegram.unknown_calls + self.village.twilio.unknown_calls
        self.check("Nothing was asked of a provider that it does not know", unknown, [])
        self.check("Told to wait, the bot waited", self.village.telegram.did_not_wait, 0)
