"""Marathon's facts about deployments: plans, locks, versions, and the arithmetic of rolling upgrades."""
from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from scheduler.apps.instance import Instance
from scheduler.apps.policy import policy
from scheduler.apps.target import Strategy, Target, VersionInfo
from scheduler.apps.transitions import News, heard, launched
from scheduler.deployments import plan
from scheduler.deployments.controller import decide
from scheduler.deployments.deployment import Action, ActionKind, Change, Deployment, DeploymentStep
from scheduler.deployments.facts import AppState, Facts
from scheduler.deployments.rolling import first_to_go
from scheduler.deployments.upgrade import Present, room, starts
from scheduler.placement.location import Location
from scheduler.tasks.conditions import Condition
from specs.marathon.app import App, UpgradeStrategy
from specs.marathon.definitions import Config, read_app
from tests.vectors.marathon_answers import Check, Json

FIRST, SECOND = "2015-01-01T00:00:00.000Z", "2015-02-01T00:00:00.000Z"
NOW = 1_400_000_000.0
CAUSE = plan.Cause("d", SECOND, NOW)


def deployment_plan(given: Json, expected: Json) -> None:
    if "levels" in expected:
        found = plan.levels(given["dependencies"], given["dependencies"])
        assert [sorted(level) for level in found] == [sorted(level) for level in expected["levels"]]
    elif "running" in given:
        locks(given, expected)
    elif "change" in given:
        version_info(given, expected)
    else:
        steps(given, expected)


def steps(given: Json, expected: Json) -> None:
    old = {app_id: target(app_id, app, None, FIRST) for app_id, app in given["old"].items()}
    restart = given.get("markedForRestart", ())
    new = {app_id: target(app_id, app, old.get(app_id), SECOND, restart=app_id in restart)
           for app_id, app in given["new"].items()}
    found = plan.deployment(CAUSE, old, new, {app_id: each.app.dependencies for app_id, each in new.items()})
    wanted = [sorted((action[0], action[1], *action[2:]) for action in step) for step in expected["steps"]]
    assert [sorted(shown(action, new) for action in step.actions) for step in found.steps] == wanted


def shown(action: Action, new: Mapping[str, Target]) -> tuple[Any, ...]:
    count = (new[action.app_id].app.instances,) if action.kind.value == "ScaleApplication" else ()
    return action.kind.value, action.app_id, *count


def target(app_id: str, app: Json, before: Target | None, version: str, *, restart: bool = False) -> Target:
    longer = {"cmd": f"exec {app['cmd']}"} if "cmd" in app else {}  # one letter would be refused
    read = read_app({"id": app_id, **app, **longer}, Config()).app
    return plan.successor(read, before, version, policy(read), restart=restart)


def locks(given: Json, expected: Json) -> None:
    """A change of a locked app is refused, or cancels what locks it."""
    running = given["running"] if isinstance(given["running"], list) else [given["running"]]
    found = plan.conflicts([locking(each["id"], each["apps"]) for each in running], given["new"]["apps"])
    forced = given["new"].get("force", False)
    assert (200 if forced or not found else 409) == expected["status"]
    assert list(found if forced else ()) == expected.get("cancelled", [])


def locking(deployment_id: str, apps: list[str]) -> Deployment:
    steps = (DeploymentStep(tuple(Action(ActionKind.RESTART, app_id) for app_id in apps)),)
    return Deployment(deployment_id, FIRST, steps, {app_id: Change(ActionKind.RESTART, 0, None, None)
                                                    for app_id in apps}, began=NOW)


def version_info(given: Json, expected: Json) -> None:
    before = given["before"]
    app = App("/a", cmd="c", instances=1)
    info = VersionInfo(before["version"], before["lastScalingAt"], before["lastConfigChangeAt"])
    was = Target(app, info, info.last_config_change_at, policy(app))
    changes = {"scale": replace(app, instances=2), "config": replace(app, cmd="d"), "restart": app}
    found = plan.successor(changes[given["change"]], was, given["at"], was.policy, restart=given["change"] == "restart")
    assert {"version": found.info.version, "lastScalingAt": found.info.last_scaling_at,
            "lastConfigChangeAt": found.info.last_config_change_at} == expected


def upgrade_strategy(given: Json, expected: Json) -> None:
    if "old" in given:
        kill_order(given, expected)
    elif "startNow" in expected:
        assert starts(given["instances"], given["maxCapacity"], given["oldActive"],
                      given["newStarted"]) == expected["startNow"]
    elif "minHealthy" in expected:
        strategy = Strategy(given["instances"], given["minimumHealthCapacity"], given["maximumOverCapacity"],
                            given["resident"])
        found = room(strategy, Present(given["oldTotal"], given["oldHealthy"], given["newStarted"]))
        assert {"minHealthy": found.min_healthy, "maxCapacity": found.max_capacity, "killImmediately": found.kill,
                "startImmediately": found.start} == expected
    else:
        sequence(given, expected)


def kill_order(given: Json, expected: Json) -> None:
    old = [Instance(each["id"], "/a", FIRST, FIRST, Condition.RUNNING, NOW, NOW, has_health_check=True,
                    healthy=each["healthy"]) for each in given["old"]]
    count = len(expected["firstKilled"])
    assert sorted(each.id for each in first_to_go(old, count, policy(App("/a", cmd="c")))) == expected["firstKilled"]


def sequence(given: Json, expected: Json) -> None:
    """A whole upgrade, one thing after the other, under the controller: bounds hold at every moment of it."""
    moments = list(upgrade(given["instances"], given["oldHealthy"],
                           UpgradeStrategy(given["minimumHealthCapacity"], given["maximumOverCapacity"])))
    assert max(there for there, _, _ in moments) == expected["maxAtOnce"]
    assert min(serving for _, serving, _ in moments) >= expected.get("neverBelowHealthy", 0)
    assert moments[0][2] == expected["killImmediately"]


def upgrade(instances: int, running: int, strategy: UpgradeStrategy) -> Iterator[tuple[int, int, int]]:
    """After each decision: how many there are, how many of them serve, how many it ended."""
    app = App("/a", cmd="old", instances=instances, upgrade_strategy=strategy)
    old = plan.successor(app, None, FIRST, policy(app))
    new = plan.successor(replace(app, cmd="new"), old, SECOND, policy(app))
    deployment = plan.deployment(CAUSE, {"/a": old}, {"/a": new}, {})
    state = AppState("/a", new)
    ids = (f"a.{number}" for number in itertools.count())
    there = {each.id: each for each in (
        Instance(next(ids), "/a", FIRST, FIRST, Condition.RUNNING, NOW, NOW, incarnation=1) for _ in range(running))}
    while state.progress is None or not state.progress.done:
        found = decide(Facts(state, list(there.values()), deployment), NOW, lambda _: next(ids))
        state = found.changes.state or state
        there.update({each.id: each for each in found.changes.instances})
        for gone in found.changes.forgotten:
            del there[gone]
        yield len(there), sum(each.is_serving for each in there.values()), len(found.kills)
        goes_on(there)


def goes_on(there: dict[str, Instance]) -> None:
    """One thing happens: an instance that was asked to end is gone, or else a new one serves."""
    for instance in there.values():
        if instance.sentence is not None:
            there[instance.id] = heard(instance, News(Condition.KILLED), NOW)
            return
    for instance in there.values():
        if instance.condition is Condition.SCHEDULED:
            there[instance.id] = heard(launched(instance, Location("S0", "h"), (), NOW), News(Condition.RUNNING), NOW)
            return


CHECKS: dict[str, Check] = {"deployment_plan": deployment_plan, "upgrade_strategy": upgrade_strategy}
