"""Stages and ends as words: one for each phase, and for each way to end."""
from __future__ import annotations

from dataclasses import replace

import pytest

from executor.engine.failures import DaemonUnavailable, ImageNotFound
from executor.life.outcomes import (
    BroughtDown,
    Cause,
    Exit,
    Failure,
    HostRebooted,
    NotRun,
    Outcome,
    Refused,
    SecondTask,
    Signalled,
    Unknown,
    Unstarted,
)
from executor.life.task import Phase, Task, Terms
from executor.telemetry.stages import has_started, stage, why_over


def task(phase: Phase, **more: object) -> Task:
    return replace(Task("t", Terms(), phase), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("phase", "container", "expected"), [
    (Phase.FETCHING, None, "fetch"), (Phase.PULLING, None, "pull"), (Phase.STARTING, None, "create"),
    (Phase.STARTING, "c", "start"), (Phase.ABORTING, "c", None), (Phase.RUNNING, "c", None),
    (Phase.TERMINATING, "c", "stop"), (Phase.FORCING, "c", "stop"), (Phase.ENDING, "c", None),
    (Phase.DONE, "c", None)])
def test_stages(phase: Phase, container: str | None, expected: str | None) -> None:
    assert stage(task(phase, container=container)) == expected


def test_when_it_has_started() -> None:
    assert has_started(task(Phase.STARTING), task(Phase.RUNNING))
    assert not has_started(task(Phase.RUNNING), task(Phase.RUNNING))
    assert not has_started(task(Phase.STARTING), task(Phase.TERMINATING))


@pytest.mark.parametrize(("outcome", "cause", "expected"), [
    (Exit(0), None, "finished"), (Exit(3), None, "exit"), (Exit(137), None, "signal"),
    (Exit(137, oom=True), None, "oom"), (Exit(137, oom=True), Cause.KILL, "oom"),
    (Exit(143), Cause.KILL, "kill"), (Exit(0), Cause.SHUTDOWN, "shutdown"), (Exit(0), Cause.HEALTH, "health"),
    (Exit(0), Cause.COMPLETION, "completion"), (Exit(137, removed=True), None, "removed"),
    (Unknown(removed=True), None, "removed"), (Unknown(), None, "unknown"), (Signalled(9), None, "signal"),
    (NotRun(Failure(ImageNotFound, "")), None, "not_started_task"),
    (NotRun(Failure(DaemonUnavailable, "")), None, "not_started_node"), (Refused("bad"), None, "refused"),
    (BroughtDown("create"), None, "executor"), (HostRebooted(), None, "reboot"),
    (SecondTask(), None, "refused"), (Unstarted("pulling the image"), Cause.KILL, "kill"), (None, None, "unknown")])
def test_why_it_is_over(outcome: Outcome | None, cause: Cause | None, expected: str) -> None:
    assert why_over(task(Phase.DONE, outcome=outcome, cause=cause)) == expected
