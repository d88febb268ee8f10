"""Flags of masters and agents, by Mesos's names."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from specs.forms import Json
from specs.words.defaults import DOCKER_SOCKET, MAPPED_DIRECTORY

MESOS: Final = "mesos"
CLUSTERD: Final = "clusterd"  # the living fork; its agents hand their CNI flags to docker executors


@dataclass(frozen=True, slots=True)
class MasterFlags:
    """Settings of the master, by Mesos's names."""

    ip: str = "127.0.0.1"
    port: int = 5050
    hostname: str = "127.0.0.1"
    roles: tuple[str, ...] = ()  # the only roles that frameworks may have; empty: any
    allocation_interval: float = 0.2  # seconds; Mesos has 1
    agent_reregister_timeout: float = 600.0  # seconds
    agent_ping_timeout: float = 15.0  # seconds
    max_agent_ping_timeouts: int = 5
    work_dir: str | None = None  # only shown: nothing is kept there
    advertise_ip: str | None = None  # where others reach it, if `ip` is all addresses
    authenticate_http_frameworks: bool = False
    authenticate_http_readonly: bool = False
    authenticate_http_readwrite: bool = False

    @property
    def shown_ip(self) -> str:
        """The address that others are told."""
        return self.advertise_ip or self.ip


@dataclass(frozen=True, slots=True)
class AgentFlags:
    """Settings of an agent, by Mesos's names. Durations are seconds."""

    work_dir: Path
    resources: list[Json]  # Resource messages
    attributes: list[Json] = field(default_factory=list)
    master: str | None = None  # ip:port
    ip: str = "127.0.0.1"
    port: int = 0
    hostname: str = "127.0.0.1"
    advertise_ip: str | None = None  # where others reach it, if `ip` is all addresses
    authenticate_http_executors: bool = False
    authenticate_http_readonly: bool = False
    authenticate_http_readwrite: bool = False
    executor_secret_key: Path | None = None  # the file with what executors' tokens are signed with
    executor_registration_timeout: float = 60.0
    executor_reregistration_timeout: float = 2.0
    executor_shutdown_grace_period: float = 5.0
    recovery_timeout: float = 900.0
    launcher_dir: Path = Path("/usr/libexec/mesos")
    docker: str = "docker"
    docker_socket: str = DOCKER_SOCKET
    docker_remove_delay: float = 6 * 3600.0
    docker_stop_timeout: float = 0.0
    sandbox_directory: str = MAPPED_DIRECTORY
    cgroups_enable_cfs: bool = False
    default_container_dns: str | None = None  # a JSON ContainerDNSInfo
    network_cni_config_dir: str | None = None
    network_cni_plugins_dir: str | None = None
    flavour: str = MESOS  # whose agent it is towards executors; no flag of Mesos's

    @property
    def shown_ip(self) -> str:
        """The address that others are told."""
        return self.advertise_ip or self.ip
