"""The pretend providers in a process of their own: `python -m tests.bench.providers`.

They count by their own clock, in strict windows, and every call takes a time of its own on its way
there and back. Lines on standard input ask for something; each is answered by one line of JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.clock import RealClock
from bot.demo.pretend_limits import TelegramSpeed
from bot.demo.pretend_telegram import PretendTelegram
from bot.demo.pretend_twilio import PretendTwilio
from tests.stage import AUTH, NUMBER, SID, TOKEN

LEAST = 0.012
"""Seconds that a way takes at least, there and back each: somewhere in the same country."""
MORE = 0.003
"""Seconds that it takes beyond it, on average (exponential): jitter."""


class FarTelegram(PretendTelegram):
    """Telegram at the end of a line that jitters."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._chance = random.Random(8)
        self.came: list[tuple[int, float]] = []
        """Chat and moment of each message that was taken."""
        self.refused = 0

    async def _answer(self, request: Request) -> Response:
        await self._way()
        response = await super()._answer(request)
        if request.path_params["method"].lower() == "sendmessage":
            if response.status_code == 200:
                call = self.calls[-1]
                self.came.append((int(call.params["chat_id"]), time.monotonic()))
            elif response.status_code == 429:
                self.refused += 1
        await self._way()
        return response

    async def _way(self) -> None:
        await asyncio.sleep(LEAST + self._chance.expovariate(1 / MORE))


class Providers:
    """What the measuring process may ask for."""

    def __init__(self) -> None:
        self._clock = RealClock()
        self._telegram = FarTelegram(
            self._clock, TOKEN, speed=TelegramSpeed(overall_per_second=30), history=2000
        )
        self._twilio = PretendTwilio(self._clock, SID, AUTH, NUMBER, segments_per_second=1)
        self._out = sys.stdout

    async def serve(self) -> None:
        telegram, twilio = await self._telegram.start(), await self._twilio.start()
        self._say({"telegram": telegram, "twilio": twilio})
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            name, *rest = line.split()
            self._say(getattr(self, name)(*rest))
        await self._telegram.stop()
        await self._twilio.stop()

    def _say(self, what: Any) -> None:
        self._out.write(json.dumps(what) + "\n")
        self._out.flush()

    def people(self, count: str) -> list[int]:
        """So many people who have met the bot."""
        chats = [self._telegram.person("Sam") for _ in range(int(count))]
        for chat in chats:
            self._telegram.met_before(chat)
        return chats

    def reset(self) -> None:
        self._telegram.came, self._telegram.refused = [], 0

    def count(self) -> int:
        return len(self._telegram.came)

    def came(self) -> dict[str, Any]:
        return {"came": self._telegram.came, "refused": self._telegram.refused}

    def texts(self, to: str) -> list[list[float]]:
        """When each text to that number was handed over and when it had left, in seconds of 1970
        (0: not yet)."""
        return [
            [text.created.timestamp(), text.sent.timestamp() if text.sent else 0.0]
            for text in self._twilio.all_texts()
            if text.to == to
        ]


if __name__ == "__main__":
    asyncio.run(Providers().serve())
