"""What a drop-in costs, in both protocols: its start until the agent has heard of it, and its memory with a task.

Mesos's own executor stands beside it where MESOS_DOCKER_EXECUTOR names its file. The memory counts the launcher too.
"""
from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench import budgets, processes
from tests.bench.result import Row, Series
from tests.bench.settings import EXECUTOR, Settings
from tests.fakes.agent_server import ScriptedAgent
from tests.fakes.v0_agent import V0Agent

MIB = 1024 * 1024
SETTLED = 2.0  # seconds after TASK_RUNNING
Way = type[V0Agent] | type[ScriptedAgent]


def bench(settings: Settings) -> Iterator[Row]:
    """Rows in ms and MiB; each kind of executor in turn, so that all meet the same neighbours."""
    ways: dict[str, tuple[Path, Way]] = {"ours, v0": (EXECUTOR, V0Agent), "ours, v1": (EXECUTOR, ScriptedAgent)}
    if theirs := os.environ.get("MESOS_DOCKER_EXECUTOR"):
        ways["Mesos's own"] = (Path(theirs), V0Agent)
    rounds = settings.times(5, 2)
    starts: dict[str, list[list[float]]] = {way: [] for way in ways}
    sizes: dict[str, list[processes.Usage]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, (executor, agent) in ways.items():
            started, used = _measured(settings, executor, agent)
            starts[way].append([started * 1000])
            sizes[way].append(used)
    ours, *others = (Series.of(way, values) for way, values in starts.items())
    yield Row("drop-in", "process start → registered", "ms", ours, tuple(others), (budgets.DROP_IN_START,))
    for name, what, judged in (("private memory, one task", "private", (budgets.DROP_IN_PRIVATE,)),
                               ("PSS, one task", "pss", ())):
        ours, *others = (Series.of(way, [[getattr(each, what) / MIB] for each in used])
                         for way, used in sizes.items())
        yield Row("drop-in", name, "MiB", ours, tuple(others), judged)


def _measured(settings: Settings, executor: Path, way: Way) -> tuple[float, processes.Usage]:
    """Seconds until the agent has heard of it, and what it uses once its task runs."""
    name = f"mesos-{uuid.uuid4()}"
    with tempfile.TemporaryDirectory(prefix="mesos-docker-bench-") as folder, way() as agent:
        said = agent.environment(MESOS_DIRECTORY=folder, MESOS_SANDBOX=folder, PATH=os.environ["PATH"])
        began = time.monotonic()
        process = subprocess.Popen([executor, *flags(settings.docker_socket, name, folder)], cwd=folder, env=said,
                                   start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            return _registered(agent) - began, _with_a_task(settings, agent, process.pid)
        finally:
            for each in [*processes.children(process.pid), process.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, 9)
            process.wait()
            subprocess.run(["docker", "-H", f"unix://{settings.docker_socket}", "rm", "-f", name], check=False,
                           capture_output=True)


def _registered(agent: V0Agent | ScriptedAgent) -> float:
    if isinstance(agent, V0Agent):
        agent.wait_said("RegisterExecutorMessage")
    else:
        agent.wait_subscribed()
    return time.monotonic()


def _with_a_task(settings: Settings, agent: V0Agent | ScriptedAgent, process: int) -> processes.Usage:
    task: dict[str, Any] = {"command": {"value": "exec sleep 600"},
            "container": {"type": "DOCKER", "docker": {"image": settings.image, "network": "NONE"}},
            "resources": [{"name": name, "type": "SCALAR", "scalar": {"value": value}}
                          for name, value in (("cpus", 0.1), ("mem", 64.0))]}
    if isinstance(agent, V0Agent):
        agent.run("t", **task)
        agent.wait_for(lambda: "TASK_RUNNING" in agent.states(), 60)
    else:
        agent.launch("t", **task)
        agent.wait_for(lambda: "TASK_RUNNING" in agent.states("t"), 60)
    time.sleep(SETTLED)
    return processes.total([process, *processes.children(process)])


def flags(docker_socket: str, container: str, sandbox: str) -> list[str]:
    """Those of an agent with its defaults."""
    said = {"cgroups_enable_cfs": "false", "container": container, "docker": "docker", "docker_socket": docker_socket,
            "help": "false", "initialize_driver_logging": "true", "launcher_dir": "/usr/libexec/mesos",
            "logbufsecs": "0", "logging_level": "INFO", "mapped_directory": "/mnt/mesos/sandbox", "quiet": "false",
            "sandbox_directory": sandbox, "stop_timeout": "0ns"}
    return [f"--{name}={value}" for name, value in said.items()]
