"""All chance of a process from one seed: what makes a life come out the same to the byte.

The bot draws from the system's own randomness where it must not be guessed: people's keys (from
which it is also worked out where an asker is looked for), the tokens of questions, nonces. Nothing
in a town is worth guessing, and two lives of one seed must not differ in anything.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch


@contextmanager
def one_seed(seed: int) -> Iterator[None]:
    """Meanwhile whatever asks this process for chance is given what comes of the seed: `random`,
    `secrets`, `uuid` and `os.urandom`. Never where a secret is made that is to be one."""
    drawn = random.Random(f"the system's {seed}").randbytes
    before = random.getstate()
    random.seed(f"the module's {seed}")
    try:
        # `secrets` and `random.SystemRandom` took hold of `urandom` by this name of their own.
        with patch.object(os, "urandom", drawn), patch.object(random, "_urandom", drawn):
            yield
    finally:
        random.setstate(before)
