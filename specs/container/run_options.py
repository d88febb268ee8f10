"""What a container shall be, in the engine's terms and free of Mesos: the value that everything is
rendered from.

`RunOptions` is the port of Mesos's `Docker::RunOptions` (docker.hpp).
`specs/container/from_task.py` makes it from a task, `specs/container/payload.py` turns it into the
Engine API's create payload or into a `docker run` command line. Sizes are bytes, CPU quota is
microseconds per 100 ms. None means: do not say it, let the engine decide.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from specs.messages.values import Parameter


@dataclass(frozen=True, slots=True)
class PublishedPort:
    """`-p host_port:container_port[/protocol]`; protocol is as the task wrote it, None where it
    wrote none.
    """

    host_port: int
    container_port: int
    protocol: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """`--device host_path:container_path:rwm`."""

    host_path: str
    container_path: str
    read: bool = True
    write: bool = True
    mknod: bool = True


@dataclass(frozen=True, slots=True)
class Network:
    """One network to join: `name` is host, bridge, none, container:ID or a network's name."""

    name: str
    aliases: tuple[str, ...] = ()
    ipv4: str | None = None
    ipv6: str | None = None


@dataclass(frozen=True, slots=True)
class Mount:
    """`--mount`: what `-v` cannot say, such as a driver of its own, or a path with a colon."""

    type: str  # bind, volume or tmpfs
    target: str
    source: str | None = None
    read_only: bool = False
    driver: str | None = None  # of a volume; made with these options if it does not exist yet
    driver_options: Mapping[str, str] = field(default_factory=dict)
    propagation: str | None = None  # of a bind: rslave, rshared …


@dataclass(frozen=True, slots=True, repr=False)
class SecretFile:
    """A file with a secret in it; it must be written on the host before the container is made.
    Never shown by repr.
    """

    source: str  # the file's path on the host
    target: str
    data: bytes
    read_only: bool = True

    def __repr__(self) -> str:
        return f"SecretFile({self.target!r}, <{len(self.data)} bytes>)"


@dataclass(frozen=True, slots=True)
class Ulimit:
    """`--ulimit name=soft:hard`; -1 is unlimited."""

    name: str
    soft: int
    hard: int


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Everything `docker run` is told. Field names follow Mesos's RunOptions, which the vectors
    use.
    """

    image: str
    name: str
    privileged: bool = False
    cpu_shares: int | None = None
    cpu_quota: int | None = None
    memory_reservation: int | None = None
    memory: int | None = None
    oom_score_adj: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    volumes: tuple[str, ...] = ()
    volume_driver: str | None = None
    network: str = "host"
    hostname: str | None = None
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    dns_opt: tuple[str, ...] = ()
    port_mappings: tuple[PublishedPort, ...] = ()
    devices: tuple[Device, ...] = ()
    entrypoint: str | None = None
    parameters: tuple[Parameter, ...] = ()  # Mesos: additional_options, there already joined to "--key=value"
    arguments: tuple[str, ...] = ()
    # What Mesos's own Docker executor does not do; empty means that it would do the same.
    networks: tuple[Network, ...] = ()  # those with an address, or beyond the first; then `network` is the first
    mounts: tuple[Mount, ...] = ()
    secret_env: frozenset[str] = frozenset()  # names in `env` whose values must not be shown
    secret_files: tuple[SecretFile, ...] = ()
    user: str | None = None
    tty: bool = False
    ulimits: tuple[Ulimit, ...] = ()
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    shm_size: int | None = None
    ipc: str | None = None
    pid: str | None = None
    gpus: int | None = None
