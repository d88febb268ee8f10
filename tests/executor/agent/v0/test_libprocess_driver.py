"""The port over libprocess, on an agent that is there, goes away, and comes back."""
from __future__ import annotations

import re
import time

import pytest

from specs.messages.status import TaskState
from tests.executor.agent.v0.v0_driving import driving, status
from tests.fakes.agent_events import RecordedEvents
from tests.fakes.v0_agent import V0Agent

STARTING, RUNNING, FINISHED = TaskState.STARTING, TaskState.RUNNING, TaskState.FINISHED
ALL = ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_task_from_its_launch_to_its_end(host: str) -> None:
    events = RecordedEvents()
    with V0Agent(host) as agent, driving(agent, events) as driver:
        assert events.wait("registered")[1]["id"]["value"] == agent.framework_id
        agent.run("t", data="aGk=")
        assert events.wait("launch")[0]["data"] == "aGk="
        for state in (STARTING, RUNNING, FINISHED):
            driver.send(status(state))
        assert driver.drained(30)
        assert agent.states() == ALL
        assert {each.connection for each in agent.received} == {1}  # the link is kept
        agent.kill("t", 1.5)
        assert events.wait("kill") == ("t", 1.5)
        agent.kill("t")
        assert events.wait("kill", 2) == ("t", None)


def test_messages_both_ways() -> None:
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events) as driver:
        events.wait("registered")
        driver.message(b"\0up")
        assert agent.wait_said("ExecutorToFrameworkMessage").message["data"] == "AHVw"
        ids = {name: {"value": value} for name, value in (
            ("slave_id", agent.agent_id), ("framework_id", agent.framework_id), ("executor_id", agent.executor_id))}
        agent.say("FrameworkToExecutorMessage", {**ids, "data": "ZG93bg=="})
        assert events.wait("message") == (b"down",)


def test_every_message_is_answered_as_libprocess_answers() -> None:
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events):
        events.wait("registered")
        agent.wait_for(lambda: agent.answers)
        assert re.fullmatch(rb"HTTP/1.1 202 Accepted\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n"
                            rb"Content-Length: 0\r\n\r\n", agent.answers[0])


def test_what_was_said_meanwhile_travels_in_the_reregistration() -> None:
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events) as driver:
        events.wait("registered")
        agent.run("t")
        events.wait("launch")
        driver.send(status(STARTING))
        assert driver.drained(30)
        agent.die()
        events.wait("disconnected")
        driver.send(status(RUNNING))
        driver.send(status(FINISHED))
        assert not driver.drained(0.1)
        assert driver.awaited() > 800
        agent.come_back()
        agent.reconnect()
        events.wait("reregistered")
        assert driver.drained(30)
        assert agent.states() == ALL
        assert len(agent.named("StatusUpdateMessage")) == 1
        assert driver.awaited() > 0


def test_a_task_that_the_agent_has_heard_nothing_of_is_named() -> None:
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events):
        events.wait("registered")
        agent.run("t")
        events.wait("launch")
        agent.die()
        events.wait("disconnected")
        agent.come_back()
        agent.reconnect()
        (task,) = agent.wait_said("ReregisterExecutorMessage").message["tasks"]
        assert task["task_id"] == {"value": "t"}


def test_five_restarts_lose_and_invent_nothing() -> None:
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events) as driver:
        events.wait("registered")
        for number in range(5):
            driver.send(status(RUNNING, f"before-{number}"))
            agent.die()
            events.wait("disconnected", number + 1)
            driver.send(status(RUNNING, f"while-{number}"))
            agent.come_back()
            agent.reconnect()
            events.wait("reregistered", number + 1)
        assert driver.drained(30)
        assert [each["task_id"]["value"] for each in agent.updates] == [
            f"{when}-{number}" for number in range(5) for when in ("before", "while")]


def test_it_comes_back_at_another_port() -> None:
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events) as driver:
        events.wait("registered")
        agent.die()
        events.wait("disconnected")
        agent.come_back(port=0)
        agent.reconnect()
        events.wait("reregistered")
        driver.send(status(RUNNING))
        assert driver.drained(30)


def test_without_checkpointing_the_agents_exit_ends_it() -> None:
    events = RecordedEvents()
    with V0Agent(checkpoint=False) as agent, driving(agent, events) as driver:
        events.wait("registered")
        agent.die()
        assert events.wait("shutdown") == ("the agent exited, and the framework does not checkpoint",)
        deadline = time.monotonic() + 30
        while driver.alive and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not driver.alive  # after the grace period: nobody will come
        assert not driver.drained(30) or agent.states() == []


def test_beyond_the_recovery_timeout_it_ends() -> None:
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events, MESOS_RECOVERY_TIMEOUT="500ms"):
        events.wait("registered")
        agent.die()
        assert events.wait("shutdown") == ("Recovery timeout of 0.5 s exceeded",)


@pytest.mark.parametrize("reachable", [True, False])
def test_an_agent_that_is_gone_before_it_registered_us_ends_it(reachable: bool) -> None:
    events = RecordedEvents()
    with V0Agent(register=False) as agent:
        if not reachable:
            agent.die()
        with driving(agent, events):
            if reachable:
                agent.wait_said("RegisterExecutorMessage")
                agent.die()
            assert events.wait("shutdown") == ("the agent exited before it registered this executor",)


def test_shutdown() -> None:
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events) as driver:
        events.wait("registered")
        agent.shut_down()
        events.wait("shutdown")
        driver.send(status(TaskState.KILLED))
        assert driver.drained(30)


def test_what_is_advertised_is_said() -> None:
    events = RecordedEvents()
    with V0Agent(register=False) as agent, driving(agent, events, LIBPROCESS_ADVERTISE_IP="10.9.8.7",
                                                   LIBPROCESS_ADVERTISE_PORT="81"):
        said = agent.wait_said("RegisterExecutorMessage")
        assert said.sender == "executor(1)@10.9.8.7:81"


def test_told_no_address_it_says_the_one_from_which_it_reaches_the_agent() -> None:
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events, LIBPROCESS_IP="") as driver:
        events.wait("registered")
        assert agent.executor is not None
        assert agent.executor.address.host == "127.0.0.1"
        driver.send(status(RUNNING))
        assert driver.drained(30)


def test_an_update_that_cannot_be_said_is_dropped_and_the_others_go_on() -> None:
    events = RecordedEvents()
    with V0Agent() as agent, driving(agent, events) as driver:
        events.wait("registered")
        driver.send(status(RUNNING, "bad \udcff"))
        driver.send(status(RUNNING))
        assert driver.drained(30)
        assert [each["task_id"]["value"] for each in agent.updates] == ["t"]
