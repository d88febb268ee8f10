"""Messages as they travel: Mesos's JSON form, made of values.

Ids are `{"value": …}`, bytes base64, 64-bit integers numbers; what is absent is left out.
"""
from __future__ import annotations

from base64 import b64encode
from typing import Any

from specs.forms import codec
from specs.forms.scalars import json_double
from specs.messages.status import TaskStatus


def plain(message: Any, but: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The JSON form of a message dataclass (TaskInfo, Offer …), without the fields named in `but`."""
    return codec.write(message, but)


def status_update(status: TaskStatus, *, executor_id: str | None = None,
                  source: str | None = "SOURCE_EXECUTOR") -> dict[str, Any]:
    """The JSON form of an update.

    `executor_id` and `source` are said where the status does not say them itself. The message is
    made valid Unicode: texts of Docker or of the system can hold bytes that are not, and an agent
    refuses the whole call for them.
    """
    said = {
        "task_id": {"value": status.task_id},
        "state": str(status.state),
        "source": status.source or source,
        "reason": status.reason,
        "message": None if status.message is None
        else status.message.encode("utf-8", "replace").decode(), "healthy": status.healthy,
        "timestamp": None if status.timestamp is None else json_double(status.timestamp),
        "data": _base64(status.data),
        "uuid": _base64(status.uuid),
        "agent_id": _id(status.agent_id),
        "executor_id": _id(executor_id if status.executor_id is None else status.executor_id),
        "check_status": None if status.check_status is None else plain(status.check_status),
        "labels": {"labels": [plain(label) for label in status.labels]} if status.labels else None,
        "container_status": _container_status(status),
        "unreachable_time": None if status.unreachable_time is None
        else {"nanoseconds": status.unreachable_time},
        "limitation": None if status.limitation is None
        else {"resources": [plain(one) for one in status.limitation]},
    }
    return {name: value for name, value in said.items() if value is not None}


def _container_status(status: TaskStatus) -> dict[str, Any] | None:
    said: dict[str, Any] = {}
    if status.container_id is not None:
        said["container_id"] = _id(status.container_id)
    if status.network_infos:
        said["network_infos"] = [plain(info) for info in status.network_infos]
    if status.executor_pid is not None:
        said["executor_pid"] = status.executor_pid
    return said or None


def _id(value: str | None) -> dict[str, str] | None:
    return None if value is None else {"value": value}


def _base64(data: bytes | None) -> str | None:
    return None if data is None else b64encode(data).decode("ascii")
