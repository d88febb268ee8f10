"""The table of tasks: where each one is, what each update means, and what has to be asked again,
and when.

    queued ──launched──▶ launching ──▶ staged ──▶ running ──▶ ended
      ▲                      │            ╰───┬───────╯         ▲
      ╰── offers invalid ────╯                ▼                 │
                                            lost ───────────────╯   (lost: the agent is unreachable; it may come back)

Mesos promises little: calls may be lost, updates come at least once, the answer to a reconciliation
is an update like any other. So every update is taken for what it says of now; the same one again
changes nothing and is acknowledged again; after the end nothing changes any more. What was asked
and not answered is due again after a while: a launch without an update is reconciled, a kill is
repeated, reconciliation backs off until every task has been answered. As Mesos:
docs/reconciliation.md and docs/high-availability-framework-guide.md.

The clock is the caller's: `now` is seconds of any monotonic clock.
"""
from __future__ import annotations

import enum
import heapq
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from scheduler.config import Config
from specs.messages.status import TERMINAL_STATES, TaskState, TaskStatus


class Phase(enum.Enum):
    """Where a task is, as far as the scheduler knows."""

    QUEUED = "queued"  # waits for an offer
    LAUNCHING = "launching"  # sent to the master, nothing heard yet
    STAGED = "staged"  # with the agent
    RUNNING = "running"
    LOST = "lost"  # its agent is out of reach: it may run or not, and may come back
    ENDED = "ended"


PHASE_OF = {
    TaskState.STAGING: Phase.STAGED, TaskState.STARTING: Phase.STAGED,
    TaskState.RUNNING: Phase.RUNNING, TaskState.KILLING: Phase.RUNNING,
    TaskState.UNREACHABLE: Phase.LOST, TaskState.UNKNOWN: Phase.LOST,
    **dict.fromkeys(TERMINAL_STATES, Phase.ENDED),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One task. `since`: when it came into its phase."""

    task_id: str
    phase: Phase
    since: float
    agent_id: str | None = None
    state: TaskState | None = None  # the last one heard
    uuid: bytes | None = None  # of the last update that brought news
    launches: int = 0
    kill: bool = False  # somebody wants its end
    kill_at: float | None = None  # when to ask for it, or to ask again
    grace: float | None = None  # seconds, for the kill; None: its own kill policy

    @property
    def is_out(self) -> bool:
        """Whether a master or an agent has it, or may have it."""
        return self.phase not in (Phase.QUEUED, Phase.ENDED)


@dataclass(frozen=True, slots=True)
class Step:
    """What an update comes to. `entry` is None for a task that is not in the table: not ours, or
    forgotten.
    """

    entry: Entry | None
    acknowledge: bool
    news: bool


@dataclass(frozen=True, slots=True)
class Due:
    """What to ask the master now. `everything`: reconcile implicitly."""

    kills: tuple[Entry, ...] = ()
    reconcile: tuple[tuple[str, str | None], ...] = ()
    everything: bool = False


class Ledger:
    """The table. It holds every task until `forget`."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._entries: dict[str, Entry] = {}
        self._queued: dict[str, None] = {}  # in the order in which they came
        self._launches: deque[tuple[float, str]] = deque()  # when to ask after a launch; the same patience for all
        self._kills: list[tuple[float, str]] = []  # heap: when to kill; only what is kill_at still counts
        self._unanswered: dict[str, None] = {}  # asked after, nothing heard
        self._reconcile_at: float | None = None
        self._reconcile_delay = config.reconcile_first
        self._everything_at: float | None = None
        self._ended = 0

    def __getitem__(self, task_id: str) -> Entry:
        return self._entries[task_id]

    def get(self, task_id: str) -> Entry | None:
        return self._entries.get(task_id)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def queued(self) -> Mapping[str, None]:
        """The ids of the tasks that wait, first come first."""
        return self._queued

    @property
    def unfinished(self) -> int:
        """How many tasks have not ended."""
        return len(self._entries) - self._ended

    def add(self, task_id: str, now: float) -> Entry:
        """A task that wants to run. Raises ValueError if there is one of this id."""
        if task_id in self._entries:
            raise ValueError(f"there is already a task {task_id}")
        self._queued[task_id] = None
        return self._put(Entry(task_id, Phase.QUEUED, now))

    def adopt(self, entry: Entry) -> None:
        """A task from before: out there when this scheduler last looked, or still waiting."""
        self._put(entry)
        if entry.phase is Phase.QUEUED:
            self._queued[entry.task_id] = None
        self._ended += entry.phase is Phase.ENDED

    def launched(self, task_id: str, agent_id: str, now: float) -> Entry:
        """Its ACCEPT is about to be sent. One that never waited here is in the table from now on."""
        entry = self._entries.get(task_id)
        launches = 0 if entry is None else entry.launches
        self._queued.pop(task_id, None)
        self._launches.append((now + self._config.launch_timeout, task_id))
        return self._put(Entry(task_id, Phase.LAUNCHING, now, agent_id, launches=launches + 1))

    def update(self, status: TaskStatus, now: float) -> Step:
        """What an update changes. It is acknowledged if it can be, whatever it says."""
        acknowledge = bool(status.uuid)
        task_id, state = status.task_id, status.state
        entry = self._entries.get(task_id)
        if entry is None:
            return Step(None, acknowledge, news=False)
        self._unanswered.pop(task_id, None)
        if entry.phase is Phase.ENDED or (acknowledge and status.uuid == entry.uuid):
            return Step(entry, acknowledge, news=False)
        if (entry.phase is Phase.LAUNCHING and not entry.kill
            and entry.launches < self._config.max_launches
                and _never_launched(status)):
            return Step(self._requeue(entry, now), acknowledge, news=False)
        if entry.phase is Phase.QUEUED and _never_launched(status):
            return Step(entry, acknowledge, news=False)  # of an earlier launch, told twice
        if not acknowledge and state is entry.state and PHASE_OF[state] is not Phase.ENDED:
            return Step(entry, acknowledge, news=False)  # the answer to a reconciliation: it is as we knew
        return Step(self._moved(entry, status, now), acknowledge, news=True)

    def kill(self, task_id: str, grace: float | None, now: float) -> Entry | None:
        """Somebody wants the task's end. One that waits has ended with this, others are `due`.
        None: no such task.
        """
        entry = self._entries.get(task_id)
        if entry is None or entry.phase is Phase.ENDED:
            return entry
        if entry.phase is Phase.QUEUED:
            del self._queued[task_id]
            self._ended += 1
            return self._put(replace(entry, phase=Phase.ENDED, since=now, state=TaskState.KILLED,
                                     kill=True))
        return self._kill_at(replace(entry, kill=True, grace=grace), now)

    def subscribed(self, now: float) -> None:
        """A new subscription: what we believe may be old, so all that is out there is asked after.
        """
        self._unanswered = {entry.task_id: None for entry in self if entry.is_out}
        self._reconcile_at = now if self._unanswered else None
        self._reconcile_delay = self._config.reconcile_first
        self._everything_at = now + self._config.reconcile_all

    def doubt_launches(self, now: float) -> None:
        """A launch may not have reached the master: ask after all that nothing was heard of."""
        for entry in self:
            if entry.phase is Phase.LAUNCHING:
                self._ask_after(entry.task_id, now)

    def due(self, now: float) -> Due:
        """What has to be asked now; it counts as asked."""
        self._ask_after_launches(now)
        kills = self._due_kills(now)
        reconcile: tuple[tuple[str, str | None], ...] = ()
        if self._reconcile_at is not None and self._reconcile_at <= now:
            reconcile = tuple((task_id, self._entries[task_id].agent_id)
                              for task_id in self._unanswered)
            self._reconcile_at = now + self._reconcile_delay if reconcile else None
            self._reconcile_delay = min(self._reconcile_delay * 2, self._config.reconcile_maximum)
        everything = self._everything_at is not None and self._everything_at <= now
        if everything:
            self._everything_at = now + self._config.reconcile_all
        return Due(kills, reconcile, everything)

    def next_due(self) -> float | None:
        """When `due` may have something next."""
        times = [time for time in (self._reconcile_at, self._everything_at) if time is not None]
        if self._launches:
            times.append(self._launches[0][0])
        if self._kills:
            times.append(self._kills[0][0])
        return min(times, default=None)

    def forget(self, task_id: str) -> None:
        """Drop a task that has ended."""
        if self._entries[task_id].phase is not Phase.ENDED:
            raise ValueError(f"the task {task_id} has not ended")
        del self._entries[task_id]
        self._ended -= 1

    def _put(self, entry: Entry) -> Entry:
        self._entries[entry.task_id] = entry
        return entry

    def _requeue(self, entry: Entry, now: float) -> Entry:
        self._queued[entry.task_id] = None
        return self._put(replace(entry, phase=Phase.QUEUED, since=now, agent_id=None))

    def _moved(self, entry: Entry, status: TaskStatus, now: float) -> Entry:
        state = status.state
        phase = PHASE_OF[state]
        self._queued.pop(entry.task_id, None)
        if phase is Phase.ENDED:
            self._ended += 1
        elif phase is Phase.LOST:
            self._ask_after(entry.task_id, now + self._config.reconcile_maximum)
        if state is TaskState.KILLING and entry.kill:
            entry = self._kill_at(entry, now + self._config.kill_patience + (entry.grace or 0.0))
        return self._put(replace(
            entry, phase=phase, since=entry.since if phase is entry.phase else now, state=state,
            agent_id=entry.agent_id if status.agent_id in (None, entry.agent_id)
            else status.agent_id, uuid=status.uuid or entry.uuid))

    def _ask_after(self, task_id: str, at: float) -> None:
        if not self._unanswered:
            self._reconcile_delay = self._config.reconcile_first
        self._unanswered[task_id] = None
        self._reconcile_at = at if self._reconcile_at is None else min(at, self._reconcile_at)

    def _ask_after_launches(self, now: float) -> None:
        while self._launches and self._launches[0][0] <= now:
            _, task_id = self._launches.popleft()
            entry = self._entries.get(task_id)
            if (entry is not None and entry.phase is Phase.LAUNCHING
                    and entry.since + self._config.launch_timeout <= now):
                self._ask_after(task_id, now)

    def _due_kills(self, now: float) -> tuple[Entry, ...]:
        due = []
        while self._kills and self._kills[0][0] <= now:
            at, task_id = heapq.heappop(self._kills)
            entry = self._entries.get(task_id)
            if entry is not None and entry.is_out and entry.kill_at == at:
                due.append(entry)
        return tuple(self._kill_at(entry, now + self._config.kill_repeat) for entry in due)

    def _kill_at(self, entry: Entry, at: float) -> Entry:
        heapq.heappush(self._kills, (at, entry.task_id))
        return self._put(replace(entry, kill_at=at))


def _never_launched(status: TaskStatus) -> bool:
    """The offers were gone when the master looked: the task was not launched, and may be under the
    same id.
    """
    return (status.reason == "REASON_INVALID_OFFERS"
            and status.state in (TaskState.LOST, TaskState.DROPPED, TaskState.ERROR))
