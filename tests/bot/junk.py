"""Calls to the webhooks that no provider would make, and some that one would.

An update or a form is taken as a provider sends it, and then spoilt here and there: a field gone,
of another kind, huge, nested, there twice, in another encoding.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote_from_bytes

from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from bot.channels.twilio_sms import _Form
from bot.web.server import LARGEST_BODY
from tests.made import ROSA
from tests.stage import AUTH, NUMBER, PUBLIC, SID

SAM = 5_000_001
"""The first person's on the pretend Telegram."""

TELEGRAM_SECRET = "a-webhook-secret"

TEXTS = st.one_of(
    # Lone surrogates among them, and no figures: "1" answers a question, and things would go on.
    st.text(alphabet=st.characters(exclude_categories=["Nd"]), max_size=40),
    st.sampled_from(
        (
            *("", " ", "\x00", "a\x00b", "\ud83d", "\udc4d\ud83d", "\ufeff", "\u202e", "²", "ﷺ"),
            *("HELP", "hello", "thank you", "4111 1111 1111 1111", "my pin is 1234", "STATUS"),
            *("x" * 5_000, "\u0300" * 3_000, "{name}", "%s%n", "'; DROP TABLE inbox; --", "../.."),
        )
    ),
)

HUGE, DEEP = "\x01huge\x01", "\x01deep\x01"
"""Stand for what Python will not write as JSON: a number of 5,000 figures, 9,000 brackets."""

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from((0, -1, 2**31, 2**52, 2**63, -(2**63), 2**64, 10**80, 1e308, -0.0)),
    st.floats(),
    TEXTS,
    st.sampled_from((HUGE, DEEP, [], {}, [[]], [None], {"id": 1}, [SAM], "private", str(SAM))),
    st.recursive(
        st.none() | st.integers() | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=5,
    ),
)

_FROM = {"id": SAM, "is_bot": False, "first_name": "Sam", "language_code": "en"}
_HOME = {"id": SAM, "type": "private", "first_name": "Sam"}
_STREET = {"id": -100_500, "type": "supergroup", "title": "Our street"}
_ME = {"id": 4839574812, "is_bot": True, "first_name": "Popround", "username": "PoproundBot"}
_FILE = {"file_id": "a", "file_unique_id": "b"}


def _message(chat: Any = _HOME, **what: Any) -> dict[str, Any]:
    return {"message": {"message_id": 5, "date": 1, "chat": chat, "from": _FROM, **what}}


def _membership(chat: Any, was: str, now: str) -> dict[str, Any]:
    old, new = ({"user": _ME, "status": status, "until_date": 0} for status in (was, now))
    facts = {"chat": chat, "from": _FROM, "date": 1}
    return {"my_chat_member": {**facts, "old_chat_member": old, "new_chat_member": new}}


UPDATES: tuple[tuple[dict[str, Any], bool], ...] = (
    # With whether it holds something for us.
    (_message(text="hello"), True),
    (_message(text="yes", reply_to_message={**_message()["message"], "from": _ME}), True),
    (_message(location={"latitude": 53.6, "longitude": -1.9}), True),
    (_message(photo=[{**_FILE, "width": 1, "height": 1}], caption="my list"), True),
    (_message(voice={**_FILE, "duration": 3}), True),
    (_message(_STREET, text="/help"), True),
    (_message(_STREET, text="lovely day"), False),
    (_message(_STREET, migrate_to_chat_id=-100_600), True),
    (
        {
            "callback_query": {
                **{"id": "55", "from": _FROM, "chat_instance": "1", "data": "tok:0"},
                "message": {"message_id": 5, "date": 1, "chat": _HOME},
            }
        },
        True,
    ),
    (_membership(_STREET, "left", "member"), True),
    (_membership(_HOME, "member", "kicked"), True),
    ({"edited_message": _message(text="x")["message"]}, False),
    ({"from_the_future": {"x": 1}}, False),
)


@dataclass
class Call:
    """One call of a webhook."""

    path: str
    body: bytes
    headers: dict[str, str]
    genuine: bool
    """It bears the right secret or signature."""
    wanted: str = ""
    """The provider's id of what must be in the inbox after it; empty if nothing need be."""
    query: str = ""
    spoilt: list[str] = field(default_factory=list)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value that something else can be put in."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(pairs):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def _written(draw: Any, value: Any, *, twice: str) -> tuple[bytes, bool]:
    """JSON as bytes, some of it in ways that only the lenient read; whether that is still JSON."""
    text = json.dumps(value, ensure_ascii=draw(st.booleans()))
    text = text.replace(json.dumps(HUGE), "9" * 5_000)
    text = text.replace(json.dumps(DEEP), "[" * 9_000 + "]" * 9_000)
    if twice:
        text = text[:-1] + twice + "}"
    encoding = draw(st.sampled_from(("utf-8",) * 9 + ("utf-16", "utf-32", "latin-1")))
    if encoding == "latin-1":
        return text.encode(encoding, "replace"), text.isascii()
    return text.encode(encoding, "surrogatepass"), True


@st.composite
def updates(draw: Any, number: st.SearchStrategy[int] = st.integers(1, 2**31)) -> Call:  # noqa: B008
    """A call of Telegram's webhook."""
    genuine = draw(st.sampled_from((True, True, True, False)))
    right = {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET}
    wrong = ("", "x", "a-webhook-secre", "A-WEBHOOK-SECRET", "ünser", "a-webhook-secret,")
    told = draw(st.sampled_from(({}, *({name: value} for name in right for value in wrong))))
    headers = right if genuine else told
    if draw(st.integers(0, 5)) == 0:
        odd = st.sampled_from((b"", b"null", b"[]", b"{}", b'"', b"\xef\xbb\xbf{}", b"[" * 60_000))
        many = b'{"update_id": ' + b"9" * 5_000 + b"}"
        body = draw(st.binary(max_size=200) | odd | st.just(many))
        return Call("telegram", body, headers, genuine)
    base, ours = draw(st.sampled_from(UPDATES))
    update = {"update_id": draw(number), **json.loads(json.dumps(base))}
    spoilt = draw(st.integers(0, 3)) if draw(st.booleans()) else 0
    if not spoilt and "text" in update.get("message", {}) and update["message"]["chat"] == _HOME:
        update["message"]["text"] = draw(TEXTS)
        ours = bool(update["message"]["text"])
    done = []
    for _ in range(spoilt):
        holder, key = draw(st.sampled_from(list(_places(update))))
        done.append(str(key))
        if draw(st.integers(0, 3)) == 0:
            del holder[key]
            if not update:
                break
        else:
            holder[key] = copy.deepcopy(draw(ODD))  # it may be spoilt in its turn
    twice = draw(st.sampled_from(("",) * 6 + (', "update_id": {}', ', "message": null')))
    ours = ours and not (done or twice)
    body, readable = _written(draw, update, twice=twice)
    ours = ours and readable and len(body) <= LARGEST_BODY
    wanted = str(update["update_id"]) if genuine and ours else ""
    return Call("telegram", body, headers, genuine, wanted, spoilt=done)


ODD_NAMES = ("", "\x00", "From\x00", "from", "Body[]", "To ", "ü", "\ud800", "=", "&", "x" * 900)
ODD_VALUES = st.one_of(
    TEXTS,
    st.sampled_from((ROSA, NUMBER, SID, "SM1", "sent", "failed", "21610", "+44", "Popround", "0")),
    st.sampled_from(("9" * 5_000, "-1", "1e9", "²", "NaN", "whatsapp:+447700900123", "SM" * 40)),
)
QUERIES = (
    "",
    "m=",
    "m=x",
    "m=%C2%B2",
    "m=-1",
    "m=%00",
    "m=1e6",
    "m=9999999",
    "m[]=1",
    "m=7000000&m=8",
)
QUERIES = (*QUERIES, f"m={'9' * 19}", f"m={'9' * 5_000}", "bodySHA256=x", "=&=&;", "m=" + "%" * 9)


def _encoded(draw: Any, text: str) -> bytes:
    raw = text.encode(draw(st.sampled_from(("utf-8",) * 5 + ("latin-1", "utf-16"))), "replace")
    if draw(st.integers(0, 4)) == 0:
        raw = text.encode("utf-8", "surrogatepass")
    how = draw(st.integers(0, 9))
    if how == 0:
        return raw.replace(b"&", b"%26").replace(b"=", b"%3d")
    if how == 1:
        return quote_from_bytes(raw).encode() + draw(
            st.sampled_from((b"%", b"%g1", b"%ff", b"%00"))
        )
    return quote_from_bytes(raw, safe="").encode()


def signed(path: str, body: bytes, query: str, key: str = AUTH) -> str:
    """What Twilio writes beside a form that it read as we do."""
    form = _Form()
    for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True):
        form.setdefault(name, []).append(value)
    url = f"{PUBLIC}/webhooks/{path}" + (f"?{query}" if query else "")
    return str(RequestValidator(key).compute_signature(url, form))


@st.composite
def forms(draw: Any, number: st.SearchStrategy[int] = st.integers(1, 2**31)) -> Call:  # noqa: B008
    """A call of one of Twilio's webhooks."""
    path = draw(st.sampled_from(("twilio/sms", "twilio/sms", "twilio/status")))
    genuine = draw(st.sampled_from((True, True, True, False)))
    sid = f"SM{draw(number):032d}"
    fields = [("AccountSid", SID), ("MessageSid", sid), ("From", ROSA), ("To", NUMBER)]
    if path == "twilio/sms":
        fields += [("Body", draw(TEXTS)), ("NumMedia", "0")]
    else:
        fields += [("MessageStatus", "failed"), ("ErrorCode", "30003")]
    parts = [quote_from_bytes(name.encode()).encode() + b"=" + _plainly(v) for name, v in fields]
    done = []
    for _ in range(draw(st.integers(0, 3)) if draw(st.booleans()) else 0):
        at = draw(st.integers(0, len(fields) - 1))
        done.append(fields[at][0])
        value = b"=" + _encoded(draw, draw(ODD_VALUES))
        match draw(st.sampled_from(("gone", "odd", "twice", "more", "many"))):
            case "gone":
                parts[at] = b""
            case "odd":
                parts[at] = fields[at][0].encode() + value
            case "twice":
                parts.insert(draw(st.integers(0, 2)), fields[at][0].encode() + value)
            case "more":
                parts.append(_encoded(draw, draw(st.sampled_from(ODD_NAMES))) + value)
            case _:
                parts.append(b"&".join([b"a=1"] * draw(st.sampled_from((100, 501)))))
    query = draw(st.sampled_from(QUERIES)) if path == "twilio/status" else ""
    body = draw(st.binary(max_size=99)) if draw(st.integers(0, 9)) == 0 else b"&".join(parts)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    headers["X-Twilio-Signature"] = signed(path, body, query, AUTH if genuine else "another")
    if not genuine and draw(st.booleans()):
        headers["X-Twilio-Signature"] = draw(st.sampled_from(("", "x" * 28, "ü", "=" * 900)))
    # What is signed for another account is no more ours than what is not signed.
    first = dict(reversed(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)))
    genuine = genuine and first.get("AccountSid") == SID and body.count(b"&") < 500
    wanted = sid if genuine and path == "twilio/sms" and not done and sid.encode() in body else ""
    return Call(path, body, headers, genuine, wanted, query, done)


def _plainly(value: str) -> bytes:
    return quote_from_bytes(value.encode("utf-8", "surrogatepass"), safe="").encode()
