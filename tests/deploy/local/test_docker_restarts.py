"""An agent is killed and started again around a Docker task whose executor speaks libprocess: what the task becomes in
each of its phases, and its container.

As measured on a real agent: who has registered is asked for and goes on; who has not, or speaks HTTP, is not recovered.
With MESOS_BUILD the same is tried on a real Mesos (real_mesos.py). Three of these tests fail there, as they do
with Mesos's own executor, for its agent leaves the container of an executor that was killed while it was away, waits
for a stopped executor as long as that is stopped, and hears anybody who says that he is an executor.
"""
from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local import LocalMesos
from deploy.local.pytest_plugin import StartMesos
from deploy.local.wire.libprocess import PACKAGE
from specs.forms import Json, wire
from specs.messages.status import is_terminal
from tests.deploy.local.client import Scheduler, command_task, wait_for
from tests.deploy.local.real_mesos import RealMesos
from tests.images import busybox_image

RESOURCES = "cpus:4;mem:4096;disk:10240;ports:[31000-31099]"
UNKNOWN = ("TASK_FAILED", "REASON_EXECUTOR_TERMINATED", "Abnormal executor termination: unknown container")
UNTIL_TOLD = "while ! test -e /mnt/mesos/sandbox/go; do sleep 0.05; done; exit 7"


class Launched:
    """A task of a framework that checkpoints, and what can be seen of it from outside."""

    def __init__(self, mesos: LocalMesos, command: str, **fields: Any) -> None:
        self.mesos = mesos
        self.scheduler = Scheduler(mesos.address, checkpoint=True, failover_timeout=60.0, capabilities=[
            {"type": "MULTI_ROLE"}, {"type": "PARTITION_AWARE"}, {"type": "TASK_KILLING_STATE"}])
        self.scheduler.subscribe()
        offer = self.scheduler.offer()
        task = command_task("t", offer, command, container={
            "type": "DOCKER", "docker": {"image": busybox_image(), "network": "NONE"}})
        task["command"] |= fields
        self.scheduler.launch(offer, task)

    def running(self) -> str:
        """The container's id."""
        return str(self.scheduler.update("t", "TASK_RUNNING")["container_status"]["container_id"]["value"])

    @property
    def sandbox(self) -> Path:
        [latest] = self.mesos.work_dir.glob("slaves/*/frameworks/*/executors/t/runs/latest")
        return latest

    def restart(self, *, away: float = 0.0) -> None:
        self.mesos.stop_agent()
        time.sleep(away)
        self.mesos.start_agent()

    def pid(self) -> int:
        """Of the executor."""
        path = next(self.mesos.work_dir.glob("meta/slaves/*/frameworks/*/executors/t/runs/*/pids/forked.pid"))
        found = re.match(r'(?:.*"pid": )?(\d+)', path.read_text())  # a real agent has nothing else there
        assert found is not None
        return int(found[1])

    def ended(self) -> tuple[str, str | None, str | None]:
        while not is_terminal((status := self.scheduler.update("t"))["state"]):
            pass  # one that was acknowledged as the agent died comes again
        return status["state"], status.get("reason"), status.get("message")


def inspect(container: str, what: str = "{{.Id}} {{.State.StartedAt}} {{.RestartCount}}") -> str:
    found = subprocess.run(["docker", "inspect", "-f", what, f"mesos-{container}"], check=False, capture_output=True,
                           text=True)
    return found.stdout.strip()


def stopped(container: str) -> bool:
    return inspect(container, "{{.State.Running}}") in {"", "false"}


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z"
    except OSError:
        return True


if "MESOS_BUILD" in os.environ:
    @pytest.fixture
    def local_mesos() -> Iterator[Callable[..., RealMesos]]:
        with contextlib.ExitStack() as stack:
            yield lambda **flags: stack.enter_context(RealMesos(Path(os.environ["MESOS_BUILD"]), **flags))


@pytest.fixture
def mesos(local_mesos: StartMesos) -> LocalMesos:
    return local_mesos(resources=RESOURCES, executor_shutdown_grace_period=3.0)


def test_running_it_goes_on_untouched_and_ends_with_its_own_exit_code(mesos: LocalMesos) -> None:
    task = Launched(mesos, UNTIL_TOLD)
    container = task.running()
    before = inspect(container)
    for _ in range(3):
        task.restart()
    assert inspect(container) == before
    (task.sandbox / "go").touch()
    assert task.ended() == ("TASK_FAILED", None, "Container exited with status 7")


def test_starting(mesos: LocalMesos) -> None:
    task = Launched(mesos, UNTIL_TOLD)
    task.scheduler.update("t", "TASK_STARTING")
    task.restart()
    container = task.running()
    (task.sandbox / "go").touch()
    assert task.ended()[2] == "Container exited with status 7"
    assert stopped(container)


def test_exited_while_the_agent_was_away(mesos: LocalMesos) -> None:
    task = Launched(mesos, UNTIL_TOLD)
    container = task.running()
    mesos.stop_agent()
    (task.sandbox / "go").touch()
    wait_for(lambda: stopped(container))
    mesos.start_agent()
    assert task.ended() == ("TASK_FAILED", None, "Container exited with status 7")


def test_killing(mesos: LocalMesos) -> None:
    task = Launched(mesos, "trap 'while ! test -e /mnt/mesos/sandbox/go; do sleep 0.05; done; exit 0' TERM; "
                           "touch /mnt/mesos/sandbox/ready; while :; do sleep 0.05; done")
    task.running()
    wait_for((task.sandbox / "ready").exists)
    task.scheduler.call("KILL", task_id={"value": "t"}, kill_policy={"grace_period": {"nanoseconds": 60_000_000_000}})
    task.scheduler.update("t", "TASK_KILLING")
    task.restart()
    (task.sandbox / "go").touch()
    assert task.ended() == ("TASK_KILLED", None, "Container exited with status 0")


def test_a_kill_after_the_restart(mesos: LocalMesos) -> None:
    task = Launched(mesos, "exec sleep 600")
    task.running()
    task.restart()
    task.scheduler.call("KILL", task_id={"value": "t"}, kill_policy={"grace_period": {"nanoseconds": 0}})
    task.scheduler.update("t", "TASK_KILLING")
    assert task.ended()[0] == "TASK_KILLED"


def test_the_last_update_unacknowledged_comes_again_and_is_the_same(mesos: LocalMesos) -> None:
    task = Launched(mesos, "exit 7")
    task.running()
    first = task.scheduler.update("t", "TASK_FAILED", acknowledge=False)
    task.restart()
    assert task.scheduler.update("t", "TASK_FAILED")["uuid"] == first["uuid"]


def slow_executor(tmp_path: Path) -> Path:
    """A launcher folder whose executor takes its time, as on a loaded machine."""
    script = tmp_path / "mesos-docker-executor"
    script.write_text(f'#!/bin/sh\nsleep 3\nexec {Path(sys.executable).parent}/mesos-docker-executor "$@"\n')
    script.chmod(0o755)
    return tmp_path


def test_not_yet_registered(local_mesos: StartMesos, tmp_path: Path) -> None:
    mesos = local_mesos(resources=RESOURCES, launcher_dir=slow_executor(tmp_path))
    task = Launched(mesos, "exec sleep 600")
    wait_for(lambda: any(mesos.work_dir.glob("meta/slaves/*/frameworks/*/executors/t/runs/*/pids/forked.pid")))
    pid = task.pid()
    task.restart()
    assert task.ended() == UNKNOWN
    wait_for(lambda: gone(pid))


def test_an_executor_that_speaks_http_is_not_recovered_and_its_container_ends(mesos: LocalMesos) -> None:
    task = Launched(mesos, "exec sleep 600", environment={
        "variables": [{"name": "MESOS_DOCKER_PROTOCOL", "value": "v1"}]})
    container = task.running()
    task.restart()
    assert task.ended() == UNKNOWN
    wait_for(lambda: stopped(container))


def test_an_executor_that_died_while_the_agent_was_away(mesos: LocalMesos) -> None:
    task = Launched(mesos, "exec sleep 600")
    container, pid = task.running(), task.pid()
    mesos.stop_agent()
    os.killpg(pid, signal.SIGKILL)
    wait_for(lambda: gone(pid))
    mesos.start_agent()
    assert task.ended() == UNKNOWN
    wait_for(lambda: stopped(container))


def test_beyond_the_time_to_reregister_it_is_gone(mesos: LocalMesos) -> None:
    task = Launched(mesos, "exec sleep 600")
    container, pid = task.running(), task.pid()
    os.killpg(pid, signal.SIGSTOP)
    task.restart()
    assert task.ended() == ("TASK_GONE", "REASON_EXECUTOR_REREGISTRATION_TIMEOUT",
                            "Executor did not reregister within 2secs; Container killed")
    wait_for(lambda: stopped(container) and gone(pid))


def test_beyond_the_recovery_timeout_it_has_ended_by_itself(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES, recovery_timeout=0.5, executor_shutdown_grace_period=1.0)
    task = Launched(mesos, "exec sleep 600")
    container, pid = task.running(), task.pid()
    mesos.stop_agent()
    wait_for(lambda: stopped(container) and gone(pid))
    mesos.start_agent()
    assert task.ended() == UNKNOWN


def test_who_is_not_the_executors_process_cannot_speak_for_it(mesos: LocalMesos) -> None:
    task = Launched(mesos, UNTIL_TOLD)
    task.running()
    framework = {"value": task.scheduler.framework_id}
    agent = mesos.agent_addresses[0]
    pid_file = next(mesos.work_dir.glob("meta/slaves/*/frameworks/*/executors/t/runs/*/pids/libprocess.pid"))
    [sender] = re.findall(r"executor\(1\)@[0-9.]+:[0-9]+", pid_file.read_text())
    status: Json = {"task_id": {"value": "t"}, "state": "TASK_FINISHED", "timestamp": 1.0, "uuid": "A" * 21 + "A=="}
    forged = wire.encode(PACKAGE + "StatusUpdateMessage", {"pid": sender, "update": {
        "framework_id": framework, "executor_id": {"value": "t"}, "status": status, "timestamp": 1.0,
        "uuid": status["uuid"]}})
    with contextlib.closing(http.client.HTTPConnection(agent, timeout=30)) as connection:
        connection.request("POST", f"/slave(1)/{PACKAGE}StatusUpdateMessage", body=forged,
                           headers={"Libprocess-From": sender})
        assert connection.getresponse().status == 202
    (task.sandbox / "go").touch()
    assert task.ended()[0] == "TASK_FAILED"


def test_the_executors_file_is_swapped_under_a_running_task_and_back(local_mesos: StartMesos, tmp_path: Path) -> None:
    """As README says to upgrade an agent: a running task notices nothing, the next one gets the new file."""
    installed = Path(sys.executable).parent / "mesos-docker-executor"
    link = tmp_path / "mesos-docker-executor"
    link.symlink_to(installed)
    mesos = local_mesos(resources=RESOURCES, launcher_dir=tmp_path)
    task = Launched(mesos, UNTIL_TOLD)
    before = inspect(container := task.running())
    new = tmp_path / "new"
    new.write_text(f'#!/bin/sh\ntouch {tmp_path}/used\nexec {installed} "$@"\n')
    new.chmod(0o755)
    new.replace(link)
    task.restart()
    assert inspect(container) == before
    assert not (tmp_path / "used").exists()
    (task.sandbox / "go").touch()
    assert task.ended() == ("TASK_FAILED", None, "Container exited with status 7")
    task.scheduler.disconnect()  # and with it go the offers that it has
    assert Launched(mesos, "exit 3").ended()[2] == "Container exited with status 3"
    assert (tmp_path / "used").exists()


TASKS = int(os.environ.get("RESTART_TASKS", "6"))  # 100 for a soak


@pytest.mark.timeout(900)
def test_many_tasks_over_five_restarts(local_mesos: StartMesos) -> None:
    """Half of them end while the agent is away: no update is lost, invented or told out of order."""
    mesos = local_mesos(resources="cpus:40;mem:40960;disk:10240;ports:[31000-31099]",
                        executor_reregistration_timeout=4.0 + TASKS / 10)
    scheduler = Scheduler(mesos.address, checkpoint=True, failover_timeout=60.0)
    scheduler.subscribe()
    offer = scheduler.offer()
    image = busybox_image()
    tasks = [f"t{number}" for number in range(TASKS)]
    scheduler.launch(offer, *(command_task(
        name, offer, f"while ! test -e /mnt/mesos/sandbox/go; do sleep 0.1; done; exit {number % 100 + 1}",
        container={"type": "DOCKER", "docker": {"image": image, "network": "NONE"}})
        for number, name in enumerate(tasks)))
    told: dict[str, dict[str, str]] = {name: {} for name in tasks}  # states by uuid, in order

    def hear(name: str, state: str) -> Json:
        while True:
            status = scheduler.update(name)
            told[name].setdefault(status["uuid"], status["state"])
            if status["state"] == state:
                return status

    containers = {name: str(hear(name, "TASK_RUNNING")["container_status"]["container_id"]["value"]) for name in tasks}
    before = {name: inspect(container) for name, container in containers.items()}
    for number in range(5):
        assert {name: inspect(containers[name]) for name in tasks} == before
        mesos.stop_agent()
        for name in tasks[:TASKS // 2] if number == 4 else ():
            [sandbox] = mesos.work_dir.glob(f"slaves/*/frameworks/*/executors/{name}/runs/latest")
            (sandbox / "go").touch()
        mesos.start_agent()
    for number, name in enumerate(tasks):
        [sandbox] = mesos.work_dir.glob(f"slaves/*/frameworks/*/executors/{name}/runs/latest")
        (sandbox / "go").touch()
        assert hear(name, "TASK_FAILED")["message"] == f"Container exited with status {number % 100 + 1}"
    for name in tasks:
        assert list(told[name].values()) == ["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"], name
