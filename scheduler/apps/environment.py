"""The environment of an app's task: what it is, where it runs, which ports are its own, and the
app's own variables.

Later ones win: the task's context (`MARATHON_APP_…`), then HOST and the ports, then what the app
says, which so can replace even PORT. Only HOST and the ports get a prefix where the service has
one.

As Marathon: mesosphere/mesos/TaskBuilder.scala, `taskContextEnv` and `commandInfo`, and
EnvironmentHelper.scala.

An agent is told an app's command in the TaskInfo, our executor in the task's data, as JSON. Most of
either are variables, and most of those are the same for all tasks of an app at a version: they are
made once (`Commands`), and for each of thousands only what its place makes different is added.
"""
from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from scheduler.apps.containers import secret
from scheduler.apps.ports import TaskPort
from specs.forms.render import plain
from specs.marathon.app import App
from specs.messages.command import URI, CommandInfo, Environment, Variable

LONGEST = 512  # of a label's value, in characters; a label that is as long is left out
LABEL_PREFIX = "MARATHON_APP_LABEL_"
TASK_ID = "MESOS_TASK_ID"
_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)
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


def placed_variables(ports: Sequence[TaskPort], host: str | None, prefix: str = "") -> dict[str, str]:
    """What follows from where a task is; `host` is the agent's hostname."""
    found = port_variables(ports)
    if host is not None:
        found["HOST"] = host
    return {prefix + name: value for name, value in found.items()} if prefix else found


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
        TASK_ID: context.task_id, "MARATHON_APP_ID": context.app_id,
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
    return context_variables(context) | placed_variables(ports, host, prefix) | dict(own)


def double_text(value: float) -> str:
    """A number as Java writes a double: 1.0, 0.1, 1.0E7."""
    if value == 0 or _JAVA_PLAIN[0] <= abs(value) < _JAVA_PLAIN[1]:
        return repr(float(value))
    negative, digits, exponent = Decimal(repr(float(value))).normalize().as_tuple()
    fraction = "".join(map(str, digits[1:])) or "0"
    return f"{'-' * negative}{digits[0]}.{fraction}E{len(digits) - 1 + int(exponent)}"


class Commands:
    """Of the tasks of an app at a version."""

    def __init__(self, app: App, version: str, prefix: str, *, enforce_group_role: bool) -> None:
        """`prefix`: of HOST and the ports' variables. Raises SpecError for a secret that the app has not."""
        self._own = app.env
        self._prefix = prefix
        self._command = _command(app)
        self._said = plain(self._command)
        variables = _common(app, version, enforce_group_role)
        self._common = [(each, plain(each)) for each in variables]
        self._names = frozenset(each.name for each in variables)

    def command(self, task_id: str, ports: Sequence[TaskPort], hostname: str) -> CommandInfo:
        """What an agent is told."""
        placed = self._placed(task_id, ports, hostname)
        variables = [each for each, _ in self._beside(placed)]
        variables += [Variable(name=name, value=value) for name, value in placed.items()]
        return replace(self._command, environment=Environment(variables=tuple(variables)))

    def data(self, task_id: str, ports: Sequence[TaskPort], hostname: str, more: Mapping[str, Any]) -> bytes:
        """What our executor is told: the command, and `more`."""
        placed = self._placed(task_id, ports, hostname)
        variables = [said for _, said in self._beside(placed)]
        variables += [{"name": name, "value": value} for name, value in placed.items()]
        command = {**self._said, "environment": {"variables": variables}}
        return _ENCODER.encode({"command": command, **more}).encode()

    def _placed(self, task_id: str, ports: Sequence[TaskPort], hostname: str) -> dict[str, str]:
        """What is of this task alone; what the app itself says is before it."""
        found = {TASK_ID: task_id, **placed_variables(ports, hostname, self._prefix)}
        return {name: value for name, value in found.items() if name not in self._own}

    def _beside(self, placed: Mapping[str, str]) -> Iterable[tuple[Variable, dict[str, Any]]]:
        """What all have, but for what is another thing for this one."""
        if self._names.isdisjoint(placed):
            return self._common
        return [(each, said) for each, said in self._common if each.name not in placed]


def _command(app: App) -> CommandInfo:
    """Without its environment."""
    return CommandInfo(
        value=app.args[0] if app.args and app.container is None else app.cmd or None,
        shell=None if app.cmd and not app.args else False, arguments=app.args, user=app.user,
        uris=tuple(URI(value=each.uri, executable=each.executable, extract=each.extract,
                       cache=each.cache, output_file=each.dest_path) for each in app.fetch))


def _common(app: App, version: str, enforce_group_role: bool) -> list[Variable]:
    image = app.container.docker if app.container is not None and app.is_docker else None
    context = context_variables(Context(
        "", app.id, version, app.cpus, app.mem, app.disk, app.gpus, app.labels,
        image=None if image is None else image.image, enforce_group_role=enforce_group_role))
    del context[TASK_ID]
    found = [Variable(name=name, value=value) for name, value in context.items() if name not in app.env]
    for name, value in app.env.items():
        found.append(Variable(name=name, value=value) if isinstance(value, str) else Variable(
            name=name, type="SECRET", secret=secret(app, value.secret, f"env.{name}.secret")))
    return found
