"""A task from text, mapping or bytes; and the command that a custom executor finds in its data."""
from __future__ import annotations

import json
from typing import Any

import pytest

from specs.errors import SpecError
from specs.forms import wire
from specs.forms.taskinfo import (
    docker_task,
    read_task_data,
    task_data,
    task_from_json,
    task_from_mapping,
    task_from_protobuf,
)
from specs.messages.check import HealthCheck, HTTPCheckInfo
from specs.messages.task import (
    URI,
    CommandInfo,
    ContainerInfo,
    DockerInfo,
    Environment,
    ExecutorInfo,
    TaskInfo,
    Variable,
)
from specs.messages.task_data import TaskData

TASK = {"name": "web", "task_id": {"value": "web.1"}, "agent_id": {"value": "S0"}}
TEXT = json.dumps(TASK)


def test_the_three_forms_are_one_task() -> None:
    expected = TaskInfo("web.1", "web", "S0")
    assert task_from_mapping(TASK, strict=True) == expected
    assert task_from_json(TEXT) == expected
    assert task_from_json(b"\xef\xbb\xbf" + TEXT.encode()) == expected  # Windows editors put a byte order mark
    assert task_from_protobuf(wire.encode("mesos.v1.TaskInfo", TASK)) == expected


@pytest.mark.parametrize(("text", "problem"), [
    ("", "is not JSON: Expecting value at line 1 column 1"),
    ('{"name": "a",\n "task_id": }', "is not JSON: Expecting value at line 2 column 13"),
    (TEXT + "x", f"is not JSON: Extra data at line 1 column {len(TEXT) + 1}"),
    (b'{"name": "\xff"}', "is not UTF-8 at byte 10"),
    ('{"limits": {"cpus": {"value": Infinity}}}', 'is not JSON: write "Infinity" in quotes'),
    ('{"x": NaN}', 'is not JSON: write "NaN" in quotes'),
    ("[" * 200_000, "is nested too deeply"),
    ('{"limits": {"cpus": {"value": 1e999}}}', "is not JSON that can be read: the number 1e999 is too large"),
    ('{"name": "a", "name": "b"}', 'has the key "name" twice in one object'),
    ("[]", "must be an object, found a list"),
])
def test_what_is_wrong_with_a_text(text: str | bytes, problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        task_from_json(text)
    assert caught.value.problem == problem


def test_an_integer_too_long_to_read_is_an_error() -> None:
    with pytest.raises(SpecError, match="is not JSON that can be read"):
        task_from_json('{"name": ' + "1" * 5000 + "}")


def test_lenient_takes_the_last_of_duplicate_keys_as_mesos_does() -> None:
    assert task_from_json('{"name": "a", ' + TEXT[1:], strict=False).name == "web"


def test_a_file_for_run_needs_no_agent() -> None:
    without = {"name": "web", "task_id": {"value": "web.1"}}
    assert task_from_mapping(without, strict=True, without_agent=True).agent_id == ""
    assert task_from_json(json.dumps(without), without_agent=True).agent_id == ""
    assert task_from_json(TEXT, without_agent=True).agent_id == "S0"
    with pytest.raises(SpecError, match="agent_id: is required"):
        task_from_json(json.dumps(without))
    with pytest.raises(SpecError, match="must be an object, found a list"):
        task_from_mapping([], strict=True, without_agent=True)


@pytest.mark.parametrize("data", [b"", b"\x00", b"{}", TEXT.encode(), b"\x0a\xff\xff\xff\xff\xff\xff"])
def test_bytes_that_are_no_task(data: bytes) -> None:
    with pytest.raises(SpecError):
        task_from_protobuf(data)


COMMAND = CommandInfo(value="echo hi", shell=True, environment=Environment((Variable("A", "1"),)))
COMMAND_JSON = {"value": "echo hi", "shell": True, "environment": {"variables": [{"name": "A", "value": "1"}]}}


@pytest.mark.parametrize(("data", "command"), [
    (json.dumps({"command": COMMAND_JSON}).encode(), COMMAND),
    (wire.encode("mesos.v1.CommandInfo", COMMAND_JSON), COMMAND),
    (b'{"command": null}', CommandInfo()),
    (b"{}", CommandInfo()),
    # A first field of 123 bytes: line feed, "{". Only the very first byte tells.
    (wire.encode("mesos.v1.CommandInfo", {"uris": [{"value": "x" * 121}]}), CommandInfo(uris=(URI("x" * 121),))),
    (b'{"command": {"value": "a", "new_in_mesos_2": 1}}', CommandInfo("a")),
])
def test_the_command_in_the_data(data: bytes, command: CommandInfo) -> None:
    assert (read_task_data(data).command or CommandInfo()) == command


def test_what_only_our_executor_does_is_in_the_data() -> None:
    check = {"type": "HTTP", "http": {"port": 80, "path": "/"}, "interval_seconds": 5}
    data = {"command": {"value": "x"}, "health_checks": [check], "ignore_http_1xx": True, "check_scheme": "https"}
    found = read_task_data(json.dumps(data).encode())
    first = HealthCheck("HTTP", http=HTTPCheckInfo(80, "/"), interval_seconds=5.0)
    assert found == TaskData(CommandInfo("x"), (first,), ignore_http_1xx=True, check_scheme="https")
    assert task_data(custom(None)) == TaskData()


@pytest.mark.parametrize(("data", "problem"), [
    (b'{"comand": {}}', 'data.comand: is not a field of TaskInfo.data; did you mean "command"?'),
    (b'{"command": {"shell": "maybe"}}', "data.command.shell: must be true or false, found the text 'maybe'"),
    (b'{"command": ', "data: is not JSON: Expecting value at line 1 column 13"),
    (b'{"health_checks": [{"type": "HTTP"}]}',
     "data.health_checks[0]: is a check of type COMMAND, HTTP or TCP, and says which"),
    (b'{"check_scheme": "gopher"}', "data.check_scheme: is http or https, not gopher"),
    (b"echo hi", "data: is neither JSON nor a serialized mesos.v1.CommandInfo"),
])
def test_data_that_is_no_command(data: bytes, problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        docker_task(custom(data))
    assert str(caught.value) == problem


def custom(data: bytes | None) -> TaskInfo:
    container = ContainerInfo("DOCKER", docker=DockerInfo("image"))
    return TaskInfo("t", "n", "a", executor=ExecutorInfo("e"), container=container, data=data)


def test_the_task_that_an_executor_runs() -> None:
    assert docker_task(custom(b'{"command": {"value": "x"}}')).command == CommandInfo("x")
    assert docker_task(custom(None)).command is None
    assert docker_task(custom(b"")).command is None
    with_command = TaskInfo("t", "n", "a", command=CommandInfo("x"), data=b"anything")
    assert docker_task(with_command) is with_command


def test_an_error_can_be_seen_from_further_out() -> None:
    error: Any = SpecError("[0].name", "is required").under("tasks").under("task_group")
    assert (error.path, str(error)) == ("task_group.tasks[0].name", "task_group.tasks[0].name: is required")
    assert str(SpecError("", "no")) == "no"
