"""Executors that report only when they are asked are asked, once, and again when they are silent."""
from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from dataclasses import replace

import pytest

from scheduler.apps.instance import Instance
from scheduler.apps.target import VersionInfo
from scheduler.apps.taskinfo import Settings
from scheduler.looking.reports import LONGEST_PAUSE, MISSED, MOST, RATE, ReportsAsked
from scheduler.placement.location import Location
from scheduler.service.board import Definition
from scheduler.service.views import AppView, View
from scheduler.tasks.conditions import Condition
from scheduler.telemetry.samples import Samples, UsageSample
from specs.marathon.app import App
from specs.marathon.container import AppImage, Container

APP = App("/a", container=Container(docker=AppImage("redis")))
ONE = Instance("a.instance-0", "/a", "v", "v", Condition.RUNNING, 1.0, 1.0, incarnation=2, location=Location("S1", "h"))
MINUTE = 60


def view(*instances: Instance, app: App = APP) -> View:
    definitions = {"v": Definition(app, VersionInfo("v", "v", "v"), 1.0)}
    return View(apps={"/a": AppView("/a", None, definitions, instances, (), (), {}, None, None)})


class Asks:
    """The tasks that are asked, by a service whose apps agents' own executors run, with a clock."""

    def __init__(self, *, interval: float = 15.0, custom: bool = False) -> None:
        self.samples = Samples()
        self._asked = ReportsAsked(self.samples, interval, Settings(custom_executor=custom))
        self.now = 1000.5
        self.interval = 0

    def asked(self, *instances: Instance, app: App = APP) -> list[str]:
        found = self._asked.round(view(*instances, app=app), self.now)
        for each in found:
            self.interval = json.loads(each.data)["report"]["interval"]
            assert each.agent_id == "S1"
        return [each.executor_id for each in found]

    def reports(self, *instances: Instance) -> None:
        for each in instances:
            self.samples.add(each.id, UsageSample(int(self.now), 0.1, 1))


def test_a_task_that_runs_is_asked_once_while_it_reports() -> None:
    asks = Asks()
    assert asks.asked(ONE) == ["a.instance-0._app.2"]
    assert asks.interval == 15
    for _ in range(100):
        asks.now += 15
        asks.reports(ONE)
        assert asks.asked(ONE) == []


def test_one_that_fell_silent_is_asked_again_and_so_is_the_next_task() -> None:
    asks = Asks()
    asks.asked(ONE)
    asks.reports(ONE)
    asks.now += MISSED * 15 - 1
    assert asks.asked(ONE) == []
    asks.now += 2
    assert asks.asked(ONE) == ["a.instance-0._app.2"]
    asks.reports(ONE)
    assert asks.asked(replace(ONE, incarnation=3)) == ["a.instance-0._app.3"]


def test_one_that_never_answers_is_asked_ever_less_often() -> None:
    asks, times = Asks(), list[float]()
    for _ in range(24 * 60):
        if asks.asked(ONE):
            times.append(asks.now)
        asks.now += MINUTE
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert pauses == sorted(pauses)
    assert LONGEST_PAUSE <= pauses[-1] <= LONGEST_PAUSE + MINUTE
    assert len(times) < 40


def test_many_report_less_often_and_are_not_asked_all_at_once() -> None:
    asks = Asks()
    many = [replace(ONE, id=f"a.instance-{number}") for number in range(4 * MOST)]
    asked = [asks.asked(*many) for _ in range(5)]
    assert [len(each) for each in asked] == [MOST, MOST, MOST, MOST, 0]
    assert len(set().union(*asked)) == len(many)
    assert asks.interval == len(many) / RATE


@pytest.mark.parametrize(("instances", "app", "custom"), [
    ((replace(ONE, condition=Condition.STARTING),), APP, False), ((replace(ONE, location=None),), APP, False),
    ((replace(ONE, condition=Condition.FINISHED),), APP, False), ((ONE,), APP, True),
    ((ONE,), App("/a", cmd="sleep 1"), False), ((ONE,), replace(APP, executor="/bin/own"), False)])
def test_nobody_else_is_asked(instances: Iterable[Instance], app: App, *, custom: bool) -> None:
    assert Asks(custom=custom).asked(*instances, app=app) == []
