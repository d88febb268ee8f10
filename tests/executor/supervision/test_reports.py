"""When reports are made, of what, and how what tasks go through is measured."""
from __future__ import annotations

from dataclasses import replace

from executor.admission.entry import Entry
from executor.life.outcomes import Exit
from executor.life.task import Phase
from executor.settings.settings import ReportSettings
from executor.supervision.reports import SHARE, SOON, Reports
from executor.supervision.timers import ReportDue
from executor.telemetry.counts import Counts
from tests.executor.supervision.told import Told, entry

OFTEN = ReportSettings(15.0, messages=True)


class Keeper:
    """Keeps what it is to report."""

    def __init__(self) -> None:
        self.reported: list[dict[str, int]] = []
        self.messages: list[bool] = []
        self.cleaned = False

    def report(self, running: dict[str, int], /, *, as_message: bool) -> None:
        self.reported.append(running)
        self.messages.append(as_message)

    def clean(self) -> None:
        self.cleaned = True


class Scene(Told):
    """Reports every 15 seconds, or as is said."""

    def __init__(self, wanted: ReportSettings = OFTEN) -> None:
        super().__init__()
        self.keeper = Keeper()
        self.counts = Counts()
        self.reports = Reports(self.loop, self.counts, wanted, lambda: self.keeper, lambda: (3, 2))

    def value(self, name: str, *labels: str) -> float | None:
        return next((each.value for each in self.counts.samples() if (each.name, each.labels) == (name, labels)), None)

    def moves(self, found: Entry, phase: Phase, **more: object) -> None:
        before = found.task
        found.task = replace(before, phase=phase, **more)  # type: ignore[arg-type]
        self.reports.moved(found, before)


def running(task_id: str, pid: int | None) -> Entry:
    found = entry(task_id, Phase.RUNNING)
    found.task = found.task.in_run(pid=pid)
    return found


def test_a_report_has_the_containers_that_run_and_is_due_again() -> None:
    scene = Scene()
    scene.reports.start()
    scene.now = 15.0
    scene.settle()
    assert scene.clocks == [ReportDue()]
    scene.reports.due([running("a", 7), running("b", None), entry("c", Phase.PULLING)])
    scene.until(lambda: bool(scene.keeper.reported))
    assert scene.keeper.reported == [{"a": 7}]
    assert scene.value("tasks", "running") == 2
    assert scene.value("tasks", "pulling") == 1
    assert scene.value("status_updates_pending") == 3
    assert scene.value("status_updates_resent_total") == 2
    scene.until(lambda: scene.loop.timers.wait() is not None)
    assert (scene.loop.timers.wait() or 0.0) >= 15.0
    scene.reports.close()
    assert scene.keeper.cleaned


def test_tasks_in_phases_that_none_is_in_any_more_are_not_counted() -> None:
    scene = Scene()
    scene.reports.due([running("a", None)])
    scene.reports.due([])
    assert scene.value("tasks", "running") is None


def test_without_an_interval_there_is_none() -> None:
    scene = Scene()
    Reports(scene.loop, scene.counts).start()
    assert scene.loop.timers.wait() is None


def test_who_asks_gets_messages_and_nobody_else() -> None:
    scene = Scene(ReportSettings())
    scene.reports.start()
    assert scene.loop.timers.wait() is None
    for interval in (60, 30, 30):
        scene.reports.ask(interval)
    scene.now = SOON
    scene.settle()
    assert scene.clocks == [ReportDue()]
    scene.reports.due([running("a", 7)])
    scene.until(lambda: scene.loop.timers.wait() is not None)
    assert (scene.keeper.reported, scene.keeper.messages) == ([{"a": 7}], [True])
    assert (scene.loop.timers.wait() or 0.0) >= 30


def test_textfiles_alone_are_no_messages() -> None:
    scene = Scene(ReportSettings(15.0, folder="/somewhere"))
    scene.reports.due([])
    scene.reports.ask(15)
    scene.reports.due([])
    scene.until(lambda: len(scene.keeper.messages) == 2)
    assert scene.keeper.messages == [False, True]


def test_how_long_each_stage_took() -> None:
    scene = Scene()
    found = entry("a", Phase.PULLING)
    scene.reports.moved(found, found.task)
    for seconds, phase, more in ((4.0, Phase.STARTING, {}), (5.0, Phase.STARTING, {"container": "c"}),
                                 (7.0, Phase.RUNNING, {}), (107.0, Phase.TERMINATING, {}),
                                 (110.0, Phase.FORCING, {}), (111.0, Phase.ENDING, {"outcome": Exit(137)}),
                                 (112.0, Phase.DONE, {})):
        scene.now = seconds
        scene.moves(found, phase, **more)
    taken = {each.labels[0]: each.total for each in scene.counts.distributions()}
    assert taken == {"pull": 4.0, "create": 1.0, "start": 2.0, "running_report": 7.0, "stop": 4.0}
    assert scene.value("container_exits_total", "signal") == 1


def test_the_share_leaves_room_within_the_budget() -> None:
    assert SHARE <= 0.0005  # half of what the executor may take with 100 idle containers
