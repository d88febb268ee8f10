"""A supervisor at work between an agent and an engine in memory, for the length of a `with`."""
from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from executor.settings.settings import Settings
from executor.wiring import supervision
from specs.messages.status import TaskState, TaskStatus, is_terminal
from tests.fakes.agent import FakeAgent
from tests.fakes.runtime import FakeRuntime
from tests.patience import SLOW

LABELS = {"mesos-docker.owner": "a-test"}
KILLING = ("TASK_KILLING_STATE", "PARTITION_AWARE")


def task(task_id: str, command: str | None = "true", *, image: str = "busybox:static", network: str = "BRIDGE",
         mem: int = 64, container: dict[str, Any] | None = None, docker: dict[str, Any] | None = None,
         **fields: Any) -> dict[str, Any]:
    """A LAUNCH's TaskInfo as it stands in JSON."""
    info = {
        "task_id": {"value": task_id}, "name": task_id, "agent_id": {"value": "agent"},
        "container": {"type": "DOCKER", "docker": {"image": image, "network": network, **(docker or {})},
                      **(container or {})},
        "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
                      {"name": "mem", "type": "SCALAR", "scalar": {"value": mem}}],
        **fields,
    }
    if command is not None:
        info["command"] = {"value": command}
    return info


@dataclass
class Running:
    settings: Settings
    runtime: FakeRuntime
    agent: FakeAgent = field(default_factory=lambda: FakeAgent(acknowledge_at_once=True))
    why: str | None = None

    def __post_init__(self) -> None:
        self.supervisor = supervision(self.settings, self.agent, lambda: self.runtime)
        self.agent.start(self.supervisor)
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        self.why = self.supervisor.run()

    def registered(self, *capabilities: str) -> None:
        self.supervisor.registered({}, {"capabilities": [{"type": each} for each in capabilities]}, {})

    def launch(self, task_id: str, command: str | None = "true", **fields: Any) -> None:
        self.supervisor.launch(task(task_id, command, **fields))

    def ended(self, task_id: str) -> TaskStatus:
        """The last update, once it is there."""
        assert self.agent.wait_for(lambda agent: any(map(is_terminal, agent.states(task_id))), 30 * SLOW), \
            self.agent.states(task_id)
        return self.agent.of(task_id)[-1]

    def running(self, task_id: str) -> TaskStatus:
        return self.agent.wait_state(task_id, TaskState.RUNNING)

    def name(self) -> str:
        """The only container's."""
        (name,) = self.runtime.names()
        return name

    def over(self) -> str:
        """Why the loop ended, once it has."""
        self.thread.join(30)
        assert self.why is not None
        return self.why


@contextlib.contextmanager
def running(tmp_path: Path, runtime: FakeRuntime | None = None, capabilities: tuple[str, ...] = KILLING,
            **settings: Any) -> Iterator[Running]:
    """Registered and ready; at the end it is shut down, and nothing of it is left in the engine."""
    chosen = replace(Settings(directory=str(tmp_path), labels=LABELS, shutdown_grace=2.0), **settings)
    run = Running(chosen, runtime or FakeRuntime())
    run.thread.start()
    run.registered(*capabilities)
    try:
        yield run
    finally:
        run.supervisor.shutdown("the test is over")
        run.over()
        if not chosen.drop_in:
            assert run.runtime.names() == []
