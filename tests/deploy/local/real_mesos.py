"""A real Apache Mesos on this machine with what tests of agent restarts use of `LocalMesos`: the same
tests hold both to the same.

`MESOS_BUILD` names the folder in which mesos-master, mesos-agent and the programs beside them were
built (`src` of a build folder); README.md of Apache Mesos says how. Its agent forks our
mesos-docker-executor: its --launcher_dir is a folder of links. With MESOS_KILL_ORPHANS=true, as an
agent does by itself, it ends every container that is called mesos-… and is not its own: for a
dockerd that nobody else uses.
"""
from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.deploy.local.client import get
from tests.ports import free_port

PATIENCE = 60.0
# An agent refuses to start where cgroup v2 is mounted beside v1, as systemd does it.
WITHOUT_UNIFIED = ("unshare", "--mount", "sh", "-c", 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"', "sh")


class RealMesos:
    """One master and one agent. Times are seconds, as of `LocalMesos`."""

    def __init__(self, build: Path, agents: int = 1, *, launcher_dir: Path | None = None, **flags: Any) -> None:
        assert agents == 1
        self._build = build
        self._folder = tempfile.TemporaryDirectory(prefix="real-mesos-")
        self.work_dir = Path(self._folder.name) / "agent"
        self._launcher_dir = self._links(launcher_dir or Path(sys.executable).parent)
        self._flags = {name: f"{value}secs" if isinstance(value, float) else str(value)
                       for name, value in flags.items()}
        self.address, agent = (f"127.0.0.1:{free_port()}" for _ in range(2))
        self.agent_addresses = [agent]
        self._master: subprocess.Popen[bytes] | None = None
        self._agent: subprocess.Popen[bytes] | None = None
        self._stops, self._tries = 0, 10

    def _links(self, ours: Path) -> Path:
        """The build's programs, but for the one that is to be tried."""
        folder = Path(self._folder.name) / "launcher"
        folder.mkdir()
        for program in self._build.glob("mesos-*"):
            if program.is_file() and program.name != "mesos-docker-executor":
                (folder / program.name).symlink_to(program)
        (folder / "mesos-docker-executor").symlink_to(ours / "mesos-docker-executor")
        return folder

    def _start(self, program: str, address: str, **flags: str) -> subprocess.Popen[bytes]:
        libraries = f"{self._build}/.libs:{self._build}:{self._build.parent}/3rdparty/libprocess/src"
        ip, port = address.split(":")
        with (Path(self._folder.name) / f"{program}.log").open("ab") as log:
            return subprocess.Popen(
                [*WITHOUT_UNIFIED, self._build / program, f"--ip={ip}", f"--port={port}",
                 *(f"--{name}={value}" for name, value in flags.items())],
                env={**os.environ, "LD_LIBRARY_PATH": libraries, "LIBPROCESS_IP": ip}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)

    def __enter__(self) -> Self:
        self._master = self._start("mesos-master", self.address, work_dir=f"{self._folder.name}/master",
                                   registry="in_memory", allocation_interval="200ms")
        with contextlib.ExitStack() as failed:
            failed.push(self._ended)
            self._until(lambda: get(self.address, "/health")[0] == 200)
            self.start_agent()
            failed.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._agent is None:
            self.start_agent()
        self._ended(kind, error, trace)

    def _ended(self, kind: type[BaseException] | None, error: BaseException | None,
               trace: TracebackType | None) -> None:
        if error is not None:
            for log in sorted(Path(self._folder.name).glob("*.log")):
                sys.stderr.write(f"---- {log.name}\n{log.read_text(errors='replace')[-20000:]}\n")
        if self._agent is not None:
            self._end_agent(signal.SIGUSR1)  # which ends its executors, and says goodbye
        if self._master is not None:
            self._master.kill()
            self._master.wait()
        self._folder.cleanup()

    def start_agent(self, index: int = 0) -> None:
        """Comes back when it is registered, and knows which executors are there."""
        assert index == 0
        while self._agent is None:  # it ends when a container that it has seen is removed by somebody else
            self._agent = self._start("mesos-agent", self.agent_addresses[0], **{
                "master": self.address, "work_dir": str(self.work_dir), "runtime_dir": f"{self._folder.name}/run",
                "containerizers": "docker,mesos", "launcher": "posix", "launcher_dir": str(self._launcher_dir),
                "isolation": "posix/cpu,posix/mem,filesystem/posix",
                "docker_kill_orphans": os.environ.get("MESOS_KILL_ORPHANS", "false"),
                "systemd_enable_support": "false", "executor_shutdown_grace_period": "3secs", **self._flags})
            self._until(self._registered)

    def stop_agent(self, index: int = 0) -> None:
        """By SIGKILL and by SIGTERM in turn; both leave the executors."""
        assert index == 0
        self._stops += 1
        self._end_agent(signal.SIGKILL if self._stops % 2 else signal.SIGTERM)

    def _end_agent(self, number: signal.Signals) -> None:
        assert self._agent is not None
        self._agent.send_signal(number)
        self._agent.wait(PATIENCE)
        self._agent = None

    def _registered(self) -> bool:
        assert self._agent is not None
        if self._agent.poll() is not None:
            self._agent, self._tries = None, self._tries - 1
            assert self._tries, "the agent has ended again and again"
            return True
        status, state = get(self.agent_addresses[0], "/state")
        return status == 200 and bool(re.fullmatch(r".+-S\d+", state.get("id", ""))) \
            and "master_hostname" in state

    @staticmethod
    def _until(fact: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if fact():
                    return
            except OSError:
                pass  # nobody listens yet
            assert time.monotonic() < deadline, "the real Mesos does not come up"
            time.sleep(0.1)
