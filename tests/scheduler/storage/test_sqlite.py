"""A scheduler that is killed and started again: as the framework that it was, with the tasks that it had."""
from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scheduler.config import Config, Timing
from scheduler.framework.framework import Framework
from scheduler.master.driver import MesosDriver
from scheduler.storage.sqlite import SqliteStorage
from scheduler.tasks.launching import task
from scheduler.tasks.ledger import Entry, Phase
from specs.marathon.app import Constraint
from specs.messages.status import TaskState
from specs.messages.task import ExecutorInfo
from tests.fakes.master import MemoryMaster, ScriptedMaster, offer, update
from tests.scheduler.framework.test_framework import EXECUTOR, Follower, task_info


def test_what_was_saved_is_there_again(tmp_path: Path) -> None:
    path = str(tmp_path / "state")
    first = task(task_info("a"), EXECUTOR, (Constraint("rack", "IS", "r1"),))
    second = task(task_info("b"), None)
    running = Entry("a", Phase.RUNNING, 5.0, "S0", TaskState.RUNNING, b"u1", 2, kill=True, grace=3.0)
    with SqliteStorage(path) as storage:
        assert storage.framework_id() is None
        storage.save_framework_id("F1")
        storage.save_task(Entry("a", Phase.QUEUED, 1.0), first)
        storage.save_task(Entry("b", Phase.QUEUED, 1.0), second)
        storage.save_entry(running)
    with SqliteStorage(path) as storage:
        assert storage.framework_id() == "F1"
        (entry, restored), (waiting, plain) = storage.tasks(100.0)
        assert entry == Entry("a", Phase.RUNNING, 100.0, "S0", TaskState.RUNNING, b"u1", 2, kill=True, kill_at=100.0,
                              grace=3.0)
        assert (restored, plain) == (first, second)
        assert waiting.phase is Phase.QUEUED
        storage.save_entry(Entry("a", Phase.ENDED, 2.0))
    with SqliteStorage(path) as storage:
        assert [entry.task_id for entry, _ in storage.tasks(0.0)] == ["b"]


def test_executors_are_kept_until_they_are_over(tmp_path: Path) -> None:
    path = str(tmp_path / "state")
    with SqliteStorage(path) as storage:
        storage.save_executor("S0", "e", ExecutorInfo("e", name="old"))
        storage.save_executor("S0", "e", EXECUTOR.info(()))
        storage.save_executor("S1", "e", ExecutorInfo("e"))
        storage.save_executor("S1", "e", None)
    with SqliteStorage(path) as storage:
        assert list(storage.executors()) == [("S0", "e", EXECUTOR.info(()))]


def test_what_was_not_flushed_is_not_there(tmp_path: Path) -> None:
    path = str(tmp_path / "state")
    storage = SqliteStorage(path)
    storage.save_framework_id("F1")
    storage.flush()
    storage.save_task(Entry("a", Phase.QUEUED, 1.0), task(task_info("a"), None))
    storage._database.close()  # as a kill does it
    with SqliteStorage(path) as again:
        assert again.framework_id() == "F1"
        assert list(again.tasks(0.0)) == []


def test_one_scheduler_per_file(tmp_path: Path) -> None:
    path = str(tmp_path / "state")
    with SqliteStorage(path) as storage:
        storage.save_framework_id("F1")
        storage.flush()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            SqliteStorage(path)


@pytest.mark.parametrize("before", [None, 0o644])
def test_only_its_owner_reads_it(tmp_path: Path, before: int | None) -> None:
    path = tmp_path / "state"
    if before is not None:
        path.touch()
        path.chmod(before)
    with SqliteStorage(str(path)) as storage:
        storage.save_framework_id("F1")
        storage.flush()
        modes = {each.name: each.stat().st_mode & 0o777 for each in tmp_path.iterdir()}
        assert modes["state"] == 0o600
        assert "state-wal" in modes
        assert set(modes.values()) == {0o600}


def test_no_file_of_ours(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("something else " * 100)
    with pytest.raises(sqlite3.DatabaseError):
        SqliteStorage(str(tmp_path / "state"))


def scheduler(master: ScriptedMaster, storage: SqliteStorage, enough: Callable[[Follower], bool]) -> Follower:
    follower = Follower(enough)
    config = Config(failover_timeout=3600.0)
    driver = MesosDriver(master.address, config, timing=Timing(first_pause=0.01))
    follower.framework = Framework(driver, config, follower, storage=storage)
    return follower


def played(master: ScriptedMaster, follower: Follower, *, after: str, state: str) -> list[dict[str, Any]]:
    """Run the framework against a master that offers, waits for a call and tells a state; SUBSCRIBE and that call."""
    seen: list[dict[str, Any]] = []

    def play() -> None:
        subscription = master.subscription()
        seen.append(subscription.request)
        subscription.subscribed("F9")
        subscription.offers(offer())
        seen.append(master.call(after))
        subscription.update(update("t", state))

    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    follower.framework.run()
    thread.join()
    return seen


def calls_to(master: ScriptedMaster) -> list[dict[str, Any]]:
    """The calls that have arrived."""
    found = []
    while not master.calls.empty():
        found.append(master.calls.get())
    return found


def test_a_scheduler_that_was_killed_comes_back_and_misses_nothing(tmp_path: Path) -> None:
    """It subscribes as the one that it was, asks after the task, and does not launch it again."""
    path = str(tmp_path / "state")

    def gone_when_it_runs(follower: Follower) -> bool:
        if follower.states.get("t") == ["TASK_RUNNING"]:
            follower.framework.stop(failover=True)
        return False

    with ScriptedMaster() as master:
        with SqliteStorage(path) as storage:
            first = scheduler(master, storage, gone_when_it_runs)
            first.framework.submit([task(task_info("t"), EXECUTOR)])
            played(master, first, after="ACCEPT", state="TASK_RUNNING")
        kinds = [call["type"] for call in calls_to(master)]
        assert "ACKNOWLEDGE" in kinds
        assert "TEARDOWN" not in kinds
        with SqliteStorage(path) as storage:
            second = scheduler(master, storage, lambda follower: follower.ended == 1)
            request, reconcile = played(master, second, after="RECONCILE", state="TASK_FINISHED")
            assert list(storage.tasks(0.0)) == []
        assert request["framework_id"] == {"value": "F9"}
        assert "ACCEPT" not in [call["type"] for call in calls_to(master)]
        assert reconcile["reconcile"]["tasks"] == [{"task_id": {"value": "t"}, "agent_id": {"value": "S0"}}]
        assert second.states == {"t": ["TASK_FINISHED"]}


def test_the_next_scheduler_uses_the_executors_that_run(tmp_path: Path) -> None:
    """A master refuses a task whose ExecutorInfo is another than that of the running executor, resources included."""
    def goes_away(follower: Follower) -> bool:
        if follower.ended == 1:
            follower.framework.stop(failover=True)
        return False

    with SqliteStorage(str(tmp_path / "state")) as storage:
        first = Follower(goes_away)
        first.framework = Framework(MemoryMaster(1), Config(), first, storage=storage)
        first.framework.submit([task(task_info("a"), EXECUTOR)])
        first.framework.run()
        second = Follower(goes_away)
        master = MemoryMaster(1, executors=[EXECUTOR.executor_id])
        second.framework = Framework(master, Config(), second, storage=storage)
        second.framework.submit([task(task_info("b"), EXECUTOR)])
        second.framework.run()
        before, after = (follower.launches[0][2].executor for follower in (first, second))
        assert before == after
        assert before is not None
        assert before.resources
        assert list(storage.executors()) == [("S0", EXECUTOR.executor_id, before)]


@pytest.mark.parametrize("end", ["executor", "agent"])
def test_an_executor_that_is_over_is_forgotten(tmp_path: Path, end: str) -> None:
    with SqliteStorage(str(tmp_path / "state")) as storage:
        storage.save_executor("S0", EXECUTOR.executor_id, ExecutorInfo("mesos-docker", name="of before"))
        follower = Follower(lambda follower: follower.ended == 1)
        framework = follower.framework = Framework(MemoryMaster(1), Config(), follower, storage=storage)
        if end == "agent":
            framework.call(lambda: framework.agent_failed("S0"))
        else:
            framework.call(lambda: framework.executor_failed("S0", EXECUTOR.executor_id, 0))
        framework.submit([task(task_info("a"), EXECUTOR)])
        framework.run()
        executor = follower.launches[0][2].executor
        assert executor is not None
        assert executor.name == EXECUTOR.name


def test_a_framework_that_cannot_come_back_is_told_of(tmp_path: Path) -> None:
    with ScriptedMaster() as master, SqliteStorage(str(tmp_path / "state")) as storage:
        storage.save_framework_id("F9")
        follower = scheduler(master, storage, lambda follower: False)

        def refuse() -> None:
            master.subscription().send({"type": "ERROR", "error": {"message": "Framework has been removed"}})

        threading.Thread(target=refuse, daemon=True).start()
        follower.framework.run()
        why = follower.told[-1][1]
        assert why.startswith("the master refuses the framework: Framework has been removed. F9 was torn down")
        assert "empty storage" in why


def test_a_framework_that_was_stopped_for_good_is_forgotten(tmp_path: Path) -> None:
    """Its id is of no more use: a master refuses what was torn down."""
    with SqliteStorage(str(tmp_path / "state")) as storage:
        follower = Follower(lambda follower: follower.ended == 1)
        master = MemoryMaster(1)
        follower.framework = Framework(master, Config(), follower, storage=storage)
        follower.framework.submit([task(task_info("a"), EXECUTOR), task(task_info("b", cpus=99), EXECUTOR)])
        follower.framework.run()
        assert master.stopped is False
        assert (storage.framework_id(), list(storage.tasks(0.0)), list(storage.executors())) == (None, [], [])


def test_an_error_in_the_loop_ends_no_tasks(tmp_path: Path) -> None:
    def enough(_follower: Follower) -> bool:
        raise RuntimeError("a fault of the listener")

    with SqliteStorage(str(tmp_path / "state")) as storage:
        follower, master = Follower(enough), MemoryMaster(1)
        follower.framework = Framework(master, Config(), follower, storage=storage)
        with pytest.raises(RuntimeError):
            follower.framework.run()
        assert master.stopped is True
        assert storage.framework_id() == "F1"
    master = MemoryMaster(1)
    follower.framework = Framework(master, Config(), follower)
    with pytest.raises(RuntimeError):
        follower.framework.run()
    assert master.stopped is False  # nobody could come back
