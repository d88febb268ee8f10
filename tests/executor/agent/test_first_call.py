"""The first call says what the driver would say, to the byte, or leaves it to the driver."""
from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor.agent import calls
from executor.agent.connection import request_headers
from executor.agent.first_call import ACTOR, JOURNAL, Begun, first_call, request
from executor.agent.outbox import Outbox
from executor.agent.v0 import messages as m
from executor.agent.v0 import requests
from executor.agent.v0.listening import adopted, own_address
from executor.journal.journal import FILE
from executor.settings.agent import agent_settings
from executor.settings.libprocess import libprocess_settings
from specs.network.pid import Pid

DROP_IN = ("--container=mesos-1", "--docker=docker", "--help=false", "--docker_socket=/var/run/docker.sock")
NOT_LOADED = {"socket", "typing", "dataclasses", "enum", "re", "json", "logging", "pathlib", "inspect"}


@contextlib.contextmanager
def listening(path: str | None = None) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET if path is None else socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path or ("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(10.0)
        yield listener


def environment(port: int, folder: Path, **more: str) -> dict[str, str]:
    return {"MESOS_SLAVE_PID": f"slave(1)@127.0.0.1:{port}", "MESOS_FRAMEWORK_ID": "f-1", "MESOS_EXECUTOR_ID": "e.1",
            "MESOS_SLAVE_ID": "a-S0", "MESOS_DIRECTORY": str(folder), "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "5secs",
            **more}


def heard(listener: socket.socket, begun: Begun) -> bytes:
    """What the agent reads; the connections of `begun` are closed with that."""
    connection, _ = listener.accept()
    for descriptor in {begun.connection, begun.listener} - {-1}:
        adopted(descriptor).close()
    with connection, connection.makefile("rb") as read:
        return read.read()


@pytest.mark.parametrize("more", [{}, {"MESOS_EXECUTOR_AUTHENTICATION_TOKEN": "ey.J0.x-y_z="}])
def test_subscribe_is_the_drivers(more: dict[str, str], tmp_path: Path) -> None:
    with listening() as listener:
        said = environment(listener.getsockname()[1], tmp_path, **more)
        begun = first_call(("--docker_socket=/d",), said)
        assert begun is not None
        settings = agent_settings(said)
        body = json.dumps(calls.subscribe(settings, Outbox())).encode()
        wanted = request(settings.path, request_headers(settings, settings.address), body)
        assert begun.said == heard(listener, begun) == wanted


def test_subscribe_over_a_unix_socket_is_the_drivers(tmp_path: Path) -> None:
    with listening(str(tmp_path / "s")) as listener:
        said = environment(1, tmp_path, MESOS_DOMAIN_SOCKET=str(tmp_path / "s"))
        begun = first_call((), said)
        assert begun is not None
        settings = agent_settings(said)
        body = json.dumps(calls.subscribe(settings, Outbox())).encode()
        assert heard(listener, begun) == request(settings.path, request_headers(settings, settings.address), body)


@pytest.mark.parametrize("more", [
    {}, {"LIBPROCESS_IP": "127.0.0.1", "LIBPROCESS_PORT": "0"}, {"LIBPROCESS_ADVERTISE_IP": "10.0.0.9"},
    {"LIBPROCESS_IP": "127.0.0.1", "LIBPROCESS_ADVERTISE_PORT": "4711"}])
def test_register_is_the_drivers(more: dict[str, str], tmp_path: Path) -> None:
    with listening() as listener:
        said = environment(listener.getsockname()[1], tmp_path, **more)
        begun = first_call(DROP_IN, said)
        assert begun is not None
        settings, listens = agent_settings(said, drop_in=True), libprocess_settings(said)
        ours = socket.socket(fileno=socket.dup(begun.listener))
        with ours:
            sender = Pid(ACTOR, own_address(listens, ours, settings.address))
        wanted = requests.message(sender, settings.pid, "mesos.internal.RegisterExecutorMessage", m.register(settings))
        assert begun.said == heard(listener, begun) == wanted


@pytest.mark.parametrize(("words", "more"), [
    (("--help",), {}), (("--help=true",), {}), (("--version",), {}), (("--check",), {}), (("--end-all=1",), {}),
    (("--CONTAINER=a",), {}), (("--quiet", "--quiet"), {}), (("word",), {}),
    ((), {"MESOS_FRAMEWORK_ID": 'a"b'}), ((), {"MESOS_EXECUTOR_ID": "é"}), ((), {"MESOS_EXECUTOR_ID": "a b"}),
    ((), {"MESOS_EXECUTOR_ID": "a\\"}), ((), {"MESOS_SLAVE_ID": ""}), ((), {"MESOS_DIRECTORY": ""}),
    ((), {"MESOS_SLAVE_PID": ""}), ((), {"MESOS_SLAVE_PID": "slave(1)@[::1]:5051"}),
    ((), {"MESOS_SLAVE_PID": "slave(1)@localhost:5051"}), ((), {"MESOS_SLAVE_PID": "a/b@127.0.0.1:5051"}),
    ((), {"MESOS_SLAVE_PID": "slave(1)@127.0.0.1:99999"}), ((), {"LIBPROCESS_SSL_ENABLED": "true"}),
    ((), {"SSL_ENABLED": "1"}), ((), {"MESOS_EXECUTOR_AUTHENTICATION_TOKEN": "a\r\nX: y"}),
    ((), {"MESOS_DOMAIN_SOCKET": "/nowhere/" + "x" * 100}), ((), {"MESOS_DOCKER_PROTOCOL": "v2"}),
    (DROP_IN, {"LIBPROCESS_IP": "::1"}), (DROP_IN, {"LIBPROCESS_IP6": "::1"}), (DROP_IN, {"LIBPROCESS_PORT": "x"}),
    (DROP_IN, {"LIBPROCESS_PORT": "99999"}), (DROP_IN, {"LIBPROCESS_IP": "192.0.2.1"})])
def test_all_but_the_plain_case_is_left_to_the_driver(words: tuple[str, ...], more: dict[str, str],
                                                      tmp_path: Path) -> None:
    with listening() as listener:
        assert first_call(words, {**environment(listener.getsockname()[1], tmp_path), **more}) is None


def test_an_agent_that_is_not_there_is_left_to_the_driver(tmp_path: Path) -> None:
    with listening() as listener:
        port = listener.getsockname()[1]
    assert first_call((), environment(port, tmp_path)) is None
    assert first_call(DROP_IN, environment(port, tmp_path)) is None


def test_who_finds_a_journal_says_more_than_this_can(tmp_path: Path) -> None:
    assert JOURNAL == FILE
    (tmp_path / JOURNAL).touch()
    with listening() as listener:
        assert first_call((), environment(listener.getsockname()[1], tmp_path)) is None


def test_it_loads_next_to_nothing() -> None:
    program = "import sys; sys.path[:0] = sys.argv[1:]; import executor.agent.first_call; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-I", "-S", "-c", program, str(Path(__file__).parents[3])], check=True,
                           capture_output=True, text=True, timeout=60)
    assert not NOT_LOADED & set(shown.stdout.split())
