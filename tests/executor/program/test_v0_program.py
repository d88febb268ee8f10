"""The drop-in as a process, on real Docker, over libprocess: a task's life, its crash, and what is left of it."""
from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.containers.processes import start_of
from tests.executor.program.running import task
from tests.executor.program.test_executor_process import started
from tests.executor.program.test_program import flags
from tests.fakes.v0_agent import V0Agent
from tests.images import busybox_image
from tests.patience import SLOW

PATIENCE = 90.0 * SLOW


@pytest.fixture(autouse=True, scope="module")
def _image() -> None:
    busybox_image()


@pytest.fixture
def name() -> Iterator[str]:
    """A container's name as an agent makes them; the container is removed as the agent would."""
    chosen = f"mesos-{uuid.uuid4()}"
    yield chosen
    subprocess.run(["docker", "rm", "-f", "-v", chosen], check=False, capture_output=True)


def run(agent: V0Agent, command: str, **fields: object) -> None:
    agent.wait_said("RegisterExecutorMessage")
    info = task("t", command, network="NONE", **fields)  # type: ignore[arg-type]
    agent.run("t", **{key: value for key, value in info.items() if key not in {"task_id", "name", "agent_id"}})


def until(agent: V0Agent, state: str) -> None:
    agent.wait_for(lambda: state in agent.states(), PATIENCE)


def comes_true(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def environment(agent: V0Agent, sandbox: Path) -> dict[str, str]:
    """As an agent has it: the protocol is not said."""
    said = agent.environment(sandbox)
    del said["MESOS_DOCKER_PROTOCOL"]
    return said


def state(container: str) -> str:
    found = subprocess.run(["docker", "inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", container], check=False,
                           capture_output=True, text=True)
    return found.stdout.strip()


def python_of(launcher: int) -> int:
    """The executor's own process, below its launcher."""
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    return int(children[0])


def test_it_ends_with_the_acknowledgement_and_leaves_the_container(tmp_path: Path, name: str) -> None:
    with V0Agent(acknowledge=False) as agent, \
            started(environment(agent, tmp_path), tmp_path, flags(name, tmp_path)) as process:
        run(agent, "exit 3")
        until(agent, "TASK_FAILED")
        assert process.poll() is None  # it waits for the agent's word
        for status in list(agent.updates):
            agent.acknowledge_update(status)
        assert process.wait(PATIENCE) == 0
    assert state(name) == "exited 3"
    assert agent.states() == ["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"]


def test_a_task_that_ends_while_its_agent_is_away_is_told_when_it_is_back(tmp_path: Path, name: str) -> None:
    with V0Agent() as agent, started(environment(agent, tmp_path), tmp_path, flags(name, tmp_path)) as process:
        run(agent, "while ! test -e /mnt/mesos/sandbox/go; do sleep 0.05; done; exit 3")
        until(agent, "TASK_RUNNING")
        agent.die()
        (tmp_path / "go").touch()
        comes_true(lambda: state(name) == "exited 3")
        agent.come_back()
        agent.reconnect()
        until(agent, "TASK_FAILED")
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_a_crash_ends_the_container(tmp_path: Path, name: str, number: signal.Signals) -> None:
    with V0Agent() as agent, started(environment(agent, tmp_path), tmp_path, flags(name, tmp_path)) as process:
        run(agent, "trap 'exit 0' TERM; while :; do sleep 0.05; done")
        until(agent, "TASK_RUNNING")
        os.kill(python_of(process.pid), number)
        assert process.wait(PATIENCE) == 128 + number
    assert state(name).startswith("exited ")
    assert f"The executor crashed; its container {name} was ended" in (tmp_path / "stderr").read_text()


def test_a_launcher_that_is_killed_takes_all_with_it(tmp_path: Path, name: str) -> None:
    with V0Agent() as agent, started(environment(agent, tmp_path), tmp_path, flags(name, tmp_path)) as process:
        run(agent, "exec sleep 600")
        until(agent, "TASK_RUNNING")
        executor = python_of(process.pid)
        process.kill()
        comes_true(lambda: state(name).startswith("exited "))
        comes_true(lambda: start_of(executor) is None)
    assert "Shutting down: the launcher was killed" in (tmp_path / "stderr").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_for_the_launcher_ends_the_task_first(tmp_path: Path, name: str, number: signal.Signals) -> None:
    with V0Agent() as agent, started(environment(agent, tmp_path), tmp_path, flags(name, tmp_path)) as process:
        run(agent, "exec sleep 600")
        until(agent, "TASK_RUNNING")
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
        assert agent.states()[-1] == "TASK_KILLED", agent.updates[-1]
    assert state(name).startswith("exited ")


def test_an_address_that_cannot_be_had_is_said(tmp_path: Path, name: str) -> None:
    with V0Agent() as agent:
        said = {**environment(agent, tmp_path), "LIBPROCESS_IP": "192.0.2.1"}
        with started(said, tmp_path, flags(name, tmp_path)) as process:
            assert process.wait(PATIENCE) == 1
    assert "Failed to initialize: " in (tmp_path / "stderr").read_text()


def test_strangers_do_not_fill_the_log(tmp_path: Path, name: str) -> None:
    with V0Agent() as agent, started(environment(agent, tmp_path), tmp_path, flags(name, tmp_path)):
        run(agent, "exec sleep 600")
        until(agent, "TASK_RUNNING")
        with contextlib.suppress(OSError):
            for _ in range(20):
                agent.dial().sendall(b"GET / HTTP/1.1\r\n\r\n" * 100)
        agent.wait_for(lambda: len(agent.answers) > 1000)
    assert (tmp_path / "stderr").read_text().count("there is nothing") <= 20
