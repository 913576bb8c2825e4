"""Calls to Telegram: how they go out, and what it means if they fail.

Limits and names are those of core.telegram.org/bots/api.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

import aiohttp
import httpx
import structlog
from telegram import Update
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import BaseRequest, RequestData

from bot.channels.base import (
    AddressError,
    OptedOutError,
    PermanentError,
    RetryableError,
    SendError,
    TooManyError,
    UnknownOutcomeError,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rule:
    """What an error of the Bot API means to us."""

    error: type[TelegramError]
    words: str
    """Part of Telegram's description in small letters; empty fits any."""
    becomes: type[SendError]
    code: str
    wait: float | None = None
    """Seconds."""
    reason: str = ""
    """Where it is not the usual one of that kind of error."""


NOT_MODIFIED = "not_modified"

# The first that fits counts. Telegram publishes no list of descriptions; these are as seen.
ERRORS = (
    # They have told Telegram that they want nothing of us.
    Rule(Forbidden, "blocked by the user", OptedOutError, "blocked"),
    # These have told nobody anything: the chat was never begun, or its owner is gone from Telegram.
    Rule(Forbidden, "can't initiate conversation", AddressError, "never_started"),
    Rule(Forbidden, "user is deactivated", AddressError, "deactivated"),
    # A group has put the bot out: nobody has opted out, the chat is gone.
    Rule(Forbidden, "kicked", PermanentError, "kicked", reason="kicked"),
    Rule(Forbidden, "not a member", PermanentError, "kicked", reason="kicked"),
    Rule(Forbidden, "", PermanentError, "forbidden"),
    # A group that became a supergroup; its new id comes as an update of its own.
    Rule(ChatMigrated, "", PermanentError, "migrated", reason="kicked"),
    Rule(BadRequest, "upgraded to a supergroup", PermanentError, "migrated", reason="kicked"),
    Rule(BadRequest, "chat not found", AddressError, "no_such_chat"),
    Rule(BadRequest, "rights to send", PermanentError, "not_allowed", reason="kicked"),
    Rule(BadRequest, "chat_write_forbidden", PermanentError, "not_allowed", reason="kicked"),
    # Deleted, or older than Telegram lets bots edit.
    Rule(BadRequest, "message to edit not found", PermanentError, "edit_gone"),
    Rule(BadRequest, "can't be edited", PermanentError, "edit_gone"),
    # A press is to be answered within seconds; after that the notice is of no use.
    Rule(BadRequest, "query is too old", PermanentError, "too_late"),
    Rule(BadRequest, "query id is invalid", PermanentError, "too_late"),
    Rule(BadRequest, "message is not modified", PermanentError, NOT_MODIFIED),
    Rule(BadRequest, "message is too long", PermanentError, "too_long", reason="too_long"),
    # Anything else wrong with the call will be as wrong the next time.
    Rule(BadRequest, "", PermanentError, "bad_request"),
    # The token is wrong or was revoked: nothing can be sent until somebody mends that, so wait
    # rather than spend the attempts of messages that are all right.
    Rule(InvalidToken, "", RetryableError, "bad_token", wait=300, reason="account"),
    # Another process is asking for updates, or a webhook is set.
    Rule(Conflict, "", RetryableError, "conflict", wait=5),
    # A 429 that does not say how long.
    Rule(NetworkError, "too many requests", TooManyError, "flood", wait=5),
)

NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
"""How aiohttp fails before a request leaves: no line could be had. However else it fails, Telegram
may have acted."""


def failure(error: TelegramError, *, harmless: bool = False) -> SendError:
    """What a Bot API error means to us. `harmless`: doing it twice does no harm, so an unknown
    outcome may be tried again. The text of the error is left behind: it may hold the address of
    the call, and the token with it."""
    if isinstance(error, RetryAfter):
        wait = error.retry_after
        seconds = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
        return TooManyError("flood", retry_after=seconds)
    said = error.message.lower()
    for rule in ERRORS:
        if isinstance(error, rule.error) and rule.words in said:
            return rule.becomes(rule.code, retry_after=rule.wait, reason=rule.reason)
    if isinstance(error.__cause__, NOT_SENT):
        return RetryableError("not_connected")
    # Also 5xx: a gateway that gave up (502, 504) says nothing about what happened behind it.
    return RetryableError("no_answer") if harmless else UnknownOutcomeError("no_answer")


LINES = 32
"""Calls to Telegram at once; what is more waits here."""

CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 10.0
"""How long a line may take to come about, and Telegram to answer."""

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
"""How a call says what it is given (Bot API, making requests)."""

IDLE_SECONDS = 5.0
"""How long a line is kept that is not used. One that the other side hangs up just as we use it
would leave a message of which nobody can say whether it came."""


class Requests(BaseRequest):
    """Calls by aiohttp. To httpx, which python-telegram-bot brings along, each is three times the
    work (docs/performance.md)."""

    def __init__(self, lines: int, session: Callable[[int], aiohttp.ClientSession]) -> None:
        """`session`: makes what calls are made with, given how many there may be at once."""
        self._lines = lines
        self._make = session
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """Seconds."""
        return ANSWER_SECONDS

    async def initialize(self) -> None:
        """The first call opens it."""

    async def shutdown(self) -> None:
        """Hang up."""
        if self._session:
            await self._session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = None,
        write_timeout: Any = None,
        connect_timeout: Any = None,
        pool_timeout: Any = None,
    ) -> tuple[int, bytes]:
        """See `BaseRequest.do_request`. Only a `read_timeout` of its own is looked at: a poll's."""
        if self._session is None:
            self._session = self._make(self._lines)
        own = isinstance(read_timeout, int | float)
        timeout = _patience(read_timeout if own else ANSWER_SECONDS)
        given = request_data.json_parameters if request_data else {}
        try:
            call = self._session.request(
                method,
                url,
                data=urlencode(given).encode(),
                headers=FORM,
                timeout=timeout,
                allow_redirects=False,
            )
            async with call as answer:
                return answer.status, await answer.read()
        except TimeoutError as error:
            raise TimedOut from error
        except aiohttp.ClientError as error:
            raise NetworkError(type(error).__name__) from error


@cache
def _patience(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(connect=CONNECT_SECONDS, sock_read=seconds)


def open_session(lines: int) -> aiohttp.ClientSession:
    """What calls are made with. Proxies and netrc of the surroundings are left alone: the token
    goes nowhere else."""
    connector = aiohttp.TCPConnector(
        limit=lines, keepalive_timeout=IDLE_SECONDS, ssl=_certificates()
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": BaseRequest.USER_AGENT},
        trust_env=False,
    )


class UpdateRequests(Requests):
    """Replaces an update that can't be read by an empty one, so that it never holds up the rest."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        answer = BaseRequest.parse_json_payload(payload)
        updates = answer.get("result")
        if isinstance(updates, list):
            answer["result"] = [_readable(each) for each in updates if "update_id" in each]
        return answer


def _readable(update: dict[str, Any]) -> dict[str, Any]:
    try:
        Update.de_json(update)
    except Exception as error:  # whatever a foreign object can do to a parser
        unreadable(update["update_id"], error)
        return {"update_id": update["update_id"]}
    return update


def unreadable(update_id: int | None, error: Exception) -> None:
    """Note that an update could not be read: its number, and nothing of what it says."""
    log.warning("telegram.unreadable", update_id=update_id, error=type(error).__name__)


@cache
def _certificates() -> ssl.SSLContext:
    """Whom we believe to be Telegram: read once, for it takes as long as a dozen messages."""
    return httpx.create_ssl_context(trust_env=False)
