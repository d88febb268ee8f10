"""Each change keeps who asked for it, when, from where and why: with the version that it makes, else as an event."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scheduler.api.access import Access, Role, read_credentials
from tests.scheduler.api.streaming import EventStream
from tests.scheduler.service.serving import Serving, app

ALICE = {"Authorization": "Basic YWxpY2U6c2VjcmV0LXdvcmQ=", "X-Mesos-Docker-Why": "it is Monday"}


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    access = Access({"t": Role.READ}, read_credentials("alice:secret-word\n"))
    with Serving(tmp_path_factory.mktemp("state") / "state", access=access) as found:
        found.headers = ALICE
        yield found


def asked(serving: Serving, after: int, count: int) -> list[tuple[str, str]]:
    """What is kept of the changes behind an event, which all were of one person and for one reason."""
    path = "/api/v1/events?event_type=mesos_docker_asked"
    found: list[tuple[str, str]] = []
    with EventStream(serving.port, path, {**ALICE, "Last-Event-ID": str(after)}) as stream:
        assert stream.event()["eventType"] == "event_stream_attached"
        while len(found) < count:
            event = stream.event()
            assert (event["user"], event["address"], event["why"]) == ("alice", "127.0.0.1", "it is Monday")
            assert event["timestamp"]
            found.append((event["method"], event["uri"]))
    return found


def test_each_change_says_who_asked_for_it(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app("/web", instances=3))
    serving.change("POST", "/v2/apps", app("/other"))
    begin = serving.service.events.last
    [first, *_] = serving.running("/web")
    kills: list[tuple[str, str, Any]] = [
        ("DELETE", f"/v2/apps/web/tasks/{first}", None), ("POST", "/v2/tasks/delete", {"ids": []})]
    for method, path, body in kills:
        assert serving.ask(method, path, body)[0] == 200
    changed = {"cmd": "sleep 7", "labels": {"MESOS_DOCKER_CANARY": "1"}}
    assert serving.ask("PUT", "/v2/apps/web?force=true", changed)[0] == 200  # makes a version
    [deployment] = serving.deployments()
    steering: list[tuple[str, str, Any]] = [
        ("POST", f"/api/v1/deployments/{deployment}/pause", None),
        ("POST", f"/api/v1/deployments/{deployment}/resume", None)]
    for method, path, body in steering:
        assert serving.ask(method, path, body)[0] == 204, path
    promote = ("POST", "/api/v1/promote/web", None)
    serving.wait(lambda: serving.ask(*promote)[0] == 204)  # its canary serves
    serving.wait(lambda: not serving.deployments())
    assert serving.ask("PUT", "/v2/apps/web?force=true", {"cpus": 9_000_000})[0] == 200  # as above
    [deployment] = serving.deployments()
    serving.wait(lambda: serving.service.view.apps["/web"].waits > 0)
    rest: list[tuple[str, str, Any]] = [
        ("DELETE", "/v2/queue/web/delay", None), ("DELETE", f"/v2/deployments/{deployment}", None),
        ("DELETE", "/v2/apps/other", None), ("DELETE", "/v2/groups/?force=true", None),
        ("POST", "/api/v1/losses/lift", None)]
    for method, path, body in rest:
        assert serving.ask(method, path, body)[0] in (200, 204), path
    rest.pop(1)  # makes versions
    everything = [*kills, *steering, promote, *rest]
    assert asked(serving, begin, len(everything)) == [(method, path) for method, path, _ in everything]


def test_a_kill_that_scales_down_makes_a_version_with_its_author(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app("/less", instances=2))
    [one, _] = serving.running("/less")
    serving.change("DELETE", f"/v2/apps/less/tasks/{one}?scale=true")
    newest = serving.get("/api/v1/versions/less")[0]
    assert (newest["user"], newest["address"], newest["why"]) == ("alice", "127.0.0.1", "it is Monday")


def test_what_is_refused_is_no_change(serving: Serving) -> None:
    begin = serving.service.events.last
    assert serving.ask("DELETE", "/v2/apps/nothing")[0] == 404
    assert serving.ask("DELETE", "/v2/deployments/nothing")[0] == 404
    assert serving.ask("DELETE", "/v2/groups/nothing")[0] == 404
    assert serving.service.events.last == begin
