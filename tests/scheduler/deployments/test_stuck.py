"""Changes that would wait for ever, and what would help."""
from __future__ import annotations

from typing import Any

import pytest

from scheduler.apps.target import Target
from scheduler.deployments.stuck import Ground, stuck
from specs.marathon.app import App, Constraint, PortDefinition
from tests.scheduler.deployments.making import AGENTS, app, change, running, target

FIXED: dict[str, Any] = {"port_definitions": (PortDefinition(8080),), "require_ports": True}
UNIQUE = (Constraint("hostname", "UNIQUE"),)


def found(of: App, agents: int, *, before: App | None = None, taken: dict[str, dict[int, str]] | None = None) -> str:
    """What it says; empty if nothing."""
    was: Target | None = None if before is None else target(before)
    after = target(of, was, "v2")
    deployment = change(was, after)
    instances = [running(number, "v1", location=AGENTS[number], host_ports=(8080,))
                 for number in range(before.instances if before else 0)]
    answer = stuck(deployment.changes["/a"], instances, Ground(AGENTS[:agents], taken or {}))
    return "" if answer is None else f"{answer.reason}; {answer.hint}"


@pytest.mark.parametrize(("instances", "minimum", "agents", "stands"), [
    (1, 1.0, 1, True), (1, 0.0, 1, False), (1, 1.0, 2, False), (2, 1.0, 2, True), (2, 0.5, 2, False), (2, 0.9, 2, True),
    (2, 1.0, 3, False), (1, 1.0, 0, False)])
def test_a_fixed_port_needs_an_agent_that_is_free(instances: int, minimum: float, agents: int, stands: bool) -> None:
    before = app(instances, minimum, **FIXED)
    assert bool(found(app(instances, minimum, cmd="v2", **FIXED), agents, before=before)) == stands


def test_it_says_what_would_help() -> None:
    assert found(app(2, cmd="v2", **FIXED), 2, before=app(2, **FIXED)) == (
        "no old instance may end before a new one serves (minimumHealthCapacity 1), and no new one can start while the "
        "old ones have port 8080 on every agent; "
        "an upgradeStrategy.minimumHealthCapacity of 0.5, a host port of 0 (any), or one more agent")


@pytest.mark.parametrize(("of", "agents", "says"), [
    (app(3, **FIXED), 2,
     "of 3 instances 2 can be placed: an agent has port 8080 only once, and there are 2 agents for it"),
    (app(2, **FIXED), 1,
     "of 2 instances 1 can be placed: an agent has port 8080 only once, and there is 1 agent for it"),
    (app(3, constraints=UNIQUE), 2, "of 3 instances 2 can be placed on 2 agents: hostname UNIQUE"),
    (app(5, constraints=(Constraint("hostname", "MAX_PER", "2"),)), 2, "of 5 instances 4 can be placed on 2 agents"),
    (app(4, constraints=(Constraint("hostname", "MAX_PER", "2"),)), 2, ""),
    (app(1, constraints=(Constraint("rack", "IS", "r1"),)), 2,
     "no agent meets the constraint rack IS r1 (of host-0 it is none)"),
    (app(9), 1, ""), (app(0, **FIXED), 1, ""), (app(2, constraints=(Constraint("hostname", "GROUP_BY"),)), 1, "")])
def test_too_few_places(of: App, agents: int, says: str) -> None:
    assert found(of, agents).startswith(says)
    assert bool(found(of, agents)) == bool(says)


def test_a_port_that_another_app_has() -> None:
    assert found(app(1, **FIXED), 1, taken={"agent-0": {8080: "/other"}}).startswith(
        "of 1 instances none can be placed: /other has port 8080")
    assert not found(app(1, **FIXED), 2, taken={"agent-0": {8080: "/other"}})
    assert not found(app(1), 1, taken={"agent-0": {8080: "/other"}})


def test_other_ports_are_no_hindrance() -> None:
    elsewhere: dict[str, Any] = {"port_definitions": (PortDefinition(9090),), "require_ports": True}
    assert not found(app(1, cmd="v2", **elsewhere), 1, before=app(1, **FIXED))
