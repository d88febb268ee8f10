"""Reserved and persistent resources end to end: the embedded Mesos offers them, containers use them, data stays."""
from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local import LocalMesos
from tests.e2e.leftovers import WAIT
from tests.images import busybox_image

RUN = [str(Path(sys.executable).parent / "mesos-docker"), "run"]
RESERVED = [{"type": "STATIC", "role": "db"}]
VOLUME = {"name": "disk", "type": "SCALAR", "scalar": {"value": 64}, "reservations": RESERVED,
          "disk": {"persistence": {"id": "pv1"}, "volume": {"mode": "RW", "container_path": "offered"}}}
OFFERED = [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 2}},
           {"name": "mem", "type": "SCALAR", "scalar": {"value": 512}},
           {"name": "mem", "type": "SCALAR", "scalar": {"value": 256}, "reservations": RESERVED}, VOLUME,
           {**VOLUME, "disk": {"persistence": {"id": "pv2"}}}]


@pytest.fixture(scope="module")
def mesos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMesos]:
    with LocalMesos(resources=json.dumps(OFFERED), work_dir=str(tmp_path_factory.mktemp("mesos"))) as running:
        yield running


def volume(volume_id: str = "pv1", path: str = "data", mode: str = "RW") -> dict[str, Any]:
    return {**VOLUME, "disk": {"persistence": {"id": volume_id},
                               "volume": {"mode": mode, "container_path": path}}}


def run(mesos: LocalMesos, command: str, *resources: dict[str, Any],
        options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    task = {"name": "t", "task_id": {"value": "t"}, "command": {"value": command},
            "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
                          {"name": "mem", "type": "SCALAR", "scalar": {"value": 32}}, *resources],
            "container": {"type": "DOCKER", "docker": {"image": busybox_image(), "network": "NONE"}}}
    return subprocess.run(
        [*RUN, "--master", mesos.address, "--role", "db", "--task", "-", "--logs", "--offer-timeout", "3", *options],
        input=json.dumps(task), capture_output=True, text=True, timeout=2 * WAIT, check=False)


def test_data_survives_its_task(mesos: LocalMesos) -> None:
    first = run(mesos, "echo precious > $MESOS_SANDBOX/data/file; ls $MESOS_SANDBOX", volume())
    assert first.returncode == 0, first.stderr
    assert "data" in first.stdout.split()
    second = run(mesos, "cat $MESOS_SANDBOX/elsewhere/file; echo no > $MESOS_SANDBOX/elsewhere/file",
                 volume(path="elsewhere", mode="RO"))
    assert "precious" in second.stdout
    assert "Read-only file system" in second.stderr
    other = run(mesos, "ls -A $MESOS_SANDBOX/data", volume("pv2"))
    assert (other.returncode, other.stdout) == (0, "")


def test_a_reservation_is_used_and_what_is_not_there_is_waited_for(mesos: LocalMesos) -> None:
    memory = {"name": "mem", "type": "SCALAR", "scalar": {"value": 200}, "reservations": RESERVED}
    assert run(mesos, "true", memory).returncode == 0
    wrong = run(mesos, "true", volume("pv3"))
    assert wrong.returncode == 3
    assert "disk(reservations: [(STATIC,db)])[pv3:data]: 64 needed, none (but disk(reservations: [(STATIC,db)])[pv1" \
        in " ".join(wrong.stderr.split())


def test_the_agents_own_executor_cannot_and_says_so(mesos: LocalMesos) -> None:
    done = run(mesos, "true", volume(), options=("--executor", "mesos"))
    assert done.returncode == 3
    assert "mounts no persistent volumes into Docker containers of its own" in " ".join(done.stderr.split())
