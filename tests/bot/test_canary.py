"""Nothing that the bot writes for machines and those who run it says who anybody is: logs,
tracebacks, metrics, answers to callers, and what commands print.

Everybody and everything here carries a word that is found nowhere else; whatever comes out is
searched for all of them, also as they look when they are encoded.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import logging
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog

from bot.__main__ import main
from bot.logs import set_up_logging
from handlers import due as moments
from handlers import router
from storage import due, messages, migrations
from storage.members import add
from storage.model import Address, Channel, DueKind, Priority, Role
from tests.bot.command import subprocess_environment
from tests.bot.test_kill import free_port
from tests.conftest import SECRET
from tests.made import NOW, helper, outbound
from tests.stage import AUTH, PUBLIC, SID, TOKEN, Stage, stage

NUMBER = "+447700900876"
CANARIES = {
    "a name": "Quillfeather",
    "a number": NUMBER,
    "words": "marmaladezeppelin",
    "an address": "77 Zebedee Ginnel",
    "what was said to them": "thimblewhistle",
    "the token": TOKEN.partition(":")[2],
    "the account's secret": AUTH,
    "the key": SECRET,
    "the webhook's secret": "a-webhook-secret",
}


def looks(canary: str) -> Iterator[str]:
    """What a canary may look like, in small letters."""
    for plain in {canary, canary.removeprefix("+44"), canary.replace(" ", "")}:
        yield plain.lower()
        yield urllib.parse.quote(plain).lower()
        yield urllib.parse.quote_plus(plain).lower()
        yield json.dumps(plain).strip('"').lower()
        for shift in range(3):  # base64 looks different at each third of a letter
            kept = base64.b64encode(b"x" * shift + plain.encode())[4:-4].decode().lower()
            if len(kept) >= 8:
                yield kept


def escaped(output: str) -> set[str]:
    """Which canaries are in it."""
    low = output.lower()
    return {what for what, canary in CANARIES.items() if any(x in low for x in looks(canary))}


class PlantedError(Exception):
    """A fault with people's words in it, as a careless library would raise it."""

    def __init__(self) -> None:
        super().__init__(" ".join(CANARIES.values()))


def fault(*_: Any, **__: Any) -> Any:
    raise PlantedError


async def conversation(on: Stage) -> None:
    """She asks, he is asked, something goes wrong at every turn, and then it goes well."""
    phone, words = NUMBER, CANARIES["words"]
    for said in (
        "i need some milk please",
        CANARIES["a name"],
        "HD7 5AB",
        CANARIES["an address"],
        "1",
        "1",
        "1",
        f"{words} my chest hurts",
        "call me",
        f"worry {words}",
        "MY DATA",
        "link",
        words,
    ):
        await on.twilio.texts(phone, said)
        await on.settle()
    assert any(CANARIES["a name"] in text.body for text in on.twilio.handset(phone))


async def providers_fail(on: Stage, chat: int) -> None:
    """Every kind of answer that a provider has, with people's words in it."""
    everything = " ".join(CANARIES.values())
    for status, description in ((403, "blocked by the user"), (400, ""), (500, ""), (401, "")):
        said = f"{description} {everything}"
        on.telegram.fail_next("sendMessage", status=status, description=said)
        await queue(on, channel=Channel.TELEGRAM, chat=str(chat))
        await live(on, 400)
    for code in (20429, 20003, 20500, 21610, 21211, 21408, 30007):
        on.twilio.fail_next(code, "create")
        await queue(on)
        await live(on, 400)
    on.twilio.undeliverable(NUMBER, "30003")
    on.twilio.hang_next("create", after_doing=True, drop=True)
    await queue(on)
    await live(on, 1500)


async def live(on: Stage, seconds: float) -> None:
    for _ in range(3):
        await on.settle()
        on._advance(seconds / 3)
    await on.settle()


async def queue(on: Stage, **facts: Any) -> None:
    async with on.bot.database.transaction() as tx:
        usual = {"chat": NUMBER, "text": CANARIES["what was said to them"], "member_id": 1}
        made = outbound(**{**usual, "community_id": 1, "created_at": on.clock.now(), **facts})
        await messages.queue(tx, made)


async def ours_fail(on: Stage) -> None:
    """Faults of our own, wherever something is done that might have one."""
    telegram, sms = on.bot.senders
    for where, *names in (
        (router, "understand"),
        (moments, "handle"),
        (telegram._adapter, "send"),
        (sms._adapter, "send"),
        (sms._adapter, "look_up"),
        (sms, "_all_sent", "_record"),
        (sms, "_that_may_go"),
    ):
        with pytest.MonkeyPatch.context() as planted:
            for name in names:
                planted.setattr(where, name, fault)
            await on.twilio.texts(NUMBER, CANARIES["words"])
            await queue(on, priority=Priority.OFFER)
            async with on.bot.database.transaction() as tx:
                await due.at(tx, DueKind.TELL, 1, on.clock.now())
            with suppress(PlantedError):  # which `run` would have caught
                for _ in range(3):
                    await on.bot.settle()
                    on._advance(15)
    await live(on, 400)


async def callers_are_wrong(on: Stage) -> str:
    """Calls that are not the provider's, or can't be read; what they were answered."""
    everything = " ".join(CANARIES.values())
    form = urllib.parse.urlencode({"From": NUMBER, "Body": everything})
    heard = []
    async with aiohttp.ClientSession() as http:
        secret = {"X-Telegram-Bot-Api-Secret-Token": "a-webhook-secret"}
        for path, body, headers in (
            ("webhooks/twilio/sms", form, {"X-Twilio-Signature": "wrong"}),
            ("webhooks/twilio/status", form, {}),
            ("webhooks/telegram", json.dumps({"message": everything}), {}),
            ("webhooks/telegram", json.dumps({"message": everything}), secret),
            ("webhooks/telegram", f'{{"update_id": 7, "message": {{"text": "{everything}', secret),
            ("webhooks/telegram", everything * 2000, secret),
            (f"webhooks/{urllib.parse.quote(everything)}", "", {}),
        ):
            async with http.post(f"{on.url}/{path}", data=body, headers=headers) as answer:
                heard.append(await answer.text())
        for path in ("metrics", "readyz", "healthz"):
            async with http.get(f"{on.url}/{path}") as answer:
                heard.append(await answer.text())
    return "\n".join(heard)


async def whole_run(database_url: str) -> str:
    """Everything that goes well and wrong with people who are there; what callers were told."""
    async with stage(database_url, NOW) as on:
        on.loses = on.goes_wrong = True
        sam, ana = on.telegram.person(CANARIES["a name"]), on.telegram.person("Ana")
        async with on.bot.database.transaction() as tx:
            for role, chat in ((Role.HELPER, sam), (Role.ORGANISER, ana)):
                on.telegram.met_before(chat)
                made = helper(name=CANARIES["a name"], roles=frozenset({role}))
                await add(tx, made, Address(Channel.TELEGRAM, str(chat)))
        await conversation(on)
        await providers_fail(on, sam)
        await ours_fail(on)
        told = await callers_are_wrong(on)
    # What nobody waited for is complained of when it is swept up.
    gc.collect()
    await asyncio.sleep(0)
    return told


def served(database_url: str, folder: Path) -> str:
    """What a process says that starts, is called rightly and wrongly, and stops."""
    port = free_port()
    given = {
        "POPROUND_DATABASE_URL": database_url,
        "POPROUND_SECRET_KEY": SECRET,
        "POPROUND_PUBLIC_URL": PUBLIC,
        "POPROUND_PORT": str(port),
        "POPROUND_TELEGRAM_TOKEN": TOKEN,
        "POPROUND_TELEGRAM_WEBHOOK_SECRET": CANARIES["the webhook's secret"],
        "POPROUND_TELEGRAM_API_URL": "http://127.0.0.1:9",
        "POPROUND_TWILIO_ACCOUNT_SID": SID,
        "POPROUND_TWILIO_AUTH_TOKEN": AUTH,
        "POPROUND_TWILIO_NUMBER": "+441484960000",
        "POPROUND_TWILIO_API_URL": "http://127.0.0.1:9",
        "POPROUND_LOG_LEVEL": "DEBUG",
        "PYTHONASYNCIODEBUG": "1",
        "PYTHONWARNINGS": "always",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "serve"],
        cwd=folder,
        env=subprocess_environment(**given),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        asyncio.run(_call(f"http://127.0.0.1:{port}"))
    finally:
        process.terminate()
        out, _ = process.communicate(timeout=30)
    return out.decode()


async def _call(url: str) -> None:
    async with aiohttp.ClientSession() as http, asyncio.timeout(60):
        while True:
            try:
                await http.get(f"{url}/healthz")
                break
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
        secret = {"X-Telegram-Bot-Api-Secret-Token": CANARIES["the webhook's secret"]}
        person = {"id": 5, "is_bot": False, "first_name": CANARIES["a name"]}
        message = {
            "message_id": 1,
            "date": 1,
            "text": CANARIES["words"],
            "chat": {"id": 5, "type": "private"},
            "from": person,
        }
        update = {"update_id": 1, "message": message}
        await http.post(f"{url}/webhooks/telegram", json=update, headers=secret)
        await http.post(f"{url}/webhooks/telegram", json=update)
        await http.post(f"{url}/webhooks/twilio/sms", data={"From": NUMBER, "Body": "x"})
        await http.get(f"{url}/webhooks/{CANARIES['words']}")
        await asyncio.sleep(1)


def test_nothing_that_comes_out_says_who_anybody_is(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database_url = f"sqlite+aiosqlite:///{tmp_path / 'popround.db'}"
    migrations.upgrade(database_url)
    capfd.readouterr()
    set_up_logging("DEBUG")
    caplog.set_level(logging.WARNING)
    told = asyncio.run(whole_run(database_url))
    logged = capfd.readouterr()
    # It was a run worth looking at: each part of it wrote of what went wrong.
    for event in ("not_handled", "not_sent", "send_fault", "not_recorded", "due_failed"):
        assert event in logged.err, event
    assert "popround_outbox_oldest_seconds" in told
    came_out = [told, logged.out, logged.err, caplog.text]
    monkeypatch.chdir(tmp_path)
    for name, value in subprocess_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("POPROUND_DATABASE_URL", database_url)
    monkeypatch.setenv("POPROUND_SECRET_KEY", SECRET)
    (tmp_path / "people.csv").write_text(f"name,phone\n{CANARIES['a name']},{NUMBER}\n")
    for call in (
        ("check",),
        ("groups", "list"),
        ("letters",),
        ("letters", "--group", "Marsden Neighbours"),
        ("members", "import", "people.csv", "--group", "Marsden Neighbours"),
        ("members", "import", "people.csv", "--group", "Nobody"),
        ("texts", "set", "signpost.money", CANARIES["words"], "--group", "Nobody"),
    ):
        main(call)
    commands = capfd.readouterr()
    assert commands.out.count("nothing reaches that number") >= 2
    came_out += [commands.out, commands.err, served(database_url, tmp_path)]
    assert '"event": "serving"' in came_out[-1]
    assert '"event": "stopped"' in came_out[-1]
    assert {what: out for out in came_out for what in escaped(out)} == {}


@pytest.mark.parametrize("what", CANARIES)
def test_what_escapes_is_found(what: str, capfd: pytest.CaptureFixture[str]) -> None:
    set_up_logging("DEBUG")
    canary = CANARIES[what]
    for escapes in (canary, f"https://x/?q={urllib.parse.quote_plus(canary)}", {"a": [canary]}):
        structlog.get_logger("test").error("planted", it=escapes)
        assert what in escaped(capfd.readouterr().err)
    sys.stderr.write(base64.b64encode(f"user:{canary}".encode()).decode())
    assert what in escaped(capfd.readouterr().err)
    structlog.get_logger("test").error("not_sent", outbox=3, code="30005")
    assert not escaped(capfd.readouterr().err)
