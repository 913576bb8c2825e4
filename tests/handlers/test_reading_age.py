"""The English reads easily: at 11 years or below, as a whole (PRACTICE: reading age 9 to 11).

The measure is the Automated Readability Index (letters a word, words a sentence), a school grade;
reading age is grade + 5. Flesch-Kincaid would need syllables, which textstat takes from a word list
that it downloads: no test of ours goes to the network. What stands in the placeholders is short and
plain, so that it is our words that are measured.
"""

from __future__ import annotations

from string import Formatter

import textstat

from handlers.wording import load

OLDEST = 11
OLDEST_ALONE = 14
"""A single text of more than ten words; by itself the measure swings."""

STAND_IN = {"home": "3 Mill Row", "hour": "9am", "by": "9am", "start": "9am", "when": "today"}


class Plain(Formatter):
    def get_value(self, key: int | str, args: object, kwargs: object) -> str:
        return STAND_IN.get(str(key), "Sam")


ENGLISH = load().catalogues["en"]
SENTENCES = {
    name: Plain().format(words).replace("\n", " ")
    for name, words in ENGLISH.items()
    if words.endswith((".", "?", "!", '"'))
}


def reading_age(text: str) -> float:
    return float(textstat.automated_readability_index(text)) + 5


def test_most_of_the_catalogue_is_sentences() -> None:
    assert len(SENTENCES) > 150


def test_the_whole_catalogue_reads_at_eleven_or_below() -> None:
    age = reading_age(" ".join(SENTENCES.values()))
    print(f"reading age {age:.1f}")  # noqa: T201
    assert age <= OLDEST


def test_no_single_text_is_hard() -> None:
    ages = {n: reading_age(text) for n, text in SENTENCES.items() if len(text.split()) > 10}
    assert len(ages) > 150
    assert {n: SENTENCES[n] for n, age in ages.items() if age > OLDEST_ALONE} == {}


def test_the_measure_tells_hard_words_from_plain_ones() -> None:
    hard = "Please be advised that confirmation of your assistance request has been registered."
    assert reading_age(hard) > OLDEST_ALONE
