"""Telegram: the Bot API, by webhook or by long poll.

Limits and names are those of core.telegram.org/bots/api. Of python-telegram-bot only the types, the
`Bot` and its requests are used: its updater acknowledges before anything is stored.
"""

from __future__ import annotations

import hmac
import json
import logging
import re
import ssl
import warnings
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlencode

import aiohttp
import httpx
import structlog
from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    CallbackQuery,
    Chat,
    ChatMember,
    ChatMemberUpdated,
    Message,
    Update,
    User,
)
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
from telegram.request._requestparameter import RequestParameter
from telegram.warnings import PTBDeprecationWarning

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
from storage.model import Channel, InboundKind, InboundMessage, OutboundKind, OutboundMessage

log = structlog.get_logger(__name__)
T = TypeVar("T")

UPDATES = ("message", "callback_query", "my_chat_member")
"""The only kinds of update that we ask for."""

WORDLESS = (
    *("photo", "sticker", "voice", "video", "video_note", "audio", "animation", "document"),
    *("contact", "poll", "dice", "game", "story", "paid_media", "checklist"),
)
"""What a person can send without words. Anything else is Telegram telling of itself."""

PLAIN = frozenset(
    {"message_id", "date", "from", "chat", "text", "entities", "link_preview_options"}
)
"""What a message has that is words and nothing else."""

IN_CHAT = (ChatMember.MEMBER, ChatMember.ADMINISTRATOR, ChatMember.OWNER, ChatMember.RESTRICTED)

NO_PREVIEW = {"is_disabled": True}
"""Of a link in what we say (Bot API, LinkPreviewOptions)."""

SHORT_LABEL = 16
"""Characters (ours): two buttons of this length stand side by side on a small phone."""

LOCATION = "location"
"""The token of the button that shares a place."""


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


class _Request(BaseRequest):
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


def _session(lines: int) -> aiohttp.ClientSession:
    """Proxies and netrc of the surroundings are left alone: the token goes nowhere else."""
    connector = aiohttp.TCPConnector(
        limit=lines, keepalive_timeout=IDLE_SECONDS, ssl=_certificates()
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": BaseRequest.USER_AGENT},
        trust_env=False,
    )


class _UpdatesRequest(_Request):
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
        _unreadable(update["update_id"], error)
        return {"update_id": update["update_id"]}
    return update


def _unreadable(update_id: int | None, error: Exception) -> None:
    log.warning("telegram.unreadable", update_id=update_id, error=type(error).__name__)


@cache
def _certificates() -> ssl.SSLContext:
    """Whom we believe to be Telegram: read once, for it takes as long as a dozen messages."""
    return httpx.create_ssl_context(trust_env=False)


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
        make = session or _session
        self._requests = (_Request(LINES, make), _UpdatesRequest(1, make))
        self._bot = Bot(
            token,
            base_url=f"{api_url}/bot",
            base_file_url=f"{api_url}/file/bot",
            request=self._requests[0],
            get_updates_request=self._requests[1],
        )
        self._id = int(token.partition(":")[0])
        self._secret = webhook_secret
        self._webhook = f"{public_url}/webhooks/{self.routes[0].path}" if public_url else None
        self._poll_seconds = poll_seconds
        self.username = ""

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
            plain = self._words_of(update)
            return plain or Received(messages=self._read(Update.de_json(update)))
        except Exception as error:  # whatever a foreign object can do to a parser
            number = re.search(rb'"update_id"\s*:\s*(\d{1,18})\b', body)
            _unreadable(int(number[1]) if number else None, error)
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
                messages += self._read(update)
            except Exception as error:  # one that can't be read must not hold up the others
                _unreadable(update.update_id, error)
        last = max((update.update_id for update in updates), default=None)
        return Received(messages=tuple(messages)), cursor if last is None else str(last + 1)

    def _words_of(self, update: Any) -> Received | None:
        """What by far the most updates are: somebody's words in a chat of their own; none for any
        other. Read as it came, which spares a fifth of what it takes to keep a message.

        Raises:
            MalformedError: as `_read`.
        """
        match update:
            case {
                "update_id": number,
                "message": {
                    "message_id": int(),
                    "date": int(),
                    "from": {"id": sender, "is_bot": False, "first_name": str(name)} as person,
                    "chat": {"id": chat, "type": Chat.PRIVATE},
                    "text": str(text),
                } as message,
            } if text and len(update) == 2 and message.keys() <= PLAIN:
                found = InboundMessage(
                    channel=Channel.TELEGRAM,
                    provider_id=_id(number),
                    chat=_id(chat),
                    sender=_id(sender),
                    kind=InboundKind.TEXT,
                    text=storable(self._without_us(text)),
                    name=storable(name),
                    language=storable(person.get("language_code") or ""),
                )
                return sound(Received((found,)))
        return None

    def _read(self, update: Update) -> tuple[InboundMessage, ...]:
        """What an update holds for us: one message or none.

        Raises:
            MalformedError: if something in it is not of its kind.
        """
        number = _id(update.update_id)
        found = None
        if update.message:
            found = self._message(number, update.message)
        elif update.callback_query:
            found = _button(number, update.callback_query)
        elif update.my_chat_member:
            found = _membership(number, update.my_chat_member)
        return sound(Received((found,))).messages if found else ()

    def _message(self, number: str, message: Message) -> InboundMessage | None:
        sender, chat = message.from_user, message.chat
        if message.migrate_to_chat_id:
            new = _id(message.migrate_to_chat_id)
            return _inbound(number, chat, sender, InboundKind.MOVED, text=new)
        if sender is None or sender.is_bot or chat.type == Chat.CHANNEL:
            return None
        text = message.text or message.caption or ""
        if chat.type != Chat.PRIVATE and not self._for_us(message, text):
            return None
        what: dict[str, Any] = {}
        if place := message.location:
            kind = InboundKind.LOCATION
            what = {"latitude": place.latitude, "longitude": place.longitude}
        elif text:
            kind, what = InboundKind.TEXT, {"text": self._without_us(text)}
            if message.reply_to_message and chat.type == Chat.PRIVATE:
                what["replies_to"] = _id(message.reply_to_message.message_id)
        elif any(getattr(message, wordless) for wordless in WORDLESS):
            kind = InboundKind.OTHER
        else:
            return None
        return _inbound(number, chat, sender, kind, **what)

    def _for_us(self, message: Message, text: str) -> bool:
        """Whether something said in a group is said to the bot."""
        replied = message.reply_to_message
        if replied and replied.from_user and replied.from_user.id == self._id:
            return True
        if command := re.match(r"/\w+(?:@(\w+))?", text):
            return command[1] is None or command[1].lower() == self.username.lower()
        return bool(self.username and re.search(rf"(?<!\w)@{self.username}\b", text, re.I))

    def _without_us(self, text: str) -> str:
        """The words without our @name: `/help@PoproundBot` is `/help`."""
        if not self.username:
            return text
        text = re.sub(rf"^(/\w+)@{self.username}\b", r"\1", text, flags=re.I)
        return re.sub(rf"(?<!\w)@{self.username}\b\s*", "", text, flags=re.I).strip()

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
        self.username = me.username or ""

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


def _button(number: str, query: CallbackQuery) -> InboundMessage | None:
    if not query.data or query.message is None:
        return None
    return _inbound(
        number,
        query.message.chat,
        query.from_user,
        InboundKind.BUTTON,
        button=query.data,
        answers=query.id,
    )


def _membership(number: str, change: ChatMemberUpdated) -> InboundMessage | None:
    """The bot's own coming and going. That a person unblocks it is nothing yet: they will write."""
    was, now = (
        member.status in IN_CHAT and getattr(member, "is_member", True)
        for member in (change.old_chat_member, change.new_chat_member)
    )
    if was == now or change.chat.type == Chat.CHANNEL or (now and change.chat.type == Chat.PRIVATE):
        return None
    kind = InboundKind.ADDED if now else InboundKind.REMOVED
    return _inbound(number, change.chat, change.from_user, kind)


def _inbound(
    number: str, chat: Chat, sender: User | None, kind: InboundKind, **what: Any
) -> InboundMessage:
    for words in what.keys() & {"text", "button", "answers"}:
        what[words] = storable(what[words])
    return InboundMessage(
        channel=Channel.TELEGRAM,
        provider_id=number,
        chat=_id(chat.id),
        sender=_id(sender.id if sender else chat.id),
        kind=kind,
        in_group=chat.type != Chat.PRIVATE,
        name=storable(sender.first_name) if sender else "",
        language=storable(sender.language_code or "") if sender else "",
        **what,
    )


def _id(number: object) -> str:
    """An update's, chat's, person's or message's id as we keep it: at most 64 bits with the sign.

    Raises:
        MalformedError: if it is none.
    """
    if type(number) is not int or abs(number) >= 2**63:
        raise MalformedError("no id")
    return str(number)


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
