"""The log: one JSON object a line on stderr. Ids only; never names, words, numbers or tokens."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

import structlog


class _StandardError:
    """Standard error as it is at the moment, which takes no for an answer: a line that can't be
    written (a full disk, a pipe that nobody reads any more) must never undo what was being done."""

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # ValueError: it is closed
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


def set_up_logging(level: str) -> None:
    """Write what is as grave as `level` (a name that `logging` knows) or graver."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.WriteLoggerFactory(_StandardError()),  # type: ignore[arg-type]
    )
