"""How fast the scheduler is when neither network nor agents stand in the way.

The master is in memory, but speaks JSON as the real one does: what the framework sends is encoded, what it gets is
decoded from the bytes of an event. So the whole way of a launch (match, TaskInfo, ACCEPT) and of an update (decode,
ledger, listener, ACKNOWLEDGE) is measured, all but the sockets.
"""
from __future__ import annotations

import base64
import gc
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import psutil

from scheduler.config import Config
from scheduler.framework.framework import Framework
from scheduler.master.driver import MesosDriver
from scheduler.placement.matching import Launch, Misfit, match
from scheduler.tasks.launching import CustomExecutor, Task, task
from scheduler.tasks.ledger import Entry, Phase
from specs.forms.codec import read
from specs.forms.render import plain
from specs.forms.taskstatus import status_from_mapping
from specs.messages.command import CommandInfo
from specs.messages.offer import Offer
from specs.messages.status import TaskStatus
from specs.messages.task import TaskInfo
from tests.bench import budgets
from tests.bench.result import Row, Series
from tests.bench.settings import Settings
from tests.fakes.master import MemoryMaster, offer

EXECUTOR = CustomExecutor(CommandInfo("/opt/mesos-docker/bin/mesos-docker-executor"))
JUDGED = 10_000  # tasks, as the design's budgets have it
PLENTY = {"cpus": 1e6, "mem": 1e9}
LIFE = ("TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED")


class JsonMaster(MemoryMaster):
    """Encodes every call, and decodes every update from bytes."""

    def accept(self, offer_ids: Sequence[str], tasks: Sequence[TaskInfo], refuse_seconds: float) -> None:
        json.dumps({"type": "ACCEPT", "accept": {"offer_ids": list(offer_ids), "operations": [
            {"type": "LAUNCH", "launch": {"task_infos": list(map(plain, tasks))}}]}}).encode()
        super().accept(offer_ids, tasks, refuse_seconds)

    def acknowledge(self, status: TaskStatus) -> None:
        kept = {"task_id": {"value": status.task_id}, "agent_id": {"value": status.agent_id},
                "uuid": base64.b64encode(status.uuid or b"").decode()}
        json.dumps({"type": "ACKNOWLEDGE", "acknowledge": kept}).encode()
        super().acknowledge(status)

    def give(self, event: bytes) -> None:
        """An UPDATE event as it comes out of RecordIO."""
        self._events.update(status_from_mapping(json.loads(event)["update"]["status"]))


class Counter:
    """A listener that looks at the clock when `count` tasks have been launched, and when as many have finished.

    `then` is called on the loop after all launches; without it the framework stops there.
    """

    def __init__(self, count: int, then: Callable[[], None] | None = None) -> None:
        self.framework: Framework
        self.after = 0.0  # perf_counter at the end
        self._launches = self._ends = count
        self._then = then

    def launched(self, entry: Entry, launch: Launch, info: TaskInfo) -> None:
        self._launches -= 1
        if self._launches == 0:
            self.after = time.perf_counter()
            if self._then is None:
                self.framework.stop()
            else:
                self.framework.call(self._then)

    def updated(self, entry: Entry, status: TaskStatus) -> None:
        if entry.phase is Phase.ENDED:
            self._ends -= 1
            if self._ends == 0:
                self.after = time.perf_counter()
                self.framework.stop()

    def subscribed(self, framework_id: str, master: str) -> None: ...

    def disconnected(self, why: str) -> None: ...

    def waiting(self, misfits: Mapping[str, tuple[Misfit, ...]]) -> None: ...

    def messaged(self, agent_id: str, executor_id: str, data: bytes) -> None: ...

    def failed(self, why: str) -> None:
        raise RuntimeError(why)


def tasks(count: int) -> list[Task]:
    """Small tasks, as `mesos-docker run --instances` would make them."""
    return [task({
        "name": f"task-{i}", "task_id": {"value": f"task-{i}"}, "agent_id": {"value": ""},
        "command": {"value": "sleep", "arguments": ["30"], "shell": False},
        "container": {"type": "DOCKER", "docker": {"image": "busybox", "network": "HOST"}},
        "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
                      {"name": "mem", "type": "SCALAR", "scalar": {"value": 32.0}}],
    }, EXECUTOR) for i in range(count)]


def launch_rate(count: int, agents: int = 100) -> float:
    """Launches per second, of so many tasks on so many agents with plenty of room."""
    wanted = tasks(count)
    each = {"cpus": count / agents * 0.1 + 0.2, "mem": count / agents * 32.0 + 128}
    counter = Counter(count)
    counter.framework = Framework(JsonMaster(agents, life=(), **each), Config(), counter)
    counter.framework.submit(wanted)
    begin = time.perf_counter()
    counter.framework.run()
    return count / (counter.after - begin)


def update_rate(count: int) -> float:
    """Status updates per second, three for each of so many tasks, from bytes to acknowledgement."""
    master = JsonMaster(10, life=(), **PLENTY)
    events = [json.dumps({"type": "UPDATE", "update": {"status": {
        "task_id": {"value": f"task-{i}"}, "agent_id": {"value": "S1"}, "executor_id": {"value": "mesos-docker"},
        "state": state, "source": "SOURCE_EXECUTOR", "timestamp": 1.5e9, "uuid": _uuid(f"{i:06}{state:>10.10}"),
        "container_status": {"network_infos": [{"ip_addresses": [{"ip_address": "172.17.0.2"}]}]}}}}).encode()
        for state in LIFE for i in range(count)]
    begun = 0.0

    def replay() -> None:
        nonlocal begun
        begun = time.perf_counter()
        for event in events:
            master.give(event)

    counter = Counter(count, replay)
    counter.framework = Framework(master, Config(), counter)
    counter.framework.submit(tasks(count))
    counter.framework.run()
    return len(events) / (counter.after - begun)


def offer_rate(agents: int, rounds: int) -> list[float]:
    """Offers per second, decoded from one OFFERS event and matched with a task for each agent; one value per round."""
    event = json.dumps({"type": "OFFERS", "offers": {"offers": [offer(i) for i in range(agents)]}}).encode()
    wishes = [each.wish for each in tasks(agents)]
    rates = []
    for _ in range(rounds):
        begin = time.perf_counter()
        match([read(Offer, each, strict=False) for each in json.loads(event)["offers"]["offers"]], wishes)
        rates.append(agents / (time.perf_counter() - begin))
    return rates


def bytes_per_task(count: int) -> float:
    """Memory that a running task costs, in bytes of resident memory."""
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss
    counter = Counter(count)
    counter.framework = Framework(MemoryMaster(10, life=("TASK_RUNNING",), **PLENTY), Config(), counter)
    counter.framework.submit(tasks(count))
    counter.framework.run()
    gc.collect()
    return float(process.memory_info().rss - before) / count


def _uuid(text: str) -> str:
    """Sixteen characters as an update's uuid travels."""
    return base64.b64encode(text.encode()).decode()


def _rounds(measure: Callable[[], float], rounds: int) -> list[list[float]]:
    return [[measure()] for _ in range(rounds)]


def bench(settings: Settings) -> Iterator[Row]:
    """Rows of the part `scheduler`."""
    rounds = settings.times(full=5, quick=2)
    sizes = (1_000, 10_000) if settings.quick else (1_000, 10_000, 100_000)
    for count in sizes:
        often = rounds if count < 100_000 else 1
        yield Row("scheduler", f"launches, {count:,} tasks", "/s",
                  Series.of("ours", _rounds(lambda count=count: launch_rate(count), often)),  # type: ignore[misc]
                  budgets=(budgets.LAUNCH_RATE,) if count == JUDGED else ())
        yield Row("scheduler", f"status updates, {count:,} tasks", "/s",
                  Series.of("ours", _rounds(lambda count=count: update_rate(count), often)),  # type: ignore[misc]
                  budgets=(budgets.STATUS_RATE,) if count == JUDGED else ())
    yield from _over_http(settings.times(full=10_000, quick=3_000), rounds)
    for agents in (10, 100, 1_000):
        yield Row("scheduler", f"offers decoded and matched, {agents:,} agents", "/s",
                  Series.of("ours", [offer_rate(agents, settings.times(full=20, quick=5)) for _ in range(rounds)]))
    for count in sizes:
        yield Row("scheduler", f"memory per running task, {count:,} tasks", "KiB",
                  Series.single("ours", _in_a_fresh_process(count) / 1024))


def _over_http(count: int, rounds: int) -> Iterator[Row]:
    rates = [http_rates(count) for _ in range(rounds)]
    for kind in ("launches", "updates"):
        yield Row("scheduler", f"{kind} over HTTP, {count:,} tasks", "/s",
                  Series.of("ours", [[rate[kind]] for rate in rates]),
                  note="the real driver; the master is a process of its own on the same cores")


def http_rates(count: int, agents: int = 100) -> dict[str, float]:
    """Launches and status updates per second with the real driver, against a master behind a socket."""
    with subprocess.Popen([sys.executable, "-m", "tests.bench.master", str(count), str(agents)],
                          stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            address = f"127.0.0.1:{int(process.stdout.readline())}"
            counter = Counter(count, then=lambda: None)
            framework = counter.framework = Framework(MesosDriver(address, Config()), Config(), counter)
            framework.submit(tasks(count))
            running = threading.Thread(target=framework.run, daemon=True)
            running.start()
            rates: dict[str, float] = json.loads(process.stdout.readline())
            framework.stop()
            running.join(30)
            return rates
        finally:
            process.kill()


def _in_a_fresh_process(count: int) -> float:
    """`bytes_per_task` where nothing has been allocated and freed before."""
    code = f"from tests.bench.scheduler_bench import bytes_per_task; print(bytes_per_task({count}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(done.stdout)
