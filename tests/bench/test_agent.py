from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bench.agent import TimedAgent


@pytest.fixture
def stream(agent: TimedAgent) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection("127.0.0.1", agent.port)
    yield post(connection, {"type": "SUBSCRIBE"})
    connection.close()


@pytest.fixture
def calls(agent: TimedAgent) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", agent.port)
    yield connection
    connection.close()


@pytest.fixture
def agent() -> Iterator[TimedAgent]:
    timed = TimedAgent()
    yield timed
    timed.close()


def post(connection: http.client.HTTPConnection, call: dict[str, Any]) -> http.client.HTTPResponse:
    connection.request("POST", "/slave(1)/api/v1/executor", json.dumps(call))
    return connection.getresponse()


def update(task: str, state: str) -> dict[str, Any]:
    return {"type": "UPDATE", "update": {"status": {"task_id": {"value": task}, "state": state, "uuid": "AAAA",
                                                    "message": "because"}}}


def record(stream: http.client.HTTPResponse) -> dict[str, Any]:
    length = int(stream.readline())
    event: dict[str, Any] = json.loads(stream.read(length))
    return event


def test_one_executor_from_subscribe_to_the_terminal_update(
    agent: TimedAgent, stream: http.client.HTTPResponse, calls: http.client.HTTPConnection, tmp_path: Path,
) -> None:
    assert agent.environment(tmp_path)["MESOS_SLAVE_PID"] == f"slave(1)@127.0.0.1:{agent.port}"
    assert record(stream)["type"] == "SUBSCRIBED"
    subscribed = agent.wait_subscribed()
    launched = agent.launch({"task_id": {"value": "a"}}, {"task_id": {"value": "b"}})
    assert [record(stream)["launch"]["task"]["task_id"]["value"] for _ in "ab"] == ["a", "b"]
    for task, state in (("a", "TASK_RUNNING"), ("b", "TASK_RUNNING"), ("a", "TASK_FINISHED")):
        answer = post(calls, update(task, state))
        assert (answer.status, answer.read()) == (202, b"")
        assert record(stream) == {"type": "ACKNOWLEDGED", "acknowledged": {"task_id": {"value": task}, "uuid": "AAAA"}}
    running = agent.wait(["a", "b"], ["TASK_RUNNING"])
    assert subscribed <= launched <= running["a"].at <= running["b"].at <= agent.wait(["a"])["a"].at
    with pytest.raises(TimeoutError, match=r"1 of 2 tasks without .*\['b'\]"):
        agent.wait(["a", "b"], timeout=0.01)


def test_a_task_that_ends_instead_of_running_is_an_error_with_its_message(
    agent: TimedAgent, stream: http.client.HTTPResponse, calls: http.client.HTTPConnection,
) -> None:
    agent.wait_subscribed()
    post(calls, update("a", "TASK_FAILED")).read()
    with pytest.raises(RuntimeError, match="a: TASK_FAILED, because"):
        agent.wait(["a"], ["TASK_RUNNING"])


def test_an_executor_that_does_not_come_is_a_timeout(agent: TimedAgent) -> None:
    with pytest.raises(TimeoutError, match="no SUBSCRIBE"):
        agent.wait_subscribed(0.01)
    with pytest.raises(RuntimeError, match="no executor is subscribed"):
        agent.launch({})
