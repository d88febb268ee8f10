"""Real app definitions, as people wrote them; MARATHON_APPS names another folder of the same form."""
from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specs.marathon.app import App
from specs.marathon.definitions import Config, read_app, updated_app
from specs.marathon.errors import MarathonError
from specs.marathon.forms.text import parse
from specs.marathon.group import Group
from specs.marathon.groups import applied, judge_tree, read_group
from specs.marathon.rendering import app_json

FOLDER = Path(os.environ.get("MARATHON_APPS") or Path(__file__).resolve().parents[4] / "shared" / "marathon-apps")
EVERYTHING = Config(frozenset({"secrets", "external_volumes", "gpu_resources"}))


def files() -> Iterator[Any]:
    """All of them; or, where there is no folder, one that says so."""
    found = sorted(path for path in FOLDER.glob("*.json") if path.name != "expected.json")
    for path in found or [FOLDER / "nothing.json"]:
        yield pytest.param(path, id=f"marathon-{path.stem}")


def expected(name: str) -> Any:
    """A status, {status, path}, or None: either, as long as the answer says why."""
    path = FOLDER / "expected.json"
    return json.loads(path.read_text()).get(name) if path.exists() else None


def read(value: Any, config: Config) -> list[App]:
    """The apps of a file, as POST of an app, PUT of several, or PUT of a group takes it."""
    if isinstance(value, list):
        return [read_app(each, config).app for each in value]
    if isinstance(value, dict) and ("apps" in value or "groups" in value):
        group = applied(read_group(value, config, default_id="/"), None)
        judge_tree(group if group.id == "/" else Group(groups={group.id: group}))
        return list(group.all_apps())
    return [read_app(value, config).app]


def outcome(path: Path, config: Config) -> tuple[int, list[App], dict[str, tuple[str, ...]]]:
    """The status, the apps, and what is wrong with them by path."""
    try:
        return 201, read(parse(path.read_bytes()).value, config), {}
    except MarathonError as error:
        return error.status, [], {each.path: each.errors for each in error.details or () if not isinstance(each, str)}


@pytest.mark.parametrize("path", list(files()))
def test_it_is_accepted_or_refused_for_a_reason(path: Path) -> None:
    assert path.exists(), f"there are no apps in {FOLDER}: set MARATHON_APPS"
    wanted = expected(path.name)
    status, word = (wanted["status"], wanted["path"]) if isinstance(wanted, dict) else (wanted, "")
    found, apps, problems = outcome(path, EVERYTHING)
    assert status in (None, found), problems
    assert found == 201 or any(word in each for each in problems), problems
    for app in apps:
        assert updated_app(app_json(app), EVERYTHING, app, app.id, partial=False).app == app


@pytest.mark.parametrize("path", list(files()))
def test_the_service_refuses_nothing_but_persistent_volumes_that_marathon_would_not(path: Path) -> None:
    assert path.exists(), f"there are no apps in {FOLDER}: set MARATHON_APPS"
    by_service = outcome(path, EVERYTHING)[2].keys()
    by_marathon = outcome(path, replace(EVERYTHING, service=False))[2].keys()
    assert {each for each in by_service if not each.endswith("/persistent")} <= by_marathon
