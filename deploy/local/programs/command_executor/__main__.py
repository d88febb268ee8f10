"""The executor of tasks that only have a command: run it, tell how it ends, kill it when asked.

The agent starts it with an environment that is not ours; so it uses nothing but the standard
library. One thread reads events, one sends updates, another waits for the command, and checks have
theirs; all put what they see into one inbox.

As Mesos: launcher/executor.cpp.
"""
from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from .agent import AgentConnection
from .checks import Checks, empty_status

Json = dict[str, Any]

DEFAULT_GRACE = 3.0  # seconds between SIGTERM and SIGKILL
SHUTDOWN_MARGIN = 2.0  # of the shutdown grace period, for what comes after the kill
LINGER = 1.0  # seconds to wait for the acknowledgement of the last update


class CommandExecutor:
    """Runs one command."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._inbox: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._agent = AgentConnection(environment, self._inbox)
        self._shutdown_grace = _seconds(environment.get("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD",
                                                        "5secs"))
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
        self._agent.start()
        deadline: float | None = None
        while deadline is None or time.monotonic() < deadline:
            patience = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                kind, what = self._inbox.get(timeout=patience)
            except queue.Empty:
                return
            if kind == "EXITED":
                self._ended(what)
            elif kind == "TAKEN":
                deadline = time.monotonic() + LINGER if what == self._last_uuid else deadline
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
            self._process = subprocess.Popen(words, env={**os.environ, **variables},
                                             stdin=subprocess.DEVNULL, start_new_session=True)
        except OSError as error:  # as mesos-containerizer, which says so and exits 1
            sys.stderr.write(f"Failed to execute command: {error.strerror}\n")
            self._process = subprocess.Popen(["/bin/sh", "-c", "exit 1"], start_new_session=True)
        process = self._process
        self._send("TASK_RUNNING")
        self._checks = Checks(task, lambda kind, result: self._inbox.put((kind, result)))
        self._checks.start()
        threading.Thread(target=lambda: self._inbox.put(("EXITED", process.wait())),
                         daemon=True).start()
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
        checked = {"check_status": empty_status(
            self._task["check"])} if "check" in self._task else {}
        return self._forward({"task_id": self._task["task_id"], "state": state, **checked, **more})

    def _forward(self, status: Json) -> str:
        self._last_status = status
        return self._agent.update(status)


def _seconds(text: str) -> float:
    """A duration as Mesos writes it ("1500ms", "5secs", "1.5mins")."""
    units = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "secs": 1.0, "mins": 60.0, "hrs": 3600.0,
             "days": 86400.0, "weeks": 604800.0}
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    return float(number) * units[text[len(number):]]


if __name__ == "__main__":
    given = dict(os.environ)
    os.environ.pop("MESOS_EXECUTOR_AUTHENTICATION_TOKEN", None)  # it is ours, and not the command's
    CommandExecutor(given).run()
