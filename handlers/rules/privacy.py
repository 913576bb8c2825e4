"""Who may see what of whom, and when: one table.

Whatever somebody is told of another person is looked up here before it is written down
(`handlers/seen.py`). What is not in the table is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Field(StrEnum):
    """Something about a person, or of what they need."""

    NEED = "need"
    """What is wanted, in words from our own list."""
    WHEN = "when"
    AREA = "area"
    """A name for roughly where they live, that many share."""
    FIRST_NAME = "first_name"
    WHOLE_NAME = "whole_name"
    HOME = "home"
    """The address by which their door is found."""
    PHONE = "phone"
    WORDS = "words"
    """What they wrote when they asked."""
    CODE_WORD = "code_word"
    RELAYED = "relayed"
    """What the two of a visit write to each other."""
    WORRY = "worry"
    """What they told of a worry, and what was written down about it."""
    BOND = "bond"
    """How they feel about somebody: glad, not again, first."""


class Relation(StrEnum):
    """What somebody is to the person that it is about. One may be several."""

    ONESELF = "oneself"
    OFFERED = "offered"
    """A helper who is asked, among others."""
    FAMILIAR = "familiar"
    """A helper who is asked, came the last time, and was glad to."""
    HELPER = "helper"
    """The one whose visit it is."""
    ASKER = "asker"
    """The one who is visited, as to their helper."""
    STREET = "street"
    """Everybody in a street group."""
    CONTACT = "contact"
    """Named by them, to be told when a check-in goes unanswered."""
    FRIEND = "friend"
    """Asks for something in their place; or is the one in whose place it is asked for."""
    ORGANISER = "organiser"
    HANDLER = "handler"
    """The organiser who sees to what they asked for."""
    KEEPER = "keeper"
    """A safeguarding holder or deputy whom they did not name in a worry; an organiser, where the
    group has none."""
    STRANGER = "stranger"
    """Anybody else in the group, or outside it."""


class Moment(StrEnum):
    """How things stand between the two, or with what it is about."""

    NONE = "none"
    """Nothing is under way."""
    ASKING = "asking"
    """Asked for, and nobody is going."""
    COMING = "coming"
    """Somebody is going."""
    AFTER = "after"
    """Done, less than a day ago."""
    OVER = "over"
    ALARM = "alarm"
    """They may be in danger, or are not heard of."""
    WORRY = "worry"
    """They have told of a worry; or the other of a visit has."""


ALWAYS = frozenset(Moment)
_ASKING = frozenset({Moment.ASKING})
_VISIT = frozenset({Moment.COMING})
_TALK = frozenset({Moment.COMING, Moment.AFTER})
_MET = frozenset({Moment.COMING, Moment.AFTER, Moment.OVER})
_ALARM = frozenset({Moment.ALARM})
_WORRY = frozenset({Moment.WORRY})

SHOWN: Mapping[Relation, Mapping[Field, frozenset[Moment]]] = {
    Relation.ONESELF: dict.fromkeys(Field, ALWAYS),
    # Rough in place, and nobody's name: an offer goes to people who may never say yes.
    Relation.OFFERED: {Field.NEED: _ASKING, Field.WHEN: _ASKING, Field.AREA: _ASKING},
    Relation.FAMILIAR: {
        Field.NEED: _ASKING,
        Field.WHEN: _ASKING,
        Field.AREA: _ASKING,
        Field.FIRST_NAME: _ASKING,
    },
    # A card that has been taken says of what.
    Relation.STREET: {
        Field.NEED: frozenset({Moment.ASKING, Moment.COMING}),
        Field.WHEN: _ASKING,
        Field.AREA: _ASKING,
    },
    # Whom they visited they may be asked of later by first name; never where that was.
    Relation.HELPER: {
        Field.NEED: _MET,
        Field.WHEN: _VISIT,
        Field.AREA: _VISIT,
        Field.FIRST_NAME: _MET,
        Field.WHOLE_NAME: _VISIT,
        Field.HOME: _VISIT,
        Field.WORDS: _VISIT,
        Field.CODE_WORD: _VISIT,
        Field.RELAYED: _TALK,
    },
    # Who opens the door knows a first name and a word. Helpers have a door of their own.
    Relation.ASKER: {
        Field.NEED: _MET,
        Field.WHEN: _VISIT,
        Field.FIRST_NAME: _MET,
        Field.CODE_WORD: _VISIT,
        Field.RELAYED: _TALK,
    },
    # A contact was named by the person, and finds them by themselves.
    Relation.CONTACT: {Field.FIRST_NAME: ALWAYS, Field.WHOLE_NAME: ALWAYS},
    Relation.FRIEND: {Field.FIRST_NAME: _ASKING, Field.NEED: _ASKING, Field.WHEN: _ASKING},
    # They ring people. They go to no door that they have not been sent to, read nothing that is
    # between two others, and no more than anybody do they hear who would rather not meet whom.
    Relation.ORGANISER: {
        Field.NEED: ALWAYS,
        Field.WHEN: ALWAYS,
        Field.AREA: ALWAYS,
        Field.FIRST_NAME: ALWAYS,
        Field.WHOLE_NAME: ALWAYS,
        Field.PHONE: ALWAYS,
        Field.WORDS: ALWAYS,
        Field.HOME: _ALARM,
    },
    Relation.HANDLER: {Field.HOME: frozenset({Moment.ASKING})},
    # They are told of a worry, and of nothing else; they ring, and visit nobody.
    Relation.KEEPER: {
        Field.FIRST_NAME: _WORRY,
        Field.WHOLE_NAME: _WORRY,
        Field.PHONE: _WORRY,
        Field.WORRY: _WORRY,
        Field.RELAYED: _WORRY,
    },
    Relation.STRANGER: {},
}

LOOKED_AT = frozenset({Field.HOME, Field.PHONE})
"""What is noted in the audit log each time that somebody else gets to see it."""


def shown(field: Field, to: Relation, moment: Moment) -> bool:
    """Whether somebody who is that to a person gets to see this of them, as things stand."""
    return moment in SHOWN[to].get(field, ())
