"""The program as an agent runs it, on real Docker: how it ends, and what it leaves."""
from __future__ import annotations

import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine import containers
from tests.executor.program.running import task
from tests.executor.program.test_executor_process import environment, started, subscribed
from tests.fakes.agent_server import ScriptedAgent
from tests.images import busybox_image
from tests.patience import SLOW

PATIENCE = 90.0 * SLOW


@pytest.fixture(autouse=True, scope="module")
def _image() -> None:
    busybox_image()


def launch(agent: ScriptedAgent, command: str, **fields: object) -> None:
    info = task("t", command, network="NONE", **fields)  # type: ignore[arg-type]
    agent.launch("t", **{key: value for key, value in info.items() if key not in {"task_id", "name", "agent_id"}})


def until(agent: ScriptedAgent, state: str) -> None:
    agent.wait_for(lambda: state in agent.states("t"), PATIENCE)


@pytest.fixture
def name() -> Iterator[str]:
    """A container's name as an agent makes them; the container is removed as the agent would."""
    chosen = f"mesos-{uuid.uuid4()}"
    yield chosen
    subprocess.run(["docker", "rm", "-f", "-v", chosen], check=False, capture_output=True)


def flags(container: str, sandbox: Path, **more: str) -> list[str]:
    said = {"container": container, "docker": "docker", "docker_socket": "/var/run/docker.sock", "launcher_dir": "/x",
            "mapped_directory": "/mnt/mesos/sandbox", "sandbox_directory": str(sandbox), **more}
    return [f"--{key}={value}" for key, value in said.items()]


def test_the_drop_in_ends_with_the_acknowledgement_and_leaves_the_container(tmp_path: Path, name: str) -> None:
    with ScriptedAgent(acknowledge=False) as agent, \
            started(environment(agent, tmp_path), tmp_path, flags(name, tmp_path)) as process:
        subscribed(agent, process, tmp_path)
        launch(agent, "echo out; echo err >&2; exit 3")
        until(agent, "TASK_FAILED")
        assert process.poll() is None  # it waits for the agent's word
        for status in agent.updates["t"]:
            agent.acknowledge_update(status)
        assert process.wait(PATIENCE) == 0
    assert (tmp_path / "stdout").read_text() == "out\n"
    assert "err\n" in (tmp_path / "stderr").read_text()
    found = subprocess.run(["docker", "inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", name],
                           capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["exited", "3"]


def test_the_drop_in_tells_its_stderr_what_mesos_does_not_tell(tmp_path: Path, name: str) -> None:
    with ScriptedAgent() as agent, \
            started(environment(agent, tmp_path), tmp_path, flags(name, tmp_path)) as process:
        subscribed(agent, process, tmp_path)
        launch(agent, "true", docker={"parameters": [{"key": "no-such-option", "value": "x"}]})
        assert process.wait(PATIENCE) == 0
        assert agent.updates["t"][-1]["message"] == "Container exited with status 125"
    assert "unknown flag: --no-such-option" in (tmp_path / "stderr").read_text()


def test_told_nothing_it_ends_with_a_reason(tmp_path: Path) -> None:
    with ScriptedAgent() as agent, started(
            environment(agent, tmp_path, MESOS_DOCKER_IDLE_TIMEOUT="100ms"), tmp_path) as process:
        assert process.wait(PATIENCE) == 0
    assert "no task for 0.1 s" in (tmp_path / "stderr").read_text()


@pytest.mark.parametrize("how", ["SHUTDOWN", "SIGTERM"])
def test_a_shutdown_ends_the_tasks_first(how: str, tmp_path: Path) -> None:
    with ScriptedAgent() as agent, started(environment(agent, tmp_path), tmp_path) as process:
        subscribed(agent, process, tmp_path)
        launch(agent, "trap 'exit 7' TERM; touch /mnt/mesos/sandbox/ready; sleep 600 & wait")
        until(agent, "TASK_RUNNING")
        ready = tmp_path / "tasks/t/ready"
        subprocess.run(["sh", "-c", f"until [ -e {ready} ]; do sleep 0.02; done"], check=True, timeout=PATIENCE)
        if how == "SHUTDOWN":
            agent.event("SHUTDOWN")
        else:
            process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        last = agent.updates["t"][-1]
        assert last["state"] == "TASK_KILLED"
        assert last["message"].startswith("Container exited with status 7: the executor was shut down")
        owners = containers(task_id="t", framework_id=agent.framework_id)
        assert [each for each in owners if str(tmp_path) in str(each.raw)] == []


def test_a_secret_reaches_the_container_and_is_gone_afterwards(tmp_path: Path) -> None:
    before = set(Path("/dev/shm").glob("mdx-secrets-*"))
    with ScriptedAgent() as agent, started(environment(agent, tmp_path), tmp_path) as process:
        subscribed(agent, process, tmp_path)
        secret = {"type": "SECRET", "secret": {"type": "VALUE", "value": {"data": "Z2VoZWlt"}}}
        launch(agent, "cat /key", container={"volumes": [{"container_path": "/key", "mode": "RO", "source": secret}]})
        until(agent, "TASK_FINISHED")
        assert (tmp_path / "tasks/t/stdout").read_text() == "geheim"
        agent.event("SHUTDOWN")
        assert process.wait(PATIENCE) == 0
    assert set(Path("/dev/shm").glob("mdx-secrets-*")) <= before


def test_a_task_is_answered_as_long_as_the_executor_is_there(tmp_path: Path) -> None:
    with ScriptedAgent(acknowledge=False) as agent, started(
            environment(agent, tmp_path, MESOS_DOCKER_IDLE_TIMEOUT="100ms"), tmp_path) as process:
        subscribed(agent, process, tmp_path)
        agent.kill("nobody")
        agent.wait_for(lambda: agent.states("nobody"), PATIENCE)
        ending = f"until grep -q 'Ending: no task' {tmp_path}/stderr; do sleep 0.02; done"
        subprocess.run(["sh", "-c", ending], check=True, timeout=PATIENCE)
        for task_id in ("late", "later"):
            assert agent.launch(task_id) > 0
            agent.wait_for(lambda task_id=task_id: agent.states(task_id), PATIENCE)  # type: ignore[misc]
            assert agent.states(task_id) == ["TASK_LOST"]
        assert process.poll() is None
        for statuses in agent.updates.values():
            agent.acknowledge_update(statuses[0])
        assert process.wait(PATIENCE) == 0
