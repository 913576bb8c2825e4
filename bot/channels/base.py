"""What every channel is: verify, parse, send, look up.

One provider, one file. A channel turns what its provider says into `InboundMessage` and
`DeliveryReceipt`, and an `OutboundMessage` into one call. It decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from storage import model
from storage.model import DeliveryReceipt, InboundMessage, OutboundMessage


class SendError(Exception):
    """A message could not be sent. The subclasses say what to do about it."""

    def __init__(self, code: str, *, retry_after: float | None = None) -> None:
        """`code`: the provider's own, or a word of ours. Never a number or words of a person.
        `retry_after`: seconds that the provider asked us to wait."""
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after


class RetryableError(SendError):
    """It was not sent; the same call may work later."""


class PermanentError(SendError):
    """It was not sent and never will be: this message, or this address, is wrong."""


class OptedOutError(PermanentError):
    """The person has told the provider that they want no more (blocked bot, 21610)."""


class UnknownOutcomeError(SendError):
    """The request left and no answer came. It may have arrived: never blindly send it again."""


class RefusedError(Exception):
    """A webhook call that is not what it says it is: wrong signature, or not of the protocol."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What the provider made of a message."""

    provider_id: str


class ChannelAdapter(Protocol):
    """One provider."""

    @property
    def channel(self) -> model.Channel: ...

    async def send(self, message: OutboundMessage) -> Sent:
        """Make the one call that delivers it.

        Raises:
            SendError: one of the four kinds.
        """
        ...

    async def look_up(self, message: OutboundMessage) -> Sent | None:
        """Whether a message whose outcome is unknown was in fact taken by the provider.

        Raises:
            UnknownOutcomeError: if the provider can't be asked.
        """
        ...

    async def check(self) -> list[str]:
        """What is wrong with the set-up, in plain sentences; empty if nothing is."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Received:
    """What one webhook call, or one poll, brought."""

    messages: tuple[InboundMessage, ...] = ()
    receipts: tuple[DeliveryReceipt, ...] = ()
