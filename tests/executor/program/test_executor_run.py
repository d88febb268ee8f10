"""The installed executor, from its start to its end, with real containers and an agent that is cut off meanwhile."""
from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.executor.program.test_executor_process import drop_in, environment, started, subscribed
from tests.fakes.agent_server import ScriptedAgent
from tests.images import busybox_image

LABEL = "mesos-docker.framework-id"
SLEEPER = "trap 'exit 0' TERM; while :; do sleep 0.1; done"
ENDED = {"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED"}


def task(agent: ScriptedAgent, task_id: str, script: str, *, custom: bool) -> dict[str, Any]:
    """A TaskInfo as the agent hands it to an executor."""
    command = {"shell": True, "value": script}
    how: dict[str, Any] = {"command": command}
    if custom:
        how = {"data": base64.b64encode(json.dumps({"command": command}).encode()).decode(), "executor": {
            "executor_id": {"value": agent.executor_id}, "command": {"value": "mesos-docker-executor"}}}
    return {
        "name": task_id, "task_id": {"value": task_id}, "agent_id": {"value": agent.agent_id},
        "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
                      {"name": "mem", "type": "SCALAR", "scalar": {"value": 32}}],
        "container": {"type": "DOCKER", "docker": {"image": busybox_image(), "network": "NONE"}}, **how}


def containers(agent: ScriptedAgent) -> list[str]:
    """The running containers of this agent's framework."""
    listed = subprocess.run(["docker", "ps", "-q", "--filter", f"label={LABEL}={agent.framework_id}"], check=True,
                            capture_output=True, text=True)
    return listed.stdout.split()


@pytest.fixture
def agent() -> Iterator[ScriptedAgent]:
    """What is left of its framework's containers is removed."""
    scripted = ScriptedAgent()
    with scripted:
        yield scripted
    left = subprocess.run(["docker", "ps", "-aq", "--filter", f"label={LABEL}={scripted.framework_id}"], check=True,
                          capture_output=True, text=True).stdout.split()
    if left:
        subprocess.run(["docker", "rm", "-fv", *left], check=True, capture_output=True)


def has_begun(agent: ScriptedAgent, task_id: str) -> bool:
    return "TASK_RUNNING" in agent.states(task_id)


def has_ended(agent: ScriptedAgent, *tasks: str) -> bool:
    return all(ENDED & set(agent.states(task_id)[-1:]) for task_id in tasks)


def test_the_drop_in_ends_when_its_last_word_is_acknowledged_and_not_before(agent: ScriptedAgent,
                                                                            tmp_path: Path) -> None:
    agent.acknowledge = False
    with started(environment(agent, tmp_path), tmp_path, drop_in(tmp_path)) as process:
        subscribed(agent, process, tmp_path)
        agent.event("LAUNCH", launch={"task": task(agent, "t1", "echo said; exit 3", custom=False)})
        agent.wait_for(lambda: has_ended(agent, "t1"), timeout=90)
        assert agent.states("t1") == ["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"]
        agent.cut()
        agent.wait_subscribed(times=2)
        assert process.poll() is None
        carried = agent.calls("SUBSCRIBE")[-1].call["subscribe"]
        assert [each["status"]["state"] for each in carried["unacknowledged_updates"]] == agent.states("t1")
        assert [each["task_id"]["value"] for each in carried["unacknowledged_tasks"]] == ["t1"]
        for status in agent.updates["t1"]:
            agent.acknowledge_update(status)
        assert process.wait(30) == 0
    assert (tmp_path / "stdout").read_text() == "said\n"
    assert agent.updates["t1"][-1]["message"] == "Container exited with status 3"


def test_tasks_outlive_a_lost_agent_and_end_with_shutdown(agent: ScriptedAgent, tmp_path: Path) -> None:
    names = ["t1", "t2", "t3"]
    with started(environment(agent, tmp_path), tmp_path) as process:
        subscribed(agent, process, tmp_path)
        for name in names:
            agent.event("LAUNCH", launch={"task": task(agent, name, SLEEPER, custom=True)})
        agent.wait_for(lambda: all("TASK_RUNNING" in agent.states(name) for name in names), timeout=90)
        running = set(containers(agent))
        assert len(running) == 3
        agent.go_away()
        agent.come_back()
        agent.wait_subscribed(times=2)
        assert set(containers(agent)) == running
        agent.event("SHUTDOWN")
        assert process.wait(60) == 0
    assert containers(agent) == []
    assert {name: agent.states(name)[-1] for name in names} == dict.fromkeys(names, "TASK_KILLED")


@pytest.mark.parametrize("told", ["SHUTDOWN", "SIGTERM"])
def test_an_agent_that_acknowledges_nothing_more_is_not_waited_for(agent: ScriptedAgent, tmp_path: Path,
                                                                  told: str) -> None:
    """As after TEARDOWN: the agent is about to forget the framework, and waits for our end; 60 s would be too long."""
    agent.acknowledge = False
    with started(environment(agent, tmp_path), tmp_path, drop_in(tmp_path)) as process:
        subscribed(agent, process, tmp_path)
        agent.event("LAUNCH", launch={"task": task(agent, "t1", "exit 3", custom=False)})
        agent.wait_for(lambda: has_ended(agent, "t1"), timeout=90)
        if told == "SHUTDOWN":
            agent.event("SHUTDOWN")
        else:
            process.terminate()
        assert process.wait(30) == 0


def test_what_a_killed_executor_leaves_is_removed_by_the_next_of_its_id(agent: ScriptedAgent, tmp_path: Path) -> None:
    """The agent has told the end of its tasks; other executors' containers are none of its business."""
    for number, executor_id in enumerate(("executor-1", "another")):
        (sandbox := tmp_path / executor_id).mkdir()
        with started(environment(agent, sandbox, MESOS_EXECUTOR_ID=executor_id), sandbox) as process:
            agent.wait_subscribed(times=number + 1)
            agent.event("LAUNCH", launch={"task": task(agent, executor_id, SLEEPER, custom=True)})
            agent.wait_for(partial(has_begun, agent, executor_id), timeout=90)
            os.killpg(process.pid, signal.SIGKILL)  # with its launcher, which would start it again
            process.wait(30)
    others, old = containers(agent)  # the newest first
    with started(environment(agent, tmp_path), tmp_path) as process:
        agent.wait_subscribed(times=3)
        agent.event("LAUNCH", launch={"task": task(agent, "t2", "exit 0", custom=True)})
        agent.wait_for(lambda: has_ended(agent, "t2"), timeout=90)
        assert old not in containers(agent)
        assert others in containers(agent)
        agent.event("SHUTDOWN")
        assert process.wait(60) == 0


def test_without_checkpointing_a_dead_agents_containers_are_ended(agent: ScriptedAgent, tmp_path: Path) -> None:
    with started(environment(agent, tmp_path, MESOS_CHECKPOINT="0"), tmp_path) as process:
        subscribed(agent, process, tmp_path)
        agent.event("LAUNCH", launch={"task": task(agent, "t1", SLEEPER, custom=True)})
        agent.wait_for(lambda: "TASK_RUNNING" in agent.states("t1"), timeout=90)
        agent.go_away()
        assert process.wait(60) == 0
    assert containers(agent) == []


def test_a_container_that_ends_while_the_agent_is_away_is_told_when_it_is_back(agent: ScriptedAgent,
                                                                               tmp_path: Path) -> None:
    with started(environment(agent, tmp_path), tmp_path) as process:
        subscribed(agent, process, tmp_path)
        waits = "until [ -e $MESOS_SANDBOX/go ]; do sleep 0.1; done"
        agent.event("LAUNCH", launch={"task": task(agent, "t1", waits, custom=True)})
        agent.wait_for(lambda: "TASK_RUNNING" in agent.states("t1"), timeout=90)
        agent.go_away()
        (container,) = containers(agent)
        (tmp_path / "tasks" / "t1" / "go").touch()
        subprocess.run(["docker", "wait", container], check=False, capture_output=True, timeout=60)
        agent.come_back()
        agent.wait_for(lambda: has_ended(agent, "t1"))
        assert agent.states("t1") == ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]


def test_what_fails_because_the_container_ends_is_no_failed_health_check(agent: ScriptedAgent, tmp_path: Path) -> None:
    """Processes go one by one: a server may be gone some time before its container is, and a task ends as it ends."""
    check = {"type": "HTTP", "http": {"port": 80}, "delay_seconds": 0, "interval_seconds": 0, "timeout_seconds": 5,
             "grace_period_seconds": 60, "consecutive_failures": 1}
    names = [f"t{number}" for number in range(4)]
    serves = "mkdir /w; echo hi > /w/index.html; httpd -p 80 -h /w; sleep 1"
    with started(environment(agent, tmp_path), tmp_path) as process:
        subscribed(agent, process, tmp_path)
        for name in names:
            info = {**task(agent, name, serves, custom=True), "health_check": check}
            agent.event("LAUNCH", launch={"task": info})
        agent.wait_for(lambda: has_ended(agent, *names), timeout=90)
        agent.event("SHUTDOWN")
        assert process.wait(60) == 0
    for name in names:
        assert agent.states(name) == ["TASK_STARTING", "TASK_RUNNING", "TASK_RUNNING", "TASK_FINISHED"]
        assert [update.get("healthy") for update in agent.updates[name]] == [None, None, True, None]
