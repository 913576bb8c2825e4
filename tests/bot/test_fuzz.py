"""Whatever comes to the webhooks: nothing of it breaks anything, and people are still answered.

`POPROUND_TORTURE=1` tries some thousand calls more (`POPROUND_EXAMPLES` says how many).
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import sqlalchemy as sa
import structlog
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from yarl import URL

from bot.channels.base import MalformedError, RefusedError, Route, storable
from bot.channels.telegram import TelegramAdapter
from bot.channels.twilio_sms import SMS, STATUS, TwilioAdapter
from bot.web.server import LARGEST_BODY
from storage import members
from storage.model import Address, Channel, InboundKind, OutboundKind
from storage.schema import inbox, outbox, receipts
from tests.bot.junk import SAM, TELEGRAM_SECRET, Call, forms, updates
from tests.made import NOW, ROSA, asker, helper
from tests.stage import AUTH, NUMBER, PUBLIC, SID, TOKEN, Stage, stage

TORTURE = os.environ.get("POPROUND_TORTURE") == "1"
EXAMPLES = int(os.environ.get("POPROUND_EXAMPLES", "3000"))


def tried(number: int) -> settings:
    """So many examples, the same each time; with `POPROUND_TORTURE=1` many, and others."""
    return settings(
        max_examples=EXAMPLES if TORTURE else number,
        derandomize=not TORTURE,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


# What the channels make of it

ROUTES = {"telegram": TelegramAdapter.routes[0], SMS.path: SMS, STATUS.path: STATUS}


@tried(200)
@given(call=updates() | forms())
def test_a_call_is_refused_or_unreadable_or_holds_what_can_be_kept(call: Call) -> None:
    on: Any = TwilioAdapter(SID, AUTH, NUMBER, public_url=PUBLIC)
    if call.path == "telegram":
        on = telegram()
    route: Route = ROUTES[call.path]
    try:
        got = on.receive(route, call.headers, call.body, call.query)
    except RefusedError:
        assert not call.genuine
        return
    except MalformedError:
        assert call.genuine
        assert not call.wanted
        return
    assert call.genuine
    if call.wanted:
        assert [message.provider_id for message in got.messages] == [call.wanted]
    for message in got.messages:
        for name in ("provider_id", "chat", "sender", "text", "button", "answers", "replies_to"):
            assert getattr(message, name) == storable(getattr(message, name))
        assert type(message.name) is type(message.language) is str
        assert isinstance(message.kind, InboundKind)
        assert 0 < len(message.provider_id) <= inbox.c.provider_id.type.length
        if message.channel is Channel.TELEGRAM:
            assert abs(int(message.chat)) < 2**63
        if message.kind is InboundKind.LOCATION:
            assert abs(message.latitude or 0) <= 90
            assert abs(message.longitude or 0) <= 180
    for receipt in got.receipts:
        assert receipt.outbox_id is None or 0 <= receipt.outbox_id < 2**63
        assert receipt.code == storable(receipt.code)


MADE: list[TelegramAdapter] = []


def telegram() -> TelegramAdapter:
    """One for all: reading certificates takes longer than a hundred calls."""
    if not MADE:
        MADE.append(TelegramAdapter(TOKEN, webhook_secret=TELEGRAM_SECRET, public_url=PUBLIC))
        MADE[0].reader.username = "PoproundBot"
    return MADE[0]


# What becomes of it


class Complaints(logging.Handler):
    """What the libraries below us complain of."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))


class Door:
    """A bot that knows Rosa by text and Sam on Telegram, and what has come to it."""

    def __init__(self, on: Stage, http: aiohttp.ClientSession, complaints: Complaints) -> None:
        self.on, self.http, self.complaints = on, http, complaints

    async def comes(self, call: Call) -> None:
        """One call comes, and is answered as it should be."""
        before = await self.count()
        url = URL(f"{self.on.url}/webhooks/{call.path}?{call.query}".rstrip("?"), encoded=True)
        async with self.http.post(url, data=call.body, headers=call.headers) as answer:
            told = await answer.text()
        assert "Traceback" not in told
        if len(call.body) > LARGEST_BODY:
            assert answer.status == 413
        else:
            assert answer.status == (200 if call.genuine else 403), (call, told)
        if answer.status != 200:
            assert await self.count() == before, "nothing is kept of what nobody vouches for"
        elif call.wanted:
            assert await self.count(inbox.c.provider_id == call.wanted) == 1

    async def count(self, *which: Any) -> int:
        rows = sa.select(sa.func.count()).select_from(inbox).where(*which)
        told = sa.select(sa.func.count()).select_from(receipts)
        async with self.on.bot.database.transaction() as tx:
            return (await tx.value(rows) or 0) + (0 if which else await tx.value(told) or 0)

    async def is_seen_to(self) -> None:
        """Everything has its effect, at the first try; and nobody hears of it but who wrote, no
        more than once for each thing that they sent."""
        sent = sa.select(outbox).where(outbox.c.kind != OutboundKind.COMMANDS.value)
        async with self.on.bot.database.transaction() as tx:
            before = {row["id"] for row in await tx.all(sent)}
        await self.on.settle()
        async with self.on.bot.database.transaction() as tx:
            new = [row for row in await tx.all(sent) if row["id"] not in before]
            said = [row["lane"] for row in new]
            keys = [await tx.key_of(row["member_id"]) for row in new]
            words = [
                k.open_json(r["sealed_message"])["text"] for k, r in zip(keys, new, strict=True)
            ]
            came = await tx.all(sa.select(inbox))
            lanes = []
            for row in came:
                facts = (await tx.key_of(row["member_id"])).open_json(row["sealed_message"])
                chat = tx.vault.fingerprint(row["channel"], facts["chat"])
                lanes.append({row["lane"], chat})
        assert [row["id"] for row in came if row["handled_at"] is None or row["attempts"]] == []
        assert len(said) <= len(lanes), words
        for lane in said:
            assert said.count(lane) <= sum(lane in each for each in lanes), words

    async def still_answers(self) -> None:
        """The next ordinary message of both is answered."""
        heard = self.heard()
        assert await self.on.twilio.texts(ROSA, "HELP")
        assert await self.on.telegram.says(SAM, "HELP")
        await self.on.settle()
        assert self.heard() == [heard[0] + 1, heard[1] + 1]

    def heard(self) -> list[int]:
        texts = [text for text in self.on.twilio.handset(ROSA) if text.by == "bot"]
        return [len(texts), len(self.on.telegram.from_bot(SAM))]

    async def forget(self) -> None:
        """What came is let go, so that nobody is over a limit in the end."""
        await self.on.settle()
        self.complaints.heard.clear()
        async with self.on.bot.database.transaction() as tx:
            await tx.run(sa.delete(inbox))
            await tx.run(sa.delete(receipts))


@pytest.fixture
async def door(database_url: str) -> AsyncIterator[Door]:
    complaints = Complaints()
    logging.getLogger().addHandler(complaints)
    async with stage(database_url, NOW) as on, aiohttp.ClientSession() as http:
        assert on.telegram.person("Sam") == SAM
        on.telegram.met_before(SAM)
        async with on.bot.database.transaction() as tx:
            await members.add(tx, asker(), Address(Channel.SMS, ROSA))
            await members.add(tx, helper(), Address(Channel.TELEGRAM, str(SAM)))
        yield Door(on, http, complaints)
    logging.getLogger().removeHandler(complaints)


@tried(9)
@given(calls=st.lists(updates() | forms(), min_size=1, max_size=12))
async def test_nothing_that_comes_breaks_anything_and_the_next_message_is_answered(
    door: Door, calls: list[Call]
) -> None:
    try:
        with structlog.testing.capture_logs() as log:
            for call in calls:
                await door.comes(call)
            await door.is_seen_to()
            await door.still_answers()
        assert [line for line in log if line["log_level"] in ("error", "critical")] == []
        assert door.complaints.heard == []
    finally:
        await door.forget()


HEADS = st.sampled_from((b"POST", b"GET", b"\x16\x03\x01", b"post", b"PRI * HTTP/2.0", b""))
PATHS = st.sampled_from(
    (b"/webhooks/telegram", b"/webhooks/twilio/sms?\xff", b"//", b"/..%2f%00", b"*", b"http://[/")
)
LINES = st.sampled_from(
    (
        *(
            b"Host: [",
            b"Host: \xff",
            b"Host: a:99999",
            b"Host: x\r\nHost: y",
            b": x",
            b"X" * 9_000,
        ),
        *(b"Content-Length: -1", b"Content-Length: " + b"9" * 5_000, b"Content-Length: \xb2"),
        *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: x", b"Expect: 100-continue"),
        *(b"X-Twilio-Signature: \xff\x00", b"X-Telegram-Bot-Api-Secret-Token: \xff", b"Upgrade: x"),
    )
)


@tried(30)
@given(head=HEADS, path=PATHS, lines=st.lists(LINES, max_size=4), body=st.binary(max_size=99))
async def test_what_is_hardly_http_is_turned_away_and_leaves_no_trace(
    door: Door, head: bytes, path: bytes, lines: list[bytes], body: bytes
) -> None:
    host = urlsplit(door.on.url)
    reader, writer = await asyncio.open_connection(host.hostname, host.port)
    said = b"\r\n".join((head + b" " + path + b" HTTP/1.1", *lines, b"", body))
    writer.write(said)
    writer.write_eof()
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert not answer or answer[9:10] == b"4", answer[:200]
    assert b"Traceback" not in answer
    assert await door.count() == 0
    assert door.complaints.heard == []
