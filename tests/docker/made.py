"""What a test makes on an engine, and its removal."""
from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from executor.docker.mesos_docker import Docker
from executor.docker.networks import NewNetwork
from executor.engine.port import Inspection
from specs.container.run_options import RunOptions
from tests.contract.reading import PATIENCE, read_until
from tests.patience import SLOW


class Made:
    """Containers and networks with one test's labels."""

    def __init__(self, docker: Docker, labels: Mapping[str, str]) -> None:
        self.docker = docker
        self.labels = dict(labels)
        self._networks: list[str] = []

    def payload(self, *argv: str, network: str = "none", host: Mapping[str, Any] | None = None,
                **more: Any) -> dict[str, Any]:
        return {"Image": "busybox:static", "Cmd": list(argv), "Labels": self.labels,
                "HostConfig": {"NetworkMode": network, **(host or {})}, **more}

    def name(self) -> str:
        return f"docker-test-{uuid.uuid4().hex[:12]}"

    def start(self, *argv: str, network: str = "none", name: str | None = None, **more: Any) -> str:
        container = self.docker.containers.create(self.payload(*argv, network=network, **more), name or self.name())
        self.docker.containers.start(container)
        return container

    def inspect(self, container: str) -> Inspection:
        return self.docker.containers.inspect(container)

    def network(self, **wanted: Any) -> str:
        name = self.name()
        self.docker.networks.create(NewNetwork(name, labels=self.labels, **wanted))
        self._networks.append(name)
        return name

    def shell(self, container: str, script: str, timeout: float = 60 * SLOW) -> tuple[int | None, str]:
        done = self.docker.containers.exec(container, ["sh", "-c", script], timeout=timeout)
        return done.exit_code, done.output.decode()

    def wait_for_output(self, container: str, text: str) -> None:
        stream = self.docker.containers.logs(container)
        read_until(stream, text.encode())
        stream.close()

    def remove(self) -> None:
        for container in self.docker.containers.ls(self.labels):
            self.docker.containers.remove(container.id)
        for network in self._networks:
            self.docker.networks.rm(network)
        assert not self.docker.containers.ls(self.labels)
        ends = time.monotonic() + PATIENCE
        while self.docker.networks.ls({"label": [f"mesos-docker.test={self.labels['mesos-docker.test']}"]}):
            assert time.monotonic() < ends
            time.sleep(0.1)  # a swarm removes an overlay in its own time


class Output:
    """What a run has written."""

    def __init__(self) -> None:
        self.text = {1: b"", 2: b""}

    def __call__(self, descriptor: int, text: bytes) -> None:
        self.text[descriptor] += text


def options(made: Made, *argv: str, **more: object) -> RunOptions:
    return RunOptions(**{"image": "busybox:static", "name": made.name(), "network": "none", "arguments": argv,
                         **more})  # type: ignore[arg-type]
