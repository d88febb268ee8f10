"""`mesos-docker run` end to end: the embedded Mesos, our executor or its own, and real containers."""
from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from executor.docker.networks import NewNetwork
from tests.e2e.endings import Registry
from tests.e2e.leftovers import WAIT, assert_nothing_left, containers, frameworks, processes, until
from tests.engine import real_docker
from tests.images import busybox_image
from tests.patience import SLOW
from tests.ports import free_port

COMMAND = [str(Path(sys.executable).parent / "mesos-docker"), "run"]
EXECUTORS = pytest.mark.parametrize("executor", ["custom", "mesos"])


@pytest.fixture(scope="module")
def image() -> str:
    return busybox_image()


class Command:
    """Runs the command with a folder of its own for temporary files."""

    def __init__(self, temporary: Path) -> None:
        self.temporary = temporary
        self.environment = {**os.environ, "TMPDIR": str(temporary)}

    def __call__(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([*COMMAND, *arguments], input=stdin, capture_output=True, text=True, timeout=2 * WAIT,
                              check=False, env=self.environment)
        assert_nothing_left(done.stderr, self.temporary)
        assert "Traceback" not in done.stderr
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                env=self.environment, start_new_session=True)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path)


def states(output: str) -> list[str]:
    return [json.loads(line)["state"] for line in output.splitlines()]


@EXECUTORS
def test_hello(command: Command, image: str, executor: str) -> None:
    done = command("--executor", executor, "--image", image, "--logs", "--", "echo", "hi")
    assert done.returncode == 0, done
    assert "hi\n" in done.stdout
    assert "TASK_FINISHED" in done.stderr


def test_stdout_is_the_containers_with_logs(command: Command, image: str) -> None:
    done = command("--image", image, "--logs", "--", "sh", "-c", "echo out; echo err >&2; exit 4")
    assert done.returncode == 4
    assert done.stdout == "out\n"
    assert "err\n" in done.stderr


@EXECUTORS
def test_json_and_the_exit_status(command: Command, image: str, executor: str) -> None:
    done = command("--executor", executor, "--image", image, "--output", "json", "--", "exit  3")
    assert done.returncode == 3
    assert states(done.stdout) == ["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"]
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["message"].startswith("Container exited with status 3")
    assert last["uuid"]
    assert last["source"] == "SOURCE_EXECUTOR"


def test_an_image_that_its_registry_has_not(command: Command) -> None:
    """That is the task's own doing, if another image is meant."""
    registry = Registry(404)
    try:
        done = command("--image", registry.image, "--output", "json")
    finally:
        registry.close()
    assert done.returncode == 3
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["state"], last["reason"]) == ("TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED")
    assert f"image not found: {registry.image}" in last["message"]
    assert "fault" not in last["message"]


def test_a_registry_that_is_away(command: Command) -> None:
    """That is not: nobody knows whether the image is there."""
    done = command("--image", "localhost:1/no-such-image:1", "--output", "json")
    assert done.returncode == 3
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["state"], last["reason"]) == ("TASK_DROPPED", "REASON_CONTAINER_LAUNCH_FAILED")
    assert "no answer from the registry of localhost:1/no-such-image:1" in last["message"]
    assert last["message"].endswith("not the task's fault, another attempt may succeed")


def test_kill_after_with_a_signal_that_is_heeded(command: Command, image: str) -> None:
    done = command("--image", image, "--kill-after", "100ms", "--output", "json", "--",
                   "sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done")
    assert done.returncode == 143
    assert states(done.stdout) == ["TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_KILLED"]


def test_kill_after_with_one_that_is_not(command: Command, image: str) -> None:
    task = {"name": "deaf", "task_id": {"value": "deaf"},
            "command": {"shell": True, "value": "trap '' TERM; while true; do sleep 0.1; done"},
            "container": {"type": "DOCKER", "docker": {"image": image}},
            "kill_policy": {"grace_period": {"nanoseconds": 300_000_000}},
            "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
                          {"name": "mem", "type": "SCALAR", "scalar": {"value": 32}}]}
    done = command("--task", "-", "--kill-after", "100ms", stdin=json.dumps(task))
    assert done.returncode == 137
    assert "TASK_KILLED" in done.stdout


def test_several_instances(command: Command, image: str) -> None:
    done = command("--image", image, "--instances", "4", "--name", "n", "--output", "json", "--",
                   "sh", "-c", "exit 7")
    assert done.returncode == 7
    ended = [json.loads(line) for line in done.stdout.splitlines() if '"TASK_FAILED"' in line]
    assert sorted(status["task_id"]["value"] for status in ended) == ["n-1", "n-2", "n-3", "n-4"]


def fetch(port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5 * SLOW)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def test_a_service_behind_a_port_with_a_volume(command: Command, image: str,
                                               tmp_path_factory: pytest.TempPathFactory) -> None:
    pages = tmp_path_factory.mktemp("pages")
    (pages / "index.html").write_text("hello from the volume")
    port = free_port()
    process = command.start("--image", image, "-p", f"{port}:80", "-v", f"{pages}:/www:ro", "-e", "A=b", "--",
                            "httpd", "-f", "-p", "80", "-h", "/www")
    try:
        until(lambda: fetch(port) == "hello from the volume", "the page")
    finally:
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=WAIT)
    assert process.returncode in (137, 143)
    assert f"{port}→80" in output
    assert "172." in output
    assert_nothing_left(errors, command.temporary)


def running(command: Command, image: str, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """A command whose two containers run, and its framework's id."""
    name = f"e2e-{uuid.uuid4().hex[:6]}"
    process = command.start("--image", image, "--name", name, "--instances", "2", *arguments, "--", "sleep", "600")
    assert process.stdout is not None
    assert process.stderr is not None
    framework = frameworks(process.stderr.readline())[0]
    count = 0
    while count < 2:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        count += "TASK_RUNNING" in line
    return process, framework


@EXECUTORS
def test_ctrl_c_in_a_terminal_leaves_nothing(command: Command, image: str, executor: str) -> None:
    """The signal goes to the whole foreground process group, as a terminal sends it."""
    process, framework = running(command, image, "--executor", executor)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=WAIT)
    assert process.returncode in (137, 143), errors
    assert output.count("TASK_KILLED") == 2
    assert_nothing_left(f"framework {framework} at x", command.temporary)


def test_a_second_ctrl_c_leaves_nothing_either(command: Command, image: str) -> None:
    process, framework = running(command, image)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert "Ctrl-C again" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=WAIT)
    assert process.returncode == 130
    assert_nothing_left(f"framework {framework} at x", command.temporary)


def test_kill_9_leaves_no_container_and_no_process(command: Command, image: str) -> None:
    """Nobody is left to clean up but the executor: it misses its agent and ends its tasks."""
    process, framework = running(command, image)
    assert len(containers(framework)) == 2
    process.kill()
    process.communicate(timeout=WAIT)
    until(lambda: containers(framework) == [], "the end of the containers")
    until(lambda: processes(framework) == [], "the end of the executor")


def test_an_executor_that_cannot_start(command: Command, image: str) -> None:
    done = command("--executor-command", "/no/such/executor", "--image", image, "--name", "t", "--", "true")
    assert done.returncode == 3
    assert "TASK_FAILED" in done.stdout
    told, words = done.stderr.splitlines()[-2:]
    assert told.startswith("the last words of the executor of t, in /frameworks/")
    assert "/no/such/executor: not found" in words


def test_not_enough_here(command: Command, image: str) -> None:
    done = command("--image", image, "--name", "big", "--cpus", "1000", "--offer-timeout", "1")
    assert done.returncode == 3
    assert "cpus: 1000.1 needed" in done.stderr


def test_a_port_that_is_not_offered(command: Command, image: str) -> None:
    done = command("--image", image, "--name", "low", "-p", "80:80", "--offer-timeout", "1")
    assert done.returncode == 3
    assert "ports: 80 needed" in done.stderr


def test_a_network_that_does_not_exist(command: Command, image: str) -> None:
    done = command("--image", image, "--network", "no-such-network", "--output", "json", "--", "true")
    assert done.returncode == 125  # as docker run
    assert "no-such-network" in json.loads(done.stdout.splitlines()[-1])["message"]


def test_a_network_of_ones_own(command: Command, image: str) -> None:
    network = f"mesos-docker-test-{uuid.uuid4().hex[:8]}"
    with real_docker() as docker:
        docker.networks.create(NewNetwork(network, labels={"mesos-docker.test": network}))
        try:
            done = command("--image", image, "--network", network, "--output", "json", "--", "sleep", "1")
        finally:
            docker.networks.rm(network)
    assert done.returncode == 0, done
    running_status: dict[str, Any] = next(
        status for line in done.stdout.splitlines() if (status := json.loads(line))["state"] == "TASK_RUNNING")
    info = running_status["container_status"]["network_infos"][0]
    assert info["name"] == network
    assert info["ip_addresses"][0]["ip_address"]
