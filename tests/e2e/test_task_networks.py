"""Every network mode as a task's, proved by traffic: one task serves, the host or another task asks."""
from __future__ import annotations

import base64
import contextlib
import json
import signal
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from executor.docker.door.api import Api
from executor.docker.mesos_docker import Docker
from executor.docker.networks import NewNetwork
from tests.docker.dockerd import running_dockerd
from tests.e2e.leftovers import WAIT
from tests.e2e.test_run_local import Command
from tests.engine import real_docker
from tests.images import busybox_image
from tests.patience import SLOW
from tests.ports import free_port

PAGE = "served by a task"
SERVE = f"mkdir /www; echo {PAGE} > /www/index.html; exec httpd -f -h /www -p"
ASK = "until wget -q -O - http://{}/; do sleep 0.1; done"


def info(name: str, line: str, network: str, **docker: Any) -> str:
    """A TaskInfo; `network` is a mode of DockerInfo or a user network's name."""
    mode = network if network in {"HOST", "BRIDGE", "NONE"} else "USER"
    ports = [{"begin": each["host_port"], "end": each["host_port"]} for each in docker.get("port_mappings", ())]
    return json.dumps({
        "name": name, "task_id": {"value": name}, "command": {"value": line},
        "container": {"type": "DOCKER", "docker": {"image": busybox_image(), "network": mode, **docker},
                      "network_infos": [{"name": network}] if mode == "USER" else []},
        "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
                      {"name": "mem", "type": "SCALAR", "scalar": {"value": 32}},
                      *([{"name": "ports", "type": "RANGES", "ranges": {"range": ports}}] if ports else [])]})


def named(key: str, value: str) -> dict[str, Any]:
    return {"parameters": [{"key": key, "value": value}]}


class Tasks:
    """Runs tasks with `mesos-docker run`, each with a folder of its own for temporary files."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options = folder, options

    @contextlib.contextmanager
    def running(self, task: str) -> Iterator[dict[str, Any]]:
        """The container's inspect data, from TASK_RUNNING, while the task runs."""
        (self.folder / "server").mkdir()
        (self.folder / "task.json").write_text(task)
        process = Command(self.folder / "server").start("--task", str(self.folder / "task.json"), "--output", "json",
                                                        *self.options)
        try:
            assert process.stdout is not None
            statuses = map(json.loads, process.stdout)
            status = next((each for each in statuses if each["state"] in {"TASK_RUNNING", "TASK_FAILED"}), None)
            assert status is not None
            assert status["state"] == "TASK_RUNNING", status
            yield json.loads(base64.b64decode(status["data"]))[0]
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=WAIT)

    def ask(self, task: str) -> tuple[int, str]:
        """Run a task to its end; exit status and what it wrote."""
        (self.folder / "client").mkdir()
        done = Command(self.folder / "client")("--task", "-", "--logs", *self.options, stdin=task)
        return done.returncode, done.stdout


@pytest.fixture
def tasks(tmp_path: Path) -> Tasks:
    return Tasks(tmp_path)


def get(port: int) -> str:
    """The page, as the host sees it; httpd may need a moment."""
    opened = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    ends = time.monotonic() + 30 * SLOW
    while time.monotonic() < ends:
        with contextlib.suppress(OSError), opened.open(f"http://127.0.0.1:{port}/", timeout=5 * SLOW) as answer:
            text: str = answer.read().decode().strip()
            return text
        time.sleep(0.05)
    raise AssertionError(f"no answer at port {port}")


def test_bridge_the_host_reaches_the_published_port_and_a_task_the_other(tasks: Tasks) -> None:
    port = free_port()
    mapping = [{"host_port": port, "container_port": 80, "protocol": "tcp"}]
    with tasks.running(info("server", f"{SERVE} 80", "BRIDGE", port_mappings=mapping)) as container:
        assert get(port) == PAGE
        address = container["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
        assert tasks.ask(info("client", ASK.format(address), "BRIDGE")) == (0, f"{PAGE}\n")


def test_host_shares_the_hosts_stack(tasks: Tasks) -> None:
    port = free_port()
    with tasks.running(info("server", f"{SERVE} {port}", "HOST")):
        assert get(port) == PAGE
        assert tasks.ask(info("client", ASK.format(f"127.0.0.1:{port}"), "HOST")) == (0, f"{PAGE}\n")


def test_none_has_loopback_only(tasks: Tasks) -> None:
    line = f"({SERVE} 80) & {ASK.format('127.0.0.1')}; ip -o link | wc -l"
    assert tasks.ask(info("alone", line, "NONE")) == (0, f"{PAGE}\n1\n")


def test_container_shares_another_tasks_stack(tasks: Tasks) -> None:
    with tasks.running(info("server", f"{SERVE} 80", "NONE")) as container:
        client = info("client", ASK.format("127.0.0.1"), "BRIDGE", **named("network", f"container:{container['Id']}"))
        assert tasks.ask(client) == (0, f"{PAGE}\n")


def test_user_defined_tasks_find_each_other_by_name(tasks: Tasks) -> None:
    network = f"mesos-docker-test-{uuid.uuid4().hex[:8]}"
    with real_docker() as docker:
        docker.networks.create(NewNetwork(network, labels={"mesos-docker.test": network}))
        try:
            with tasks.running(info("server", f"{SERVE} 80", network, **named("network-alias", "web"))):
                assert tasks.ask(info("client", ASK.format("web"), network)) == (0, f"{PAGE}\n")
        finally:
            docker.networks.rm(network)


def test_overlay_tasks_talk_across_it(tmp_path: Path) -> None:
    with running_dockerd() as engine:
        docker = Docker(Api(engine.socket))
        docker.api.call("swarm init", 60, lambda sdk: sdk.init_swarm(
            advertise_addr="127.0.0.1", listen_addr="127.0.0.1:0"))
        docker.networks.create(NewNetwork("across", driver="overlay", attachable=True))
        tasks = Tasks(tmp_path, "--docker-socket", str(engine.socket))
        with tasks.running(info("server", f"{SERVE} 80", "across", **named("network-alias", "web"))):
            assert tasks.ask(info("client", ASK.format("web"), "across")) == (0, f"{PAGE}\n")
        docker.api.call("swarm leave", 60, lambda sdk: sdk.leave_swarm(force=True))
        docker.close()
