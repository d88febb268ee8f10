"""An event as a CloudEvent 1.0 (structured JSON), with Marathon's names beside it.

`data` holds Marathon's fields as /v2/events sends them; they stand beside it too, for who follows
/api/v1/events by those names, except for `id`, which is the event's number. Events of tasks are
named after what the task is now: `org.mesos-docker.task.running.v1`.
"""
from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from scheduler.storage.records import StoredEvent

PREFIX: Final = "org.mesos-docker."
KEPT: Final = 1000  # texts, for all who follow


@functools.lru_cache(maxsize=KEPT)
def cloud_event(event: StoredEvent, framework_id: str | None) -> str:
    """The text, made once for all who get it."""
    data = json.loads(event.data)
    found = {**data, "specversion": "1.0", "id": str(event.number),
             "source": source(data, framework_id), "type": kind(event.type, data),
             "time": data["timestamp"], "datacontenttype": "application/json", "data": data}
    if event.app_id:
        found["subject"] = event.app_id
    return json.dumps(found, separators=(",", ":"))


def kind(name: str, data: Mapping[str, Any]) -> str:
    """The type of an event that Marathon, or this service, calls so."""
    if name == "status_update_event" and data.get("taskStatus"):
        return f"{PREFIX}task.{str(data['taskStatus']).removeprefix('TASK_').lower()}.v1"
    word = name.removeprefix("mesos_docker_").removesuffix("_event").replace("_", "-")
    return f"{PREFIX}{word}.v1"


def source(data: Mapping[str, Any], framework_id: str | None) -> str:
    """Where it comes from: the framework, or one of its tasks."""
    framework = f"/frameworks/{quote(framework_id or 'none', safe='')}"
    task = data.get("taskId")
    return f"{framework}/tasks/{quote(str(task), safe='')}" if task else framework
