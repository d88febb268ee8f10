"""An app's container: image, volumes, port mappings, and the networks that it is in.

Volumes are told apart by what they have: a path of the agent, a persistent volume, one of a volume
driver or of a storage plugin, or a secret. As Marathon:
docs/docs/rest-api/public/api/v2/types/{appContainer,network,volumes}.raml.
"""
from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


class NetworkMode(enum.Enum):
    HOST = "host"
    BRIDGE = "container/bridge"
    CONTAINER = "container"


@dataclass(frozen=True, slots=True)
class AppNetwork:
    """`name`: of container networks alone."""

    mode: NetworkMode = NetworkMode.CONTAINER
    name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AppPortMapping:
    """`container_port` 0: the host port's number; `host_port` 0: any, None: no door on the agent;
    `service_port` 0: to be assigned."""

    container_port: int = 0
    host_port: int | None = None
    service_port: int = 0
    protocol: str = "tcp"  # or udp, or "udp,tcp"
    name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    network_names: tuple[str, ...] = ()

    @property
    def protocols(self) -> tuple[str, ...]:
        return tuple(self.protocol.split(","))


@dataclass(frozen=True, slots=True)
class HostVolume:
    """A path of the agent; a relative one lies below the task's sandbox."""

    container_path: str
    host_path: str
    mode: str = "RW"  # or RO


@dataclass(frozen=True, slots=True)
class PersistentVolume:
    """Disk that outlives its task. Sizes are MiB."""

    container_path: str
    size: int
    mode: str = "RW"
    type: str = "root"  # or path, or mount
    max_size: int | None = None  # of mount
    profile_name: str | None = None
    constraints: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class ExternalVolume:
    """A volume of a driver on the agent. `size` is GiB, for drivers that make volumes."""

    container_path: str
    name: str
    provider: str = "dvdi"
    options: Mapping[str, str] = field(default_factory=dict)
    mode: str = "RW"
    size: int | None = None
    shared: bool = False


class VolumeMode(enum.Enum):
    """Who may use a volume of a storage plugin at the same time."""

    SINGLE_NODE_WRITER = "SINGLE_NODE_WRITER"
    SINGLE_NODE_READER_ONLY = "SINGLE_NODE_READER_ONLY"
    MULTI_NODE_READER_ONLY = "MULTI_NODE_READER_ONLY"
    MULTI_NODE_SINGLE_WRITER = "MULTI_NODE_SINGLE_WRITER"
    MULTI_NODE_MULTI_WRITER = "MULTI_NODE_MULTI_WRITER"

    @property
    def is_read_only(self) -> bool:
        return self.value.endswith("READER_ONLY")

    @property
    def is_shareable(self) -> bool:
        return self.value.startswith("MULTI_NODE")


@dataclass(frozen=True, slots=True)
class CsiCapability:
    """How a volume of a storage plugin is used. `access_type` is block or mount; the rest is of
    mounts.
    """

    access_mode: VolumeMode
    access_type: str
    fs_type: str | None = None
    mount_flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CsiOptions:
    """What a storage plugin is told; the values of the two secrets are names of secrets."""

    plugin_name: str
    capability: CsiCapability
    node_stage_secret: Mapping[str, str] = field(default_factory=dict)
    node_publish_secret: Mapping[str, str] = field(default_factory=dict)
    volume_context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CsiVolume:
    """A volume of a storage plugin (CSI)."""

    container_path: str
    name: str
    options: CsiOptions
    mode: str = "RW"


@dataclass(frozen=True, slots=True)
class SecretVolume:
    """`secret`: a name in the app's `secrets`."""

    container_path: str
    secret: str


Volume = HostVolume | PersistentVolume | ExternalVolume | CsiVolume | SecretVolume


@dataclass(frozen=True, slots=True)
class DockerParameter:
    """One option of `docker run`, without its hyphens."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class AppImage:
    """What `container.docker` says."""

    image: str
    force_pull_image: bool = False
    privileged: bool = False
    parameters: tuple[DockerParameter, ...] = ()
    pull_config_secret: str | None = None  # of MESOS containers


class ContainerType(enum.Enum):
    DOCKER = "DOCKER"
    MESOS = "MESOS"


@dataclass(frozen=True, slots=True)
class Seccomp:
    """Which system calls are allowed: those of a profile of the agent, or all."""

    profile_name: str | None = None
    unconfined: bool = False


@dataclass(frozen=True, slots=True)
class IpcSettings:
    """`mode`: PRIVATE or SHARE_PARENT; `shm_size` in MiB, of PRIVATE."""

    mode: str
    shm_size: int | None = None


@dataclass(frozen=True, slots=True)
class LinuxSettings:
    """What `container.linuxInfo` says."""

    seccomp: Seccomp | None = None
    ipc_info: IpcSettings | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """`port_mappings` None: no list at all, as in host networks; `linux_info`: of MESOS."""

    type: ContainerType = ContainerType.DOCKER
    docker: AppImage | None = None
    volumes: tuple[Volume, ...] = ()
    port_mappings: tuple[AppPortMapping, ...] | None = None
    linux_info: LinuxSettings | None = None
