"""`mesos-docker node reap` on real Docker and an embedded Mesos: what is left over goes, and nothing else."""
from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local import LocalMesos
from executor.settings.labels import labels
from tests.e2e.leftovers import until
from tests.engine import containers
from tests.images import busybox_image
from tests.patience import SLOW

COMMAND = str(Path(sys.executable).with_name("mesos-docker"))


def reap(*words: str) -> tuple[int, dict[str, Any]]:
    """The exit status and what it said."""
    done = subprocess.run([COMMAND, "node", "reap", "--output", "json", *words], capture_output=True, text=True,
                          timeout=120 * SLOW, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def done(told: dict[str, Any], framework_id: str) -> dict[str, str]:
    """Of one framework's things what was done, by name."""
    return {each["name"]: each["done"] for each in told["things"] if each["framework"] == framework_id}


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def framework_id() -> Iterator[str]:
    """Of a framework that nobody has heard of; its containers are removed."""
    ours = f"reaped-{uuid.uuid4()}"
    yield ours
    for container in containers(framework_id=ours):
        docker("rm", "-fv", container.id)


def left(framework_id: str, agent_id: str, kind: str = "run", executor_id: str = "E") -> str:
    """What an executor of that agent's has left: its name."""
    name = f"mdx-{uuid.uuid4()}"
    said = [f"--label={key}={text}" for key, text in labels(framework_id, executor_id, agent_id, "O").items()]
    if kind == "run":
        docker("run", "-d", "--name", name, "--network=none", *said, busybox_image(), "sleep", "600")
    elif kind == "dead":
        docker("run", "--name", name, "--network=none", *said, busybox_image(), "true")
    else:
        docker(kind, "create", *said, name)
    return name


@pytest.fixture
def mesos() -> Iterator[LocalMesos]:
    with LocalMesos(1, executor_shutdown_grace_period=0.5) as started:
        yield started


def test_what_no_executor_has_any_more_goes(mesos: LocalMesos, framework_id: str) -> None:
    agent, agent_id = mesos.agent_addresses[0], mesos.agent_ids[0]
    running, dead = left(framework_id, agent_id), left(framework_id, agent_id, "dead")
    network, volume = left(framework_id, agent_id, "network"), left(framework_id, agent_id, "volume")
    others = left(framework_id, "another-agent")
    where = ("--agent", agent, "--work-dir", str(mesos.work_dir))

    status, told = reap(*where, "--grace", "0ns", "--dry-run")
    assert told["agents"][0]["id"] == agent_id
    gone = dict.fromkeys((running, dead, network, volume), "would be removed")
    assert (status, done(told, framework_id)) == (0, {**gone, others: "kept"})
    assert len(containers(framework_id=framework_id)) == 3

    both = [subprocess.Popen([COMMAND, "node", "reap", *where, "--grace", "0ns"]) for _ in range(2)]
    assert [each.wait(120 * SLOW) for each in both] == [0, 0]
    assert [each.name for each in containers(framework_id=framework_id)] == [others]
    assert network not in docker("network", "ls", "--format", "{{.Name}}").split()
    assert volume not in docker("volume", "ls", "--format", "{{.Name}}").split()


def test_what_an_executor_has_stays(mesos: LocalMesos) -> None:
    """Its agent knows it; and where the agent does not answer, its process is seen."""
    command = [COMMAND, "run", "--master", mesos.address, "--image", busybox_image(), "--output", "json",
               "sleep", "600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        while (status := json.loads(run.stdout.readline()))["state"] != "TASK_RUNNING":
            pass
        (container,) = containers(task_id=status["task_id"]["value"])
        framework_id = container.labels["mesos-docker.framework-id"]
        for agent, expected in ((mesos.agent_addresses[0], 0), ("127.0.0.1:1", 3)):
            code, told = reap("--agent", agent, "--work-dir", str(mesos.work_dir), "--grace", "0ns")
            assert (code, done(told, framework_id)) == (expected, {container.name: "kept"})
        run.terminate()
        run.wait(60 * SLOW)
    until(lambda: not containers(framework_id=framework_id), "the end of the task")


def test_of_an_agent_that_cannot_be_asked_nothing_goes_but_what_its_work_directory_proves(
        tmp_path: Path, framework_id: str) -> None:
    unknown, followed, ended = (left(framework_id, agent_id) for agent_id in ("A", "B", "C"))
    (tmp_path / "meta/slaves/B").mkdir(parents=True)
    run = tmp_path / f"meta/slaves/C/frameworks/{framework_id}/executors/E/runs/1"
    run.mkdir(parents=True)
    (run / "executor.sentinel").touch()
    (tmp_path / "meta/slaves/latest").symlink_to(tmp_path / "meta/slaves/C")
    status, told = reap("--agent", "127.0.0.1:1", "--work-dir", str(tmp_path), "--grace", "0ns")
    assert status == 3
    assert told["agents"][0]["problem"] == "Connection refused"
    assert done(told, framework_id) == {unknown: "kept", followed: "removed", ended: "removed"}
    assert [each.name for each in containers(framework_id=framework_id)] == [unknown]
