"""How long an executor takes from its start to SUBSCRIBE, in both ways of running, and the interpreter's share of it.

Started as an agent starts it: a new session, a replaced environment, a pipe on stdin. The moment of SUBSCRIBE is when
the agent has read it. Beside ours stands the same interpreter, started to do nothing.
"""
from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench import budgets
from tests.bench.agent import TimedAgent
from tests.bench.executor_process import COMMAND
from tests.bench.result import Row, Series
from tests.bench.settings import Settings


def bench(settings: Settings) -> Iterator[Row]:
    """Rows in ms."""
    ways = {"custom": [f"--docker_socket={settings.docker_socket}"], "drop-in": _drop_in(settings.docker_socket)}
    for way, flags in ways.items():
        ours: list[list[float]] = []
        bare: list[list[float]] = []
        for _ in range(settings.times(6, 3)):
            ours.append([_subscribe(flags) * 1000 for _ in range(3)])
            bare.append([_bare() * 1000 for _ in range(3)])
        yield Row("start", f"process start → SUBSCRIBE, {way}", "ms", Series.of("ours", ours),
                  (Series.of("python that does nothing", bare),), (budgets.START_TO_SUBSCRIBE,))


def _drop_in(docker_socket: str) -> list[str]:
    """The flags of an agent with its defaults; the container is never made."""
    said = {"cgroups_enable_cfs": "false", "container": "mesos-00000000-0000-4000-8000-000000000000",
            "docker": "docker", "docker_socket": docker_socket, "help": "false", "initialize_driver_logging": "true",
            "launcher_dir": "/usr/libexec/mesos", "logbufsecs": "0", "logging_level": "INFO",
            "mapped_directory": "/mnt/mesos/sandbox", "quiet": "false", "sandbox_directory": "/tmp",
            "stop_timeout": "0ns"}
    return [f"--{name}={value}" for name, value in said.items()]


def _subscribe(flags: Sequence[str]) -> float:
    agent = TimedAgent()
    with tempfile.TemporaryDirectory(prefix="mesos-docker-bench-") as folder, contextlib.closing(agent):
        began = time.monotonic()
        process = subprocess.Popen([COMMAND, *flags], cwd=folder, env=agent.environment(Path(folder)),
                                   start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            return agent.wait_subscribed() - began
        finally:
            process.kill()
            process.communicate()


def _bare() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-I", "-c", ""], check=True)
    return time.monotonic() - began
