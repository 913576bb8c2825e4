"""The REST resources of the pretend Twilio that Popround uses: Messages, numbers, the account.

Parameters, paging and answers from Twilio's OpenAPI description (api_v2010) and the docs pages
"Messages resource" and "IncomingPhoneNumber resource".
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from bot.demo.pretend_twilio_line import QUEUE_SECONDS, Line
from bot.demo.pretend_twilio_texts import FINAL, JSON, PretendText, TwilioError, rfc2822

BODY_MOST = 1600


class RestApi:
    """`call` is one request: a named operation, the sid in its path, its parameters."""

    def __init__(self, line: Line, account_sid: str, permitted: tuple[str, ...]) -> None:
        self._line = line
        self._account = account_sid
        self._permitted = permitted
        self._made = line.clock.now()
        self.landlines: set[str] = set()
        self.number_sid = "PN" + "0" * 31 + "1"
        self.settings: dict[str, str] = {
            "sms_url": "",
            "sms_method": "POST",
            "sms_fallback_url": "",
            "sms_fallback_method": "POST",
            "status_callback": "",
            "status_callback_method": "POST",
            "friendly_name": line.number,
        }

    def call(  # noqa: PLR0911 - one answer an operation
        self, operation: str, sid: str, params: JSON
    ) -> tuple[int, JSON | None]:
        """HTTP status and answer.

        Raises:
            TwilioError: what the bot is told instead.
        """
        match operation:
            case "create":
                return 201, self._create(params).as_json(self._account)
            case "list":
                return 200, self._list(params)
            case "fetch":
                return 200, self._text(sid).as_json(self._account)
            case "update":
                return 200, self._update(self._text(sid), params)
            case "delete":
                self._delete(self._text(sid))
                return 204, None
            case "numbers":
                wanted = params.get("PhoneNumber", "").replace(" ", "+")
                match_it = not wanted or wanted.strip("*") in self._line.number
                return 200, self._page("incoming_phone_numbers", [self._number()] * match_it, {})
            case "number" | "update_number":
                if sid != self.number_sid:
                    raise TwilioError(20404)
                if operation == "update_number":
                    self._set_up(params)
                return 200, self._number()
            case _:
                return 200, self._account_json()

    # ---- messages ------------------------------------------------------------------------------

    def _create(self, params: JSON) -> PretendText:
        line = self._line
        to, body = str(params.get("To") or ""), str(params.get("Body") or "")
        service = params.get("MessagingServiceSid")
        sender = str(params.get("From") or (line.number if service else ""))
        if not to:
            raise TwilioError(21604)
        if not sender:
            raise TwilioError(21603)
        if not re.fullmatch(r"\+[1-9]\d{6,14}", to):
            raise TwilioError(21211, message=f"Invalid 'To' Phone Number: {to[:-4]}XXXX")
        if sender != line.number:
            raise TwilioError(21606)
        if to == sender:
            raise TwilioError(21266)
        if not body and not params.get("MediaUrl"):
            raise TwilioError(21602)
        if len(body) > BODY_MOST:
            raise TwilioError(21617)
        if self._permitted and not to.startswith(self._permitted):
            raise TwilioError(21408)
        if to in self.landlines:
            raise TwilioError(21614)
        if to in line.opted_out:
            raise TwilioError(21610)
        callback = str(params.get("StatusCallback") or self.settings["status_callback"])
        text = line.new_text(sender, to, body, "bot", callback=callback, service=service)
        if service:
            text.status, text.history = "accepted", ["accepted"]
        line.send(text, float(params.get("ValidityPeriod") or QUEUE_SECONDS))
        return text

    def _list(self, params: JSON) -> JSON:
        found = sorted(self._line.texts.values(), key=lambda text: -text.number)
        for name, attribute in (("To", "to"), ("From", "sender")):
            # A client that does not escape the + of a number sends a blank, and Twilio forgives it.
            wanted = str(params.get(name) or "").replace(" ", "+")
            if wanted:
                found = [text for text in found if getattr(text, attribute) == wanted]
        for key, value in params.items():
            if key.startswith("DateSent") and value:
                found = [text for text in found if _sent_within(text, key, str(value))]
        kept = {key: value for key, value in params.items() if key not in ("Page", "PageToken")}
        return self._page("messages", [text.as_json(self._account) for text in found], kept, params)

    def _page(self, key: str, items: list[JSON], query: JSON, params: JSON | None = None) -> JSON:
        params = params or {}
        try:
            size = min(1000, max(1, int(params.get("PageSize") or 50)))
            page = max(0, int(params.get("Page") or 0))
        except ValueError:
            raise TwilioError(20001, 400, "Invalid page") from None
        start = page * size
        token = str(params.get("PageToken") or "")
        if token:
            # The token names the last item of the page before, so that what arrives meanwhile
            # neither repeats nor hides anything.
            sids = [item["sid"] for item in items]
            start = sids.index(token[2:]) + 1 if token[2:] in sids else len(items)
        shown = items[start : start + size]
        resource = "Messages" if key == "messages" else "IncomingPhoneNumbers"
        base = f"/2010-04-01/Accounts/{self._account}/{resource}.json"
        first = query | {"PageSize": size, "Page": 0}
        following = None
        if start + size < len(items):
            following = query | {
                "PageSize": size,
                "Page": page + 1,
                "PageToken": f"PA{shown[-1]['sid']}",
            }
        return {
            key: shown,
            "page": page,
            "page_size": size,
            "start": start,
            "end": start + max(0, len(shown) - 1),
            "uri": f"{base}?{urlencode(query | {'PageSize': size, 'Page': page})}",
            "first_page_uri": f"{base}?{urlencode(first)}",
            "next_page_uri": f"{base}?{urlencode(following)}" if following else None,
            "previous_page_uri": f"{base}?{urlencode(first)}" if start else None,
        }

    def _text(self, sid: str) -> PretendText:
        text = self._line.texts.get(sid)
        if text is None:
            raise TwilioError(20404)
        return text

    def _update(self, text: PretendText, params: JSON) -> JSON:
        if "Body" in params:
            if params["Body"]:
                raise TwilioError(20001, 400, "Body can only be set to an empty string")
            if text.status not in FINAL:
                raise TwilioError(20009)
            text.body = ""
            text.updated = self._line.clock.now()
        return text.as_json(self._account)

    def _delete(self, text: PretendText) -> None:
        if text.status not in FINAL:
            raise TwilioError(20009)
        del self._line.texts[text.sid]

    # ---- the number and the account --------------------------------------------------------------

    def _set_up(self, params: JSON) -> None:
        for name, value in params.items():
            ours = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
            if ours in self.settings:
                self.settings[ours] = str(value)

    def _number(self) -> JSON:
        nothing = (
            "address_sid identity_sid sms_application_sid trunk_sid voice_application_sid "
            "voice_url voice_fallback_url emergency_address_sid bundle_sid"
        )
        return {
            "sid": self.number_sid,
            "account_sid": self._account,
            "phone_number": self._line.number,
            "api_version": "2010-04-01",
            "address_requirements": "none",
            "beta": False,
            "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
            "date_created": rfc2822(self._made),
            "date_updated": rfc2822(self._made),
            "origin": "twilio",
            "status": "in-use",
            "type": "mobile",
            "voice_method": "POST",
            "voice_fallback_method": "POST",
            "voice_receive_mode": "voice",
            "voice_caller_id_lookup": False,
            "emergency_status": "Inactive",
            "emergency_address_status": "unregistered",
            "uri": f"/2010-04-01/Accounts/{self._account}/IncomingPhoneNumbers/"
            f"{self.number_sid}.json",
            **dict.fromkeys(nothing.split()),
            **self.settings,
        }

    def _account_json(self) -> JSON:
        uri = f"/2010-04-01/Accounts/{self._account}"
        return {
            "sid": self._account,
            "owner_account_sid": self._account,
            "auth_token": "",
            "friendly_name": "Popround (pretend)",
            "status": "active",
            "type": "Full",
            "date_created": rfc2822(self._made),
            "date_updated": rfc2822(self._made),
            "subresource_uris": {"messages": f"{uri}/Messages.json"},
            "uri": f"{uri}.json",
        }


def _sent_within(text: PretendText, key: str, value: str) -> bool:
    """Whether a text passes a `DateSent`, `DateSent<` or `DateSent>` (both with their ends).
    What is still queued has no date and passes none."""
    if text.sent is None:
        return False
    # "DateSent>=2026-03-03" in a URL is the key "DateSent>" with the value after the =.
    bare = value.lstrip("<>=")
    sign = key.removeprefix("DateSent") or value[: len(value) - len(bare)]
    try:
        if len(bare) == 10:
            start = datetime.combine(date.fromisoformat(bare), datetime.min.time(), UTC)
            end = start + timedelta(days=1, microseconds=-1)
        else:
            start = end = datetime.fromisoformat(bare).astimezone(UTC)
    except ValueError:
        raise TwilioError(20001, 400, "Invalid DateSent") from None
    moment: Any = text.sent.replace(microsecond=0)
    if sign.startswith(">"):
        return bool(moment >= start)
    if sign.startswith("<"):
        return bool(moment <= end)
    return bool(start <= moment <= end)
