"""Settings: what is allowed, how a mistake is told, and that `.env.example` tells all of them."""

import os
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.settings import PREFIX, Settings, SettingsError, load

EXAMPLE = Path(__file__).parents[2] / ".env.example"
SECRETS = {"TELEGRAM_TOKEN", "TELEGRAM_WEBHOOK_SECRET", "TWILIO_AUTH_TOKEN", "SECRET_KEY"}
SECRETS |= {"HEARTBEAT_URL", "OLD_SECRET_KEY"}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in list(os.environ):
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


def given(monkeypatch, **settings):
    for name, value in settings.items():
        monkeypatch.setenv(PREFIX + name, value)
    return load(None)


def test_with_nothing_set_every_default_holds():
    assert load(None) == Settings.model_construct()


@pytest.mark.parametrize(
    ("name", "value", "becomes"),
    [
        ("DATABASE_URL", "sqlite:///here.db", "sqlite+aiosqlite:///here.db"),
        ("DATABASE_URL", "postgresql://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        # as hosting companies write it
        ("DATABASE_URL", "postgres://h/d?sslmode=require", "postgresql+asyncpg://h/d?ssl=require"),
        ("PUBLIC_URL", "https://help.example.org/", "https://help.example.org"),
        ("PUBLIC_URL", "http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("PUBLIC_URL", "http://localhost:8000/", "http://localhost:8000"),
        ("TELEGRAM_API_URL", "http://10.0.0.2:8081/", "http://10.0.0.2:8081"),
        ("ALLOWED_COUNTRIES", "gb, je", "GB,JE"),
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("PUBLIC_URL", "", None),  # an empty line in .env is the default
    ],
)
def test_what_is_meant_is_put_right(monkeypatch, name, value, becomes):
    assert getattr(given(monkeypatch, **{name: value}), name.lower()) == becomes


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DATABASE_URL", "mysql://root:hunter2@h/d", "must begin with sqlite"),
        ("PUBLIC_URL", "http://help.example.org", "must be an https:// address"),
        ("PUBLIC_URL", "help.example.org", "must be an https:// address"),
        ("PUBLIC_URL", "https://help.example.org/?a=b", "must be a plain address"),
        ("PORT", "eighty", "must be a whole number"),
        ("PORT", "0", "must be at least 1"),
        ("PORT", "70000", "must be at most 65535"),
        ("TWILIO_NUMBER", "07700900000", "must be a whole phone number"),
        ("TWILIO_ACCOUNT_SID", "hunter2", "begins with AC"),
        ("TWILIO_POLL_SECONDS", "0", "must be more than 0"),
        ("TWILIO_SEGMENTS_PER_SECOND", "fast", "must be a number"),
        ("TELEGRAM_TOKEN", "hunter2", "must be as @BotFather gave it"),
        ("TELEGRAM_WEBHOOK_SECRET", "hunter 2", "must be 1 to 256"),
        ("TELEGRAM_WEBHOOK_SECRET", "h" * 257, "must be 1 to 256"),
        ("TWILIO_API_URL", "api.twilio.com", "must be an http:// or https:// address"),
        ("ALLOWED_COUNTRIES", "UK", "must be countries by their two letters"),
        ("ALLOWED_COUNTRIES", ",", "must be countries by their two letters"),
        ("PERSON_PER_MINUTE", "0", "must be at least 5"),
        ("LOG_LEVEL", "loud", "must be one of"),
    ],
)
def test_a_mistake_is_told_in_one_sentence_without_the_value(monkeypatch, name, value, words):
    with pytest.raises(SettingsError) as told:
        given(monkeypatch, **{name: value})
    text = str(told.value)
    assert text.startswith(f"{PREFIX}{name} ")
    assert words in text
    assert text.endswith(".")
    assert text.count("\n") == 0
    assert "hunter" not in text
    assert told.value.__context__ is None


def test_every_problem_has_its_own_sentence(monkeypatch):
    with pytest.raises(SettingsError) as told:
        given(monkeypatch, PORT="x", PUBLIC_URL="x", TELEGRAM_TOKEN="x")
    assert [line.split()[0] for line in str(told.value).splitlines()] == [
        "POPROUND_PUBLIC_URL",
        "POPROUND_PORT",
        "POPROUND_TELEGRAM_TOKEN",
    ]


def test_a_telegram_webhook_needs_a_secret(monkeypatch):
    with pytest.raises(SettingsError, match="TELEGRAM_WEBHOOK_SECRET is needed"):
        given(monkeypatch, PUBLIC_URL="https://x.example", TELEGRAM_TOKEN="1:a")
    settings = given(monkeypatch, TELEGRAM_WEBHOOK_SECRET="s")
    assert settings.telegram_webhook_secret == SecretStr("s")


@pytest.mark.parametrize("left_out", ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_NUMBER"])
def test_the_three_of_twilio_come_together(monkeypatch, left_out):
    three = {
        "TWILIO_ACCOUNT_SID": "AC1",
        "TWILIO_AUTH_TOKEN": "hunter2",
        "TWILIO_NUMBER": "+447700900000",
    }
    three.pop(left_out)
    with pytest.raises(SettingsError, match=f"^POPROUND_{left_out} is needed"):
        given(monkeypatch, **three)


def test_secrets_and_the_database_password_are_never_shown(monkeypatch):
    shown = given(
        monkeypatch,
        DATABASE_URL="postgresql://u:hunter2@h/d",
        TELEGRAM_TOKEN="1:hunter2",
        TELEGRAM_WEBHOOK_SECRET="hunter2",
        SECRET_KEY="hunter2",
        HEARTBEAT_URL="https://beats.example/hunter2",
    )
    assert "hunter2" not in repr(shown)
    assert {
        n.upper() for n, f in Settings.model_fields.items() if "Secret" in str(f.annotation)
    } == (SECRETS)


def test_the_environment_goes_before_the_file(monkeypatch, tmp_path):
    file = tmp_path / ".env"
    file.write_text("POPROUND_PORT=1111\nPOPROUND_HOST=0.0.0.0\nSOMEBODY_ELSES=1\n")
    monkeypatch.setenv("POPROUND_PORT", "2222")
    settings = load(file)
    assert (settings.port, settings.host) == (2222, "0.0.0.0")


def test_a_file_that_is_not_text_is_told(tmp_path):
    file = tmp_path / ".env"
    file.write_bytes(b"POPROUND_HOST=\xff\xfe")
    with pytest.raises(SettingsError, match="can't be read"):
        load(file)


def test_every_setting_is_in_the_example_and_nothing_else():
    line = re.compile(r"^(# )?(POPROUND_[A-Z_]+)=(.*)$", re.M)
    told = {name: (mark, value) for mark, name, value in line.findall(EXAMPLE.read_text())}
    assert set(told) == {PREFIX + name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        mark, value = told[PREFIX + name.upper()]
        if field.default is None:
            assert (mark, value) == ("", ""), f"{name}: to be filled in"
        else:
            assert (mark, value) == ("# ", str(field.default)), f"{name}: its default, commented"


def test_every_setting_is_explained_in_the_example_as_in_the_code():
    words = re.sub(r"\s+", " ", re.sub(r"^# ?", "", EXAMPLE.read_text(), flags=re.M))
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description in words, name


def test_the_example_is_itself_a_good_file():
    assert load(EXAMPLE) == load(None)
