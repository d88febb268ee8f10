"""Groups out of JSON, and the rules that a whole tree of apps must keep to.

As Marathon: api/v2/GroupsResource.scala, raml/GroupConversion.scala, state/RootGroup.scala (`validRootGroup`).
"""
from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from specs.marathon import ids
from specs.marathon.app import App
from specs.marathon.definitions import Config, app_of, foreign_roles, typed_app
from specs.marathon.errors import BROKEN_RULE, WRONG_TYPE, Detail, MarathonError, Problems, broken
from specs.marathon.group import Group
from specs.marathon.reading import Reading
from specs.marathon.schema import GROUP_FIELDS, record

CYCLE = "Dependency graph has cyclic dependencies."
ALONE = "not allowed in conjunction with other properties."


@dataclass(frozen=True, slots=True)
class GroupUpdate:
    """What a body asks of a group. None of `apps` and `groups`: they stay as they are."""

    id: str
    apps: tuple[App, ...] | None = None
    groups: tuple[GroupUpdate, ...] | None = None
    dependencies: tuple[str, ...] | None = None
    enforce_role: bool | None = None
    scale_by: float | None = None
    version: str | None = None  # to go back to
    unknown: tuple[str, ...] = ()


def read_group(value: Any, config: Config, *, base: str = ids.ROOT, existing: Mapping[str, App] | None = None,
               path: str = "", default_id: str | None = None) -> GroupUpdate:
    """A group with all that is in it. `base`: what its id is relative to. Raises MarathonError."""
    if not isinstance(value, dict):
        raise MarathonError(422, WRONG_TYPE, [Detail(path or "/", ("error.expected.jsobject",))])
    inside = {key: each for key, each in value.items() if key not in ("apps", "groups", "pods")}
    reading = Reading()
    read = reading.read(inside, record(GROUP_FIELDS), path)
    lists = {key: _list(value, key, path, reading) for key in ("apps", "groups", "pods")}
    reading.finish()
    if lists["pods"]:
        raise MarathonError(422, BROKEN_RULE, [Detail(f"{path}/pods", ("Pods cannot be run here",))])
    if "id" not in read and default_id is None:
        raise MarathonError(422, WRONG_TYPE, [Detail(f"{path}/id", ("error.path.missing",))])
    group_id = ids.canonical(read["id"], base) if "id" in read else str(default_id)
    others = [key for key in value if key not in ("id", "scaleBy", "version") and value[key] is not None]
    for key in ("scaleBy", "version"):
        if key in read and (others or {"scaleBy", "version"} <= read.keys()):
            if key == "version" and "scaleBy" not in read:
                read.pop("version")  # as GET shows a group
                continue
            raise broken(f"{path}/{key}", ALONE)
    apps, unknown = _apps(lists["apps"], config, group_id, existing or {}, path)
    groups = None if lists["groups"] is None else tuple(
        read_group(each, config, base=group_id, existing=existing, path=f"{path}/groups({index})")
        for index, each in enumerate(lists["groups"]))
    dependencies = None if "dependencies" not in read else tuple(
        dict.fromkeys(ids.canonical(each, group_id) for each in read["dependencies"]))
    return GroupUpdate(
        group_id, apps, groups, dependencies, read.get("enforceRole"), read.get("scaleBy"), read.get("version"),
        (*reading.unknown, *unknown, *(each for group in groups or () for each in group.unknown)))


def _apps(values: list[Any] | None, config: Config, group_id: str, existing: Mapping[str, App],
          path: str) -> tuple[tuple[App, ...] | None, list[str]]:
    if values is None:
        return None, []
    apps: list[App] = []
    unknown: list[str] = []
    for index, value in enumerate(values):
        where = f"{path}/apps({index})"
        read, found = typed_app(value, where)
        unknown += found
        unknown += [f"{where}{each}" for each in foreign_roles(read, config, None)]
        if "id" not in read:
            raise MarathonError(422, WRONG_TYPE, [Detail(f"{where}/id", ("error.path.missing",))])
        app_id = ids.canonical(read["id"], group_id)
        if not ids.is_inside(app_id, group_id) or (ids.parent(app_id) != group_id and "/" not in read["id"].strip("/")):
            raise broken(f"{where}/id", f"identifier {app_id} is not child of {group_id}. Hint: use relative paths.")
        try:
            apps.append(app_of(read, config, base=group_id, existing=existing.get(app_id)))
        except MarathonError as error:
            raise _below(error, where) from error
    return tuple(apps), unknown


def applied(root: Group, update: GroupUpdate, before: Group | None) -> Group:
    """The group that an update makes; `before` is the group of this id, None if it is new."""
    _ = root
    group = before or Group(update.id)
    if update.scale_by is not None:
        return _scaled(group, update.scale_by)
    groups = dict(group.groups) if update.groups is None else {
        each.id: applied(root, each, group.groups.get(each.id)) for each in update.groups}
    apps = dict(group.apps) if update.apps is None else {app.id: app for app in update.apps}
    return replace(
        group, apps=apps, groups=groups,
        dependencies=group.dependencies if update.dependencies is None else update.dependencies,
        enforce_role=group.enforce_role if update.enforce_role is None else update.enforce_role)


def judge_tree(root: Group, app_dependencies: Mapping[str, Collection[str]]) -> None:
    """What holds for all of a tree. `app_dependencies`: the apps that each app needs. Raises MarathonError."""
    problems = Problems()
    for group in root.all_groups():
        if group.id != ids.ROOT and (ids.is_reserved(group.id) or not ids.has_valid_names(group.id)):
            problems.add("/id", ids.RESERVED_ERROR if ids.is_reserved(group.id) else "error.pattern")
        for app_id in group.apps:
            if app_id in group.groups:
                problems.add("/apps", f"An app and a group may not have the same id: {app_id}")
    problems.raise_if_any(BROKEN_RULE)
    if _has_cycle(app_dependencies):
        raise broken("/", CYCLE)


def _has_cycle(edges: Mapping[str, Collection[str]]) -> bool:
    """Whether some app needs itself in the end. Takes away what needs nothing that is left, until nothing goes."""
    left = {app_id: set(needed) & edges.keys() for app_id, needed in edges.items()}
    free = [app_id for app_id, needed in left.items() if not needed]
    needing: dict[str, list[str]] = {}
    for app_id, needed in left.items():
        for each in needed:
            needing.setdefault(each, []).append(app_id)
    while free:
        done = free.pop()
        del left[done]
        for app_id in needing.get(done, ()):
            left[app_id].discard(done)
            if not left[app_id]:
                free.append(app_id)
    return bool(left)


def _scaled(group: Group, by: float) -> Group:
    return replace(
        group, apps={app_id: replace(app, instances=math.ceil(app.instances * by))
                     for app_id, app in group.apps.items()},
        groups={each.id: _scaled(each, by) for each in group.groups.values()})


def _list(value: Mapping[str, Any], key: str, path: str, reading: Reading) -> list[Any] | None:
    found = value.get(key)
    if found is not None and not isinstance(found, list):
        reading.problems.add(f"{path}/{key}", "error.expected.jsarray")
        return None
    return found


def _below(error: MarathonError, path: str) -> MarathonError:
    if isinstance(error.details, str) or error.details is None:
        return error
    details = [Detail(path if each.path == "/" else path + each.path, each.errors) for each in error.details]
    return MarathonError(error.status, error.message, details)


def unknown_of(updates: Iterable[GroupUpdate]) -> tuple[str, ...]:
    """The unknown paths of several."""
    return tuple(each for update in updates for each in update.unknown)
