"""Requests by the thousand, generated from the OpenAPI document, valid and not, against a service whose apps run.

Schemathesis with all its checks and no operation left out. A stream is read until its first event, or for a moment.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from scheduler.api.access import Access, Role
from tests.scheduler.service.serving import Serving, app

TOKEN = {"Authorization": "Bearer t"}
APPS = {"apps": [app("web", instances=2)], "groups": [{"id": "team", "apps": [app("a")]}]}
CONFIG = {
    "seed": 1, "headers": TOKEN, "max-stream-events": 1, "request-timeout": 20, "continue-on-failure": True,
    "operations": [{"include-path": "/v2/events", "request-timeout": 0.3}],  # filtered ones may stay silent
    "generation": {"max-examples": 3, "deterministic": True, "database": "none"},  # besides those at all bounds
    "checks": {
        "max_response_time": 10,
        # what no schema says: rules between fields (422); scale with wipe, and ids of tasks (400), as Marathon's
        "positive_data_acceptance": {"expected-statuses": ["2xx", 400, 401, 403, 404, 409, 422]}}}


@pytest.fixture
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(tmp_path_factory.mktemp("state") / "state", access=Access({"t": Role.WRITE})) as found:
        found.headers = TOKEN
        found.change("PUT", "/v2/groups", APPS)
        yield found


@pytest.mark.timeout(600)  # 40 s of processor time, and longer on a busy machine
def test_whatever_is_asked_is_answered_as_the_document_says(serving: Serving) -> None:
    config = SchemathesisConfig.from_dict({**CONFIG, "base-url": serving.url()})
    schema = schemathesis.openapi.from_dict(serving.get("/api/v1/openapi.json"), config=config)

    @schemathesis.hook
    def before_call(context: Any, case: Any, kwargs: Any) -> None:
        """Whatever was removed before, there are apps that run."""
        if not {"/web", "/team/a"} <= serving.service.view.apps.keys():
            serving.ask("PUT", "/v2/groups?force=true", APPS)

    try:
        failures, asked = run(schema)
    finally:
        schemathesis.hooks.unregister(before_call)
    assert not failures, "\n\n".join(failures)
    assert {f"{route.method} {route.path.replace('*}', '}')}" for route in serving.server.routes} <= asked


def run(schema: Any) -> tuple[list[str], set[str]]:
    """What was wrong, and which operations were asked for."""
    failures: list[str] = []
    asked: set[str] = set()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            asked |= {node.value.operation.label for node in event.recorder.cases.values()}
            wrong = [node for nodes in event.recorder.checks.values() for node in nodes if node.failure_info]
            failures += [f"{event.recorder.label}: {node.name}: {node.failure_info}" for node in wrong]
        elif isinstance(event, events.NonFatalError):
            failures.append(f"{event.label}: {event.value!r}")
        elif isinstance(event, events.FatalError):
            raise event.exception
    return failures, asked
