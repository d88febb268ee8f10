"""What becomes of each field of a task that our executor runs: a table, so that nothing is dropped
in silence.

A field is *honoured* (the row says where), *passed on* (to whom), or *refused* (why) with its path.
A row of a message that is passed on or refused stands for all that is in it; of a message that is
honoured every field has its own. `tests/specs/container/test_fields.py` walks over the messages and
demands a row for each, and of what is honoured that it changes something. `refuse_dropped` is what
is asked of a task; what depends on a second field's value is in
`specs/container/contradictions.py`.

`mesos` says what Mesos's own docker executor does where that is something else; `explain` and `run`
tell it.
"""
from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from specs.errors import SpecError
from specs.messages.task import TaskInfo


class Fate(enum.Enum):
    """What is done with a field."""

    HONOURED = "honoured"
    PASSED = "passed on"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ListedField:
    """`note`: what honours it, to whom it is passed on, or the error's text."""

    fate: Fate
    note: str
    mesos: str = ""  # what it does[: why]; "": the same


LEFT_OUT: Final = "leaves out"
_NO_SECRETS: Final = "leaves empty: it does not resolve secrets"
_CONTAINERIZER: Final = "is for the Mesos containerizer; a Docker container "


def _done(note: str, mesos: str = "") -> ListedField:
    return ListedField(Fate.HONOURED, note, mesos)


def _passed(note: str) -> ListedField:
    return ListedField(Fate.PASSED, note)


def _refused(note: str) -> ListedField:
    return ListedField(Fate.REFUSED, note, LEFT_OUT)


def _under(path: str, rows: Mapping[str, ListedField]) -> dict[str, ListedField]:
    return {f"{path}.{name}": row for name, row in rows.items()}


def _all(names: str, row: ListedField) -> dict[str, ListedField]:
    return dict.fromkeys(names.split(), row)


_SECRET: Final = _all("type reference reference.name reference.key value value.data",
                      _done("environment, volumes"))
_ENVIRONMENT: Final = _all("environment environment.variables environment.variables[].name "
                           "environment.variables[].value environment.variables[].type",
                           _done("environment"))

_COMMAND: Final = {
    **_all("value shell arguments", _done("from_task: the entrypoint and its words")),
    **_ENVIRONMENT,
    **_under("environment.variables[]",
             {"secret": _done("environment", _NO_SECRETS), **_under("secret", _SECRET)}),
    **_all("uris uris[].value uris[].executable uris[].extract uris[].cache uris[].output_file",
           _done("the fetcher")),
    "user": _done("linux: the container's user", LEFT_OUT),
}

_CHECK_COMMAND: Final = {
    **_all("value shell arguments", _done("node/probes: an exec")), **_ENVIRONMENT,
    **_under("environment.variables[]",
             {"secret": _done("node/probes", _NO_SECRETS), **_under("secret", _SECRET)}),
    "uris": _refused("files are fetched for the task, not for its checks"),
    "user": _refused("a check runs as the container's user"),
}

_RESOURCE: Final = {
    **_all("name type", _done("resources/sums")),
    **_all("scalar ranges ranges[].begin ranges[].end",
           _done("from_task: limits and ports; linux: gpus")),
    "set": _passed("the master counts it"),
    **_all("role reservation reservations provider_id revocable shared disk.source",
           _passed("the master counts it")),
    **_all("allocation_info allocation_info.role", _done("from_task: MESOS_ALLOCATION_ROLE")),
    "disk": _done("volumes"),
    **_all("disk.persistence disk.persistence.id",
           _done("volumes: what the agent mounted for the executor")),
    "disk.persistence.principal": _passed("the master knows whose volume it is"),
    **_all("disk.volume disk.volume.mode disk.volume.container_path", _done("volumes")),
    **_all("disk.volume.host_path disk.volume.image disk.volume.source",
           _passed("the master refuses it")),
}

_EXECUTOR: Final = _all(
    "executor_id type framework_id command container resources name source data discovery "
                        "shutdown_grace_period labels",
    _passed("the agent starts the executor by it"))

_VOLUME: Final = {
    **_all("mode container_path host_path", _done("volumes")),
    "image": _refused(f"{_CONTAINERIZER}mounts no images"),
    **_all(
        "source source.type source.docker_volume source.docker_volume.name source.docker_volume.driver",
           _done("volumes")),
    **_all("source.docker_volume.driver_options source.docker_volume.driver_options[].key "
           "source.docker_volume.driver_options[].value", _done("volumes", LEFT_OUT)),
    **_all("source.host_path source.host_path.path source.host_path.mount_propagation "
           "source.host_path.mount_propagation.mode", _done("volumes", LEFT_OUT)),
    **_all("source.sandbox_path source.sandbox_path.type source.sandbox_path.path",
           _done("volumes", LEFT_OUT)),
    "source.secret": _done("volumes", LEFT_OUT), **_under("source.secret", _SECRET),
    "source.csi_volume": _refused(f"{_CONTAINERIZER}has volumes of Docker's drivers"),
}

_DOCKER: Final = {
    **_all("image network privileged volume_driver", _done("from_task")),
    **_all(
        "port_mappings port_mappings[].host_port port_mappings[].container_port port_mappings[].protocol",
           _done("from_task")),
    **_all("parameters parameters[].key parameters[].value", _done("specs/parameters")),
    "force_pull_image": _done("admission/agreement"),
}

_NETWORK: Final = {
    **_all("name ip_addresses[].protocol", _done("networks")),
    **_all("ip_addresses ip_addresses[].ip_address", _done("networks", LEFT_OUT)),
    **_all("groups labels", _passed("the task's status tells it")),
    "port_mappings": _refused(f"{_CONTAINERIZER}has its ports in docker.port_mappings"),
}

_LINUX: Final = {
    **_all(
        "capability_info capability_info.capabilities bounding_capabilities bounding_capabilities.capabilities "
           "effective_capabilities effective_capabilities.capabilities share_pid_namespace seccomp seccomp.unconfined "
           "ipc_mode shm_size", _done("linux", LEFT_OUT)),
    "seccomp.profile_name": _refused(f"{_CONTAINERIZER}takes the parameter security-opt"),
    "share_cgroups": _passed("the master judges it"),
}

_CONTAINER: Final = {
    "type": _done("from_task"), "volumes": _done("volumes"), **_under("volumes[]", _VOLUME),
    "hostname": _done("from_task"), "docker": _done("from_task"), **_under("docker", _DOCKER),
    "mesos": _refused("belongs to containers of type MESOS"),
    "network_infos": _done("networks"), **_under("network_infos[]", _NETWORK),
    "linux_info": _done("linux"), **_under("linux_info", _LINUX),
    "rlimit_info": _done("linux"),
    **_all(
        "rlimit_info.rlimits rlimit_info.rlimits[].type rlimit_info.rlimits[].hard rlimit_info.rlimits[].soft",
           _done("linux", LEFT_OUT)),
    "tty_info": _done("linux", LEFT_OUT),
    "tty_info.window_size": _refused("the engine is told no size of a terminal"),
}

_TIMES: Final = _all("delay_seconds interval_seconds timeout_seconds", _done("life/health"))

_HEALTH_CHECK: Final = {
    "type": _done("node/probes"), "command": _done("node/probes"),
    **_under("command", _CHECK_COMMAND),
    **_all("http http.port http.path http.scheme http.protocol tcp tcp.port tcp.protocol",
           _done("node/probes")),
    "http.statuses": _done("life/health", LEFT_OUT),
    **_TIMES, **_all("consecutive_failures grace_period_seconds", _done("life/health")),
}

_CHECK: Final = {
    **_all("type command", _done("node/probes")),
    "command.command": _done("node/probes"), **_under("command.command", _CHECK_COMMAND),
    **_all("http http.port http.path tcp tcp.port", _done("node/probes")), **_TIMES,
}

FIELDS: Final[Mapping[str, ListedField]] = {
    "name": _passed("master and agent show it"),
    "task_id": _done("admission: labels, and the sandbox's name"),
    "agent_id": _done("the master: where it runs"),
    "resources": _done("from_task"), **_under("resources[]", _RESOURCE),
    "executor": _passed("the agent starts it"), **_under("executor", _EXECUTOR),
    "command": _done("from_task"), **_under("command", _COMMAND),
    "container": _done("from_task"), **_under("container", _CONTAINER),
    "health_check": _done("supervision/checks"), **_under("health_check", _HEALTH_CHECK),
    "check": _done("supervision/checks", "ends the task: it does not support checks"),
    **_under("check", _CHECK),
    **_all("kill_policy kill_policy.grace_period", _done("life/endings")),
    "data": _done("forms/taskinfo: the command of a task with an executor"),
    "labels": _passed("master and agent show them"),
    "discovery": _passed("master and agent show it"),
    "max_completion_time": _done("admission/agreement"),
    "limits": _done("from_task: cpus and mem; the master refuses others"),
}


def present(message: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The values in a message at a path of the table, each with its own path, positions of lists in
    brackets.
    """
    return _values(message, path.split("."), "")


def _values(value: Any, steps: list[str], path: str) -> Iterator[tuple[str, Any]]:
    if value is None or value in ((), {}):
        return
    if not steps:
        yield path, value
        return
    name = steps[0].removesuffix("[]")
    inner, where = getattr(value, name), f"{path}.{name}" if path else name
    if name == steps[0]:
        yield from _values(inner, steps[1:], where)
        return
    for position, item in enumerate(inner):
        yield from _values(item, steps[1:], f"{where}[{position}]")


_REFUSED: Final = {path: row.note for path, row in FIELDS.items() if row.fate is Fate.REFUSED}


def refuse_dropped(task: TaskInfo) -> None:
    """Raises SpecError for a field that could only be dropped."""
    for path, problem in _REFUSED.items():
        for where, _ in present(task, path):
            raise SpecError(where, problem)


def otherwise_by_mesos(task: TaskInfo) -> Iterator[tuple[str, str]]:
    """(what, path) of each field that Mesos's own docker executor treats otherwise, outermost
    fields only.
    """
    told: list[str] = []
    for path, row in FIELDS.items():
        for where, _ in present(task, path) if row.mesos else ():
            if not any(where.startswith((f"{outer}.", f"{outer}[")) for outer in told):
                told.append(where)
                yield row.mesos, where
