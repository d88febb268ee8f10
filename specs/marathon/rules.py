"""What an app must keep to besides the types of its fields, in Marathon's words.

Ports, networks and containers have rules of their own (`network_rules`), so have constraints (`constraint_rules`). As
Marathon: api/validation/AppValidation.scala, state/AppDefinition.scala, core/readiness/ReadinessCheck.scala.
"""
from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from specs.marathon import ids
from specs.marathon.app import App, SecretReference
from specs.marathon.checks import HealthCheck, Protocol
from specs.marathon.container import ContainerType, PersistentVolume, SecretVolume
from specs.marathon.errors import BROKEN_RULE, WRONG_TYPE, Problems
from specs.marathon.network_rules import judge_networks
from specs.marathon.volume_rules import judge_volumes

_EXECUTOR = "^(//cmd)|(/?[^/]+(/[^/]+)*)|$"
_NO_PORT = "Health check port indices must address an element of the ports array or container port mappings."
_NOTHING_TO_RUN = "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'."


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the service allows. `roles` None: any."""

    features: frozenset[str] = frozenset()
    roles: Collection[str] | None = None

    def feature(self, name: str, problems: Problems, path: str, used: str | None = None) -> None:
        """A problem unless the feature is on. `used`: a text that Marathon says before."""
        if name not in self.features:
            if used is not None:
                problems.add(path, used)
            problems.add(path, f"Feature {name} is not enabled. Enable with --enable_features {name})")


def judge(app: App, allowed: Allowed) -> None:
    """Raises MarathonError with all that is wrong."""
    _judge_ranges(app)
    problems = Problems()
    _judge_id(app, problems)
    _judge_command(app, problems)
    _judge_secrets(app, allowed, problems)
    judge_networks(app, problems)
    judge_volumes(app, "external_volumes" in allowed.features, problems)
    _judge_health(app, problems)
    _judge_readiness(app, problems)
    _judge_strategies(app, problems)
    _judge_roles(app, allowed, problems)
    _judge_resources(app, allowed, problems)
    problems.raise_if_any(BROKEN_RULE)


def _judge_ranges(app: App) -> None:
    """What Marathon's types already refuse, though it takes two fields."""
    problems = Problems()
    for index, check in enumerate(app.readiness_checks):
        if check.timeout_seconds >= check.interval_seconds:
            problems.add(f"/readinessChecks({index})/timeoutSeconds",
                         "timeoutSeconds must be less than intervalSeconds")
    problems.raise_if_any(WRONG_TYPE)


def _judge_id(app: App, problems: Problems) -> None:
    if app.id == ids.ROOT:
        problems.add("/id", "must not be root")
    if ids.is_reserved(app.id):
        problems.add("/id", ids.RESERVED_ERROR)
    for index, each in enumerate(app.dependencies):
        if not ids.has_valid_names(each):
            problems.add(f"/dependencies({index})", "must contain only valid path segments")


def _judge_command(app: App, problems: Problems) -> None:
    has_image = app.container is not None and app.container.docker is not None
    if (app.cmd is not None and app.args) or not (app.cmd is not None or app.args or has_image):
        problems.add("/", _NOTHING_TO_RUN)
    elif app.cmd is not None and len(app.cmd) < 2:
        problems.add("/", "must not be an empty string")
    if re.fullmatch("(//cmd)|(/?[^/]+(/[^/]+)*)|", app.executor) is None:
        problems.add("/executor", f"must fully match regular expression '{_EXECUTOR}'")
    if app.check is not None and app.is_docker:
        problems.add("/", "AppDefinition must not use 'checks' if using docker")


def _judge_secrets(app: App, allowed: Allowed, problems: Problems) -> None:
    references = [(f"/env/{name}/secret", value.secret) for name, value in app.env.items()
                  if isinstance(value, SecretReference)]
    volumes = app.container.volumes if app.container is not None else ()
    references += [(f"/container/volumes({index})/secret", each.secret) for index, each in enumerate(volumes)
                   if isinstance(each, SecretVolume)]
    for path, secret in references:
        if secret not in app.secrets:
            problems.add(path, "references an undefined secret")
    if references or app.secrets:
        allowed.feature("secrets", problems, "/")
    for name in app.env:
        if not name:
            problems.add("/env/", "must not be empty")
    image = app.container.docker if app.container is not None else None
    if image is None or image.pull_config_secret is None:
        return
    path = "/container/docker/pullConfig"
    if app.is_docker:
        problems.add(path, "pullConfig is not supported with Docker containerizer")
        return
    if "secrets" not in allowed.features:
        allowed.feature("secrets", problems, path, "must be empty")
    if image.pull_config_secret not in app.secrets:
        problems.add(path, "pullConfig.secret must refer to an existing secret")


def _judge_health(app: App, problems: Problems) -> None:
    ports = len(app.service_ports)
    seen: list[HealthCheck] = []
    by_executor = 0
    for index, check in enumerate(app.health_checks):
        path = f"/healthChecks({index})"
        if check in seen:
            problems.add("/healthChecks", "Elements must be unique")
        seen.append(check)
        by_executor += check.protocol.value.startswith("MESOS_")
        if check.protocol is Protocol.COMMAND:
            if check.command is None:
                problems.add(path, "COMMAND health checks must have a command")
            continue
        if check.command is not None:
            problems.add(path, f"{check.protocol.value} health checks must not have a command")
        if check.ip_protocol == "IPv6" and not (app.is_docker and check.protocol.is_mesos):
            problems.add(path, "IPv6 can only be used for container type DOCKER and Mesos http/https/tcp health checks")
        if check.port is None and not (0 <= check.port_index < ports if check.port_index is not None else ports == 1):
            problems.add(path, _NO_PORT)
    if by_executor > 1:
        problems.add("/healthChecks", "AppDefinition can contain at most one Mesos health check")


def _judge_readiness(app: App, problems: Problems) -> None:
    if len(app.readiness_checks) > 1:
        problems.add("/readinessChecks", "may contain at most one readiness check")
    mappings = (app.container.port_mappings if app.container is not None else None) or ()
    names = {each.name for each in mappings} | {each.name for each in app.port_definitions or ()}
    for index, check in enumerate(app.readiness_checks):
        if check.port_name not in names:
            problems.add(f"/readinessChecks({index})/portName",
                         f"No port definition reference for portName {check.port_name}")


def _judge_strategies(app: App, problems: Problems) -> None:
    strategy, lost = app.upgrade_strategy, app.unreachable_strategy
    if app.is_single_instance:
        if app.instances > 1:
            problems.add("/instances", "Single instance app may only have one instance")
        if strategy.minimum_health_capacity or strategy.maximum_over_capacity:
            problems.add("/upgradeStrategy", "Single instance app must have minimumHealthCapacity 0 and "
                                             "maximumOverCapacity 0")
    if app.is_resident and strategy.maximum_over_capacity:
        problems.add("/upgradeStrategy/maximumOverCapacity", "must be 0 for resident apps")
    if lost is not None and lost.inactive_after_seconds > lost.expunge_after_seconds:
        problems.add("/unreachableStrategy/inactiveAfterSeconds",
                     f"got {lost.inactive_after_seconds}, expected {lost.expunge_after_seconds} or less")
    if app.residency is not None and not app.is_resident:
        problems.add("/residency", "is only for apps with persistent volumes")


def _judge_roles(app: App, allowed: Allowed, problems: Problems) -> None:
    accepted = app.accepted_resource_roles
    if accepted is not None:
        if not accepted:
            problems.add("/acceptedResourceRoles", "must not be empty")
        elif not set(accepted) <= {"*", app.role}:
            problems.add("/acceptedResourceRoles", f"acceptedResourceRoles can only contain * and {app.role}")
    if allowed.roles is not None and app.role not in allowed.roles:
        known = sorted(allowed.roles)
        expected = f"{known[0]}" if len(known) == 1 else f"one of: {', '.join(known)}"
        problems.add("/role", f"got {app.role}, expected {expected}")


def _judge_resources(app: App, allowed: Allowed, problems: Problems) -> None:
    if app.gpus:
        allowed.feature("gpu_resources", problems, "/")
        if app.is_docker:
            problems.add("/", "GPU resources only work with the Mesos containerizer")
    limits = app.resource_limits
    for name, limit, request in (("cpus", limits.cpus, app.cpus), ("mem", limits.mem, app.mem)) if limits else ():
        if limit is not None and limit < request:
            problems.add(f"/resourceLimits/{name}",
                         f"resource limit must be greater than or equal to requested resource ({request})")


def is_resident_volume(app: App) -> int | None:
    """The index of the first persistent volume; None if there is none."""
    volumes = app.container.volumes if app.container is not None and app.container.type in ContainerType else ()
    return next((index for index, each in enumerate(volumes) if isinstance(each, PersistentVolume)), None)
