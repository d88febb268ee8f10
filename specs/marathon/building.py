"""Canonical JSON of an app as the frozen value, with all defaults."""
from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from specs.forms import Json
from specs.marathon import ids
from specs.marathon.app import (
    App,
    Constraint,
    ExecutorResources,
    Fetch,
    KillSelection,
    PortDefinition,
    Residency,
    ResourceLimits,
    SecretReference,
    UnreachableStrategy,
    UpgradeStrategy,
)
from specs.marathon.checks import HealthCheck, Protocol, ReadinessCheck, TaskCheck
from specs.marathon.container import (
    Container,
    ContainerType,
    ExternalVolume,
    HostVolume,
    Image,
    Network,
    NetworkMode,
    Parameter,
    PersistentVolume,
    PortMapping,
    SecretVolume,
    Volume,
)
from specs.marathon.errors import BROKEN_RULE, Problems


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an app takes from where it stands. `base`: the group that relative ids count from."""

    base: str = ids.ROOT
    role: str = "*"
    default_network: str | None = None


def app(json: Json, around: Surroundings) -> App:
    """Of canonical JSON (`oldforms.canonical`), well-typed. Raises MarathonError for volumes that are of no kind."""
    app_id = ids.canonical(json.get("id", ""), around.base)
    container = _container(json["container"]) if "container" in json else None
    volumes = container.volumes if container is not None else ()
    resident = any(isinstance(each, PersistentVolume) for each in volumes)
    external = any(isinstance(each, ExternalVolume) for each in volumes)
    plain: dict[str, Any] = {name: json[key] for key, name in _PLAIN.items() if key in json}
    values: dict[str, Any] = {name: tuple(build(each) for each in json[key])
                              for key, (name, build) in _LISTS.items() if json.get(key)}
    return App(
        app_id, **plain, **values, role=json.get("role", around.role), container=container,
        args=tuple(json.get("args", ())),
        env={name: value if isinstance(value, str) else SecretReference(value["secret"])
             for name, value in json.get("env", {}).items()},
        secrets={name: value["source"] for name, value in json.get("secrets", {}).items()},
        labels=dict(json.get("labels", {})),
        dependencies=tuple(dict.fromkeys(ids.canonical(each, ids.parent(app_id))
                                         for each in json.get("dependencies", ()))),
        networks=tuple(_network(each, around.default_network) for each in json["networks"]),
        port_definitions=tuple(PortDefinition(**_renamed(each, {})) for each in json["portDefinitions"])
        if "portDefinitions" in json else None,
        accepted_resource_roles=tuple(dict.fromkeys(json["acceptedResourceRoles"]))
        if "acceptedResourceRoles" in json else None,
        check=_check(json["check"]) if "check" in json else None,
        upgrade_strategy=_upgrade(json.get("upgradeStrategy"), careful=resident or external),
        kill_selection=KillSelection(json.get("killSelection", "YOUNGEST_FIRST")),
        unreachable_strategy=_unreachable(json.get("unreachableStrategy"), resident=resident),
        residency=_residency(json.get("residency"), resident=resident),
        resource_limits=_limits(json["resourceLimits"]) if json.get("resourceLimits") else None,
        executor_resources=ExecutorResources(**{key: value for key, value in json["executorResources"].items()
                                                if key != "gpus"}) if "executorResources" in json else None)


_PLAIN = {
    "cmd": "cmd", "instances": "instances", "cpus": "cpus", "mem": "mem", "disk": "disk", "gpus": "gpus",
    "user": "user", "requirePorts": "require_ports", "backoffSeconds": "backoff_seconds",
    "backoffFactor": "backoff_factor", "maxLaunchDelaySeconds": "max_launch_delay_seconds",
    "taskKillGracePeriodSeconds": "task_kill_grace_period_seconds", "executor": "executor", "tty": "tty"}


def _constraint(entries: list[str]) -> Constraint:
    return Constraint(entries[0], entries[1].upper(), entries[2] if len(entries) > 2 else None)


def _fetch(json: Json) -> Fetch:
    return Fetch(**_renamed(json, {"destPath": "dest_path"}))


def _health_check(json: Json) -> HealthCheck:
    found = _renamed(json, {
        "portIndex": "port_index", "gracePeriodSeconds": "grace_period_seconds",
        "intervalSeconds": "interval_seconds", "timeoutSeconds": "timeout_seconds",
        "maxConsecutiveFailures": "max_consecutive_failures", "delaySeconds": "delay_seconds",
        "ignoreHttp1xx": "ignore_http_1xx", "ipProtocol": "ip_protocol"})
    if "command" in found:
        found["command"] = found["command"]["value"]
    return HealthCheck(**found | {"protocol": Protocol(found.get("protocol", "HTTP"))})


def _readiness_check(json: Json) -> ReadinessCheck:
    found = _renamed(json, {
        "portName": "port_name", "intervalSeconds": "interval_seconds", "timeoutSeconds": "timeout_seconds",
        "httpStatusCodesForReady": "http_status_codes_for_ready", "preserveLastResponse": "preserve_last_response"})
    if "http_status_codes_for_ready" in found:
        found["http_status_codes_for_ready"] = tuple(found["http_status_codes_for_ready"])
    return ReadinessCheck(**found)


_LISTS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "fetch": ("fetch", _fetch), "constraints": ("constraints", _constraint),
    "healthChecks": ("health_checks", _health_check), "readinessChecks": ("readiness_checks", _readiness_check)}


def _renamed(json: Json, names: Mapping[str, str]) -> Json:
    return {names.get(key, key): value for key, value in json.items()}


def _network(json: Json, default_name: str | None) -> Network:
    mode = NetworkMode(json.get("mode", "container"))
    name = json.get("name", default_name if mode is NetworkMode.CONTAINER else None)
    return Network(mode, name, json.get("labels", {}))


def _container(json: Json) -> Container:
    mappings = json.get("portMappings")
    return Container(
        ContainerType(json.get("type", "DOCKER")), _image(json["docker"]) if "docker" in json else None,
        tuple(_volume(each, f"/container/volumes({index})") for index, each in enumerate(json.get("volumes", ()))),
        None if mappings is None else tuple(_port_mapping(each) for each in mappings), json.get("linuxInfo"))


def _image(json: Json) -> Image:
    return Image(json["image"], json.get("forcePullImage", False), json.get("privileged", False),
                 tuple(Parameter(each["key"], each["value"]) for each in json.get("parameters", ())),
                 json["pullConfig"]["secret"] if "pullConfig" in json else None)


def _port_mapping(json: Json) -> PortMapping:
    found = _renamed(json, {"containerPort": "container_port", "hostPort": "host_port", "servicePort": "service_port",
                            "networkNames": "network_names"})
    return PortMapping(**found | {"network_names": tuple(found.get("network_names", ()))})


def _volume(json: Json, path: str) -> Volume:
    mode = json.get("mode", "RW")
    if "persistent" in json:
        persistent = json["persistent"]
        return PersistentVolume(
            json["containerPath"], persistent["size"], mode, persistent.get("type", "root"),
            persistent.get("maxSize"), persistent.get("profileName"),
            tuple(tuple(each) for each in persistent.get("constraints", ())))
    if "external" in json:
        external = json["external"]
        return ExternalVolume(json["containerPath"], external.get("name", ""), external.get("provider", ""),
                              {key: str(value) for key, value in external.get("options", {}).items()}, mode,
                              external.get("size"), external.get("shared", False))
    if "secret" in json:
        return SecretVolume(json["containerPath"], json["secret"])
    problems = Problems()
    if "hostPath" not in json:
        problems.add(f"{path}/hostPath", "undefined")
    if "mode" not in json:
        problems.add(f"{path}/mode", "undefined")
    problems.raise_if_any(BROKEN_RULE)
    return HostVolume(json["containerPath"], json["hostPath"], mode)


def _check(json: Json) -> TaskCheck:
    times = {name: json[key] for key, name in (("intervalSeconds", "interval_seconds"),
                                               ("timeoutSeconds", "timeout_seconds"),
                                               ("delaySeconds", "delay_seconds")) if key in json}
    http, tcp = json.get("http"), json.get("tcp")
    where = http if http is not None else tcp or {}
    return TaskCheck(
        json["exec"]["command"]["shell"] if "exec" in json else None,
        None if http is None else http.get("path", "/"), tcp is not None, (http or {}).get("scheme", "HTTP"),
        where.get("port"), where.get("portIndex"), **times)


def _upgrade(json: Json | None, *, careful: bool) -> UpgradeStrategy:
    if json is None:
        return UpgradeStrategy(0.5, 0.0) if careful else UpgradeStrategy()
    return UpgradeStrategy(json.get("minimumHealthCapacity", 1.0), json.get("maximumOverCapacity",
                                                                            0.0 if careful else 1.0))


def _unreachable(json: Json | str | None, *, resident: bool) -> UnreachableStrategy | None:
    if json is None:
        return None if resident else UnreachableStrategy()
    if isinstance(json, str):
        return None
    return UnreachableStrategy(json.get("inactiveAfterSeconds", 0), json.get("expungeAfterSeconds", 0))


def _residency(json: Json | None, *, resident: bool) -> Residency | None:
    if json is None:
        return Residency() if resident else None
    return Residency(json.get("relaunchEscalationTimeoutSeconds", 3600), json.get("taskLostBehavior", "WAIT_FOREVER"))


def _limits(json: Json) -> ResourceLimits:
    return ResourceLimits(**{key: math.inf if value == "unlimited" else value for key, value in json.items()})
