"""From an app to the TaskInfo of an instance."""
from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.apps.demands import demand
from scheduler.apps.ports import TaskPort, task_ports
from scheduler.apps.taskinfo import Launchable, LaunchPlace, RunBy, Settings, launchable
from scheduler.placement.spread import SpreadPolicy, spread
from specs.container import place
from specs.container.from_task import container_of
from specs.errors import SpecError
from specs.forms import codec
from specs.marathon.app import (
    App,
    AppSecret,
    Constraint,
    ExecutorResources,
    Fetch,
    KillSelection,
    PortDefinition,
    Residency,
    ResourceLimits,
    UnreachableStrategy,
    UpgradeStrategy,
)
from specs.marathon.checks import AppHealthCheck, CommandProbe, Protocol, ReadinessCheck, TaskCheck
from specs.marathon.container import AppImage, AppNetwork, AppPortMapping, Container, ContainerType, NetworkMode
from specs.messages.command import URI
from specs.messages.task import Port, TaskInfo
from specs.messages.values import Label
from specs.rules.tasks import prepared, validate_task
from tests.fakes.master import offer, offer_of

VERSION = "2015-02-03T12:30:00.000Z"
TASK = "web.instance-b6ff5fa5-7714-11e7-a55c-5ecf1c4671f6._app.1"
DOCKER = Container(docker=AppImage("redis"))
BRIDGE = (AppNetwork(NetworkMode.BRIDGE),)


def lowest(_: int) -> int:
    return 0


def made(app: App, ports: tuple[TaskPort, ...] = (), settings: Settings = Settings()) -> Launchable:  # noqa: B008 - a frozen value
    return launchable(app, VERSION, TASK, LaunchPlace("host1", ports), settings)


def variables(info: TaskInfo) -> dict[str, str | None]:
    assert info.command is not None
    assert info.command.environment is not None
    return {each.name: each.value for each in info.command.environment.variables}


@pytest.mark.parametrize(("app", "value", "shell", "arguments"), [
    (App("/a", cmd="sleep 1"), "sleep 1", None, ()),
    (App("/a", cmd="sleep 1", container=DOCKER), "sleep 1", None, ()),
    (App("/a", args=("sleep", "1")), "sleep", False, ("sleep", "1")),
    (App("/a", args=("sleep", "1"), container=DOCKER), None, False, ("sleep", "1")),
    (App("/a", container=DOCKER), None, False, ()),
])
def test_the_command(app: App, value: str | None, shell: bool | None, arguments: tuple[str, ...]) -> None:
    command = made(app).info.command
    assert command is not None
    assert (command.value, command.shell, command.arguments) == (value, shell, arguments)


def test_all_that_is_passed_on() -> None:
    app = App("/product/web", cmd="x", user="nobody", labels={"a": "b"}, env={"A": "1", "PORT": "mine"},
              task_kill_grace_period_seconds=7, resource_limits=ResourceLimits(2.0, float("inf")),
              fetch=(Fetch("http://x/y.tgz", executable=True, extract=False, cache=True, dest_path="z"),))
    info = made(app).info
    assert (info.task_id, info.name, info.agent_id, info.resources) == (TASK, "web.product", "", ())
    assert info.labels == (Label("a", "b"),)
    assert info.limits == {"cpus": 2.0, "mem": float("inf")}
    assert info.kill_policy is not None
    assert info.kill_policy.grace_period == 7_000_000_000
    assert info.command is not None
    assert info.command.user == "nobody"
    assert info.command.uris == (URI("http://x/y.tgz", executable=True, extract=False, cache=True, output_file="z"),)
    found = variables(info)
    assert (found["A"], found["PORT"], found["HOST"], found["MESOS_TASK_ID"]) == ("1", "mine", "host1", TASK)
    assert (found["MARATHON_APP_VERSION"], found["MARATHON_APP_ENFORCE_GROUP_ROLE"]) == (VERSION, "FALSE")


def test_secrets_are_references() -> None:
    app = App("/a", cmd="x", env={"LOGIN": AppSecret("login"), "B": "2"}, secrets={"login": "/store/login"})
    command = made(app).info.command
    assert command is not None
    assert command.environment is not None
    secret = next(each for each in command.environment.variables if each.name == "LOGIN")
    assert secret.type == "SECRET"
    assert secret.secret is not None
    assert secret.secret.reference is not None
    assert secret.secret.reference.name == "/store/login"
    with pytest.raises(SpecError, match=r"env\.LOGIN\.secret: references an undefined secret"):
        made(App("/a", cmd="x", env={"LOGIN": AppSecret("login")}))


@pytest.mark.parametrize(("app", "settings", "by"), [
    (App("/a", container=DOCKER), Settings(), RunBy.OURS),
    (App("/a", container=DOCKER), Settings(custom_executor=False), RunBy.AGENT),
    (App("/a", cmd="x"), Settings(), RunBy.AGENT),
    (App("/a", cmd="x", executor="//cmd"), Settings(), RunBy.AGENT),
    (App("/a", container=Container(ContainerType.MESOS, AppImage("redis"))), Settings(), RunBy.AGENT),
    (App("/a", container=DOCKER, executor="/opt/run it"), Settings(), RunBy.APP),
])
def test_who_runs_it(app: App, settings: Settings, by: RunBy) -> None:
    assert made(app, settings=settings).run_by is by


def test_a_program_is_started_with_the_command() -> None:
    info = made(App("/a", args=("x", "y"), container=DOCKER, executor="/opt/it's")).info
    assert (info.command, info.container) == (None, None)
    assert info.executor is not None
    assert info.executor.executor_id == f"marathon-{TASK}"
    assert info.executor.container is not None
    assert info.executor.command is not None
    quoted = "'/opt/it'\"'\"'s'"
    assert info.executor.command.value == f"chmod ug+rx {quoted} && exec {quoted} x y"
    assert (info.executor.command.shell, info.executor.command.arguments) == (None, ())


CHECKS = (AppHealthCheck(port=1, ignore_http_1xx=True), AppHealthCheck(Protocol.COMMAND, command="x"))


def test_one_check_is_mesoss_and_more_are_our_executors() -> None:
    ready = ReadinessCheck(port_name="http", protocol="HTTPS")
    app = App("/a", container=DOCKER, health_checks=CHECKS, readiness_checks=(ready,),
              port_definitions=(PortDefinition(name="http"),))
    found = made(app, (TaskPort(0, 31000, 31000, "http"),))
    assert found.info.health_check is not None
    assert found.info.health_check.type == "COMMAND"
    assert [each.type for each in found.more_checks] == ["HTTP"]
    assert (found.readiness, found.check_scheme) == ((), "https")
    assert found.info.check is not None
    assert found.info.check.http is not None
    assert found.info.check.http.port == 31000
    assert found.ignores_1xx


@pytest.mark.parametrize(("more", "path"), [
    ({"health_checks": CHECKS}, "healthChecks[1]"),
    ({"health_checks": CHECKS[:1]}, "healthChecks[0].ignoreHttp1xx"),
    ({"readiness_checks": (ReadinessCheck(port_name="p", protocol="HTTPS"),)}, "readinessChecks[0]"),
])
def test_an_agents_own_executor_cannot_do_that(more: dict[str, Any], path: str) -> None:
    for app in (App("/a", container=DOCKER, **more), App("/a", cmd="x", **more)):
        with pytest.raises(SpecError) as raised:
            made(app, (TaskPort(0, 1, 1, "p"),), Settings(custom_executor=False))
        assert raised.value.path == path


@pytest.mark.parametrize(("app", "ports", "wanted"), [
    (App("/a", cmd="x", port_definitions=(PortDefinition(0, "udp,tcp", "dns", {"k": "v"}),)), [31000],
     [Port(31000, "dns", "udp", labels=(Label("k", "v"),)), Port(31000, "dns", "tcp", labels=(Label("k", "v"),))]),
    (App("/a", networks=BRIDGE,
         container=Container(docker=AppImage("x"), port_mappings=(AppPortMapping(80, 0, name="h"),))),
     [31000], [Port(31000, "h", "tcp", labels=(Label("network-scope", "host"),))]),
    (App("/a", networks=(AppNetwork(name="blue"), AppNetwork(name="red")), container=Container(
        ContainerType.MESOS, port_mappings=(AppPortMapping(80), AppPortMapping(81, network_names=("red",))))),
     [None, None],
     [Port(80, None, "tcp", labels=(Label("network-scope", "container"), Label("network-name", "blue"))),
      Port(80, None, "tcp", labels=(Label("network-scope", "container"), Label("network-name", "red"))),
      Port(81, None, "tcp", labels=(Label("network-scope", "container"), Label("network-name", "red")))]),
])
def test_how_others_find_it(app: App, ports: list[int | None], wanted: list[Port]) -> None:
    discovery = made(app, task_ports(app, ports, lowest)).info.discovery
    assert discovery is not None
    assert (discovery.visibility, discovery.name) == ("FRAMEWORK", "a")
    assert discovery.ports is not None
    assert list(discovery.ports.ports) == wanted


BASE = App("/a", container=DOCKER, secrets={"s": "/s"}, port_definitions=(PortDefinition(name="p"),))
OTHER: dict[str, Any] = {
    "id": "/b", "cmd": "x", "args": ("x",), "instances": 3, "cpus": 2.0, "mem": 7.0, "disk": 9.0, "gpus": 1,
    "user": "u", "role": "web", "env": {"A": "1"}, "secrets": {"t": "/t"}, "labels": {"k": "v"},
    "dependencies": ("/b",),
    "container": Container(docker=AppImage("other")), "networks": BRIDGE, "require_ports": True, "fetch": (Fetch("u"),),
    "port_definitions": (PortDefinition(8080, name="p"),), "constraints": (Constraint("hostname", "UNIQUE"),),
    "accepted_resource_roles": ("web",), "health_checks": (AppHealthCheck(port=1),), "backoff_seconds": 9,
    "readiness_checks": (ReadinessCheck(port_name="p"),), "check": TaskCheck(exec=CommandProbe("x")),
    "backoff_factor": 9.0, "max_launch_delay_seconds": 9, "task_kill_grace_period_seconds": 9,
    "upgrade_strategy": UpgradeStrategy(0.5, 0.0), "kill_selection": KillSelection.OLDEST_FIRST,
    "unreachable_strategy": UnreachableStrategy(1, 2), "residency": Residency(), "executor": "/x", "tty": True,
    "resource_limits": ResourceLimits(cpus=9.0), "executor_resources": ExecutorResources(9.0),
}
NOT_OF_THE_TASK = frozenset({  # they say how many there are, where, and how they change
    "instances", "role", "dependencies", "require_ports", "constraints", "accepted_resource_roles", "backoff_seconds",
    "backoff_factor", "max_launch_delay_seconds", "upgrade_strategy", "kill_selection", "unreachable_strategy",
    "residency", "executor_resources", "secrets"})
OF_THE_DEMAND = frozenset({"id", "instances", "cpus", "mem", "disk", "gpus", "role", "constraints", "require_ports",
                           "accepted_resource_roles"})


@pytest.mark.parametrize("field", [each.name for each in dataclasses.fields(App)])
def test_every_field_of_an_app_is_honoured_somewhere(field: str) -> None:
    """What none of the two shows is read by `scheduler.deployments`, or (secrets) where a name refers to it."""
    app = BASE if field != "require_ports" else dataclasses.replace(BASE, port_definitions=(PortDefinition(8080),))
    other = dataclasses.replace(app, **{field: OTHER[field]})
    here, there = task_ports(app, [31000], lowest), task_ports(other, [31000], lowest)
    assert (made(app, here) != made(other, () if field == "networks" else there)) is (field not in NOT_OF_THE_TASK)
    assert (demand(app, ["t"], (), None) != demand(other, ["t"], (), None)) is (field in OF_THE_DEMAND)


MODES = st.sampled_from([
    {"port_definitions": (PortDefinition(8080, name="p"), PortDefinition(0, "udp,tcp"))},
    {"port_definitions": (PortDefinition(31007, name="p"),), "require_ports": True},
    {"networks": BRIDGE, "container": Container(docker=AppImage("redis"), port_mappings=(
        AppPortMapping(80, 0, name="p", protocol="udp,tcp"), AppPortMapping(0, 31500), AppPortMapping(81)))},
    {"networks": (AppNetwork(name="blue"),), "container": Container(docker=AppImage("redis"), port_mappings=(
        AppPortMapping(80, name="p"), AppPortMapping(0)))},
])
CHECKED = st.lists(st.sampled_from([
    AppHealthCheck(port_index=0), AppHealthCheck(Protocol.MESOS_TCP, port_index=0, max_consecutive_failures=0),
    AppHealthCheck(Protocol.COMMAND, command="x"), AppHealthCheck(Protocol.HTTPS, port=9, path="health")]), max_size=2)
WORDS = st.text(st.characters(exclude_categories=["C"]), max_size=4)
APPS = st.builds(
    lambda mode, checks, **more: App(**{
        "id": "/a", "container": DOCKER, **mode, "health_checks": tuple(checks), **more}),
    MODES, CHECKED, cmd=st.none() | st.just("x"), user=st.none() | st.just("u"), cpus=st.sampled_from([0.1, 1.0]),
    labels=st.dictionaries(WORDS, WORDS, max_size=3), disk=st.sampled_from([0.0, 10.0]),
    env=st.dictionaries(WORDS.filter(bool), WORDS, max_size=3))


@given(APPS, st.integers(0, 1000))
def test_what_is_made_of_an_app_and_an_offer_is_a_task_to_mesos(app: App, drawn: int) -> None:
    """A master takes it, and Docker's containers get no port that is not theirs."""
    one = offer(0)
    one["resources"].append({"name": "disk", "type": "SCALAR", "scalar": {"value": 100},
                             "allocation_info": {"role": "*"}})
    wanted = demand(app, [TASK], (), None)
    matched = spread([offer_of(one)], [wanted], SpreadPolicy(), now=0.0, below=lambda number: drawn % number)
    taken = matched.launches[0].placements[0].taken
    ports = task_ports(app, taken.ports, lambda number: drawn % number)
    info = made(app, ports).info
    assert codec.read(TaskInfo, codec.write(info), strict=True) == info
    task = dataclasses.replace(info, agent_id="S0", resources=taken.resources)
    validate_task(prepared(task, framework_id="F", role="*"))
    options = container_of(task, place.Place("c", "/s"))
    assert app.container is not None
    mapped = zip(app.container.port_mappings or (), ports, strict=False)
    assert len(options.port_mappings) == sum(len(each.protocols) for each, port in mapped if port.host is not None)
