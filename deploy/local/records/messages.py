"""Messages in their JSON form, and how master and agent make the ones that they make themselves."""
from __future__ import annotations

import time
import uuid
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from specs.forms import Json, codec
from specs.messages.resource import Resource
from specs.resources.sums import Resources


def resources_of(message: Mapping[str, Any]) -> Resources:
    """The sum of a message's `resources`."""
    return Resources(codec.read(Resource, item, strict=False)
                     for item in message.get("resources", ()))


def resource_messages(resources: Iterable[Resource]) -> list[Json]:
    """As the field `resources` of a message."""
    return [codec.write(resource) for resource in resources]


def new_uuid() -> str:
    """A random UUID as its 16 bytes in base64."""
    return b64encode(uuid.uuid4().bytes).decode("ascii")


def status(task_id: Mapping[str, Any], state: str, *, source: str,
           agent_id: Mapping[str, Any] | None = None,
           message: str | None = None, reason: str | None = None, executor_id: str | None = None,
           **more: Any) -> Json:
    """A TaskStatus. As Mesos: common/protobuf_utils.cpp, `createStatusUpdate`: the time is now, and
    no uuid is set, so that updates which the master makes up are not acknowledged."""
    fields: Json = {
        "task_id": task_id, "state": state, "message": message, "source": source, "reason": reason,
        "agent_id": agent_id, "executor_id": {"value": executor_id} if executor_id is not None
        else None, "timestamp": time.time(), **more,
    }
    return {name: value for name, value in fields.items() if value is not None}


def of_update(status_: Mapping[str, Any]) -> Json:
    """The status as it is inside the StatusUpdate that carries it: the master does not write the
    executor's id into it but beside it, and only on the way to the framework it joins the
    status."""
    return {name: value for name, value in status_.items()
            if name != "executor_id" or status_.get("source") != "SOURCE_MASTER"}


def tasks_of(operation: Mapping[str, Any]) -> list[Json]:
    """The TaskInfos of a LAUNCH or LAUNCH_GROUP; none for any other operation."""
    if operation.get("type") == "LAUNCH":
        return list(operation.get("launch", {}).get("task_infos", ()))
    if operation.get("type") == "LAUNCH_GROUP":
        return list(operation.get("launch_group", {}).get("task_group", {}).get("tasks", ()))
    return []
