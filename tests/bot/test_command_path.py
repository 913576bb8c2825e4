"""The command as a person meets it: `--help`, wrong calls, and the way from nothing to a group."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.bot.command import KEY, TOKEN, Popround, spawned, tiny_telegram
from tests.bot.test_command_work import popround

__all__ = ["popround"]

CALLS = (
    (),
    ("demo",),
    ("serve",),
    ("check",),
    ("migrate",),
    ("groups",),
    ("groups", "add"),
    ("groups", "list"),
    ("members",),
    ("members", "import"),
    ("members", "export"),
    ("invite",),
    ("places",),
    ("places", "import"),
    ("understand",),
)


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_every_command_has_help(call: tuple[str, ...], tmp_path: Path) -> None:
    said = spawned(tmp_path, *call, "--help")
    assert said.code == 0
    assert said.out.startswith(f"Usage: {' '.join(('popround', *call))}")
    assert not said.err
    assert "..." not in said.out.partition("Commands:")[2], "a first line too long for the list"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (("frobnicate",), "No such command 'frobnicate'; see `popround --help`."),
        (("groups", "add"), "Missing argument 'name'; see `popround groups add --help`."),
        (("check", "--fast"), "No such option: --fast; see `popround check --help`."),
        (("demo", "--port", "x"), "Invalid value for '--port'"),
        (("understand", "--now", "x"), '"x" is no time such as 2026-03-01T09:30'),
        (("invite", "--group", "A", "--role", "king"), "'king' is not one of"),
    ],
)
def test_a_wrong_call_is_said_in_a_sentence(
    call: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    said = spawned(tmp_path, *call)
    assert (said.code, said.out) == (2, "")
    assert words in said.complaint


def test_a_command_alone_shows_what_it_can_do(tmp_path: Path) -> None:
    for call in ((), ("groups",)):
        said = spawned(tmp_path, *call)
        assert said.code == 2
        assert "Commands:" in said.err


def test_the_version_is_said(tmp_path: Path) -> None:
    assert re.fullmatch(r"popround \d+\.\d+\.\d+\n", spawned(tmp_path, "--version").out)


def test_help_comes_quickly(tmp_path: Path) -> None:
    began = time.monotonic()
    spawned(tmp_path, "--help")
    assert time.monotonic() - began < 2  # 0.1 s here; a busy machine is given its time


def test_from_nothing_to_a_group_with_only_a_token(
    popround: Popround, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command once as a process of its own; called again, in this one."""
    monkeypatch.delenv("POPROUND_SECRET_KEY")
    monkeypatch.setenv("COLUMNS", "80")
    env = tmp_path / ".env"
    nothing = spawned(tmp_path, "check")
    assert nothing.code == 1
    assert not list(tmp_path.iterdir()), "looking leaves nothing behind"
    assert "→ Next: make a file of settings." in nothing.out
    key = re.search(r"^    (POPROUND_SECRET_KEY=\S{43})$", nothing.out, re.MULTILINE)
    assert key
    for word in ("@BotFather", "migrate", "groups add", "invite", "serve"):
        assert word in nothing.out
    again = popround("check")
    assert key[1] not in again.out, "a new key each time"

    env.write_text(f"{key[1]}\nPOPROUND_TELEGRAM_TOKEN=\n")
    assert "→ Next: let the bot be written to." in popround("check").out
    with tiny_telegram() as url:
        env.write_text(
            f"{key[1]}\nPOPROUND_TELEGRAM_TOKEN={TOKEN}\nPOPROUND_TELEGRAM_API_URL={url}\n"
        )
        said = popround("check")
        assert (said.code, said.err) == (1, "")
        assert "Telegram knows the bot as @marsden_bot." in said.out
        assert "→ Next: set up the database.\n" in said.out
        assert "\n    popround migrate\n" in said.out
        assert not (tmp_path / "popround.db").exists()
        assert "not been set up yet; run `popround migrate`" in popround("groups", "list").complaint

        assert "set up (version" in spawned(tmp_path, "migrate").out
        assert "up to date" in popround("migrate").out
        assert "→ Next: add your group." in popround("check").out

        added = spawned(tmp_path, "groups", "add", "Marsden Neighbours", "--postcodes", "hd7, HD8")
        assert added.out.startswith("Marsden Neighbours is ready, for HD7 and HD8.\n")
        said = popround("check")
        assert said.code == 1
        assert '    popround invite --group "Marsden Neighbours" --role organiser\n' in said.out

        invited = spawned(
            tmp_path, "invite", "--group", "marsden neighbours", "--role", "organiser"
        )
        code = re.search(r"^    ([A-Z2-9]{5})-([A-Z2-9]{5})$", invited.out, re.MULTILINE)
        assert code, invited
        assert f"https://t.me/marsden_bot?start={code[1]}{code[2]}\n" in invited.out
        assert "(7 days)" in invited.out

        said = spawned(tmp_path, "check")
        assert said.code == 0
        assert "→ Next: start the bot" in said.out
        assert "has not been used" in said.out


def test_the_next_step_is_told_without_colour_and_without_symbols(tmp_path: Path) -> None:
    said = spawned(tmp_path, "check", PYTHONIOENCODING="ascii")
    assert said.out.isascii()
    assert "> NEXT   Settings" in said.out
    assert "-> Next: make a file of settings." in said.out
    assert "\x1b" not in said.out


def test_settings_that_can_not_be_used_are_told_one_a_line(tmp_path: Path) -> None:
    wrong = {"POPROUND_PORT": "none", "POPROUND_TELEGRAM_TOKEN": "a secret that nobody sees"}
    said = spawned(tmp_path, "migrate", **wrong)
    assert said.code == 1
    assert said.err.splitlines() == [
        "POPROUND_PORT must be a whole number.",
        "POPROUND_TELEGRAM_TOKEN must be as @BotFather gave it: digits, a colon, then letters.",
    ]
    said = spawned(tmp_path, "check", **wrong)
    assert (said.code, said.err) == (1, "")
    assert "→ NEXT   Settings           POPROUND_PORT must be a whole number.\n" in said.out


def test_telegram_that_refuses_the_token_is_told(tmp_path: Path) -> None:
    with tiny_telegram() as url:
        said = spawned(
            tmp_path,
            "check",
            POPROUND_SECRET_KEY=KEY,
            POPROUND_TELEGRAM_TOKEN="1:wrong",
            POPROUND_TELEGRAM_API_URL=url,
        )
    assert said.code == 1
    assert "Telegram did not answer (bad_token)." in said.out
    assert "Copy the token from @BotFather again" in said.out


def test_serve_says_why_it_does_not_start(tmp_path: Path) -> None:
    said = spawned(tmp_path, "serve")
    assert (said.code, said.complaint) == (
        1,
        "POPROUND_SECRET_KEY is not set; `popround check` makes one for you.",
    )
    said = spawned(tmp_path, "serve", POPROUND_SECRET_KEY=KEY)
    assert (said.code, said.complaint) == (
        1,
        "The database has not been set up yet; run `popround migrate`.",
    )
    assert not (tmp_path / "popround.db").exists()
