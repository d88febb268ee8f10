"""An agent whose disk is full: what it cannot write down it does not take, and what it has written
stays whole.
"""
from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.agent.checkpoints import Checkpoints
from deploy.local.pytest_plugin import StartMesos
from specs.forms import Json
from tests.deploy.local.client import Scheduler, command_task, executor_task, get, wait_for

RESOURCES = "cpus:4;mem:4096;disk:10240;ports:[31000-31099]"
FULL = "/dev/full"  # each write to it fails as on a full disk


def fill(path: Path) -> None:
    """From now on there is no room for this file."""
    path.rename(path.with_suffix(".before"))
    path.symlink_to(FULL)


def make_room(path: Path) -> None:
    path.unlink()
    path.with_suffix(".before").rename(path)


def test_a_last_update_waits_for_room(local_mesos: StartMesos) -> None:
    mesos = local_mesos(resources=RESOURCES)
    scheduler = Scheduler(mesos.address, checkpoint=True, failover_timeout=600.0)
    scheduler.subscribe()
    offer = scheduler.offer()
    scheduler.launch(offer, command_task("t", offer,
                                         "while ! test -e go; do sleep 0.05; done; exit 3"))
    scheduler.update("t", "TASK_RUNNING")
    [updates] = mesos.work_dir.glob(
        "meta/slaves/*-*/frameworks/*/executors/t/runs/*/tasks/t/task.updates")
    wait_for(lambda: updates.read_text().count('"ack"') == 2)  # TASK_STARTING and TASK_RUNNING
    fill(updates)
    [sandbox] = mesos.work_dir.glob("slaves/*/frameworks/*/executors/t/runs/latest")
    (sandbox / "go").touch()
    wait_for(lambda: agents_state(mesos.agent_addresses[0]) == "TASK_RUNNING"
             and not alive(sandbox))
    make_room(updates)
    assert scheduler.update("t", "TASK_FAILED")["message"] == "Command exited with status 3"
    wait_for(lambda: updates.read_text().count('"ack"') == 3)
    lines = [json.loads(line) for line in updates.read_text().splitlines()]
    states = [line["update"]["state"] for line in lines if "update" in line]
    assert states == ["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"]


def agents_state(address: str) -> str:
    """What the agent believes of its only task."""
    [framework] = get(address, "/state")[1]["frameworks"]
    [executor] = framework["executors"]
    [task] = executor["tasks"]
    state: str = task["state"]
    return state


def alive(sandbox: Path) -> bool:
    """Whether the command still runs."""
    real = sandbox.resolve()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cwd").readlink() == real and b"while" in (
                    folder / "cmdline").read_bytes():
                return True
        except OSError:
            continue
    return False


@pytest.mark.parametrize("what", ["framework.info", "executors"])
def test_a_task_that_cannot_be_written_down_is_dropped(local_mesos: StartMesos, what: str) -> None:
    """A folder where a file should be, or the other way round, is as good as no room."""
    mesos = local_mesos(resources=RESOURCES)
    scheduler = Scheduler(mesos.address, checkpoint=True)
    scheduler.subscribe()
    [agent] = mesos.work_dir.glob("meta/slaves/*-*")
    place = agent / "frameworks" / str(scheduler.framework_id)
    if what == "executors":
        place.mkdir(parents=True)
        (place / what).touch()
    else:
        (place / what).mkdir(parents=True)
        (place / what / "x").touch()
    for task in (command_task, executor_task):
        scheduler.launch(offer := scheduler.offer(), task("t", offer, "exec sleep 600"))
        status = scheduler.update("t", "TASK_LOST")
        assert status["message"].startswith("Failed to checkpoint: ")
        assert status["reason"] == "REASON_EXECUTOR_TERMINATED"
    assert get(mesos.address, "/slaves")[1]["slaves"][0]["used_resources"]["cpus"] == 0.0


STATUS: Json = {"task_id": {"value": "t"}, "state": "TASK_RUNNING", "uuid": "1"}


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    found = Checkpoints(tmp_path, "A")
    found.save_framework({"id": {"value": "F"}})
    found.save_executor("F", {"executor_id": {"value": "E"}}, "C", command_task=False)
    found.save_task("F", "E", "C", {"task_id": {"value": "t"}})
    found.save_update("F", "E", "C", STATUS)
    return found


def test_promises_raise_and_the_rest_is_logged(checkpoints: Checkpoints, tmp_path: Path,
                                               caplog: pytest.LogCaptureFixture) -> None:
    task = tmp_path / "meta/slaves/A/frameworks/F/executors/E/runs/C/tasks/t"
    before = checkpoints.frameworks()
    (task / ".task.info.new").symlink_to(FULL)
    fill(task / "task.updates")
    with pytest.raises(OSError, match="No space left") as refused:
        checkpoints.save_update("F", "E", "C", {**STATUS, "uuid": "2"})
    assert refused.value.errno == errno.ENOSPC
    checkpoints.save_acknowledgement("F", "E", "C", "t", "1")
    assert "An acknowledgement could not be written" in caplog.text
    with pytest.raises(OSError, match="No space left"):
        checkpoints.save_task("F", "E", "C", {"task_id": {"value": "t"}, "name": "another"})
    make_room(task / "task.updates")
    assert checkpoints.frameworks() == before
    (tmp_path / "meta/slaves/A/containers").write_text("in the way")
    checkpoints.save_container("C", 1, 2)
    assert caplog.text.count("Could not be written") == 1


def test_what_is_written_is_for_its_owner_alone(checkpoints: Checkpoints, tmp_path: Path) -> None:
    checkpoints.save_container("C", 1, 2)
    files = [path for path in (tmp_path / "meta").rglob("*") if path.is_file()]
    assert len(files) >= 5
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_half_a_line_does_not_stay(checkpoints: Checkpoints, tmp_path: Path) -> None:
    """The disk may have room for the beginning of a line: a limit of the process is met in the same
    way.
    """
    updates = tmp_path / "meta/slaves/A/frameworks/F/executors/E/runs/C/tasks/t/task.updates"
    size = updates.stat().st_size
    program = ("import resource, signal, sys; from pathlib import Path\n"
               "from deploy.local.agent.checkpoints import Checkpoints\n"
               "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
               f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 20}, {size + 20}))\n"
               f"Checkpoints(Path({str(tmp_path)!r}), 'A').save_update('F', 'E', 'C', {STATUS!r})")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          check=False, timeout=60)
    assert "OSError: [Errno 28] No space left on device" in done.stderr
    assert updates.stat().st_size == size
    checkpoints.save_update("F", "E", "C", {**STATUS, "uuid": "2"})
    [framework] = checkpoints.frameworks()
    assert [update["uuid"] for update in framework.executors[0].tasks[0].updates] == ["1", "2"]


def test_a_file_that_was_being_written_is_no_container(checkpoints: Checkpoints,
                                                       tmp_path: Path) -> None:
    checkpoints.save_container("C", os.getpid(), 1)
    (tmp_path / "meta/slaves/A/containers/.D.new").write_text('{"pid": 1, "start": 1}')
    assert checkpoints.containers() == {"C": (os.getpid(), 1)}
