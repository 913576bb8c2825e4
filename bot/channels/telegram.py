"""Telegram: the Bot API, by webhook or by long poll.

Limits and names are those of core.telegram.org/bots/api. Of python-telegram-bot only the types, the
`Bot` and its requests are used: its updater acknowledges before anything is stored.
"""

from __future__ import annotations

import hmac
import json
import logging
import re
import warnings
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import aiohttp
from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    Update,
)
from telegram.error import TelegramError
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter
from telegram.warnings import PTBDeprecationWarning

from bot.channels.base import (
    Finding,
    MalformedError,
    PermanentError,
    Received,
    RefusedError,
    Route,
    SendError,
    Sent,
    UnknownOutcomeError,
    header,
)
from bot.channels.telegram_calls import (
    LINES,
    NOT_MODIFIED,
    Requests,
    UpdateRequests,
    failure,
    open_session,
    unreadable,
)
from bot.channels.telegram_updates import Reader
from storage.model import Channel, InboundMessage, OutboundKind, OutboundMessage

T = TypeVar("T")

UPDATES = ("message", "callback_query", "my_chat_member")
"""The only kinds of update that we ask for."""

NO_PREVIEW = {"is_disabled": True}
"""Of a link in what we say (Bot API, LinkPreviewOptions)."""

SHORT_LABEL = 16
"""Characters (ours): two buttons of this length stand side by side on a small phone."""

LOCATION = "location"
"""The token of the button that shares a place."""


class TelegramAdapter:
    """One bot on Telegram.

    `username` is known after `set_up` or `check`; until then no @mention is taken for ours.
    """

    channel = Channel.TELEGRAM
    can = frozenset(OutboundKind)
    vouches = True
    calls_again = True  # for 24 hours
    routes: tuple[Route, ...] = (Route("telegram", reply="", media_type="text/plain"),)

    def __init__(
        self,
        token: str,
        api_url: str = "https://api.telegram.org",
        webhook_secret: str | None = None,
        public_url: str | None = None,
        *,
        poll_seconds: int = 25,
        session: Callable[[int], aiohttp.ClientSession] | None = None,
    ) -> None:
        """`api_url` and `public_url` without a slash at the end; no `public_url`: polled.
        `poll_seconds`: how long Telegram holds an empty answer. `session`: in place of the
        network.

        Raises:
            ValueError: if there is a `public_url` and no `webhook_secret`.
        """
        if public_url and not webhook_secret:
            raise ValueError("a webhook without a secret would take anybody's word")
        # python-telegram-bot writes the address of each call, token included, at DEBUG, and whole
        # updates, people's words included, when it can't read them.
        logging.getLogger("telegram").setLevel("CRITICAL")
        warnings.filterwarnings("ignore", r".*retry_after", category=PTBDeprecationWarning)
        make = session or open_session
        self._requests = (Requests(LINES, make), UpdateRequests(1, make))
        self._bot = Bot(
            token,
            base_url=f"{api_url}/bot",
            base_file_url=f"{api_url}/file/bot",
            request=self._requests[0],
            get_updates_request=self._requests[1],
        )
        self.reader = Reader(int(token.partition(":")[0]))
        self._secret = webhook_secret
        self._webhook = f"{public_url}/webhooks/{self.routes[0].path}" if public_url else None
        self._poll_seconds = poll_seconds

    @property
    def username(self) -> str:
        """What people find the bot by; empty until it is known."""
        return self.reader.username

    def receive(
        self,
        route: Route,
        headers: Mapping[str, str],
        body: bytes,
        query: str,
    ) -> Received:
        """See `ChannelAdapter.receive`. The header is Telegram's (Bot API, setWebhook)."""
        said = header(headers, "X-Telegram-Bot-Api-Secret-Token").encode("utf-8", "replace")
        if self._secret is None or not hmac.compare_digest(said, self._secret.encode()):
            raise RefusedError("wrong secret")
        try:
            update = json.loads(body)
            plain = self.reader.plain_words(update)
            return plain or Received(messages=self.reader.read(Update.de_json(update)))
        except Exception as error:  # whatever a foreign object can do to a parser
            number = re.search(rb'"update_id"\s*:\s*(\d{1,18})\b', body)
            unreadable(int(number[1]) if number else None, error)
            raise MalformedError("unreadable update") from None

    async def poll(self, cursor: str) -> tuple[Received, str]:
        """See `ChannelAdapter.poll`. The cursor is the offset: the id after the last one seen.

        Raises:
            RetryableError: also if another process polls this bot (`conflict`).
        """
        updates = await self._ask(
            self._bot.get_updates(
                offset=int(cursor) if cursor else None,
                timeout=self._poll_seconds,
                allowed_updates=UPDATES,
            )
        )
        messages: list[InboundMessage] = []
        for update in updates:
            try:
                messages += self.reader.read(update)
            except Exception as error:  # one that can't be read must not hold up the others
                unreadable(update.update_id, error)
        last = max((update.update_id for update in updates), default=None)
        return Received(messages=tuple(messages)), cursor if last is None else str(last + 1)

    async def send(self, message: OutboundMessage) -> Sent:
        """See `ChannelAdapter.send`. The provider's id is the message's number in its chat."""
        if message.kind is OutboundKind.TOAST:
            return await self._toast(message)
        if message.kind is OutboundKind.COMMANDS:
            return await self._commands(message)
        chat = _number(message.chat)
        what = {"chat_id": chat, "text": message.text, "link_preview_options": NO_PREVIEW}
        if message.kind is OutboundKind.EDIT:
            what |= {"message_id": _number(message.edits), "reply_markup": _inline(message.buttons)}
            try:
                await self._ask(self._call("editMessageText", what))
            except PermanentError as error:
                if error.code != NOT_MODIFIED:  # it already says so
                    raise
            return Sent(message.edits)
        what["reply_markup"] = _keyboard(message, private=chat > 0)
        what["disable_notification"] = True if message.quiet else None
        sent = await self._ask(self._call("sendMessage", what), harmless=False)
        if not isinstance(sent, dict):  # an answer, though not one to this call
            raise UnknownOutcomeError("no_answer")
        try:
            return Sent(str(int(sent["message_id"])))
        except (KeyError, TypeError, ValueError):
            raise UnknownOutcomeError("unreadable") from None

    async def _call(self, method: str, what: Mapping[str, Any]) -> Any:
        """A call that is made all day, in the Bot API's own names; its result.

        `Bot` looks over what it is given, and reads a whole message out of the answer of which we
        want the number: that was half of what a call took (docs/performance.md). How a call fails
        is still for the library to say.

        Raises:
            TelegramError: if it went wrong.
        """
        given = [RequestParameter(name, fact, []) for name, fact in what.items()]
        return await self._requests[0].post(f"{self._bot.base_url}/{method}", RequestData(given))

    async def _toast(self, message: OutboundMessage) -> Sent:
        """At most 200 characters (Bot API, answerCallbackQuery); longer than a glance (60, ours)
        and it stays until it is closed."""
        what = {
            "callback_query_id": message.answers,
            "text": message.text[:200] or None,
            "show_alert": True if len(message.text) > 60 else None,
        }
        await self._ask(self._call("answerCallbackQuery", what))
        return Sent(message.answers)

    async def _commands(self, message: OutboundMessage) -> Sent:
        """No chat: what everybody sees who has no list of their own."""
        scope: BotCommandScope = BotCommandScopeAllPrivateChats()
        if message.chat:
            scope = BotCommandScopeChat(_number(message.chat))
        commands = [BotCommand(name, told) for name, told in message.about["commands"]]
        await self._ask(self._bot.set_my_commands(commands, scope=scope))
        return Sent("")

    async def look_up(self, message: OutboundMessage) -> list[Sent]:
        """Telegram has no way to ask what a bot has sent.

        Raises:
            UnknownOutcomeError: always.
        """
        raise UnknownOutcomeError("can't_be_asked")

    async def set_up(self) -> None:
        """See `ChannelAdapter.set_up`. What waits at Telegram is kept either way."""
        if self._webhook:
            await self._ask(
                self._bot.set_webhook(
                    self._webhook,
                    secret_token=self._secret,
                    allowed_updates=UPDATES,
                    max_connections=40,
                )
            )
        else:
            await self._ask(self._bot.delete_webhook())
        await self._who()

    async def check(self) -> list[Finding]:
        """See `ChannelAdapter.check`."""
        try:
            await self._who()
            hook = await self._ask(self._bot.get_webhook_info())
        except SendError as error:
            to_do = "See that this computer reaches the internet, then try again."
            if error.code == "bad_token":
                to_do = "Copy the token from @BotFather again, into POPROUND_TELEGRAM_TOKEN."
            return [Finding(False, f"Telegram did not answer ({error.code}).", to_do)]
        findings = [Finding(True, f"Telegram knows the bot as @{self.username}.")]
        again = "Run `popround serve`: it sets this right when it starts."
        if self._webhook and hook.url != self._webhook:
            findings.append(Finding(False, "Telegram does not send to this bot yet.", again, True))
        elif not self._webhook and hook.url:
            findings.append(Finding(False, "Telegram still sends to another address.", again, True))
        elif hook.pending_update_count and hook.last_error_message:
            what = "Telegram has news and failed to bring it"
            to_do = "See that the public address is reached from outside, with a certificate."
            findings.append(Finding(False, f"{what}: {hook.last_error_message}.", to_do))
        else:
            findings.append(Finding(True, "Telegram sends here." if hook.url else "It is polled."))
        if hook.pending_update_count:
            count = hook.pending_update_count
            findings.append(Finding(True, f"Updates waiting at Telegram: {count}."))
        return findings

    async def close(self) -> None:
        for request in self._requests:
            await request.shutdown()

    async def _who(self) -> None:
        me = await self._ask(self._bot.get_me())
        self.reader.username = me.username or ""

    async def _ask(self, call: Awaitable[T], *, harmless: bool = True) -> T:
        """Make a call. `harmless`: doing it twice does no harm.

        Raises:
            SendError: `UnknownOutcomeError` only if it is not harmless.
        """
        try:
            return await call
        except TelegramError as error:
            raise failure(error, harmless=harmless) from None
        except (KeyError, TypeError, AttributeError):  # an answer of a shape that is not Telegram's
            raise failure(TelegramError("unreadable"), harmless=harmless) from None


def _number(text: str) -> int:
    """A chat's or message's id.

    Raises:
        PermanentError: if it is none.
    """
    try:
        return int(text)
    except ValueError:
        raise PermanentError("bad_id") from None


def _rows(labels: list[str]) -> int:
    """How many buttons stand side by side."""
    return 2 if all(len(label) <= SHORT_LABEL for label in labels) else 1


def _inline(buttons: tuple[tuple[str, str], ...]) -> dict[str, Any] | None:
    """InlineKeyboardMarkup (Bot API)."""
    if not buttons:
        return None
    width = _rows([label for _, label in buttons])
    made = [{"text": label, "callback_data": token} for token, label in buttons]
    return {"inline_keyboard": [made[at : at + width] for at in range(0, len(made), width)]}


def _keyboard(message: OutboundMessage, *, private: bool) -> dict[str, Any] | None:
    """The buttons, or the keyboard with which a person shares where they are (private chats only,
    Bot API, KeyboardButton). A message has one or the other, so the remaining answers stand on that
    keyboard as words."""
    place = next((label for token, label in message.buttons if token == LOCATION), "")
    others = tuple((token, label) for token, label in message.buttons if token != LOCATION)
    if not (message.ask_location and message.buttons and private):
        return _inline(others)
    if not place:
        place, others = message.buttons[0][1], message.buttons[1:]
    rows: list[list[dict[str, Any]]] = [[{"text": place, "request_location": True}]]
    rows += [[{"text": label}] for _, label in others]
    return {"keyboard": rows, "one_time_keyboard": True, "resize_keyboard": True}
