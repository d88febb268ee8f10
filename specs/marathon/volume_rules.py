"""Rules about an app's volumes. As Marathon: api/validation/AppValidation.scala, core/externalvolume/impl/providers."""
from __future__ import annotations

import re

from specs.marathon.app import App
from specs.marathon.container import ContainerType, ExternalVolume, HostVolume, PersistentVolume, SecretVolume
from specs.marathon.errors import Problems
from specs.marathon.javaregex import is_valid

_DVDI_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def judge_volumes(app: App, external_allowed: bool, problems: Problems) -> None:
    """Adds what is wrong. `external_allowed`: whether the feature external_volumes is on."""
    if app.container is None:
        return
    docker = app.container.type is ContainerType.DOCKER
    for index, volume in enumerate(app.container.volumes):
        path = f"/container/volumes({index})"
        match volume:
            case PersistentVolume():
                _judge_persistent(volume, path, problems)
            case ExternalVolume():
                if not external_allowed:
                    problems.add(path, "Feature external_volumes is not enabled. Enable with --enable_features "
                                       "external_volumes)")
                _judge_external(volume, path, docker=docker, problems=problems)
            case SecretVolume() if docker:
                problems.add(path, "secret volumes are for MESOS containers")
            case HostVolume() | SecretVolume():
                pass


def _judge_persistent(volume: PersistentVolume, path: str, problems: Problems) -> None:
    if volume.container_path in (".", "..") or "/" in volume.container_path:
        problems.add(f"{path}/containerPath", "must be a single name, without slashes, that is not . or ..")
    if volume.mode != "RW":
        problems.add(f"{path}/mode", "must be RW")
    if volume.max_size is not None:
        if volume.type != "mount":
            problems.add(f"{path}/persistent/maxSize", "is only for volumes of type mount")
        elif volume.max_size < volume.size:
            problems.add(f"{path}/persistent/maxSize", f"got {volume.max_size}, expected {volume.size} or more")
    _judge_disk(volume, path, problems)


def _judge_disk(volume: PersistentVolume, path: str, problems: Problems) -> None:
    """Which disk it may be on."""
    if volume.constraints and volume.type == "root":
        problems.add(f"{path}/persistent/constraints", "must be empty")
    for index, constraint in enumerate(volume.constraints):
        where = f"{path}/persistent/constraints({index})"
        if len(constraint) != 3 or constraint[0] != "path":
            problems.add(where, "Unsupported field")
        elif constraint[1].upper() not in ("LIKE", "UNLIKE"):
            problems.add(where, "Unsupported operator")
        elif not is_valid(constraint[2]):
            problems.add(where, "Invalid regular expression")


def _judge_external(volume: ExternalVolume, path: str, *, docker: bool, problems: Problems) -> None:
    if volume.provider not in ("dvdi", "csi"):
        problems.add(f"{path}/external/provider", "is unknown provider")
        return
    if not volume.name:
        problems.add(f"{path}/external/name", "not defined")
    if volume.provider == "csi":
        if docker:
            problems.add(f"{path}/external/provider", "csi volumes are for MESOS containers")
        return
    if not volume.options.get("dvdi/driver"):
        problems.add(f'{path}/external/options("dvdi/driver")', "not defined")
    if docker and volume.size is not None:
        problems.add(f"{path}/external/size", "must be undefined for Docker containers")
