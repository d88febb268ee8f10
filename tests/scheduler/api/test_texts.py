"""Lists are put together from kept texts, and are what they would be if they were made anew."""
from __future__ import annotations

import json
from dataclasses import replace

from scheduler.api.shown.apps import LISTED, shown_app
from scheduler.api.shown.texts import Texts
from scheduler.apps.instance import Instance
from scheduler.apps.policy import policy
from scheduler.apps.target import Target, VersionInfo
from scheduler.service.views import AppView
from scheduler.tasks.conditions import Condition
from specs.marathon.app import App
from specs.marathon.embeds import AppPart


def target_of(app: App, version: str = "1") -> Target:
    return Target(app, VersionInfo(version, version, version), version, policy(app))


def view_of(target: Target) -> AppView:
    return AppView(target.app.id, target, {}, (), (), (), {}, None, None)


def test_a_text_follows_the_view_and_the_definition() -> None:
    texts = Texts(lambda: 1)
    first = target_of(App("/a", cmd="x"))
    view = view_of(first)
    instance = Instance("a.instance-1", "/a", "1", "1", Condition.RUNNING, since=1.0, created=1.0, incarnation=1)
    running = replace(view, instances=(instance,), deployments=("d",))
    second = target_of(App("/a", cmd="y"), "2")
    steps = ((view, first), (running, first), (view, first), (replace(running, target=second), second))
    for parts in (LISTED, LISTED | {AppPart.TASKS}, LISTED | {AppPart.TASK_STATS}, frozenset[AppPart]()):
        for shown, target in steps:
            text = texts.apps([(shown, target)], parts, now=5.0)
            assert json.loads(text) == [shown_app(shown, target, parts, 5.0)]
            assert list(json.loads(text)[0]) == list(shown_app(shown, target, parts, 5.0))
