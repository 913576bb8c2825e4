"""How fast a channel may send: budgets that never bring about the provider's own "too many"."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.clock import Clock

NEARLY = 1e-4
"""What is missing by so little is there: clocks count in microseconds."""


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

    def wait(self) -> float:
        """Seconds until one may be spent; 0 if it may be now."""
        now = self.clock.monotonic()
        # The clock's count may be coarse, but never runs backwards.
        self._have = min(self.burst, self._have + (now - self._at) * self.rate)
        self._at = now
        missing = 1.0 - self._have
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


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel's provider allows, with room to spare where it counts by its own clock."""

    overall: float
    """Messages (or segments of texts) a second."""
    overall_burst: float
    per_chat: float = 0.0
    """Messages a second to one person; 0: no such limit."""
    per_group: float = 0.0
    """Messages a second to one group chat."""
    chat_burst: float = 1.0
    in_flight: int = 16
    by_segment: bool = False


def telegram_limits(per_second: float = 30.0) -> Limits:
    """Telegram's (core.telegram.org/bots/faq): about 30 a second, 1 a second in one chat with short
    bursts allowed, 20 a minute in one group.

    Telegram counts over any second and any minute, so a burst and what comes after it within that
    time must fit together: 5 + 24 + 1 in a second, 3 + 16 + 1 in a minute.
    """
    burst = max(1.0, per_second / 6)
    return Limits(
        overall=max(per_second / 2, per_second - burst - 1),
        overall_burst=burst,
        per_chat=0.9,
        per_group=16 / 60,
        chat_burst=3,
    )


def sms_limits(segments_per_second: float = 1.0) -> Limits:
    """Twilio's, for one number. Faster would only fill its queue, where an urgent text can't
    overtake (twilio.com/docs, "Understanding Twilio rate limits and message queues")."""
    return Limits(overall=segments_per_second, overall_burst=1, in_flight=4, by_segment=True)
