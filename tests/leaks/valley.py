"""People who do what a list of steps says; and somebody who reads over everybody's shoulder."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import time, timedelta

import aiohttp
import sqlalchemy as sa

from bot.demo.pretend_server import Event
from handlers.rules.privacy import Field
from storage import checkins, due, members, requests
from storage.model import (
    Address,
    Channel,
    CheckIn,
    CheckInStatus,
    ContactStatus,
    DueKind,
    RequestStatus,
    Standing,
    VisitStatus,
)
from storage.places import Postcodes
from storage.schema import audit
from tests.leaks.people import (
    ASKERS,
    DANGER,
    FIELDS,
    HERE,
    NEEDS,
    PEOPLE,
    SAYINGS,
    WAITS,
    Person,
    Step,
    member,
)
from tests.leaks.world import World, read
from tests.made import NOW, request
from tests.stage import TOKEN, Stage


class Valley:
    """People who do what a list of steps says; and somebody who reads everything over their
    shoulders. `leaks` is what reached whom it was not for, one sentence each."""

    def __init__(self, on: Stage) -> None:
        self.on = on
        self.at: dict[str, str] = {}
        """Who: their phone number or chat."""
        self.ids: dict[str, set[int]] = defaultdict(set)
        """Who: every member that they have been."""
        self.told: dict[str, list[str]] = defaultdict(list)
        self.put: list[str] = []
        """Who was put a question, the latest last."""
        self.said: dict[str, str] = {}
        """Words that are found nowhere else: whose they are."""
        self.passed: set[str] = set()
        """Those of them that were written to the other of a visit, and are between the two."""
        self.in_danger = ""
        """Who wrote of danger just now."""
        self.leaks: dict[str, str] = {}
        self.looks = 0
        """How often something of somebody's was seen by who may see it."""
        self.played: list[str] = []
        self.before = World()
        self.street = 0
        self.queues: tuple[asyncio.Queue[Event], ...] = ()

    async def set_up(self) -> None:
        on = self.on
        for place, one in enumerate(PEOPLE):
            number = f"+4477009{place + 31:02d}{place * 7 + 113:03d}"
            if one.channel is Channel.TELEGRAM:
                number = str(on.telegram.person(one.name))
                on.telegram.met_before(int(number))
            self.at[one.name] = number
        names = ("Sam", "Jo", "Felix", "Zoe")
        self.street = await on.telegram.group("Mill Row", [int(self.at[name]) for name in names])
        async with on.bot.database.transaction() as tx:
            with Postcodes() as bundle:
                for one in PEOPLE:
                    if one.standing is Standing.JOINING:
                        continue
                    made = await members.add(tx, member(one, bundle), self.address(one))
                    self.ids[one.name].add(made.id)
            doreen, jean, felix = (min(self.ids[name]) for name in ("Doreen", "Jean", "Felix"))
            check_in = await checkins.put(
                tx,
                CheckIn(
                    0,
                    HERE,
                    doreen,
                    CheckInStatus.ON,
                    NOW,
                    frozenset(range(7)),
                    hour=time(9),
                    next_day=NOW.date() + timedelta(days=1),
                ),
            )
            await due.at(tx, DueKind.CHECK_IN, check_in.id, NOW + timedelta(hours=23))
            await checkins.name_contact(tx, check_in.id, jean, ContactStatus.AGREED, NOW)
            # Felix was at Doreen's three days ago.
            went = await requests.add(
                tx, request(asker_id=doreen, status=RequestStatus.CLOSED, words="-")
            )
            ago = NOW - timedelta(days=3)
            once = await requests.add_visit(tx, went, felix, "BRAMBLE", ago, ago)
            await requests.set_visit(tx, once.id, VisitStatus.DONE, ago)
        await on.telegram.adds_bot(self.street, int(self.at["Ana"]))
        await on.settle()
        self.before = await read(on, World())

    def address(self, one: Person) -> Address:
        return Address(one.channel, self.at[one.name])

    # What people do

    async def does(self, step: Step) -> None:
        what, who, which = step
        one = PEOPLE[who % len(PEOPLE)]
        if what == "goes on":
            await self.goes_on(which)
        elif what == "waits":
            await self.wait(WAITS[which % len(WAITS)])
        elif what == "answers":
            await self.answers(one, which)
        elif what == "presses":
            await self.presses(one, which)
        elif what == "tells":
            await self.tells(which)
        elif what == "code":
            await self.code(one)
        else:
            await self.says(one, SAYINGS[which % len(SAYINGS)], which)
        await self.on.settle()
        await self.look()

    async def goes_on(self, which: int) -> None:
        """Whoever was asked something last answers it, mostly with yes; or somebody asks."""
        if self.put and which % 4 != 3:
            name = self.put.pop()
            one = next(each for each in PEOPLE if each.name == name)
            await self.answers(one, which if which % 4 == 2 else 0)
        else:
            place = which + len(self.said)
            await self.says(ASKERS[place % len(ASKERS)], SAYINGS[0], place)

    async def tells(self, which: int) -> None:
        """One of the two of a visit writes to the other."""
        pairs = [(a, b) for a in PEOPLE for b in PEOPLE if a != b and self.visits(a, b)]
        if pairs:
            one, other = pairs[which % len(pairs)]
            token = self.token(one)
            await self.writes(one, f"tell {other.name} {token}")

    def token(self, one: Person) -> str:
        """Words that nobody has said before."""
        token = f"zq{len(self.said)}x{one.surname[:4].lower()}"
        self.said[token] = one.name
        return token

    async def says(self, one: Person, saying: str, which: int) -> None:
        other = PEOPLE[(which * 5 + len(self.played)) % len(PEOPLE)]
        if which % 3:  # mostly somebody whom they have to do with
            other = next((each for each in PEOPLE if self.visits(one, each)), other)
        words = saying.format(
            other=other.name,
            needs=NEEDS[which % len(NEEDS)],
            words=self.token(one) if "{words}" in saying else "",
        )
        await self.writes(one, words)

    def visits(self, one: Person, other: Person) -> bool:
        pairs = ((a, b) for a in self.ids[one.name] for b in self.ids[other.name])
        return any(self.before.ties.get(pair) for pair in pairs)

    async def writes(self, one: Person, words: str) -> None:
        self.note(f"{one.name} > {words}")
        self.in_danger = one.name if DANGER in words else ""
        if one.channel is Channel.SMS:
            await self.on.twilio.texts(self.at[one.name], words)
        elif len(self.played) % 9 == 8:
            await self.on.telegram.says_in_group(
                int(self.at[one.name]), self.street, f"@PoproundBot {words}"
            )
        else:
            await self.on.telegram.says(int(self.at[one.name]), words)

    async def answers(self, one: Person, which: int) -> None:
        """They answer what they were asked last."""
        if one.channel is Channel.SMS:
            told = re.findall(r"\b(\d+) ", "".join(self.told[one.name][-1:]).partition("Reply")[2])
            await self.writes(one, told[which % len(told)] if told else str(which % 3 + 1))
            return
        chat = int(self.at[one.name])
        live = [message for message in self.on.telegram.from_bot(chat) if message.buttons]
        if live:
            await self.press(one, chat, live[-1].message_id, which)

    async def presses(self, one: Person, which: int) -> None:
        """They press any button that there ever was, in their own chat or anybody's: what a button
        carries can be copied."""
        there = [*(int(at) for at in self.at.values() if not at.startswith("+")), self.street]
        mine = [int(self.at[one.name])] if one.channel is Channel.TELEGRAM else []
        chats = mine if mine and which % 2 else there
        found = [
            (chat, message.message_id)
            for chat in chats
            for message in self.on.telegram.from_bot(chat)
            if message.buttons or message.earlier_buttons
        ]
        presser = one if mine else PEOPLE[-1]
        if found:
            chat, message_id = found[(which * 7) % len(found)]
            await self.press(presser, chat, message_id, which)

    async def press(self, one: Person, chat: int, message_id: int, which: int) -> None:
        for place in (which % 3, 0):
            with contextlib.suppress(LookupError):
                self.note(f"{one.name} presses {place} of {message_id} in {chat}")
                user = int(self.at[one.name])
                await self.on.telegram.presses(user, message_id, place, chat_id=chat)
                return

    async def code(self, one: Person) -> None:
        """They send back the figures, or the code, that they were sent last."""
        figures = re.findall(r"\b(?:\d{6}|\d{4}|[A-Z2-9]{5}-[A-Z2-9]{5})\b", self.heard_by(one))
        if figures:
            await self.writes(one, figures[-1])

    def heard_by(self, one: Person) -> str:
        return " ".join(self.told[one.name][-3:])

    async def wait(self, length: timedelta) -> None:
        until = self.on.clock.now() + length
        self.note(f"{length} go by")
        while (soonest := await self.on.next_moment(until)) is not None:
            if soonest > self.on.clock.now():
                self.on.clock.jump_to(soonest)
            await self.on.settle()
            await self.look()
        if until > self.on.clock.now():
            self.on.clock.jump_to(until)

    def note(self, what: str) -> None:
        self.played.append(what)

    # What they see

    async def look(self) -> None:
        """Read everything that came out since the last time."""
        heard = [(event, _seen(event)) for queue in self.queues for event in _drain(queue)]
        world = await read(self.on, self.before)
        for name, value in self.at.items():
            lane = self.on.bot.database.vault.fingerprint(_channel(value), value)
            if lane in world.whose:
                self.ids[name].add(world.whose[lane])
        self.passed |= {
            token for token in self.said if any(token in said for said in world.relayed)
        }
        # Who writes of danger is in an alarm, also where it is told as part of another's.
        world.alarms |= self.ids[self.in_danger]
        worlds = (self.before, world)
        names = {value: name for name, value in self.at.items()}
        found = [
            (names.get(at, at), words, event)
            for event, at_words in heard
            if at_words
            for at, words in [at_words]
        ]
        for reader, words, event in found:
            self.note(f"    {reader} < {words}")
            if event.kind in ("text", "message"):
                self.told[reader].append(words)
                if reader in self.at and (
                    "Reply 1" in words
                    or (event.kind == "message" and event.about["message"].buttons)
                ):
                    self.put = [*self.put[-8:], reader]
            self.judge(reader, words, worlds)
        for one in PEOPLE:
            if one.channel is Channel.TELEGRAM:
                self.glance(one, world)
        self.before = world

    def judge(self, reader: str, words: str, worlds: Sequence[World], how: str = "reached") -> None:
        ids = self.now(reader, worlds)
        for whose, what, canary in self.in_words(words):
            if whose == reader:
                continue
            if self.may(ids, whose, what, worlds):
                self.looks += 1
            else:
                self.leaks.setdefault(f"{what.value} of {whose} {how} {reader}", words + canary)

    def glance(self, one: Person, world: World) -> None:
        """What still stands in a chat, of which the address is to go with the visit. (Organisers
        keep what they were told.)"""
        ids = self.now(one.name, (world,))
        if any(ident in world.organises for ident in self.ids[one.name]):
            return
        for message in self.on.telegram.from_bot(int(self.at[one.name])):
            for whose, what, _ in self.in_words(message.text):
                if whose == one.name or what is not Field.HOME:
                    continue
                if not self.may(ids, whose, what, (world,)):
                    self.leaks.setdefault(f"home of {whose} stays with {one.name}", message.text)

    def in_words(self, words: str) -> Iterator[tuple[str, Field, str]]:
        """Whose, what, and by which word."""
        low = words.lower()
        for one in PEOPLE:
            for name, what in FIELDS.items():
                canary = getattr(one, name)
                if canary.lower() in low:
                    yield one.name, what, canary
            number = self.at[one.name]
            if number.startswith("+") and number[3:] in low.replace(" ", ""):
                yield one.name, Field.PHONE, number
        for token, whose in self.said.items():
            if token in low:
                yield whose, Field.RELAYED if token in self.passed else Field.WORDS, token

    def now(self, reader: str, worlds: Sequence[World]) -> set[int]:
        """Every member that a reader is, or was a moment ago."""
        at = self.at.get(reader)
        if at is None:
            return set()
        lane = self.on.bot.database.vault.fingerprint(_channel(at), at)
        return {world.whose[lane] for world in worlds if lane in world.whose}

    def may(self, ids: set[int], whose: str, what: Field, worlds: Sequence[World]) -> bool:
        return any(
            world.sees(reader, subject, what)
            for world in worlds
            for reader in ids
            for subject in self.ids[whose]
        )

    # What machines and those who run it see

    async def look_elsewhere(self, logged: str) -> None:
        outputs = {"the log": logged}
        async with aiohttp.ClientSession() as http:
            for path in ("metrics", "readyz", "healthz"):
                async with http.get(f"{self.on.url}/{path}") as answer:
                    outputs[path] = await answer.text()
            form = {"From": self.at["Doreen"], "Body": " ".join(self.said)}
            async with http.post(f"{self.on.url}/webhooks/twilio/sms", data=form) as answer:
                assert answer.status == 403
                outputs["a refusal"] = await answer.text()
        async with self.on.bot.database.transaction() as tx:
            rows = await tx.all(sa.select(audit))
            outputs["the audit log"] = "\n".join(str(dict(row)) for row in rows)
        self.nothing_in(outputs)

    def nothing_in(
        self, outputs: dict[str, str], but: Callable[[str, Field], bool] | None = None
    ) -> None:
        for where, text in outputs.items():
            for whose, what, canary in self.in_words(text):
                if but is None or not but(whose, what):
                    self.leaks.setdefault(f"{what.value} of {whose} stands in {where}", canary)


def _channel(value: str) -> Channel:
    return Channel.SMS if value.startswith("+") else Channel.TELEGRAM


def _drain(queue: asyncio.Queue[Event]) -> Iterator[Event]:
    while not queue.empty():
        yield queue.get_nowait()


def _seen(event: Event) -> tuple[str, str] | None:
    """Who sees it, and all the words of it."""
    about = event.about
    if event.kind == "text" and about["text"].by != "person":
        return about["text"].to, about["text"].body
    if event.kind in ("message", "edit"):
        message = about["message"]
        if message.sender_id != int(TOKEN.split(":")[0]):
            return None
        rows = [*message.buttons, *([(key, "") for key in row] for row in message.keyboard or ())]
        return str(message.chat_id), " ".join([message.text, *(b[0] for row in rows for b in row)])
    if event.kind == "toast" and about["text"]:
        return str(about["user_id"]), about["text"]
    return None
