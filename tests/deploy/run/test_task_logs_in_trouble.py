"""A task's output that is truncated, goes away, or cannot be read: followed, or told."""
from __future__ import annotations

import http.client
import queue
import re
import threading

import pytest

from deploy.cli.credentials import Known
from deploy.run.agents import Agents
from deploy.run.logs import Follower, last_lines, read
from specs.network.credential import Credential
from tests.deploy.run.files_agent import WAIT, FilesAgent, Terminal


@pytest.mark.parametrize(("before", "after"), [
    (b"one\n", b"two\n"),  # as long as it was
    (b"starting\nready\n", b"starting\n"),  # a shorter one that begins alike
    (b"one\n", b""), (b"one\n", b"another one, which is longer than the first\n"), (b"x" * 999, b"y" * 1999),
    (b"x\n" * 600, b"x\n" * 500)])
@pytest.mark.parametrize("cut", [7, 1 << 16])
def test_a_file_that_is_truncated_is_read_from_its_beginning(agent: FilesAgent, terminal: Terminal,
                                                             cut: int,
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


def test_the_end_of_a_line_that_was_truncated_is_not_joined_with_another(agent: FilesAgent,
                                                                         terminal: Terminal) -> None:
    agent.cut = 1 << 16
    follower = Follower(terminal, named=True)
    follower.start()
    agent.files = {"/s/stdout": b"whole\nhalf", "/s/stderr": b""}
    follower.follow("t", agent.address, "/s")
    terminal.wait_for(1, b"t  whole\n")
    agent.files["/s/stdout"] = b"new\n"
    terminal.wait_for(1, b"t  whole\nt  half\nt  new\n")
    follower.close()


def test_trouble_is_told_while_it_lasts_and_at_the_end(agent: FilesAgent,
                                                       terminal: Terminal) -> None:
    told = queue.SimpleQueue[str]()
    follower = Follower(terminal, patience=0.1, told=told.put)
    follower.start()
    agent.files = {"/s/stderr": b""}
    agent.pipes = {"/s/stdout"}
    follower.follow("t", agent.address, "/s")
    why = f"{agent.address}: 400 Bad Request: 'Cannot read what is not a regular file.'"
    assert told.get(
        timeout=WAIT) == f"the stdout of t cannot be read from its agent, {why}; trying again"
    agent.pipes, agent.files["/s/stdout"] = set(), b"out\n"
    assert told.get(timeout=WAIT) == "the stdout of t can be read again"
    terminal.wait_for(1, b"out\n")
    agent.pipes = {"/s/stdout"}
    assert told.get(
        timeout=WAIT) == f"the stdout of t cannot be read from its agent, {why}; trying again"
    drain(follower, "t")
    assert follower.unread == {"t": why}
    assert told.empty()


def test_who_wants_the_end_does_not_wait_for_output_without_end(agent: FilesAgent,
                                                                terminal: Terminal) -> None:
    """A file can be longer than any disk."""
    agent.cut = 1
    agent.files = {"/s/stdout": bytes(10_000_000), "/s/stderr": b""}
    follower = Follower(terminal, patience=0.2)
    follower.start()
    follower.follow("t", agent.address, "/s")
    terminal.wait_for(1, bytes(3))
    follower.hurry()
    drain(follower, "t")
    assert re.fullmatch(
        rf"{agent.address}: there is more than the \d+ bytes that were read in time", follower.unread["t"])


def drain(follower: Follower, task_id: str, *, began: bool = True) -> None:
    """To its end."""
    drained = threading.Event()
    follower.ended(task_id, began=began)
    follower.drain(drained.set)
    assert drained.wait(WAIT)
    follower.close()


@pytest.mark.parametrize(("files", "began", "unread"), [
    ({}, True, True), ({}, False, False), ({"/s/stdout": b""}, True, False),
    ({"/s/stderr": b"x"}, True, False)])
def test_output_that_never_was_is_told(agent: FilesAgent, terminal: Terminal,
                                       files: dict[str, bytes], began: bool, unread: bool) -> None:
    agent.files = files
    follower = Follower(terminal, patience=0.1)
    follower.start()
    follower.follow("t", agent.address, "/s")
    drain(follower, "t", began=began)
    assert follower.unread == ({"t": f"{agent.address}: 404: there is no such file"} if unread
                               else {})


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
    known = Agents(known=Known(credential, frozenset({agent.address})))
    follower = Follower(terminal, agents=known)
    follower.start()
    follower.follow("t", agent.address, "/s")
    terminal.wait_for(1, b"hello\n")
    follower.close()
    assert last_lines(known, agent.address, "/s/stderr", 1) == ["oh"]
    assert last_lines(Agents(), agent.address, "/s/stderr", 1) == []
    with pytest.raises(http.client.HTTPException, match="401 Unauthorized"):
        read(Agents(), agent.address, "/s/stdout", 0)
