"""Refusing a task before it is launched, in the same words as `explain`, the master and the executor."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

from deploy.cli.problems import refused
from specs.container.from_task import run_options
from specs.container.payload import create_payload
from specs.errors import SpecError
from specs.forms.render import plain
from specs.forms.taskinfo import docker_task, task_from_json, task_from_mapping
from specs.messages.task import CommandInfo, Range, Resource, TaskInfo
from specs.rules.tasks import prepared, validate_task
from specs.words.image import check_reference

SANDBOX = "/mnt/mesos/sandbox"  # stands for both directories: which ones they are decides nothing here


def checked(given: bytes | dict[str, Any], where: str) -> dict[str, Any]:
    """A TaskInfo (JSON text or mapping, agent_id optional) in Mesos's JSON form; Problem if it cannot be run.

    `where` is the file that it stands in, for the message.
    """
    try:
        if isinstance(given, bytes):
            task = task_from_json(given, strict=True, without_agent=True)
        else:
            task = task_from_mapping(given, strict=True, without_agent=True)
        _validate(task)
    except SpecError as error:
        raise refused(error, where) from error
    return plain(task)


def check_image(task: TaskInfo) -> None:
    """Raises SpecError for a name that no Docker engine would take."""
    if task.container is not None and task.container.docker is not None:
        try:
            check_reference(task.container.docker.image)
        except SpecError as error:
            raise error.under("container.docker.image") from None


def _validate(task: TaskInfo) -> None:
    """First as the master would, then as the executor would when it makes a container of it. Raises SpecError."""
    validate_task(prepared(task, framework_id="F", role="*"))
    check_image(task)
    runnable = docker_task(with_ports(task))
    if runnable.container is None or runnable.container.type != "DOCKER":
        return
    options = run_options(runnable.container, runnable.command or CommandInfo(), name="mesos-docker",
                          sandbox_directory=SANDBOX, mapped_directory=SANDBOX, resources=runnable.resources,
                          limits=runnable.limits, resolve_secret=lambda _secret: b"")
    create_payload(options, {})  # knows which docker parameters there are


def with_ports(task: TaskInfo) -> TaskInfo:
    """Host port 0 is a port of the agent's choice; for the check it is one that the task has."""
    docker = task.container.docker if task.container is not None else None
    if task.container is None or docker is None or all(mapping.host_port for mapping in docker.port_mappings):
        return task
    mappings = tuple(each if each.host_port else replace(each, host_port=1) for each in docker.port_mappings)
    chosen = Resource(name="ports", type="RANGES", ranges=(Range(1, 1),))
    return replace(task, resources=(*task.resources, chosen),
                   container=replace(task.container, docker=replace(docker, port_mappings=mappings)))
