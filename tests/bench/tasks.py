"""The tasks that all parts launch, in Mesos's JSON form."""
from __future__ import annotations

import json
import uuid
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from tests.bench.settings import LABEL

TASK_LABEL = f"{LABEL}.task"  # on the container, so that it can be found whoever started it


def task(
    command: Sequence[str], *, image: str, network: str = "host", agent: str = "bench-agent", custom: bool = True,
    cpus: float = 0.01, mem: float = 32.0,
) -> dict[str, Any]:
    """A TaskInfo with a new id; without its `executor`, which only a framework has to say.

    `custom`: the command travels in `data`, as our executor reads it; otherwise in `command`, for the cluster's own.
    """
    name = f"bench-{uuid.uuid4()}"
    told = {"shell": False, "arguments": list(command)}
    parameters = [{"key": "label", "value": f"{LABEL}=1"}, {"key": "label", "value": f"{TASK_LABEL}={name}"}]
    made: dict[str, Any] = {
        "name": "bench", "task_id": {"value": name}, "agent_id": {"value": agent},
        "resources": [_scalar("cpus", cpus), _scalar("mem", mem)],
        "kill_policy": {"grace_period": {"nanoseconds": 0}},  # a sleep as first process ignores SIGTERM
        "container": {"type": "DOCKER",
                      "docker": {"image": image, "network": network.upper(), "parameters": parameters}},
    }
    if custom:
        return {**made, "data": b64encode(json.dumps({"command": told}).encode()).decode()}
    return {**made, "command": told}


def task_id(made: dict[str, Any]) -> str:
    """The task's id."""
    return str(made["task_id"]["value"])


def _scalar(name: str, value: float) -> dict[str, Any]:
    return {"name": name, "type": "SCALAR", "scalar": {"value": value}}
