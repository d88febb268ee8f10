"""One history of a service, made of chance: changes by people, failures, lost words, lost agents,
crashes.

Then the world turns kind: agents come back, words arrive, what starts runs well. Every deployment
must come to its end then, and everything be as it shall be.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from scheduler.apps.instance import Instance
from scheduler.apps.target import Policy, Restart, Rollout, Strategy
from scheduler.deployments.controller import promoted
from scheduler.deployments.deployment import paused, resumed
from scheduler.deployments.facts import Expiry
from scheduler.deployments.progress import has_canaries
from scheduler.tasks.backoff import Backoff
from scheduler.tasks.conditions import Condition
from scheduler.tasks.states import Patience
from specs.marathon.app import App, Constraint
from tests.scheduler.deployments.cluster import AGENTS, Cluster
from tests.scheduler.deployments.promises import Promises, is_at_peace, strangers
from tests.scheduler.deployments.service import Crash, Disk, Service, counted

T = TypeVar("T")
Choose = Callable[[int], int]  # a number below the given one
APPS = ("/a", "/b")
NEEDS = {"/b": ("/a",)}
RESTARTS = (*[Restart.ALWAYS] * 5, Restart.ON_FAILURE, Restart.NEVER)
PLACES = ((), (), (), (Constraint("hostname", "UNIQUE"),))
ENDS = (Condition.FAILED, Condition.FINISHED, Condition.ERROR, Condition.DROPPED, Condition.KILLED)


class History:
    def __init__(self, choose: Choose, *, crashes: bool) -> None:
        self.choose = choose
        self.crashes = crashes
        self.cluster = Cluster()
        self.disk = Disk()
        self.promises = Promises()
        self.now = 1000.0
        self.crashed = 0  # so often in the middle of a deployment
        self.service = Service(self.disk, self.cluster, self.now, self.promises.watch)
        if crashes:
            self.disk.crash_in = 1 + choose(25)

    def live(self, steps: int) -> None:
        """So many things happen; if it shall crash and has not, it does now, in the middle of a
        deployment.
        """
        for _ in range(steps):
            self.step()
        for _ in range(30):
            if self.crashed or not self.crashes:
                return
            self.disk.crash_in = 1 + self.choose(3)
            self.safely(self.deploy)
            self.step()

    def pick(self, values: Sequence[T]) -> T:
        return values[self.choose(len(values))]

    # ---- one thing happens ----

    def step(self) -> None:
        self.safely(self.pick(self.chances()))
        self.safely(self.service.turn)

    def safely(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Crash:
            self.crashed += 1
            self.restart()

    def restart(self) -> None:
        """The process starts again, with what the disk has; then it asks after everything, in its
        own time.
        """
        self.service = Service(self.disk, self.cluster, self.now, self.promises.watch)
        if self.crashes and self.choose(2):
            self.disk.crash_in = 1 + self.choose(40)

    def chances(self) -> list[Callable[[], None]]:
        chances = [self.words, self.words, self.place, self.time, self.people]
        if self.cluster.within_reach():
            chances += [self.tasks_go_on, self.tasks_go_on, self.trouble]
        if any(task.asked for task in self.cluster.within_reach()):
            chances.append(self.tasks_obey)
        chances.append(self.agents)
        return chances

    def words(self) -> None:
        """Some words arrive, or are lost; or somebody asks."""
        waiting = [task for task in self.cluster.tasks.values() if task.on_its_way]
        match self.choose(6):
            case 0:
                for task in waiting:
                    task.on_its_way.clear()
            case 1:
                self.reconcile()
            case _:
                for task in waiting[self.choose(3)::1 + self.choose(2)]:
                    while task.on_its_way:
                        self.service.status(task, self.cluster.hear(task))

    def reconcile(self) -> None:
        for task in self.cluster.within_reach():  # the implicit one: all that live
            task.on_its_way.clear()
            task.told = task.word()
            self.service.status(task, task.told)
        for instance in list(self.service.instances.values()):
            if instance.incarnation and instance.condition is not Condition.SCHEDULED:
                self.ask_after(instance)

    def ask_after(self, instance: Instance) -> None:
        name = f"{instance.id}._app.{instance.incarnation}"
        answer = self.cluster.answer(name)
        if answer is None:
            return
        task = self.cluster.tasks.get(name)
        if task is not None:
            task.on_its_way.clear()
            task.told = answer
        self.service.status(name, answer)

    def place(self) -> None:
        """Offers come; a launch may be lost on its way."""
        agents = [agent for agent in range(AGENTS) if not self.cluster.lost[agent]]
        lost = self.choose(8) == 0
        for instance in list(self.service.instances.values()):
            if instance.condition is Condition.SCHEDULED and agents and self.choose(4):
                task = self.service.place(instance, self.pick(agents))
                if task is not None and not lost:
                    self.cluster.launch(task)

    def time(self) -> None:
        self.now += (1.0, 5.0, 12.0, 70.0)[self.choose(4)]
        self.service.now = self.now

    def tasks_go_on(self) -> None:
        for task in self.cluster.within_reach():
            if not task.runs and self.choose(4):
                self.cluster.starts(task)
            elif not task.serves and self.choose(4):
                self.cluster.judged(task, healthy=True)

    def tasks_obey(self) -> None:
        for task in self.cluster.within_reach():
            if task.asked and self.choose(3):
                self.cluster.ends(task, Condition.KILLED)

    def trouble(self) -> None:
        task = self.pick(self.cluster.within_reach())
        if task.runs and task.has_check and self.choose(2):
            self.cluster.judged(task, healthy=False)
        else:
            self.cluster.ends(task, self.pick(ENDS))

    def agents(self) -> None:
        agent = self.choose(AGENTS)
        if self.cluster.lost[agent]:
            self.cluster.find(agent, died=bool(self.choose(2)))
        elif self.choose(3) == 0:
            self.cluster.lose(agent)
        self.service.permits = None if self.choose(2) else self.choose(3)

    # ---- people ----

    def people(self) -> None:
        wishes: list[Callable[[], object]] = [self.deploy, self.deploy, self.scale]
        if self.service.deployments:
            wishes += [self.pause, self.resume, self.promote, self.roll_back, self.stop]
        if self.service.instances:
            wishes += [self.end_one, self.retire_one]
        self.pick(wishes)()

    def policy(self, app_id: str) -> Policy:
        check = bool(self.choose(2))
        rollout = Rollout()
        match self.choose(6):
            case 0:
                rollout = Rollout(canaries=1 + self.choose(4), promote_after=(None, 5.0)[self.choose(2)])
            case 1:
                rollout = Rollout(batch=1 + self.choose(3))
            case 2:
                rollout = Rollout(failure_limit=self.choose(3), deadline=60.0, rolls_back=bool(self.choose(2)))
        return Policy(
            Strategy(self.choose(7), self.pick((1.0, 0.5, 0.0, 0.25, 0.9)), self.pick((1.0, 0.0, 0.5, 0.2))),
            oldest_first=bool(self.choose(2)), unreachable=self.pick((Patience(), Patience(10.0, 30.0), None)),
            backoff=Backoff(1.0, 2.0, 10.0), restart=self.pick(RESTARTS), rollout=rollout,
            drain=self.pick((0.0, 0.0, 5.0)), has_health_check=check, has_readiness_check=self.choose(4) == 0)

    def deploy(self) -> None:
        wanted: dict[str, tuple[App, Policy] | None] = {}
        for app_id in APPS[:1 + self.choose(2)]:
            if app_id in self.service.states and self.choose(8) == 0:
                wanted[app_id] = None
            else:
                policy = self.policy(app_id)
                wanted[app_id] = (App(app_id, cmd=f"v{self.choose(3)}", instances=policy.strategy.instances,
                                      constraints=self.pick(PLACES)), policy)
        self.service.change(wanted, force=self.choose(2) == 0, restart=self.choose(6) == 0, dependencies=NEEDS)

    def scale(self) -> None:
        """To another count; for a while only, perhaps."""
        wanted = [state.target for state in self.service.states.values() if state.target is not None]
        if not wanted:
            return
        target, count = self.pick(wanted), self.choose(7)
        app_id = target.app.id
        expiry = Expiry(self.now + 20.0, target.app.instances) if self.choose(4) == 0 else None
        changed = self.service.change({app_id: counted(target, count)}, force=self.choose(2) == 0, dependencies=NEEDS)
        if changed and expiry is not None:
            self.service.keep(replace(self.service.states[app_id], expiry=expiry))

    def pause(self) -> None:
        self.service.store(paused(self.pick(list(self.service.deployments.values()))))

    def resume(self) -> None:
        self.service.store(resumed(self.pick(list(self.service.deployments.values())), self.now))

    def promote(self) -> None:
        for deployment in self.service.deployments.values():
            for app_id, each in deployment.changes.items():
                if (each.step <= deployment.step
                        and has_canaries(each, is_rollback=deployment.rollback_of is not None)):
                    self.service.keep(promoted(self.service.states[app_id], deployment, self.now))

    def roll_back(self) -> None:
        deployment = self.pick(list(self.service.deployments.values()))
        self.service.roll_back(deployment)

    def stop(self) -> None:
        deployment = self.service.stop(self.pick(list(self.service.deployments)))
        self.service.dirty |= deployment.changes.keys()

    def end_one(self) -> None:
        self.service.end(self.pick(list(self.service.instances.values())))

    def retire_one(self) -> None:
        self.service.retire(self.pick(list(self.service.instances.values())))

    # ---- the world is kind ----

    def come_to_rest(self) -> None:
        """Everything that is asked for happens, and all is as it shall be, in truth.

        Then some instances are ill for ever, and the next version must replace them all the same.
        """
        self.disk.crash_in = None
        self.crashes = False
        self.service.permits = None
        for agent in range(AGENTS):
            if self.cluster.lost[agent]:
                self.cluster.find(agent, died=False)
        for deployment in list(self.service.deployments.values()):
            self.service.store(resumed(deployment, self.now))
        self.until_peace()
        for task in self.cluster.alive():
            if task.has_check and self.choose(3) == 0:
                task.cursed = True
                self.cluster.judged(task, healthy=False)
        last = {app_id: (App(app_id, cmd="last", instances=3), Policy(Strategy(3, 1.0, 0.0), has_health_check=True))
                for app_id in APPS}
        self.service.change(dict(last), force=True, dependencies=NEEDS)
        self.until_peace()
        for instance in self.service.instances.values():
            target = self.service.target(instance.app_id)
            assert target is not None
            assert instance.config == target.config, "an old one is left"
        assert not strangers(self.service), f"tasks of nobody: {strangers(self.service)}"

    def until_peace(self) -> None:
        for _ in range(80):
            self.service.turn()
            if is_at_peace(self.service) and not strangers(self.service):
                return
            self.kindly()
        raise AssertionError(f"never at peace: {self.service.deployments}\n{self.service.states}\n"
                             f"{list(self.service.instances.values())}\n{strangers(self.service)}")

    def kindly(self) -> None:
        self.now += 7.0
        self.service.now = self.now
        self.promote()
        self.service.turn()
        for instance in list(self.service.instances.values()):
            if instance.condition is Condition.SCHEDULED:
                task = self.service.place(instance, 0)
                if task is not None:
                    self.cluster.launch(task)
        for task in self.cluster.within_reach():
            if task.asked:
                self.cluster.ends(task, Condition.KILLED)
            elif not task.runs:
                self.cluster.starts(task)
            elif not task.serves and not task.cursed:
                self.cluster.judged(task, healthy=True)
        for task in self.cluster.tasks.values():
            while task.on_its_way:
                self.service.status(task, self.cluster.hear(task))
        self.reconcile()
