"""A plain bot for the same request: python-telegram-bot and aiosqlite, by the usual means.

It is what a competent person would write in a day, and it is not crippled: python-telegram-bot's
own shape for a web server of one's own (Starlette and uvicorn, `update_queue`), updates handled
side by side, the fast loop and as many lines to Telegram as the library opens; SQLite in WAL mode
with `synchronous=FULL`, as ours; one INSERT and commit for each update before it is answered 200,
by which repeats are known; one UPDATE that only the first to press can win. All helpers are read
and sorted by distance in Python, the five nearest are asked, and every message is awaited in the
handler that sends it.

What it does not have is what such a bot does not have: sealed words, a queue that outlives the
process (what was stored and not yet handled is not taken up again), retries, limits, quiet hours,
reminders, more than one wave, and anybody who is told when nobody answers. So wherever it is
quicker, that is what those cost.

`python -m tests.bench.baselines.plain_bot`, with PLAIN_DATABASE, PLAIN_PORT, PLAIN_TOKEN,
PLAIN_SECRET and PLAIN_TELEGRAM (the address of the Bot API) in the environment. PLAIN_HANDLES=0
stores and answers only. PLAIN_LOCK=0 leaves out the lock that keeps one handler's commit from
falling into the middle of another's transaction on the one connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Any

import aiosqlite
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Message, Update
from telegram.error import TelegramError
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

ASKED = 5
"""Helpers at once."""

A_SECOND = 30
"""Messages of a broadcast: what Telegram's FAQ says."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS updates (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS people (
    chat INTEGER PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL,
    address TEXT NOT NULL, latitude REAL NOT NULL, longitude REAL NOT NULL);
CREATE INDEX IF NOT EXISTS people_by_role ON people (role);
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY, asker INTEGER NOT NULL, words TEXT NOT NULL,
    status TEXT NOT NULL, helper INTEGER);
CREATE INDEX IF NOT EXISTS requests_by_helper ON requests (helper, status);
CREATE TABLE IF NOT EXISTS asks (
    request INTEGER NOT NULL, chat INTEGER NOT NULL, message INTEGER NOT NULL,
    PRIMARY KEY (request, chat));
"""


@dataclass
class Store:
    """The one connection, and who may write on it."""

    db: aiosqlite.Connection
    lock: Any

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[aiosqlite.Connection]:
        async with self.lock:
            try:
                yield self.db
                await self.db.commit()
            except BaseException:
                await self.db.rollback()
                raise

    async def one(self, sql: str, *values: Any) -> aiosqlite.Row | None:
        async with self.db.execute(sql, values) as cursor:
            return await cursor.fetchone()

    async def all(self, sql: str, *values: Any) -> list[aiosqlite.Row]:
        return list(await self.db.execute_fetchall(sql, values))


async def open_store(path: str) -> Store:
    db = await aiosqlite.connect(path)
    db.row_factory = aiosqlite.Row
    await db.execute("PRAGMA journal_mode=WAL")
    await db.execute("PRAGMA synchronous=FULL")
    await db.executescript(SCHEMA)
    await db.commit()
    locked = os.environ.get("PLAIN_LOCK", "1") != "0"
    return Store(db, asyncio.Lock() if locked else contextlib.nullcontext())


def km(latitude: float, longitude: float, other: aiosqlite.Row) -> float:
    """Great-circle distance (haversine)."""
    north, east = radians(other["latitude"]), radians(other["longitude"])
    here_north, here_east = radians(latitude), radians(longitude)
    square = (
        sin((north - here_north) / 2) ** 2
        + cos(here_north) * cos(north) * sin((east - here_east) / 2) ** 2
    )
    return 2 * 6371 * asin(sqrt(square))


def buttons(*each: tuple[str, str]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(text, callback_data=data)] for text, data in each]
    )


class PlainBot:
    """The handlers."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def text(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """An asker's need, or a helper's word that it is done."""
        message = update.message
        assert message and message.text
        if message.text.strip().lower().rstrip(".!") in ("done", "all done"):
            await self.done(message)
            return
        me = await self.store.one("SELECT * FROM people WHERE chat = ?", message.chat_id)
        if me is None:
            await message.reply_text("Hello! Please ask Ana to let you in first.")
            return
        async with self.store.writing() as db:
            made = await db.execute(
                "INSERT INTO requests (asker, words, status) VALUES (?, ?, 'draft')",
                (message.chat_id, message.text),
            )
        await message.reply_text(
            f"Thank you {me['name']}. {message.text}: shall I ask a neighbour?",
            reply_markup=buttons(("Yes", f"yes:{made.lastrowid}"), ("No", f"no:{made.lastrowid}")),
        )

    async def help(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message
        await update.message.reply_text("Write what you need. I ask the neighbours near you.")

    async def press(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """A button."""
        query = update.callback_query
        assert query and query.data and isinstance(query.message, Message)
        what, _, number = query.data.partition(":")
        request = await self.store.one("SELECT * FROM requests WHERE id = ?", int(number))
        if request is None:
            await query.answer("That is over.")
        elif what == "yes":
            await query.answer()
            await self.ask(request, context)
        elif what == "no":
            await query.answer()
            await query.edit_message_text("All right. Write again when you need something.")
        elif what == "take":
            await self.take(update, request, context)

    async def ask(self, request: aiosqlite.Row, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Ask the five nearest."""
        async with self.store.writing() as db:
            opened = await db.execute(
                "UPDATE requests SET status = 'open' WHERE id = ? AND status = 'draft'",
                (request["id"],),
            )
        if not opened.rowcount:
            return
        me = await self.store.one("SELECT * FROM people WHERE chat = ?", request["asker"])
        assert me
        helpers = await self.store.all("SELECT * FROM people WHERE role = 'helper'")
        helpers.sort(key=lambda each: km(me["latitude"], me["longitude"], each))
        for helper in helpers[:ASKED]:
            try:
                sent = await context.bot.send_message(
                    helper["chat"],
                    f"{helper['name']}, somebody near you asks: {request['words']}. Could you?",
                    reply_markup=buttons(
                        ("I'll do it", f"take:{request['id']}"), ("Not today", "no:0")
                    ),
                )
            except TelegramError:
                continue  # they have blocked the bot
            async with self.store.writing() as db:
                await db.execute(
                    "INSERT INTO asks VALUES (?, ?, ?)",
                    (request["id"], helper["chat"], sent.message_id),
                )
        await context.bot.send_message(request["asker"], "I'm asking neighbours near you now.")

    async def take(
        self, update: Update, request: aiosqlite.Row, context: ContextTypes.DEFAULT_TYPE
    ) -> None:
        """The first to press goes."""
        query = update.callback_query
        assert query
        async with self.store.writing() as db:
            taken = await db.execute(
                "UPDATE requests SET helper = ?, status = 'taken' WHERE id = ? AND status = 'open'",
                (query.from_user.id, request["id"]),
            )
        if not taken.rowcount:
            await query.answer("Thank you, somebody was quicker.")
            return
        await query.answer("It's yours. Thank you.")
        asker = await self.store.one("SELECT * FROM people WHERE chat = ?", request["asker"])
        me = await self.store.one("SELECT * FROM people WHERE chat = ?", query.from_user.id)
        assert asker and me
        await query.edit_message_text("You're doing this. Thank you.")
        await context.bot.send_message(
            me["chat"],
            f"{asker['name']}, {asker['address']}: {request['words']}. Write DONE afterwards.",
        )
        await context.bot.send_message(asker["chat"], f"Good news. {me['name']} will come.")
        others = await self.store.all(
            "SELECT * FROM asks WHERE request = ? AND chat != ?", request["id"], me["chat"]
        )
        for other in others:
            with contextlib.suppress(TelegramError):
                await context.bot.edit_message_text(
                    "Thank you, somebody was quicker.", other["chat"], other["message"]
                )

    async def done(self, message: Message) -> None:
        """Both are thanked."""
        request = await self.store.one(
            "SELECT * FROM requests WHERE helper = ? AND status = 'taken'", message.chat_id
        )
        if request is None:
            await message.reply_text("Thank you. I know of nothing that you are doing.")
            return
        async with self.store.writing() as db:
            await db.execute("UPDATE requests SET status = 'done' WHERE id = ?", (request["id"],))
        await message.reply_text("Thank you, that was kind.")
        await message.get_bot().send_message(request["asker"], "It is done. Thank you for asking.")

    async def broadcast(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """An organiser tells every helper."""
        message = update.message
        assert message and message.text
        me = await self.store.one("SELECT * FROM people WHERE chat = ?", message.chat_id)
        words = message.text.partition(" ")[2]
        if me is None or me["role"] != "organiser" or not words:
            return
        for person in await self.store.all("SELECT chat FROM people WHERE role = 'helper'"):
            with contextlib.suppress(TelegramError):
                await context.bot.send_message(person["chat"], words)
            await asyncio.sleep(1 / A_SECOND)
        await message.reply_text("Everybody has been told.")


def application(store: Store) -> Any:
    """The handlers, wired. Updates are handled side by side: nobody waits for a broadcast."""
    bot = PlainBot(store)
    made = (
        Application.builder()
        .token(os.environ["PLAIN_TOKEN"])
        .base_url(f"{os.environ['PLAIN_TELEGRAM']}/bot")
        .updater(None)
        .concurrent_updates(True)
        .pool_timeout(30)
        .build()
    )
    made.add_handler(CommandHandler("broadcast", bot.broadcast))
    made.add_handler(CommandHandler("help", bot.help))
    made.add_handler(CallbackQueryHandler(bot.press))
    made.add_handler(MessageHandler(filters.TEXT & ~filters.COMMAND, bot.text))
    return made


async def main() -> None:
    """Serve until told to stop."""
    store = await open_store(os.environ["PLAIN_DATABASE"])
    app = application(store)
    secret = os.environ["PLAIN_SECRET"]
    handles = os.environ.get("PLAIN_HANDLES", "1") != "0"

    async def telegram(request: Request) -> Response:
        said = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(said.encode(), secret.encode()):
            return Response(status_code=403)
        body = await request.body()
        update = Update.de_json(await request.json(), app.bot)
        async with store.writing() as db:
            kept = await db.execute(
                "INSERT OR IGNORE INTO updates VALUES (?, ?)", (update.update_id, body)
            )
        if kept.rowcount and handles:
            await app.update_queue.put(update)
        return Response()

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    web = Starlette(
        routes=[Route("/telegram", telegram, methods=["POST"]), Route("/healthz", healthz)]
    )
    port = int(os.environ["PLAIN_PORT"])
    server = uvicorn.Server(
        uvicorn.Config(web, host="127.0.0.1", port=port, log_level="warning", access_log=False)
    )
    async with app:
        await app.bot.set_webhook(
            "https://plain.example/telegram",
            secret_token=secret,
            allowed_updates=Update.ALL_TYPES,
        )
        await app.start()
        await server.serve()
        await app.stop()
    await store.db.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
