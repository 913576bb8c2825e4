"""The demo's page: everybody's phone, the map, the log and the clock, over HTTP on loopback.

What is shown is one JSON document. The page gets it whole once (`/api/state`), and after that only
the parts of it that changed (`/api/events`, server-sent events).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.demo.chronicle import Chronicle
from bot.demo.habits import Habits
from bot.demo.scene import JSON, picture
from bot.demo.valley import ALL_STREET, Valley
from storage.database import StorageUnavailableError
from storage.model import Channel

STATIC = Path(__file__).parent / "static"
SPEEDS = (0, 1, 10, 60, 600)
LONGEST = 1000
"""Characters that somebody may write at once."""

LARGEST_BODY = 16 * 1024

OFTEN = 0.25
"""Real seconds between two pictures of the village."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'",
    "X-Content-Type-Options": "nosniff",
}


@dataclass
class Page:
    """What the page is told, and what it may do."""

    valley: Valley
    habits: Habits
    chronicle: Chronicle = field(default_factory=Chronicle)
    state: JSON = field(default_factory=dict)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _watchers: set[asyncio.Queue[str]] = field(default_factory=set)
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _travel: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Keep the picture true, for as long as the page is served."""
        while True:
            await self.look()
            self.valley.stirred.clear()
            try:
                async with asyncio.timeout(1.0):
                    await self.valley.stirred.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(0.05 if self.valley.travelling else OFTEN)

    async def look(self) -> None:
        """Draw the picture anew and tell every watcher what changed."""
        async with self._looking:
            try:
                fresh = await picture(self.valley, self.habits, self.chronicle)
            except StorageUnavailableError:
                return
            patch = {k: v for k, v in fresh.items() if k != "chats" and self.state.get(k) != v}
            before = self.state.get("chats", {})
            chats = {k: v for k, v in fresh["chats"].items() if before.get(k) != v}
            if chats:
                patch["chats"] = chats
            self.state = fresh
            if patch:
                news = json.dumps(patch, separators=(",", ":"))
                for queue in self._watchers:
                    if queue.qsize() < 200:
                        queue.put_nowait(news)

    def app(self) -> Starlette:
        routes = [
            Route("/", self._index),
            Route("/api/state", self._state),
            Route("/api/events", self._events),
            Route("/api/type", self._type, methods=["POST"]),
            Route("/api/press", self._press, methods=["POST"]),
            Route("/api/clock", self._clock, methods=["POST"]),
            Route("/api/habits", self._habits, methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: _plainly})

    # Looking

    async def _index(self, _: Request) -> Response:
        return Response((STATIC / "index.html").read_bytes(), 200, HEADERS, "text/html")

    async def _state(self, _: Request) -> Response:
        await self.look()
        return JSONResponse(self.state, headers=HEADERS)

    async def _events(self, _: Request) -> Response:
        return StreamingResponse(self._news(), 200, HEADERS, "text/event-stream")

    async def _news(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._watchers.add(queue)
        try:
            # Whole at first: nothing is missed between the page's first look and this.
            yield f"data: {json.dumps(self.state, separators=(',', ':'))}\n\n"
            while not self.stopping.is_set():
                try:
                    async with asyncio.timeout(0.5):
                        yield f"data: {await queue.get()}\n\n"
                except TimeoutError:
                    yield ": still here\n\n"
        finally:
            self._watchers.discard(queue)

    # Doing

    async def _type(self, request: Request) -> Response:
        asked = await _asked(request)
        key = self._who(asked)
        words = asked.get("text")
        if not isinstance(words, str) or not words.strip():
            raise HTTPException(400, "There are no words in that message.")
        if len(words) > LONGEST:
            raise HTTPException(400, f"That is longer than {LONGEST} characters.")
        in_street = self._in_street(asked, key)
        await self.valley.says(key, words.strip(), in_street=in_street)
        return JSONResponse({"ok": True})

    async def _press(self, request: Request) -> Response:
        asked = await _asked(request)
        key = self._who(asked)
        if self.valley.people[key].channel is not Channel.TELEGRAM:
            raise HTTPException(400, "Texts have no buttons: reply with the number instead.")
        message, button = asked.get("message"), asked.get("button")
        if type(message) is not int or type(button) is not int or button < 0:
            raise HTTPException(400, "Say which message and which button, as whole numbers.")
        in_street = self._in_street(asked, key)
        try:
            await self.valley.presses(key, message, button, in_street=in_street)
        except LookupError:
            raise HTTPException(404, "There is no such button any more.") from None
        return JSONResponse({"ok": True})

    async def _clock(self, request: Request) -> Response:
        asked = await _asked(request)
        if "speed" in asked:
            if asked["speed"] not in SPEEDS or isinstance(asked["speed"], bool):
                raise HTTPException(400, "The clock runs at 0, 1, 10, 60 or 600 times life.")
            if self.valley.travelling:
                raise HTTPException(409, "The clock is just being moved on.")
            self.valley.clock.set_speed(float(asked["speed"]))
            self.valley.stirred.set()
            return JSONResponse({"ok": True})
        moment = self._moment(asked.get("jump"))
        if moment is None:
            raise HTTPException(400, "The clock can jump by 10m or 1h, or to tomorrow.")
        if self.valley.travelling:
            raise HTTPException(409, "The clock is just being moved on.")
        self._travel = asyncio.create_task(self.valley.travel(moment))
        await asyncio.sleep(0)
        return JSONResponse({"ok": True})

    def _moment(self, jump: object) -> datetime | None:
        now = self.valley.clock.now()
        spans = {"10m": timedelta(minutes=10), "1h": timedelta(hours=1)}
        if isinstance(jump, str) and jump in spans:
            return now + spans[jump]
        if jump != "tomorrow":
            return None
        here = now.astimezone(ZoneInfo("Europe/London")) + timedelta(days=1)
        return here.replace(hour=9, minute=0, second=0, microsecond=0).astimezone(UTC)

    async def _habits(self, request: Request) -> Response:
        asked = await _asked(request)
        if not isinstance(asked.get("on"), bool):
            raise HTTPException(400, "Say whether neighbours answer by themselves: true or false.")
        self.habits.switch(on=asked["on"])
        self.valley.stirred.set()
        return JSONResponse({"ok": True})

    def _who(self, asked: JSON) -> str:
        key = asked.get("person")
        if not isinstance(key, str) or key not in self.valley.people:
            raise HTTPException(404, "Nobody of that name lives here.")
        return key

    def _in_street(self, asked: JSON, key: str) -> bool:
        chat = asked.get("chat")
        if chat is None:
            return False
        if chat != ALL_STREET:
            raise HTTPException(404, "There is no such chat.")
        if not self.valley.people[key].in_street:
            raise HTTPException(403, f"{self.valley.people[key].first} is not in that chat.")
        return True


async def _asked(request: Request) -> JSON:
    """The JSON object that was posted. Only this page's own scripts can post JSON to us: another
    site's would have to ask first."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise HTTPException(415, "Send JSON.")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise HTTPException(413, "That is too long.")
    try:
        asked: Any = json.loads(body)
    except ValueError:
        raise HTTPException(400, "That is not JSON.") from None
    if not isinstance(asked, dict):
        raise HTTPException(400, "Send a JSON object.")
    return asked


async def _plainly(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, HEADERS)
