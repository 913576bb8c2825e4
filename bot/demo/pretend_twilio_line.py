"""The telephone line of the pretend Twilio: its queue, the handsets, callbacks and opt-outs.

From Twilio's docs: "Understanding Twilio rate limits and message queues" (one segment a second for
a long code, a queue of ten hours), "Outbound message status in status callbacks" and "Twilio
support for opt-out keywords (SMS STOP filtering)".
"""

from __future__ import annotations

import hashlib
import itertools
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from bot.clock import Clock
from bot.demo.pretend_server import Agenda, Feed, Posted, Postman
from bot.demo.pretend_twilio_texts import PretendText, segments

STOP_WORDS = frozenset(
    ["STOP", "END", "QUIT", "CANCEL", "REVOKE", "OPTOUT", "UNSUBSCRIBE", "STOPALL"]
)
START_WORDS = frozenset(["START", "YES", "UNSTOP"])
HELP_WORDS = frozenset(["HELP", "INFO"])
TWILIO_SAYS = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages from "
    "this number. Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. Reply HELP "
    "for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}
QUEUE_SECONDS = 10 * 3600
COUNTRIES = {"+44": "GB", "+1": "US", "+353": "IE", "+33": "FR"}


class Line:
    """What happens to texts after Twilio took them, on the clock that it was given."""

    def __init__(
        self,
        clock: Clock,
        agenda: Agenda,
        postman: Postman,
        feed: Feed,
        *,
        account_sid: str,
        auth_token: str,
        number: str,
        segments_per_second: float,
        carrier_seconds: float,
        instant: bool,
        history: int,
    ) -> None:
        self.clock = clock
        self._agenda = agenda
        self._postman = postman
        self._feed = feed
        self._account = account_sid
        self._validator = RequestValidator(auth_token)
        self.number = number
        self._speed = segments_per_second
        self._carrier = carrier_seconds
        self._instant = instant
        self._history = history
        self._free_at = 0.0
        self._numbers = itertools.count(1)
        self.texts: dict[str, PretendText] = {}
        self.opted_out: set[str] = set()
        self.dead: dict[str, int] = {}
        self.retries = 0
        self.reorder = 0
        self.repeat_statuses = 0
        self.failed_posts: list[tuple[str, Posted]] = []

    def new_text(self, sender: str, to: str, body: str, by: str, **more: Any) -> PretendText:
        order = next(self._numbers)
        made = hashlib.sha256(f"{self._account} {order}".encode()).hexdigest()[:32]
        text = PretendText(
            ("MM" if more.get("media") else "SM") + made,
            sender,
            to,
            body,
            self.clock.now(),
            by,
            "queued",
            segments(body),
            order,
            shown_body=body,
            history=["queued"],
            **more,
        )
        self.texts[text.sid] = text
        if len(self.texts) > self._history:
            del self.texts[next(iter(self.texts))]
        return text

    def send(self, text: PretendText, validity: float = QUEUE_SECONDS) -> None:
        """Queue a text: one after the other at the speed of the number."""
        now = self.clock.monotonic()
        start = max(now, self._free_at)
        if self._instant:
            self._show(text)
        if start - now > min(validity, QUEUE_SECONDS):
            expired = validity < QUEUE_SECONDS
            self._later(
                now + validity if expired else now, text, "failed", 30036 if expired else 30001
            )
            return
        sent = start + (text.segments / self._speed if self._speed else 0.0)
        self._free_at = sent
        code = self.dead.get(text.to)
        last = "undelivered" if code else "delivered"
        self._later(start, text, "sending")
        if self.reorder and text.by == "bot":
            self.reorder -= 1
            self._later(sent + self._carrier, text, last, code)
            self._later(sent + self._carrier, text, "sent", late=True)
        else:
            self._later(sent, text, "sent")
            self._later(sent + self._carrier, text, last, code)

    def _later(
        self,
        due: float,
        text: PretendText,
        status: str,
        code: int | None = None,
        *,
        late: bool = False,
    ) -> None:
        when = self.clock.now() + timedelta(seconds=due - self.clock.monotonic())

        async def change() -> None:
            if status in ("sent", "delivered", "undelivered") and text.sent is None:
                text.sent = when
            if not late:
                text.becomes(status, when, code)
                self._feed.tell("status", text=text, status=status)
            if status == "delivered":
                self._show(text, when)
            if text.callback and status != "sending":
                await self._call_back(text, status, code)

        self._agenda.at(due, ("text", text.sid), change)

    def _show(self, text: PretendText, when: datetime | None = None) -> None:
        if text.shown_at is None:
            text.shown_at = when or self.clock.now()
            self._feed.tell("text", text=text)

    async def _call_back(self, text: PretendText, status: str, code: int | None) -> None:
        form = {
            "AccountSid": self._account,
            "ApiVersion": "2010-04-01",
            "From": text.sender,
            "MessageSid": text.sid,
            "MessageStatus": status,
            "SmsSid": text.sid,
            "SmsStatus": status,
            "To": text.to,
        }
        form |= {"MessagingServiceSid": text.service} if text.service else {}
        form |= {"ErrorCode": str(code)} if code else {}
        if status == "delivered":
            form["RawDlrDoneDate"] = self.clock.now().strftime("%y%m%d%H%M")
        again, self.repeat_statuses = self.repeat_statuses, 0
        for _ in range(1 + again):
            await self.post([text.callback], form)

    async def post(self, urls: list[str], form: dict[str, str]) -> Posted:
        """A signed form to the first of these URLs that takes it; each has `1 + retries` tries."""
        posted = Posted(0, error="no URL")
        for url in [url for url in urls if url for _ in range(1 + self.retries)]:
            headers = {
                "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
                "X-Twilio-Signature": self._validator.compute_signature(url, form),
                "User-Agent": "TwilioProxy/1.1",
                "Accept": "*/*",
            }
            posted = await self._postman.post(url, urlencode(form).encode(), headers)
            if posted.taken:
                return posted
            self.failed_posts.append((url, posted))
            del self.failed_posts[: -self._history]
        return posted

    def receive(
        self, sender: str, body: str, media: int, *, advanced_opt_out: bool
    ) -> tuple[PretendText, dict[str, str]]:
        """A text from a person's handset, and the form that the webhook is to get."""
        text = self.new_text(sender, self.number, body, "person", media=media)
        text.status, text.sent, text.shown_at = "received", text.created, text.created
        text.history = ["received"]
        self._feed.tell("text", text=text)
        form = {
            "AccountSid": self._account,
            "ApiVersion": "2010-04-01",
            "Body": body,
            "From": sender,
            "FromCity": "",
            "FromCountry": country(sender),
            "FromState": "",
            "FromZip": "",
            "MessageSid": text.sid,
            "NumMedia": str(media),
            "NumSegments": str(text.segments),
            "SmsMessageSid": text.sid,
            "SmsSid": text.sid,
            "SmsStatus": "received",
            "To": self.number,
            "ToCity": "",
            "ToCountry": country(self.number),
            "ToState": "",
            "ToZip": "",
        }
        for index in range(media):
            form[f"MediaContentType{index}"] = "image/jpeg"
            form[f"MediaUrl{index}"] = (
                f"https://api.twilio.com/2010-04-01/Accounts/{self._account}/Messages/{text.sid}"
                f"/Media/ME{index:032x}"
            )
        kind = self._keyword(sender, body)
        if kind and advanced_opt_out:
            form["OptOutType"] = kind
        return text, form

    def _keyword(self, sender: str, body: str) -> str:
        """What Twilio itself makes of a text that is nothing but one of its words."""
        word = body.strip().upper()
        kind = ""
        if word in STOP_WORDS:
            kind = "STOP"
            answered = sender not in self.opted_out
            self.opted_out.add(sender)
        elif word in START_WORDS:
            kind = "START"
            answered = sender in self.opted_out
            self.opted_out.discard(sender)
        elif word in HELP_WORDS:
            kind = "HELP"
            answered = sender not in self.opted_out
        if kind and answered:
            self.send(self.new_text(self.number, sender, TWILIO_SAYS[kind], "twilio"))
        return kind


def country(number: str) -> str:
    return next((code for start, code in COUNTRIES.items() if number.startswith(start)), "")
