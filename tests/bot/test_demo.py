"""The demo: the story comes true, the page shows everybody, and every call to it is answered."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.demo import story
from bot.demo.habits import Habits, latest_question
from bot.demo.page import STATIC, Page
from bot.demo.pretend_server import LoopbackServer
from bot.demo.valley import Valley, valley
from bot.demo.village import DOREENS_HOUSE, people

SECRET = DOREENS_HOUSE.split(",", maxsplit=1)[0]


@pytest.mark.parametrize("seed", [1, 20261103])
def test_the_story_comes_true(seed: int) -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; from bot.demo.story import run_demo; sys.exit(run_demo(True, {seed}, 0))",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, told.stdout[-3000:] + told.stderr[-2000:]
    assert told.stderr == ""
    assert "\x1b" not in told.stdout, "plain where nobody looks at a terminal"


def test_a_story_that_does_not_come_true_says_what_was_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from bot.demo import plot

    async def wrong(t: Any) -> None:
        """A chapter"""
        t.check("The moon is made of cheese", "rock", "cheese")

    monkeypatch.setattr(plot, "CHAPTERS", (wrong,))
    assert story.run_demo(True, 1, 0) == 1
    said = capsys.readouterr().out
    assert "expected: cheese" in said and "seen:     rock" in said


def test_a_busy_port_gets_one_plain_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert story.run_demo(False, 1, port) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and str(port) in said and "Traceback" not in said


def test_the_same_seed_makes_the_same_village() -> None:
    from bot.demo.valley import START

    assert people(5, START) == people(5, START) != people(6, START)


@pytest.mark.parametrize("seed", range(1, 8))
def test_a_village_is_whole_and_pretend(seed: int) -> None:
    from bot.demo.valley import START

    made = people(seed, START)
    assert len({p.key for p in made}) == len(made) == 50
    assert [sum(p.kind == k for p in made) for k in ("older", "organiser", "helper")] == [8, 2, 40]
    # Ofcom: 07700 900000 to 900999 are kept for drama.
    assert all(re.fullmatch(r"\+447700900\d{3}", p.phone) for p in made if p.phone)
    assert len({p.phone for p in made if p.phone}) == sum(bool(p.phone) for p in made)
    assert all(p.member.postcode.startswith("HD7 ") for p in made)
    assert sum(not p.member.on_duty for p in made) >= 1


# The page


class Browser:
    """What the page's own scripts do."""

    def __init__(self, village: Valley, session: aiohttp.ClientSession, url: str) -> None:
        self.village = village
        self.session = session
        self.url = url

    async def state(self) -> dict[str, Any]:
        async with self.session.get(f"{self.url}/api/state") as answer:
            assert answer.status == 200
            return await answer.json()

    async def post(self, path: str, what: Any) -> tuple[int, str]:
        async with self.session.post(f"{self.url}/api/{path}", json=what) as answer:
            return answer.status, (await answer.json()).get("error", "")

    async def until(self, condition: Any) -> dict[str, Any]:
        async with asyncio.timeout(15):
            while True:
                state = await self.state()
                if condition(state):
                    return state
                await asyncio.sleep(0.05)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with valley(1, live=True) as village:
        habits = Habits(village, 1, on=False)
        page = Page(village, habits)
        village.clock.set_speed(10.0)
        server = LoopbackServer(page.app())
        url = await server.start()
        jobs = [asyncio.create_task(habits.run()), asyncio.create_task(page.run())]
        async with aiohttp.ClientSession() as session:
            yield Browser(village, session, url)
        page.stopping.set()
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await server.stop()


async def ask_for_milk(browser: Browser) -> dict[str, Any]:
    """Doreen asks, as somebody at the page would have her do it; the state once offers are out."""
    village = browser.village
    for words, kind in (
        ("i need some milk please", "ask.name"),
        ("Doreen Shaw", "ask.home"),
        (village.people["doreen"].address, "ask.confirm"),
    ):
        assert await browser.post("type", {"person": "doreen", "text": words}) == (200, "")
        async with asyncio.timeout(10):
            while True:
                async with village.bot.database.transaction() as tx:
                    question = await latest_question(village, tx, village.people["doreen"])
                if question and question.kind == kind:
                    break
                await asyncio.sleep(0.02)
    assert await browser.post("type", {"person": "doreen", "text": "1"}) == (200, "")
    return await browser.until(lambda s: s["requests"] and s["requests"][0]["marks"])


async def test_the_page_shows_everybody(browser: Browser) -> None:
    state = await browser.state()
    assert len(state["people"]) == 50
    assert set(state["chats"]) == {p["key"] for p in state["people"]} | {"street"}
    assert state["clock"]["speed"] == 10 and not state["clock"]["quiet"]
    assert all(0 < p["x"] < 760 and 0 < p["y"] < 540 for p in state["people"])
    assert state["chats"]["street"], "Ana added the bot to the street's chat"


async def test_what_is_typed_as_doreen_reaches_the_bot_and_a_button_settles_it(
    browser: Browser,
) -> None:
    state = await ask_for_milk(browser)
    marks = state["requests"][0]["marks"]
    by_button = [key for key in marks if browser.village.chats[key].isdigit()]
    state = await browser.until(
        lambda s: all(any(m.get("buttons") for m in s["chats"][k]) for k in by_button)
    )
    one = by_button[0]
    offer = next(m for m in state["chats"][one] if m["buttons"])
    pressed = {"person": one, "message": offer["id"], "button": 0}
    assert await browser.post("press", pressed) == (200, "")
    state = await browser.until(lambda s: s["requests"][0]["going"] == one)
    state = await browser.until(lambda s: any(SECRET in m["words"] for m in s["chats"][one]))
    told = [k for k, chat in state["chats"].items() if any(SECRET in m["words"] for m in chat)]
    assert sorted(told) == sorted(["doreen", one])
    assert any(line["kind"] == "wave" for line in state["log"])
    assert state["coming"]


async def test_the_clock_jumps_and_everything_between_happens(browser: Browser) -> None:
    await ask_for_milk(browser)
    assert await browser.post("clock", {"speed": 0}) == (200, "")
    before = (await browser.state())["clock"]["ms"]
    assert await browser.post("clock", {"jump": "1h"}) == (200, "")
    state = await browser.until(lambda s: not s["clock"]["travelling"])
    assert state["clock"]["ms"] - before >= 3_600_000 and state["clock"]["speed"] == 0
    assert state["requests"][0]["wave"] == 3 and state["requests"][0]["status"] == "handed"
    hours = {line["at"] for line in state["log"] if line["kind"] == "wave"}
    assert len(hours) == 3, "each wave went at its own time"


async def test_a_fast_clock_lets_nothing_be_late(browser: Browser) -> None:
    await ask_for_milk(browser)
    assert await browser.post("clock", {"speed": 600}) == (200, "")
    state = await browser.until(lambda s: s["requests"][0]["status"] == "handed")
    minutes = [int(line["at"][3:]) for line in state["log"] if line["kind"] == "wave"]
    assert minutes[1] in range(10, 15) and minutes[2] in range(20, 28)


async def test_neighbours_answer_by_themselves(browser: Browser) -> None:
    await ask_for_milk(browser)
    assert await browser.post("habits", {"on": True}) == (200, "")
    await browser.post("clock", {"speed": 60})
    # Those already asked were asked while nobody looked; the next waves are answered.
    await browser.until(
        lambda s: s["requests"][-1]["going"] or s["requests"][-1]["no"] or s["clock"]["quiet"]
    )


async def test_news_come_by_themselves(browser: Browser) -> None:
    async with browser.session.get(f"{browser.url}/api/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        first = await asyncio.wait_for(answer.content.readline(), 5)
        assert first.startswith(b"data: {")
        await browser.post("type", {"person": "ana", "text": "hello"})
        async with asyncio.timeout(10):
            while b"hello" not in (await answer.content.readline()):
                pass


BAD = [
    ("type", {"person": "nobody", "text": "hello"}, 404),
    ("type", {"person": "doreen"}, 400),
    ("type", {"person": "doreen", "text": "   "}, 400),
    ("type", {"person": "doreen", "text": "x" * 1001}, 400),
    ("type", {"person": ["doreen"], "text": "hello"}, 404),
    ("type", {"person": "doreen", "text": "hello", "chat": "street"}, 403),
    ("type", {"person": "ana", "text": "hello", "chat": "elsewhere"}, 404),
    ("type", {"person": "doreen", "text": "x" * 20_000}, 413),
    ("type", [1, 2], 400),
    ("press", {"person": "doreen", "message": 1, "button": 0}, 400),
    ("press", {"person": "ana", "message": 99_999, "button": 0}, 404),
    ("press", {"person": "ana", "message": "1", "button": 0}, 400),
    ("press", {"person": "ana", "message": 1, "button": -1}, 400),
    ("press", {"person": "ana", "message": 1, "button": True}, 400),
    ("clock", {"speed": 7}, 400),
    ("clock", {"speed": True}, 400),
    ("clock", {"speed": [1]}, 400),
    ("clock", {"jump": "yesterday"}, 400),
    ("clock", {"jump": ["1h"]}, 400),
    ("clock", {}, 400),
    ("habits", {"on": "yes"}, 400),
]


async def test_bad_input_gets_a_sentence(browser: Browser) -> None:
    for path, what, status in BAD:
        got, words = await browser.post(path, what)
        assert got == status, (path, what, words)
        assert words.endswith(".") and len(words.split()) > 2, (path, words)
    async with browser.session.post(f"{browser.url}/api/type", data=b"{") as answer:
        assert answer.status == 415
    json = {"Content-Type": "application/json"}
    async with browser.session.post(f"{browser.url}/api/type", data=b"{", headers=json) as answer:
        assert answer.status == 400
    async with browser.session.get(f"{browser.url}/nowhere") as answer:
        assert answer.status == 404
    async with browser.session.get(f"{browser.url}/api/type") as answer:
        assert answer.status == 405


async def test_every_file_of_the_page_is_served(browser: Browser) -> None:
    async with browser.session.get(browser.url) as answer:
        page = await answer.text()
        assert "default-src 'self'" in answer.headers["content-security-policy"]
    wanted = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
    assert len(wanted) >= 4
    for path in wanted:
        async with browser.session.get(browser.url + path) as answer:
            assert answer.status == 200, path


def test_the_page_needs_no_network() -> None:
    """No file names another machine; an SVG's name for its own kind of XML is not an address."""
    files = sorted(Path(STATIC).iterdir())
    assert {file.suffix for file in files} <= {".html", ".css", ".js", ".svg"}
    for file in files:
        words = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "//" not in re.sub(r"^\s*//.*$|\s// .*$|/\*.*?\*/", "", words, flags=re.M | re.S), (
            file.name
        )
        assert not re.search(r"https?:|@import|url\(\s*['\"]?(?!#)", words), file.name


def test_what_the_scripts_look_for_is_in_the_page() -> None:
    page = (STATIC / "index.html").read_text()
    ids = set(re.findall(r'\bid="([^"]+)"', page))
    for script in Path(STATIC).glob("*.js"):
        for wanted in re.findall(r'\$\("([^"]+)"\)', script.read_text()):
            assert wanted in ids, f"{script.name} looks for #{wanted}"
