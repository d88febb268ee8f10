"""Looking into instances that the agent's own executor runs, which is ours as its drop-in: what they use, their output
and files, commands in them. It reports to this service, because this service asks.
"""
from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.served import PATIENCE, PROGRAM, Served, app, serving

WORDS = "echo begun; i=0; while :; do i=$((i+1)); [ $((i % 20000)) -gt 0 ] || { echo \"at $i\"; sleep 0.1; }; done"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("MESOS_DOCKER_REPORT_INTERVAL", "1secs")
        with serving(tmp_path_factory.mktemp("served"), "--executor", "mesos") as found:
            found.ask("POST", "/v2/apps", app("/words", cmd=WORDS))
            found.until(lambda: len(instances(found)) == 1 and instances(found)[0]["state"] == "TASK_RUNNING",
                        "an instance that runs")
            yield found


def instances(served: Served) -> list[dict[str, Any]]:
    return list(served.ask("GET", "/api/v1/instances?app=/words&stats=true")[1])


def test_what_it_uses_is_shown(served: Served) -> None:
    served.until(lambda: (instances(served)[0]["stats"] or {}).get("cpuCores", 0) > 0.01, "its use of the CPU")
    [one] = instances(served)
    assert one["stats"]["memoryBytes"] > 50_000
    served.until(lambda: len(served.ask("GET", f"/api/v1/instances/{one['id']}/stats")[1]["samples"]) >= 3,
                 "a curve")
    shown = served.command("ps", "--stats")
    assert shown.returncode == 0, shown.stderr
    assert "CPU" in shown.stdout.splitlines()[0]
    assert all("MiB" in line for line in shown.stdout.splitlines()[1:])
    assert 'mesos_docker_executor_tasks{state="running"} 1.0' in served.ask("GET", "/metrics")[1]
    events = served.command("events")
    assert "framework_message_event" not in events.stdout


def test_output_files_and_commands(served: Served, tmp_path: Path) -> None:
    [one] = instances(served)
    assert served.command("logs", one["id"]).stdout.startswith("begun\nat 20000\n")
    since = served.command("logs", one["id"], "--since", "1m")
    assert (since.returncode, since.stdout) == (2, "")  # only the custom executor keeps an index
    assert "index" in since.stderr, since.stderr
    assert "stdout" in served.command("files", one["id"]).stdout
    done = subprocess.run([PROGRAM, "exec", one["id"], "-i", "--", "sh", "-c", "cat; exit 7"], input=b"\0\xff\r\n",
                          capture_output=True, timeout=PATIENCE, check=False, env=served.environment)
    assert (done.returncode, done.stdout, done.stderr) == (7, b"\0\xff\r\n", b"")
