"""An engine that dies, is restarted or hangs under a running task: nothing is lost, nothing is told that is not so."""
from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docker.dockerd import Dockerd, running_dockerd
from tests.executor.program.running import task
from tests.fakes.agent_server import ScriptedAgent
from tests.patience import SLOW

PROGRAM = str(Path(sys.executable).with_name("mesos-docker-executor"))
LINES = 60
TALK = (f"i=0; while [ $i -lt {LINES} ]; do echo line $i; i=$((i+1)); [ $i = 20 ] && touch /mnt/mesos/sandbox/there; "
        "sleep 0.05; done; until [ -e /mnt/mesos/sandbox/back ]; do sleep 0.05; done; exit 4")
PATIENCE = 90.0 * SLOW


class Scene:
    """An executor between a scripted agent and an engine of its own."""

    def __init__(self, agent: ScriptedAgent, engine: Dockerd, folder: Path) -> None:
        self.agent, self.engine, self.folder = agent, engine, folder
        self.process = subprocess.Popen([PROGRAM, f"--docker_socket={engine.socket}"], cwd=folder,
                                        env=agent.environment(MESOS_DIRECTORY=str(folder)), start_new_session=True)
        agent.wait_subscribed()

    def launch(self, task_id: str, command: str) -> None:
        info = task(task_id, command, network="NONE")
        self.agent.launch(task_id, **{key: info[key] for key in ("command", "container", "resources")})

    def until(self, task_id: str, *states: str) -> dict[str, Any]:
        self.agent.wait_for(lambda: set(self.agent.states(task_id)) & set(states), PATIENCE)
        return self.agent.updates[task_id][-1]

    def has(self, name: str) -> None:
        """Wait for a file in the task's sandbox."""
        path = self.folder / "tasks/t" / name
        subprocess.run(["sh", "-c", f"until [ -e {path} ]; do sleep 0.02; done"], check=True, timeout=PATIENCE)


@contextlib.contextmanager
def scene(folder: Path, *, live_restore: bool = False) -> Iterator[Scene]:
    with running_dockerd(live_restore=live_restore) as engine, ScriptedAgent() as agent:
        made = Scene(agent, engine, folder)
        try:
            yield made
        finally:
            made.process.kill()
            made.process.wait()


def written(engine: Dockerd) -> list[str]:
    """All that the task says, but for what a dockerd has read and not written when it ends: a line, if it is slow."""
    ends = time.monotonic() + PATIENCE
    while (found := engine.said())[-1:] != [f"line {LINES - 1}"]:
        assert time.monotonic() < ends, found
        time.sleep(0.05)
    assert found == [line for line in map("line {}".format, range(LINES)) if line in found]
    assert len(found) >= LINES - 2
    return found


@pytest.mark.parametrize("live_restore", [False, True], ids=["plain", "live-restore"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["restarted", "killed"])
def test_the_engine_goes_and_comes_back_under_a_running_task(
        number: signal.Signals, tmp_path: Path, *, live_restore: bool) -> None:
    with scene(tmp_path, live_restore=live_restore) as run:
        run.launch("t", TALK)
        run.until("t", "TASK_RUNNING")
        run.has("there")
        run.engine.end(number)
        run.engine.start()
        there = written(run.engine) if live_restore else []
        (tmp_path / "tasks/t/back").touch()  # what a container says and how it ends while dockerd is away, Docker loses
        status = run.until("t", "TASK_FAILED", "TASK_FINISHED", "TASK_KILLED", "TASK_LOST")
        code = 4 if live_restore else 137  # without live-restore an engine ends its containers when it goes or comes
        assert status["state"] == "TASK_FAILED"
        assert status["message"].partition(":")[0] == f"Container exited with status {code}"
        assert run.agent.states("t") == ["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"]
        said = (tmp_path / "tasks/t/stdout").read_text().splitlines()
        assert said == (there or [f"line {i}" for i in range(len(said))])
        assert len(said) >= 20
        run.launch("after", "true")
        assert run.until("after", "TASK_FINISHED", "TASK_FAILED")["state"] == "TASK_FINISHED"


def test_a_launch_while_the_engine_is_away_is_not_the_tasks_fault(tmp_path: Path) -> None:
    with scene(tmp_path) as run:
        run.launch("t", "true")
        run.until("t", "TASK_FINISHED")
        run.engine.end()
        run.launch("lost", "true")
        status = run.until("lost", "TASK_LOST", "TASK_FAILED")
        assert (status["state"], status["reason"]) == ("TASK_LOST", "REASON_CONTAINER_LAUNCH_FAILED")
        assert status["message"].endswith("not the task's fault, another attempt may succeed")


def test_a_shutdown_while_the_engine_hangs_kills_past_it(tmp_path: Path) -> None:
    with scene(tmp_path) as run:
        run.launch("t", "sleep 600")
        run.until("t", "TASK_RUNNING")
        run.engine.send(signal.SIGSTOP)
        try:
            run.agent.event("SHUTDOWN")
            status = run.until("t", "TASK_KILLED", "TASK_FAILED")
            assert (status["state"], status["message"].partition(":")[0]) == (
                "TASK_KILLED", "Container terminated with signal Killed")
        finally:
            run.engine.send(signal.SIGCONT)
