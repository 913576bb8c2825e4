"""The pretend Twilio, driven by Twilio's own library as the bot drives the true one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from bot.clock import VirtualClock
from bot.demo.pretend_server import LoopbackServer
from bot.demo.pretend_twilio import PretendTwilio
from bot.demo.pretend_twilio_texts import segments

ACCOUNT = "AC" + "0" * 32
TOKEN = "pretend-auth-token"
NUMBER = "+447700900000"
ROSA = "+447700900001"
PUBLIC = "https://popround.example"
TUESDAY = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
SPEC_NAME = Path("shared", "specs", "twilio-messages-calls.json")
SPEC = next((up / SPEC_NAME for up in Path(__file__).parents if (up / SPEC_NAME).exists()), None)


class NearbyHttpClient(AsyncTwilioHttpClient):
    """Twilio's client always asks https://api.twilio.com; this sends it to another server.

    It also takes no notice of its own `timeout` unless that is given with each request.
    """

    def __init__(self, base: str, timeout: float = 5.0) -> None:
        super().__init__(timeout=timeout)
        self._base = base

    async def request(self, method: str, url: str, *args: Any, **more: Any) -> Any:
        more["timeout"] = self.timeout
        return await super().request(
            method, url.replace("https://api.twilio.com", self._base, 1), *args, **more
        )


@asynccontextmanager
async def client_for(pretend: PretendTwilio, token: str = TOKEN) -> AsyncIterator[Client]:
    async with NearbyHttpClient(pretend.url) as http:
        yield Client(ACCOUNT, token, http_client=http)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(TUESDAY)


@pytest.fixture
async def twilio(clock: VirtualClock) -> AsyncIterator[PretendTwilio]:
    pretend = PretendTwilio(clock, ACCOUNT, TOKEN, NUMBER)
    await pretend.start()
    yield pretend
    await pretend.stop()


@pytest.fixture
async def client(twilio: PretendTwilio) -> AsyncIterator[Client]:
    async with client_for(twilio) as made:
        yield made


class Receiver:
    """The bot's webhooks: keeps the forms that are rightly signed, answers what it is told to."""

    def __init__(self) -> None:
        self.forms: list[dict[str, str]] = []
        self.status = 200
        self.twiml = ""
        paths = ["/sms", "/fallback", "/status"]
        routes = [Route(path, self._take, methods=["POST"]) for path in paths]
        self._server = LoopbackServer(Router(routes))
        self.paths: list[str] = []

    async def _take(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        query = f"?{request.url.query}" if request.url.query else ""
        public = f"{PUBLIC}{request.url.path}{query}"
        signature = request.headers["x-twilio-signature"]
        assert RequestValidator(TOKEN).validate(public, form, signature)
        self.forms.append(form)
        self.paths.append(request.url.path + query)
        wrong = self.status != 200 and request.url.path != "/fallback"
        return Response(self.twiml, self.status if wrong else 200, media_type="text/xml")

    @property
    def statuses(self) -> list[str]:
        return [form["MessageStatus"] for form in self.forms if "MessageStatus" in form]


@pytest.fixture
async def receiver(twilio: PretendTwilio) -> AsyncIterator[Receiver]:
    made = Receiver()
    twilio.reach(PUBLIC, await made._server.start())
    yield made
    await made._server.stop()


async def later(clock: VirtualClock, pretend: PretendTwilio, seconds: float) -> None:
    clock.jump_to(clock.now() + timedelta(seconds=seconds))
    await pretend.settle()


async def send(client: Client, body: str = "Hello Rosa", to: str = ROSA, **more: Any) -> Any:
    return await client.messages.create_async(to=to, from_=NUMBER, body=body, **more)


async def test_a_text_is_taken_sent_and_delivered_in_its_time(
    twilio: PretendTwilio, client: Client, clock: VirtualClock
) -> None:
    made = await send(client)
    assert (made.status, made.num_segments, made.price) == ("queued", "1", None)
    assert made.sid.startswith("SM")
    assert len(made.sid) == 34
    assert made.date_created == TUESDAY
    await later(clock, twilio, 0.5)
    assert (await client.messages(made.sid).fetch_async()).status == "sending"
    assert twilio.handset(ROSA) == []
    await later(clock, twilio, 0.5)
    fetched = await client.messages(made.sid).fetch_async()
    assert (fetched.status, fetched.date_sent) == ("sent", TUESDAY + timedelta(seconds=1))
    await later(clock, twilio, 2)
    assert [text.body for text in twilio.handset(ROSA)] == ["Hello Rosa"]
    assert twilio.all_texts()[0].history == ["queued", "sending", "sent", "delivered"]


async def test_one_segment_a_second_then_the_next(
    twilio: PretendTwilio, client: Client, clock: VirtualClock
) -> None:
    await send(client, "x" * 161)
    await send(client, "short")
    await later(clock, twilio, 2)
    assert [text.status for text in twilio.all_texts()] == ["sent", "sending"]
    await later(clock, twilio, 1)
    assert [text.status for text in twilio.all_texts()] == ["sent", "sent"]


async def test_what_waits_over_ten_hours_fails_and_validity_is_kept(clock: VirtualClock) -> None:
    slow = PretendTwilio(clock, ACCOUNT, TOKEN, NUMBER, segments_per_second=1 / 40000)
    await slow.start()
    async with client_for(slow) as client:
        await send(client)
        await send(client, "too long a queue")
        await send(client, "soon or never", validity_period=60)
        await later(clock, slow, 60)
        assert [text.error_code for text in slow.all_texts()] == [None, 30001, 30036]
    await slow.stop()


@pytest.mark.parametrize(
    ("body", "parts", "why"),
    [
        ("x" * 160, 1, "the most of one segment"),
        ("x" * 161, 2, "153 a segment where there are several"),
        ("x" * 306, 2, "twice 153"),
        ("x" * 307, 3, "more than twice 153"),
        ("[" * 80, 1, "extension characters count double"),
        ("[" * 81, 2, "162 signs"),
        ("x" * 152 + "[" + "x" * 152, 3, "an escape is never parted from its letter"),
        ("à è ì ò ù ä ö ü é", 1, "GSM-7 has these"),
        ("ŵ" * 70, 1, "the most of one segment with any other sign"),
        ("ŵ" * 71, 2, "67 a segment where there are several"),
        ("🙂" * 35, 1, "an emoji is two units"),
        ("🙂" * 36, 2, "72 units"),
    ],
)
def test_segments_are_counted_the_true_way(body: str, parts: int, why: str) -> None:
    assert segments(body) == parts, why


@pytest.mark.parametrize(
    ("to", "body", "code"),
    [
        ("07700900001", "x", 21211),
        ("+44", "x", 21211),
        ("", "x", 21604),
        (ROSA, "", 21602),
        (ROSA, "x" * 1601, 21617),
        (NUMBER, "x", 21266),
        ("+12025550100", "x", 21408),
        ("+441484000000", "x", 21614),
        ("+447700900009", "x", 21610),
    ],
)
async def test_a_text_is_refused_with_the_true_code(
    twilio: PretendTwilio, client: Client, to: str, body: str, code: int
) -> None:
    twilio.landline("+441484000000")
    await twilio.texts("+447700900009", " stop ")
    with pytest.raises(TwilioRestException) as refused:
        await send(client, body, to)
    assert (refused.value.code, refused.value.status) == (code, 400)
    assert twilio.rejected[0].error is not None


async def test_the_longest_body_is_taken(twilio: PretendTwilio, client: Client) -> None:
    assert (await send(client, "x" * 1600)).num_segments == "11"


async def test_wrong_keys_and_unknown_things(twilio: PretendTwilio, client: Client) -> None:
    async with client_for(twilio, "wrong") as stranger:
        with pytest.raises(TwilioRestException) as refused:
            await send(stranger)
    assert (refused.value.code, refused.value.status) == (20003, 401)
    with pytest.raises(TwilioRestException) as refused:
        await client.messages("SM" + "f" * 32).fetch_async()
    assert (refused.value.code, refused.value.status) == (20404, 404)
    with pytest.raises(TwilioRestException):
        await client.calls.create_async(to=ROSA, from_=NUMBER, url=PUBLIC)
    assert len(twilio.unknown_calls) == 1


async def test_too_many_calls_are_not_processed(clock: VirtualClock) -> None:
    strict = PretendTwilio(clock, ACCOUNT, TOKEN, NUMBER, calls_per_second=2)
    await strict.start()
    async with client_for(strict) as client:
        await send(client)
        await send(client)
        with pytest.raises(TwilioRestException) as refused:
            await send(client)
        assert (refused.value.code, refused.value.status) == (20429, 429)
        clock.jump_to(clock.now() + timedelta(seconds=1))
        await send(client)
    assert len(strict.all_texts()) == 3
    await strict.stop()


async def test_statuses_come_signed_to_the_url_of_the_text(
    twilio: PretendTwilio, client: Client, clock: VirtualClock, receiver: Receiver
) -> None:
    made = await send(client, status_callback=f"{PUBLIC}/status?id=17")
    await later(clock, twilio, 3)
    assert receiver.statuses == ["sent", "delivered"]
    assert receiver.paths == ["/status?id=17"] * 2
    assert receiver.forms[0]["MessageSid"] == made.sid


async def test_statuses_can_come_in_the_wrong_order_and_twice(
    twilio: PretendTwilio, client: Client, clock: VirtualClock, receiver: Receiver
) -> None:
    twilio.reorder_next()
    twilio.repeat_next_status()
    await send(client, status_callback=f"{PUBLIC}/status")
    await later(clock, twilio, 3)
    assert receiver.statuses == ["delivered", "delivered", "sent"]
    assert twilio.all_texts()[0].status == "delivered"


async def test_an_undelivered_text_says_why(
    twilio: PretendTwilio, client: Client, clock: VirtualClock, receiver: Receiver
) -> None:
    twilio.undeliverable(ROSA)
    made = await send(client, status_callback=f"{PUBLIC}/status")
    await later(clock, twilio, 3)
    assert receiver.statuses == ["sent", "undelivered"]
    assert receiver.forms[-1]["ErrorCode"] == "30003"
    assert (await client.messages(made.sid).fetch_async()).error_code == 30003
    assert twilio.handset(ROSA) == []


async def test_nothing_happens_while_the_clock_stands_still(
    twilio: PretendTwilio, client: Client, receiver: Receiver
) -> None:
    await send(client, status_callback=f"{PUBLIC}/status")
    await twilio.settle()
    assert (receiver.forms, twilio.handset(ROSA)) == ([], [])


async def test_a_running_clock_needs_no_settling(
    twilio: PretendTwilio, client: Client, clock: VirtualClock
) -> None:
    clock.set_speed(1000)
    await send(client)
    await twilio.feed.wait_until(lambda: len(twilio.handset(ROSA)) == 1)


async def test_an_instant_handset_shows_at_once(clock: VirtualClock) -> None:
    pretend = PretendTwilio(clock, ACCOUNT, TOKEN, NUMBER, instant=True)
    await pretend.start()
    async with client_for(pretend) as client:
        await send(client)
        assert [text.body for text in pretend.handset(ROSA)] == ["Hello Rosa"]
        assert (await client.messages.list_async())[0].status in ("queued", "sending")
    await pretend.stop()


async def test_an_incoming_text_comes_signed(twilio: PretendTwilio, receiver: Receiver) -> None:
    twilio.webhook_url = f"{PUBLIC}/sms"
    assert await twilio.texts(ROSA, "i need some milk & bread + eggs please", media=1)
    (form,) = receiver.forms
    assert form["Body"] == "i need some milk & bread + eggs please"
    assert (form["From"], form["To"], form["FromCountry"]) == (ROSA, NUMBER, "GB")
    assert (form["NumMedia"], form["NumSegments"]) == ("1", "1")
    assert form["MessageSid"] == form["SmsSid"]
    assert form["MediaUrl0"]
    assert "OptOutType" not in form


async def test_a_failed_webhook_is_tried_once_then_the_fallback(
    twilio: PretendTwilio, client: Client, receiver: Receiver
) -> None:
    (number,) = await client.incoming_phone_numbers.list_async(phone_number=NUMBER)
    await client.incoming_phone_numbers(number.sid).update_async(
        sms_url=f"{PUBLIC}/sms", sms_method="POST", status_callback=f"{PUBLIC}/status"
    )
    receiver.status = 503
    assert not await twilio.texts(ROSA, "one")
    assert receiver.paths == ["/sms"]
    await client.incoming_phone_numbers(number.sid).update_async(
        sms_fallback_url=f"{PUBLIC}/fallback"
    )
    assert await twilio.texts(ROSA, "two")
    assert receiver.paths == ["/sms", "/sms", "/fallback"]
    assert [posted.status for _, posted in twilio.failed_webhooks] == [503, 503]


async def test_a_bot_that_is_away_loses_the_webhook_but_not_the_text(
    twilio: PretendTwilio, client: Client, receiver: Receiver
) -> None:
    twilio.webhook_url = f"{PUBLIC}/sms"
    await receiver._server.stop()
    assert not await twilio.texts(ROSA, "anybody there?")
    (kept,) = await client.messages.list_async(to=NUMBER)
    assert (kept.body, kept.direction, kept.status) == ("anybody there?", "inbound", "received")


async def test_a_pretend_never_calls_beyond_its_machine(twilio: PretendTwilio) -> None:
    twilio.webhook_url = "https://example.org/sms"
    assert not await twilio.texts(ROSA, "hello")


async def test_an_incoming_text_can_come_twice(twilio: PretendTwilio, receiver: Receiver) -> None:
    twilio.webhook_url = f"{PUBLIC}/sms"
    twilio.repeat_next()
    await twilio.texts(ROSA, "hello")
    assert len({form["MessageSid"] for form in receiver.forms}) == 1
    assert len(receiver.forms) == 2


async def test_twiml_answers_are_sent(
    twilio: PretendTwilio, clock: VirtualClock, receiver: Receiver
) -> None:
    twilio.webhook_url = f"{PUBLIC}/sms"
    receiver.twiml = (
        "<?xml version='1.0'?><Response><Message>Hello &amp; welcome</Message></Response>"
    )
    await twilio.texts(ROSA, "hello")
    await later(clock, twilio, 3)
    assert twilio.twiml_messages == ["Hello & welcome"]
    assert [text.body for text in twilio.handset(ROSA)] == ["Hello & welcome"]


@pytest.mark.parametrize(
    ("word", "blocks"),
    [
        ("STOP", True),
        (" stop ", True),
        ("Cancel", True),
        ("END", True),
        ("optout", True),
        ("STOP this terrible bill", False),
        ("Stop. Thank you", False),
        ("NO", False),
    ],
)
async def test_a_stop_word_alone_is_between_the_person_and_twilio(
    twilio: PretendTwilio,
    client: Client,
    clock: VirtualClock,
    receiver: Receiver,
    word: str,
    blocks: bool,
) -> None:
    twilio.webhook_url = f"{PUBLIC}/sms"
    assert await twilio.texts(ROSA, word)
    assert receiver.forms[0]["Body"] == word
    assert (ROSA in twilio.opted_out) == blocks
    await later(clock, twilio, 3)
    assert [text.by for text in twilio.handset(ROSA)] == ["twilio"] * blocks
    await twilio.texts(ROSA, "start")
    await send(client)
    await later(clock, twilio, 10)
    assert [text.by for text in twilio.handset(ROSA)] == ["twilio", "twilio"] * blocks + ["bot"]


async def test_with_advanced_opt_out_the_webhook_says_which(clock: VirtualClock) -> None:
    pretend = PretendTwilio(clock, ACCOUNT, TOKEN, NUMBER, advanced_opt_out=True)
    receiver = Receiver()
    pretend.reach(PUBLIC, await receiver._server.start())
    pretend.webhook_url = f"{PUBLIC}/sms"
    await pretend.start()
    for word in ("stop", "start", "help", "hello"):
        await pretend.texts(ROSA, word)
    assert [form.get("OptOutType") for form in receiver.forms] == ["STOP", "START", "HELP", None]
    await pretend.stop()
    await receiver._server.stop()


async def test_the_list_is_filtered_and_paged_without_gaps(
    twilio: PretendTwilio, client: Client, clock: VirtualClock
) -> None:
    for number in range(5):
        await twilio.texts(ROSA, f"text {number}")
        clock.jump_to(clock.now() + timedelta(minutes=1))
    await twilio.texts("+447700900002", "from another")
    page = await client.messages.page_async(to=NUMBER, from_=ROSA, page_size=2)
    seen = [text.body for text in page]
    await twilio.texts(ROSA, "meanwhile")
    while (page := await page.next_page_async()) is not None:
        seen += [text.body for text in page]
    assert seen == ["text 4", "text 3", "text 2", "text 1", "text 0"]
    since = await client.messages.list_async(date_sent_after=TUESDAY + timedelta(minutes=3))
    assert [text.body for text in since] == ["meanwhile", "from another", "text 4", "text 3"]
    before = await client.messages.list_async(date_sent_before=TUESDAY, page_size=1)
    assert [text.body for text in before] == ["text 0"]
    assert len(await client.messages.list_async(date_sent=TUESDAY.date().isoformat())) == 7
    assert await client.messages.list_async(date_sent="2026-03-02") == []


async def test_a_finished_text_can_be_redacted_and_deleted(
    twilio: PretendTwilio, client: Client, clock: VirtualClock
) -> None:
    made = await send(client)
    with pytest.raises(TwilioRestException) as refused:
        await client.messages(made.sid).delete_async()
    assert refused.value.code == 20009
    await later(clock, twilio, 3)
    assert (await client.messages(made.sid).update_async(body="")).body == ""
    assert twilio.handset(ROSA)[0].shown_body == "Hello Rosa"
    assert await client.messages(made.sid).delete_async()
    assert await client.messages.list_async() == []


async def test_the_account_can_be_looked_at(twilio: PretendTwilio, client: Client) -> None:
    assert (await client.api.accounts(ACCOUNT).fetch_async()).status == "active"
    assert await client.incoming_phone_numbers.list_async(phone_number="+447700999999") == []


async def test_faults_come_once_and_in_the_right_kind(
    twilio: PretendTwilio, client: Client
) -> None:
    twilio.fail_next(20429, "create")
    with pytest.raises(TwilioRestException) as refused:
        await send(client, "one")
    assert refused.value.status == 429
    twilio.hang_next("create", after_doing=True, drop=True)
    with pytest.raises(aiohttp.ClientError):
        await send(client, "two")
    twilio.hang_next("create", after_doing=False, drop=True)
    with pytest.raises(aiohttp.ClientError):
        await send(client, "three")
    await send(client, "four")
    assert [text.body for text in await client.messages.list_async(to=ROSA)] == ["four", "two"]
    assert [call.answer is None for call in twilio.calls[:4]] == [False, True, True, False]


async def test_silence_is_a_timeout(twilio: PretendTwilio) -> None:
    async with NearbyHttpClient(twilio.url, timeout=0.05) as http:
        client = Client(ACCOUNT, TOKEN, http_client=http)
        twilio.hang_next("create", after_doing=True)
        with pytest.raises(TimeoutError):
            await send(client)
    assert len(twilio.all_texts()) == 1


async def test_a_page_can_listen(
    twilio: PretendTwilio, client: Client, clock: VirtualClock
) -> None:
    with twilio.feed.listen() as events:
        await twilio.texts(ROSA, "hello")
        await send(client)
        await later(clock, twilio, 3)
    kinds = [events.get_nowait().kind for _ in range(events.qsize())]
    assert kinds == ["text", "call", "status", "status", "status", "text"]
    assert [text.by for text in twilio.thread(ROSA)] == ["person", "bot"]


@pytest.mark.skipif(SPEC is None, reason="Twilio's own description is not on this machine")
async def test_answers_hold_every_field_that_twilio_describes(
    twilio: PretendTwilio, client: Client
) -> None:
    assert SPEC is not None
    schemas = json.loads(SPEC.read_text())["components"]["schemas"]
    await send(client)
    await client.incoming_phone_numbers.list_async()
    await client.api.accounts(ACCOUNT).fetch_async()
    answers = {call.method: call.answer for call in twilio.calls}
    text, numbers, account = answers["create"], answers["numbers"], answers["account"]
    assert text and numbers and account
    base = "api.v2010.account"
    assert set(schemas[f"{base}.message"]["properties"]) <= set(text)
    number = numbers["incoming_phone_numbers"][0]
    assert set(schemas[f"{base}.incoming_phone_number"]["properties"]) <= set(number)
    assert set(schemas[base]["properties"]) <= set(account)
