"""A person who can be reached in two ways gets a thing once; and in the other way, when the first
has failed for good."""

from __future__ import annotations

from dataclasses import replace

from handlers import late
from handlers.rules.segments import segments
from handlers.turn import MOST_SEGMENTS, Turn, buttons_of
from storage import broadcasts, members, messages, questions
from storage.model import Channel, OutboundMessage, SendStatus

WORTH_TWICE = frozenset(
    {
        *("found", "looking_again", "nobody_yet", "called_off", "visit", "still_coming"),
        *("check_in", "alarm", "emergency"),
    }
)
"""What somebody waits for or acts upon: better to read it twice than never. Anything else of which
nobody knows whether it came goes no other way."""


async def send(turn: Turn, message: OutboundMessage) -> bool:
    """Let a message go where else its reader can be reached; whether it does. Not where it failed
    already, so it goes each way at most once."""
    if message.member_id is None or not _is_lost(message):
        return False
    member = await members.get(turn.tx, message.member_id)
    if member.stopped_at is not None or member.unreachable:
        return False
    tried = [*message.about.get("tried", ()), message.channel.value]
    address = await members.reach(turn.tx, member.id, but=map(Channel, tried))
    question = await questions.put_by(turn.tx, message.id)
    if address is None or (question and question.answered_at is not None):
        return False
    words, buttons = message.text, message.buttons
    if question and turn.desk.has_buttons(address.channel):
        buttons = buttons_of(question)
    elif buttons:
        numbers = turn.numbers(member.language, question.choices) if question else ""
        words, buttons = f"{words} {numbers}".strip(), ()
    if not turn.desk.has_buttons(address.channel) and segments(words) > 2 * MOST_SEGMENTS:
        return False  # a list for a screen: whoever looks after them hears of it instead
    as_read = replace(message, text=words)
    as_read = await late.dated(turn.desk, turn.tx, turn.now, turn.community, as_read)
    copy = replace(
        as_read,
        channel=address.channel,
        chat=address.value,
        buttons=buttons,
        ask_location=False,
        created_at=turn.now,
        about={**as_read.about, "tried": tried},
    )
    outbox_id = await messages.queue(turn.tx, copy, at=turn.at_once_or_by_day(copy))
    if question:
        await questions.note_message(turn.tx, question.id, outbox_id)
    await broadcasts.went_elsewhere(turn.tx, message.id, outbox_id)
    await turn.note("sent_elsewhere", "outbox", message.id, again=outbox_id)
    return True


def _is_lost(message: OutboundMessage) -> bool:
    """Whether it failed, or may have and is better read twice than never."""
    if message.status is SendStatus.UNKNOWN:
        return message.about.get("kind") in WORTH_TWICE
    return message.status is SendStatus.FAILED
