"""What an update of Telegram's holds for us.

Names are those of core.telegram.org/bots/api.
"""

from __future__ import annotations

import re
from typing import Any

from telegram import (
    CallbackQuery,
    Chat,
    ChatMember,
    ChatMemberUpdated,
    Message,
    Update,
    User,
)

from bot.channels.base import MalformedError, Received, sound, storable
from storage.model import Channel, InboundKind, InboundMessage

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


class Reader:
    """Reads updates for one bot. Until its `username` is known no @mention is taken for ours."""

    def __init__(self, bot_id: int) -> None:
        self._id = bot_id
        self.username = ""

    def plain_words(self, update: Any) -> Received | None:
        """What by far the most updates are: somebody's words in a chat of their own; none for any
        other. Read as it came, which spares a fifth of what it takes to keep a message.

        Raises:
            MalformedError: as `read`.
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

    def read(self, update: Update) -> tuple[InboundMessage, ...]:
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
