"""Networks: Docker's everyday commands for them, on one engine."""
from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from executor.docker.door.api import Api, Explain
from executor.engine.errors import network_failure, network_refusal
from executor.engine.failures import AlreadySo, NoSuchNetwork


@dataclass(frozen=True, slots=True)
class NetworkInfo:
    """One network, as `docker network inspect` has it."""

    id: str
    name: str
    driver: str
    scope: str  # local or swarm
    internal: bool
    attachable: bool
    ipv6: bool
    subnets: tuple[str, ...]
    labels: Mapping[str, str]
    containers: Mapping[str, str]  # id → name of those on it; empty in `ls`
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewNetwork:
    """What `docker network create` is told."""

    name: str
    driver: str = "bridge"
    subnets: tuple[str, ...] = ()
    ipv6: bool = False
    internal: bool = False
    attachable: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


class DockerNetworks:
    """The networks of one engine, by name or id."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def create(self, wanted: NewNetwork) -> str:
        """As `docker network create`; its id. Raises NameConflict if there is one of that name."""
        body = {
            "Name": wanted.name, "CheckDuplicate": True, "Driver": wanted.driver,
            "EnableIPv6": wanted.ipv6,
            "Internal": wanted.internal, "Attachable": wanted.attachable,
            "Options": dict(wanted.options), "Labels": dict(wanted.labels),
            "IPAM": {"Driver": "default", "Config": [{"Subnet": subnet}
                                                     for subnet in wanted.subnets]},
        }

        def create(sdk: Any) -> str:
            return str(sdk._result(sdk._post_json(sdk._url("/networks/create"), body),
                                   json=True)["Id"])

        return str(self._call("network create", create, network_refusal))

    def connect(self, network: str, container: str,
                endpoint: Mapping[str, Any] | None = None) -> None:
        """As `docker network connect`, also while it runs; `endpoint` is an Engine API
        EndpointConfig.

        One that is on it already is connected. Raises NoSuchNetwork, NoSuchContainer, BadOption.
        """
        body = {"Container": container, "EndpointConfig": dict(endpoint or {})}

        def connect(sdk: Any) -> None:
            sdk._raise_for_status(sdk._post_json(sdk._url("/networks/{0}/connect", network), body))

        with contextlib.suppress(AlreadySo):
            self._call("network connect", connect, network_refusal)

    def disconnect(self, network: str, container: str, *, force: bool = False) -> None:
        """As `docker network disconnect`, also while it runs; one that is not on it is
        disconnected.
        """
        with contextlib.suppress(AlreadySo):
            self._call("network disconnect", lambda sdk: sdk.disconnect_container_from_network(
                container, network, force=force))

    def inspect(self, network: str) -> NetworkInfo:
        """As `docker network inspect`. Raises NoSuchNetwork."""
        return _info(self._call("network inspect", lambda sdk: dict(sdk.inspect_network(network))))

    def ls(self, filters: Mapping[str, Sequence[str]] | None = None) -> list[NetworkInfo]:
        """As `docker network ls --filter`: driver, id, label, name, scope, type."""
        wanted = {key: list(values) for key, values in (filters or {}).items()}
        return [_info(entry) for entry in self._call("network ls",
                                                     lambda sdk: list(
                                                         sdk.networks(filters=wanted)))]

    def rm(self, network: str) -> None:
        """As `docker network rm`; one that is gone is removed. Raises BadOption while containers
        are on it.
        """
        with contextlib.suppress(NoSuchNetwork):
            self._call("network rm", lambda sdk: sdk.remove_network(network))

    def _call(self, what: str, do: Any, explain: Explain = network_failure) -> Any:
        return self._api.call(what, self._api.deadlines.start, do, explain)


def _info(raw: Mapping[str, Any]) -> NetworkInfo:
    pools = (raw.get("IPAM") or {}).get("Config") or ()
    return NetworkInfo(
        id=str(raw["Id"]), name=str(raw["Name"]), driver=str(raw["Driver"]),
        scope=str(raw["Scope"]),
        internal=bool(raw.get("Internal")), attachable=bool(raw.get("Attachable")),
        ipv6=bool(raw.get("EnableIPv6")),
        subnets=tuple(str(pool["Subnet"]) for pool in pools if pool.get("Subnet")),
        labels=dict(raw.get("Labels") or {}),
        containers={str(key): str(entry.get("Name")) for key,
                    entry in (raw.get("Containers") or {}).items()}, raw=raw)
