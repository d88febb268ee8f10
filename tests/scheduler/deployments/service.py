"""A shell around the controller, as its docstring says: a disk that survives crashes, and a memory
that does not.
"""
from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

from scheduler.apps.ids import task_id
from scheduler.apps.instance import Instance, KillReason, sentenced
from scheduler.apps.target import Policy, Target
from scheduler.apps.transitions import News, heard, launched
from scheduler.deployments import plan
from scheduler.deployments.controller import advance, after_launch, decide, may_launch
from scheduler.deployments.deployment import Deployment
from scheduler.deployments.facts import AppState, Decision, Facts
from scheduler.deployments.upkeep import Timeouts
from scheduler.placement.location import Location
from scheduler.tasks.states import Reaction, unknown_task
from specs.marathon.app import App
from tests.scheduler.deployments.cluster import Cluster, SimTask

PATIENCE = Timeouts(confirm=60.0, launch=60.0, kill_repeat=10.0)
LOCATIONS = [Location(f"agent-{number}", f"host-{number}") for number in range(8)]


class Crash(Exception):  # noqa: N818 - a fact about the simulated process
    """The process is gone, at some moment between storing and acting."""


class Disk:
    """What survives. `crash_in`: so many commits from now the process dies, right after one."""

    def __init__(self) -> None:
        self.states: dict[str, AppState] = {}
        self.deployments: dict[str, Deployment] = {}
        self.instances: dict[str, Instance] = {}
        self.crash_in: int | None = None
        self.serial = itertools.count()

    def committed(self) -> None:
        if self.crash_in is not None and self.deployments:
            self.crash_in -= 1
            if self.crash_in <= 0:
                self.crash_in = None
                raise Crash


Watch = Callable[["Service", Facts, Decision], None]


class Service:
    """One process: its memory is what the disk had when it started, and what it stored since."""

    def __init__(self, disk: Disk, cluster: Cluster, now: float, watch: Watch) -> None:
        self.disk = disk
        self.cluster = cluster
        self.now = now
        self.watch = watch
        self.states = dict(disk.states)
        self.deployments = dict(disk.deployments)
        self.instances = dict(disk.instances)
        self.dirty = set(self.states)
        self.timers: dict[str, float] = {}
        self.permits: int | None = None
        self.failed: list[str] = []
        self.unsure = set(self.deployments)  # the last process may have stored progress, and not got on

    # What it is told.

    def status(self, of: SimTask | str, news: News) -> None:
        """A status of a task. One that nobody knows, and that lives, is ended."""
        name = of if isinstance(of, str) else of.id
        instance = self.instances.get(name.rsplit("._app.", 1)[0])
        if instance is None or task_id(instance.id, instance.incarnation) != name:
            if unknown_task(news.condition) is Reaction.KILL:
                self.cluster.kill(name)
            return
        self.put(heard(instance, news, self.now))

    def place(self, instance: Instance, agent: int) -> SimTask | None:
        """Launch an instance that waits; None if it may not be launched, yet."""
        state = self.states[instance.app_id]
        if not may_launch(state, instance, self.now):
            return None
        target = state.target
        if target is not None:
            self.keep(after_launch(state, instance, target.policy.backoff, self.now))
        new = launched(instance, LOCATIONS[agent], (), self.now)
        self.put(new)
        self.disk.committed()
        return SimTask(task_id(new.id, new.incarnation), new.id, agent, new.has_health_check, new.has_readiness_check)

    def change(self, wanted: dict[str, tuple[App, Policy] | None], *, force: bool, restart: bool = False,
               dependencies: plan.Dependencies | None = None) -> bool:
        """A wish of people; False: refused, because it is locked."""
        locked = plan.conflicts(self.deployments.values(), wanted)
        if locked and not force:
            return False
        version = self.version()
        cancelled = [self.deployments[each] for each in locked]
        after: dict[str, Target | None] = {}
        for app_id, wish in wanted.items():
            former = next((each.changes[app_id].before for each in cancelled if app_id in each.changes), None)
            after[app_id] = wish and plan.successor(wish[0], self.target(app_id), version, wish[1], restart=restart,
                                                    former=former)
        self.begin(plan.Cause(f"d{version}", version, self.now), after, locked, dependencies or {})
        return True

    def roll_back(self, deployment: Deployment) -> None:
        version = self.version()
        after = dict(plan.taken_back(deployment, version))
        locked = plan.conflicts(self.deployments.values(), after)
        self.begin(plan.Cause(f"d{version}", version, self.now, rollback_of=deployment.id), after, locked, {})

    def begin(self, cause: plan.Cause, after: dict[str, Target | None], cancelled: tuple[str, ...],
              dependencies: plan.Dependencies) -> None:
        before = {app_id: state.target for app_id, state in self.states.items() if state.target is not None}
        tree = {**before, **{app_id: target for app_id, target in after.items() if target is not None}}
        tree = {app_id: target for app_id, target in tree.items() if after.get(app_id, target) is not None}
        new = plan.deployment(cause, before, tree, dependencies)
        touched = set(after)
        for each in cancelled:
            touched |= self.deployments.pop(each).changes.keys()
        self.deployments[new.id] = new
        for app_id, target in after.items():
            self.misplace(before.get(app_id), target)
            self.states[app_id] = replace(self.states.get(app_id) or AppState(app_id, None), target=target, expiry=None)
        self.disk.states.update(self.states)
        self.disk.deployments = dict(self.deployments)
        self.dirty |= touched
        self.disk.committed()
        self.advance(new.id)

    def misplace(self, before: Target | None, after: Target | None) -> None:
        """Where nothing but constraints changed, instances that they do not allow retire: here,
        those of odd number.
        """
        if (before is None or after is None or before.config != after.config
                or before.app.constraints == after.app.constraints):
            return
        for instance in list(self.instances.values()):
            if instance.app_id == after.app.id and int(instance.id.rsplit("-", 1)[1]) % 2:
                self.put(replace(instance, retiring=KillReason.MISPLACED))

    def end(self, instance: Instance) -> None:
        """Somebody wants this instance to end."""
        state = self.states[instance.app_id]
        drain = state.target.policy.drain if state.target is not None else 0.0
        self.put(sentenced(instance, KillReason.ASKED, self.now, drain))

    def retire(self, instance: Instance) -> None:
        """Somebody wants this instance to be replaced, and then to end."""
        self.put(replace(instance, retiring=KillReason.ASKED))

    def keep(self, state: AppState) -> None:
        self.states[state.app_id] = self.disk.states[state.app_id] = state
        self.dirty.add(state.app_id)

    def put(self, instance: Instance) -> None:
        self.instances[instance.id] = self.disk.instances[instance.id] = instance
        self.dirty.add(instance.app_id)

    def store(self, deployment: Deployment) -> None:
        self.deployments[deployment.id] = self.disk.deployments[deployment.id] = deployment
        self.dirty |= deployment.changes.keys()

    def stop(self, deployment_id: str) -> Deployment:
        del self.disk.deployments[deployment_id]
        return self.deployments.pop(deployment_id)

    # What it does then.

    def turn(self) -> None:
        """Ask about all that may have changed, until nothing more follows."""
        while self.unsure:
            deployment_id = self.unsure.pop()
            if deployment_id in self.deployments:
                self.advance(deployment_id)
        self.dirty |= {app_id for app_id, at in self.timers.items() if at <= self.now}
        for _ in range(200):
            if not self.dirty:
                return
            app_id = min(self.dirty)
            self.dirty.discard(app_id)
            self.ask(app_id)
        raise AssertionError("it never comes to rest")

    def ask(self, app_id: str) -> None:
        state = self.states.get(app_id)
        if state is None:
            return
        facts = self.facts(state)
        found = decide(facts, self.now, self.new_id, PATIENCE)
        self.watch(self, facts, found)
        self.commit(found)
        for instance in found.kills:
            self.cluster.kill(task_id(instance.id, instance.incarnation))
        self.timers.pop(app_id, None)
        if found.wake_at is not None:
            self.timers[app_id] = found.wake_at
        if self.permits is not None:
            self.permits -= found.given_up
        if found.gone:
            del self.states[app_id], self.disk.states[app_id]
        if found.scale_back is not None and state.target is not None:
            self.change({app_id: counted(state.target, found.scale_back)}, force=False)
        if found.moved and facts.deployment is not None:
            self.advance(facts.deployment.id)

    def facts(self, state: AppState) -> Facts:
        lock = next((each for each in self.deployments.values() if state.app_id in each.changes), None)
        mine = [instance for instance in self.instances.values() if instance.app_id == state.app_id]
        return Facts(state, mine, lock, self.permits)

    def commit(self, found: Decision) -> None:
        changes = found.changes
        if not changes:
            return
        if changes.state is not None:
            self.states[changes.state.app_id] = self.disk.states[changes.state.app_id] = changes.state
        for instance in changes.instances:
            self.instances[instance.id] = self.disk.instances[instance.id] = instance
        for instance_id in changes.forgotten:
            del self.instances[instance_id], self.disk.instances[instance_id]
        self.disk.committed()

    def advance(self, deployment_id: str) -> None:
        before = self.deployments[deployment_id]
        found = advance(before, self.states, self.now)
        self.dirty |= set(found.look_at)
        if found.ending is None:
            self.deployments[before.id] = self.disk.deployments[before.id] = found.deployment
            self.disk.committed()
            return
        self.stop(before.id)
        if found.ending.reason is not None:
            self.failed.append(before.id)
        if found.ending.rolls_back:
            self.roll_back(before)

    # Small things.

    def target(self, app_id: str) -> Target | None:
        state = self.states.get(app_id)
        return state.target if state is not None else None

    def new_id(self, app_id: str) -> str:
        return f"{app_id.strip('/')}.instance-{next(self.disk.serial)}"

    def version(self) -> str:
        return f"v{next(self.disk.serial):06}"


def counted(target: Target, count: int) -> tuple[App, Policy]:
    """The same definition with another count."""
    strategy = replace(target.policy.strategy, instances=count)
    return replace(target.app, instances=count), replace(target.policy, strategy=strategy)
