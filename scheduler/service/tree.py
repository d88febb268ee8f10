"""Edits of a tree of groups and apps: each gives a new tree. Ids are absolute; groups on the way
are made as needed.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from specs.marathon.app import App
from specs.marathon.group import ROOT, Group


def parent(path: str) -> str:
    """Of "/a/b" it is "/a", of "/a" the root, of the root itself the root."""
    return path.rpartition("/")[0] or ROOT


def is_below(path: str, group_id: str) -> bool:
    """Whether a path is the group's or inside it."""
    return group_id in (ROOT, path) or path.startswith(group_id + "/")


def find_app(root: Group, app_id: str) -> App | None:
    group = find_group(root, parent(app_id))
    return None if group is None else group.apps.get(app_id)


def find_group(root: Group, group_id: str) -> Group | None:
    found: Group | None = root
    for path in _prefixes(group_id):
        found = None if found is None else found.groups.get(path)
    return found


def with_apps(root: Group, apps: Iterable[App]) -> Group:
    """The tree in which these stand in the place of those of their ids."""
    by_parent: dict[str, dict[str, App]] = {}
    for app in apps:
        by_parent.setdefault(parent(app.id), {})[app.id] = app
    for path, those in by_parent.items():
        root = _edited(root, path,
                       lambda group, those=those: replace(group, apps={**group.apps, **those}))  # type: ignore[misc]
    return root


def without_app(root: Group, app_id: str) -> Group:
    """The tree without it; groups stay, also empty ones."""
    if find_app(root, app_id) is None:
        return root
    return _edited(root, parent(app_id), lambda group: replace(
        group, apps={key: app for key, app in group.apps.items() if key != app_id}))


def with_group(root: Group, group: Group) -> Group:
    """The tree in which this group stands in the place of that of its id, with all that is in it.
    """
    if group.id == ROOT:
        return group
    return _edited(root, parent(group.id),
                   lambda outer: replace(outer, groups={**outer.groups, group.id: group}))


def without_group(root: Group, group_id: str) -> Group:
    """The tree without it and what is in it; without the root nothing is left."""
    if group_id == ROOT:
        return Group(version=root.version)
    if find_group(root, group_id) is None:
        return root
    return _edited(root, parent(group_id), lambda outer: replace(
        outer, groups={key: each for key, each in outer.groups.items() if key != group_id}))


def _edited(root: Group, group_id: str, edit: Callable[[Group], Group]) -> Group:
    if root.id == group_id:
        return edit(root)
    step = next(path for path in _prefixes(group_id) if is_below(path, root.id) and path != root.id)
    inner = root.groups.get(step, Group(step, version=root.version))
    return replace(root, groups={**root.groups, step: _edited(inner, group_id, edit)})


def _prefixes(path: str) -> Iterator[str]:
    """Of "/a/b": "/a", then "/a/b"; nothing of the root."""
    steps = path.strip("/").split("/") if path != ROOT else []
    for end in range(1, len(steps) + 1):
        yield "/" + "/".join(steps[:end])


_SOME_APP: Final = App("/")  # in the place of each: there are up to a hundred trees of thousands of apps


def ids_only(group: Group) -> Group:
    """The group, of whose apps nothing but the ids is kept."""
    return replace(group, apps=dict.fromkeys(group.apps, _SOME_APP),
                   groups={each.id: ids_only(each) for each in group.groups.values()})


def keep_ids_only(stored: dict[str, Any]) -> None:
    """The same of a group as it is stored, in place: so no app of an old tree need be read."""
    stored["apps"] = dict.fromkeys(stored.get("apps", ()), _SOME_APP)
    for each in stored.get("groups", {}).values():
        keep_ids_only(each)


def with_definitions(group: Group, apps: Mapping[str, App]) -> Group:
    """The group with these definitions of its apps. Raises KeyError if one is missing."""
    return replace(group, apps={app_id: apps[app_id] for app_id in group.apps},
                   groups={each.id: with_definitions(each, apps) for each in group.groups.values()})
