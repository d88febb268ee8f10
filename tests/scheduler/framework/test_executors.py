"""What a master is told of an executor is the same for as long as that runs, whatever is heard of it meanwhile."""
from __future__ import annotations

import pytest

from scheduler.framework.executors import ENDED, Executors
from scheduler.storage.port import Nowhere
from scheduler.tasks.launching import CustomExecutor
from specs.messages.command import CommandInfo
from specs.messages.resource import Resource

OURS = CustomExecutor(CommandInfo(value="mesos-docker-executor"))
FIRST = (Resource("cpus", "SCALAR", scalar=0.1),)
OTHER = (Resource("cpus", "SCALAR", scalar=0.2),)


@pytest.mark.parametrize("agent_is_gone", [False, True])
def test_one_that_an_offer_still_has_is_what_it_was(agent_is_gone: bool) -> None:
    """The word of its end overtook the offer, or it was an agent out of reach that came back with it."""
    executors = Executors(Nowhere())
    began = executors.info("agent", OURS, FIRST)
    assert began.resources == FIRST
    if agent_is_gone:
        executors.are_over("agent")
    else:
        executors.is_over("agent", OURS.executor_id)
    assert executors.info("agent", OURS, None) == began
    assert executors.info("agent", OURS, None) == began


def test_the_next_one_may_be_another() -> None:
    executors = Executors(Nowhere())
    executors.info("agent", OURS, FIRST)
    executors.is_over("agent", OURS.executor_id)
    assert executors.info("agent", OURS, OTHER).resources == OTHER
    assert executors.info("agent", OURS, None).resources == OTHER
    assert executors.info("elsewhere", OURS, FIRST).resources == FIRST


def test_of_those_that_have_ended_so_many_are_remembered() -> None:
    executors = Executors(Nowhere())
    for number in range(ENDED + 1):
        executors.info(f"agent {number}", OURS, FIRST)
        executors.are_over(f"agent {number}")
    assert executors.info("agent 0", OURS, None).resources == ()
    assert executors.info("agent 1", OURS, None).resources == FIRST
