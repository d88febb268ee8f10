"""A web server with files that behave: versions, redirects, logins, errors, and answers that break
off.
"""
from __future__ import annotations

import base64
import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

JOE = "Basic " + base64.b64encode(b"joe:s3cret").decode()


class Web(http.server.ThreadingHTTPServer):
    """`files` by path; `asked` has what was asked for, in order, with the status of each answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.tags = True  # whether files have an ETag
        self.failures: dict[str, int] = {}  # how often a path is answered with 503 at first
        self.asked: list[tuple[str, int]] = []
        self.logins: list[str | None] = []

    def url(self, path: str, login: str = "") -> str:
        return f"http://{login}127.0.0.1:{self.server_port}{path}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Web
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path
        self.server.logins.append(self.headers.get("Authorization"))
        if self.server.failures.get(path, 0) > 0:
            self.server.failures[path] -= 1
            self._answer(503)
        elif path.startswith("/redirect"):
            self._answer(302, headers={"Location": path.removeprefix("/redirect")})
        elif path.startswith("/login/") and self.headers.get("Authorization") != JOE:
            self._answer(401)
        elif path == "/short":
            self._answer(200, b"abc", {"Content-Length": "1000"})
            self.close_connection = True
        elif path == "/stall":
            self._answer(200, b"abc", {"Content-Length": "1000"})
            time.sleep(30)
        elif (data := self.server.files.get(path.removeprefix("/login"))) is None:
            self._answer(404)
        else:
            self._file(data)

    def _file(self, data: bytes) -> None:
        tag = f'"{hash(data)}"'
        if self.server.tags and self.headers.get("If-None-Match") == tag:
            self._answer(304)
            return
        self._answer(200, data, {"ETag": tag} if self.server.tags else {})

    def _answer(self, status: int, body: bytes = b"",
                headers: dict[str, str] | None = None) -> None:
        self.server.asked.append((self.path, status))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def web_server() -> Iterator[Web]:
    web = Web()
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield web
    finally:
        web.shutdown()
        thread.join()
        web.server_close()
