"""A command and the connection over which somebody speaks with it."""
from __future__ import annotations

import re
import socket
import threading

from executor.endpoint.frames import accepted
from executor.endpoint.session import run
from specs.between.executor_request import ExecRequest
from tests.fakes.interaction import FakeInteraction

SAID, OVER = b"\x82\x05\x00abcd", b'\x81\x13{"closeStdin":true}'  # as a service sends frames: without a mask
PATIENCE = 30.0


def test_what_comes_together_with_the_services_answer_is_heard() -> None:
    """On a busy machine all of stdin, and its end, come in one piece with the answer's head, and nothing after it."""
    came = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        def serve() -> None:
            connected, _ = listening.accept()
            with connected:
                head = connected.recv(65536).decode()
                key = re.search(r"Sec-WebSocket-Key: (\S+)", head)
                answer = ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "
                          f"{accepted(key[1] if key else '')}\r\n\r\n")
                connected.sendall(answer.encode() + SAID + OVER)
                connected.settimeout(PATIENCE)
                while piece := connected.recv(65536):
                    came.extend(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        request = ExecRequest("e", "t", f"http://127.0.0.1:{listening.getsockname()[1]}/", "secret", ("wc", "-c"))
        assert run(request, lambda: FakeInteraction(["wc", "-c"])) == "status 0"
        thread.join(PATIENCE)
    assert came
