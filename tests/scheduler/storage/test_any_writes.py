"""Whatever is written in whatever order, and wherever a kill comes: what was flushed is there again, and nothing else.

The tables get their writes together and not as they came (`SqliteStorage._apply`), so orders are what matters here.
"""
from __future__ import annotations

import tempfile
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from scheduler.storage.records import StoredEvent
from scheduler.storage.sqlite import SqliteStorage
from scheduler.tasks.ledger import Entry, Phase
from specs.messages.task import ExecutorInfo

kinds = st.sampled_from(["app", "tree"])
keys = st.sampled_from(["a", "b", "c"])
PHASES = (Phase.LAUNCHING, Phase.RUNNING, Phase.ENDED)


@dataclass
class Kept:
    """What is there. Records and tasks in the order in which their keys came."""

    framework_id: str | None = None
    records: dict[str, dict[str, int]] = field(default_factory=lambda: {"app": {}, "tree": {}})
    tasks: dict[str, Phase] = field(default_factory=dict)
    executors: dict[tuple[str, str], str] = field(default_factory=dict)
    events: list[int] = field(default_factory=list)
    last_event: int = 0


class Writes(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="mesos-docker-test-")
        self.path = str(Path(self.folder.name) / "state")
        self.storage = SqliteStorage(self.path)
        self.kept, self.flushed = Kept(), Kept()
        self.marked: tuple[int, Kept] | None = None
        self.count = 0

    @rule(kind=kinds, key=keys)
    def put(self, kind: str, key: str) -> None:
        self.count += 1
        self.storage.put(kind, key, self.count)
        self.kept.records[kind][key] = self.count

    @rule(kind=kinds, key=keys)
    def drop(self, kind: str, key: str) -> None:
        self.storage.drop(kind, key)
        self.kept.records[kind].pop(key, None)

    @rule(key=keys, phase=st.sampled_from(PHASES))
    def save_entry(self, key: str, phase: Phase) -> None:
        self.storage.save_entry(Entry(key, phase, 1.0))
        if phase is Phase.ENDED:
            self.kept.tasks.pop(key, None)
        else:
            self.kept.tasks[key] = phase

    @rule(agent=keys, name=st.sampled_from(["x", "y", None]))
    def save_executor(self, agent: str, name: str | None) -> None:
        self.storage.save_executor(agent, "e", None if name is None else ExecutorInfo("e", name=name))
        self.kept.executors.pop((agent, "e"), None)
        if name is not None:
            self.kept.executors[agent, "e"] = name

    @rule(count=st.integers(1, 3))
    def append(self, count: int) -> None:
        first = self.kept.last_event + 1
        new = list(range(first, first + count))
        self.storage.append([StoredEvent(number, 1.5, "t", "/a", "{}") for number in new])
        self.kept.events += new
        self.kept.last_event = new[-1]

    @rule(back=st.integers(0, 2))
    def forget_events(self, back: int) -> None:
        self.storage.forget_events(self.kept.last_event - back)
        self.kept.events = [each for each in self.kept.events if each > self.kept.last_event - back]

    @rule(name=st.sampled_from(["F1", "F2"]))
    def save_framework_id(self, name: str) -> None:
        self.storage.save_framework_id(name)
        self.kept.framework_id = name

    @rule()
    def forget(self) -> None:
        self.storage.forget()
        self.kept.framework_id = None
        self.kept.tasks.clear()
        self.kept.executors.clear()

    @rule()
    def mark(self) -> None:
        """What a request does before it changes anything; it keeps its hands off who we are."""
        self.marked = self.storage.mark(), deepcopy(self.kept)

    @rule()
    def rewind(self) -> None:
        if self.marked is not None and self.marked[1].framework_id == self.kept.framework_id:
            self.storage.rewind(self.marked[0])
            self.kept, self.marked = self.marked[1], None

    @rule()
    def flush(self) -> None:
        self.storage.flush()
        self.flushed, self.marked = deepcopy(self.kept), None

    @rule()
    def killed(self) -> None:
        self.storage._database.close()
        self.storage = SqliteStorage(self.path)
        self.kept, self.marked = deepcopy(self.flushed), None
        self.look()

    @rule()
    def look(self) -> None:
        """A reader sees what is not flushed yet, too. Not at each step: many writes shall come together."""
        storage, kept = self.storage, self.kept
        assert storage.framework_id() == kept.framework_id
        for kind, records in kept.records.items():
            assert list(storage.records(kind)) == list(records.items())
        assert [(entry.task_id, entry.phase) for entry, _ in storage.tasks(1.0)] == list(kept.tasks.items())
        assert {(agent, name): info.name for agent, name, info in storage.executors()} == kept.executors
        assert [each.number for each in storage.events(0, 1000)] == kept.events
        assert storage.last_event() == kept.last_event

    def teardown(self) -> None:
        self.flush()
        self.killed()
        self.storage._database.close()
        self.folder.cleanup()


TestWrites = Writes.TestCase
TestWrites.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
