"""The real bot between pretend providers, with a whole village around it.

Only the far end of the network and the clock are pretend. What people write enters by the real
webhooks, signed as the providers sign; what they see is taken from the calls that the bot made.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from bot.app import Popround
from bot.clock import VirtualClock
from bot.demo.pretend_server import Event, LoopbackServer
from bot.demo.pretend_telegram import PretendTelegram
from bot.demo.pretend_telegram_world import PretendMessage
from bot.demo.pretend_twilio import PretendTwilio
from bot.demo.pretend_twilio_texts import PretendText
from bot.demo.village import BOT_NUMBER, GROUP, STREET, Person, people
from bot.settings import Settings
from storage import due, groups, members, messages, migrations
from storage.model import Address, Channel, DueKind

PUBLIC = "https://popround.example"
START = datetime(2026, 11, 3, 10, 0, tzinfo=UTC)
"""A Tuesday, ten in the morning in London (winter time)."""

LOOK_EVERY = 0.1
"""Real seconds between two looks at what is due: one virtual minute at 600 times life."""

ALL_STREET = "street"
"""The key of the street group chat, beside those of people."""

KEPT = 4000
"""Things seen that are kept."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Something that somebody saw on their phone, or did with it."""

    number: int
    at: datetime
    who: str
    """The key of a person, or `ALL_STREET`."""
    kind: str
    """`text`, `edit` or `toast` from the bot; `said` or `pressed` by `by`."""
    words: str
    buttons: tuple[str, ...] = ()
    by: str = ""
    message_id: int = 0


@dataclass
class Valley:
    """The village, its bot and its clock."""

    clock: VirtualClock
    bot: Popround
    telegram: PretendTelegram
    twilio: PretendTwilio
    people: dict[str, Person]
    live: bool
    """The bot works by itself; else only when it is told to settle."""
    chats: dict[str, str] = field(default_factory=dict)
    """Key of a person, or of the street: their number or the id of their Telegram chat."""
    member_ids: dict[str, int] = field(default_factory=dict)
    sights: list[Sight] = field(default_factory=list)
    moments: list[Callable[[], datetime | None]] = field(default_factory=list)
    """Who else has something to do at a moment, besides the bot."""
    busy: list[Callable[[], bool]] = field(default_factory=list)
    """Whether somebody else is in the middle of something."""
    travelling: bool = False
    stirred: asyncio.Event = field(default_factory=asyncio.Event)
    """Something was seen, or the clock was moved."""
    _count: int = 0
    _queues: list[asyncio.Queue[Event]] = field(default_factory=list)

    # What people do

    async def says(self, key: str, words: str, *, in_street: bool = False) -> None:
        """Somebody writes to the bot, or in the street's group chat."""
        person = self.people[key]
        if in_street:
            street = int(self.chats[ALL_STREET])
            await self.telegram.says_in_group(int(self.chats[key]), street, words)
        elif person.channel is Channel.SMS:
            await self.twilio.texts(self.chats[key], words)
        else:
            await self.telegram.says(int(self.chats[key]), words)

    async def presses(
        self, key: str, message_id: int, button: int, *, in_street: bool = False
    ) -> None:
        """Somebody on Telegram presses a button.

        Raises:
            LookupError: there is no such message or button.
        """
        chat = int(self.chats[ALL_STREET if in_street else key])
        await self.telegram.presses(int(self.chats[key]), message_id, button, chat)

    def messages_of(self, key: str) -> list[PretendMessage]:
        """A Telegram chat as it looks now."""
        return self.telegram.messages(int(self.chats[key]))

    # Time

    async def settle(self) -> None:
        """Let everything happen that can happen now."""
        if self.live:
            for _ in range(400):
                if await self._quiet():
                    break
                self._advance(0.5)  # budgets are refilled by the clock
                await asyncio.sleep(0.002)
        else:
            # What the bot sends may come back as a status, and so on: until nothing does.
            while True:
                await self._providers()
                wait = await self.bot.settle()
                await self._providers()
                if self.bot.intake.arrived.is_set():
                    continue
                if wait is not None:
                    self._advance(wait)
                elif await self._quiet():
                    break
        for queue in self._queues:
            await queue.join()

    async def travel(self, moment: datetime) -> None:
        """Live until that moment, everything at its own time, as fast as this machine can."""
        speed, self.travelling = self.clock.speed, True
        self.clock.set_speed(0.0)
        try:
            while (soonest := await self._soonest()) is not None and soonest <= moment:
                if soonest > self.clock.now():
                    self.clock.jump_to(soonest)
                await self.settle()
                self.stirred.set()
            if moment > self.clock.now():
                self.clock.jump_to(moment)
            await self.settle()
        finally:
            self.clock.set_speed(speed)
            self.travelling = False
            self.stirred.set()

    def _advance(self, seconds: float) -> None:
        self.clock.jump_to(self.clock.now() + timedelta(seconds=max(seconds, 0.001)))

    async def _soonest(self) -> datetime | None:
        async with self.bot.database.transaction() as tx:
            coming = [await due.first(tx)]
            for adapter in self.bot.adapters:
                coming.append(await messages.next_send_at(tx, adapter.channel))
        coming += [moment() for moment in self.moments]
        known = [moment for moment in coming if moment is not None]
        return min(known) if known else None

    async def _quiet(self) -> bool:
        await self._providers()
        now = self.clock.now()
        if not all(sender.idle for sender in self.bot.senders) or any(b() for b in self.busy):
            return False
        others = [moment() for moment in self.moments]
        if any(other is not None and other <= now for other in others):
            return False
        async with self.bot.database.transaction() as tx:
            if await messages.inbound_waiting(tx):
                return False
            coming = [await due.first(tx)]
            for adapter in self.bot.adapters:
                coming.append(await messages.next_send_at(tx, adapter.channel))
        return all(moment is None or moment > now for moment in coming)

    async def _providers(self) -> None:
        await self.telegram.settle()
        await self.twilio.settle()

    # What people see

    async def listen(self, queue: asyncio.Queue[Event]) -> None:
        """Note everything that people see, for as long as this runs."""
        self._queues.append(queue)
        names = {chat: key for key, chat in self.chats.items()}
        while True:
            event = await queue.get()
            found = _sight(event, names)
            if found:
                self._count += 1
                self.sights.append(replace(found, number=self._count))
                if len(self.sights) > KEPT:
                    del self.sights[: KEPT // 2]
            queue.task_done()
            self.stirred.set()


def _sight(event: Event, names: dict[str, str]) -> Sight | None:
    about, at = event.about, event.at
    if event.kind == "text":
        return _of_text(about["text"], at, names)
    if event.kind in ("message", "edit"):
        return _of_message(about["message"], at, names, edit=event.kind == "edit")
    who = names.get(str(about.get("user_id")))
    if not who:
        return None
    if event.kind == "toast" and about["text"]:
        return Sight(0, at, who, "toast", about["text"], by="bot")
    if event.kind == "press":
        message = about["message"]
        rows = [*message.buttons, *message.earlier_buttons]
        label = next((label for row in rows for label, data in row if data == about["data"]), "")
        return Sight(0, at, who, "pressed", label, by=who, message_id=message.message_id)
    return None


def _of_text(text: PretendText, at: datetime, names: dict[str, str]) -> Sight | None:
    own = text.by == "person"
    who = names.get(text.sender if own else text.to)
    if who is None:
        return None
    return Sight(0, at, who, "said" if own else "text", text.body, by=who if own else text.by)


def _of_message(
    message: PretendMessage, at: datetime, names: dict[str, str], *, edit: bool
) -> Sight | None:
    who = names.get(str(message.chat_id))
    if not who or not message.text:
        return None
    by = names.get(str(message.sender_id), "bot")
    labels = tuple(label for row in message.buttons for label, _ in row)
    kind = "said" if by != "bot" else "edit" if edit else "text"
    return Sight(0, at, who, kind, message.text, labels, by, message.message_id)


@asynccontextmanager
async def valley(seed: int, *, live: bool) -> AsyncIterator[Valley]:
    """A village with its bot, in a folder of its own that is gone afterwards."""
    clock = VirtualClock(START)
    token = f"7000000001:{secrets.token_urlsafe(26)}"
    account, password = f"AC{secrets.token_hex(16)}", secrets.token_hex(16)
    telegram = PretendTelegram(clock, token)
    twilio = PretendTwilio(clock, account, password, BOT_NUMBER, instant=True)
    with tempfile.TemporaryDirectory(prefix="popround-demo-") as folder:
        settings = Settings(
            _env_file=None,
            database_url=f"sqlite+aiosqlite:///{Path(folder) / 'demo.db'}",
            public_url=PUBLIC,
            host="127.0.0.1",
            port=8000,
            telegram_token=SecretStr(token),
            telegram_api_url=await telegram.start(),
            telegram_webhook_secret=SecretStr(secrets.token_urlsafe(24)),
            telegram_messages_per_second=30,
            twilio_account_sid=account,
            twilio_auth_token=SecretStr(password),
            twilio_number=BOT_NUMBER,
            twilio_api_url=await twilio.start(),
            twilio_segments_per_second=1,
            secret_key=SecretStr(secrets.token_urlsafe(32)),
            log_level="ERROR",
        )
        bot = Popround(settings, clock=clock, chance=random.Random(seed))  # noqa: S311
        server = LoopbackServer(bot.web)
        reached = await server.start()
        telegram.reach(PUBLIC, reached)
        twilio.reach(PUBLIC, reached)
        made = Valley(clock, bot, telegram, twilio, {}, live)
        listeners: list[asyncio.Task[None]] = []
        try:
            await _move_in(made, seed)
            await bot.set_up()
            with telegram.feed.listen() as one, twilio.feed.listen() as other:
                listeners = [asyncio.create_task(made.listen(queue)) for queue in (one, other)]
                await asyncio.sleep(0)
                if live:
                    await bot.start(look_every=LOOK_EVERY)
                await telegram.adds_bot(int(made.chats[ALL_STREET]), int(made.chats["ana"]))
                await made.settle()
                yield made
        finally:
            for task in listeners:
                task.cancel()
            await server.stop()
            await _stop(bot, live=live)
            await telegram.stop()
            await twilio.stop()


async def _move_in(made: Valley, seed: int) -> None:
    """Everybody gets a phone, and all but the newcomer are in the bot's database."""
    migrations.upgrade(made.bot.settings.database_url)
    async with made.bot.database.transaction() as tx:
        group = await groups.add(tx, GROUP)
        for person in people(seed, made.clock.now()):
            made.people[person.key] = person
            chat = person.phone
            if person.channel is Channel.TELEGRAM:
                user = made.telegram.person(person.first, last_name=person.name.split()[-1])
                made.telegram.met_before(user)
                chat = str(user)
            made.chats[person.key] = chat
            if not person.new:
                member = replace(person.member, community_id=group.id)
                kept = await members.add(tx, member, Address(person.channel, chat))
                if member.paused_until:
                    await due.at(tx, DueKind.BACK, kept.id, member.paused_until)
                made.member_ids[person.key] = kept.id
    # Ana made the street's chat, so she comes first.
    neighbours = sorted(
        (person for person in made.people.values() if person.in_street),
        key=lambda person: person.kind != "organiser",
    )
    ids = [int(made.chats[person.key]) for person in neighbours]
    made.chats[ALL_STREET] = str(await made.telegram.group(STREET, ids))


async def _stop(bot: Popround, *, live: bool) -> None:
    if live:
        await bot.stop()
        return
    for adapter in bot.adapters:
        await adapter.close()
    await bot.database.close()
    await asyncio.sleep(0)
