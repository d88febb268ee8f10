"""Apps and groups as Marathon's API shows them: their definition, counts, and what `embed=` asks
for.

Keys that Marathon has not are never added here: its clients hand every key to a constructor with
fixed parameters. What is ours is shown only to those who ask for it by name.
"""
from __future__ import annotations

from collections.abc import Collection
from typing import Any

from scheduler.api.shown.tasks import counts, is_task, last_failure, readiness, task_json, task_stats
from scheduler.apps.target import Target
from scheduler.deployments.facts import Expiry
from scheduler.service.views import AppView, View
from scheduler.tasks.timestamps import timestamp
from specs.marathon.embeds import AppPart, GroupPart
from specs.marathon.group import ROOT, Group
from specs.marathon.rendering import app_json

LISTED = frozenset({AppPart.COUNTS, AppPart.DEPLOYMENTS})  # what the list of apps always has
SINGLE = LISTED | {AppPart.TASKS, AppPart.LAST_TASK_FAILURE}  # what one app always has


def app_definition(target: Target) -> dict[str, Any]:
    """An app at its version. Clients read `healthChecks` without asking whether it is there."""
    info = target.info
    return {"healthChecks": [], **app_json(target.app), "version": info.version,
            "versionInfo": {"lastScalingAt": info.last_scaling_at,
                            "lastConfigChangeAt": info.last_config_change_at}}


def shown_app(app: AppView, target: Target, parts: Collection[AppPart], now: float, *,
              ended: bool = False) -> dict[str, Any]:
    """An app with these parts; `ended` as of `shown_parts`."""
    return app_definition(target) | shown_parts(app, parts, now, ended=ended)


def shown_parts(app: AppView, parts: Collection[AppPart], now: float, *,
                ended: bool = False) -> dict[str, Any]:
    """What an app is shown with besides its definition. `ended`: also tasks that have run once and
    are over; in lists they are not, for load balancers and Prometheus take all there for places to
    go to, whatever its state.
    """
    shown: dict[str, Any] = {}
    if AppPart.COUNTS in parts:
        shown |= counts(app.instances)
    if AppPart.DEPLOYMENTS in parts:
        shown["deployments"] = [{"id": each} for each in app.deployments]
    if AppPart.TASKS in parts:
        shown["tasks"] = [task_json(each) for each in app.instances if is_task(each)
                          and (ended or not each.condition.is_terminal)]
    if AppPart.LAST_TASK_FAILURE in parts and (failure := last_failure(app)) is not None:
        shown["lastTaskFailure"] = failure
    if AppPart.READINESS in parts:
        shown["readinessCheckResults"] = readiness(app)
    if AppPart.TASK_STATS in parts:
        shown["taskStats"] = task_stats(app, now)
    if AppPart.SCALE_BACK in parts and app.expiry is not None:
        shown["scaleBack"] = scale_back(app.expiry)
    return shown


def scale_back(expiry: Expiry) -> dict[str, Any]:
    """When a count of instances goes back, and to which."""
    return {"at": timestamp(expiry.at), "instances": expiry.instances}


def shown_group(group: Group, view: View, parts: Collection[AppPart], inside: Collection[GroupPart],
                now: float) -> dict[str, Any]:
    """A group with what is in it, as far as `inside` asks for it."""
    shown: dict[str, Any] = {"id": group.id, "dependencies": list(group.dependencies),
                             "version": group.version}
    shown["apps"] = [shown_app(app, app.target, parts, now) for app_id in group.apps
                     if (app := view.apps.get(app_id)) is not None and app.target is not None
                     ] if GroupPart.APPS in inside else []
    shown["groups"] = [shown_group(each, view, parts, inside, now) for each in group.groups.values()
                       ] if GroupPart.GROUPS in inside else []
    shown["pods"] = []
    if group.enforce_role is not None and _is_top(group.id):
        shown["enforceRole"] = group.enforce_role
    return shown


def old_group(group: Group) -> dict[str, Any]:
    """A group as it was at a version: definitions, and nothing that runs."""
    return {"id": group.id, "dependencies": list(group.dependencies), "version": group.version,
            "apps": [app_json(app) for app in group.apps.values()],
            "groups": [old_group(each) for each in group.groups.values()], "pods": []}


def _is_top(group_id: str) -> bool:
    return group_id != ROOT and group_id.count("/") == 1
