"""Nothing of a task is dropped in silence: every field of every message has a row, and a row that says "honoured" is
shown to change something, one that says "refused" to refuse."""
from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_args, get_origin

import pytest

from executor.admission.agreement import agree
from executor.life.health import Result, health, interpret, schedule
from executor.node.probes import probe
from executor.settings.settings import Settings
from specs.container.fields import FIELDS, Fate, otherwise_by_mesos, present
from specs.container.from_task import container_of
from specs.container.payload import create_payload
from specs.container.place import Place
from specs.errors import SpecError
from specs.forms import codec
from specs.forms.taskinfo import docker_task, task_from_mapping
from specs.forms.wire import schema
from specs.messages.fields import OneOf, Wrapped
from specs.messages.task import ExecutorInfo, TaskInfo
from specs.words.uri import target_name
from tests.specs.container.field_examples import PAIRS, REFUSED, TASK, Json, container, value


def paths(message: Any, path: str = "") -> Iterator[str]:
    """Every field that a message can have, at any depth, but for what is in a field that one row settles."""
    for name, hint in codec.hints(message).items():
        kind, brackets = inner(hint)
        here = f"{path}.{name}" if path else name
        yield here
        if dataclasses.is_dataclass(kind) and (here not in FIELDS or FIELDS[here].fate is Fate.HONOURED):
            yield from paths(kind, here + brackets)


def inner(hint: Any) -> tuple[Any, str]:
    kind = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if get_origin(kind) is tuple:
        return inner(get_args(kind)[0])[0], "[]"
    return (inner(get_args(kind)[1])[0], "") if get_origin(kind) is Mapping else (kind, "")


def marked(hint: Any) -> list[Any]:
    """What is said beside a type, and beside that of what a list or a map has in it."""
    own = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    kind = get_args(hint)[0] if own else hint
    parts = get_args(kind) if get_origin(kind) in {tuple, Mapping} else ()
    return [*own, *(each for part in parts for each in marked(part))]


def unlike(message: Any, name: str, seen: set[str]) -> Iterator[str]:
    """Where a message of ours is not what the .proto file has, at any depth."""
    if name in seen:
        return
    seen.add(name)
    fields, known = schema(name), codec.hints(message)
    yield from (f"{name}.{field}" for field in fields.keys() ^ known.keys())
    for field in fields.keys() & known.keys():
        kind, markers = inner(known[field])[0], marked(known[field])
        wrapped = next((each.key for each in markers if isinstance(each, Wrapped)), None)
        theirs = fields[field]
        if wrapped is not None and theirs.message is not None:
            inside = schema(theirs.message)
            yield from (f"{name}.{field}.{each}" for each in inside.keys() ^ {wrapped})
            theirs = inside[wrapped]
        for each in markers:
            if isinstance(each, OneOf) and set(each.names) != set(theirs.enum or ()):
                yield f"{name}.{field}: its values"
        if dataclasses.is_dataclass(kind):
            assert theirs.message is not None
            yield from unlike(kind, theirs.message, seen)
        elif theirs.message is not None:
            yield f"{name}.{field}: a message"


def test_the_messages_have_all_fields_and_values_of_the_proto_files() -> None:
    seen: set[str] = set()
    task: Any = TaskInfo
    assert list(unlike(task, "mesos.v1.TaskInfo", seen)) == []
    assert seen >= {f"mesos.v1.{name}" for name in (
        "TaskInfo", "CommandInfo", "ContainerInfo", "ContainerInfo.DockerInfo", "Resource",
        "ExecutorInfo")}


def test_every_field_has_a_row_and_every_row_a_field() -> None:
    task: Any = TaskInfo
    executor: Any = ExecutorInfo
    known = {*paths(task), *(f"executor.{name}" for name in codec.hints(executor))}
    assert known == set(FIELDS)


PLACE = Place("n", "/sandbox", total_memory=1 << 34)
ELSEWHERE = {  # honoured where no container is made
    "task_id": "tests/executor/admission: the sandbox's name",
    "agent_id": "tests/specs/rules: the master compares it",
    **dict.fromkeys((path for path in FIELDS if path.endswith("secret.reference.key")), "no resolver is there yet"),
}


def outcome(patch: Json) -> Any:
    """All that becomes of a task: its container, its terms, its probes, its files; or why it is refused."""
    try:
        given = {name: item for name, item in {**copy.deepcopy(TASK), **patch}.items() if item is not None}
        task = docker_task(task_from_mapping(given, strict=True))
        options = container_of(task, PLACE)
    except SpecError as error:
        return error.path, error.problem
    agreed = agree(task, Settings(directory="/d"), frozenset())
    checks = [(probe(check), schedule(check)) for check in (task.health_check, task.check) if check is not None]
    judged = [] if task.health_check is None else [health(task.health_check)]
    files = [(each.value, target_name(each.value, each.output_file), each.executable, each.extract, each.cache)
             for each in (task.command.uris if task.command is not None else ())]
    secrets = [(each.source, each.target, each.data) for each in options.secret_files]
    return create_payload(options), secrets, agreed.terms, agreed.kill_grace, checks, judged, files


def leaves() -> list[str]:
    outer = {path for path in FIELDS if any(other.startswith((f"{path}.", f"{path}[")) for other in FIELDS)}
    honoured = {path for path, row in FIELDS.items() if row.fate is Fate.HONOURED}
    return sorted(honoured - (outer - {"container.tty_info"}))


@pytest.mark.parametrize("path", leaves())
def test_what_is_honoured_changes_something(path: str) -> None:
    if path in ELSEWHERE:
        return
    before, after = PAIRS[path]
    assert outcome(before) != outcome(after)


@pytest.mark.parametrize("path", [path for path, row in FIELDS.items() if row.fate is Fate.REFUSED])
def test_what_is_refused_is_refused_with_its_path(path: str) -> None:
    found = outcome(REFUSED[path])
    assert isinstance(found[0], str), f"{path} is not refused"
    assert found == (path.replace("[]", "[0]"), FIELDS[path].note)


def test_what_mesos_does_otherwise_is_told_once_for_all_that_is_in_it() -> None:
    secret = {"mode": "RW", "container_path": "/a", "source": {"type": "SECRET", "secret": value("YQ==")}}
    told = container(tty_info={}, linux_info={"shm_size": 1}, volumes=[secret])
    task = task_from_mapping({**TASK, **told}, strict=True)
    assert list(otherwise_by_mesos(task)) == [
        ("leaves out", "container.volumes[0].source.secret"), ("leaves out", "container.linux_info.shm_size"),
        ("leaves out", "container.tty_info")]
    assert list(present(task, "resources[].name")) == [
        ("resources[0].name", "cpus"), ("resources[1].name", "mem"), ("resources[2].name", "ports")]


def test_statuses_of_a_health_check_say_what_is_healthy() -> None:
    assert interpret(Result(status_code=404, succeeded=True))
    assert not interpret(Result(status_code=200, succeeded=False))
    assert interpret(Result(status_code=200))
