"""The `marathon` client of PyPI: each of its methods, asserted by what the service then does.

It hands every key that it is answered to a constructor with fixed parameters, so a single new key fails its calls.
"""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scheduler.api import client_definitions, client_running
from tests.scheduler.api.marathon_client import METHODS, TRIES, Client, MarathonClient
from tests.scheduler.service.serving import Serving, app

assert {each.__module__ for each in TRIES.values()} == {client_definitions.__name__, client_running.__name__}


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """With an app of two instances, and one in a group."""
    with Serving(tmp_path / "state") as found:
        found.change("PUT", "/v2/groups", {"apps": [app("web", instances=2, labels={"a": "b"})], "groups": [
            {"id": "team", "apps": [app("a", healthChecks=[])]}]})
        yield found


@pytest.fixture
def client(serving: Serving) -> Client:
    return MarathonClient(serving.url(), timeout=20)


@pytest.mark.parametrize("method", METHODS)
def test_method(client: Client, serving: Serving, method: str) -> None:
    TRIES[method](client, serving)


def test_all_events_of_a_deployment_are_known_to_the_client(client: Client, serving: Serving) -> None:
    """It raises at a type that it does not know."""
    found = []
    stream = client.event_stream()
    first = next(stream)
    assert first.event_type == "event_stream_attached"
    serving.change("PUT", "/v2/apps/web", {"env": {"A": "1"}})
    for event in stream:
        found.append(event.event_type)
        if event.event_type == "deployment_success":
            break
    assert {"api_post_event", "status_update_event", "deployment_info", "deployment_step_success"} <= set(found)
