"""Probes against a real container: in its own network namespace, through redirects, within their time."""
from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from executor.docker.runtime import DockerRuntime
from executor.life.health import Result
from executor.node.probes import Probe, probe, run
from specs.messages.check import CheckCommand, CheckInfo, CheckTcp, HealthCheck, HTTPCheckInfo, TCPCheckInfo
from specs.messages.command import CommandInfo, Environment, Variable
from tests.images import busybox_image

SOCKET = "/var/run/docker.sock"
SERVE = ("mkdir -p /www/cgi-bin; echo hello > /www/index.html; "
         "printf '#!/bin/sh\\necho Status: 302 Found; echo Location: /; echo\\n' > /www/cgi-bin/away; "
         "printf '#!/bin/sh\\nsleep 60\\n' > /www/cgi-bin/slow; chmod +x /www/cgi-bin/*; "
         "httpd -p 8000 -h /www; httpd -f -p 8001 -h /www")


@dataclass(frozen=True)
class Server:
    runtime: DockerRuntime
    container: str
    pid: int

    def ask(self, wanted: Probe, timeout: float | None = 30.0) -> Result:
        return run(wanted, self.runtime.containers, self.container, self.pid, timeout)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    runtime = DockerRuntime(SOCKET)
    name = f"probe-test-{uuid.uuid4()}"
    payload = {"Image": busybox_image(), "Cmd": ["sh", "-c", SERVE], "HostConfig": {"NetworkMode": "none"}}
    container = runtime.containers.create(payload, name)
    try:
        runtime.containers.start(container)
        pid = runtime.containers.inspect(container).pid
        assert pid is not None
        wait = "until wget -q -O- http://127.0.0.1:8000 && wget -q -O- http://127.0.0.1:8001; do sleep 0.05; done"
        assert runtime.containers.exec(container, ["sh", "-c", wait], timeout=60).exit_code == 0
        yield Server(runtime, container, pid)
    finally:
        runtime.containers.remove(container)
        runtime.engine.close()


def http(path: str) -> Probe:
    found = probe(HealthCheck(type="HTTP", http=HTTPCheckInfo(port=8000, path=path)))
    assert found is not None
    return found


def test_http_in_the_containers_network(server: Server) -> None:
    ours = Path("/proc/thread-self/ns/net").stat().st_ino
    assert server.ask(http("")) == Result(status_code=200)
    assert server.ask(http("/missing")) == Result(status_code=404)
    assert Path("/proc/thread-self/ns/net").stat().st_ino == ours


def test_http_follows_redirects(server: Server) -> None:
    assert server.ask(http("/cgi-bin/away")) == Result(status_code=200)


def test_http_in_its_time(server: Server) -> None:
    assert server.ask(http("/cgi-bin/slow"), 0.5) == Result(problem="HTTP check timed out after 0.5secs")


def test_tcp(server: Server) -> None:
    open_port = probe(CheckInfo(type="TCP", tcp=CheckTcp(port=8001)))
    closed = probe(HealthCheck(type="TCP", tcp=TCPCheckInfo(port=8002)))
    over_ipv6 = probe(HealthCheck(type="TCP", tcp=TCPCheckInfo(port=8002, protocol="IPv6")))
    assert open_port is not None
    assert closed is not None
    assert over_ipv6 is not None
    assert server.ask(open_port) == Result(succeeded=True)
    assert server.ask(closed) == Result(succeeded=False, problem="TCP check failed: Connection refused")
    assert over_ipv6.host == "::1"


def test_command(server: Server) -> None:
    command = CommandInfo(value="exit $STATUS", environment=Environment((Variable("STATUS", "7"),)))
    shell = probe(CheckInfo(type="COMMAND", command=CheckCommand(command)))
    words = CommandInfo(value="test", shell=False, arguments=("-e", "/www"))
    program = probe(HealthCheck(type="COMMAND", command=words))
    assert shell is not None
    assert program is not None
    assert server.ask(shell) == Result(exit_code=7)
    assert server.ask(program) == Result(exit_code=0)


def test_a_process_that_is_gone_is_a_failure(server: Server) -> None:
    result = run(http(""), server.runtime.containers, server.container, 2 ** 22 - 1, 5.0)
    assert result.problem == "HTTP check failed: No such file or directory"


def test_a_check_that_asks_for_nothing() -> None:
    assert probe(HealthCheck(type="UNKNOWN")) is None
    assert probe(HealthCheck(command=CommandInfo(value="true"))) == Probe("COMMAND", ("sh", "-c", "true"))
