"""Statements that are asked all day, carried out by the shortest way.

SQLAlchemy puts a statement together and knows it again the next time; yet to look it up, and to
build what stands round it and round its rows, took five times as long as SQLite did for a small one
(docs/performance.md). What it worked out is kept here instead: the words, where each value goes and
what is made of it, and what is made of each column that comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

Row = Mapping[str, Any]
"""A row, by its columns' names."""

Values = Mapping[str, Any]
"""What a statement is given for its names; for one that may stand for many, a list."""

Made = Callable[[Any], Any]

MOST_LENGTHS = 100
"""Lengths of lists for which one statement's words are kept."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a statement gave."""

    rows: Sequence[Row]
    rowcount: int
    """How many rows it wrote."""

    @property
    def first(self) -> Row | None:
        """The first row, or none."""
        return self.rows[0] if self.rows else None

    @property
    def value(self) -> Any:
        """The first column of the first row, or none."""
        return next(iter(self.rows[0].values())) if self.rows else None


class among(FunctionElement[Any]):  # noqa: N801 - it is said as SQLAlchemy says its own
    """Whether a column has one of the values that a statement is given by this name.

    On PostgreSQL they go as one array, so that it is one statement however many they are: each
    length of a list would otherwise be planned anew, on every line (docs/decisions/0026).
    """

    inherit_cache = True

    def __init__(self, column: sa.Column[Any], name: str) -> None:
        super().__init__(column, sa.bindparam(name, expanding=True, type_=column.type))


class outside(among):  # noqa: N801
    """Whether it has none of them. They may be many, and are looked up, not gone through."""

    inherit_cache = True


@compiles(among)
def _in_a_list(element: among, compiler: SQLCompiler, **how: Any) -> str:
    column, given = element.clauses
    found = column.not_in(given) if isinstance(element, outside) else column.in_(given)
    return compiler.process(found, **how)


@compiles(among, "postgresql")
def _in_an_array(element: among, compiler: SQLCompiler, **how: Any) -> str:
    column, given = element.clauses
    array = sa.bindparam(given.key, type_=ARRAY(column.type))
    if isinstance(element, outside):
        return compiler.process(column.not_in(sa.select(sa.func.unnest(array))), **how)
    return compiler.process(column == sa.any_(array), **how)


class Ready:
    """One statement in a database's own words, for lists of certain lengths."""

    def __init__(self, compiled: SQLCompiler, dialect: Dialect, given: Values) -> None:
        state = compiled.construct_expanded_state(given, escape_names=False)
        self.words = state.statement
        own = {**state.parameters, **_defaults(compiled)}
        of_list = {
            name: (whole, place)
            for whole, names in state.parameter_expansion.items()
            for place, name in enumerate(names)
        }
        self._places: list[tuple[str, int | None, Made | None, Any]] = []
        for name in state.positiontup or ():
            whole, place = of_list.get(name, (name, None))
            kind = compiled.binds[whole].type.dialect_impl(dialect)
            make = kind.bind_processor(dialect)
            if whole in given:
                self._places.append((whole, place, make, None))
            else:  # a value that stands in the statement itself
                self._places.append(("", None, None, make(own[name]) if make else own[name]))
        self._dialect = dialect
        self._returned: list[tuple[str, Any]] = [
            (str(name), column.type)
            for name, column in compiled.statement.exported_columns.items()  # type: ignore[union-attr]
        ]
        self._makes: list[tuple[str, Made]] | None = None
        self._names = [name for name, _ in self._returned]
        self.gives_rows = bool(self._names)

    def parameters(self, given: Values) -> tuple[Any, ...]:
        """These values, in the order and the form that the database's driver takes them in."""
        found = []
        for name, place, make, own in self._places:
            if not name:
                found.append(own)
                continue
            value = given[name] if place is None else given[name][place]
            found.append(make(value) if make else value)
        return tuple(found)

    def rows(self, came: Iterable[Sequence[Any]], description: Any) -> list[Row]:
        """What the driver gave, as rows; `description`: what it said of its columns."""
        if not self._names:
            return []
        if self._makes is None:
            # Known only now: on PostgreSQL it depends on what the server calls the type.
            kinds = [(kind.dialect_impl(self._dialect), name) for name, kind in self._returned]
            makes = [
                (name, kind.result_processor(self._dialect, told[1]))
                for (kind, name), told in zip(kinds, description, strict=True)
            ]
            self._makes = [(name, make) for name, make in makes if make]
        found: list[Row] = []
        for values in came:
            row = dict(zip(self._names, values, strict=True))
            for name, make in self._makes:
                row[name] = make(row[name])
            found.append(row)
        return found


def _defaults(compiled: SQLCompiler) -> dict[str, Any]:
    """What columns hold that an INSERT is not given; the schema knows only plain values."""
    return {column.key: column.default.arg for column in compiled.insert_prefetch or ()}  # type: ignore[union-attr]


class _Known:
    """One statement, whatever the lengths of its lists."""

    def __init__(self, statement: sa.Executable, dialect: Dialect, names: tuple[str, ...]) -> None:
        self._dialect = dialect
        _write_out(statement, names)
        compiled = statement.compile(dialect=dialect, column_keys=list(names))  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler)
        self._compiled = compiled
        self._lists = [name for name in names if compiled.binds[name].expanding]
        self._ready: dict[tuple[int, ...], Ready] = {}

    def ready(self, given: Values) -> Ready:
        lengths = tuple([len(given[name]) for name in self._lists])
        found = self._ready.get(lengths)
        if found is None:
            if len(self._ready) >= MOST_LENGTHS:
                self._ready.clear()
            found = self._ready[lengths] = Ready(self._compiled, self._dialect, given)
        return found


def _write_out(statement: sa.Executable, names: tuple[str, ...]) -> None:
    """What a statement says itself stands in its words, and not beside them as a value: a database
    that plans it once, for all its values, could not see that an index of only such rows will do.
    """
    for each in visitors.iterate(statement):  # type: ignore[arg-type]
        if isinstance(each, sa.BindParameter) and each.key not in names and _plain(each.value):
            each.literal_execute = True


def _plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(_plain(one) for one in value)
    return isinstance(value, str | int)


@lru_cache(maxsize=2_000)
def _known(statement: sa.Executable, dialect: Dialect, names: tuple[str, ...]) -> _Known:
    return _Known(statement, dialect, names)


def ready(statement: sa.Executable, dialect: Dialect, given: Values) -> Ready:
    """A statement that is kept somewhere (it is known by being the same object), ready for these
    values."""
    return _known(statement, dialect, tuple(given)).ready(given)
