"""What the waiting instances of an app ask of offers.

As Marathon: mesosphere/mesos/RunSpecOfferMatcher.scala, MarathonConf.scala,
`defaultAcceptedResourceRolesSet`, GpuSchedulingBehavior.scala.
"""
from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence

from scheduler.apps.instance import Instance
from scheduler.apps.ports import asked
from scheduler.placement.location import Location
from scheduler.placement.matching import Overhead
from scheduler.placement.needs import Need, thousandths
from scheduler.placement.spread import Demand
from specs.marathon.app import App, ExecutorResources

GPU_BEHAVIOR = "GPU_SCHEDULING_BEHAVIOR"  # a label: restricted or unrestricted


class DefaultRoles(enum.Enum):
    """Which resources an app takes that says no `acceptedResourceRoles`.

    As Marathon's --accepted_resource_roles_default_behavior.
    """

    ANY = "any"  # reserved for its role, and unreserved ones
    UNRESERVED = "unreserved"
    RESERVED = "reserved"


def demand(app: App, task_ids: Sequence[str], placed: Iterable[Location],
           overhead: Overhead | None, *,
           default_roles: DefaultRoles = DefaultRoles.ANY, wastes_gpus: bool = False) -> Demand:
    """Of the tasks that are to be launched, in this order.

    `placed` is where the app's other instances are, as far as its constraints count them;
    `overhead` is our executor, None where the agent brings one along; `wastes_gpus`: apps that want
    no GPUs may be where there are some, unless their label says otherwise.
    """
    behavior = app.labels.get(GPU_BEHAVIOR)
    wastes = {"restricted": False, "unrestricted": True}.get(behavior or "", wastes_gpus)
    return Demand(app.id, tuple(task_ids), need(app, default_roles), app.role, app.constraints,
                  tuple(placed), app.instances, overhead, wastes)


def standing(instances: Iterable[Instance], config: str) -> tuple[Location, ...]:
    """Where those instances are that an app's constraints count.

    They have an agent that is not out of reach, run the app's configuration and do not retire: one
    that is about to be replaced does not keep its successor from its place.
    """
    return tuple(each.location for each in instances
                 if each.location is not None and each.config == config and each.retiring is None
                 and each.condition.is_active and not each.condition.is_lost)


def need(app: App, default_roles: DefaultRoles = DefaultRoles.ANY) -> Need:
    """What one task takes; of what it wants nothing of, nothing is named."""
    amounts = (("cpus", app.cpus), ("mem", app.mem), ("gpus", app.gpus), ("disk", app.disk))
    return Need({name: thousandths(amount) for name, amount in amounts if amount}, asked(app),
                accepted_roles(app, default_roles))


def accepted_roles(app: App, default: DefaultRoles) -> frozenset[str]:
    """The roles of the resources that an app's tasks may take."""
    if app.accepted_resource_roles is not None:
        return frozenset(app.accepted_resource_roles)
    return {DefaultRoles.ANY: frozenset({app.role, "*"}), DefaultRoles.UNRESERVED: frozenset({"*"}),
            DefaultRoles.RESERVED: frozenset({app.role})}[default]


def program_overhead(app: App) -> Overhead:
    """What the program takes that the app names as its executor; each task starts one of its own.
    """
    resources = app.executor_resources or ExecutorResources()
    amounts = (("cpus", resources.cpus), ("mem", resources.mem), ("disk", resources.disk))
    return Overhead(None, {name: thousandths(amount) for name, amount in amounts if amount})
