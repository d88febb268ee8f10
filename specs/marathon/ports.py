"""Service ports: numbers that are unique in the cluster, for load balancers to listen at.

A port of 0 in a port definition, or as the service port of a mapping, gets the lowest number of the
range that no app has; first those that the app had before and does not name any more, so that an
update which says 0 again keeps its numbers. Other numbers are taken as they are, also twice, also
outside of the range.

As Marathon: core/group/impl/AssignDynamicServiceLogic.scala.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from specs.marathon.app import App
from specs.marathon.errors import MarathonError


def assigned(old: Mapping[str, Sequence[int]], new: Mapping[str, Sequence[int]], first: int,
             last: int) -> dict[str, tuple[int, ...]]:
    """The service ports of all apps by id, none of them 0. `first` and `last` belong to the range.

    Raises MarathonError when all are taken; its status is 500, as it is in Marathon.
    """
    used = {port for ports in (*old.values(), *new.values()) for port in ports}
    free = (port for port in range(first, last + 1) if port not in used)
    found = {}
    for app_id, ports in new.items():
        own = [port for port in old.get(app_id, ()) if first <= port <= last and port not in ports]
        numbers = [port or (own.pop(0) if own else next(free, 0)) for port in ports]
        if 0 in numbers:
            raise MarathonError(500, f"All ports in the range [{first}-{last}) are already in use")
        found[app_id] = tuple(numbers)
    return found


def with_service_ports(apps: Iterable[App], old: Mapping[str, App], first: int, last: int) -> dict[str, App]:
    """The apps by their ids, with all service ports; an app that has them is the same object.
    Raises MarathonError."""
    new = {app.id: app for app in apps}
    asked = {app_id: app.service_ports for app_id, app in new.items()}
    if not any(0 in ports for ports in asked.values()):
        return new
    found = assigned({app_id: app.service_ports for app_id, app in old.items()}, asked, first, last)
    return {app_id: app if found[app_id] == asked[app_id] else _with_ports(app, found[app_id])
            for app_id, app in new.items()}


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
