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
    HealthReported,
    Noticed,
    OomKilled,
    Recovered,
    Restarted,
    RunBegan,
    SignalSeen,
    StartedAgain,
    Whereabouts,
)
from executor.life.lifecycle import TRANSITIONS, advance
from executor.life.outcomes import Exit
from executor.life.sightings import Memory, meaning, seen
from executor.life.task import Known, Phase, Run, Task, Terms
from specs.messages.containerinfo import IPAddress, NetworkInfo

A = ContainerAction
RUNNING = Task("t", Terms(), Phase.RUNNING, container="c", run=Run(began=1, pid=7))
AGAIN = replace(RUNNING, terms=Terms(restarts=True))
IMAGES = replace(RUNNING, terms=Terms(image_health=True))


@pytest.mark.parametrize(("task", "state", "event"), [
    (RUNNING, {"Running": True, "Pid": 7}, None),
    (RUNNING, {"Running": True, "Pid": 7, "Paused": True}, None),
    (RUNNING, {"Running": True, "Pid": 8}, StartedAgain(8)),
    (RUNNING.in_run(pid=None), {"Running": True, "Pid": 8}, None),
    (AGAIN, {"Running": True, "Restarting": True}, Restarted(None)),
    (AGAIN, {"Status": "stopped", "ExitCode": 5}, Restarted(None)),  # podman: whether there is another run, it will say
    (RUNNING, {"Status": "stopped", "ExitCode": 5}, Exited(Exit(5))),
    (AGAIN, {"Running": True, "Pid": 8}, Restarted(8)),
    (AGAIN, {"Running": True, "Pid": 7}, None),
    (AGAIN.in_run(pid=None), {"Running": True, "Pid": 8}, Restarted(8)),
    (IMAGES, {"Running": True, "Pid": 7, "Health": {"Status": "unhealthy"}}, HealthReported(False)),
    (IMAGES, {"Running": True, "Pid": 7, "Health": {"Status": "starting"}}, None),
    (replace(IMAGES, healthy=True), {"Running": True, "Pid": 7, "Health": {"Status": "healthy"}}, None),
    (RUNNING, {"Running": True, "Pid": 7, "Health": {"Status": "unhealthy"}}, None),  # the task has checks of its own
    (RUNNING, {"Running": False, "ExitCode": 3, "Error": "e"}, Exited(Exit(3, error="e"))),
    (RUNNING, {"Running": False, "ExitCode": 137, "OOMKilled": True}, Exited(Exit(137, oom=True))),
    (RUNNING, {"Running": False, "ExitCode": 137, "Status": "removing"}, Exited(Exit(137, removed=True))),
])
def test_what_a_look_means(task: Task, state: dict[str, Any], event: Event | None) -> None:
    assert seen(task, inspection({"Id": "c", "State": {"StartedAt": "2026-01-01T00:00:00Z", **state}})) == event


SECOND = 1_000_000_000
TEN = 1_767_225_610 * SECOND  # ten seconds after midnight


@pytest.mark.parametrize(("run", "code", "unseen", "forgotten"), [
    (Run(gone_at=TEN - SECOND, back=TEN + SECOND), 255, True, True),  # it ended a second before that
    (Run(gone_at=TEN - SECOND, back=TEN + SECOND), 0, True, True),
    (Run(gone_at=TEN - SECOND, unanswered=True), 255, True, True),
    (Run(gone_at=TEN - SECOND, back=TEN + SECOND, told_exit=0), 0, True, False),  # it has told an event of it
    (Run(gone_at=TEN - SECOND, back=TEN + SECOND), 3, True, False),  # that is no status that is made up
    (Run(gone_at=TEN - SECOND, back=TEN + SECOND), 137, True, False),
    (Run(gone_at=TEN - 1, back=TEN + SECOND), 255, True, False),  # the engine's time is that of the end
    (Run(gone_at=TEN + 1, back=TEN + SECOND), 255, True, False),  # we were told later
    (Run(back=TEN + SECOND), 255, True, False),
    (Run(gone_at=TEN - SECOND, back=TEN - 1), 255, False, False),  # it was there when that ended
    (Run(gone_at=TEN - SECOND), 255, False, False),
])
def test_a_status_that_an_engine_has_made_up_is_none(run: Run, code: int, unseen: bool,
                                                     forgotten: bool) -> None:
    state = {"Running": False, "ExitCode": code, "StartedAt": "2026-01-01T00:00:00Z",
             "FinishedAt": "2026-01-01T00:00:10Z"}
    found = seen(replace(RUNNING, run=run), inspection({"Id": "c", "State": state}))
    assert found == Exited(Exit(code, unseen=unseen, forgotten=forgotten))


def test_nobody_has_seen_an_end_that_was_found_when_a_task_was_taken_over() -> None:
    """Also where TASK_RUNNING is told first, and the engine asked again."""
    task = replace(RUNNING, phase=Phase.RECOVERING, run=Run(), known=Known(container="c", told=True))
    task, _ = advance(task, Recovered(Whereabouts.DOWN, "c", exit=Exit(255, unseen=True)))
    state = {"Running": False, "ExitCode": 255, "StartedAt": "2026-01-01T00:00:00Z",
             "FinishedAt": "2026-01-01T00:00:10Z"}
    assert task.phase is Phase.RUNNING
    assert seen(task, inspection({"Id": "c", "State": state})) == Exited(Exit(255, unseen=True))


def test_a_container_that_never_ran_has_not_ended() -> None:
    found = seen(RUNNING, inspection({"Id": "c", "State": {"Running": False}}))
    assert found == Exited(Exit(0), ran=False)


@pytest.mark.parametrize(("action", "told_exit", "restarts", "event"), [
    (A.DIE, None, False, Noticed(3, 1)),
    (A.DIE, 3, True, Noticed(3, 1)),
    (A.DESTROY, None, False, Noticed()),
    (A.RESYNC, None, False, Noticed(back=1)),
    (A.OOM, None, False, OomKilled(1 << 20, 2 << 20)),
    (A.KILL, None, False, SignalSeen(15)),
    (A.START, None, False, None),  # our own
    (A.START, None, True, RunBegan(1)),
    (A.START, 3, False, StartedAgain(None)),
    (A.START, 3, True, RunBegan(1)),
    (A.PAUSE, None, False, None),
    (A.UNPAUSE, None, False, None),
    (A.HEALTH, None, False, None),
])
def test_what_is_told_unasked(action: A, told_exit: int | None, restarts: bool, event: Event | None) -> None:
    task = replace(RUNNING.in_run(told_exit=told_exit), terms=Terms(restarts=restarts))
    assert meaning(told(action), task, Memory(1 << 20, 2 << 20)) == event


# while files are fetched or an image is pulled there is no container to be told of; RESYNC is told to all
PAIRS = [(phase, action) for phase in Phase for action in A
         if phase not in {Phase.FETCHING, Phase.PULLING} or action is A.RESYNC]


@pytest.mark.parametrize(("phase", "action"), PAIRS)
@pytest.mark.parametrize("told_exit", [None, 3])
@pytest.mark.parametrize("restarts", [False, True])
def test_it_may_be_told_in_every_phase(phase: Phase, action: A, told_exit: int | None, restarts: bool) -> None:
    terms = Terms(restarts=restarts, image_health=True)
    task = replace(RUNNING.in_run(told_exit=told_exit), phase=phase, terms=terms, outcome=Exit(0))
    event = meaning(told(action), task)
    if event is not None:
        assert type(event) in TRANSITIONS[phase]
        advance(task, event)


def told(action: A) -> ContainerEvent:
    return ContainerEvent(action, "c", 1, exit_code=3 if action is A.DIE else None,
                          signal=15 if action is A.KILL else None, healthy=False if action is A.HEALTH else None)


@pytest.mark.parametrize(("task", "healthy", "event"), [
    (IMAGES, True, HealthReported(True)), (IMAGES, False, HealthReported(False)), (IMAGES, None, None),
    (RUNNING, False, None)])
def test_the_images_own_health(task: Task, healthy: bool | None, event: Event | None) -> None:
    assert meaning(ContainerEvent(A.HEALTH, "c", 1, healthy=healthy), task) == event


def test_the_address_of_a_further_run_is_told_with_what_the_task_asked_for() -> None:
    asked = NetworkInfo(name="n", groups=("g",), ip_addresses=(IPAddress(ip_address="10.0.0.1"),))
    task = replace(AGAIN, network_infos=(asked,))
    found = seen(task, inspection({"Id": "c", "State": {"Running": True, "Pid": 8}, "NetworkSettings": {
        "Networks": {"n": {"IPAddress": "10.0.0.2"}}}}))
    assert found == Restarted(8, (replace(asked, ip_addresses=(IPAddress(ip_address="10.0.0.2"),)),))


def test_the_limit_is_the_one_that_it_has_now() -> None:
    found = seen(RUNNING, inspection({"Id": "c", "State": {"Running": False, "ExitCode": 137, "StartedAt": "2026"},
                                      "HostConfig": {"Memory": 5}}))
    assert found == Exited(Exit(137, memory_limit=5))
