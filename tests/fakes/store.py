"""What the fake engine knows: its containers, what it was asked for, what shall go wrong, and what it has told."""
from __future__ import annotations

import threading
import time
from collections import defaultdict

from executor.engine.failures import NoSuchContainer, RuntimeFailure
from executor.engine.port import ContainerAction, ContainerEvent
from tests.fakes.container import FakeContainer


class FakeStore:
    """Shared by the parts of a fake engine; `changed` guards all of it and tells of new events."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.calls: list[tuple[str, str]] = []  # (verb, container or image)
        self.failures: dict[str, list[RuntimeFailure]] = defaultdict(list)
        self.held: dict[str, threading.Event] = {}
        self.containers: dict[str, FakeContainer] = {}
        self.log: list[ContainerEvent] = []

    def note(self, verb: str, subject: str = "") -> None:
        """Somebody asks for this."""
        with self.changed:
            self.calls.append((verb, subject))

    def called(self, verb: str, subject: str = "") -> None:
        """The same; it hangs or fails if a test wants that."""
        self.note(verb, subject)
        held = self.held.get(verb)
        if held is not None:
            held.wait()
        if self.failures[verb]:
            raise self.failures[verb].pop(0)

    def get(self, container: str) -> FakeContainer:
        """By id or name."""
        with self.changed:
            for found in self.containers.values():
                if container in {found.id, found.name}:
                    return found
        raise NoSuchContainer(f"No such container: {container}")

    def told(self, container: FakeContainer, action: str, code: int | None) -> None:
        """Something happened to a container; of its health the action says which."""
        name, _, health = action.partition(": ")
        self.add(ContainerEvent(ContainerAction(name), container.id, time.time_ns(), code, container.labels,
                                healthy={"healthy": True, "unhealthy": False}.get(health)))

    def add(self, event: ContainerEvent) -> None:
        """Tell all who listen."""
        with self.changed:
            self.log.append(event)
            self.changed.notify_all()

    def wake(self) -> None:
        """Have all who listen look whether they were cancelled."""
        with self.changed:
            self.changed.notify_all()
