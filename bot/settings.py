"""What can be set from outside: the environment or `.env`, names beginning with `POPROUND_`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from storage.numbers import countries_in

PREFIX = "POPROUND_"


class SettingsError(Exception):
    """Settings that can't be used: one plain sentence a problem, one a line, naming the setting."""


class Settings(BaseSettings):
    """Every setting, its default and what it is for. `.env.example` says the same (tested)."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        str_strip_whitespace=True,
    )

    database_url: str = Field(
        "sqlite+aiosqlite:///popround.db",
        repr=False,
        description="Where everything is kept: sqlite+aiosqlite:///FILE, or "
        "postgresql+asyncpg://USER:PASSWORD@HOST/NAME.",
    )
    public_url: str | None = Field(
        None,
        description="The https address at which Telegram and Twilio reach this bot. Left empty "
        "(a computer at home), both are asked for news every few seconds instead.",
    )
    host: str = Field("127.0.0.1", description="The address that the web server listens on.")
    port: int = Field(8000, ge=1, le=65535, description="The port that the web server listens on.")
    telegram_token: SecretStr | None = Field(
        None, description="The bot's token, from @BotFather. Empty: no Telegram."
    )
    telegram_api_url: str = Field(
        "https://api.telegram.org", description="Another server that speaks the Telegram Bot API."
    )
    telegram_webhook_secret: SecretStr | None = Field(
        None,
        description="What Telegram says with each call to prove that it is Telegram: 1 to 256 of "
        "A-Z a-z 0-9 _ -, of your own making. Needed with a public address.",
    )
    telegram_messages_per_second: float = Field(
        30, gt=0, le=1000, description="How many Telegram messages may go out in a second."
    )
    twilio_account_sid: str | None = Field(
        None, description="Twilio's name for your account (AC...). Empty: no texts."
    )
    twilio_auth_token: SecretStr | None = Field(
        None, description="The auth token of that account, from the Twilio console."
    )
    twilio_number: str | None = Field(
        None, description="The number that people text, as +44... (it must be able to do SMS)."
    )
    twilio_api_url: str = Field(
        "https://api.twilio.com", description="Another server that speaks Twilio's REST API."
    )
    twilio_segments_per_second: float = Field(
        1, gt=0, le=1000, description="How many parts of texts the number may send in a second."
    )
    twilio_poll_seconds: float = Field(
        5,
        gt=0,
        le=3600,
        description="Seconds between asking Twilio for new texts, "
        "where there is no public address.",
    )
    allowed_countries: str = Field(
        "GB",
        description="The countries whose numbers are texted, by their two letters, such as GB,IE. "
        "Any other is never texted, whoever writes: a bot that texts any number pays thieves who "
        "own dear ones. Jersey, Guernsey and the Isle of Man are their own (JE, GG, IM), and cost "
        "more than Britain.",
    )
    person_per_minute: int = Field(
        20,
        ge=5,
        description="How many messages of one person are answered within a minute. Quick fingers "
        "on buttons come to about ten. Emergencies and STOP always are.",
    )
    person_per_hour: int = Field(
        80,
        ge=20,
        description="The same within an hour: joining and asking take about ten each, an organiser "
        "on a busy evening forty.",
    )
    person_per_day: int = Field(
        250,
        ge=50,
        description="The same within a day: with two parts an answer the dearest that one person "
        "can be.",
    )
    strangers_per_block: int = Field(
        8,
        ge=1,
        description="How many new people are answered within an hour whose numbers differ in their "
        "last three digits only. Neighbours have numbers of every kind; whoever rents numbers gets "
        "them in a row.",
    )
    strangers_per_hour: int = Field(
        100,
        ge=5,
        description="How many new people are answered within an hour in all, by text and on "
        "Telegram each. A leaflet through every door brings some tens.",
    )
    daily_segments: int = Field(
        1000,
        ge=0,
        description="How many parts of texts a group may send in a day, by its own clocks, unless "
        "`popround groups cap` says otherwise: a broadcast in two parts to 300 people and an "
        "ordinary day beside it. 0: as many as it likes. What may not wait goes all the same.",
    )
    keep_messages_days: int = Field(
        7,
        ge=3,
        le=90,
        description="How many days the words of messages are kept, in and out. After that it is "
        "known that there was a message, and what became of it, and not what it said.",
    )
    secret_key: SecretStr | None = Field(
        None,
        description="Encrypts addresses and notes where they are kept. Keep a copy somewhere safe: "
        "without it they can't be read again. `popround check` tells how to make one.",
    )
    old_secret_key: SecretStr | None = Field(
        None,
        description="The secret key before this one, for `popround rotate-key` alone. Take it out "
        "again once that has come to its end.",
    )
    price_per_segment: float | None = Field(
        None,
        ge=0,
        description="What one part of a text costs you, in pence, for the organisers' daily note. "
        "Empty: the note tells the parts and no cost.",
    )
    heartbeat_url: SecretStr | None = Field(
        None,
        description="An address that is called every minute while all is well, so that silence "
        "raises the alarm elsewhere. Whoever knows it can feign that all is well.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="How much is logged: DEBUG, INFO, WARNING or ERROR."
    )

    @field_validator("database_url")
    @classmethod
    def _database(cls, url: str) -> str:
        """A database by its plain name is opened with the driver that we have."""
        url = re.sub(r"^(postgres|postgresql)://", "postgresql+asyncpg://", url)
        url = re.sub(r"^sqlite://", "sqlite+aiosqlite://", url)
        if url.startswith("postgresql+asyncpg://"):
            return re.sub(r"([?&])sslmode=", r"\1ssl=", url)  # libpq's word; asyncpg says `ssl`
        if url.startswith("sqlite+aiosqlite://"):
            return url
        raise ValueError("must begin with sqlite+aiosqlite:// or postgresql+asyncpg://")

    @field_validator("public_url")
    @classmethod
    def _public(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        loopback = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not parts.hostname or not (
            parts.scheme == "https" or (parts.scheme == "http" and loopback)
        ):
            raise ValueError("must be an https:// address (http:// for this computer only)")
        if parts.query or parts.fragment or parts.username:
            raise ValueError("must be a plain address, without a name, ? or # in it")
        return url.rstrip("/")

    @field_validator("telegram_api_url", "twilio_api_url")
    @classmethod
    def _api(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an http:// or https:// address")
        return url.rstrip("/")

    @field_validator("heartbeat_url")
    @classmethod
    def _heartbeat(cls, url: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(url.get_secret_value() if url else "http://none")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be an http:// or https:// address")
        return url

    @field_validator("telegram_token")
    @classmethod
    def _token(cls, token: SecretStr | None) -> SecretStr | None:
        if token and not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", token.get_secret_value()):
            raise ValueError("must be as @BotFather gave it: digits, a colon, then letters")
        return token

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _secret(cls, secret: SecretStr | None) -> SecretStr | None:
        # The limits are Telegram's: Bot API, setWebhook, secret_token.
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret.get_secret_value()):
            raise ValueError("must be 1 to 256 of the characters A-Z a-z 0-9 _ -")
        return secret

    @field_validator("twilio_account_sid")
    @classmethod
    def _sid(cls, sid: str | None) -> str | None:
        if sid and not re.fullmatch(r"AC[A-Za-z0-9]+", sid):
            raise ValueError("must be the account's name at Twilio, which begins with AC")
        return sid

    @field_validator("twilio_number")
    @classmethod
    def _number(cls, number: str | None) -> str | None:
        if number is None:
            return None
        number = re.sub(r"[\s()-]", "", number)
        if not re.fullmatch(r"\+[1-9]\d{6,14}", number):
            raise ValueError("must be a whole phone number beginning with + (such as +44...)")
        return number

    @field_validator("allowed_countries")
    @classmethod
    def _countries(cls, words: str) -> str:
        return ",".join(countries_in(words))

    @property
    def countries(self) -> tuple[str, ...]:
        """`allowed_countries`, one by one."""
        return tuple(self.allowed_countries.split(","))

    @field_validator("log_level", mode="before")
    @classmethod
    def _level(cls, level: object) -> object:
        return level.strip().upper() if isinstance(level, str) else level

    @model_validator(mode="after")
    def _together(self) -> Settings:
        """What one setting needs of another."""
        problems = []
        if self.public_url and self.telegram_token and not self.telegram_webhook_secret:
            problems.append(
                f"{PREFIX}TELEGRAM_WEBHOOK_SECRET is needed, because {PREFIX}PUBLIC_URL "
                f"and {PREFIX}TELEGRAM_TOKEN are set."
            )
        twilio = ("twilio_account_sid", "twilio_auth_token", "twilio_number")
        missing = [PREFIX + name.upper() for name in twilio if not getattr(self, name)]
        if 0 < len(missing) < len(twilio):
            are = "is" if len(missing) == 1 else "are"
            problems.append(
                f"{' and '.join(missing)} {are} needed, because Twilio's settings go together."
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self


def load(env_file: str | Path | None = ".env") -> Settings:
    """The settings, from the environment first and `env_file` second.

    Raises:
        SettingsError: one plain sentence a problem. It never holds the value that was set.
    """
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        problems = "\n".join(_sentence(problem) for problem in found)
    except (OSError, UnicodeError):
        problems = f"The file {env_file} can't be read."
    raise SettingsError(problems)  # outside the except: pydantic's own words may hold a value


_PLAIN = {
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be one of {expected}",
}
"""What pydantic calls a problem, as we say it."""


def _sentence(problem: Any) -> str:
    context = problem.get("ctx", {})
    if problem["type"] == "value_error":
        words = str(context["error"])
    else:
        words = _PLAIN.get(problem["type"], "can't be read").format_map(context)
    if not problem["loc"]:
        return words  # about several settings; it names them itself
    return f"{PREFIX}{str(problem['loc'][0]).upper()} {words}."
