"""An engine that only listens: it records what the docker command line asks it to create, and refuses.

With it the installed command line becomes the judge of our own reading of its options, without a container being made.
"""
from __future__ import annotations

import http.server
import json
import socketserver
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.patience import SLOW


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    recorded: dict[str, Any] | None = None
    api = "1.41"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def address_string(self) -> str:
        return "unix"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nobody reads it."""

    def do_HEAD(self) -> None:
        self._answer(200)

    def do_GET(self) -> None:
        self._answer(200)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "/containers/create" in self.path:
            self.server.recorded = json.loads(body)
        self._answer(500)

    def _answer(self, status: int) -> None:
        body = b'{"message": "recorded"}'
        self.send_response(status)
        for name, value in (("Content-Type", "application/json"), ("Api-Version", self.server.api), ("Ostype", "linux"),
                            ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class CreateRecorder:
    """`with CreateRecorder(folder) as recorder: recorder.payload(words)`."""

    def __init__(self, folder: Path, api: str = "1.41") -> None:
        self._socket = folder / "engine.sock"
        self._server = _Server(str(self._socket), _Handler)
        self._server.api = api
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> CreateRecorder:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def payload(self, words: Sequence[str]) -> dict[str, Any] | str:
        """The create payload for `docker run WORDS`, or the command line's own complaint."""
        self._server.recorded = None
        done = subprocess.run(["docker", "-H", f"unix://{self._socket}", "run", *words], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, timeout=60 * SLOW)
        return done.stderr if self._server.recorded is None else self._server.recorded
