"""Service ports: numbers that are unique in the cluster, for load balancers to listen at.

A port of 0 in a port definition, or as the service port of a mapping, gets the lowest number of the
range that no app has; first those that the app had before and does not name any more, so that an
update which says 0 again keeps its numbers. Other numbers are taken as they are, also twice, also
outside of the range.

As Marathon: core/group/impl/AssignDynamicServiceLogic.scala.
"""
from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace

from specs.marathon.app import App
from specs.marathon.errors import MarathonError


def assigned(old: Mapping[str, Sequence[int]], new: Mapping[str, Sequence[int]], first: int,
             last: int) -> dict[str, tuple[int, ...]]:
    """The service ports of all apps by id, none of them 0. `first` and `last` belong to the range.

    Raises MarathonError when all are taken; its status is 500, as it is in Marathon.
    """
    used = {port for ports in (*old.values(), *new.values()) for port in ports}
    supply = _Supply(used, first, last)
    return {app_id: supply.numbers(ports, old.get(app_id, ())) for app_id, ports in new.items()}


class _Supply:
    """The numbers of a range that no app has, the lowest first."""

    def __init__(self, used: Container[int], first: int, last: int) -> None:
        self._range = range(first, last + 1)
        self._shown = f"[{first}-{last})"
        self._free = (port for port in self._range if port not in used)

    def numbers(self, asked: Sequence[int], before: Sequence[int]) -> tuple[int, ...]:
        """What is asked of one app, with numbers for its zeros, first of those that it had."""
        if 0 not in asked:
            return tuple(asked)
        own = [port for port in before if port in self._range and port not in asked]
        numbers = tuple(port or (own.pop(0) if own else next(self._free, 0)) for port in asked)
        if 0 in numbers:
            raise MarathonError(500, f"All ports in the range {self._shown} are already in use")
        return numbers


def with_service_ports(apps: Iterable[App], old: Mapping[str, App], first: int,
                       last: int) -> dict[str, App]:
    """The apps by their ids, with all service ports; an app that has them is the same object.
    Raises MarathonError.
    """
    new = {app.id: app for app in apps}
    changed = [app for app_id, app in new.items() if app is not old.get(app_id)]
    if not any(0 in app.service_ports for app in changed):
        return new
    gone = [app for app_id, app in old.items() if app is not new.get(app_id)]
    supply = _Supply({port for app in (*new.values(), *gone) for port in app.service_ports}, first,
                     last)
    for app in changed:
        numbers = supply.numbers(app.service_ports,
                                 old[app.id].service_ports if app.id in old else ())
        if numbers != app.service_ports:
            new[app.id] = _with_ports(app, numbers)
    return new


def _with_ports(app: App, ports: Sequence[int]) -> App:
    """The app with these, in the order of `App.service_ports`."""
    container = app.container
    if container is not None and container.port_mappings is not None:
        mappings = tuple(replace(mapping, service_port=port)
                         for mapping, port in zip(container.port_mappings, ports, strict=True))
        return replace(app, container=replace(container, port_mappings=mappings))
    definitions = tuple(replace(definition, port=port)
                        for definition, port in zip(app.port_definitions or (), ports, strict=True))
    return replace(app, port_definitions=definitions)
