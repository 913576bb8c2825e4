"""What a text costs, by GOV.UK Notify's table (notifications.service.gov.uk/pricing)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rules.segments import is_gsm, outside_gsm, segments


@pytest.mark.parametrize(
    ("text", "parts", "why"),
    [
        ("", 1, "an empty text is one"),
        ("a" * 160, 1, "160 fit one"),
        ("a" * 161, 2, "one more does not"),
        ("a" * 306, 2, "153 in each of two"),
        ("a" * 307, 3, "and so on"),
        ("a" * 459, 3, "153 in each of three"),
        ("a" * 460, 4, "and so on"),
        ("€" * 80, 1, "the extension counts double"),
        ("€" * 81, 2, "and does not fit"),
        ("a" * 152 + "€" + "a" * 152, 3, "a double one is not cut in half between parts"),
        ("[]{}^\\|~", 1, "the rest of the extension"),
        ("ŵ" * 70, 1, "70 with a character outside"),
        ("ŵ" * 71, 2, "67 in each of several"),
        ("ŵ" * 134, 2, "67 in each of two"),
        ("ŵ" * 135, 3, "and so on"),
        ("a" * 69 + "ê", 1, "one dear character makes all of it dear"),
        ("a" * 70 + "ê", 2, "and then some"),
        ("\U00010000" * 36, 2, "so does the first beyond 16 bits"),
        ("🙂" * 35, 1, "an emoji counts two"),
        ("🙂" * 36, 2, "one more does not fit"),
        ("🙂" * 67, 3, "and is not cut in half: 33 in each"),
    ],
)
def test_what_a_text_costs(text: str, parts: int, why: str) -> None:
    assert segments(text) == parts, why


@pytest.mark.parametrize("cheap", list("àèìòùäöüéÄÖÜÉÑñÅåÆæØøß£@¡¿§"))
def test_these_accents_are_free(cheap: str) -> None:
    assert is_gsm(cheap)


@pytest.mark.parametrize("dear", list("âêîôûŵŷÂÊÎÔÛŴŶáíóúÁÍÓÚïë’“”–…"))
def test_these_make_a_text_dear(dear: str) -> None:
    assert outside_gsm(f"a{dear}{dear}b") == (dear,)


@given(st.text(), st.text())
def test_more_words_never_cost_less(one: str, two: str) -> None:
    assert segments(one + two) >= segments(one)
