"""The defects of pymesos's executor driver, each cured: see design.md, "Mesos, through pymesos", for their numbers.

The others stand in ../settings/test_agent.py (2, 3, 4), test_driver_connection.py (4, 5, 11), test_driver_patience.py
(2, 3, 9) and test_driver_half_open.py (5).
"""
from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
from typing import Any

import pytest

from executor.agent.driver import MesosDriver
from specs.messages.status import TaskState, TaskStatus
from tests.fakes.agent_events import RecordedEvents
from tests.fakes.agent_server import Answer, ScriptedAgent
from tests.fakes.driving import driving

STARTING, RUNNING, FINISHED = TaskState.STARTING, TaskState.RUNNING, TaskState.FINISHED


def status(state: TaskState, task_id: str = "t1") -> TaskStatus:
    return TaskStatus(task_id, state)


def send_many(driver: MesosDriver, count: int) -> None:
    for number in range(count):
        driver.send(status(STARTING, f"t{number}"))


# 1. The outbox.


def test_defect_1_an_update_sent_while_disconnected_is_delivered_with_the_next_subscribe() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events) as driver:
        agent.wait_subscribed()
        agent.go_away()
        events.wait("disconnected")
        driver.send(status(STARTING))
        driver.send(status(RUNNING))
        agent.come_back()
        assert driver.drained(30)
        assert agent.states("t1") == ["TASK_STARTING", "TASK_RUNNING"]
        carried = [each["status"]["state"] for each in
                   agent.calls("SUBSCRIBE")[-1].call["subscribe"]["unacknowledged_updates"]]
        assert carried == ["TASK_STARTING", "TASK_RUNNING"]
        assert not agent.calls("UPDATE")


def test_defect_1_what_is_not_acknowledged_is_sent_again_in_order_with_the_same_uuid() -> None:
    events = RecordedEvents()
    with ScriptedAgent(acknowledge=False) as agent, driving(agent, events) as driver:
        events.wait("registered")
        for state in (STARTING, RUNNING, FINISHED):
            driver.send(status(state))
        agent.wait_for(lambda: len(agent.calls("UPDATE")) == 3)
        agent.acknowledge_update(agent.updates["t1"][1])
        assert not driver.drained(0)
        agent.cut()
        agent.wait_subscribed(times=2)
        again = [each["status"] for each in agent.calls("SUBSCRIBE")[-1].call["subscribe"]["unacknowledged_updates"]]
        assert again in (agent.updates["t1"], [agent.updates["t1"][0], agent.updates["t1"][2]])  # the ack may be late
        agent.wait_for(lambda: agent.duplicates >= 2)
        for each in agent.updates["t1"]:
            agent.acknowledge_update(each)
        assert driver.drained(30)


def test_defect_1_a_task_is_named_in_subscribe_until_an_update_of_it_is_acknowledged() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events) as driver:
        agent.wait_subscribed()
        agent.launch("t1", labels={"labels": [{"key": "k"}]})
        agent.launch("t2")
        events.wait("launch", times=2)
        driver.send(status(STARTING))
        assert driver.drained(30)
        agent.cut()
        agent.wait_subscribed(times=2)
        assert [task["task_id"]["value"] for task in
                agent.calls("SUBSCRIBE")[-1].call["subscribe"]["unacknowledged_tasks"]] == ["t2"]


def test_defect_1_an_update_whose_answer_was_lost_is_sent_again_and_is_the_same() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent:
        agent.next_calls.extend([Answer(cut=True, take=True)] * 3)
        with driving(agent, events) as driver:
            events.wait("registered")
            driver.send(status(STARTING))
            driver.send(status(RUNNING))
            assert driver.drained(30)
            assert agent.states("t1") == ["TASK_STARTING", "TASK_RUNNING"]
            assert agent.calls("UPDATE")


def test_defect_1_an_update_that_the_agent_does_not_take_yet_is_repeated_and_holds_back_the_others() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent:
        agent.next_calls.extend([Answer(status=503, body="Agent has not finished recovery"), Answer(status=404)])
        with driving(agent, events) as driver:
            events.wait("registered")
            driver.send(status(STARTING))
            driver.send(status(RUNNING))
            assert driver.drained(30)
            assert [each.call["update"]["status"]["state"] for each in agent.calls("UPDATE")] == [
                "TASK_STARTING", "TASK_STARTING", "TASK_STARTING", "TASK_RUNNING"]


def test_an_executor_that_is_not_subscribed_in_the_agents_eyes_subscribes_again() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent:
        agent.next_calls.append(Answer(status=403, body="Executor is not subscribed"))
        with driving(agent, events) as driver:
            events.wait("registered")
            driver.send(status(STARTING))
            assert driver.drained(30)
            assert len(agent.calls("SUBSCRIBE")) == 2
            assert agent.states("t1") == ["TASK_STARTING"]


def test_a_call_that_is_refused_for_good_is_an_error_event_and_does_not_hold_back_the_others() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent:
        agent.next_calls.append(Answer(status=400, body="Failed to validate Executor::Call: why"))
        with driving(agent, events) as driver:
            events.wait("registered")
            driver.send(status(STARTING))
            driver.send(status(RUNNING, "t2"))
            assert events.wait("error") == (
                "Received unexpected '400 Bad Request' (Failed to validate Executor::Call: why) for UPDATE",)
            agent.wait_for(lambda: agent.states("t2") == ["TASK_RUNNING"])
            assert not driver.drained(0)
            agent.cut()
            assert driver.drained(30)


def test_an_update_that_no_agent_would_take_is_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    with ScriptedAgent() as agent, driving(agent, RecordedEvents()) as driver:
        driver.send(TaskStatus("t1", TaskState.STAGING))
        driver.send(TaskStatus("t1", RUNNING, uuid=b"too short"))
        driver.send(status(FINISHED))
        driver.send(status(RUNNING))  # behind the last word, or behind its acknowledgement: the lifecycle's business
        agent.wait_for(lambda: "TASK_FINISHED" in agent.states("t1"))
        assert driver.drained(30)
    assert agent.states("t1")[0] == "TASK_FINISHED"
    assert "Dropping UPDATE TASK_STAGING of task t1: Received TASK_STAGING from executor executor-1" in caplog.text
    assert "Dropping UPDATE TASK_RUNNING of task t1: Not a valid UUID" in caplog.text


def test_after_stop_nothing_is_sent_and_nobody_waits() -> None:
    with ScriptedAgent(acknowledge=False) as agent, driving(agent, RecordedEvents()) as driver:
        driver.send(status(STARTING))
        agent.wait_for(lambda: agent.states("t1"))
        driver.stop()
        driver.join(30)
        driver.send(status(RUNNING))
        assert not driver.drained(3600)
        assert agent.states("t1") == ["TASK_STARTING"]


# 6. Exceptions.


@pytest.mark.parametrize("name", ["registered", "launch", "kill", "acknowledged", "message", "shutdown", "error",
                                  "disconnected", "reregistered"])
def test_defect_6_a_fault_in_a_callback_is_logged_and_ends_nothing(name: str, caplog: pytest.LogCaptureFixture) -> None:
    def fault(*_: Any) -> None:
        raise RuntimeError("a bug")

    events = RecordedEvents(**{name: fault})
    with ScriptedAgent() as agent, driving(agent, events) as driver:
        agent.wait_subscribed()
        agent.launch("t1", secret="hidden")
        agent.kill("t1")
        agent.event("MESSAGE", message={"data": "YQ=="})
        agent.event("ERROR", error={"message": "no"})
        agent.event("SHUTDOWN")
        driver.send(status(STARTING))
        events.wait("acknowledged")
        agent.cut()
        events.wait("reregistered")
        driver.send(status(RUNNING))
        events.wait("acknowledged", times=2)
        assert driver.drained(30)
        assert set(agent.updates) == {"t1"}
        assert agent.states("t1") == ["TASK_STARTING", "TASK_RUNNING"]  # and no other status than we sent
    assert "RuntimeError: a bug" in caplog.text
    assert "hidden" not in caplog.text


@pytest.mark.parametrize("record", [
    b"not json", b"\xff\xfe", b"[]", b"null", b"7", b"{}", b'{"type": 5}', b'{"type": "UNKNOWN"}',
    b'{"type": {}}', b'{"type": [1]}', b"[" * 100_000,
    b'{"type": "SOMETHING_NEW", "something_new": {}}', b'{"type": "CLOSE", "close": {}}', b'{"type": "LAUNCH"}',
    b'{"type": "LAUNCH", "launch": {}}', b'{"type": "KILL", "kill": {"task_id": 3}}',
    b'{"type": "ACKNOWLEDGED", "acknowledged": {"task_id": {"value": "t1"}, "uuid": "?"}}',
    b'{"type": "MESSAGE", "message": {"data": 5}}',
])
def test_defect_6_an_event_that_cannot_be_understood_ends_nothing(record: bytes) -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events) as driver:
        agent.wait_subscribed()
        agent.raw_event(record)
        agent.kill("t9")
        events.wait("kill")
        driver.send(status(STARTING))
        assert driver.drained(30)
        assert len(agent.calls("SUBSCRIBE")) == 1
        assert set(events.names()) <= {"registered", "kill", "acknowledged", "error"}


def test_an_event_that_is_no_json_is_an_error_event() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events):
        agent.wait_subscribed()
        agent.raw_event(b"{")
        (text,) = events.wait("error")
        assert text.startswith("Failed to de-serialize event: ")


# 7. Headers.


def test_defect_7_headers_of_one_driver_or_call_do_not_leak_into_another() -> None:
    with ScriptedAgent(token="secret") as first, ScriptedAgent() as second:
        heard = RecordedEvents()
        with driving(first, heard) as one, driving(second, heard) as two:
            heard.wait("registered", times=2)
            for driver in (one, two):
                driver.send(status(STARTING))
            assert one.drained(30)
            assert two.drained(30)
        for each in first.received:
            assert each.headers["authorization"] == "Bearer secret"
        for each in second.received:
            assert "authorization" not in each.headers
        assert {each.kind: sorted(each.headers) for each in second.received} == {
            kind: sorted(["host", "accept", "content-type", "content-length", *extra])
            for kind, extra in (("SUBSCRIBE", []), ("UPDATE", ["accept-encoding"]))}


# 8. KILL.


@pytest.mark.parametrize(("grace", "seconds"), [(None, None), (0.0, 0.0), (2.5, 2.5), (86400.0, 86400.0)])
def test_defect_8_the_kill_policy_of_a_kill_is_passed_on(grace: float | None, seconds: float | None) -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events):
        agent.wait_subscribed()
        agent.kill("t1", grace)
        assert events.wait("kill") == ("t1", seconds)


def test_defect_8_a_kill_policy_without_a_grace_period_says_nothing() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events):
        agent.wait_subscribed()
        agent.event("KILL", kill={"task_id": {"value": "t1"}, "kill_policy": {}})
        assert events.wait("kill") == ("t1", None)


# 10. LAUNCH.


def test_defect_10_a_second_launch_of_an_id_is_a_fact_for_the_supervisor() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events) as driver:
        agent.wait_subscribed()
        agent.launch("t1", number=1)
        agent.launch("t1", number=2)
        events.wait("launch", times=2)
        assert [task["number"] for (task,) in events.of("launch")] == [1, 2]
        driver.send(status(STARTING))
        assert driver.drained(30)


def test_each_task_of_a_launch_group_is_a_launch() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events):
        agent.wait_subscribed()
        agent.event("LAUNCH_GROUP", launch_group={"task_group": {"tasks": [
            {"task_id": {"value": "t1"}}, {"broken": True}, {"task_id": {"value": "t2"}}]}})
        events.wait("launch", times=2)
        assert [task["task_id"]["value"] for (task,) in events.of("launch")] == ["t1", "t2"]


# The rest of the port.


def test_what_the_agent_says_of_itself_is_passed_on_once_and_then_as_a_return() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events):
        executor, framework, info = events.wait("registered")
        assert executor["executor_id"] == {"value": "executor-1"}
        assert framework["name"] == "scripted"
        assert info["id"] == {"value": "agent-1"}
        agent.cut(hard=False)
        assert events.wait("reregistered") == (info,)
        assert events.names() == ["registered", "disconnected", "reregistered"]


def test_framework_messages_go_both_ways() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events) as driver:
        agent.wait_subscribed()
        events.wait("registered")
        agent.event("MESSAGE", message={"data": "AP8="})
        assert events.wait("message") == (b"\x00\xff",)
        driver.message(b"\xff\x00")
        agent.wait_for(lambda: agent.calls("MESSAGE"))
        assert agent.calls("MESSAGE")[0].call["message"] == {"data": "/wA="}


def test_a_message_without_an_agent_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events) as driver:
        events.wait("registered")
        agent.go_away()
        events.wait("disconnected")
        driver.message(b"lost")
        agent.come_back()
        events.wait("reregistered")
        driver.send(status(STARTING))
        assert driver.drained(30)
        assert not agent.calls("MESSAGE")
    assert "Dropping MESSAGE" in caplog.text


def test_updates_get_a_uuid_of_their_own_and_a_time() -> None:
    with ScriptedAgent() as agent, driving(agent, RecordedEvents()) as driver:
        for state in (STARTING, RUNNING):
            driver.send(status(state))
        driver.send(TaskStatus("t2", STARTING, timestamp=7.5))
        assert driver.drained(30)
        said = [each for statuses in agent.updates.values() for each in statuses]
        assert len({each["uuid"] for each in said}) == 3
        assert agent.updates["t2"][0]["timestamp"] == 7.5
        assert agent.updates["t1"][0]["timestamp"] > 1.7e9


def test_send_does_not_wait_for_an_agent_that_does_not_answer() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent:
        agent.next_calls.append(Answer(stall=True))
        with driving(agent, events) as driver:
            events.wait("registered")
            sender = threading.Thread(target=send_many, args=(driver, 100), daemon=True)
            sender.start()
            sender.join(30)
            assert not sender.is_alive()
            agent.wait_for(lambda: agent.calls("UPDATE"))
            agent.cut_calls()
            assert driver.drained(30)
            assert len(agent.updates) == 100


# Importing pymesos.


def test_importing_the_driver_leaves_sigint_and_the_logs_alone() -> None:
    script = """
import json, logging, signal, sys
before = signal.getsignal(signal.SIGINT)
import executor.agent.driver
logger = logging.getLogger("pymesos")
print(json.dumps([signal.getsignal(signal.SIGINT) is before, logger.handlers, logger.propagate, logger.level]))
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == [True, [], True, logging.NOTSET]
    assert not ran.stderr


def test_a_handler_of_somebody_else_for_sigint_survives_the_import() -> None:
    script = """
import os, signal
signal.signal(signal.SIGINT, lambda *_: print("ours"))
import executor.agent.driver
os.kill(os.getpid(), signal.SIGINT)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "ours\n"


def test_defect_6_the_main_thread_is_never_interrupted(caplog: pytest.LogCaptureFixture) -> None:
    """pymesos raises SIGINT in the main thread when its own ends: here nothing of the kind happens."""
    interrupts: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))
    try:
        with caplog.at_level(logging.CRITICAL), ScriptedAgent() as agent:
            agent.next_subscribes.extend([Answer(raw=b"nonsense"), Answer(status=401), Answer(cut=True)])
            events = RecordedEvents(registered=lambda *_: 1 / 0)
            with driving(agent, events):
                events.wait("registered")
    finally:
        signal.signal(signal.SIGINT, before)
    assert interrupts == []
