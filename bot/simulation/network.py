"""The clock and the network of the town: what the bot believes the time to be, and the lines by
which it reaches people.

The lines stand where the HTTP hop is in life. A `Line` is a channel adapter like the real ones: it
is given what the sender claimed and says how that went, and what people write goes into the real
inbox. It knows nothing of the database: what was said is in `told`, as people saw it.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from bot.channels.base import Finding, Received, Route, Sent, UnknownOutcomeError
from bot.channels.twilio_sms import CLOCKS_DIFFER
from handlers.rules.segments import segments
from storage.model import (
    Address,
    Channel,
    DeliveryReceipt,
    InboundKind,
    InboundMessage,
    OutboundKind,
    OutboundMessage,
    Priority,
    SendStatus,
)

SEEN = frozenset({OutboundKind.TEXT, OutboundKind.EDIT, OutboundKind.TOAST})
"""What people see of all that providers are told."""


class TownClock:
    """True time, which only goes on, and what the machine's clock says of it: `wrong` by so much.
    Whoever asks how much time has gone by is told the truth, as by a machine's own counter."""

    def __init__(self, start: datetime) -> None:
        self.start = self.true = start
        self.wrong = timedelta(0)
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def now(self) -> datetime:
        return self.true + self.wrong

    def monotonic(self) -> float:
        return (self.true - self.start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Wait until somebody lets so much true time go by."""
        waking = asyncio.get_running_loop().create_future()
        until = self.true + timedelta(seconds=seconds)
        heapq.heappush(self._sleepers, (until, next(self._numbers), waking))
        await waking

    @property
    def sleeping(self) -> int:
        """How many wait for time to go by."""
        return len(self._sleepers)

    @property
    def next_waking(self) -> datetime | None:
        """When the next of them wakes, in true time."""
        return self._sleepers[0][0] if self._sleepers else None

    def forget_sleepers(self) -> None:
        """Those who slept are dead."""
        self._sleepers.clear()

    def go_to(self, moment: datetime) -> None:
        """Let true time go on until then."""
        self.true = max(self.true, moment)
        while self._sleepers and self._sleepers[0][0] <= self.true:
            waking = heapq.heappop(self._sleepers)[2]
            if not waking.done():
                waking.set_result(None)

    def advance(self, seconds: float) -> None:
        """Let so much go by; less where somebody wakes before."""
        moment = self.true + timedelta(seconds=max(seconds, 0.001))
        self.go_to(min(moment, self.next_waking or moment))


@dataclass(frozen=True, slots=True)
class Told:
    """Something that somebody saw, or what an earlier message became."""

    at: datetime
    """In true time: when it left the bot."""
    to: Address
    kind: OutboundKind
    words: str
    buttons: tuple[tuple[str, str], ...]
    ident: str
    """The provider's own id of it."""
    edits: str = ""
    outbox: int = 0
    """Our own id of it."""
    priority: Priority = Priority.REPLY
    about: Mapping[str, object] = field(default_factory=dict)


class Weather:
    """How the network is: always fair. `faults.Storm` is not."""

    async def before(self, line: Line, message: OutboundMessage) -> None:
        """A call is about to reach the provider. Raises a `SendError` where it does not."""

    def after(self, line: Line, message: OutboundMessage) -> None:
        """The provider took it. Raises `UnknownOutcomeError` where its answer is lost."""

    def asked(self, line: Line) -> None:
        """A provider is asked what it was given. Raises a `SendError` where it can't be."""

    def fails(self, line: Line, message: OutboundMessage) -> str:
        """With which of its codes the provider will say that a text did not arrive; or with none,
        and it does."""
        return UNREACHABLE if message.chat in line.off else ""


UNREACHABLE = "30005"
"""Twilio's code for a handset that is not there: not tried again."""


def _to_nobody(_said: object) -> None: ...


@dataclass
class Line:
    """One channel, from the bot's end to people's phones."""

    channel: Channel
    clock: TownClock
    can: frozenset[OutboundKind]
    told: list[Told] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)
    """Our own ids of the texts that the provider was given."""
    parts: int = 0
    """What those were charged as, where that costs something."""
    heard: Callable[[Told], None] = _to_nobody
    """Called with each thing that somebody sees."""
    note: Callable[[str], None] = _to_nobody
    at_point: Callable[[str], None] = _to_nobody
    """Called at the named points of a call: a test may have the process die there."""
    weather: Weather = field(default_factory=Weather)
    off: set[str] = field(default_factory=set)
    """Phones that are off: what is sent there is taken, and does not arrive."""
    reports: bool = True
    """Whether it is said of every text that it arrived, and not only if one did not."""
    receipts: deque[DeliveryReceipt] = field(default_factory=deque)
    routes: tuple[Route, ...] = ()
    calls_again: bool = True
    vouches: bool = field(init=False)
    _ids: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.vouches = self.channel is Channel.TELEGRAM

    async def send(self, message: OutboundMessage) -> Sent:
        left = self.clock.true
        self.at_point("before it left")
        await self.weather.before(self, message)
        ident = f"{self.channel.value}{next(self._ids)}"
        if message.kind in SEEN:
            told = Told(
                left,
                Address(self.channel, message.chat),
                message.kind,
                message.text,
                message.buttons,
                ident,
                message.edits,
                message.id,
                message.priority,
                message.about,
            )
            code = self.weather.fails(self, message) if self.channel is Channel.SMS else ""
            if message.kind is OutboundKind.TEXT:
                self.taken.append(message.id)
                self.parts += segments(message.text) if self.channel is Channel.SMS else 0
            if self.channel is Channel.SMS and (code or self.reports):
                status = SendStatus.FAILED if code else SendStatus.DELIVERED
                self.receipts.append(DeliveryReceipt(self.channel, ident, status, code, message.id))
            if code:
                self.note(f"{ident} of #{message.id} does not arrive: {code}")
            else:
                self.told.append(told)
                self.heard(told)
        self.at_point("taken and not answered")
        self.weather.after(self, message)
        return Sent(ident)

    async def look_up(self, message: OutboundMessage) -> list[Sent]:
        """Texts can be asked after, as at Twilio; what Telegram was given can't."""
        if self.channel is Channel.TELEGRAM:
            raise UnknownOutcomeError("can't be asked")
        self.weather.asked(self)
        since = message.created_at - CLOCKS_DIFFER
        return [
            Sent(told.ident)
            for told in self.told
            if told.to.value == message.chat and told.words == message.text and told.at >= since
        ]

    def receive(
        self, route: Route, headers: Mapping[str, str], body: bytes, query: str
    ) -> Received:
        raise AssertionError("nobody calls")

    async def poll(self, cursor: str) -> tuple[Received, str]:
        raise AssertionError("nobody is asked")

    async def set_up(self) -> None: ...

    async def check(self) -> list[Finding]:
        return []

    async def close(self) -> None: ...


@dataclass
class Network:
    """Both lines, and what people send along them."""

    clock: TownClock
    lines: dict[Channel, Line] = field(init=False)
    _ids: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        text = frozenset({OutboundKind.TEXT})
        self.lines = {
            Channel.TELEGRAM: Line(Channel.TELEGRAM, self.clock, frozenset(OutboundKind)),
            Channel.SMS: Line(Channel.SMS, self.clock, text),
        }

    def words(self, sender: Address, words: str) -> InboundMessage:
        """What somebody writes, as the inbox gets it."""
        number = str(next(self._ids))
        return InboundMessage(
            sender.channel, number, sender.value, sender.value, InboundKind.TEXT, words
        )

    def press(self, sender: Address, button: str) -> InboundMessage:
        """The same of a button that somebody presses."""
        number = str(next(self._ids))
        pressed = InboundMessage(
            sender.channel, number, sender.value, sender.value, InboundKind.BUTTON
        )
        return replace(pressed, button=button, answers=f"press{number}")

    def take_receipts(self) -> tuple[DeliveryReceipt, ...]:
        """What providers say became of texts, since this was last asked."""
        taken = tuple(receipt for line in self.lines.values() for receipt in line.receipts)
        for line in self.lines.values():
            line.receipts.clear()
        return taken

    @property
    def told(self) -> list[Told]:
        """Everything that anybody saw, in order."""
        both = [told for line in self.lines.values() for told in line.told]
        return sorted(both, key=lambda told: told.at)
