"""Plans beyond Marathon's vectors: configurations that come back, placement, dependencies, and how
a plan moves on.
"""
from __future__ import annotations

import itertools
from dataclasses import replace

from scheduler.apps.target import Target
from scheduler.deployments import plan
from scheduler.deployments.controller import advance
from scheduler.deployments.deployment import ActionKind, Deployment, Progress
from scheduler.deployments.facts import AppState
from scheduler.deployments.orders import Mode, order
from specs.marathon.app import App, Constraint
from tests.scheduler.deployments.making import NOW, app, target

V1 = target(app(2))
V2 = target(app(2, cmd="v2"), V1, "v2")


def test_scaling_keeps_the_configuration() -> None:
    scaled = target(app(5), V1, "v2")
    assert (scaled.version, scaled.config, scaled.info.last_scaling_at) == ("v2", "v1", "v2")
    assert target(app(2), V1, "v2") == V1


def test_a_restart_makes_a_new_one() -> None:
    again = plan.successor(V1.app, V1, "v2", V1.policy, restart=True)
    assert (again.config, again.info.last_config_change_at, again.info.last_scaling_at) == ("v2", "v2", "v1")


def test_an_app_that_becomes_what_it_was_before_a_cancelled_deployment_has_its_configuration_again() -> None:
    back = plan.successor(V1.app, V2, "v3", V1.policy, former=V1)
    assert (back.version, back.config) == ("v3", "v1")
    other = plan.successor(replace(V1.app, cmd="v3"), V2, "v3", V1.policy, former=V1)
    assert other.config == "v3"


def test_other_constraints_are_a_restart_that_keeps_the_configuration() -> None:
    moved = target(app(2, constraints=(Constraint("hostname", "UNIQUE"),)), V1, "v2")
    assert (moved.version, moved.config) == ("v2", "v1")
    assert kinds({"/a": V1}, {"/a": moved}) == [[(ActionKind.RESTART, "/a")]]


def test_taken_back_is_all_that_was_changed() -> None:
    new = target(App("/n", cmd="n"), None, "v2")
    found = plan.deployment(plan.Cause("d", "v2", NOW), {"/a": V1, "/gone": V1}, {"/a": V2, "/n": new}, {})
    back = plan.taken_back(found, "v3")
    assert back["/n"] is None
    assert {app_id: each.config for app_id, each in back.items() if each is not None} == {"/a": "v1", "/gone": "v1"}
    assert {each.version for each in back.values() if each is not None} == {"v3"}


def test_a_long_chain_of_dependencies() -> None:
    names = [f"/app-{number}" for number in range(3000)]
    needs = {name: [other] for name, other in itertools.pairwise(names)}
    assert plan.levels(needs, names) == [[name] for name in reversed(names)]


def test_steps_are_done_one_after_the_other() -> None:
    deployment, states = two_apps()
    assert mode(deployment, "/b") is Mode.STOP  # not there yet
    found = advance(deployment, states, NOW)
    assert [kind for kind, _ in found.events] == ["deployment_step_success", "deployment_info"]
    assert found.look_at == ("/a",)
    assert (mode(found.deployment, "/a"), mode(found.deployment, "/b")) == (Mode.KEEP, Mode.STOP)
    assert advance(found.deployment, states, NOW).deployment == found.deployment
    states["/a"] = replace(states["/a"], progress=Progress("d", 1, done=True))
    found = advance(found.deployment, states, NOW)
    assert found.look_at == ("/b",)
    states["/b"] = replace(states["/b"], progress=Progress("d", 2, done=True))
    found = advance(found.deployment, states, NOW)
    assert found.ending is not None
    assert found.ending.reason is None
    assert set(found.look_at) == {"/a", "/b"}


def test_a_failure_ends_it_all() -> None:
    deployment, states = two_apps()
    deployment = advance(deployment, states, NOW).deployment
    states["/a"] = replace(states["/a"], progress=Progress("d", 1, failed="it is bad"))
    found = advance(deployment, states, NOW)
    assert found.ending is not None
    assert found.ending.reason == "/a: it is bad"
    assert [kind for kind, _ in found.events] == ["deployment_step_failure", "deployment_failed"]


def test_progress_of_another_deployment_means_nothing() -> None:
    deployment, states = two_apps()
    deployment = advance(deployment, states, NOW).deployment
    states["/a"] = replace(states["/a"], progress=Progress("other", 1, done=True))
    assert advance(deployment, states, NOW).deployment == deployment


def test_nothing_to_do_is_done_at_once() -> None:
    found = advance(plan.deployment(plan.Cause("d", "v2", NOW), {"/a": V1}, {"/a": V1}, {}), {}, NOW)
    assert found.ending is not None
    assert found.events == (("deployment_success", 0),)


def two_apps() -> tuple[Deployment, dict[str, AppState]]:
    """Both new, /b needs /a."""
    after = {"/a": V1, "/b": target(App("/b", cmd="b"), None, "v1")}
    deployment = plan.deployment(plan.Cause("d", "v1", NOW), {}, after, {"/b": ["/a"]})
    return deployment, {app_id: AppState(app_id, each) for app_id, each in after.items()}


def mode(deployment: Deployment, app_id: str) -> Mode:
    return order(app_id, deployment.changes[app_id].after, deployment, None).mode


def kinds(before: dict[str, Target], after: dict[str, Target]) -> list[list[tuple[ActionKind, str]]]:
    found = plan.deployment(plan.Cause("d", "v2", NOW), before, after, {})
    return [[(action.kind, action.app_id) for action in step.actions] for step in found.steps]
