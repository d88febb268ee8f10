"""A v0 driver on a scripted agent, for the length of a `with`."""
from __future__ import annotations

import contextlib
from collections.abc import Iterator

from executor.agent.port import AgentEvents
from executor.agent.v0.driver import LibprocessDriver
from executor.settings.agent import agent_settings
from executor.settings.libprocess import libprocess_settings
from specs.messages.status import TaskState, TaskStatus
from tests.fakes.v0_agent import V0Agent


def status(state: TaskState, task_id: str = "t") -> TaskStatus:
    return TaskStatus(task_id, state)


@contextlib.contextmanager
def driving(agent: V0Agent, events: AgentEvents, **environment: str) -> Iterator[LibprocessDriver]:
    """A started driver, with what the agent tells its executors; at the end its thread must be gone."""
    said = {**agent.environment(), **environment}
    driver = LibprocessDriver(agent_settings(said, drop_in=True), libprocess_settings(said))
    driver.begin()
    driver.start(events)
    try:
        yield driver
    finally:
        driver.stop()
        driver.join(30.0)
        assert not driver.alive
