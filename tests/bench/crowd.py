"""A pretend Telegram with no limits, and the people on it: `python -m tests.bench.crowd`.

A process of its own beside the bot that is measured, whichever that is: it knows the Bot API, and
nothing of the bot beyond "the first button of what was asked". It does as little as it can for each
call, so that what is measured is the bot. People press and write as soon as they have heard, and
bring their next update only when the one before was answered 200, as Telegram does.

Lines on standard input ask for something; each is answered by one line of JSON.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

HELPERS, ASKERS, ORGANISERS = 10**9, 2 * 10**9, 3 * 10**9
"""Chats of people, by what they are; counted from there."""

CREW = 8
"""Helpers who live where one asker does, and nobody else near: in `talk`, everybody has their own,
so that no chat is ever over what may be written to it."""

LINES = 40
"""Calls at once to a webhook: what Telegram makes unless it is told otherwise (setWebhook)."""

SECRET = "a-webhook-secret"
NEED = "i need some milk please"
PATIENCE = 120
"""Real seconds until what should be heard counts as not being said."""

SAID = (
    # What is asked for, by far the most ...
    "i need some milk please",
    "Could somebody get me a loaf and half a dozen eggs, white sliced if they have it",
    "prescription ready at Boots, can anyone fetch it before Thursday",
    "lift to the eye clinic monday 10.15, be done about 12",
    "hiya its Brenda at no 14, bin wants putting out, back is bad again",
    "can someone sit with my husband for an hour saturday so I can get my hair done",
    "my telly says no signal and ive pressed everything",
    "would it be possible to have a hot dinner brought on Wednesday? I can pay.",
    "anybody handy with a drill, curtain rail has dropped off the wall",
    "cat food please the ones in jelly and a bag of litter",
    "dog needs walking, my knee is swollen up like a balloon",
    "need somebody to read a letter from the council, cant make head nor tail of it",
    "grass is up to my knees. £10 for whoever cuts it",
    "Shopping list: tea bags, marg, bananas, tin of salmon, washing powder. Thank you Mr Haigh",
    "parcel to post before friday its for our Lynn in Canada",
    "light bulb gone on the landing and im not safe on a ladder",
    "Please may I have company one afternoon, I have not seen a soul since Sunday",
    "lift home from hospital tomorrow, ward 6, they say after dinner",
    "new battery in the smoke alarm it wont stop chirping",
    "my mum in HD7 needs her tablets collecting, shes 91 and wont ask",
    "had a fall in March and still not right on the stairs, could somebody do my upstairs windows",
    "is there anyone who could help me fill in a form for the blue badge",
    "tap dripping all night driving me mad",
    "bread & milk asap, snowed in up here",
    "can u get me 20 quid of electric on the key",
    "Dwi angen rhywun i nol fy mhresgripsiwn os gwelwch yn dda",
    "mi serve il pane e un litro di latte, grazie",
    "lifft i'r feddygfa fore Gwener plis",
    "wud sumone get me a papper and sum stamps plese",
    "the key safe number is still the same, shopping as usual please love",
    "freezer has packed up, could anybody take some meat in for the night",
    "spare pair of hands to shift a wardrobe sunday",
    # ... answers, yes above all ...
    "yes please", "Yes", "ok", "yes that will be lovely", "aye go on then", "1", "2", "1 please",
    "no thank you", "not today sorry im at work", "I can do it after 4", "yes about half past two",
    # ... how things stand, and thanks ...
    "done", "all done, left it in the porch", "on my way", "running ten mins late traffic is bad",
    "cant come after all, little one has chickenpox", "Thank you so much Sam is a treasure",
    "ta love", "thanks, all fine here",
    "who is coming and what time", "has anybody picked up my tablets yet",
    "don't need the lift now, my son is taking me",
    "I could do a bit of driving, tuesdays and thursdays", "happy to help with gardens again",
    # ... and what nobody can do much about.
    "what is this number", "STOP", "please ring me I can't text with these glasses",
    "that chap who came round was a bit sharp with me", "our Keith says hello", "?", "👍",
    "I've slipped in the bath and can't get up",
)  # fmt: skip
"""What people of all sorts write: one after the other in `pour`. One in 65 is an emergency, more
than in life; nothing of ours was made to know them."""

QUIET = 0.25
"""Seconds after an asker was told: the others of the wave are asked meanwhile."""


@dataclass(frozen=True, slots=True)
class Told:
    """Something that the bot sent."""

    chat: int
    ident: int
    text: str
    buttons: tuple[str, ...]
    """What each carries."""
    at: float


class Crowd:
    """The Bot API on one side, webhook calls on the other."""

    def __init__(self) -> None:
        self._message_ids = itertools.count(1)
        self._update_ids = itertools.count(int(time.time() * 1000))
        self._press_ids = itertools.count(1)
        self._heard: defaultdict[int, asyncio.Queue[Told]] = defaultdict(asyncio.Queue)
        self._watching: Callable[[Told], None] | None = None
        self._latency = 0.0
        self._at = ""
        self._any = asyncio.Event()
        self.calls = 0
        self.came: list[float] = []
        """When each message was sent."""
        self._http: aiohttp.ClientSession

    # The Bot API

    async def answer(self, request: web.Request) -> web.Response:
        """Any method, answered as the Bot API would where all is well."""
        method = request.match_info["method"].lower()
        if self._latency:
            await asyncio.sleep(self._latency)
        self.calls += 1
        result: Any = True
        if method == "getme":
            result = {"id": 4839574812, "is_bot": True, "first_name": "Bot", "username": "a_bot"}
        elif method in ("sendmessage", "editmessagetext"):
            try:
                given = await request.post()
            except ConnectionResetError:  # the bot was ended in the middle of a call
                return web.Response(status=499)
            chat = int(str(given["chat_id"]))
            sent = method == "sendmessage"
            ident = next(self._message_ids) if sent else int(str(given["message_id"]))
            text = str(given["text"])
            result = _message(ident, chat, text)
            if sent:
                markup = json.loads(str(given.get("reply_markup") or "{}"))
                rows = markup.get("inline_keyboard", ())
                data = tuple(each["callback_data"] for row in rows for each in row)
                self._take(Told(chat, ident, text, data, time.perf_counter()))
        return web.json_response({"ok": True, "result": result})

    def _take(self, told: Told) -> None:
        self.came.append(told.at)
        self._any.set()
        if self._watching:
            self._watching(told)
        of = told.chat
        if HELPERS <= of < ASKERS:
            of = HELPERS + (of - HELPERS) // CREW * CREW
        self._heard[of].put_nowait(told)

    # People

    async def _post(self, content: dict[str, Any]) -> float:
        """Bring an update; how many seconds it took to be answered 200."""
        began = time.perf_counter()
        body = {"update_id": next(self._update_ids), **content}
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        async with self._http.post(self._at, json=body, headers=headers) as answer:
            if answer.status != 200:
                raise RuntimeError(f"the webhook said {answer.status}")
        return time.perf_counter() - began

    async def _says(self, chat: int, text: str) -> float:
        message = _message(next(self._message_ids), chat, text, by=chat)
        if text.startswith("/"):
            command = {"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}
            message["entities"] = [command]
        return await self._post({"message": message})

    async def _presses(self, told: Told) -> None:
        """The first button."""
        query = {
            "id": str(next(self._press_ids)),
            "from": _person(told.chat),
            "chat_instance": "1",
            "message": _message(told.ident, told.chat, told.text),
            "data": told.buttons[0],
        }
        await self._post({"callback_query": query})

    async def _hears(self, of: int, *, buttons: bool = False, chat: int = 0) -> Told:
        """The next thing said to them: with buttons, or to that one of a crew."""
        async with asyncio.timeout(PATIENCE):
            while True:
                told = await self._heard[of].get()
                if (told.buttons or not buttons) and chat in (0, told.chat):
                    return told

    async def _conversation(self, n: int) -> float:
        """One asker is helped: text, yes, the first who is asked takes it, done. Over when both
        have heard the last of it; seconds."""
        asker, crew = ASKERS + n, HELPERS + n * CREW
        began = time.perf_counter()
        await self._says(asker, NEED)
        await self._presses(await self._hears(asker, buttons=True))
        offer = await self._hears(crew, buttons=True)
        await self._presses(offer)
        await self._hears(crew, chat=offer.chat)  # where to go
        await self._says(offer.chat, "done")
        await self._hears(crew, chat=offer.chat)  # thanks
        for _ in range(3):  # being asked for; who comes; and how it went
            await self._hears(asker)
        return time.perf_counter() - began

    # What may be asked for

    async def at(self, webhook: str, latency: str = "0") -> None:
        """Whom to bring updates to, and seconds that each call of theirs takes; all begins anew."""
        self._at, self._latency = webhook, float(latency)
        self._heard.clear()
        await self.reset()

    async def reset(self) -> None:
        self.calls, self.came = 0, []
        self._any.clear()

    async def talk(self, first: str, count: str, at_once: str) -> dict[str, Any]:
        """So many conversations from that one on, so many at once; how many came to their end in a
        second (from the first tenth to the last, while all are busy), and seconds of each."""
        waiting = iter(range(int(first), int(first) + int(count)))
        took, ends = [], []

        async def one_after_the_other() -> None:
            for n in waiting:
                took.append(await self._conversation(n))
                ends.append(time.perf_counter())

        calls = self.calls
        await asyncio.gather(*(one_after_the_other() for _ in range(int(at_once))))
        ends.sort()
        low, high = len(ends) // 10, max(len(ends) * 9 // 10, len(ends) // 10 + 1)
        rate = (high - low) / (ends[high] - ends[low])
        return {"rate": rate, "took": took, "calls": (self.calls - calls) / int(count)}

    async def pour(self, seconds: str, callers: str, people: str) -> float:
        """Bring updates as fast as they are answered 200, for so long; how many in a second."""
        end = time.perf_counter() + float(seconds)
        count = 0

        async def call(chats: Any) -> None:
            nonlocal count
            while time.perf_counter() < end:
                await self._says(ASKERS + next(chats), next(words))
                count += time.perf_counter() < end

        chats, words = itertools.cycle(range(int(people))), itertools.cycle(SAID)
        await asyncio.gather(*(call(chats) for _ in range(int(callers))))
        return count / float(seconds)

    async def offer(self, n: str) -> float:
        """Seconds from an asker's yes to the first offer to anybody."""
        asker = ASKERS + int(n)
        await self._says(asker, NEED)
        question = await self._hears(asker, buttons=True)
        first: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        def look(told: Told) -> None:
            if told.chat < ASKERS and told.buttons and not first.done():
                first.set_result(told.at)

        self._watching = look
        began = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._presses(question)
                took = await first - began
        finally:
            self._watching = None
        await self._hears(asker)
        await asyncio.sleep(QUIET)
        return took

    async def call(self, times: str, every: str) -> dict[str, list[float]]:
        """Somebody says /help so many times, at that distance: seconds until each was answered 200,
        and until its reply came (a way of the line with it)."""
        answered, replied = [], []

        async def one(n: int) -> None:
            began = time.perf_counter()
            answered.append(await self._says(ASKERS + n, "/help"))
            told = await self._hears(ASKERS + n)
            replied.append(told.at - began)

        going = []
        for n in range(int(times)):
            going.append(asyncio.ensure_future(one(n)))
            await asyncio.sleep(float(every))
        await asyncio.gather(*going)
        return {"answered": answered, "replied": replied}

    async def say(self, chat: str, *words: str) -> float:
        """Somebody writes; seconds until it was answered 200."""
        return await self._says(int(chat), " ".join(words))

    async def first(self) -> None:
        """Wait until the first message has come."""
        async with asyncio.timeout(PATIENCE):
            await self._any.wait()

    async def count(self) -> list[float]:
        """How many messages there were, and seconds from the first to the last."""
        return [len(self.came), self.came[-1] - self.came[0] if self.came else 0.0]

    async def serve(self) -> None:
        """Do what is asked, until standard input ends."""
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self.answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        _, port = runner.addresses[0]
        say(f"http://127.0.0.1:{port}")
        loop = asyncio.get_running_loop()
        connector = aiohttp.TCPConnector(limit=LINES)
        async with aiohttp.ClientSession(connector=connector) as self._http:
            while line := await loop.run_in_executor(None, sys.stdin.readline):
                name, *rest = line.split()
                say(await getattr(self, name)(*rest))
        await runner.cleanup()


def say(what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _person(chat: int) -> dict[str, Any]:
    return {"id": chat, "is_bot": False, "first_name": "Sam"}


def _message(ident: int, chat: int, text: str, by: int = 0) -> dict[str, Any]:
    about = {"id": chat, "type": "private", "first_name": "Sam"}
    made = {"message_id": ident, "date": int(time.time()), "chat": about, "text": text}
    return {**made, "from": _person(by)} if by else made


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(Crowd().serve())
