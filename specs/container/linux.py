"""What Mesos's own Docker executor ignores of a task: user, terminal, limits, capabilities,
namespaces, GPUs.

The fields mean for a Docker container what they mean for the Mesos containerizer, as far as the
engine can do it. What it cannot do is an error rather than a container that is less confined than
its task says.
"""
from __future__ import annotations

from dataclasses import replace
from typing import Final

from specs.container.run_options import RunOptions, Ulimit
from specs.errors import SpecError
from specs.messages.command import CommandInfo
from specs.messages.containerinfo import ContainerInfo, LinuxInfo, RLimit
from specs.resources.sums import Resources
from specs.words.sizes import MEGABYTE

_UNLIMITED: Final = -1
_LARGEST: Final = (1 << 63) - 1  # the engine keeps a limit in an int64


def with_linux(options: RunOptions, container: ContainerInfo, command: CommandInfo,
               resources: Resources | None) -> RunOptions:
    """With command.user, tty_info, rlimit_info, linux_info and the gpus resource. Raises SpecError.
    """
    info = container.linux_info or LinuxInfo()
    limits = container.rlimit_info.rlimits if container.rlimit_info is not None else ()
    kept = _capabilities(info)
    return replace(
        options, user=command.user, tty=container.tty_info is not None,
        ulimits=tuple(_ulimit(limit, f"container.rlimit_info.rlimits[{i}]") for i,
                      limit in enumerate(limits)),
        cap_drop=() if kept is None else ("ALL",), cap_add=kept or (), security_opt=_seccomp(info),
        shm_size=_shm_size(info), ipc=_ipc(info), pid="host" if info.share_pid_namespace else None,
        gpus=None if options.devices else _gpus(resources))


def _ulimit(limit: RLimit, path: str) -> Ulimit:
    name = (limit.type or "UNKNOWN").removeprefix("RLMT_").lower()
    if name in {"as", "unknown"}:
        raise SpecError(f"{path}.type", f"Docker has no limit of type {limit.type or 'UNKNOWN'}")
    if (limit.soft is None) != (limit.hard is None):
        raise SpecError(path,
                        "Either both of 'hard' and 'soft' must be set, or none of them for no limit")
    if limit.soft is None or limit.hard is None:
        return Ulimit(name, _UNLIMITED, _UNLIMITED)
    if limit.soft > limit.hard:
        raise SpecError(f"{path}.soft",
                        f"The soft limit {limit.soft} is above the hard limit {limit.hard}")
    soft, hard = (_UNLIMITED if value > _LARGEST else value for value in (limit.soft, limit.hard))
    return Ulimit(name, soft, hard)


def _capabilities(info: LinuxInfo) -> tuple[str, ...] | None:
    """Exactly these; None: those that the engine gives. A container has one set for both that Mesos
    tells apart.
    """
    effective = info.effective_capabilities or info.capability_info
    bounding = info.bounding_capabilities
    if effective is None:
        return None if bounding is None else bounding.capabilities
    if bounding is not None:
        for name in effective.capabilities:
            if name not in bounding.capabilities:
                raise SpecError("container.linux_info.effective_capabilities",
                                f"{name} is not among the bounding capabilities")
    return effective.capabilities


def _seccomp(info: LinuxInfo) -> tuple[str, ...]:
    seccomp = info.seccomp
    if seccomp is None:
        return ()
    if seccomp.profile_name is not None:
        raise SpecError("container.linux_info.seccomp.profile_name",
                        "Profiles by name are known to the Mesos containerizer only; "
                        "Docker takes the parameter security-opt")
    return ("seccomp=unconfined",) if seccomp.unconfined else ()


def _ipc(info: LinuxInfo) -> str | None:
    return {"PRIVATE": "private", "SHARE_PARENT": "host"}.get(info.ipc_mode or "")


def _shm_size(info: LinuxInfo) -> int | None:
    if info.shm_size is None:
        return None
    if info.ipc_mode == "SHARE_PARENT":
        problem = "Only a container with an IPC namespace of its own has a size of shared memory"
        raise SpecError("container.linux_info.shm_size", problem)
    return info.shm_size * MEGABYTE


def _gpus(resources: Resources | None) -> int | None:
    """Whole GPUs, of any kind, for the engine to choose; where somebody chose devices already,
    those are given.
    """
    gpus = resources.gpus if resources is not None else None
    if not gpus:
        return None
    if gpus != int(gpus):
        raise SpecError("resources", "The 'gpus' resource must be an unsigned integer")
    return int(gpus)
