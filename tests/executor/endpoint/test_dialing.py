"""Dialling a service: plain, by the fingerprint of its certificate, and those that are none."""
from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

from deploy.serve.start import fingerprint
from executor.endpoint.dialing import dial
from executor.endpoint.frames import accepted
from specs.between.executor_request import ExecRequest
from tests.fakes.certificates import Certificate, make_authority

AGREED = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {}\r\n\r\n\x81\x01x"


@contextlib.contextmanager
def service(answer: str, tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[str]]]:
    """Its port, and the heads of requests; `{}` in the answer is what belongs to the asked key."""
    heads: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(30)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connected, _ = listening.accept()
                    with contextlib.suppress(OSError), connected:
                        secured = connected if tls is None else tls.wrap_socket(connected, server_side=True)
                        with secured:
                            heads.append(secured.recv(65536).decode("latin-1"))
                            key = re.search(r"Sec-WebSocket-Key: (\S+)", heads[-1])
                            secured.sendall(answer.format(accepted(key[1] if key else "")).encode("latin-1"))
                            if "101" in answer:
                                secured.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1], heads
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(30)


def request(url: str, certificate: str | None = None, token: str = "secret") -> ExecRequest:
    return ExecRequest("e", "t", url, token, ("true",), certificate=certificate)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_authority(tmp_path_factory.mktemp("own"), "service")


def test_what_is_asked_for_and_what_comes_behind_the_answer() -> None:
    with service(AGREED) as (port, heads):
        connected, rest = dial(request(f"http://127.0.0.1:{port}/a/b"))
        connected.close()
    assert rest == b"\x81\x01x"
    assert heads[0].startswith(f"GET /a/b HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n")
    assert "\r\nAuthorization: Bearer secret\r\n" in heads[0]


def test_a_service_is_known_by_its_certificate(own: Certificate) -> None:
    known = fingerprint(own.certificate.read_text())
    with service(AGREED, own.server()) as (port, heads):
        connected, _ = dial(request(f"https://127.0.0.1:{port}/", known.upper()))
        connected.close()
        for certificate in (None, "0" * 64):
            with pytest.raises(ssl.SSLCertVerificationError):
                dial(request(f"https://127.0.0.1:{port}/", certificate))
    assert len([each for each in heads if each]) == 1  # nobody else has seen the token


@pytest.mark.parametrize("answer", [
    "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "", "x" * 20_000, AGREED.replace("{}", "wrong"),
    "HTTP/1.1 200 OK\r\n\r\n"])
def test_what_does_not_agree_is_no_service(answer: str) -> None:
    with service(answer) as (port, _), pytest.raises(OSError, match="service"):
        dial(request(f"http://127.0.0.1:{port}/"))


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http:///x", "127.0.0.1:80", "http://127.0.0.1:{}/a b",
                                 "http://127.0.0.1:{}/a\r\nX: y"])
def test_what_is_no_url_is_not_dialled(url: str) -> None:
    with service(AGREED) as (port, heads), pytest.raises(OSError, match="no URL"):
        dial(request(url.format(port)))
    assert not any(heads)
