"""What a tree of groups may be: no two things of one id, no circle of dependencies, no volume for
two apps.

Circles are looked for in a graph with nodes for "something in this group needs" and "needs all of
this group", so that groups of thousands of apps that depend on each other make few edges. As
Marathon: state/RootGroup.scala, Group.scala.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from specs.marathon import ids
from specs.marathon.app import App
from specs.marathon.container import CsiVolume, ExternalVolume, Volume
from specs.marathon.errors import Problems
from specs.marathon.group import Group
from specs.marathon.rules.counts import count_problems
from specs.marathon.rules.service import check_length

_Node = tuple[str, str]  # ("app" or "in" or "all of", id)


def check_tree(root: Group, before: Group | None, problems: Problems) -> None:
    """Add what is broken; paths begin with the id of the app or group. What is the same object in
    the tree `before` was checked then: trees have thousands of apps, and a change is of one.
    """
    _check_group(root, before, problems)
    if has_circle(root):
        problems.add("/", "Dependency graph has cyclic dependencies.")
    for path, words in _shared_volumes(root):
        problems.add(path, words)


def _check_group(group: Group, before: Group | None, problems: Problems) -> None:
    if group is before:
        return
    known_apps = before.apps if before is not None else {}
    known_groups = before.groups if before is not None else {}
    for words in ids.problems(group.id) if group.id != ids.ROOT else ():
        problems.add(f"/{group.id}/id", words)
    check_length(group.id, f"/{group.id}/id", problems)
    for app_id in group.apps.keys() & group.groups.keys():
        problems.add(f"/{app_id}", "Groups and Applications may not have the same identifier.")
    for app_id, app in group.apps.items():
        if app is not known_apps.get(app_id):
            problems.unless(ids.parent(app_id) == group.id, f"/{app_id}",
                            "App has to be child of group with parent id")
            for path, words in count_problems(app):
                problems.add(f"/{app_id}{path.rstrip('/')}", words)
    for group_id, each in group.groups.items():
        problems.unless(ids.parent(group_id) == group.id, f"/{group_id}",
                        "Group has to be child of groups with parent id")
        _check_group(each, known_groups.get(group_id), problems)


def has_circle(root: Group) -> bool:
    """Whether an app needs itself, over whatever others and groups."""
    if not any(app.dependencies for app in root.all_apps()) \
            and not any(group.dependencies for group in root.all_groups()):
        return False
    edges = {node: list(targets) for node, targets in _edges(root)}
    done: set[_Node] = set()
    return any(_circle_from(start, edges, done) for start in edges if start not in done)


def _circle_from(start: _Node, edges: Mapping[_Node, list[_Node]], done: set[_Node]) -> bool:
    """Depth first, without recursion: `path` are the nodes being visited."""
    path = {start}
    waiting = [(start, iter(edges.get(start, ())))]
    while waiting:
        node, targets = waiting[-1]
        target = next((each for each in targets if each not in done), None)
        if target is None:
            waiting.pop()
            path.discard(node)
            done.add(node)
        elif target in path:
            return True
        else:
            path.add(target)
            waiting.append((target, iter(edges.get(target, ()))))
    return False


def _edges(root: Group) -> Iterator[tuple[_Node, Iterable[_Node]]]:
    groups = {group.id for group in root.all_groups()}
    apps = {app.id for app in root.all_apps()}

    def needed(dependency: str) -> list[_Node]:
        if dependency in apps:
            return [("app", dependency)]
        return [("all of", dependency)] if dependency in groups else []

    for group in root.all_groups():
        inside = [("app", app_id) for app_id in group.apps] + [("all of", group_id)
                                                               for group_id in group.groups]
        yield ("all of", group.id), inside
        outer = [("in", ids.parent(group.id))] if group.id != ids.ROOT else []
        yield ("in", group.id), outer + [node for each in group.dependencies
                                         for node in needed(each)]
        for app in group.apps.values():
            yield ("app", app.id), [("in",
                                     group.id)] + [node for each in app.dependencies
                                                   for node in needed(each)]


def _shared_volumes(root: Group) -> Iterator[tuple[str, str]]:
    """A volume of a driver, or one that a single task may write, is of one app."""
    users: dict[tuple[str, str], list[str]] = {}
    for app in root.all_apps():
        for key in _own_volumes(app):
            users.setdefault(key, []).append(app.id)
    for app in root.all_apps() if users else ():
        for volume in app.container.volumes if app.container is not None else ():
            if isinstance(volume, ExternalVolume | CsiVolume) and not _is_read_by_many(volume):
                others = [each for each in users.get(_key(volume), ()) if each != app.id]
                words = (
                    f"Volume name '{volume.name}' in {app.id} conflicts with volume(s) of same name in app(s): "
                         f"{', '.join(others)}")
                if others:
                    yield f"/{app.id}/container/volumes", words


def _own_volumes(app: App) -> Iterator[tuple[str, str]]:
    for volume in app.container.volumes if app.container is not None else ():
        if isinstance(volume, ExternalVolume) and not volume.shared:
            yield _key(volume)
        if isinstance(volume, CsiVolume):
            mode = volume.options.capability.access_mode
            if not mode.is_shareable or (volume.mode == "RW"
                                         and mode.value == "MULTI_NODE_SINGLE_WRITER"):
                yield _key(volume)


def _key(volume: ExternalVolume | CsiVolume) -> tuple[str, str]:
    return ("csi" if isinstance(volume, CsiVolume) else volume.provider, volume.name)


def _is_read_by_many(volume: Volume) -> bool:
    return (isinstance(volume, CsiVolume) and volume.mode == "RO"
            and volume.options.capability.access_mode.value == "MULTI_NODE_SINGLE_WRITER")
