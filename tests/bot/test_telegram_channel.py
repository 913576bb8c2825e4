"""Telegram: what comes in as neutral messages, what goes out as Bot API calls, and its errors."""

import json
import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from telegram import Update
from telegram import error as tg

from bot.channels import telegram as channel
from bot.channels.base import (
    AddressError,
    MalformedError,
    OptedOutError,
    PermanentError,
    RefusedError,
    RetryableError,
    TooManyError,
    UnknownOutcomeError,
)
from bot.channels.telegram import TelegramAdapter
from storage.model import (
    Channel,
    InboundKind,
    InboundMessage,
    OutboundKind,
    OutboundMessage,
    Priority,
)

TOKEN = "4242:a-token-nobody-may-see"
SECRET = "our-secret"
HEADERS = {"x-telegram-bot-api-secret-token": SECRET}
ROUTE = TelegramAdapter.routes[0]
ME = {"id": 4242, "is_bot": True, "first_name": "Popround", "username": "PoproundBot"}
SAM = {"id": 7, "is_bot": False, "first_name": "Sam", "language_code": "cy"}
HOME = {"id": 7, "type": "private", "first_name": "Sam"}
STREET = {"id": -100, "type": "supergroup", "title": "Our street"}


class Api:
    """Stands in for api.telegram.org; each call is checked against the Bot API's own list."""

    def __init__(self, *answers):
        self.calls = []
        self.answers = list(answers)

    @asynccontextmanager
    async def request(self, how, url, *, data, **more):
        path = urlsplit(url).path
        assert (how, more["allow_redirects"]) == ("POST", False)
        assert path.startswith(f"/bot{TOKEN}/"), path
        assert more["headers"] == {"Content-Type": "application/x-www-form-urlencoded"}
        method = path.rsplit("/", 1)[1]
        params = dict(parse_qsl(data.decode(), keep_blank_values=True, strict_parsing=bool(data)))
        self.calls.append((method, params))
        in_the_book(method, params)
        answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, Exception):
            raise answer
        if not isinstance(answer, Answer):
            answer = Answer(200, json.dumps({"ok": True, "result": answer}))
        yield answer

    async def close(self):
        """Nothing to hang up."""


@dataclass
class Answer:
    status: int
    body: str

    async def read(self):
        return self.body.encode()


def in_the_book(method, params):
    places = (folder / "shared/specs/telegram-bot-api.json" for folder in Path(__file__).parents)
    if book := next((place for place in places if place.exists()), None):
        told = json.loads(book.read_text())["methods"][method].get("fields", [])
        assert set(params) <= {field["name"] for field in told}
        assert {field["name"] for field in told if field["required"]} <= set(params)


def no(code, description, **parameters):
    body = {"ok": False, "error_code": code, "description": description}
    return Answer(code, json.dumps(body | ({"parameters": parameters} if parameters else {})))


def adapter(api=None, **more):
    made = TelegramAdapter(TOKEN, session=lambda _lines: api or Api(), **more)
    made.reader.username = "PoproundBot"
    return made


def hooked(api=None):
    return adapter(api, webhook_secret=SECRET, public_url="https://p.example")


def update(**what):
    return {"update_id": 99, **what}


def message(chat=HOME, **what):
    return update(message={"message_id": 5, "date": 1, "chat": chat, "from": SAM, **what})


def receive(data, on=None):
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return (on or hooked()).receive(ROUTE, HEADERS, body, "").messages


def inbound(kind, chat="7", **what):
    usual = {"provider_id": "99", "sender": "7", "name": "Sam", "language": "cy"}
    return InboundMessage(Channel.TELEGRAM, chat=chat, kind=kind, **(usual | what))


def outbound(kind=OutboundKind.TEXT, text="Hello Rosa.", chat="7", **what):
    at = datetime(2026, 3, 3, tzinfo=UTC)
    return OutboundMessage(1, Channel.TELEGRAM, chat, kind, Priority.REPLY, text, at, **what)


def member(chat, was, now, **more):
    seen = {"user": ME, "is_anonymous": False, "can_be_edited": False, "until_date": 0}
    old, new = ({**seen, "status": status} for status in (was, now))
    return update(
        my_chat_member={
            "chat": chat,
            "from": SAM,
            "date": 1,
            "old_chat_member": old,
            "new_chat_member": new | more,
        }
    )


def press(**what):
    query = {"id": "55", "from": SAM, "chat_instance": "1", "data": "tok:0"}
    return update(callback_query=query | what)


HERE = ConnectionKey("api.telegram.org", 443, True, True, None, None, None)
NO_LINE = aiohttp.ClientConnectorError(HERE, OSError("x"))
SILENT = aiohttp.SocketTimeoutError("x")

TEXT, GROUP = InboundKind.TEXT, {"chat": "-100", "in_group": True}
SHOWN = {"message_id": 5, "date": 1, "chat": STREET}
RIGHTS = dict.fromkeys(
    (
        *("can_be_edited", "can_manage_chat", "can_delete_messages", "can_manage_video_chats"),
        *("can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users"),
        *("can_post_stories", "can_edit_stories", "can_delete_stories"),
    ),
    False,
)


@pytest.mark.parametrize(
    ("payload", "becomes"),
    [
        pytest.param(message(text="some milk please"), inbound(TEXT, text="some milk please")),
        pytest.param(message(text="/start CODE1"), inbound(TEXT, text="/start CODE1")),
        pytest.param(message(text="/help@PoproundBot"), inbound(TEXT, text="/help")),
        pytest.param(message(text="a\x00b\ud83d"), inbound(TEXT, text="ab?"), id="unstorable"),
        pytest.param(
            message(location={"latitude": 53.5, "longitude": -1.75}),
            inbound(InboundKind.LOCATION, latitude=53.5, longitude=-1.75),
        ),
        pytest.param(
            message(
                sticker={"file_id": "a", "file_unique_id": "b", "type": "regular"}
                | {"width": 1, "height": 1, "is_animated": False, "is_video": False}
            ),
            inbound(InboundKind.OTHER),
        ),
        pytest.param(
            message(voice={"file_id": "a", "file_unique_id": "b", "duration": 3}),
            inbound(InboundKind.OTHER),
        ),
        pytest.param(
            message(
                photo=[{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}],
                caption="my list",
            ),
            inbound(TEXT, text="my list"),
        ),
        pytest.param(
            press(message=SHOWN), inbound(InboundKind.BUTTON, button="tok:0", answers="55", **GROUP)
        ),
        pytest.param(
            press(message=SHOWN, data="a\x00\ud83d:0", id="5\x005"),
            inbound(InboundKind.BUTTON, button="a?:0", answers="55", **GROUP),
            id="a button that nobody could look up",
        ),
        pytest.param(
            press(message=SHOWN | {"date": 0}),
            inbound(InboundKind.BUTTON, button="tok:0", answers="55", **GROUP),
            id="button of a message that is gone",
        ),
        pytest.param(press(), None, id="button of an inline message, which we never send"),
        pytest.param(message(STREET, text="lovely day"), None, id="chatter among neighbours"),
        pytest.param(message(STREET, text="/help"), inbound(TEXT, text="/help", **GROUP)),
        pytest.param(
            message(STREET, text="/help@poproundbot me"), inbound(TEXT, text="/help me", **GROUP)
        ),
        pytest.param(message(STREET, text="/help@OtherBot"), None, id="another bot's command"),
        pytest.param(
            message(STREET, text="hi @PoproundBot please"), inbound(TEXT, text="hi please", **GROUP)
        ),
        pytest.param(message(STREET, text="write to x@PoproundBot.org"), None, id="no mention"),
        pytest.param(
            message(STREET, text="yes", reply_to_message=SHOWN | {"from": ME}),
            inbound(TEXT, text="yes", **GROUP),
        ),
        pytest.param(message(STREET, text="yes", reply_to_message=SHOWN | {"from": SAM}), None),
        pytest.param(
            message(HOME, text="yes", reply_to_message=SHOWN | {"from": ME}),
            inbound(TEXT, text="yes", replies_to="5"),
            id="under a message of ours",
        ),
        pytest.param(message(STREET, new_chat_members=[SAM]), None, id="service message"),
        pytest.param(message(HOME, text="hi", **{"from": ME}), None, id="a bot's message"),
        pytest.param(update(edited_message=message(text="x")["message"]), None),
        pytest.param(update(channel_post=message(text="x")["message"]), None),
        pytest.param(update(a_kind_from_the_future={"x": 1}), None),
        pytest.param(
            message(STREET | {"type": "group"}, migrate_to_chat_id=-200),
            inbound(InboundKind.MOVED, text="-200", **GROUP),
        ),
        pytest.param(message(STREET, migrate_from_chat_id=-1), None),
        pytest.param(member(STREET, "left", "member"), inbound(InboundKind.ADDED, **GROUP)),
        pytest.param(
            member(STREET, "left", "administrator", **RIGHTS), inbound(InboundKind.ADDED, **GROUP)
        ),
        pytest.param(member(STREET, "member", "administrator", **RIGHTS), None, id="a new right"),
        pytest.param(member(STREET, "member", "kicked"), inbound(InboundKind.REMOVED, **GROUP)),
        pytest.param(member(STREET, "member", "left"), inbound(InboundKind.REMOVED, **GROUP)),
        pytest.param(member(HOME, "member", "kicked"), inbound(InboundKind.REMOVED), id="blocked"),
        pytest.param(member(HOME, "kicked", "member"), None, id="unblocked"),
    ],
)
def test_an_update_becomes_a_neutral_message_or_nothing(payload, becomes):
    assert receive(payload) == ((becomes,) if becomes else ())


@pytest.mark.parametrize("said", ["", "our-secre", "our-secret2", "OUR-SECRET", "ünser"])
@pytest.mark.parametrize("body", [b"", b"\xff\x00", b"x" * 60_000, json.dumps(message()).encode()])
def test_a_wrong_secret_is_refused_whatever_the_body(said, body):
    with pytest.raises(RefusedError):
        hooked().receive(ROUTE, {"X-Telegram-Bot-Api-Secret-Token": said}, body, "")


def test_no_secret_header_and_no_secret_of_ours_are_refused():
    with pytest.raises(RefusedError):
        hooked().receive(ROUTE, {}, b"{}", "")
    with pytest.raises(RefusedError):
        adapter().receive(ROUTE, {"X-Telegram-Bot-Api-Secret-Token": ""}, b"{}", "")


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        (message(text="milk \ud800please"), True),
        (message(text="/help@PoproundBot", entities=[]), True),
        (message(text="yes", **{"from": {**SAM, "language_code": None}}), True),
        (message(text="yes", reply_to_message=message(text="?")["message"]), False),
        (message(STREET, text="hello @PoproundBot"), False),
        (message(caption="us two", photo=[]), False),
        (message(text=""), False),
        (message(text="hello", **{"from": ME}), False),
        (message(text="hello", via_bot=ME), False),
        ({**message(text="hello"), "more": 1}, False),
    ],
)
def test_words_alone_are_read_without_the_library_as_with_it(given, plain) -> None:
    on = hooked()
    on.reader.username = "PoproundBot"
    short = on.reader.plain_words(given)
    assert (short is not None) is plain
    assert not plain or short.messages == on.reader.read(Update.de_json(given))


def test_an_id_that_is_none_is_found_out_without_the_library_too() -> None:
    with pytest.raises(MalformedError):
        hooked().reader.plain_words(message({**HOME, "id": "7"}, text="hello"))
    with pytest.raises(ValueError, match="secret"):
        TelegramAdapter(TOKEN, public_url="https://p.example")


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"null",
            b"[]",
            b"{}",
            b"\xff\x00",
            b"[" * 60_000,
            b'{"update_id": 5, "message": 3}',
        ),
        b'{"update_id": ' + b"9" * 5_000 + b"}",  # more figures than Python makes a number of
        # The library believes whatever stands there; in the middle of a lane it would be found out.
        json.dumps(message(text="x") | {"update_id": "99"}).encode(),
        json.dumps(message(text="x") | {"update_id": 2**64}).encode(),
        json.dumps(message({"id": "7", "type": "private"}, text="x")).encode(),
        json.dumps(message({"id": 7.5, "type": "private"}, text="x")).encode(),
        json.dumps(message(text=["x"])).encode(),
        json.dumps(message(location={"latitude": float("nan"), "longitude": 0.0})).encode(),
        json.dumps(message(location={"latitude": 53.5, "longitude": 181})).encode(),
        json.dumps(message(location={"latitude": "53", "longitude": 0.0})).encode(),
        json.dumps(message(STREET, migrate_to_chat_id="elsewhere")).encode(),
        json.dumps(press(message=SHOWN, data={"tok": 0})).encode(),
        json.dumps(press(message=SHOWN, id=[])).encode(),
    ],
)
def test_a_genuine_call_that_cannot_be_read_is_malformed(body):
    with pytest.raises(MalformedError) as told:
        receive(body)
    assert told.value.__suppress_context__


async def test_polling_asks_from_the_cursor_and_moves_it_on():
    api = Api([message(text="one"), update(poll_answer=None) | {"update_id": 104}], [])
    poller = adapter(api, poll_seconds=1)
    got, cursor = await poller.poll("")
    assert ([m.text for m in got.messages], cursor) == (["one"], "105")
    assert await poller.poll(cursor) == (channel.Received(), "105")
    (_, first), (_, second) = api.calls
    assert "offset" not in first
    assert second["offset"] == "105"
    assert second["timeout"] == "1"
    assert json.loads(second["allowed_updates"]) == ["message", "callback_query", "my_chat_member"]


async def test_an_update_that_cannot_be_read_does_not_hold_up_the_queue(caplog):
    poison = {"update_id": 100, "message": {"text": "private words", "chat": 3}}
    got, cursor = await adapter(Api([poison, message(text="after")])).poll("")
    assert ([m.text for m in got.messages], cursor) == (["after"], "101")
    assert "private words" not in caplog.text


@pytest.mark.parametrize(
    ("message_out", "method", "params"),
    [
        (outbound(), "sendMessage", {"chat_id": "7", "text": "Hello Rosa."}),
        (outbound(quiet=True), "sendMessage", {"disable_notification": "true"}),
        (
            outbound(buttons=(("t:0", "I'll do it"), ("t:1", "Not today"), ("t:2", "No more"))),
            "sendMessage",
            {"reply_markup": [["t:0", "t:1"], ["t:2"]]},
        ),
        (
            outbound(buttons=(("t:0", "I'll do it"), ("t:1", "Not today, ask me tomorrow"))),
            "sendMessage",
            {"reply_markup": [["t:0"], ["t:1"]]},
        ),
        (
            outbound(OutboundKind.EDIT, "Taken.", edits="5"),
            "editMessageText",
            {"chat_id": "7", "message_id": "5", "text": "Taken."},
        ),
        (
            outbound(OutboundKind.TOAST, "Thank you", answers="55"),
            "answerCallbackQuery",
            {"callback_query_id": "55", "text": "Thank you"},
        ),
        (outbound(OutboundKind.TOAST, "", answers="55"), "answerCallbackQuery", {"text": None}),
        (
            outbound(OutboundKind.TOAST, "x" * 201, answers="55"),
            "answerCallbackQuery",
            {"text": "x" * 200, "show_alert": "true"},
        ),
        (
            outbound(OutboundKind.COMMANDS, "", about={"commands": [["help", "What to do"]]}),
            "setMyCommands",
            {
                "commands": '[{"command": "help", "description": "What to do"}]',
                "scope": '{"chat_id": 7, "type": "chat"}',
            },
        ),
        (
            outbound(OutboundKind.COMMANDS, "", chat="", about={"commands": []}),
            "setMyCommands",
            {"scope": '{"type": "all_private_chats"}'},
        ),
    ],
)
async def test_each_kind_is_one_call(message_out, method, params):
    api = Api({"message_id": 12, "date": 1, "chat": HOME} if "Message" in method else True)
    sent = await adapter(api).send(message_out)
    assert sent.provider_id == {"sendMessage": "12", "editMessageText": "5"}.get(
        method, message_out.answers
    )
    ((called, given),) = api.calls
    assert called == method
    if "Message" in method:
        assert json.loads(given["link_preview_options"]) == {"is_disabled": True}
        assert "parse_mode" not in given
    for name, value in params.items():
        if name == "reply_markup":
            rows = json.loads(given[name])["inline_keyboard"]
            assert [[button["callback_data"] for button in row] for row in rows] == value
        else:
            assert given.get(name) == value


async def test_sharing_a_place_is_a_keyboard_that_goes_away_after_use():
    api = Api({"message_id": 12, "date": 1, "chat": HOME})
    buttons = (("location", "Share where I am"), ("t:0", "No"))
    await adapter(api).send(outbound(ask_location=True, buttons=buttons))
    assert json.loads(api.calls[0][1]["reply_markup"]) == {
        "keyboard": [[{"text": "Share where I am", "request_location": True}], [{"text": "No"}]],
        "one_time_keyboard": True,
        "resize_keyboard": True,
    }


async def test_a_group_is_never_asked_for_a_place():
    api = Api({"message_id": 12, "date": 1, "chat": STREET})
    buttons = (("location", "Share where I am"), ("t:0", "No"))
    await adapter(api).send(outbound(chat="-100", ask_location=True, buttons=buttons))
    rows = json.loads(api.calls[0][1]["reply_markup"])["inline_keyboard"]
    assert [[button["text"] for button in row] for row in rows] == [["No"]]


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (no(403, "Forbidden: bot was blocked by the user"), OptedOutError, "blocked"),
        (no(403, "Forbidden: user is deactivated"), AddressError, "deactivated"),
        (
            no(403, "Forbidden: bot can't initiate conversation with a user"),
            AddressError,
            "never_started",
        ),
        (no(403, "Forbidden: bot was kicked from the group chat"), PermanentError, "kicked"),
        (no(403, "Forbidden: something new"), PermanentError, "forbidden"),
        (no(400, "Bad Request: chat not found"), AddressError, "no_such_chat"),
        (no(400, "Bad Request: message is too long"), PermanentError, "too_long"),
        (no(400, "Bad Request: something new"), PermanentError, "bad_request"),
        (no(400, "Bad Request: group", migrate_to_chat_id=-200), PermanentError, "migrated"),
        (no(429, "Too Many Requests: retry after 7", retry_after=7), TooManyError, "flood"),
        (no(429, "Too Many Requests"), TooManyError, "flood"),
        (no(401, "Unauthorized"), RetryableError, "bad_token"),
        (no(404, "Not Found"), RetryableError, "bad_token"),
        # a gateway gave up; what is behind it may have sent
        (no(500, "Internal Server Error"), UnknownOutcomeError, "no_answer"),
        (Answer(502, "<html>"), UnknownOutcomeError, "no_answer"),
        (Answer(504, "<html>"), UnknownOutcomeError, "no_answer"),
        (Answer(200, "<html>"), UnknownOutcomeError, "no_answer"),
        (True, UnknownOutcomeError, "no_answer"),  # not an answer to sendMessage
        # it never left
        (NO_LINE, RetryableError, "not_connected"),
        (aiohttp.ClientConnectorDNSError(HERE, OSError("x")), RetryableError, "not_connected"),
        (aiohttp.ConnectionTimeoutError("x"), RetryableError, "not_connected"),
        # it may have arrived
        (SILENT, UnknownOutcomeError, "no_answer"),
        (TimeoutError(), UnknownOutcomeError, "no_answer"),
        (aiohttp.ClientOSError("x"), UnknownOutcomeError, "no_answer"),
        (aiohttp.ClientConnectionResetError("x"), UnknownOutcomeError, "no_answer"),
        (aiohttp.ServerDisconnectedError("x"), UnknownOutcomeError, "no_answer"),
        (aiohttp.ClientPayloadError("x"), UnknownOutcomeError, "no_answer"),
        (aiohttp.ClientResponseError(None, ()), UnknownOutcomeError, "no_answer"),
    ],
)
async def test_each_error_is_one_of_four(answer, error, code):
    with pytest.raises(error) as told:
        await adapter(Api(answer)).send(outbound())
    assert type(told.value) is error
    assert told.value.code == code
    assert told.value.__suppress_context__ or told.value.__context__ is None
    if code == "flood":
        assert told.value.retry_after in (5, 7)


async def test_what_does_no_harm_twice_is_tried_again():
    for kind in (OutboundKind.EDIT, OutboundKind.TOAST):
        with pytest.raises(RetryableError):
            await adapter(Api(SILENT)).send(outbound(kind, edits="5", answers="5"))
    with pytest.raises(RetryableError, match="no_answer"):
        await adapter(Api(SILENT)).poll("")


@pytest.mark.parametrize(
    ("kind", "words", "code"),
    [
        (OutboundKind.EDIT, "message to edit not found", "edit_gone"),
        (OutboundKind.EDIT, "message can't be edited", "edit_gone"),
        (
            OutboundKind.TOAST,
            "query is too old and response timeout expired or query ID is invalid",
            "too_late",
        ),
    ],
)
async def test_what_came_too_late_is_not_tried_again(kind, words, code):
    with pytest.raises(PermanentError, match=code):
        await adapter(Api(no(400, f"Bad Request: {words}"))).send(
            outbound(kind, edits="5", answers="55")
        )


async def test_an_edit_that_changes_nothing_is_done():
    same = no(400, "Bad Request: message is not modified: specified new message content")
    assert (
        await adapter(Api(same)).send(outbound(OutboundKind.EDIT, edits="5"))
    ).provider_id == "5"


async def test_an_address_that_is_no_chat_is_never_called():
    api = Api()
    with pytest.raises(PermanentError, match="bad_id"):
        await adapter(api).send(outbound(chat="@somebody"))
    assert api.calls == []


async def test_two_pollers_of_one_bot_are_told_apart_by_waiting():
    conflict = no(409, "Conflict: terminated by other getUpdates request")
    with pytest.raises(RetryableError, match="conflict"):
        await adapter(Api(conflict)).poll("5")


async def test_nobody_can_ask_telegram_what_was_sent():
    with pytest.raises(UnknownOutcomeError):
        await adapter().look_up(outbound())


async def test_setting_up_a_webhook_and_taking_it_away():
    api = Api(True, ME)
    hook = hooked(api)
    await hook.set_up()
    assert api.calls[0] == (
        "setWebhook",
        {
            "url": "https://p.example/webhooks/telegram",
            "secret_token": SECRET,
            "allowed_updates": '["message", "callback_query", "my_chat_member"]',
            "max_connections": "40",
        },
    )
    assert hook.username == "PoproundBot"
    api = Api(True, ME)
    await adapter(api).set_up()
    assert [name for name, _ in api.calls] == ["deleteWebhook", "getMe"]


@pytest.mark.parametrize(
    ("info", "ok", "words"),
    [
        ({"url": "https://p.example/webhooks/telegram"}, True, "sends here"),
        ({"url": ""}, False, "does not send to this bot"),
        (
            {
                "url": "https://p.example/webhooks/telegram",
                "pending_update_count": 3,
                "last_error_message": "Connection refused",
            },
            False,
            "Connection refused",
        ),
    ],
)
async def test_check_tells_how_the_webhook_is(info, ok, words):
    hook = {"has_custom_certificate": False, "pending_update_count": 0} | info
    findings = await hooked(Api(ME, hook)).check()
    assert findings[0].what == "Telegram knows the bot as @PoproundBot."
    assert findings[1].ok is ok
    assert words in findings[1].what
    assert ok or findings[1].to_do


async def test_check_tells_of_a_wrong_token_without_showing_it():
    (finding,) = await hooked(Api(no(401, "Unauthorized"))).check()
    assert not finding.ok
    assert "POPROUND_TELEGRAM_TOKEN" in finding.to_do


async def test_the_token_is_in_no_log_and_no_error(caplog):
    caplog.set_level(logging.DEBUG)
    url = f"https://api.telegram.org/bot{TOKEN}/sendMessage"
    talking = adapter(Api(aiohttp.ConnectionTimeoutError(url), aiohttp.InvalidURL(url), True, ME))
    for _ in range(2):
        with pytest.raises(channel.SendError) as told:
            await talking.send(outbound())
        assert TOKEN not in f"{told.value} {told.value!r} {told.value.args}"
    await talking.set_up()
    await talking.close()
    assert TOKEN not in caplog.text


def test_every_error_of_the_library_has_its_place():
    for error in (tg.EndPointNotFound("x"), tg.TelegramError("x"), tg.PassportDecryptionError("x")):
        assert isinstance(channel.failure(error), UnknownOutcomeError)
