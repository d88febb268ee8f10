"""What the rules and defaults depend on besides the app: the service's flags, and where the app is
to be."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from specs.marathon import ids
from specs.marathon.app import App

EXTERNAL_VOLUMES: Final = "external_volumes"
GPU_RESOURCES: Final = "gpu_resources"
SECRETS: Final = "secrets"
MOST_INSTANCES: Final = 100_000  # of one app


@dataclass(frozen=True, slots=True)
class Config:
    """The service's flags. `executor`: custom, or mesos for the agents' own. `service`: whether it
    is about this service, which refuses what it does not do, and passes over roles that are never
    offered (as Marathon 1.9, because DC/OS wrote them everywhere); without it the rules are those
    of Marathon 1.11 alone."""

    features: frozenset[str] = frozenset()
    default_network_name: str | None = None
    role: str = "*"
    bridge_name: str = "mesos-bridge"
    local_port_min: int = 10000
    local_port_max: int = 20000
    executor: str = "custom"
    service: bool = True


@dataclass(frozen=True, slots=True)
class RulesPlace:
    """Where an app is to be. `base`: the group from which relative ids are seen; `existing`: the
    app that has its id already; `enforced`: whether its top-level group says that its apps have the
    group's role."""

    base: str = ids.ROOT
    existing: App | None = None
    enforced: bool = False


def roles(app_id: str, config: Config, place: RulesPlace) -> tuple[str, ...]:
    """The roles that the app of an absolute id may have, the default one first. As Marathon:
    util/RoleSettings.scala, `forService`."""
    names = ids.segments(app_id)
    if len(names) < 2:
        return (config.role,)
    found = [names[0]] if place.enforced else [config.role, names[0]]
    return tuple(dict.fromkeys([*found, place.existing.role] if place.existing is not None
                               else found))
