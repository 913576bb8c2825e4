"""The demo's page in a real browser, with the keyboard alone. A browser is no part of our lock, so
this runs only where Playwright and a Chromium happen to be there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), "")
sync_api = pytest.importorskip(
    "playwright.sync_api", reason="SKIPPED ALOUD: Playwright is not installed"
)
if not CHROMIUM:
    pytest.skip("SKIPPED ALOUD: there is no Chromium here", allow_module_level=True)

QUIETLY = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


@pytest.fixture
def url() -> Iterator[str]:
    python = os.environ.get("POPROUND_TEST_PYTHON", sys.executable)
    demo = subprocess.Popen(
        [
            python,
            "-u",
            "-c",
            "import sys; from bot.demo.story import run_demo; sys.exit(run_demo(False, 1, 0))",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert demo.stdout
    found = None
    while found is None:
        line = demo.stdout.readline()
        assert line, "the demo ended before it gave its address"
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
    yield found[0]
    demo.send_signal(2)
    out, err = demo.communicate(timeout=15)
    assert demo.returncode == 0, err
    assert err == "" and "Goodbye" in out


@pytest.fixture
def page(url: str) -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=QUIETLY.split())
        opened = browser.new_page(viewport={"width": 1280, "height": 800})
        wrong: list[str] = []
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        opened.on(
            "request", lambda r: None if r.url.startswith(url) else wrong.append(f"went to {r.url}")
        )
        opened.goto(url)
        opened.wait_for_selector("#list button")
        yield opened
        browser.close()
        assert wrong == []


def test_a_story_with_the_keyboard_alone(page: Any) -> None:
    keys = page.keyboard
    keys.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to Doreen's phone"
    keys.press("Enter")
    for words, then in (
        ("i need some milk please", "#answers button"),
        ("Doreen Shaw", "text=Larkrise"),
    ):
        page.focus("#write")
        keys.type(words)
        keys.press("Enter")
        page.wait_for_selector(then)
    page.locator("#answers button").first.focus()
    keys.press("Enter")
    page.wait_for_selector("#answers button >> text=/^1/")
    page.locator("#answers button").first.focus()
    keys.press("Enter")
    page.wait_for_selector("#dots .wave1 >> nth=2", state="attached")
    page.uncheck("#habits")
    # Somebody who was asked is shown; the keyboard reaches the list, the chat and its buttons.
    page.focus("#find")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "option"
    page.wait_for_selector("#messages .buttons button")
    page.locator("#messages .buttons button").first.focus()
    keys.press("Enter")
    page.wait_for_selector("#dots .going", state="attached")
    assert "is going" in page.inner_text("#stand")


def test_it_fits_narrow_and_wide_and_everything_has_a_name(page: Any) -> None:
    for width, height in ((390, 844), (900, 1100), (1280, 800), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{width} wide needs scrolling sideways"
    nameless = page.evaluate(
        """[...document.querySelectorAll('button, input, select')].filter((one) =>
        !one.textContent.trim() && !one.getAttribute('aria-label') && !one.labels?.length
        ).map((one) => one.outerHTML)"""
    )
    assert nameless == []


def test_the_clock_can_be_moved(page: Any) -> None:
    page.click("[data-jump=tomorrow]")
    page.wait_for_selector("#time >> text=/^Wed 09:0/")
