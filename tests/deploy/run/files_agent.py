"""An agent that serves the files of sandboxes, and a terminal that waits for what it is to be shown."""
from __future__ import annotations

import http.server
import json
import queue
import ssl
import threading
from urllib.parse import parse_qs, urlsplit

WAIT = 30.0


class FilesAgent:
    """Serves files as an agent does: a piece at a time, bytes as they are; `cut` is the most it
    gives at once.
    """

    def __init__(self, host: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.cut = 7
        self.down = False
        self.pipes: set[str] = set()  # paths of what is no regular file
        self.wants: str | None = None  # what it must be told in the header Authorization
        agent = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                path, offset = query["path"][0], int(query["offset"][0])
                if agent.down:
                    self.send_error(503)
                elif agent.wants is not None and self.headers["Authorization"] != agent.wants:
                    self.send_error(401)
                elif path in agent.pipes:
                    self.answer(400, b"Cannot read what is not a regular file.\n")
                elif path not in agent.files:
                    self.send_error(404)
                else:
                    content = agent.files[path]
                    piece = content[offset:offset
                                    + min(agent.cut, int(query["length"][
                                        0]))] if offset >= 0 else b""
                    body = json.dumps({"data": piece.decode("utf-8", "surrogateescape"),
                                       "offset": offset if offset >= 0 else len(content)},
                                      ensure_ascii=False).encode("utf-8", "surrogateescape")
                    self.answer(200, body)

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                pass  # a handshake that did not end

        self._server = Server((host, 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True,
                                                  do_handshake_on_connect=False)
        self.address = f"{host}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,),
                                        daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Terminal:
    """Takes the pieces, and waits for them."""

    def __init__(self) -> None:
        self.pieces: queue.Queue[tuple[int, bytes]] = queue.Queue()
        self.text = {1: b"", 2: b""}

    def __call__(self, data: bytes, descriptor: int) -> None:
        self.pieces.put((descriptor, data))

    def wait_for(self, descriptor: int, text: bytes) -> None:
        while self.text[descriptor] != text:
            found, data = self.pieces.get(timeout=WAIT)
            self.text[found] += data
            assert text.startswith(self.text[descriptor])
