"""Paths as clients write them: slashes doubled, trailing and encoded, prefixes, and ids that look like versions."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scheduler.api.routes import matched
from scheduler.api.server import plain_path
from tests.scheduler.service.serving import Serving, app


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(tmp_path_factory.mktemp("state") / "state") as found:
        found.change("PUT", "/v2/groups", {"apps": [app("web")], "groups": [
            {"id": "2nd", "apps": [app("a")]}, {"id": "team", "groups": [{"id": "inner", "apps": [app("b")]}]}]})
        yield found


@pytest.mark.parametrize("path", [
    "/v2/apps/web", "/v2/apps//web", "/v2/apps/web/", "/v2/apps/%2Fweb", "//v2//apps/web//"])
def test_an_app_is_found_however_its_slashes_are_written(serving: Serving, path: str) -> None:
    assert serving.get(path)["app"]["id"] == "/web"


@pytest.mark.parametrize("path", [
    "/v2/apps/team/inner/b/tasks/", "/v2/apps//team/inner/b/tasks", "/v2/apps/%2Fteam%2Finner%2Fb/tasks",
    "/v2/apps/team/*/tasks"])
def test_tasks_are_found_however_the_slashes_of_their_app_are_written(serving: Serving, path: str) -> None:
    assert [each["appId"] for each in serving.get(path)["tasks"]] == ["/team/inner/b"]


@pytest.mark.parametrize(("path", "found"), [
    ("/v2/groups", "/"), ("/v2/groups/", "/"), ("/v2/groups//", "/"), ("/v2/groups/%2F", "/"),
    ("/v2/groups/team", "/team"), ("/v2/groups//team/inner/", "/team/inner"), ("/v2/groups/2nd", "/2nd")])
def test_a_group_is_found_however_its_slashes_are_written(serving: Serving, path: str, found: str) -> None:
    assert serving.get(path)["id"] == found


def test_a_change_by_a_path_with_more_slashes_is_no_redirect(serving: Serving) -> None:
    for path in ("/v2/apps//web/", "/v2/apps//", "/v2/groups//"):
        body = [{"id": "/web", "instances": 1}] if path.endswith("apps//") else {"instances": 1}
        status, answer, _ = serving.ask("PUT", path, {} if "groups" in path else body)
        assert (status, set(answer)) == (200, {"version", "deploymentId"}), path


def test_a_path_is_decoded_once() -> None:
    assert matched("/v2/apps/{id*}", plain_path("/v2/apps//%41/")) == ("%41",)


def test_a_group_whose_name_begins_as_a_version_is_itself(tmp_path: Path) -> None:
    with Serving(tmp_path / "state") as serving:
        serving.change("PUT", "/v2/groups", {"apps": [app("web")], "groups": [{"id": "2nd", "apps": [app("a")]}]})
        version = serving.get("/v2/groups/2nd/versions")[0]
        assert serving.get(f"/v2/groups/2nd/versions/{version}")["id"] == "/2nd"
        assert serving.get(f"/v2/groups/versions/{version}")["id"] == "/"
        serving.change("DELETE", "/v2/groups/2nd")
        assert [each["id"] for each in serving.get("/v2/apps")["apps"]] == ["/web"]


@pytest.mark.parametrize("path", ["/v2/groups/..", "/v2/groups/team/..", "/v2/groups/%2e%2e"])
def test_nothing_is_removed_above_the_group_that_is_named(serving: Serving, path: str) -> None:
    assert serving.ask("DELETE", path)[0] == 404
    assert len(serving.get("/v2/apps")["apps"]) == 3


def test_a_prefix_may_stand_before_all_paths(tmp_path: Path) -> None:
    with Serving(tmp_path / "state", prefix="/service/marathon/") as serving:
        serving.change("POST", "/service/marathon/v2/apps", app())
        assert serving.get("/service/marathon/v2/apps/web") == serving.get("/v2/apps/web")
        assert serving.get("/service/marathon//ping") == "pong"
        assert serving.ask("GET", "/service/marathonish/v2/apps")[0] == 404
