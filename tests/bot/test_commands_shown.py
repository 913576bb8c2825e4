"""Each chat shows the commands that go with what the person is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from storage import members
from storage.model import Address, Channel, Role, Standing
from tests.stage import stage


async def test_a_chat_lists_what_its_person_can_do(database_url: str) -> None:
    async with stage(database_url, datetime(2026, 11, 3, 10, tzinfo=UTC)) as on:
        ana, stranger = on.telegram.person("Ana"), on.telegram.person("Jo")
        for person in (ana, stranger):
            await on.telegram.says(person, "/start")
        await on.settle()
        async with on.bot.database.transaction() as tx:
            found = await members.find(tx, Address(Channel.TELEGRAM, str(ana)))
            assert found
            both = frozenset({Role.ORGANISER, Role.HELPER})
            await members.save(tx, replace(found, name="Ana", roles=both, standing=Standing.ACTIVE))
        await on.telegram.says(ana, "/start")
        await on.settle()

        def shown(user: int) -> list[str]:
            return [command["command"] for command in on.telegram.commands_for(user)]

        assert shown(stranger) == ["start", "help"]
        helps, organises = (
            ["pause", "hours", "onduty", "offduty"],
            ["open", "waiting", "broadcast", "replies", "duty", "note"],
        )
        assert shown(ana) == ["start", "help", *helps, *organises, "texts", "more"]
        # Every one of them does something, other than not being followed.
        for command in shown(ana):
            seen = len(on.telegram.from_bot(ana))
            await on.telegram.says(ana, f"/{command}")
            await on.settle()
            said = [message.text for message in on.telegram.from_bot(ana)[seen:]]
            assert said and not any("didn't follow" in words for words in said), command
