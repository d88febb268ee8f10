"""`python -m tests.soak.executors`: tasks come, are killed and end while their executor, its agent and a dockerd of
their own are killed.

On an embedded Mesos, or on the master that is named, whose agent must be on this machine. Everything that happens is
drawn from the seed; half of the faults wait for a launch, a kill or an end and strike within 100 ms. When the time
is over nothing is killed any more, and in the end

- every task that was launched has ended, once, and the master has the same end of it;
- a task that ended by itself ended as its program did;
- its output is there, each line once, in its order;
- no container is left.

What a container writes and how it ends while its dockerd is away Docker itself does not always know, so of tasks that
lived through that only the first is asked, and what is missing of their output is a number of its own.

The exit status is 0 if all of this holds and each kind of fault came often enough, else 1.
"""
from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import queue
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.local import LocalMesos
from deploy.node.executors import custom_executors
from scheduler.config import Config
from scheduler.framework.framework import Framework
from scheduler.master.driver import MesosDriver
from scheduler.tasks.launching import CustomExecutor, task
from specs.between.output_index import file_name
from specs.messages.command import CommandInfo, Environment, Variable
from specs.messages.status import TaskState
from tests.docker.dockerd import Dockerd, running_dockerd
from tests.engine import real_docker
from tests.soak.told import Ledger, Told

PROGRAM = Path(sys.executable).with_name("mesos-docker-executor")
ALIVE = 12  # tasks at a time
SPACING = 16.0  # seconds between two kills of an executor: its launcher gives up after five within a minute
FILLING = "x" * 200
PAUSE = 3.0  # seconds between two faults
NEAR = 0.1  # seconds
REST = 180.0  # seconds for everything to end, once nothing is killed any more


class Soak:
    def __init__(self, framework: Framework, ledger: Ledger, engine: Dockerd, mesos: LocalMesos | None, *,
                 master: str, chance: random.Random) -> None:
        self.framework, self.ledger, self.engine, self.mesos = framework, ledger, engine, mesos
        self.master = master
        self.chance = chance
        self.faults: list[tuple[str, float]] = []
        self.sandboxes: set[str] = set()
        self._framework_id = ledger.subscribed_as.get(timeout=60)
        self._executor_killed = 0.0
        small = Environment((Variable("MESOS_DOCKER_OUTPUT_SIZE", "4KB"), Variable("MESOS_DOCKER_OUTPUT_FILES", "99")))
        self._command = CustomExecutor(CommandInfo(f"{PROGRAM} --docker_socket={engine.socket}", environment=small))

    def run(self, until: float) -> None:
        struck = time.monotonic()
        while time.monotonic() < until and not self.ledger.failure:
            self._submit()
            self._kill_one()
            if time.monotonic() > struck + PAUSE:
                self._strike()
                struck = time.monotonic()
            time.sleep(0.1)

    # ---- what people do

    def _submit(self) -> None:
        alive = self.ledger.alive()
        if len(alive) < ALIVE and self.chance.random() < 0.5:
            number = len(self.ledger.tasks)
            lines = self.chance.randrange(1, 60)
            code = self.chance.choice((0, 0, 3, 9, None, None))
            self.ledger.tasks[f"t{number}"] = Told(code, lines)
            count = "true" if code is None else f"[ $i -lt {lines} ]"
            script = f"i=0; while {count}; do i=$((i+1)); echo line $i {FILLING}; sleep 0.05; done; exit {code or 0}"
            self.framework.submit([task({
                "name": f"t{number}", "task_id": {"value": f"t{number}"}, "command": {"value": script},
                "container": {"type": "DOCKER", "docker": {"image": "busybox:static", "network": "NONE"}},
                "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.01}},
                              {"name": "mem", "type": "SCALAR", "scalar": {"value": 16}}]}, self._command)])

    def _kill_one(self) -> None:
        endless = [each for each in self.ledger.alive() if self.ledger.tasks[each].code is None
                   and self.ledger.tasks[each].launched and not self.ledger.tasks[each].killed]
        if endless and self.chance.random() < 0.1:
            self.kill(self.chance.choice(endless))

    def kill(self, task_id: str) -> None:
        self.ledger.tasks[task_id].killed = time.monotonic()
        self.ledger.moments.put(("kill", time.monotonic()))
        self.framework.kill(task_id, self.chance.choice((0.0, 0.5)))

    # ---- what befalls

    def _strike(self) -> None:
        kinds: list[Callable[[], None]] = [self._dockerd, *([self._agent] if self.mesos else [])]
        if time.monotonic() > self._executor_killed + SPACING:
            kinds = [self._executor]
        if self.chance.random() < 0.5:
            self._aim(self.chance.choice(("launch", "kill", "exit")))
        self.chance.choice(kinds)()

    def _aim(self, wanted: str) -> None:
        """Wait for such a moment, for a while."""
        with contextlib.suppress(queue.Empty):
            while True:
                self.ledger.moments.get_nowait()
        until = time.monotonic() + 3.0
        while (left := until - time.monotonic()) > 0:
            if wanted == "kill":
                self._kill_one()
            elif wanted == "launch":
                self._submit()
            with contextlib.suppress(queue.Empty):
                if self.ledger.moments.get(timeout=min(left, 0.1))[0] == wanted:
                    time.sleep(self.chance.random() * NEAR * 0.7)
                    return

    def _executor(self) -> None:
        ours = [each for each in custom_executors()[0] if each.framework == self._framework_id]
        for each in ours:
            self.sandboxes.add(each.sandbox)
            self._executor_killed = time.monotonic()
            self.faults.append(("executor", self._executor_killed))
            with contextlib.suppress(ProcessLookupError):
                os.kill(each.pid, self.chance.choice((signal.SIGKILL, signal.SIGSEGV)))

    def _agent(self) -> None:
        assert self.mesos is not None
        self.faults.append(("agent", time.monotonic()))
        self.mesos.stop_agent(0)
        time.sleep(self.chance.random() * 2)
        self.mesos.start_agent(0)

    def _dockerd(self) -> None:
        self.faults.append(("dockerd", time.monotonic()))
        began = set(self.ledger.alive())
        self.engine.end(self.chance.choice((signal.SIGTERM, signal.SIGKILL)))
        time.sleep(self.chance.random() * 2)
        self.engine.start()
        for task_id in began | set(self.ledger.alive()):
            self.ledger.tasks[task_id].without_docker = True

    # ---- the end

    def settle(self) -> None:
        """Until all have ended, or for REST."""
        until = time.monotonic() + REST
        while (alive := self.ledger.alive()) and time.monotonic() < until:
            for task_id in alive:
                if self.ledger.tasks[task_id].code is None and not self.ledger.tasks[task_id].killed:
                    self.kill(task_id)
            time.sleep(0.5)
        self.sandboxes |= {each.sandbox for each in custom_executors()[0] if each.framework == self._framework_id}

    def masters(self) -> dict[str, str]:
        """What the master has of each task: its state."""
        connection = http.client.HTTPConnection(self.master, timeout=60)
        connection.request("GET", f"/tasks?limit=100000&framework_id={self._framework_id}")
        found = json.loads(connection.getresponse().read())["tasks"]
        connection.close()
        return {each["id"]: each["state"] for each in found if each["framework_id"] == self._framework_id}

    def orphans(self) -> list[str]:
        """Containers of tasks that have ended, after a while for their removal."""
        until = time.monotonic() + 30
        while True:
            with real_docker(self.engine.socket) as docker:
                left = [each.name for each in docker.containers.ls()
                        if self.ledger.tasks[each.labels["mesos-docker.task-id"]].ended is not None]
            if not left or time.monotonic() > until:
                return left
            time.sleep(0.5)

    def output(self, task_id: str) -> list[str]:
        """Of all its files, which are small, the oldest first."""
        for sandbox in self.sandboxes:
            folder = Path(sandbox, "tasks", task_id)
            found = [folder / file_name("stdout", number) for number in range(99, -1, -1)]
            text = "".join(path.read_text() for path in found if path.exists())
            if text:
                return [line.removesuffix(f" {FILLING}") for line in text.splitlines()]
        return []


def problems(soak: Soak) -> tuple[list[str], Counter[str]]:
    """What does not hold, and numbers."""
    wrong, counts, masters = list[str](), Counter[str](), soak.masters()
    for task_id, told in soak.ledger.tasks.items():
        counts["tasks"] += 1
        counts["updates"] += len(told.updates)
        counts["doubled"] += len(told.updates) - len({each.uuid for each in told.updates})
        if not told.ends:
            counts["lost"] += 1
            wrong.append(f"{task_id} has no end: {[each.state.name for each in told.updates]}")
            continue
        if len(told.ends) > 1 or (not told.without_docker and not _as_it_was(told)):
            counts["invented"] += 1
            wrong.append(f"{task_id} exits with {told.code}, killed: {told.killed is not None}; told: "
                         f"{[(each.state.name, each.message) for each in told.ends]}")
        if masters.get(task_id) != told.ends[0].state.value:
            counts["invented"] += 1
            wrong.append(f"{task_id}: the master has {masters.get(task_id)}, we were told {told.ends[0].state.value}")
        lines = soak.output(task_id)
        expected = [f"line {number}" for number in range(1, len(lines) + 1)]
        missing = 0 if lines == expected else len(set(expected) ^ set(lines)) or 1
        if told.code is not None and f"status {told.code}" in (told.ends[0].message or ""):
            missing += max(0, told.lines - len(lines))
        if missing and told.without_docker:
            print(f"{task_id}: {missing} lines missing or doubled, of {told.lines}: {lines[:1]} to {lines[-1:]}")
        counts["lines lost by Docker" if told.without_docker else "lines lost"] += missing
        if missing and not told.without_docker:
            wrong.append(f"{task_id}: {missing} lines of {told.lines} are missing or doubled: {lines[-3:]}")
    left = soak.orphans()
    counts["orphans"] = len(left)
    return wrong + [f"{name} is left over" for name in left], counts


def _as_it_was(told: Told) -> bool:
    state, message = told.ends[0].state, told.ends[0].message or ""
    if told.killed is not None and state is TaskState.KILLED:
        return True
    if state in (TaskState.LOST, TaskState.DROPPED):
        return all(each.state is not TaskState.RUNNING for each in told.updates)  # it never ran, and says so
    expected = TaskState.FINISHED if told.code == 0 else TaskState.FAILED
    return told.code is not None and state is expected and f"status {told.code}" in message


def near(soak: Soak) -> Counter[str]:
    """Faults that struck within NEAR of a launch, a kill, an exit."""
    counts = Counter[str]()
    for told in soak.ledger.tasks.values():
        for kind, at in (("launch", told.launched), ("kill", told.killed), ("exit", told.ended)):
            counts[kind] += any(at is not None and abs(at - struck) <= NEAR for _, struck in soak.faults)
    return counts


@contextlib.contextmanager
def soaking(master: str | None, seed: int) -> Iterator[Soak]:
    with contextlib.ExitStack() as stack:
        engine = stack.enter_context(running_dockerd(live_restore=True))
        mesos = stack.enter_context(LocalMesos(1)) if master is None else None
        config = Config(name="soak", checkpoint=True)
        ledger = Ledger()
        address = mesos.address if mesos else str(master)
        framework = Framework(MesosDriver(address, config), config, ledger)
        thread = threading.Thread(target=framework.run, daemon=True)
        thread.start()
        try:
            yield Soak(framework, ledger, engine, mesos, master=address, chance=random.Random(seed))
        finally:
            framework.stop()
            thread.join(60)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.soak.executors")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--master", help="HOST:PORT; its agent is on this machine")
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    with soaking(chosen.master, chosen.seed) as soak:
        soak.run(time.monotonic() + 60 * chosen.minutes)
        soak.settle()
        wrong, counts = problems(soak)
        faults, close = Counter(kind for kind, _ in soak.faults), near(soak)
    for name in ("tasks", "updates", "doubled", "lost", "invented", "orphans", "lines lost", "lines lost by Docker"):
        print(f"{name:>24} {counts[name]:6}")
    for name, count in faults.items():
        print(f"{'faults: ' + name:>24} {count:6}")
    for name, count in close.items():
        print(f"{'faults near: ' + name:>24} {count:6}")
    few = [f"only {faults[kind]} faults of the {kind}" for kind in ("executor", "dockerd", "agent")
           if faults[kind] < min(10, chosen.minutes) and not (kind == "agent" and chosen.master)]
    few += [f"no fault near a {kind}" for kind in ("launch", "kill", "exit") if not close[kind]]
    for each in (*wrong, *few, *([soak.ledger.failure] if soak.ledger.failure else [])):
        print(each)
    return int(bool(wrong or few or soak.ledger.failure))


if __name__ == "__main__":
    sys.exit(main())
