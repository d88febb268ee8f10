"""Whether Docker answers at a socket, asked with the standard library alone.

A command that has nothing to do without Docker says so within milliseconds, and one that needs the
answer only does not wait for the SDK to be imported. All else that this room wants of Docker goes
through `executor.docker.mesos_docker`.
"""
from __future__ import annotations

import json
import re
import socket

from deploy.cli.problems import Problem

SECONDS = 10.0  # without a byte, until it counts as not answering
REQUEST = b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n"  # 1.0: the end of the answer is the end of the connection


def ping(path: str, seconds: float = SECONDS) -> None:
    """Raises Problem, which says what to do, unless an engine answers."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connection.connect(path)
            connection.sendall(REQUEST)
            answer = b"".join(iter(lambda: connection.recv(4096), b""))
    except OSError as error:
        raise Problem(_unreachable(path, error)) from error
    head, _, body = answer.partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/1\.[01] (\d{3}) ?([^\r]*)", head)
    if status is None:
        raise Problem(f"cannot talk to the Docker engine at {path}: its answer is not HTTP")
    if int(status[1]) >= 400:
        raise Problem(
            f"the Docker engine at {path} is in trouble: {_message(body) or status[2].decode()}")


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, LookupError, TypeError):
        return body.decode(errors="replace").strip()


def _unreachable(path: str, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return (
            f"no rights on the Docker socket {path}: run as root, or become a member of its group "
                "(usermod -aG docker USER, then log in again)")
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return f"Docker is not running: nothing answers at {path}; start it (systemctl start docker, or dockerd)"
    if isinstance(error, TimeoutError):
        return f"the Docker engine at {path} does not answer"
    return f"cannot talk to the Docker engine at {path}: {error}"
