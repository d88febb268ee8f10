"""Checks and health checks of command tasks. What is told when was seen on a real Mesos."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from deploy.local.programs.command_executor.checks import CheckError, is_healthy, perform
from deploy.local.pytest_plugin import StartMesos
from specs.forms import Json
from tests.deploy.local.client import Scheduler, command_task
from tests.ports import free_port

RESOURCES = "cpus:4;mem:4096;disk:10240;ports:[31000-31099]"
SOON = {"delay_seconds": 0, "interval_seconds": 0.05, "grace_period_seconds": 0}


def launched(local_mesos: StartMesos, command: str, **more: Any) -> Scheduler:
    scheduler = Scheduler(local_mesos(resources=RESOURCES).address)
    scheduler.subscribe()
    scheduler.launch(offer := scheduler.offer(), command_task("t", offer, command, **more))
    return scheduler


def test_a_task_that_fails_its_health_check_is_killed(local_mesos: StartMesos) -> None:
    scheduler = launched(local_mesos, "exec sleep 600", health_check={
        **SOON, "type": "COMMAND", "command": {"value": "exit 1"}, "consecutive_failures": 2})
    seen = [scheduler.update("t") for _ in range(5)]
    assert [(item["state"], item.get("healthy"), item.get("reason"), item.get("message"))
            for item in seen] == [
        ("TASK_STARTING", None, None, None), ("TASK_RUNNING", None, None, None),
        ("TASK_RUNNING", False, "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED", None),
        ("TASK_RUNNING", False, "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED", None),
        ("TASK_KILLED", False, None, "Command terminated with signal Terminated")]


def test_health_is_told_when_it_changes(local_mesos: StartMesos) -> None:
    scheduler = launched(local_mesos, "touch ill; sleep 1; rm ill; exec sleep 600", health_check={
        **SOON, "type": "COMMAND", "command": {"value": "! test -e ill"},
        "consecutive_failures": 1000})
    while not (status := scheduler.update("t")).get("healthy", False):
        pass
    assert (status["state"], status["reason"]) == ("TASK_RUNNING",
                                                   "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED")


def test_every_status_of_a_checked_task_has_a_check_status(local_mesos: StartMesos) -> None:
    scheduler = launched(local_mesos, "while ! test -e done; do sleep 0.05; done", check={
        "type": "COMMAND", "delay_seconds": 0, "interval_seconds": 0.05,
        "command": {"command": {"value": "test -e told && touch done; touch told; exit 3"}}})
    seen = [scheduler.update("t") for _ in range(4)]
    assert [(item["state"], item["check_status"]) for item in seen] == [
        ("TASK_STARTING", {"type": "COMMAND", "command": {}}),
        ("TASK_RUNNING", {"type": "COMMAND", "command": {}}),
        ("TASK_RUNNING", {"type": "COMMAND", "command": {"exit_code": 3}}),
        ("TASK_FINISHED", {"type": "COMMAND", "command": {}})]
    assert seen[2]["reason"] == "REASON_TASK_CHECK_STATUS_UPDATED"


@pytest.fixture
def web_server() -> Iterator[int]:
    """The port of a server that answers /ok with 200, /there with a redirect to it, anything else
    with 503.
    """
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response({"/ok": 200, "/there": 302}.get(self.path, 503))
            self.send_header("Location", "/ok")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("path", "code", "healthy"),
                         [("/ok", 200, True), ("/there", 200, True), ("/no", 503, False)])
def test_http(web_server: int, path: str, code: int, healthy: bool) -> None:
    result = perform({"type": "HTTP", "http": {"port": web_server, "path": path}})
    assert result == {"type": "HTTP", "http": {"status_code": code}}
    assert is_healthy(result) is healthy


def test_http_where_nobody_listens() -> None:
    with pytest.raises(OSError, match="refused"):
        perform({"type": "HTTP", "http": {"port": free_port()}})


def test_tcp(web_server: int) -> None:
    for port, succeeded in ((web_server, True), (free_port(), False)):
        result: Json = perform({"type": "TCP", "tcp": {"port": port}})
        assert result == {"type": "TCP", "tcp": {"succeeded": succeeded}}
        assert is_healthy(result) is succeeded


@pytest.mark.parametrize(("command", "problem"), [
    ({"value": "exec sleep 600"}, "timed out"), ({"value": "kill -9 $$"}, "signal")])
def test_commands_without_a_result(command: Json, problem: str) -> None:
    with pytest.raises(CheckError, match=problem):
        perform({"type": "COMMAND", "command": command,
                 "timeout_seconds": 0.2 if "sleep" in command["value"] else 0})


def test_a_command_without_a_shell() -> None:
    command = {"shell": False, "value": "/bin/sh", "arguments": ["sh", "-c", "exit $CODE"],
               "environment": {"variables": [{"name": "CODE", "value": "4"}]}}
    result = perform({"type": "COMMAND", "command": {"command": command}})
    assert result == {"type": "COMMAND", "command": {"exit_code": 4}}
