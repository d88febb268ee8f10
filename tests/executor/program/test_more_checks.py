"""What an app has watched beyond one health check of Mesos's, by the installed executor, with real containers."""
from __future__ import annotations

import base64
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.executor.program.test_executor_process import environment, started, subscribed
from tests.executor.program.test_executor_run import agent, has_ended, task
from tests.fakes.agent_server import ScriptedAgent
from tests.fakes.certificates import Certificate, make_authority, make_certificate

__all__ = ["agent"]  # the fixture

PATIENT = {"delay_seconds": 0, "interval_seconds": 0.1, "timeout_seconds": 20, "grace_period_seconds": 60,
           "consecutive_failures": 1000}


def with_data(info: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The task with more in its data than its command."""
    data = json.loads(base64.b64decode(info["data"]))
    return {**info, "data": base64.b64encode(json.dumps({**data, **more}).encode()).decode()}


def exists(path: str) -> dict[str, Any]:
    return {"type": "COMMAND", "command": {"value": f"test -e {path}"}, **PATIENT}


@contextmanager
def answering(statuses: list[int], certificate: Certificate | None = None) -> Iterator[int]:
    """A server on loopback that answers with each of these, and then with the last; its port."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        server.socket = certificate.server().wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_task_is_healthy_when_all_its_checks_say_so(agent: ScriptedAgent, tmp_path: Path) -> None:
    script = "touch /a; while ! test -e /go; do sleep 0.1; done; touch /b; sleep 3; rm /a; sleep 1000"
    info = {**task(agent, "t", script, custom=True), "health_check": exists("/a")}
    other = {"type": "COMMAND", "command": {"value": "test -e /b || { touch /go; false; }"}, **PATIENT}
    with started(environment(agent, tmp_path), tmp_path) as process:
        subscribed(agent, process, tmp_path)
        agent.event("LAUNCH", launch={"task": with_data(info, health_checks=[other])})
        agent.wait_for(lambda: [each["healthy"] for each in agent.updates.get("t", []) if "healthy" in each][:2]
                       == [True, False], timeout=60)
        assert [each["message"] for each in agent.updates["t"] if "health checks" in each.get("message", "")] == [
            "1 of 2 health checks succeed"]
        agent.event("KILL", kill={"task_id": {"value": "t"}, "kill_policy": {"grace_period": {"nanoseconds": 0}}})
        agent.wait_for(lambda: has_ended(agent, "t"), timeout=60)
        agent.event("SHUTDOWN")
        assert process.wait(60) == 0


def test_an_answer_of_1xx_says_nothing_and_a_check_goes_over_tls(agent: ScriptedAgent, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path, make_authority(tmp_path), "server", address="127.0.0.1")
    with answering([103, 103, 200]) as port, answering([500, 204], certificate) as secure:
        info = task(agent, "t", "sleep 1000", custom=True)
        info["container"]["docker"]["network"] = "HOST"
        info["health_check"] = {"type": "HTTP", "http": {"port": port}, **PATIENT, "grace_period_seconds": 0,
                                "consecutive_failures": 1}
        info["check"] = {"type": "HTTP", "http": {"port": secure}, "delay_seconds": 0, "interval_seconds": 0.1}
        with started(environment(agent, tmp_path), tmp_path) as process:
            subscribed(agent, process, tmp_path)
            agent.event("LAUNCH", launch={"task": with_data(info, ignore_http_1xx=True, check_scheme="https")})
            agent.wait_for(lambda: any(each.get("healthy") for each in agent.updates.get("t", [])), timeout=60)
            agent.wait_for(lambda: 204 in [each.get("check_status", {}).get("http", {}).get("status_code")
                                           for each in agent.updates["t"]], timeout=60)
            assert "TASK_KILLED" not in agent.states("t")  # one failure would have been enough
            agent.event("KILL", kill={"task_id": {"value": "t"}, "kill_policy": {"grace_period": {"nanoseconds": 0}}})
            agent.wait_for(lambda: has_ended(agent, "t"), timeout=60)
            agent.event("SHUTDOWN")
            assert process.wait(60) == 0
