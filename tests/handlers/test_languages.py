"""Welsh counts for as much as English: fixed words, answers, and how a language is asked for.

Each row says in English what was sent.
"""

from __future__ import annotations

from datetime import datetime

import pytest

from handlers.ask import ASK_ABOVE
from handlers.languages import LEAST, LEAST_KNOWN, named
from handlers.rules.courtesy import asks_if_there, is_greeting, is_thanks, says_nobody_came
from handlers.rules.names import house_in, introduced, name_in
from handlers.rules.understanding import is_start, is_stop, numbers_in, understand, yes_no
from handlers.rules.understanding_language import certain_language
from handlers.wording import load
from storage.model import Intent, Need

WORDING = load()


@pytest.mark.parametrize(
    ("text", "stops", "english"),
    [
        ("STOPIO", True, "stop"),
        ("Stopiwch plis", True, "stop please"),
        ("stopiwch nawr, diolch", True, "stop now, thanks"),
        ("peidiwch â thecstio fi", True, "don't text me"),
        ("peidiwch ag anfon negeseuon", True, "don't send messages"),
        ("rhowch y gorau i anfon y rhain", True, "give over sending these"),
        ("dim mwy o negeseuon plis", True, "no more messages please"),
        ("stopiodd y bws ddim", False, "the bus did not stop"),
        ("dw i wrth y stop bws", False, "I'm at the bus stop"),
    ],
)
def test_stop_in_welsh(text: str, stops: bool, english: str) -> None:
    assert is_stop(text) is stops, english


@pytest.mark.parametrize(
    ("text", "starts", "english"),
    [
        ("CYCHWYN", True, "start"),
        ("Dechrau", True, "begin"),
        ("dechrau eto plis", True, "begin again please"),
        ("ymuno", True, "join"),
        ("hoffwn ymuno", True, "I'd like to join"),
        ("dw i wedi dechrau coginio", False, "I have begun to cook"),
    ],
)
def test_start_in_welsh(text: str, starts: bool, english: str) -> None:
    assert is_start(text) is starts, english


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("ie plis", True), ("ia", True), ("cewch", True), ("cewch plis", True), ("do", True),
        ("oes", True), ("ydw diolch", True), ("ydy", True), ("gallaf", True), ("galla i", True),
        ("fe wna i", True), ("mi wna i", True), ("bydda i", True), ("byddwn", True),
        ("wrth gwrs", True), ("grêt", True), ("siŵr iawn", True), ("iawn, diolch", True),
        ("popeth yn iawn", True), ("dim problem", True), ("ocê", True),
        ("na", False), ("naddo", False), ("nac ydw", False), ("nac oes", False),
        ("na chewch", False), ("alla i ddim", False), ("fedra i ddim sori", False),
        ("sori na", False), ("dim heddiw", False), ("dim diolch", False), ("dim rŵan", False),
        ("na fyddwn", False), ("dim y tro hwn", False),
        ("dw i angen llaeth", None), ("na i ddod fory", None), ("do i'r siop", None),
        ("dim llaeth ar ôl", None),
    ],
)  # fmt: skip
def test_yes_and_no_in_welsh(text: str, answer: bool | None) -> None:
    assert yes_no(text) is answer


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("un", (1,)), ("dau os gwelwch yn dda", (2,)), ("rhif 2 plis", (2,)), ("1 ac 3", (1, 3)),
        ("1 a 2", (1, 2)), ("tair", (3,)), ("dewis 2", (2,)), ("ateb 1, diolch", (1,)),
        ("dau beint o laeth", ()), ("un peth arall", ()),
    ],
)  # fmt: skip
def test_numbers_in_welsh(text: str, numbers: tuple[int, ...]) -> None:
    assert numbers_in(text) == numbers


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("siopa a negeseuon", "shopping and errands: messages are errands too"),
        ("peidiwch â dod", "don't come"),
        ("dw i ar fy ffordd", "on my way: 'ffordd' is not 'fforddio', to afford"),
    ],
)
def test_a_guess_in_welsh_ends_nothing_and_tells_of_no_debt(text: str, english: str) -> None:
    meaning = understand(text, datetime(2026, 11, 3, 10))  # noqa: DTZ001 (local wall time)
    guessed = meaning.intent is Intent.STOP or meaning.need is Need.MONEY
    assert not (guessed and meaning.confidence >= ASK_ABOVE), english


@pytest.mark.parametrize("text", ["Bore da", "Pnawn da", "prynhawn da", "Shwmae", "Helo?"])
def test_greetings_in_welsh(text: str) -> None:
    assert is_greeting(text)


@pytest.mark.parametrize("text", ["diolch", "Diolch yn fawr iawn", "diolch i chi", "grêt diolch"])
def test_thanks_in_welsh(text: str) -> None:
    assert is_thanks(text)


@pytest.mark.parametrize("text", ["ddaeth neb", "Ddaeth Sam ddim", "does neb wedi dod eto"])
def test_nobody_came_in_welsh(text: str) -> None:
    assert says_nobody_came(text)


@pytest.mark.parametrize("text", ["Oes rhywun yna?", "ydych chi yna", "dach chi yna?"])
def test_is_anybody_there_in_welsh(text: str) -> None:
    assert asks_if_there(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Fy enw i yw Gwen Jones", "Gwen Jones"),
        ("Gwen Jones dw i", "Gwen Jones"),
        ("Gwen sydd yma", "Gwen"),
        ("Gwen ydw i", "Gwen"),
        ("siân", "Siân"),
        ("pwy ydych chi", None),
        ("beth", None),
    ],
)
def test_names_in_welsh(text: str, name: str | None) -> None:
    assert name_in(text) == name


def test_a_welsh_introduction_in_passing() -> None:
    assert introduced("Helo, Gwen Jones dw i, dw i angen llaeth") == "Gwen Jones"
    assert introduced("fy enw i yw Gwen a dw i angen llaeth") == "Gwen"
    assert introduced("Mae rhywun wrth y drws") is None


@pytest.mark.parametrize(
    ("text", "house"),
    [
        ("Dw i'n byw yn 3 Ffordd Bangor, HD7 5AB", "3 Ffordd Bangor"),
        ("3 Stryd Fawr HD7 5AB diolch", "3 Stryd Fawr"),
    ],
)
def test_an_address_in_welsh(text: str, house: str) -> None:
    assert house_in(text, "HD7 5AB") == house


@pytest.mark.parametrize(
    ("text", "least", "language"),
    [
        ("Helo, allai rhywun nôl llaeth i fi heddiw?", LEAST, "cy"),
        ("dw i angen llefrith plis", LEAST_KNOWN, "cy"),
        ("dwi wedi cwympo", LEAST, "cy"),
        ("mae'r bws wedi mynd", LEAST_KNOWN, "cy"),
        ("could somebody get me some milk", LEAST, "en"),
        ("I need a lift tomorrow", LEAST_KNOWN, "en"),
        ("Buongiorno, ho bisogno di latte", LEAST, "it"),
        ("diolch yn fawr", LEAST_KNOWN, None),
        ("Gwen Jones", LEAST, None),
        ("Mary Elizabeth Anne Jones", LEAST, None),
        ("3 Ffordd Bangor HD7 5AB", LEAST, None),
        ("12 The Green, Marsden, HD7 6AB", LEAST, None),
        ("Pen y Bont, Heol Fawr, Aberdar", LEAST_KNOWN, None),
        ("1", LEAST, None),
        ("1 plis", LEAST, None),
        ("07700 900123", LEAST, None),
        ("", LEAST, None),
    ],
)
def test_a_language_is_certain_or_none(text: str, least: int, language: str | None) -> None:
    assert certain_language(text, least) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Cymraeg", "cy"),
        ("Cymraeg os gwelwch yn dda", "cy"),
        ("yn Gymraeg plis", "cy"),
        ("Helo, gawn ni siarad Cymraeg?", "cy"),
        ("Welsh please", "cy"),
        ("Can you write to me in Welsh please", "cy"),
        ("English please", "en"),
        ("Saesneg", "en"),
        ("Yn Saesneg, os gwelwch yn dda", "en"),
        ("in inglese per favore", "en"),
        ("in italiano", "it"),
        ("Italiano, grazie", "it"),
        ("can we speak Italian?", "it"),
        ("I need help with a Welsh letter", None),
        ("full English breakfast please", None),
        ("please", None),
        ("fish and chips", None),
        ("", None),
    ],
)
def test_a_language_is_asked_for(text: str, language: str | None) -> None:
    assert named(WORDING, text) == language
