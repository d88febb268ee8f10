"""`mesos-docker local` as a command: what it says, what it refuses, and what it leaves to others of
its user.
"""
from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.cli.credentials import header
from specs.network.credential import Credential
from tests.deploy.local.client import Scheduler, command_task, get, wait_for
from tests.patience import SLOW
from tests.ports import free_port

COMMAND = [str(Path(sys.executable).parent / "mesos-docker"), "local"]
WAIT = 60.0 * SLOW
RESOURCES = "--resources=cpus:4;mem:4096;disk:10240;ports:[31000-31099]"


class Local:
    """One that runs."""

    def __init__(self, environment: dict[str, str], arguments: tuple[str, ...]) -> None:
        self.process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE,
                                        text=True, env=environment, start_new_session=True)
        assert self.process.stdout is not None
        self.said = "".join(self.process.stdout.readline() for _ in range(3))
        match = re.match(r"Mesos master at (\S+), agents: (\S+)\nWork directory: (\S+)\n",
                         self.said)
        if match is None:
            self.process.kill()
            pytest.fail(f"{self.said}{self.process.communicate()[1]}")
        self.address, self.agent, self.work_dir = match[1], match[2], Path(match[3])

    def end(self, number: signal.Signals = signal.SIGINT) -> str:
        """Its stderr."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=WAIT)[1]


Start = Callable[..., Local]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "tmp").mkdir()
    return {**os.environ, "TMPDIR": str(tmp_path / "tmp"),
            "XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def local(environment: dict[str, str]) -> Iterator[Start]:
    started: list[Local] = []

    def start(*arguments: str) -> Local:
        started.append(Local(environment,
                             (RESOURCES, "--executor_shutdown_grace_period=1secs", *arguments)))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


def refused(*arguments: str, environment: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=WAIT,
                          check=False, env=environment)
    assert done.stdout == ""
    assert list(Path(environment["TMPDIR"]).iterdir()) == []
    return done.returncode, done.stderr


def credential_of(environment: dict[str, str], address: str) -> Credential:
    value = json.loads(credential_file(environment, address).read_text())
    return Credential(value["principal"], value["secret"])


def credential_file(environment: dict[str, str], address: str) -> Path:
    return Path(environment["XDG_STATE_HOME"]) / "mesos-docker" / "credentials" / f"{address}.json"


@pytest.mark.parametrize(("arguments", "status", "said"), [
    (["--port", "70000"], 2,
     r".*Invalid value for '--port': 70000 is not in the range 0<=x<=65535\.\n"),
    (["--port", "-1"], 2, r".*Invalid value for '--port': -1 is not in the range 0<=x<=65535\.\n"),
    (["--port", "65534", "--agents", "2"], 2,
     "error: with --port 65534 the agents would get ports up to 65536; the last one is 65535\n"),
    (["--work-dir", "/proc/x"], 3,
     "error: the work directory /proc/x cannot be had: No such file or directory\n"),
    (["--ip", "0.0.0.0"], 2,
     r"error: whoever reaches 0\.0\.0\.0 .*\(--authenticate or --insecure\)\n"),
    (["--ip", "::"], 2, r"error: whoever reaches :: .*\(--authenticate or --insecure\)\n"),
    (["--ip", "192.0.2.7"], 2,
     r"error: whoever reaches 192\.0\.2\.7 .*\(--authenticate or --insecure\)\n"),
    (["--ip", "192.0.2.7", "--insecure", "--port", "4050"], 3,
     r"error: cannot listen: 192\.0\.2\.7:4050 cannot be had: Cannot assign requested address\n"),
    (["--ip", "localhost"], 2, "error: 'localhost' is not an IP address\n"),
    (["--ip", ""], 2, "error: '' is not an IP address\n"),
    (["--resources", "cpus"], 2, "error: Bad value for resources, .*\n")])
def test_what_cannot_be_is_one_clear_message(environment: dict[str, str], arguments: list[str],
                                             status: int, said: str) -> None:
    code, errors = refused(*arguments, environment=environment)
    assert code == status
    assert re.fullmatch(said, errors, re.DOTALL), errors
    assert "fault of mesos-docker" not in errors


@pytest.mark.parametrize("whose", ["master", "agent"])
def test_the_port_that_is_taken_is_named(environment: dict[str, str], whose: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        wanted = port if whose == "master" else port - 1
        code, errors = refused("--port", str(wanted), environment=environment)
    assert (code, errors) == (3, f"error: cannot listen: 127.0.0.1:{port} is taken\n")


def test_open_to_all_it_says_so_in_one_line(local: Start, environment: dict[str, str]) -> None:
    found = local("--port=0")
    assert "authenticate" not in found.said
    assert get(found.address, "/state")[0] == 200
    *warnings, ending = found.end().splitlines()
    [warning] = warnings
    assert warning.startswith("warning: it asks nobody who they are")
    assert ending == "Ending all executors ..."
    assert list(Path(environment["TMPDIR"]).iterdir()) == []


def test_with_authenticate_its_users_commands_find_the_credential(local: Start,
                                                                  environment: dict[str, str]) -> None:
    found = local("--port=0", "--authenticate")
    file = credential_file(environment, found.address)
    wait_for(file.exists)
    assert file.stat().st_mode & 0o777 == 0o600
    credential = credential_of(environment, found.address)
    assert get(found.address, "/state")[0] == 401
    assert get(found.agent, "/state")[0] == 401
    assert get(found.address, "/state", header(credential))[0] == 200
    assert get(found.agent, "/files/debug", header(credential))[0] == 200
    for action in ("stop-agent", "start-agent"):
        subprocess.run([sys.executable, "-m", "deploy.cli.local_control", found.address, action],
                       check=True, timeout=WAIT, env=environment, cwd=Path(__file__).parents[3])
    alone = subprocess.run([sys.executable, "-m", "deploy.cli.local_control", found.address,
                            "stop-agent"], check=False,
                           timeout=WAIT, env={**environment, "XDG_STATE_HOME": "/nowhere"},
                           capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert (alone.returncode, alone.stderr) == (1,
                                                f"{found.address} answered 401: 401 Unauthorized.\n")
    assert found.end() == "Ending all executors ...\n"
    assert not file.exists()


def test_the_secret_is_on_no_command_line_and_in_no_output(local: Start,
                                                           environment: dict[str, str]) -> None:
    found = local("--port=0", "--authenticate")
    wait_for(credential_file(environment, found.address).exists)
    credential = credential_of(environment, found.address)
    scheduler = Scheduler(found.address, credential)
    scheduler.subscribe()
    offer = scheduler.offer()
    scheduler.launch(offer, command_task("t", offer, "exec sleep 600"))
    scheduler.update("t", "TASK_RUNNING")
    lines = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True).stdout
    assert credential.secret not in lines
    for path in ("/state", "/flags", "/tasks", "/frameworks"):
        assert credential.secret not in json.dumps(get(found.address, path, header(credential))[1])
    key = (found.work_dir / "meta" / "executor_secret_key").read_bytes()
    assert key not in json.dumps(get(found.agent, "/state", header(credential))[1]).encode()
    found.process.send_signal(signal.SIGINT)
    assert found.process.stdout is not None
    output = found.said + found.process.stdout.read()
    errors = found.process.communicate(timeout=WAIT)[1]
    assert f"Credential: {credential_file(environment, found.address)}\n" in output
    assert credential.secret not in output + errors


def test_a_stale_credential_is_forgotten_by_the_next_that_is_open(local: Start,
                                                                  environment: dict[str, str]) -> None:
    first = local("--port=0", "--agents=0", "--authenticate")
    file = credential_file(environment, first.address)
    wait_for(file.exists)
    first.end(signal.SIGKILL)
    assert file.exists()
    local(f"--port={first.address.rpartition(':')[2]}", "--agents=0")
    wait_for(lambda: not file.exists())


def test_executors_come_back_to_one_that_was_killed(local: Start, environment: dict[str, str],
                                                    tmp_path: Path) -> None:
    """With the same folder the key of their tokens is the same."""
    folder = tmp_path / "work"
    port = f"--port={free_port(count=2)}"
    first = local(port, "--authenticate", f"--work-dir={folder}")
    wait_for(credential_file(environment, first.address).exists)
    scheduler = Scheduler(first.address, credential_of(environment, first.address), checkpoint=True,
                          failover_timeout=600.0)
    scheduler.subscribe()
    offer = scheduler.offer()
    scheduler.launch(offer, command_task("t", offer,
                                         "while ! test -e go; do sleep 0.1; done; exit 3"))
    scheduler.update("t", "TASK_RUNNING")
    first.end(signal.SIGKILL)
    second = local(port, "--authenticate", f"--work-dir={folder}")
    assert second.agent == first.agent
    wait_for(credential_file(environment, second.address).exists)
    mine = header(credential_of(environment, second.address))

    def states() -> list[str]:
        status, state = get(second.agent, "/state", mine)
        frameworks = state["frameworks"] + state["completed_frameworks"] if status == 200 else []
        return [task["state"] for framework in frameworks for executor in framework["executors"]
                for task in executor["tasks"]]

    wait_for(lambda: states() == ["TASK_RUNNING"])
    [sandbox] = folder.glob("slaves/*/frameworks/*/executors/t/runs/latest")
    (sandbox / "go").touch()
    wait_for(lambda: "Command exited with status 3" in (next(folder.glob(
        "meta/slaves/*-*/frameworks/*/executors/t/runs/*/tasks/t/task.updates"))).read_text())


def test_what_is_no_http_is_a_line_each(local: Start) -> None:
    found = local("--port=0")
    host, _, port = found.address.rpartition(":")
    for said in (b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
                 b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
                 b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n\r\n",
                 b"GET /state HTTP/1.1\r\nHost: a\x00\x1b[2Jb\r\n\r\n",
                 b"POST /api/v1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                 b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n"):
        with socket.create_connection((host, int(port)), timeout=WAIT) as connection:
            connection.sendall(said)
            assert re.match(rb"HTTP/1\.[01] 4\d\d ", connection.recv(100)), said
    assert get(found.address, "/health")[0] == 200
    errors = found.end()
    warning, *told, ending = errors.splitlines()
    assert (warning[:8], ending) == ("warning:", "Ending all executors ...")
    assert 5 <= len(told) <= 7, errors
    for line in told:
        assert line.startswith("Error handling request from 127.0.0.1: ")
        assert line.isprintable()
        assert len(line) < 300


@pytest.mark.parametrize("ip", ["::1", "127.0.0.2"])
def test_other_addresses_of_loopback(local: Start, ip: str) -> None:
    found = local("--port=0", f"--ip={ip}")
    shown = f"[{ip}]" if ":" in ip else ip
    assert re.fullmatch(rf"{re.escape(shown)}:\d+", found.address)
    scheduler = Scheduler(found.address)
    scheduler.subscribe()
    offer = scheduler.offer()
    assert offer["url"]["address"]["ip"] == ip
    scheduler.launch(offer, command_task("t", offer, "true"))
    assert scheduler.update("t", "TASK_FINISHED")["message"] == "Command exited with status 0"
    assert get(found.address, "/state")[1]["pid"] == f"master@{found.address}"


def test_all_addresses_are_told_as_one_that_others_reach(local: Start,
                                                         environment: dict[str, str]) -> None:
    found = local("--port=0", "--ip=0.0.0.0", "--authenticate")
    host, _, port = found.address.rpartition(":")
    assert host != "0.0.0.0"
    for address in (found.address, f"127.0.0.1:{port}"):
        wait_for(credential_file(environment, address).exists)
        assert get(address, "/state", header(credential_of(environment, address)))[0] == 200
    scheduler = Scheduler(f"127.0.0.1:{port}", credential_of(environment, found.address))
    scheduler.subscribe()
    offer = scheduler.offer()
    assert offer["url"]["address"]["ip"] == host
    scheduler.launch(offer, command_task("t", offer, "true"))
    assert scheduler.update("t", "TASK_FINISHED")["state"] == "TASK_FINISHED"
