"""Whom people choose and whom not, in their own words; and what only sounds like it."""

from __future__ import annotations

import pytest

from handlers.rules.choices import first, ruled_out
from handlers.rules.relayed import asked, gives_away


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Not Brian", "Brian"),
        ("not brian please", "brian"),
        ("I don't want Brian again", "Brian"),
        ("I don’t want Brian", "Brian"),
        ("Please don't send Mr Shaw any more.", "Mr Shaw"),
        ("anyone but Brian Hill", "Brian Hill"),
        ("I'd rather not go to Doreen", "Doreen"),
        ("never Brian", "Brian"),
        ("Not Dr Hill", "Dr Hill"),
        ("someone other than Brian please", "Brian"),
        ("somebody else than Brian", "Brian"),
        ("I'd rather it wasn't Brian", "Brian"),
        ("don't let Brian come", "Brian"),
        ("keep Brian away from me", "Brian"),
        ("I don't want Brian coming here", "Brian"),
        ("I would rather not meet Mary-Ann", "Mary-Ann"),
        ("dim Brian plis", "Brian"),
        ("neb ond Brian", "Brian"),
        ("non voglio più Brian", "Brian"),
        # These are none.
        ("Not today", None),
        ("not now thanks", None),
        ("No thank you", None),
        ("never mind", None),
        ("not very well", None),
        ("I don't want milk", None),
        ("don't ask me again", None),
        ("dim diolch", None),
        ("no appeals", None),
        # In capitals all the time.
        ("NOT URGENT", None),
        ("I DONT LIKE WAITING", None),
        ("NOT FUSSED", None),
        ("DONT SEND ANYTHING", None),
        ("NOT WELL", None),
        ("NEVER EVER", None),
        ("don't let it come to that", None),
        ("not Brian, he's at work, but Sam can come", None),
    ],
)
def test_whom_somebody_would_rather_not_meet(text: str, name: str | None) -> None:
    assert ruled_out(text) == name


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Always try Sam first", ["Sam"]),
        ("ask Sam, then Jo first please", ["Sam", "Jo"]),
        ("my circle is Sam, Jo and Ana Lee", ["Sam", "Jo", "Ana Lee"]),
        ("gofynnwch i Siân yn gyntaf", ["Siân"]),
        ("gofyn i Siân gyntaf", ["Siân"]),
        ("my people are Mrs Hill and Dr Shaw", ["Mrs Hill", "Dr Shaw"]),
        ("ask Miss Mary-Ann first", ["Miss Mary-Ann"]),
        ("prima a Rosa", []),
        ("chieda prima a Rosa poi Ana", ["Rosa", "Ana"]),
        ("ask me first", []),
        ("try again first", []),
        ("ask Sam to bring milk", []),
    ],
)
def test_who_is_to_be_asked_first(text: str, names: list[str]) -> None:
    assert first(text) == names


SAM, JO = ("Sam Hill", "Sam"), ("Jo", "Jo")


@pytest.mark.parametrize(
    ("text", "whom", "words"),
    [
        ("tell Sam the side door is open", (0,), "the side door is open"),
        ("Please could you tell sam hill that I'm late", (0,), "I'm late"),
        ("let Jo know: the key is under the pot", (1,), "the key is under the pot"),
        ("tell them I'm here", (0, 1), "I'm here"),
        ("ask Jo if she has change", (1,), "if she has change"),
        ("dwedwch wrth Jo fod y drws ar agor", (1,), "y drws ar agor"),
        ("dica a Sam che arrivo", (0,), "arrivo"),
        ("would you tell Sam I'm out", (0,), "I'm out"),
        ("can u tell sam the dog is loose", (0,), "the dog is loose"),
        ("I need you to tell Sam to hurry", (0,), "hurry"),
        ("I'd like to tell Sam the door is open", (0,), "the door is open"),
        ("text Sam the gate is shut", (0,), "the gate is shut"),
        ("remind Jo to bring change", (1,), "bring change"),
        ("pass this on to Sam: I'm upstairs", (0,), "I'm upstairs"),
        ("message for Sam: I'm upstairs", (0,), "I'm upstairs"),
        ("a message to Sam, I'm upstairs", (0,), "I'm upstairs"),
        ("message Sam that I'm upstairs", (0,), "I'm upstairs"),
        ("wnewch chi ddweud wrth Jo fod y drws ar agor", (1,), "y drws ar agor"),
        ("wedwch wrth Jo fod y drws ar agor", (1,), "y drws ar agor"),
        ("neges at Sam: mae'r drws ar agor", (0,), "mae'r drws ar agor"),
        ("messaggio per Sam: arrivo", (0,), "arrivo"),
        ("può dire a Sam che arrivo", (0,), "arrivo"),
        ("tell Samantha hello", (), "Samantha hello"),  # somebody else
        ("tell Sam", (0,), ""),
        ("tell Sam, the side door is open", (0,), "the side door is open"),
        ("tell Sam that I know that Jo is out", (0,), "I know that Jo is out"),
        ("di’ a Sam che arrivo", (0,), "arrivo"),
    ],
)
def test_whom_something_is_to_be_told(text: str, whom: tuple[int, ...], words: str) -> None:
    assert asked(text, [SAM, JO]) == (whom, words)


def test_what_is_for_us_is_not_for_somebody_else() -> None:
    assert asked("I need to tell you something", [SAM]) is None
    assert asked("can you get me milk", [SAM]) is None
    for text in ("tell me when", "remind me at six", "text me", "let us know", "I want to tell u"):
        assert asked(text, [SAM]) is None


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("ring me on 07700 900123", True),
        ("07700 - 900123", True),
        ("(01484) 512 345", True),
        ("07700/900123", True),
        ("call 512345", True),
        ("oh one four eight four, five one two", True),
        ("rosa at gmail dot com", True),
        ("facebook.com/rosa", True),
        ("wa.me/447700900123", True),
        ("WWW.ROSA.EU", True),
        ("HD7  5AB", True),
        ("HD75 AB", True),
        ("hd7-5ab", True),
        ("EC1A 1BB", True),
        ("B1 1AA", True),
        ("between 10.30 - 12.30 or 14.00 - 15.30", False),
        ("one or two, no more than three", False),
        ("phone me at 10 30", False),
        ("is it at home? Yes. Ok.", False),
        ("I'm at rosa@example.org", True),
        ("add me @rosa_lee", True),
        ("www.example.org/rosa", True),
        ("I live at hd7 5ab", True),
        ("come to 4 mill row", True),  # her own, where she has not been asked to show it
        ("two pints at 3:30, about £12.40", False),
        ("the key safe is 1234", False),
    ],
)
def test_what_would_let_somebody_be_found_is_noticed(words: str, given: bool) -> None:
    assert gives_away(words, "4 Mill Row") is given


def test_a_house_is_known_by_a_name_of_five_letters_and_not_by_less() -> None:
    assert gives_away("it is the Tower, ring twice", "Tower")
    assert not gives_away("the Lane is wet", "Lane")
