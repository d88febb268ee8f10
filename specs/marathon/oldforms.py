"""Old ways to write an app, rewritten into the canonical one; on JSON that `reading` has found well-typed.

    ports                          portDefinitions
    uris                           fetch
    container.docker.network       networks, with the name and labels of ipAddress for USER
    ipAddress                      a container network; its discovery.ports are port mappings
    container.docker.portMappings  container.portMappings

As Marathon: api/v2/AppNormalization.scala, api/validation/AppValidation.scala (`validateOldAppAPI`).
"""
from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from specs.forms import Json
from specs.marathon.errors import BROKEN_RULE, Problems, broken

EXTRACTED: Final = (".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".gz", ".tgz", ".tbz2", ".txz", ".zip")
BRIDGE: Final = "container/bridge"
OLD: Final = ("ports", "uris", "ipAddress")


def canonical(app: Json, *, bridge_name: str) -> Json:
    """The same app without old forms. Raises MarathonError for what cannot stand together."""
    _judge(app)
    found = {name: value for name, value in app.items() if name not in OLD}
    if app.get("uris") and not app.get("fetch"):
        found["fetch"] = [fetched(uri) for uri in app["uris"]]
    networks = _networks(app, bridge_name)
    found["networks"] = networks
    container = _container(app)
    definitions = app.get("portDefinitions")
    if definitions is None and app.get("ports") is not None:
        definitions = [{"port": port} for port in app["ports"]]
    is_host = all(network.get("mode") == "host" for network in networks)
    if is_host:
        found["portDefinitions"] = [{"port": 0, "name": "default"}] if definitions is None else definitions
        if container is not None:
            container.pop("portMappings", None)
    else:
        found.pop("portDefinitions", None)
        found["requirePorts"] = False
        container = container if container is not None else {"type": "MESOS"}
        container["portMappings"] = _mappings(container.get("portMappings"), len(definitions or ()), networks)
    if container is not None:
        found["container"] = container
    explicit = definitions is not None or _given_mappings(app)
    if found.get("healthChecks"):
        found["healthChecks"] = [_health_check(each, explicit=explicit) for each in found["healthChecks"]]
    return found


def fetched(uri: str) -> Json:
    """An entry of `uris` as one of `fetch`: archives are unpacked, by the path of the URI."""
    return {"uri": uri, "extract": urlsplit(uri).path.endswith(EXTRACTED)}


def _judge(app: Json) -> None:
    problems = Problems()
    docker = (app.get("container") or {}).get("docker") or {}
    ports, definitions = app.get("ports"), app.get("portDefinitions")
    taken = [port for port in ports or () if port]
    if len(taken) != len(set(taken)):
        problems.add("/", "ports must be unique")
    if ports and definitions and [each.get("port", 0) for each in definitions] != ports:
        problems.add("/", "cannot specify both ports and port definitions")
    if "network" in docker and "networks" in app:
        problems.add("/", "must not specify both container.docker.network and networks")
    if docker.get("portMappings") and (app.get("container") or {}).get("portMappings"):
        problems.add("/", "cannot specify both container.docker.portMappings and container.portMappings")
    if app.get("uris") and app.get("fetch"):
        problems.add("/uris", "may not be set in conjunction with fetch")
    address = app.get("ipAddress")
    if address is not None:
        if docker.get("network") not in ("HOST", "BRIDGE", "USER") and (ports or definitions):
            problems.add("/", "cannot specify both an IP address and port")
        if "networks" in app:
            problems.add("/", "must not specify both networks and ipAddress")
        if _is_docker(app) and "discovery" in address:
            problems.add("/ipAddress", "ipAddress/discovery is not allowed for Docker containers")
    problems.raise_if_any(BROKEN_RULE)


def _networks(app: Json, bridge_name: str) -> list[Json]:
    address = app.get("ipAddress") or {}
    labels = {"labels": address["labels"]} if address.get("labels") else {}
    name = {"name": address["networkName"]} if address.get("networkName") else {}
    match ((app.get("container") or {}).get("docker") or {}).get("network"):
        case "HOST":
            return [{"mode": "host"}]
        case "BRIDGE":
            return [{"mode": BRIDGE, **labels}]
        case "USER":
            return [{"mode": "container", **name, **labels}]
        case "NONE":
            raise broken("/container/docker/network", "unsupported docker network type NONE")
    if "ipAddress" in app:
        if address.get("networkName") == bridge_name:
            return [{"mode": BRIDGE, **labels}]
        return [{"mode": "container", **name, **labels}]
    return app.get("networks") or [{"mode": "host"}]


def _container(app: Json) -> Json | None:
    """The container, with its port mappings in their new place."""
    discovery = (app.get("ipAddress") or {}).get("discovery", {}).get("ports")
    if "container" not in app:
        return {"type": "MESOS", "portMappings": _discovered(discovery)} if "ipAddress" in app else None
    container = dict(app["container"])
    docker = dict(container["docker"]) if "docker" in container else None
    if docker is not None:
        docker.pop("network", None)
        old = docker.pop("portMappings", None)
        if old is not None and not container.get("portMappings"):
            container["portMappings"] = old
        container["docker"] = docker
    if discovery is not None and container.get("portMappings") is None:
        container["portMappings"] = _discovered(discovery)
    if container.get("portMappings") is None:
        container.pop("portMappings", None)
    return container


def _discovered(ports: list[Json] | None) -> list[Json] | None:
    if ports is None:
        return None
    return [{"containerPort": each["number"],
             **{key: each[key] for key in ("name", "protocol", "labels") if key in each}} for each in ports]


def _mappings(given: list[Json] | None, ports: int, networks: list[Json]) -> list[Json]:
    is_bridge = any(network.get("mode") == BRIDGE for network in networks)
    mappings = list(given or ())
    if given is None and not ports:
        mappings = [{"containerPort": 0, "name": "default"}]
    mappings += [{"containerPort": 0} for _ in range(ports - len(mappings))]
    return [{"hostPort": 0, **each} if is_bridge else each for each in mappings]


def _health_check(check: Json, *, explicit: bool) -> Json:
    if check.get("protocol") == "COMMAND":
        return {name: value for name, value in check.items() if name not in ("portIndex", "port")}
    if explicit and "port" not in check and "portIndex" not in check:
        return {**check, "portIndex": 0}
    return check


def _given_mappings(app: Json) -> bool:
    container = app.get("container") or {}
    return bool(container.get("portMappings") or (container.get("docker") or {}).get("portMappings"))


def _is_docker(app: Json) -> bool:
    return "container" in app and app["container"].get("type", "DOCKER") == "DOCKER"
