"""500 tasks whose agent is cut off 50 times: every update arrives, in order, once, and none is invented.

The lives are scripted, the runtime is a thread that plays them, so that the driver is all there is to lose something.
Cuts are seeded and of every kind that the wire knows: the stream reset, the stream ended properly, the connection for
calls reset, an answer withheld after the agent took the call, the whole agent gone and back, an agent that says "not
yet". Run as a module it prints its counts: python -m tests.executor.agent.test_driver_soak
"""
from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from executor.agent.driver import MesosDriver
from executor.agent.session import Timing
from specs.messages.status import TaskState, TaskStatus
from tests.fakes.agent_events import RecordedEvents
from tests.fakes.agent_server import Answer, ScriptedAgent
from tests.fakes.driving import driving

TASKS, CUTS = 500, 50
S = TaskState
LIVES = (
    (S.STARTING, S.RUNNING, S.FINISHED),
    (S.STARTING, S.RUNNING, S.FAILED),
    (S.STARTING, S.FAILED),
    (S.STARTING, S.STARTING, S.STARTING, S.RUNNING, S.RUNNING, S.FINISHED),  # a slow pull, and a change of health
    (S.STARTING, S.RUNNING, S.KILLING, S.KILLED),
    (S.STARTING, S.KILLED),
)


@dataclass
class Soak:
    """What happened."""

    wanted: dict[str, list[str]] = field(default_factory=dict)  # per task, as it was handed to the driver
    cuts: Counter[str] = field(default_factory=Counter)
    subscribes: int = 0
    duplicates: int = 0
    got: dict[str, list[str]] = field(default_factory=dict)
    acknowledged: int = 0
    drained: bool = False

    @property
    def said(self) -> int:
        """Updates handed to the driver."""
        return sum(map(len, self.wanted.values()))

    def table(self) -> str:
        """The counts, for people."""
        arrived = sum(map(len, self.got.values()))
        lost = sum(1 for task, said in self.wanted.items() if self.got.get(task) != said)
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.cuts.items()))
        return "\n".join([
            f"tasks                 {len(self.wanted)}",
            f"cuts                  {sum(self.cuts.values())} ({kinds})",
            f"SUBSCRIBE calls       {self.subscribes}",
            f"updates sent          {self.said}",
            f"updates stored        {arrived} (and {self.duplicates} that came twice, known by their uuid)",
            f"acknowledged          {self.acknowledged}",
            f"tasks with updates lost, out of order or invented   {lost}",
        ])


def cutters(agent: ScriptedAgent, dice: random.Random) -> dict[str, Callable[[], object]]:
    """The ways to be cut off."""
    def away() -> None:
        agent.go_away(hard=dice.random() < 0.5)
        time.sleep(dice.random() * 0.05)
        agent.come_back()

    def withheld() -> None:
        agent.next_calls.extend([Answer(cut=True, take=True)] * dice.randint(1, 3))

    def not_yet() -> None:
        agent.next_subscribes.append(Answer(status=503))
        agent.cut()

    def subscribe_cut() -> None:
        agent.next_subscribes.extend([Answer(cut=True, take=dice.random() < 0.5)] * 2)
        agent.cut()

    return {"stream reset": agent.cut, "stream ended": lambda: agent.cut(hard=False), "calls reset": agent.cut_calls,
            "answer withheld": withheld, "agent away": away, "not yet": not_yet, "SUBSCRIBE cut": subscribe_cut}


def play(driver: MesosDriver, soak: Soak, dice: random.Random, progress: Callable[[], None]) -> None:
    """Live all lives, interleaved at random; about 20 tasks at a time."""
    waiting = [(f"task-{number}", list(dice.choice(LIVES))) for number in range(TASKS)]
    living: list[tuple[str, list[TaskState]]] = []
    while waiting or living:
        while waiting and len(living) < 20:
            living.append(waiting.pop())
        task_id, left = living[dice.randrange(len(living))]
        state = left.pop(0)
        soak.wanted.setdefault(task_id, []).append(state)
        driver.send(TaskStatus(task_id, state))
        progress()
        if not left:
            living.remove((task_id, left))


def run_soak(seed: int) -> Soak:
    """Play, cut, wait until all is acknowledged."""
    soak, dice = Soak(), random.Random(seed)
    events = RecordedEvents()
    with ScriptedAgent() as agent:
        ways = cutters(agent, dice)
        total = sum(len(life) for life in LIVES) * TASKS // len(LIVES)
        moments = iter(sorted(dice.sample(range(1, int(total * 0.9)), CUTS)))
        with driving(agent, events, Timing(answer=5.0), MESOS_SUBSCRIPTION_BACKOFF_MAX="10ms") as driver:
            events.wait("registered")
            pacer = _Pacer(agent, soak, dice, ways, moments)
            play(driver, soak, dice, pacer.step)
            soak.drained = driver.drained(60)
            soak.acknowledged = len(set(events.of("acknowledged")))
        soak.subscribes, soak.duplicates = len(agent.calls("SUBSCRIBE")), agent.duplicates
        soak.got = {task: agent.states(task) for task in agent.updates}
    return soak


class _Pacer:
    """Cuts at the chosen moments, counted in updates, and lets the agent keep up with the lives in between."""

    def __init__(self, agent: ScriptedAgent, soak: Soak, dice: random.Random, ways: dict[str, Callable[[], object]],
                 moments: Iterator[int]) -> None:
        self._agent, self._soak, self._dice, self._ways, self._moments = agent, soak, dice, ways, moments
        self._next = next(moments)
        self._step = 0

    def step(self) -> None:
        """One update was sent."""
        self._step += 1
        if self._step == self._next:
            if self._dice.random() < 0.7:
                self._agent.wait_for(lambda: self._agent.subscribed)  # else: cut while cut off
            kind = self._dice.choice(sorted(self._ways))
            self._ways[kind]()
            self._soak.cuts[kind] += 1
            self._next = next(self._moments, 0)
        elif self._dice.random() < 0.2:
            time.sleep(0.001)


@pytest.mark.parametrize("seed", [1, 2])
def test_500_tasks_and_50_cuts_lose_and_invent_nothing(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    soak = run_soak(seed)
    with capsys.disabled():
        print(f"\nsoak, seed {seed}\n{soak.table()}")
    assert len(soak.wanted) == TASKS
    assert sum(soak.cuts.values()) == CUTS
    assert soak.subscribes > CUTS // 2
    assert soak.got == soak.wanted
    assert soak.drained
    assert soak.acknowledged == soak.said


if __name__ == "__main__":
    print(run_soak(int(time.time())).table())
