"""A driver on a scripted agent, for the length of a `with`."""
from __future__ import annotations

import contextlib
from collections.abc import Iterator

from executor.agent.driver import MesosDriver
from executor.agent.port import AgentEvents
from executor.agent.session import Timing
from executor.settings.agent import AgentSettings, agent_settings
from tests.fakes.agent_server import ScriptedAgent


def settings_for(agent: ScriptedAgent, **environment: str) -> AgentSettings:
    """What the agent tells its executors; `environment` overrides."""
    return agent_settings(agent.environment(**environment))


@contextlib.contextmanager
def started(driver: MesosDriver, events: AgentEvents) -> Iterator[None]:
    """At the end both of its threads must be gone."""
    driver.start(events)
    try:
        yield
    finally:
        driver.stop()
        driver.join(30.0)
        assert not driver.alive


@contextlib.contextmanager
def driving(agent: ScriptedAgent, events: AgentEvents, timing: Timing | None = None,
            **environment: str) -> Iterator[MesosDriver]:
    """A started driver, with what the agent tells its executors."""
    driver = MesosDriver(settings_for(agent, **environment), timing=timing)
    with started(driver, events):
        yield driver
