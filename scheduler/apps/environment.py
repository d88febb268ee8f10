"""The environment of an app's task: what it is, where it runs, which ports are its own, and the
app's own variables.

Later ones win: the task's context (`MARATHON_APP_…`), then HOST and the ports, then what the app
says, which so can replace even PORT. Only HOST and the ports get a prefix where the service has
one.

As Marathon: mesosphere/mesos/TaskBuilder.scala, `taskContextEnv` and `commandInfo`, and
EnvironmentHelper.scala.
"""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from scheduler.apps.ports import TaskPort

LONGEST = 512  # of a label's value, in characters; a label that is as long is left out
LABEL_PREFIX = "MARATHON_APP_LABEL_"
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]+")
_JAVA_PLAIN = (1e-3, 1e7)  # between them Java writes a double without an exponent


def port_variables(ports: Sequence[TaskPort]) -> dict[str, str]:
    """PORT, PORTS, PORT0 …, PORT_80 …, PORT_NAME …; empty if there are no ports.

    PORT_80 is for a port that was asked for as 80 (by a definition, or as a container's port); of
    one that was not asked for by number, its number as it is now. Of the same number, or name, the
    last one counts. PORT and PORTS tell of the agent's ports, and then of those that were drawn; a
    container's port that was given literally is in neither.
    """
    if not ports:
        return {}
    found = {f"PORT{index}": str(port.announced) for index, port in enumerate(ports)}
    found.update({f"PORT_{port.requested or port.announced}": str(port.announced)
                  for port in ports})
    found.update({f"PORT_{port.name.upper()}": str(port.announced) for port in ports
                  if port.name is not None})
    assigned = [port.host for port in ports if port.host is not None]
    assigned += [port.container for port in ports if port.host is None and port.requested == 0]
    if assigned:
        found["PORT"] = str(assigned[0])
    found["PORTS"] = ",".join(map(str, assigned))
    return found


@dataclass(frozen=True, slots=True)
class Context:
    """What a task is told about itself. Amounts are as the app says them: cores, MiB."""

    task_id: str
    app_id: str
    version: str
    cpus: float
    mem: float
    disk: float
    gpus: int
    labels: Mapping[str, str]
    image: str | None = None  # of a Docker container
    enforce_group_role: bool | None = None


def context_variables(context: Context) -> dict[str, str]:
    """MESOS_TASK_ID and MARATHON_APP_…."""
    found = {
        "MESOS_TASK_ID": context.task_id, "MARATHON_APP_ID": context.app_id,
        "MARATHON_APP_VERSION": context.version,
        "MARATHON_APP_RESOURCE_CPUS": double_text(context.cpus),
        "MARATHON_APP_RESOURCE_MEM": double_text(context.mem),
        "MARATHON_APP_RESOURCE_DISK": double_text(context.disk),
        "MARATHON_APP_RESOURCE_GPUS": str(context.gpus),
    }
    if context.image is not None:
        found["MARATHON_APP_DOCKER_IMAGE"] = context.image
    if context.enforce_group_role is not None:
        found["MARATHON_APP_ENFORCE_GROUP_ROLE"] = str(context.enforce_group_role).upper()
    return found | label_variables(context.labels)


def label_variables(labels: Mapping[str, str]) -> dict[str, str]:
    """MARATHON_APP_LABELS, the names of those that are not too long, and a variable for each of
    them.
    """
    short = {_NOT_IN_NAMES.sub("_", key).upper(): value for key, value in labels.items()
             if len(key) < LONGEST - len(LABEL_PREFIX) and len(value) < LONGEST}
    return {"MARATHON_APP_LABELS": " ".join(short)} | {LABEL_PREFIX + key: value for key,
                                                       value in short.items()}


def task_variables(context: Context, ports: Sequence[TaskPort], host: str | None,
                   own: Mapping[str, str], prefix: str = "") -> dict[str, str]:
    """All variables of a task.

    `host` is the agent's hostname, `own` what the app says, without secrets.
    """
    placed = port_variables(ports)
    if host is not None:
        placed["HOST"] = host
    return context_variables(context) | {prefix + name: value for name,
                                         value in placed.items()} | dict(own)


def double_text(value: float) -> str:
    """A number as Java writes a double: 1.0, 0.1, 1.0E7."""
    if value == 0 or _JAVA_PLAIN[0] <= abs(value) < _JAVA_PLAIN[1]:
        return repr(float(value))
    negative, digits, exponent = Decimal(repr(float(value))).normalize().as_tuple()
    fraction = "".join(map(str, digits[1:])) or "0"
    return f"{'-' * negative}{digits[0]}.{fraction}E{len(digits) - 1 + int(exponent)}"
