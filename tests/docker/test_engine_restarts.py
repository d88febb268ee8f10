"""A real engine that is killed and comes back, with and without live-restore."""
from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import pytest

from executor.docker.runtime import DockerRuntime
from executor.engine.failures import DaemonUnavailable
from executor.engine.port import ContainerAction
from tests.contract.reading import listening, read_all
from tests.docker.conftest import running_dockerd
from tests.docker.dockerd import Dockerd

LABELS = {"mesos-docker.test": "restarts"}


@pytest.fixture(params=[False, True], ids=["plain", "live-restore"])
def engine(request: pytest.FixtureRequest) -> Iterator[Dockerd]:
    with running_dockerd(live_restore=request.param) as running:
        yield running


def started(runtime: DockerRuntime, *argv: str) -> str:
    payload = {"Image": "busybox:static", "Cmd": list(argv), "Labels": LABELS, "HostConfig": {"NetworkMode": "none"}}
    container = runtime.containers.create(payload, f"restart-{uuid.uuid4().hex}")
    runtime.containers.start(container)
    return container


def test_killed_and_started_again(engine: Dockerd) -> None:
    runtime = DockerRuntime(engine.socket)
    with listening(runtime, LABELS) as heard:
        short, long = started(runtime, "sh", "-c", "sleep 1; exit 3"), started(runtime, "sleep", "600")
        output = runtime.containers.attach(long, tty=False)
        engine.kill()
        assert read_all(output) == {1: b"", 2: b""}  # an attached stream ends, it does not hang
        for verb in (lambda: runtime.containers.inspect(long), lambda: runtime.containers.kill(long, "KILL"),
                     runtime.engine.version):
            with pytest.raises(DaemonUnavailable):
                verb()
        time.sleep(1.5)  # the short one ends while nobody looks
        engine.start()
        heard.until(ContainerAction.RESYNC)
        found = {container: runtime.containers.inspect(container) for container in (short, long)}
        assert not found[short].running
        if engine.live_restore:
            # A crash may forget it (Debian 13's containerd 1.7, 1.6 on cgroup v2); the engine then says 255.
            assert found[short].exit_code in (3, 255)
            assert found[long].running
            runtime.containers.kill(long, "SIGKILL")
            assert heard.until(ContainerAction.DIE, long).exit_code == 137
        else:
            assert not found[long].running
        after = started(runtime, "sh", "-c", "exit 4")
        assert heard.until(ContainerAction.DIE, after).exit_code == 4
    died = [event.id for event in heard.all if event.action is ContainerAction.DIE]
    assert len(died) == len(set(died))
    runtime.engine.close()
