"""What an app has watched, as Mesos's checks."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scheduler.apps.checks import Readiness, health_checks, is_ready, readiness_checks, task_check
from scheduler.apps.ports import TaskPort
from specs.errors import SpecError
from specs.marathon.app import App
from specs.marathon.checks import (
    AppHealthCheck,
    CommandProbe,
    HttpProbe,
    Protocol,
    ReadinessCheck,
    TaskCheck,
    TcpProbe,
)
from specs.messages.check import (
    CheckCommand,
    CheckHttp,
    CheckStatusInfo,
    CheckTcp,
    HTTPCheckInfo,
    HttpResult,
    TCPCheckInfo,
)
from specs.messages.check import HealthCheck as MesosHealthCheck
from specs.messages.command import CommandInfo

BRIDGE = (TaskPort(80, 31000, 80, "http"), TaskPort(0, 31001, 31001, "admin"))


def one(check: AppHealthCheck, ports: tuple[TaskPort, ...] = BRIDGE) -> MesosHealthCheck:
    found, = health_checks(App("/a", health_checks=(check,)), ports)
    return found


@pytest.mark.parametrize(("protocol", "scheme"), [
    (Protocol.HTTP, "http"), (Protocol.HTTPS, "https"), (Protocol.MESOS_HTTP, "http"), (Protocol.MESOS_HTTPS, "https"),
])
def test_http_is_asked_at_the_containers_port(protocol: Protocol, scheme: str) -> None:
    found = one(AppHealthCheck(protocol, path="health", port_index=0, ip_protocol="IPv6"))
    assert found.type == "HTTP"
    assert found.http == HTTPCheckInfo(port=80, path="/health", scheme=scheme, protocol="IPv6")


@pytest.mark.parametrize("protocol", [Protocol.TCP, Protocol.MESOS_TCP])
def test_tcp(protocol: Protocol) -> None:
    found = one(AppHealthCheck(protocol, port_index=1))
    assert (found.type, found.tcp) == ("TCP", TCPCheckInfo(port=31001, protocol="IPv4"))


def test_a_command_runs_in_a_shell() -> None:
    found = one(AppHealthCheck(Protocol.COMMAND, command="true"), ())
    assert (found.type, found.command) == ("COMMAND", CommandInfo(value="true"))


@pytest.mark.parametrize(("protocol", "allowed", "failures", "delay"), [
    (Protocol.HTTP, 3, 4, 5.0), (Protocol.TCP, 1, 2, 5.0),  # Marathon ends it at the one that comes after
    (Protocol.MESOS_HTTP, 3, 3, 15.0), (Protocol.COMMAND, 3, 3, 15.0),
    (Protocol.HTTP, 0, 2 ** 32 - 1, 5.0), (Protocol.MESOS_HTTP, 0, 2 ** 32 - 1, 15.0),
])
def test_how_many_failures_are_allowed(protocol: Protocol, allowed: int, failures: int, delay: float) -> None:
    found = one(AppHealthCheck(protocol, command="true", port_index=0, max_consecutive_failures=allowed))
    assert (found.consecutive_failures, found.delay_seconds) == (failures, delay)
    assert (found.grace_period_seconds, found.interval_seconds, found.timeout_seconds) == (300.0, 60.0, 20.0)


def test_the_first_check_does_not_wait_longer_than_the_interval() -> None:
    assert one(AppHealthCheck(interval_seconds=2, port_index=0)).delay_seconds == 2.0


def test_those_of_mesos_come_first() -> None:
    app = App("/a", health_checks=(AppHealthCheck(port=1), AppHealthCheck(Protocol.COMMAND, command="x"),
                                   AppHealthCheck(port=2)))
    assert [each.type for each in health_checks(app, ())] == ["COMMAND", "HTTP", "HTTP"]


@pytest.mark.parametrize(("check", "path"), [
    (AppHealthCheck(), "healthChecks[0]"), (AppHealthCheck(port_index=7), "healthChecks[0]"),
])
def test_a_port_that_cannot_be_told(check: AppHealthCheck, path: str) -> None:
    with pytest.raises(SpecError) as raised:
        one(check)
    assert raised.value.path == path


READY = ReadinessCheck(port_name="admin", path="up", interval_seconds=5, timeout_seconds=2,
                       http_status_codes_for_ready=(200, 204))
OWN = TaskCheck(exec=CommandProbe("x"))


def test_readiness_is_the_tasks_check() -> None:
    app = App("/a", readiness_checks=(READY,))
    found = task_check(app, BRIDGE)
    assert found is not None
    assert (found.type, found.http) == ("HTTP", CheckHttp(port=31001, path="/up"))
    assert (found.delay_seconds, found.interval_seconds, found.timeout_seconds) == (0.0, 5.0, 2.0)
    assert readiness_checks(app, BRIDGE) == ()
    with pytest.raises(SpecError, match="'admin'"):
        task_check(app, BRIDGE[:1])


@pytest.mark.parametrize("app", [
    App("/a", readiness_checks=(READY,), check=OWN), App("/a", readiness_checks=(replace(READY, protocol="HTTPS"),)),
])
def test_readiness_that_is_not_the_tasks_check(app: App) -> None:
    scheme = app.readiness_checks[0].protocol.lower()
    assert readiness_checks(app, BRIDGE) == (
        Readiness("readinessCheck", scheme, 31001, "/up", 5.0, 2.0, (200, 204), keeps_response=False),)
    assert is_ready(app, CheckStatusInfo("HTTP", http=HttpResult(200))) is None


@pytest.mark.parametrize(("status", "ready"), [
    (None, None), (CheckStatusInfo("HTTP"), None), (CheckStatusInfo("HTTP", http=HttpResult()), None),
    (CheckStatusInfo("HTTP", http=HttpResult(204)), True), (CheckStatusInfo("HTTP", http=HttpResult(503)), False),
])
def test_when_it_is_ready(status: CheckStatusInfo | None, ready: bool | None) -> None:
    assert is_ready(App("/a", readiness_checks=(READY,)), status) is ready
    assert is_ready(App("/a"), status) is None


@pytest.mark.parametrize(("check", "wanted"), [
    ({"http": HttpProbe(port_index=0, path="x")}, {"type": "HTTP", "http": CheckHttp(port=80, path="/x")}),
    ({"tcp": TcpProbe(port=9)}, {"type": "TCP", "tcp": CheckTcp(port=9)}),
    ({"exec": CommandProbe(shell="x y")}, {"type": "COMMAND", "command": CheckCommand(CommandInfo(value="x y"))}),
    ({"exec": CommandProbe(argv=("x", "y"))},
     {"type": "COMMAND", "command": CheckCommand(CommandInfo(value="x", shell=False, arguments=("x", "y")))}),
])
def test_a_check_of_mesos(check: dict[str, Any], wanted: dict[str, Any]) -> None:
    found = task_check(App("/a", check=TaskCheck(**check)), BRIDGE)
    assert found is not None
    assert {name: getattr(found, name) for name in wanted} == wanted
    assert (found.interval_seconds, found.timeout_seconds, found.delay_seconds) == (60.0, 20.0, 15.0)


def test_what_a_check_of_mesos_cannot_be() -> None:
    assert task_check(App("/a"), ()) is None
    with pytest.raises(SpecError, match="must be HTTP"):
        task_check(App("/a", check=TaskCheck(http=HttpProbe(port=1, scheme="HTTPS"))), ())
    with pytest.raises(SpecError, match=r"check\.tcp"):
        task_check(App("/a", check=TaskCheck(tcp=TcpProbe())), BRIDGE)
