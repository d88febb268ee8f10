"""Persistent volumes: folders of an agent that outlive tasks, linked into the sandboxes of those that use them.

    WORK_DIR/volumes/roles/ROLE/ID        slashes of the role are blanks

As Mesos: slave/paths.cpp (`getPersistentVolumePath`), `update` of the isolator filesystem/posix.
Only for executors that run as processes: into the sandbox of a Docker container Mesos mounts, which
we do not.
"""
from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from deploy.local.containers.sandbox import SandboxError
from deploy.local.records.messages import resources_of
from specs.forms import Message
from specs.messages.resource import Resource


def persistent(holders: Iterable[Message]) -> Iterator[tuple[Resource, str]]:
    """The volumes among the `resources` of these messages, each with its id."""
    for holder in holders:
        for resource in resources_of(holder):
            if resource.disk is not None and resource.disk.persistence is not None:
                yield resource, resource.disk.persistence.id


def volume_path(work_dir: Path, resource: Resource, volume_id: str) -> Path:
    role = (resource.reservations[-1].role or "*") if resource.reservations else "*"
    return work_dir / "volumes" / "roles" / role.replace("/", " ") / volume_id


def make_volumes(work_dir: Path, agent_info: Message) -> None:
    """Those that the agent offers, where they are not there yet. Raises OSError."""
    for resource, volume_id in persistent([agent_info]):
        volume_path(work_dir, resource, volume_id).mkdir(parents=True, exist_ok=True)


def link_volumes(work_dir: Path, sandbox: Path, holders: Iterable[Message]) -> None:
    """Have the volumes of these tasks (or their executor) at their places in the sandbox. Raises SandboxError."""
    for resource, volume_id in persistent(holders):
        volume = resource.disk.volume if resource.disk is not None else None
        if volume is None:
            continue
        place = PurePosixPath(volume.container_path)
        if place.is_absolute() or ".." in place.parts or not place.parts:
            raise SandboxError(f"The container path '{volume.container_path}' of the persistent volume {volume_id} is "
                               "no path in a sandbox")
        if not (sandbox / place.parent).resolve().is_relative_to(sandbox.resolve()):
            raise SandboxError(f"The container path '{place}' of the persistent volume {volume_id} leads through a "
                               "link out of the sandbox")
        _link(volume_path(work_dir, resource, volume_id), sandbox / place, sandbox.stat())


def _link(original: Path, link: Path, owner: os.stat_result) -> None:
    failed = f"Failed to symlink persistent volume from '{original}' to '{link}': "
    try:
        if link.is_symlink():
            found = link.readlink()
            if found != original:
                raise SandboxError(f"The existing symlink at '{link}' points to '{found}' and the new symlink should "
                                   f"point to '{original}'")
            return
        if os.geteuid() == 0:
            os.chown(original, owner.st_uid, owner.st_gid)  # whom the task's files belong to, as Mesos
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(original)
    except OSError as error:
        raise SandboxError(f"{failed}{error.strerror}") from error
