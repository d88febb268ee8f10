"""What the simulated agents offer, once tasks have taken their part."""
from __future__ import annotations

from typing import Any

import pytest

from tests.bench.service.agents import Agent, gaps


@pytest.mark.parametrize(("taken", "left"), [
    ([], [(31000, 32000)]), ([31000], [(31001, 32000)]), ([32000, 31500], [(31000, 31499), (31501, 31999)]),
    (range(31000, 32001), [])])
def test_ports_that_are_left(taken: list[int], left: list[tuple[int, int]]) -> None:
    assert gaps(taken) == left


def test_tasks_take_their_resources_and_an_executor_its_own_once() -> None:
    agent = Agent(7, {"cpus": 4.0, "mem": 1024.0})
    executor = {"executor_id": {"value": "e"}, "resources": [scalar("cpus", 0.5)]}
    for port in (31000, 31001):
        ports = {"name": "ports", "ranges": {"range": [{"begin": port, "end": port}]}}
        agent.launch({"resources": [scalar("cpus", 1.0), scalar("mem", 100.0), ports], "executor": executor})
    offer = agent.offer()
    amounts = {each["name"]: each.get("scalar", each.get("ranges")) for each in offer["resources"]}
    assert amounts == {"cpus": {"value": 1.5}, "mem": {"value": 824.0},
                       "ports": {"range": [{"begin": 31002, "end": 32000}]}}
    assert (offer["executor_ids"], offer["id"]["value"]) == ([{"value": "e"}], agent.offer_id)


def scalar(name: str, value: float) -> dict[str, Any]:
    return {"name": name, "scalar": {"value": value}}
