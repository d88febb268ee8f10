"""The executor as a process of its own, as an agent starts it, subscribed to an agent that watches the clock."""
from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.agent import TimedAgent
from tests.bench.processes import children
from tests.bench.settings import EXECUTOR


@dataclass(frozen=True, slots=True)
class RunningExecutor:
    """A subscribed executor, its agent, its launcher (a shell that sleeps), its own process id, and the folder that it
    takes for its sandbox.
    """

    agent: TimedAgent
    launcher: int  # process id
    pid: int
    sandbox: Path


@contextmanager
def running_executor(docker_socket: str) -> Iterator[RunningExecutor]:
    """Start it, wait until it is subscribed; in the end SHUTDOWN, and SIGKILL if that is not enough.

    RuntimeError with the end of its log when it ends before it subscribes.
    """
    with tempfile.TemporaryDirectory(prefix="mesos-docker-bench-") as folder:
        sandbox = Path(folder)
        agent = TimedAgent()
        with (sandbox / "stderr").open("wb") as errors:
            process = subprocess.Popen(
                [EXECUTOR, f"--docker_socket={docker_socket}"], cwd=sandbox, stdin=subprocess.DEVNULL,
                stdout=errors, stderr=errors, start_new_session=True,
                env={"PATH": os.environ["PATH"], **agent.environment(sandbox)},
            )
        try:
            _wait_subscribed(agent, process, sandbox / "stderr")
            yield RunningExecutor(agent, process.pid, children(process.pid)[0], sandbox)
        finally:
            _end(agent, process)


def _wait_subscribed(agent: TimedAgent, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(60):
        try:
            agent.wait_subscribed(0.5)
        except TimeoutError:
            if process.poll() is not None:
                break
        else:
            return
    raise RuntimeError(f"the executor does not subscribe (exit status {process.poll()}): {log.read_text()[-2000:]}")


def _end(agent: TimedAgent, process: subprocess.Popen[bytes]) -> None:
    if agent.subscribed_at is not None and process.poll() is None:
        try:
            agent.shutdown()
            process.wait(30)
        except (OSError, subprocess.TimeoutExpired):
            pass
    if process.poll() is None:
        process.kill()
    process.wait()
    agent.close()
