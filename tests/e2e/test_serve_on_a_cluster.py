"""`serve` on a Mesos that is not its own: its kill -9, restarts of the agent, a container that somebody else ends.

With MESOS_BUILD the same is tried on a real Mesos (tests/deploy/local/real_mesos.py).
"""
from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.local.real_mesos import RealMesos
from tests.e2e.served import Served, checked, deployed
from tests.images import busybox_image

RESOURCES = "cpus:4;mem:2048;disk:1024;ports:[31000-31999]"

if "MESOS_BUILD" in os.environ:
    @pytest.fixture
    def local_mesos() -> Iterator[Callable[..., RealMesos]]:
        with contextlib.ExitStack() as stack:
            yield lambda **flags: stack.enter_context(RealMesos(Path(os.environ["MESOS_BUILD"]), **flags))


def all_serve(served: Served, count: int) -> bool:
    tasks = served.ask("GET", "/v2/apps/a/tasks")[1]["tasks"]
    return len(tasks) == count and all(
        each["state"] == "TASK_RUNNING" and any(check["alive"] for check in each["healthCheckResults"])
        for each in tasks)


def test_tasks_outlive_the_service_and_the_agent(local_mesos: Callable[..., Any], tmp_path: Path) -> None:
    busybox_image()
    mesos = local_mesos(resources=RESOURCES)
    served, cluster = Served(tmp_path), ("--master", mesos.address)
    served.start(*cluster)
    try:
        done = deployed(served, checked("/a", instances=2), tmp_path)
        assert done.returncode == 0, done.stderr
        framework, before = served.framework(), served.containers()
        assert len(before) == 2

        served.end(signal.SIGKILL)
        served.start(*cluster)
        served.until(lambda: all_serve(served, 2), "that the tasks are known again")
        mesos.stop_agent(0)
        mesos.start_agent(0)
        served.until(lambda: all_serve(served, 2), "that the tasks are known after the agent's restart")
        assert (served.framework(), served.containers()) == (framework, before)

        [victim, other] = before
        subprocess.run(["docker", "kill", victim], check=True, capture_output=True)
        served.until(lambda: served.ask("GET", "/api/v1/history/a")[1] != [], "that its end is known")
        served.until(lambda: victim not in served.containers() and all_serve(served, 2), "its replacement")
        assert other in served.containers()
        [ended] = served.ask("GET", "/api/v1/history/a")[1]
        assert (ended["state"], ended["exitCode"]) == ("TASK_FAILED", 137)
    finally:
        served.clean()
