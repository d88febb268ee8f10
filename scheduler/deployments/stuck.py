"""Whether a change can never be carried out by its own rules, and what would help.

A service that waits should say so before somebody waits for it. Three things can be known from the
definitions, the agents that have been seen and the ports that are taken there, without a look at
resources, which come and go:

- no agent is one that the constraints allow;
- fixed host ports, or constraints that allow only so many per agent, leave fewer places than there are to be instances;
- in an upgrade no old instance may end before a new one serves, and no new one can start as long as the old ones have
  its ports on every agent. This is what Marathon's default strategy does to a fixed port on one machine.

Nothing is said when no agent has been seen yet.
"""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scheduler.apps.demands import need
from scheduler.apps.instance import Instance
from scheduler.apps.ports import asked
from scheduler.apps.target import Target
from scheduler.deployments.deployment import Change
from scheduler.deployments.upgrade import Present, room
from scheduler.placement.constraints import Placed
from scheduler.placement.location import Location
from specs.marathon.app import App

_COUNTING = frozenset({"UNIQUE", "MAX_PER"})


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of the cluster. `taken`: by agent id the host ports that other apps have there,
    and which app; `free`: what was offered last there and is left, in thousandths; an agent that is
    not in it may have anything.
    """

    agents: Sequence[Location] = ()
    taken: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    free: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stuck:
    """A change that would wait for ever. Both are for people, without a full stop."""

    reason: str
    hint: str


def stuck(change: Change, instances: Sequence[Instance], ground: Ground) -> Stuck | None:
    """Why the change of an app with these instances would never be done; None if it may be."""
    after = change.after
    if after is None or not ground.agents or not after.app.instances:
        return None
    app = after.app
    ports = tuple(port for port in asked(app) if port)
    allowed = [agent for agent in ground.agents if Placed(app.constraints).accepts(agent)]
    if not allowed:
        return _nowhere(app, ground.agents)
    free = [agent for agent in allowed
            if not ground.taken.get(agent.agent_id, {}).keys() & set(ports)]
    places = _places(app, ports, free)
    if places < app.instances:
        return _too_few(app, ports, places, allowed, ground)
    return _held(after, instances, ports, free) or _crowded(after, instances, allowed, ground)


def _nowhere(app: App, agents: Sequence[Location]) -> Stuck:
    broken = Placed(app.constraints).broken(agents[0])[0]
    wanted = f"{broken.constraint.field} {broken.constraint.operator} {broken.constraint.value or ''}".rstrip()
    return Stuck(
        f"no agent meets the constraint {wanted} (of {agents[0].hostname} it is {broken.found})",
                 "another constraint, or an agent that meets it")


def _places(app: App, ports: Sequence[int], free: Sequence[Location]) -> int:
    """How many of its instances find a place, as far as ports and counting constraints say; at most
    all.
    """
    if not ports and not any(each.operator in _COUNTING for each in app.constraints):
        return app.instances
    placed, count, left = Placed(app.constraints, instances=app.instances), 0, list(free)
    while left and count < app.instances:
        taken = []
        for agent in left:
            if count < app.instances and placed.accepts(agent):
                placed.add(agent)
                taken.append(agent)
                count += 1
        left = taken if not ports else [agent for agent in left
                                        if agent not in taken] if taken else []
    return count


def _too_few(app: App, ports: Sequence[int], places: int, allowed: Sequence[Location],
             ground: Ground) -> Stuck:
    reason = f"of {app.instances} instances {places or 'none'} can be placed"
    others = sorted({owner for agent in allowed for port,
                     owner in ground.taken.get(agent.agent_id, {}).items()
                     if port in ports})
    if not ports:
        kinds = ", ".join(f"{each.field} {each.operator}" for each in app.constraints
                          if each.operator in _COUNTING)
        return Stuck(f"{reason} on {_count(allowed)}: {kinds}",
                     "fewer instances, more agents, or another constraint")
    if others:
        reason += f": {', '.join(others)} has {_ports(ports)}"
    else:
        reason += f": an agent has {_ports(ports)} only once, and there {_are(allowed)}"
    return Stuck(reason, "a host port of 0 (any), fewer instances, or more agents")


def _held(after: Target, instances: Sequence[Instance], ports: Sequence[int],
          free: Sequence[Location]) -> Stuck | None:
    old = [each for each in instances if each.config != after.config and each.sentence is None
           and each.location is not None]
    new = [each for each in instances if each.config == after.config and each.sentence is None]
    held = {each.location.agent_id for each in old if each.location is not None
            and set(each.host_ports) & set(ports)}
    if not held or any(each.location is not None
                       for each in new) or any(each.agent_id not in held for each in free):
        return None
    if room(after.policy.strategy, Present(len(old), len(old))).kill:
        return None
    return _waiting_for_each_other(after, f"the old ones have {_ports(ports)} on every agent",
                                   "a host port of 0 (any)")


def _crowded(after: Target, instances: Sequence[Instance], allowed: Sequence[Location],
             ground: Ground) -> Stuck | None:
    """New ones find no room, and old ones may make none."""
    old = [each for each in instances if each.config != after.config and each.sentence is None
           and each.location is not None]
    new = [each for each in instances if each.config == after.config and each.sentence is None]
    if not old or any(each.location is not None for each in new):
        return None
    if room(after.policy.strategy, Present(len(old), len(old))).kill:
        return None
    wanted = need(after.app).scalars
    lacking: dict[str, None] = {}
    for agent in allowed:
        free = ground.free.get(agent.agent_id)
        short = [] if free is None else [name for name,
                                         amount in wanted.items() if free.get(name, 0) < amount]
        if not short:
            return None
        lacking.update(dict.fromkeys(short))
    return _waiting_for_each_other(after,
                                   f"no agent has enough {' and '.join(lacking)} left beside the old ones",
                                   f"less {' and '.join(lacking)}")


def _waiting_for_each_other(after: Target, why: str, hint: str) -> Stuck:
    strategy = after.policy.strategy
    most = math.floor(100 * (strategy.instances - 1) / strategy.instances) / 100
    return Stuck(
        f"no old instance may end before a new one serves (minimumHealthCapacity {strategy.minimum_health:g}), and no "
        f"new one can start while {why}",
        f"an upgradeStrategy.minimumHealthCapacity of {most:g}, {hint}, or one more agent")


def _ports(ports: Sequence[int]) -> str:
    return f"port{'s' if len(ports) > 1 else ''} {', '.join(map(str, ports))}"


def _count(agents: Sequence[Location]) -> str:
    return "1 agent" if len(agents) == 1 else f"{len(agents)} agents"


def _are(agents: Sequence[Location]) -> str:
    return f"{'is' if len(agents) == 1 else 'are'} {_count(agents)} for it"
