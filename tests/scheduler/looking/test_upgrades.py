"""An executor is asked to make way until it has, or has said why not: it may not hear it, nor be heard."""
from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from scheduler.looking.upgrades import NoUpgradeError, Upgrade, Upgrades
from scheduler.tasks.launching import OUR_EXECUTOR
from scheduler.telemetry.telemetry import Telemetry
from specs.between.reports import ExecutorReport, report_text
from specs.between.upgrade_refused import MAX_WHY, UpgradeRefused, refused_text

Answer = Callable[[str], bytes | None]


def report(run: str, version: str) -> bytes:
    return report_text(ExecutorReport(run, 1, version, 0.0))


class Executors:
    """A Messenger: each answers as `answer` says, by the run that is asked."""

    def __init__(self, answer: Answer) -> None:
        self.telemetry = Telemetry(lambda: 0.0)
        self.asked: list[Any] = []
        self._answer = answer

    def tell(self, data: bytes) -> None:
        assert self.telemetry.messaged("A", OUR_EXECUTOR, data, "host", lambda _: None)

    def send(self, agent_id: str, executor_id: str, data: bytes) -> None:
        assert (agent_id, executor_id) == ("A", OUR_EXECUTOR)
        self.asked.append(json.loads(data))
        answer = self._answer(self.asked[-1]["upgrade"]["run"])
        if answer is not None:
            asyncio.get_running_loop().call_later(0.01, self.tell, answer)


def outcome(executors: Executors, patience: float = 30.0) -> Upgrade:
    executors.tell(report("one", "1"))
    return asyncio.run(Upgrades(executors, executors.telemetry, patience).ask("A"))


def test_who_makes_way_is_known_by_the_next_process() -> None:
    executors = Executors(lambda _: report("two", "2"))
    assert outcome(executors) == Upgrade("A", "made way", "1", "2")
    assert executors.asked == [{"upgrade": {"run": "one"}}]


def test_who_goes_on_says_why_and_may_be_asked_again() -> None:
    executors = Executors(lambda run: refused_text(UpgradeRefused(run, "it does not start" + "!" * MAX_WHY)))
    assert outcome(executors).why.startswith("it does not start!")
    executors._answer = lambda _: report("two", "2")
    assert outcome(executors).done == "made way"


def test_what_is_said_of_another_process_is_no_answer() -> None:
    executors = Executors(lambda _: refused_text(UpgradeRefused("zero", "no")))
    found = outcome(executors, patience=0.2)
    assert (found.done, found.version) == ("no answer", "1")


def test_who_never_reported_cannot_be_asked_nor_who_is_being_asked() -> None:
    executors = Executors(lambda _: None)
    with pytest.raises(NoUpgradeError, match="has reported"):
        asyncio.run(Upgrades(executors, executors.telemetry).ask("A"))
    executors.tell(report("one", "1"))

    async def twice() -> None:
        upgrades = Upgrades(executors, executors.telemetry, 0.3)
        first = asyncio.create_task(upgrades.ask("A"))
        await asyncio.sleep(0.05)
        with pytest.raises(NoUpgradeError, match="already"):
            await upgrades.ask("A")
        assert (await first).done == "no answer"
        upgrades.asked("A")

    asyncio.run(twice())
    assert not executors.telemetry.heard


@pytest.mark.parametrize("message", [b'{"type": "upgrade-refused"}',
                                     b'{"type": "upgrade-refused", "run": 1, "why": ""}'])
def test_what_is_none_is_counted_and_dropped(message: bytes) -> None:
    executors = Executors(lambda _: None)
    executors.tell(message)
    assert executors.telemetry.refusals == {}
