"""How fast a provider lets a bot send, as flood control that remembers who did not wait."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass

from bot.clock import Clock


@dataclass(frozen=True, slots=True)
class TelegramSpeed:
    """Telegram, "Bots FAQ", My bot is hitting limits: about 30 messages a second over all, one a
    second in one chat with short bursts allowed, 20 a minute in a group. Telegram does not promise
    these numbers: `extra_wait` (seconds on top of every `retry_after`) and other values let a test
    see that nobody relies on them."""

    overall_per_second: int = 30
    chat_per_second: float = 1.0
    chat_burst: int = 3
    group_per_minute: int = 20
    extra_wait: int = 0
    count_edits: bool = True


class Window:
    """At most so many in any stretch of so many seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._times: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Seconds until one more is allowed; 0 if it is now."""
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        if len(self._times) < self._most:
            return 0.0
        return self._times[-self._most] + self._seconds - now

    def take(self, now: float) -> None:
        self._times.append(now)


class Bucket:
    """A burst at once, then one for each drop that comes back."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._full = float(burst)
        self._at: float | None = None

    def wait(self, now: float) -> float:
        if self._at is not None:
            come_back = (now - self._at) * self._per_second
            self._full = min(float(self._burst), self._full + come_back)
        self._at = now
        missing = 1.0 - self._full
        return missing / self._per_second if missing > 1e-6 else 0.0

    def take(self, now: float) -> None:
        self._full -= 1.0


class TelegramLimits:
    """Flood control of one bot. Whoever calls before `retry_after` is over is sent away again."""

    def __init__(self, clock: Clock, speed: TelegramSpeed) -> None:
        self._clock = clock
        self._speed = speed
        self._overall = Window(speed.overall_per_second, 1.0)
        self._chats: dict[int, Window | Bucket] = {}
        self._until: dict[Hashable, float] = {}
        self.did_not_wait = 0

    def check(self, chat_id: int, *, group: bool, edit: bool = False) -> int:
        """0 and counted if one more message may go to that chat now; else `retry_after`, whole
        seconds, at least 1."""
        if edit and not self._speed.count_edits:
            return 0
        now = self._clock.monotonic()
        chat = self._chats.get(chat_id)
        if chat is None:
            chat = (
                Window(self._speed.group_per_minute, 60.0)
                if group
                else Bucket(self._speed.chat_per_second, self._speed.chat_burst)
            )
            self._chats[chat_id] = chat
        for who, limit in (("all", self._overall), (chat_id, chat)):
            told = self._until.get(who, 0.0) - now
            if told > 1e-6:
                self.did_not_wait += 1
                return max(1, math.ceil(told - 1e-6))
            wait = limit.wait(now)
            if wait > 0:
                seconds = max(1, math.ceil(wait - 1e-6)) + self._speed.extra_wait
                self._until[who] = now + seconds
                return seconds
        self._overall.take(now)
        chat.take(now)
        return 0


class CallRate:
    """So many calls a second of a REST API; 0 is no limit."""

    def __init__(self, clock: Clock, per_second: int) -> None:
        self._clock = clock
        self._window = Window(per_second, 1.0) if per_second else None

    def allows(self) -> bool:
        if self._window is None:
            return True
        now = self._clock.monotonic()
        if self._window.wait(now) > 0:
            return False
        self._window.take(now)
        return True
