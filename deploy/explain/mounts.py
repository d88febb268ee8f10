"""The section of an explanation about what is mounted, and from where."""
from __future__ import annotations

from collections.abc import Iterator

from deploy.explain.sections import ExplainedRow
from specs.container.place import Place
from specs.container.run_options import Mount, RunOptions
from specs.words.secrecy import HIDDEN


def mount_rows(options: RunOptions, place: Place) -> Iterator[ExplainedRow]:
    """The sandbox is told last, whichever way it is mounted."""
    sandbox: list[ExplainedRow] = []
    for bind in options.volumes:
        source, target, *mode = bind.split(":")
        row = _row(source, target, options.volume_driver, place, made=True,
                   read_only=bool(mode) and "ro" in mode[0].split(","))
        (sandbox.append(row) if (source, target) == (place.sandbox, place.mapped) else (yield row))
    for mount in options.mounts:
        row = _mount_row(mount, place)
        (sandbox.append(row) if (mount.source, mount.target) == (place.sandbox, place.mapped)
         else (yield row))
    for secret in options.secret_files:
        yield ExplainedRow(secret.target, HIDDEN, "a secret, as a file")
    yield from sandbox


def _mount_row(mount: Mount, place: Place) -> ExplainedRow:
    if mount.type in {"bind", "volume"}:
        return _row(mount.source or "", mount.target, mount.driver, place, made=False,
                    read_only=mount.read_only)
    return ExplainedRow(mount.target, mount.source or "", mount.type)


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
    return ExplainedRow(target, source, f"{kind}, {'read-only' if read_only else 'writable'}")
