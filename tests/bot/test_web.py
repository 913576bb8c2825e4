"""The web side lets in what is the providers' own, stores it first, and tells nobody anything."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from twilio.request_validator import RequestValidator

from bot import app as app_module
from bot.app import Popround, web_server
from bot.clock import VirtualClock
from bot.settings import Settings
from bot.web import server as module
from bot.web.server import LARGEST_BODY
from storage import due, messages
from storage.database import StorageUnavailableError
from storage.model import DueKind, Priority
from storage.schema import inbox, metadata
from tests.bot.test_kill import environment, free_port
from tests.conftest import SECRET
from tests.made import NOW, ROSA, group, outbound
from tests.stage import AUTH, NUMBER, PUBLIC, SID, TOKEN, close

SECRET_HEADER = {"X-Telegram-Bot-Api-Secret-Token": "a-webhook-secret"}
UPDATE = (
    b'{"update_id": 1, "message": {"message_id": 1, "date": 1, "text": "hello",'
    b'"chat": {"id": 7, "type": "private"}, "from": {"id": 7, "is_bot": false, "first_name": "S"}}}'
)


class Web:
    """The bot's own server, on a port of its own."""

    def __init__(self, bot: Popround, clock: VirtualClock, url: str, http: Any) -> None:
        self.bot, self.clock, self.url, self.http = bot, clock, url, http

    async def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        async with self.http.request(method, self.url + path) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str, body: Any, headers: Any = None) -> aiohttp.ClientResponse:
        async with self.http.post(self.url + path, data=body, headers=headers) as answer:
            await answer.read()
            return answer  # type: ignore[no-any-return]

    async def telegram(self, body: Any = UPDATE, headers: Any = SECRET_HEADER) -> Any:
        return await self.post("/webhooks/telegram", body, headers)

    async def twilio(self, path: str = "sms", **form: str) -> Any:
        form = {"AccountSid": SID, "MessageSid": "SM1", "From": ROSA, "To": NUMBER, **form}
        signed = RequestValidator(AUTH).compute_signature(f"{PUBLIC}/webhooks/twilio/{path}", form)
        headers = {"X-Twilio-Signature": form.pop("signature", signed)}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return await self.post(f"/webhooks/twilio/{path}", urlencode(form), headers)

    async def stored(self) -> int:
        async with self.bot.database.transaction() as tx:
            return int(await tx.value(sa.select(sa.func.count()).select_from(inbox)) or 0)


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    clock = VirtualClock(NOW)
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=f"sqlite+aiosqlite:///{tmp_path / 'a.db'}",
        public_url=PUBLIC,
        port=free_port(),
        telegram_token=SecretStr(TOKEN),
        telegram_webhook_secret=SecretStr("a-webhook-secret"),
        twilio_account_sid=SID,
        twilio_auth_token=SecretStr(AUTH),
        twilio_number=NUMBER,
        secret_key=SecretStr(SECRET),
    )
    bot = Popround(settings, clock=clock)
    async with bot.database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    server = web_server(bot)
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    async with aiohttp.ClientSession() as http:
        yield Web(bot, clock, f"http://127.0.0.1:{settings.port}", http)
    await server.shutdown()
    await close(bot)


async def test_what_is_the_providers_own_is_stored_and_then_answered(web: Web) -> None:
    assert (await web.telegram()).status == 200
    assert await web.stored() == 1
    answer = await web.twilio(Body="hello")
    assert (answer.status, answer.content_type) == (200, "text/xml")
    assert await web.stored() == 2
    assert (await web.twilio("status", MessageStatus="delivered")).status == 200
    assert [(await web.telegram()).status, (await web.twilio(Body="hello")).status] == [200, 200]
    assert await web.stored() == 2  # repeats


@pytest.mark.parametrize("body", [UPDATE, b"", b"\x00\xff{", b"[" * 60_000])
async def test_without_the_secret_nothing_is_read_or_stored(
    body: bytes, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: Any) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr("bot.channels.telegram.json.loads", read)
    for wrong in ({}, {"X-Telegram-Bot-Api-Secret-Token": ""}, {**SECRET_HEADER, "x": "y"}):
        said = {
            k: v + ("x" if k == "X-Telegram-Bot-Api-Secret-Token" else "") for k, v in wrong.items()
        }
        assert (await web.telegram(body, said)).status == 403
    assert await web.stored() == 0


@pytest.mark.parametrize("path", ["sms", "status"])
async def test_without_the_signature_nothing_is_stored(path: str, web: Web) -> None:
    assert (await web.twilio(path, signature="")).status == 403
    assert (await web.twilio(path, signature="bm90IGl0")).status == 403
    assert (await web.twilio(path, AccountSid="AC00")).status == 403
    for body in (b"", b"\x00\xff" * 500, b"a=" * 600 + b"&" * 900):
        assert (await web.post(f"/webhooks/twilio/{path}", body)).status == 403
    assert await web.stored() == 0


async def test_what_is_genuine_and_unreadable_is_taken_so_that_it_is_not_sent_for_ever(
    web: Web,
) -> None:
    for body in (b"", b"\x00\xff", b"[]", b"{}", b'{"update_id": 5}', b'"' + b"x" * 1000):
        assert (await web.telegram(body)).status == 200
    assert await web.stored() == 0


async def test_too_much_is_refused_whether_or_not_it_is_said_before(web: Web) -> None:
    async def streamed() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * (LARGEST_BODY // 4)

    assert (await web.telegram(b"x" * (LARGEST_BODY + 1))).status == 413
    assert (await web.telegram(streamed())).status == 413
    assert (await web.telegram(b"x" * LARGEST_BODY)).status == 200  # unreadable, and no more
    assert (await web.telegram()).status == 200  # and the next is served
    assert await web.stored() == 1


async def test_a_body_that_dawdles_is_left(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BODY_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", web.bot.settings.port)
    writer.write(b"POST /webhooks/telegram HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\n{")
    async with asyncio.timeout(30):
        head = await reader.readuntil(b"\r\n")
        assert b" 408 " in head
        await reader.read()  # and the line is closed
    writer.close()


async def test_a_head_that_dawdles_is_left_and_others_are_served_meanwhile(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEAD_SECONDS", 0.05)
    begun = [b"", b"POST /webhooks/telegram HTT", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: b"]
    # Whoever was answered and goes on sending a body that nobody reads is hung up on, too.
    begun.append(b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")
    lines = [await asyncio.open_connection("127.0.0.1", web.bot.settings.port) for _ in begun]
    async with asyncio.timeout(30):
        for (reader, writer), said in zip(lines, begun, strict=True):
            writer.write(said)
            if b"Length" in said:
                assert b" 405 " in await reader.readuntil(b"\r\n\r\n")
                writer.write(b"x")
        assert (await web.telegram()).status == 200
        for reader, writer in lines:
            await reader.read()  # until the line is closed
            writer.close()
    assert await web.stored() == 1


async def test_what_a_caller_says_of_itself_is_not_believed(web: Web) -> None:
    form = {"AccountSid": SID, "MessageSid": "SM7", "From": ROSA, "To": NUMBER, "Body": "hello"}
    path = "/webhooks/twilio/sms"
    lies = {
        "Host": "evil.test",
        "X-Forwarded-Host": "evil.test",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-For": "10.0.0.1",
        "Forwarded": "host=evil.test;proto=http",
        "X-Original-URL": "/healthz",
        "Content-Type": "application/json",
    }

    async def posted(signed_for: str) -> int:
        signature = RequestValidator(AUTH).compute_signature(f"{signed_for}{path}", form)
        headers = {**lies, "X-Twilio-Signature": signature}
        return int((await web.post(path, urlencode(form), headers)).status)

    for elsewhere in ("https://evil.test", "http://evil.test", f"http://{PUBLIC[8:]}", web.url):
        assert await posted(elsewhere) == 403
    assert await web.stored() == 0
    # Whatever stands between us and Twilio may write what it likes there.
    assert await posted(PUBLIC) == 200
    assert await posted(PUBLIC) == 200  # played again, to the letter
    assert await web.stored() == 1
    config = web_server(web.bot).config
    assert (config.proxy_headers, config.forwarded_allow_ips) == (False, "")


async def test_another_bot_is_not_answered(web: Web) -> None:
    assert (await web.telegram(UPDATE.replace(b'"is_bot": false', b'"is_bot": true'))).status == 200
    assert await web.stored() == 0


async def test_where_it_cant_be_stored_the_provider_is_asked_to_come_again(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise StorageUnavailableError("full")

    async def silent(*_: Any) -> None:
        await asyncio.Event().wait()

    for wrong in (away, silent):
        with monkeypatch.context() as patch:
            patch.setattr(web.bot.intake, "store", wrong)
            patch.setattr(module, "STORE_SECONDS", 0.05)
            for answer in (await web.telegram(), await web.twilio(Body="hello")):
                assert answer.status == 503
                assert int(answer.headers["Retry-After"]) > 0
    assert await web.stored() == 0
    assert (await web.telegram()).status == 200


async def test_other_ways_and_other_paths_are_none(web: Web) -> None:
    for path in ("/webhooks/telegram", "/webhooks/twilio/sms", "/webhooks/twilio/status"):
        for method in ("GET", "PUT", "DELETE", "OPTIONS"):
            assert (await web.get(path, method))[0] == 405
    for path in ("/", "/webhooks", "/webhooks/telegram/x", "/docs", "/favicon.ico", "/..%2f"):
        assert (await web.get(path))[0] == 404
    assert (await web.get("/healthz", "POST"))[0] == 405


async def test_every_webhook_of_every_channel_is_guarded(web: Web) -> None:
    paths = [route.path for route in web.bot.web.routes]  # type: ignore[attr-defined]
    hooks = [path for path in paths if path.startswith("/webhooks/")]
    assert sorted(set(paths) - set(hooks)) == ["/healthz", "/metrics", "/readyz"]
    assert len(hooks) == sum(len(adapter.routes) for adapter in web.bot.adapters)
    for hook in hooks:
        assert (await web.post(hook, b"{}")).status == 403


# How we are


async def test_alive_and_ready(web: Web) -> None:
    assert await web.get("/healthz") == (200, "ok\n")
    assert await web.get("/readyz") == (200, "ready\n")


async def test_not_ready_says_why_and_nothing_more(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with web.bot.database.transaction() as tx:
        await due.at(tx, DueKind.WAVE, 1, NOW)
    assert (await web.get("/readyz"))[0] == 200
    web.clock.jump_to(NOW + app_module.QUIET_LOOK + timedelta(seconds=1))
    assert await web.get("/readyz") == (503, "Things that were due have not been seen to.\n")
    async with web.bot.database.transaction() as tx:
        row = await due.next_due(tx, web.clock.now())
        assert row
        await due.put_off(tx, row, web.clock.now() + timedelta(hours=1))
        for _ in range(2):
            (row,) = await due.of(tx, 1, DueKind.WAVE)
            await due.put_off(tx, row, row.at)
    assert await web.get("/readyz") == (
        503,
        "Something that was due goes wrong again and again.\n",
    )
    monkeypatch.setattr(web.bot, "_still", ["sending by sms", "the clock"])
    assert await web.get("/readyz") == (503, "Not working just now: sending by sms, the clock.\n")
    web.bot.broken.set()
    assert await web.get("/readyz") == (503, "A part of the bot has stopped.\n")
    await web.bot.database.close()
    Path(str(web.bot.database.engine.url.database)).write_bytes(b"not a database" * 100)  # noqa: ASYNC240
    assert await web.get("/readyz") == (503, "The database can't be reached.\n")
    assert (await web.get("/healthz"))[0] == 200
    assert (await web.get("/metrics"))[0] == 200
    Path(str(web.bot.database.engine.url.database)).unlink()  # noqa: ASYNC240
    # An empty file is a database without tables.
    assert await web.get("/readyz") == (503, "The database can't be used.\n")


async def test_a_part_that_no_longer_turns_is_noticed_and_that_it_does_again(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "QUIET_LOOK", timedelta(milliseconds=5))
    watching = asyncio.ensure_future(web.bot._watch())
    async with asyncio.timeout(30):
        while not web.bot._still:  # noqa: ASYNC110 (the watcher has no event to wait for)
            await asyncio.sleep(0)
        assert web.bot._still == ["sending by sms", "sending by telegram", "the clock"]
        while web.bot._still:
            await asyncio.sleep(0)
            web.bot.scheduler.looks += 1
            for sender in web.bot.senders:
                sender.turns += 1
    watching.cancel()


async def test_the_numbers_tell_how_much_and_never_who(web: Web) -> None:
    async with web.bot.database.transaction() as tx:
        await group(tx)
        await messages.queue(tx, outbound(priority=Priority.OFFER, community_id=1))
    await web.twilio(Body="my heart hurts")
    status, told = await web.get("/metrics")
    assert status == 200
    assert "popround_inbox_waiting 1.0" in told
    assert 'popround_outbox_waiting{priority="offer"} 1.0' in told
    for secret in (ROSA, ROSA[1:], "Hello Rosa", "heart", TOKEN, AUTH, SID, NUMBER, SECRET, "SM1"):
        assert secret not in told


async def test_the_server_does_not_say_what_it_is(web: Web) -> None:
    async with web.http.get(web.url + "/healthz") as answer:
        assert "server" not in {name.lower() for name in answer.headers}


# The process


async def test_told_to_stop_it_stops_well_and_a_port_in_use_is_no_success(
    database_url: str, tmp_path: Path
) -> None:
    class Nowhere:
        url = "http://127.0.0.1:9"

    class Town:
        telegram = twilio = Nowhere

    port = free_port()
    town: Any = Town
    facts = {**environment(database_url, f"http://127.0.0.1:{port}", town)}

    async def serve() -> asyncio.subprocess.Process:
        code = "import sys; from bot.app import serve; from bot.settings import load; "
        code += f"sys.exit(serve(load(None).model_copy(update={{'port': {port}}})))"
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            code,
            cwd=Path(__file__).parents[2],
            env=facts,
            stderr=asyncio.subprocess.DEVNULL,
        )

    process = await serve()
    async with asyncio.timeout(60), aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.status == 200:
                        break
            except aiohttp.ClientError:
                assert process.returncode is None
            await asyncio.sleep(0.05)
        second = await serve()
        assert await second.wait() != 0
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", port))
