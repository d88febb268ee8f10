"""The port is open to everybody on the machine: whatever they send, the executor goes on, and nothing changes."""
from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from executor.agent.v0 import network
from specs.forms import wire
from specs.messages.status import TaskState
from tests.executor.agent.v0.v0_driving import driving, status
from tests.fakes.agent_events import RecordedEvents
from tests.fakes.v0_agent import PACKAGE, V0Agent

EVENTS = ("launch", "kill", "shutdown", "disconnected", "reregistered", "message")


def dial(agent: V0Agent) -> socket.socket:
    """As nobody in particular."""
    assert agent.executor is not None
    return socket.create_connection((agent.executor.address.host, agent.executor.address.port), 30)


def answered(agent: V0Agent, data: bytes) -> bytes:
    """What comes back until the executor hangs up, or has answered."""
    with dial(agent) as connected:
        connected.sendall(data)
        return connected.recv(4096)


def still_works(agent: V0Agent, driver: Any, events: RecordedEvents) -> None:
    driver.send(status(TaskState.RUNNING))
    assert driver.drained(30)
    assert agent.states() == ["TASK_RUNNING"]
    assert not set(EVENTS) & set(events.names())


@pytest.mark.parametrize(("data", "status_code"), [
    (b"\0\1\2\3\r\n" * 20, 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 404),
    (b"POST /executor(1)/mesos.internal.ShutdownExecutorMessage HTTP/1.1\r\n\r\n", 404),
    (b"POST /executor(2)/mesos.internal.ShutdownExecutorMessage HTTP/1.1\r\nLibprocess-From: a@1.2.3.4:5\r\n\r\n", 404),
    (b"POST /executor(1)/mesos.internal.ShutdownExecutorMessage HTTP/1.1\r\nLibprocess-From: nobody\r\n\r\n", 400),
    (b"POST /executor(1)/mesos.internal.ShutdownExecutorMessage HTTP/1.1\r\nLibprocess-From: a@1.2.3.4:5\r\n\r\n", 202),
    (b"POST /executor(1)/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", 400),
    (b"POST /executor(1)/x HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n", 400),
    (b"A" * 20_000, 400),
])
def test_nonsense(data: bytes, status_code: int) -> None:
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events) as driver:
        events.wait("registered")
        assert answered(agent, data).startswith(f"HTTP/1.1 {status_code} ".encode())
        still_works(agent, driver, events)


@pytest.mark.parametrize("name", ["ShutdownExecutorMessage", "KillTaskMessage", "RunTaskMessage",
                                  "ReconnectExecutorMessage", "ExecutorRegisteredMessage",
                                  "StatusUpdateAcknowledgementMessage"])
@pytest.mark.parametrize("body", [b"", b"\xff" * 50, b"\x0a\x03\x0a\x01F"])
def test_bytes_that_are_no_message_even_from_our_agent(name: str, body: bytes) -> None:
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events) as driver:
        events.wait("registered")
        if name == "ShutdownExecutorMessage" and not body:
            body = b"\xff"
        agent.send(agent.request(name, body))
        agent.wait_for(lambda: len(agent.answers) >= 2)
        still_works(agent, driver, events)


def forged(agent: V0Agent, name: str, **fields: Any) -> bytes:
    body = wire.encode(PACKAGE + name, fields)
    return agent.request(name, body, sender="slave(1)@127.0.0.1:1")


@pytest.mark.parametrize("make", [
    lambda agent: forged(agent, "ShutdownExecutorMessage"),
    lambda agent: forged(agent, "ReconnectExecutorMessage", slave_id={"value": agent.agent_id}),
    lambda agent: forged(agent, "KillTaskMessage", framework_id={"value": agent.framework_id}, task_id={"value": "t"}),
], ids=["shutdown", "reconnect", "kill"])
def test_who_knows_all_our_ids_but_is_not_our_agent(make: Callable[[V0Agent], bytes]) -> None:
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events) as driver:
        events.wait("registered")
        assert answered(agent, make(agent)).startswith(b"HTTP/1.1 202 ")
        still_works(agent, driver, events)


def test_an_acknowledgement_by_a_stranger_acknowledges_nothing() -> None:
    events = RecordedEvents()
    with V0Agent(acknowledge=False) as agent, driving(agent, events) as driver:
        events.wait("registered")
        driver.send(status(TaskState.RUNNING))
        agent.wait_said("StatusUpdateMessage")
        agent.acknowledge_update(agent.updates[0], sender="slave(1)@127.0.0.1:1")
        agent.wait_for(lambda: len(agent.answers) >= 2)
        assert not driver.drained(0.2)
        agent.acknowledge_update(agent.updates[0])
        assert driver.drained(30)


def test_a_message_in_pieces_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events):
        events.wait("registered")
        body = wire.encode(PACKAGE + "KillTaskMessage", {
            "framework_id": {"value": agent.framework_id}, "task_id": {"value": "t"}})
        for byte in agent.request("KillTaskMessage", body):
            agent.send(bytes([byte]))
            time.sleep(0.0005)
        assert events.wait("kill") == ("t", None)


def test_crowds_do_not_keep_the_agent_out() -> None:
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events) as driver:
        events.wait("registered")
        crowd = [dial(agent) for _ in range(3 * network.MAX_CONNECTIONS)]
        try:
            for each in crowd[::3]:
                each.sendall(b"POST /executor(1)/mesos.internal.RunTaskMessage HTTP/1.1\r\n")
        except OSError:
            pass  # it has been closed to make room
        agent.die()
        events.wait("disconnected")
        agent.come_back()
        agent.reconnect()
        events.wait("reregistered")
        driver.send(status(TaskState.RUNNING))
        assert driver.drained(30)
        for each in crowd:
            each.close()


def test_who_never_ends_a_request_is_hung_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "HALF_SENT", 0.5)
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events) as driver:
        events.wait("registered")
        with dial(agent) as slow, dial(agent) as silent:
            slow.sendall(b"POST /executor(1)/mesos.internal.RunTaskMessage HTTP/1.1\r\nContent-Length: 9\r\n\r\n123")
            assert slow.recv(1) == b""
            assert silent.recv(1) == b""
        still_works(agent, driver, events)  # the agent's own silent connection stayed
        assert agent.connections == 1


def talk(connected: socket.socket) -> None:
    while True:
        connected.sendall(b"GET / HTTP/1.1\r\n\r\n" * 1000)


def test_who_reads_no_answers_is_hung_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "MAX_UNREAD", 10_000)
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events) as driver:
        events.wait("registered")
        with dial(agent) as deaf, pytest.raises((ConnectionResetError, BrokenPipeError)):
            talk(deaf)
        still_works(agent, driver, events)


def test_a_sender_that_names_another_address_than_its_own() -> None:
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events, LIBPROCESS_REQUIRE_PEER_ADDRESS_IP_MATCH="true"):
        events.wait("registered")
        answer = answered(agent, agent.request("ShutdownExecutorMessage", b"", sender="slave(1)@127.0.0.9:5051"))
        assert answer.startswith(b"HTTP/1.1 400 ")
