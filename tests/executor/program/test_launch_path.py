"""How long the way of one LAUNCH is to its TASK_RUNNING: calls of our own code, files, depth.

Counted from the bytes of the event to the update in the sender's queue; the engine is in memory.
The bounds lie a little above what it takes. Who needs more has to say why here, or find what can go.
About 40 of the calls look at every field of the task, so that none is dropped unseen; 20 look at what
it mounts out of its sandbox, so that nothing else is mounted; 20 open files of output that stay bounded;
15 note what a next process has to know. The threads' own turns vary by 25. A file each hands over what the
container writes, remembers where the kernel counts its memory, gives log lines their task, and has the form of
calls, which is with the first call as that is made before anything is loaded.
"""
from __future__ import annotations

import threading
from pathlib import Path

import pytest

from executor.agent.driver import MesosDriver
from executor.settings.agent import AgentSettings
from executor.settings.settings import Settings
from executor.wiring import supervision
from specs.messages.status import TaskState, TaskStatus
from tests.executor.program.running import task
from tests.executor.program.walk import Walk
from tests.fakes.agent_server import ScriptedAgent
from tests.fakes.driving import settings_for, started
from tests.fakes.runtime import FakeRuntime

CALLS, FILES, DEPTH = 435, 66, 15


class Followed(MesosDriver):
    """Ends the walk when TASK_RUNNING is queued."""

    def __init__(self, settings: AgentSettings, walk: Walk) -> None:
        super().__init__(settings)
        self._walk = walk

    def send(self, status: TaskStatus) -> None:
        """Send it."""
        super().send(status)
        if status.state is TaskState.RUNNING:
            self._walk.going = False


def launched(folder: Path) -> Walk:
    """The walk of a second task: the first one starts the threads."""
    walk, runtime = Walk(), FakeRuntime()
    with walk.followed(), ScriptedAgent(acknowledge=False) as agent:
        driver = Followed(settings_for(agent), walk)
        supervisor = supervision(Settings(directory=str(folder), labels={"a": "b"}), driver, lambda: runtime)
        loop = threading.Thread(target=supervisor.run)
        loop.start()
        with started(driver, supervisor):
            agent.wait_subscribed()
            for task_id in ("first", "second"):
                walk.going = task_id == "second"
                agent.event("LAUNCH", launch={"task": task(task_id, "sleep 600")})
                agent.wait_for(lambda task_id=task_id: "TASK_RUNNING" in agent.states(task_id))  # type: ignore[misc]
            supervisor.shutdown("the test is over")
            loop.join(30)
    return walk


def test_the_way_of_a_launch_to_running(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    walk = launched(tmp_path)
    with capsys.disabled():
        print(f"\nLAUNCH to TASK_RUNNING: {walk}")
    assert len(walk.calls) <= CALLS
    assert len(walk.files) <= FILES
    assert len(walk.deepest) <= DEPTH, walk.deepest
