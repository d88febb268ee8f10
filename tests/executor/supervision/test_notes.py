"""What is noted of a task, and that no secret is."""
from __future__ import annotations

import json
from base64 import b64decode, b64encode

import pytest

from executor.engine.failures import DaemonUnavailable
from executor.journal.records import ContainerMade, EndNoted, Record, StartUnsaid, StepBegan, StepOver
from executor.life import events as e
from executor.life.lifecycle import accept, advance
from executor.life.outcomes import Cause, Failure
from executor.life.task import Terms
from executor.supervision.succession.notes import began, notes
from specs.forms import wire

SECRET = {"type": "VALUE", "value": {"data": "Z2VoZWlt"}}
VARIABLE = {"name": "KEY", "type": "SECRET", "secret": SECRET}
COMMAND = {"value": "true", "environment": {"variables": [VARIABLE, {"name": "A", "value": "b"}]}}


def noted(*events: e.Event) -> list[Record]:
    task, effects = accept("t", Terms(killing=True))
    found = notes(task, task, effects, 10.0)
    for event in events:
        following, effects = advance(task, event)
        found += notes(task, following, effects, 10.0)
        task = following
    return found


def test_a_start_is_a_step_and_its_container_is_noted_before_it_is_started() -> None:
    assert noted(e.Created("c"), e.Started("c", True, 7, None, (), b"")) == [
        StepBegan("t", "start"), ContainerMade("t", "c"), StepOver("t")]
    assert noted(e.ImageMissing(), e.Pulled()) == [
        StepBegan("t", "start"), StepOver("t"), StepBegan("t", "start")]


def test_a_start_that_was_not_answered_is_noted_before_what_may_run_is_removed() -> None:
    unclear = e.StartUnclear(Failure(DaemonUnavailable, "no answer"))
    assert noted(e.Created("c"), unclear)[2:] == [
        StepOver("t"), StartUnsaid("t", "DaemonUnavailable", "no answer")]


def test_an_end_is_noted_with_the_time_that_its_grace_is_over() -> None:
    started = e.Created("c"), e.Started("c", True, 7, None, (), b"")
    kill = e.EndRequested(Cause.KILL, 5.0)
    assert noted(*started, kill)[3:] == [EndNoted("t", "KILL", "", 0.0, 15.0)]
    assert noted(*started, kill, e.EndRequested(Cause.KILL, 2.0))[4:] == [EndNoted("t", "KILL", "", 0.0, 12.0)]
    assert noted(*started, kill, e.GraceOver())[4:] == [EndNoted("t", "KILL", "", 0.0, 10.0)]
    assert noted(e.Created("c"), kill)[2:] == [EndNoted("t", "KILL", "", 5.0, None)]


@pytest.mark.parametrize("data", [
    None, json.dumps({"command": COMMAND}).encode(), wire.encode("mesos.v1.CommandInfo", COMMAND)],
    ids=["in the command", "in the data", "in protobuf"])
def test_the_value_of_a_secret_is_not_noted(data: bytes | None) -> None:
    message = {"name": "t", **({"command": COMMAND} if data is None else {"data": b64encode(data).decode()})}
    record = began("t", message, 1.0, frozenset())
    said = json.loads(record.info)
    kept = said["command"] if data is None else json.loads(b64decode(said["data"]))["command"]
    assert record.blanked
    assert kept["environment"]["variables"][0]["secret"]["value"]["data"] == ""
    assert kept["environment"]["variables"][1]["value"] == "b"


def test_what_has_no_secret_is_noted_as_it_came() -> None:
    message = {"name": "t", "data": b64encode(b'{"command":{"value":"true"}}').decode()}
    record = began("t", message, 1.0, frozenset({"B", "A"}))
    assert (json.loads(record.info), record.capabilities, record.blanked) == (message, ("A", "B"), False)
