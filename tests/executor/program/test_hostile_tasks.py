"""Tasks at the edge, and sandboxes that are not as we left them: each task has its one end, and the others go on."""
from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from executor.engine.failures import DaemonUnavailable
from specs.messages.status import TaskState, is_terminal
from tests.executor.program.running import Running, running, task

LONGEST = {"nanoseconds": (1 << 63) - 1}
SOON = {"nanoseconds": 1}
NAN, INF = float("nan"), float("inf")


def lives_on(run: Running) -> None:
    """Another task goes its way."""
    run.launch("after", "echo said")
    assert run.ended("after").state is TaskState.FINISHED


def killed(run: Running, task_id: str) -> None:
    run.supervisor.kill(task_id, 0.0)
    run.ended(task_id)
    assert sum(map(is_terminal, run.agent.states(task_id))) == 1


@pytest.mark.parametrize("fields", [
    {"max_completion_time": LONGEST},
    {"kill_policy": {"grace_period": LONGEST}},
    {"kill_policy": {"grace_period": {"nanoseconds": -(1 << 63)}}},
    {"max_completion_time": SOON},
    {"max_completion_time": {"nanoseconds": -1}},
    {"max_completion_time": {"nanoseconds": 0}},
    *({"health_check": {"type": "COMMAND", "command": {"value": "true"}, field: value}}
      for field in ("delay_seconds", "interval_seconds", "timeout_seconds", "grace_period_seconds")
      for value in (NAN, INF, -INF, -1.0, 0.0, 1e300)),
    {"health_check": {"type": "COMMAND", "command": {"value": "true"}, "consecutive_failures": 0}},
    {"check": {"type": "TCP", "tcp": {"port": 1}, "delay_seconds": INF, "interval_seconds": NAN}},
    {"health_check": {"type": "HTTP"}},
    {"health_check": {"type": "TCP"}},
    {"health_check": {"type": "UNKNOWN"}},
    {"health_check": {}},
    {"check": {}},
    {"a_field_of_a_later_mesos": {"x": [1]}, "container": {"type": "DOCKER", "later": 1,
                                                         "docker": {"image": "busybox:static", "later": {}}}},
    {"container": {"type": "MESOS"}},
    {"container": {}},
    {"resources": []},
    {"resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": -1}},
                   {"name": "mem", "type": "SCALAR", "scalar": {"value": NAN}}]},
    {"resources": [{"name": "mem", "type": "SCALAR", "scalar": {"value": INF}}]},
    {"resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": INF}}]},
    {"resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1e300}},
                   {"name": "mem", "type": "SCALAR", "scalar": {"value": 1e300}}]},
    {"command": {"shell": False}},
    {"command": {"value": ""}},
    {"command": {"value": "true", "environment": {"variables": [
        {"name": f"V{i}", "value": "x" * 20} for i in range(10_000)]}}},
    {"container": {"type": "DOCKER", "docker": {"image": "busybox:static"}, "volumes": [
        {"host_path": "/tmp", "container_path": f"/v{i}", "mode": "RO"} for i in range(100)]}},
    {"container": {"type": "DOCKER", "docker": {"image": ""}}},
    {"container": {"type": "DOCKER", "docker": {"image": "UPPER CASE"}}},
    {"data": "A" * 10_000_000},
    {"name": "\ud800", "labels": {"labels": [{"key": "\ud800"}]}},
    {"command": {"value": "echo \ud800\x00"}},
], ids=lambda fields: str(fields)[:60].encode("ascii", "replace").decode())
def test_every_odd_task_has_one_end(fields: dict[str, Any], tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.supervisor.launch({**task("odd", "sleep 600"), **fields})
        lives_on(run)
        assert run.agent.wait_for(lambda agent: any(
            state is TaskState.RUNNING or is_terminal(state) for state in agent.states("odd")), 10)
        killed(run, "odd")


@pytest.mark.parametrize("task_id", [
    "ü" * 127, "a b", "x" * 255, "x" * 256, "…" * 255, "a:b", "..", ".", "", "../../up", "/etc", "a\\b", "a\nb",
    "a\x00b", "\ud800", "-rf", "~", "$(id)", "a,b", "%2e%2e", "tasks",
], ids=ascii)
def test_every_odd_task_id_has_one_end_and_stays_in_its_folder(task_id: str, tmp_path: Path) -> None:
    inside = tmp_path / "own" / "sandbox"
    inside.mkdir(parents=True)
    with running(inside) as run:
        run.launch(task_id, "echo said")
        run.ended(task_id)
        assert sum(map(is_terminal, run.agent.states(task_id))) == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "own"]
    assert list((tmp_path / "own").iterdir()) == [inside]
    assert set(inside.iterdir()) <= {inside / "tasks"}
    assert not (inside / "tasks" / "stdout").exists()


def test_a_sandbox_that_is_deleted_under_its_task(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a", "echo problem >&2; sleep 600")
        run.running("a")
        run.runtime.write(run.name(), 2, b"more\n")
        while "more" not in (tmp_path / "tasks/a/stderr").read_text():
            time.sleep(0.01)
        shutil.rmtree(tmp_path / "tasks")
        run.runtime.finish(run.name(), 3)
        assert (run.ended("a").message or "").startswith("Container exited with status 3")


def test_what_a_container_puts_in_the_place_of_its_stderr_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "shadow"
    secret.write_text("root:secret\n")
    with running(tmp_path / "sandbox") as run:
        run.launch("a", "sleep 600")
        run.running("a")
        run.runtime.write(run.name(), 2, b"problem\n")
        stderr = tmp_path / "sandbox/tasks/a/stderr"
        stderr.unlink()
        stderr.symlink_to(secret)
        run.runtime.finish(run.name(), 1)
        assert (run.ended("a").message or "") == "Container exited with status 1: stderr: problem"


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_pipe_in_the_place_of_the_output_stops_nobody(name: str, tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.launch("a", "sleep 600")
        run.running("a")
        path = tmp_path / "tasks/a" / name
        run.runtime.write(run.name(), 2, b"problem\n")
        path.unlink()
        os.mkfifo(path)
        run.runtime.finish(run.name(), 1)
        run.ended("a")
        run.launch("a", "true")  # the same id again, in the same folder
        lives_on(run)
        assert run.agent.wait_for(lambda agent: sum(map(is_terminal, agent.states("a"))) == 2)


def test_a_removal_that_the_engine_did_not_hear_is_made_up_for(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        run.runtime.fail("remove", DaemonUnavailable("gone"))
        run.launch("a", "true")
        run.ended("a")
        while "remove" not in [verb for verb, _ in run.runtime.calls]:
            time.sleep(0.001)
        run.runtime.break_events()
        run.launch("b", "true")
        run.ended("b")
    # `running` asserts that no container is left
