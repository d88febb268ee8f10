"""Apps kept running on a master in memory: deployed, upgraded, ended from outside, and taken over after a stop."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scheduler.service.serving import Serving, app


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with Serving(tmp_path / "state") as found:
        yield found


def test_an_app_runs_is_scaled_and_goes(serving: Serving) -> None:
    answer = serving.change("POST", "/v2/apps", app(instances=3))
    assert (answer["tasksRunning"], len(answer["deployments"])) == (0, 1)
    first = serving.running("/web")
    assert len(first) == 3
    serving.change("PUT", "/v2/apps/web", {"instances": 5})
    assert set(first) <= set(serving.running("/web"))
    assert len(serving.running("/web")) == 5
    serving.change("PUT", "/v2/apps/web", {"instances": 1})
    assert len(serving.running("/web")) == 1
    serving.change("DELETE", "/v2/apps/web")
    assert serving.ask("GET", "/v2/apps/web")[0] == 404
    serving.wait(lambda: not serving.service.board.states)
    assert len(serving.master.killed) >= 5


def test_agents_are_known_before_the_first_app(serving: Serving) -> None:
    serving.wait(lambda: {each["host"] for each in serving.get("/api/v1/agents")} >= {"host0", "host1"})


def test_an_upgrade_replaces_all(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app(instances=4))
    before = set(serving.running("/web"))
    serving.change("PUT", "/v2/apps/web", {"env": {"A": "1"}})
    assert not before & set(serving.running("/web"))
    assert len(serving.running("/web")) == 4
    info = serving.get("/v2/apps/web")["app"]["versionInfo"]
    assert info["lastConfigChangeAt"] == info["lastScalingAt"]


def test_a_killed_task_is_replaced(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app(instances=2))
    victim, other = serving.running("/web")
    status, body, _ = serving.ask("DELETE", f"/v2/apps/web/tasks/{victim}")
    assert (status, body["task"]["id"]) == (200, victim)
    serving.wait(lambda: len(serving.running("/web")) == 2 and victim not in serving.running("/web"))
    assert other in serving.running("/web")
    [ended] = serving.get("/api/v1/history/web")
    assert (ended["taskId"], ended["asked"]) == (victim, "asked for")


def test_everything_is_there_after_a_stop(tmp_path: Path) -> None:
    with Serving(tmp_path / "state") as first:
        first.change("POST", "/v2/apps", app(instances=2, labels={"a": "b"}))
        first.change("PUT", "/v2/groups/team", {"apps": [app("one"), app("two", dependencies=["one"])]})
        tasks = {name: set(first.running(name)) for name in ("/web", "/team/one", "/team/two")}
        shown = first.get("/v2/apps/web")["app"]
        last = first.service.events.last
    with Serving(tmp_path / "state") as second:
        assert {name: set(second.running(name)) for name in tasks} == tasks
        assert second.get("/v2/apps/web")["app"] == shown
        assert second.service.events.last >= last
        assert second.master.launched == 0


def test_an_app_that_fits_nowhere_waits_and_says_why(serving: Serving) -> None:
    serving.ask("POST", "/v2/apps", app("/huge", mem=10_000_000, instances=1000))
    serving.change("POST", "/v2/apps", app("/small"))
    [waiting] = serving.get("/v2/queue")["queue"]
    assert (waiting["app"]["id"], waiting["count"]) == ("/huge", 1000)
    summary = {row["reason"]: row["declined"] for row in waiting["processedOffersSummary"]["rejectSummaryLastOffers"]}
    assert summary["InsufficientMemory"] > 0
    reasons = [reason for each in serving.get("/api/v1/why?app=/huge") for reason in each["reasons"]]
    assert any("free" in (reason["hint"] or "") for reason in reasons)


def test_a_second_change_is_refused_unless_it_is_forced(serving: Serving) -> None:
    _, body, _ = serving.ask("POST", "/v2/apps", app("/huge", mem=10_000_000))
    deployment = body["deployments"][0]["id"]
    status, refusal, _ = serving.ask("PUT", "/v2/apps/huge", {"instances": 2})
    assert (status, refusal["deployments"]) == (409, [{"id": deployment}])
    serving.change("PUT", "/v2/apps/huge?force=True", {"mem": 32, "instances": 2})
    assert len(serving.running("/huge")) == 2


def test_a_deployment_is_rolled_back(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app(instances=2))
    before = set(serving.running("/web"))
    _, answer, _ = serving.ask("PUT", "/v2/apps/web", {"mem": 10_000_000})
    serving.change("DELETE", f"/v2/deployments/{answer['deploymentId']}")
    assert set(serving.running("/web")) == before
    assert serving.get("/v2/apps/web")["app"]["mem"] == 32


def test_a_group_is_replaced_and_removed(serving: Serving) -> None:
    serving.change("PUT", "/v2/groups", {"id": "/", "groups": [{"id": "a", "apps": [app("x"), app("y")]}]})
    assert {each["id"] for each in serving.get("/v2/apps")["apps"]} == {"/a/x", "/a/y"}
    serving.change("PUT", "/v2/groups/a", {"apps": [app("x", instances=2)]})
    assert {each["id"] for each in serving.get("/v2/apps")["apps"]} == {"/a/x"}
    serving.change("DELETE", "/v2/groups/a")
    assert serving.get("/v2/apps")["apps"] == []
    assert serving.get("/v2/groups")["groups"] == []


def test_a_version_comes_back(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app(env={"V": "1"}))
    serving.change("PUT", "/v2/apps/web", {"env": {"V": "2"}})
    newest, oldest = serving.get("/v2/apps/web/versions")["versions"]
    assert newest > oldest
    serving.change("PUT", "/v2/apps/web", {"version": oldest})
    assert serving.get("/v2/apps/web")["app"]["env"] == {"V": "1"}
