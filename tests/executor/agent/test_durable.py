"""No update is told before it is on the disk, by UPDATE or by SUBSCRIBE; and one wait is for all that are there."""
from __future__ import annotations

import threading

from executor.agent.driver import MesosDriver
from specs.forms import Message
from specs.messages.status import TaskState, TaskStatus
from tests.fakes.agent_events import RecordedEvents
from tests.fakes.agent_server import ScriptedAgent
from tests.fakes.driving import settings_for, started


class SlowDisk:
    """A Keeper whose disk is as slow as the test wants."""

    def __init__(self) -> None:
        self.turns = threading.Event()
        self.count = self.settled = self.waits = 0

    def stored(self, status: TaskStatus, said: Message) -> int:
        assert said["task_id"]["value"] == status.task_id
        self.count += 1
        return self.count

    def settle(self, place: int | None = None) -> None:
        count = self.count
        if self.settled < (count if place is None else place):
            self.waits += 1
            assert self.turns.wait(30)
            self.settled = count

    def acknowledged(self, task_id: str, uuid: bytes) -> None:
        """It is all the same to it."""


def test_an_update_waits_for_the_disk_and_who_sends_it_does_not() -> None:
    events, disk = RecordedEvents(), SlowDisk()
    with ScriptedAgent() as agent:
        driver = MesosDriver(settings_for(agent), keeper=disk)
        with started(driver, events):
            events.wait("registered")
            for each in range(50):
                driver.send(TaskStatus(f"t{each}", TaskState.STARTING))
            assert not driver.drained(0.3)
            assert agent.calls("UPDATE") == []
            disk.turns.set()
            assert driver.drained(30)
        assert len(agent.calls("UPDATE")) == 50
        assert disk.settled == 50
        assert disk.waits <= 3, "one by one"


def test_a_subscribe_waits_for_what_it_carries() -> None:
    events, disk = RecordedEvents(), SlowDisk()
    with ScriptedAgent() as agent:
        driver = MesosDriver(settings_for(agent), keeper=disk)
        driver.send(TaskStatus("t", TaskState.STARTING))
        with started(driver, events):
            assert not driver.drained(0.3)
            assert agent.calls("SUBSCRIBE") == []
            disk.turns.set()
            assert driver.drained(30)
        [subscribe] = agent.calls("SUBSCRIBE")
        assert len(subscribe.call["subscribe"]["unacknowledged_updates"]) == 1
        assert agent.calls("UPDATE") == []
