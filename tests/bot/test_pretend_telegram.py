"""The pretend Telegram, driven by python-telegram-bot as the bot drives the true one."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    KeyboardButton,
    ReplyKeyboardMarkup,
    ReplyParameters,
    Update,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)
from telegram.request import HTTPXRequest

from bot.clock import VirtualClock
from bot.demo.pretend_limits import TelegramSpeed
from bot.demo.pretend_server import LoopbackServer
from bot.demo.pretend_telegram import PretendTelegram

TOKEN = "123456:pretend-token"
TUESDAY = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
SPEC_NAME = Path("shared", "specs", "telegram-bot-api.json")
SPEC = next((up / SPEC_NAME for up in Path(__file__).parents if (up / SPEC_NAME).exists()), None)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(TUESDAY)


@pytest.fixture
async def telegram(clock: VirtualClock) -> AsyncIterator[PretendTelegram]:
    pretend = PretendTelegram(clock, TOKEN)
    await pretend.start()
    yield pretend
    await pretend.stop()


@asynccontextmanager
async def bot_for(
    pretend: PretendTelegram, token: str = TOKEN, wait: float = 5
) -> AsyncIterator[Bot]:
    bot = Bot(
        token,
        base_url=f"{pretend.url}/bot",
        request=HTTPXRequest(read_timeout=wait, httpx_kwargs={"trust_env": False}),
        get_updates_request=HTTPXRequest(read_timeout=wait, httpx_kwargs={"trust_env": False}),
    )
    async with bot:
        yield bot


@pytest.fixture
async def bot(telegram: PretendTelegram) -> AsyncIterator[Bot]:
    async with bot_for(telegram) as made:
        yield made


class Receiver:
    """The bot's end of a webhook: keeps what comes, answers what it is told to."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []
        self.status: Callable[[dict[str, Any]], int] = lambda update: 200
        self.headers: dict[str, str] = {}
        self._server = LoopbackServer(Router([Route("/hook", self._take, methods=["POST"])]))
        self.url = ""

    async def _take(self, request: Request) -> Response:
        update = await request.json()
        self.updates.append(update)
        self.secrets.append(request.headers.get("x-telegram-bot-api-secret-token"))
        return Response(status_code=self.status(update), headers=self.headers)

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.updates if "message" in update]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    made.url = await made._server.start() + "/hook"
    yield made
    await made._server.stop()


async def later(clock: VirtualClock, pretend: PretendTelegram, seconds: float) -> None:
    clock.jump_to(clock.now() + timedelta(seconds=seconds))
    await pretend.settle()


def said(words: str) -> re.Pattern[str]:
    """python-telegram-bot changes the case of what Telegram says."""
    return re.compile(re.escape(words), re.IGNORECASE)


BUTTONS = InlineKeyboardMarkup(
    [
        [InlineKeyboardButton("I'll do it", callback_data="take:1")],
        [InlineKeyboardButton("Not today", callback_data="no:1")],
    ]
)


async def test_a_bot_knows_itself_and_a_wrong_token_is_unauthorised(
    telegram: PretendTelegram, bot: Bot
) -> None:
    assert (bot.username, bot.id) == ("PoproundBot", 123456)
    with pytest.raises(InvalidToken):
        async with bot_for(telegram, "123456:wrong"):
            pass


async def test_a_polled_message_comes_until_its_offset_is_confirmed(
    telegram: PretendTelegram, bot: Bot
) -> None:
    sam = telegram.person("Sam", "en", username="sam")
    assert await telegram.says(sam, "/start hello")
    for _ in range(2):
        (update,) = await bot.get_updates(timeout=0)
    assert update.message is not None
    assert update.message.text == "/start hello"
    assert update.message.entities[0].type == "bot_command"
    assert update.message.from_user is not None
    assert update.message.from_user.language_code == "en"
    assert await bot.get_updates(offset=update.update_id + 1) == ()
    assert telegram.delivered_updates == [update.update_id]


async def test_a_long_poll_is_answered_by_news_and_ends_on_the_clock(
    telegram: PretendTelegram, bot: Bot, clock: VirtualClock
) -> None:
    sam = telegram.person("Sam")
    polling = asyncio.create_task(bot.get_updates(timeout=30))
    await asyncio.sleep(0)
    await telegram.says(sam, "hello")
    (update,) = await polling
    clock.set_speed(100_000)
    assert await bot.get_updates(offset=update.update_id + 1, timeout=20) == ()


async def test_of_two_pollers_the_older_is_ended(telegram: PretendTelegram, bot: Bot) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=30))
    await telegram.feed.wait_until(lambda: telegram.polls == 1)
    await bot.get_updates(timeout=0)
    with pytest.raises(Conflict):
        await first


async def test_polling_and_webhook_exclude_each_other(
    telegram: PretendTelegram, bot: Bot, receiver: Receiver
) -> None:
    await bot.set_webhook(receiver.url)
    with pytest.raises(Conflict):
        await bot.get_updates()


async def test_updates_are_kept_for_a_day(
    telegram: PretendTelegram, bot: Bot, clock: VirtualClock
) -> None:
    await telegram.says(telegram.person("Sam"), "old")
    clock.jump_to(TUESDAY + timedelta(hours=24, seconds=1))
    assert await bot.get_updates() == ()


@pytest.mark.parametrize(
    ("url", "secret", "why"),
    [
        ("http://example.org/hook", None, "HTTPS URL must be provided"),
        ("https://example.org:8000/hook", None, "only on ports"),
        ("https://example.org/hook", "no spaces", "unallowed characters"),
        ("https://example.org/hook", "x" * 257, "too long"),
    ],
)
async def test_a_webhook_is_refused_as_telegram_refuses_it(
    bot: Bot, url: str, secret: str | None, why: str
) -> None:
    with pytest.raises(BadRequest, match=said(why)):
        await bot.set_webhook(url, secret_token=secret)


async def test_a_webhook_gets_the_secret_and_true_updates(
    telegram: PretendTelegram, bot: Bot, receiver: Receiver
) -> None:
    await bot.set_webhook(receiver.url, secret_token="s3cret", max_connections=3)
    assert await telegram.says(telegram.person("Sam"), "hello")
    assert receiver.secrets == ["s3cret"]
    update = Update.de_json(receiver.updates[0], bot)
    assert update.effective_message is not None
    assert update.effective_message.text == "hello"
    info = await bot.get_webhook_info()
    assert (info.pending_update_count, info.url, info.max_connections) == (0, receiver.url, 3)


async def test_a_failing_update_is_retried_in_order_and_blocks_its_chat_only(
    telegram: PretendTelegram, bot: Bot, receiver: Receiver, clock: VirtualClock
) -> None:
    sam, rosa = telegram.person("Sam"), telegram.person("Rosa")
    await bot.set_webhook(receiver.url)
    receiver.status = lambda update: 500 if update["message"]["from"]["id"] == sam else 200
    assert not await telegram.says(sam, "one")
    assert not await telegram.says(sam, "two")
    assert await telegram.says(rosa, "three")
    info = await bot.get_webhook_info()
    assert info.pending_update_count == 2
    assert info.last_error_message == "Wrong response from the webhook: 500"
    receiver.status = lambda update: 200
    receiver.updates.clear()
    await later(clock, telegram, 60)
    assert receiver.texts == ["one", "two"]
    assert telegram.pending_updates == 0


async def test_retry_after_of_the_webhook_is_honoured(
    telegram: PretendTelegram, bot: Bot, receiver: Receiver, clock: VirtualClock
) -> None:
    await bot.set_webhook(receiver.url)
    receiver.status, receiver.headers = lambda update: 503, {"Retry-After": "30"}
    assert not await telegram.says(telegram.person("Sam"), "one")
    await later(clock, telegram, 29)
    assert receiver.texts == ["one"]
    receiver.status = lambda update: 200
    await later(clock, telegram, 1)
    assert receiver.texts == ["one", "one"]


async def test_a_bot_that_is_away_gets_everything_when_it_is_back(
    telegram: PretendTelegram, bot: Bot, receiver: Receiver, clock: VirtualClock
) -> None:
    await bot.set_webhook(receiver.url)
    await receiver._server.stop()
    sam = telegram.person("Sam")
    assert not await telegram.says(sam, "anybody there?")
    await receiver._server.start(int(receiver.url.split(":")[2].split("/")[0]))
    await later(clock, telegram, 120)
    assert receiver.texts == ["anybody there?"]


async def test_a_public_address_is_reached_on_this_machine_only(
    telegram: PretendTelegram, bot: Bot, receiver: Receiver
) -> None:
    await bot.set_webhook("https://popround.example/hook")
    sam = telegram.person("Sam")
    telegram.reach("https://popround.example", receiver.url.removesuffix("/hook"))
    assert await telegram.says(sam, "hello")
    await bot.set_webhook("https://example.org/hook")
    assert not await telegram.says(sam, "hello")


async def test_updates_that_waited_go_to_a_webhook_once_it_is_set(
    telegram: PretendTelegram, bot: Bot, receiver: Receiver
) -> None:
    sam = telegram.person("Sam")
    await telegram.says(sam, "early")
    await telegram.raw_update({"update_id": 7, "poll": {"id": "1"}})
    await bot.set_webhook(receiver.url)
    await telegram.settle()
    assert receiver.texts == ["early"]
    assert 7 in telegram.delivered_updates
    await bot.delete_webhook()
    assert await telegram.says(sam, "to be polled")
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.text == "to be polled"


async def test_an_update_can_come_twice(
    telegram: PretendTelegram, bot: Bot, receiver: Receiver
) -> None:
    await bot.set_webhook(receiver.url)
    telegram.repeat_next()
    await telegram.says(telegram.person("Sam"), "hello")
    assert receiver.texts == ["hello", "hello"]
    assert receiver.updates[0]["update_id"] == receiver.updates[1]["update_id"]


async def test_kinds_that_were_not_asked_for_do_not_come(
    telegram: PretendTelegram, bot: Bot, receiver: Receiver
) -> None:
    await bot.set_webhook(receiver.url, allowed_updates=["message"])
    sam = telegram.person("Sam")
    await telegram.says(sam, "hello")
    assert not await telegram.blocks(sam)
    assert len(receiver.updates) == 1


async def test_what_is_sent_is_seen_as_it_looks(telegram: PretendTelegram, bot: Bot) -> None:
    sam = telegram.person("Sam")
    await telegram.says(sam, "hello")
    sent = await bot.send_message(
        sam,
        "<b>Rosa</b> &amp; co 🙂 <i>need</i> milk",
        parse_mode="HTML",
        reply_markup=BUTTONS,
        disable_notification=True,
        protect_content=True,
        reply_parameters=ReplyParameters(telegram.messages(sam)[0].message_id),
    )
    (seen,) = telegram.from_bot(sam)
    assert sent.parse_entities() == dict(zip(sent.entities, ["Rosa", "need"], strict=True))
    assert sent.reply_to_message is not None
    assert seen.text == "Rosa & co 🙂 need milk"
    assert seen.buttons == [[("I'll do it", "take:1")], [("Not today", "no:1")]]
    assert (seen.silent, seen.protected, seen.edited) == (True, True, False)
    await bot.edit_message_text("It is taken", sam, seen.message_id)
    assert (seen.text, seen.buttons, seen.edited) == ("It is taken", [], True)
    await bot.delete_message(sam, seen.message_id)
    assert telegram.from_bot(sam) == []


@pytest.mark.parametrize(
    ("text", "more", "why"),
    [
        ("", {}, "message text is empty"),
        ("   ", {}, "message text is empty"),
        ("x" * 4097, {}, "message is too long"),
        ("<b>" + "x" * 4097 + "</b>", {"parse_mode": "HTML"}, "message is too long"),
        ("<b>open", {"parse_mode": "HTML"}, "can't find end tag"),
        ("<blink>x</blink>", {"parse_mode": "HTML"}, "unsupported start tag"),
        ("<b>x</i>", {"parse_mode": "HTML"}, "unmatched end tag"),
        ("x", {"reply_parameters": ReplyParameters(999)}, "message to be replied not found"),
        (
            "x",
            {"reply_markup": {"inline_keyboard": [[{"text": "y", "callback_data": "é" * 33}]]}},
            "button_data_invalid",
        ),
        (
            "x",
            {"reply_markup": {"inline_keyboard": [[{"text": "y"}]]}},
            "text buttons are unallowed",
        ),
    ],
)
async def test_a_message_is_refused_as_telegram_refuses_it(
    telegram: PretendTelegram, bot: Bot, text: str, more: dict[str, Any], why: str
) -> None:
    sam = telegram.person("Sam")
    await telegram.says(sam, "hello")
    with pytest.raises(BadRequest, match=said(why)):
        await bot.send_message(sam, text, **more)
    assert telegram.from_bot(sam) == []
    assert len(telegram.rejected) == 1


async def test_the_longest_text_and_callback_data_are_taken(
    telegram: PretendTelegram, bot: Bot
) -> None:
    sam = telegram.person("Sam")
    await telegram.says(sam, "hello")
    button = InlineKeyboardButton("x", callback_data="é" * 32)
    await bot.send_message(
        sam, f"<b>{'x' * 4096}</b>", "HTML", reply_markup=InlineKeyboardMarkup([[button]])
    )
    assert len(telegram.from_bot(sam)[0].text) == 4096


async def test_edits_of_nothing_or_by_nothing_are_refused(
    telegram: PretendTelegram, bot: Bot
) -> None:
    sam = telegram.person("Sam")
    await telegram.says(sam, "hello")
    sent = await bot.send_message(sam, "hello", reply_markup=BUTTONS)
    with pytest.raises(BadRequest, match=said("not modified")):
        await bot.edit_message_text("hello", sam, sent.message_id, reply_markup=BUTTONS)
    with pytest.raises(BadRequest, match=said("not modified")):
        await bot.edit_message_reply_markup(sam, sent.message_id, reply_markup=BUTTONS)
    with pytest.raises(BadRequest, match=said("message to edit not found")):
        await bot.edit_message_text("hello", sam, 999)
    with pytest.raises(BadRequest, match=said("message can't be edited")):
        await bot.edit_message_text("hi", sam, telegram.messages(sam)[0].message_id)
    await bot.edit_message_reply_markup(sam, sent.message_id)
    assert telegram.from_bot(sam)[0].buttons == []


async def test_who_can_and_cannot_be_written_to(telegram: PretendTelegram, bot: Bot) -> None:
    stranger, met, blocker = (telegram.person(name) for name in ("Ann", "Ben", "Cat"))
    group = await telegram.group("Valley", [met])
    await telegram.adds_bot(group, met)
    await telegram.says(blocker, "hello")
    await telegram.blocks(blocker)
    with pytest.raises(BadRequest, match=said("chat not found")):
        await bot.send_message(stranger, "hello")
    with pytest.raises(Forbidden, match=said("can't initiate conversation")):
        await bot.send_message(met, "hello")
    with pytest.raises(Forbidden, match=said("blocked by the user")):
        await bot.send_message(blocker, "hello")
    await telegram.removes_bot(group, met)
    with pytest.raises(Forbidden, match=said("kicked from the group")):
        await bot.send_message(group, "hello")
    await telegram.says(blocker, "I'm back")
    await bot.send_message(blocker, "hello")
    kinds = [update.my_chat_member for update in await bot.get_updates() if update.my_chat_member]
    statuses = [change.new_chat_member.status for change in kinds]
    assert statuses == ["member", "kicked", "kicked", "member"]


async def test_a_press_is_answered_with_a_toast_within_its_time(
    telegram: PretendTelegram, bot: Bot, clock: VirtualClock
) -> None:
    sam = telegram.person("Sam")
    await telegram.says(sam, "hello")
    sent = await bot.send_message(sam, "Can you?", reply_markup=BUTTONS)
    await bot.edit_message_reply_markup(sam, sent.message_id)
    press = await telegram.presses(sam, sent.message_id, "Not today")  # on a phone that lags
    by_place = await telegram.presses(sam, sent.message_id, 0)
    queries = [update.callback_query for update in await bot.get_updates()][1:]
    assert [query.data for query in queries if query] == ["no:1", "take:1"]
    assert queries[0] is not None
    assert queries[0].message is not None
    assert queries[0].message.message_id == sent.message_id
    assert telegram.toast(press) is None
    with pytest.raises(BadRequest, match=said("message_too_long")):
        await bot.answer_callback_query(press, "x" * 201)
    await bot.answer_callback_query(press, "Thank you", show_alert=True)
    assert await telegram.toast_of(press) == "Thank you"
    clock.jump_to(TUESDAY + timedelta(minutes=16))
    with pytest.raises(BadRequest, match=said("query is too old")):
        await bot.answer_callback_query(by_place, "late")
    with pytest.raises(LookupError):
        await telegram.presses(sam, sent.message_id, "Perhaps")


async def test_one_chat_gets_a_short_burst_then_one_a_second(
    telegram: PretendTelegram, bot: Bot, clock: VirtualClock
) -> None:
    sam = telegram.person("Sam")
    await telegram.says(sam, "hello")
    for _ in range(3):
        await bot.send_message(sam, "quick")
    for _ in range(2):
        with pytest.raises(RetryAfter) as told:
            await bot.send_message(sam, "too quick")
    assert telegram.did_not_wait == 1
    clock.jump_to(clock.now() + timedelta(seconds=int(told.value._retry_after.total_seconds())))
    await bot.send_message(sam, "patient")
    assert [call.error for call in telegram.rejected] == ["Too Many Requests: retry after 1"] * 2


async def test_thirty_a_second_over_all(telegram: PretendTelegram, bot: Bot) -> None:
    people = [telegram.person(f"Neighbour {number}") for number in range(31)]
    for one in people:
        await telegram.says(one, "hello")
    for one in people[:30]:
        await bot.send_message(one, "hello")
    with pytest.raises(RetryAfter):
        await bot.send_message(people[30], "hello")


async def test_twenty_a_minute_in_a_group_and_hidden_limits(clock: VirtualClock) -> None:
    pretend = PretendTelegram(clock, TOKEN, speed=TelegramSpeed(extra_wait=7))
    await pretend.start()
    async with bot_for(pretend) as bot:
        sam = pretend.person("Sam")
        group = await pretend.group("Valley", [sam])
        await pretend.adds_bot(group, sam)
        for _ in range(20):
            await bot.send_message(group, "news")
        with pytest.raises(RetryAfter) as told:
            await bot.send_message(group, "more news")
        assert told.value._retry_after == timedelta(seconds=67)
    await pretend.stop()


async def test_groups_keep_privacy_and_can_become_supergroups(
    telegram: PretendTelegram, bot: Bot
) -> None:
    sam, rosa = telegram.person("Sam"), telegram.person("Rosa")
    group = await telegram.group("Valley", [sam, rosa])
    assert group < 0
    assert await telegram.adds_bot(group, sam)
    assert not await telegram.says_in_group(rosa, group, "nice weather")
    assert await telegram.says_in_group(rosa, group, "/help@PoproundBot")
    assert (await bot.get_chat_member(group, sam)).status == "creator"
    assert (await bot.get_chat(group)).title == "Valley"
    with pytest.raises(BadRequest, match=said("private chats only")):
        await bot.send_message(
            group,
            "where?",
            reply_markup=ReplyKeyboardMarkup([[KeyboardButton("here", request_location=True)]]),
        )
    new = await telegram.becomes_supergroup(group)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(group, "hello")
    assert moved.value.new_chat_id == new
    await bot.send_message(new, "hello")
    moves = [update.message for update in await bot.get_updates() if update.message]
    assert [one.migrate_to_chat_id for one in moves][-2:] == [new, None]
    assert [one.migrate_from_chat_id for one in moves][-1] == group
    await bot.leave_chat(new)
    with pytest.raises(Forbidden):
        await bot.send_message(new, "hello")


async def test_what_people_send_besides_words(telegram: PretendTelegram, bot: Bot) -> None:
    sam = telegram.person("Sam")
    await telegram.shares_location(sam, 53.6, -1.8)
    await telegram.sends_photo(sam, "my shed")
    await telegram.sends_voice(sam)
    await telegram.sends_sticker(sam)
    here, photo, voice, sticker = [update.message for update in await bot.get_updates()]
    assert here and here.location and here.location.latitude == 53.6
    assert photo and photo.photo and photo.caption == "my shed"
    assert voice and voice.voice
    assert sticker and sticker.sticker
    await bot.send_message(
        sam,
        "where?",
        reply_markup=ReplyKeyboardMarkup([[KeyboardButton("here", request_location=True)]]),
    )
    assert telegram.from_bot(sam)[0].keyboard == [["here"]]


async def test_commands_have_scopes_and_languages(telegram: PretendTelegram, bot: Bot) -> None:
    sam, rosa = telegram.person("Sam", "cy"), telegram.person("Rosa")
    await telegram.says(sam, "hello")
    await bot.set_my_commands([BotCommand("help", "What I can do")])
    await bot.set_my_commands([BotCommand("help", "Beth alla i wneud")], language_code="cy")
    await bot.set_my_commands(
        [BotCommand("broadcast", "Tell everybody")], scope=BotCommandScopeChat(sam)
    )
    assert (await bot.get_my_commands(language_code="cy"))[0].description == "Beth alla i wneud"
    assert [one["command"] for one in telegram.commands_for(sam)] == ["broadcast"]
    await bot.delete_my_commands(scope=BotCommandScopeChat(sam))
    assert telegram.commands_for(sam)[0]["description"] == "Beth alla i wneud"
    assert telegram.commands_for(rosa)[0]["description"] == "What I can do"
    with pytest.raises(BadRequest, match=said("bot_command_invalid")):
        await bot.set_my_commands([BotCommand("Help!", "no")])


async def test_a_method_that_is_not_pretended_is_seen(telegram: PretendTelegram, bot: Bot) -> None:
    with pytest.raises(InvalidToken):  # how python-telegram-bot reads a 404
        await bot.send_document(1, InputFile(b"bytes", "list.csv"))
    assert [call.method for call in telegram.unknown_calls] == ["sendDocument"]
    assert telegram.unknown_calls[0].params["document"] == b"bytes"


async def test_faults_come_once_and_in_the_right_kind(telegram: PretendTelegram, bot: Bot) -> None:
    sam = telegram.person("Sam")
    await telegram.says(sam, "hello")
    telegram.fail_next("sendMessage", status=429, retry_after=5)
    with pytest.raises(RetryAfter):
        await bot.send_message(sam, "one")
    telegram.fail_next(status=502)
    with pytest.raises(NetworkError):
        await bot.send_message(sam, "two")
    telegram.hang_next("sendMessage", after_doing=True, drop=True)
    with pytest.raises(NetworkError, match=said("httpx.")):  # not an answer with an error
        await bot.send_message(sam, "three")
    telegram.hang_next("sendMessage", after_doing=False, drop=True)
    with pytest.raises(NetworkError, match=said("httpx.")):  # not an answer with an error
        await bot.send_message(sam, "four")
    await bot.send_message(sam, "five")
    assert [message.text for message in telegram.from_bot(sam)] == ["three", "five"]
    answers = [call.answer is None for call in telegram.calls if call.method == "sendMessage"]
    assert answers == [False, False, True, True, False]


async def test_silence_is_a_timeout_and_does_not_hold_up_the_end(
    telegram: PretendTelegram,
) -> None:
    sam = telegram.person("Sam")
    await telegram.says(sam, "hello")
    async with bot_for(telegram, wait=0.05) as bot:
        telegram.hang_next("sendMessage", after_doing=True)
        with pytest.raises(TimedOut):
            await bot.send_message(sam, "anybody?")
    assert telegram.from_bot(sam)[0].text == "anybody?"


async def test_a_page_can_listen(telegram: PretendTelegram, bot: Bot) -> None:
    sam = telegram.person("Sam")
    with telegram.feed.listen() as events:
        await telegram.says(sam, "hello")
        await bot.send_message(sam, "hello Sam")
    kinds = [events.get_nowait().kind for _ in range(events.qsize())]
    assert kinds == ["message", "message", "call"]
    await telegram.feed.wait_until(lambda: len(telegram.from_bot(sam)) == 1)


@pytest.mark.skipif(SPEC is None, reason="Telegram's own description is not on this machine")
async def test_answers_hold_every_field_that_telegram_promises(
    telegram: PretendTelegram, bot: Bot, receiver: Receiver
) -> None:
    assert SPEC is not None
    types = json.loads(SPEC.read_text())["types"]
    required = {
        name: {field["name"] for field in kind.get("fields", []) if field["required"]}
        for name, kind in types.items()
    }
    sam = telegram.person("Sam")
    group = await telegram.group("Valley", [sam])
    await telegram.adds_bot(group, sam, as_admin=True)
    await bot.set_webhook(receiver.url)
    await telegram.says(sam, "hello")
    sent = await bot.send_message(sam, "hello", reply_markup=BUTTONS)
    await telegram.presses(sam, sent.message_id, 0)
    await bot.get_webhook_info()
    await bot.get_chat(sam)
    await bot.get_chat_member(group, bot.id)
    await telegram.settle()
    results = {call.method: call.answer["result"] for call in telegram.calls if call.answer}
    # One chat's updates come in order; those of two chats overtake each other.
    came = {kind: update[kind] for update in receiver.updates for kind in update}
    shapes: dict[str, Any] = {
        "User": results["getMe"],
        "Message": results["sendMessage"],
        "WebhookInfo": results["getWebhookInfo"],
        "ChatFullInfo": results["getChat"],
        "ChatMemberAdministrator": results["getChatMember"],
        "CallbackQuery": came["callback_query"],
        "ChatMemberUpdated": came["my_chat_member"],
    }
    for name, shape in shapes.items():
        assert required[name] <= set(shape), name
