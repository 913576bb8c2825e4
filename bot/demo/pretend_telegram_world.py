"""Who and what there is in the pretend Telegram: people, chats, messages, and their JSON."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.clock import Clock

JSON = dict[str, Any]
Buttons = list[list[tuple[str, str]]]
"""Rows of (label, callback data, or the URL of a button that opens one)."""

MESSAGES_KEPT = 2000
"""A chat's older messages are forgotten, so that a demo can run for days."""


class TelegramError(Exception):
    """An answer with `ok: false`, in Telegram's own words."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def as_json(self) -> JSON:
        answer: JSON = {"ok": False, "error_code": self.code, "description": self.description}
        return answer | ({"parameters": self.parameters} if self.parameters else {})


def bad(description: str, **parameters: Any) -> TelegramError:
    return TelegramError(400, f"Bad Request: {description}", **parameters)


@dataclass
class Person:
    id: int
    first_name: str
    language_code: str
    last_name: str | None = None
    username: str | None = None
    blocked: bool = False
    started: bool = False
    """Has written to the bot, without which the bot may not write to them."""

    def as_json(self) -> JSON:
        user: JSON = {"id": self.id, "is_bot": False, "first_name": self.first_name}
        user |= {"last_name": self.last_name} if self.last_name else {}
        user |= {"username": self.username} if self.username else {}
        return user | {"language_code": self.language_code}

    def as_chat(self) -> JSON:
        user = self.as_json()
        del user["is_bot"], user["language_code"]
        return user | {"type": "private"}


@dataclass
class PretendMessage:
    """A message as it looks now."""

    chat_id: int
    message_id: int
    at: datetime
    sender_id: int
    text: str = ""
    buttons: Buttons = field(default_factory=list)
    keyboard: list[list[str]] | None = None
    """Labels of a reply keyboard that came with it; [] takes the keyboard away."""
    silent: bool = False
    protected: bool = False
    edited: bool = False
    deleted: bool = False
    pinned: bool = False
    reply_to: int | None = None
    entities: list[JSON] = field(default_factory=list)
    markup: JSON | None = None
    extra: JSON = field(default_factory=dict)
    """What else it holds: location, photo, a service message …"""
    earlier_buttons: Buttons = field(default_factory=list)
    """Rows that were taken away; a slow phone may still show and press them."""
    edit_at: datetime | None = None

    def find_button(self, which: str | int) -> str:
        """The callback data of a button by its label or its place, counted over the rows from 0.

        Raises:
            LookupError: there is none and never was.
        """
        for rows in (self.buttons, self.earlier_buttons):
            flat = [button for row in rows for button in row]
            if isinstance(which, int):
                if 0 <= which < len(flat):
                    return flat[which][1]
            else:
                for label, data in flat:
                    if label == which:
                        return data
        raise LookupError(f"no button {which!r} on message {self.message_id}")


@dataclass
class PretendChat:
    id: int
    kind: str
    title: str = ""
    members: dict[int, str] = field(default_factory=dict)
    """User id to status: creator, administrator or member."""
    bot_status: str = "left"
    moved_to: int | None = None
    messages: dict[int, PretendMessage] = field(default_factory=dict)

    @property
    def is_group(self) -> bool:
        return self.kind != "private"


class World:
    """Everything there is. No limits and no manners here: those are the API's."""

    def __init__(self, clock: Clock, bot_id: int, username: str, bot_name: str) -> None:
        self.clock = clock
        self.bot: JSON = {
            "id": bot_id,
            "is_bot": True,
            "first_name": bot_name,
            "username": username,
        }
        self.people: dict[int, Person] = {}
        self.chats: dict[int, PretendChat] = {}
        self.commands: dict[tuple[str, str], list[JSON]] = {}
        # Private chats and basic groups share one numbering of messages, a supergroup has its own.
        self._message_ids = itertools.count(1)
        self._own_ids: dict[int, itertools.count[int]] = {}
        self._user_ids = itertools.count(5_000_001)
        self._group_ids = itertools.count(4_000_001)

    def new_person(
        self, first_name: str, language_code: str, last_name: str | None, username: str | None
    ) -> Person:
        person = Person(next(self._user_ids), first_name, language_code, last_name, username)
        self.people[person.id] = person
        self.chats[person.id] = PretendChat(person.id, "private")
        return person

    def new_group(self, title: str, kind: str = "group") -> PretendChat:
        number = next(self._group_ids)
        # Supergroups carry -100 before their number (core.telegram.org/api/bots/ids).
        chat_id = -number if kind == "group" else int(f"-100{number}")
        chat = self.chats[chat_id] = PretendChat(chat_id, kind, title)
        if kind == "supergroup":
            self._own_ids[chat_id] = itertools.count(1)
        return chat

    def new_message(self, chat: PretendChat, sender_id: int, **what: Any) -> PretendMessage:
        numbers = self._own_ids.get(chat.id, self._message_ids)
        message = PretendMessage(chat.id, next(numbers), self.clock.now(), sender_id, **what)
        chat.messages[message.message_id] = message
        if len(chat.messages) > MESSAGES_KEPT:
            del chat.messages[next(iter(chat.messages))]
        return message

    def knows(self, user_id: int) -> bool:
        """Whether the bot ever met that person: in private, or in a group that it is in."""
        return self.people[user_id].started or any(
            user_id in chat.members and chat.bot_status != "left" for chat in self.chats.values()
        )

    def user_json(self, user_id: int) -> JSON:
        return self.bot if user_id == self.bot["id"] else self.people[user_id].as_json()

    def chat_json(self, chat: PretendChat) -> JSON:
        if not chat.is_group:
            return self.people[chat.id].as_chat()
        more: JSON = {"all_members_are_administrators": False} if chat.kind == "group" else {}
        return {"id": chat.id, "type": chat.kind, "title": chat.title} | more

    def member_json(self, chat: PretendChat, user_id: int) -> JSON:
        status = chat.bot_status if user_id == self.bot["id"] else chat.members.get(user_id, "left")
        member: JSON = {"status": status, "user": self.user_json(user_id)}
        if status == "kicked":
            member["until_date"] = 0
        if status == "creator":
            member["is_anonymous"] = False
        if status == "administrator":
            rights = (
                "can_be_edited is_anonymous can_manage_chat can_delete_messages "
                "can_manage_video_chats can_restrict_members can_promote_members can_change_info "
                "can_invite_users can_post_stories can_edit_stories can_delete_stories"
            )
            member |= dict.fromkeys(rights.split(), False) | {"can_pin_messages": True}
        return member

    def message_json(self, message: PretendMessage, *, with_reply: bool = True) -> JSON:
        chat = self.chats[message.chat_id]
        if message.deleted:  # an InaccessibleMessage
            return {
                "chat": self.chat_json(chat),
                "message_id": message.message_id,
                "date": 0,
            }
        shown: JSON = {
            "message_id": message.message_id,
            "from": self.user_json(message.sender_id),
            "chat": self.chat_json(chat),
            "date": int(message.at.timestamp()),
        }
        if message.edit_at is not None:
            shown["edit_date"] = int(message.edit_at.timestamp())
        if message.reply_to is not None and with_reply:
            origin = chat.messages.get(message.reply_to)
            if origin is not None and not origin.deleted:
                shown["reply_to_message"] = self.message_json(origin, with_reply=False)
        if message.text:
            shown["text"] = message.text
        if message.entities:
            shown["entities"] = message.entities
        if message.protected:
            shown["has_protected_content"] = True
        if message.markup is not None and "inline_keyboard" in message.markup:
            shown["reply_markup"] = message.markup
        return shown | message.extra
