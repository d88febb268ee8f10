"""The images of this machine's engine: how large they are, when they came, who uses them, and
their removal.

An engine says when an image got its last name by a build or `docker tag`, but not when it was
pulled, and an image's own date is that of its making. So of a pulled one it is the date of the file
that the engine has made of it then: in its data root, which root can read. An engine with
containerd's store tells it with the last name.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from deploy.node.collection import StoredImage
from deploy.node.engine import seconds
from executor.docker.mesos_docker import Docker
from executor.engine.failures import ImageNotFound
from executor.engine.port import Inspection

PATIENCE: Final = 300.0  # seconds: an engine adds up what its layers take
_NONE: Final = "<none>"


def stored(docker: Docker) -> tuple[list[StoredImage], int]:
    """All images, those first that have been here longest, and the size of the store, bytes. Raises
    RuntimeFailure.
    """
    used = docker.api.call("system df", PATIENCE, lambda sdk: dict(sdk.df()))
    info = docker.api.call("info", PATIENCE, lambda sdk: dict(sdk.info()))
    root, driver = (str(info.get(name)) for name in ("DockerRootDir", "Driver"))
    files = Path(root) / "image" / driver / "imagedb/content"
    users = _users(docker.containers.ls({}))
    found = []
    for each in used.get("Images") or ():
        try:
            inspected = docker.images.inspect(str(each["Id"]))
        except ImageNotFound:  # somebody has removed it
            continue
        found.append(_image(each, inspected, users, files))
    return sorted(found, key=lambda image: image.since or 0.0), int(used.get("LayersSize") or 0)


def remove(docker: Docker, image: StoredImage) -> None:
    """By all its names, and without force: an engine refuses what a container needs. Raises
    RuntimeFailure.
    """
    for name in image.names or (image.id,):
        docker.images.rm(name)


def _image(used: Mapping[str, Any], inspected: Mapping[str, Any],
           users: Mapping[str, Sequence[str]], files: Path) -> StoredImage:
    names = tuple(str(name) for name in (used.get("RepoTags") or used.get("RepoDigests") or ())
                  if _NONE not in str(name))
    size, shared = int(used["Size"]), int(used.get("SharedSize") or 0)
    tagged = seconds((inspected.get("Metadata") or {}).get("LastTagTime"))
    since = max(tagged, _made(files / str(used["Id"]).replace(":", "/")))
    by = {user: None for key in (str(used["Id"]), *names) for user in users.get(key, ())}
    return StoredImage(str(used["Id"]), names, size, size - max(shared, 0),
                       since or None, tuple(by))


def _made(file: Path) -> float:
    """When, since the epoch; 0: that cannot be known."""
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _users(containers: Sequence[Inspection]) -> dict[str, list[str]]:
    """By image, its id and its name as the container knows it."""
    users: dict[str, list[str]] = {}
    for each in containers:
        for image in (str(each.raw.get("Image")), str((each.raw.get("Config") or {}).get("Image"))):
            users.setdefault(image, []).append(each.name)
    return users
