"""A task's output, read through an agent's files API, byte for byte."""
from __future__ import annotations

import http.client
import http.server
import json
import queue
import threading
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from deploy.run.logs import Follower, last_lines, read, sandbox
from specs.messages.credential import Credential

WAIT = 30.0


class FilesAgent:
    """Serves files as an agent does: a piece at a time, bytes as they are; `cut` is the most it gives at once."""

    def __init__(self) -> None:
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
                    piece = content[offset:offset + min(agent.cut, int(query["length"][0]))] if offset >= 0 else b""
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

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def agent() -> Iterator[FilesAgent]:
    served = FilesAgent()
    yield served
    served.close()


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


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


@pytest.fixture
def follower(terminal: Terminal) -> Iterator[Follower]:
    follower = Follower(terminal)
    follower.start()
    yield follower
    follower.close()


def test_the_path_that_agents_serve() -> None:
    assert sandbox("F", "E") == "/frameworks/F/executors/E/runs/latest"


def test_reading_pieces(agent: FilesAgent) -> None:
    agent.files["/s/stdout"] = b"0123456789"
    assert read(agent.address, "/s/stdout", 0) == b"0123456"
    assert read(agent.address, "/s/stdout", 7) == b"789"
    assert read(agent.address, "/s/stdout", 10) == b""
    assert read(agent.address, "/s/other", 0) is None


def test_what_grows_is_followed_to_its_end(agent: FilesAgent, follower: Follower, terminal: Terminal) -> None:
    follower.follow("t", agent.address, "/s")
    agent.files["/s/stdout"] = b"first\n"
    terminal.wait_for(1, b"first\n")
    agent.files["/s/stderr"] = b"oh\n"
    agent.files["/s/stdout"] += b"second\n"
    terminal.wait_for(1, b"first\nsecond\n")
    terminal.wait_for(2, b"oh\n")
    agent.files["/s/stdout"] += b"last words, written just before the end\n"
    drained = threading.Event()
    follower.ended("t")
    follower.drain(drained.set)
    assert drained.wait(WAIT)
    follower.close()
    terminal.wait_for(1, b"first\nsecond\nlast words, written just before the end\n")


@pytest.mark.parametrize("data", ["grüße – ☃".encode() * 5, bytes(range(256)) * 3, b"\xff\xfe\x00" * 20])
def test_bytes_arrive_as_they_are_wherever_they_are_cut(agent: FilesAgent, follower: Follower, terminal: Terminal,
                                                        data: bytes) -> None:
    agent.files = {"/s/stdout": data, "/s/stderr": b""}
    agent.cut = 5
    follower.follow("t", agent.address, "/s")
    terminal.wait_for(1, data)


def test_of_several_tasks_each_whole_line_is_behind_its_tasks_id(agent: FilesAgent, terminal: Terminal) -> None:
    follower = Follower(terminal, named=True)
    follower.start()
    agent.files = {"/a/stdout": b"one\ntwo, and no end", "/a/stderr": b"", "/b/stdout": b"", "/b/stderr": b"oh\n\n"}
    follower.follow("a", agent.address, "/a")
    follower.follow("b", agent.address, "/b")
    terminal.wait_for(1, b"a  one\n")
    terminal.wait_for(2, b"b  oh\nb  \n")
    drained = threading.Event()
    for task_id in "ab":
        follower.ended(task_id)
    follower.drain(drained.set)
    assert drained.wait(WAIT)
    follower.close()
    terminal.wait_for(1, b"a  one\na  two, and no end\n")


def test_an_agent_that_is_away_for_a_while(agent: FilesAgent, follower: Follower, terminal: Terminal) -> None:
    agent.files["/s/stdout"] = b"hello"
    agent.down = True
    follower.follow("t", agent.address, "/s")
    agent.down = False
    terminal.wait_for(1, b"hello")


def test_nothing_to_wait_for(follower: Follower) -> None:
    drained = threading.Event()
    follower.drain(drained.set)
    assert drained.wait(WAIT)
    follower.close()


def test_a_file_that_never_comes_is_given_up(agent: FilesAgent, terminal: Terminal) -> None:
    follower = Follower(terminal, patience=0.1)
    follower.start()
    follower.follow("t", agent.address, "/s")
    follower.ended("t")
    drained = threading.Event()
    follower.drain(drained.set)
    assert drained.wait(WAIT)
    follower.close()


def test_a_closed_output_is_told_once_and_does_not_keep_the_end_waiting(agent: FilesAgent) -> None:
    def closed(_data: bytes, _descriptor: int) -> None:
        raise BrokenPipeError
    told, drained = queue.SimpleQueue[None](), threading.Event()
    agent.files = {"/f/stdout": b"more than one piece of it", "/f/stderr": b""}
    follower = Follower(closed, patience=WAIT, when_broken=lambda: told.put(None))
    follower.start()
    follower.follow("T", agent.address, "/f")
    told.get(timeout=WAIT)
    follower.ended("T")
    follower.drain(drained.set)
    assert drained.wait(WAIT)
    follower.close()
    assert isinstance(follower.broken, BrokenPipeError)
    assert told.empty()


def test_the_last_lines(agent: FilesAgent) -> None:
    agent.files["/x/stderr"] = b"one\ntwo\nthr\xff\n"
    assert last_lines(agent.address, "/x/stderr", 2) == ["two", "thr\ufffd"]
    assert last_lines(agent.address, "/x/stderr", 9) == ["one", "two", "thr\ufffd"]
    assert last_lines(agent.address, "/nothing", 2) == []
    agent.down = True
    assert last_lines(agent.address, "/x/stderr", 2) == []


def test_what_cannot_be_read_is_told_of(agent: FilesAgent) -> None:
    agent.files["/good/stdout"] = b"out"
    agent.down = True
    drained = threading.Event()
    follower = Follower(lambda _data, _descriptor: None, patience=0.0)
    follower.start()
    try:
        follower.follow("bad", agent.address, "/bad")
        follower.ended("bad")
        follower.drain(drained.set)
        assert drained.wait(WAIT)
        assert list(follower.unread) == ["bad"]
        assert follower.unread["bad"].startswith(f"{agent.address}: 503")
        agent.down = False
        drained.clear()
        follower.follow("good", agent.address, "/good")
        follower.ended("good")
        follower.drain(drained.set)
        assert drained.wait(WAIT)
        assert list(follower.unread) == ["bad"]  # and a file that is not there is none that cannot be read
    finally:
        follower.close()


@pytest.mark.parametrize(("before", "after"), [
    (b"one\n", b"two\n"),  # as long as it was
    (b"starting\nready\n", b"starting\n"),  # a shorter one that begins alike
    (b"one\n", b""), (b"one\n", b"another one, which is longer than the first\n"), (b"x" * 999, b"y" * 1999),
    (b"x\n" * 600, b"x\n" * 500)])
@pytest.mark.parametrize("cut", [7, 1 << 16])
def test_a_file_that_is_truncated_is_read_from_its_beginning(agent: FilesAgent, terminal: Terminal, cut: int,
                                                             before: bytes, after: bytes) -> None:
    told = queue.SimpleQueue[str]()
    agent.cut = cut
    agent.files = {"/s/stdout": before, "/s/stderr": b""}
    follower = Follower(terminal, told=told.put)
    follower.start()
    follower.follow("t", agent.address, "/s")
    terminal.wait_for(1, before)
    agent.files["/s/stdout"] = after
    terminal.wait_for(1, before + after)
    assert told.get(timeout=WAIT) == "the stdout of t was truncated; going on from its beginning"
    agent.files["/s/stdout"] += b"and more\n"
    terminal.wait_for(1, before + after + b"and more\n")
    follower.close()
    assert told.empty()


def test_the_end_of_a_line_that_was_truncated_is_not_joined_with_another(agent: FilesAgent, terminal: Terminal) -> None:
    agent.cut = 1 << 16
    follower = Follower(terminal, named=True)
    follower.start()
    agent.files = {"/s/stdout": b"whole\nhalf", "/s/stderr": b""}
    follower.follow("t", agent.address, "/s")
    terminal.wait_for(1, b"t  whole\n")
    agent.files["/s/stdout"] = b"new\n"
    terminal.wait_for(1, b"t  whole\nt  half\nt  new\n")
    follower.close()


def test_trouble_is_told_while_it_lasts_and_at_the_end(agent: FilesAgent, terminal: Terminal) -> None:
    told = queue.SimpleQueue[str]()
    follower = Follower(terminal, patience=0.1, told=told.put)
    follower.start()
    agent.files = {"/s/stderr": b""}
    agent.pipes = {"/s/stdout"}
    follower.follow("t", agent.address, "/s")
    why = f"{agent.address}: 400 Bad Request: 'Cannot read what is not a regular file.'"
    assert told.get(timeout=WAIT) == f"the stdout of t cannot be read from its agent, {why}; trying again"
    agent.pipes, agent.files["/s/stdout"] = set(), b"out\n"
    assert told.get(timeout=WAIT) == "the stdout of t can be read again"
    terminal.wait_for(1, b"out\n")
    agent.pipes = {"/s/stdout"}
    assert told.get(timeout=WAIT) == f"the stdout of t cannot be read from its agent, {why}; trying again"
    drain(follower, "t")
    assert follower.unread == {"t": why}
    assert told.empty()


def drain(follower: Follower, task_id: str, *, began: bool = True) -> None:
    """To its end."""
    drained = threading.Event()
    follower.ended(task_id, began=began)
    follower.drain(drained.set)
    assert drained.wait(WAIT)
    follower.close()


@pytest.mark.parametrize(("files", "began", "unread"), [
    ({}, True, True), ({}, False, False), ({"/s/stdout": b""}, True, False), ({"/s/stderr": b"x"}, True, False)])
def test_output_that_never_was_is_told(agent: FilesAgent, terminal: Terminal, files: dict[str, bytes], began: bool,
                                       unread: bool) -> None:
    agent.files = files
    follower = Follower(terminal, patience=0.1)
    follower.start()
    follower.follow("t", agent.address, "/s")
    drain(follower, "t", began=began)
    assert follower.unread == ({"t": f"{agent.address}: 404: there is no such file"} if unread else {})


def test_a_file_that_went_away_is_told(agent: FilesAgent, terminal: Terminal) -> None:
    agent.files = {"/s/stdout": b"here\n", "/s/stderr": b""}
    follower = Follower(terminal, patience=0.1)
    follower.start()
    follower.follow("t", agent.address, "/s")
    terminal.wait_for(1, b"here\n")
    del agent.files["/s/stdout"]
    drain(follower, "t")
    assert list(follower.unread) == ["t"]


def test_an_agent_that_asks_who_we_are(agent: FilesAgent, terminal: Terminal) -> None:
    agent.wants = "Basic bWU6c2VjcmV0"
    agent.files = {"/s/stdout": b"hello\n", "/s/stderr": b"oh\n"}
    credential = Credential("me", "secret")
    follower = Follower(terminal, credential=lambda address: credential if address == agent.address else None)
    follower.start()
    follower.follow("t", agent.address, "/s")
    terminal.wait_for(1, b"hello\n")
    follower.close()
    assert last_lines(agent.address, "/s/stderr", 1, credential) == ["oh"]
    assert last_lines(agent.address, "/s/stderr", 1) == []
    with pytest.raises(http.client.HTTPException, match="401 Unauthorized"):
        read(agent.address, "/s/stdout", 0)
