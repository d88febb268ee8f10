"""Service ports: numbers that are unique among apps, for those who balance load over them.

A port of 0 in an app's port definitions or mappings is given the lowest number that is free in the service's range; an
app that is changed keeps those of its own that its new definition does not name. Numbers that are named are taken as
they are, also twice or out of range. As Marathon: core/group/impl/AssignDynamicServiceLogic.scala.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from specs.marathon.app import App
from specs.marathon.errors import MarathonError


def assigned(old: Mapping[str, Sequence[int]], new: Mapping[str, Sequence[int]], first: int,
             end: int) -> dict[str, tuple[int, ...]]:
    """The service ports of all apps, none of them 0. The range is from `first` to below `end`. Raises MarathonError."""
    taken = {port for ports in new.values() for port in ports if port}
    taken |= {port for app_id, ports in old.items() if app_id in new and 0 in new[app_id] for port in ports}
    free = (port for port in range(first, end) if port not in taken)
    found = {}
    for app_id, ports in new.items():
        own = iter([port for port in old.get(app_id, ()) if port not in ports and first <= port < end])
        found[app_id] = tuple(port or _next(own, free, first, end) for port in ports)
    return found


def with_service_ports(apps: Iterable[App], old: Mapping[str, App], first: int, end: int) -> dict[str, App]:
    """The apps by their ids, with all service ports. Raises MarathonError."""
    new = {app.id: app for app in apps}
    ports = assigned({app_id: app.service_ports for app_id, app in old.items()},
                     {app_id: app.service_ports for app_id, app in new.items()}, first, end)
    return {app_id: _with_ports(app, ports[app_id]) for app_id, app in new.items()}


def _next(own: Iterable[int], free: Iterable[int], first: int, end: int) -> int:
    for source in (own, free):
        for port in source:
            return port
    raise MarathonError(500, f"All ports in the range [{first}-{end}) are already in use")


def _with_ports(app: App, ports: Sequence[int]) -> App:
    if tuple(ports) == app.service_ports:
        return app
    if app.container is not None and app.container.port_mappings is not None:
        mappings = tuple(replace(mapping, service_port=port)
                         for mapping, port in zip(app.container.port_mappings, ports, strict=True))
        return replace(app, container=replace(app.container, port_mappings=mappings))
    definitions = tuple(replace(definition, port=port)
                        for definition, port in zip(app.port_definitions or (), ports, strict=True))
    return replace(app, port_definitions=definitions)
