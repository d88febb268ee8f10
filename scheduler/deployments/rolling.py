"""Which instances of an app end and how many start, to come nearer to what is asked of it.

One rule for all: instances are *current* or *outdated*. Outdated are those of another config while
an upgrade is on, those that retire, and all of an app that is to stop; they go as current ones
come, by the arithmetic of `upgrade`. What the app has too many of current ones goes, what it lacks
comes. So scaling, keeping up, upgrades, moving off an agent and removal are the same thing, and an
upgrade that was interrupted goes on from what is there.

Instances of an app that is to run once, and that have run, count as done: all of this is about the
others. Outdated ones of these stay until all new ones have done their part, so that a rollback finds
them and nothing runs twice; of those that a rollback brings back, until none is waited for.

Whatever is chosen, those that do not serve go first. Where the arithmetic has nothing to do,
because too few serve, and all that was started serves, one outdated instance that is known to be
broken makes room: Marathon waits for ever.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from scheduler.apps.instance import Instance, KillReason
from scheduler.apps.kills import Chooser, propose
from scheduler.apps.target import Policy, Strategy, Target
from scheduler.deployments.deployment import ActionKind
from scheduler.deployments.orders import Mode, Order
from scheduler.deployments.upgrade import Present, room, starts
from scheduler.deployments.upkeep import has_task, is_complete
from scheduler.tasks.conditions import Condition

_BROKEN = 3  # so many failures of its tasks in all, and an instance that waits for its next one is broken


@dataclass(frozen=True, slots=True)
class Crew:
    """An app's instances by what is to become of them. One that was replaced, but may come back, is
    in none.
    """

    current: tuple[Instance, ...]
    outdated: tuple[Instance, ...]
    leaving: tuple[Instance, ...]
    idle: tuple[Instance, ...]  # outdated, and nothing of them is there: never launched, over, or lost and replaced

    def served(self, policy: Policy) -> int:
        """How many current ones serve, or have done their work."""
        return sum(does_its_part(instance, policy) for instance in self.current)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many current instances there may be yet, and how many outdated ones stay (canaries,
    batches).
    """

    current: int
    outdated: int = 0


@dataclass(frozen=True, slots=True)
class Moves:
    """What to do now: these end, so many start."""

    end: tuple[tuple[Instance, KillReason], ...] = ()
    start: int = 0


def does_its_part(instance: Instance, policy: Policy) -> bool:
    """Whether a deployment need not wait for it (any more)."""
    return instance.is_serving or (is_complete(instance, policy)
                                   and instance.condition is Condition.FINISHED)


def is_awaited(instance: Instance, order: Order, policy: Policy) -> bool:
    """Whether what the action is for includes this instance; one that ended for good before it
    began is not.
    """
    if is_complete(instance, policy) and (instance.since < order.since or order.is_rollback):
        return False
    if order.change is None or order.change.kind is ActionKind.RESTART:
        return True
    return (instance.created >= order.since
            or (instance.started_at is None and not instance.failures))


def crew(order: Order, instances: Iterable[Instance]) -> Crew:
    """The instances, sorted by what is to become of them."""
    current: list[Instance] = []
    outdated: list[Instance] = []
    leaving: list[Instance] = []
    idle: list[Instance] = []
    for instance in instances:
        if instance.sentence is not None:
            leaving.append(instance)
        elif _is_outdated(instance, order):
            (idle if _is_idle(instance) else outdated).append(instance)
        elif instance.condition is not Condition.UNREACHABLE_INACTIVE:
            current.append(instance)
    return Crew(tuple(current), tuple(outdated), tuple(leaving), tuple(idle))


def moves(order: Order, crew: Crew, limits: Limits, even: Chooser | None = None) -> Moves:
    """What to do now.

    `even` chooses among those
    that serve and are too many, so that the app's constraints hold (`kills.propose`).
    """
    if order.mode is Mode.STOP or order.target is None:
        return Moves(tuple((instance, KillReason.APP_REMOVED)
                           for instance in (*crew.outdated, *crew.idle)))
    if order.mode is Mode.HOLD:
        room_for = order.target.policy.strategy.max_capacity
        return Moves(start=starts(order.floor, room_for, len(crew.leaving), len(crew.current)))
    return _toward(order, order.target, crew, limits, even)


def _is_idle(instance: Instance) -> bool:
    return (instance.condition is Condition.UNREACHABLE_INACTIVE or instance.condition.is_terminal
            or instance.incarnation == 0)


def _has_run(instance: Instance) -> bool:
    """Whether it was of an app that runs once, and is over: of all others the next task waits."""
    return instance.condition.is_terminal and instance.retiring is None


def _is_outdated(instance: Instance, order: Order) -> bool:
    if order.mode is Mode.STOP or order.target is None:
        return order.mode is not Mode.HOLD
    if order.mode is Mode.HOLD:
        return False
    return (instance.retiring is not None
            or (order.mode is Mode.ROLL and instance.config != order.target.config))


def _toward(order: Order, target: Target, crew: Crew, limits: Limits,
            even: Chooser | None) -> Moves:
    policy = target.policy
    strategy = _strategy(order, policy.strategy, crew)
    if not (crew.outdated or crew.idle) and len(crew.current) == strategy.instances:
        return Moves()
    surplus = first_to_go(crew.current, len(crew.current) - strategy.instances, policy, even)
    going = {instance.id for instance in surplus}
    over = [instance for instance in crew.current if instance.id not in going
            and is_complete(instance, policy)]
    kept = len(crew.current) - len(surplus) - len(over)
    old = first_to_go(crew.outdated, len(crew.outdated), policy)
    present = Present(len(old), _serving(old), kept, _serving(crew.current) - _serving(surplus),
                      len(crew.leaving) + sum(map(has_task, surplus)))
    after = _settled(replace(strategy, instances=strategy.instances - len(over)), present, old,
                     replace(limits, current=limits.current - len(over)))
    idle = [each for each in crew.idle if not _has_run(each) or (
        not limits.outdated and _is_all_done(order, policy, crew))]
    ends = [(instance, _reason(instance, order))
            for instance in (*idle, *old[:len(old) - after.old])]
    return Moves((*ends, *((instance, KillReason.OVER_CAPACITY) for instance in surplus)),
                 after.new - present.new)


def _is_all_done(order: Order, policy: Policy, crew: Crew) -> bool:
    """Whether all that are to come have done their part; what ended badly and is not waited for
    will not do it.
    """
    done = sum(does_its_part(each, policy) or (
        is_complete(each, policy) and not is_awaited(each, order, policy)) for each in crew.current)
    return done >= policy.strategy.instances


def _settled(strategy: Strategy, present: Present, old: Sequence[Instance],
             limits: Limits) -> Present:
    """What is there once all has been done that may be done now. `old`, in the order in which they
    go.
    """
    limit = limits.current
    while True:
        found = room(strategy, present)
        rest = old[len(old) - present.old:]
        if (kill := min(found.kill, len(rest) - limits.outdated)) > 0:
            present = _without(present, rest[:kill])
        elif start := starts(limit, found.max_capacity, present.old + present.leaving, present.new):
            present = replace(present, new=present.new + start)
        elif not present.leaving and present.new == present.new_serving < limit and rest and _is_broken(rest[0]):
            present = _without(present, rest[:1])
        else:
            return present


def _without(present: Present, ended: Sequence[Instance]) -> Present:
    """The same once these old ones are on their way out; those without a task are out already."""
    return replace(present, old=present.old - len(ended),
                   old_serving=present.old_serving - _serving(ended),
                   leaving=present.leaving + sum(map(has_task, ended)))


def _serving(instances: Iterable[Instance]) -> int:
    return sum(instance.is_serving for instance in instances)


def first_to_go(instances: Sequence[Instance], count: int, policy: Policy,
                 even: Chooser | None = None) -> tuple[Instance, ...]:
    """So many of them, in the order in which they go: those that do not serve first."""
    if count <= 0:
        return ()
    idle = [instance for instance in instances if not instance.is_serving]
    first = propose(idle, max(0, len(idle) - count), oldest_first=policy.oldest_first).end
    if len(first) == count:
        return first
    serving = [instance for instance in instances if instance.is_serving]
    rest = count - len(first)
    return first + propose(serving, len(serving) - rest, even=even,
                           oldest_first=policy.oldest_first).end


def _strategy(order: Order, strategy: Strategy, crew: Crew) -> Strategy:
    """Of an app that keeps what it has, those that retire serve until they are replaced, if one
    more may be there.
    """
    if order.mode is Mode.KEEP and crew.outdated and strategy.max_capacity > strategy.instances:
        return replace(strategy, minimum_health=1.0)
    return strategy


def _is_broken(instance: Instance) -> bool:
    """Whether it is known not to serve, and not only not known to serve."""
    return (instance.condition.is_lost or instance.healthy is False
            or (instance.condition is Condition.SCHEDULED and instance.failures >= _BROKEN))


def _reason(instance: Instance, order: Order) -> KillReason:
    if instance.retiring is not None:
        return instance.retiring
    return KillReason.ROLLBACK if order.is_rollback else KillReason.UPGRADE
