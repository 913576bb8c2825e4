"""What the pretend providers share: a server on loopback, work that waits for a clock, faults.

Nothing here sleeps in real time: work due later waits for its moment on the clock it was given. A
virtual clock which stands still makes nothing happen, and one that jumps makes it all happen.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.clock import Clock

Job = Callable[[], Awaitable[None]]

LOOPBACK = ("127.0.0.1", "localhost", "::1")

_LINE = "popround.line"
"""Where a request's scope keeps the transport that it came over."""

_SAME_MOMENT = 1e-6
"""Two ways to add up the same seconds may differ by less than this."""


class LoopbackServer:
    """An ASGI app served on 127.0.0.1 inside the running loop, without signal handlers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._server: uvicorn.Server | None = None
        self._socket: socket.socket | None = None

    async def start(self, port: int = 0) -> str:
        """Serve; 0 takes a free port. Returns the base URL, without a slash at the end."""
        # Named as TCP, else asyncio does not turn off Nagle and every answer takes 40 ms longer.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        config = uvicorn.Config(
            self._serve,
            interface="asgi3",
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
        )
        config.load()
        server = uvicorn.Server(config)
        # serve() would take over the process's signals, which belong to whoever runs us.
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listening])
        self._server, self._socket = server, listening
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        # ASGI has no word for hanging up; uvicorn's `send` belongs to what holds the line.
        scope[_LINE] = cast(Any, send).__self__.transport
        await self._app(scope, receive, send)

    async def stop(self) -> None:
        server, listening = self._server, self._socket
        self._server = self._socket = None
        if server is None or listening is None:
            return
        if server.server_state.tasks:
            await server.shutdown(sockets=[listening])
            return
        # Nothing is under way: uvicorn would wait for a tenth of a second all the same.
        for each in server.servers:
            each.close()
        listening.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()


class NoAnswer(Response):
    """A request that was taken and is never answered: silence until the caller gives up, or a
    connection that breaks at once."""

    def __init__(self, stopping: asyncio.Event, *, drop: bool) -> None:
        super().__init__()
        self._stopping = stopping
        self._drop = drop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._drop:
            await first_of(self._stopping.wait(), _gone(receive))
        scope[_LINE].abort()
        await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def caller_left(request: Request) -> None:
    """Returns when the caller of a request, whose body was read, hangs up."""
    await _gone(request.receive)


async def first_of(*waits: Awaitable[Any]) -> None:
    """Wait until one of these is done; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def read_params(request: Request) -> dict[str, Any]:
    """The query and the body (JSON, form or multipart) as one dict; a file is its bytes.

    Raises:
        ValueError: the body is not what its content type says.
    """
    params: dict[str, Any] = dict(request.query_params)
    body = await request.body()
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        sent = json.loads(body or b"{}")
        if not isinstance(sent, dict):
            raise ValueError("object expected as request")
        params |= sent
    elif kind.startswith("multipart/form-data"):
        message = BytesParser(policy=HTTP).parsebytes(
            f"Content-Type: {kind}\r\n\r\n".encode() + body
        )
        for part in message.iter_parts():
            name = str(part.get_param("name", header="content-disposition"))
            content = cast(bytes, part.get_payload(decode=True))
            params[name] = content if part.get_filename() else content.decode()
    else:
        params |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    return params


@dataclass(order=True)
class _Item:
    due: float
    number: int
    lane: Hashable = field(compare=False)
    job: Job = field(compare=False)


class Agenda:
    """Work that waits for its moment on a clock. One lane is done in order, one job at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[_Item] = []
        self._lanes: dict[Hashable, deque[Job]] = {}
        self._running: dict[Hashable, asyncio.Task[None]] = {}
        self._numbers = itertools.count()
        self._news = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._watcher = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        tasks = [*self._running.values(), *([self._watcher] if self._watcher else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def at(self, due: float, lane: Hashable, job: Job) -> None:
        """Do `job` when the clock's `monotonic()` reaches `due`, after its lane's earlier jobs."""
        heapq.heappush(self._waiting, _Item(due, next(self._numbers), lane, job))
        self._news.set()

    async def settle(self) -> None:
        """Wait until all that is due now on the clock is done, and what followed from it."""
        self._start_due()
        while self._running:
            done, _ = await asyncio.wait(
                self._running.values(), return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
            self._start_due()

    def _start_due(self) -> None:
        now = self._clock.monotonic() + _SAME_MOMENT
        while self._waiting and self._waiting[0].due <= now:
            item = heapq.heappop(self._waiting)
            self._lanes.setdefault(item.lane, deque()).append(item.job)
            if item.lane not in self._running:
                self._running[item.lane] = asyncio.create_task(self._run(item.lane))

    async def _run(self, lane: Hashable) -> None:
        try:
            while self._lanes[lane]:
                await self._lanes[lane].popleft()()
        finally:
            del self._lanes[lane], self._running[lane]

    async def _watch(self) -> None:
        while True:
            self._news.clear()
            self._start_due()
            if self._waiting:
                left = max(0.0, self._waiting[0].due - self._clock.monotonic())
                await first_of(self._news.wait(), self._clock.sleep(left))
            else:
                await self._news.wait()


@dataclass(frozen=True, slots=True)
class Call:
    """One call that the bot made. `answer`: what it got; None if it was left without one."""

    number: int
    method: str
    params: dict[str, Any]
    at: datetime
    answer: dict[str, Any] | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is to go wrong. `error` answers instead; None: no answer at all."""

    error: Exception | None
    after_doing: bool = False
    drop: bool = False


class Faults:
    """What is to go wrong next, by the name of the call; `*` is any call."""

    def __init__(self) -> None:
        self._next: dict[str, deque[Fault]] = {}

    def add(self, name: str, fault: Fault, times: int = 1) -> None:
        self._next.setdefault(name, deque()).extend([fault] * times)

    def take(self, name: str) -> Fault | None:
        for key in (name, "*"):
            if self._next.get(key):
                return self._next[key].popleft()
        return None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a person with the phones in front of them would see."""

    kind: str
    at: datetime
    about: dict[str, Any]


class Feed:
    """Tells whoever listens what happens. A listener that falls behind misses the oldest."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._listeners: list[asyncio.Queue[Event]] = []

    def tell(self, kind: str, **about: Any) -> None:
        event = Event(kind, self._clock.now(), about)
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
                queue.task_done()
            queue.put_nowait(event)

    @contextmanager
    def listen(self) -> Iterator[asyncio.Queue[Event]]:
        """A queue of all that happens while inside."""
        queue: asyncio.Queue[Event] = asyncio.Queue(maxsize=1000)
        self._listeners.append(queue)
        try:
            yield queue
        finally:
            self._listeners.remove(queue)

    async def wait_until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait for something to have happened.

        Raises:
            TimeoutError: it has not in `seconds` of real time.
        """
        with self.listen() as queue:
            async with asyncio.timeout(seconds):
                while not condition():
                    await queue.get()


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of a webhook call; status 0 if nobody answered."""

    status: int
    body: str = ""
    retry_after: float = 0.0
    error: str = ""

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300


class Postman:
    """Makes the webhook calls. Proxies of the environment are left alone: it is all loopback."""

    def __init__(self, timeout: float) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None
        self._ways: dict[str, str] = {}

    def reach(self, public: str, actual: str) -> None:
        """What has the URL `public` is really at `actual`; both without a slash at the end."""
        self._ways[public] = actual

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Posted:
        for public, actual in self._ways.items():
            if url == public or url.startswith(f"{public}/"):
                url = actual + url[len(public) :]
        if urlsplit(url).hostname not in LOOPBACK:
            return Posted(0, error="Connection failed: a pretend provider stays on its machine")
        if self._session is None:
            # Below uvicorn's 5 seconds, so that a line is never used just as the bot hangs it up.
            connector = aiohttp.TCPConnector(keepalive_timeout=2, limit=100)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=self._timeout, trust_env=False
            )
        try:
            async with self._session.post(
                url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                wait = answer.headers.get("retry-after", "")
                return Posted(
                    answer.status,
                    await answer.text(),
                    float(wait) if wait.isdigit() else 0.0,
                    "" if answer.ok else f"Wrong response from the webhook: {answer.status}",
                )
        except TimeoutError:
            return Posted(0, error="Read timeout expired")
        except aiohttp.ClientError as error:
            return Posted(0, error=f"Connection failed: {type(error).__name__}")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        self._session = None


def trim(history: list[Any], most: int) -> None:
    """Forget the oldest of a history that has grown too long, in large steps (cheap on average)."""
    if len(history) > most:
        del history[: len(history) - most // 2]
