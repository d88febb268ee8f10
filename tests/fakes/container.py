"""One container in memory: its life on a thread of its own, its output, and what inspect says of it."""
from __future__ import annotations

import math
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.fakes.shell import Life, Write

RESTART_DELAY = 0.05  # seconds between two runs
NEVER = "0001-01-01T00:00:00Z"
SIGNALS = {"KILL": 9, "TERM": 15, "INT": 2, "HUP": 1, "QUIT": 3, "USR1": 10, "USR2": 12}
NUMBERS = {str(number): name for name, number in SIGNALS.items()}


class FakeStream:
    """Output on a socket pair, so that it can be selected on. Implements OutputStream."""

    def __init__(self) -> None:
        self._theirs, self._ours = socket.socketpair()
        self._ours.setblocking(False)
        self._pieces: list[tuple[int, bytes]] = []
        self._ended = False
        self._lock = threading.Lock()

    def put(self, descriptor: int, data: bytes) -> None:
        with self._lock:
            if not self._ended:
                self._pieces.append((descriptor, data))
                self._theirs.send(b"x")

    def end(self) -> None:
        with self._lock:
            if not self._ended:
                self._ended = True
                self._theirs.close()

    def fileno(self) -> int:
        return self._ours.fileno()

    def read(self) -> list[tuple[int, bytes]] | None:
        with self._lock:
            pieces, self._pieces = self._pieces, []
            try:
                ended = self._ours.recv(4096) == b""
            except BlockingIOError:
                ended = False
            return pieces or (None if ended else [])

    def close(self) -> None:
        self.end()
        self._ours.close()


class FakeContainer:
    """As the engine has it. `told` hears of what happens: action, exit status."""

    def __init__(self, name: str, payload: Mapping[str, Any], life: Life | None, pid: int,
                 told: Callable[[FakeContainer, str, int | None], None]) -> None:
        self.id = os.urandom(32).hex()
        self.name = name
        self.payload = payload
        self.life = life
        self.labels: dict[str, str] = dict(payload.get("Labels") or {})
        self.host: Mapping[str, Any] = payload.get("HostConfig") or {}
        self.networks: dict[str, dict[str, str]] = {}
        self.running = self.paused = self.oom_killed = False
        self.removing = False  # from the beginning of a forced removal on, before its process is killed
        self.exit_code = 0
        self.error = ""
        self.pid = pid
        self.started_at = self.finished_at = NEVER
        self.restarting = False  # waits for its restart policy's next run
        self.runs = 0
        self.healthy: bool | None = None
        self.output: list[tuple[int, int, bytes]] = []  # when, ns since the epoch; descriptor; text
        self.streams: list[FakeStream] = []
        self._told = told
        self._changed = threading.Condition(threading.RLock())
        self._hears = False
        self._ends: int | None = None  # the exit status that somebody has decided on
        self._stopped = False  # by somebody: no restart policy counts any more

    # What happens to it

    def start(self) -> None:
        with self._changed:
            self._stopped = False
        self._begin()
        threading.Thread(target=self._runs, daemon=True, name=f"fake {self.name}").start()

    def _begin(self) -> None:
        with self._changed:
            self.running, self.restarting, self._ends, self.started_at = True, False, None, now()
            self.oom_killed = False
            self.runs += 1
            self.pid += self.runs - 1  # each run has another process
        self._told(self, "start", None)

    def refuse(self, code: int, error: str) -> None:
        """It could not be started."""
        self.exit_code, self.error = code, error

    def signal(self, signal: str) -> None:
        """Process 1 hears only what it has asked for, and SIGKILL; under an init it dies of what it does not handle."""
        name = NUMBERS.get(signal, signal.removeprefix("SIG"))
        traps = self.life.traps if self.life is not None else {}
        with self._changed:
            self._stopped = self._stopped or name in {"KILL", "TERM"}
            self._changed.notify_all()
            if name == "KILL":
                self.finish(137)
            elif name in traps and self._hears:
                self.finish(traps[name])
            elif self.host.get("Init") and name not in traps:
                self.finish(128 + SIGNALS.get(name, 15))

    def finish(self, code: int) -> None:
        """It ends with this exit status."""
        with self._changed:
            if self.running and self._ends is None:
                self._ends = code
                self._changed.notify_all()

    def oom(self) -> None:
        """The kernel kills it for its memory."""
        self.oom_killed = True
        self._told(self, "oom", None)
        self.finish(137)

    def wait(self, seconds: float | None) -> bool:
        """Wait for its end; whether it has come."""
        with self._changed:
            return self._changed.wait_for(lambda: not self.running and not self.restarting, seconds)

    def health(self, healthy: bool) -> None:
        """Its health check says so."""
        self.healthy = healthy
        self._told(self, f"health_status: {'healthy' if healthy else 'unhealthy'}", None)

    def write(self, descriptor: int, data: bytes) -> None:
        with self._changed:
            self.output.append((time.time_ns(), descriptor, data))
            for stream in self.streams:
                stream.put(descriptor, data)

    def follow(self, stream: FakeStream, *, since: int | None, until: int = 0, on: bool = True) -> None:
        """Send the output to a stream: what there is from `since` on, and, if not 0, up to
        `until`, ns since the epoch, and, if `on`, what comes."""
        with self._changed:
            for at, descriptor, data in self.output if since is not None else ():
                if at >= (since or 0) and at <= (until or at):
                    stream.put(descriptor, data)
            if on and (self.running or self.started_at == NEVER):
                self.streams.append(stream)
            else:
                stream.end()

    def _runs(self) -> None:
        while self._live():
            with self._changed:
                if self._changed.wait_for(lambda: self._stopped, RESTART_DELAY):
                    self.restarting = False
                    self._changed.notify_all()
                    return
            self._begin()

    def _live(self) -> bool:
        """One run; whether there will be another."""
        life = self.life or Life((), 0)
        for step in life.steps:
            if isinstance(step, Write):
                self.write(step.descriptor, step.text)
                continue
            with self._changed:
                self._hears = step.hears
                if self._changed.wait_for(lambda: self._ends is not None, step.seconds):
                    break
        with self._changed:
            self.exit_code = life.exit_code if self._ends is None else self._ends
            self.running, self.finished_at = False, now()
            self.restarting = again = self._again()
            streams, self.streams = self.streams, []
            self._changed.notify_all()
        for stream in streams:
            stream.end()
        self._told(self, "die", self.exit_code)
        return again

    def _again(self) -> bool:
        policy = self.host.get("RestartPolicy") or {}
        often = policy.get("MaximumRetryCount") or math.inf
        wanted = policy.get("Name") == "always" or (policy.get("Name") == "on-failure" and self.exit_code != 0)
        return wanted and not self._stopped and self.runs <= often

    # What is said of it

    def raw(self) -> dict[str, Any]:
        return {
            "Id": self.id,
            "Name": f"/{self.name}",
            "State": {
                "Status": ("removing" if self.removing else "restarting" if self.restarting
                           else "running" if self.running else "exited"),
                "Running": self.running or self.restarting, "Restarting": self.restarting, "Paused": self.paused,
                "Pid": self.pid if self.running else 0,
                "ExitCode": 0 if self.running else self.exit_code, "OOMKilled": self.oom_killed, "Error": self.error,
                "StartedAt": self.started_at, "FinishedAt": self.finished_at,
                **({} if self.healthy is None else {"Health": {"Status": "healthy" if self.healthy else "unhealthy"}}),
            },
            "Config": {"Image": self.payload.get("Image"), "Labels": self.labels, "Env": self.payload.get("Env") or [],
                       "User": self.payload.get("User") or "", "Cmd": self.payload.get("Cmd"),
                       "Tty": bool(self.payload.get("Tty"))},
            "HostConfig": {"NetworkMode": "default", **self.host},
            "NetworkSettings": {"Networks": self.networks if self.running else {name: {} for name in self.networks}},
        }


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
