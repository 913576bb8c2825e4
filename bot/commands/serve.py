"""`popround serve`: the bot, once it is sure of its key and its database."""

from __future__ import annotations

from bot.commands.database import ready
from bot.commands.terminal import note, run, settings
from bot.settings import Settings


def serve() -> int:
    """Run the bot until it is told to stop."""
    given = settings()
    run(_look(given))
    if not (given.telegram_token or given.twilio_number):
        note("Neither Telegram nor texts are set up, so nobody can write; see `popround check`.")
    from bot.app import serve as bot

    return bot(given)


async def _look(given: Settings) -> None:
    async with ready(given):
        pass
