"""Below which cgroup containers are made. Pure.

An agent that isolates by cgroups puts each executor into one of its own, named after the executor's
container: /mesos/CONTAINER, on the second version /mesos/CONTAINER/leaf. Containers below that are
in the agent's accounting, and end with it: destroying the executor's container leaves none. An
engine must be able to make them there: one that has systemd make its cgroups cannot, as the agent's
are no slices. As Mesos: slave/containerizer/mesos/paths.cpp, linux/cgroups2.cpp.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

CGROUPFS: Final = "cgroupfs"
LEAF: Final = "/leaf"  # where the processes are: a cgroup with others below it has none, on version 2
_COUNTED: Final = ("memory", "cpu", "cpuacct", "freezer", "pids")  # version 1: what an agent isolates by, or ends by
_FIELD: Final = "CgroupParent"


@dataclass(frozen=True, slots=True)
class CgroupParent:
    """`path`: with the slash before it; None, and `why`, where containers are where the engine puts
    them.
    """

    path: str | None
    why: str = ""


def executors_cgroup(groups: Mapping[str, str], executor_container: str) -> CgroupParent:
    """The agent's cgroup for an executor. `groups`: the executor's own, controller → path, the
    unified hierarchy as controller ""; `executor_container`: the id of its container.
    """
    ours = {name: path for name, path in groups.items()
            if executor_container and path.removesuffix(LEAF).endswith(f"/{executor_container}")}
    paths = {ours[name] for name in _COUNTED if name in ours}
    if len(paths) == 1:
        return CgroupParent(paths.pop())
    if paths:
        return CgroupParent(None, f"the executor is in several cgroups: {', '.join(sorted(paths))}")
    second = ours.get("")
    if second is None:
        return CgroupParent(None, "the agent does not isolate by cgroups")
    if not second.endswith(LEAF):
        return CgroupParent(None, f"processes are in {second} itself, where no others can be made below")
    return CgroupParent(second.removesuffix(LEAF))


def allowed(parent: CgroupParent, driver: str) -> CgroupParent:
    """The parent, if an engine with this cgroup driver can make containers there."""
    if parent.path is None or driver == CGROUPFS:
        return parent
    return CgroupParent(None, f"the engine's cgroup driver is {driver}, which cannot make any in {parent.path}")


def placed(payload: Mapping[str, Any], parent: CgroupParent) -> Mapping[str, Any]:
    """The container's payload, below the parent; one that says where stays there."""
    host = payload.get("HostConfig") or {}
    if parent.path is None or host.get(_FIELD):
        return payload
    return {**payload, "HostConfig": {**host, _FIELD: parent.path}}
