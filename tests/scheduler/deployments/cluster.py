"""The truth of a small cluster: what runs where, who can be reached, which words are on their way.
It knows no service.

Words of a task come in order; they may be late, or lost until somebody asks.
"""
from __future__ import annotations

from dataclasses import dataclass, field

from scheduler.apps.transitions import News
from scheduler.tasks.conditions import Condition

AGENTS = 4


@dataclass(slots=True)
class SimTask:
    """A task. `asked`: the service wanted its end, and that word arrived."""

    id: str
    instance_id: str
    agent: int
    has_check: bool
    has_readiness: bool
    runs: bool = False
    alive: bool = True
    healthy: bool | None = None
    ready: bool = False
    cursed: bool = False  # it will never be healthy again
    asked: bool = False
    end: Condition = Condition.FAILED
    on_its_way: list[News] = field(default_factory=list)
    told: News | None = None  # the last word that the service heard

    @property
    def serves(self) -> bool:
        """In truth."""
        return (self.alive and self.runs and (self.healthy is True or not self.has_check)
                and (self.ready or not self.has_readiness))

    @property
    def said_to_serve(self) -> bool:
        """By the last word that was heard."""
        return (self.told is not None and self.told.condition is Condition.RUNNING
                and (self.told.healthy is True or not self.has_check)
                and (self.told.ready is True or not self.has_readiness))

    def word(self) -> News:
        """What it would say of itself now."""
        if not self.alive:
            return News(self.end, exit_code=0 if self.end is Condition.FINISHED else 1)
        if self.asked:
            return News(Condition.KILLING, healthy=self.healthy, ready=self.ready)
        if not self.runs:
            return News(Condition.STAGING)
        return News(Condition.RUNNING, healthy=self.healthy, ready=self.ready)


class Cluster:
    def __init__(self) -> None:
        self.tasks: dict[str, SimTask] = {}
        self.lost = [False] * AGENTS

    def alive(self) -> list[SimTask]:
        return [task for task in self.tasks.values() if task.alive]

    def within_reach(self) -> list[SimTask]:
        return [task for task in self.alive() if not self.lost[task.agent]]

    def launch(self, task: SimTask) -> None:
        self.tasks[task.id] = task
        self.say(task)

    def say(self, task: SimTask) -> None:
        """A word of the task itself; nobody hears those of a lost agent."""
        if not self.lost[task.agent]:
            task.on_its_way.append(task.word())

    def kill(self, task_id: str) -> None:
        task = self.tasks.get(task_id)
        if task is not None and task.alive and not task.asked and not self.lost[task.agent]:
            task.asked = True
            self.say(task)

    def starts(self, task: SimTask) -> None:
        task.runs = True
        self.say(task)

    def judged(self, task: SimTask, *, healthy: bool) -> None:
        task.healthy = healthy and not task.cursed if task.has_check else None
        task.ready = task.ready or healthy
        self.say(task)

    def ends(self, task: SimTask, end: Condition) -> None:
        task.alive = False
        task.end = Condition.KILLED if task.asked else end
        self.say(task)

    def lose(self, agent: int) -> None:
        """The master cannot reach it any more, and says so of its tasks, which know nothing of it.
        """
        self.lost[agent] = True
        for task in self.tasks.values():
            if task.agent == agent and (task.alive or task.on_its_way):
                task.on_its_way.append(News(Condition.UNREACHABLE))

    def find(self, agent: int, *, died: bool) -> None:
        """It is back; its tasks lived on, or all died with it."""
        self.lost[agent] = False
        for task in self.tasks.values():
            if task.agent == agent and task.alive:
                if died:
                    task.alive, task.end = False, Condition.GONE
                self.say(task)

    def answer(self, task_id: str) -> News | None:
        """What reconciliation says of a task; None: it keeps silent about one of a lost agent that
        it told of.
        """
        task = self.tasks.get(task_id)
        if task is None:
            return News(Condition.UNKNOWN)
        if self.lost[task.agent]:
            return News(Condition.UNREACHABLE)
        return task.word()

    def hear(self, task: SimTask) -> News:
        """The next word arrives."""
        word = task.on_its_way.pop(0)
        task.told = word
        return word
