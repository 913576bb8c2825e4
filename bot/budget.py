"""How fast a channel may send: as fast as its provider allows, and never so fast that the provider
has to say "too many"."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from bot.clock import Clock
from storage.model import Priority

NEARLY = 1e-4
"""What is missing by so little is there: clocks count in microseconds."""

BULK = frozenset({Priority.REMINDER, Priority.BROADCAST})
"""What may come by the thousand, and is spread out so that an answer to somebody always finds a gap
close by."""

NEVER = 60.0
"""Seconds of a wait that an answer will end, or another look."""


@dataclass
class Budget:
    """So much a second, and `burst` at once. One is spent when one is there; a message that takes
    more (a text of three parts) overdraws it, which is then waited for."""

    clock: Clock
    rate: float
    """A second."""
    burst: float
    """At least 1."""
    _have: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._have, self._at = self.burst, self.clock.monotonic()

    def wait(self, *, overdrawn: float = 0.0) -> float:
        """Seconds until one may be spent, or until no more than so much is overdrawn; 0 if it may
        be now."""
        now = self.clock.monotonic()
        # The clock's count may be coarse, but never runs backwards.
        self._have = min(self.burst, self._have + (now - self._at) * self.rate)
        self._at = now
        missing = 1.0 - overdrawn - self._have
        return missing / self.rate if missing > NEARLY else 0.0

    def ready(self) -> int:
        """How many may be spent now."""
        self.wait()
        return max(0, int(self._have + NEARLY))

    def spend(self, amount: float = 1.0) -> None:
        """Take so much, whether or not it is there."""
        self.wait()
        self._have -= amount

    @property
    def full(self) -> bool:
        """Whether nothing has been spent that has not come back."""
        self.wait()
        return self._have >= self.burst - NEARLY


@dataclass(slots=True)
class Ticket:
    """The right to make one call."""

    at: float
    """When it may leave, by the clock's `monotonic()`: now, or some thousandths of a second on."""
    began: float = 0.0
    """When it left."""


class Pace(Protocol):
    """How fast a whole channel may send."""

    @property
    def per_second(self) -> float:
        """What it allows itself just now."""
        ...

    def wait(self, priority: Priority) -> float:
        """Seconds until a message so pressing may go; 0 if it may now. Never longer for one that is
        more pressing."""
        ...

    def ready(self) -> int:
        """How many may be chosen at once, as soon as any may go; at least 1."""
        ...

    def take(self, priority: Priority, parts: int) -> Ticket:
        """One goes; `parts`: what it is charged as."""
        ...

    def left(self, ticket: Ticket) -> None:
        """The call leaves now."""
        ...

    def rests(self) -> None:
        """Bulk might have gone, and there was none."""
        ...

    def came(self, ticket: Ticket, *, answered: bool) -> None:
        """The call has ended, with an answer or without."""
        ...

    def refused(self) -> None:
        """The provider said "too many" all the same."""
        ...


TRUST = 0.8
"""How much of the quickest round trip is taken for the least that any trip takes. Not all of it:
the way there and the way back differ, and the quickest of a hundred is not the quickest of all."""

TRIPS = 100
"""Recent calls among which the quickest is looked for; fewer than a fifth of them say nothing."""

FEWER = 0.8
"""After a "too many", this share of what was allowed before."""

MORE_AFTER, BEYOND_AFTER = 5.0, 60.0
"""Seconds without a "too many" after which one more a second is tried: up to just below where it
came last, and beyond that."""

GUARD = 0.0005
"""Seconds given away on each place, since clocks are coarse and theirs is not ours."""

CLOSEST, LATE = 0.8, 1.0
"""How close bulk may follow bulk, in even distances, to make up for what left late; and how many
seconds of lateness are made up for. No closer: a heap comes back each second, as its places come
free together, and an answer to somebody waits in the gap behind it, of up to the rest of a second
(at 0.5 one in a hundred waited 0.4 s)."""


class Window:
    """At most so many in any second, as counted by a provider to whom every call takes a time of
    its own, and who counts when a call arrives.

    When that was is not known, only that it was before the answer came. So a call takes a place,
    and the place is free again one second after its *answer*, less what even the quickest call
    takes: whatever order calls arrive in, no second then holds more than the limit. What is lost by
    it is only how much slower than the quickest a call was. The proof is a property of
    `tests/bot/test_budget.py`.

    Bulk keeps an even distance where it can. What is pressing takes any place that is free.
    """

    def __init__(self, clock: Clock, per_second: float) -> None:
        """It begins as if the whole second before had been used, for it may have been: by the
        process before us."""
        self._clock = clock
        self._span = max(1.0, 1.0 / per_second)
        self._most = max(1, int(per_second))
        self._places = self._most
        now = clock.monotonic()
        even = self._span / self._most
        self._free_at: list[float] = [now + even * n for n in range(1, self._most + 1)]
        """When each place that is taken and answered for is free again, the soonest first."""
        self._out = 0
        """Calls that have no answer yet."""
        self._bulk_at = self._bulk_due = now - self._span
        """When bulk went last, and when it is its turn again."""
        self._trips: deque[float] = deque(maxlen=TRIPS)
        self._refused_at = float("-inf")
        self._grown_at = now
        self._ceiling = float("inf")
        """The number of places with which the provider last said "too many"."""

    @property
    def per_second(self) -> float:
        """See `Pace.per_second`."""
        self._grow()
        return self._places / self._span

    def wait(self, priority: Priority) -> float:
        """See `Pace.wait`."""
        self._grow()
        now = self._clock.monotonic()
        self._forget(now)
        over = self._out + len(self._free_at) - self._places + 1
        wait = 0.0
        if over > len(self._free_at):
            return NEVER  # only an answer makes room
        if over > 0:
            wait = max(0.0, self._free_at[over - 1] - now)
        if priority in BULK:
            closest = self._bulk_at + CLOSEST * self._span / self._places
            wait = max(wait, closest - now, self._bulk_due - now)
        return wait if wait > NEARLY else 0.0

    def ready(self) -> int:
        """See `Pace.ready`."""
        self._forget(self._clock.monotonic())
        return max(1, self._places - self._out - len(self._free_at))

    def take(self, priority: Priority, parts: int = 1) -> Ticket:
        """See `Pace.take`."""
        at = self._clock.monotonic() + min(self.wait(priority), self._span)
        self._out += 1
        if priority in BULK:
            self._bulk_at = at
            self._bulk_due = max(self._bulk_due, at - LATE) + self._span / self._places
        return Ticket(at, at)

    def left(self, ticket: Ticket) -> None:
        """See `Pace.left`."""
        ticket.began = self._clock.monotonic()

    def rests(self) -> None:
        """See `Pace.rests`. What was not there to go is not made up for: the first of a thousand
        would go in a heap, and leave a gap behind it in every second that follows."""
        self._bulk_due = max(self._bulk_due, self._clock.monotonic())

    def came(self, ticket: Ticket, *, answered: bool) -> None:
        """See `Pace.came`. A call without an answer may have arrived until this moment."""
        now = self._clock.monotonic()
        self._out -= 1
        credit = 0.0
        if answered:
            self._trips.append(now - ticket.began)
            if len(self._trips) * 5 >= TRIPS:
                credit = TRUST * min(self._trips)
        insort(self._free_at, now + self._span + GUARD - min(credit, self._span / 2))

    def refused(self) -> None:
        """See `Pace.refused`. Several at once, of calls that were out together, count as one."""
        now = self._clock.monotonic()
        if now - self._refused_at < self._span:
            return
        self._refused_at = self._grown_at = now
        self._ceiling = self._places
        self._places = max(1, int(self._places * FEWER))
        self._trips.clear()  # perhaps it was that trust that was wrong

    def _grow(self) -> None:
        if self._places >= self._most:
            return
        now = self._clock.monotonic()
        while self._places < self._most:
            wait = MORE_AFTER if self._places + 1 < self._ceiling else BEYOND_AFTER
            if now - self._grown_at < wait:
                return
            self._grown_at += wait
            self._places += 1

    def _forget(self, now: float) -> None:
        del self._free_at[: bisect_right(self._free_at, now + NEARLY)]


AHEAD = 4.0
"""Seconds of a number's work (or two segments, where that is more) that an emergency may be handed
over early: it must not wait here until a long text before it has gone."""

SLACK = 0.02
"""Seconds by which we may wake too late without losing any of what a number may send."""


class Line:
    """So many segments of texts a second, of one number. Faster would only fill the provider's
    queue, where an urgent text can't overtake."""

    def __init__(self, clock: Clock, per_second: float) -> None:
        self._clock = clock
        self._most = per_second
        self._budget = Budget(clock, per_second, 1 + per_second * SLACK)
        self._refused_at = float("-inf")
        self._grown_at = clock.monotonic()

    @property
    def per_second(self) -> float:
        """See `Pace.per_second`."""
        self._grow()
        return self._budget.rate

    def wait(self, priority: Priority) -> float:
        """See `Pace.wait`."""
        self._grow()
        ahead = max(AHEAD * self._budget.rate, 2.0)
        return self._budget.wait(overdrawn=ahead if priority is Priority.EMERGENCY else 0.0)

    def ready(self) -> int:
        """See `Pace.ready`. Texts are chosen as late as can be, so that an urgent one never waits
        behind what was chosen a moment before it."""
        return max(1, self._budget.ready())

    def take(self, priority: Priority, parts: int) -> Ticket:
        """See `Pace.take`."""
        now = self._clock.monotonic()
        self._budget.spend(parts)
        return Ticket(now, now)

    def left(self, ticket: Ticket) -> None:
        """See `Pace.left`."""

    def rests(self) -> None:
        """See `Pace.rests`."""

    def came(self, ticket: Ticket, *, answered: bool) -> None:
        """See `Pace.came`."""

    def refused(self) -> None:
        """See `Pace.refused`."""
        now = self._clock.monotonic()
        if now - self._refused_at >= 1.0:
            self._refused_at = self._grown_at = now
            self._set(max(self._most / 10, self._budget.rate * FEWER))

    def _grow(self) -> None:
        now = self._clock.monotonic()
        while self._budget.rate < self._most and now - self._grown_at >= MORE_AFTER:
            self._grown_at += MORE_AFTER
            self._set(min(self._most, self._budget.rate + self._most / 30))

    def _set(self, rate: float) -> None:
        self._budget.wait()
        self._budget.rate = rate


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel's provider allows."""

    overall: float
    """Messages (or segments of texts) a second."""
    per_chat: float = 0.0
    """Messages a second to one person; 0: no such limit."""
    per_group: float = 0.0
    """Messages a second to one group chat."""
    chat_burst: float = 1.0
    in_flight: int = 16
    """Calls under way at once."""
    in_flight_bulk: int = 12
    """How many of them may be bulk."""
    by_segment: bool = False

    def pace(self, clock: Clock) -> Pace:
        """The pace that keeps to it, as it begins."""
        return Line(clock, self.overall) if self.by_segment else Window(clock, self.overall)


def telegram_limits(per_second: float = 30.0) -> Limits:
    """Telegram's (core.telegram.org/bots/faq): about 30 a second, 1 a second in one chat with short
    bursts allowed, 20 a minute in one group.

    Telegram counts over any second and any minute, so a burst and what comes after it within that
    time must fit together: 3 + 16 + 1 in a group's minute. A chat's is spent when the answer comes,
    and the next to it goes only then, so that no trip's length can break it.
    """
    # 32 lines is what the adapter opens. At 30 a second they carry answers that take a second each.
    return Limits(
        overall=per_second,
        per_chat=0.95,
        per_group=16 / 60,
        chat_burst=3,
        in_flight=30,
        in_flight_bulk=24,
    )


def sms_limits(segments_per_second: float = 1.0) -> Limits:
    """Twilio's, for one number (twilio.com/docs, "Understanding Twilio rate limits and message
    queues"): its own queue is kept nearly empty, and lasts ten hours."""
    # A third of a second to an answer, and some more: a fast number needs many calls at once.
    lines = max(4, min(32, round(segments_per_second / 2)))
    return Limits(
        overall=segments_per_second,
        in_flight=lines,
        in_flight_bulk=lines - max(1, lines // 4),
        by_segment=True,
    )
