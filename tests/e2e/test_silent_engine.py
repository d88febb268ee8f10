"""What becomes of tasks when their engine hangs, is killed in mid-pull, loses its event stream, or comes back without a
container: a row each of the table in README. Restarts are in test_engine_trouble.py.
"""
from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from executor.docker.door.calls import Deadlines
from executor.docker.pull import PullSettings
from executor.docker.runtime import DockerRuntime
from executor.settings.settings import Settings
from specs.messages.status import TaskState, TaskStatus, is_terminal
from tests.docker.dockerd import Dockerd, running_dockerd
from tests.docker.registry import asked, isolated_registry
from tests.docker.socket_proxy import Fault, SocketProxy
from tests.engine import real_docker
from tests.executor.program.running import KILLING, Running
from tests.fakes.agent import FakeAgent
from tests.fakes.runtime import FakeRuntime
from tests.patience import SLOW

PATIENCE = 60.0 * SLOW
QUICK = PullSettings(attempts=6, pause=0.5, longest_pause=2.0)
IMPATIENT = PullSettings(attempts=1)
WAITING = "until [ -e /mnt/mesos/sandbox/go ]; do sleep 0.05; done; exit 5"


class Patience:
    """The usual deadlines, which an engine that is busy needs; while it hangs, short ones."""

    hangs = False

    def __getattr__(self, name: str) -> float:
        return 1.0 if self.hangs else float(getattr(Deadlines(), name))


class Scene(Running):
    """A supervisor on an engine of its own."""

    def running(self, task_id: str) -> TaskStatus:
        return self.agent.wait_state(task_id, TaskState.RUNNING, PATIENCE)

    def over_when(self, task_id: str) -> TaskStatus:
        def over(agent: FakeAgent) -> bool:
            return any(is_terminal(state) for state in agent.states(task_id))
        assert self.agent.wait_for(over, PATIENCE), self.agent.states(task_id)
        return self.agent.of(task_id)[-1]

    def go(self, task_id: str) -> None:
        (Path(self.settings.directory) / "tasks" / task_id / "go").touch()


@contextlib.contextmanager
def scene(folder: Path, socket: str, pulls: PullSettings = QUICK,
          patience: Patience | None = None) -> Iterator[Scene]:
    folder.mkdir(exist_ok=True)
    labels = {"mesos-docker.owner": folder.name, "mesos-docker.test": "silence"}
    settings = Settings(directory=str(folder), labels=labels, shutdown_grace=2.0)
    runtime = DockerRuntime(socket, cast("Deadlines", patience or Patience()), pulls)
    run = Scene(settings, cast("FakeRuntime", runtime), FakeAgent(acknowledge_at_once=True))
    run.thread.start()
    run.registered(*KILLING)
    try:
        yield run
    finally:
        run.supervisor.shutdown("the test is over")
        run.over()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[bytes]]:
    with isolated_registry(tmp_path_factory.mktemp("registry")) as process:
        yield process


@pytest.fixture(scope="module")
def engine(registry: subprocess.Popen[bytes]) -> Iterator[Dockerd]:
    with running_dockerd(live_restore=True, network=registry.pid) as running:
        yield running
        running.clean()


def left(engine: Dockerd) -> list[str]:
    """The names of the containers that are there, once that is what it should be, or will not be."""
    until = time.monotonic() + PATIENCE
    with real_docker(engine.socket) as docker:
        while (found := [each.name
                         for each in docker.containers.ls()]) and time.monotonic() < until:
            time.sleep(0.1)
    return found


def test_an_engine_that_hangs(engine: Dockerd, tmp_path: Path) -> None:
    """Who runs goes on, checked or not; what ends meanwhile is told with its status when it is back;
    what was to begin is dropped; a kill goes past it. All that was there is removed in the end.
    """
    patience = Patience()
    with scene(tmp_path / "hangs", engine.socket, patience=patience) as run:
        check = {"type": "COMMAND", "command": {"value": "sleep 1"}, "interval_seconds": 0.1,
                 "timeout_seconds": 6.0,  # shorter than the hang, in which a command is under way
                 "delay_seconds": 0.0, "grace_period_seconds": 0.0, "consecutive_failures": 1}
        run.launch("checked", WAITING, network="NONE", health_check=check)
        for task_id in ("ends", "killed"):
            run.launch(task_id, WAITING, network="NONE")
        for task_id in ("checked", "ends", "killed"):
            run.running(task_id)
        assert run.agent.wait_for(lambda agent: any(each.healthy for each in agent.of("checked")),
                                  PATIENCE)
        engine.send(signal.SIGSTOP)
        patience.hangs = True
        try:
            run.go("ends")
            run.supervisor.kill("killed", 0.0)
            run.launch("dropped", "true", network="NONE")
            assert run.over_when("killed").state is TaskState.KILLED
            assert run.over_when("dropped").state is TaskState.DROPPED
            assert not any(is_terminal(state)
                           for state in (*run.agent.states("checked"), *run.agent.states("ends")))
        finally:
            patience.hangs = False
            engine.send(signal.SIGCONT)
        assert (run.over_when("ends").message or "").startswith("Container exited with status 5")
        run.go("checked")
        assert (run.over_when("checked").message or "").startswith("Container exited with status 5")
        assert not any(each.healthy is False for each in run.agent.of("checked"))
        assert left(engine) == []


def test_an_engine_that_comes_back_without_a_container(engine: Dockerd, tmp_path: Path) -> None:
    """The process that runs on is ended, so that what is told is so."""
    with scene(tmp_path / "forgets", engine.socket) as run:
        run.launch("forgotten", WAITING, network="NONE")
        run.running("forgotten")
        with real_docker(engine.socket) as docker:
            (container,) = docker.containers.ls()
        engine.kill()
        shutil.rmtree(engine.folder / "data/containers" / container.id)
        engine.start()
        status = run.over_when("forgotten")
        assert (status.state, status.message) == (
            TaskState.FAILED,
            "Failed to get exit status of container: the container was removed by somebody else")
        assert not runs(container.pid or 0)
        run.launch("after", "true", network="NONE")
        assert run.over_when("after").state is TaskState.FINISHED


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_an_engine_whose_event_stream_is_lost(engine: Dockerd, tmp_path: Path) -> None:
    """For good: the end of a process is seen, and the engine asked."""
    with SocketProxy(tmp_path, engine.socket) as proxy, scene(tmp_path / "deaf", proxy.path) as run:
        run.launch("t", WAITING, network="NONE")
        run.running("t")
        proxy.fault = lambda line: Fault.RESET if "/events" in line else None
        proxy.cut()
        run.go("t")
        assert (run.over_when("t").message or "").startswith("Container exited with status 5")


def test_an_engine_that_is_killed_in_mid_pull(engine: Dockerd, registry: subprocess.Popen[bytes],
                                              tmp_path: Path) -> None:
    """The pull is asked for again, for a while; when that is over the task is dropped."""
    image = "localhost:5000/pulled:1"
    with real_docker(engine.socket) as docker:
        subprocess.run(["docker", "-H", f"unix://{engine.socket}", "tag", "busybox:static", image],
                       check=True)
        docker.api.call("push", PATIENCE, lambda sdk: str(sdk.push("localhost:5000/pulled", "1")))
        docker.images.rm(image, force=True)
        docker.images.rm("busybox:static", force=True)  # else its layer would be here
    registry.send_signal(signal.SIGSTOP)
    with scene(tmp_path / "patient", engine.socket) as patient, \
            scene(tmp_path / "impatient", engine.socket, IMPATIENT) as impatient:
        for run in (patient, impatient):
            run.launch("t", "true", image=image, network="NONE")
        asked(registry)
        engine.kill()
        dropped = impatient.over_when("t")
        assert dropped.state is TaskState.DROPPED
        assert (dropped.message or "").endswith("not the task's fault, another attempt may succeed")
        registry.send_signal(signal.SIGCONT)
        engine.start()
        assert patient.over_when("t").state is TaskState.FINISHED
