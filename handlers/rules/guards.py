"""What one person, or many strangers, may take of us; and which words sound like a machine's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class InboundLimits:
    """What is set from outside (`bot/settings.py` gives the reasons)."""

    person_per_minute: int = 20
    person_per_hour: int = 80
    person_per_day: int = 250
    strangers_per_block: int = 8
    strangers_per_hour: int = 100
    countries: tuple[str, ...] = ("GB",)
    daily_segments: int = 1000


CHAT_PER_MINUTE = 20
"""Words to us in one group chat that are answered within a minute: more than Telegram lets a bot
say there (core.telegram.org/bots/faq)."""

SAME = 4
"""Times that the same sentence is answered. A person who is not answered as they hoped says it two
or three times (ours)."""

SAME_SHORT = 12
"""The same for what is short: "1" and "yes" answer one question after another."""

SAME_MACHINE = 2
"""The same for what sounds like a machine. Never none: the words may be a person's."""

SHORT = 12
"""Letters: "yes please" has nine, "out of office" eleven and sounds like a machine."""

LEFT_ALONE = timedelta(hours=6)
"""How long the same words stay unanswered after they last came. Others are answered at once."""

DANGER_ANSWERED, DANGER_TOLD = timedelta(minutes=2), timedelta(minutes=10)
"""How often somebody who is over a limit, or says the same again and again, is told to ring 999,
and organisers of it (ours)."""

WRONG_CODES, WRONG_CODES_IN_ALL = 5, 50
"""Invitation codes that do not hold which one person, and everybody together, may send within an
hour. A code mistyped takes two or three; a code is one of 2**50 (`storage.groups.CODE_LENGTH`)."""

_MACHINE = re.compile(
    r"^\W*(?:(?:this is an? )?auto(?:matic|mated)?[ -]?(?:reply|response|message)\b"
    r"|(?:i am|i'?m|we are) (?:currently )?(?:out of (?:the )?office|away from my (?:phone|desk))"
    r"|out of (?:the )?office\b|i'?m driving\b|please do not reply|do not reply\b"
    r"|(?:this|the) (?:number|inbox|mailbox) is (?:not|un)[ -]?(?:monitored|in use)"
    r"|(?:your )?message (?:could not be|was not|has not been) delivered|undeliverable\b"
    r"|delivery (?:report|status|failure)|thank you for (?:your message|contacting)\b"
    r"|ateb awtomatig|allan o'?r swyddfa|risposta automatica|fuori (?:sede|ufficio)\b)",
    re.IGNORECASE,
)


def sounds_automatic(text: str) -> bool:
    """Whether words begin as only a machine's do: "Automatic reply: ...". People tell of such
    replies, too ("I got an automatic reply from the surgery"), but do not begin so."""
    return bool(_MACHINE.match(text.replace("’", "'")))


def over(limits: InboundLimits, minute: int, hour: int, day: int) -> bool:
    """Whether so many answered are as many as may be."""
    return (
        minute >= limits.person_per_minute
        or hour >= limits.person_per_hour
        or day >= limits.person_per_day
    )


def most_of_the_same(text: str) -> int:
    """How often these words are answered, one time after another."""
    if sounds_automatic(text):
        return SAME_MACHINE
    return SAME_SHORT if sum(map(str.isalpha, text)) < SHORT else SAME
