"""What Mesos demands of the parts of a task: secrets, environments, volumes, containers.

As Mesos: common/validation.cpp. Each function raises SpecError with Mesos's text and the path below
the message that it was given. An enum value that this version does not know counts as absent, as it
does to Mesos, which reads it so from the wire.
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from specs.errors import SpecError
from specs.messages.command import CommandInfo, Variable
from specs.messages.containerinfo import ContainerInfo, Volume, VolumeSource
from specs.messages.values import Secret


@contextmanager
def within(path: str, prefix: str = "") -> Iterator[None]:
    """Errors from inside get this path in front of theirs, and this text in front of theirs."""
    try:
        yield
    except SpecError as error:
        raise SpecError(error.under(path).path if path else error.path,
                        prefix + error.problem) from None


def validate_secret(secret: Secret) -> None:
    """A secret has what its type names, and nothing else."""
    if secret.type == "REFERENCE":
        if secret.reference is None:
            raise SpecError("reference",
                            "Secret of type REFERENCE must have the 'reference' field set")
        if secret.value is not None:
            problem = f"Secret '{secret.reference.name}' of type REFERENCE must not have the 'value' field set"
            raise SpecError("value", problem)
    elif secret.type == "VALUE":
        if secret.value is None:
            raise SpecError("value", "Secret of type VALUE must have the 'value' field set")
        if secret.reference is not None:
            raise SpecError("reference",
                            "Secret of type VALUE must not have the 'reference' field set")


def validate_command(command: CommandInfo) -> None:
    """Of a command, the environment."""
    variables = command.environment.variables if command.environment is not None else ()
    for index, variable in enumerate(variables):
        with within(f"environment.variables[{index}]"):
            _validate_variable(variable)


def _validate_variable(variable: Variable) -> None:
    named = f"Environment variable '{variable.name}'"
    if variable.type == "UNKNOWN":
        raise SpecError("type", "Environment variable of type 'UNKNOWN' is not allowed")
    if variable.type != "SECRET":  # also a type that is not known: VALUE is the default
        if variable.value is None:
            raise SpecError("value", f"{named} of type 'VALUE' must have a value set")
        if variable.secret is not None:
            raise SpecError("secret", f"{named} of type 'VALUE' must not have a secret set")
        return
    if variable.secret is None:
        raise SpecError("secret", f"{named} of type 'SECRET' must have a secret set")
    if variable.value is not None:
        raise SpecError("value", f"{named} of type 'SECRET' must not have a value set")
    with within("secret", f"{named} specifies an invalid secret: "):
        validate_secret(variable.secret)
    if variable.secret.value is not None and b"\0" in variable.secret.value.data:
        problem = f"{named} specifies a secret containing null bytes, which is not allowed in the environment"
        raise SpecError("secret.value", problem)


_SOURCES: Final = {"DOCKER_VOLUME": "docker_volume", "HOST_PATH": "host_path",
                   "SANDBOX_PATH": "sandbox_path", "SECRET": "secret", "CSI_VOLUME": "csi_volume"}


def validate_volume(volume: Volume) -> None:
    """A volume has exactly one origin."""
    if sum(origin is not None for origin in (volume.host_path, volume.image, volume.source)) != 1:
        raise SpecError("", "Only one of them should be set: 'host_path', 'image' and 'source'")
    if volume.source is not None:
        _validate_source(volume.source)


def _validate_source(source: VolumeSource) -> None:
    field = _SOURCES.get(source.type or "")
    if field is None:
        raise SpecError("source.type", "'source.type' is unknown")
    kind = "CSI" if field == "csi_volume" else source.type
    if getattr(source, field) is None:
        raise SpecError(f"source.{field}", f"'source.{field}' is not set for {kind} volume")
    if source.type == "CSI_VOLUME" and source.csi_volume is not None and source.csi_volume.static_provisioning is None:
        raise SpecError("source.csi_volume.static_provisioning",
                        "'source.csi_volume.static_provisioning' is not set for CSI volume")


def validate_container(container: ContainerInfo) -> None:
    """Volumes, then what Docker needs."""
    for index, volume in enumerate(container.volumes):
        with within(f"volumes[{index}]", "Invalid volume: "):
            validate_volume(volume)
    if container.type != "DOCKER":
        return
    if container.docker is None:
        raise SpecError("docker", "DockerInfo 'docker' is not set for DOCKER typed ContainerInfo")
    for index, parameter in enumerate(container.docker.parameters):
        if parameter.key == "name":
            raise SpecError(f"docker.parameters[{index}].key",
                            "Parameter in DockerInfo must not be 'name'")
