"""A fault of ours about one app keeps that app waiting, is logged once and told; the others go on."""
from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scheduler.apps.instance import Instance
from scheduler.apps.policy import policy
from scheduler.apps.target import Policy
from scheduler.placement.matching import Launch, Placement
from scheduler.service.board import Board
from scheduler.service.launches import Launches
from scheduler.service.operations import By
from scheduler.service.turn.faults import Doing, Faults
from specs.marathon.app import App
from specs.messages.resource import Resource
from specs.messages.task import ExecutorInfo, TaskInfo
from tests.fakes.master import offer, offer_of
from tests.scheduler.service.serving import EXECUTOR, Serving, app, halved


class Faulty(Launches):
    """It fails on /bad for as long as it is told to."""

    def __init__(self, *, launching: bool = False, hearing: bool = False) -> None:
        super().__init__(EXECUTOR, halved)
        self.launching = launching
        self.hearing = hearing

    def launched(self, board: Board, launch: Launch, placement: Placement, executor: ExecutorInfo | None,
                 now: float) -> tuple[Instance, TaskInfo]:
        if self.launching and self.app_of(placement.task_id) == "/bad":
            raise ZeroDivisionError("no such luck")
        return super().launched(board, launch, placement, executor, now)

    def ready_codes(self, board: Board, instance: Instance) -> Sequence[int]:
        if self.hearing and instance.app_id == "/bad":
            raise KeyError("what it said")
        return super().ready_codes(board, instance)


def nonsense(definition: App) -> Policy:
    """Of /bad something that no decision can be made of."""
    found = policy(definition)
    return replace(found, strategy=None) if definition.id == "/bad" else found  # type: ignore[arg-type]


def told(serving: Serving) -> list[str]:
    return [reason["reason"] for each in serving.get("/api/v1/why?app=/bad") for reason in each["reasons"]]


def faults_logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_task_that_cannot_be_made_starves_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    launches = Faulty(launching=True)
    with Serving(tmp_path / "state", launches=launches) as serving:
        serving.ask("POST", "/v2/apps", app("/bad", instances=3))
        serving.change("POST", "/v2/apps", app("/good", instances=3))
        assert len(serving.running("/good")) == 3
        serving.wait(lambda: any("a fault of this service in making a task of /bad: ZeroDivisionError: no such luck"
                                 in text for text in told(serving)))
        assert serving.get("/v2/apps/bad/tasks")["tasks"] == []
        assert faults_logged(caplog) == ["A fault in making a task of /bad: it waits, the other apps go on"]
        launches.launching = False
        serving.ask("PUT", "/v2/apps/bad?force=true", {"env": {"A": "1"}})  # another definition is another try
        serving.wait(lambda: len(serving.running("/bad")) == 3)
        serving.wait(lambda: not any("a fault" in text for text in told(serving)))


def test_a_decision_that_fails_is_of_its_app_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Serving(tmp_path / "state", app_policy=nonsense) as serving:
        serving.ask("POST", "/v2/apps", app("/bad"))
        serving.change("POST", "/v2/apps", app("/good"))
        serving.wait(lambda: any("in deciding what follows for /bad: AttributeError" in text for text in told(serving)))
        assert len(faults_logged(caplog)) == 1


def test_a_status_that_could_not_be_heard_is_heard_again(tmp_path: Path) -> None:
    launches = Faulty(hearing=True)
    with Serving(tmp_path / "state", launches=launches) as serving:
        serving.ask("POST", "/v2/apps", app("/bad"))
        serving.change("POST", "/v2/apps", app("/good"))
        serving.wait(lambda: any("in hearing a status of /bad: KeyError" in text for text in told(serving)))
        assert serving.running("/bad") == []
        launches.hearing = False
        serving.wait(lambda: len(serving.running("/bad")) == 1)  # nothing more was told by the master


def test_offers_that_make_no_sense_go_back(tmp_path: Path) -> None:
    with Serving(tmp_path / "state", agents=2) as serving:
        whole = serving.master.offered[0]
        odd = [Resource("cpus", "SCALAR", amount) for amount in (float("inf"), float("nan"))]
        serving.master.offered += [replace(offer_of(offer(9)), resources=(*whole.resources, each)) for each in odd]
        before = serving.master.declined
        serving.change("POST", "/v2/apps", app("/good", instances=4))
        assert {each["host"] for each in serving.get("/v2/apps/good/tasks")["tasks"]} == {"host0", "host1"}
        serving.wait(lambda: serving.master.declined > before)


def test_a_fault_in_the_loop_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def fails() -> None:
        raise ValueError("nobody expected this")

    with Serving(tmp_path / "state") as serving:
        for _ in range(3):
            serving.framework.call(fails)
        serving.framework.call_later(0.0, fails)
        serving.change("POST", "/v2/apps", app("/good"))
        assert faults_logged(caplog) == ["A fault in the loop, which goes on"]


def test_a_request_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    with Serving(tmp_path / "state") as serving:
        serving.change("POST", "/v2/apps", app("/good"))
        before, last = serving.get("/v2/groups"), serving.service.events.last
        operations = serving.operations

        def half() -> Any:
            operations.scale_app("/good", 5, By())
            raise ValueError("half-way")

        with pytest.raises(ValueError, match="half-way"):
            serving.service.ask(half).result(20)
        assert serving.get("/v2/groups") == before
        assert serving.service.events.last == last
        assert len(serving.running("/good")) == 1
        serving.change("PUT", "/v2/apps/good", {"instances": 2})
        assert len(serving.running("/good")) == 2


def test_pauses_grow_and_what_goes_well_ends_them() -> None:
    now = [100.0]
    found = Faults(lambda: now[0])
    lengths = []
    for _ in range(9):
        found.note("/a", Doing.DECIDING, ValueError("x"))
        found.note("/a", Doing.DECIDING, ValueError("x"))  # another one in the same pause
        until = found.until("/a", Doing.DECIDING)
        assert until is not None
        assert found.holds("/a", Doing.DECIDING, now[0])
        assert not found.holds("/b", Doing.DECIDING, now[0])
        lengths.append(until - now[0])
        now[0] = until
    assert lengths == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    with found.contained("/a", Doing.DECIDING):
        pass
    assert found.of_apps() == {}


def test_the_newest_status_of_a_task_is_enough() -> None:
    heard: list[str] = []
    now = [0.0]
    found = Faults(lambda: now[0])
    broken = threading.Event()
    broken.set()

    def hear(text: str) -> None:
        if broken.is_set():
            raise ValueError(text)
        heard.append(text)

    for text in ("old", "new"):
        found.hear("/a", "t", lambda text=text: hear(text))  # type: ignore[misc]
    broken.clear()
    found.hear_again()
    assert heard == []
    now[0] = 6.0
    found.hear_again()
    found.hear_again()
    assert heard == ["new"]
