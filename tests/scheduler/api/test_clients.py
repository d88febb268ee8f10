"""What Marathon's clients rely on without saying so: the keys that they hand to constructors, and how they ask."""
from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.scheduler.service.serving import Serving, app

APP = {
    "acceptedResourceRoles", "args", "backoffFactor", "backoffSeconds", "cmd", "constraints", "container",
    "cpus", "dependencies", "deployments", "disk", "env", "executor", "fetch", "gpus", "healthChecks", "id",
    "instances", "ipAddress", "killSelection", "labels", "lastTaskFailure", "maxLaunchDelaySeconds", "mem",
    "networks", "portDefinitions", "ports", "readinessChecks", "readinessCheckResults", "requirePorts",
    "residency", "role", "secrets", "storeUrls", "taskKillGracePeriodSeconds", "taskRateLimit", "tasks",
    "tasksHealthy", "tasksRunning", "tasksStaged", "tasksUnhealthy", "taskStats", "unreachableStrategy",
    "upgradeStrategy", "uris", "user", "version", "versionInfo"}
TASK = {
    "appId", "healthCheckResults", "host", "id", "ipAddresses", "localVolumes", "ports", "region", "role",
    "servicePorts", "slaveId", "stagedAt", "startedAt", "state", "version", "zone"}
RESULT = {
    "alive", "consecutiveFailures", "firstSuccess", "instanceId", "lastFailure", "lastFailureCause",
    "lastSuccess", "taskId"}
FAILURE = {
    "appId", "host", "instanceId", "message", "slaveId", "state", "taskId", "timestamp", "version"}
DEPLOYMENT = {
    "affectedApps", "affectedPods", "currentActions", "currentStep", "id", "steps", "totalSteps", "version"}
ACTION = {"action", "app", "apps", "pod", "readinessCheckResults", "type"}
WAITING = {"app", "count", "delay", "lastUnusedOffers", "overdue", "processedOffersSummary", "since"}
GROUP = {"apps", "dependencies", "groups", "id", "pods", "version"}
CONTAINER = {"docker", "portMappings", "type", "volumes"}
MAPPING = {"containerPort", "hostPort", "labels", "name", "protocol", "servicePort"}
VOLUME = {"containerPath", "external", "hostPath", "mode", "persistent"}
INFO = {
    "buildref", "elected", "eventSubscriber", "frameworkId", "httpConfig", "leader", "marathonConfig", "name",
    "version", "zookeeperConfig"}
WHOLE = "embed=apps.tasks&embed=app.lastTaskFailure&embed=apps.taskStats&embed=readiness&embed=nonsense"


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """With an app that has everything, whose check is good, and which has failed once; and one that waits."""
    with Serving(tmp_path_factory.mktemp("state") / "state") as found:
        body = app("/web", healthChecks=[{"protocol": "MESOS_HTTP", "path": "/", "portIndex": 0}], container={
            "type": "DOCKER", "docker": {"image": "busybox", "parameters": [{"key": "a", "value": "b"}]},
            "volumes": [{"containerPath": "/a", "hostPath": "/b", "mode": "RO"}],
            "portMappings": [{"containerPort": 80, "name": "http", "labels": {"a": "b"}}]},
            networks=[{"mode": "container/bridge"}], env={"A": "1"}, constraints=[["hostname", "UNLIKE", "x"]])
        found.ask("POST", "/v2/apps", body)
        found.wait(lambda: len(found.running("/web")) == 1)
        found.master.update(found.running("/web")[0], "TASK_FAILED", message="it fell")
        found.wait(lambda: "lastTaskFailure" in found.get("/v2/apps/web")["app"] and len(found.running("/web")) == 1)
        found.master.update(found.running("/web")[0], "TASK_RUNNING", healthy=True)
        found.wait(lambda: found.get("/v2/deployments") == [])
        found.change("PUT", "/v2/groups/team", {"apps": [app("a")], "groups": [{"id": "inner", "apps": [app("b")]}]})
        found.ask("POST", "/v2/apps", app("/huge", mem=10_000_000, instances=2))
        yield found


def only(found: Iterable[str], allowed: set[str]) -> None:
    assert set(found) <= allowed, set(found) - allowed


def check_app(found: dict[str, Any]) -> None:
    only(found, APP)
    for task in found.get("tasks", ()):
        check_task(task)
    only(found.get("lastTaskFailure", ()), FAILURE)
    container = found.get("container", {})
    only(container, CONTAINER)
    for mapping in container.get("portMappings", ()):
        only(mapping, MAPPING)
    for volume in container.get("volumes", ()):
        only(volume, VOLUME)
    only(found.get("taskStats", ()), {"startedAfterLastScaling", "withLatestConfig", "withOutdatedConfig",
                                      "totalSummary"})
    assert isinstance(found["labels"], dict)


def check_task(task: dict[str, Any]) -> None:
    only(task, TASK)
    for result in task["healthCheckResults"]:
        only(result, RESULT)


def test_apps_and_tasks_have_no_keys_that_clients_do_not_know(serving: Serving) -> None:
    apps = serving.get(f"/v2/apps?{WHOLE}")["apps"]
    assert {each["id"] for each in apps} == {"/web", "/team/a", "/team/inner/b", "/huge"}
    web = next(each for each in apps if each["id"] == "/web")
    assert {"tasks", "lastTaskFailure", "taskStats", "readinessCheckResults", "deployments"} <= web.keys()
    assert web["tasks"][0]["healthCheckResults"][0]["alive"] is True
    for each in [*apps, serving.get(f"/v2/apps/web?{WHOLE}")["app"]]:
        check_app(each)
    for task in [*serving.get("/v2/tasks")["tasks"], *serving.get("/v2/apps/web/tasks")["tasks"]]:
        check_task(task)


def test_groups_deployments_queue_and_info_have_no_keys_that_clients_do_not_know(serving: Serving) -> None:
    def check(group: dict[str, Any]) -> None:
        only(group, GROUP)
        for each in group["apps"]:
            check_app(each)
        for inner in group["groups"]:
            check(inner)

    check(serving.get("/v2/groups"))
    [deployment] = serving.get("/v2/deployments")
    only(deployment, DEPLOYMENT)
    for action in deployment["currentActions"]:
        only(action, ACTION)
    [waiting] = serving.get("/v2/queue?embed=lastUnusedOffers")["queue"]
    only(waiting, WAITING)
    only(waiting["delay"], {"overdue", "timeLeftSeconds"})
    check_app(waiting["app"])
    only((re.sub(r"_(\w)", lambda found: found[1].upper(), key) for key in serving.get("/v2/info")), INFO)


def test_what_is_always_there_is_there(serving: Serving) -> None:
    for each in serving.get("/v2/apps?embed=apps.tasks")["apps"]:
        assert {"labels", "tasks", "deployments", "instances"} <= each.keys()
        for task in each["tasks"]:
            assert {"id", "host", "ports", "servicePorts", "ipAddresses", "healthCheckResults"} <= task.keys()
    assert serving.get("/v2/groups/team/inner")["groups"] == []


def test_nothing_is_null_and_whole_numbers_are_integers(serving: Serving) -> None:
    floats = {"cpus", "mem", "disk", "backoffFactor", "minimumHealthCapacity", "maximumOverCapacity", "averageSeconds",
              "medianSeconds"}

    def check(value: Any, key: str) -> None:
        assert value is not None, key
        assert not isinstance(value, float) or key in floats, key
        for name, inner in value.items() if isinstance(value, dict) else ((key, each) for each in value) if isinstance(
                value, list) else ():
            check(inner, name)

    for path in (f"/v2/apps?{WHOLE}", "/v2/groups", "/v2/tasks", "/v2/deployments", "/v2/queue", "/v2/info"):
        check(serving.get(path), path)


@pytest.mark.parametrize("word", ["True", "true", "TRUE", "1"])
def test_flags_are_true_in_any_case(serving: Serving, word: str) -> None:
    assert serving.ask("PUT", "/v2/apps/huge", {"env": {"WORD": word}})[0] == 409
    assert serving.ask("PUT", f"/v2/apps/huge?force={word}", {"env": {"WORD": word}})[0] == 200
    assert serving.ask("DELETE", f"/v2/apps/huge/tasks?scale={word}&wipe={word}")[0] == 400


def test_flags_are_false_in_any_case(serving: Serving) -> None:
    assert serving.ask("PUT", "/v2/apps/huge?force=False", {"cpus": 0.3})[0] == 409
    assert serving.ask("DELETE", "/v2/apps/huge/tasks?scale=False&wipe=False&force=False")[0] == 200


@pytest.mark.parametrize(("accept", "answer", "media_type"), [
    ("application/json", '"pong"', "application/json"), ("*/*", "pong", "text/plain"),
    ("text/plain", "pong", "text/plain"), ("text/html, */*;q=0.1", "pong", "text/plain")])
def test_ping_answers_in_the_form_that_is_accepted(serving: Serving, accept: str, answer: str, media_type: str) -> None:
    status, body, headers = serving.ask("GET", "/ping", headers={"Accept": accept})
    assert (status, body) == (200, json.loads(answer) if answer.startswith('"') else answer)
    assert headers["content-type"].startswith(media_type)


def test_an_app_as_get_shows_it_may_be_sent_back(serving: Serving) -> None:
    shown = serving.get(f"/v2/apps/web?{WHOLE}")["app"]
    tasks = serving.running("/web")
    for version in (True, False):
        body = shown if version else {key: value for key, value in shown.items() if key != "version"}
        for partial in ("true", "false"):
            status, _, headers = serving.ask("PUT", f"/v2/apps/web?partialUpdate={partial}", body)
            assert (status, headers.get("x-mesos-docker-warnings")) == (200, None)
            assert serving.ask("PUT", "/v2/apps", [body])[0] == 200
    again = serving.get(f"/v2/apps/web?{WHOLE}")["app"]
    assert {key: value for key, value in again.items() if key != "taskStats"} == {
        key: value for key, value in shown.items() if key != "taskStats"}
    assert serving.running("/web") == tasks


def test_a_version_alone_goes_back_to_it(serving: Serving) -> None:
    before = serving.get("/v2/apps/team/a")["app"]
    serving.change("PUT", "/v2/apps/team/a", {"env": {"B": "2"}})
    serving.change("PUT", "/v2/apps/team/a", {"version": before["version"]})
    assert "env" not in serving.get("/v2/apps/team/a")["app"]


def test_changes_answer_what_pollers_read(serving: Serving) -> None:
    status, body, headers = serving.ask("POST", "/v2/apps", app("/polled", mem=10_000_000))
    [deployment] = body["deployments"]
    assert (status, headers["marathon-deployment-id"]) == (201, deployment["id"])
    assert headers["location"] == "/v2/apps/polled"
    assert deployment["id"] in {each["id"] for each in serving.get("/v2/deployments")}
    status, refused, _ = serving.ask("PUT", "/v2/apps/polled", {"mem": 32})
    assert (status, refused["deployments"]) == (409, [{"id": deployment["id"]}])
    status, body, headers = serving.ask("PUT", "/v2/apps/polled?force=true", {"mem": 32})
    assert (status, set(body)) == (200, {"deploymentId", "version"})
    assert headers["marathon-deployment-id"] == body["deploymentId"]
    serving.wait(lambda: body["deploymentId"] not in {each["id"] for each in serving.get("/v2/deployments")})
    serving.change("DELETE", "/v2/apps/polled")


@pytest.mark.parametrize("authorization", [
    "Basic " + base64.b64encode(b"None:None").decode(), "Basic " + base64.b64encode(b":").decode(), "token=abc",
    "Bearer x", "Basic !!!", "Negotiate", ""])
def test_meaningless_credentials_do_not_matter_where_none_are_asked_for(serving: Serving, authorization: str) -> None:
    assert serving.ask("GET", "/v2/apps", headers={"Authorization": authorization})[0] == 200


@pytest.mark.parametrize("body", [None, b"{}", b"", b"no json"])
def test_bodies_where_none_belong_do_not_matter(serving: Serving, body: bytes | None) -> None:
    assert serving.ask("GET", "/v2/apps/web", body)[0] == 200
    assert serving.ask("HEAD", "/v2/apps/web", body)[0] == 200
    assert serving.ask("DELETE", "/v2/apps/web/tasks?host=nowhere", body)[0] == 200


def test_pods_are_none(serving: Serving) -> None:
    assert serving.get("/v2/pods") == serving.get("/v2/pods/::status") == []
    status, _, headers = serving.ask("HEAD", "/v2/pods")
    assert (status, headers["allow"]) == (405, "GET")
    assert serving.ask("GET", "/v2/pods/a")[0] == 404


@pytest.mark.parametrize(("method", "path", "body", "status", "answer"), [
    ("GET", "/v2/apps/none", None, 404, {"message": "App '/none' does not exist", "details": []}),
    ("GET", "/v2/groups/none", None, 404, {"message": "Group '/none' does not exist", "details": []}),
    ("DELETE", "/v2/deployments/none", None, 404, {"message": "DeploymentPlan none does not exist", "details": []}),
    ("POST", "/v2/apps", b"", 400, {"message": "Please specify data in JSON format"}),
    ("POST", "/v2/apps", {"id": "/x", "cpus": "1"}, 422, {
        "message": "Invalid JSON", "details": [{"path": "/cpus", "errors": ["error.expected.jsnumber"]}]}),
    ("POST", "/v2/apps", {"id": "/x", "cmd": "ab", "args": ["c"]}, 422, {
        "message": "Object is not valid", "details": [{"path": "/", "errors": [
            "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'."]}]}),
    ("POST", "/v2/apps", app("/web"), 409, {"message": "An app with id [/web] already exists."})])
def test_errors_have_marathons_form(serving: Serving, method: str, path: str, body: Any, status: int,
                                    answer: dict[str, Any]) -> None:
    assert serving.ask(method, path, body)[:2] == (status, answer)


def test_every_answer_has_the_headers_that_clients_read(serving: Serving) -> None:
    for path in ("/v2/apps", "/v2/apps/none", "/ping", "/v2/nothing"):
        _, _, headers = serving.ask("GET", path)
        assert headers["x-marathon-leader"] == serving.url()
        assert headers["cache-control"] == "no-cache, no-store, must-revalidate"
    assert serving.get("/v2/leader")["leader"] == serving.url().removeprefix("http://")
