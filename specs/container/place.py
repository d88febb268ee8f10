"""Where a container is to be made: what stands in no task, because only the node knows it.

Whoever is not on that node, `explain` or the check before a launch, leaves open what it does not
know, and the task is judged by the rest: nothing is refused for a value that the executor will
have.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from specs.container.run_options import Device
from specs.messages.values import Secret
from specs.network.dns import ContainerDNSInfo
from specs.words.defaults import MAPPED_DIRECTORY

OPEN_SECRETS: Final = "/run/secrets-of-the-task"  # these stand for folders that are not known yet
OPEN_EXECUTOR: Final = "/sandbox-of-the-executor"

SecretResolver = Callable[[Secret], bytes]  # raises SpecError if it does not know the secret


@dataclass(frozen=True, slots=True)
class Place:
    """One container's place on one node."""

    name: str  # the container's
    sandbox: str  # the task's, on the host
    mapped: str = MAPPED_DIRECTORY  # the same in the container
    total_memory: int | None = None  # of the node, bytes; None: not known, then the OOM score stays open
    secrets: str = OPEN_SECRETS  # the folder with the secret files, named 0, 1, …; they must be there before the create
    executor_sandbox: str = OPEN_EXECUTOR  # on the host: where the agent mounts persistent volumes
    resolve_secret: SecretResolver | None = None  # for secrets that are references; None: they are refused
    enable_cfs: bool = False  # whether the requested cpus are a limit, too
    task_environment: Mapping[str, str] = field(default_factory=dict)  # of an agent's hook; wins over the task's
    devices: tuple[Device, ...] = ()  # given to the container by whoever allocated them
    cni_networks: frozenset[str] = frozenset()  # that the node attaches containers to by CNI, besides the engine's
    default_dns: ContainerDNSInfo | None = None
    ports_open: bool = False  # host port 0 stands for one that the scheduler will choose
    only_mesos: bool = False  # no more than Mesos's own docker executor does, with its errors and omissions
