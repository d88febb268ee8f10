"""A proxy in front of a registry that misbehaves as a test says."""
from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.docker.registry import PATIENCE, Registry

Fault = Callable[[str], int | None]
"""Asked with each request's path: an HTTP status to answer with, minus N to stall before the body's last N bytes."""


class RegistryProxy:
    """Answers what `fault` says, or what the registry says; started by `with`."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.fault: Fault = lambda _: None
        self.asked: list[str] = []
        self.stalled = threading.Event()  # somebody waits for the rest of a body
        self.go_on = threading.Event()
        self._server = _Server(self)
        self.port = self._server.server_port

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def __enter__(self) -> RegistryProxy:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy: RegistryProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.1"  # a TLS hello is answered in HTTP: so engines fall back to it
    server: _Server

    def do_GET(self) -> None:
        proxy = self.server.proxy
        proxy.asked.append(self.path)
        fault = proxy.fault(self.path)
        if fault is not None and fault > 0:
            self._refuse(fault)
            return
        body = self._pass_on(proxy.registry.port)
        if fault is not None:
            self.wfile.write(body[:fault])
            proxy.stalled.set()
            proxy.go_on.wait(PATIENCE)
            body = body[fault:]
        self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the library's name

    def _pass_on(self, port: int) -> bytes:
        """Ask the registry and send its header; the body is still to be sent."""
        upstream = http.client.HTTPConnection("127.0.0.1", port)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():  # a name may come twice: newer engines do that with Accept
            upstream.putheader(name, value)
        upstream.endheaders()
        answer = upstream.getresponse()
        body = answer.read()
        upstream.close()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"content-length", "transfer-encoding"}:
                self.send_header(name, value)
        length = answer.headers["Content-Length"] if self.command == "HEAD" else len(body)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        return body

    def _refuse(self, status: int) -> None:
        code = {429: "TOOMANYREQUESTS"}.get(status, "UNKNOWN")
        body = json.dumps({"errors": [{"code": code, "message": "the proxy says no"}]}).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            return  # the engine gave up

    def log_message(self, *_: object) -> None:
        return
