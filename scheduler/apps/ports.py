"""The ports of one task of an app: what is asked of an offer, what each port is then, and where a
check finds it.

An app's ports are its port definitions (in the agent's network) or its container's port mappings
(in any other). A mapping may have a host port, which is the agent's door to it, or none. A
container port of 0 becomes the host port, so that a process which announces its port announces one
that others can reach; without a host port a number is drawn.

As Marathon: tasks/PortsMatcher.scala, core/task/state/NetworkInfo.scala, `portAssignments`,
mesosphere/mesos/TaskBuilder.scala, `boundPortMappings`, EnvironmentHelper.scala,
core/health/HealthCheck.scala, `effectivePort`.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.placement.hostports import Below
from specs.marathon.app import App
from specs.marathon.container import AppPortMapping

_LOWEST_DRAWN = 1025
_PORTS = 65535


@dataclass(frozen=True, slots=True)
class TaskPort:
    """One port of a task.

    `container` is what its process listens to, in whichever network it is.
    """

    requested: int  # the definition's port or the mapping's container port; 0: any
    host: int | None  # the agent's; None: a mapping without one
    container: int
    name: str | None = None

    @property
    def announced(self) -> int:
        """The number that variables tell: the agent's if there is one."""
        return self.container if self.host is None else self.host


def asked(app: App) -> tuple[int | None, ...]:
    """The host ports that an app's task asks of an offer: by number, 0 for any, None for none."""
    mappings = _mappings(app)
    if mappings:
        return tuple(mapping.host_port for mapping in mappings)
    return tuple(definition.port if app.require_ports else 0 for definition in app.port_definitions
                 or ())


def task_ports(app: App, given: Sequence[int | None], below: Below) -> tuple[TaskPort, ...]:
    """The ports of an app's task with the host ports that it was given.

    `below` draws numbers (see hostports).
    """
    mappings = _mappings(app)
    if mappings:
        return in_container_network([(each.container_port, each.name) for each in mappings], given,
                                    below)
    return in_agent_network([(each.port, each.name) for each in app.port_definitions or ()],
                            [port for port in given if port is not None])


def in_agent_network(requested: Sequence[tuple[int, str | None]],
                     given: Sequence[int]) -> tuple[TaskPort, ...]:
    """Of port definitions (port, name), each with the host port that it was given."""
    return tuple(TaskPort(port, host, host, name)
                 for (port, name), host in zip(requested, given, strict=True))


def in_container_network(requested: Sequence[tuple[int, str | None]], given: Sequence[int | None],
                         below: Below) -> tuple[TaskPort, ...]:
    """Of port mappings (container port, name), each with the host port that it was given, or None.

    `below` draws numbers (see `hostports`), for container ports of 0 without a host port.
    """
    used = {port for port, _ in requested} | {port for port in given if port is not None}
    ports = []
    for (port, name), host in zip(requested, given, strict=True):
        container = port or host or _draw(used, below)
        used.add(container)
        ports.append(TaskPort(port, host, container, name))
    return tuple(ports)


def probed_port(ports: Sequence[TaskPort], port: int | None, index: int | None) -> int | None:
    """Where a check that is made in the task's network finds it; None if it cannot be said.

    A check's own `port` is before its `portIndex`; with neither the only port is meant.
    """
    if port is not None:
        return port
    found = _indexed(ports, index)
    return None if found is None else found.container


def marathon_target(ports: Sequence[TaskPort], port: int | None, index: int | None, *,
                    hostname: str, container_ip: str | None) -> tuple[str, int] | None:
    """The address and port that Marathon itself would check, from where it stands; None if there is
    none.

    `container_ip` is None in the agent's network and in a bridge: there it goes to the agent's
    `hostname`. In a container network a port with a host port is sought at the container's address
    under the host's number, where nobody listens; our executor, which is inside, is not misled by
    that (`probed_port`).
    """
    found = None if port is not None else _indexed(ports, index)
    number = port if found is None else found.announced
    return None if number is None else (container_ip or hostname, number)


def _mappings(app: App) -> tuple[AppPortMapping, ...]:
    return () if app.container is None else app.container.port_mappings or ()


def _indexed(ports: Sequence[TaskPort], index: int | None) -> TaskPort | None:
    if index is None:
        return ports[0] if len(ports) == 1 else None
    return ports[index] if 0 <= index < len(ports) else None


def _draw(used: set[int], below: Below) -> int:
    number = _LOWEST_DRAWN + below(_PORTS - _LOWEST_DRAWN + 1)
    while number in used:
        number = number + 1 if number < _PORTS else _LOWEST_DRAWN
    return number
