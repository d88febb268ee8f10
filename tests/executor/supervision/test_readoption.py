"""One supervisor after the other on the same journal and engine, in memory: what the second knows, does and tells."""
from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from executor.admission.secrets import Secrets
from executor.engine.failures import DaemonUnavailable
from executor.journal.journal import FILE, Journal, boot_id, stored
from executor.journal.lines import Header
from executor.journal.opening import KeptUpdates, opened
from executor.journal.records import StepBegan
from executor.life.task import Phase
from executor.memory import Remembered
from executor.node.output.logs import Logs
from executor.node.watcher import Watcher
from executor.settings.settings import Settings
from executor.supervision.blocking.outputs import Outputs
from executor.supervision.blocking.workers import Workers
from executor.wiring import supervision
from specs.forms.render import status_update
from specs.messages.status import TaskState, TaskStatus, is_terminal
from tests.executor.journal.test_journal import no_room
from tests.executor.program.running import task
from tests.fakes.agent import FakeAgent
from tests.fakes.runtime import FakeRuntime

STARTING, RUNNING = TaskState.STARTING, TaskState.RUNNING
SECRET = {"type": "SECRET", "secret": {"type": "VALUE", "value": {"data": "Z2VoZWlt"}}}


def comes_true(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class NotedAgent(FakeAgent):
    """Writes each update into the journal, as the driver does; acknowledges none."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._kept = KeptUpdates(journal)

    def send(self, status: TaskStatus) -> None:
        stamped = replace(status, uuid=uuid.uuid4().bytes, timestamp=1.0)
        self._kept.stored(stamped, status_update(stamped))
        super().send(stamped)


class Life:
    """One process of the executor."""

    def __init__(self, folder: Path, runtime: FakeRuntime) -> None:
        self.journal, found = opened(str(folder), 1.0, str(folder / "secrets"))  # all crashes are at one time
        labels = {"mesos-docker.owner": self.journal.header.owner, "mesos-docker.framework-id": "f"}
        self.agent = NotedAgent(self.journal)
        secrets = Secrets(str(folder), self.journal.header.secrets)
        self.supervisor = supervision(Settings(str(folder), labels=labels), self.agent, lambda: runtime,
                                      Remembered(self.journal.header.owner, self.journal, secrets, found=found))
        self.agent.start(self.supervisor)
        self.thread = threading.Thread(target=self.supervisor.run, daemon=True)
        self.thread.start()
        self.supervisor.registered({}, {"capabilities": [{"type": "PARTITION_AWARE"}]}, {})

    def launch(self, task_id: str, command: str = "sleep 600", **fields: object) -> None:
        self.supervisor.launch(task(task_id, command, **fields))  # type: ignore[arg-type]

    def running(self, task_id: str) -> None:
        self.agent.wait_state(task_id, RUNNING)

    def ended(self, task_id: str) -> TaskStatus:
        assert self.agent.wait_for(lambda agent: any(is_terminal(each) for each in agent.states(task_id)))
        return self.agent.of(task_id)[-1]

    def adopted(self, count: int) -> None:
        """It knows how so many tasks are, and does nothing for any."""
        def done() -> bool:
            phases = [each.task.phase for each in list(self.supervisor._entries.values())]
            return len(phases) == count and Phase.RECOVERING not in phases and not self.journal.state.steps
        comes_true(done)

    def crash(self) -> None:
        """It does nothing any more, and says nothing."""
        self.supervisor._loop.end("crashed")
        self.supervisor._loop.call(lambda: None)
        self.agent.stop()


class Lives:
    def __init__(self, folder: Path) -> None:
        self.folder, self.runtime = folder, FakeRuntime()
        self.now = Life(folder, self.runtime)

    def crash(self) -> Life:
        self.now.crash()
        return self.again()

    def again(self) -> Life:
        self.now = Life(self.folder, self.runtime)
        return self.now


@contextlib.contextmanager
def lives(folder: Path) -> Iterator[Lives]:
    run = Lives(folder)
    try:
        yield run
    finally:
        run.now.supervisor.shutdown("the test is over")
        run.now.thread.join(30)
        assert run.runtime.names() == []


def test_what_runs_goes_on_and_is_told_no_second_time(tmp_path: Path) -> None:
    with lives(tmp_path) as run:
        run.now.launch("a", "echo one; sleep 600")
        run.now.running("a")
        (before,) = run.runtime.names()
        second = run.crash()
        second.supervisor.kill("a", 0.0)
        assert second.ended("a").state is TaskState.KILLED
        assert second.agent.states("a") == [TaskState.KILLED]
        assert [name for verb, name in run.runtime.calls if verb == "create"] == [before]
        assert (tmp_path / "tasks/a/stdout").read_text() == "one\n"


class Jobs(Workers):
    """Those that were submitted; none is done."""

    def __init__(self) -> None:
        super().__init__("jobs", 1)
        self.submitted = 0

    def submit(self, job: Callable[[], None]) -> None:
        self.submitted += 1


def test_output_that_goes_on_waits_until_it_is_known_how_all_containers_are() -> None:
    jobs = Jobs()
    outputs = Outputs(FakeRuntime, Logs(Watcher()), jobs)
    outputs.hold()
    outputs.reread("a", "c", follow=True, done=lambda: None)
    assert jobs.submitted == 0
    outputs.reread("b", "c", follow=False, done=lambda: None)  # its end waits for that
    assert jobs.submitted == 1
    outputs.go_on()
    assert jobs.submitted == 2
    outputs.reread("a", "c", follow=True, done=lambda: None)
    outputs.go_on()
    assert jobs.submitted == 3


def test_a_pull_begins_again(tmp_path: Path) -> None:
    with lives(tmp_path) as run:
        run.runtime.images.registry.images["app:1"] = 1
        released = run.runtime.hold("pull")
        run.now.launch("a", "exit 3", image="app:1")
        comes_true(lambda: ("pull", "app:1") in run.runtime.calls)
        second = run.crash()
        released.set()
        run.runtime.images.registry.held = None
        assert second.ended("a").message == "Container exited with status 3"
        assert second.agent.states("a") == [RUNNING, TaskState.FAILED]


def test_an_engine_that_is_away_is_waited_for_and_a_kill_with_it(tmp_path: Path) -> None:
    with lives(tmp_path) as run:
        run.now.launch("a")
        run.now.running("a")
        run.runtime.fail("inspect", DaemonUnavailable("connection refused"), times=1)
        second = run.crash()
        second.supervisor.kill("a", 0.0)
        assert second.ended("a").state is TaskState.KILLED


def test_health_is_counted_on(tmp_path: Path) -> None:
    check = {"type": "COMMAND", "command": {"value": "exit 1"}, "delay_seconds": 0.0, "interval_seconds": 0.2,
             "grace_period_seconds": 0.0, "consecutive_failures": 4}
    with lives(tmp_path) as run:
        run.now.launch("a", health_check=check)
        comes_true(lambda: len(run.now.agent.of("a")) >= 4)  # two failures
        second = run.crash()
        second.ended("a")
        assert 1 <= second.agent.states("a").count(RUNNING) <= 2
        assert "4 times in a row" in (second.agent.of("a")[-1].message or "")


def test_containers_of_tasks_that_are_over_are_removed(tmp_path: Path) -> None:
    with lives(tmp_path) as run:
        run.now.launch("a")
        run.now.running("a")
        run.now.crash()
        run.runtime.containers.create({"Image": "busybox:static", "Labels": {
            "mesos-docker.owner": run.now.journal.header.owner, "mesos-docker.framework-id": "f",
            "mesos-docker.task-id": "gone"}}, "mdx-gone")
        run.again()
        comes_true(lambda: len(run.runtime.names()) == 1)
        assert run.runtime.names() != ["mdx-gone"]


def test_a_task_that_brings_it_down_twice_is_left_out(tmp_path: Path) -> None:
    with lives(tmp_path) as run:
        for task_id in ("a", "b"):
            run.now.launch(task_id)
            run.now.running(task_id)
        run.now.journal.note(StepBegan("a", "start"))
        second = run.crash()
        second.adopted(2)
        second.journal.note(StepBegan("a", "start"))
        third = run.crash()
        last = third.ended("a")
        assert (last.state, last.message) == (
            TaskState.FAILED, "The executor crashed twice during the start of this task, and goes on without it")
        assert third.agent.states("b") == []
        comes_true(lambda: len(run.runtime.names()) == 1)


@pytest.mark.parametrize("there", [True, False])
def test_a_start_that_was_not_answered_is_still_none_for_the_next_process(
        tmp_path: Path, *, there: bool) -> None:
    """Whether it has removed the container or not: nobody else has."""
    with lives(tmp_path) as run:
        run.runtime.fail("start", DaemonUnavailable("start: no answer"))
        run.runtime.fail("remove", DaemonUnavailable("remove: no answer"), times=99)
        run.now.launch("a")
        comes_true(lambda: "remove" in [verb for verb, _ in run.runtime.calls])
        run.now.crash()
        run.runtime.recover("remove")
        if not there:
            run.runtime.vanish(run.runtime.names()[0])
        last = run.again().ended("a")
        assert last.state is TaskState.DROPPED
        assert last.message == ("Failed to run docker container: start: no answer; not the task's fault, "
                                "another attempt may succeed")
        comes_true(lambda: not run.runtime.names())


def test_after_a_reboot_every_task_is_gone_and_says_why(tmp_path: Path) -> None:
    with lives(tmp_path) as run:
        run.now.launch("a")
        run.now.running("a")
        run.now.crash()
        header, state, _ = stored(tmp_path / FILE)
        assert header is not None
        assert header.boot == boot_id()
        (tmp_path / FILE).unlink()
        moved = Journal(tmp_path / FILE, Header("before", header.owner, header.secrets), state, 0)
        moved.note(StepBegan("a", ""))
        second = run.again()
        last = second.ended("a")
        assert (last.state, last.message) == (TaskState.GONE, "The host was rebooted while the task was there")


def test_a_task_whose_secrets_are_gone_before_its_start_is_dropped(tmp_path: Path) -> None:
    with lives(tmp_path) as run:
        run.runtime.images.registry.images["app:1"] = 1
        run.runtime.hold("pull")
        volume = {"container_path": "/key", "mode": "RO", "source": SECRET}
        run.now.launch("a", image="app:1", container={"volumes": [volume]})
        comes_true(lambda: ("pull", "app:1") in run.runtime.calls)
        second = run.crash()
        assert second.ended("a").state is TaskState.DROPPED
        assert "Z2VoZWlt" not in (tmp_path / FILE).read_text()


def test_a_late_kill_of_a_task_that_was_over_is_still_none_of_an_unknown_one(tmp_path: Path) -> None:
    with lives(tmp_path) as run:
        run.now.launch("a", "true")
        run.now.ended("a")
        second = run.crash()
        second.supervisor.kill("a", None)
        second.launch("b", "true")
        second.ended("b")
        assert second.agent.states("a") == []


def test_a_full_disk_refuses_new_tasks_and_keeps_the_old(tmp_path: Path) -> None:
    with lives(tmp_path) as run:
        run.now.launch("a")
        run.now.running("a")
        with no_room(stored(tmp_path / FILE)[2] + 10):
            run.now.launch("b")
            last = run.now.ended("b")
            assert last.state is TaskState.DROPPED
            assert "the executor's journal cannot be written: File too large" in (last.message or "")
            run.now.supervisor.kill("a", 0.0)
            assert run.now.ended("a").state is TaskState.KILLED
        run.now.launch("c")
        run.now.running("c")
        second = run.crash()
        assert list(second.journal.state.tasks) == ["c"]
        assert {each.task_id for each in second.journal.state.updates.values()} == {"a", "b", "c"}
