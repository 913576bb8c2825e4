"""`popround understand`: what the bot takes each message for, one JSON object a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.clock import RealClock
from bot.commands.terminal import Trouble, write

LONDON = ZoneInfo("Europe/London")


def understand(now: datetime | None) -> int:
    """Read messages on stdin to their end, and say what each means on stdout."""
    start = here(now or RealClock().now())
    for answer in answers(sys.stdin.buffer, start):
        write(answer)
    return 0


def answers(lines: Iterable[bytes], now: datetime) -> Iterator[bytes]:
    """A line of JSON for each line, as it comes.

    Raises:
        Trouble: if a line says a time that is none.
    """
    from handlers.rules.understanding import understand as meaning_of

    for number, line in enumerate(lines, 1):
        words = line.decode("utf-8-sig" if number == 1 else "utf-8", "replace").rstrip("\r\n")
        try:
            text, moment = _spoken(words, now)
        except ValueError as error:
            raise Trouble(f"Line {number} of what was read: {error}.") from None
        meaning = meaning_of(text, moment)
        told = {
            "intent": meaning.intent,
            "need": meaning.need,
            "emergency": meaning.emergency,
            "date": meaning.date.isoformat() if meaning.date else None,
            "part": meaning.part,
            "postcode": meaning.postcode,
            "for_other": meaning.for_other,
            "language": meaning.language,
            "confidence": meaning.confidence,
        }
        yield json.dumps(told, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _spoken(line: str, now: datetime) -> tuple[str, datetime]:
    """The words and the time of a line: a message as it is, or a JSON object that has both."""
    if not line.lstrip().startswith("{"):
        return line, now
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        return line, now  # somebody's message that happens to begin so
    if not isinstance(given, dict) or not isinstance(given.get("text"), str):
        return line, now
    return given["text"], moment_in(given["now"]) if given.get("now") else now


def moment_in(words: object) -> datetime:
    """A time in ISO 8601, on London's clocks; one without a zone is taken to be London's.

    Raises:
        ValueError: if it is none.
    """
    try:
        return here(datetime.fromisoformat(str(words)))
    except (ValueError, OverflowError):
        raise ValueError(f'"{str(words)[:40]}" is no time such as 2026-03-01T09:30') from None


def here(moment: datetime) -> datetime:
    """That moment on London's clocks."""
    return moment.astimezone(LONDON) if moment.tzinfo else moment.replace(tzinfo=LONDON)
