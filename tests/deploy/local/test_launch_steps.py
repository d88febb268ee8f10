"""What is given up of a launch, whenever that is told."""
from __future__ import annotations

import asyncio

import pytest

from deploy.local.containers.launches import LaunchError, Launches


async def work(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "done"


def test_a_step_that_is_given_up_while_it_is_done() -> None:
    async def launch() -> None:
        launches = Launches()
        step = asyncio.create_task(launches.step("c", work(60.0), "given up"))
        await asyncio.sleep(0)
        launches.give_up("c")
        with pytest.raises(LaunchError, match="given up"):
            await step
        assert await launches.step("c", work(0.0), "given up") == "done"

    asyncio.run(launch())


def test_a_step_that_is_given_up_when_it_is_just_done() -> None:
    """Before anybody has looked at what came of it."""
    launches = Launches()

    async def over() -> str:
        asyncio.get_running_loop().call_soon(launches.give_up, "c")
        return "done"

    with pytest.raises(LaunchError, match="given up"):
        asyncio.run(launches.step("c", over(), "given up"))


def test_one_whose_agent_ends_is_only_cancelled() -> None:
    async def launch() -> None:
        step = asyncio.create_task(Launches().step("c", work(60.0), "given up"))
        await asyncio.sleep(0)
        step.cancel()
        with pytest.raises(asyncio.CancelledError):
            await step

    asyncio.run(launch())
