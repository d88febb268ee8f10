"""The framework's loop, driven by a master in memory and by hand."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from scheduler.config import Config
from scheduler.framework.framework import Framework
from scheduler.framework.launching import PER_TURN
from scheduler.framework.told import way_out
from scheduler.placement.matching import Launch, Misfit
from scheduler.tasks.launching import CustomExecutor, Task, task
from scheduler.tasks.ledger import Entry, Phase
from specs.messages.command import CommandInfo
from specs.messages.containerinfo import ContainerInfo, DockerInfo
from specs.messages.status import TaskStatus
from specs.messages.task import TaskInfo
from tests.fakes.master import MemoryMaster, heard

EXECUTOR = CustomExecutor(CommandInfo("mesos-docker-executor"))


def task_info(task_id: str, *, cpus: float = 0.1, mem: float = 32, **more: Any) -> dict[str, Any]:
    return {"name": task_id, "task_id": {"value": task_id}, "command": {"value": "true"},
            "container": {"type": "DOCKER", "docker": {"image": "busybox"}},
            "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": cpus}},
                          {"name": "mem", "type": "SCALAR", "scalar": {"value": mem}}], **more}


class Follower:
    """Writes down what the framework tells, and stops it when `enough` says so."""

    def __init__(self, enough: Callable[[Follower], bool]) -> None:
        self.enough = enough
        self.framework: Framework
        self.states: dict[str, list[str]] = {}
        self.launches: list[tuple[str, str, TaskInfo]] = []
        self.misfits: list[Mapping[str, tuple[Misfit, ...]]] = []
        self.told: list[tuple[str, Any]] = []
        self.ended = 0

    def subscribed(self, framework_id: str, master: str) -> None:
        self._tell("subscribed", framework_id)

    def disconnected(self, why: str) -> None:
        self._tell("disconnected", why)

    def launched(self, entry: Entry, launch: Launch, info: TaskInfo) -> None:
        assert entry.phase is Phase.LAUNCHING
        self.launches.append((entry.task_id, launch.agent_id, info))

    def updated(self, entry: Entry, status: TaskStatus) -> None:
        self.states.setdefault(entry.task_id, []).append(status.state)
        self.ended += entry.phase is Phase.ENDED
        self._tell("updated", status)

    def waiting(self, misfits: Mapping[str, tuple[Misfit, ...]]) -> None:
        self.misfits.append(misfits)
        self._tell("waiting", None)

    def messaged(self, agent_id: str, executor_id: str, data: bytes) -> None:
        self._tell("messaged", data)

    def failed(self, why: str) -> None:
        self._tell("failed", why)

    def _tell(self, what: str, value: Any) -> None:
        self.told.append((what, value))
        if self.enough(self):
            self.framework.stop()


def run(master: MemoryMaster, tasks: list[Task], enough: Callable[[Follower], bool], **config: Any) -> Follower:
    follower = Follower(enough)
    follower.framework = Framework(master, Config(**config), follower)
    follower.framework.submit(tasks)
    follower.framework.run()
    return follower


def test_tasks_live_and_every_update_is_acknowledged() -> None:
    master = MemoryMaster(2)
    follower = run(master, [task(task_info(f"t{i}"), EXECUTOR) for i in range(5)], lambda f: f.ended == 5)
    assert follower.states == {f"t{i}": ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"] for i in range(5)}
    assert master.acknowledged == 15
    assert master.suppressed
    assert master.stopped is False
    assert master.declined == 1  # the second agent's offer, at once


def test_one_executor_for_all_tasks_of_an_agent() -> None:
    follower = run(MemoryMaster(1), [task(task_info(f"t{i}"), EXECUTOR) for i in range(3)], lambda f: f.ended == 3)
    executors = [info.executor for _, _, info in follower.launches if info.executor is not None]
    assert executors[0] == executors[1] == executors[2]
    assert [(each.name, each.scalar) for each in executors[0].resources] == [("cpus", 0.1), ("mem", 64)]
    assert all(info.command is None and info.container == ContainerInfo("DOCKER", docker=DockerInfo("busybox"))
               for _, _, info in follower.launches)


def test_a_task_that_finds_no_place_is_told_of_and_waits() -> None:
    master = MemoryMaster(1, cpus=1.0)
    follower = run(master, [task(task_info("big", cpus=8), None)], lambda f: bool(f.misfits))
    assert str(follower.misfits[0]["big"][0]) == "host0 (S0): cpus: 8 needed, 1 offered"
    assert not master.suppressed


def test_a_kill_before_launch_ends_the_task_here() -> None:
    master = MemoryMaster(0)
    follower = Follower(lambda f: f.ended == 1)
    follower.framework = Framework(master, Config(), follower)
    follower.framework.submit([task(task_info("t"), None)])
    follower.framework.kill("t")
    follower.framework.run()
    assert follower.states == {"t": ["TASK_KILLED"]}
    assert master.killed == []


def test_of_very_many_launches_the_first_are_heard_of_while_the_last_are_still_made() -> None:
    each = PER_TURN // 2
    tasks = [task(task_info(f"t{i}", cpus=0.001, mem=0.001), None) for i in range(3 * each)]
    last = tasks[-1].wish.task_id
    heard_first: list[int] = []

    class Killer(Follower):
        def launched(self, entry: Entry, launch: Launch, info: TaskInfo) -> None:
            if not self.launches:
                self.framework.kill(last)
            super().launched(entry, launch, info)

        def updated(self, entry: Entry, status: TaskStatus) -> None:
            heard_first.append(len(self.launches))
            super().updated(entry, status)

    follower = Killer(lambda f: f.ended == len(tasks))
    follower.framework = Framework(MemoryMaster(3, cpus=each / 1000, mem=each / 1000), Config(), follower)
    follower.framework.submit(tasks)
    follower.framework.run()
    assert heard_first[0] == 2 * each
    assert follower.states[last] == ["TASK_KILLED"]
    assert len(follower.launches) == len(tasks) - 1, "what shall end is not launched"


def test_a_kill_reaches_the_agent() -> None:
    master = MemoryMaster(1, life=("TASK_RUNNING",))

    def enough(follower: Follower) -> bool:
        if follower.states.get("t") == ["TASK_RUNNING"]:
            follower.framework.kill("t", 3.0)
        return follower.ended == 1
    follower = run(master, [task(task_info("t"), None)], enough)
    assert follower.states["t"] == ["TASK_RUNNING", "TASK_KILLED"]
    assert master.killed == ["t"]


def test_kill_all_ends_what_waits_and_what_runs() -> None:
    master = MemoryMaster(1, life=("TASK_RUNNING",), cpus=1.0)

    def enough(follower: Follower) -> bool:
        if follower.states.get("small") == ["TASK_RUNNING"] and follower.ended == 0:
            follower.framework.kill_all()
        return follower.ended == 2
    follower = run(master, [task(task_info("small"), None), task(task_info("big", cpus=8), None)], enough)
    assert follower.states == {"small": ["TASK_RUNNING", "TASK_KILLED"], "big": ["TASK_KILLED"]}


class Silent(MemoryMaster):
    """Nobody answers."""

    def start(self, events: Any, framework_id: str | None = None) -> None:
        events.disconnected("127.0.0.1:5050: Connection refused")


class Broken(MemoryMaster):
    """The master ends the framework."""

    def start(self, events: Any, framework_id: str | None = None) -> None:
        super().start(events)
        events.error("Framework has been removed")


def test_gives_up_when_no_master_answers() -> None:
    follower = run(Silent(0), [], lambda f: False, connect_timeout=0.05)
    why = "no Mesos master could be reached within 0.05 s: 127.0.0.1:5050: Connection refused"
    assert follower.told[-1] == ("failed", why)


def test_an_error_of_the_master_is_the_end() -> None:
    follower = run(Broken(0), [], lambda f: False)
    assert follower.told[-1] == ("failed", "the master ended the framework: Framework has been removed")


class Unwilling(MemoryMaster):
    """The master does not want the framework."""

    def start(self, events: Any, framework_id: str | None = None) -> None:
        events.error("Roles { x } are not present in the master's --roles")


def test_a_master_that_refuses_has_ended_nothing() -> None:
    follower = run(Unwilling(0), [], lambda f: False)
    why = "the master refuses the framework: Roles { x } are not present in the master's --roles"
    assert follower.told[-1] == ("failed", why)


class Script(MemoryMaster):
    """Gives no updates of itself; a test sends them. Writes down reconciliations."""

    def __init__(self) -> None:
        super().__init__(1, life=())
        self.reconciled: list[list[tuple[str, str | None]]] = []

    def reconcile(self, tasks: Any) -> None:
        self.reconciled.append(list(tasks))

    @property
    def events(self) -> Any:
        return self._events


def test_a_stranger_is_killed_and_acknowledged() -> None:
    master = Script()

    def enough(follower: Follower) -> bool:
        if follower.told[-1][0] == "subscribed":
            master.events.update(heard("stranger", "TASK_RUNNING"))
            master.events.message("S0", "E", b"end")
        return follower.told[-1][0] == "messaged"
    run(master, [], enough)
    assert master.killed == ["stranger"]
    assert master.acknowledged >= 1


def test_asks_after_its_tasks_when_it_comes_back() -> None:
    master = Script()

    def enough(follower: Follower) -> bool:
        what = [told[0] for told in follower.told]
        if what == ["subscribed"]:
            follower.framework.call_later(0, back)
        return False

    def back() -> None:
        master.events.disconnected("broken")
        master.events.subscribed("F1", "memory")
        follower.framework.call_later(0.01, follower.framework.stop)
    follower = Follower(enough)
    follower.framework = Framework(master, Config(), follower)
    follower.framework.submit([task(task_info("t"), None)])
    follower.framework.run()
    assert master.reconciled[0] == [("t", "S0")]


def test_a_launch_on_a_rescinded_offer_is_tried_again() -> None:
    master = Script()
    lost = heard("t", "TASK_DROPPED", with_uuid=False, reason="REASON_INVALID_OFFERS", source="SOURCE_MASTER")

    def finish(follower: Follower) -> None:
        if len(follower.launches) == 2:
            master.events.update(heard("t", "TASK_FINISHED"))
        else:
            follower.framework.call_later(0.01, lambda: finish(follower))

    def enough(follower: Follower) -> bool:
        if follower.told[-1][0] == "subscribed":
            follower.framework.call_later(0.01, lambda: master.events.update(lost))
            finish(follower)
        return follower.ended == 1
    follower = run(master, [task(task_info("t"), None)], enough)
    assert [task_id for task_id, _, _ in follower.launches] == ["t", "t"]
    assert follower.states == {"t": ["TASK_FINISHED"]}


@pytest.mark.parametrize(("status", "words"), [
    (9, "by SIGKILL"), (15, "by SIGTERM"), (139, "by SIGSEGV"), (0, "with status 0"), (256, "with status 1"),
    (-1, "in a way that nobody saw"), (None, "in a way that nobody saw"), (45, "by signal 45")])
def test_how_an_executor_ended(status: int | None, words: str) -> None:
    assert way_out(status) == words
