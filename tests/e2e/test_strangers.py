"""Who did not start an embedded Mesos cannot use it: another user of the machine, a container with
its network.

The proof that loopback is no wall and needs none: each of them tries what it could do on a Mesos
without flags, which is to run commands as whoever started that, and to read what is there.
"""
from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.cli.credentials import header
from deploy.local.pytest_plugin import StartMesos
from deploy.local.pytest_plugin import local_mesos as local_mesos  # noqa: PLC0414 - a fixture
from specs.network.credential import Credential
from tests.e2e.leftovers import WAIT, assert_nothing_left, until
from tests.images import busybox_image
from tests.patience import SLOW

PROGRAM = str(Path(sys.executable).parent / "mesos-docker")
FRAMEWORK = {"user": "root", "name": "stranger"}
SUBSCRIBE = json.dumps({"type": "SUBSCRIBE", "subscribe": {"framework_info": FRAMEWORK}})
CALL = json.dumps({"type": "GET_STATE"})

Attempt = tuple[str, str, str | None]  # address, path, body of a POST
Ask = Callable[[Attempt], int]  # the HTTP status; 200 and 202 are success


@dataclass(frozen=True, slots=True)
class Place:
    """A running embedded Mesos with a task."""

    master: str
    agent: str
    framework_id: str

    def attempts(self) -> list[Attempt]:
        sandbox = f"/frameworks/{self.framework_id}/executors/mesos-docker/runs/latest"
        executor = {"framework_id": {"value": self.framework_id},
                    "executor_id": {"value": "mesos-docker"}}
        update = {**executor, "type": "MESSAGE", "message": {"data": "eA=="}}
        return [
            (self.master, "/api/v1/scheduler", SUBSCRIBE), (self.master, "/api/v1", CALL),
            (self.master, "/teardown", f"frameworkId={self.framework_id}"),
            (self.master, "/state", None),
            (self.master, "/local/agents/0/stop", "{}"), (self.master, "/metrics/snapshot", None),
            (self.agent, "/api/v1", CALL), (self.agent, "/state", None),
            (self.agent, "/files/debug", None), (self.agent, f"/files/browse?path={sandbox}", None),
            (self.agent, f"/files/read?path={sandbox}/stderr&offset=0", None),
            (self.agent, f"/files/download?path={sandbox}/stderr", None),
            (self.agent, "/api/v1/executor", json.dumps(update)),
            (self.agent, "/api/v1/executor",
             json.dumps({**executor, "type": "SUBSCRIBE", "subscribe": {}})),
        ]


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("strangers")


@pytest.fixture(scope="module")
def place(temporary: Path) -> Iterator[Place]:
    """What `mesos-docker run` is while its task runs."""
    process = subprocess.Popen([PROGRAM, "run", "--image", busybox_image(), "--",
                                "trap 'exit 0' TERM; sleep 600 & wait"], text=True,
                               start_new_session=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env={**os.environ, "TMPDIR": str(temporary)})
    output = ""
    assert process.stdout is not None
    try:
        while "TASK_RUNNING" not in output:
            line = process.stdout.readline()
            assert line, output
            output += line
        match = re.search(r"framework (\S+) at (\S+)\n", output)
        assert match is not None, output
        yield Place(match[2], agent_of(temporary), match[1])
    finally:
        process.send_signal(signal.SIGINT)
        output += process.communicate(timeout=WAIT)[0]
    assert_nothing_left(output, temporary)


def agent_of(temporary: Path) -> str:
    """Where the agent listens: only its user can read that."""
    [info] = temporary.glob("mesos-docker-*/meta/slaves/*-*/slave.info")
    value = json.loads(info.read_text())
    return f"{value['hostname']}:{value['port']}"


AS_NOBODY = """
import encodings.idna, http.client, json, os, pwd, sys
nobody = pwd.getpwnam("nobody")
os.setgroups([])
os.setgid(nobody.pw_gid)
os.setuid(nobody.pw_uid)
address, path, body = json.loads(sys.argv[1])
connection = http.client.HTTPConnection(address, timeout=20)
connection.request("POST" if body else "GET", path, body, {"Content-Type": "application/json"} if body else {})
print(connection.getresponse().status)
"""

IN_A_CONTAINER = 'mkfifo /tmp/p; nc -w 20 "$0" "$1" </tmp/p & exec 3>/tmp/p; printf "%s" "$2" >&3; wait'


def another_user(attempt: Attempt) -> int:
    """From a process of `nobody`, on this machine's network."""
    done = subprocess.run([sys.executable, "-c", AS_NOBODY, json.dumps(attempt)],
                          capture_output=True, text=True, timeout=WAIT, check=True)
    return int(done.stdout)


def a_container(attempt: Attempt) -> int:
    """From a container with this machine's network, as root in it."""
    address, path, body = attempt
    request = f"{'POST' if body else 'GET'} {path} HTTP/1.0\r\nHost: {address}\r\n"
    if body:
        request += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    done = subprocess.run(["docker", "run", "--rm", "--network", "host", busybox_image(), "sh",
                           "-c", IN_A_CONTAINER,
                           *address.split(":"), f"{request}\r\n{body or ''}"], capture_output=True,
                          text=True, timeout=WAIT, check=False)
    match = re.match(r"HTTP/1\.[01] (\d+) ", done.stdout)
    assert match is not None, done
    return int(match[1])


@pytest.mark.parametrize("ask", [another_user, a_container])
def test_a_stranger_can_do_nothing(place: Place, ask: Ask) -> None:
    for attempt in place.attempts():
        assert ask(attempt) == 401, attempt
    assert ask((place.master, "/health", None)) == 200  # it was reached


def test_nor_through_a_service(tmp_path: Path) -> None:
    process = subprocess.Popen([PROGRAM, "serve", "--state", f"sqlite:{tmp_path}/state",
                                "--listen", "127.0.0.1:0"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                               start_new_session=True)
    folder = tmp_path / "state.mesos"
    try:
        until(lambda: bool(list(folder.glob("meta/slaves/*-*/slave.info"))) and (folder / "ports.json").exists(),
              "the registration of an agent")
        ports = json.loads((folder / "ports.json").read_text())
        place = Place(f"127.0.0.1:{ports['master']}", f"127.0.0.1:{ports['agents'][0]}", "F")
        for attempt in place.attempts():
            assert another_user(attempt) == 401, attempt
        credential = folder / "credential.json"
        assert credential.stat().st_mode & 0o777 == 0o600
        mine = header(Credential(**json.loads(credential.read_text())))
        connection = http.client.HTTPConnection(place.master, timeout=20 * SLOW)
        connection.request("GET", "/state", headers=mine)
        assert connection.getresponse().status == 200
        connection.close()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT) == 0
        process.communicate()


def test_who_started_it_is_nobody_elses_to_find_out(place: Place, temporary: Path) -> None:
    """Neither the secret nor a token is where others can read it."""
    [folder] = temporary.glob("mesos-docker-*")
    key = folder / "meta" / "executor_secret_key"
    assert key.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
    lines = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True).stdout
    assert "AUTHENTICATION_TOKEN=ey" not in lines
    tokens = [line for environ in Path("/proc").glob("[0-9]*/environ")
              for line in environment(environ)
              if line.startswith(b"MESOS_EXECUTOR_AUTHENTICATION_TOKEN=")
              and f"MESOS_FRAMEWORK_ID={place.framework_id}".encode() in environment(environ)]
    assert tokens  # the executor has one, in its own environment
    for token in tokens:
        assert token.partition(b"=")[2] not in lines.encode()


def environment(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().split(b"\0")
    except OSError:
        return []


@pytest.mark.parametrize("ask", [another_user, a_container])
def test_the_attempts_would_succeed_on_an_open_mesos(local_mesos: StartMesos, ask: Ask) -> None:
    """So that the test above does not pass for a wrong reason."""
    mesos = local_mesos(resources="cpus:1;mem:512")
    open_place = Place(mesos.address, mesos.agent_addresses[0], "F")
    reads = [attempt for attempt in open_place.attempts()
             if attempt[1] in {"/state", "/files/debug", "/api/v1"}]
    assert [ask(attempt) for attempt in reads] == [200] * 5
    connection = http.client.HTTPConnection(mesos.address, timeout=20 * SLOW)
    connection.request("GET", "/state")
    assert json.loads(connection.getresponse().read())["frameworks"] == []
    connection.close()
