"""What a volume may be.

As Marathon: api/v2/validation/AppValidation.scala, `validVolume`, state/Volume.scala, and
core/externalvolume/impl/providers.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

from specs.marathon.app import App
from specs.marathon.container import (
    CsiVolume,
    ExternalVolume,
    PersistentVolume,
    SecretVolume,
    Volume,
)
from specs.marathon.errors import Problems
from specs.marathon.rules.config import EXTERNAL_VOLUMES, SECRETS, Config
from specs.marathon.rules.constraints import volume_constraint_problem
from specs.marathon.rules.words import NOT_DEFINED, NOT_EMPTY, double, feature, repeats

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_OPTION = rf"^{_LABEL}/[A-Za-z0-9](?:[-A-Za-z0-9\._:]*[A-Za-z0-9])?$"
_DRIVER = "dvdi/driver"
_REXRAY = {  # options of this driver that are looked at
    "dvdi/volumetype": "label", "dvdi/newfstype": "label", "dvdi/iops": "number", "dvdi/overwritefs": "boolean"}
_DOTS = "can not be one of (.,..)"


def check_volumes(app: App, config: Config, problems: Problems) -> None:
    """Of an app with a container, over what its volumes are."""
    if app.container is None:
        return
    volumes = app.container.volumes
    external = [volume for volume in volumes if isinstance(volume, ExternalVolume | CsiVolume)]
    if repeats(volume.name for volume in external if volume.name):
        problems.add("/container/volumes", "Volume names must be unique")
    for index, volume in enumerate(volumes):
        path = f"/container/volumes({index})"
        for step, words in _problems(volume, app, config):
            problems.add(path + step, words)
    if any(isinstance(volume, ExternalVolume) and volume.provider == "dvdi" for volume in external):
        over = app.upgrade_strategy.maximum_over_capacity
        problems.unless(over == 0, "/upgradeStrategy/maximumOverCapacity",
                        f"got {double(over)}, expected 0.0")


def _problems(volume: Volume, app: App, config: Config) -> Iterator[tuple[str, str]]:
    match volume:
        case PersistentVolume():
            yield from _persistent(volume)
        case ExternalVolume():
            yield from _external(volume, app.is_docker)
            yield from _disabled(EXTERNAL_VOLUMES, config)
        case CsiVolume():
            if volume.mode == "RW" and volume.options.capability.access_mode.is_read_only:
                yield "", "CSI volume must be mounted readonly with a read-only access mode"
            if volume.options.capability.access_type == "mount" and volume.options.capability.fs_type is None:
                yield "/external/options/capability/fsType", NOT_DEFINED
            yield from _disabled(EXTERNAL_VOLUMES, config)
        case SecretVolume():
            if volume.secret not in app.secrets:
                yield "", "volume.secret must refer to an existing secret"
            yield from _disabled(SECRETS, config)


def _disabled(name: str, config: Config) -> Iterator[tuple[str, str]]:
    words = feature(name, config)
    if words is not None:
        yield "", words


def _persistent(volume: PersistentVolume) -> Iterator[tuple[str, str]]:
    if volume.container_path in {".", ".."}:
        yield "/containerPath", _DOTS
    if "/" in volume.container_path:
        yield "/containerPath", 'value must not contain "/"'
    if volume.mode != "RW":
        yield "/mode", "does not equal RW"
    for step, words in _disk(volume):
        yield f"/persistent{step}", words


def _disk(volume: PersistentVolume) -> Iterator[tuple[str, str]]:
    if volume.size <= 0:
        yield "/size", f"got {volume.size}, expected more than 0"
    for index, constraint in enumerate(volume.constraints):
        problem = volume_constraint_problem(constraint)
        if problem is not None:
            yield f"/constraints({index})", problem
    if volume.type == "root" and volume.constraints:
        yield "", "Constraints on root volumes are not supported"
    if volume.type != "mount" and volume.max_size is not None:
        yield "", "Only mount volumes can have maxSize"
    if volume.max_size is not None and volume.max_size <= volume.size:
        yield "", "Max size must be larger than size"
    if volume.profile_name == "":
        yield "/profileName", NOT_EMPTY


def _external(volume: ExternalVolume, is_docker: bool) -> Iterator[tuple[str, str]]:
    if not volume.name:
        yield "/external/name", NOT_DEFINED
    if not volume.provider:
        yield "/external/provider", NOT_DEFINED
    elif volume.provider != "dvdi":
        yield "/external/provider", "is unknown provider"
    for option in volume.options:
        if not re.fullmatch(_OPTION, option):
            yield f"/external/options/{option}", f"must match regular expression '{_OPTION}'"
    if volume.size is not None and volume.size <= 0:
        yield "/external/size", f"got {volume.size}, expected more than 0"
    if volume.provider == "dvdi":
        yield from _driver(volume)
        yield from _place(volume, is_docker)


def _driver(volume: ExternalVolume) -> Iterator[tuple[str, str]]:
    driver = volume.options.get(_DRIVER)
    if driver is None:
        yield f'/external/options("{_DRIVER}")', NOT_DEFINED
    elif not re.fullmatch(_LABEL, driver):
        yield f'/external/options("{_DRIVER}")', f"must match regular expression '^{_LABEL}$'"
    for option, kind in _REXRAY.items() if driver == "rexray" else ():
        value = volume.options.get(option)
        problem = None if value is None else _value_problem(kind, value)
        if problem is not None:
            yield f'/external/options/"{option}"', problem


def _value_problem(kind: str, value: str) -> str | None:
    if kind == "label":
        return None if re.fullmatch(_LABEL,
                                    value) else f"must match regular expression '^{_LABEL}$'"
    if kind == "number":
        is_natural = value.isascii() and value.isdigit() and value.strip("0") != ""
        return None if is_natural else f"Expected a valid, positive integer instead of {value}"
    return None if value.lower() in {"true", "false"} else "Expected a valid boolean"


def _place(volume: ExternalVolume, is_docker: bool) -> Iterator[tuple[str, str]]:
    if volume.container_path in {".", ".."}:
        yield "/containerPath", _DOTS
    if not is_docker:
        if volume.mode != "RW":
            yield "/mode", "does not equal RW"
        return
    if volume.options.keys() - {_DRIVER}:
        yield "/external/options", f"must only contain {_DRIVER}"
    if volume.size is not None:
        yield "/external/size", "must be undefined for Docker containers"
