"""Engines that are scripted, with a runtime for each."""
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from executor.docker.runtime import DockerRuntime
from tests.fakes.scripted_engine import ScriptedEngine

Make = Callable[[str], tuple[ScriptedEngine, DockerRuntime]]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Make]:
    servers: list[ScriptedEngine] = []
    runtimes: list[DockerRuntime] = []

    def make(version: str) -> tuple[ScriptedEngine, DockerRuntime]:
        path = str(tmp_path / f"{len(servers)}.sock")
        servers.append(ScriptedEngine(path, version))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        runtimes.append(DockerRuntime(path))
        return servers[-1], runtimes[-1]

    yield make
    for runtime in runtimes:
        runtime.engine.close()
    for server in servers:
        server.shutdown()
        server.server_close()
