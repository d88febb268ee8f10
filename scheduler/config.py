"""What a framework is, and how patient: frozen values, and the FrameworkInfo made of them."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# What this scheduler understands, so that a master may rely on it. GPU_RESOURCES is claimed only
# where tasks want GPUs: agents that have some are kept for such frameworks, and one that claims it
# without need fills them with other work. So it is with revocable resources and with shared ones:
# who claims them is offered them.
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
    revocable: bool = False  # some of its tasks want resources that may be taken back
    shared: bool = False  # some of its tasks want persistent volumes that others use as well
    principal: str | None = None
    webui_url: str | None = None

    connect_timeout: float = 10.0  # for the first subscription; later ones are tried for ever. Infinity: it, too
    refuse_short: float = 1.0  # while tasks wait: the same resources may be looked at again soon
    refuse_long: float = 3600.0  # while none waits; REVIVE undoes it
    max_launches: int = 5  # of one task onto offers that turn out to be gone, before that is its end
    launch_timeout: float = 30.0  # from ACCEPT to the first update, then reconcile
    reconcile_first: float = 5.0  # then doubled, up to the maximum, until every task is answered
    reconcile_maximum: float = 60.0
    reconcile_all: float = 900.0  # implicit reconciliation, as Mesos's guide for frameworks advises
    kill_repeat: float = 10.0  # until TASK_KILLING or the end is seen
    kill_patience: float = 60.0  # after TASK_KILLING, and then on top of the grace period


@dataclass(frozen=True, slots=True)
class Timing:
    """The driver's, in seconds; `answer`: for a connection, for the first event, and for the answer
    to a call.
    """

    answer: float = 10.0
    missed_heartbeats: int = 5  # as Mesos's guide for frameworks advises
    heartbeat: float = 15.0  # unless SUBSCRIBED says otherwise
    first_pause: float = 0.2  # before the second try; then doubled
    last_pause: float = 15.0
    goodbye: float = 5.0  # for what is still to be sent at the end


def framework_info(config: Config, framework_id: str | None) -> dict[str, Any]:
    """mesos.v1.FrameworkInfo; the id is there when we come back as the framework that we were."""
    more = (("GPU_RESOURCES", config.gpus), ("REVOCABLE_RESOURCES", config.revocable),
            ("SHARED_RESOURCES", config.shared))
    capabilities = [*CAPABILITIES, *(name for name, claimed in more if claimed)]
    info: dict[str, Any] = {
        "name": config.name, "user": config.user, "roles": list(config.roles),
        "checkpoint": config.checkpoint,
        "failover_timeout": config.failover_timeout,
        "capabilities": [{"type": name} for name in capabilities],
    }
    if config.principal is not None:
        info["principal"] = config.principal
    if config.webui_url is not None:
        info["webui_url"] = config.webui_url
    if framework_id is not None:
        info["id"] = {"value": framework_id}
    return info


def back_off(attempt: int, seed: float, *, first: float = 0.2, maximum: float = 15.0) -> float:
    """Seconds before the next try: doubled each time up to `maximum`, spread by `seed` (0 to 1)
    over its upper half.
    """
    return min(maximum, first * 2.0 ** min(attempt, 30)) * (0.5 + seed / 2)
