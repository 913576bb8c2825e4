"""The bot's web side alone: what comes in is stored and answered, and waits.

`python -m tests.bench.storing`, with the settings of `popround serve` in the environment.
"""

from __future__ import annotations

import asyncio

from bot.app import Popround, loop_factory, web_server
from bot.settings import load


async def main() -> None:
    """Serve until told to stop."""
    bot = Popround(load(None))
    await web_server(bot).serve()
    for adapter in bot.adapters:
        await adapter.close()
    await bot.database.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main())
