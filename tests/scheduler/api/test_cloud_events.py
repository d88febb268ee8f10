"""Events as CloudEvents: what each field is, and that Marathon's names stand beside them, in one numbered stream."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scheduler.api.shown.cloud import cloud_event, kind, source
from scheduler.storage.records import StoredEvent
from tests.scheduler.api.streaming import EventStream
from tests.scheduler.service.serving import Serving, app


@pytest.mark.parametrize(("name", "data", "expected"), [
    ("status_update_event", {"taskStatus": "TASK_RUNNING"}, "org.mesos-docker.task.running.v1"),
    ("status_update_event", {"taskStatus": "TASK_GONE_BY_OPERATOR"}, "org.mesos-docker.task.gone_by_operator.v1"),
    ("status_update_event", {}, "org.mesos-docker.status-update.v1"),
    ("deployment_success", {}, "org.mesos-docker.deployment-success.v1"),
    ("api_post_event", {}, "org.mesos-docker.api-post.v1"),
    ("mesos_docker_mass_loss", {}, "org.mesos-docker.mass-loss.v1")])
def test_types(name: str, data: dict[str, Any], expected: str) -> None:
    assert kind(name, data) == expected


@pytest.mark.parametrize(("data", "framework", "expected"), [
    ({}, "F-1", "/frameworks/F-1"), ({"taskId": "a.b/c ?"}, "F", "/frameworks/F/tasks/a.b%2Fc%20%3F"),
    ({}, None, "/frameworks/none")])
def test_sources(data: dict[str, Any], framework: str | None, expected: str) -> None:
    assert source(data, framework) == expected


def test_marathons_names_stand_beside_it() -> None:
    data = {"id": "a deployment", "plan": {"id": "p"}, "eventType": "deployment_success",
            "timestamp": "2026-11-28T00:00:00.000Z"}
    found = json.loads(cloud_event(StoredEvent(7, 0.0, "deployment_success", "", json.dumps(data)), "F"))
    assert found == {**data, "id": "7", "specversion": "1.0", "source": "/frameworks/F", "data": data,
                     "type": "org.mesos-docker.deployment-success.v1", "time": data["timestamp"],
                     "datacontenttype": "application/json"}


def test_one_numbered_stream_of_valid_cloud_events(tmp_path: Path) -> None:
    with Serving(tmp_path / "state") as serving:
        with EventStream(serving.port, "/api/v1/events", {"Last-Event-ID": "0"}) as stream:
            serving.change("POST", "/v2/apps", app("/web"))
            events = stream.until("deployment_success")
        with EventStream(serving.port, "/v2/events", {"Last-Event-ID": "0"}) as marathon:
            plain = marathon.until("deployment_success")
    seen = [each for each in events if each["eventType"] != "event_stream_attached"]
    assert [each["id"] for each in seen] == list(range(1, len(seen) + 1))
    for each in seen:
        assert each["specversion"] == "1.0"
        assert each["source"].startswith("/frameworks/F1")
        assert each["time"] == each["timestamp"] == each["data"]["timestamp"]
        assert each["eventType"] == each["data"]["eventType"]
    assert {each.get("subject") for each in seen if each["eventType"] == "status_update_event"} == {"/web"}
    assert "org.mesos-docker.task.running.v1" in {each["type"] for each in seen}
    assert not any("specversion" in each for each in plain)
