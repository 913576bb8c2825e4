"""Open questions: what people have been asked, and which answer means what.

By text an answer is a number. Two questions that are open to one person at once never share one,
so that a late reply still lands on its own question.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping

from storage import members
from storage.database import Transaction
from storage.model import Address, Choice, Question
from storage.schema import questions
from storage.vault import Seal

OPEN_DAYS = 7
"""A question that nobody answered for so long is not open any more; its numbers are free."""


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
    apart: timedelta = timedelta(0),
) -> Question:
    """Note a new question. Its choices come back with the numbers to answer by: the lowest that no
    other open question to this member uses, nor any that was over so short a time ago (`apart`).
    The same question asked again takes the place of the old one, with its numbers. A question
    without choices is answered in words."""
    if member_id is not None:
        # Two who ask the same person at once must not both find the same numbers free.
        await members.lock(tx, [member_id])
    others = await open_to(tx, member_id, now) if member_id is not None else []
    first = 1
    same = next((other for other in others if _is_same(other, kind, ref, choices)), None)
    if same:
        # The same asked once more: the old answers and the new ones mean the same.
        await answered(tx, same.id, now)
        first = same.choices[0].number
    else:
        if apart and member_id is not None:
            others = [*others, *await _over_since(tx, member_id, now - apart, (kind, ref))]
        taken = {choice.number for other in others for choice in other.choices}
        while any(number in taken for number in range(first, first + len(choices))):
            first += 1
    numbered = tuple(replace(choice, number=first + place) for place, choice in enumerate(choices))
    token = secrets.token_urlsafe(12)
    ident = await tx.add(
        questions,
        token=token,
        kind=kind,
        member_id=member_id,
        lane=tx.vault.fingerprint(to.channel, to.value),
        ref=ref,
        sealed_choices=(await tx.key_of(member_id)).seal_json(
            {
                "chat": to.value,
                "choices": [[c.key, c.label, c.number] for c in numbered],
                "heard": heard,
            }
        ),
        asked_at=now,
    )
    return Question(ident, token, kind, member_id, to.value, ref, numbered, now, heard=heard)


def _is_same(other: Question, kind: str, ref: int | None, choices: Sequence[Choice]) -> bool:
    keys = [choice.key for choice in choices]
    return (
        bool(keys)
        and ref is not None
        and (other.kind, other.ref) == (kind, ref)
        and [choice.key for choice in other.choices] == keys
    )


async def note_message(tx: Transaction, question_id: int, outbox_id: int) -> None:
    """Which message put the question, so that it can be edited when it is over."""
    await tx.run(
        sa.update(questions).where(questions.c.id == question_id).values(outbox_id=outbox_id)
    )


async def open_to(tx: Transaction, member_id: int, now: datetime) -> list[Question]:
    """The questions a member may still answer, the latest first."""
    rows = await tx.all(
        sa.select(questions)
        .where(
            questions.c.member_id == member_id,
            questions.c.answered_at.is_(None),
            questions.c.closed_at.is_(None),
            questions.c.asked_at > now - timedelta(days=OPEN_DAYS),
        )
        .order_by(questions.c.id.desc())
    )
    return await _questions(tx, rows)


async def _over_since(
    tx: Transaction, member_id: int, since: datetime, but: tuple[str, int | None]
) -> list[Question]:
    """What a member was asked that has been answered, or was over, since then; but for what was
    asked about this very thing."""
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
    row = await tx.one(sa.select(questions).where(questions.c.token == token))
    return (await _questions(tx, [row]))[0] if row else None


async def put_by(tx: Transaction, outbox_id: int) -> Question | None:
    """The question that a message put."""
    row = await tx.one(sa.select(questions).where(questions.c.outbox_id == outbox_id))
    return (await _questions(tx, [row]))[0] if row else None


async def about(tx: Transaction, kind: str, ref: int) -> list[Question]:
    """Every question of a kind about one thing, open or not, oldest first."""
    rows = await tx.all(
        sa.select(questions)
        .where(questions.c.kind == kind, questions.c.ref == ref)
        .order_by(questions.c.id)
    )
    return await _questions(tx, rows)


async def answered(tx: Transaction, question_id: int, now: datetime) -> bool:
    """Note that a question has its answer; whether it was the first."""
    result = await tx.run(
        sa.update(questions)
        .where(questions.c.id == question_id, questions.c.answered_at.is_(None))
        .values(answered_at=now)
    )
    return bool(result.rowcount)


async def close(
    tx: Transaction,
    now: datetime,
    *kinds: str,
    ref: int | None = None,
    member_id: int | None = None,
) -> None:
    """These questions need no answer any more; their numbers are free."""
    which: list[sa.ColumnElement[bool]] = [
        questions.c.kind.in_(kinds),
        questions.c.answered_at.is_(None),
    ]
    if ref is not None:
        which.append(questions.c.ref == ref)
    if member_id is not None:
        which.append(questions.c.member_id == member_id)
    await tx.run(
        sa.update(questions).where(*which, questions.c.closed_at.is_(None)).values(closed_at=now)
    )


async def close_all(tx: Transaction, now: datetime, member_id: int) -> None:
    """Nothing that somebody was asked needs an answer any more."""
    mine = (questions.c.member_id == member_id, questions.c.answered_at.is_(None))
    await tx.run(
        sa.update(questions).where(*mine, questions.c.closed_at.is_(None)).values(closed_at=now)
    )


async def _questions(tx: Transaction, rows: Sequence[RowMapping]) -> list[Question]:
    await tx.load_keys(row["member_id"] for row in rows)
    return [_question(tx.keys[row["member_id"]], row) for row in rows]


def _question(key: Seal, row: RowMapping) -> Question:
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
