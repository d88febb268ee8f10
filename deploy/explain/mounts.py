"""The section of an explanation about what is mounted, and from where.

It is read out of what an engine would be asked for, so that a volume is told whichever way the task
says it: as a volume, or as a parameter (`volume`, `mount`, `tmpfs`, `volumes-from`).
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deploy.explain.sections import ExplainedRow
from specs.container.place import Place
from specs.container.run_options import RunOptions
from specs.words.secrecy import HIDDEN


def mount_rows(options: RunOptions, payload: Mapping[str, Any],
               place: Place) -> Iterator[ExplainedRow]:
    """`payload`: of the options. The sandbox is told last, whichever way it is mounted."""
    sandbox: list[ExplainedRow] = []
    secrets = {secret.target for secret in options.secret_files}
    for row in _rows(payload, place):
        if (row.value, row.name) == (place.sandbox, place.mapped):
            sandbox.append(row)
        elif row.name not in secrets:
            yield row
    for secret in options.secret_files:
        yield ExplainedRow(secret.target, HIDDEN, "a secret, as a file")
    yield from sandbox


def _rows(payload: Mapping[str, Any], place: Place) -> Iterator[ExplainedRow]:
    host = payload["HostConfig"]
    for bind in host.get("Binds") or ():
        source, target, *mode = bind.split(":")
        yield _row(source, target, host.get("VolumeDriver"), place, made=True,
                   read_only=bool(mode) and bool({"ro", "readonly"} & set(mode[0].split(","))))
    for mount in host.get("Mounts") or ():
        yield _mount_row(mount, place)
    for target in payload.get("Volumes") or ():
        yield ExplainedRow(target, "", "a volume of its own, writable")
    for target, words in (host.get("Tmpfs") or {}).items():
        yield ExplainedRow(target, words, "in memory")
    for container in host.get("VolumesFrom") or ():
        yield ExplainedRow("", container, "the volumes of this container")


def _mount_row(mount: Mapping[str, Any], place: Place) -> ExplainedRow:
    if mount["Type"] not in {"bind", "volume"}:
        kind = "in memory" if mount["Type"] == "tmpfs" else mount["Type"]
        return ExplainedRow(mount["Target"], mount.get("Source") or "", kind)
    driver = ((mount.get("VolumeOptions") or {}).get("DriverConfig") or {}).get("Name")
    read_only = bool(mount.get("ReadOnly"))
    if not mount.get("Source"):
        return ExplainedRow(mount["Target"], "", f"a volume of its own, {_mode(read_only)}")
    return _row(mount["Source"], mount["Target"], driver, place, made=False, read_only=read_only)


def _row(source: str, target: str, driver: str | None, place: Place, *, made: bool,
         read_only: bool) -> ExplainedRow:
    """`made`: whether the engine makes a folder of the host that is not there."""
    if (source, target) == (place.sandbox, place.mapped):
        return ExplainedRow(target, source, "the sandbox")
    if not source.startswith("/"):
        kind = f"a volume of the driver {driver}" if driver else "a volume"
    elif source.startswith(f"{place.sandbox}/"):
        kind = "in the sandbox"
    elif source.startswith(f"{place.executor_sandbox}/"):
        kind = "a persistent volume"
    else:
        kind = "a folder of the agent's host" if made else "of the agent's host, where it must be"
    return ExplainedRow(target, source, f"{kind}, {_mode(read_only)}")


def _mode(read_only: bool) -> str:
    return "read-only" if read_only else "writable"
