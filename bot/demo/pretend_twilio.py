"""A pretend Twilio: the Messages API over real HTTP on loopback, and the handsets of people.

A bot that works with this works with Twilio by another base URL. What people text becomes signed
webhook calls, or waits in the list to be polled; what the bot sends is seen on `handset`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import itertools
from typing import Any
from xml.etree import ElementTree

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from bot.clock import Clock
from bot.demo.pretend_limits import CallRate
from bot.demo.pretend_server import (
    Agenda,
    Call,
    Fault,
    Faults,
    Feed,
    LoopbackServer,
    NoAnswer,
    Posted,
    Postman,
    read_params,
    trim,
)
from bot.demo.pretend_twilio_api import RestApi
from bot.demo.pretend_twilio_line import Line
from bot.demo.pretend_twilio_texts import PretendText, TwilioError

_ROOT = "/2010-04-01/Accounts/{account}"
_OPERATIONS = {
    (f"{_ROOT}/Messages.json", "POST"): "create",
    (f"{_ROOT}/Messages.json", "GET"): "list",
    (f"{_ROOT}/Messages/{{sid}}.json", "GET"): "fetch",
    (f"{_ROOT}/Messages/{{sid}}.json", "POST"): "update",
    (f"{_ROOT}/Messages/{{sid}}.json", "DELETE"): "delete",
    (f"{_ROOT}/IncomingPhoneNumbers.json", "GET"): "numbers",
    (f"{_ROOT}/IncomingPhoneNumbers/{{sid}}.json", "GET"): "number",
    (f"{_ROOT}/IncomingPhoneNumbers/{{sid}}.json", "POST"): "update_number",
    (f"{_ROOT}.json", "GET"): "account",
}


class PretendTwilio:
    """One account with one number.

    `segments_per_second`: the speed of the number (0: no limit); `carrier_seconds`: from sent to
    delivered; `instant`: a text is on the handset as soon as it was accepted. `calls_per_second`:
    more get 20429 (0: no limit). `permitted`: where texts may go, else 21408 (empty: anywhere).
    `advanced_opt_out`: `OptOutType` in the webhook, which Twilio sends only for a number in a
    Messaging Service with Advanced Opt-Out. `webhook_timeout`: real seconds.
    """

    def __init__(
        self,
        clock: Clock,
        account_sid: str,
        auth_token: str,
        number: str,
        *,
        webhook_url: str = "",
        segments_per_second: float = 1.0,
        carrier_seconds: float = 2.0,
        instant: bool = False,
        calls_per_second: int = 0,
        permitted: tuple[str, ...] = ("+44",),
        advanced_opt_out: bool = False,
        webhook_retries: int = 0,
        webhook_timeout: float = 15.0,
        history: int = 10_000,
    ) -> None:
        self._clock = clock
        self._account = account_sid
        self._token = auth_token
        self._history = history
        self._advanced = advanced_opt_out
        self._agenda = Agenda(clock)
        self._postman = Postman(webhook_timeout)
        self.feed = Feed(clock)
        self._line = Line(
            clock,
            self._agenda,
            self._postman,
            self.feed,
            account_sid=account_sid,
            auth_token=auth_token,
            number=number,
            segments_per_second=segments_per_second,
            carrier_seconds=carrier_seconds,
            instant=instant,
            history=history,
        )
        self._line.retries = webhook_retries
        self._api = RestApi(self._line, account_sid, permitted)
        self._api.settings["sms_url"] = webhook_url
        self._rate = CallRate(clock, calls_per_second)
        self._faults = Faults()
        self._numbers = itertools.count(1)
        self._stopping = asyncio.Event()
        self._repeat = 0
        paths = dict.fromkeys(path for path, _ in _OPERATIONS)
        routes = [
            Route(path, self._answer, methods=["GET", "POST", "DELETE"], name=path)
            for path in paths
        ]
        routes.append(Route("/{anything:path}", self._answer, methods=["GET", "POST", "DELETE"]))
        self._server = LoopbackServer(Router(routes))
        self.url = ""
        self.latency = 0.0
        """Seconds on the clock that every call takes before it does anything."""
        self.calls: list[Call] = []
        """Every call in order; `method` is the operation: create, list, fetch, update, delete,
        numbers, number, update_number, account."""
        self.rejected: list[Call] = []
        """Those of them that got an error."""
        self.unknown_calls: list[Call] = []
        self.twiml_messages: list[str] = []
        """Texts that the bot sent by answering a webhook with TwiML."""

    async def start(self, port: int = 0) -> str:
        """Serve on loopback. Returns the base URL: calls go to `{url}/2010-04-01/…`."""
        self.url = await self._server.start(port)
        self._agenda.start()
        return self.url

    async def stop(self) -> None:
        self._stopping.set()
        await self._agenda.stop()
        await self._server.stop()
        await self._postman.close()

    def reach(self, public: str, actual: str) -> None:
        """Where the bot really is: `reach("https://popround.example", "http://127.0.0.1:8000")`.
        Signatures are over the public URL."""
        self._postman.reach(public, actual)

    async def settle(self) -> None:
        """Wait until everything that is due now on the clock has happened to every text, its status
        callbacks included."""
        await self._agenda.settle()

    @property
    def number(self) -> str:
        return self._line.number

    @property
    def webhook_url(self) -> str:
        """Where incoming texts go: as set here, or by the bot through IncomingPhoneNumbers."""
        return self._api.settings["sms_url"]

    @webhook_url.setter
    def webhook_url(self, url: str) -> None:
        self._api.settings["sms_url"] = url

    # ---- people ----------------------------------------------------------------------------------

    async def texts(self, from_number: str, body: str, media: int = 0) -> bool:
        """Somebody texts the number. True: the bot's webhook took it (tried once, then once at the
        fallback URL); without a webhook it is kept to be polled, which is True as well."""
        text, form = self._line.receive(from_number, body, media, advanced_opt_out=self._advanced)
        urls = [self.webhook_url, self._api.settings["sms_fallback_url"]]
        if not any(urls):
            return True
        posted = await self._line.post(urls, form)
        again, self._repeat = self._repeat, 0
        for _ in range(again):
            await self._line.post(urls, form)
        if posted.taken:
            self._answer_by_twiml(text, posted)
        return posted.taken

    def handset(self, number: str) -> list[PretendText]:
        """The texts that the phone with that number has received, as they came."""
        shown = [
            text
            for text in self._line.texts.values()
            if text.to == number and text.shown_at is not None
        ]
        return sorted(shown, key=lambda text: (text.shown_at, text.number))

    def thread(self, number: str) -> list[PretendText]:
        """What that phone shows: its own texts and those it received."""
        own = [text for text in self._line.texts.values() if text.sender == number]
        return sorted([*own, *self.handset(number)], key=lambda text: (text.shown_at, text.number))

    def all_texts(self) -> list[PretendText]:
        """Every text either way, oldest first, with its status and history."""
        return list(self._line.texts.values())

    @property
    def opted_out(self) -> frozenset[str]:
        """Numbers that Twilio itself refuses to text (21610)."""
        return frozenset(self._line.opted_out)

    @property
    def failed_webhooks(self) -> list[tuple[str, Posted]]:
        """Webhook calls that the bot did not take: URL and what came of it."""
        return self._line.failed_posts

    # ---- making things go wrong ------------------------------------------------------------------

    def undeliverable(self, number: str, code: str = "30003") -> None:
        """Texts to that number are accepted, sent, and reported undelivered from now on."""
        self._line.dead[number] = int(code)

    def deliverable(self, number: str) -> None:
        self._line.dead.pop(number, None)

    def landline(self, number: str) -> None:
        """That number can't be texted: 21614."""
        self._api.landlines.add(number)

    def fail_next(
        self, code: int = 20500, operation: str = "*", *, status: int | None = None, times: int = 1
    ) -> None:
        """The next call of that operation (`*`: any) gets this Twilio error and does nothing."""
        self._faults.add(operation, Fault(TwilioError(code, status)), times)

    def hang_next(self, operation: str = "*", *, after_doing: bool, drop: bool = False) -> None:
        """The next call is done or not, and never answered; `drop`: the connection breaks at once
        instead of staying silent until the bot gives up."""
        self._faults.add(operation, Fault(None, after_doing, drop))

    def reorder_next(self, times: int = 1) -> None:
        """The callbacks of the next text come in the wrong order: `delivered`, then `sent`."""
        self._line.reorder = times

    def repeat_next_status(self, times: int = 1) -> None:
        """The next status callback comes so many times more."""
        self._line.repeat_statuses = times

    def repeat_next(self, times: int = 1) -> None:
        """The next incoming text comes to the webhook so many times more."""
        self._repeat = times

    # ---- inside --------------------------------------------------------------------------------

    async def _answer(self, request: Request) -> Response:
        operation = _OPERATIONS.get((request.scope["route"].path, request.method), "unknown")
        params: dict[str, Any] = {}
        status, answer = 200, None
        error: TwilioError | None = None
        fault: Fault | None = None
        try:
            params = await read_params(request)
            self._authenticate(request)
            if self.latency:
                await self._clock.sleep(self.latency)
            fault = self._faults.take(operation)
            if fault is not None and fault.error is not None:
                raise fault.error
            if operation == "unknown":
                raise TwilioError(20404)
            if not self._rate.allows():
                raise TwilioError(20429)
            if fault is None or fault.after_doing:
                sid = request.path_params.get("sid", "")
                status, answer = self._api.call(operation, sid, params)
        except TwilioError as refused:
            error = refused
            status, answer = refused.status, refused.as_json()
        unanswered = fault is not None and fault.error is None
        self._note(operation, params, None if unanswered else answer or {}, error)
        if unanswered and fault is not None:
            return NoAnswer(self._stopping, drop=fault.drop)
        if answer is None:
            return Response(status_code=status)
        return JSONResponse(answer, status_code=status)

    def _authenticate(self, request: Request) -> None:
        kind, _, sent = request.headers.get("authorization", "").partition(" ")
        try:
            pair = base64.b64decode(sent, validate=True)
        except binascii.Error:
            pair = b""
        right = hmac.compare_digest(pair, f"{self._account}:{self._token}".encode())
        if kind.lower() != "basic" or not right:
            raise TwilioError(20003)
        if request.path_params.get("account", self._account) != self._account:
            raise TwilioError(20404)

    def _note(
        self,
        operation: str,
        params: dict[str, Any],
        answer: dict[str, Any] | None,
        error: TwilioError | None,
    ) -> None:
        words = str(error) if error else None
        call = Call(next(self._numbers), operation, params, self._clock.now(), answer, words)
        self.calls.append(call)
        trim(self.calls, self._history)
        if error:
            self.rejected.append(call)
            trim(self.rejected, self._history)
        if operation == "unknown":
            self.unknown_calls.append(call)
        self.feed.tell("call", call=call)

    def _answer_by_twiml(self, text: PretendText, posted: Posted) -> None:
        if "<" not in posted.body:
            return
        try:
            # Only ever what our own bot answers on loopback.
            tree = ElementTree.fromstring(posted.body)  # noqa: S314
        except ElementTree.ParseError:
            self._line.failed_posts.append((self.webhook_url, Posted(200, error="12100")))
            return
        for message in tree.iter("Message"):
            body = (message.text or "").strip() or "".join(message.itertext()).strip()
            self.twiml_messages.append(body)
            if text.sender not in self._line.opted_out:
                reply = self._line.new_text(self.number, text.sender, body, "bot")
                self._line.send(reply)
