"""The drop-in in a container of its own, as an agent runs it that is itself in one (`--docker_mesos_image`).

The container is made as by docker.cpp, `Container::create`: host network and host pids, the engine's socket, the
sandbox under its own path. The image holds the executor by mounts of where it is installed, which saves building one.
"""
from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executor.program.test_executor_process import COMMAND
from tests.executor.program.test_program import flags
from tests.executor.program.test_v0_program import PATIENCE, environment, run, state, until
from tests.fakes.v0_agent import V0Agent
from tests.images import busybox_image

ROOT = Path(__file__).resolve().parents[3]


def installed() -> list[str]:
    """The places that the executor consists of, those of the system included; a place within another one is in it."""
    wanted = {Path(each).resolve() for each in (ROOT, sys.prefix, sys.base_prefix)} | {
        Path(each) for each in ("/usr", "/lib", "/lib64", "/bin") if Path(each).exists()}
    return sorted(str(each) for each in wanted if not wanted & set(each.parents))


@pytest.fixture
def name() -> Iterator[str]:
    chosen = f"mesos-{uuid.uuid4()}"
    yield chosen
    subprocess.run(["docker", "rm", "-f", "-v", chosen, f"{chosen}.executor"], check=False, capture_output=True)


def start(agent: V0Agent, sandbox: Path, name: str) -> None:
    words = ["--net", "host", "--pid=host", "--cap-add=SYS_ADMIN", "--cap-add=SYS_PTRACE",
             "-v", "/var/run/docker.sock:/var/run/docker.sock:ro", "-v", f"{sandbox}:{sandbox}:rw"]
    words += [word for place in installed() for word in ("-v", f"{place}:{place}:ro")]
    words += [word for pair in environment(agent, sandbox).items() for word in ("-e", "=".join(pair))]
    subprocess.run(["docker", "run", "-d", "--name", f"{name}.executor", *words, busybox_image(), str(COMMAND),
                    *flags(name, sandbox)], check=True, capture_output=True)


def log(name: str) -> str:
    found = subprocess.run(["docker", "logs", f"{name}.executor"], check=True, capture_output=True, text=True)
    return found.stdout + found.stderr


def test_a_task_lives_and_is_told_of_over_an_agents_restart(tmp_path: Path, name: str) -> None:
    with V0Agent() as agent:
        start(agent, tmp_path, name)
        run(agent, "echo out; while ! test -e /mnt/mesos/sandbox/go; do sleep 0.05; done; exit 3",
            health_check={"type": "COMMAND", "command": {"value": "true"}, "delay_seconds": 0.0,
                          "interval_seconds": 1.0})
        agent.wait_for(lambda: any(status.get("healthy") for status in agent.updates), PATIENCE)
        agent.die()
        agent.come_back()
        agent.reconnect()
        (tmp_path / "go").touch()
        until(agent, "TASK_FAILED")
        assert agent.updates[-1]["message"] == "Container exited with status 3"
    assert state(name) == "exited 3"
    subprocess.run(["docker", "wait", f"{name}.executor"], check=True, capture_output=True, timeout=PATIENCE)
    assert state(f"{name}.executor") == "exited 0", log(name)
    assert "out\n" in log(name)


def test_a_kill_reaches_the_task(tmp_path: Path, name: str) -> None:
    with V0Agent() as agent:
        start(agent, tmp_path, name)
        run(agent, "exec sleep 600")
        until(agent, "TASK_RUNNING")
        agent.kill("t", 0.0)
        until(agent, "TASK_KILLED")
    assert state(name) == "exited 137"
