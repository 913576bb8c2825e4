"""What every channel is: verify, parse, send, look up.

One provider, one file. A channel turns what its provider says into `InboundMessage` and
`DeliveryReceipt`, and an `OutboundMessage` into one call. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, Protocol

from storage.model import Channel, DeliveryReceipt, InboundMessage, OutboundKind, OutboundMessage


class SendError(Exception):
    """A message could not be sent. The subclasses say what to do about it."""

    usual: ClassVar[str] = "refused"

    def __init__(self, code: str, *, retry_after: float | None = None, reason: str = "") -> None:
        """`code`: the provider's own, or a word of ours. Never a number or words of a person.
        `retry_after`: seconds that the provider asked us to wait. `reason`: why, as the catalogues
        say it (`reason.REASON`)."""
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after
        self.reason = reason or self.usual


class RetryableError(SendError):
    """It was not sent; the same call may work later."""

    usual = "no_answer"


class TooManyError(RetryableError):
    """It was not sent: the provider counts too much at once. Whoever sends had better be slower."""

    usual = "busy"


class PermanentError(SendError):
    """It was not sent and never will be: this message, or this address, is wrong."""


class AddressError(PermanentError):
    """It was not sent, and nothing ever will be to this address: a landline, no such number."""

    usual = "no_address"


class OptedOutError(PermanentError):
    """The person has told the provider that they want no more (blocked bot, 21610)."""

    usual = "opted_out"


class UnknownOutcomeError(SendError):
    """The request left and no answer came. It may have arrived: never blindly send it again."""

    usual = "unknown"


REASONS = frozenset(
    {
        *("account", "busy", "cap", "country", "filtered", "kicked", "no_address", "no_answer"),
        *("not_a_mobile", "opted_out", "phone_off", "refused", "too_long", "unknown"),
    }
)
"""Every reason that there is."""


class RefusedError(Exception):
    """A webhook call that does not come from whom it says: wrong signature or secret."""


class MalformedError(Exception):
    """A webhook call of the provider's own that can't be read.

    It is to be answered 2xx all the same: a provider that is told no sends it again, and Telegram
    holds back everything else of that chat meanwhile.
    """


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `popround check` has to say."""

    ok: bool
    what: str
    """One plain sentence: what was looked at and how it is."""
    to_do: str = ""
    """One plain sentence: what to do about it, if it is not well."""
    serving_mends: bool = False
    """It is not well only because the bot has not been started yet."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the provider made of a message."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class Received:
    """What one webhook call, or one poll, brought."""

    messages: tuple[InboundMessage, ...] = ()
    receipts: tuple[DeliveryReceipt, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """One webhook of a provider."""

    path: str
    """Below `/webhooks/`."""
    reply: str
    """The body of the 2xx, as this provider wants it."""
    media_type: str


def header(headers: Mapping[str, str], name: str) -> str:
    """The value of a header whose name may be written in any case; empty if it did not come."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def storable(text: str) -> str:
    """The text without what a database refuses: NUL (PostgreSQL) and halves of surrogate pairs.

    Both can be sent to us, and a message that can't be stored would be sent again for ever.
    """
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


LONGEST_ID = 64
"""Characters of what a provider names a message by, and of whom it is from: Twilio's are 34, phone
numbers 16, Telegram's 19. Two that are cut off at the same place would be taken for one."""


def sound(received: Received) -> Received:
    """What a call brought, if all of it is what it is said to be, and can be kept.

    A provider's library believes what it reads: a list where words should be goes through, and
    would be found out in the middle of somebody's lane.

    Raises:
        MalformedError: if anything is of another kind, or an id is not one.
    """
    for message in received.messages:
        places = (message.latitude, message.longitude)
        words = [getattr(message, name) for name in _WORDS]
        if not (
            all(isinstance(each, str) and each == storable(each) for each in words)
            and all(map(_is_id, (message.provider_id, message.sender, message.chat)))
            and (places == (None, None) or all(map(_is_degrees, places, (90, 180))))
        ):
            raise MalformedError("not what it is said to be")
    for receipt in received.receipts:
        if not _is_id(receipt.provider_id) or receipt.code != storable(receipt.code):
            raise MalformedError("not what it is said to be")
    return received


_WORDS = tuple(
    field.name
    for field in fields(InboundMessage)
    if field.name not in ("channel", "kind", "latitude", "longitude", "in_group")
)


def _is_id(text: str) -> bool:
    return 0 < len(text) <= LONGEST_ID and text == storable(text)


def _is_degrees(value: object, most: int) -> bool:
    """Whether it is a number from `-most` to `most`; NaN is none."""
    return type(value) in (int, float) and -most <= value <= most  # type: ignore[operator]


class ChannelAdapter(Protocol):
    """One provider."""

    channel: Channel
    can: frozenset[OutboundKind]
    """What it is able to send. What it can't is never handed to it."""
    routes: tuple[Route, ...]
    vouches: bool
    """Whether the provider vouches for who wrote. Whom a text is from proves nothing: anybody can
    write another's number there."""
    calls_again: bool
    """Whether the provider brings what came in again until the webhook takes it. Where it does not,
    what came while we were away is only found by polling."""

    def receive(
        self, route: Route, headers: Mapping[str, str], body: bytes, query: str
    ) -> Received:
        """Check that a webhook call is the provider's, then say what it brought.

        `query` is what follows the `?` of the address as it came, undecoded; empty if nothing did.

        The check comes first and takes the same time however wrong the call is. A call that is
        genuine but holds nothing of use brings an empty `Received`.

        Raises:
            RefusedError: if it is not the provider's.
            MalformedError: if it is, and can't be read.
        """
        ...

    async def poll(self, cursor: str) -> tuple[Received, str]:
        """Ask the provider what is new since `cursor` (empty: the first time).

        Returns once there is something, or after a provider's usual wait. The new cursor is kept
        in the same commit as what came, and only then given back, so nothing is passed over.

        Raises:
            SendError: if the provider could not be asked.
        """
        ...

    async def send(self, message: OutboundMessage) -> Sent:
        """Make the one call that delivers it.

        Raises:
            SendError: one of the four kinds.
        """
        ...

    async def look_up(self, message: OutboundMessage) -> list[Sent]:
        """What the provider was given that may be this message (to the same address, in the same
        words, since it was written), the oldest first; nothing if it was not taken.

        Raises:
            UnknownOutcomeError: if the provider can't be asked such a thing.
            RetryableError: if it can, but not now.
        """
        ...

    async def set_up(self) -> None:
        """Tell the provider where to send what comes in (webhook, or none when polled).

        Raises:
            SendError: if it would not.
        """
        ...

    async def check(self) -> list[Finding]:
        """What a person setting this up should know, after asking the provider."""
        ...

    async def close(self) -> None: ...
