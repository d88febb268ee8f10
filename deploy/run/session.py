"""Following tasks to their end: who waits for what, when to give up, and what the command's exit
status will be.

A session listens to a framework, on the framework's thread; `interrupt` may come from any.
"""
from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from deploy.cli.problems import FAILED
from deploy.run.agents import Agents
from deploy.run.exit_status import exit_status
from deploy.run.logs import Follower, last_lines, sandbox
from deploy.run.report import Report
from deploy.run.table import Row
from scheduler.framework.framework import Framework
from scheduler.placement.matching import Launch, Misfit
from scheduler.tasks.launching import OUR_EXECUTOR, Task
from scheduler.tasks.ledger import Entry, Phase
from specs.messages.status import TaskState, TaskStatus
from specs.messages.task import TaskInfo

TOLD = 10  # tasks, or agents, that a message names before it says how many more there are
LAST_LINES = 5  # of what an executor wrote before it failed
AT_ONCE = 3.0  # seconds after a second Ctrl-C for the news of the tasks' ends
INTERRUPTED = 130  # after a second Ctrl-C: the tasks' own ends are not known


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds; None is for ever. `lost`: how long a task may be out of reach before it counts as
    lost.
    """

    offers: float | None = 60.0
    kill_after: float | None = None
    lost: float | None = 120.0


@dataclass(frozen=True, slots=True)
class Running:
    """A task that runs, or an executor. `agent`: HOST:PORT of its HTTP API; `folder`: where that
    serves the output.
    """

    task_id: str
    agent: str
    folder: str


class Session:
    """One run of some tasks."""

    def __init__(self, tasks: Sequence[Task], report: Report, patience: Patience,
                 on_running: Callable[[Running], None] | None = None, *,
                 agents: Agents | None = None) -> None:
        """`on_running` is told once of each task that runs, and must return at once. `agents`: how
        they are asked for files."""
        self._tasks = tasks
        self._on_running = on_running
        self._agents = agents or Agents()
        self._launches: dict[str, Running] = {}
        self._executors: dict[str, Running] = {}  # by task id: where its executor writes
        self._unexplained: dict[Running, str] = {}  # executors that the agent says have failed; the first task of each
        self._report = report
        self._patience = patience
        self._framework: Framework | None = None
        self._rows = {task.wish.task_id: Row(task.wish.task_id) for task in tasks}
        self._statuses: dict[str, int] = {}
        self._misfits: dict[str, dict[str, Misfit]] = {}  # of the first tasks that wait, by agent
        self._news = 0  # counts, so that a timer can see whether anything happened since
        self._interrupts = 0
        self._problem: str | None = None
        self._subscribed = False
        self._lost: str | None = None  # why the master is, as people were told; None while it is not
        self._framework_id = ""
        self._follower: Follower | None = None

    @property
    def exit_status(self) -> int:
        """The worst of the tasks' ends."""
        if self._problem is not None:
            return FAILED
        if self._interrupts > 1:
            return INTERRUPTED
        if len(self._statuses) < len(self._tasks):
            return INTERRUPTED if self._interrupts else FAILED
        return max(self._statuses.values(), default=0)

    @property
    def rows(self) -> Mapping[str, Row]:
        """What people saw last of each task, by its id."""
        return self._rows

    @property
    def interrupted(self) -> bool:
        """Whether somebody pressed Ctrl-C."""
        return self._interrupts > 0

    @property
    def framework_id(self) -> str:
        """Of the framework; "" before it has one."""
        return self._framework_id

    def kill(self, task_id: str, grace: float | None = None) -> None:
        """End a task; `grace` in seconds, None for its own kill policy. From any thread."""
        self._its.kill(task_id, grace)

    @property
    def problem(self) -> str | None:
        """Why it could not be done, if it could not."""
        return self._problem

    def begin(self, framework: Framework, follower: Follower | None = None) -> None:
        """Hand the tasks to the framework that this session listens to; `follower` copies what they
        write.
        """
        self._framework = framework
        self._follower = follower
        framework.submit(self._tasks)

    def interrupt(self) -> None:
        """Ctrl-C: the first one ends the tasks as they wish to be ended, the second one ends
        everything at once.

        At once is SIGKILL for every container, and a moment for the news of it; a third does not
        wait for that.
        """
        self._interrupts += 1
        if self._interrupts == 1:
            self._its.call(self._end_gracefully)
        elif self._interrupts == 2:
            self._its.kill_all(0.0)
            self._its.call_later(AT_ONCE, self._its.stop)
        else:
            self._its.stop()

    @property
    def connected(self) -> bool:
        """Whether a master could be told of the end, as far as is known."""
        return self._subscribed and self._lost is None

    @property
    def unseen(self) -> int:
        """Of how many tasks the end is not known."""
        return len(self._tasks) - len(self._statuses)

    def explain(self) -> None:
        """Where all that an agent knows is that an executor failed: what that wrote last. After the
        framework's end.
        """
        for executor, task_id in itertools.islice(self._unexplained.items(), TOLD):
            path = f"{executor.folder}/stderr"
            if executor.agent and (lines := last_lines(self._agents, executor.agent, path,
                                                       LAST_LINES)):
                where = f"the last words of the executor of {task_id}, in {path} on {executor.agent}:"
                self._report.note("\n  ".join([where, *lines]))

    # What the framework tells.

    def subscribed(self, framework_id: str, master: str) -> None:
        self._framework_id = framework_id
        self._lost = None
        if not self._subscribed:
            self._subscribed = True
            self._report.note(f"framework {framework_id} at {master}")
            self._wait_for_offers()
        else:
            self._report.note(f"connected to {master} again")

    def disconnected(self, why: str) -> None:
        if self._subscribed and why != self._lost:
            self._lost = why
            self._report.note(f"lost the master ({why}); trying again")

    def launched(self, entry: Entry, launch: Launch, info: TaskInfo) -> None:
        self._news += 1
        row = self._rows[entry.task_id].launched(launch, info)
        self._rows[entry.task_id] = row
        self._report.launched(row)
        self._agents.name(launch.address, launch.hostname)
        executor_id = info.task_id if info.executor is None else info.executor.executor_id
        self._executors[entry.task_id] = Running(executor_id, launch.address,
                                                 sandbox(self._framework_id, executor_id))
        place = Running(entry.task_id, launch.address, self._folder(info))
        self._launches[entry.task_id] = place
        if self._follower is not None and launch.address:
            self._follower.follow(place.task_id, place.agent, place.folder)

    def updated(self, entry: Entry, status: TaskStatus) -> None:
        self._news += 1
        before = self._rows[entry.task_id]
        row = before.updated(status)
        self._rows[entry.task_id] = row
        self._report.updated(row, status)
        if entry.phase is Phase.ENDED and entry.state is not None:
            executor = self._executors.pop(entry.task_id, None)
            if executor is not None and status.source == "SOURCE_AGENT" and entry.state is not TaskState.KILLED:
                self._unexplained.setdefault(executor, entry.task_id)
            began = before.state.startswith("TASK_")  # its executor has told of it
            self._ended(entry.task_id, exit_status(entry.state, status.message), began=began)
        elif entry.phase is Phase.LOST and self._patience.lost is not None:
            self._its.call_later(self._patience.lost, lambda: self._check_lost(entry))
        elif entry.state is TaskState.RUNNING and before.state != TaskState.RUNNING:
            self._began(entry.task_id)

    def waiting(self, misfits: Mapping[str, tuple[Misfit, ...]]) -> None:
        before = self._misfits
        self._misfits = {}
        for task_id, reasons in itertools.islice(misfits.items(), TOLD):
            if task_id not in before:
                self._report.waiting(Row(task_id, message=_shortest(reasons)))
            self._misfits[task_id] = {**before.get(task_id, {}),
                                      **{reason.agent_id: reason for reason in reasons}}

    def messaged(self, agent_id: str, executor_id: str, data: bytes) -> None:
        pass  # our executor has nothing to say that an update does not

    def failed(self, why: str) -> None:
        self._problem = why

    # Patience.

    @property
    def _its(self) -> Framework:
        if self._framework is None:
            raise ValueError("the session has not begun")
        return self._framework

    def _began(self, task_id: str) -> None:
        place = self._launches.pop(task_id, None)  # None: it ran before, and came back
        if place is not None and self._on_running is not None:
            self._on_running(place)
        if place is not None and self._patience.kill_after is not None:
            self._its.call_later(self._patience.kill_after, lambda: self._its.kill(task_id))

    def _ended(self, task_id: str, status: int, *, began: bool = True) -> None:
        if task_id in self._statuses:
            return
        self._statuses[task_id] = status
        if self._follower is not None:
            self._follower.ended(task_id, began=began)
        if len(self._statuses) == len(self._tasks):
            self._finish()
        else:
            self._wait_for_offers()

    def _finish(self) -> None:
        if self._follower is not None:
            self._follower.drain(self._its.stop)
        else:
            self._its.stop()

    def _folder(self, info: TaskInfo) -> str:
        """Where the task's output is: our executor keeps a folder per task, the agent's own is
        alone in its sandbox.
        """
        if info.executor is None:
            return sandbox(self._framework_id, info.task_id)
        folder = sandbox(self._framework_id, info.executor.executor_id)
        return f"{folder}/tasks/{info.task_id}" if info.executor.executor_id == OUR_EXECUTOR else folder

    def _wait_for_offers(self) -> None:
        """Look again when the patience is over, if nothing has happened until then."""
        if self._patience.offers is not None:
            news = self._news
            self._its.call_later(self._patience.offers, lambda: self._check_offers(news))

    def _check_offers(self, news: int) -> None:
        ledger = self._its.ledger
        waiting = list(ledger.queued)
        if news != self._news or not waiting or ledger.unfinished > len(waiting):
            return
        self._problem = _no_place(waiting, self._misfits, self._patience.offers or 0)
        self._its.stop()

    def _check_lost(self, then: Entry) -> None:
        now = self._its.ledger.get(then.task_id)
        if now is not None and now.phase is Phase.LOST and now.since == then.since:
            self._report.note(
                f"{then.task_id} has been out of reach for {self._patience.lost:g} s: given up")
            self._its.kill(then.task_id)
            self._ended(then.task_id, FAILED)

    def _end_gracefully(self) -> None:
        left = self._its.ledger.unfinished
        what = f"ending {left} task{'s' if left != 1 else ''}" if left else "reading what is left of the output"
        self._report.note(f"{what}; Ctrl-C again ends everything at once")
        if self._follower is not None:
            self._follower.hurry()
        self._its.kill_all()


def _no_place(waiting: Sequence[str], misfits: Mapping[str, Mapping[str, Misfit]],
              seconds: float) -> str:
    """Why tasks found no place, as a message for people."""
    task_id = waiting[0]
    more = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
    reasons = list(misfits.get(task_id, {}).values())
    if not reasons:
        return f"{task_id}{more}: no agent has offered anything within {seconds:g} s"
    told = "".join(f"\n  {misfit}" for misfit in reasons[:TOLD])
    others = f"\n  and {_agents(len(reasons) - TOLD)} more" if len(reasons) > TOLD else ""
    return f"{task_id}{more}: no offer has had enough for {seconds:g} s:{told}{others}"


def _shortest(misfits: Sequence[Misfit]) -> str:
    if not misfits:
        return ""
    nearest = min(misfits, key=lambda misfit: len(misfit.shortages))
    return f"{nearest}" + (f" (and {_agents(len(misfits) - 1)} more)" if len(misfits) > 1 else "")


def _agents(count: int) -> str:
    return f"{count} agent{'s' if count != 1 else ''}"
