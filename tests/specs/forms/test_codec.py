"""What is said of a message that cannot be read: where, what was expected, what was found, what was probably meant."""
from __future__ import annotations

from typing import Any

import pytest

from specs.errors import SpecError
from specs.forms import codec
from specs.messages.check import HealthCheck
from specs.messages.offer import FaultDomain, Offer
from specs.messages.resource import Resource
from specs.messages.status_message import StatusMessage
from specs.messages.task import ContainerInfo, DockerInfo, KillPolicy, Label, Range, RLimit, TaskInfo, Variable

TASK = {"name": "web", "task_id": {"value": "web.1"}, "agent_id": {"value": "S0"}}
INT64 = 1 << 63


def docker(**fields: Any) -> dict[str, Any]:
    return {**TASK, "container": {"type": "DOCKER", "docker": {"image": "nginx", **fields}}}


BOTH_WAYS: list[tuple[Any, str, str | None]] = [  # (what is read, the error's path, its problem), strict or not
    ("a task", "", "must be an object, found the text 'a task'"),
    ([TASK], "", "must be an object, found a list"),
    (None, "", "must be an object, found null"),
    (3, "", "must be an object, found the number 3"),
    ({}, "task_id", "is required"),
    ({"task_id": {"value": "t"}}, "name", "is required"),
    ({"task_id": {"value": "t"}, "name": "n"}, "agent_id", "is required"),
    ({**TASK, "agent_id": None}, "agent_id", "is required"),
    ({**TASK, "name": 5}, "name", "must be a text, found the number 5"),
    ({**TASK, "name": True}, "name", "must be a text, found true"),
    ({**TASK, "name": {"value": "x"}}, "name", "must be a text, found an object"),
    ({**TASK, "name": "\ud83d"}, "name", r"must be valid Unicode, found the text '\ud83d'"),
    ({**TASK, "task_id": "web.1"}, "task_id", "must be an object {\"value\": …}, found the text 'web.1'"),
    ({**TASK, "task_id": {"value": 1}}, "task_id.value", "must be a text, found the number 1"),
    ({**TASK, "task_id": {}}, "task_id.value", "is required"),
    ({**TASK, "task_id": {"value": None}}, "task_id.value", "is required"),
    ({**TASK, "resources": {"cpus": 1}}, "resources", "must be a list, found an object"),
    ({**TASK, "resources": [{"name": "a", "type": "SET"}, {"type": "SET"}]}, "resources[1].name", "is required"),
    ({**TASK, "resources": [{"name": "cpus", "type": "SCALAR", "scalar": 1}]}, "resources[0].scalar",
     "must be an object {\"value\": …}, found the number 1"),
    ({**TASK, "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": "one"}}]},
     "resources[0].scalar.value", "must be a number, found the text 'one'"),
    ({**TASK, "resources": [{"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": -1, "end": 2}]}}]},
     "resources[0].ranges.range[0].begin", f"must be an integer from 0 to {2 * INT64 - 1}, found the number -1"),
    ({**TASK, "limits": {"cpus": 2}}, "limits.cpus", "must be an object {\"value\": …}, found the number 2"),
    ({**TASK, "limits": [2]}, "limits", "must be an object, found a list"),
    ({**TASK, "data": "not base64!"}, "data", "must be bytes in base64, found the text 'not base64!'"),
    ({**TASK, "data": 1}, "data", "must be bytes in base64, found the number 1"),
    ({**TASK, "kill_policy": {"grace_period": {"nanoseconds": "soon"}}}, "kill_policy.grace_period.nanoseconds",
     "must be an integer, found the text 'soon'"),
    ({**TASK, "kill_policy": {"grace_period": {"nanoseconds": 1.5}}}, "kill_policy.grace_period.nanoseconds",
     "must be an integer, found the number 1.5"),
    ({**TASK, "kill_policy": {"grace_period": {"nanoseconds": INT64}}}, "kill_policy.grace_period.nanoseconds",
     f"must be an integer from {-INT64} to {INT64 - 1}, found the number {INT64}"),
    ({**TASK, "kill_policy": {"grace_period": {"nanoseconds": 10 ** 5000}}}, "kill_policy.grace_period.nanoseconds",
     f"must be an integer from {-INT64} to {INT64 - 1}, found a very large number"),
    ({**TASK, "kill_policy": {"grace_period": 5}}, "kill_policy.grace_period",
     "must be an object {\"nanoseconds\": …}, found the number 5"),
    ({**TASK, "max_completion_time": {"nanoseconds": True}}, "max_completion_time.nanoseconds",
     "must be an integer, found true"),
    (docker(privileged=1), "container.docker.privileged", "must be true or false, found the number 1"),
    (docker(image=None), "container.docker.image", "is required"),
    (docker(parameters=[{"key": "cap-add"}]), "container.docker.parameters[0].value", "is required"),
    (docker(port_mappings=[{"host_port": 80, "container_port": 1 << 32}]),
     "container.docker.port_mappings[0].container_port",
     "must be an integer from 0 to 4294967295, found the number 4294967296"),
    (docker(network=4), "container.docker.network", None),
]

STRICT_ONLY: list[tuple[Any, str, str | None]] = [
    ({**TASK, "nmae": "x"}, "nmae", 'is not a field of TaskInfo; did you mean "name"?'),
    ({**TASK, "taskId": {"value": "x"}}, "taskId", 'is not a field of TaskInfo; did you mean "task_id"?'),
    (TASK | {5: "x"}, "5", None),
    (docker(Image="x"), "container.docker.Image", 'is not a field of DockerInfo; did you mean "image"?'),
    ({**TASK, "container": {"type": "DOCKER", "rlimit_info": {"x": []}}}, "container.rlimit_info.x",
     "is not a field of RLimitInfo; its fields are rlimits"),
    ({**TASK, "resources": [None]}, "resources[0]", "must be an object, found null"),
    ({**TASK, "image": "nginx"}, "image", 'is not a field of TaskInfo; did you mean "container.docker.image"?'),
    ({**TASK, "host_path": "/x"}, "host_path",
     'is not a field of TaskInfo; did you mean "container.volumes[].host_path"?'),
    ({**TASK, "command": {"secret": {}}}, "command.secret",
     'is not a field of CommandInfo; did you mean "environment.variables[].secret"?'),
    (docker(network="bridge"), "container.docker.network",
     "must be one of HOST, BRIDGE, NONE, USER, found the text 'bridge'; did you mean \"BRIDGE\"?"),
    (docker(network="MACVLAN"), "container.docker.network",
     "must be one of HOST, BRIDGE, NONE, USER, found the text 'MACVLAN'"),
    (docker(privileged="true"), "container.docker.privileged", "must be true or false, found the text 'true'"),
    ({**TASK, "container": {"docker": {"image": "x"}, "type": "Docker"}}, "container.type",
     "must be one of DOCKER, MESOS, found the text 'Docker'; did you mean \"DOCKER\"?"),
    ({**TASK, "task_id": {"value": "x", "val": 1}}, "task_id.val",
     'is not a field of this object; did you mean "value"?'),
    ({**TASK, "labels": {"label": []}}, "labels.label", 'is not a field of this object; did you mean "labels"?'),
    ({**TASK, "labels": [{"key": "a"}]}, "labels", 'must be an object {"labels": …}, found a list'),
    ({**TASK, "resources": [{"name": "m", "type": "SCALAR", "shared": {"x": 1}}]}, "resources[0].shared.x",
     "is not a field of SharedInfo; its fields are none"),
]


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "lenient"])
@pytest.mark.parametrize(("value", "path", "problem"), BOTH_WAYS)
def test_an_error_says_where_and_what(value: Any, path: str, problem: str | None, strict: bool) -> None:
    with pytest.raises(SpecError) as caught:
        codec.read(TaskInfo, value, strict=strict)
    assert caught.value.path == path
    assert problem is None or caught.value.problem == problem
    assert "\ud83d" not in str(caught.value), "an error can be printed"


@pytest.mark.parametrize(("value", "path", "problem"), STRICT_ONLY)
def test_a_strict_error_says_what_was_probably_meant(value: Any, path: str, problem: str | None) -> None:
    with pytest.raises(SpecError) as caught:
        codec.read(TaskInfo, value, strict=True)
    assert caught.value.path == path
    assert problem is None or caught.value.problem == problem


@pytest.mark.parametrize("value", [value for value, _, _ in STRICT_ONLY if not isinstance(value.get("labels"), list)])
def test_lenient_reads_what_a_newer_mesos_might_send(value: Any) -> None:
    assert codec.read(TaskInfo, value, strict=False).name == "web"


def test_lenient_keeps_an_unknown_enum_value() -> None:
    docker_info = codec.read(DockerInfo, {"image": "x", "network": "MACVLAN"}, strict=False)
    assert docker_info == DockerInfo("x", network="MACVLAN")
    assert codec.write(docker_info) == {"image": "x", "network": "MACVLAN"}


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(("message", "mapping", "expected"), [
    (KillPolicy, {"grace_period": {"nanoseconds": "5000000000"}}, KillPolicy(5_000_000_000)),
    (KillPolicy, {"grace_period": {"nanoseconds": 5e9}}, KillPolicy(5_000_000_000)),
    (KillPolicy, {"grace_period": {"nanoseconds": "5e9"}}, KillPolicy(5_000_000_000)),
    (KillPolicy, {"grace_period": None}, KillPolicy()),
    (RLimit, {"type": "RLMT_AS", "hard": str(2 * INT64 - 1)}, RLimit("RLMT_AS", hard=2 * INT64 - 1)),
    (HealthCheck, {"delay_seconds": 3, "timeout_seconds": "1.5"}, HealthCheck(delay_seconds=3.0, timeout_seconds=1.5)),
    (HealthCheck, {"delay_seconds": "Infinity", "timeout_seconds": "-Infinity"},
     HealthCheck(delay_seconds=float("inf"), timeout_seconds=float("-inf"))),
    (Variable, {"name": "A", "value": ""}, Variable("A", "")),
    (Label, {"key": "k", "value": None}, Label("k")),
    (Resource, {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 1, "end": 2}]}},
     Resource("ports", "RANGES", ranges=(Range(1, 2),))),
    (Resource, {"name": "ports", "type": "RANGES", "ranges": {}}, Resource("ports", "RANGES", ranges=())),
    (FaultDomain, {"region": {"name": "r"}, "zone": {"name": "z"}}, FaultDomain("r", "z")),
    (ContainerInfo, {"type": "DOCKER", "network_infos": None}, ContainerInfo("DOCKER")),
])
def test_what_may_stand_for_a_value(message: type[Any], mapping: Any, expected: Any, strict: bool) -> None:
    assert codec.read(message, mapping, strict=strict) == expected


def test_base64_may_come_in_lines_and_without_padding() -> None:
    for text in ("aGVsbG8=", "aGVsbG8", "aGVs\nbG8=\n"):
        assert codec.read(TaskInfo, {**TASK, "data": text}, strict=True).data == b"hello"


def test_present_and_empty_is_not_absent_where_mesos_tells_them_apart() -> None:
    assert codec.write(Resource("ports", "RANGES", ranges=()))["ranges"] == {"range": []}
    assert codec.write(TaskInfo("t", "n", "a", data=b"")) == {
        "task_id": {"value": "t"}, "name": "n", "agent_id": {"value": "a"}, "data": ""}


def test_infinity_is_written_as_mesos_writes_it() -> None:
    task = TaskInfo("t", "n", "a", limits={"cpus": float("inf"), "mem": 64.0})
    assert codec.write(task)["limits"] == {"cpus": {"value": "Infinity"}, "mem": {"value": 64.0}}


def test_a_recursion_bomb_is_an_error() -> None:
    deep: dict[str, Any] = {"value": "c"}
    for _ in range(100_000):
        deep = {"value": "c", "parent": deep}
    status = {"task_id": {"value": "t"}, "state": "TASK_LOST", "container_status": {"container_id": deep}}
    with pytest.raises(SpecError, match="nested too deeply"):
        codec.read(StatusMessage, status, strict=False)
    while "parent" in deep:  # taken apart by hand: CPython frees nested dicts recursively
        deep = deep.pop("parent")


def test_an_offer_is_read() -> None:
    offer = codec.read(Offer, {
        "id": {"value": "O1"}, "framework_id": {"value": "F"}, "agent_id": {"value": "S0"}, "hostname": "h",
        "url": {"scheme": "http", "address": {"ip": "10.0.0.1", "port": 5051}, "path": "/slave(1)"},
        "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 4}, "allocation_info": {"role": "*"}}],
        "attributes": [{"name": "rack", "type": "TEXT", "text": {"value": "r1"}}],
        "executor_ids": [{"value": "e"}]}, strict=True)
    assert (offer.id, offer.executor_ids) == ("O1", ("e",))
    assert (offer.attributes[0].text, offer.resources[0].scalar) == ("r1", 4.0)
    assert offer.url is not None
    assert offer.url.address.port == 5051
