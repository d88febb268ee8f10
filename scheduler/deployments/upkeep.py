"""What becomes of one instance by itself, whatever its app is up to.

    its task ended                     it waits for its next one, or stays as it ended if its app is to run once
    it is out of reach                 waited for, then replaced, then forgotten, as its app says
    its launch shows no sign of life   it shall end; a pull that goes on is a sign of life
    it shall end                       drained, then asked to, again and again, until it is gone

Nothing of this waits to be told: what is due follows from the instance and the time, so it is the
same after a crash. As Marathon: core/instance/update/InstanceUpdater.scala, KillServiceActor (kills
are repeated), OverdueTasksActor.
"""
from __future__ import annotations

from dataclasses import dataclass, replace

from scheduler.apps.instance import Instance, KillReason, Sentence
from scheduler.apps.target import Policy, Restart
from scheduler.tasks.backoff import is_drained
from scheduler.tasks.conditions import Condition
from scheduler.tasks.states import Lost, Patience, unreachable
from specs.messages.status import TaskState

_LAUNCHING = frozenset({Condition.PROVISIONED, Condition.STAGING, Condition.STARTING})
_OWN_DOING = frozenset({Condition.FAILED, Condition.FINISHED, Condition.ERROR, Condition.KILLED})
ONCE = 900.0  # s that an instance is waited for, at least, that is to run once and is out of reach
_TICK = 0.001  # s; a time that was just reached is past, however it was computed


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How patient the service is, in seconds.

    As Marathon: --task_launch_confirm_timeout, --task_launch_timeout, --kill_retry_timeout.
    """

    confirm: float = 300.0  # from a launch to the first word of it
    launch: float = 300.0  # from the last sign of life of a launch until it runs
    kill_repeat: float = 30.0


PATIENT = Timeouts()


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of an instance now. `instance` is None when it is forgotten."""

    instance: Instance | None
    kill: bool = False  # ask its task to end, now
    ended: bool = False  # its task has ended: one for the history
    failed: bool = False  # it ended, or has to, by its own doing
    given_up: bool = False  # it was out of reach, and is not waited for any more
    held: bool = False  # it would have been given up, but may not be now
    wake_at: float | None = None  # when something is due, if nothing happens before


def is_complete(instance: Instance, policy: Policy) -> bool:
    """Whether its task has ended and is not to be started again."""
    if not instance.condition.is_terminal or instance.sentence is not None:
        return False
    if policy.restart is Restart.NEVER:
        return instance.condition is not Condition.DROPPED  # it never ran
    return policy.restart is Restart.ON_FAILURE and instance.condition is Condition.FINISHED


def has_task(instance: Instance) -> bool:
    """Whether there is a task that can be asked to end, and whose end will be told."""
    return not (instance.condition is Condition.SCHEDULED or instance.condition.is_terminal
                or instance.condition.is_lost)


def was_drained(instance: Instance) -> bool:
    """Whether its task ended because its agent is being drained, which is nobody's failure."""
    return (instance.condition in (Condition.KILLED, Condition.GONE)
            and is_drained(TaskState.KILLED, instance.reason))


def fate(instance: Instance, policy: Policy, timeouts: Timeouts, now: float, *,
         may_give_up: bool = True) -> Fate:
    """What becomes of it. `may_give_up`: whether one that is out of reach may be replaced or
    forgotten now.
    """
    if instance.sentence is not None:
        return _leaving(instance, instance.sentence, timeouts, now)
    if instance.condition.is_terminal:
        return Fate(instance) if is_complete(instance, policy) else _again(instance, now)
    if instance.condition.is_lost:
        return _out_of_reach(instance, policy, now, may_give_up=may_give_up)
    if instance.condition in _LAUNCHING:
        return _launching(instance, timeouts, now)
    return Fate(instance)


def _leaving(instance: Instance, sentence: Sentence, timeouts: Timeouts, now: float) -> Fate:
    if not has_task(instance):
        return Fate(None, ended=instance.condition is not Condition.SCHEDULED)
    due = sentence.kill_at if sentence.asked_at is None else sentence.asked_at + timeouts.kill_repeat
    if now < due:
        return Fate(instance, wake_at=due)
    return Fate(replace(instance, sentence=replace(sentence, asked_at=now)), kill=True,
                wake_at=now + timeouts.kill_repeat)


def _again(instance: Instance, now: float) -> Fate:
    failed = instance.condition in _OWN_DOING and not was_drained(instance)
    return Fate(replace(
        instance, condition=Condition.SCHEDULED, since=now, location=None, host_ports=(),
        ip_addresses=(),
        staged_at=None, started_at=None, stirred=None, healthy=None, ready=False, exit_code=None,
        reason=None, message=None, failures=instance.failures + failed), ended=True, failed=failed)


def _out_of_reach(instance: Instance, policy: Policy, now: float, *, may_give_up: bool) -> Fate:
    if policy.unreachable is None:
        return Fate(instance)
    if policy.restart is Restart.NEVER:
        return _lost_for_good(instance, policy.unreachable, now)
    inactive_at = instance.since + policy.unreachable.inactive_after + _TICK
    expunge_at = instance.since + policy.unreachable.expunge_after + _TICK
    inactive = instance.condition is Condition.UNREACHABLE_INACTIVE
    stands = unreachable(policy.unreachable, instance.since, now)
    if stands is Lost.WAITED_FOR:
        return Fate(instance, wake_at=inactive_at)
    if not inactive and not may_give_up:
        return Fate(instance, held=True)
    if stands is Lost.FORGOTTEN:
        return Fate(None, ended=True, given_up=not inactive)
    if inactive:
        return Fate(instance, wake_at=expunge_at)
    return Fate(replace(instance, condition=Condition.UNREACHABLE_INACTIVE), given_up=True,
                wake_at=expunge_at)


def _lost_for_good(instance: Instance, patience: Patience, now: float) -> Fate:
    """What is to run once may still run, so nothing takes its place; but nobody waits for ever."""
    due = instance.since + max(patience.expunge_after, ONCE) + _TICK
    if now < due:
        return Fate(instance, wake_at=due)
    over = replace(instance, condition=Condition.GONE, since=now,
                   message=f"its agent was out of reach for {due - instance.since:.0f} s")
    return Fate(over, ended=True, failed=True)


def _launching(instance: Instance, timeouts: Timeouts, now: float) -> Fate:
    limit = timeouts.confirm if instance.condition is Condition.PROVISIONED else timeouts.launch
    due = (instance.since if instance.stirred is None else instance.stirred) + limit
    if now < due:
        return Fate(instance, wake_at=due)
    sentence = Sentence(KillReason.LAUNCH_TIMEOUT, now, now)
    return replace(_leaving(replace(instance, sentence=sentence), sentence, timeouts, now),
                   failed=True)
