"""What the engine says of a container, unasked or asked, and what that means for its task."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, assert_never

from executor.engine.port import ContainerAction, ContainerEvent, Inspection
from executor.life.events import (
    Event,
    Exited,
    HealthReported,
    Noticed,
    OomKilled,
    Recovered,
    Restarted,
    RunBegan,
    SignalSeen,
    StartedAgain,
    Whereabouts,
)
from executor.life.outcomes import Exit
from executor.life.shown import inspect_data, network_infos
from executor.life.task import NOT_KNOWN, Task
from specs.messages.containerinfo import NetworkInfo

TELLS_WITHIN = 300_000_000  # ns between the kernel's word of an end and the engine's time of it, at most
_MADE_UP = (0, NOT_KNOWN)  # exit statuses: the first is Docker 20.10's of what containerd has forgotten, too
_BEING_REMOVED = ("removing", "dead")  # State.Status, from the beginning of a forced removal on


class Memory(NamedTuple):
    """Of a container, bytes: the most it has used, and its limit; None where the kernel is silent.

    `near`: whether the kernel has just killed something of this machine for want of it.
    """

    peak: int | None = None
    limit: int | None = None
    near: bool | None = None


def meaning(told: ContainerEvent, task: Task, memory: Memory | None = None) -> Event | None:
    """What the engine told unasked; None if it is nothing to the task.

    `memory`: the container's, if that could be read in time. A start is one that nobody of us has
    asked for, if the container's end was told before it; with a restart policy it is another run.
    """
    match told.action:
        case ContainerAction.DIE:
            return Noticed(told.exit_code, told.time_nano, oom_near=(memory or Memory()).near)
        case ContainerAction.DESTROY:
            return Noticed()
        case ContainerAction.RESYNC:
            return Noticed(back=told.time_nano)
        case ContainerAction.OOM:
            return OomKilled(*(memory or Memory())[:2])
        case ContainerAction.KILL:
            return SignalSeen(told.signal or 0)
        case ContainerAction.START:
            if task.terms.restarts:
                return RunBegan(told.time_nano)
            return None if task.run.told_exit is None else StartedAgain(None)
        case ContainerAction.HEALTH:
            counts = task.terms.image_health and told.healthy is not None
            return HealthReported(told.healthy is True) if counts else None
        case ContainerAction.PAUSE | ContainerAction.UNPAUSE | ContainerAction.UPDATE:
            return None
        case _:
            assert_never(told.action)


def seen(task: Task, inspection: Inspection) -> Event | None:
    """What a look at the task's container means; None: it runs on as before."""
    state: Mapping[str, Any] = inspection.raw.get("State") or {}
    # For its restart policy's next run; podman says `stopped` until it knows whether there is one, and tells of that.
    waits = bool(state.get("Restarting")) or (
        task.terms.restarts and state.get("Status") == "stopped")
    if not inspection.running and not waits:
        return Exited(_seen_exit(task, inspection, state), ran=inspection.started)
    pid = None if waits else inspection.pid
    if pid is not None and pid == task.run.pid:
        return _health(task, state)
    if task.terms.restarts:
        infos = network_infos(inspection.addresses, task.network_infos[:1],
                              strict=task.terms.strict)
        return Restarted(pid, infos)
    if task.run.pid is None and task.run.told_exit is None:
        return None
    return StartedAgain(pid)


def whereabouts(found: Inspection | None, requested: Sequence[NetworkInfo]) -> Recovered:
    """What the engine has of a task that another process of this executor began. `requested`: its
    networks, as it asked for them.
    """
    if found is None:
        return Recovered(Whereabouts.NONE)
    state: Mapping[str, Any] = found.raw.get("State") or {}
    ended = None
    if state.get("Restarting"):
        where, pid = Whereabouts.BETWEEN, None
    elif found.running:
        where, pid = Whereabouts.RUNNING, found.pid
    else:
        where, pid, ended = Whereabouts.DOWN, None, _exit(found, state, unseen=True)
        if not found.started:
            where, ended = Whereabouts.CREATED, None
    return Recovered(where, found.id, pid, (found.raw.get("Config") or {}).get("StopSignal"),
                     network_infos(found.addresses, requested, strict=False),
                     inspect_data(found.raw, strict=False), _nanoseconds(found.started_at), ended)


def _seen_exit(task: Task, found: Inspection, state: Mapping[str, Any]) -> Exit:
    """An engine that was killed before it had written the end down comes back with a status that is
    none, and with the time of its return for that of the end: but we have seen when that was. Of such
    an end it tells no event; where it has told one the status is true, however late it knew of it.
    """
    run, finished = task.run, _nanoseconds(found.finished_at)
    unseen = run.unanswered or 0 < finished <= run.back
    late = run.gone_at > 0 and finished > run.gone_at + TELLS_WITHIN
    return _exit(found, state, unseen=unseen,
                 forgotten=unseen and late and found.exit_code in _MADE_UP and run.told_exit is None)


def _exit(found: Inspection, state: Mapping[str, Any], *, unseen: bool,
          forgotten: bool = False) -> Exit:
    return Exit(found.exit_code or 0, oom=found.oom_killed, memory_limit=found.memory_limit,
                error=found.error, removed=state.get("Status") in _BEING_REMOVED, unseen=unseen,
                forgotten=forgotten)


def _nanoseconds(time: str | None) -> int:
    """Since the epoch, of a time as Docker writes it; 0: none."""
    from datetime import datetime  # only who takes tasks over wants to know; it is a third of a MiB

    if time is None:
        return 0
    second, _, fraction = time.removesuffix("Z").partition(".")
    whole = int(datetime.fromisoformat(f"{second}+00:00").timestamp())
    return whole * 1_000_000_000 + int(fraction.ljust(9, "0")[:9] or 0)


def _health(task: Task, state: Mapping[str, Any]) -> HealthReported | None:
    """What its image's own check says, if that counts and was not heard yet."""
    said = (state.get("Health") or {}).get("Status")
    healthy = {"healthy": True, "unhealthy": False}.get(str(said))
    new = task.terms.image_health and healthy is not None and healthy is not task.healthy
    return HealthReported(healthy is True) if new else None
