"""An app in a row of the page: why it is not well."""
from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.api.shown.overview import LONGEST, ill_because
from scheduler.apps.instance import Instance
from scheduler.placement.location import Location
from scheduler.placement.matching import Misfit
from scheduler.placement.needs import Shortage
from scheduler.placement.reasons import Reason
from scheduler.service.news.history import Ended
from scheduler.service.views import AppView, Waiting
from scheduler.tasks.conditions import Condition

RUNS = Instance("a.instance-1", "/a", "v", "v", Condition.RUNNING, 1.0, 1.0, incarnation=2,
                location=Location("S1", "h1"))
ILL = replace(RUNS, id="a.instance-2", has_health_check=True, healthy=False,
              message="status 500\nmore of it")
MUTE = replace(ILL, message=None)
LOST = replace(RUNS, condition=Condition.UNREACHABLE)
WAITS = replace(RUNS, condition=Condition.SCHEDULED, location=None)
FELL = Ended(RUNS.id, f"{RUNS.id}._app.1", "/a", "v", Condition.FAILED, 5.0,
             message="Container exited with status 3\nlast words")
SHORT = Shortage("mem", "64", "32", Reason.INSUFFICIENT_MEMORY)
NO_ROOM = Waiting(1.0, (Misfit("S1", "h1", (SHORT, Shortage("zone", "a", "b"))),
                        Misfit("S2", "h2", (SHORT,))))


@pytest.mark.parametrize(("instances", "ended", "waiting", "why"), [
    ((RUNS,), (), None, ""), ((), (), None, ""), ((RUNS,), (FELL,), None, ""),  # it serves again
    ((RUNS, ILL), (), None, "status 500"), ((MUTE,), (), None, "its check fails on h1"),
    ((LOST,), (), None, "unreachable on h1"), ((WAITS,), (FELL,), NO_ROOM, "Container exited with status 3"),
    ((WAITS, ILL), (FELL,), None, "status 500"), ((WAITS,), (replace(FELL, asked="scaling"),), None, ""),
    ((WAITS,), (replace(FELL, condition=Condition.FINISHED),), None, ""),
    ((WAITS,), (replace(FELL, message=None, reason="REASON_X"),), None, "REASON_X"),
    ((WAITS,), (), NO_ROOM, "InsufficientMemory: mem, 64 wanted, on 2 of 2 agents"),
    ((WAITS,), (), Waiting(1.0), ""),
    ((replace(WAITS, condition=Condition.STARTING),), (FELL,), None, "Container exited with status 3"),
    ((replace(ILL, message="x" * 1000),), (), None, "x" * LONGEST)])
def test_the_first_reason_is_in_the_row(instances: tuple[Instance, ...], ended: tuple[Ended, ...],
                                        waiting: Waiting | None, why: str) -> None:
    assert ill_because(AppView("/a", None, {}, instances, ended, (), {}, None, waiting)) == why
