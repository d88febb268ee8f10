"""What `embed=` asks for."""
from __future__ import annotations

import pytest

from specs.marathon.embeds import AppPart, GroupPart, app_parts, group_parts


@pytest.mark.parametrize("prefix", ["", "app.", "apps.", "group.apps."])
@pytest.mark.parametrize(("name", "parts"), [
    ("tasks", {AppPart.TASKS, AppPart.DEPLOYMENTS}), ("counts", {AppPart.COUNTS}),
    ("failures", {AppPart.TASKS, AppPart.LAST_TASK_FAILURE, AppPart.DEPLOYMENTS}),
    ("readiness", {AppPart.READINESS}), ("taskStats", {AppPart.TASK_STATS}),
    ("scaleBack", {AppPart.SCALE_BACK}), ("nonsense", set()),
])
def test_parts_of_an_app(prefix: str, name: str, parts: set[AppPart]) -> None:
    assert app_parts([prefix + name]) == parts


def test_parts_come_together() -> None:
    assert app_parts(["apps.counts", "app.lastTaskFailure"]) == {AppPart.COUNTS, AppPart.LAST_TASK_FAILURE}
    assert app_parts([]) == frozenset()
    assert app_parts(["apps.apps.counts", "TASKS"]) == frozenset()


def test_parts_of_a_group() -> None:
    assert group_parts(["group.apps", "group.groups", "group.apps.counts", "apps.tasks", "x"]) == (
        frozenset({AppPart.COUNTS}), frozenset({GroupPart.APPS, GroupPart.GROUPS}))
