"""A task's output, read through an agent's files API, byte for byte."""
from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import pytest

from deploy.run.agents import Agents
from deploy.run.logs import Follower, last_lines, read, sandbox
from tests.deploy.run.files_agent import WAIT, FilesAgent, Terminal


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
    assert read(Agents(), agent.address, "/s/stdout", 0) == b"0123456"
    assert read(Agents(), agent.address, "/s/stdout", 7) == b"789"
    assert read(Agents(), agent.address, "/s/stdout", 10) == b""
    assert read(Agents(), agent.address, "/s/other", 0) is None


def test_what_grows_is_followed_to_its_end(agent: FilesAgent, follower: Follower,
                                           terminal: Terminal) -> None:
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


@pytest.mark.parametrize("times", [1, 2, 3])
def test_what_is_rotated_before_it_was_read_is_not_lost(
        times: int, agent: FilesAgent, follower: Follower, terminal: Terminal) -> None:
    agent.files["/s/stdout"] = b"a first line\n"
    follower.follow("t", agent.address, "/s")
    terminal.wait_for(1, b"a first line\n")
    said = agent.files["/s/stdout"] + b"a line that nobody has read yet\n"
    files = {"/s/stdout": said}
    for number in range(times):
        new = b"%d is the next file\n" % number
        files = {"/s/stdout": new, "/s/stdout.1": files["/s/stdout"],
                 **{f"/s/stdout.{older + 1}": files[f"/s/stdout.{older}"]
                    for older in range(1, 4) if f"/s/stdout.{older}" in files}}
        said += new
    agent.files = {**files, "/s/stderr": b""}
    terminal.wait_for(1, said)
    agent.files["/s/stdout"] += b"and on\n"
    terminal.wait_for(1, said + b"and on\n")


@pytest.mark.parametrize("data", ["grüße – ☃".encode() * 5, bytes(range(256)) * 3,
                                  b"\xff\xfe\x00" * 20])
def test_bytes_arrive_as_they_are_wherever_they_are_cut(agent: FilesAgent, follower: Follower,
                                                        terminal: Terminal, data: bytes) -> None:
    agent.files = {"/s/stdout": data, "/s/stderr": b""}
    agent.cut = 5
    follower.follow("t", agent.address, "/s")
    terminal.wait_for(1, data)


def test_of_several_tasks_each_whole_line_is_behind_its_tasks_id(agent: FilesAgent,
                                                                 terminal: Terminal) -> None:
    follower = Follower(terminal, named=True)
    follower.start()
    agent.files = {"/a/stdout": b"one\ntwo, and no end", "/a/stderr": b"", "/b/stdout": b"",
                   "/b/stderr": b"oh\n\n"}
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


def test_an_agent_that_is_away_for_a_while(agent: FilesAgent, follower: Follower,
                                           terminal: Terminal) -> None:
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
    assert last_lines(Agents(), agent.address, "/x/stderr", 2) == ["two", "thr\ufffd"]
    assert last_lines(Agents(), agent.address, "/x/stderr", 9) == ["one", "two", "thr\ufffd"]
    assert last_lines(Agents(), agent.address, "/nothing", 2) == []
    agent.down = True
    assert last_lines(Agents(), agent.address, "/x/stderr", 2) == []


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
