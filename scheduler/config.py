"""What a framework is, and how patient: frozen values, and the FrameworkInfo made of them."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from specs.errors import SpecError
from specs.words.address import Address

DEFAULT_PORT = 5050  # of a Mesos master
ZOOKEEPER_PORT = 2181

# What this scheduler understands, so that a master may rely on it. GPU_RESOURCES is claimed only where tasks want GPUs:
# agents that have some are kept for such frameworks, and one that claims it without need fills them with other work.
CAPABILITIES = ("TASK_KILLING_STATE", "PARTITION_AWARE", "MULTI_ROLE", "RESERVATION_REFINEMENT")


@dataclass(frozen=True, slots=True)
class Config:
    """All times are seconds."""

    name: str = "mesos-docker"
    user: str = "root"  # whom the executor and its fetcher run as on the agent
    roles: tuple[str, ...] = ("*",)
    checkpoint: bool = True  # executors and their tasks survive a restart of their agent
    failover_timeout: float = 0.0  # how long tasks outlive this scheduler; 0: it is gone, they are gone
    gpus: bool = False
    principal: str | None = None
    webui_url: str | None = None

    connect_timeout: float = 10.0  # for the first subscription; later ones are tried for ever
    refuse_short: float = 1.0  # while tasks wait: the same resources may be looked at again soon
    refuse_long: float = 3600.0  # while none waits; REVIVE undoes it
    launch_timeout: float = 30.0  # from ACCEPT to the first update, then reconcile
    reconcile_first: float = 5.0  # then doubled, up to the maximum, until every task is answered
    reconcile_maximum: float = 60.0
    reconcile_all: float = 900.0  # implicit reconciliation, as Mesos's guide for frameworks advises
    kill_repeat: float = 10.0  # until TASK_KILLING or the end is seen
    kill_patience: float = 60.0  # after TASK_KILLING, and then on top of the grace period


@dataclass(frozen=True, slots=True)
class Timing:
    """The driver's, in seconds; `answer`: for a connection, for the first event, and for the answer to a call."""

    answer: float = 10.0
    missed_heartbeats: int = 5  # as Mesos's guide for frameworks advises
    heartbeat: float = 15.0  # unless SUBSCRIBED says otherwise
    first_pause: float = 0.2  # before the second try; then doubled
    last_pause: float = 15.0
    goodbye: float = 5.0  # for what is still to be sent at the end


def master_address(text: str, default_port: int = DEFAULT_PORT) -> Address:
    """HOST, HOST:PORT or [IPv6]:PORT. Raises SpecError with the path `master`."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise SpecError("master", f"{text!r} is not HOST:PORT: {error}") from None
    odd = "@" in text or any(c.isspace() for c in text) or text.rpartition("]")[2][:1] not in ("", ":", text[:1])
    if not host or port == 0 or parts.netloc != text or odd:
        raise SpecError("master", f"{text!r} is not HOST:PORT, zk://HOST:PORT/PATH or local")
    return Address(host, default_port if port is None else port)


@dataclass(frozen=True, slots=True)
class Ensemble:
    """The ZooKeeper that knows the masters. `login`: user:password, for its digest scheme."""

    hosts: tuple[Address, ...]
    path: str
    login: str | None = None


def ensemble(text: str) -> Ensemble:
    """zk://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]…]/PATH, as Mesos's --zk. Raises SpecError, path `master`."""
    scheme, _, rest = text.partition("://")
    login, _, place = rest.rpartition("@")
    hosts, _, path = place.partition("/")
    path = path.strip("/")
    shown = text.replace(login, "…", 1) if login else text
    if scheme not in ("zk", "zoo"):
        raise SpecError("master", f"{shown!r} is not HOST:PORT, zk://HOST:PORT/PATH or local")
    if not path:
        raise SpecError("master", f"{shown!r} names no path; masters are usually found under /mesos")
    if login and ":" not in login:
        raise SpecError("master", f"{shown!r}: what stands before @ is not USER:PASSWORD")
    try:
        addresses = tuple(master_address(host, ZOOKEEPER_PORT) for host in hosts.split(","))
    except SpecError:
        raise SpecError("master", f"{shown!r} is not zk://HOST:PORT,HOST:PORT/PATH") from None
    return Ensemble(addresses, f"/{path}", login or None)


def framework_info(config: Config, framework_id: str | None) -> dict[str, Any]:
    """mesos.v1.FrameworkInfo; the id is there when we come back as the framework that we were."""
    capabilities = [*CAPABILITIES, *(["GPU_RESOURCES"] if config.gpus else [])]
    info: dict[str, Any] = {
        "name": config.name, "user": config.user, "roles": list(config.roles), "checkpoint": config.checkpoint,
        "failover_timeout": config.failover_timeout, "capabilities": [{"type": name} for name in capabilities],
    }
    if config.principal is not None:
        info["principal"] = config.principal
    if config.webui_url is not None:
        info["webui_url"] = config.webui_url
    if framework_id is not None:
        info["id"] = {"value": framework_id}
    return info


def back_off(attempt: int, seed: float, *, first: float = 0.2, maximum: float = 15.0) -> float:
    """Seconds before the next try: doubled each time up to `maximum`, spread by `seed` (0 to 1) over its upper half."""
    return min(maximum, first * 2.0 ** min(attempt, 30)) * (0.5 + seed / 2)
