"""500 tasks and 50 cuts, as in test_driver_soak.py, with the whole executor in between: supervisor, lifecycle, driver.

Only the engine is in memory (`FakeRuntime`), and the agent is scripted. The agent does its part as Mesos's: what it
launched on a stream that broke, and what the executor does not name in SUBSCRIBE, it launches again; a kill is repeated
until the task has ended. What the supervisor said is noted on its way to the driver: that is what has to arrive.
Run as a module it prints its counts: python -m tests.executor.program.test_executor_soak
"""
from __future__ import annotations

import base64
import json
import random
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from executor.agent.driver import MesosDriver
from executor.settings.agent import AgentSettings
from executor.settings.settings import Settings
from executor.wiring import supervision
from specs.messages.status import TaskStatus
from tests.executor.agent.test_driver_soak import CUTS, TASKS, cutters
from tests.fakes.agent_server import ScriptedAgent
from tests.fakes.driving import settings_for, started
from tests.fakes.runtime import FakeRuntime

AT_ONCE = 30
TERMINAL = {"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED"}
LIVES = {  # command -> how it ends
    "true": "TASK_FINISHED",
    "echo said; exit 3": "TASK_FAILED",
    "echo said; sleep 0.05; exit 0": "TASK_FINISHED",
    "no-such-program": "TASK_FAILED",
    "sleep 3600": "TASK_KILLED",
    "trap 'exit 0' TERM; sleep 3600 & wait": "TASK_KILLED",
}
Said = tuple[str, str | None]  # state and message


class Listening(MesosDriver):
    """Notes what the supervisor says."""

    def __init__(self, settings: AgentSettings) -> None:
        super().__init__(settings)
        self.said: dict[str, list[Said]] = {}

    def send(self, status: TaskStatus) -> None:
        """Note, and send."""
        self.said.setdefault(status.task_id, []).append((status.state, status.message))
        super().send(status)


@dataclass
class Soak:
    """What happened."""

    said: dict[str, list[Said]]
    got: dict[str, list[Said]]
    ends: dict[str, str]  # how each task has to end
    cuts: Counter[str] = field(default_factory=Counter)
    launched_again: int = 0
    duplicates: int = 0
    subscribes: int = 0
    drained: bool = False

    def table(self) -> str:
        """The counts, for people."""
        wrong = sum(1 for task, said in self.said.items() if self.got.get(task) != said)
        right = sum(1 for task, end in self.ends.items() if self.got.get(task, [("", None)])[-1][0] == end)
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.cuts.items()))
        return "\n".join([
            f"tasks                 {len(self.said)} ({right} ended as they should)",
            f"cuts                  {sum(self.cuts.values())} ({kinds})",
            f"SUBSCRIBE calls       {self.subscribes}",
            f"LAUNCH lost by a cut  {self.launched_again} (and repeated by the agent)",
            f"updates sent          {sum(map(len, self.said.values()))}",
            f"updates stored        {sum(map(len, self.got.values()))} (and {self.duplicates} that came twice)",
            f"tasks with updates lost, out of order or invented   {wrong}",
        ])


def task(task_id: str, script: str) -> dict[str, Any]:
    """A TaskInfo for the custom executor."""
    command = {"shell": True, "value": script} if script != "no-such-program" else {
        "shell": False, "value": script, "arguments": [script]}
    return {"name": task_id, "task_id": {"value": task_id}, "agent_id": {"value": ScriptedAgent.agent_id},
            "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
                          {"name": "mem", "type": "SCALAR", "scalar": {"value": 32}}],
            "container": {"type": "DOCKER", "docker": {"image": "busybox:static"}},
            "executor": {"executor_id": {"value": ScriptedAgent.executor_id}, "command": {"value": "executor"}},
            "data": base64.b64encode(json.dumps({"command": command}).encode()).decode()}


class Play:
    """The agent's and the scheduler's part: launch, launch again, kill, cut."""

    def __init__(self, agent: ScriptedAgent, dice: random.Random) -> None:
        self.agent = agent
        self.scripts = {f"task-{number}": dice.choice(sorted(LIVES)) for number in range(TASKS)}
        self.cuts: Counter[str] = Counter()
        self.launched_again = 0
        self._dice = dice
        self._ways = cutters(agent, dice)
        self._moments = sorted(dice.sample(range(10, TASKS * 5 // 2), CUTS))  # in updates stored
        self._waiting = list(self.scripts)
        self._sent: dict[str, int] = {}  # the stream that took the LAUNCH
        self._killed: dict[str, float] = {}  # when

    def run(self, deadline: float) -> None:
        """Until all tasks have ended and all cuts are made."""
        while len(self._ended()) < TASKS or self._moments:
            assert time.monotonic() < deadline, f"{TASKS - len(self._ended())} tasks have not ended"
            self._launch()
            self._kill()
            self._cut()
            time.sleep(0.002)

    def _ended(self) -> set[str]:
        return {task_id for task_id in list(self.agent.updates)
                if self.agent.states(task_id)[-1] in TERMINAL}

    def _launch(self) -> None:
        for task_id in self.agent.missing(self._sent):
            self.launched_again += 1
            self._waiting.append(task_id)
            del self._sent[task_id]
        while self._waiting and len(self._sent) - len(self._ended()) < AT_ONCE:
            number = self.agent.event("LAUNCH", launch={
                "task": task(self._waiting[-1], self.scripts[self._waiting[-1]])})
            if not number:
                return
            self._sent[self._waiting.pop()] = number

    def _kill(self) -> None:
        for task_id, script in self.scripts.items():
            if LIVES[script] != "TASK_KILLED" or self.agent.states(task_id)[-1:] != ["TASK_RUNNING"]:
                continue
            if time.monotonic() - self._killed.get(task_id, 0.0) > 0.5:
                self._killed[task_id] = time.monotonic()
                self.agent.kill(task_id, 0.01)

    def _cut(self) -> None:
        stored = sum(map(len, list(self.agent.updates.values())))
        if self._moments and (stored >= self._moments[0] or len(self._ended()) == TASKS):
            self._moments.pop(0)
            kind = self._dice.choice(sorted(self._ways))
            self._ways[kind]()
            self.cuts[kind] += 1


def run_soak(seed: int, directory: Path) -> Soak:
    """Play to the end, then SHUTDOWN and wait until all is acknowledged."""
    runtime = FakeRuntime()
    with ScriptedAgent() as agent:
        driver = Listening(settings_for(agent, MESOS_SUBSCRIPTION_BACKOFF_MAX="10ms"))
        settings = Settings(directory=str(directory), idle_timeout=None, labels={"soak": str(seed)})
        supervisor = supervision(settings, driver, lambda: runtime)
        loop = threading.Thread(target=supervisor.run, daemon=True)
        loop.start()
        with started(driver, supervisor):
            play = Play(agent, random.Random(seed))
            play.run(time.monotonic() + 120)
            while loop.is_alive():
                agent.event("SHUTDOWN")  # a cut may take it along
                loop.join(0.5)
            drained = driver.drained(60)
        got = {task_id: [(status["state"], status.get("message")) for status in statuses]
               for task_id, statuses in agent.updates.items()}
        soak = Soak(driver.said, got, {task_id: LIVES[script] for task_id, script in play.scripts.items()},
                    play.cuts, play.launched_again, agent.duplicates, len(agent.calls("SUBSCRIBE")), drained)
    runtime.engine.close()
    return soak


def test_the_whole_executor_loses_and_invents_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    soak = run_soak(1, tmp_path)
    with capsys.disabled():
        print(f"\nsoak of the whole executor\n{soak.table()}")
    assert len(soak.said) == TASKS
    assert sum(soak.cuts.values()) == CUTS
    assert soak.got == soak.said
    assert {task_id: said[-1][0] for task_id, said in soak.got.items()} == soak.ends
    assert soak.drained


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(run_soak(int(time.time()), Path(folder)).table())
