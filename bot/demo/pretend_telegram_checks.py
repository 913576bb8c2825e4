"""What Telegram looks at before it takes a text, a keyboard or a list of commands.

Sizes and rules from "Telegram Bot API" (sendMessage, Formatting options, InlineKeyboardButton,
KeyboardButton, BotCommand); the words of the errors as Telegram's servers say them.
"""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

from bot.demo.pretend_telegram_world import JSON, Buttons, bad

TEXT_MOST = 4096
CALLBACK_DATA_BYTES = 64

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_PIECE = re.compile(r"<(/?)([A-Za-z][\w-]*)([^>]*)>|<|[^<]+")
_HREF = re.compile(r"""href\s*=\s*["']([^"']*)["']""")
_COMMAND = re.compile(r"(?<!\S)/[A-Za-z0-9_]{1,32}(?:@\w+)?")
_OTHER_ACTIONS = [
    "url",
    "login_url",
    "web_app",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
]


def utf16(text: str) -> int:
    """Length in UTF-16 code units, in which entities are measured."""
    return len(text.encode("utf-16-le")) // 2


def command_entities(text: str) -> list[JSON]:
    """The bot_command entities that a person's app puts on what they type."""
    return [
        {
            "type": "bot_command",
            "offset": utf16(text[: found.start()]),
            "length": utf16(found.group()),
        }
        for found in _COMMAND.finditer(text)
    ]


def read_html(source: str) -> tuple[str, list[JSON]]:
    """The text and entities of Telegram's HTML style; raises its 400 on a tag it can't parse."""
    text = ""
    entities: list[JSON] = []
    open_tags: list[tuple[str, int, str]] = []
    for piece in _PIECE.finditer(source):
        tag = (piece.group(2) or "").lower()
        where = len(source[: piece.start()].encode())
        if piece.group() == "<":
            raise bad(f"can't parse entities: Unclosed start tag at byte offset {where}")
        if not tag:
            text += unescape(piece.group())
        elif not piece.group(1):
            if tag not in _TAGS:
                raise bad(
                    f'can\'t parse entities: Unsupported start tag "{tag}" at byte offset {where}'
                )
            open_tags.append((tag, utf16(text), piece.group(3)))
        else:
            if not open_tags:
                raise bad(f"can't parse entities: Unexpected end tag at byte offset {where}")
            started, offset, attributes = open_tags.pop()
            if started != tag:
                raise bad(
                    f"can't parse entities: Unmatched end tag at byte offset {where}, "
                    f'expected "</{started}>", found "</{tag}>"'
                )
            entity: JSON = {"type": _TAGS[tag], "offset": offset, "length": utf16(text) - offset}
            link = _HREF.search(attributes)
            if entity["type"] == "text_link" and link:
                entity["url"] = unescape(link.group(1))
            if entity["length"] and (entity["type"] != "text_link" or link):
                entities.append(entity)
    if open_tags:
        raise bad(
            "can't parse entities: Can't find end tag corresponding to start tag "
            f'"{open_tags[-1][0]}"'
        )
    return text, sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def read_text(params: JSON) -> tuple[str, list[JSON]]:
    """The text of sendMessage and editMessageText, 1-4096 characters after entities."""
    source = params.get("text")
    if source is None or source == "":
        raise bad("message text is empty")
    if not isinstance(source, str):
        raise bad("strings must be encoded in UTF-8")
    mode = str(params.get("parse_mode") or "").lower()
    if mode == "html":
        text, entities = read_html(source)
    elif mode:
        # The pretend reads HTML only; the true one knows Markdown and MarkdownV2 as well.
        raise bad("unsupported parse_mode")
    else:
        text, entities = source, as_json(params.get("entities")) or []
    leading = len(text) - len(text.lstrip())
    text = text.strip()
    if not text:
        raise bad("message text is empty")
    if len(text) > TEXT_MOST:
        raise bad("message is too long")
    moved = [entity | {"offset": max(0, entity["offset"] - leading)} for entity in entities]
    if not moved and not mode:
        moved = command_entities(text)
    return text, moved


def as_json(value: Any) -> Any:
    """A parameter that is an object or a list: sent as such in JSON, as a string in a form."""
    if isinstance(value, str):
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise bad("can't parse JSON object") from None
    return value


def is_true(value: Any) -> bool:
    return value is True or str(value).lower() in ("true", "1", "yes")


def read_markup(value: Any, *, group: bool) -> tuple[JSON | None, Buttons, list[list[str]] | None]:
    """A reply_markup as (itself, inline buttons, labels of a reply keyboard)."""
    markup = as_json(value)
    if not markup:
        return None, [], None
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    if "inline_keyboard" in markup:
        rows = [[_inline(button) for button in row] for row in markup["inline_keyboard"]]
        kept: JSON | None = {"inline_keyboard": [row for row in markup["inline_keyboard"] if row]}
        rows = [row for row in rows if row]
        return (kept if rows else None), rows, None
    if "keyboard" in markup:
        return markup, [], [[_key(key, group) for key in row] for row in markup["keyboard"] if row]
    if is_true(markup.get("remove_keyboard")):
        return markup, [], []
    return markup, [], None


def _inline(button: Any) -> tuple[str, str]:
    wrong = "can't parse inline keyboard button: "
    if not isinstance(button, dict):
        raise bad(f"{wrong}Inline keyboard button must be an Object")
    label = button.get("text")
    if not isinstance(label, str):
        raise bad(f'{wrong}Can\'t find field "text"')
    if not label.strip():
        raise bad("BUTTON_TEXT_INVALID")
    if "callback_data" in button:
        data = button["callback_data"]
        if not isinstance(data, str) or not 1 <= len(data.encode()) <= CALLBACK_DATA_BYTES:
            raise bad("BUTTON_DATA_INVALID")
        return label, data
    if not any(action in button for action in _OTHER_ACTIONS):
        raise bad(f"{wrong}Text buttons are unallowed in the inline keyboard")
    return label, str(button.get("url", ""))


def _key(key: Any, group: bool) -> str:
    if isinstance(key, str):
        return key
    if not isinstance(key, dict) or not isinstance(key.get("text"), str):
        raise bad("can't parse keyboard button: Can't find field \"text\"")
    if group and is_true(key.get("request_location")):
        raise bad("location can be requested in private chats only")
    if group and is_true(key.get("request_contact")):
        raise bad("phone number can be requested in private chats only")
    return str(key["text"])


def read_commands(value: Any) -> list[JSON]:
    """setMyCommands: at most 100; a command 1-32 of a-z0-9_, a description 1-256."""
    commands = as_json(value)
    if not isinstance(commands, list):
        raise bad("can't parse commands: expected an Array")
    if len(commands) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not re.fullmatch(r"/?[a-z0-9_]{1,32}", str(command.get("command", ""))):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    return [
        {"command": str(one["command"]).lstrip("/"), "description": str(one["description"])}
        for one in commands
    ]
