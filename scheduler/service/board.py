"""All that the service knows of apps, in memory and in the storage at once: whatever is put here is
written there too.

What is stored, each as records of its own kind, so that a change writes what has changed and
nothing else:

    definition   an app at a version, with who wanted it: app_id@version
    tree         the groups, with the versions of their apps; one record, and one for each version before
    state        of each app what must survive besides its instances (facts.AppState)
    instance     each instance
    deployment   each that is running

Targets (an app at a version, with its config) stand in states and deployments by reference to their
definition.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from scheduler.apps.instance import Instance, Location
from scheduler.apps.target import Policy, Target, VersionInfo
from scheduler.deployments.deployment import ActionKind, Change, Deployment
from scheduler.deployments.facts import AppState
from scheduler.service.loads import Loads
from scheduler.service.tree import ids_only, keep_ids_only, with_definitions
from scheduler.service.turn.journal import Journal
from scheduler.storage.plain import plain, tag, valued
from scheduler.storage.records import Records
from scheduler.tasks.conditions import Condition
from specs.marathon.app import App
from specs.marathon.container import CsiVolume, ExternalVolume, HostVolume, PersistentVolume, SecretVolume
from specs.marathon.group import Group

tag(HostVolume, PersistentVolume, ExternalVolume, CsiVolume, SecretVolume)

VERSIONS_KEPT: Final = 100  # of each app, and of the tree


@dataclass(frozen=True, slots=True)
class Author:
    """Who changed something, from where, and why, as far as it is known."""

    user: str = ""
    address: str = ""
    why: str = ""


NOBODY: Final = Author()


@dataclass(frozen=True, slots=True)
class Definition:
    """An app at a version. `at`: seconds since 1970."""

    app: App
    info: VersionInfo
    at: float
    author: Author = NOBODY


@dataclass(frozen=True, slots=True)
class TreeVersion:
    """The groups at a version: `group` with the ids of its apps alone, whose definitions are `versions`.
    """

    group: Group
    versions: Mapping[str, str] = field(default_factory=dict)  # app id to version


class Board:
    """The loop's alone. `changed` collects the apps of which something has changed since it was
    last emptied.
    """

    def __init__(self, records: Records, policy: Callable[[App], Policy]) -> None:
        """Reads what is stored."""
        self._records = records
        self._policy = policy
        self.definitions: dict[str, dict[str, Definition]] = {}  # by app and version
        self.root = Group()
        self.trees: dict[str, TreeVersion] = {}
        self.states: dict[str, AppState] = {}
        self.instances: dict[str, dict[str, Instance]] = {}
        self.scheduled: dict[str, dict[str, Instance]] = {}  # by app and id: those that wait for a place
        self.loads = Loads(self.app_of)
        self.deployments: dict[str, Deployment] = {}
        self.locks: dict[str, str] = {}  # app id to deployment id
        self.changed: set[str] = set()
        self.journal = Journal()
        self._load()

    # ---- what is there

    def instances_of(self, app_id: str) -> Mapping[str, Instance]:
        return self.instances.get(app_id, {})

    def all_instances(self) -> Iterator[Instance]:
        for instances in self.instances.values():
            yield from instances.values()

    def app_of(self, instance: Instance) -> App | None:
        """The definition that an instance runs."""
        definition = self.definitions.get(instance.app_id, {}).get(instance.version)
        return None if definition is None else definition.app

    def deployment_of(self, app_id: str) -> Deployment | None:
        """The one that locks the app."""
        deployment_id = self.locks.get(app_id)
        return None if deployment_id is None else self.deployments[deployment_id]

    def targets(self) -> dict[str, Target]:
        """What each app of the tree shall be."""
        return {app_id: state.target for app_id,
                state in self.states.items() if state.target is not None}

    # ---- what changes

    def take_back(self) -> None:
        """In memory everything is as it was when the journal began; the storage is the caller's to rewind."""
        if self.journal.take_back():
            self.scheduled.clear()
            self.loads.clear()
            for instance in self.all_instances():
                self._note_waiting(instance)
                self.loads.changed(None, instance)

    def put_tree(self, root: Group, targets: Mapping[str, Target], author: Author,
                 now: float) -> None:
        """The whole tree at its version, `targets` being its apps."""
        self.journal.note_attribute(self, "root")
        self.root = root
        for app_id, target in targets.items():
            self._define(app_id, target, author, now)
        tree = TreeVersion(ids_only(root),
                           {app_id: target.version for app_id, target in targets.items()})
        self.journal.note(self.trees, root.version)
        self.trees[root.version] = tree
        self._records.put("tree", root.version, plain(tree))
        for version in sorted(self.trees)[:-VERSIONS_KEPT]:
            self.journal.note(self.trees, version)
            del self.trees[version]
            self._records.drop("tree", version)

    def put_state(self, state: AppState) -> None:
        self.journal.note(self.states, state.app_id)
        self.states[state.app_id] = state
        self.changed.add(state.app_id)
        stored = plain(replace(state, target=None))
        if state.target is not None:
            stored["target"] = _reference(state.target)
        self._records.put("state", state.app_id, stored)

    def drop_state(self, app_id: str) -> None:
        """Nothing of the app is left but its definitions, for those who look back."""
        self.journal.note(self.states, app_id)
        self.states.pop(app_id, None)
        self.changed.add(app_id)
        self._records.drop("state", app_id)

    def put_instance(self, instance: Instance) -> None:
        known = self.instances.setdefault(instance.app_id, {})
        self.journal.note(known, instance.id)
        self.loads.changed(known.get(instance.id), instance)
        known[instance.id] = instance
        self._note_waiting(instance)
        self.changed.add(instance.app_id)
        self._records.put("instance", instance.id, plain(instance))

    def drop_instance(self, app_id: str, instance_id: str) -> None:
        instances = self.instances.get(app_id, {})
        self.journal.note(instances, instance_id)
        self.loads.changed(instances.pop(instance_id, None), None)
        if not instances:
            self.journal.note(self.instances, app_id)
            self.instances.pop(app_id, None)
        self._wait_no_more(app_id, instance_id)
        self.changed.add(app_id)
        self._records.drop("instance", instance_id)

    def put_deployment(self, deployment: Deployment) -> None:
        self.journal.note(self.deployments, deployment.id)
        self.deployments[deployment.id] = deployment
        for app_id in deployment.changes:
            self.journal.note(self.locks, app_id)
            self.locks[app_id] = deployment.id
            self.changed.add(app_id)
        self._records.put("deployment", deployment.id, _stored_deployment(deployment))

    def drop_deployment(self, deployment_id: str) -> None:
        self.journal.note(self.deployments, deployment_id)
        deployment = self.deployments.pop(deployment_id, None)
        if deployment is None:
            return
        for app_id in deployment.changes:
            if self.locks.get(app_id) == deployment_id:
                self.journal.note(self.locks, app_id)
                del self.locks[app_id]
            self.changed.add(app_id)
        self._records.drop("deployment", deployment_id)

    def _define(self, app_id: str, target: Target, author: Author, now: float) -> None:
        known = self.definitions.setdefault(app_id, {})
        if target.version in known:
            return
        definition = Definition(target.app, target.info, now, author)
        self.journal.note(known, target.version)
        known[target.version] = definition
        self._records.put("definition", f"{app_id}@{target.version}", plain(definition))
        used = self._used_versions(app_id)
        for version in [each for each in sorted(known) if each not in used][:-VERSIONS_KEPT]:
            self.journal.note(known, version)
            del known[version]
            self._records.drop("definition", f"{app_id}@{version}")

    def _note_waiting(self, instance: Instance) -> None:
        if instance.condition is Condition.SCHEDULED and instance.sentence is None:
            self.scheduled.setdefault(instance.app_id, {})[instance.id] = instance
        else:
            self._wait_no_more(instance.app_id, instance.id)

    def _wait_no_more(self, app_id: str, instance_id: str) -> None:
        waiting = self.scheduled.get(app_id, {})
        waiting.pop(instance_id, None)
        if not waiting:
            self.scheduled.pop(app_id, None)

    def _used_versions(self, app_id: str) -> set[str]:
        used = {instance.version for instance in self.instances_of(app_id).values()}
        changes = (each.changes[app_id] for each in self.deployments.values()
                   if app_id in each.changes)
        used |= {target.version for change in changes for target in (change.before, change.after)
                 if target is not None}
        state = self.states.get(app_id)
        return used | ({state.target.version} if state is not None and state.target is not None
                       else set())

    # ---- from the storage

    def _load(self) -> None:
        for key, stored in self._records.records("definition"):
            app_id, _, version = key.rpartition("@")
            self.definitions.setdefault(app_id, {})[version] = valued(Definition, stored)
        for version, stored in self._records.records("tree"):
            keep_ids_only(stored["group"])
            self.trees[version] = valued(TreeVersion, stored)
        for app_id, stored in self._records.records("state"):
            reference = stored.pop("target", None)
            target = None if reference is None else self._target(app_id, reference)
            self.states[app_id] = replace(valued(AppState, {**stored, "target": None}),
                                          target=target)
        known: dict[Any, Any] = {}
        for _, stored in self._records.records("instance"):
            instance = valued(Instance, _sharing(stored, known))
            self.instances.setdefault(instance.app_id, {})[instance.id] = instance
            self.loads.changed(None, instance)
            if instance.condition is Condition.SCHEDULED:
                self._note_waiting(instance)
        for deployment_id, stored in self._records.records("deployment"):
            deployment = self._deployment(stored)
            self.deployments[deployment_id] = deployment
            self.locks.update(dict.fromkeys(deployment.changes, deployment_id))
        if self.trees:
            self.root = self.tree_at(max(self.trees))

    def tree_at(self, version: str) -> Group:
        """The groups with their apps, as they were. Raises KeyError for a version that is not known
        (any more).
        """
        tree = self.trees[version]
        apps = {app_id: self.definitions[app_id][each].app for app_id,
                each in tree.versions.items()}
        return with_definitions(tree.group, apps)

    def _target(self, app_id: str, reference: Mapping[str, Any]) -> Target:
        definition = self.definitions[app_id][reference["version"]]
        info = valued(VersionInfo, reference["info"])
        return Target(definition.app, info, reference["config"], self._policy(definition.app))

    def _deployment(self, stored: Mapping[str, Any]) -> Deployment:
        changes = {app_id: Change(
            ActionKind(each["kind"]), each["step"],
            None if each["before"] is None else self._target(app_id, each["before"]),
            None if each["after"] is None else self._target(app_id, each["after"]))
            for app_id, each in stored["changes"].items()}
        return replace(valued(Deployment, {**stored, "changes": {}}), changes=changes)


def _sharing(stored: dict[str, Any], known: dict[Any, Any]) -> dict[str, Any]:
    """An instance as it is stored; what it has in common with others is the same value as theirs.

    There are thousands of instances of few apps on few agents: it is less to keep, and to read.
    """
    for name in ("app_id", "version", "config"):
        stored[name] = known.setdefault(stored[name], stored[name])
    if (place := stored.get("location")) is not None:
        before = known.get(("agent", place["agent_id"]))
        if before is None or before[0] != place:
            before = known["agent", place["agent_id"]] = place, valued(Location, place)
        stored["location"] = before[1]
    return stored


def _reference(target: Target) -> dict[str, Any]:
    return {"version": target.version, "info": plain(target.info), "config": target.config}


def _stored_deployment(deployment: Deployment) -> dict[str, Any]:
    changes = {app_id: {"kind": change.kind.value, "step": change.step,
                        "before": None if change.before is None else _reference(change.before),
                        "after": None if change.after is None else _reference(change.after)}
               for app_id, change in deployment.changes.items()}
    return {**plain(replace(deployment, changes={})), "changes": changes}
