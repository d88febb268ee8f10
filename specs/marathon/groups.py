"""Groups out of JSON, the groups that come of it, and the rules that a whole tree must keep to.

What is said of a group's apps, groups or dependencies takes the place of what was there, what is
not said stays; an app is always said as a whole. Ids are seen from the group that they stand in.
`scaleBy` and `version` stand alone.

As Marathon: api/v2/GroupsResource.scala, GroupNormalization.scala, raml/GroupConversion.scala,
state/Group.scala.
"""
from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

from specs.marathon import ids
from specs.marathon.app import App
from specs.marathon.definitions import app_of, read_as, today
from specs.marathon.errors import BROKEN_RULE, MarathonError, Problems, broken
from specs.marathon.forms.groups import GROUP, GroupDraft
from specs.marathon.group import Group
from specs.marathon.rules.config import Config, RulesPlace
from specs.marathon.rules.groups import check_tree
from specs.marathon.rules.service import check_length
from specs.marathon.rules.words import NOT_DEFINED

ALONE = "not allowed in conjunction with other properties."
SEPARATE = (
    "enforceRole cannot be modified in a request that adds, removes or modifies services; please make these "
            "changes in separate requests.")


@dataclass(frozen=True, slots=True)
class GroupUpdate:
    """What a body asks of the group of an absolute id. None of `apps`, `groups` and `dependencies`:
    they stay as they are. `scale_by`: a factor for the instances of all apps in it; `version`: to
    which it goes back; `unknown`: paths of what was passed over."""

    id: str
    apps: tuple[App, ...] | None = None
    groups: tuple[GroupUpdate, ...] | None = None
    dependencies: tuple[str, ...] | None = None
    enforce_role: bool | None = None
    scale_by: float | None = None
    version: str | None = None
    unknown: tuple[str, ...] = ()

    def defined(self) -> Iterator[str]:
        """The ids of the apps whose whole definitions it has, also in groups below."""
        yield from (app.id for app in self.apps or ())
        for group in self.groups or ():
            yield from group.defined()


def read_group(value: object, config: Config, *, base: str = ids.ROOT,
               existing: Mapping[str, App] | None = None,
               default_id: str | None = None,
               enforcing: frozenset[str] = frozenset()) -> GroupUpdate:
    """A group with all that is in it. Raises MarathonError with everything that is wrong in it.

    `base`: what its id is relative to; `default_id`: its absolute id if the body has none;
    `existing`: the apps that are there, by id; `enforcing`: the top-level groups which say now that
    their apps have the group's role.
    """
    said, unknown = read_as(GROUP, value)
    group_id = ids.canonical(said.id, base) if said.id is not None else default_id
    if group_id is None:
        raise broken("/id", NOT_DEFINED)
    problems = Problems()
    reading = _GroupReading(config, existing or {}, enforcing, problems)
    update = reading.group(said, group_id, "", enforced=ids.top_level(group_id) in enforcing)
    problems.raise_if_any(BROKEN_RULE)
    return replace(update, unknown=(*unknown, *reading.passed_over))


class _GroupReading:
    """One body on its way: what is wrong with any app or group in it is told together."""

    def __init__(self, config: Config, existing: Mapping[str, App], enforcing: frozenset[str],
                 problems: Problems) -> None:
        self.passed_over: list[str] = []
        self._config = config
        self._existing = existing
        self._enforcing = enforcing
        self._problems = problems

    def group(self, said: GroupDraft, group_id: str, path: str, *, enforced: bool) -> GroupUpdate:
        """`enforced`: whether the top-level group that it is in says so, as far as is known from
        further out.
        """
        self._check(said, group_id, path)
        if ids.is_top_level(group_id):
            enforced = group_id in self._enforcing if said.enforce_role is None else said.enforce_role
        apps = None if said.apps is None else tuple(self._apps(said, group_id, path,
                                                               enforced=enforced))
        groups = None if said.groups is None else tuple(
            self.group(each, ids.canonical(each.id or "", group_id), f"{path}/groups({index})",
                       enforced=enforced)
            for index, each in enumerate(said.groups))
        dependencies = None if said.dependencies is None else tuple(
            dict.fromkeys(ids.canonical(each, group_id) for each in said.dependencies))
        return GroupUpdate(group_id, apps, groups, dependencies, said.enforce_role, said.scale_by,
                           said.version)

    def _check(self, said: GroupDraft, group_id: str, path: str) -> None:
        problems = self._problems
        for words in ids.problems(group_id) if group_id != ids.ROOT else ():
            problems.add(f"{path}/id", words)
        check_length(group_id, f"{path}/id", problems)
        for name, key in (("version", "version"), ("scale_by", "scaleBy")):
            if getattr(said, name) is not None:
                others = [field.name for field in fields(said)
                          if getattr(said, field.name) is not None]
                problems.unless(not path and set(others) <= {name, "id"}, f"{path}/{key}", ALONE)
        problems.unless(not said.enforce_role or ids.is_top_level(group_id), f"{path}/enforceRole",
                        f"enforceRole can only be set for top-level groups, and {group_id} is not top-level")
        for index, app in enumerate(said.apps or ()):
            self._check_child(app.id, group_id, f"{path}/apps({index})/id")
        for index, group in enumerate(said.groups or ()):
            self._check_child(group.id, group_id, f"{path}/groups({index})/id")

    def _check_child(self, said_id: str | None, group_id: str, path: str) -> None:
        child = ids.canonical(said_id or "", group_id)
        if said_id is None:
            self._problems.add(path, NOT_DEFINED)
        elif ids.parent(child) != group_id or child == ids.ROOT:
            self._problems.add(path,
                               f"Identifier is not child of '{group_id}'. Hint: use relative paths.")

    def _apps(self, said: GroupDraft, group_id: str, path: str, *, enforced: bool) -> list[App]:
        apps = []
        for index, draft in enumerate(said.apps or ()):
            where = f"{path}/apps({index})"
            place = RulesPlace(group_id, self._existing.get(ids.canonical(draft.id or "", group_id)),
                          enforced)
            try:
                read = app_of(today(draft, self._config), self._config, place)
            except MarathonError as error:
                for detail in error.under(where).details or ():
                    if not isinstance(detail, str):
                        self._problems.add(detail.path, *detail.errors)
                continue
            apps.append(read.app)
            self.passed_over.extend(where + each for each in read.unknown)
        return apps


def applied(update: GroupUpdate, before: Group | None) -> Group:
    """The group that an update makes, with the versions that its parts had; `before` is the group
    of this id, None if it is new. Not for updates to a `version`. Raises MarathonError."""
    group = before or Group(update.id)
    if update.scale_by is not None:
        return _scaled(group, update.scale_by)
    enforce_role = group.enforce_role if update.enforce_role is None else update.enforce_role
    adds = update.apps is not None or bool(update.groups)
    if before is not None and bool(enforce_role) != bool(before.enforce_role) and adds:
        raise broken("/enforceRole", SEPARATE)
    groups = group.groups if update.groups is None else {
        each.id: applied(each, group.groups.get(each.id)) for each in update.groups}
    apps = group.apps if update.apps is None else {app.id: app for app in update.apps}
    dependencies = group.dependencies if update.dependencies is None else update.dependencies
    return replace(group, apps=apps, groups=groups, dependencies=dependencies,
                   enforce_role=enforce_role)


def _scaled(group: Group, factor: float) -> Group:
    return replace(
        group, apps={app_id: replace(app, instances=math.ceil(app.instances * factor))
                     for app_id, app in group.apps.items()},
        groups={each.id: _scaled(each, factor) for each in group.groups.values()})


def judge_tree(root: Group, before: Group | None = None) -> None:
    """What holds for all of a tree; what it shares with the tree `before` was judged then. Raises
    MarathonError, whose paths begin with the id of the app or group.
    """
    problems = Problems()
    check_tree(root, before, problems)
    problems.raise_if_any(BROKEN_RULE)
