"""A command in a running container, with an end.

The engine has no way to end a command that it runs in a container: closing the connection leaves it
running, as Mesos's timed-out checks do. So when the time is up its processes are killed by pid: the
command's and those under it. That needs the host's pid namespace, where an executor lives.
"""
from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from executor.docker.api import Api
from executor.docker.calls import Call
from executor.docker.http import UPGRADE, Ask, route
from executor.docker.streams import FrameDecoder, pieces
from executor.engine.errors import failure
from executor.engine.failures import (
    CommandNotExecutable,
    CommandNotFound,
    DaemonUnavailable,
    DeadlineExceeded,
    RuntimeFailure,
)
from executor.engine.port import ExecResult

NOT_STARTED: Final = 126  # what Docker 24 and earlier say of every program that they could not start
MAX_OUTPUT: Final = 1024 * 1024  # bytes kept of what it writes; the rest is read and dropped


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
        _read(api, call, exec_id, output)
    except DeadlineExceeded:
        _kill(api, exec_id)
        return ExecResult(None, bytes(output))
    except (CommandNotFound, CommandNotExecutable) as refusal:  # Docker 25 and later refuse to start it
        return ExecResult(refusal.exit_status, str(refusal).encode())
    code = _state(api, exec_id).get("ExitCode")
    if code == NOT_STARTED and output.startswith(b"OCI runtime exec failed"):  # earlier ones say so in its output
        code = failure(400, output.decode(errors="replace")).exit_status
    return ExecResult(code, bytes(output))


def _read(api: Api, call: Call, exec_id: str, output: bytearray) -> None:
    sock, _ = api.stream(call, Ask("POST", route("/exec/{}/start", exec_id),
                                   body={"Detach": False, "Tty": False}, headers=UPGRADE))
    with sock, call.active():
        try:
            for _, piece in pieces(sock, FrameDecoder()):
                output += piece[:MAX_OUTPUT - len(output)]
        except OSError as error:
            raise call.verdict() or DaemonUnavailable(f"exec: {error}") from error


def _state(api: Api, exec_id: str) -> Mapping[str, Any]:
    return api.ask("exec inspect", api.deadlines.quick, Ask("GET", route("/exec/{}/json", exec_id)), dict)


def _kill(api: Api, exec_id: str) -> None:
    """Best effort: the caller has its answer already."""
    try:
        pid = int(_state(api, exec_id).get("Pid") or 0)
        handle = os.pidfd_open(pid) if pid > 1 else None
    except (RuntimeFailure, OSError):
        return
    if handle is None:
        return
    try:
        if _state(api, exec_id).get("Running"):  # so the handle is that process and not a later one
            for child in reversed(_below(pid)):
                _signal(child)
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except (RuntimeFailure, OSError):
        return
    finally:
        os.close(handle)


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
