"""How fast messages are read and written: `pytest tests/bench/bench_specs.py`. No threshold; `make bench` shows it.

The scheduler's budgets are 1,000 launches and 5,000 updates a second with everything that belongs to them, so these
steps should take a small part of 1 ms and of 200 µs.
"""
from __future__ import annotations

import json
from typing import Any

from pytest_benchmark.fixture import BenchmarkFixture

from specs.forms import codec, wire
from specs.forms.render import status_update
from specs.forms.taskinfo import task_from_json, task_from_mapping, task_from_protobuf
from specs.forms.taskstatus import status_from_mapping
from specs.messages.offer import Offer

TASK: dict[str, Any] = {
    "name": "web", "task_id": {"value": "web.4a7c"}, "agent_id": {"value": "4de29c93-363a-4343-a8ba-392fee9354f9-S0"},
    "resources": [
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.5}, "allocation_info": {"role": "*"}},
        {"name": "mem", "type": "SCALAR", "scalar": {"value": 128}, "allocation_info": {"role": "*"}},
        {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 31000, "end": 31001}]},
         "allocation_info": {"role": "*"}}],
    "command": {"value": "exec nginx -g 'daemon off;'", "environment": {"variables": [
        {"name": f"VARIABLE_{number}", "value": "value"} for number in range(10)]}},
    "container": {
        "type": "DOCKER", "volumes": [{"mode": "RO", "container_path": "/etc/web", "host_path": "/srv/web"}],
        "docker": {"image": "nginx:1.27", "network": "BRIDGE", "parameters": [{"key": "cap-add", "value": "NET_ADMIN"}],
                   "port_mappings": [{"host_port": 31000, "container_port": 80, "protocol": "tcp"}]}},
    "health_check": {"type": "HTTP", "http": {"port": 80, "path": "/health", "scheme": "http"}},
    "kill_policy": {"grace_period": {"nanoseconds": 5_000_000_000}},
    "labels": {"labels": [{"key": "team", "value": "web"}]},
}
STATUS = {
    "task_id": {"value": "web.4a7c"}, "state": "TASK_RUNNING", "source": "SOURCE_EXECUTOR", "timestamp": 1700000000.25,
    "agent_id": {"value": "4de29c93-363a-4343-a8ba-392fee9354f9-S0"}, "executor_id": {"value": "mesos-docker"},
    "uuid": "kfFLyYdCQ5+SLmcSqWFZfw==", "healthy": True, "data": "e30=",
    "container_status": {"container_id": {"value": "9d1f6d1c-2c3a-4f0e-8d5e-0a7b8a9c0d1e"}, "executor_pid": 4711,
                         "network_infos": [{"ip_addresses": [{"protocol": "IPv4", "ip_address": "172.17.0.2"}]}]},
}
OFFERS = 100  # in one event, as from that many agents


def offer(number: int) -> dict[str, Any]:
    """One as a real master sends it."""
    scalars = {"cpus": 16, "mem": 64_000, "disk": 500_000}
    role = {"role": "*", "allocation_info": {"role": "*"}}
    return {
        "id": {"value": f"4de29c93-363a-4343-a8ba-392fee9354f9-O{number}"},
        "framework_id": {"value": "4de29c93-363a-4343-a8ba-392fee9354f9-0000"},
        "agent_id": {"value": f"4de29c93-363a-4343-a8ba-392fee9354f9-S{number}"}, "hostname": f"node{number}",
        "url": {"scheme": "http", "path": "/slave(1)",
                "address": {"hostname": f"node{number}", "ip": "10.0.0.1", "port": 5051}},
        "resources": [
            *({"name": name, "type": "SCALAR", "scalar": {"value": value}, **role} for name, value in scalars.items()),
            {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 31000, "end": 31999}]}, **role}],
        "attributes": [{"name": "rack", "type": "TEXT", "text": {"value": "r1"}}],
        "allocation_info": {"role": "*"},
    }


def test_task_from_json_text_strict(benchmark: BenchmarkFixture) -> None:
    text = json.dumps(TASK)
    assert benchmark(task_from_json, text).name == "web"


def test_task_from_mapping_lenient(benchmark: BenchmarkFixture) -> None:
    assert benchmark(task_from_mapping, TASK, strict=False).name == "web"


def test_task_from_protobuf(benchmark: BenchmarkFixture) -> None:
    data = wire.encode("mesos.v1.TaskInfo", TASK)
    assert benchmark(task_from_protobuf, data).name == "web"


def test_task_to_mapping(benchmark: BenchmarkFixture) -> None:
    task = task_from_mapping(TASK, strict=True)
    assert benchmark(codec.write, task)["name"] == "web"


def test_task_to_protobuf(benchmark: BenchmarkFixture) -> None:
    assert benchmark(wire.encode, "mesos.v1.TaskInfo", TASK)


def test_offers_decoded(benchmark: BenchmarkFixture) -> None:
    """From JSON text to Offer values."""
    text = json.dumps({"type": "OFFERS", "offers": {"offers": [offer(number) for number in range(OFFERS)]}})

    def decode() -> list[Offer]:
        return [codec.read(Offer, one, strict=False) for one in json.loads(text)["offers"]["offers"]]

    benchmark.extra_info.update(items=OFFERS, what=f"one OFFERS event of {OFFERS} offers")
    assert len(benchmark(decode)) == OFFERS


def test_status_from_mapping(benchmark: BenchmarkFixture) -> None:
    assert benchmark(status_from_mapping, STATUS).task_id == "web.4a7c"


def test_status_to_mapping(benchmark: BenchmarkFixture) -> None:
    status = status_from_mapping(STATUS)
    assert benchmark(status_update, status) == STATUS
