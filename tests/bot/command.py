"""What the tests of the command share: running it, in this process or as one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bot.__main__ import main

ROOT = Path(__file__).parents[2]
KEY = "a-secret-key-for-tests-only-0123456789"
TOKEN = "123456:test-token"


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one sentence on stderr."""
        lines = self.err.strip().splitlines()
        assert len(lines) == 1, self.err
        return lines[0]


class Popround:
    """The command, called in this process."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd

    def __call__(self, *arguments: str | Path) -> Said:
        self._capfd.readouterr()
        code = main([str(each) for each in arguments])
        said = self._capfd.readouterr()
        assert "Traceback" not in said.err
        return Said(code, said.out, said.err)

    def well(self, *arguments: str | Path) -> str:
        """Call it, expecting that it goes well; what it said."""
        said = self(*arguments)
        assert said.code == 0, said
        return said.out


def subprocess_environment(**settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("POPROUND_")}
    return kept | {"PYTHONPATH": str(ROOT), "COLUMNS": "80", "LC_ALL": "C.UTF-8"} | settings


def spawned(folder: Path, *arguments: str, given: bytes = b"", **settings: str) -> Said:
    """The command as a process of its own, in that folder."""
    ran = subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env=subprocess_environment(**settings),
        input=given,
        capture_output=True,
        timeout=60,
        check=False,
    )
    said = Said(ran.returncode, ran.stdout.decode(), ran.stderr.decode())
    assert "Traceback" not in said.err, said.err
    return said


@contextmanager
def tiny_telegram() -> Iterator[str]:
    """Enough of Telegram to be asked who the bot is; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            name = self.path.rpartition("/")[2]
            status, answer = 200, {"ok": True, "result": ANSWERS.get(name, True)}
            if TOKEN not in self.path:
                status = 401
                answer = {"ok": False, "error_code": 401, "description": "Unauthorized"}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


ANSWERS = {
    "getMe": {"id": 123456, "is_bot": True, "first_name": "Marsden", "username": "marsden_bot"},
    "getWebhookInfo": {"url": "", "has_custom_certificate": False, "pending_update_count": 0},
}
