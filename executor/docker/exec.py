"""A command in a running container: with an end, or with somebody who speaks with it.

The engine has no way to end a command that it runs in a container, or to send it a signal: closing
the connection leaves it running, as Mesos's timed-out checks do. So when the time is up, or nobody
is there any more, its processes are killed by pid: the command's and those under it. That needs the
host's pid namespace, where an executor lives. runc begins each as a session of its own, so a signal
reaches its first process group, as from a terminal.
"""
from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from executor.docker.door.api import Api
from executor.docker.door.calls import BoundedSocket, Call
from executor.docker.door.http import UPGRADE, Ask, route
from executor.docker.door.streams import FrameDecoder, RawDecoder, SocketStream, pieces
from executor.engine.errors import failure
from executor.engine.failures import (
    CommandNotExecutable,
    CommandNotFound,
    DaemonUnavailable,
    DeadlineExceeded,
    NoSuchContainer,
    RuntimeFailure,
)
from executor.engine.port import ExecResult

# Of programs that they could not start Docker 24 and earlier say 126 and why in the output; 28 does so with the status
# that a shell has, where somebody speaks with the command.
NOT_STARTED: Final = (126, 127)
HEAD: Final = 4096  # bytes of output in which they say so
NOTED: Final = 5.0  # seconds that the engine may take to note the pid of what it has started
HANGS: Final = 2.0  # seconds for an answer, from which on an engine is taken to have hung: 10 ms are usual
MAX_OUTPUT: Final = 1024 * 1024  # bytes kept of what it writes; the rest is read and dropped

_PAUSE: Final = 0.02
_NOT_RUN: Final = b"OCI runtime exec failed"


def exec_command(api: Api, container: str, argv: Sequence[str], env: Mapping[str, str],
                 timeout: float | None, user: str = "") -> ExecResult:
    """Run it and wait for its end, at most `timeout` seconds. A program that is not there: 127; not
    executable: 126.

    Raises ContainerNotRunning, NoSuchContainer, DaemonUnavailable, DeadlineExceeded (the engine's,
    not the command's).
    """
    body = {"Cmd": list(argv), "Env": [f"{name}={value}" for name, value in env.items()],
            "User": user, "AttachStdout": True, "AttachStderr": True}
    exec_id = api.ask("exec", api.deadlines.quick, Ask(
        "POST", route("/containers/{}/exec", container), body=body), lambda said: str(said["Id"]))
    call = Call("exec", timeout)
    output = bytearray()
    try:
        sock = _begun(api, call, exec_id)
    except (CommandNotFound, CommandNotExecutable) as refusal:  # Docker 25 and later refuse to start it
        return ExecResult(refusal.exit_status, str(refusal).encode())
    try:
        _read(sock, call, output)
    except DeadlineExceeded:
        return ExecResult(_overdue(api, exec_id), bytes(output))
    code = _ended(api, exec_id).get("ExitCode")
    refused = not_started(code, bytes(output))
    return ExecResult(code if refused is None else refused.exit_status, bytes(output))


def interact(api: Api, container: str, argv: Sequence[str], *, tty: bool) -> DockerInteraction:
    """Start it. Raises RuntimeFailure."""
    body = {"Cmd": list(argv), "Tty": tty, "AttachStdin": True, "AttachStdout": True, "AttachStderr": True}
    exec_id = api.ask("exec", api.deadlines.quick, Ask(
        "POST", route("/containers/{}/exec", container), body=body), lambda said: str(said["Id"]))
    sock, _ = api.stream(Call("exec", api.deadlines.start), Ask(
        "POST", route("/exec/{}/start", exec_id), body={"Detach": False, "Tty": tty}, headers=UPGRADE))
    return DockerInteraction(api, exec_id, sock, tty=tty)


def not_started(status: int | None, output: bytes) -> RuntimeFailure | None:
    """Why the engine could not start a command that has ended so; None where it ran."""
    if status not in NOT_STARTED or not output.startswith(_NOT_RUN):
        return None
    return failure(400, output.decode(errors="replace").strip())


class DockerInteraction:
    """Implements Interaction."""

    def __init__(self, api: Api, exec_id: str, sock: BoundedSocket, *, tty: bool) -> None:
        self._api = api
        self._exec_id = exec_id
        self._socket = sock
        self._stream = SocketStream(sock, RawDecoder() if tty else FrameDecoder())
        self._head = b""

    def fileno(self) -> int:
        return self._stream.fileno()

    def read(self) -> list[tuple[int, bytes]] | None:
        pieces = self._stream.read()
        for _, data in pieces or ():
            self._head += data[:HEAD - len(self._head)]
        return pieces

    def write(self, data: bytes) -> int:
        try:
            return self._socket.send(data) if data else 0
        except BlockingIOError:
            return 0

    def close_input(self) -> None:
        self._socket.shutdown(socket.SHUT_WR)

    def resize(self, columns: int, rows: int) -> None:
        self._api.ask("exec resize", self._api.deadlines.quick, Ask(
            "POST", route("/exec/{}/resize", self._exec_id), {"h": rows, "w": columns}), lambda _: None)

    def signal(self, name: str) -> None:
        try:
            number = signal.Signals[name if name.startswith("SIG") else f"SIG{name}"]
        except KeyError:
            return
        pid = _running(self._api, self._exec_id)
        if pid is not None:
            try:
                os.killpg(pid, number)
            except OSError:
                return

    def exit_status(self) -> int | None:
        found = state(self._api, self._exec_id)
        if found.get("Running") or found.get("ExitCode") is None:
            return None
        status = int(found["ExitCode"])
        refused = not_started(status, self._head)
        if refused is not None:
            raise refused
        return status

    def kill(self) -> None:
        kill(self._api, self._exec_id)

    def close(self) -> None:
        self._stream.close()


def _begun(api: Api, call: Call, exec_id: str) -> BoundedSocket:
    """An engine that is alive answers before it starts the command, so it is late by itself."""
    sock, _ = api.stream(call, Ask("POST", route("/exec/{}/start", exec_id),
                                   body={"Detach": False, "Tty": False}, headers=UPGRADE))
    return sock


def _overdue(api: Api, exec_id: str) -> int | None:
    """Of a command whose time is up, and which is killed then: the exit status that it has all the
    same, as its engine hung and could not tell. Raises DeadlineExceeded where it may be so, and
    nobody knows.
    """
    asked = time.monotonic()
    found = _ended(api, exec_id)
    hung = time.monotonic() - asked > HANGS
    if not found.get("Running") and found.get("ExitCode") is not None:
        return int(found["ExitCode"])
    kill(api, exec_id)
    if hung:
        raise DeadlineExceeded("exec: the Docker engine hung while the command ran")
    return None


def _ended(api: Api, exec_id: str) -> Mapping[str, Any]:
    """As `state`; an engine that was started again has forgotten the commands that it ran."""
    try:
        return state(api, exec_id)
    except NoSuchContainer as error:
        raise DaemonUnavailable(str(error)) from error


def _read(sock: BoundedSocket, call: Call, output: bytearray) -> None:
    with sock, call.active():
        try:
            for _, piece in pieces(sock, FrameDecoder()):
                output += piece[:MAX_OUTPUT - len(output)]
        except OSError as error:
            raise call.verdict() or DaemonUnavailable(f"exec: {error}") from error


def state(api: Api, exec_id: str) -> Mapping[str, Any]:
    """What the engine says of it: Running, ExitCode, and Pid on the host. Raises RuntimeFailure."""
    return api.ask("exec inspect", api.deadlines.quick, Ask("GET", route("/exec/{}/json", exec_id)), dict)


def kill(api: Api, exec_id: str) -> None:
    """End its processes; best effort."""
    try:
        pid = _running(api, exec_id)
        handle = None if pid is None else os.pidfd_open(pid)
    except (RuntimeFailure, OSError):
        return
    if handle is None or pid is None:
        return
    try:
        if state(api, exec_id).get("Running"):  # so the handle is that process and not a later one
            below = _below(pid)
            signal.pidfd_send_signal(handle, signal.SIGKILL)  # first: it must not go on when a child has ended
            for child in below:
                _signal(child)
    except (RuntimeFailure, OSError):
        return
    finally:
        os.close(handle)


def _running(api: Api, exec_id: str) -> int | None:
    """Its process, on the host; None once it has ended. Raises RuntimeFailure.

    It may write before the engine has noted its pid, so that is waited for.
    """
    until = time.monotonic() + NOTED
    while True:
        found = state(api, exec_id)
        pid = int(found.get("Pid") or 0)
        if found.get("Running") and pid > 1:
            return pid
        ended = not found.get("Running") and (pid > 1 or found.get("ExitCode") is not None)
        if ended or time.monotonic() >= until:
            return None
        time.sleep(_PAUSE)


def _below(pid: int) -> list[int]:
    """The processes under a process, parents first."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text().split()]
        except OSError:
            continue
        for child in children:
            found += [child, *_below(child)]
    return found


def _signal(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return
