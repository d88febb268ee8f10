"""Every effect there is can be carried out; what comes of it is told to the loop."""
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from executor.admission.plan import Plan
from executor.engine.cancellation import Cancel
from executor.engine.failures import DaemonUnavailable
from executor.fetching.job import FetchProgress, Job
from executor.journal.port import NoNotes
from executor.life import effects as f
from executor.life import events as e
from executor.life.outcomes import Exit
from executor.life.task import Phase
from executor.node.output.logs import Logs
from executor.node.output.sink import sandbox_sink
from executor.node.processes import Processes
from executor.node.watcher import Watcher
from executor.settings.settings import FetchSettings
from executor.supervision.blocking.checks import Checks
from executor.supervision.blocking.engine_calls import EngineCalls
from executor.supervision.blocking.fetches import Fetches
from executor.supervision.blocking.pulls import Pulls
from executor.supervision.performer import REPLAYED, Performer
from specs.messages.status import TaskState, TaskStatus
from tests.executor.supervision.told import Told, entry
from tests.fakes.agent import FakeAgent
from tests.fakes.runtime import FakeRuntime

EFFECTS: tuple[f.Effect, ...] = (
    f.Report(TaskStatus("a", TaskState.STARTING)), f.Explain("because"), f.Fetch(), f.CancelFetch(),
    f.Pull(), f.CancelPull(), f.CreateAndStart(), f.Look(), f.Signal("SIGTERM"), f.ForceRemove(),
    f.KillPid(1), f.Remove(), f.StartTimer(f.Timer.GRACE, 5.0), f.CancelTimer(f.Timer.GRACE),
    f.CancelTimers(), f.StartChecks(), f.StopChecks(), f.WatchPid(1), f.FollowRun(1, 2),
    f.FollowOn(), f.DrainLogs(), f.Forget())


class Scene(Told):
    """A performer between an agent and an engine in memory, and a task that is being started."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.agent, self.runtime = FakeAgent(), FakeRuntime()
        logs = Logs(Watcher())
        engine = EngineCalls(lambda: self.runtime, {}, logs, starts=1, strict=False)
        self.performer = Performer(self.loop, self.agent, engine, logs, Processes(Watcher()),
                                   fetches=Fetches(self.loop, self.fetch, FetchSettings()),
                                   pulls=Pulls(self.loop, engine, str(folder)),
                                   checks=Checks(self.loop, engine, shutdown_grace=5.0),
                                   journal=NoNotes())
        self.entry = entry("a", Phase.STARTING)
        self.entry.plan = Plan("mdx-a", "busybox:static", {"Image": "busybox:static", "Cmd": ["sleep", "600"]})
        logs.open("a", sandbox_sink(folder / "a"))

    def fetch(self, job: Job, cancel: Cancel, tell: Callable[[FetchProgress], None]) -> None:
        """Everything is there at once."""

    def does(self, effect: f.Effect, until: type[e.Event]) -> e.Event:
        """Have it carried out, and wait for what comes of it, whatever else does."""
        before = len(self.events)

        def those() -> list[e.Event]:
            return [event for _, event in self.events[before:] if isinstance(event, until)]
        self.performer.carry_out(self.entry, effect)
        self.until(lambda: bool(those()))
        return those()[0]


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: type(effect).__name__)
def test_every_effect_is_carried_out(effect: f.Effect, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene(tmp_path)
    scene.performer.carry_out(scene.entry, effect)
    assert "a fault in" not in caplog.text


def test_there_is_no_other_effect() -> None:
    assert {type(effect) for effect in EFFECTS} == set(f.Effect.__args__)


def test_a_fault_in_one_effect_is_contained(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene(tmp_path)
    scene.entry.plan = None
    scene.performer.carry_out(scene.entry, f.CreateAndStart())
    assert "Task a: a fault in CreateAndStart" in caplog.text


def test_a_look_that_is_not_answered_says_so(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    started = scene.does(f.CreateAndStart(), e.Started)
    assert isinstance(started, e.Started)
    scene.entry.task = replace(scene.entry.task.in_run(pid=started.pid), phase=Phase.RUNNING,
                               container=started.container)
    scene.runtime.finish(started.container, 0)
    scene.until(lambda: not scene.runtime.containers.inspect(started.container).running)
    exited = scene.does(f.Look(), e.Exited)
    assert isinstance(exited, e.Exited)
    scene.runtime.fail("inspect", DaemonUnavailable("away"))
    assert scene.does(f.Look(), e.Unanswered) == e.Unanswered()
    assert scene.entry.lost


def test_an_engine_that_has_just_come_back_may_still_tell_the_event_of_an_end(tmp_path: Path) -> None:
    """A status that it may have made up is believed when that comes, and else no status after a second."""
    scene = Scene(tmp_path)
    started = scene.does(f.CreateAndStart(), e.Started)
    assert isinstance(started, e.Started)
    scene.runtime.finish(started.container, 0)
    scene.until(lambda: not scene.runtime.containers.inspect(started.container).running)
    back = time.time_ns()
    scene.entry.task = replace(scene.entry.task, phase=Phase.RUNNING, container=started.container).in_run(
        pid=started.pid, gone_at=back - 2 * REPLAYED, back=back)
    scene.does(f.Look(), e.Unanswered)
    scene.until(lambda: time.time_ns() >= back + REPLAYED)
    assert scene.does(f.Look(), e.Exited) == e.Exited(Exit(0, unseen=True, forgotten=True))
    scene.entry.task = scene.entry.task.in_run(told_exit=0)
    scene.events.clear()
    assert scene.does(f.Look(), e.Exited) == e.Exited(Exit(0, unseen=True))


def test_nothing_of_a_task_rings_when_it_is_forgotten(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    for timer in f.Timer:
        scene.performer.carry_out(scene.entry, f.StartTimer(timer, 5.0))
    scene.performer.carry_out(scene.entry, f.Forget())
    assert scene.loop.timers.wait() is None


@pytest.mark.parametrize(("failures", "left"), [(0, False), (1, False), (3, False), (100, True)])
def test_at_the_end_the_engine_is_asked_again_to_remove_what_it_could_not(failures: int, left: bool) -> None:
    runtime = FakeRuntime()
    engine = EngineCalls(lambda: runtime, {}, Logs(Watcher()), starts=1, strict=False)
    runtime.containers.create({"Image": "busybox:static", "Cmd": ["true"]}, "mdx-left")
    runtime.fail("remove", DaemonUnavailable("it hangs"), failures)
    engine.remove("mdx-left")
    engine.close(4.0)
    assert runtime.names() == (["mdx-left"] if left else [])
