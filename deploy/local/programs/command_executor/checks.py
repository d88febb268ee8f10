"""Health checks and checks of a command task: perform them again and again, and tell what has
become of it.

A check tells its result whenever it is another one; a health check tells the first success, every
failure, and the first success after failures, and asks for the task's end after enough failures in
a row.

As Mesos: checks/checker_process.cpp, checks/checker.cpp, checks/health_checker.cpp.
"""
from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

Json = dict[str, Any]


class CheckError(Exception):
    """The check could not be performed, or did not end in time."""


def empty_status(check: Json) -> Json:
    """The CheckStatusInfo of a check without a result."""
    return {"type": check["type"], check["type"].lower(): {}}


class Checks:
    """The checks of one task, each on a thread of its own until `pause`."""

    def __init__(self, task: Json, tell: Callable[[str, Any], None]) -> None:
        """`tell`: gets ("CHECK", CheckStatusInfo) and ("HEALTH", (healthy, whether the task is to
        be killed)).
        """
        self._task = task
        self._tell = tell
        self._paused = threading.Event()

    def start(self) -> None:
        for name, repeat in (("check", self._check), ("health_check", self._health)):
            if name in self._task:
                threading.Thread(target=repeat, args=(self._task[name],), daemon=True).start()

    def pause(self) -> None:
        self._paused.set()

    def _results(self, check: Json) -> Any:
        """The result of each time, as CheckStatusInfo; None for one that failed."""
        self._paused.wait(float(check.get("delay_seconds", 15.0)))
        while not self._paused.is_set():
            try:
                result = perform(check)
            except (CheckError, OSError):
                result = None
            if not self._paused.is_set():
                yield result
            self._paused.wait(float(check.get("interval_seconds", 10.0)))

    def _check(self, check: Json) -> None:
        previous = empty_status(check)
        for result in self._results(check):
            status = empty_status(check) if result is None else result
            if status != previous:
                self._tell("CHECK", status)
                previous = status

    def _health(self, check: Json) -> None:
        started, failures, initializing = time.monotonic(), 0, True
        grace = float(check.get("grace_period_seconds", 10.0))
        for result in self._results(check):
            if result is not None and is_healthy(result):
                if initializing or failures:
                    self._tell("HEALTH", (True, False))
                initializing, failures = False, 0
            elif not (initializing and time.monotonic() - started <= grace):
                failures += 1
                self._tell("HEALTH", (False, failures >= int(check.get("consecutive_failures", 3))))


def is_healthy(result: Json) -> bool:
    """Whether a CheckStatusInfo is good enough for a health check."""
    if result["type"] == "COMMAND":
        return bool(result["command"]["exit_code"] == 0)
    if result["type"] == "HTTP":
        return bool(200 <= result["http"]["status_code"] < 400)
    return bool(result["tcp"]["succeeded"])


def perform(check: Json) -> Json:
    """Perform a CheckInfo or HealthCheck once; its CheckStatusInfo. Raises CheckError, OSError."""
    kind = check["type"]
    timeout = float(check.get("timeout_seconds", 20.0)) or None
    if kind == "COMMAND":
        command = check["command"]
        return {"type": kind, "command": {"exit_code": _command(command.get("command", command),
                                                                timeout)}}
    if kind == "HTTP":
        return {"type": kind, "http": {"status_code": _http(check["http"], timeout)}}
    return {"type": kind, "tcp": {"succeeded": _tcp(check["tcp"], timeout)}}


def _command(command: Json, timeout: float | None) -> int:
    words = ["/bin/sh", "-c", command.get("value", "")]
    if not command.get("shell", True):
        words = [command.get("value", ""), *command.get("arguments", [""])[1:]]
    variables = {item["name"]: item.get("value", "")
                 for item in command.get("environment", {}).get("variables", ())}
    process = subprocess.Popen(words, env={**os.environ, **variables}, stdin=subprocess.DEVNULL,
                               start_new_session=True)
    try:
        code = process.wait(timeout)
    except subprocess.TimeoutExpired as error:
        raise CheckError(f"Command timed out after {timeout:g}secs") from error
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if code < 0:
        raise CheckError("Command was terminated by a signal")
    return code


def _address(place: Json) -> str:
    return "::1" if place.get("protocol") == "IPv6" else "127.0.0.1"


def _http(place: Json, timeout: float | None) -> int:
    """As `curl -L -k`: redirects are followed, certificates are not looked at."""
    import ssl  # here, because these take longer to load than many a command runs
    import urllib.error
    import urllib.request

    host = _address(place)
    authority = f"[{host}]" if ":" in host else host
    url = f"{place.get('scheme', 'http')}://{authority}:{place['port']}{place.get('path', '')}"
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                         urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(url, timeout=timeout) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return int(error.code)


def _tcp(place: Json, timeout: float | None) -> bool:
    try:
        socket.create_connection((_address(place), int(place["port"])), timeout).close()
    except TimeoutError as error:
        raise CheckError("TCP connect timed out") from error
    except OSError:
        return False
    return True
