"""Real app definitions, as people wrote them; MARATHON_APPS names another folder of the same form."""
from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from specs.marathon.app import App
from specs.marathon.definitions import Config, read_app
from specs.marathon.errors import MarathonError
from specs.marathon.group import Group
from specs.marathon.groups import applied, read_group
from specs.marathon.rendering import app_json

FOLDER = Path(os.environ.get("MARATHON_APPS", Path(__file__).parents[4] / "shared" / "marathon-apps"))
EVERYTHING = Config(frozenset({"secrets", "external_volumes", "gpu_resources"}))


def files() -> list[Path]:
    found = sorted(path for path in FOLDER.glob("*.json") if path.name != "expected.json")
    assert found, f"there are no apps in {FOLDER}"
    return found


def expected() -> dict[str, Any]:
    path = FOLDER / "expected.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def read(value: Any) -> list[App]:
    if isinstance(value, list):
        return [app for each in value for app in read(each)]
    if isinstance(value, dict) and ("apps" in value or "groups" in value):
        return list(applied(Group(), read_group(value, EVERYTHING), None).all_apps())
    return [read_app(value, EVERYTHING).app]


@pytest.mark.parametrize("path", [pytest.param(each, id=f"marathon-{each.stem}") for each in files()])
def test_it_is_accepted_or_refused_for_a_reason(path: Path) -> None:
    outcome = expected().get(path.name)
    status = outcome["status"] if isinstance(outcome, dict) else outcome
    value = json.loads(path.read_text())
    apps, why = tried(value)
    if status == 201 or isinstance(outcome, dict):
        assert why is None
    if status == 422 and not isinstance(outcome, dict):
        assert why is not None
    for app in apps:
        assert read_app(app_json(app), EVERYTHING).app == app
    if isinstance(outcome, dict):  # refused by the service, after what is asked here
        assert any(app.is_resident for app in apps)


def tried(value: Any) -> tuple[list[App], str | None]:
    """The apps, or why they are refused: with a path."""
    try:
        return read(value), None
    except MarathonError as error:
        return [], str(error) if error.details else ""
