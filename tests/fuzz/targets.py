"""What a fuzzer does with one input: the readers may return a value or raise SpecError, and a value must survive.

Plain functions without a fuzzer in them, so that hypothesis, atheris and a test of one crash can all call them.
"""
from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Final

from specs.errors import SpecError
from specs.forms import codec, wire
from specs.forms.taskinfo import docker_task, task_from_json, task_from_mapping, task_from_protobuf
from specs.forms.taskstatus import status_from_mapping
from specs.messages.command import CommandInfo
from specs.messages.offer import FrameworkInfo, Offer
from specs.messages.status_message import StatusMessage
from specs.messages.task import ExecutorInfo, TaskInfo

MESSAGES: Final[Mapping[str, type[Any]]] = {
    "mesos.v1.TaskInfo": TaskInfo, "mesos.v1.Offer": Offer, "mesos.v1.TaskStatus": StatusMessage,
    "mesos.v1.ExecutorInfo": ExecutorInfo, "mesos.v1.FrameworkInfo": FrameworkInfo, "mesos.v1.CommandInfo": CommandInfo,
}
APIS: Final = tuple(f"mesos.v1.{name}" for name in (
    "scheduler.Call", "scheduler.Event", "executor.Call", "executor.Event", "master.Call", "master.Response",
    "master.Event", "agent.Call", "agent.Response"))


def protobuf_bytes(data: bytes) -> None:
    """The first byte chooses the message, the rest is read as one."""
    names = (*MESSAGES, *APIS)
    name = names[data[0] % len(names)] if data else names[0]
    try:
        mapping = wire.decode(name, data[1:])
    except SpecError as error:
        _printable(error)
        return
    again = wire.encode(name, mapping)
    assert wire.encode(name, wire.decode(name, again)) == again, "bytes → mapping → bytes is stable"
    if name in MESSAGES:
        value = codec.read(MESSAGES[name], mapping, strict=False)
        written = wire.encode(name, codec.write(value))  # compared as bytes, because NaN is not equal to itself
        value = codec.read(MESSAGES[name], codec.write(value), strict=False)
        assert wire.encode(name, codec.write(value)) == written, "value → mapping → value is stable"
    if name == "mesos.v1.TaskInfo":
        _task(task_from_protobuf(data[1:]))


def json_text(data: bytes) -> None:
    """Bytes as a JSON text of a task, strict and lenient."""
    for strict in (True, False):
        try:
            task = task_from_json(data, strict=strict, without_agent=True)
        except SpecError as error:
            _printable(error)
        else:
            _task(task)


def mapping(value: Any) -> None:
    """Any JSON value as each of the messages."""
    readers: list[Callable[[Any], Any]] = [status_from_mapping]
    for strict in (True, False):
        readers.append(functools.partial(task_from_mapping, strict=strict))
        readers += [functools.partial(codec.read, message, strict=strict) for message in MESSAGES.values()]
    for reader in readers:
        try:
            reader(value)
        except SpecError as error:
            _printable(error)


def _task(task: TaskInfo) -> None:
    try:
        docker_task(task)
    except SpecError as error:
        _printable(error)
    assert task_from_mapping(codec.write(task), strict=False).task_id == task.task_id


def _printable(error: SpecError) -> None:
    """An error goes into a TaskStatus and onto a terminal: it must be text that UTF-8 can carry."""
    str(error).encode("utf-8")
