"""What follows for one app from what is: the one question that the service asks, again and again.

`decide` is a pure function of an app's facts and the time. It never waits for an event: whatever
was missed, it answers by what is there now, so a lost update costs time and nothing else, and a
service that comes back after a crash goes on in the middle of a deployment. `advance` moves a
deployment on once its apps have done their parts. Both may be asked at any time, and have nothing
to say when nothing has changed.

How a shell uses them. It holds, in storage and in memory, three kinds of values: an `AppState` for
each app, the running `Deployment`s, and the `Instance`s. It is one loop, which in each turn

1. takes in what happened. A status changes its instance (`transitions.heard`), pull progress its
   sign of life (`stirred`), a placement its launch (`launched`, and `after_launch` for its app's
   state). A wish of people is a change of apps (`plan.successor`, `plan.deployment`, and
   `plan.conflicts` for locks), of one instance (`instance.sentenced`, or `retiring` where another
   one shall come first), or of a deployment (`paused`, `resumed`, `promoted`; just removing it
   leaves things where they are). The app is dirty then: in a set, so that a thousand statuses of
   one app in one turn are one question.
2. asks `decide` for each dirty app, with its instances in any order, and collects the answers.
3. stores what all `Changes` name, with the values of 1, in one transaction; and only then
4. acts: acknowledges the updates; asks the tasks of `kills` to end (each is named again after
   `Timeouts.kill_repeat` until it is gone, so nobody need remember that it was asked); tells the
   events; puts `ended` into the history; sets one timer per app to `wake_at`, instead of the one
   that it had, upon which the app is dirty; plans the count of `scale_back`, if there is one.
5. asks `advance` for each deployment of which an answer said `moved`, stores its answer in the same
   way, and takes `look_at` for dirty, in the same turn. A deployment that begins is asked at once.

Instances in condition SCHEDULED without a sentence want a place: `may_launch` says whether their
back-off is over. A launch, like all else, is stored (as PROVISIONED) before the ACCEPT is sent; if
a crash comes in between, reconciliation says that the task is unknown, and there is another one.

After a start every app is dirty once, and `advance` is asked for every deployment: the last process
may have stored the progress that moves it, and not got on. When many instances are lost at the same
time, `scheduler.tasks.losses` gives `permits`, and apps whose answer says `held` are asked again
when there are more.

An answer costs time in proportion to the instances of its app, and to nothing else.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from scheduler.apps.instance import Instance, sentenced
from scheduler.apps.target import Policy, Strategy, Target
from scheduler.deployments import progress as progresses
from scheduler.deployments.deployment import Action, ActionKind, Deployment, Progress, is_of
from scheduler.deployments.facts import Advance, AppState, Changes, Decision, Ending, Facts
from scheduler.deployments.orders import Mode, Order, is_through, order
from scheduler.deployments.progress import Scene
from scheduler.deployments.rolling import Limits, Moves, crew, moves
from scheduler.deployments.upkeep import PATIENT, Fate, Timeouts, fate, was_drained
from scheduler.tasks.backoff import Backoff, after, launch_allowed
from scheduler.tasks.conditions import Condition

MOST_AT_ONCE = 1000  # instances that one answer makes; the others follow soon, and nobody waits long meanwhile
_SOON = 0.001  # s
_GONE = Policy(Strategy(instances=0, minimum_health=0.0, maximum_over=0.0))  # of an app that is no more


def decide(facts: Facts, now: float, new_id: Callable[[str], str],
           timeouts: Timeouts = PATIENT) -> Decision:
    """What follows for the app. `new_id` makes the id of a new instance of the app whose id it is
    given.
    """
    state, deployment = facts.state, facts.deployment
    wanted = order(state.app_id, state.target, deployment, state.progress)
    answer = _Answer(facts, wanted, timeouts, now)
    answer.look_after_each()
    who = crew(wanted, answer.instances)
    if deployment is None or not _is_at_work(wanted, deployment, state.progress):
        answer.carry_out(moves(wanted, who, Limits(answer.policy.strategy.instances), facts.even),
                         new_id)
        return answer.decision(state.progress, None)
    scene = Scene(wanted, answer.policy, who, deployment, facts.heard_since)
    progress = progresses.watched(progresses.begun(state.progress, deployment, now), scene,
                                  answer.failures, now)
    limits = Limits(progresses.limit(progress, scene), progresses.kept(progress, scene))
    steps = moves(wanted, who, limits, facts.even)
    if steps.end or steps.start:
        answer.carry_out(steps, new_id)
        scene = replace(scene, crew=crew(wanted, answer.instances))
        progress = progresses.watched(progress, scene, 0, now)
    return answer.decision(progresses.judged(progress, scene, now), scene)


def advance(deployment: Deployment, states: Mapping[str, AppState], now: float) -> Advance:
    """What follows for a deployment, once its apps have moved. `states`: of all its apps."""
    step = deployment.current
    for action in step.actions if step is not None else ():
        progress = states[action.app_id].progress
        if progress is not None and is_of(progress, deployment) and progress.failed is not None:
            return _failed(deployment, action, progress.failed)
    events: list[tuple[str, int]] = []
    moved = deployment
    while (step := moved.current) is not None and all(_is_through(action, moved, states)
                                                      for action in step.actions):
        events.append(("deployment_step_success", moved.step))
        moved = replace(moved, step=moved.step + 1, step_since=now)
        events += [("deployment_info", moved.step)] if moved.current is not None else []
    if moved.current is None:
        events.append(("deployment_success", len(moved.steps)))
        return Advance(moved, Ending(), tuple(moved.changes), tuple(events))
    reached = [app_id for app_id, change in moved.changes.items()
               if deployment.step < change.step <= moved.step]
    return Advance(moved, None, tuple(reached), tuple(events))


def may_launch(state: AppState, instance: Instance, now: float) -> bool:
    """Whether an instance that waits for a place may be given one: its configuration's back-off is
    over.
    """
    return (instance.condition is Condition.SCHEDULED and instance.sentence is None
            and launch_allowed(state.delays.get(instance.config), now))


def after_launch(state: AppState, instance: Instance, backoff: Backoff, now: float) -> AppState:
    """The app's state once this instance's task was launched: a back-off counts from then."""
    delay = after(state.delays.get(instance.config), backoff, Condition.PROVISIONED, now)
    return state if delay is None else replace(state,
                                               delays={**state.delays, instance.config: delay})


def promoted(state: AppState, deployment: Deployment, now: float) -> AppState:
    """The app's canaries in this deployment, which has come to it, are good: the other instances
    follow.
    """
    progress = progresses.begun(state.progress, deployment, now)
    return replace(state, progress=replace(progress, promoted=True, moved_at=now))


class _Answer:
    """A decision while it is made."""

    def __init__(self, facts: Facts, wanted: Order, timeouts: Timeouts, now: float) -> None:
        self.policy = _policy(wanted)
        self.instances: list[Instance] = []
        self.failures = 0  # of instances that the current action made
        self._facts = facts
        self._wanted = wanted
        self._timeouts = timeouts
        self._now = now
        self._before = {instance.id: instance for instance in facts.instances}
        self._delays = dict(facts.state.delays)
        self._permits = facts.permits
        self._kills: list[Instance] = []
        self._ended: list[Instance] = []
        self._given_up = self._held = 0
        self._wakes: list[float] = []

    def look_after_each(self) -> None:
        """What becomes of each instance by itself."""
        for instance in self._facts.instances:
            if instance.condition is Condition.RUNNING and instance.sentence is None:
                self.instances.append(instance)
                continue
            self._befalls(instance, fate(instance, self.policy, self._timeouts, self._now,
                                         may_give_up=self._permits is None
                                         or self._permits > self._given_up))

    def carry_out(self, steps: Moves, new_id: Callable[[str], str]) -> None:
        """Instances end, and new ones come."""
        reasons = {instance.id: reason for instance, reason in steps.end}
        rest = self.instances
        self.instances = []
        for instance in rest:
            if instance.id not in reasons:
                self.instances.append(instance)
                continue
            leaving = sentenced(instance, reasons[instance.id], self._now, self.policy.drain)
            self._befalls(leaving, fate(leaving, self.policy, self._timeouts, self._now))
        if self._wanted.target is not None:
            self.instances += [_new(new_id(self._facts.state.app_id), self._wanted.target,
                                    self._now)
                               for _ in range(min(steps.start, MOST_AT_ONCE))]
            if steps.start > MOST_AT_ONCE:
                self._wakes.append(self._now + _SOON)

    def decision(self, progress: Progress | None, scene: Scene | None) -> Decision:
        """All that was found."""
        state, now = self._facts.state, self._now
        kept = {instance.id for instance in self.instances}
        changed = tuple(each for each in self.instances if self._before.get(each.id) is not each)
        forgotten = tuple(instance_id for instance_id in self._before if instance_id not in kept)
        new = replace(state, delays=self._delays, progress=progress)
        expired = (state.expiry is not None and state.expiry.at <= now
                   and not self._is_upgraded())
        return Decision(
            Changes(None if new == state else new, changed, forgotten),
            tuple(self._kills), tuple(self._ended), self._given_up, self._held,
            moved=progress is not None and progress.is_over and progress != state.progress,
            scale_back=state.expiry.instances if expired and state.expiry is not None else None,
            gone=state.target is None and self._facts.deployment is None and not self.instances,
            wake_at=min((at for at in self._due(progress, scene) if at > now), default=None))

    def _is_upgraded(self) -> bool:
        """A scaling that goes back cancels no upgrade, which is people's."""
        deployment, app_id = self._facts.deployment, self._facts.state.app_id
        return (deployment is not None and app_id in deployment.changes
                and deployment.changes[app_id].kind is ActionKind.RESTART)

    def _befalls(self, instance: Instance, found: Fate) -> None:
        if found.ended:
            self._ended.append(instance)
        if found.instance is not None:
            self.instances.append(self._at_newest(found.instance))
        if found.kill and found.instance is not None:
            self._kills.append(found.instance)
        if found.ended and instance.sentence is None and instance.condition.is_terminal:
            self._delay(instance)
        if found.wake_at is not None:
            self._wakes.append(found.wake_at)
        self.failures += found.failed and instance.created >= self._wanted.since
        self._given_up += found.given_up
        self._held += found.held

    def _at_newest(self, instance: Instance) -> Instance:
        """What waits for a place gets that of the newest definition, which may have other
        constraints; while a deployment is paused that is not the one to go by.
        """
        target = self._wanted.target
        if (target is None or instance.condition is not Condition.SCHEDULED
            or self._wanted.mode is Mode.HOLD or instance.config != target.config
                or instance.version == target.version):
            return instance
        return replace(instance, version=target.version)

    def _delay(self, instance: Instance) -> None:
        delay = after(self._delays.get(instance.config), self.policy.backoff, instance.condition,
                      self._now, drained=was_drained(instance))
        configs = {each.config for each in self._facts.instances}
        self._delays = {config: each for config, each in self._delays.items()
                        if config in configs and config != instance.config
                        and not each.is_over(self._now)}
        if delay is not None:
            self._delays[instance.config] = delay

    def _due(self, progress: Progress | None, scene: Scene | None) -> Iterable[float]:
        yield from self._wakes
        for instance in self.instances:
            if instance.condition is Condition.SCHEDULED and instance.config in self._delays:
                yield self._delays[instance.config].deadline
        if self._facts.state.expiry is not None:
            yield self._facts.state.expiry.at
        if progress is not None and scene is not None and not progress.is_over:
            yield from progresses.due(progress, scene)


def _is_at_work(wanted: Order, deployment: Deployment, progress: Progress | None) -> bool:
    """Whether the deployment still has something to do for the app, and may."""
    return (wanted.change is not None and wanted.mode is not Mode.HOLD
            and not is_through(wanted.change, deployment, progress))


def _policy(wanted: Order) -> Policy:
    target = wanted.target
    if target is None and wanted.change is not None:
        target = wanted.change.before or wanted.change.after
    return _GONE if target is None else target.policy


def _failed(deployment: Deployment, action: Action, reason: str) -> Advance:
    after_it = deployment.changes[action.app_id].after
    ending = Ending(f"{action.app_id}: {reason}",
                    after_it is not None and after_it.policy.rollout.rolls_back)
    return Advance(deployment, ending, tuple(deployment.changes),
                   (("deployment_step_failure", deployment.step),
                    ("deployment_failed", deployment.step)))


def _is_through(action: Action, deployment: Deployment, states: Mapping[str, AppState]) -> bool:
    """Whether there is nothing more to do for this action of the current step."""
    progress = states[action.app_id].progress
    return action.kind is ActionKind.START or (progress is not None and is_of(progress, deployment)
                                               and progress.done)


def _new(instance_id: str, target: Target, now: float) -> Instance:
    policy = target.policy
    return Instance(
        instance_id, target.app.id, target.version, target.config, Condition.SCHEDULED, since=now,
        created=now,
        role=policy.role, has_health_check=policy.has_health_check,
        has_readiness_check=policy.has_readiness_check)
