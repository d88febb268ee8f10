"""Framework messages: those that ask for a command, or to make way, and those of somebody else's."""
from __future__ import annotations

import json
from typing import Any

import pytest

from executor.endpoint.requests import LONGEST, requested
from specs.between.executor_request import (
    LONGEST_INTERVAL,
    ExecRequest,
    ExecutorRequest,
    ReportRequest,
    TerminalSize,
    UpgradeRequest,
)
from specs.forms.codec import write

WHOLE = ExecRequest("e", "t", "https://h/p", "secret", ("sh", "-c", "ü"), True, TerminalSize(80, 24), "ab")
LEAST = ExecRequest("e", "t", "http://h", "secret", ("sh",))


@pytest.mark.parametrize("request_", [WHOLE, LEAST])
def test_what_the_service_writes_is_read(request_: ExecRequest) -> None:
    assert requested(json.dumps(write(ExecutorRequest(request_))).encode()) == request_


def test_to_make_way_is_asked_of_one_process() -> None:
    wanted = UpgradeRequest("0f3a")
    assert requested(json.dumps(write(ExecutorRequest(upgrade=wanted))).encode()) == wanted


@pytest.mark.parametrize("interval", [1, 15, LONGEST_INTERVAL])
def test_reports_are_asked_for(interval: int) -> None:
    wanted = ReportRequest(interval)
    assert requested(json.dumps(write(ExecutorRequest(report=wanted))).encode()) == wanted


def test_what_a_newer_service_adds_is_passed_over() -> None:
    form: dict[str, Any] = write(ExecutorRequest(LEAST))
    form["exec"]["more"] = {"a": 1}
    assert requested(json.dumps({**form, "other": 1}).encode()) == LEAST


@pytest.mark.parametrize("data", [
    b"", b"\xff\x00", b"[]", b"null", b'"exec"', b'{"exec": 1}', b'{"exec": {}}', b'{"metrics": {}}',
    b'{"upgrade": {}}', b'{"report": {}}', b'{"report": {"interval": 0}}', b'{"report": {"interval": -1}}',
    b'{"report": {"interval": 86401}}', b'{"report": {"interval": 1.5}}', b'{"report": {"interval": "often"}}',
    b'{"upgrade": 1}', b"[" * 100_000,
    json.dumps({"exec": {"id": "e", "task_id": "t", "url": "u", "token": "x", "command": []}}).encode(),
    json.dumps({"exec": {"id": "e", "task_id": "t", "url": "u", "token": "x", "command": "sh"}}).encode(),
    b" " * LONGEST + json.dumps(write(ExecutorRequest(LEAST))).encode()])
def test_whatever_else_comes_is_nothing(data: bytes) -> None:
    assert requested(data) is None
