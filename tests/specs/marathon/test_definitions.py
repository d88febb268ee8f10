"""What is refused and at which path, beyond what the vectors say; changes of apps; what is passed over."""
from __future__ import annotations

import math
from typing import Any

import pytest

from specs.marathon.app import App, Constraint, ResourceLimits
from specs.marathon.checks import CommandProbe
from specs.marathon.container import CsiVolume, IpcSettings, NetworkMode, VolumeMode
from specs.marathon.definitions import Config, read_app, updated_app, version_to_restore
from specs.marathon.errors import BROKEN_RULE, WRONG_TYPE, MarathonError
from specs.marathon.rendering import app_json

APP = {"id": "/a", "cmd": "sleep 1"}
ALL = Config(frozenset({"secrets", "external_volumes", "gpu_resources"}))


def csi(mode: str) -> dict[str, Any]:
    return {"name": "v", "provider": "csi",
            "options": {"pluginName": "p", "capability": {"accessMode": mode, "accessType": "block"}}}


CSI = csi("SINGLE_NODE_WRITER")


def refused(fields: dict[str, Any], config: Config = ALL) -> dict[str, tuple[str, ...]]:
    """What is wrong by path."""
    with pytest.raises(MarathonError) as raised:
        read_app({**APP, **fields}, config)
    assert raised.value.status == 422
    return {each.path: each.errors for each in raised.value.details or () if not isinstance(each, str)}


def mesos(**container: Any) -> dict[str, Any]:
    return {"container": {"type": "MESOS", **container}}


def docker(**image: Any) -> dict[str, Any]:
    return {"container": {"docker": {"image": "x", **image}}}


def volume(**fields: Any) -> dict[str, Any]:
    return mesos(volumes=[{"containerPath": "/x", "mode": "RW", **fields}])


@pytest.mark.parametrize(("fields", "path", "error"), [
    ({"cpus": "1"}, "/cpus", "error.expected.jsnumber"),
    ({"cpus": True}, "/cpus", "error.expected.jsnumber"),
    ({"cpus": 10**400}, "/cpus", "error.max"),
    ({"mem": math.inf}, "/mem", "error.max"),
    ({"instances": 2**31}, "/instances", "error.expected.int"),
    ({"instances": 1.5}, "/instances", "error.expected.int"),
    ({"cmd": 5}, "/cmd", "error.expected.jsstring"),
    ({"cmd": "a\0b"}, "/cmd", "error.pattern"),
    ({"cmd": "\ud800x"}, "/cmd", "error.pattern"),
    ({"env": {"A\0": "x"}}, "/env", "error.pattern"),
    ({"env": {"A": 5}}, "/env/A", "error.expected.jsobject"),
    ({"env": {"A": None}}, "/env/A", "error.expected.jsobject"),
    ({"env": {"A": {}}}, "/env/A/secret", "error.path.missing"),
    ({"labels": {"A": None}}, "/labels/A", "error.expected.jsstring"),
    ({"args": ["a", None]}, "/args(1)", "error.expected.jsstring"),
    ({"requirePorts": "true"}, "/requirePorts", "error.expected.jsboolean"),
    ({"portDefinitions": [{"port": -1}]}, "/portDefinitions(0)/port", "error.min"),
    ({"portDefinitions": [{"name": "A"}]}, "/portDefinitions(0)/name", "error.pattern"),
    ({"portDefinitions": [{"protocol": "sctp"}]}, "/portDefinitions(0)/protocol", "error.unknown.enum.literal"),
    ({"fetch": [{"uri": "a" * 1025}]}, "/fetch(0)/uri", "error.maxLength"),
    ({"networks": [{"name": "-"}]}, "/networks(0)/name", "error.pattern"),
    ({"readinessChecks": [{"httpStatusCodesForReady": []}]}, "/readinessChecks(0)/httpStatusCodesForReady",
     "error.minLength"),
    ({"killSelection": "eldest"}, "/killSelection", "error.unknown.enum.literal"),
    ({"unreachableStrategy": "enabled"}, "/unreachableStrategy", "error.unknown.enum.literal"),
    ({"unreachableStrategy": []}, "/unreachableStrategy", "error.expected.jsobject"),
    ({"version": "yesterday"}, "/version", "error.expected.date.isoformat"),
    ({"check": {"exec": {}}}, "/check/exec/command", "error.path.missing"),
    (mesos(linuxInfo={"ipcInfo": {}}), "/container/linuxInfo/ipcInfo/mode", "error.path.missing"),
    (mesos(volumes=[5]), "/container/volumes(0)", "error.expected.jsobject"),
    (volume(persistent={"size": "1"}), "/container/volumes(0)/persistent/size", "error.expected.jsnumber"),
    (volume(external={**CSI, "options": {}}), "/container/volumes(0)/external/options/pluginName",
     "'pluginName' is undefined on object: {}"),
    ({"container": "docker"}, "/container", "error.expected.jsobject"),
    ({"x-mesos-docker": 5}, "/x-mesos-docker", "error.expected.jsobject"),
])
def test_wrong_types(fields: dict[str, Any], path: str, error: str) -> None:
    assert refused(fields)[path] == (error,)


def test_all_wrong_types_are_told_at_once_and_before_any_rule() -> None:
    with pytest.raises(MarathonError) as raised:
        read_app({"cpus": "1", "mem": -1, "cmd": "x", "container": {"docker": {}}}, ALL)
    assert raised.value.message == WRONG_TYPE
    paths = {each.path for each in raised.value.details or () if not isinstance(each, str)}
    assert paths == {"/id", "/cpus", "/mem", "/container/docker/image"}


@pytest.mark.parametrize("value", [None, 1, "app", [], [APP], True])
def test_what_is_no_object_is_no_app(value: object) -> None:
    with pytest.raises(MarathonError, match=r"/: error\.expected\.jsobject"):
        read_app(value, ALL)


def test_depth_is_bounded() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"labels": deep}
    with pytest.raises(MarathonError):
        read_app({**APP, "container": {"volumes": [deep]}}, ALL)


@pytest.mark.parametrize(("fields", "path", "error"), [
    ({"id": "/a/../b/tasks"}, "/id", "must not end with any of the following reserved keywords"),
    ({"id": "/"}, "/", "must not be root"),
    ({"id": "/" + "a" * 200}, "/id", "must not have more than 196 characters"),
    ({"dependencies": ["../b c"]}, "/dependencies(0)", "must fully match regular expression"),
    ({"fetch": [{"uri": "http://x/{v}"}]}, "/fetch(0)/uri", "URI has invalid syntax."),
    ({"uris": ["a b"]}, "/uris(0)", "URI has invalid syntax."),
    ({"resourceLimits": {"cpus": "lots"}}, "/resourceLimits/cpus", "'lots' is an invalid resource limit."),
    ({"check": {}}, "/check", "expected one of http, tcp or exec checks"),
    ({"check": {"exec": {"command": {}}}}, "/check/exec/command", "either `shell` or `argv`"),
    ({"check": {"http": {"scheme": "https"}}}, "/check/http/scheme", "over HTTP only"),
    ({"check": {"tcp": {"portIndex": 3}}}, "/check", "check port index must address"),
    ({"check": {"tcp": {}}, **docker()}, "/", "must not use 'checks' if using docker"),
    ({"healthChecks": [{"protocol": "COMMAND"}]}, "/healthChecks(0)", "illegal protocol COMMAND for non-command"),
    ({"healthChecks": [{"command": {"value": "x"}}]}, "/healthChecks(0)", "illegal protocol HTTP specified with"),
    ({"healthChecks": [{"protocol": "COMMAND", "command": {"value": "x"}, "port": 1}]}, "/healthChecks(0)", "neither"),
    ({"healthChecks": [{"protocol": "MESOS_TCP", "port": 1}, {"protocol": "MESOS_HTTP", "port": 1}]}, "/",
     "at most one Mesos health check"),
    ({"constraints": [["hostname", "UNIQUE", "x"]]}, "/constraints(0)", "UNIQUE does not accept a value"),
    ({"constraints": [["rack", "GROUP_BY", "many"]]}, "/constraints(0)", "GROUP BY must define an integer value"),
    ({"constraints": [["rack", "MAX_PER"]]}, "/constraints(0)", "MAX_PER requires an integer value"),
    ({"constraints": [["rack", "NEAR", "x"]]}, "/constraints(0)", "operator must be one of the following UNIQUE"),
    ({"constraints": [[]]}, "/constraints(0)", "either 2 or 3 fields"),
    ({"constraints": [["a", "LIKE", "["]]}, "/constraints(0)", "is not a valid regular expression"),
    ({"networks": [{"mode": "host", "name": "x"}]}, "/networks", "Host networks may not have names or labels"),
    ({"networks": [{"mode": "container/bridge", "name": "x"}]}, "/networks", "Bridge networks may not have names"),
    ({"networks": [{}]}, "/networks", "Network name must be specified when container network is selected."),
    ({"networks": [{"name": "a"}, {"name": "b"}], **docker()}, "/", "may only specify a single container network"),
    ({"networks": [{"name": "a"}], **mesos(portMappings=[{"networkNames": ["b"]}])},
     "/container/portMappings(0)/networkNames(0)", "is not one of (a)"),
    ({**docker(), "gpus": 1}, "/", "GPU resources only work with the Mesos containerizer"),
    (docker(credential={"principal": "x"}), "/container/docker/credential", "must be empty"),
    (mesos(docker={"image": "x", "network": "HOST"}), "/container/docker/network", "must be empty"),
    (mesos(docker={"image": "x", "parameters": [{"key": "a", "value": "b"}]}), "/container/docker/parameters",
     "must be empty"),
    ({"container": {"docker": {"image": "x"}, "linuxInfo": {}}}, "/container/linuxInfo", "must be empty"),
    (mesos(linuxInfo={"seccomp": {}}), "/container/linuxInfo/seccomp", "must be true when Profile is NOT defined"),
    (mesos(linuxInfo={"ipcInfo": {"mode": "SHARE_PARENT", "shmSize": 1}}), "/container/linuxInfo/ipcInfo",
     "can NOT be set"),
    (volume(external={"size": 1}), "/container/volumes(0)/external/name", "not defined"),
    (volume(external={"size": 1}), "/container/volumes(0)/external/provider", "not defined"),
    (volume(external={"name": "v", "provider": "dvdi", "options": {"dvdi/driver": "rexray", "dvdi/iops": "0"}}),
     '/container/volumes(0)/external/options/"dvdi/iops"', "Expected a valid, positive integer instead of 0"),
    (volume(external=csi("SINGLE_NODE_READER_ONLY")), "/container/volumes(0)", "must be mounted readonly"),
    ({"instances": 2, **volume(external=CSI)}, "/instances", "got 2, expected 1 or less while non-shareable"),
    (volume(persistent={"size": 0}), "/container/volumes(0)/persistent/size", "got 0, expected more than 0"),
    (volume(persistent={"size": 1}), "/container/volumes(0)/persistent", "persistent volumes are not supported"),
    (volume(persistent={"size": 1}), "/role", "Resident apps cannot have the role *"),
    ({"instances": 2, "labels": {"MARATHON_SINGLE_INSTANCE_APP": "true"}}, "/", "may only have one instance"),
    ({"labels": {"MARATHON_SINGLE_INSTANCE_APP": "true"}}, "/upgradeStrategy/maximumOverCapacity",
     "got 1.0, expected 0.0"),
    ({"instances": 2_000_000_000}, "/instances", "expected 100000 or less"),
    ({"unreachableStrategy": {"inactiveAfterSeconds": 5}}, "/unreachableStrategy/inactiveAfterSeconds",
     "must be less or equal to expungeAfterSeconds, which is 0"),
    ({"acceptedResourceRoles": ["*", "-a"], "role": "-a"}, "/acceptedResourceRoles(1)", "must not start with a '-'"),
    ({"env": {"": "x"}}, "/env/keys(0)", "must not be empty"),
    ({"labels": {"DCOS_MIGRATION_API_VERSION": "v1"}}, "/", "must be defined when using DCOS_MIGRATION_API_VERSION"),
    ({"labels": {"MESOS_DOCKER_CANRY": "2"}}, "/labels/MESOS_DOCKER_CANRY", "did you mean MESOS_DOCKER_CANARY?"),
    ({"x-mesos-docker": {"canary": True}}, "/x-mesos-docker/canary", "must be a whole number, not 'true'"),
    ({"x-mesos-docker": {"canary": 1}, "labels": {"MESOS_DOCKER_CANARY": "2"}}, "/labels/MESOS_DOCKER_CANARY",
     "the x-mesos-docker block says '1'"),
])
def test_broken_rules(fields: dict[str, Any], path: str, error: str) -> None:
    found = refused(fields)
    assert path in found, found
    assert any(error in each for each in found[path]), found


def read(fields: dict[str, Any], config: Config = ALL) -> App:
    return read_app({**APP, **fields}, config).app


def test_forms_that_are_kept() -> None:
    app = read({"check": {"exec": {"command": {"argv": ["a", "b"]}}}, "constraints": [["rack", "like", "a.*"]],
                "resourceLimits": {"cpus": "UNLIMITED"}, **mesos(
                    volumes=[{"containerPath": "x", "mode": "rw", "external": CSI}],
                    linuxInfo={"ipcInfo": {"mode": "private", "shmSize": 8}})})
    assert app.check is not None
    assert app.check.exec == CommandProbe(argv=("a", "b"))
    assert app.constraints == (Constraint("rack", "LIKE", "a.*"),)
    assert app.resource_limits == ResourceLimits(cpus=math.inf)
    assert app.container is not None
    assert app.container.linux_info is not None
    assert app.container.linux_info.ipc_info == IpcSettings("PRIVATE", 8)
    stored = app.container.volumes[0]
    assert isinstance(stored, CsiVolume)
    assert stored.options.capability.access_mode is VolumeMode.SINGLE_NODE_WRITER
    assert app_json(app)["resourceLimits"] == {"cpus": "unlimited"}


def test_what_nobody_knows_is_told_and_what_get_shows_is_not() -> None:
    shown = {"tasksRunning": 1, "tasks": [], "deployments": [], "versionInfo": {}, "lastTaskFailure": {}}
    found = read_app({**APP, **shown, "acme": 1, "container": {"docker": {"image": "x", "forcePull": True}},
                      "acceptedResourceRoles": ["slave_public"], "healthChecks": [{"port": 1, "portName": "x"}]}, ALL)
    assert sorted(found.unknown) == [
        "/acceptedResourceRoles", "/acme", "/container/docker/forcePull", "/healthChecks(0)/portName"]
    assert found.app.accepted_resource_roles is None


def test_roles_of_a_place() -> None:
    inside = {"id": "/dev/a"}
    assert read({**inside, "role": "dev"}).role == "dev"
    assert read_app({**APP, **inside}, ALL, enforced=True).app.role == "dev"
    existing = read_app({**APP, **inside, "role": "x"}, Config(role="x")).app
    assert read_app({**APP, **inside, "role": "x"}, ALL, existing=existing).app.role == "x"
    with pytest.raises(MarathonError, match=r"got y, expected one of: \[\*, dev, x\]"):
        read_app({**APP, **inside, "role": "y"}, ALL, existing=existing)


def change(before: dict[str, Any], body: object, **how: bool) -> App:
    existing = read(before)
    return updated_app(body, ALL, existing, "/a", **{"partial": True, **how}).app


def test_partial_changes_lay_old_forms_over_what_is_there() -> None:
    assert change({"uris": ["a"]}, {"uris": ["b.zip"]}).fetch[0].uri == "b.zip"
    assert [port.port for port in change({"ports": [1]}, {"ports": [2, 3]}).port_definitions or ()] == [2, 3]
    bridged = change({**docker(), "cmd": None, "portDefinitions": [{"port": 1}]}, docker(network="BRIDGE"))
    assert bridged.networks[0].mode is NetworkMode.BRIDGE
    assert bridged.port_definitions is None
    assert change({}, {"healthChecks": [{}]}).health_checks[0].port_index == 0


def test_a_block_takes_the_place_of_all_labels_of_ours() -> None:
    before = {"labels": {"a": "b", "MESOS_DOCKER_CANARY": "2", "MESOS_DOCKER_BATCH": "1"}}
    assert change(before, {"x-mesos-docker": {"canary": 3}}).labels == {"a": "b", "MESOS_DOCKER_CANARY": "3"}


def test_a_partial_change_cannot_bring_a_second_command() -> None:
    with pytest.raises(MarathonError, match="one of 'cmd' or 'args'"):
        change({}, {"args": ["x"]})
    assert change({}, {"args": ["x"]}, partial=False).cmd is None


@pytest.mark.parametrize(("body", "version"), [
    ({}, None),
    ({"version": None}, None),
    ([], None),
    ({"version": "2015-01-01T02:00:00+02:00"}, "2015-01-01T00:00:00.000Z"),
    ({"id": "a", "version": "2015-01-01T00:00:00.120Z"}, "2015-01-01T00:00:00.120Z"),
    ({**APP, "version": "2015-01-01T00:00:00.000Z", "versionInfo": {}}, None),
])
def test_version_to_restore(body: object, version: str | None) -> None:
    assert version_to_restore(body) == version


@pytest.mark.parametrize("body", [
    {"version": "2015-01-01T00:00:00.000Z", "instances": 3}, {"version": "then"}, {"version": "2015-01-01"},
    {"version": 5}])
def test_no_version_to_restore(body: object) -> None:
    with pytest.raises(MarathonError) as raised:
        version_to_restore(body)
    assert raised.value.message in {WRONG_TYPE, BROKEN_RULE}
