"""Every entry of the catalogue is used, can be filled in, and fits into two segments."""

from __future__ import annotations

import re
import string
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

import handlers
from bot.channels.base import REASONS
from handlers.broadcast_preview import Said
from handlers.hours import FIXED
from handlers.join import CAN_DO
from handlers.rules.checkins import Reason
from handlers.rules.matching import WhyNot
from handlers.rules.names import LONGEST, LONGEST_HOME
from handlers.rules.segments import is_gsm, outside_gsm, segments
from handlers.turn import QUOTED
from handlers.wording import load
from storage.model import (
    KEEPERS,
    NEIGHBOURLY,
    Channel,
    Community,
    HelpRequest,
    Need,
    RequestStatus,
    Role,
    Vetting,
)
from storage.model_worries import Noted

WORDING = load()
ENGLISH = WORDING.catalogues["en"]
HOUSE = Path(handlers.__file__).parent
SOURCE = "\n".join(
    path.read_text(encoding="utf-8")
    for path in (*sorted(HOUSE.glob("*.py")), HOUSE / "wording" / "__init__.py")
)
NAMED = set(re.findall(r'"([a-z][a-z_]*(?:\.[a-z_]+)*)"', SOURCE))
"""Everything in the handlers that could be the name of an entry."""

MADE = {
    *(f"need.{need.value}" for need in NEIGHBOURLY),
    *(f"signpost.{need}" for need in ("personal_care", "medical", "money")),
    *(f"why_not.{reason.value}" for reason in WhyNot),
    "why_not.waiting",
    *(f"state.{status.value}" for status in RequestStatus),
    *(f"help.{role.value}" for role in set(Role) - KEEPERS),
    *(
        f"draft.{reason}"
        for reason in ("no_place", "outside", "silent", "other_door", "friend", "no_day")
    ),
    *(f"asker.{reason}" for reason in ("stopped", "left")),
    *(
        f"{entry}{end}"
        for entry in ("words_sent", "call_me", "trouble", "change.elsewhere")
        for end in ("", ".told", ".alone")
    ),
    *(f"reason.{reason}" for reason in REASONS),
    *(f"texts.not_good.{reason}" for reason in ("broken", "unknown", "missing", "long")),
    *(
        f"{part}.{time}"
        for part in ("part", "today")
        for time in ("morning", "afternoon", "evening")
    ),
    *(f"hours.{time}" for time in ("morning", "afternoon", "evening")),
    *(f"join.{step}" for step in ("name", "place", "can_do", "far", "languages", "consent")),
    "join.far.noted",
    *(f"{why}{end}" for why in ("flood", "loop") for end in ("", ".told", ".alone")),
    "abroad.told",
    *(f"masked.{what}" for what in ("card", "pin")),
    "call_me.told",
    *(f"{name}.alone" for name in ("call_me", "worry", "nobody_yet", "nobody_yet.this")),
    *(f"worry.line.{noted.value}" for noted in Noted),
    *(f"worry.{whom}.later" for whom in ("heard", "organisers")),
    *(f"safeguarding.{what}.{role.value}" for what in ("ask", "new") for role in KEEPERS),
    *(f"vetting.level.{level.value}" for level in Vetting),
    *(f"vetting.{when}.told" for when in ("soon", "over")),
    *(f"details{by}{bare}" for by in ("", ".by_hand") for bare in ("", ".bare")),
    *(f"which{no}.buttons" for no in ("", ".no")),
    *(
        f"looking_again{sorry}.{end}"
        for sorry in ("", ".sorry", ".other")
        for end in ("later", "nobody", "nobody.alone")
    ),
}
"""Names that are put together when they are needed."""

LANGUAGES = sorted(WORDING.catalogues)
OTHERS = [language for language in LANGUAGES if language != "en"]

MADE |= {
    *(f"broadcast.{said.value}" for said in (Said.NO_REASON, Said.GONE_BY, Said.TOO_FAR)),
    *(f"broadcast.on.{channel.value}" for channel in Channel),
}

PUT_TOGETHER = re.compile(r"(?:choice|keywords|command)\.|state\.(?:seen_to|on_the_way|filled)$")

LONGEST_VALUES = {
    "group": "Slaithwaite Neighbours",
    "name": "W" * 12,
    "helper": "W" * LONGEST,
    "asker": "W" * LONGEST,
    "other": "W" * 12,
    "who": "W" * LONGEST,
    "organiser": "an organiser",
    "organiser_first": "An organiser",
    "what": "washing powder, fish and chips and toilet roll",
    "when": "Wednesday 23 September at 12:30pm",
    "by": "12:30pm on Wednesday",
    "start": "9am tomorrow",
    "day": "Wednesday 23 September",
    "area": "Slaithwaite and Linthwaite",
    "word": "BUTTERCUP",
    "home": "W" * LONGEST_HOME + ", HD7 5AB",
    "postcode": "SW1A 1AA",
    "phone": "+447700900123",
    "words": "w" * QUOTED,
    "tried": "",
    "reasons": "12 having a rest, 12 at their limit this week",
    "state": "Asked 12: 6 no, 6 silent. Not asked: 12 at their limit this week, 12 off duty.",
    "does": "some shopping, help with a prescription, a hand in the garden and more",
    "hour": "12:30pm",
    "hours": "12:30pm to 2:30pm and in the evening",
    "count": "12",
    "asked": "12",
    "no": "12",
    "silent": "12",
    "number": "12",
    "phrase": "w" * 25,
    "link": "t.me/PoproundBot?start=help",
    "first": "milk",
    "last": "bread",
    "part": "afternoon",
    "found": "12",
    "people": "12345",
    "parts": "120",
    "cost": "12.40",
    "most": "1200",
    "money": "",
    "held": "",
    "lines": "1 for milk near HD7 5, 3 for bread near HD7 5",
    "choices": "1 for yes, 2 for no",
    "code": "ABCDE-FGHJ2",
    "bot": "MarsdenNeighboursBot",
    "sent": "1200",
    "arrived": "1100",
    "failed": "120",
    "why": "it left, but nobody knows if it came",
    "days": "every Tuesday, Wednesday, Thursday and Saturday at 12:30pm",
}
ASKED = {
    "details": ("going", "cannot"),
    "details.by_hand": ("going", "cannot"),
    "open.one": ("wider", "see_to_it", "assign", "close"),
    "settle.yours": ("close",),
    "handed": ("wider", "see_to_it", "assign"),
    "offer": ("accept", "decline"),
    "offer.urgent": ("accept", "decline"),
    "offer.again": ("accept", "decline"),
    "recurring.leave_out": ("yes", "no"),
    "recurring.offer": ("yes", "no"),
    "recurring.one_or_all": ("only_next", "all_of_them"),
    "broadcast.whom": ("everyone", "helpers", "askers", "silent"),
    "broadcast.whom.again": ("everyone", "helpers", "askers", "silent"),
    "broadcast.nobody": ("everyone", "helpers", "askers"),
    "broadcast.kind": ("news", "appeal"),
    "broadcast.asked": ("yes_or_no", "no_answers"),
    "broadcast.asked.again": ("yes_or_no", "no_answers"),
    "broadcast.other": ("send_as_it_is",),
    "broadcast.preview": ("other_words", "other_people", "drop_it"),
    "broadcast.preview.again": ("other_words", "other_people", "drop_it"),
    "broadcast.gone": ("call_it_back",),
    "broadcast.gone.later": ("call_it_back",),
    "confirm": ("yes", "no"),
    "confirm.first": ("yes", "no"),
    "join.can_do": tuple(CAN_DO),
    "join.consent": ("yes", "no"),
    "hours": tuple(FIXED),
    "hours.again": tuple(FIXED),
    "hours.check": ("yes", "no"),
    "hours.check.visit": ("yes", "no"),
    "no_word": ("it_happened", "nobody_came"),
    "did_they_come": ("yes", "no"),
    "safe_journey": ("done", "cannot"),
    **{
        f"draft.{reason}": ("see_to_it", "close")
        for reason in ("no_place", "outside", "silent", "other_door", "friend")
    },
    "relay.sure": ("send_it", "dont_send"),
    "relay.pass": ("yes", "no"),
    **{
        f"worry.{name}": ("on_it", "not_me")
        for name in ("told", "told.organisers", "still", "ring", "one")
    },
    "worry.rings": ("in_hands", "not_me"),
    **{f"worry.{name}": ("worry_end", "read_them") for name in ("yours", "noted", "how", "more")},
    "safeguarding.ask.safeguarding": ("yes", "no"),
    "safeguarding.ask.deputy": ("yes", "no"),
    "friend.phone": ("no_phone",),
    "friend.agree": ("yes", "no"),
    "money.back": ("yes", "not_yet"),
    "money.back.more": ("yes", "not_yet"),
    "money.had_back": ("yes", "not_yet"),
    "money.open": ("close",),
    "money.unsaid": ("close",),
    "chase": ("see_to_it", "close"),
    "lapsed.told": ("see_to_it", "close"),
    "lapsed.told.unasked": ("see_to_it", "close"),
    "still_needed": ("yes", "no"),
    "still_needed.seen_to": ("yes", "no"),
    "chase.yours": ("close", "wider"),
    "settle.wider.nobody": ("see_to_it", "close"),
    "approve": ("approve", "not_yet"),
    "forget": ("forget_me", "keep_me"),
    "change": ("change_address", "change_name"),
    "unused": ("stay", "dont_stay"),
    "again": ("yes", "no"),
    "done.thanks": ("yes", "no"),
    **{
        name: ("well", "ring")
        for name in ("morning", "afternoon", "evening", "late", "again")
        for name in (f"check_in.{name}",)
    },
    "check_in.offer": ("yes", "no"),
    "check_in.contact": ("yes", "no"),
    "check_in.off": ("yes", "no"),
    **{
        f"alarm.{reason}{to}": ("on_it", "not_me") for reason in Reason for to in ("", ".organiser")
    },
    **{f"emergency.{name}": ("on_it", "not_me") for name in ("alarm", "still", "more")},
    **{
        f"alarm.{name}": ("all_well", "need_help", "in_hands") for name in ("yours", "how", "words")
    },
}
"""Entries that end with numbers to reply with."""

SHORTENED = {
    "hours": "hours",
    "hours.check": "hours",
    "hours.check.visit": "hours",
    "details": "words",
    "details.by_hand": "words",
    "open.one": "words",
    "settle.yours": "words",
    "broadcast.preview": "reasons",
    "emergency.alarm": "words",
    "emergency.still": "words",
    "relay.said": "words",
    "worry.told": "words",
    "worry.told.organisers": "words",
    "worry.still": "words",
    "worry.more": "words",
    "worry.yours": "words",
    "worry.one": "words",
}
"""Entries whose quoted words are cut where a text would cost more than two parts."""

NOT_TEXTS = (
    *("command.", "keywords.", "things", "code_words", "lines", "help"),
    *("worry.line.", "worry.next.", "vetting.level."),
)
"""Lists, and what is put together of several entries."""


def placeholders(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def said_longest(language: str) -> dict[str, str]:
    """The longest values as they are in that language."""
    words = WORDING.catalogues[language]
    here = Community(1, "Slaithwaite Neighbours")
    late = datetime(2026, 9, 23, 11, 30, tzinfo=UTC)  # a Wednesday in September
    now = late - timedelta(days=3)
    things = WORDING.listing(language, "things")
    longer = sorted((thing.split("/")[0] for thing in things), key=len)[-3:]
    twelve = {"count": "12", "asked": "12", "no": "6", "silent": "6"}
    full = words["why_not.weekly_cap"].format_map(twelve)
    rest = words["why_not.paused"].format_map(twelve)
    reasons = words["reasons"].format(reasons=f"{full}, {rest}")
    line = words["which.line"].format(number=3, what=longer[0], area="HD7 5")
    needs = [words[f"need.{need}"] for need in ("shopping", "prescription", "garden")]
    day = WORDING.day(language, late.date(), (now - timedelta(days=9)).date())
    return LONGEST_VALUES | {
        "organiser": words["an_organiser"],
        "organiser_first": words["an_organiser"],
        "what": WORDING.joined(language, longer),
        "when": words["when.hour"].format(day=day, hour=WORDING.hour(language, late, here)),
        "by": WORDING.by(language, late, now, here),
        "start": WORDING.by(language, now + timedelta(hours=22), now, here),
        "day": day,
        "hour": WORDING.hour(language, late, here),
        "reasons": f"{rest}, {full}",
        "state": f"{words['tried'].format_map(twelve)} {reasons}",
        "does": WORDING.joined(language, [*needs, words["more"]]),
        "part": words["part.afternoon"],
        "lines": f"{line}, {line}",
        "money": words["spending.cost"].format(cost="48.40"),
        "held": words["spending.held"].format(count="120"),
        "days": WORDING.weekly(language, {1, 2, 3, 5}, time(12, 30)),
        "choices": f"1 {words['choice.yes.sms']}, 2 {words['choice.no.sms']}",
    }


def longest(language: str, name: str) -> str:
    """An entry with the longest values, and with its numbers."""
    words = WORDING.catalogues[language]
    values = said_longest(language)
    if name in SHORTENED:
        values[SHORTENED[name]] = "..."
    if name == "handed":
        values["tried"] = values["state"]
    if name == "broadcast.preview":
        cost = words["broadcast.cost"].format(parts=24690, cost="1234.50")
        by = [words[f"broadcast.on.{channel.value}"].format(count=12345) for channel in Channel]
        values["found"] = ", ".join([*by, cost])
        values["who"] = f"{words['whom.askers']}, {words['whom.areas'].format(area='HD7 5')}"
    text = words[name].format_map(values)
    phrases = [
        f"{number} {words.get(f'choice.{key}.sms') or words[f'choice.{key}']}"
        for number, key in enumerate(ASKED.get(name, ()), 11)
    ]
    reply = words["reply"].format(choices=", ".join(phrases))
    return f"{text} {reply}" if phrases else text


TEXTS = sorted(
    name for name in ENGLISH if not name.startswith(NOT_TEXTS) or name.startswith("help.")
)


def test_every_entry_is_used() -> None:
    unused = {name for name in ENGLISH if name not in NAMED | MADE and not PUT_TOGETHER.match(name)}
    assert not unused


def test_every_entry_that_is_put_together_exists() -> None:
    wanted = {name for name in MADE if not name.startswith("why_not.")}
    wanted |= {f"why_not.{reason.value}" for reason in WhyNot} - {
        # Nobody is told these: the first is the asker, the other has been counted already.
        "why_not.is_asker",
        "why_not.already_asked",
    }
    assert wanted <= set(ENGLISH)


SAYS = re.compile(
    r"(?:reply|say_in|toast|text|say|tell_organisers|ask|ask_again|card|edit|show)\(\s*"
    r"(?:(?:turn\.sender|me|asker|helper|organiser|handler|member|to|chat|question|language|"
    r"reader\.language|me\.language|turn\.community\.languages\[0\]|\w+\.language),\s*)?"
    r'"([a-z][a-z_]*(?:\.[a-z_]+)*)"'
)


def test_every_entry_that_the_handlers_say_exists() -> None:
    said = set(SAYS.findall(SOURCE))
    assert len(said) > 100
    assert said <= set(ENGLISH)


# Thousands of entries: a test each would take longer to be told of than to be looked at.


def test_every_placeholder_is_one_that_is_known() -> None:
    found = {name: placeholders(words) - set(LONGEST_VALUES) for name, words in ENGLISH.items()}
    assert {name: unknown for name, unknown in found.items() if unknown} == {}


def test_english_is_written_in_the_cheap_alphabet() -> None:
    dear = {name: outside_gsm(words) for name, words in ENGLISH.items() if not is_gsm(words)}
    assert dear == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_costs_more_than_two_parts(language: str) -> None:
    texts = {name: longest(language, name) for name in TEXTS}
    long = {name: text for name, text in texts.items() if segments(text) > 2}
    told = {name: (len(text), outside_gsm(text), text) for name, text in long.items()}
    assert told == {}


TWO = frozenset(
    {
        "unused",
        "unused.not_asked",
        "chase.yours",
        "nobody_yet.this",
        "nobody_yet.this.alone",
        "leave.done.open",
        "change.elsewhere.told",
        "forget",
        "abroad.told",
        "failed",
        "alarm.closed.words",
        "alarm.how",
        "alarm.needs_more",
        "alarm.needs_more.organiser",
        "alarm.not_well.organiser",
        "alarm.silent.organiser",
        "alarm.stopped.organiser",
        "alarm.trouble",
        "alarm.unheard.organiser",
        "alarm.yours",
        "approve",
        "broadcast.asked",
        "broadcast.forgotten",
        "broadcast.preview",
        "broadcast.reply.told",
        "broadcast.whom",
        "broadcast.whom.again",
        "call_me.told",
        "chase",
        "check_in.away.told",
        "check_in.code",
        "check_in.confirm",
        "check_in.contact",
        "check_in.contacts",
        "check_in.new",
        "check_in.offer",
        "check_in.person.told",
        "codes.told",
        "confirm.first",
        "confirm.other",
        "crowd.told",
        "details",
        "details.bare",
        "details.by_hand",
        "details.by_hand.bare",
        "draft.no_day",
        "recurring.skipped.until.helper",
        "draft.no_place",
        "draft.other_door",
        "draft.outside",
        "draft.silent",
        "duty.cant.told",
        "emergency.alarm",
        "emergency.more",
        "emergency.still",
        "emergency.told",
        "flood.told",
        "found",
        "handed",
        "hours",
        "hours.again",
        "hours.check.visit",
        "hours.kept.visit",
        "help.more",
        "info",
        "kept_waiting",
        "lapsed.told",
        "lapsed.told.unasked",
        "money.agreed.helper",
        "money.back.more",
        "money.open",
        "money.unsaid",
        "loop.told",
        "no_word",
        "not_arrived",
        "offer",
        "offer.again",
        "offer.urgent",
        "open.line",
        "open.one",
        "recurring.begun",
        "recurring.begun.now",
        "recurring.missed",
        "recurring.missed.told",
        "recurring.offer",
        "recurring.offer.silent",
        "recurring.one_or_all",
        "recurring.over",
        "recurring.skipped.helper",
        "recurring.stopped.helper",
        "choice.told",
        "draft.friend",
        "friend.agree",
        "remind.eve",
        "settle.yours",
        "signpost.told",
        "spending.code",
        "spending.full",
        "spending.now",
        "spending.warn",
        "texts.now",
        "trouble.told",
        "words_sent.told",
        "safeguarding.ask.deputy",
        "safeguarding.ask.safeguarding",
        "worry.ring",
        "worry.rings",
        "worry.told.organisers",
        "worry.yours",
    }
)
"""Texts that take two parts with the longest values they can get; any other always fits into one.
Those to organisers quote somebody's words."""


def two_parts(language: str) -> set[str]:
    return {name for name in TEXTS if segments(longest(language, name)) == 2}


def test_the_texts_of_two_parts_are_these() -> None:
    assert two_parts("en") == set(TWO)


@pytest.mark.parametrize("language", OTHERS)
def test_another_language_takes_little_more(language: str) -> None:
    """Which of its texts take two parts is printed, for whoever puts the words right."""
    more = sorted(two_parts(language) - TWO)
    print(f"{language}: {len(more)} texts take two parts at their longest, and one in English:")  # noqa: T201
    print("\n".join(more))  # noqa: T201
    assert len(more) <= len(TEXTS) // 6


@pytest.mark.parametrize("language", OTHERS)
def test_another_language_is_whole(language: str) -> None:
    assert list(WORDING.catalogues[language]) == list(ENGLISH)


@pytest.mark.parametrize("language", OTHERS)
def test_another_language_has_the_same_placeholders(language: str) -> None:
    for name, words in WORDING.catalogues[language].items():
        assert placeholders(words) == placeholders(ENGLISH[name]), name


@pytest.mark.parametrize("language", OTHERS)
def test_the_lists_of_things_run_side_by_side(language: str) -> None:
    assert len(WORDING.listing(language, "things")) == len(WORDING.listing("en", "things"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_word_is_cheap_to_send(language: str) -> None:
    words = WORDING.listing(language, "code_words")
    assert len(set(words)) >= 24
    assert all(is_gsm(word) and word.isalpha() and len(word) <= 9 for word in words)


def test_no_fixed_word_means_two_things() -> None:
    meant: dict[str, set[str]] = {}
    for language in LANGUAGES:
        for name in ENGLISH:
            if name.startswith("keywords.") and name != "keywords.beside":
                kind = f"{name}.{language}" if name == "keywords.language" else name
                for word in WORDING.listing(language, name):
                    meant.setdefault(word.lower(), set()).add(kind)
    assert {word: kinds for word, kinds in meant.items() if len(kinds) > 1} == {}


HERE = Community(1, "Marsden Neighbours")
NOW = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)


def request(**facts: object) -> HelpRequest:
    return HelpRequest(1, 1, 1, RequestStatus.OPEN, NOW, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "as soon as possible"),
        ({"day": date(2026, 11, 3)}, "today"),
        ({"day": date(2026, 11, 3), "part": "evening"}, "this evening"),
        ({"day": date(2026, 11, 3), "part": "morning"}, "today"),
        ({"day": date(2026, 11, 3), "part": "14:00"}, "today"),
        ({"day": date(2026, 11, 4), "part": "morning"}, "tomorrow morning"),
        ({"day": date(2026, 11, 5), "part": "14:30"}, "Thursday at 2:30pm"),
        ({"day": date(2026, 11, 5), "part": "12:00"}, "Thursday at 12 noon"),
        ({"day": date(2026, 11, 24)}, "Tuesday 24 November"),
        ({"day": date(2026, 11, 2)}, "as soon as possible"),
    ],
)
def test_when_is_said_as_it_stands_now(facts: dict[str, object], said: str) -> None:
    assert WORDING.when("en", request(**facts), NOW, HERE) == said


@pytest.mark.parametrize(
    ("words", "need", "said"),
    [
        ("milk, and some bread please", Need.SHOPPING, "milk and bread"),
        ("dog food", Need.SHOPPING, "dog food"),
        ("the usual for Doreen Shaw at 3 Mill Row 01484 960111", Need.SHOPPING, "some shopping"),
        ("my heart tablets from Boots", Need.PRESCRIPTION, "help with a prescription"),
        ("anything", None, "a hand"),
    ],
)
def test_what_is_wanted_gives_nobody_away(words: str, need: Need | None, said: str) -> None:
    assert WORDING.joined("en", WORDING.gist_of_each("en", request(words=words, need=need))) == said


@pytest.mark.parametrize(
    ("words", "written_in", "language", "said"),
    [
        ("dwi angen llefrith a bara", "cy", "en", "milk and bread"),
        ("milk and bread", "en", "cy", "llaeth a bara"),
        ("te a choffi", "cy", "cy", "te a choffi"),
        ("caws ac wyau", "cy", "cy", "caws ac wyau"),
        (
            "dau beint o laeth, torth o fara a phowdr golchi",
            "cy",
            "en",
            "milk, bread and washing powder",
        ),
        ("latte, uova e caffè", "it", "en", "milk, eggs and coffee"),
        ("bwyd ci", "cy", "it", "cibo per cani"),
        ("papur newydd", "cy", "en", "newspaper"),
    ],
)
def test_what_was_asked_for_in_one_language_is_said_in_another(
    words: str, written_in: str, language: str, said: str
) -> None:
    wanted = request(words=words, need=Need.SHOPPING)
    assert WORDING.joined(language, WORDING.gist_of_each(language, wanted, (written_in,))) == said


@pytest.mark.parametrize(
    ("language", "facts", "said"),
    [
        ("cy", {}, "cyn gynted ag y bo modd"),
        ("cy", {"day": date(2026, 11, 3), "part": "evening"}, "heno"),
        ("cy", {"day": date(2026, 11, 4), "part": "morning"}, "fory yn y bore"),
        ("cy", {"day": date(2026, 11, 5), "part": "14:30"}, "dydd Iau am 2:30 y prynhawn"),
        ("cy", {"day": date(2026, 11, 5), "part": "12:00"}, "dydd Iau am hanner dydd"),
        ("cy", {"day": date(2026, 11, 24)}, "dydd Mawrth 24 Tachwedd"),
        ("it", {"day": date(2026, 11, 5), "part": "14:30"}, "giovedì alle 14:30"),
        ("it", {"day": date(2026, 11, 4), "part": "18:00"}, "domani alle 18"),
    ],
)
def test_days_and_hours_are_said_as_each_language_does(
    language: str, facts: dict[str, object], said: str
) -> None:
    assert WORDING.when(language, request(**facts), NOW, HERE) == said


@pytest.mark.parametrize(
    ("entry", "params", "said"),
    [
        ("thanks", {"name": ""}, "Thank you."),
        (
            "nothing_to_cancel",
            {"name": ""},
            "There is nothing waiting. Write if you need something.",
        ),
        (
            "call_me",
            {"name": "Rosa", "organiser": "an organiser"},
            "Thank you Rosa. I have told an organiser, who will ring you.",
        ),
        (
            "nobody_yet",
            {"name": "Rosa", "organiser": "an organiser", "group": "Mill Row"},
            "Rosa, nobody is free yet. An organiser from Mill Row knows, and will get in touch.",
        ),
    ],
)
def test_who_has_no_name_is_spoken_to_all_the_same(
    entry: str, params: dict[str, str], said: str
) -> None:
    assert WORDING.text("en", entry, **params) == said


def test_an_hour_tomorrow_says_so() -> None:
    assert WORDING.by("en", NOW + timedelta(hours=18), NOW, HERE) == "9am tomorrow"
