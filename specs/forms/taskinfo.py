"""A TaskInfo from whatever it is written in: JSON text, a mapping, protobuf bytes.

People write files and want to know about a misspelt field: `strict`. The wire may carry what we
have not heard of: not strict. Nothing but SpecError is raised, whatever the input;
`specs/forms/codec.py` says what both ways of reading mean.
"""
from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from specs.errors import SpecError
from specs.forms import codec, wire
from specs.forms.scalars import step
from specs.messages.check import PARTS
from specs.messages.command import CommandInfo
from specs.messages.task import TaskInfo
from specs.messages.task_data import TaskData

_DATA_FIELDS: Final = frozenset(each.name for each in dataclasses.fields(TaskData))
_SCHEMES: Final = frozenset({None, "http", "https"})


def task_from_mapping(mapping: object, *, strict: bool, without_agent: bool = False) -> TaskInfo:
    """The task that a mapping in Mesos's JSON form says.

    `without_agent`: agent_id may be absent and is "" then, as in a file for `mesos-docker run`,
    where the scheduler puts in the agent whose offer it takes.
    """
    if without_agent and isinstance(mapping, Mapping) and mapping.get("agent_id") is None:
        mapping = {**mapping, "agent_id": {"value": ""}}
    return codec.read(TaskInfo, mapping, strict=strict)


def task_from_json(text: str | bytes, strict: bool = True, *,
                   without_agent: bool = False) -> TaskInfo:
    """The task that a JSON text says; bytes are UTF-8."""
    return task_from_mapping(json_value(text, strict=strict), strict=strict,
                             without_agent=without_agent)


def task_from_protobuf(data: bytes) -> TaskInfo:
    """The task in a serialized mesos.v1.TaskInfo."""
    return codec.read(TaskInfo, wire.decode("mesos.v1.TaskInfo", data), strict=False)


def json_value(text: str | bytes, *, strict: bool) -> Any:
    """What a JSON text says.

    Strict also refuses a key that occurs twice in one object (JSON leaves open what that means;
    Mesos takes the last). Both refuse NaN and Infinity outside of quotes, which Python would take
    and Mesos does not, and numbers that a double cannot hold, which Python would take for infinite.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise SpecError("", f"is not UTF-8 at byte {error.start}") from error
    try:
        return json.loads(text, object_pairs_hook=_unique if strict else None,
                          parse_constant=_no_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise SpecError("",
                        f"is not JSON: {error.msg} at line {error.lineno} column {error.colno}") from error
    except RecursionError as error:
        raise SpecError("", "is nested too deeply") from error
    except SpecError:
        raise
    except ValueError as error:  # Python refuses to read integers of more than 4,300 digits
        raise SpecError("", f"is not JSON that can be read: {error}") from error


def docker_task(task: TaskInfo) -> TaskInfo:
    """The task as an executor runs it: with the command that belongs into its container.

    A task for a custom executor cannot carry a `command`, the master refuses it next to `executor`;
    the command then stands in `data`. Without data there is none (the image's own command runs).
    """
    if task.executor is None or not task.data:
        return task
    return dataclasses.replace(task, command=task_data(task).command or CommandInfo())


def task_data(task: TaskInfo) -> TaskData:
    """What a task for a custom executor says in its data. Raises SpecError."""
    if task.executor is None or not task.data:
        return TaskData()
    try:
        return read_task_data(task.data)
    except SpecError as error:
        raise error.under("data") from error


def read_task_data(data: bytes) -> TaskData:
    """What is in TaskInfo.data: JSON such as `{"command": {…}}`, or a serialized
    mesos.v1.CommandInfo.

    The first byte tells them apart: "{" cannot begin a CommandInfo (white space can: a line feed is
    the tag of `uris`).
    """
    if data[:1] != b"{":
        message = wire.decode("mesos.v1.CommandInfo", data)
        if not message:  # some plain texts pass as messages of unknown fields only
            raise SpecError("", "is neither JSON nor a serialized mesos.v1.CommandInfo")
        return TaskData(codec.read(CommandInfo, message, strict=False))
    value = json_value(data, strict=False)
    for name in value:
        if name not in _DATA_FIELDS:
            raise codec.unknown_field(name, _DATA_FIELDS, "TaskInfo.data")
    found = codec.read(TaskData, value, strict=False)
    for index, check in enumerate(found.health_checks):
        part = PARTS.get(check.type or "")
        if part is None or getattr(check, part) is None:
            raise SpecError(f"health_checks[{index}]", "is a check of type COMMAND, HTTP or TCP, and says which")
    if found.check_scheme not in _SCHEMES:
        raise SpecError("check_scheme", f"is http or https, not {found.check_scheme}")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise SpecError("", f"has the key \"{step(twice)}\" twice in one object")
    return result


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise SpecError("", f"is not JSON that can be read: the number {step(text)} is too large")
    return value


def _no_constant(name: str) -> NoReturn:
    raise SpecError("", f'is not JSON: write "{name}" in quotes')
