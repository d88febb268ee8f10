"""What `run` refuses before a launch: what the executor would refuse, and nothing for what only a
node knows.
"""
from __future__ import annotations

from typing import Any

import pytest

from deploy.cli.problems import Problem
from deploy.explain.refusals import checked

AMOUNTS = [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
           {"name": "mem", "type": "SCALAR", "scalar": {"value": 64}}]
DOCKER = {"type": "DOCKER", "docker": {"image": "busybox", "network": "BRIDGE"}}
SECRET = {"container_path": "/run/s", "mode": "RO",
          "source": {"type": "SECRET", "secret": {"type": "VALUE",
                                                  "value": {"data": "ZXhhbXBsZQ=="}}}}
REFERENCE = {"type": "REFERENCE", "reference": {"name": "db"}}


def task(**fields: Any) -> dict[str, Any]:
    return {"name": "t", "task_id": {"value": "t"}, "resources": AMOUNTS,
            "command": {"value": "true"}, "container": DOCKER, **fields}


@pytest.mark.parametrize("fields", [
    {"limits": {"mem": {"value": 200}}},
    {"container": {**DOCKER, "volumes": [SECRET]}},
    {"container": {"type": "DOCKER", "docker": {**DOCKER["docker"],  # type: ignore[dict-item]
                                                "port_mappings": [{"host_port": 0, "container_port": 80}]}}},
], ids=["the node's memory", "the folder of secrets", "a port of the scheduler's choice"])
def test_what_only_a_node_knows_refuses_nothing(fields: dict[str, Any]) -> None:
    assert checked(task(**fields), "").task_id == "t"


MESOS: dict[str, Any] = {"container": {"type": "MESOS", "mesos": {}}}
OWN: dict[str, Any] = {"executor": {"executor_id": {"value": "theirs"},
                                    "command": {"value": "run"}}}


@pytest.mark.parametrize(("fields", "by_mesos", "path"), [
    (MESOS, False, "container: "),
    (MESOS, True, None),
    ({"container": None}, False, "container: "),
    ({"container": None}, True, None),
    ({**OWN, "command": None, "container": None}, False, None),
    ({"container": {"type": "DOCKER", "docker": {"image": "Not An Image"}}}, False,
     "container.docker.image: "),
    ({"command": {"value": "x", "environment": {"variables": [{"name": "P", "type": "SECRET",
                                                               "secret": REFERENCE}]}}},
     False, "command.environment.variables[0].secret.reference: "),
    ({"command": {"value": "x", "environment": {"variables": [{"name": "P", "type": "SECRET",
                                                               "secret": REFERENCE}]}}},
     True, None),
], ids=str)
def test_who_runs_it_decides(fields: dict[str, Any], by_mesos: bool, path: str | None) -> None:
    if path is None:
        checked(task(**fields), "", by_mesos=by_mesos)
        return
    with pytest.raises(Problem) as caught:
        checked(task(**fields), "", by_mesos=by_mesos)
    assert path in str(caught.value)
