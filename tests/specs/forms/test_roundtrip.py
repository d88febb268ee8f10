"""Nothing is lost between mapping, dataclass and bytes, whatever a message holds."""
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from specs.forms import codec, wire
from specs.forms.taskinfo import task_from_json, task_from_mapping, task_from_protobuf
from specs.messages.offer import AgentInfo, FrameworkInfo, InverseOffer, MasterInfo, Offer
from specs.messages.status_message import StatusMessage
from specs.messages.task import ExecutorInfo, TaskInfo
from tests.specs.strategies import messages

NAMES = {StatusMessage: "TaskStatus"}


@given(messages(TaskInfo))
@settings(max_examples=150)
def test_a_task_survives_json_and_protobuf(task: TaskInfo) -> None:
    mapping = codec.write(task)
    assert task_from_mapping(mapping, strict=True) == task
    assert task_from_mapping(mapping, strict=False) == task
    assert task_from_json(json.dumps(mapping)) == task
    data = wire.encode("mesos.v1.TaskInfo", mapping)
    assert task_from_protobuf(data) == task
    assert codec.write(task_from_protobuf(data)) == mapping


@pytest.mark.parametrize("message", [
    Offer, InverseOffer, ExecutorInfo, FrameworkInfo, AgentInfo, MasterInfo, StatusMessage,
], ids=lambda message: message.__name__)
def test_every_other_message_does_too(message: type[Any]) -> None:
    name = f"mesos.v1.{NAMES.get(message, message.__name__)}"

    @given(messages(message, 3))
    @settings(max_examples=40)
    def survives(value: Any) -> None:
        mapping = codec.write(value)
        assert codec.read(message, mapping, strict=True) == value
        decoded = wire.decode(name, wire.encode(name, mapping))
        assert codec.read(message, decoded, strict=False) == value
        assert wire.encode(name, decoded) == wire.encode(name, mapping)

    survives()
