"""The slips that a regular expression may hold: what would be left of it with each of them.

A pattern is read by the parser that `re` itself uses, so that what is changed is what would have
been run; it is changed as a tree, and written back. What is written is read once more, and must be
the same tree. No library of that kind is kept well enough to depend on, and the tree is small.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

Nodes = tuple[Any, ...]
"""A sequence of nodes; each is what it is (an opcode) and what it holds."""

_AT = {
    sre.AT_BEGINNING: "^",
    sre.AT_END: "$",
    sre.AT_BOUNDARY: r"\b",
    sre.AT_NON_BOUNDARY: r"\B",
    sre.AT_BEGINNING_STRING: r"\A",
    sre.AT_END_STRING: r"\Z",
}
_CATEGORY = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
}
_REPEATS = {sre.MAX_REPEAT: "", sre.MIN_REPEAT: "?", sre.POSSESSIVE_REPEAT: "+"}
_LOOKS = {
    (sre.ASSERT, 1): "(?=",
    (sre.ASSERT, -1): "(?<=",
    (sre.ASSERT_NOT, 1): "(?!",
    (sre.ASSERT_NOT, -1): "(?<!",
}


def read(pattern: str, flags: int = 0) -> tuple[Nodes, dict[int, str]]:
    """The tree of a pattern, and what its groups are called."""
    tree = _parser.parse(pattern, flags)
    return _frozen(tree), {number: name for name, number in tree.state.groupdict.items()}


def _frozen(value: Any) -> Any:
    if isinstance(value, (list, tuple, _parser.SubPattern)):
        return tuple(_frozen(one) for one in value)
    return value


def written(nodes: Nodes, names: dict[int, str]) -> str:
    """A tree as a pattern again. Raises ValueError for what none of ours holds."""
    return "".join(_written(node, names) for node in nodes)


def _written(node: Any, names: dict[int, str]) -> str:  # noqa: PLR0911 (one answer a kind)
    kind, held = node
    if kind is sre.LITERAL:
        return re.escape(chr(held))
    if kind is sre.NOT_LITERAL:
        return f"[^{_in_set((sre.LITERAL, held))}]"
    if kind is sre.ANY:
        return "."
    if kind is sre.AT:
        return _AT[held]
    if kind is sre.IN:
        inside = "".join(map(_in_set, held))
        return inside if len(held) == 1 and held[0][0] is sre.CATEGORY else f"[{inside}]"
    if kind is sre.BRANCH:
        return f"(?:{'|'.join(written(one, names) for one in held[1])})"
    if kind in (sre.ASSERT, sre.ASSERT_NOT):
        return f"{_LOOKS[kind, held[0]]}{written(held[1], names)})"
    if kind is sre.SUBPATTERN and not (held[1] or held[2]) and held[0]:
        name = f"?P<{names[held[0]]}>" if held[0] in names else ""
        return f"({name}{written(held[3], names)})"
    if kind is sre.GROUPREF:
        return f"(?P={names[held]})" if held in names else f"(?:\\{held})"
    if kind is sre.GROUPREF_EXISTS:
        group, there, missing = held
        other = f"|{written(missing, names)}" if missing else ""
        return f"(?({names.get(group, group)}){written(there, names)}{other})"
    if kind in _REPEATS:
        least, most, what = held
        inside = written(what, names)
        if len(what) != 1 or what[0][0] in (*_REPEATS, sre.AT, sre.ASSERT, sre.ASSERT_NOT):
            inside = f"(?:{inside})"
        return f"{inside}{_times(least, most)}{_REPEATS[kind]}"
    raise ValueError(f"{kind} is in no pattern of ours")


def _in_set(item: Any) -> str:
    kind, held = item
    if kind is sre.NEGATE:
        return "^"
    if kind is sre.CATEGORY:
        return _CATEGORY[held]
    ends = (held,) if kind is sre.LITERAL else held
    return "-".join(re.sub(r"([\\\]\[^\-&~|])", r"\\\1", chr(end)) for end in ends).replace(
        "\n", r"\n"
    )


def _times(least: int, most: int) -> str:
    if (least, most) == (0, 1):
        return "?"
    if (least, most) == (1, 1):
        return ""
    if most == sre.MAXREPEAT:
        return {0: "*", 1: "+"}.get(least, f"{{{least},}}")
    return f"{{{least},{most}}}" if least != most else f"{{{least}}}"


def spoilt(pattern: str, flags: int) -> Iterator[tuple[str, str, int]]:
    """Every slip that is tried, as what it is, the pattern that comes of it, and its flags. Some
    are none that can be compiled: a look behind of no fixed length."""
    nodes, names = read(pattern, flags)
    again = written(nodes, names)
    assert read(again, flags)[0] == nodes, f"{pattern} was written back as {again}"
    if flags & re.IGNORECASE:
        yield "capitals count", pattern, flags & ~re.IGNORECASE
    for what, changed in _changes(nodes, names, whole=True):
        yield what, written(changed, names), flags


def _changes(
    nodes: Nodes, names: dict[int, str], *, whole: bool = False
) -> Iterator[tuple[str, Nodes]]:
    """Each way to change one node of a sequence; `whole` where nothing stands beside it."""
    for at, node in enumerate(nodes):
        beside = ""
        if node[0] is sre.AT:
            before, after = nodes[:at][-1:], nodes[at + 1 :][:1]
            beside = f" of {_short(written((*before, node, *after), names))}"
        for what, new in _of(node, names, whole=whole and len(nodes) == 1):
            yield what + beside, nodes[:at] + new + nodes[at + 1 :]


def _of(  # noqa: PLR0912 (one answer a kind)
    node: Any, names: dict[int, str], *, whole: bool
) -> Iterator[tuple[str, Nodes]]:
    """What may stand in a node's place."""
    kind, held = node
    if kind in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
        yield f"without {_short(_written(node, names))}", ()
    if kind in (sre.ASSERT, sre.ASSERT_NOT):
        for what, inner in _changes(held[1], names, whole=True):
            yield what, ((kind, (held[0], inner)),)
    elif kind is sre.BRANCH:
        yield from _of_choices(node, names, whole=whole)
    elif kind is sre.IN:
        for at, item in enumerate(held):
            left = held[:at] + held[at + 1 :]
            if item[0] is not sre.NEGATE and any(one[0] is not sre.NEGATE for one in left):
                yield f"without {_in_set(item)} of {_written(node, names)}", ((kind, left),)
    elif kind is sre.SUBPATTERN:
        if not whole:
            yield f"{_short(_written(node, names))} or not", ((sre.MAX_REPEAT, (0, 1, (node,))),)
        for what, inner in _changes(held[3], names, whole=True):
            yield what, ((kind, (*held[:3], inner)),)
    elif kind in _REPEATS:
        least, most, inner = held
        said = _short(_written(node, names))
        for few, many in _other_times(least, most):
            yield f"{said} {_times(few, many)}", ((kind, (few, many, inner)),)
        for what, new in _changes(inner, names, whole=True):
            yield what, ((kind, (least, most, new)),)


def _of_choices(node: Any, names: dict[int, str], *, whole: bool) -> Iterator[tuple[str, Nodes]]:
    kind, (none, choices) = node
    for at, choice in enumerate(choices):
        left = choices[:at] + choices[at + 1 :]
        said = _short(written(choice, names))
        yield (
            f"without |{said}| of {_short(_written(node, names))}",
            (left[0] if len(left) == 1 else ((kind, (none, left)),)),
        )
        for what, inner in _changes(choice, names):
            yield what, ((kind, (none, (*choices[:at], inner, *choices[at + 1 :]))),)
    if not whole:
        yield f"{_short(_written(node, names))} or not", ((sre.MAX_REPEAT, (0, 1, (node,))),)


def _other_times(least: int, most: int) -> list[tuple[int, int]]:
    """A little more and a little less; what may be missing must be there, and the other way."""
    if most == sre.MAXREPEAT:
        return [(1, most)] if least == 0 else [(least - 1, most)]
    if (least, most) == (0, 1):
        return [(1, 1)]
    others = [(least, most + 1), (least, most - 1), (least + 1, most), (least - 1, most)]
    return [(few, many) for few, many in others if 0 <= few <= many and many]


def _short(pattern: str) -> str:
    plain = pattern.replace("\\ ", " ")
    return plain if len(plain) <= 40 else f"{plain[:24]}...{plain[-13:]}"
