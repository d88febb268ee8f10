"""People who steer what is on its way: promotions, changes in the middle of an upgrade, scalings for a while."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scheduler.service.serving import Serving, app

CANARY = {"MESOS_DOCKER_CANARY": "1"}


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with Serving(tmp_path / "state") as found:
        yield found


def upgraded(serving: Serving, **more: object) -> str:
    """The id of a deployment whose canary waits to be promoted."""
    _, answer, _ = serving.ask("PUT", "/v2/apps/web", {"env": {"A": "1"}, "labels": CANARY, **more})
    serving.wait(lambda: serving.get("/api/v1/overview")["apps"][0]["waitsForPromotion"])
    return str(answer["deploymentId"])


def configs(serving: Serving) -> list[str]:
    return [each.config for each in serving.service.board.instances_of("/web").values()]


@pytest.mark.parametrize(("path", "status", "word"), [
    ("/none", 404, "App '/none' does not exist"), ("/web", 409, "/web is in no deployment"),
    ("/huge", 409, "/huge has no canaries in deployment "), ("/late", 409, " has not come to /late yet")])
def test_what_has_no_canaries_is_not_promoted(serving: Serving, path: str, status: int, word: str) -> None:
    serving.change("POST", "/v2/apps", app())
    serving.change("POST", "/v2/apps", app("/late", dependencies=["/huge"], labels=CANARY))
    serving.ask("PUT", "/v2/apps", [app("/late", labels=CANARY, env={"A": "1"}, dependencies=["/huge"]),
                                    app("/huge", mem=10_000_000)])
    found, answer, _ = serving.ask("POST", f"/api/v1/promote{path}")
    assert found == status
    assert word in str(answer)


def test_canaries_that_do_not_serve_yet_are_not_promoted(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app(instances=3))
    serving.ask("PUT", "/v2/apps/web", {"mem": 10_000_000, "labels": CANARY})
    serving.wait(lambda: serving.get("/api/v1/why?app=web") != [])
    found, answer, _ = serving.ask("POST", "/api/v1/promote/web")
    assert found == 409
    assert "not all canaries of /web serve" in str(answer)


def test_the_only_instance_of_an_app_may_be_a_canary(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app())
    before = set(serving.running("/web"))
    upgraded(serving)
    assert before < set(serving.running("/web"))
    for _ in range(2):
        status, _, _ = serving.ask("POST", "/api/v1/promote/web")
        assert status in (204, 409)
    serving.wait(lambda: not serving.deployments())
    assert len(serving.running("/web")) == 1
    assert not before & set(serving.running("/web"))


def test_a_forced_change_goes_on_with_the_upgrade_that_it_cancels(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app(instances=3))
    deployment = upgraded(serving)
    status, answer, _ = serving.ask("PUT", "/v2/apps/web?force=true", {"instances": 4})
    assert (status, serving.deployments()) == (200, [answer["deploymentId"]])
    assert answer["deploymentId"] != deployment
    assert serving.ask("POST", "/api/v1/promote/web")[0] == 204
    serving.wait(lambda: not serving.deployments())
    assert len(configs(serving)) == 4
    assert len(set(configs(serving))) == 1


def test_a_forced_change_in_an_upgrade_is_taken_back_to_what_was_before_both(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app(instances=3))
    upgraded(serving)
    _, answer, _ = serving.ask("PUT", "/v2/apps/web?force=true", {"instances": 4})
    serving.change("DELETE", f"/v2/deployments/{answer['deploymentId']}")
    found = serving.get("/v2/apps/web")["app"]
    assert (found["instances"], "env" in found) == (3, False)
    assert len(serving.running("/web")) == 3


def test_a_scaling_for_a_while_outlasts_other_changes(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app(instances=1))
    for count in (2, 3):
        serving.change("POST", "/api/v1/scale/web", {"instances": count, "seconds": 2})
    serving.change("PUT", "/v2/apps/web", {"env": {"A": "1"}})
    serving.wait(lambda: serving.get("/v2/apps/web")["app"]["instances"] == 1)
    serving.wait(lambda: len(serving.running("/web")) == 1)


def test_a_scaling_for_a_while_waits_for_an_upgrade(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app(instances=1))
    serving.change("POST", "/api/v1/scale/web", {"instances": 2, "seconds": 0.5})
    deployment = upgraded(serving)
    assert serving.deployments() == [deployment]
    serving.wait(lambda: serving.get("/v2/apps/web")["app"]["instances"] in (1, 2))
    assert serving.ask("POST", "/api/v1/promote/web")[0] == 204
    serving.wait(lambda: len(serving.running("/web")) == 1 and not serving.deployments())
    assert serving.get("/v2/apps/web")["app"]["env"] == {"A": "1"}


def test_whoever_says_a_count_ends_a_scaling_for_a_while(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app(instances=1))
    serving.change("POST", "/api/v1/scale/web", {"instances": 2, "seconds": 1000})
    overview, = serving.get("/api/v1/overview")["apps"]
    back = overview["scaleBack"]
    assert back["instances"] == 1
    for path in ("/v2/apps", "/v2/apps/web"):
        shown, plain = (serving.get(f"{path}{query}") for query in ("?embed=apps.scaleBack", ""))
        shown, plain = shown.get("app") or shown["apps"][0], plain.get("app") or plain["apps"][0]
        assert shown.pop("scaleBack") == back
        assert shown == plain  # Marathon's clients take no key that they do not know
    serving.change("POST", "/api/v1/scale/web", {"instances": 2})
    assert serving.get("/api/v1/overview")["apps"][0]["scaleBack"] is None
    assert "scaleBack" not in serving.get("/v2/apps/web?embed=apps.scaleBack")["app"]


def test_a_whole_definition_goes_on_with_what_was_stopped(serving: Serving) -> None:
    serving.change("POST", "/v2/apps", app(instances=3))
    serving.ask("DELETE", f"/v2/deployments/{upgraded(serving)}?force=true")
    assert len(set(configs(serving))) == 2
    serving.change("PUT", "/v2/apps/web", {"instances": 3})
    assert len(set(configs(serving))) == 2  # what was stopped stays so, unless somebody says all
    whole = app(instances=3, env={"A": "1"}, labels=CANARY)
    group = {"groups": [{"id": "inner", "groups": []}], "apps": [whole]}
    for each in (whole, [whole], group):
        [row] = serving.ask("POST", "/api/v1/plan", each)[1]["apps"]
        assert (row["id"], row["action"]) == ("/web", "RestartApplication")
    assert serving.ask("PUT", "/v2/groups?dryRun=true", group)[1]["steps"]
    serving.ask("PUT", "/v2/apps/web?partialUpdate=false", whole)
    assert serving.ask("POST", "/api/v1/promote/web")[0] == 204
    serving.wait(lambda: not serving.deployments())
    assert len(set(configs(serving))) == 1
    assert serving.ask("POST", "/api/v1/plan", whole)[1]["steps"] == []


def test_another_one_first_is_refused_where_there_is_no_room_for_it(serving: Serving) -> None:
    strategy = {"minimumHealthCapacity": 0, "maximumOverCapacity": 0.4}
    serving.change("POST", "/v2/apps", app(instances=2, upgradeStrategy=strategy))
    task = serving.running("/web")[0]
    status, answer, _ = serving.ask("DELETE", f"/v2/apps/web/tasks/{task}?replaceFirst=true")
    assert status == 409
    assert answer["message"].endswith("leaves no room for another one first: maximumOverCapacity 0.4 of 2")
    assert serving.ask("DELETE", f"/v2/apps/web/tasks/{task}?replaceFirst=true&scale=true")[0] == 400
    serving.change("PUT", "/v2/apps/web", {"instances": 3})
    assert serving.ask("DELETE", f"/v2/apps/web/tasks/{task}?replaceFirst=true")[0] == 200
    serving.wait(lambda: task not in serving.running("/web") and len(serving.running("/web")) == 3)
