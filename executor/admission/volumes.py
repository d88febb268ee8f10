"""What a container mounts out of sandboxes: that it is there, and stays what it is.

An engine mounts by path, at each start anew. So what a path leads to is looked at right before the
start (`sandbox.check_volumes`): a link out of the sandbox, that an archive has brought or an earlier task
of this id has left, would mount the node's own folders. An engine that starts a container again by
itself asks nobody. There, what is mounted is mounted onto itself as well (`pinned`), as are the
folders above it: what is mounted on cannot be renamed or removed, so the task cannot put a link in
its place.
"""
from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple


class Inside(NamedTuple):
    """A path that shall be in a folder, both in full."""

    folder: str
    path: str


def mounted_folders(payload: Mapping[str, Any], sandbox: str) -> list[str]:
    """What a container mounts out of a sandbox, in full and without any that lead out of it.

    What is missing there the engine would make as root's.
    """
    return [source for source in map(posixpath.normpath, _sources(payload))
            if source.startswith(f"{sandbox}/")]


def volumes_inside(payload: Mapping[str, Any], sandbox: str, executor_sandbox: str,
                   persistent: Iterable[str]) -> tuple[Inside, ...]:
    """What a container mounts out of its task's sandbox and its executor's.

    Without what is below `persistent`, paths in the executor's sandbox: those the agent has put
    there, by links if it likes.
    """
    agents = {posixpath.normpath(posixpath.join(executor_sandbox, path)) for path in persistent}
    own = [Inside(sandbox, path) for path in mounted_folders(payload, sandbox)]
    others = [Inside(executor_sandbox, path)
              for path in mounted_folders(payload, executor_sandbox)
              if path != sandbox and not path.startswith(f"{sandbox}/")
              and not agents.intersection((path, *map(str, PurePosixPath(path).parents)))]
    return (*own, *others)


def pinned(payload: Mapping[str, Any], sandbox: str, mapped: str) -> dict[str, Any]:
    """The payload with what it mounts out of the sandbox, which is at `mapped` in the container,
    mounted there onto itself.
    """
    host = payload.get("HostConfig") or {}
    inside = (posixpath.relpath(source, sandbox) for source in mounted_folders(payload, sandbox))
    wanted = {posixpath.join(mapped, part): posixpath.join(sandbox, part)
              for path in inside for part in _with_parents(path)}
    taken = {posixpath.normpath(target) for target in _targets(payload)}
    pins = [{"Type": "bind", "Source": source, "Target": target}
            for target, source in wanted.items() if target not in taken]
    if not pins:
        return dict(payload)
    return {**payload, "HostConfig": {**host, "Mounts": [*(host.get("Mounts") or ()), *pins]}}


def _with_parents(path: str) -> Iterator[str]:
    yield from (str(parent) for parent in PurePosixPath(path).parents if str(parent) != ".")
    yield path


def _sources(payload: Mapping[str, Any]) -> Iterator[str]:
    host = payload.get("HostConfig") or {}
    yield from (str(bind).partition(":")[0] for bind in host.get("Binds") or ())
    yield from (str(mount.get("Source")) for mount in host.get("Mounts") or ()
                if mount.get("Type") == "bind")


def _targets(payload: Mapping[str, Any]) -> Iterator[str]:
    host = payload.get("HostConfig") or {}
    yield from (str(bind).split(":")[1] for bind in host.get("Binds") or () if ":" in str(bind))
    yield from (str(mount.get("Target")) for mount in host.get("Mounts") or ())
    yield from host.get("Tmpfs") or ()
    yield from payload.get("Volumes") or ()
