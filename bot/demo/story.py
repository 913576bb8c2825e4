"""`popround demo`: the page with everybody's phones, or the story in the terminal."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import webbrowser

from rich.console import Console

from bot.demo.habits import Habits
from bot.demo.page import Page
from bot.demo.pretend_server import LoopbackServer
from bot.demo.valley import valley
from bot.logs import set_up_logging

PORT = 8765


def run_demo(headless: bool = False, seed: int = 1, port: int = PORT) -> int:
    """Show the page until Ctrl-C, or play the story; the exit code.

    `port`: where the page is served on this machine; 0 takes any that is free.
    """
    set_up_logging("ERROR")
    # Its wake-ups come often here, and one that comes while another is at work is not news.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
    try:
        if headless:
            from bot.demo.plot import play

            return asyncio.run(play(seed))
        return asyncio.run(_show(seed, port))
    except KeyboardInterrupt:
        return 0


async def _show(seed: int, port: int) -> int:
    say = Console(highlight=False, soft_wrap=True)
    if not _free(port):
        Console(stderr=True, soft_wrap=True, highlight=False).print(
            f"Port {port} is in use: choose another one with --port, or --port 0 for any."
        )
        return 1
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has Ctrl-C as an exception
            loop.add_signal_handler(name, stop.set)
    say.print("Waking the village...")
    async with valley(seed, live=True) as village:
        habits = Habits(village, seed)
        page = Page(village, habits)
        server = LoopbackServer(page.app())
        village.clock.set_speed(1.0)
        await page.look()
        url = await server.start(port)
        jobs = [asyncio.create_task(habits.run()), asyncio.create_task(page.run())]
        for job in jobs:
            job.add_done_callback(lambda job: _ended(job, stop))
        say.print(f"Popround's pretend village: {url}")
        say.print("Everything in it is pretend, and nothing leaves this machine. Ctrl-C ends it.")
        _open(url)
        try:
            await stop.wait()
        finally:
            page.stopping.set()
            for job in jobs:
                job.cancel()
            results = await asyncio.gather(*jobs, return_exceptions=True)
            await server.stop()
    faults = [r for r in results if isinstance(r, Exception)]
    if faults:
        raise faults[0]
    say.print("Goodbye.")
    return 0


def _ended(job: asyncio.Task[None], stop: asyncio.Event) -> None:
    if not job.cancelled():
        stop.set()


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except (OSError, OverflowError):
            return False
    return True


def _open(url: str) -> None:
    """Open the browser where there is somebody in front of a screen."""
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.stdout.isatty() and (screen or sys.platform in ("darwin", "win32")):
        with contextlib.suppress(Exception):
            webbrowser.open(url)
