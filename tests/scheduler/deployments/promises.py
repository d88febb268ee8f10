"""What each decision must keep, held against the truth of the cluster and not against what the
service believes.

*Serving* are tasks that serve in truth and have said so, and those that failed in a way that nobody could know yet; not
those that were asked to end. *There* are all tasks that live, and all instances that will have one; but for those that
were given up because they are out of reach, and live on where nobody sees it.
"""
from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from scheduler.apps.ids import task_id
from scheduler.apps.instance import Instance, KillReason
from scheduler.apps.target import Policy, Strategy
from scheduler.deployments.controller import decide
from scheduler.deployments.facts import Decision, Facts
from scheduler.deployments.orders import Mode, Order, order
from scheduler.deployments.progress import has_canaries
from scheduler.deployments.rolling import crew
from scheduler.tasks.conditions import Condition
from tests.scheduler.deployments.service import PATIENCE, Service

NOT_OUR_CHOICE = {KillReason.ASKED, KillReason.APP_REMOVED, KillReason.LAUNCH_TIMEOUT}


class Promises:
    """Watches a service's decisions. `given_up`: the instances that were lost, and are not waited
    for.
    """

    def __init__(self) -> None:
        self.given_up: set[str] = set()

    def watch(self, service: Service, facts: Facts, found: Decision) -> None:
        state = facts.state
        wanted = order(state.app_id, state.target, facts.deployment, state.progress)
        before = {instance.id: instance for instance in facts.instances}
        after = {**before, **{instance.id: instance for instance in found.changes.instances}}
        for instance_id in found.changes.forgotten:
            del after[instance_id]
        for instance in before.values():
            now = after.get(instance.id)
            if instance.condition.is_lost and (now is None or now.condition is Condition.UNREACHABLE_INACTIVE):
                self.given_up.add(instance.id)
        self.floor(service, wanted, before, after)
        started = [instance for instance in after.values() if instance.id not in before]
        if started:
            self.ceiling(service, wanted, after)
        if wanted.mode is Mode.ROLL and not wanted.is_rollback:
            self.caution(service, wanted, facts, found, after)
        self.drains(service, found, before)
        self.settled(service, facts, found, after)

    def floor(self, service: Service, wanted: Order, before: dict[str, Instance], after: dict[str, Instance]) -> None:
        """Never fewer than ⌈n·m⌉ serving of what was serving."""
        ended = {instance_id for instance_id, instance in after.items()
                 if instance.sentence is not None and before[instance_id].sentence is None
                 and instance.sentence.reason not in NOT_OUR_CHOICE} if wanted.mode is not Mode.STOP else set()
        serving = {instance.id for instance in before.values() if is_serving(service, instance)}
        left = len(serving - ended)
        if wanted.target is None or left == len(serving):
            return
        strategy = wanted.target.policy.strategy
        over = sum(_is_complete(instance, wanted.target.policy) for instance in after.values())
        least = math.ceil((strategy.instances - over) * Fraction(str(strategy.minimum_health)))
        assert left >= min(least, len(serving)), f"floor: {left} of {len(serving)} serve, {least} shall; {wanted}"

    def ceiling(self, service: Service, wanted: Order, after: dict[str, Instance]) -> None:
        """Never more than ⌊n·(1+o)⌋ there when one starts, but one more where both bounds are the
        same.
        """
        assert wanted.target is not None, "something starts that nobody wants"
        most = _most(wanted.target.policy.strategy)
        known = {instance_id for instance_id, instance in after.items()
                 if not instance.condition.is_terminal and instance.condition is not Condition.UNREACHABLE_INACTIVE}
        others = {task.id for task in service.cluster.alive() if task.instance_id not in known | self.given_up
                  and task.instance_id.startswith(wanted.target.app.id.strip("/") + ".")}
        there = len(known) + len(others)
        assert there <= most, f"ceiling: {there} are there, {most} may; {wanted}"

    def caution(self, service: Service, wanted: Order, facts: Facts, found: Decision,
                after: dict[str, Instance]) -> None:
        """No more canaries than asked for, beside all others; no batch larger than asked for."""
        progress = (found.changes.state or facts.state).progress
        if wanted.target is None or progress is None:
            return
        rollout = wanted.target.policy.rollout
        was, now = crew(wanted, facts.instances), crew(wanted, after.values())
        grown = len(now.current) > len(was.current)
        fewer = any(each.sentence is not None and each.sentence.reason is KillReason.UPGRADE
                    for instance in was.outdated if (each := after.get(instance.id)) is not None)
        if (rollout.canaries and not progress.promoted and wanted.change is not None
                and has_canaries(wanted.change, is_rollback=False)):
            strategy = wanted.target.policy.strategy
            others = strategy.instances - rollout.canaries
            if others <= 0:
                others = min(strategy.instances, _most(strategy) - strategy.instances)
            assert not grown or len(now.current) <= rollout.canaries, f"too many canaries: {len(now.current)}"
            assert not fewer or len(now.outdated) >= others, f"too few beside the canaries: {len(now.outdated)}"
        if rollout.batch and grown:
            waiting = [instance for instance in now.current if not instance.condition.is_terminal
                       and not is_serving(service, instance)]
            assert len(waiting) <= rollout.batch, f"too many at once: {waiting}"

    def drains(self, service: Service, found: Decision, before: dict[str, Instance]) -> None:
        """An instance that served is asked to end only after its time to drain, and asked again
        only after a while.
        """
        for instance in found.kills:
            sentence = instance.sentence
            assert sentence is not None, f"{instance.id} was not to end"
            assert sentence.asked_at == service.now >= sentence.kill_at
            was = before[instance.id].sentence
            if was is not None and was.asked_at is not None:
                assert sentence.asked_at - was.asked_at >= PATIENCE.kill_repeat

    def settled(self, service: Service, facts: Facts, found: Decision, after: dict[str, Instance]) -> None:
        """Asked again at once, there is nothing more to do."""
        permits = None if facts.permits is None else facts.permits - found.given_up
        again = decide(replace(facts, state=found.changes.state or facts.state, instances=list(after.values()),
                               permits=permits), service.now, service.new_id, PATIENCE)
        more = again.changes or again.kills
        assert not more, f"not settled: {found}\nthen {again}"


def _most(strategy: Strategy) -> int:
    """How many may be there."""
    most = math.floor(strategy.instances * (1 + Fraction(str(strategy.maximum_over))))
    least = math.ceil(strategy.instances * Fraction(str(strategy.minimum_health)))
    return most + (most == least)


def is_serving(service: Service, instance: Instance) -> bool:
    task = service.cluster.tasks.get(task_id(instance.id, instance.incarnation))
    return task is not None and instance.sentence is None and not task.asked and task.said_to_serve


def is_at_peace(service: Service) -> bool:
    """Whether every app is what it shall be, in truth."""
    return not service.deployments and not service.dirty and all(
        state.expiry is None and _is_as_wanted(service, state.target.policy if state.target else None, state.app_id)
        for state in service.states.values())


def _is_as_wanted(service: Service, policy: Policy | None, app_id: str) -> bool:
    mine = [instance for instance in service.instances.values() if instance.app_id == app_id]
    if policy is None:
        return not mine
    return (len(mine) == policy.strategy.instances
            and all(instance.sentence is None and instance.retiring is None for instance in mine)
            and all(instance.condition is Condition.RUNNING or _is_complete(instance, policy) for instance in mine))


def _is_complete(instance: Instance, policy: Policy) -> bool:
    return instance.condition.is_terminal and policy.restart.value != "always"


def strangers(service: Service) -> Iterable[str]:
    """Tasks that live, and that no instance knows."""
    known = {task_id(instance.id, instance.incarnation) for instance in service.instances.values()}
    return [task.id for task in service.cluster.alive() if task.id not in known]
