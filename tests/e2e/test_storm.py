"""Storms on the real engine: tasks all at once, killed at random moments, or one after the other for long.

The suite runs small ones; by hand: python -m tests.e2e.test_storm burst 200 | shutdown 200 | sequence 2000
"""
from __future__ import annotations

import contextlib
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from executor.settings.settings import IDLE_TIMEOUT
from specs.messages.status import TaskState, is_terminal
from tests.executor.program.running import task
from tests.fakes.agent_server import ScriptedAgent
from tests.patience import SLOW

PROGRAM = str(Path(sys.executable).with_name("mesos-docker-executor"))
PATIENCE = 150.0 * SLOW
COMMANDS = ("true", "exit 3", "echo out; echo err >&2", "sleep 0.5", "sleep 600",
            "trap '' TERM; while :; do sleep 1; done", "trap 'exit 0' TERM; sleep 600 & wait")
ENDLESS = COMMANDS[4:]


@dataclass
class Size:
    """What a process holds."""

    descriptors: int
    threads: int
    resident: int  # KiB
    open: Counter[str]  # what the descriptors are of, without numbers

    @property
    def loose(self) -> int:
        """Descriptors but for one of each thread: a worker, of which there are as many as were ever busy at once, keeps
        its connection to the engine."""
        return self.descriptors - self.threads


@dataclass
class Storm:
    """An executor between a scripted agent and the engine."""

    agent: ScriptedAgent
    process: subprocess.Popen[bytes]
    folder: Path
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def launch(self, task_id: str, command: str, **fields: object) -> None:
        info = task(task_id, command, network="NONE", **fields)  # type: ignore[arg-type]
        self.agent.launch(task_id, **{key: value for key, value in info.items()
                                      if key not in ("task_id", "name", "agent_id")})

    def kill(self, task_id: str, seconds: float | None) -> None:
        self.agent.kill(task_id, seconds)

    def last_words(self, task_id: str) -> int:
        """How many terminal updates came."""
        return sum(is_terminal(TaskState(state)) for state in self.agent.states(task_id))

    def warm_up(self) -> Size:
        """Have all workers at work once, each with its connection to the engine; the size after that."""
        ids = [f"warm{number}" for number in range(24)]
        for each in ids:
            self.launch(each, "sleep 600")
        self.agent.wait_for(lambda: all("TASK_RUNNING" in self.agent.states(each) for each in ids), PATIENCE)
        for each in ids:
            self.kill(each, 0.0)
        self.ended(ids)
        self.none_left()
        return self.size()

    def ended(self, ids: list[str]) -> None:
        self.agent.wait_for(lambda: all(self.last_words(each) for each in ids), PATIENCE)

    def size(self) -> Size:
        (below,) = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        proc = Path("/proc") / below
        lines = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
        of = []
        for each in (proc / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                of.append(re.sub(r"[0-9a-f-]*\d+[0-9a-f-]*", "N", str(each.readlink())))
        return Size(len(of), int(lines["Threads"]), int(lines["VmRSS"].split()[0]), Counter(of))

    def containers(self) -> list[str]:
        """What the engine has of ours."""
        said = subprocess.run(["docker", "ps", "-aq", "--filter", f"label=mesos-docker.agent-id={self.agent.agent_id}",
                               "--filter", f"label=mesos-docker.framework-id={self.agent.framework_id}"],
                              check=True, capture_output=True, text=True)
        return said.stdout.split()

    def none_left(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while (left := self.containers()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert left == []

    def back_to(self, before: Size) -> Size:
        """Wait until no more descriptors are open than before, but for a few of connections kept for the next call."""
        deadline = time.monotonic() + 30 * SLOW
        while (now := self.size()).loose > before.loose + 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        return now


@contextlib.contextmanager
def storm() -> Iterator[Storm]:
    with tempfile.TemporaryDirectory() as folder, ScriptedAgent() as agent:
        agent.framework_id = f"storm-{os.getpid()}-{time.monotonic_ns()}"
        environment = agent.environment(MESOS_DIRECTORY=folder)
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen([PROGRAM], cwd=folder, env=environment | {IDLE_TIMEOUT: "0ns"}, stdout=log,
                                       stderr=log, start_new_session=True)
        made = Storm(agent, process, Path(folder))
        try:
            agent.wait_subscribed()
            yield made
            words = Path(folder, "log").read_text()
            assert "Traceback" not in words, words[-3000:]
            assert "cannot happen now" not in words, words[-3000:]
        finally:
            process.kill()
            process.wait()


def assault(run: Storm, ids: list[str]) -> None:
    """Kill every task at a random moment, some of them twice, with graces longer and shorter."""
    until = time.monotonic() + 0.03 * len(ids)
    kills = [*ids, *run.chance.sample(ids, len(ids) // 2)]
    run.chance.shuffle(kills)
    for task_id in kills:
        run.kill(task_id, run.chance.choice((None, 0.0, 0.2, 1.0, 3.0)))
        time.sleep(max(0.0, (until - time.monotonic()) / len(kills) * run.chance.random() * 2))


def burst(count: int, *, shutdown: bool) -> str:
    with storm() as run:
        before = run.warm_up()
        ids = [f"t{number}" for number in range(count)]
        killers = []
        for task_id in ids:
            run.launch(task_id, run.chance.choice(COMMANDS))
            if run.chance.random() < 0.1:  # on the heels of the launch
                run.kill(task_id, 0.0)
        killers.append(threading.Thread(target=assault, args=(run, ids)))
        killers[0].start()
        if shutdown:
            time.sleep(0.01 * count)
            run.agent.event("SHUTDOWN")
        killers[0].join()
        run.ended(ids)
        if shutdown:
            assert run.process.wait(PATIENCE) == 0
            after = before
        else:
            after = run.back_to(before)
        run.none_left()
        ends = Counter(run.agent.states(each)[-1] for each in ids)
        for each in ids:
            states = run.agent.states(each)
            assert run.last_words(each) == 1, (each, states)
            assert is_terminal(TaskState(states[-1])), (each, states)
        assert after.loose <= before.loose + 2, (before, after)
        return f"{count} tasks: {dict(ends)}; before {before}, after {after}"


def sequence(count: int, at_once: int = 1) -> str:
    with storm() as run:
        sizes = [run.warm_up()]
        for first in range(0, count, at_once):
            ids = [f"s{number}" for number in range(first, first + at_once)]
            for each in ids:
                run.launch(each, "echo said")
            run.ended(ids)
            if first % (count // 10 // at_once * at_once or 1) == 0:
                sizes.append(run.size())
        sizes.append(run.back_to(sizes[0]))
        run.none_left()
        assert sizes[-1].loose <= sizes[0].loose + 3, sizes
        return "\n".join(map(str, sizes))


def test_a_burst_killed_at_random_moments() -> None:
    burst(24, shutdown=False)


def test_a_shutdown_in_the_middle_of_a_burst() -> None:
    burst(16, shutdown=True)


if __name__ == "__main__":
    kind, number = sys.argv[1], int(sys.argv[2])
    began = time.monotonic()
    print(sequence(number, 4) if kind == "sequence" else burst(number, shutdown=kind == "shutdown"))
    print(f"{time.monotonic() - began:.0f} s")
