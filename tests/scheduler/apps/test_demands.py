"""What waiting instances ask of offers."""
from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler.apps.demands import DefaultRoles, demand, need, program_overhead, standing
from scheduler.apps.instance import Instance
from scheduler.placement.location import Location
from scheduler.placement.matching import Overhead
from scheduler.tasks.conditions import Condition
from specs.marathon.app import App, Constraint, ExecutorResources, PortDefinition
from specs.marathon.container import AppNetwork, AppPortMapping, Container, NetworkMode

DEFINITIONS = (PortDefinition(8080), PortDefinition(0))
MAPPINGS = (AppPortMapping(80, 0), AppPortMapping(81), AppPortMapping(82, 31000))


def test_amounts_in_the_order_of_reasons() -> None:
    found = need(App("/a", cpus=0.1, mem=64, disk=5.5, gpus=2))
    assert list(found.scalars.items()) == [("cpus", 100), ("mem", 64_000), ("gpus", 2000), ("disk", 5500)]
    assert list(need(App("/a")).scalars) == ["cpus", "mem"]


@pytest.mark.parametrize(("app", "ports"), [
    (App("/a", port_definitions=DEFINITIONS), (0, 0)),
    (App("/a", port_definitions=DEFINITIONS, require_ports=True), (8080, 0)),
    (App("/a", port_definitions=()), ()),
    (App("/a", container=Container(port_mappings=MAPPINGS), networks=(AppNetwork(NetworkMode.BRIDGE),)),
     (0, None, 31000)),
])
def test_host_ports(app: App, ports: tuple[int | None, ...]) -> None:
    assert need(app).ports == ports


@pytest.mark.parametrize(("accepted", "default", "roles"), [
    (None, DefaultRoles.ANY, {"web", "*"}), (None, DefaultRoles.UNRESERVED, {"*"}),
    (None, DefaultRoles.RESERVED, {"web"}), (("*",), DefaultRoles.RESERVED, {"*"}),
])
def test_accepted_roles(accepted: tuple[str, ...] | None, default: DefaultRoles, roles: set[str]) -> None:
    found = need(App("/a", role="web", accepted_resource_roles=accepted), default)
    assert set(found.roles or ()) == roles


@pytest.mark.parametrize(("label", "default", "wastes"), [
    (None, False, False), (None, True, True), ("restricted", True, False), ("unrestricted", False, True),
    ("nonsense", True, True),
])
def test_gpus_are_kept_unless_somebody_says_otherwise(label: str | None, default: bool, wastes: bool) -> None:
    labels = {} if label is None else {"GPU_SCHEDULING_BEHAVIOR": label}
    assert demand(App("/a", labels=labels), ["t"], (), None, wastes_gpus=default).may_waste_gpus is wastes


def test_the_rest_is_the_apps() -> None:
    rules = (Constraint("hostname", "UNIQUE"),)
    place, executor = Location("S", "h"), Overhead("E", {})
    found = demand(App("/a", instances=7, role="web", constraints=rules), ["t1", "t2"], [place], executor)
    assert (found.app_id, found.task_ids, found.role, found.constraints, found.placed, found.instances,
            found.overhead) == ("/a", ("t1", "t2"), "web", rules, (place,), 7, executor)


@pytest.mark.parametrize("condition", Condition)
def test_which_instances_constraints_count(condition: Condition) -> None:
    here = Instance("i", "/a", "2", "2", condition, 0.0, 0.0, location=Location("S", "h"))
    counted = {Condition.PROVISIONED, Condition.STAGING, Condition.STARTING, Condition.RUNNING, Condition.KILLING}
    assert bool(standing([here], "2")) is (condition in counted)
    assert standing([replace(here, config="1"), replace(here, location=None)], "2") == ()


def test_a_program_as_executor_is_paid_for_each_task() -> None:
    assert program_overhead(App("/a", executor="/x")) == Overhead(None, {"cpus": 100, "mem": 32_000, "disk": 10_000})
    found = program_overhead(App("/a", executor="/x", executor_resources=ExecutorResources(1, 0, 0)))
    assert found == Overhead(None, {"cpus": 1000})
