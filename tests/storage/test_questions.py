"""Open questions never share a number, whoever asks and whenever."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import questions
from storage.database import Database, Transaction
from storage.model import Address, Channel, Choice, Question
from tests.made import NOW, ROSA, asker, group, joined

TO = Address(Channel.SMS, ROSA)


async def put(tx: Transaction, choices: int, now: object = NOW, ref: int | None = None) -> Question:
    return await questions.put(
        tx,
        kind="offer",
        member_id=1,
        to=TO,
        ref=ref,
        choices=[Choice(f"k{n}", f"Label {n}") for n in range(choices)],
        now=now,  # type: ignore[arg-type]
    )


def numbers(*found: Question) -> list[int]:
    return [choice.number for question in found for choice in question.choices]


@pytest.fixture
async def rosa(database: Database) -> Database:
    async with database.transaction() as tx:
        await group(tx)
        await joined(tx, asker(), TO)
    return database


STEPS = st.lists(
    st.tuples(st.sampled_from(("put", "answer", "close", "day")), st.integers(0, 4)), max_size=25
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(STEPS)
async def test_no_two_open_questions_share_a_number(
    rosa: Database, steps: list[tuple[str, int]]
) -> None:
    now = NOW
    async with rosa.transaction() as tx:
        for step, n in steps:
            still = await questions.open_to(tx, 1, now)
            if step == "put":
                await put(tx, n, now, ref=n)
            elif step == "answer" and still:
                assert await questions.answered(tx, still[n % len(still)].id, now)
            elif step == "close":
                await questions.close(tx, now, "offer", ref=n)
            elif step == "day":
                now += timedelta(days=n)
            found = await questions.open_to(tx, 1, now)
            used = numbers(*found)
            assert len(used) == len(set(used))
            assert all(number >= 1 for number in used)
        await questions.close(tx, now, "offer")
        assert await questions.open_to(tx, 1, now) == []
        # With nothing open, they begin at 1 again.
        assert numbers(await put(tx, 2, now)) == [1, 2]
        await questions.close(tx, now, "offer")


async def test_the_lowest_numbers_that_are_free_are_given(rosa: Database) -> None:
    async with rosa.transaction() as tx:
        first, second = await put(tx, 2), await put(tx, 2)
        assert (numbers(first), numbers(second)) == ([1, 2], [3, 4])
        await questions.answered(tx, first.id, NOW)
        assert numbers(await put(tx, 3)) == [5, 6, 7]
        assert numbers(await put(tx, 2)) == [1, 2]


async def test_questions_put_together_share_no_number_either(rosa: Database) -> None:
    def offer(ref: int, member_id: int | None = 1) -> questions.Asked:
        labels = [Choice("accept", "I'll do it"), Choice("decline", "Not today")]
        return questions.Asked("offer", member_id, TO, ref, labels)

    async with rosa.transaction() as tx:
        several = [offer(1), offer(2), offer(3, None)]
        found = await questions.numbered(tx, several, NOW)
        assert numbers(*found) == [1, 2, 3, 4, 1, 2]
        kept = await questions.keep(tx, [(several[n], one, 70 + n) for n, one in enumerate(found)])
        assert [await questions.by_token(tx, one.token) for one in found] == kept
        assert [one.outbox_id for one in kept] == [70, 71, 72]


async def test_two_who_ask_one_person_at_once_give_different_numbers(rosa: Database) -> None:
    async def one() -> list[int]:
        async with rosa.transaction() as tx:
            await questions.open_to(tx, 1, NOW)  # both have looked before either asks
            return numbers(await put(tx, 2))

    for _ in range(10):
        found = await asyncio.gather(*(one() for _ in range(4)))
        used = [number for each in found for number in each]
        assert sorted(used) == list(range(1, 9))
        async with rosa.transaction() as tx:
            await questions.close(tx, NOW, "offer")


async def test_a_question_comes_back_as_it_was_put(rosa: Database) -> None:
    async with rosa.transaction() as tx:
        made = await put(tx, 2, ref=7)
        await questions.note_message(tx, made.id, 5)
        (found,) = await questions.open_to(tx, 1, NOW)
        assert found == await questions.by_token(tx, made.token)
        assert (found.choices, found.chat, found.ref) == (made.choices, ROSA, 7)
        assert found.outbox_id == 5
        assert await questions.about(tx, "offer", 7) == [found]
        assert await questions.by_token(tx, "another") is None


async def test_only_the_first_answer_is_the_first(rosa: Database) -> None:
    async with rosa.transaction() as tx:
        made = await put(tx, 2)
        assert await questions.answered(tx, made.id, NOW)
        assert not await questions.answered(tx, made.id, NOW)
        late = await questions.answered_by(tx, 1, 2, NOW - timedelta(days=7))
        assert late and late.id == made.id
        assert await questions.answered_by(tx, 1, 3, NOW - timedelta(days=7)) is None


async def test_after_a_week_a_question_is_not_open_and_its_numbers_are_free(
    rosa: Database,
) -> None:
    async with rosa.transaction() as tx:
        await put(tx, 2)
        later = NOW + timedelta(days=questions.OPEN_DAYS)
        assert await questions.open_to(tx, 1, later) == []
        assert numbers(await put(tx, 2, later)) == [1, 2]
