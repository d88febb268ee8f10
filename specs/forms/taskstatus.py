"""Reading a TaskStatus in Mesos's JSON form."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specs.errors import SpecError
from specs.forms import codec
from specs.messages.status import TaskState, TaskStatus
from specs.messages.status_message import ContainerStatus, StatusMessage


def status_from_mapping(mapping: Mapping[str, Any]) -> TaskStatus:
    """The status in a mapping of Mesos's JSON form, as an UPDATE event holds it; lenient. Raises SpecError."""
    said = codec.read(StatusMessage, mapping, strict=False)
    try:
        state = TaskState(said.state)
    except ValueError as error:
        raise SpecError("state", f"is no state of a task: {said.state}") from error
    container = said.container_status or ContainerStatus()
    return TaskStatus(
        task_id=said.task_id, state=state, message=said.message, reason=said.reason, healthy=said.healthy,
        data=said.data, network_infos=tuple(codec.write(info) for info in container.network_infos),
        check_status=None if said.check_status is None else codec.write(said.check_status),
        timestamp=said.timestamp, uuid=said.uuid, labels=said.labels, source=said.source, agent_id=said.agent_id,
        executor_id=said.executor_id, container_id=container.container_id.value if container.container_id else None,
        executor_pid=container.executor_pid, unreachable_time=said.unreachable_time, limitation=said.limitation)
