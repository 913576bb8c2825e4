"""What is sealed comes back as it was, with the right key only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.vault import Vault, WrongKeyError
from tests.conftest import SECRET

VAULT = Vault(SECRET)
OTHER = Vault(SECRET + "!")


@given(st.text())
def test_what_is_sealed_comes_back(text: str) -> None:
    assert VAULT.open(VAULT.seal(text)) == text


@given(st.text(min_size=1))
def test_sealed_words_are_not_to_be_seen_and_never_the_same_twice(text: str) -> None:
    one, other = VAULT.seal(text), VAULT.seal(text)
    assert one != other
    if len(text.encode("utf-8", "surrogatepass")) > 4:
        assert text.encode("utf-8", "surrogatepass") not in one


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_values_come_back(value: object) -> None:
    assert VAULT.open_json(VAULT.seal_json(value)) == value


@given(st.text(min_size=1))
def test_another_key_opens_nothing(text: str) -> None:
    with pytest.raises(WrongKeyError):
        OTHER.open(VAULT.seal(text))


@given(st.text(min_size=1, max_size=20), st.data())
def test_altered_by_one_bit_it_does_not_open(text: str, data: st.DataObject) -> None:
    sealed = bytearray(VAULT.seal(text))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(WrongKeyError):
        VAULT.open(bytes(sealed))


@given(st.binary(min_size=1, max_size=40))
def test_anything_else_does_not_open_either(rubbish: bytes) -> None:
    with pytest.raises(WrongKeyError):
        VAULT.open(rubbish)


def test_nothing_is_nothing() -> None:
    assert VAULT.seal("") == b""
    assert VAULT.open(b"") == VAULT.open(None) == ""


WORDS = st.lists(st.text().filter(lambda word: "\x1f" not in word), min_size=1)


@given(WORDS, WORDS)
def test_a_fingerprint_is_of_these_words_and_this_key(one: list[str], two: list[str]) -> None:
    assert VAULT.fingerprint(*one) == VAULT.fingerprint(*one) != OTHER.fingerprint(*one)
    assert (VAULT.fingerprint(*one) == VAULT.fingerprint(*two)) == (one == two)


def test_a_short_secret_is_none() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        Vault("x" * 31)
