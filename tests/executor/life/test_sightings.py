"""What the engine's words mean: every one that it says unasked, in every phase, and every look."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from executor.engine.inspection import inspection
from executor.engine.port import ContainerAction, ContainerEvent
from executor.life.events import (
    Event,
    Exited,
    Noticed,
    OomKilled,
    Restarted,
    SignalSeen,
    StartedAgain,
)
from executor.life.lifecycle import TRANSITIONS, advance
from executor.life.outcomes import Exit
from executor.life.sightings import meaning, seen
from executor.life.task import Phase, Task, Terms

A = ContainerAction
RUNNING = Task("t", Terms(), Phase.RUNNING, container="c", pid=7)


@pytest.mark.parametrize(("task", "state", "event"), [
    (RUNNING, {"Running": True, "Pid": 7}, None),
    (RUNNING, {"Running": True, "Pid": 7, "Paused": True}, None),
    (RUNNING, {"Running": True, "Pid": 8}, StartedAgain(8)),
    (replace(RUNNING, pid=None), {"Running": True, "Pid": 8}, None),
    (replace(RUNNING, terms=Terms(restarts=True)), {"Running": True, "Restarting": True}, Restarted(None)),
    (replace(RUNNING, terms=Terms(restarts=True)), {"Running": True, "Pid": 8}, Restarted(8)),
    (RUNNING, {"Running": False, "ExitCode": 3, "Error": "e"}, Exited(Exit(3, error="e"))),
    (RUNNING, {"Running": False, "ExitCode": 137, "OOMKilled": True}, Exited(Exit(137, oom=True))),
    (RUNNING, {"Running": False, "ExitCode": 137, "Status": "removing"}, Exited(Exit(137, removed=True))),
])
def test_what_a_look_means(task: Task, state: dict[str, Any], event: Event | None) -> None:
    assert seen(task, inspection({"Id": "c", "State": {"StartedAt": "2026-01-01T00:00:00Z", **state}})) == event


@pytest.mark.parametrize(("action", "told_exit", "restarts", "event"), [
    (A.DIE, None, False, Noticed(3)),
    (A.DIE, 3, True, Noticed(3)),
    (A.DESTROY, None, False, Noticed()),
    (A.RESYNC, None, False, Noticed()),
    (A.OOM, None, False, OomKilled(1 << 20)),
    (A.KILL, None, False, SignalSeen(15)),
    (A.START, None, False, None),  # our own
    (A.START, None, True, None),
    (A.START, 3, False, StartedAgain(None)),
    (A.START, 3, True, Noticed()),  # a look says whether it is the restart policy's
    (A.PAUSE, None, False, None),
    (A.UNPAUSE, None, False, None),
    (A.HEALTH, None, False, None),
])
def test_what_is_told_unasked(action: A, told_exit: int | None, restarts: bool, event: Event | None) -> None:
    task = replace(RUNNING, told_exit=told_exit, terms=Terms(restarts=restarts))
    assert meaning(told(action), task, 1 << 20) == event


# while an image is pulled there is no container to be told of; RESYNC is told to all
PAIRS = [(phase, action) for phase in Phase for action in A if phase is not Phase.PULLING or action is A.RESYNC]


@pytest.mark.parametrize(("phase", "action"), PAIRS)
@pytest.mark.parametrize("told_exit", [None, 3])
@pytest.mark.parametrize("restarts", [False, True])
def test_it_may_be_told_in_every_phase(phase: Phase, action: A, told_exit: int | None, restarts: bool) -> None:
    task = replace(RUNNING, phase=phase, told_exit=told_exit, terms=Terms(restarts=restarts), outcome=Exit(0))
    event = meaning(told(action), task)
    if event is not None:
        assert type(event) in TRANSITIONS[phase]
        advance(task, event)


def told(action: A) -> ContainerEvent:
    return ContainerEvent(action, "c", 1, exit_code=3 if action is A.DIE else None,
                          signal=15 if action is A.KILL else None)
