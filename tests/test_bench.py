"""The bench goes on measuring what it says: both bots carry conversations through to their end."""

from __future__ import annotations

from pathlib import Path

from tests.bench import beside, measures


async def test_both_bots_carry_the_same_conversations_through(tmp_path: Path) -> None:
    urls = {"SQLite": measures.sqlite_url(tmp_path)}
    ours, plain = await beside.effect(urls, tmp_path, 1, 2, 2, lambda *_: None)
    assert (ours[0], plain[0]) == ("Popround, SQLite", beside.PLAIN)
    # Each a question, five asked at least, where to go, who comes, thanks to both.
    assert float(plain[-1]) > 10 and float(ours[-1]) > 10
