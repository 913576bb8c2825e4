"""The bot in processes of their own, to be killed: `python -m tests.bot.serve_process`.

Reads settings from the environment. Each line on standard input begins a new life of `serve`, whose
process id is answered on standard output. The line is JSON: a `port`, and what else is to be
otherwise in that life (`public_url`, and what `tests.bot.cluster_life` knows). Lives are forked, so
that what is slow to import is imported once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import timedelta

from bot import sender, unknowns
from bot.app import serve
from bot.channels import telegram, twilio_sms  # noqa: F401 (imported once, for every life)
from bot.settings import load
from handlers import broadcast_run
from tests.bot import cluster_life

# Nobody waits for a test: what is asked after some seconds in life is asked at once here.
unknowns.LOOK_AFTER = unknowns.TAKEN_OVER = unknowns.ASK_AGAIN = timedelta(seconds=1)
REAL_LEASE_SECONDS = sender.LEASE_SECONDS
sender.LEASE_SECONDS = 1.5
broadcast_run.LOOK = timedelta(seconds=0.2)


def main() -> None:
    """Begin lives until nobody asks for more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever was killed is not to be waited for
    settings = load(None)
    for line in sys.stdin:
        life = os.fork()
        if not life:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            facts = json.loads(line)
            cluster_life.begin(facts.pop("life", {}), REAL_LEASE_SECONDS)
            os._exit(serve(settings.model_copy(update=facts)))
        sys.stdout.write(f"{life}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
