"""deploy/http-parser: all that pymesos asks of a parser, and pymesos itself, unmodified, on it."""
from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from http_parser.http import HttpParser
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.agent_server import ScriptedAgent
from tests.fakes.master import ScriptedMaster

STREAM = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nMesos-Stream-Id: 42\r\nX-Twice: a\r\nX-Twice: b\r\n\r\n"
          b"5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n")


def test_it_stands_in_for_the_original() -> None:
    assert importlib.metadata.version("http-parser") > "0.9.0"
    assert importlib.metadata.requires("pymesos") is not None
    assert any(each.startswith("http-parser") for each in importlib.metadata.requires("pymesos")
               or [])


@given(st.lists(st.integers(1, 40), max_size=200))
def test_a_stream_reads_the_same_however_it_is_cut(cuts: list[int]) -> None:
    parser, body, at = HttpParser(), b"", 0
    for cut in [*cuts, len(STREAM)]:
        piece = STREAM[at:at + cut]
        at += len(piece)
        assert parser.execute(piece, len(piece)) == len(piece)
        if parser.is_partial_body():
            body += parser.recv_body()
    assert body == b"hello, world"
    assert parser.is_headers_complete()
    assert parser.is_chunked()
    assert parser.is_message_complete()
    assert parser.get_errno() == 0
    assert parser.get_status_code() == 200
    assert {name.upper(): value for name, value in parser.get_headers().items()} == {
        "TRANSFER-ENCODING": "chunked", "MESOS-STREAM-ID": "42", "X-TWICE": "a, b"}


def test_each_piece_of_the_body_is_given_once() -> None:
    parser = HttpParser()
    parser.execute(STREAM, len(STREAM))
    assert parser.is_partial_body()
    assert parser.recv_body() == b"hello, world"
    assert not parser.is_partial_body()
    assert parser.recv_body() == b""


def test_only_the_length_that_is_said_is_parsed() -> None:
    parser = HttpParser()
    assert parser.execute(STREAM + b"rubbish", 17) == 17
    assert not parser.is_headers_complete()


def test_before_anything_came() -> None:
    parser = HttpParser()
    assert not parser.is_headers_complete()
    assert not parser.is_message_complete()
    assert not parser.is_partial_body()
    assert not parser.is_chunked()
    assert parser.get_errno() == 0
    assert parser.get_headers() == {}


def test_pymesos_takes_it_for_the_c_parser() -> None:
    assert not hasattr(HttpParser(), "errno")  # its sign for the parser written in Python, whose errors it treats apart


@pytest.mark.parametrize("garbage", [b"not HTTP\r\n\r\n", b"HTTP/1.1 twohundred\r\n\r\n",
                                     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"])
def test_what_is_not_http_is_not_parsed_and_has_an_errno(garbage: bytes) -> None:
    parser = HttpParser()
    assert parser.execute(garbage, len(garbage)) != len(garbage)
    assert parser.get_errno() != 0


@pytest.mark.parametrize(("answer", "status", "body"), [
    (b"HTTP/1.1 307 Temporary Redirect\r\nLocation: //10.0.0.1:5050\r\nContent-Length: 0\r\n\r\n",
     307, b""),
    (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nnot", 503, b"not"),
    (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
])
def test_answers_that_are_no_streams(answer: bytes, status: int, body: bytes) -> None:
    parser = HttpParser()
    assert parser.execute(answer, len(answer)) == len(answer)
    assert (parser.get_status_code(), parser.recv_body(),
            parser.is_message_complete()) == (status, body, True)
    assert not parser.is_chunked()


EXECUTOR = """
import sys
from pymesos import Executor, MesosExecutorDriver
class Echo(Executor):
    def launchTask(self, driver, task):
        for state in ("TASK_RUNNING", "TASK_FINISHED"):
            driver.sendStatusUpdate({"task_id": task["task_id"], "state": state})
driver = MesosExecutorDriver(Echo())
driver.start()
sys.stdin.readline()
driver.stop()
driver.join()
"""

SCHEDULER = """
import sys
from pymesos import MesosSchedulerDriver, Scheduler
class Taker(Scheduler):
    def registered(self, driver, framework_id, master):
        print("registered", framework_id["value"], flush=True)
    def resourceOffers(self, driver, offers):
        for offer in offers:
            driver.declineOffer(offer["id"])
driver = MesosSchedulerDriver(Taker(), {"user": "root", "name": "taker"}, sys.argv[1])
driver.start()
sys.stdin.readline()
driver.stop(failover=True)
driver.join()
"""


def pymesos(script: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """A program with pymesos as it is, in a process group of its own: it kills its group when it is
    cut off.
    """
    return subprocess.Popen([sys.executable, "-c", script, *arguments],
                            env={**os.environ, **environment}, text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
                            cwd=Path("/"))


def ended(process: subprocess.Popen[str]) -> None:
    try:
        process.communicate("\n", timeout=30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    assert process.returncode == 0


def test_pymesoss_own_executor_driver_works_on_it() -> None:
    with ScriptedAgent(process_id="") as agent:
        process = pymesos(EXECUTOR, **agent.environment(MESOS_LOCAL="1"))
        try:
            agent.wait_subscribed()
            agent.launch("t1", padding="x" * 100_000)  # in many reads of 4 KiB
            agent.wait_for(lambda: agent.states("t1") == ["TASK_RUNNING", "TASK_FINISHED"])
        finally:
            ended(process)


def test_pymesoss_own_scheduler_driver_works_on_it() -> None:
    with ScriptedMaster() as master:
        process = pymesos(SCHEDULER, master.address)
        try:
            stream = master.subscription()
            stream.send({"type": "SUBSCRIBED", "subscribed": {
                "framework_id": {"value": "F7"}, "heartbeat_interval_seconds": 15,
                "master_info": {}}})
            offers = [{"id": {"value": f"O{n}"}, "attributes": ["x" * 5000]} for n in range(20)]
            stream.send({"type": "OFFERS", "offers": {"offers": offers}})
            assert process.stdout is not None
            assert process.stdout.readline() == "registered F7\n"
            declined = [master.call("DECLINE")["decline"]["offer_ids"] for _ in offers]
            assert json.dumps(declined) == json.dumps([[offer["id"]] for offer in offers])
        finally:
            ended(process)
