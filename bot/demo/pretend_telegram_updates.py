"""Updates on their way to the bot: kept 24 hours, by webhook in order per chat, or polled.

Behaviour from "Telegram Bot API", Getting updates (kept 24 hours, confirmed by offset, webhook and
polling exclude each other) and from Telegram's own open-source server, telegram-bot-api,
WebhookActor: a failed update is tried again at once, then after 2, 4, 8 … 60 seconds or as
`Retry-After` says (an hour at most); the later ones of its chat wait, other chats do not.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.clock import Clock
from bot.demo.pretend_server import Agenda, Feed, Postman, first_of
from bot.demo.pretend_telegram_world import JSON, TelegramError

KEPT_SECONDS = 24 * 3600
SLOWEST_RETRY = 60.0
LONGEST_RETRY_AFTER = 3600.0


@dataclass(eq=False)
class Waiting:
    """An update that the bot has not taken yet."""

    update: JSON
    lane: int
    at: float
    first: asyncio.Future[bool]
    failed: int = 0
    delay: float = 1.0

    def tried(self, taken: bool) -> None:
        if not self.first.done():
            self.first.set_result(taken)


class Updates:
    """The queue of one bot. A lane is a chat: its updates never overtake each other."""

    def __init__(self, clock: Clock, agenda: Agenda, postman: Postman, feed: Feed) -> None:
        self._clock = clock
        self._agenda = agenda
        self._postman = postman
        self._feed = feed
        self._ids = itertools.count(900_000_001)
        self._queue: dict[int, Waiting] = {}
        self._lanes: dict[int, deque[Waiting]] = {}
        self._retry_at: dict[int, float] = {}
        self._news = asyncio.Event()
        self.polls = 0
        self._slots = asyncio.Semaphore(40)
        self.url = ""
        self.secret = ""
        self.allowed: list[str] = []
        self.max_connections = 40
        self.last_error: tuple[int, str] | None = None
        self.repeat = 0
        """How many times over the next update is delivered once more (at-least-once)."""
        self._delivered: deque[int] = deque(maxlen=10_000)
        self.stopping = asyncio.Event()

    @property
    def pending(self) -> int:
        self._forget_old()
        return len(self._queue)

    @property
    def delivered(self) -> list[int]:
        return list(self._delivered)

    def set_webhook(self, url: str, secret: str, max_connections: int) -> None:
        self.url, self.secret, self.max_connections = url, secret, max_connections
        self._slots = asyncio.Semaphore(max_connections)
        self.last_error = None
        self._retry_at.clear()
        self._wake_polls()
        for lane in self._lanes:
            self._agenda.at(self._clock.monotonic(), ("updates", lane), self._delivering(lane))

    def drop_all(self) -> None:
        for waiting in list(self._queue.values()):
            self._drop(waiting)

    async def offer(self, content: JSON, lane: int) -> bool:
        """Put one update in the queue. With a webhook: whether the bot took it at the first try."""
        kind = next(key for key in content if key != "update_id")
        if self.allowed and kind not in self.allowed:
            return False
        self._forget_old()
        update_id = int(content.get("update_id") or next(self._ids))
        if update_id in self._queue:
            return not self.url
        now = self._clock.monotonic()
        waiting = Waiting(
            {**content, "update_id": update_id},
            lane,
            now,
            asyncio.get_running_loop().create_future(),
        )
        self._queue[update_id] = waiting
        self._lanes.setdefault(lane, deque()).append(waiting)
        self._wake_polls()
        if not self.url:
            return True
        if self._retry_at.get(lane, 0.0) > now:
            return False
        self._agenda.at(now, ("updates", lane), self._delivering(lane))
        return await waiting.first

    async def poll(
        self, offset: int, limit: int, wait: float, caller_left: Awaitable[None]
    ) -> list[JSON]:
        """getUpdates. The newer of two polls ends the older one with a 409, as Telegram does."""
        left = asyncio.ensure_future(caller_left)
        try:
            self._no_webhook()
            self._confirm(offset)
            self.polls += 1
            mine = self.polls
            self._feed.tell("poll")
            self._wake_polls()
            until = self._clock.monotonic() + wait
            while True:
                ready = [waiting.update for waiting in self._queue.values()][:limit]
                rest = until - self._clock.monotonic()
                if ready or rest <= 0 or left.done() or self.stopping.is_set():
                    return ready
                await first_of(
                    self._news.wait(),
                    self._clock.sleep(rest),
                    self.stopping.wait(),
                    asyncio.wait([left]),
                )
                self._no_webhook()
                if mine != self.polls:
                    raise TelegramError(
                        409,
                        "Conflict: terminated by other getUpdates request; "
                        "make sure that only one bot instance is running",
                    )
        finally:
            left.cancel()

    def release(self) -> None:
        """Nobody waits for anything any more: the pretend is closing."""
        self.stopping.set()
        for waiting in self._queue.values():
            waiting.tried(False)

    def _no_webhook(self) -> None:
        if self.url:
            raise TelegramError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )

    def _wake_polls(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _confirm(self, offset: int) -> None:
        self._forget_old()
        known = sorted(self._queue)
        if offset < 0:
            offset = known[max(0, len(known) + offset)] if known else 0
        for update_id in known:
            if update_id < offset:
                self._delivered.append(update_id)
                self._drop(self._queue[update_id])

    def _drop(self, waiting: Waiting) -> None:
        self._queue.pop(waiting.update["update_id"], None)
        lane = self._lanes.get(waiting.lane, deque())
        if waiting in lane:
            lane.remove(waiting)
            if not lane:
                del self._lanes[waiting.lane]
        waiting.tried(False)

    def _forget_old(self) -> None:
        old = self._clock.monotonic() - KEPT_SECONDS
        for waiting in list(self._queue.values()):
            if waiting.at > old:
                break  # the queue is in order of time
            self._drop(waiting)

    def _delivering(self, lane: int) -> Callable[[], Awaitable[None]]:
        async def deliver() -> None:
            await self._deliver(lane)

        return deliver

    async def _deliver(self, lane: int) -> None:
        if self._retry_at.get(lane, 0.0) > self._clock.monotonic() + 1e-6:
            return
        self._retry_at.pop(lane, None)
        while self.url and (waiting_here := self._lanes.get(lane)):
            head = waiting_here[0]
            headers = {"Content-Type": "application/json"}
            if self.secret:
                headers["X-Telegram-Bot-Api-Secret-Token"] = self.secret
            body = json.dumps(head.update).encode()
            async with self._slots:
                posted = await self._postman.post(self.url, body, headers)
                if posted.taken:
                    again, self.repeat = self.repeat, 0
                    for _ in range(again):
                        await self._postman.post(self.url, body, headers)
            if posted.taken:
                self._delivered.append(head.update["update_id"])
                head.tried(True)
                self._drop(head)
                continue
            self.last_error = (int(self._clock.now().timestamp()), posted.error)
            wait = min(posted.retry_after, LONGEST_RETRY_AFTER)
            if not wait and head.failed:
                head.delay = min(SLOWEST_RETRY, head.delay * 2)
                wait = head.delay
            head.failed += 1
            for waiting in waiting_here:
                waiting.tried(False)
            now = self._clock.monotonic()
            if now + wait > head.at + KEPT_SECONDS:
                self._drop(head)
                continue
            self._retry_at[lane] = now + wait
            self._agenda.at(now + wait, ("updates", lane), self._delivering(lane))
            return
        for waiting in self._lanes.get(lane, ()):
            waiting.tried(True)  # the webhook went away: they wait to be polled
