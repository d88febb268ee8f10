"""What real containers use, and how they ended, as the service shows it."""
from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.served import Served, app, deployed, serving

REPORTS = {"MESOS_DOCKER_REPORT_INTERVAL": "500ms"}


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    for name, value in REPORTS.items():
        monkeypatch.setenv(name, value)
    with serving(tmp_path) as found:
        yield found


def numbers(served: Served) -> dict[str, float]:
    status, body = served.ask("GET", "/metrics")
    assert status == 200, body
    return {f"{each.name.removeprefix('mesos_docker_executor_')}{sorted(each.labels.values())}": each.value
            for family in text_string_to_metric_families(body) for each in family.samples}


def test_usage_and_ends_of_real_containers(served: Served, tmp_path: Path) -> None:
    busy = app("/busy", cpus=0.3, cmd="x=$(head -c 8000000 /dev/zero | tr '\\0' x); while :; do i=0; "
               "while [ $i -lt 30000 ]; do i=$((i+1)); done; sleep 0.1; done")
    idle = app("/idle", cmd="sleep 1000")
    for each in (busy, idle):
        done = deployed(served, each, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr

    def sample(name: str) -> dict[str, Any]:
        (found,) = served.ask("GET", f"/api/v1/instances?app={name}&stats=true")[1]
        return found["stats"] or {}

    served.until(lambda: sample("/busy").get("cpuCores", 0) > 0.05, "CPU of the busy one")
    served.until(lambda: "cpuCores" in sample("/idle"), "usage of the idle one")
    assert sample("/idle")["cpuCores"] < sample("/busy")["cpuCores"]
    assert sample("/busy")["memoryBytes"] > 7_000_000
    assert 0 < sample("/idle")["memoryBytes"] < sample("/busy")["memoryBytes"]
    (instance,) = served.ask("GET", "/api/v1/instances?app=/busy")[1]
    served.until(lambda: len(served.ask("GET", f"/api/v1/instances/{instance['id']}/stats")[1]["samples"]) >= 3,
                 "several samples")
    shown = served.command("ps", "--stats").stdout
    assert "CPU" in shown.splitlines()[0]
    assert all("MiB" in line for line in shown.splitlines()[1:])

    served.ask("POST", "/v2/apps", app("/ends", cmd="exit 3"))
    served.ask("POST", "/v2/apps", app("/hungry", cmd="tail /dev/zero"))
    served.ask("DELETE", "/v2/apps/idle")
    wanted = ("['exit']", "['oom']", "['kill']")
    served.until(lambda: all(numbers(served).get(f"container_exits_total{each}", 0) for each in wanted), "three ends")
    found = numbers(served)
    for phase in ("create", "start", "running_report", "stop"):
        assert found[f"task_phase_seconds_count['{phase}']"] >= 1, phase
    for call in ("create", "start", "inspect"):
        assert found[f"docker_call_seconds_count['{call}']"] >= 2, call
    assert found["tasks['running']"] >= 1
    assert any(name.startswith("docker_up") and value == 1 for name, value in found.items())
    for name in ("/ends", "/hungry"):  # their deployments would go on for ever
        served.ask("DELETE", f"/v2/apps{name}?force=true")


def test_both_logs_as_json(served: Served, tmp_path: Path) -> None:
    served.end(signal.SIGTERM)
    served.start("--log-format", "json")
    assert deployed(served, app("/a", cmd="sleep 1000"), tmp_path).returncode == 0
    framework = served.framework()
    (path,) = set(served.state.with_name("state.sqlite.mesos").glob("**/executors/*/runs/*/stderr")) - set(
        served.state.with_name("state.sqlite.mesos").glob("**/runs/latest/stderr"))
    said = [json.loads(line) for line in path.read_text().splitlines() if line.startswith("{")]
    assert {each["framework"] for each in said if "framework" in each} == {framework}
    (task,) = {each["task"] for each in said if "task" in each}
    assert task.startswith("a.instance-")
    told = served.end(signal.SIGTERM).splitlines()
    records = [json.loads(line) for line in told if line.startswith("{")]
    assert framework in {each.get("framework") for each in records}
    assert [line for line in told if not line.startswith("{")] == told[-1:]  # how many tasks run on
