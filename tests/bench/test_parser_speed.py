"""How long a task takes from its JSON text to RunOptions, and on to the create payload (pytest-benchmark; no
threshold)."""
from __future__ import annotations

import json
from typing import Any

from specs.container.from_task import container_of
from specs.container.payload import create_payload
from specs.container.place import Place
from specs.container.run_options import RunOptions
from specs.forms.taskinfo import task_from_json

TASK = json.dumps({
    "name": "web", "task_id": {"value": "web-1"}, "agent_id": {"value": "S0"},
    "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.5}},
                  {"name": "mem", "type": "SCALAR", "scalar": {"value": 128}},
                  {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 31000, "end": 31001}]}}],
    "command": {"value": "httpd -f",
                "environment": {"variables": [{"name": f"V{n}", "value": "x"} for n in range(10)]}},
    "container": {"type": "DOCKER", "volumes": [{"mode": "RO", "container_path": "/data", "host_path": "/srv"}],
                  "docker": {"image": "web", "network": "BRIDGE",
                             "port_mappings": [{"host_port": 31000, "container_port": 80}],
                             "parameters": [{"key": "ulimit", "value": "nofile=10:20"}]}}})


def parsed() -> RunOptions:
    task = task_from_json(TASK, strict=False)
    return container_of(task, Place("n", "/s"))


def test_task_json_to_run_options(benchmark: Any) -> None:
    assert benchmark(parsed).cpu_shares == 512


def test_run_options_to_create_payload(benchmark: Any) -> None:
    options = parsed()
    assert benchmark(lambda: create_payload(options))["HostConfig"]["CpuShares"] == 512
