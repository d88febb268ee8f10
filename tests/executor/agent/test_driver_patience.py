"""What the driver does when the agent is lost, and when it asks for the end: never kill, always tell."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from executor.agent.session import Timing
from specs.messages.status import TaskState, TaskStatus
from tests.fakes.agent_events import RecordedEvents
from tests.fakes.agent_server import Answer, ScriptedAgent
from tests.fakes.driving import driving

KILLED = TaskStatus("t1", TaskState.KILLED)


def test_defect_2_without_checkpointing_a_loss_is_told_as_shutdown_at_once() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events, MESOS_CHECKPOINT="0"):
        events.wait("registered")
        agent.cut()
        (why,) = events.wait("shutdown")
        assert why == "the connection to the agent is lost, and the framework does not checkpoint"
        assert events.names()[:3] == ["registered", "disconnected", "shutdown"]


def test_with_checkpointing_a_loss_is_no_reason_to_end() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events):
        events.wait("registered")
        for times in range(1, 4):
            agent.cut()
            events.wait("reregistered", times)
        assert "shutdown" not in events.names()


def test_defect_3_after_the_recovery_timeout_it_shuts_down_and_after_the_grace_period_it_gives_up() -> None:
    events = RecordedEvents()
    with ScriptedAgent(acknowledge=False) as agent, driving(
            agent, events, MESOS_RECOVERY_TIMEOUT="300ms", MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD="200ms") as driver:
        events.wait("registered")
        lost = time.monotonic()
        agent.go_away()
        assert events.wait("shutdown") == ("Recovery timeout of 0.3 s exceeded",)
        assert time.monotonic() - lost >= 0.3
        driver.send(KILLED)
        assert not driver.drained(3600)  # not an hour: nobody is left to wait for
        assert time.monotonic() - lost >= 0.5
        assert events.names() == ["registered", "disconnected", "shutdown"]


def test_defect_3_an_agent_that_comes_back_in_time_resets_the_patience() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events, MESOS_RECOVERY_TIMEOUT="2secs"):
        events.wait("registered")
        for times in range(1, 4):
            agent.go_away()
            events.wait("disconnected", times)
            agent.come_back()
            events.wait("reregistered", times)
        assert "shutdown" not in events.names()


def test_defect_3_the_back_off_stays_below_what_the_agent_says() -> None:
    """The agent kills executors that do not come back within its re-registration timeout."""
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events, MESOS_SUBSCRIPTION_BACKOFF_MAX="1ms"):
        agent.next_subscribes.extend([Answer(cut=True)] * 50)
        events.wait("registered")
        agent.cut()
        agent.wait_for(lambda: not agent.next_subscribes)  # 50 tries: pymesos would sleep for minutes
        agent.wait_subscribed()
        assert "shutdown" not in events.names()


def test_an_agent_that_was_never_reached_is_waited_for_with_checkpointing_only() -> None:
    for checkpoint, names in (("0", ["shutdown"]), ("1", ["registered"])):
        events = RecordedEvents()
        agent = ScriptedAgent()
        with agent:
            agent.go_away()
            with driving(agent, events, MESOS_CHECKPOINT=checkpoint):
                if checkpoint == "0":
                    events.wait("shutdown")
                else:
                    agent.come_back()
                    events.wait("registered")
            assert events.names() == names


def test_an_agent_that_comes_back_during_the_shutdown_still_gets_the_last_words() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events, MESOS_CHECKPOINT="0") as driver:
        events.wait("registered")
        agent.go_away()
        events.wait("shutdown")
        driver.send(KILLED)
        agent.come_back()
        assert driver.drained(30)
        assert agent.states("t1") == ["TASK_KILLED"]
        assert len(events.of("shutdown")) == 1


def test_a_connection_for_calls_that_cannot_be_made_is_a_loss() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent:
        agent.next_calls.extend([Answer(cut=True)] * 2)
        with driving(agent, events) as driver:
            events.wait("registered")
            driver.send(KILLED)
            events.wait("reregistered")
            assert driver.drained(30)
            assert agent.states("t1") == ["TASK_KILLED"]


def test_a_call_that_is_never_answered_is_a_loss() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent:
        agent.next_calls.extend([Answer(stall=True)] * 2)
        with driving(agent, events, Timing(answer=0.2)) as driver:
            events.wait("registered")
            driver.send(KILLED)
            assert driver.drained(30)
            assert len(agent.calls("SUBSCRIBE")) == 2


# 9. SHUTDOWN.


def test_defect_9_shutdown_is_told_and_acknowledgements_are_taken_afterwards() -> None:
    """G31: Mesos's own driver ignores all that comes after SHUTDOWN, and waits in vain for acknowledgements."""
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events) as driver:
        events.wait("registered")
        agent.event("SHUTDOWN")
        assert events.wait("shutdown") == ("the agent asked for it",)
        driver.send(KILLED)
        assert driver.drained(30)
        assert events.wait("acknowledged")[0] == "t1"


def test_defect_9_an_agent_lost_after_shutdown_is_not_a_second_shutdown() -> None:
    events = RecordedEvents()
    with ScriptedAgent() as agent, driving(agent, events, MESOS_CHECKPOINT="0") as driver:
        events.wait("registered")
        agent.event("SHUTDOWN")
        events.wait("shutdown")
        agent.cut()
        events.wait("disconnected")
        driver.send(KILLED)
        assert driver.drained(30)
        assert len(events.of("shutdown")) == 1


def test_defect_9_an_agent_that_is_gone_after_shutdown_is_not_waited_for_beyond_the_grace_period() -> None:
    events = RecordedEvents()
    with ScriptedAgent(acknowledge=False) as agent, driving(
            agent, events, MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD="100ms") as driver:
        events.wait("registered")
        agent.event("SHUTDOWN")
        events.wait("shutdown")
        driver.send(KILLED)
        agent.go_away()
        assert not driver.drained(3600)


@pytest.mark.parametrize("how", ["SHUTDOWN", "loss"])
def test_defect_9_the_driver_kills_nobody(how: str) -> None:
    """In a process group of its own, with a grace period that is over: pymesos would have killed the whole group."""
    script = """
import sys
from executor.program import told_by_the_agent
from executor.agent.driver import MesosDriver
from specs.messages.status import TaskState, TaskStatus
from tests.fakes.agent_events import RecordedEvents
events = RecordedEvents()
driver = MesosDriver(told_by_the_agent())
driver.start(events)
events.wait("shutdown")
print("told", flush=True)
sys.stdin.readline()
driver.send(TaskStatus("t1", TaskState.KILLED))
print("drained", driver.drained(30), flush=True)
driver.stop()
driver.join(10)
"""
    with ScriptedAgent() as agent:
        environment = agent.environment(MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD="1ms" if how == "SHUTDOWN" else "1mins",
                                        MESOS_CHECKPOINT="0", PYTHONPATH=str(Path(__file__).parents[3]))
        with subprocess.Popen([sys.executable, "-c", script], env=environment, start_new_session=True, text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            try:
                assert process.stdin is not None
                assert process.stdout is not None
                agent.wait_subscribed()
                if how == "SHUTDOWN":
                    agent.event("SHUTDOWN")
                else:
                    agent.cut()
                assert process.stdout.readline() == "told\n"
                agent.wait_subscribed(times=1 if how == "SHUTDOWN" else 2)
                process.stdin.write("\n")
                process.stdin.flush()
                assert process.stdout.readline() == "drained True\n"
                assert process.wait(30) == 0
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
        assert agent.states("t1") == ["TASK_KILLED"]
