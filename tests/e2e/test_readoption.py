"""An executor that is killed under its tasks, on the embedded Mesos: to agent and framework nothing has been."""
from __future__ import annotations

import json
import os
import signal
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from deploy.local.pytest_plugin import StartMesos
from specs.forms import Json
from tests.deploy.local.client import Scheduler, get, scalar
from tests.engine import containers
from tests.executor.program.test_crashes import PATIENCE, python_of, whole
from tests.images import busybox_image

PROGRAM = str(Path(sys.executable).with_name("mesos-docker-executor"))
COUNTING = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.01; done"
UNTIL_TOLD = "until [ -e /mnt/mesos/sandbox/go ]; do sleep 0.02; done; exit 7"


def comes_true(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def task(task_id: str, offer: Json, framework_id: str, command: str) -> Json:
    executor = {"type": "CUSTOM", "executor_id": {"value": "readopting"}, "framework_id": {"value": framework_id},
                "command": {"value": PROGRAM, "shell": False, "arguments": ["mesos-docker-executor"]}}
    said = json.dumps({"command": {"value": command}}).encode()
    return {"name": task_id, "task_id": {"value": task_id}, "agent_id": offer["agent_id"], "executor": executor,
            "resources": [scalar("cpus", 0.1), scalar("mem", 32)], "data": b64encode(said).decode(),
            "container": {"type": "DOCKER", "docker": {"image": "busybox:static", "network": "NONE"}}}


def test_nothing_has_been(local_mesos: StartMesos) -> None:
    busybox_image()
    mesos = local_mesos(resources="cpus:4;mem:4096;disk:10240;ports:[31000-31099]")
    scheduler = Scheduler(mesos.address, checkpoint=True, failover_timeout=600.0, capabilities=[
        {"type": "MULTI_ROLE"}, {"type": "PARTITION_AWARE"}, {"type": "TASK_KILLING_STATE"}])
    scheduler.subscribe()
    framework_id = scheduler.framework_id
    assert framework_id is not None
    offer = scheduler.offer(cpus=1.0)
    scheduler.launch(offer, task("a", offer, framework_id, COUNTING), task("b", offer, framework_id, COUNTING),
                     task("short", offer, framework_id, UNTIL_TOLD))
    for task_id in ("a", "b", "short"):
        assert scheduler.update(task_id)["state"] == "TASK_STARTING"
        assert scheduler.update(task_id)["state"] == "TASK_RUNNING"
    [sandbox] = mesos.work_dir.glob("slaves/*/frameworks/*/executors/readopting/runs/latest")
    [forked, *_] = mesos.work_dir.glob("meta/slaves/*/frameworks/*/executors/readopting/runs/*/pids/forked.pid")
    launcher = int(json.loads(forked.read_text())["pid"])

    def ours() -> dict[str, str]:
        return {each.labels["mesos-docker.task-id"]: each.id for each in containers(framework_id=framework_id)}

    before = ours()
    for turn in range(2):
        comes_true(lambda: python_of(launcher))
        killed = python_of(launcher)
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        if turn == 0:
            (sandbox / "tasks/short/go").touch()
            ended = scheduler.update("short")
            assert (ended["state"], ended["message"]) == ("TASK_FAILED", "Container exited with status 7")
        comes_true(lambda: (sandbox / "stderr").read_text().count("it runs") >= 2 * (turn + 1))  # noqa: B023 - now
    assert {each: ours()[each] for each in ("a", "b")} == {each: before[each] for each in ("a", "b")}
    _, state = get(mesos.agent_addresses[0], "/state")
    [executor] = state["frameworks"][0]["executors"]
    assert sorted(each["id"] for each in executor["tasks"]) == ["a", "b"]
    for task_id in ("a", "b"):
        scheduler.call("KILL", task_id={"value": task_id}, agent_id=offer["agent_id"],
                       kill_policy={"grace_period": {"nanoseconds": 0}})
        assert scheduler.update(task_id)["state"] == "TASK_KILLING"  # and nothing came between
        assert scheduler.update(task_id)["state"] == "TASK_KILLED"
        assert whole((sandbox / "tasks" / task_id / "stdout").read_text().splitlines())
    comes_true(lambda: ours() == {})
