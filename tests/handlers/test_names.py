"""Names and houses, as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules.courtesy import asks_if_there, is_greeting, is_thanks, says_nobody_came
from handlers.rules.names import LONGEST, LONGEST_HOME, house_in, house_named, introduced, name_in


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Doreen", "Doreen"),
        ("doreen", "Doreen"),
        ("DOREEN SHAW", "Doreen Shaw"),
        ("It's Doreen.", "Doreen"),
        ("hello my name is doreen shaw", "Doreen Shaw"),
        ("Hi, I'm Mrs Shaw", "Mrs Shaw"),
        ("Doreen here love", "Doreen"),
        ("Jean-Luc O'Brien", "Jean-Luc O'Brien"),
        ("fy enw i yw Siân", "Siân"),
        ("Doreen, 3 Mill Row, HD7 5AB", "Doreen"),
        ("Doreen Shaw HD7 5AB", "Doreen Shaw"),
        ("Doreen - 3 Mill Row", "Doreen"),
        ("- doreen", "Doreen"),
        ("?! Doreen", "Doreen"),
        ("Mrs. Shaw", "Mrs. Shaw"),
        ("Mrs D. Shaw. I need milk", "Mrs D. Shaw"),
        ("Jean McKay", "Jean McKay"),
        ("JO", "JO"),
        ("ANN", "Ann"),
        ("Ann Good", "Ann Good"),
        ("Anna Maria Lopez Ruiz", "Anna Maria Lopez Ruiz"),
        ("Anna Maria Lopez Ruiz Perez", None),
        # What is said in place of a name would go to a neighbour as one.
        ("I'm not well", None),
        ("not sure", None),
        ("im poorly", None),
        ("fine thanks", None),
        ("its cold", None),
        ("never mind", None),
        ("sorry wrong number", None),
        ("no", None),
        ("why do you want to know", None),
        ("I need some milk", None),
        ("12345", None),
        ("", None),
        ("?", None),
        ("a b c d e f g", None),
    ],
)
def test_what_they_are_called(said: str, name: str | None) -> None:
    assert name_in(said) == name


@given(st.text())
def test_a_name_is_never_long_nor_empty(said: str) -> None:
    found = name_in(said)
    assert found is None or 0 < len(found) <= LONGEST


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Hello I'm Doreen Shaw, 12 Carrs Road and I need a lift", "Doreen Shaw"),
        ("milk please. My name is Joan", "Joan"),
        ("this is Mrs Booth from the corner", "Mrs Booth"),
        ("I'm poorly and need milk", None),
        ("I am at 3 Mill Row", None),
        ("can I have milk", None),
    ],
)
def test_a_name_in_passing_is_taken_only_where_it_is_plain(said: str, name: str | None) -> None:
    assert introduced(said) == name


@pytest.mark.parametrize(
    ("said", "house"),
    [
        ("I'm Doreen Shaw, 12 Carrs Road HD7 6JH and I need a lift", "12 Carrs Road"),
        ("flat 3, 12a upper mill lane please", "flat 3, 12a upper mill lane"),
        ("I need 2 pints of milk", None),
        ("lift at 10 to the station road", None),
        ("Rose Cottage", None),
    ],
)
def test_a_house_in_passing_is_taken_only_where_it_is_plain(said: str, house: str | None) -> None:
    assert house_named(said) == house


@pytest.mark.parametrize(
    ("said", "house"),
    [
        ("3 Mill Row, HD7 5AB", "3 Mill Row"),
        ("3 Mill Row hd75ab", "3 Mill Row"),
        ("HD7 5AB", ""),
        ("I live at 3 Mill Row, Marsden, HD7 5AB.", "3 Mill Row, Marsden"),
        ("hd7 5ab, flat 2", "flat 2"),
        ("hd75ab; 3 Mill Row", "3 Mill Row"),
        ("HD7, 3 Mill Row", "3 Mill Row"),
        ("HD7 3 Mill Row", "3 Mill Row"),
        ("HD7 5AB !?", ""),
        ("3 Mill Row,HD7 5AB,Marsden", "3 Mill Row, Marsden"),
        ("3 Mill Row HD75 AB please", "3 Mill Row"),
        ("Address: 3 Mill Row", "3 Mill Row"),
        # Else it would pass for a house, and nobody would ask for the door.
        ("(HD7 5AB)", ""),
        ("HD7-5AB?", ""),
        ("hd7 5 ab", ""),
        ("H D 7 5 A B thank you", ""),
    ],
)
def test_what_is_left_without_the_postcode_is_the_house(said: str, house: str) -> None:
    assert house_in(said, "HD7 5AB") == house


@pytest.mark.parametrize(
    ("said", "postcode", "house"),
    [
        ("3 Mill Row, ol1 oab", "OL1 0AB", "3 Mill Row"),
        ("3 Mill Row 0L10AB", "OL1 0AB", "3 Mill Row"),
        ("3 Mill Row, 0l1", "OL1 0AB", "3 Mill Row"),
        ("flat B1, 3 Mill Row, B1 1AA", "B1 1AA", "flat B1, 3 Mill Row"),
        ("3 Mill Row B1", "B1 1AA", "3 Mill Row"),
    ],
)
def test_a_nought_may_be_an_o_and_a_flat_is_no_postcode(
    said: str, postcode: str, house: str
) -> None:
    assert house_in(said, postcode) == house


@pytest.mark.parametrize("said", ["Hello?", "good morning!", "Hi there", "shwmae"])
def test_greetings(said: str) -> None:
    assert is_greeting(said)


@pytest.mark.parametrize("said", ["thanks", "Thank you so much!", "ok thank you love x", "Diolch"])
def test_thanks_need_no_answer(said: str) -> None:
    assert is_thanks(said)


@pytest.mark.parametrize(
    "said", ["thanks but nobody came", "hello I need milk", "thank you can I have bread too"]
)
def test_more_than_a_courtesy_is_no_courtesy(said: str) -> None:
    assert not is_thanks(said)
    assert not is_greeting(said)


@pytest.mark.parametrize(
    "said",
    [
        "nobody came",
        "Sam never turned up",
        "he didn't come",
        "no one has been",
        "She hasn't arrived",
        "Sam didn’t come",
        "nobody's here yet",
        "no one showed up",
        "Sam hasn't been",
        "he is not here",
        "I'm still waiting for Sam",
        "no sign of him",
        "no sign of Sam",
        "dw i dal i aros",
        "Sam non è venuto",
        "non e' arrivato nessuno",
        "nessuno è ancora venuto",
        "sto ancora aspettando",
        "non si è visto nessuno",
        "nobody came" + 149 * "!",
    ],
)
def test_that_nobody_came_is_heard(said: str) -> None:
    assert says_nobody_came(said)


NOBODY_CAME = (
    *("Sam hasn't been", "sam hasnt been yet", "nobodys been", "no-one has come", "no show"),
    *("he isnt here", "hes not here", "they arent here", "she is not here", "they're not here"),
    *("not here yet", "he never showed", "she didnt turn up", "not arrived", "noone turned up"),
    *("nobody showed up", "nobody here", "he did not appear", "still waiting", "no sign of Sam"),
    *("dydy o ddim wedi dod", "does neb wedi cyrraedd", "ddaeth Sam ddim", "dal i aros"),
    *("non è venuto nessuno", "nessuno è arrivato", "sto ancora aspettando", "aspetto ancora"),
    *("non si è vista nessuno", "no one was here, nobody has arrived", "haven't come"),
)


def test_who_waits_in_vain_says_so_in_many_ways() -> None:
    assert [said for said in NOBODY_CAME if not says_nobody_came(said)] == []


@pytest.mark.parametrize(
    "said",
    [
        "Sam came thank you",
        "she has not been eating",
        "is Sam coming",
        "there is no sign of rain yet",
        "the paper is not here",
        "I've not come to any harm",
        "I'm not still waiting",
        "Sam hasn't been well",
        "my show is not here",
        "nobody came" + 150 * "!",  # a letter is about more
    ],
)
def test_other_news_is_not(said: str) -> None:
    assert not says_nobody_came(said)


def test_are_you_there_asks_how_it_stands() -> None:
    assert asks_if_there("Hello are you there?")
    assert not asks_if_there("are you there on Tuesday to help")


def test_no_name_is_made_of_the_words_of_those_in_need() -> None:
    for said in ("could would", "frightened", "hungry people", "ie", "angen", "dwi", "plis rhywun"):
        assert name_in(said) is None
    assert (LONGEST, LONGEST_HOME) == (26, 64)  # the texts are measured with these
