"""Sandboxes of a service that has only just started, or has no master."""
from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from scheduler.looking.agents import AgentError
from scheduler.looking.places import Spot
from scheduler.looking.sandboxes import Sandboxes

SPOT = Spot("a.instance-0", "a.instance-0._app.1", "/a", "v", "S1", "host", lives=True)


class Empty:
    """An agent on which every folder is there, and empty."""

    def get(self, agent_id: str, path: str, query: Mapping[str, str | int]) -> Any:
        assert (agent_id, path) == ("S1", "/files/browse")
        assert str(query["path"]).startswith("/frameworks/F/")
        return []


def entries(framework_id: Callable[[], str | None], patience: float) -> list[Any]:
    async def listed() -> list[Any]:
        sandboxes = Sandboxes(Empty(), framework_id, patience)
        try:
            return list(await sandboxes.entries(SPOT, ""))
        finally:
            sandboxes.close()

    return asyncio.run(listed())


def test_a_service_that_has_just_started_is_waited_for() -> None:
    ids = iter([None, None, "F"])
    assert entries(lambda: next(ids), 30.0) == []


def test_one_without_a_master_says_so() -> None:
    with pytest.raises(AgentError, match="not been subscribed"):
        entries(lambda: None, 0.2)
