"""Open questions: what people have been asked, and which answer means what.

By text an answer is a number. Two questions that are open to one person at once never share one,
so that a late reply still lands on its own question.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from storage import members
from storage.database import Transaction
from storage.model import Address, Choice, Question
from storage.ready import Row, among
from storage.schema import questions
from storage.vault import Seal

OPEN_DAYS = 7
"""A question that nobody answered for so long is not open any more; its numbers are free."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that is about to be put."""

    kind: str
    member_id: int | None
    """Whose answer counts; none: of a card in a group chat, where any helper's does."""
    to: Address
    ref: int | None
    choices: Sequence[Choice]
    heard: str = ""
    apart: timedelta = timedelta(0)
    """For so long the numbers of a question that is over are not given to this one."""


async def numbered(tx: Transaction, several: Sequence[Asked], now: datetime) -> list[Question]:
    """New questions, which are to be kept (`keep`) once their messages are. Their choices come with
    the numbers to answer by: the lowest that no other open question to this member uses, nor any
    that was over so short a time ago (`apart`). The same question asked again takes the place of
    the old one, with its numbers. A question without choices is answered in words."""
    idents = sorted({asked.member_id for asked in several if asked.member_id is not None})
    taken: dict[int | None, list[Question]] = {}
    if idents:
        # Two who ask the same person at once must not both find the same numbers free.
        await members.lock(tx, idents)
        for question in await _open_to(tx, idents, now):
            taken.setdefault(question.member_id, []).append(question)
    return [await _numbered(tx, asked, taken, now) for asked in several]


async def _numbered(
    tx: Transaction, asked: Asked, taken: dict[int | None, list[Question]], now: datetime
) -> Question:
    others = taken.setdefault(asked.member_id, []) if asked.member_id is not None else []
    first = 1
    same = next((other for other in others if _is_same(other, asked)), None)
    if same:
        # The same asked once more: the old answers and the new ones mean the same.
        await answered(tx, same.id, now)
        others.remove(same)
        first = same.choices[0].number
    else:
        avoided = list(others)
        if asked.apart and asked.member_id is not None:
            but = (asked.kind, asked.ref)
            avoided += await over_since(tx, asked.member_id, now - asked.apart, but)
        numbers = {choice.number for other in avoided for choice in other.choices}
        while any(number in numbers for number in range(first, first + len(asked.choices))):
            first += 1
    question = Question(
        id=0,
        token=secrets.token_urlsafe(12),
        kind=asked.kind,
        member_id=asked.member_id,
        chat=asked.to.value,
        ref=asked.ref,
        choices=tuple(replace(each, number=n) for n, each in enumerate(asked.choices, first)),
        asked_at=now,
        heard=asked.heard,
    )
    others.append(question)
    return question


async def keep(
    tx: Transaction, put: Sequence[tuple[Asked, Question, int | None]]
) -> list[Question]:
    """Keep new questions, each with the id of the message that puts it, by which it can be edited
    when it is over; none: there is no message. As they are now, with their ids."""
    await tx.load_keys(asked.member_id for asked, _, _ in put)
    idents = await tx.add_all(
        questions,
        [
            {
                "token": question.token,
                "kind": question.kind,
                "member_id": question.member_id,
                "lane": tx.vault.fingerprint(asked.to.channel, asked.to.value),
                "ref": question.ref,
                "sealed_choices": tx.keys[question.member_id].seal_json(
                    {
                        "chat": question.chat,
                        "choices": [[c.key, c.label, c.number] for c in question.choices],
                        "heard": question.heard,
                    }
                ),
                "asked_at": question.asked_at,
                "outbox_id": outbox_id,
            }
            for asked, question, outbox_id in put
        ],
    )
    return [
        replace(question, id=ident, outbox_id=outbox_id)
        for ident, (_, question, outbox_id) in zip(idents, put, strict=True)
    ]


async def put(
    tx: Transaction,
    *,
    kind: str,
    member_id: int | None,
    to: Address,
    ref: int | None,
    choices: Sequence[Choice],
    now: datetime,
    heard: str = "",
) -> Question:
    """Note a question that has no message of its own."""
    asked = Asked(kind, member_id, to, ref, choices, heard)
    (question,) = await numbered(tx, [asked], now)
    (kept,) = await keep(tx, [(asked, question, None)])
    return kept


def _is_same(other: Question, asked: Asked) -> bool:
    keys = [choice.key for choice in asked.choices]
    return (
        bool(keys)
        and asked.ref is not None
        and (other.kind, other.ref) == (asked.kind, asked.ref)
        and [choice.key for choice in other.choices] == keys
    )


async def note_message(tx: Transaction, question_id: int, outbox_id: int) -> None:
    """Which message puts the question from now on, so that it can be edited when it is over."""
    await tx.change(questions, question_id, outbox_id=outbox_id)


async def open_to(tx: Transaction, member_id: int, now: datetime) -> list[Question]:
    """The questions a member may still answer, the latest first."""
    return await _open_to(tx, [member_id], now)


async def _open_to(tx: Transaction, member_ids: Sequence[int], now: datetime) -> list[Question]:
    since = now - timedelta(days=OPEN_DAYS)
    rows = await tx.run(_open_query(), {"members": member_ids, "since": since})
    return await _questions(tx, rows.rows)


@cache
def _open_query() -> sa.Select[Any]:
    return (
        sa.select(questions)
        .where(
            among(questions.c.member_id, "members"),
            questions.c.answered_at.is_(None),
            questions.c.closed_at.is_(None),
            questions.c.asked_at > sa.bindparam("since", type_=questions.c.asked_at.type),
        )
        .order_by(questions.c.id.desc())
    )


async def over_since(
    tx: Transaction, member_id: int, since: datetime, but: tuple[str, int | None] | None = None
) -> list[Question]:
    """What a member was asked that has been answered, or was over, since then; but for what was
    asked about this very thing (kind, ref)."""
    rows = await tx.all(
        sa.select(questions).where(
            questions.c.member_id == member_id,
            sa.or_(questions.c.answered_at > since, questions.c.closed_at > since),
        )
    )
    return [one for one in await _questions(tx, rows) if (one.kind, one.ref) != but]


async def answered_by(
    tx: Transaction, member_id: int, number: int, since: datetime
) -> Question | None:
    """The latest question since then, answered or over, in which that number was a choice."""
    rows = await tx.all(
        sa.select(questions)
        .where(
            questions.c.member_id == member_id,
            sa.or_(questions.c.answered_at.is_not(None), questions.c.closed_at.is_not(None)),
            questions.c.asked_at > since,
        )
        .order_by(questions.c.id.desc())
    )
    for question in await _questions(tx, rows):
        if any(choice.number == number for choice in question.choices):
            return question
    return None


async def by_token(tx: Transaction, token: str) -> Question | None:
    row = await tx.row(questions, token=token)
    return (await _questions(tx, [row]))[0] if row else None


async def put_by(tx: Transaction, outbox_id: int) -> Question | None:
    """The question that a message put."""
    row = await tx.row(questions, outbox_id=outbox_id)
    return (await _questions(tx, [row]))[0] if row else None


async def about(tx: Transaction, kind: str, ref: int) -> list[Question]:
    """Every question of a kind about one thing, open or not, oldest first."""
    return await about_each(tx, kind, [ref])


async def about_each(tx: Transaction, kind: str, refs: Sequence[int]) -> list[Question]:
    """Every question of a kind about any of these things, open or not, oldest first."""
    if not refs:
        return []
    rows = await tx.run(_about(), {"kind": kind, "refs": refs})
    return await _questions(tx, rows.rows)


@cache
def _about() -> sa.Select[Any]:
    return (
        sa.select(questions)
        .where(
            questions.c.kind == sa.bindparam("kind", type_=questions.c.kind.type),
            among(questions.c.ref, "refs"),
        )
        .order_by(questions.c.id)
    )


async def put_to(tx: Transaction, member_id: int, kinds: Sequence[str]) -> list[Question]:
    """Every question of these kinds that was put to a member, open or not, oldest first."""
    rows = await tx.all(
        sa.select(questions)
        .where(questions.c.member_id == member_id, questions.c.kind.in_(kinds))
        .order_by(questions.c.id)
    )
    return await _questions(tx, rows)


async def answered(tx: Transaction, question_id: int, now: datetime) -> bool:
    """Note that a question has its answer; whether it was the first."""
    values = {"of_id": question_id, "answered_at": now}
    return bool((await tx.run(_answered(), values)).rowcount)


@cache
def _answered() -> sa.Update:
    this = questions.c.id == sa.bindparam("of_id", type_=questions.c.id.type)
    return sa.update(questions).where(this, questions.c.answered_at.is_(None))


async def close(
    tx: Transaction,
    now: datetime,
    *kinds: str,
    ref: int | None = None,
    member_id: int | None = None,
) -> None:
    """These questions need no answer any more; their numbers are free."""
    about = {"of_ref": ref, "of_member": member_id}
    known = {name: value for name, value in about.items() if value is not None}
    await tx.run(_close(tuple(known)), {"kinds": kinds, "closed_at": now, **known})


@cache
def _close(known: tuple[str, ...]) -> sa.Update:
    columns = {"of_ref": questions.c.ref, "of_member": questions.c.member_id}
    return sa.update(questions).where(
        among(questions.c.kind, "kinds"),
        *(columns[name] == sa.bindparam(name, type_=columns[name].type) for name in known),
        questions.c.answered_at.is_(None),
        questions.c.closed_at.is_(None),
    )


async def close_all(tx: Transaction, now: datetime, member_id: int) -> None:
    """Nothing that somebody was asked needs an answer any more."""
    mine = (questions.c.member_id == member_id, questions.c.answered_at.is_(None))
    await tx.run(
        sa.update(questions).where(*mine, questions.c.closed_at.is_(None)).values(closed_at=now)
    )


async def _questions(tx: Transaction, rows: Sequence[Row]) -> list[Question]:
    await tx.load_keys(row["member_id"] for row in rows)
    return [_question(tx.keys[row["member_id"]], row) for row in rows]


def _question(key: Seal, row: Row) -> Question:
    facts = key.open_json(row["sealed_choices"])
    return Question(
        id=row["id"],
        token=row["token"],
        kind=row["kind"],
        member_id=row["member_id"],
        chat=facts["chat"],
        ref=row["ref"],
        choices=tuple(Choice(key, label, number) for key, label, number in facts["choices"]),
        asked_at=row["asked_at"],
        answered_at=row["answered_at"] or row["closed_at"],
        outbox_id=row["outbox_id"],
        heard=facts.get("heard", ""),
    )
