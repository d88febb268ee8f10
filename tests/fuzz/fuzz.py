"""Coverage-guided fuzzing of the readers with atheris: `python -m tests.fuzz.fuzz protobuf_bytes -max_total_time=600`.

The first word is a function of targets.py (protobuf_bytes or json_text), the options are libFuzzer's. It starts from a
few whole messages, ends at the first input that raises anything but SpecError, and says how many inputs it tried.
`make test` runs a short, seeded round of it (tests/specs/forms/test_fuzz.py).
"""
from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["specs"]):
    from specs.forms import wire
    from tests.fuzz import targets

TASK: dict[str, Any] = {
    "name": "web", "task_id": {"value": "web.1"}, "agent_id": {"value": "S0"},
    "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.5}, "allocation_info": {"role": "*"}},
                  {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 31000, "end": 31001}]}}],
    "command": {"value": "echo", "shell": False, "arguments": ["hi"], "uris": [{"value": "file:///x"}],
                "environment": {"variables": [{"name": "A", "value": "1"}]}},
    "container": {"type": "DOCKER", "volumes": [{"mode": "RW", "container_path": "/c", "host_path": "/h"}],
                  "docker": {"image": "nginx", "network": "BRIDGE", "parameters": [{"key": "cap-add", "value": "ALL"}],
                             "port_mappings": [{"host_port": 31000, "container_port": 80}]}},
    "health_check": {"type": "HTTP", "http": {"port": 80, "path": "/"}, "grace_period_seconds": 1.5},
    "kill_policy": {"grace_period": {"nanoseconds": 5000000000}}, "labels": {"labels": [{"key": "k", "value": "v"}]},
    "limits": {"cpus": {"value": "Infinity"}}, "data": "eyJjb21tYW5kIjoge319",
}
STATUS = {"task_id": {"value": "web.1"}, "state": "TASK_RUNNING", "uuid": "AAAAAAAAAAAAAAAAAAAAAA==", "healthy": True,
          "container_status": {"network_infos": [{"ip_addresses": [{"ip_address": "10.0.0.1"}]}]}}


def write_seeds(target: str, folder: Path) -> None:
    """The corpus to start from."""
    if target == "json_text":
        (folder / "task").write_text(json.dumps(TASK))
        return
    names = (*targets.MESSAGES, *targets.APIS)
    for name, mapping in (
        ("mesos.v1.TaskInfo", TASK), ("mesos.v1.TaskStatus", STATUS),
        ("mesos.v1.executor.Event", {"type": "LAUNCH", "launch": {"task": TASK}}),
        ("mesos.v1.scheduler.Event", {"type": "UPDATE", "update": {"status": STATUS}}),
    ):
        (folder / name).write_bytes(bytes([names.index(name)]) + wire.encode(name, mapping))


def main(arguments: list[str]) -> int:
    if arguments[0] == "--inside":  # the fuzzer ends its process without coming back, so somebody else must clean up
        atheris.Setup([sys.argv[0], *arguments[2:]], getattr(targets, arguments[1]))
        atheris.Fuzz()
    with tempfile.TemporaryDirectory() as folder:
        write_seeds(arguments[0], Path(folder))
        command = [sys.executable, "-m", "tests.fuzz.fuzz", "--inside", *arguments, folder]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
