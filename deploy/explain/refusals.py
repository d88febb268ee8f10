"""Refusing a task before it is launched, in the same words as `explain`, the master and the
executor.
"""
from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from deploy.cli.problems import refused
from specs.container.from_task import container_of
from specs.container.payload import create_payload
from specs.container.place import Place
from specs.errors import SpecError
from specs.forms.taskinfo import docker_task, task_from_json, task_from_mapping
from specs.messages.task import TaskInfo
from specs.rules.tasks import prepared, validate_task

ANYWHERE: Final = Place("mesos-docker", "/sandbox", ports_open=True)  # where it will be decides nothing here


def checked(given: bytes | dict[str, Any], where: str, *, by_mesos: bool = False) -> TaskInfo:
    """A TaskInfo out of JSON text or a mapping (agent_id optional); Problem if it cannot be run.

    `where` is the file that it stands in, for the message. `by_mesos`: a task without an executor
    is not run by ours but by the agents' own.
    """
    try:
        if isinstance(given, bytes):
            task = task_from_json(given, strict=True, without_agent=True)
        else:
            task = task_from_mapping(given, strict=True, without_agent=True)
        _validate(task, by_mesos=by_mesos)
    except SpecError as error:
        raise refused(error, where) from error
    return task


def _validate(task: TaskInfo, *, by_mesos: bool) -> None:
    """First as the master would, then as the executor would when it makes a container of it. Raises
    SpecError.
    """
    ready = prepared(task, framework_id="F", role="*")
    validate_task(ready)
    in_docker = task.container is not None and task.container.type == "DOCKER"
    if in_docker or not (by_mesos or task.executor is not None):  # others run more than Docker containers
        place = replace(ANYWHERE, only_mesos=by_mesos)
        create_payload(container_of(docker_task(ready), place))  # knows which docker parameters there are
