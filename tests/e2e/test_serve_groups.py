"""`deploy FILE` of a group: made, planned, changed and taken away as a whole, with real containers."""
from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.served import Served, app, serving


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as found:
        yield found


def tasks(served: Served) -> dict[str, list[str]]:
    """The ids of the running tasks of each app."""
    found: dict[str, list[str]] = {}
    for each in served.ask("GET", "/v2/tasks")[1]["tasks"]:
        if each["state"] == "TASK_RUNNING":
            found.setdefault(each["appId"], []).append(each["id"])
    return {name: sorted(ids) for name, ids in found.items()}


def test_a_group_from_its_first_day_to_its_last(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "shop.json"

    def write(group: Mapping[str, Any]) -> None:
        file.write_text("// all of the shop\n" + json.dumps(group))

    shop = {"id": "/shop", "apps": [app("web", instances=2, dependencies=["back/data"])],
            "groups": [{"id": "back", "apps": [app("data"), app("old")]}]}
    write(shop)
    planned = served.command("plan", str(file))
    assert planned.returncode == 1, planned.stderr
    assert planned.stdout.count("new instance ") == 4
    steps = [line for line in planned.stdout.splitlines() if line.startswith("step ")]
    assert "Scale /shop/back/data" in steps[-2]
    assert steps[-1].endswith("Scale /shop/web")  # after what it depends on
    done = served.command("deploy", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    before = tasks(served)
    assert {name: len(ids) for name, ids in before.items()} == {
        "/shop/web": 2, "/shop/back/data": 1, "/shop/back/old": 1}
    assert served.command("plan", str(file)).returncode == 0

    shop["groups"] = [{"id": "back", "apps": [app("data", env={"VERSION": "2"})]}]
    write(shop)
    planned = served.command("plan", str(file), "--output", "json")
    assert planned.returncode == 1
    assert {each["id"]: each["action"] for each in json.loads(planned.stdout)["apps"]} == {
        "/shop/back/data": "RestartApplication", "/shop/back/old": "StopApplication"}
    done = served.command("deploy", str(file), "-m", "the old one is not needed")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "/shop/back/data  1/" in done.stdout
    assert "shop_back_old." in done.stdout  # also what goes is followed
    after = tasks(served)
    assert after.keys() == {"/shop/web", "/shop/back/data"}
    assert after["/shop/web"] == before["/shop/web"]
    assert after["/shop/back/data"] != before["/shop/back/data"]
    served.until(lambda: len(served.containers()) == 3, "the end of the app that is gone")

    status, refused = served.ask("PUT", "/v2/groups", {"id": "/shop", "apps": [app("web", dependencies=["web"])]})
    assert (status, refused["details"][0]["path"]) == (422, "/")
    write({"id": "/shop", "apps": [], "groups": []})
    assert served.command("deploy", str(file)).returncode == 0
    served.until(lambda: served.containers() == {}, "the end of the group's apps")
