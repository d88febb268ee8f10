"""How long an executor that was killed is away, with many tasks; and what the journal costs that makes it come back.

The moment of the crash is just before SIGKILL. It is back when its SUBSCRIBE has been read; the tasks are re-adopted
when its log says of the last one what the engine has of it. An executor that crashes again within a minute is started
with a pause that grows, so between two crashes there is more than that.
"""
from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from executor.journal.opening import KeptUpdates, opened
from executor.supervision.succession.notes import began
from specs.messages.status import TaskState, TaskStatus
from tests.bench import budgets, processes
from tests.bench.executor_process import RunningExecutor, running_executor
from tests.bench.raw_docker import remove_all
from tests.bench.result import Row, Series
from tests.bench.settings import Settings
from tests.bench.tasks import task, task_id
from tests.bench.updates import RUNNING

TASKS = 100
GROUP = 50
CALM = 61.0  # seconds
ADOPTED = ": it runs\n"  # of one task, in the executor's log
DATA = b"[" + b"x" * 6000 + b"]"  # about what `docker inspect` prints


def bench(settings: Settings) -> Iterator[Row]:
    """Rows in s, and in µs."""
    yield from _journal(settings)
    subscribed, adopted, used = [], [], 0.0
    with running_executor(settings.docker_socket) as executor:
        tasks = [task(["sleep", "1000"], image=settings.image, mem=16.0) for _ in range(TASKS)]
        executor.agent.launch(*tasks)
        executor.agent.wait(map(task_id, tasks), RUNNING, timeout=300)
        for turn in range(settings.times(4, 1)):
            if turn:
                time.sleep(CALM)
            back, again = _crash(executor)
            subscribed.append(back)
            adopted.append(again)
            used = processes.cpu_seconds(processes.children(executor.launcher)[0])
        remove_all(settings.docker_socket)
    yield Row("recovery", f"crash → subscribed, {TASKS} tasks", "s", Series.of("executor", [subscribed]))
    yield Row("recovery", f"crash → all of {TASKS} tasks re-adopted and subscribed", "s",
              Series.of("executor", [adopted]), budgets=(budgets.READOPTED,),
              note=f"{used:.2f} s of CPU, of the new process")


def _crash(executor: RunningExecutor) -> tuple[float, float]:
    """Seconds to SUBSCRIBE, and until both that and the last re-adoption were."""
    log = executor.sandbox / "stderr"
    known = log.read_text().count(ADOPTED)
    before, killed = executor.agent.subscribed_at, processes.children(executor.launcher)[0]
    crashed = time.monotonic()
    os.kill(killed, signal.SIGKILL)
    while log.read_text().count(ADOPTED) < known + TASKS:
        if time.monotonic() > crashed + 120:
            raise TimeoutError(f"not all tasks were re-adopted: {log.read_text()[-2000:]}")
        time.sleep(0.005)
    adopted = time.monotonic()
    while executor.agent.subscribed_at == before:
        time.sleep(0.005)
    back = executor.agent.subscribed_at or 0.0
    return back - crashed, max(adopted, back) - crashed


def _journal(settings: Settings) -> Iterator[Row]:
    """What the loop waits for, and what who posts updates waits for besides: the disk, once for all there are."""
    with tempfile.TemporaryDirectory(prefix="mesos-docker-bench-") as folder:
        journal, _ = opened(folder, time.monotonic(), "/nowhere")
        kept = KeptUpdates(journal)
        starts, updates, settled, together = [], [], [], []
        for _ in range(settings.times(2000, 500)):
            made = task(["sleep", "1000"], image=settings.image)
            name = task_id(made)
            starts.append(_microseconds(lambda: journal.promise(  # called before the loop goes on
                lambda: began(name, made, 0.0, frozenset()))))  # noqa: B023 - as above
            status = TaskStatus(name, TaskState.RUNNING, data=DATA, uuid=os.urandom(16))
            said = json.loads(json.dumps({"task_id": {"value": name}, "state": "TASK_RUNNING", "data": "x" * 8000}))
            updates.append(_microseconds(lambda: kept.stored(status, said)))  # noqa: B023 - as above
            settled.append(_microseconds(kept.settle))
            assert status.uuid is not None
            kept.acknowledged(name, status.uuid)
            over = TaskStatus(name, TaskState.FINISHED, uuid=os.urandom(16))
            kept.stored(over, {"task_id": {"value": name}, "state": "TASK_FINISHED"})
            assert over.uuid is not None
            kept.acknowledged(name, over.uuid)
        for _ in range(settings.times(20, 5)):
            many = [TaskStatus(f"t{each}", TaskState.RUNNING, uuid=os.urandom(16)) for each in range(GROUP)]
            begun = time.perf_counter()
            for place in [kept.stored(each, said) for each in many]:
                kept.settle(place)
            together.append(1e6 * (time.perf_counter() - begun) / GROUP)
            for each in many:
                kept.acknowledged(each.task_id, each.uuid or b"")
        journal.close()
        assert not list(Path(folder).iterdir())
    yield Row("recovery", "journal: a task is written before it starts", "µs", Series.of("journal", [starts]))
    yield Row("recovery", "journal: an update is written", "µs", Series.of("journal", [updates]))
    yield Row("recovery", "journal: and is on the disk before it is sent", "µs", Series.of("journal", [settled]))
    yield Row("recovery", f"journal: each of {GROUP} updates at once, written and on the disk", "µs",
              Series.of("journal", [together]))


def _microseconds(what: Callable[[], object]) -> float:
    begun = time.perf_counter()
    what()
    return 1e6 * (time.perf_counter() - begun)
