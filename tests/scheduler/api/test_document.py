"""The OpenAPI document: valid, and every route, status and field that the service answers with is in it."""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from scheduler.api.access import Access, Role
from tests.scheduler.service.serving import Serving, app

TOKEN = {"Authorization": "Bearer t"}
VERSION = "2020-01-01T00:00:00.000Z"


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """With apps that run, one that waits, one that has failed, one that is being changed, and one in a group."""
    access = Access({"t": Role.WRITE, "r": Role.READ})
    with Serving(tmp_path_factory.mktemp("state") / "state", access=access) as found:
        found.headers = TOKEN
        found.change("PUT", "/v2/groups", {"apps": [app("web", instances=2)], "groups": [
            {"id": "team", "dependencies": ["/web"], "apps": [app("a"), app("b")]}]})
        victim = found.running("/web")[0]
        found.master.update(victim, "TASK_FAILED", message="it fell", reason="REASON_COMMAND_EXECUTOR_FAILED")
        found.wait(lambda: victim not in found.running("/web") and len(found.running("/web")) == 2)
        assert found.ask("POST", "/v2/apps", rich("/rich"))[0] == 201
        found.wait(lambda: len(found.running("/rich")) == 1)
        found.master.update(found.running("/rich")[0], "TASK_RUNNING", healthy=True)
        found.ask("POST", "/v2/apps", app("/huge", mem=10_000_000, instances=2))
        yield found


def rich(name: str) -> dict[str, Any]:
    """An app with whatever an app may have."""
    return app(
        name, args=["sleep", "1"], cmd=None, env={"A": "1"}, labels={"l": "v"}, user="root", gpus=0, tty=True,
        acceptedResourceRoles=["*"], constraints=[["hostname", "LIKE", "host.*"]], dependencies=["/web"],
        fetch=[{"uri": "http://x/a.tgz", "destPath": "b"}], taskKillGracePeriodSeconds=3,
        networks=[{"mode": "container/bridge"}], upgradeStrategy={"minimumHealthCapacity": 0.5,
                                                                  "maximumOverCapacity": 0.5},
        healthChecks=[{"protocol": "COMMAND", "command": {"value": "true"}, "gracePeriodSeconds": 1},
                      {"protocol": "MESOS_HTTP", "path": "/", "portIndex": 0}],
        container={"type": "DOCKER", "docker": {"image": "busybox", "parameters": [{"key": "hostname", "value": "h"}]},
                   "volumes": [{"containerPath": "/a", "hostPath": "/b", "mode": "RO"}],
                   "portMappings": [{"containerPort": 80, "hostPort": 0, "name": "http", "labels": {"p": "q"}}]})


@pytest.fixture(scope="module")
def document(serving: Serving) -> dict[str, Any]:
    found: dict[str, Any] = serving.get("/api/v1/openapi.json")
    return found


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)


def test_the_document_has_each_route_once(serving: Serving, document: dict[str, Any]) -> None:
    routes = [(route.method, route.path.replace("*}", "}")) for route in serving.server.routes]
    assert len(set(routes)) == len(routes)
    assert sorted(routes) == sorted(
        (method.upper(), path) for path, operations in document["paths"].items() for method in operations)


def test_whoever_may_not_ask_is_refused_by_every_route_that_says_so(serving: Serving, document: dict[str, Any]) -> None:
    for route in serving.server.routes:
        status, body, _ = serving.ask(route.method, filled(serving, route.path), headers={"Authorization": ""})
        secured = "security" not in document["paths"][route.path.replace("*}", "}")][route.method.lower()]
        assert (status == 401) == secured, route.path
        check(document, route.method, route.path, status, body)
        if route.writes:
            reading = {"Authorization": "Bearer r"}
            assert serving.ask(route.method, filled(serving, route.path), headers=reading)[0] == 403, route.path


# method, template, query, body, statuses that may come; in an order in which each finds what it needs
CALLS: list[tuple[str, str, str, Any, int]] = [
    ("GET", "/v2/apps", "embed=apps.tasks&embed=apps.lastTaskFailure&embed=apps.taskStats&embed=apps.readiness", None,
     200),
    ("GET", "/v2/apps", "label=a!", None, 422),
    ("GET", "/v2/apps/{id*}", "embed=app.taskStats&embed=app.readiness", None, 200),
    ("GET", "/v2/apps/{id*}/tasks", "", None, 200),
    ("GET", "/v2/apps/{id*}/versions", "", None, 200),
    ("GET", "/v2/apps/{id*}/versions/{version}", "", None, 200),
    ("GET", "/v2/groups", "", None, 200),
    ("GET", "/v2/groups/{id*}", "", None, 200),
    ("GET", "/v2/groups/versions", "", None, 200),
    ("GET", "/v2/groups/versions/{version}", "", None, 200),
    ("GET", "/v2/groups/{id*}/versions", "", None, 200),
    ("GET", "/v2/groups/{id*}/versions/{version}", "", None, 200),
    ("GET", "/v2/tasks", "", None, 200),
    ("GET", "/v2/tasks", "status=other", None, 400),
    ("GET", "/v2/deployments", "", None, 200),
    ("GET", "/v2/queue", "embed=lastUnusedOffers", None, 200),
    ("GET", "/v2/info", "", None, 200),
    ("GET", "/v2/leader", "", None, 200),
    ("GET", "/api/v1/configuration", "", None, 200),
    ("GET", "/v2/plugins", "", None, 200),
    ("GET", "/v2/pods", "", None, 200),
    ("GET", "/v2/pods/::status", "", None, 200),
    ("POST", "/v2/pods", "", {}, 422),
    ("GET", "/api/v1/instances", "", None, 200),
    ("GET", "/api/v1/history/{id*}", "", None, 200),
    ("GET", "/api/v1/versions/{id*}", "", None, 200),
    ("GET", "/api/v1/instances/{instance}/logs", "tail=1", None, 200),
    ("GET", "/api/v1/instances/{instance}/logs", "stream=no", None, 400),
    ("GET", "/api/v1/instances/{instance}/files", "", None, 200),
    ("GET", "/api/v1/instances/{instance}/files/read", "path=stdout", None, 200),
    ("GET", "/api/v1/instances/{instance}/files/read", "path=..", None, 400),
    ("GET", "/api/v1/instances/{instance}/files/download", "path=stdout", None, 200),
    ("POST", "/api/v1/instances/{instance}/exec", "", {"command": ["true"], "tty": True, "columns": 80, "rows": 24},
     201),
    ("POST", "/api/v1/instances/{instance}/exec", "", {"command": []}, 422),
    ("GET", "/api/v1/exec/{id}", "", None, 400),
    ("GET", "/api/v1/exec/{id}/executor", "", None, 400),
    ("GET", "/api/v1/why", "", None, 200),
    ("GET", "/api/v1/agents", "", None, 200),
    ("POST", "/api/v1/agents/{id}/upgrade", "", None, 404),
    ("GET", "/api/v1/openapi.json", "", None, 200),
    ("GET", "/api/v1/overview", "app=/web&app=/rich&app=/nothing", None, 200),
    ("GET", "/api/v1/overview", "", None, 200),
    ("GET", "/api/v1/instances/{id}/events", "", None, 404),
    ("GET", "/api/v1/instances/{instance}/events", "", None, 200),
    ("GET", "/api/v1/session", "", None, 200),
    ("POST", "/api/v1/session", "", {"token": "t"}, 200),
    ("POST", "/api/v1/session", "", {"token": "nobody's"}, 401),
    ("POST", "/api/v1/session", "", {}, 400),
    ("DELETE", "/api/v1/session", "", None, 204),
    ("POST", "/api/v1/session/links", "", None, 201),
    ("GET", "/page/{file*}", "", None, 404),
    ("GET", "/", "", None, 200),
    ("POST", "/api/v1/plan", "", app("/web", instances=3), 200),
    ("POST", "/api/v1/plan", "", {"id": "/web", "cpus": "1"}, 422),
    ("GET", "/api/v1/instances/{instance}/stats", "", None, 200),
    ("GET", "/metrics", "", None, 200),
    ("GET", "/metrics/prometheus", "", None, 200),
    ("GET", "/ping", "", None, 200),
    ("GET", "/healthz", "", None, 200),
    ("GET", "/readyz", "", None, 200),
    ("POST", "/v2/apps", "", app("/new"), 201),
    ("POST", "/v2/apps", "", app("/web"), 409),
    ("POST", "/v2/apps", "", {"id": "/web", "cpus": "1"}, 422),
    ("POST", "/v2/apps", "", b"{", 400),
    ("POST", "/v2/apps", "", b" " * 9_000_000, 413),
    ("PUT", "/v2/apps", "force=true", [{"id": "/new", "instances": 2}], 200),
    ("PATCH", "/v2/apps", "force=true", [{"id": "/new", "instances": 1}], 200),
    ("PATCH", "/v2/apps", "", [{"id": "/nothing"}], 404),
    ("PUT", "/v2/apps/{id*}", "force=true", {"instances": 3}, 200),
    ("PATCH", "/v2/apps/{id*}", "force=true", {"instances": 2}, 200),
    ("POST", "/v2/apps/{id*}/restart", "force=true", None, 200),
    ("DELETE", "/v2/apps/{id*}/tasks/{task}", "", None, 200),
    ("DELETE", "/v2/apps/{id*}/tasks", "scale=true&wipe=true", None, 400),
    ("DELETE", "/v2/apps/{id*}/tasks", "host=nowhere", None, 200),
    ("POST", "/v2/tasks/delete", "", {"ids": []}, 200),
    ("POST", "/api/v1/scale/{id*}", "force=true", {"instances": 1, "seconds": 100}, 200),
    ("DELETE", "/v2/queue/{id*}/delay", "", None, 404),
    ("POST", "/v2/groups", "force=true", {"id": "/g", "apps": [app("x")]}, 201),
    ("POST", "/v2/groups/{id*}", "force=true", {"id": "inner"}, 201),
    ("PUT", "/v2/groups/{id*}/versions/{version}", "force=true", None, 200),
    ("PUT", "/v2/groups/{id*}", "force=true", {"apps": [app("a")]}, 200),
    ("PUT", "/v2/groups", "dryRun=true", {"apps": []}, 200),
    ("PATCH", "/v2/groups/{id*}", "force=true", {"enforceRole": True}, 200),
    ("POST", "/api/v1/deployments/{deployment}/pause", "", None, 204),
    ("POST", "/api/v1/deployments/{deployment}/resume", "", None, 204),
    ("POST", "/api/v1/promote/{id*}", "", None, 409),
    ("DELETE", "/v2/deployments/{deployment}", "force=true", None, 202),
    ("DELETE", "/v2/groups/{id*}", "force=true", None, 200),
    ("DELETE", "/v2/apps/{id*}", "", None, 200),
    ("GET", "/api/v1/losses", "", None, 200),
    ("POST", "/api/v1/losses/lift", "", None, 204),
    ("DELETE", "/v2/leader", "", None, 200),
    ("DELETE", "/v2/groups", "force=true", None, 200),
]
STREAMS = {("GET", "/v2/events"), ("GET", "/api/v1/events")}


def test_all_that_is_answered_is_in_the_document(serving: Serving, document: dict[str, Any]) -> None:
    """One after the other, for each changes what the next one finds."""
    for method, template, query, body, expected in CALLS:
        path = filled(serving, template)
        status, answer, headers = serving.ask(method, f"{path}?{query}" if query else path, body)
        assert status == expected, (method, path, answer)
        check(document, method, plain(template), status, answer,
              headers.get("content-type", ""))


def test_no_route_is_left_out(serving: Serving) -> None:
    asked = {(method, plain(template)) for method, template, *_ in CALLS}
    assert asked | STREAMS | {("PUT", "/v2/groups")} == {(route.method, route.path) for route in serving.server.routes}


def plain(template: str) -> str:
    """As it stands in the table: there every kind of id is an id."""
    return re.sub(r"\{(deployment|instance)\}", "{id}", template)


def filled(serving: Serving, template: str) -> str:
    """A path of the template, of things that are there."""
    if "{task}" in template:  # one that is not just being replaced
        serving.wait(lambda: not serving.get("/v2/apps/web")["app"]["deployments"])
        template = template.replace("{task}", serving.running("/web")[0])
    if "{instance}" in template:
        instance = serving.get("/api/v1/instances?app=/rich")[0]
        (serving.sandboxes.of(instance["taskId"]) / "stdout").write_text("written")
        template = template.replace("{instance}", instance["id"])
    if "{deployment}" in template:
        template = template.replace("{deployment}", serving.get("/v2/apps/huge")["app"]["deployments"][0]["id"])
    if "{version}" in template:
        kind = serving.get("/v2/apps/web")["app"]["version"] if "/apps/" in template else serving.get(
            "/v2/groups/team/versions" if "{id" in template else "/v2/groups/versions")[0]
        template = template.replace("{version}", kind)
    name = "team" if "/groups/" in template else "huge" if "/promote/" in template else "web"
    return re.sub(r"\{id\*?\}", name, template)


def check(document: dict[str, Any], method: str, template: str, status: int, answer: Any,
          media_type: str = "application/json") -> None:
    """An answer is as the document says."""
    operation = document["paths"][template.replace("*}", "}")][method.lower()]
    assert str(status) in operation["responses"], (method, template, status)
    content = operation["responses"][str(status)].get("content")
    if content is None:
        assert answer == "", (method, template, answer)
        return
    wanted = media_type.partition(";")[0] if media_type.partition(";")[0] in content else next(iter(content))
    if status < 400:
        assert wanted == media_type.partition(";")[0] or media_type == "application/json", (method, template)
    Draft202012Validator({**content[wanted]["schema"], "components": document["components"]}).validate(answer)
