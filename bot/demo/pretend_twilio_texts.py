"""What the pretend Twilio keeps of a text, how it counts segments, and its errors.

Codes and words from Twilio's "Error and Warning Dictionary", fields from its OpenAPI description.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any

JSON = dict[str, Any]

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_DOUBLE = frozenset("\f^{}\\[~]|€")

FINAL = frozenset({"delivered", "undelivered", "failed", "received", "canceled"})

ERRORS: dict[int, tuple[int, str]] = {
    20003: (401, "Authenticate"),
    20009: (409, "Cannot delete message because delivery has not been completed."),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    20503: (503, "Service Unavailable"),
    21211: (400, "Invalid 'To' Phone Number"),
    21266: (400, "'To' and 'From' number cannot be the same"),
    21408: (
        400,
        "Permission to send an SMS has not been enabled for the region indicated by the "
        "'To' number",
    ),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (400, "The 'From' phone number provided is not a valid message-capable Twilio number"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    63038: (429, "Account exceeded the daily messages limit"),
}


class TwilioError(Exception):
    """An answer that is not 2xx, with Twilio's code."""

    def __init__(self, code: int, status: int | None = None, message: str | None = None) -> None:
        known = ERRORS.get(code, (400, "Error"))
        self.code = code
        self.status = status or known[0]
        self.message = message or known[1]
        super().__init__(f"{code} {self.message}")

    def as_json(self) -> JSON:
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def segments(body: str) -> int:
    """How many segments a text is sent as: Twilio docs, "SMS character limits"."""
    if all(sign in GSM_7 or sign in GSM_7_DOUBLE for sign in body):
        # An escape sign and its letter are never parted between two segments.
        room, parts = 153, 1
        for sign in body:
            size = 2 if sign in GSM_7_DOUBLE else 1
            if size > room:
                room, parts = 153, parts + 1
            room -= size
        whole = sum(2 if sign in GSM_7_DOUBLE else 1 for sign in body)
        return 1 if whole <= 160 else parts
    units = len(body.encode("utf-16-be")) // 2
    return 1 if units <= 70 else math.ceil(units / 67)


def rfc2822(moment: datetime | None) -> str | None:
    return None if moment is None else format_datetime(moment.replace(microsecond=0))


@dataclass
class PretendText:
    """One text, either way. `by`: "bot", "person", or "twilio" for what Twilio itself answers."""

    sid: str
    sender: str
    to: str
    body: str
    created: datetime
    by: str
    status: str
    segments: int
    number: int
    """The order in which Twilio heard of it."""
    media: int = 0
    sent: datetime | None = None
    updated: datetime | None = None
    error_code: int | None = None
    callback: str = ""
    service: str | None = None
    shown_at: datetime | None = None
    """When it appeared on the handset; None until then."""
    shown_body: str = ""
    history: list[str] = field(default_factory=list)
    """The statuses it had, in order."""

    @property
    def inbound(self) -> bool:
        return self.by == "person"

    def becomes(self, status: str, at: datetime, error_code: int | None = None) -> None:
        self.status, self.updated = status, at
        self.history.append(status)
        self.error_code = error_code

    def as_json(self, account_sid: str) -> JSON:
        uri = f"/2010-04-01/Accounts/{account_sid}/Messages/{self.sid}"
        return {
            "account_sid": account_sid,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": rfc2822(self.created),
            "date_sent": rfc2822(self.sent),
            "date_updated": rfc2822(self.updated or self.created),
            "direction": "inbound" if self.inbound else "outbound-api",
            "error_code": self.error_code,
            "error_message": None,
            "from": self.sender,
            "messaging_service_sid": self.service,
            "num_media": str(self.media),
            "num_segments": str(self.segments),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "tags": None,
            "to": self.to,
            "uri": f"{uri}.json",
        }
