"""The methods of the pretend Bot API: what each checks, does and answers.

Rules from "Telegram Bot API" (core.telegram.org/bots/api), method by method; the words of errors as
Telegram's servers say them, because libraries and bots read them.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bot.demo.pretend_limits import TelegramLimits
from bot.demo.pretend_server import LOOPBACK, Feed
from bot.demo.pretend_telegram_checks import as_json, is_true, read_commands, read_markup, read_text
from bot.demo.pretend_telegram_updates import Updates
from bot.demo.pretend_telegram_world import (
    JSON,
    PretendChat,
    PretendMessage,
    TelegramError,
    World,
    bad,
)

PRESS_SECONDS = 15 * 60
"""How long a press of a button can be answered. Telegram says nothing exact; about this is seen."""
DELETE_SECONDS = 48 * 3600


@dataclass
class Press:
    """A button pressed by somebody, and what the bot answered to it."""

    id: str
    user_id: int
    at: float
    delivered: bool = False
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    toast: str | None = None
    """None until the bot answers; "" if it answered without words."""
    alert: bool = False


class BotApi:
    """What a bot can ask of Telegram. `call` is one request."""

    def __init__(
        self, world: World, updates: Updates, limits: TelegramLimits, feed: Feed, *, privacy: bool
    ) -> None:
        self._world = world
        self._updates = updates
        self._limits = limits
        self._feed = feed
        self._privacy = privacy
        self.presses: dict[str, Press] = {}
        self._methods: dict[str, Callable[[JSON], Any]] = {
            "getme": self._get_me,
            "setwebhook": self._set_webhook,
            "deletewebhook": self._delete_webhook,
            "getwebhookinfo": self._get_webhook_info,
            "sendmessage": self._send_message,
            "editmessagetext": self._edit_text,
            "editmessagereplymarkup": self._edit_markup,
            "deletemessage": self._delete_message,
            "pinchatmessage": self._pin,
            "answercallbackquery": self._answer_press,
            "setmycommands": self._set_commands,
            "getmycommands": self._get_commands,
            "deletemycommands": self._delete_commands,
            "getchat": self._get_chat,
            "getchatmember": self._get_member,
            "leavechat": self._leave,
            "sendchataction": self._action,
        }

    def knows(self, method: str) -> bool:
        return method.lower() == "getupdates" or method.lower() in self._methods

    async def call(
        self, method: str, params: JSON, caller_left: Callable[[], Awaitable[None]]
    ) -> Any:
        """The `result` of one method.

        Raises:
            TelegramError: what the bot is told instead.
        """
        if method.lower() != "getupdates":
            return self._methods[method.lower()](params)
        allowed = as_json(params.get("allowed_updates"))
        if allowed is not None:
            self._updates.allowed = list(allowed)
        return await self._updates.poll(
            self._int(params, "offset", 0),
            min(100, max(1, self._int(params, "limit", 100))),
            float(params.get("timeout") or 0),
            caller_left(),
        )

    # ---- about the bot -----------------------------------------------------------------------

    def _get_me(self, _: JSON) -> JSON:
        return self._world.bot | {
            "can_join_groups": True,
            "can_read_all_group_messages": not self._privacy,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    def _set_webhook(self, params: JSON) -> bool:
        url = str(params.get("url") or "")
        secret = str(params.get("secret_token") or "")
        if url:
            parts = urlsplit(url)
            near = parts.hostname in LOOPBACK
            if parts.scheme != "https" and not near:
                raise bad("bad webhook: An HTTPS URL must be provided for webhook")
            if not near and (parts.port or 443) not in (443, 80, 88, 8443):
                raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
        if len(secret) > 256:
            raise bad("secret token is too long")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
            raise bad("secret token contains unallowed characters")
        allowed = as_json(params.get("allowed_updates"))
        if allowed is not None:
            self._updates.allowed = list(allowed)
        if is_true(params.get("drop_pending_updates")):
            self._updates.drop_all()
        connections = min(100, max(1, self._int(params, "max_connections", 40)))
        self._updates.set_webhook(url, secret, connections)
        return True

    def _delete_webhook(self, params: JSON) -> bool:
        return self._set_webhook({"drop_pending_updates": params.get("drop_pending_updates")})

    def _get_webhook_info(self, _: JSON) -> JSON:
        updates = self._updates
        info: JSON = {
            "url": updates.url,
            "has_custom_certificate": False,
            "pending_update_count": updates.pending,
        }
        if updates.url:
            info |= {"max_connections": updates.max_connections, "ip_address": "127.0.0.1"}
        if updates.allowed:
            info["allowed_updates"] = updates.allowed
        if updates.last_error:
            info["last_error_date"], info["last_error_message"] = updates.last_error
        return info

    def _scope(self, params: JSON) -> tuple[str, str]:
        scope = as_json(params.get("scope")) or {"type": "default"}
        if "chat_id" in scope:
            chat = self._chat(scope)
            scope = {**scope, "chat_id": chat.id}
        language = str(params.get("language_code") or "")
        if not re.fullmatch(r"([a-z]{2})?", language):
            raise bad("invalid language code specified")
        return json.dumps(scope, sort_keys=True), language

    def _set_commands(self, params: JSON) -> bool:
        commands = read_commands(params.get("commands"))
        self._world.commands[self._scope(params)] = commands
        return True

    def _get_commands(self, params: JSON) -> list[JSON]:
        return self._world.commands.get(self._scope(params), [])

    def _delete_commands(self, params: JSON) -> bool:
        self._world.commands.pop(self._scope(params), None)
        return True

    # ---- messages ----------------------------------------------------------------------------

    def _send_message(self, params: JSON) -> JSON:
        chat = self._chat(params)
        text, entities = read_text(params)
        markup, buttons, keyboard = read_markup(params.get("reply_markup"), group=chat.is_group)
        reply_to = self._reply_to(params, chat)
        self._may_write(chat)
        self._hold_back(chat)
        message = self._world.new_message(
            chat,
            self._world.bot["id"],
            text=text,
            entities=entities,
            markup=markup,
            buttons=buttons,
            keyboard=keyboard,
            reply_to=reply_to,
            silent=is_true(params.get("disable_notification")),
            protected=is_true(params.get("protect_content")),
        )
        self._feed.tell("message", message=message)
        return self._world.message_json(message)

    def _edit_text(self, params: JSON) -> JSON:
        chat, message = self._own_message(params, "edit")
        text, entities = read_text(params)
        markup, buttons, _ = read_markup(params.get("reply_markup"), group=chat.is_group)
        if (text, entities, markup) == (message.text, message.entities, message.markup):
            raise _not_modified()
        self._may_write(chat)
        self._hold_back(chat, edit=True)
        message.text, message.entities = text, entities
        return self._edited(message, markup, buttons)

    def _edit_markup(self, params: JSON) -> JSON:
        chat, message = self._own_message(params, "edit")
        markup, buttons, _ = read_markup(params.get("reply_markup"), group=chat.is_group)
        if markup == message.markup:
            raise _not_modified()
        self._may_write(chat)
        self._hold_back(chat, edit=True)
        return self._edited(message, markup, buttons)

    def _edited(
        self, message: PretendMessage, markup: JSON | None, buttons: list[list[tuple[str, str]]]
    ) -> JSON:
        if buttons != message.buttons:
            message.earlier_buttons = message.buttons + message.earlier_buttons[:20]
        message.markup, message.buttons = markup, buttons
        message.edited, message.edit_at = True, self._world.clock.now()
        self._feed.tell("edit", message=message)
        return self._world.message_json(message)

    def _delete_message(self, params: JSON) -> bool:
        chat = self._chat(params)
        message = chat.messages.get(self._int(params, "message_id", 0))
        if message is None or message.deleted:
            raise bad("message to delete not found")
        age = (self._world.clock.now() - message.at).total_seconds()
        own = message.sender_id == self._world.bot["id"]
        may = own or not chat.is_group or chat.bot_status == "administrator"
        if not may or age > DELETE_SECONDS:
            raise bad("message can't be deleted for everyone")
        message.deleted = True
        self._feed.tell("delete", message=message)
        return True

    def _pin(self, params: JSON) -> bool:
        chat = self._chat(params)
        message = chat.messages.get(self._int(params, "message_id", 0))
        if message is None or message.deleted:
            raise bad("message to pin not found")
        self._may_write(chat)
        if chat.is_group and chat.bot_status != "administrator":
            raise bad("not enough rights to manage pinned messages in the chat")
        message.pinned = True
        self._feed.tell("pin", message=message)
        return True

    def _answer_press(self, params: JSON) -> bool:
        text = str(params.get("text") or "")
        if len(text) > 200:
            raise bad("MESSAGE_TOO_LONG")
        press = self.presses.get(str(params.get("callback_query_id", "")))
        if press is None or self._world.clock.monotonic() - press.at > PRESS_SECONDS:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        press.toast, press.alert = text, is_true(params.get("show_alert"))
        press.answered.set()
        self._feed.tell("toast", user_id=press.user_id, text=text, alert=press.alert)
        return True

    # ---- chats -------------------------------------------------------------------------------

    def _get_chat(self, params: JSON) -> JSON:
        chat = self._chat(params)
        if chat.is_group:
            self._may_write(chat)
        return self._world.chat_json(chat) | {
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(
                (
                    "unlimited_gifts",
                    "limited_gifts",
                    "unique_gifts",
                    "premium_subscription",
                    "gifts_from_channels",
                ),
                False,
            ),
        }

    def _get_member(self, params: JSON) -> JSON:
        chat = self._chat(params)
        if chat.is_group:
            self._may_write(chat)
        user_id = self._int(params, "user_id", 0)
        if user_id not in self._world.people and user_id != self._world.bot["id"]:
            raise bad("user not found")
        return self._world.member_json(chat, user_id)

    def _leave(self, params: JSON) -> bool:
        chat = self._chat(params)
        if not chat.is_group:
            raise bad("chat member status can't be changed in private chats")
        self._may_write(chat)
        chat.bot_status = "left"
        return True

    def _action(self, params: JSON) -> bool:
        chat = self._chat(params)
        if not params.get("action"):
            raise bad("wrong parameter action in request")
        self._may_write(chat)
        self._feed.tell("action", chat_id=chat.id, action=str(params["action"]))
        return True

    # ---- checks that many share --------------------------------------------------------------

    def _int(self, params: JSON, name: str, default: int) -> int:
        value = params.get(name)
        if value in (None, ""):
            return default
        try:
            return int(str(value))
        except ValueError:
            raise bad(f"wrong parameter {name} in request") from None

    def _chat(self, params: JSON) -> PretendChat:
        sent = str(params.get("chat_id") or "")
        if not sent:
            raise bad("chat_id is empty")
        chat = self._world.chats.get(int(sent)) if re.fullmatch(r"-?\d+", sent) else None
        if chat is None or (not chat.is_group and not self._world.knows(chat.id)):
            raise bad("chat not found")
        if chat.moved_to is not None:
            raise bad(
                "group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.moved_to
            )
        return chat

    def _may_write(self, chat: PretendChat) -> None:
        if chat.is_group:
            kind = "group" if chat.kind == "group" else "supergroup"
            if chat.bot_status == "kicked":
                raise TelegramError(403, f"Forbidden: bot was kicked from the {kind} chat")
            if chat.bot_status == "left":
                raise TelegramError(403, f"Forbidden: bot is not a member of the {kind} chat")
            return
        person = self._world.people[chat.id]
        if person.blocked:
            raise TelegramError(403, "Forbidden: bot was blocked by the user")
        if not person.started:
            raise TelegramError(403, "Forbidden: bot can't initiate conversation with a user")

    def _hold_back(self, chat: PretendChat, *, edit: bool = False) -> None:
        wait = self._limits.check(chat.id, group=chat.is_group, edit=edit)
        if wait:
            raise TelegramError(429, f"Too Many Requests: retry after {wait}", retry_after=wait)

    def _reply_to(self, params: JSON, chat: PretendChat) -> int | None:
        reply = as_json(params.get("reply_parameters")) or {}
        wanted = reply.get("message_id") or params.get("reply_to_message_id")
        if wanted is None:
            return None
        origin = chat.messages.get(int(wanted))
        if origin is not None and not origin.deleted:
            return origin.message_id
        if is_true(reply.get("allow_sending_without_reply")):
            return None
        raise bad("message to be replied not found")

    def _own_message(self, params: JSON, verb: str) -> tuple[PretendChat, PretendMessage]:
        chat = self._chat(params)
        message = chat.messages.get(self._int(params, "message_id", 0))
        if message is None or message.deleted:
            raise bad(f"message to {verb} not found")
        if message.sender_id != self._world.bot["id"] or message.keyboard is not None:
            raise bad(f"message can't be {verb}ed")
        return chat, message


def _not_modified() -> TelegramError:
    return bad(
        "message is not modified: specified new message content and reply markup are exactly the "
        "same as a current content and reply markup of the message"
    )
