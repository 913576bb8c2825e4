"""Texts: signatures, forms, REST calls, polling and Twilio's errors, against a small server."""

import json
import logging
from base64 import b64encode
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator

from bot.channels import twilio_sms
from bot.channels.base import (
    REASONS,
    AddressError,
    MalformedError,
    OptedOutError,
    PermanentError,
    Received,
    RefusedError,
    RetryableError,
    TooManyError,
    UnknownOutcomeError,
)
from bot.channels.twilio_sms import CLOCKS_DIFFER, ERRORS, SMS, STATUS, TwilioAdapter
from bot.clock import VirtualClock
from storage.model import (
    Channel,
    DeliveryReceipt,
    InboundKind,
    InboundMessage,
    OutboundKind,
    OutboundMessage,
    Priority,
    SendStatus,
)

SID, KEY, OURS, ROSA = "AC" + "0" * 32, "the-auth-token", "+447700900000", "+447700900123"
PUBLIC = "https://p.example"
NOW = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)


def adapter(url="http://127.0.0.1:9", public_url=PUBLIC, **more):
    return TwilioAdapter(SID, KEY, OURS, url, public_url, **more)


def form(**what):
    usual = {"AccountSid": SID, "MessageSid": "SM1", "From": ROSA, "To": OURS, "NumMedia": "0"}
    return usual | {"Body": "some milk please"} | what


def call(route, fields, query="", key=KEY, url=None, on=None):
    body = urlencode(fields).encode()
    signed = url or f"{PUBLIC}/webhooks/{route.path}" + (f"?{query}" if query else "")
    signature = RequestValidator(key).compute_signature(signed, fields)
    return (on or adapter()).receive(route, {"x-twilio-signature": signature}, body, query)


def text(kind=InboundKind.TEXT, words="some milk please"):
    return InboundMessage(Channel.SMS, "SM1", ROSA, ROSA, kind, words)


def outbound(words="Hello Rosa.", chat=ROSA, **what):
    return OutboundMessage(
        12, Channel.SMS, chat, OutboundKind.TEXT, Priority.REPLY, words, NOW, **what
    )


@pytest.mark.parametrize(
    ("fields", "becomes"),
    [
        pytest.param(form(), text()),
        pytest.param(form(Body="llaeth, â ŵ 👍 & = +"), text(words="llaeth, â ŵ 👍 & = +")),
        pytest.param(form(Body="a\x00b"), text(words="ab"), id="NUL, which PostgreSQL refuses"),
        pytest.param(form(Body="", NumMedia="1"), text(InboundKind.OTHER, ""), id="a picture"),
        pytest.param(form(Body="my list", NumMedia="1"), text(words="my list")),
        pytest.param(form(Body=" "), text(InboundKind.OTHER, " "), id="nothing at all"),
        pytest.param(form(To="+447700900001"), None, id="another number of the account"),
    ],
)
def test_a_signed_text_becomes_a_neutral_message(fields, becomes):
    assert call(SMS, fields) == Received(messages=(becomes,) if becomes else ())


@pytest.mark.parametrize(
    ("status", "code", "becomes"),
    [
        ("queued", "", None),
        ("accepted", "", None),
        ("sending", "", None),
        ("sent", "", (SendStatus.SENT, "")),
        ("delivered", "", (SendStatus.DELIVERED, "")),
        ("undelivered", "30003", (SendStatus.FAILED, "30003")),
        ("failed", "30006", (SendStatus.FAILED, "30006")),
        ("failed", "", (SendStatus.FAILED, "failed")),
        ("from-the-future", "", None),
    ],
)
def test_a_status_becomes_a_receipt_with_our_own_id(status, code, becomes):
    fields = {"AccountSid": SID, "MessageSid": "SM1", "MessageStatus": status}
    if code:
        fields["ErrorCode"] = code
    got = call(STATUS, fields, "m=12").receipts
    assert got == ((DeliveryReceipt(Channel.SMS, "SM1", *becomes, 12),) if becomes else ())


@pytest.mark.parametrize(
    "query", ["", "m=", "m=x", "n=12", "m=²", "m=-1", f"m={2**64}", f"m={'9' * 5_000}"]
)
def test_a_status_without_our_id_is_known_by_twilios(query):
    fields = {"AccountSid": SID, "MessageSid": "SM1", "MessageStatus": "sent"}
    assert call(STATUS, fields, query).receipts[0].outbox_id is None


def test_a_signature_holds_for_one_address_one_query_and_one_body():
    fields = {"AccountSid": SID, "MessageSid": "SM1", "MessageStatus": "sent"}
    good = RequestValidator(KEY).compute_signature(f"{PUBLIC}/webhooks/twilio/status?m=12", fields)
    body = urlencode(fields).encode()
    head = {"X-Twilio-Signature": good}
    assert adapter().receive(STATUS, head, body, "m=12").receipts
    for route, headers, sent, query in (
        (SMS, head, body, "m=12"),  # replayed at the other route
        (STATUS, head, body, "m=13"),  # about another message
        (STATUS, head, body, ""),
        (STATUS, head, body.replace(b"sent", b"failed"), "m=12"),
        (STATUS, head, body + b"&ErrorCode=30003", "m=12"),
        (STATUS, head, b"", "m=12"),
        (STATUS, {}, body, "m=12"),
        (STATUS, {"X-Twilio-Signature": ""}, body, "m=12"),
        (STATUS, {"X-Twilio-Signature": good[:-1]}, body, "m=12"),
        (STATUS, {"X-Twilio-Signature": "ünsigned" * 4}, body, "m=12"),
    ):
        with pytest.raises(RefusedError):
            adapter().receive(route, headers, sent, query)


def test_a_port_in_the_public_address_may_be_signed_or_not():
    on = adapter(public_url="https://p.example:8443")
    for host in ("https://p.example:8443", "https://p.example"):
        assert call(SMS, form(), url=f"{host}/webhooks/twilio/sms", on=on).messages


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe\x00", b"%ff%fe=%00", b"x" * 60_000, b"&a=" * 20_000, b"[" * 60_000]
)
def test_whatever_is_not_signed_is_refused(body):
    with pytest.raises(RefusedError):
        adapter().receive(SMS, {"X-Twilio-Signature": "x" * 28}, body, "")


def test_without_a_public_address_nobody_is_believed():
    with pytest.raises(RefusedError):
        call(SMS, form(), url="None/webhooks/twilio/sms", on=adapter(public_url=None))


def test_the_right_key_of_another_account_is_refused_and_a_form_without_an_id_is_malformed():
    with pytest.raises(RefusedError):
        call(SMS, form(AccountSid="AC" + "1" * 32))
    with pytest.raises(RefusedError):
        call(SMS, form(), key="another-token")
    for missing in ({"MessageSid": ""}, {"From": ""}):
        with pytest.raises(MalformedError):
            call(SMS, form(**missing))
    # PostgreSQL keeps no NUL: Twilio would be told to come again, for ever.
    for odd in ({"MessageSid": "SM\x00"}, {"MessageSid": "S" * 65}, {"From": f"{ROSA}\x00"}):
        with pytest.raises(MalformedError):
            call(SMS, form(**odd))
    status = {
        "AccountSid": SID,
        "MessageSid": "SM1",
        "MessageStatus": "failed",
        "ErrorCode": "\x00",
    }
    with pytest.raises(MalformedError):
        call(STATUS, status)


# The REST API


def in_the_book(request, fields):
    places = (at / "shared/specs/twilio-messages-calls.json" for at in Path(__file__).parents)
    if book := next((place for place in places if place.exists()), None):
        paths = json.loads(book.read_text())["paths"]
        name = request.path.replace(SID, "{AccountSid}").replace("PN1", "{Sid}")
        if name == "/2010-04-01/Accounts/{AccountSid}.json":
            name = "/2010-04-01/Accounts/{Sid}.json"
        told = paths[name][request.method.lower()]
        assert set(request.query) <= {p["name"] for p in told["parameters"] if p["in"] == "query"}
        if fields:
            kind = told["requestBody"]["content"]["application/x-www-form-urlencoded"]
            assert set(fields) <= set(kind["schema"]["properties"])


class Api:
    """Stands in for api.twilio.com: what was asked, and the answers given."""

    def __init__(self):
        self.calls = []
        self.answers = []
        self.texts = []
        self.number = {
            "sid": "PN1",
            "phone_number": OURS,
            "sms_url": "https://old.example",
            "sms_method": "GET",
            "sms_application_sid": "",
            "capabilities": {"voice": True, "SMS": True},
        }

    async def handle(self, request):
        fields = dict(await request.post())
        in_the_book(request, fields)
        assert (
            request.headers["Authorization"]
            == f"Basic {b64encode(f'{SID}:{KEY}'.encode()).decode()}"
        )
        self.calls.append((request.method, request.path.rsplit("/", 1)[1], request.query, fields))
        if self.answers:
            answer = self.answers.pop(0)
            if answer == "hang up":
                request.transport.close()
                return web.Response()
            code, body = answer
            return web.Response(
                status=code, text=body if isinstance(body, str) else json.dumps(body)
            )
        if request.path.endswith("/Messages.json") and request.method == "GET":
            return web.json_response(self.page(request))
        if request.path.endswith("/Messages.json"):
            return web.json_response({"sid": "SM9", "status": "queued"}, status=201)
        if request.path.endswith("/IncomingPhoneNumbers.json"):
            return web.json_response({"incoming_phone_numbers": [self.number], "page": 0})
        if request.path.endswith("/PN1.json"):
            return web.json_response(self.number)
        return web.json_response({"sid": SID, "status": "active"})

    def page(self, request):
        """Newest first and two a page, to see that pages are followed."""
        query = request.query
        fit = [t for t in self.texts if query.get("To", t["to"]) == t["to"]]
        fit = [t for t in fit if query.get("From", t["from"]) == t["from"]]
        start = 2 * int(query.get("Page", 0))
        more = {**query, "Page": str(start // 2 + 1), "PageToken": "PA1"}
        return {
            "messages": fit[::-1][start : start + 2],
            "page": start // 2,
            "next_page_uri": f"{request.path}?{urlencode(more)}" if len(fit) > start + 2 else None,
        }

    def add(self, sid, when, sender=ROSA, to=OURS, body="hello", status="received", **what):
        self.texts.append(
            {
                "sid": sid,
                "from": sender,
                "to": to,
                "body": body,
                "status": status,
                "direction": "inbound" if to == OURS else "outbound-api",
                "date_sent": format_datetime(when),
                "date_created": format_datetime(when),
                "num_media": "0",
                **what,
            }
        )


@asynccontextmanager
async def talking(public_url=PUBLIC, **more):
    api = Api()
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", api.handle)
    async with TestServer(app) as server:
        made = adapter(str(server.make_url("/")).rstrip("/"), public_url, **more)
        try:
            yield made, api
        finally:
            await made.close()


async def test_a_text_is_one_call_that_carries_our_id_back():
    async with talking() as (sms, api):
        assert (await sms.send(outbound())).provider_id == "SM9"
        method, path, _, fields = api.calls[0]
    assert (method, path) == ("POST", "Messages.json")
    assert fields == {
        "To": ROSA,
        "From": OURS,
        "Body": "Hello Rosa.",
        "StatusCallback": f"{PUBLIC}/webhooks/twilio/status?m=12",
    }


async def test_without_a_public_address_no_callback_is_asked_for():
    async with talking(public_url=None) as (sms, api):
        await sms.send(outbound())
        assert "StatusCallback" not in api.calls[0][3]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("+15005550006", "country_not_allowed"),
        ("+441534712345", "country_not_allowed"),  # Jersey shares +44, and costs more
        ("+449098790000", "dear_number"),  # premium rate
        ("+447012345678", "dear_number"),  # "personal" 070, beloved of fraud
        ("07700900123", "not_a_number"),  # not E.164
        ("NHS", "not_a_number"),
    ],
)
async def test_a_number_that_may_not_be_texted_never_reaches_twilio(number, code):
    with pytest.raises(PermanentError, match=code):
        await adapter().send(outbound(chat=number))


async def test_a_country_can_be_allowed():
    async with talking(countries=("GB", "IE")) as (sms, _):
        assert await sms.send(outbound(chat="+353851234567"))


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        ((429, {"code": 20429}), TooManyError, "20429"),
        ((429, "slow down"), TooManyError, "429"),
        ((401, {"code": 20003}), RetryableError, "20003"),
        ((403, "no"), RetryableError, "403"),
        ((404, {"code": 20404}), RetryableError, "20404"),
        ((400, {"code": 21610}), OptedOutError, "21610"),
        ((400, {"code": 21211}), AddressError, "21211"),
        ((400, {"code": 21614}), AddressError, "21614"),
        ((400, {"code": 21408}), PermanentError, "21408"),
        ((400, {"code": 63038}), PermanentError, "63038"),
        ((400, {"code": 99999}), PermanentError, "99999"),
        # it may have been taken: looked up, never blindly sent again
        ((500, {"code": 20500}), UnknownOutcomeError, "no_answer"),
        ((503, "<html>"), UnknownOutcomeError, "no_answer"),
        ((201, "<html>"), UnknownOutcomeError, "no_answer"),
        ((201, "[]"), UnknownOutcomeError, "no_answer"),
        ((201, "{}"), UnknownOutcomeError, "no_answer"),
        ("hang up", UnknownOutcomeError, "no_answer"),
    ],
)
async def test_each_error_is_one_of_four(answer, error, code):
    async with talking() as (sms, api):
        if isinstance(answer, tuple) and isinstance(answer[1], dict):
            answer[1]["message"] = f"about {ROSA}"
        api.answers = [answer]
        with pytest.raises(error) as told:
            await sms.send(outbound())
    assert type(told.value) is error
    assert told.value.code == code
    assert told.value.__suppress_context__ or told.value.__context__ is None
    assert ROSA not in repr(told.value)


@pytest.mark.parametrize(
    ("error", "becomes"),
    [
        (aiohttp.ConnectionTimeoutError("x"), RetryableError),
        (aiohttp.SocketTimeoutError("x"), UnknownOutcomeError),
        (TimeoutError(), UnknownOutcomeError),
        (aiohttp.ServerDisconnectedError(), UnknownOutcomeError),
        (aiohttp.ClientPayloadError("x"), UnknownOutcomeError),
        (TwilioRestException(307, "uri"), UnknownOutcomeError),
    ],
)
def test_what_never_left_is_retried_and_what_may_have_arrived_is_unknown(error, becomes):
    assert type(twilio_sms.failure(error)) is becomes
    assert type(twilio_sms.failure(error, harmless=True)) is RetryableError


async def test_nobody_listening_means_that_it_was_not_sent():
    sms = adapter("http://127.0.0.1:9")
    with pytest.raises(RetryableError, match="not_connected"):
        await sms.send(outbound())
    await sms.close()


def test_every_code_of_ours_has_a_reason_and_only_waiting_ones_a_wait():
    for code, known in ERRORS.items():
        assert code.isdigit()
        assert known.reason in REASONS
        assert (known.wait is not None) == issubclass(known.error, RetryableError), code


async def test_an_unknown_text_is_looked_up_by_number_time_and_words():
    async with talking() as (sms, api):
        assert await sms.look_up(outbound()) == []
        api.add(
            "SM1", NOW - CLOCKS_DIFFER - timedelta(hours=1), OURS, ROSA, "Hello Rosa."
        )  # the one before
        api.add("SM2", NOW, OURS, "+447700900124", "Hello Rosa.")  # to somebody else
        api.add("SM3", NOW, OURS, ROSA, "Something else.")
        assert await sms.look_up(outbound()) == []
        api.add("SM4", NOW, OURS, ROSA, "Hello Rosa.", date_sent=None)  # still in Twilio's queue
        api.add("SM5", NOW + timedelta(minutes=9), OURS, ROSA, "Hello Rosa.")
        assert (await sms.look_up(outbound()))[0].provider_id == "SM4"
        # It was taken by a clock that was right, and written by one that was an hour ahead.
        ahead = replace(outbound("Written ahead."), created_at=NOW + timedelta(hours=1))
        api.add("SM6", NOW, OURS, ROSA, "Written ahead.")
        assert (await sms.look_up(ahead))[0].provider_id == "SM6"
        api.answers = [(503, "x")]
        with pytest.raises(RetryableError):
            await sms.look_up(outbound())


BEGAN = NOW.isoformat()
"""A cursor: when somebody was first there."""


async def test_polling_brings_what_is_new_oldest_first_and_follows_pages():
    clock = VirtualClock(NOW, speed=1000)
    async with talking(public_url=None, clock=clock) as (sms, api):
        api.add("SM0", NOW - timedelta(hours=1), body="before anybody was there")
        for at in (1, 2, 3):
            api.add(f"SM{at}", NOW + timedelta(seconds=at), body=str(at))
        api.add("SM7", NOW, OURS, ROSA, "out", "undelivered", error_code=30003)
        api.add("SM8", NOW, OURS, ROSA, "out", "queued", date_sent=None)
        got, cursor = await sms.poll(BEGAN)
        assert [m.text for m in got.messages] == ["1", "2", "3"]
        assert got.receipts == (
            DeliveryReceipt(Channel.SMS, "SM7", SendStatus.FAILED, "30003", None),
        )
        # The newest that there is, or now, where that is later: this clock runs on meanwhile.
        assert cursor >= "2026-03-03T10:00:03"
        assert api.calls[0][2]["DateSent>"] == "2026-03-03T09:55:00Z"
        assert api.calls[0][2]["To"] == OURS


async def test_when_it_first_began_is_kept_before_anything_is_asked():
    clock = VirtualClock(NOW, speed=1000)
    async with talking(public_url=None, clock=clock) as (sms, api):
        nothing, began = await sms.poll("")
        assert nothing == Received() and not api.calls
    # It died before it had asked, somebody wrote, and it comes back an hour later.
    later = VirtualClock(NOW + timedelta(hours=1), speed=1000)
    async with talking(public_url=None, clock=later) as (sms, api):
        api.add("SM0", NOW - timedelta(minutes=20), body="before anybody was there")
        api.add("SM1", NOW - timedelta(minutes=9), body="is this it")
        api.add("SM2", NOW + timedelta(seconds=7), body="are you there")
        got, _ = await sms.poll(began)
        assert [m.text for m in got.messages] == ["is this it", "are you there"]


async def test_what_was_kept_is_not_brought_again_and_what_was_not_is():
    clock = VirtualClock(NOW, speed=1000)
    async with talking(public_url=None, clock=clock, poll_seconds=5) as (sms, api):
        api.add("SM1", NOW)
        api.add("SM7", NOW, OURS, ROSA, "out", "sent")
        first, cursor = await sms.poll(BEGAN)
        again, cursor = await sms.poll(BEGAN)  # the commit failed, so the old cursor comes back
        assert again == first
        assert clock.now() >= NOW + timedelta(seconds=5)
        nothing, cursor = await sms.poll(cursor)
        assert nothing == Received()
        api.texts[-1]["status"] = "delivered"
        api.add("SM2", NOW - timedelta(minutes=2))  # it was late in the list
        later, cursor = await sms.poll(cursor)
        assert [m.provider_id for m in later.messages] == ["SM2"]
        assert [r.status for r in later.receipts] == [SendStatus.DELIVERED]
        assert await adapter(sms._http._api_url, None, clock=clock).poll(cursor)


async def test_a_text_that_cannot_be_read_does_not_hold_up_the_others(caplog):
    async with talking(public_url=None, clock=VirtualClock(NOW)) as (sms, api):
        api.add("SM" + "9" * 99, NOW, body="private words")  # an id that nobody could keep whole
        api.add("SM1", NOW, body="private words", **{"from": ["+447700900001"]})
        api.add("SM2", NOW, body=7)
        api.add("SM3", NOW, OURS, ROSA, "out", "failed", error_code="\x00")
        api.add("SM4", NOW, body="after")
        got, _ = await sms.poll(BEGAN)
    assert ([m.text for m in got.messages], got.receipts) == (["after"], ())
    assert "private words" not in caplog.text


async def test_what_one_process_has_kept_is_not_taken_for_what_another_was_handed():
    async with talking(public_url=None, clock=VirtualClock(NOW), poll_seconds=0) as (sms, api):
        other = adapter(sms._http._api_url, None, clock=VirtualClock(NOW))
        _, cursor = await other.poll(BEGAN)  # this is kept, and sees nothing yet
        await other.close()
        api.add("SM1", NOW)
        await sms.poll(BEGAN)  # this one lost its lease meanwhile
        got, _ = await sms.poll(cursor)
    assert [m.provider_id for m in got.messages] == ["SM1"]


async def test_old_texts_are_asked_for_now_and_then():
    clock = VirtualClock(NOW)
    async with talking(public_url=None, clock=clock, poll_seconds=0) as (sms, api):
        cursor = BEGAN
        for _ in range(3):
            _, cursor = await sms.poll(cursor)
        clock.jump_to(NOW + twilio_sms.SWEEP)
        await sms.poll(cursor)
    asked = [query["DateSent>"] for _, _, query, _ in api.calls if query.get("From")]
    assert asked == [
        "2026-02-28T10:00:00Z",
        "2026-03-03T09:45:00Z",
        "2026-03-03T09:45:00Z",
        "2026-02-28T10:15:00Z",
    ]


async def test_a_poll_that_fails_is_tried_again():
    async with talking(public_url=None) as (sms, api):
        for answer in ((503, "x"), (401, {"code": 20003}), "hang up"):
            api.answers = [answer, answer]  # a lost GET is made twice by aiohttp itself
            sms._polled = False
            with pytest.raises(RetryableError):
                await sms.poll(BEGAN)


async def test_set_up_points_the_number_here_and_leaves_calls_alone():
    async with talking() as (sms, api):
        await sms.set_up()
        assert api.calls[-1][3] == {
            "SmsUrl": f"{PUBLIC}/webhooks/twilio/sms",
            "SmsMethod": "POST",
        }
        api.number |= {"sms_url": f"{PUBLIC}/webhooks/twilio/sms", "sms_method": "POST"}
        api.calls.clear()
        await sms.set_up()
        assert [method for method, *_ in api.calls] == ["GET"]
        api.number["sms_application_sid"] = "AP1"
        await sms.set_up()
        assert api.calls[-1][3]["SmsApplicationSid"] == ""
        api.number["phone_number"] = "+447700900999"
        with pytest.raises(PermanentError, match="number_not_ours"):
            await sms.set_up()


async def test_set_up_without_a_public_address_changes_nothing():
    async with talking(public_url=None) as (sms, api):
        await sms.set_up()
        assert api.calls == []


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ({}, "Texts to the number go elsewhere."),
        ({"sms_url": f"{PUBLIC}/webhooks/twilio/sms"}, None),
        (
            {"capabilities": {"voice": True, "sms": False}},
            "The number can't send or receive texts.",
        ),
        ({"phone_number": "+447700900999"}, "The Twilio account has no such number."),
    ],
)
async def test_check_tells_what_is_wrong_and_what_to_do(number, told):
    async with talking() as (sms, api):
        api.number |= number
        bad = [finding for finding in await sms.check() if not finding.ok]
        assert [finding.what for finding in bad] == ([told] if told else [])
        assert all(finding.to_do for finding in bad)


async def test_check_tells_of_a_wrong_token_and_of_an_account_that_is_off():
    async with talking() as (sms, api):
        api.answers = [(401, {"code": 20003})]
        (finding,) = await sms.check()
        assert "POPROUND_TWILIO_AUTH_TOKEN" in finding.to_do
        api.answers = [(200, {"sid": SID, "status": "suspended"})]
        assert (await sms.check())[0].what == "The Twilio account is suspended."


async def test_no_number_words_or_token_is_logged(caplog):
    caplog.set_level(logging.DEBUG)
    async with talking() as (sms, api):
        await sms.send(outbound())
        await sms.look_up(outbound())
        api.answers = [(400, {"code": 21211, "message": ROSA})]
        with pytest.raises(PermanentError):
            await sms.send(outbound())
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("aiohttp.access")]
    assert not any(word in line for line in ours for word in (ROSA, ROSA[1:], KEY, "Hello"))


def test_the_settings_of_the_surroundings_do_not_move_the_api(monkeypatch):
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("TWILIO_REGION", "au1")
    assert adapter()._client.get_hostname("https://api.twilio.com/x") == "https://api.twilio.com/x"
