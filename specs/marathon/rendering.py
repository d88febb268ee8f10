"""What GET returns of an app: its canonical form with all defaults; what is empty or unset is left out.

As Marathon: raml/AppConversion.scala and the RAML's omitEmpty.
"""
from __future__ import annotations

import math
from typing import Any

from specs.forms import Json
from specs.marathon.app import App, SecretReference
from specs.marathon.checks import HealthCheck, ReadinessCheck, TaskCheck
from specs.marathon.container import (
    Container,
    ExternalVolume,
    HostVolume,
    Network,
    PersistentVolume,
    PortMapping,
    SecretVolume,
    Volume,
)


def app_json(app: App) -> Json:
    """Without versions, and without anything that runs."""
    shown: Json = {
        "id": app.id, "cmd": app.cmd, "args": list(app.args) or None, "user": app.user,
        "instances": app.instances, "cpus": _number(app.cpus), "mem": _number(app.mem), "disk": _number(app.disk),
        "gpus": app.gpus, "role": app.role, "executor": app.executor, "env": _env(app) or None,
        "secrets": {name: {"source": source} for name, source in app.secrets.items()} or None,
        "labels": dict(app.labels), "dependencies": list(app.dependencies) or None,
        "constraints": [[each.field, each.operator, *([] if each.value is None else [each.value])]
                        for each in app.constraints] or None,
        "acceptedResourceRoles": None if app.accepted_resource_roles is None else list(app.accepted_resource_roles),
        "fetch": [_without_none({"uri": each.uri, "extract": each.extract, "executable": each.executable,
                                 "cache": each.cache, "destPath": each.dest_path}) for each in app.fetch] or None,
        "networks": [_network(each) for each in app.networks],
        "container": None if app.container is None else _container(app.container),
        "portDefinitions": None if app.port_definitions is None else [
            _without_none({"port": each.port, "protocol": each.protocol, "name": each.name,
                           "labels": dict(each.labels) or None}) for each in app.port_definitions],
        "requirePorts": app.require_ports,
        "healthChecks": [_health_check(each) for each in app.health_checks] or None,
        "readinessChecks": [_readiness_check(each) for each in app.readiness_checks] or None,
        "check": None if app.check is None else _check(app.check),
        "backoffSeconds": _number(app.backoff_seconds), "backoffFactor": _number(app.backoff_factor),
        "maxLaunchDelaySeconds": _number(app.max_launch_delay_seconds),
        "taskKillGracePeriodSeconds": app.task_kill_grace_period_seconds,
        "killSelection": app.kill_selection.value, "tty": app.tty, **_strategies(app)}
    return _without_none(shown)


def _strategies(app: App) -> Json:
    strategy, lost, residency = app.upgrade_strategy, app.unreachable_strategy, app.residency
    limits, executor = app.resource_limits, app.executor_resources
    return {
        "upgradeStrategy": {"minimumHealthCapacity": _number(strategy.minimum_health_capacity),
                            "maximumOverCapacity": _number(strategy.maximum_over_capacity)},
        "unreachableStrategy": "disabled" if lost is None else {
            "inactiveAfterSeconds": lost.inactive_after_seconds, "expungeAfterSeconds": lost.expunge_after_seconds},
        "residency": None if residency is None else {
            "relaunchEscalationTimeoutSeconds": residency.relaunch_escalation_timeout_seconds,
            "taskLostBehavior": residency.task_lost_behavior},
        "resourceLimits": None if limits is None else _without_none(
            {"cpus": _limit(limits.cpus), "mem": _limit(limits.mem)}),
        "executorResources": None if executor is None else {
            "cpus": _number(executor.cpus), "mem": _number(executor.mem), "disk": _number(executor.disk)}}


def _env(app: App) -> Json:
    return {name: {"secret": value.secret} if isinstance(value, SecretReference) else value
            for name, value in app.env.items()}


def _network(network: Network) -> Json:
    return _without_none({"name": network.name, "mode": network.mode.value, "labels": dict(network.labels) or None})


def _container(container: Container) -> Json:
    image = container.docker
    return _without_none({
        "type": container.type.value,
        "docker": None if image is None else _without_none({
            "image": image.image, "forcePullImage": image.force_pull_image, "privileged": image.privileged,
            "parameters": [{"key": each.key, "value": each.value} for each in image.parameters],
            "pullConfig": None if image.pull_config_secret is None else {"secret": image.pull_config_secret}}),
        "volumes": [_volume(each) for each in container.volumes],
        "portMappings": None if container.port_mappings is None else [
            _port_mapping(each) for each in container.port_mappings],
        "linuxInfo": None if container.linux_info is None else dict(container.linux_info)})


def _port_mapping(mapping: PortMapping) -> Json:
    return _without_none({
        "containerPort": mapping.container_port, "hostPort": mapping.host_port, "servicePort": mapping.service_port,
        "protocol": mapping.protocol, "name": mapping.name, "labels": dict(mapping.labels),
        "networkNames": list(mapping.network_names) or None})


def _volume(volume: Volume) -> Json:
    match volume:
        case HostVolume():
            return {"containerPath": volume.container_path, "hostPath": volume.host_path, "mode": volume.mode}
        case SecretVolume():
            return {"containerPath": volume.container_path, "secret": volume.secret}
        case PersistentVolume():
            return {"containerPath": volume.container_path, "mode": volume.mode, "persistent": _without_none({
                "size": volume.size, "type": volume.type, "maxSize": volume.max_size,
                "profileName": volume.profile_name, "constraints": [list(each) for each in volume.constraints]})}
        case ExternalVolume():
            return {"containerPath": volume.container_path, "mode": volume.mode, "external": _without_none({
                "name": volume.name, "provider": volume.provider, "size": volume.size,
                "options": dict(volume.options), "shared": volume.shared or None})}


def _health_check(check: HealthCheck) -> Json:
    return _without_none({
        "protocol": check.protocol.value, "path": check.path,
        "command": None if check.command is None else {"value": check.command}, "port": check.port,
        "portIndex": check.port_index, "gracePeriodSeconds": check.grace_period_seconds,
        "intervalSeconds": check.interval_seconds, "timeoutSeconds": check.timeout_seconds,
        "maxConsecutiveFailures": check.max_consecutive_failures, "delaySeconds": check.delay_seconds,
        "ignoreHttp1xx": check.ignore_http_1xx, "ipProtocol": check.ip_protocol})


def _readiness_check(check: ReadinessCheck) -> Json:
    return {"name": check.name, "protocol": check.protocol, "path": check.path, "portName": check.port_name,
            "intervalSeconds": check.interval_seconds, "timeoutSeconds": check.timeout_seconds,
            "httpStatusCodesForReady": list(check.http_status_codes_for_ready),
            "preserveLastResponse": check.preserve_last_response}


def _check(check: TaskCheck) -> Json:
    where: Json = _without_none({"port": check.port, "portIndex": check.port_index})
    shown: Json = {"intervalSeconds": check.interval_seconds, "timeoutSeconds": check.timeout_seconds,
                   "delaySeconds": check.delay_seconds}
    if check.command is not None:
        shown["exec"] = {"command": {"shell": check.command}}
    elif check.http_path is not None:
        shown["http"] = {**where, "path": check.http_path, "scheme": check.scheme}
    elif check.tcp:
        shown["tcp"] = where
    return shown


def _limit(limit: float | None) -> float | int | str | None:
    if limit is None:
        return None
    return "unlimited" if math.isinf(limit) else _number(limit)


def _number(value: float) -> float | int:
    """Whole numbers as JSON integers: clients of Marathon that are strict about them read 1, not 1.0."""
    return int(value) if value == int(value) else value


def _without_none(values: dict[str, Any]) -> Json:
    return {key: value for key, value in values.items() if value is not None}
