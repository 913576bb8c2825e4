"""Keeps what people tell us unreadable to whoever finds the disk.

Names, addresses, phone numbers, chat ids and message bodies are sealed with AES-256-GCM under a
random key of each person's own, which is itself sealed (wrapped) under one derived from
`POPROUND_SECRET_KEY`: once the wrapped key is destroyed, nobody can read what it sealed, wherever a
copy lies. What is nobody's own is sealed under the derived key. What must be found again (a phone
number) is looked up by a keyed fingerprint (HMAC-SHA256).
"""

from __future__ import annotations

import hmac
import json
import os
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12
"""Bytes; what NIST SP 800-38D recommends for GCM. Random ones are safe for 2**32 values a key."""

TAG = 16
"""Bytes that GCM puts at the end to tell whether anything was altered."""

SHORTEST_SECRET = 32
"""Characters: about 190 bits where they are random letters and digits."""

KEY = 32
"""Bytes of a person's key: AES-256."""

WRAPPED = NONCE + KEY + TAG

DESTROYED = bytes(WRAPPED)
"""What stands in the place of a key that was destroyed: as long as the key was, so that SQLite
writes it over the very bytes."""


def new_key() -> bytes:
    """A random key for somebody new."""
    return os.urandom(KEY)


class WrongKeyError(Exception):
    """The database was sealed with another POPROUND_SECRET_KEY."""


class Seal:
    """Seals and opens values with one key."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)
        self._key = key

    def chance(self, *parts: str) -> int:
        """A number below 2**128 that stands for these words under this key: always the same, and
        known to nobody without it."""
        info = "\x1f".join(("popround chance v1", *parts)).encode()
        return int.from_bytes(hmac.digest(self._key, info, "sha256")[:16], "big")

    def seal(self, text: str) -> bytes:
        """The text, unreadable. Empty stays empty, so that "none given" needs no key to be seen."""
        if not text:
            return b""
        nonce = os.urandom(NONCE)
        return nonce + self._aead.encrypt(nonce, text.encode("utf-8", "surrogatepass"), None)

    def open(self, sealed: bytes | None) -> str:
        """What was sealed.

        Raises:
            WrongKeyError: if it was sealed with another key, or altered.
        """
        if not sealed:
            return ""
        if len(sealed) < NONCE + TAG:
            raise WrongKeyError("this was never sealed, or has been cut short")
        try:
            clear = self._aead.decrypt(sealed[:NONCE], sealed[NONCE:], None)
        except InvalidTag:
            raise WrongKeyError("this was sealed with another secret key") from None
        return clear.decode("utf-8", "surrogatepass")

    def seal_json(self, value: Any) -> bytes:
        return self.seal(json.dumps(value, separators=(",", ":")))

    def open_json(self, sealed: bytes) -> Any:
        return json.loads(self.open(sealed))


class Forgotten(Seal):
    """The key of somebody who was forgotten: nothing can be read any more, nor kept."""

    def __init__(self) -> None:
        """It has no key."""

    def chance(self, *parts: str) -> int:
        return 0

    def seal(self, text: str) -> bytes:
        return b""

    def open(self, sealed: bytes | None) -> str:
        return ""

    def open_json(self, sealed: bytes) -> Any:
        raise WrongKeyError("whose this was has been forgotten")


class Vault(Seal):
    """Seals what is nobody's own, wraps people's keys, and fingerprints."""

    def __init__(self, secret: str) -> None:
        """Raises:
        ValueError: if the secret is too short to be one.
        """
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(f"the secret key must have at least {SHORTEST_SECRET} characters")
        super().__init__(_derive(secret, b"popround seal v1"))
        self._wrap = AESGCM(_derive(secret, b"popround wrap v1"))
        self._print_key = _derive(secret, b"popround fingerprint v1")

    def wrap(self, member_id: int, key: bytes) -> bytes:
        """A member's key as it is kept: `WRAPPED` bytes, of use for this member alone."""
        nonce = os.urandom(NONCE)
        return nonce + self._wrap.encrypt(nonce, key, b"%d" % member_id)

    def unwrap(self, member_id: int, wrapped: bytes) -> bytes:
        """A member's key; empty if it was destroyed.

        Raises:
            WrongKeyError: if it was wrapped with another secret key, or for another member.
        """
        if wrapped == DESTROYED:
            return b""
        try:
            return self._wrap.decrypt(wrapped[:NONCE], wrapped[NONCE:], b"%d" % member_id)
        except (InvalidTag, ValueError):
            raise WrongKeyError("this was sealed with another secret key") from None

    def fingerprint(self, *parts: str) -> str:
        """32 hexadecimal digits that stand for these words, and can't be worked back."""
        joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
        return hmac.digest(self._print_key, joined, "sha256").hex()[:32]


@lru_cache(maxsize=8)
def _derive(secret: str, info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret.encode())
