"""The lifecycle's promises, over random orders of everything that can happen.

2,500 lives of each kind of task, or LIVES.
"""
from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executor.life.events import EndRequested
from executor.life.outcomes import Cause
from executor.life.task import Phase, Terms
from specs.messages.check import CheckStatusInfo, TcpResult
from specs.messages.status import is_terminal
from tests.executor.life.world import World

EXAMPLES = int(os.environ.get("LIVES", "2500"))
STEPS = 60

TERMS = {
    "plain": Terms(killing=True),
    "limit of memory": Terms(killing=True, memory_limit=1 << 20),
    "drop-in": Terms(killing=True, remove=False, strict=True, force_pull=True),
    "old framework, limited": Terms(max_completion=1.0, check_status=CheckStatusInfo("TCP", tcp=TcpResult())),
    "files": Terms(killing=True, fetches=True, force_pull=True),
    "restart policy": Terms(killing=True, restarts=True, force_pull=True),
}


def live(choices: bytes, terms: Terms) -> World:
    """A life by these choices; then the world turns kind, and the task has to come to its end."""
    numbers = iter(choices)
    world = World(lambda below: next(numbers, 0) % below, terms)
    for _ in range(min(STEPS, len(choices))):
        if not world.step():
            break
    world.kind = False
    if not world.forgotten:
        world.tell(EndRequested(Cause.KILL, 1.0))
    turn = 0
    while not world.forgotten:
        turn += 1
        assert turn < 400, f"no end in sight: {world.task}"
        world.choose = lambda _: 0  # what was asked for is answered; after that clocks ring
        assert world.step(), f"nothing will ever happen again: {world.task}"
    return world


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.timeout(900)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(choices=st.binary(max_size=4 * STEPS))
def test_promises(name: str, choices: bytes) -> None:
    world = live(choices, TERMS[name])
    assert world.task.phase is Phase.DONE
    assert [is_terminal(status.state) for status in world.statuses].count(True) == 1
    assert is_terminal(world.statuses[-1].state)
    assert not world.running or not world.terms.remove
    assert world.removed or world.task.container is None or not world.terms.remove
