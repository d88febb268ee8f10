"""The executor of tasks that only have a command: run it, tell how it ends, kill it when asked.

The agent starts it with an environment that is not ours; so it uses nothing but the standard library. One thread reads
events, another waits for the command, and checks have theirs; all put what they see into one inbox.

As Mesos: launcher/executor.cpp.
"""
from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import uuid
from typing import Any

from .checks import Checks, empty_status

Json = dict[str, Any]

DEFAULT_GRACE = 3.0  # seconds between SIGTERM and SIGKILL
SHUTDOWN_MARGIN = 2.0  # of the shutdown grace period, for what comes after the kill
LINGER = 1.0  # seconds to wait for the acknowledgement of the last update


class Agent:
    """Calls to the agent, and its events."""

    def __init__(self, environment: dict[str, str], inbox: queue.Queue[tuple[str, Any]]) -> None:
        self._endpoint = environment["MESOS_AGENT_ENDPOINT"]
        self._path = f"/{environment['MESOS_SLAVE_PID'].partition('@')[0]}/api/v1/executor"
        self._ids = {"framework_id": {"value": environment["MESOS_FRAMEWORK_ID"]},
                     "executor_id": {"value": environment["MESOS_EXECUTOR_ID"]}}
        self._patience = 900.0 if environment.get("MESOS_CHECKPOINT") == "1" else 0.0
        self._inbox = inbox
        self._lock = threading.Lock()
        self._unacknowledged: dict[str, Json] = {}  # updates by uuid
        self._tasks: dict[str, Json] = {}  # TaskInfos of which no update was acknowledged

    def listen(self) -> None:
        """Subscribe, and put events into the inbox; subscribe again after a break, if the framework checkpoints."""
        deadline = time.monotonic() + 30.0
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                self._read_events()
                deadline = time.monotonic() + self._patience
            if time.monotonic() > deadline:
                self._inbox.put(("SHUTDOWN", None))
                return
            time.sleep(0.5)

    def _read_events(self) -> None:
        with self._lock:
            content = {"unacknowledged_updates": [{"status": item} for item in self._unacknowledged.values()],
                       "unacknowledged_tasks": list(self._tasks.values())}
        connection = http.client.HTTPConnection(self._endpoint)
        try:
            response = self._post(connection, {"type": "SUBSCRIBE", "subscribe": content})
            if response.status != 200:
                raise OSError(response.status)
            while line := response.readline():
                event = json.loads(response.read(int(line)))
                self._remember(event)
                self._inbox.put((event["type"], event))
        finally:
            connection.close()

    def _remember(self, event: Json) -> None:
        with self._lock:
            if event["type"] == "LAUNCH":
                task = event["launch"]["task"]
                self._tasks[task["task_id"]["value"]] = task
            elif event["type"] == "ACKNOWLEDGED":
                self._unacknowledged.pop(event["acknowledged"]["uuid"], None)
                self._tasks.pop(event["acknowledged"]["task_id"]["value"], None)

    def update(self, status: Json) -> str:
        """Send an update; its uuid. If there is no agent it goes with the next SUBSCRIBE."""
        name = base64.b64encode(uuid.uuid4().bytes).decode("ascii")
        status = {**status, "uuid": name, "timestamp": time.time(), "source": "SOURCE_EXECUTOR",
                  "executor_id": self._ids["executor_id"]}
        with self._lock:
            self._unacknowledged[name] = status
        connection = http.client.HTTPConnection(self._endpoint, timeout=10)
        with contextlib.suppress(OSError, http.client.HTTPException):
            self._post(connection, {"type": "UPDATE", "update": {"status": status}}).read()
        connection.close()
        return name

    def _post(self, connection: http.client.HTTPConnection, call: Json) -> http.client.HTTPResponse:
        connection.request("POST", self._path, json.dumps({**self._ids, **call}), {
            "Content-Type": "application/json", "Accept": "application/json"})
        return connection.getresponse()


class CommandExecutor:
    """Runs one command."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._inbox: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._agent = Agent(environment, self._inbox)
        self._shutdown_grace = _seconds(environment.get("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "5secs"))
        self._says_killing = False  # whether the framework knows TASK_KILLING
        self._task: Json = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False
        self._too_long = False
        self._kill_timer: threading.Timer | None = None
        self._completion_timer: threading.Timer | None = None
        self._kill_due = float("inf")
        self._last_uuid = ""
        self._last_status: Json = {}
        self._checks: Checks | None = None
        self._unhealthy = False  # so that it had to be killed

    def run(self) -> None:
        """Until the last update is acknowledged."""
        threading.Thread(target=self._agent.listen, daemon=True).start()
        deadline: float | None = None
        while deadline is None or time.monotonic() < deadline:
            patience = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                kind, what = self._inbox.get(timeout=patience)
            except queue.Empty:
                return
            if kind == "EXITED":
                self._ended(what)
                deadline = time.monotonic() + LINGER
            elif self._is_the_end(kind, what):
                return
            else:
                self._event(kind, what)

    def _is_the_end(self, kind: str, event: Json) -> bool:
        if kind == "ACKNOWLEDGED":
            return bool(event["acknowledged"]["uuid"] == self._last_uuid)
        return kind == "SHUTDOWN" and self._process is None

    def _event(self, kind: str, event: Json) -> None:
        if kind == "SUBSCRIBED":
            capabilities = event["subscribed"]["framework_info"].get("capabilities", ())
            self._says_killing = {"type": "TASK_KILLING_STATE"} in capabilities
        elif kind == "LAUNCH" and self._process is None:
            self._launch(event["launch"]["task"])
        elif kind == "KILL":
            self._kill(self._grace(event["kill"].get("kill_policy", {})))
        elif kind == "SHUTDOWN":
            self._kill(max(0.0, self._shutdown_grace - SHUTDOWN_MARGIN))
        elif kind == "TOO LONG":
            self._too_long = True
            self._kill(0.0 if self._killed else DEFAULT_GRACE)
        elif kind in {"CHECK", "HEALTH"} and not self._killed and not self._last_uuid:
            self._checked(kind, event)

    def _checked(self, kind: str, result: Any) -> None:
        """A new result: the last status again, with it."""
        if kind == "CHECK":
            found = {"check_status": result, "reason": "REASON_TASK_CHECK_STATUS_UPDATED"}
        else:
            found = {"healthy": result[0], "reason": "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED"}
        self._forward({**self._last_status, **found})
        if kind == "HEALTH" and result[1]:
            self._unhealthy = True
            self._kill(self._grace({}))

    # ---- the command

    def _launch(self, task: Json) -> None:
        self._task = task
        self._send("TASK_STARTING")
        command = task["command"]
        variables = {item["name"]: item.get("value", "") for item in
                     command.get("environment", {}).get("variables", ())}
        words = ["/bin/sh", "-c", command.get("value", "")]
        if not command.get("shell", True):
            words = [command.get("value", ""), *command.get("arguments", ["", ])[1:]]
        try:
            self._process = subprocess.Popen(words, env={**os.environ, **variables}, stdin=subprocess.DEVNULL,
                                             start_new_session=True)
        except OSError as error:  # as mesos-containerizer, which says so and exits 1
            sys.stderr.write(f"Failed to execute command: {error.strerror}\n")
            self._process = subprocess.Popen(["/bin/sh", "-c", "exit 1"], start_new_session=True)
        process = self._process
        self._send("TASK_RUNNING")
        self._checks = Checks(task, lambda kind, result: self._inbox.put((kind, result)))
        self._checks.start()
        threading.Thread(target=lambda: self._inbox.put(("EXITED", process.wait())), daemon=True).start()
        limit = int(task.get("max_completion_time", {}).get("nanoseconds", 0))
        if limit > 0:
            self._completion_timer = self._after(limit / 1e9, "TOO LONG")

    def _grace(self, policy: Json) -> float:
        for item in (policy, self._task.get("kill_policy", {})):
            if "grace_period" in item:
                return int(item["grace_period"]["nanoseconds"]) / 1e9
        return DEFAULT_GRACE

    def _kill(self, grace: float) -> None:
        """SIGTERM, and SIGKILL after the grace period; a second kill can only make it shorter."""
        if self._process is None:
            return
        if self._completion_timer is not None and not self._too_long:
            self._completion_timer.cancel()
        if not self._killed:
            self._killed = True
            self._pause_checks()
            if self._says_killing and not self._too_long:
                self._send("TASK_KILLING")
            self._signal(signal.SIGTERM)
        if time.monotonic() + grace < self._kill_due:
            self._kill_due = time.monotonic() + grace
            if self._kill_timer is not None:
                self._kill_timer.cancel()
            self._kill_timer = threading.Timer(grace, self._signal, (signal.SIGKILL,))
            self._kill_timer.daemon = True
            self._kill_timer.start()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _after(self, seconds: float, what: str) -> threading.Timer:
        timer = threading.Timer(seconds, self._inbox.put, ((what, {}),))
        timer.daemon = True
        timer.start()
        return timer

    def _ended(self, code: int) -> None:
        self._signal(signal.SIGKILL)  # what the command has left running
        how = f"exited with status {code}" if code >= 0 else f"terminated with signal {signal.strsignal(-code)}"
        state, reason = "TASK_FINISHED" if code == 0 else "TASK_FAILED", None
        if self._too_long:
            state, reason = "TASK_FAILED", "REASON_MAX_COMPLETION_TIME_REACHED"
        elif self._killed:
            state = "TASK_KILLED"
        more: Json = {"reason": reason} if reason else {}
        if self._unhealthy:
            more["healthy"] = False
        self._pause_checks()
        self._last_uuid = self._send(state, message=f"Command {how}", **more)

    def _pause_checks(self) -> None:
        if self._checks is not None:
            self._checks.pause()

    def _send(self, state: str, **more: Any) -> str:
        """A status of its own. Of a task with a check all statuses have a check_status."""
        checked = {"check_status": empty_status(self._task["check"])} if "check" in self._task else {}
        return self._forward({"task_id": self._task["task_id"], "state": state, **checked, **more})

    def _forward(self, status: Json) -> str:
        self._last_status = status
        return self._agent.update(status)


def _seconds(text: str) -> float:
    """A duration as Mesos writes it ("1500ms", "5secs", "1.5mins")."""
    units = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "secs": 1.0, "mins": 60.0, "hrs": 3600.0, "days": 86400.0,
             "weeks": 604800.0}
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    return float(number) * units[text[len(number):]]


if __name__ == "__main__":
    CommandExecutor(dict(os.environ)).run()
