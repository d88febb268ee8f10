"""`python -m tests.soak.executors`: tasks come, are killed and end while their executor, its agent and
a dockerd of their own are killed and the network between them fails.

On an embedded Mesos; with MESOS_BUILD on a real one that is started for it (see
tests/deploy/local/real_mesos.py); or on the master that is named, whose one agent must be on this
machine, and whose two ports are disturbed then. Unless it is named, all of it is in a network
namespace of its own. Everything that happens is drawn from the seed; half of the faults wait for a
launch, a kill or an end and strike within 100 ms. When the time is over nothing is disturbed any
more, and in the end

- every task that was launched has ended, once, as its program did or as it was killed, and the master has the same end;
- every update that the master keeps has come;
- its output is there, each line once, in its order;
- no container is left.

A dockerd that is killed by SIGKILL takes with it what it has read of a container's output and not yet written down. So
for tasks that lived through an end of their dockerd the engine's own log says which lines there are; what is missing
there is a number of its own.

The exit status is 0 if all of this holds and each kind of fault came often enough, else 1.
"""
from __future__ import annotations

import argparse
import contextlib
import os
import queue
import random
import shutil
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from deploy.node.executors import custom_executors
from scheduler.config import Config
from scheduler.framework.framework import Framework
from scheduler.tasks.launching import CustomExecutor, task
from specs.messages.command import CommandInfo, Environment, Variable
from tests.docker.dockerd import Dockerd, running_dockerd
from tests.engine import real_docker
from tests.soak import records
from tests.soak.accounts import accounts
from tests.soak.engine_logs import EngineLogs
from tests.soak.network import Fault
from tests.soak.places import Place, place
from tests.soak.told import HeardDriver, Ledger, Outage, Told
from tests.soak.verdict import FEWEST, FILLING, NEAR, Record, Verdict, near, too_few

PROGRAM = Path(sys.executable).with_name("mesos-docker-executor")
ALIVE = 12  # tasks at a time
SPACING = 13.0  # seconds between two kills of an executor: its launcher gives up after five within a minute
PAUSE = 2.0  # seconds between two faults
REST = 180.0  # seconds for everything to end, once nothing is disturbed any more
OWN_NETWORK = "MESOS_DOCKER_SOAK_NETWORK"  # set in the namespace


class Soak:
    def __init__(self, framework: Framework, ledger: Ledger, engine: Dockerd, where: Place, *,
                 chance: random.Random) -> None:
        self.framework, self.ledger, self.engine, self.place = framework, ledger, engine, where
        self.chance = chance
        self.faults: list[tuple[str, float]] = []
        self.ways: Counter[str] = Counter()  # in which a fault of some kind came
        self.sandboxes: set[str] = set()
        self.logs = EngineLogs(engine.folder / "data")
        self.framework_id = ledger.subscribed_as.get(timeout=60)
        self._executor_killed = 0.0
        self._round: list[Callable[[], None]] = []
        small = Environment((Variable("MESOS_DOCKER_OUTPUT_SIZE", "4KB"),
                             Variable("MESOS_DOCKER_OUTPUT_FILES", "999")))
        self._command = CustomExecutor(CommandInfo(f"{PROGRAM} --docker_socket={engine.socket}",
                                                   environment=small))

    @property
    def kinds(self) -> list[str]:
        """Of faults that there can be here."""
        return ["executor", "dockerd", "network", *(["agent"] if self.place.restart_agent else [])]

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
                "name": f"t{number}", "task_id": {"value": f"t{number}"},
                "command": {"value": script},
                "container": {"type": "DOCKER",
                              "docker": {"image": "busybox:static", "network": "NONE"}},
                "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.01}},
                              {"name": "mem", "type": "SCALAR", "scalar": {"value": 16}}]},
                                        self._command)])

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
        """An executor as often as its launcher bears it; the others in rounds, each as often."""
        if time.monotonic() > self._executor_killed + SPACING:
            act = self._executor
        else:
            if not self._round:
                self._round = [self._dockerd, self._network,
                               *([self._agent] if self.place.restart_agent else [])]
                self.chance.shuffle(self._round)
            act = self._round.pop()
        if self.chance.random() < 0.5:
            self._aim(self.chance.choice(("launch", "kill", "exit")))
        act()

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

    def _struck(self, kind: str) -> None:
        self.faults.append((kind, time.monotonic()))

    def _executor(self) -> None:
        ours = [each for each in custom_executors()[0] if each.framework == self.framework_id]
        for each in ours:
            self._know(each.sandbox)
            self._executor_killed = time.monotonic()
            self._struck("executor")
            with contextlib.suppress(ProcessLookupError):
                os.kill(each.pid, self.chance.choice((signal.SIGKILL, signal.SIGSEGV)))

    def _agent(self) -> None:
        assert self.place.restart_agent is not None
        self._struck("agent")
        self.place.restart_agent(self.chance.random() * 2)

    def _network(self) -> None:
        link = self.chance.choice(sorted(self.place.links))
        fault = self.chance.choice(list(Fault))
        self.ways[f"network, {link}: {fault.name.lower()}"] += 1
        self._struck("network")
        self.place.links[link](fault, self.chance.choice((0.1, 0.5, 2.0,
                                                          4.0)) * self.chance.random())

    def _dockerd(self) -> None:
        self._struck("dockerd")
        how = self.chance.choice((signal.SIGTERM, signal.SIGKILL, signal.SIGKILL, signal.SIGSTOP))
        self.ways[f"dockerd, {how.name}"] += 1
        if how is signal.SIGSTOP:
            self.engine.send(how)
            time.sleep(self.chance.random() * 3)
            self.engine.send(signal.SIGCONT)
            return
        began, alive = time.time(), set(self.ledger.alive())
        self.engine.end(how)
        time.sleep(self.chance.random() * 2)
        self.engine.start()
        outage = Outage(how.name, began, time.time())
        for task_id in alive | set(self.ledger.alive()):
            self.ledger.tasks[task_id].outages.append(outage)

    # ---- the end

    def settle(self) -> None:
        """Until all have ended, or for REST."""
        until = time.monotonic() + REST
        while (alive := self.ledger.alive()) and time.monotonic() < until:
            for task_id in alive:
                if self.ledger.tasks[task_id].code is None and not self.ledger.tasks[
                        task_id].killed:
                    self.kill(task_id)
            time.sleep(0.5)
        for each in custom_executors()[0]:
            if each.framework == self.framework_id:
                self._know(each.sandbox)

    def _know(self, sandbox: str) -> None:
        """With those of executors of the same id before it and after it."""
        runs = Path(sandbox).parent.iterdir()
        self.sandboxes |= {str(each) for each in runs if not each.is_symlink()}

    def orphans(self) -> list[str]:
        """Containers of tasks that have ended, and those with processes, after a while for their removal.
        """
        until = time.monotonic() + 30
        while True:
            with real_docker(self.engine.socket) as docker:
                left = [each.name for each in docker.containers.ls()
                        if self.ledger.tasks[each.labels["mesos-docker.task-id"]].ended is not None]
            left += self.logs.running()
            if not left or time.monotonic() > until:
                return left
            time.sleep(0.5)


def judged(soak: Soak) -> Verdict:
    verdict, masters = Verdict(), records.masters(soak.place.master, soak.framework_id)
    for task_id, told in soak.ledger.tasks.items():
        state, stored = masters.get(task_id, (None, frozenset[str]()))
        verdict.judge(task_id, told, Record(state, stored, records.output(soak.sandboxes, task_id),
                                            soak.logs.lines(task_id), soak.logs.end(task_id)))
    sent, answers = records.sent(soak.sandboxes)
    verdict.account(accounts(soak.ledger.arrived, sent, {
        task_id: stored for task_id, (_, stored) in masters.items()}, answers))
    for name in soak.orphans():
        verdict.count("orphans", f"{name} is left over")
    return verdict


def keep(soak: Soak, folder: Path) -> None:
    """What a person needs who looks for a cause."""
    folder.mkdir(parents=True)
    for sandbox in soak.sandboxes:
        shutil.copytree(sandbox, folder / Path(sandbox).name, ignore_dangling_symlinks=True)
    shutil.copytree(soak.logs.kept, folder / "containers")
    shutil.copy(soak.engine.folder / "log", folder / "dockerd.log")
    zero = time.time() - time.monotonic()
    rows = [(at, f"fault {kind}") for kind, at in soak.faults]
    for task_id, told in soak.ledger.tasks.items():
        rows += [(at, f"{task_id} {what}") for what, at in (("launched", told.launched), (
            "killed", told.killed)) if at is not None]
        rows += [(each.timestamp - zero, f"{task_id} {each.state.name} {each.message}")
                 for each in told.updates if each.timestamp is not None]
    (folder / "happened").write_text("".join(
        f"{datetime.fromtimestamp(zero + at, UTC).isoformat(sep=' ', timespec='milliseconds')} {text}\n"
        for at, text in sorted(rows)))


@contextlib.contextmanager
def soaking(chosen: argparse.Namespace) -> Iterator[Soak]:
    with running_dockerd(live_restore=True) as engine, place(chosen.master,
                                                             chosen.agent_command) as where:
        config = Config(name="soak", checkpoint=True, failover_timeout=600.0)
        ledger = Ledger()
        driver = HeardDriver(where.master, config)
        driver.ledger = ledger
        framework = Framework(driver, config, ledger)
        thread = threading.Thread(target=framework.run, daemon=True)
        thread.start()
        try:
            soak = Soak(framework, ledger, engine, where, chance=random.Random(chosen.seed))
            yield soak
            soak.logs.stop()
        finally:
            framework.stop()
            thread.join(60)


def in_a_network_of_its_own() -> None:
    """Goes on as another program unless it is in one."""
    if os.environ.get(OWN_NETWORK) is None:
        os.execvpe("unshare", ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"',
                               "sh", sys.executable,
                               "-m", "tests.soak.executors", *sys.argv[1:]],
                   {**os.environ, OWN_NETWORK: "1"})


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.soak.executors")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--master", help="HOST:PORT; its one agent is on this machine")
    parser.add_argument("--keep", type=Path, metavar="FOLDER",
                        help="where logs, outputs and what happened when go in the end")
    parser.add_argument("--agent-command",
                        help="kills that agent, and starts it again after so many seconds as are "
                                                "appended to it; without one no agent is killed")
    chosen = parser.parse_args()
    if chosen.master is None:
        in_a_network_of_its_own()
    with soaking(chosen) as soak:
        print(f"seed {chosen.seed}, on {soak.place.name}", flush=True)
        soak.run(time.monotonic() + 60 * chosen.minutes)
        soak.settle()
        verdict = judged(soak)
        if chosen.keep is not None:
            keep(soak, chosen.keep)
    faults = Counter(kind for kind, _ in soak.faults)
    close = near(soak.ledger.tasks.values(), [at for _, at in soak.faults])
    records.show(verdict.counts, {kind: faults[kind] for kind in soak.kinds}, soak.ways, close)
    few = too_few(faults, soak.kinds, close, min(FEWEST, round(chosen.minutes)))
    failed = [*verdict.wrong, *few, *([soak.ledger.failure] if soak.ledger.failure else [])]
    for each in (*verdict.notes, *failed):
        print(each)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
