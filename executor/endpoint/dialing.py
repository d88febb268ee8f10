"""The connection to the service: TCP or TLS, and a WebSocket on it.

A service with a certificate of its own tells its fingerprint by the way that the task came, which
is as good as an authority's word. Where another certificate shows up (something that ends TLS stands
before the service) an authority has to vouch for it.

As RFC 6455: 4.1, the client's opening handshake.
"""
from __future__ import annotations

import base64
import hashlib
import os
import socket
import ssl
from typing import Final
from urllib.parse import urlsplit

from executor.endpoint.frames import accepted
from specs.between.executor_request import ExecRequest

PATIENCE: Final = 10.0  # seconds for a connection, and for the answer
LONGEST: Final = 16 * 1024  # bytes of the answer's head
IDLE, EVERY, MISSED = 30, 10, 3  # seconds of silence before TCP asks, between two questions; answers that may fail


def dial(request: ExecRequest) -> tuple[socket.socket, bytes]:
    """A WebSocket that the service has agreed to, and what came behind its answer. Raises OSError."""
    parts = urlsplit(request.url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OSError("that is no URL of a service")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connected = _connected(parts.hostname, port, request.certificate, tls=parts.scheme == "https")
    try:
        return connected, _agreed(connected, parts.netloc.rpartition("@")[2], parts.path or "/", request.token)
    except BaseException:
        connected.close()
        raise


def _connected(host: str, port: int, certificate: str | None, *, tls: bool) -> socket.socket:
    if not tls:
        return _open(host, port)
    if certificate is not None:
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE  # the fingerprint says who it is
        found = _secured(trusting, host, port)
        shown = found.getpeercert(binary_form=True) or b""
        if hashlib.sha256(shown).hexdigest() == certificate.lower():
            return found
        found.close()
    return _secured(ssl.create_default_context(), host, port)


def _secured(context: ssl.SSLContext, host: str, port: int) -> ssl.SSLSocket:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    connected = _open(host, port)
    try:
        return context.wrap_socket(connected, server_hostname=host)
    except BaseException:
        connected.close()
        raise


def _open(host: str, port: int) -> socket.socket:
    connected = socket.create_connection((host, port), PATIENCE)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ((socket.TCP_KEEPIDLE, IDLE), (socket.TCP_KEEPINTVL, EVERY), (socket.TCP_KEEPCNT, MISSED)):
        connected.setsockopt(socket.IPPROTO_TCP, option, value)
    return connected


def _agreed(connected: socket.socket, host: str, path: str, token: str) -> bytes:
    """Ask for a WebSocket; what came behind the answer's head."""
    if any(char <= " " for char in host + path + token):
        raise OSError("that is no URL of a service")
    key = base64.b64encode(os.urandom(16)).decode()
    lines = (f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: websocket",
             "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", f"Authorization: Bearer {token}", "", "")
    connected.sendall("\r\n".join(lines).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connected.recv(4096)
        head += piece
        if not piece or len(head) > LONGEST:
            raise OSError("the service ended the connection, or does not end its answer")
    head, _, rest = head.partition(b"\r\n\r\n")
    status, *headers = head.decode("latin-1").split("\r\n")
    named = {name.strip().lower(): value.strip() for name, _, value in (each.partition(":") for each in headers)}
    if " 101 " not in f"{status} " or named.get("sec-websocket-accept") != accepted(key):
        raise OSError(f"the service answered {status[:100]!r}")
    return rest
