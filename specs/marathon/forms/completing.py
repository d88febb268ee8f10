"""From what was said of an app to the app: defaults that depend on other fields are filled in here.

Ports follow the network: in the host's an app has port definitions, in any other its container has
port mappings, and what was said in the wrong place is moved or dropped. Nothing said means one
port; an empty list means none.

As Marathon: api/v2/AppNormalization.scala, `forDeprecated` (the second half), `forPreValidation`,
`forPostValidation`; raml/AppConversion.scala.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

from specs.marathon import beyond, ids
from specs.marathon.app import App, Constraint, PortDefinition, Residency, UnreachableStrategy, UpgradeStrategy
from specs.marathon.checks import AppHealthCheck, Protocol
from specs.marathon.container import (
    AppImage,
    AppNetwork,
    AppPortMapping,
    Container,
    ContainerType,
    CsiVolume,
    ExternalVolume,
    NetworkMode,
    PersistentVolume,
)
from specs.marathon.forms.draft import Draft, SaidContainer, SaidImage, Unreachable
from specs.marathon.forms.oldforms import with_port_index

_DEFAULT_PORT = "default"
_SAME = {field.name for field in fields(App)} & {field.name for field in fields(Draft)}
_HALF = UpgradeStrategy(0.5, 0.0)


def completed(said: Draft, base: str, default_role: str,
              default_network: str | None) -> tuple[App, Draft]:
    """The app, and what was said with what the rules still ask for. `said` is in today's forms; ids
    that are relative are seen from `base`."""
    networks = _networks(said.networks or (), default_network)
    is_host = all(network.mode is NetworkMode.HOST for network in networks)
    container = _container(said, networks, is_host)
    volumes = container.volumes if container is not None else ()
    is_resident = any(isinstance(volume, PersistentVolume) for volume in volumes)
    if is_resident and said.residency is None:
        said = replace(said, residency=Residency())
    values = {name: value for name in _SAME if (value := getattr(said, name)) is not None}
    values |= {
        "id": ids.canonical(said.id or "", base),
        "role": said.role or default_role,
        "labels": {**(said.labels or {}), **(said.beyond or {})},
        "dependencies": tuple(dict.fromkeys(ids.canonical(each, base) for each in said.dependencies
                                            or ())),
        "networks": networks,
        "container": container,
        "port_definitions": _definitions(said) if is_host else None,
        "require_ports": bool(said.require_ports) and is_host,
        "health_checks": _health_checks(said, container),
        "constraints": tuple(_constraint(each) for each in said.constraints or ()),
        "unreachable_strategy": _unreachable(said, is_resident),
        "residency": said.residency if is_resident else None,
        "accepted_resource_roles": said.accepted_resource_roles,
    }
    if said.upgrade_strategy is None and any(
            isinstance(volume, PersistentVolume | ExternalVolume | CsiVolume)
            for volume in volumes):
        values["upgrade_strategy"] = _HALF
    return App(**values), said


def _networks(said: tuple[AppNetwork, ...], default_name: str | None) -> tuple[AppNetwork, ...]:
    if not said:
        return (AppNetwork(NetworkMode.HOST),)
    return tuple(
        replace(network, name=default_name) if network.mode is NetworkMode.CONTAINER
        and network.name is None
        else network for network in said)


def _container(said: Draft, networks: tuple[AppNetwork, ...], is_host: bool) -> Container | None:
    container = said.container
    if is_host:
        return None if container is None else _made(container, None)
    if container is None:
        mappings: tuple[AppPortMapping, ...] = (AppPortMapping(name=_DEFAULT_PORT),)
        container = SaidContainer(ContainerType.MESOS)
    elif container.port_mappings is None:
        mappings = _padded((AppPortMapping(name=_DEFAULT_PORT),), said)
    else:
        mappings = _padded(container.port_mappings, said)
    if any(network.mode is NetworkMode.BRIDGE for network in networks):
        mappings = tuple(mapping if mapping.host_port is not None else replace(mapping, host_port=0)
                         for mapping in mappings)
    return _made(container, mappings)


def _padded(mappings: tuple[AppPortMapping, ...], said: Draft) -> tuple[AppPortMapping, ...]:
    """With as many as there were port definitions: people gave both, and counted on the greater
    number.
    """
    missing = len(said.port_definitions or ()) - len(mappings)
    return mappings + (AppPortMapping(),) * max(0, missing)


def _made(container: SaidContainer, mappings: tuple[AppPortMapping, ...] | None) -> Container:
    docker = None if container.docker is None else _image(container.docker)
    return Container(container.type, docker, container.volumes, mappings, container.linux_info)


def _image(docker: SaidImage) -> AppImage:
    return AppImage(docker.image, docker.force_pull_image, docker.privileged, docker.parameters,
                 docker.pull_config_secret)


def _definitions(said: Draft) -> tuple[PortDefinition, ...]:
    return said.port_definitions if said.port_definitions is not None else (
        PortDefinition(name=_DEFAULT_PORT),)


def _health_checks(said: Draft, container: Container | None) -> tuple[AppHealthCheck, ...]:
    has_ports = bool(said.port_definitions) or (container is not None
                                                and container.port_mappings is not None)
    checks = []
    for check in said.health_checks or ():
        found = with_port_index(check) if has_ports else check
        if check.protocol is Protocol.COMMAND:
            found = replace(found, port_index=None)
        elif check.protocol in {Protocol.HTTP, Protocol.HTTPS} and check.ignore_http_1xx is None:
            found = replace(found, ignore_http_1xx=False)
        checks.append(found)
    return tuple(dict.fromkeys(checks))


def _constraint(said: tuple[str, ...]) -> Constraint:
    """As far as it is one; the rules look at what was said."""
    field, operator, *value = (*said, "", "")[:max(2, min(len(said), 3))]
    return Constraint(field, operator.upper(), *value)


def _unreachable(said: Draft, is_resident: bool) -> UnreachableStrategy | None:
    strategy = said.unreachable_strategy
    if isinstance(strategy, UnreachableStrategy):
        return strategy
    return None if strategy is Unreachable.DISABLED or is_resident else UnreachableStrategy()


def said_of(app: App) -> Draft:
    """What somebody would say to get this app."""
    values = {name: getattr(app, name) for name in _SAME}
    container = app.container
    if container is not None:
        docker = container.docker
        image = None if docker is None else SaidImage(
            docker.image, docker.force_pull_image, docker.privileged, docker.parameters,
            docker.pull_config_secret)
        values["container"] = SaidContainer(
            container.type, image, container.volumes, container.port_mappings, container.linux_info)
    values["constraints"] = tuple(
        (each.field, each.operator) if each.value is None
        else (each.field, each.operator, each.value)
        for each in app.constraints)
    if app.unreachable_strategy is None:
        values["unreachable_strategy"] = Unreachable.DISABLED
    return Draft(**values)


def laid_over(change: Draft, before: Draft) -> Draft:
    """What one says now over what one said before. A block of settings of ours replaces all labels
    of ours."""
    values = {field.name: value for field in fields(Draft)
              if (value := getattr(change, field.name)) is not None}
    if change.beyond is not None and change.labels is None:
        values["labels"] = _others(before.labels or {})
    return replace(before, **values)


def _others(labels: Mapping[str, str]) -> dict[str, str]:
    return {label: text for label, text in labels.items() if not label.startswith(beyond.PREFIX)}
