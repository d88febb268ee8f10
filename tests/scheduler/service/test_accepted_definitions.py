"""The service's answers to definitions: files as people wrote them, and bodies that are none."""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scheduler.service.serving import Serving, app
from tests.specs.marathon.test_found_apps import expected, files


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(tmp_path_factory.mktemp("state") / "state.sqlite") as found:
        yield found


@pytest.mark.parametrize("path", list(files()))
def test_files_get_the_status_that_is_expected_of_this_service(serving: Serving, path: Path) -> None:
    assert path.exists(), "there are no apps: set MARATHON_APPS"
    value = json.loads(path.read_bytes())
    if isinstance(value, list):
        method, where, created = "PUT", "/v2/apps", 200
    elif "apps" in value or "groups" in value:
        method, where, created = "PUT", "/v2/groups", 200
    else:
        method, where, created = "POST", "/v2/apps", 201
    status, answer, _ = serving.ask(method, f"{where}?force=true", path.read_bytes())
    wanted = expected(path.name)
    number, word = (wanted["status"], wanted["path"]) if isinstance(wanted, dict) else (wanted, "")
    assert status in (created, 422), answer
    assert number in (None, 201 if status == created else status), answer
    assert status == created or any(word in each["path"] for each in answer["details"]), answer
    serving.ask("DELETE", "/v2/groups?force=true")


@pytest.mark.parametrize(("method", "path", "body", "status", "detail"), [
    ("POST", "/v2/apps", b'{"id":', 400, None),
    ("POST", "/v2/apps", b"", 400, None),
    ("POST", "/v2/apps", b"[1]", 422, "/"),
    ("POST", "/v2/apps", b"[" * 100_000, 400, None),
    ("PUT", "/v2/apps", [{"id": "/a", "cpus": "1"}], 422, "(0)/cpus"),
    ("PUT", "/v2/apps", [{"cmd": "true"}], 422, "(0)"),
    ("PUT", "/v2/apps/A", {"cmd": "true"}, 422, "/id"),
    ("PUT", "/v2/groups", {"apps": [app("/x", cpus="1")]}, 422, "/apps(0)/cpus"),
    ("PUT", "/v2/groups", {"apps": [app("/x/y")]}, 422, "/apps(0)/id"),
    ("PUT", "/v2/groups", {"apps": [app("/x", dependencies=["/x"])]}, 422, "/"),
    ("POST", "/v2/groups/g", {"groups": [{"id": "h", "pods": [{}]}]}, 422, "/groups(0)/pods"),
    ("PUT", "/v2/groups/g?dryRun=true", {"apps": 5}, 422, "/apps"),
])
def test_refused_bodies(serving: Serving, method: str, path: str, body: Any, status: int, detail: str | None) -> None:
    found, answer, _ = serving.ask(method, path, body)
    assert found == status, answer
    assert detail is None or detail in {each["path"] for each in answer["details"]}, answer
    assert serving.get("/v2/apps") == {"apps": []}


def test_a_group_is_named_by_its_body_or_by_the_path(serving: Serving) -> None:
    serving.change("PUT", "/v2/groups", {"id": "/one", "apps": [app("a")]})
    serving.change("PUT", "/v2/groups/two", {"apps": [app("a")]})
    serving.change("PUT", "/v2/groups/two", {"id": "/two", "groups": [{"id": "three", "apps": [app("b")]}]})
    assert sorted(each["id"] for each in serving.get("/v2/apps")["apps"]) == ["/one/a", "/two/a", "/two/three/b"]
    status, answer, _ = serving.ask("POST", "/v2/groups/one", {"apps": []})
    assert (status, answer["message"]) == (409, "Group /one is already created. Use PUT to change this group.")
    serving.change("DELETE", "/v2/groups?force=true")


def test_what_was_passed_over_is_in_a_header(serving: Serving) -> None:
    body = b'{"id": "/a", "cmd": "false", "cmd": "sleep 1000", "acme": 1}'
    status, answer, headers = serving.ask("POST", "/v2/apps", body)
    assert status == 201, answer
    assert json.loads(headers["x-mesos-docker-warnings"]) == ["/acme", "/cmd"]
    assert "acme" not in answer
    serving.change("DELETE", "/v2/apps/a")


def test_several_changes_of_one_app_build_on_each_other(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app("/a"))
    serving.change("PUT", "/v2/apps", [{"id": "/a", "instances": 2}, {"id": "a", "mem": 64}])
    found = serving.get("/v2/apps//a/")["app"]
    assert (found["instances"], found["mem"]) == (2, 64)
    serving.change("DELETE", "/v2/apps/a")
