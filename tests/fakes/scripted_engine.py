"""An engine of a version that this machine has not got: scripted, on a Unix socket."""
from __future__ import annotations

import json
import re
import socketserver
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

ID = "4f" * 32


class ScriptedEngine(socketserver.ThreadingUnixStreamServer):
    """Speaks the API versions from `oldest` to `version`, answers all alike; refuses others as moby does.

    `asked` has each request's method, path, query and body; `unversioned`: whether it answers without a version;
    `tells`: whether it says its version in every answer's head, as engines do.
    """

    daemon_threads = True

    def __init__(self, path: str, version: str) -> None:
        super().__init__(path, _Handler)
        self.version, self.oldest, self.unversioned = version, "1.24", True
        self.tells = True
        self.answers: dict[str, tuple[int, Any]] = {}  # status and body, by the path behind the version
        self.asked: list[tuple[str, str, dict[str, list[str]], Any]] = []


def numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedEngine

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, split.path, parse_qs(split.query), json.loads(body) if body else None))
        said = self._refusal(split.path)
        answer = {"message": said} if said else {"Version": "28.3.0", "ApiVersion": self.server.version, "Id": ID,
                                                 "MinAPIVersion": self.server.oldest}
        status = 400 if said else 201 if self.command == "POST" else 200
        if not said:
            status, answer = self.server.answers.get(re.sub(r"^/v[0-9.]+", "", split.path), (status, answer))
        data = json.dumps(answer).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if self.server.tells:
            self.send_header("Api-Version", self.server.version)
        self.end_headers()
        self.wfile.write(data)

    def _refusal(self, path: str) -> str | None:
        spoken = re.match(r"/v(\d+)\.(\d+)/", path)
        if spoken is None:
            return None if self.server.unversioned else "client version is needed"
        version = f"{spoken[1]}.{spoken[2]}"
        if numbers(version) > numbers(self.server.version):
            return f"client version {version} is too new. Maximum supported API version is {self.server.version}"
        if numbers(version) < numbers(self.server.oldest):
            return (f"client version {version} is too old. Minimum supported API version is {self.server.oldest}, "
                    "please upgrade your client to a newer version")
        return None

    do_POST = do_DELETE = do_GET  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        return

    def address_string(self) -> str:
        return "test"
