"""What the model sees of a message: words, pairs, word classes, and the letters within words.

The training script uses this very code, so that nothing is seen differently at run time.
"""

from __future__ import annotations

from itertools import pairwise
from zlib import crc32

from handlers.rules.understanding_lexicon import classes_of, known_as
from handlers.rules.understanding_words import one_word, plain, standard, words_of

_MASK = (1 << 22) - 1
"""Features are known by 22 bits of their CRC: few enough to pack, enough to keep them apart."""
LETTER = 1 << 22
"""Added to the number of a run of letters, so that it is never taken for a word."""
_LONGEST = 160
"""Words looked at; a text of eight parts has about as many."""

_MARKS = frozenset("?!£%👍👎🙏❤😂😊🎄")


def tokens(text: str) -> list[str]:
    """Words as said, digits as `0`, and the few marks that carry meaning."""
    found = []
    for word in words_of(one_word(plain(text)))[:_LONGEST]:
        if word.isdecimal():
            found.append("0" * min(len(word), 5))
        elif word.isalpha() or word in _MARKS:
            found.append(word[:24])
    return found


def word_features(said: list[str], named: list[str]) -> set[int]:
    """Numbers of what words say: words, pairs, classes with neighbours, and signs of danger."""
    names = [known_as(standard(word)) for word in said]
    marked = ["<", *names, ">"]
    kinds = [classes_of(standard(word)) for word in said]
    seen = {f"w{word}" for word in said}
    seen.update(f"w{word}" for word in names)
    seen.update(f"p{a} {b}" for a, b in pairwise(marked))
    seen.update(f"g{a} {b}" for a, b in zip(names, names[2:], strict=False))
    for i, kind in enumerate(kinds):
        for name in kind:
            seen.add(f"c{name}")
            seen.add(f"l{marked[i]} {name}")
            seen.add(f"r{name} {marked[i + 2]}")
            if i + 1 < len(kinds):
                seen.update(f"k{name} {other}" for other in kinds[i + 1])
            if i + 2 < len(kinds):
                seen.update(f"j{name} {other}" for other in kinds[i + 2])
    seen.add(f"n{min(len(said), 4) if len(said) < 5 else 5 + min(len(said) // 8, 4)}")
    seen.update(f"s{name}" for name in named)
    if named:
        clear = [name for name in named if name[0] != "~"]
        seen.add(f"d{min(len(clear), 3)}")
        seen.add(f"d{min(len(clear), 3)}{len(clear) < len(named)}")
    return {crc32(feature.encode("utf-8", "replace")) & _MASK for feature in seen}


def letter_features(said: list[str]) -> set[int]:
    """Numbers of runs of three to five letters within a word and its edges."""
    seen: set[int] = set()
    for word in set(said):
        edged = f" {word} ".encode("utf-8", "replace")
        for size in (3, 4, 5):
            for i in range(len(edged) - size + 1):
                seen.add(LETTER + (crc32(edged[i : i + size]) & _MASK))
    return seen
