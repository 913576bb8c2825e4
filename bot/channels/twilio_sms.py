"""Texts through Twilio: webhooks or polling, the REST API, signatures.

Codes are those of twilio.com/docs/api/errors, names and limits those of its Messages resource.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit
from uuid import uuid4

import aiohttp
import structlog
from twilio.base.exceptions import TwilioException
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from bot.channels.base import (
    AddressError,
    Finding,
    MalformedError,
    OptedOutError,
    PermanentError,
    Received,
    RefusedError,
    RetryableError,
    Route,
    SendError,
    Sent,
    TooManyError,
    UnknownOutcomeError,
    header,
    sound,
    storable,
)
from bot.clock import Clock, RealClock
from bot.metrics import NOT_TEXTED
from storage.model import (
    Channel,
    DeliveryReceipt,
    InboundKind,
    InboundMessage,
    OutboundKind,
    OutboundMessage,
    SendStatus,
)
from storage.numbers import USUAL, WhyNot, why_not

log = structlog.get_logger("twilio")


@dataclass(frozen=True, slots=True)
class Known:
    """What one of Twilio's error codes means to us."""

    error: type[SendError]
    reason: str
    """Why, as the catalogues say it (`reason.REASON`)."""
    wait: float | None = None
    """Seconds, where Twilio has nothing against another try."""


ERRORS: dict[str, Known] = {
    # Nothing can be sent until somebody mends the settings or the account. Wait, rather than spend
    # the attempts of messages that are all right.
    "20003": Known(RetryableError, "account", wait=300),
    "20005": Known(RetryableError, "account", wait=300),
    "20404": Known(RetryableError, "account", wait=300),
    "21606": Known(RetryableError, "account", wait=300),
    "30002": Known(RetryableError, "account", wait=300),
    # Too much at once: not processed.
    "20429": Known(TooManyError, "busy", wait=5),
    "14107": Known(TooManyError, "busy", wait=5),
    # Twilio's own queue for the number is full; it holds ten hours.
    "21611": Known(TooManyError, "busy", wait=600),
    "30001": Known(RetryableError, "busy", wait=600),
    # The handset is off or out of reach; once or twice more is worth it.
    "30003": Known(RetryableError, "phone_off", wait=600),
    # They texted STOP, and Twilio itself lets nothing through.
    "21610": Known(OptedOutError, "opted_out"),
    # This number can't be texted, today or tomorrow.
    "21211": Known(AddressError, "no_address"),
    "21614": Known(AddressError, "not_a_mobile"),
    "30005": Known(AddressError, "no_address"),
    "30006": Known(AddressError, "not_a_mobile"),
    "21612": Known(AddressError, "not_a_mobile"),
    # A trial account texts only the numbers it has verified.
    "21608": Known(PermanentError, "account"),
    # Taken for spam by Twilio or a carrier: the same words would be again.
    "30004": Known(PermanentError, "filtered"),
    "30007": Known(PermanentError, "filtered"),
    # The country is switched off in the account's geo permissions.
    "21408": Known(PermanentError, "country"),
    # Over 1600 characters.
    "21617": Known(PermanentError, "too_long"),
    # The account's day is used up; by tomorrow this message may be untrue, so a human hears of it.
    "63038": Known(PermanentError, "cap"),
}
"""Code -> meaning, for `send` and for the codes of receipts (30001 to 30007 come only there)."""

STATUSES = {
    "sent": SendStatus.SENT,
    "delivered": SendStatus.DELIVERED,
    "read": SendStatus.DELIVERED,
    "undelivered": SendStatus.FAILED,
    "failed": SendStatus.FAILED,
    "canceled": SendStatus.FAILED,
}
"""Twilio's statuses that tell us something; the others mean it is still on its way."""

OVERLAP = timedelta(minutes=5)
"""How far a poll looks back behind the newest it has seen: lists lag, and clocks differ (ours)."""
BEFORE_US = timedelta(minutes=10)
"""How far behind the first beginning it is looked, beside `OVERLAP` (ours): for who writes as the
bot is being set up, and dies, and is set up again."""
CLOCKS_DIFFER = timedelta(hours=2)
"""By how much our clock may have been ahead of Twilio's when a text was written (ours): one that is
wrong by an hour, and put right since, must not have a text that arrived sent once more. What else
we know to have sent in the same words is told apart by its id."""
FRESH = timedelta(minutes=15)
"""How old a text's status is still asked for at every poll (ours)."""
CARRIER_TRIES = timedelta(hours=72)
"""How long a carrier may try to deliver, so how old a text may be and yet change its status."""
SWEEP = timedelta(minutes=15)
"""How often the statuses of all of those are asked for (ours)."""

SMS = Route(
    "twilio/sms",
    reply='<?xml version="1.0" encoding="UTF-8"?><Response></Response>',
    media_type="text/xml",
)
STATUS = Route("twilio/status", reply="", media_type="text/plain")


class _Http:
    """The asynchronous HTTP client that twilio's REST client asks for.

    Not its own one: that writes people's numbers to the log, and puts no limit on waiting.
    """

    is_async = True

    def __init__(self, api_url: str) -> None:
        self._api_url = api_url
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  (twilio's client passes it: None)
        allow_redirects: bool = False,
    ) -> Response:
        """The call that was meant for api.twilio.com, made to `api_url`."""
        if self._session is None:  # here, because a session belongs to a running loop
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=30, connect=5, sock_read=20),
                connector=aiohttp.TCPConnector(limit=32),
                trust_env=False,
            )
        parts = urlsplit(url)
        asked = f"?{parts.query}" if parts.query else ""
        async with self._session.request(
            method,
            f"{self._api_url}{parts.path}{asked}",
            params=params,
            data=data,
            headers={**(headers or {}), **_basic(auth)},
            allow_redirects=allow_redirects,
        ) as answer:
            return Response(answer.status, await answer.text(), answer.headers)

    async def close(self) -> None:
        if self._session:
            await self._session.close()


def _basic(auth: tuple[str, str] | None) -> dict[str, str]:
    """The header of basic authentication (RFC 7617); aiohttp's own way is about to go."""
    if auth is None:
        return {}
    return {"Authorization": f"Basic {b64encode(':'.join(auth).encode()).decode()}"}


class _Form(dict[str, list[str]]):
    """A posted form; a name may come more than once. `getlist` is what the validator looks for."""

    def getlist(self, name: str) -> list[str]:
        return self[name]

    def one(self, name: str) -> str:
        return self.get(name, [""])[0]


def failure(error: Exception, *, harmless: bool = False) -> SendError:
    """What went wrong with a call to Twilio. `harmless`: doing it twice does no harm, so an unknown
    outcome may be tried again. The text of the error is left behind: it may hold a number."""
    if isinstance(error, TwilioException):
        status, code = _told(error)
        if known := ERRORS.get(code):
            return known.error(code, retry_after=known.wait, reason=known.reason)
        if status == 429:
            return TooManyError(code, retry_after=5)
        if status in (401, 403, 404):  # as 20003: the account, not the message
            return RetryableError(code, retry_after=300, reason="account")
        if 400 <= status < 500:
            return PermanentError(code)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return RetryableError("not_connected")
    # 5xx, a lost connection, silence, an answer that can't be read: it may have been done.
    return RetryableError("no_answer") if harmless else UnknownOutcomeError("no_answer")


def meaning(receipt: DeliveryReceipt) -> SendError:
    """What the code of a receipt that says "failed" means to us."""
    known = ERRORS.get(receipt.code)
    if known is None:
        return PermanentError(receipt.code)
    return known.error(receipt.code, retry_after=known.wait, reason=known.reason)


def _told(error: TwilioException) -> tuple[int, str]:
    """The HTTP status and Twilio's code in an error. A list that fails carries its whole answer."""
    answer = error.args[1] if len(error.args) > 1 else None
    if isinstance(answer, Response):
        return answer.status_code, str(answer.status_code)
    status = getattr(error, "status", 0)
    return status, str(getattr(error, "code", None) or status)


FAILURES = (TwilioException, aiohttp.ClientError, OSError, TimeoutError)
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)
"""What twilio's client raises over an answer that is not Twilio's."""


class TwilioAdapter:
    """One number at Twilio."""

    channel = Channel.SMS
    can = frozenset({OutboundKind.TEXT})
    vouches = False
    calls_again = False  # once, and once at a fallback address if there is one
    routes: tuple[Route, ...] = (SMS, STATUS)

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        number: str,
        api_url: str = "https://api.twilio.com",
        public_url: str | None = None,
        *,
        poll_seconds: float = 5,
        countries: tuple[str, ...] = USUAL,
        clock: Clock | None = None,
    ) -> None:
        """`number` in E.164; `api_url` and `public_url` without a slash at the end; no
        `public_url`: polled, with `poll_seconds` between. `countries`: ISO codes of those that may
        be texted (Jersey, Guernsey and the Isle of Man are their own: JE, GG, IM)."""
        self._sid = account_sid
        self._number = number
        self._public_url = public_url
        self._poll_seconds = poll_seconds
        self._countries = countries
        self._clock = clock or RealClock()
        self._http = _Http(api_url)
        # An environment of its own: TWILIO_EDGE and TWILIO_REGION would change the host.
        alone = {"TWILIO_ACCOUNT_SID": account_sid}
        self._client = Client(account_sid, auth_token, http_client=self._http, environment=alone)
        self._validator = RequestValidator(auth_token)
        self._memory = _Memory()
        self._polled = False
        self._swept: datetime | None = None

    def receive(
        self, route: Route, headers: Mapping[str, str], body: bytes, query: str
    ) -> Received:
        """See `ChannelAdapter.receive`. What is signed: twilio.com/docs/usage/security."""
        form = self._verified(route, header(headers, "X-Twilio-Signature"), body, query)
        if form.one("AccountSid") != self._sid:
            raise RefusedError("another account")
        sid = form.one("MessageSid")
        if not sid:
            raise MalformedError("no MessageSid")
        if route.path == STATUS.path:
            ours = parse_qs(query).get("m", [""])[0]
            outbox_id = int(ours) if re.fullmatch("[0-9]{1,18}", ours) else None
            status, code = form.one("MessageStatus"), form.one("ErrorCode")
            return sound(Received(receipts=_receipts(sid, status, code, outbox_id)))
        if form.one("To") != self._number:
            return Received()
        if not form.one("From"):
            raise MalformedError("no From")
        return sound(Received((_inbound(sid, form.one("From"), form.one("Body")),)))

    def _verified(self, route: Route, signature: str, body: bytes, query: str) -> _Form:
        """The form, if Twilio signed it for this very address.

        Raises:
            RefusedError: if not.
        """
        form = _Form()
        try:
            text = body.decode("utf-8", "replace")
            # Twilio sends a few dozen fields.
            for name, value in parse_qsl(text, keep_blank_values=True, max_num_fields=500):
                form.setdefault(name, []).append(value)
        except ValueError:
            raise RefusedError("not a form") from None
        url = self._address(route) + (f"?{query}" if query else "")
        if not self._public_url or not self._validator.validate(url, form, signature):
            raise RefusedError("wrong signature")
        return form

    def _address(self, route: Route) -> str:
        return f"{self._public_url}/webhooks/{route.path}"

    async def send(self, message: OutboundMessage) -> Sent:
        """See `ChannelAdapter.send`. Answers to choose from are already numbered in the words.

        Raises:
            PermanentError: also `country_not_allowed`, `dear_number` and `not_a_number`, without
                asking Twilio.
        """
        self._allowed(message.chat)
        extra = {}
        if self._public_url:
            extra["status_callback"] = f"{self._address(STATUS)}?m={message.id}"
        try:
            made = await self._client.messages.create_async(
                to=message.chat, from_=self._number, body=message.text, **extra
            )
            if not made.sid:
                raise UnknownOutcomeError("no_answer")
            return Sent(made.sid)
        except (*FAILURES, *UNREADABLE) as error:
            raise failure(error) from None

    def _allowed(self, number: str) -> None:
        """Whether a number may be texted at all: the bill of a tricked bot has no ceiling.

        Raises:
            PermanentError: if not.
        """
        if refused := why_not(number, self._countries):
            NOT_TEXTED.labels(refused.value).inc()
            reason = "no_address" if refused is WhyNot.NOT_A_NUMBER else "country"
            raise PermanentError(refused.value, reason=reason)

    async def look_up(self, message: OutboundMessage) -> list[Sent]:
        """See `ChannelAdapter.look_up`. "Since it was written" is less `CLOCKS_DIFFER`.

        Of the newest 200 to them, and not by DateSent: a text that still queues may have none.
        """
        since = message.created_at - CLOCKS_DIFFER
        found = await self._list(to=message.chat, from_=self._number, limit=200)
        return [
            Sent(text.sid)
            for text in reversed(found)  # newest first, as Twilio lists them
            if (text.body or "").strip() == message.text.strip()
            and (text.date_created or since) >= since
        ]

    async def poll(self, cursor: str) -> tuple[Received, str]:
        """See `ChannelAdapter.poll`. The first call with a cursor asks at once, later ones wait
        first. Without one nothing is asked yet, so that when we first began is kept before anything
        else: who dies a moment later, and is begun again in an hour, goes back as far as that, and
        a little further: somebody may have written while we were being set up.

        The cursor is when the newest text seen was sent, by Twilio's clock, and a word for this one
        poll, so that what another process kept is not taken for what this one was handed. What a
        poll brought and was kept is not brought again while this process lives; after a restart
        the last minutes are, and are known by their ids. None goes back further than `OVERLAP`
        before that beginning: older texts are from before anybody was there to answer.

        Statuses of texts of the last 15 minutes are asked for each time, and every 15 minutes those
        of the last 72 hours.
        """
        if not cursor:
            return Received(), (self._clock.now() - BEFORE_US).isoformat()
        if self._polled:
            await self._clock.sleep(self._poll_seconds)
        self._polled = True
        now = self._clock.now()
        newest = datetime.fromisoformat(cursor.partition("/")[0])
        self._memory.confirm(cursor)
        texts = await self._since(newest - OVERLAP, to=self._number)
        sweep = self._swept is None or now - self._swept >= SWEEP
        back = CARRIER_TRIES if sweep else FRESH
        statuses = await self._since(now - back, from_=self._number)
        if sweep:
            self._swept = now
            self._memory.forget(now - CARRIER_TRIES)
        messages: list[InboundMessage] = []
        receipts: list[DeliveryReceipt] = []
        for text in texts:
            if text.direction == "inbound" and self._memory.new(text.sid, "", text.date_sent):
                messages += _read(text).messages
                newest = max(newest, text.date_sent)
        for text in statuses:
            told = _read(text).receipts
            if told and self._memory.new(text.sid, text.status, text.date_sent):
                receipts += told
        cursor = f"{newest.isoformat()}/{uuid4().hex}"
        self._memory.hand_over(cursor)
        return Received(tuple(messages), tuple(receipts)), cursor

    async def _since(self, moment: datetime, **which: str) -> list[Any]:
        """Texts sent since then, oldest first. Checked again here: where Twilio documents whole
        days only, its answer may begin at midnight."""
        found = await self._list(date_sent_after=moment, page_size=1000, **which)
        return sorted(
            (text for text in found if text.date_sent and text.date_sent >= moment),
            key=lambda text: (text.date_sent, text.sid),
        )

    async def _list(self, **which: Any) -> list[Any]:
        return list(await self._ask(self._client.messages.list_async(**which)))

    async def set_up(self) -> None:
        """See `ChannelAdapter.set_up`. Only where texts go; what the number does with calls stays.

        Raises:
            PermanentError: `number_not_ours`, if the account has no such number.
        """
        if not self._public_url:
            return
        number = await self._own_number()
        if number is None:
            raise PermanentError("number_not_ours")
        change = {"sms_url": self._address(SMS), "sms_method": "POST"}
        if number.sms_application_sid:  # it would go before the address
            change["sms_application_sid"] = ""
        elif (number.sms_url, number.sms_method) == (change["sms_url"], "POST"):
            return
        await self._ask(self._client.incoming_phone_numbers(number.sid).update_async(**change))

    async def check(self) -> list[Finding]:
        """See `ChannelAdapter.check`."""
        try:
            account = await self._ask(self._client.api.accounts(self._sid).fetch_async())
            number = await self._own_number()
        except SendError as error:
            to_do = "See that this computer reaches the internet, then try again."
            if error.retry_after == 300:
                to_do = (
                    "Copy POPROUND_TWILIO_ACCOUNT_SID and POPROUND_TWILIO_AUTH_TOKEN again, "
                    "from console.twilio.com."
                )
            return [Finding(False, f"Twilio did not let us in ({error.code}).", to_do)]
        if account.status != "active":
            to_do = "See console.twilio.com: perhaps it must be paid."
            return [Finding(False, f"The Twilio account is {account.status}.", to_do)]
        findings = [Finding(True, "The Twilio account works.")]
        if number is None:
            to_do = "Set POPROUND_TWILIO_NUMBER to one of its numbers."
            return [*findings, Finding(False, "The Twilio account has no such number.", to_do)]
        can = {name.lower(): able for name, able in (number.capabilities or {}).items()}
        if not can.get("sms"):
            to_do = "Get a number with SMS, and set POPROUND_TWILIO_NUMBER to it."
            return [*findings, Finding(False, "The number can't send or receive texts.", to_do)]
        findings.append(Finding(True, "The number can send and receive texts."))
        if not self._public_url:
            return [*findings, Finding(True, "Twilio is asked for new texts every few seconds.")]
        here = number.sms_url == self._address(SMS) and not number.sms_application_sid
        to_do = "" if here else "Run `popround serve`: it sets this right when it starts."
        what = "Texts to the number come here." if here else "Texts to the number go elsewhere."
        return [*findings, Finding(here, what, to_do, serving_mends=not here)]

    async def close(self) -> None:
        await self._http.close()

    async def _own_number(self) -> Any:
        listed = self._client.incoming_phone_numbers.list_async(phone_number=self._number, limit=20)
        found = await self._ask(listed)
        return next((each for each in found if each.phone_number == self._number), None)

    async def _ask(self, call: Any) -> Any:
        """A call that does no harm when made twice.

        Raises:
            SendError: of any kind but `UnknownOutcomeError`.
        """
        try:
            return await call
        except (*FAILURES, *UNREADABLE) as error:
            raise failure(error, harmless=True) from None


class _Memory:
    """Which texts, and which of their statuses, a poller has brought and seen kept."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, datetime]] = {}
        self._handed: dict[str, tuple[str, datetime]] = {}
        self._cursor = ""

    def new(self, sid: str, status: str, sent: datetime) -> bool:
        """Whether it has yet to be brought."""
        if self._kept.get(sid, (None,))[0] == status:
            return False
        self._handed[sid] = (status, sent)
        return True

    def hand_over(self, cursor: str) -> None:
        self._cursor = cursor

    def confirm(self, cursor: str) -> None:
        """What was handed over with this cursor has been kept; with another one, it has not."""
        if cursor == self._cursor:
            self._kept |= self._handed
        self._handed = {}

    def forget(self, before: datetime) -> None:
        self._kept = {sid: what for sid, what in self._kept.items() if what[1] >= before}


def _read(text: Any) -> Received:
    """What a text in Twilio's list tells us: a message or a receipt. Nothing where it is not what
    it is said to be: it must not hold up the others."""
    try:
        if text.direction == "inbound":
            return sound(Received((_inbound(text.sid, text.from_, text.body or ""),)))
        code = str(text.error_code or "")
        return sound(Received(receipts=_receipts(text.sid, text.status, code, None)))
    except Exception as error:
        log.warning("twilio.unreadable", error=type(error).__name__)
        return Received()


def _inbound(sid: str, sender: str, body: str) -> InboundMessage:
    """A text with no words in it is `OTHER`, whether a picture came with it or nothing."""
    kind = InboundKind.TEXT if body.strip() else InboundKind.OTHER
    return InboundMessage(Channel.SMS, sid, sender, sender, kind, storable(body))


def _receipts(
    sid: str, status: str, code: str, outbox_id: int | None
) -> tuple[DeliveryReceipt, ...]:
    """What a status tells us: one receipt, or none while it is on its way."""
    ours = STATUSES.get(status)
    if ours is None:
        return ()
    why = (code or status) if ours is SendStatus.FAILED else ""
    return (DeliveryReceipt(Channel.SMS, sid, ours, why, outbox_id),)
