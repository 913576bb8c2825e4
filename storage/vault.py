"""Keeps what people tell us unreadable to whoever finds the disk.

Names, addresses, phone numbers, chat ids and message bodies are sealed with AES-256-GCM under a
key derived from `POPROUND_SECRET_KEY`; what must be found again (a phone number) is looked up by a
keyed fingerprint (HMAC-SHA256). Nothing here is stored anywhere but in the sealed values.
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


class WrongKeyError(Exception):
    """The database was sealed with another POPROUND_SECRET_KEY."""


class Vault:
    """Seals and opens values, and fingerprints them."""

    def __init__(self, secret: str) -> None:
        """Raises:
        ValueError: if the secret is too short to be one.
        """
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(f"the secret key must have at least {SHORTEST_SECRET} characters")
        self._aead = AESGCM(_derive(secret, b"popround seal v1"))
        self._print_key = _derive(secret, b"popround fingerprint v1")

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

    def fingerprint(self, *parts: str) -> str:
        """32 hexadecimal digits that stand for these words, and can't be worked back."""
        joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
        return hmac.digest(self._print_key, joined, "sha256").hex()[:32]


@lru_cache(maxsize=8)
def _derive(secret: str, info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(secret.encode())
