"""What a task runs in, as Mesos says it: mesos.v1.ContainerInfo and its parts.

`specs/container/run_options.py` is what becomes of it.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from specs.messages.check import Protocol
from specs.messages.fields import OneOf, UInt32, UInt64, Wrapped
from specs.messages.values import Labels, Parameter, Secret

CapabilityName = Annotated[str, OneOf(
    "UNKNOWN", "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID",
    "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON",
    "BPF", "CHECKPOINT_RESTORE")]

RLimitType = Annotated[str, OneOf(
    "UNKNOWN", "RLMT_AS", "RLMT_CORE", "RLMT_CPU", "RLMT_DATA", "RLMT_FSIZE", "RLMT_LOCKS",
    "RLMT_MEMLOCK",
    "RLMT_MSGQUEUE", "RLMT_NICE", "RLMT_NOFILE", "RLMT_NPROC", "RLMT_RSS", "RLMT_RTPRIO",
    "RLMT_RTTIME", "RLMT_SIGPENDING", "RLMT_STACK")]

VolumeSourceType = Annotated[str, OneOf(
    "UNKNOWN", "DOCKER_VOLUME", "HOST_PATH", "SANDBOX_PATH", "SECRET", "CSI_VOLUME")]


@dataclass(frozen=True, slots=True)
class AppcImage:
    """Image.Appc."""

    name: str
    id: str | None = None
    labels: Labels = ()


@dataclass(frozen=True, slots=True)
class ImageCredential:
    """A name and a password."""

    principal: str
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class DockerImage:
    """Image.Docker; `config` is a Docker configuration with credentials."""

    name: str
    credential: ImageCredential | None = None  # deprecated in Mesos: config
    config: Secret | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """An image for the Mesos containerizer, or of a volume; Docker tasks name theirs in
    DockerInfo.image.
    """

    type: Annotated[str, OneOf("APPC", "DOCKER")]
    appc: AppcImage | None = None
    docker: DockerImage | None = None
    cached: bool | None = None  # Mesos: true


@dataclass(frozen=True, slots=True)
class MountPropagation:
    """Whether mounts made later on one side are seen on the other."""

    mode: Annotated[str, OneOf("UNKNOWN", "HOST_TO_CONTAINER", "BIDIRECTIONAL")] | None = None


@dataclass(frozen=True, slots=True)
class DockerVolume:
    """A named volume of a volume driver."""

    name: str
    driver: str | None = None
    driver_options: Annotated[tuple[Parameter, ...], Wrapped("parameter")] = ()


@dataclass(frozen=True, slots=True)
class HostPath:
    """A path of the agent's host."""

    path: str
    mount_propagation: MountPropagation | None = None


@dataclass(frozen=True, slots=True)
class SandboxPath:
    """A path in the container's own sandbox, or in its parent's."""

    path: str
    type: Annotated[str, OneOf("UNKNOWN", "SELF", "PARENT")] | None = None


@dataclass(frozen=True, slots=True)
class BlockVolume:
    """A CSI volume as a block device."""


@dataclass(frozen=True, slots=True)
class MountVolume:
    """A CSI volume as a file system."""

    fs_type: str | None = None
    mount_flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessMode:
    """Who may use a CSI volume at once."""

    mode: Annotated[str, OneOf("UNKNOWN", "SINGLE_NODE_WRITER", "SINGLE_NODE_READER_ONLY",
                               "MULTI_NODE_READER_ONLY",
                               "MULTI_NODE_SINGLE_WRITER", "MULTI_NODE_MULTI_WRITER")]


@dataclass(frozen=True, slots=True)
class VolumeCapability:
    """How a CSI volume is used; at most one of block and mount."""

    access_mode: AccessMode
    block: BlockVolume | None = None
    mount: MountVolume | None = None


@dataclass(frozen=True, slots=True)
class StaticProvisioning:
    """A CSI volume that exists already."""

    volume_id: str
    volume_capability: VolumeCapability
    node_stage_secrets: Mapping[str, Secret] = field(default_factory=dict)
    node_publish_secrets: Mapping[str, Secret] = field(default_factory=dict)
    volume_context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CSIVolume:
    """A volume of a CSI plugin (the Mesos containerizer's only)."""

    plugin_name: str
    static_provisioning: StaticProvisioning | None = None


@dataclass(frozen=True, slots=True)
class VolumeSource:
    """Volume.Source: the part that `type` names."""

    type: VolumeSourceType | None = None
    docker_volume: DockerVolume | None = None
    host_path: HostPath | None = None
    sandbox_path: SandboxPath | None = None
    secret: Secret | None = None
    csi_volume: CSIVolume | None = None


@dataclass(frozen=True, slots=True)
class Volume:
    """A mount at `container_path`, of one of host_path, image and source."""

    mode: Annotated[str, OneOf("RW", "RO")]
    container_path: str
    host_path: str | None = None
    image: Image | None = None
    source: VolumeSource | None = None


@dataclass(frozen=True, slots=True)
class PortMapping:
    """DockerInfo.PortMapping and NetworkInfo.PortMapping, which are alike; Mesos's Docker executor
    uses the former.
    """

    host_port: UInt32
    container_port: UInt32
    protocol: str | None = None


@dataclass(frozen=True, slots=True)
class IPAddress:
    """NetworkInfo.IPAddress; without an address it asks for any of this protocol."""

    protocol: Protocol | None = None  # Mesos: IPv4
    ip_address: str | None = None


@dataclass(frozen=True, slots=True)
class NetworkInfo:
    """A network to join; in a status, the addresses that the container has there."""

    ip_addresses: tuple[IPAddress, ...] = ()
    name: str | None = None
    groups: tuple[str, ...] = ()
    labels: Labels = ()
    port_mappings: tuple[PortMapping, ...] = ()


@dataclass(frozen=True, slots=True)
class CapabilityInfo:
    """A set of Linux capabilities, without CAP_."""

    capabilities: tuple[CapabilityName, ...] = ()


@dataclass(frozen=True, slots=True)
class SeccompInfo:
    """A seccomp profile by name, or none at all."""

    profile_name: str | None = None
    unconfined: bool | None = None


@dataclass(frozen=True, slots=True)
class LinuxInfo:
    """Isolation options of Linux."""

    capability_info: CapabilityInfo | None = None  # deprecated in Mesos: the same as effective_capabilities
    bounding_capabilities: CapabilityInfo | None = None
    effective_capabilities: CapabilityInfo | None = None
    share_pid_namespace: bool | None = None
    seccomp: SeccompInfo | None = None
    ipc_mode: Annotated[str, OneOf("UNKNOWN", "PRIVATE", "SHARE_PARENT")] | None = None
    shm_size: UInt32 | None = None  # MB
    share_cgroups: bool | None = None  # Mesos: true


@dataclass(frozen=True, slots=True)
class RLimit:
    """One POSIX limit; neither hard nor soft means unlimited."""

    type: RLimitType | None = None
    hard: UInt64 | None = None
    soft: UInt64 | None = None


@dataclass(frozen=True, slots=True)
class RLimitInfo:
    """POSIX limits of the container's processes."""

    rlimits: tuple[RLimit, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowSize:
    """The size of a terminal in characters."""

    rows: UInt32
    columns: UInt32


@dataclass(frozen=True, slots=True)
class TTYInfo:
    """A terminal for the container."""

    window_size: WindowSize | None = None


@dataclass(frozen=True, slots=True)
class DockerInfo:
    """ContainerInfo.DockerInfo: what `docker run` is told."""

    image: str
    network: Annotated[str, OneOf("HOST", "BRIDGE", "NONE", "USER")] | None = None  # Mesos: HOST
    port_mappings: tuple[PortMapping, ...] = ()
    privileged: bool | None = None  # Mesos: false
    parameters: tuple[Parameter, ...] = ()
    force_pull_image: bool | None = None
    volume_driver: str | None = None


@dataclass(frozen=True, slots=True)
class MesosInfo:
    """ContainerInfo.MesosInfo."""

    image: Image | None = None


@dataclass(frozen=True, slots=True)
class ContainerInfo:
    """The container of a task or of an executor."""

    type: Annotated[str, OneOf("DOCKER", "MESOS")]
    volumes: tuple[Volume, ...] = ()
    hostname: str | None = None
    docker: DockerInfo | None = None
    mesos: MesosInfo | None = None
    network_infos: tuple[NetworkInfo, ...] = ()
    linux_info: LinuxInfo | None = None
    rlimit_info: RLimitInfo | None = None
    tty_info: TTYInfo | None = None
