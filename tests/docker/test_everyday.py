"""Containers by Docker's everyday commands, and by Mesos's Docker class, on the real engine."""
from __future__ import annotations

import threading
import time
import uuid

import pytest

from executor.docker.mesos_docker import Docker
from executor.docker.runtime import DockerRuntime
from executor.engine.failures import BadOption, ContainerNotRunning, DeadlineExceeded, RuntimeFailure
from executor.engine.port import ContainerAction
from specs.errors import SpecError
from tests.contract.reading import PATIENCE, listening, read_all
from tests.docker.made import Made
from tests.patience import SLOW

SOCKET = "/var/run/docker.sock"


def test_start_stop_start_restart(made: Made) -> None:
    docker = made.docker
    container = made.start("sh", "-c", "trap 'exit 9' TERM; echo up; while true; do sleep 0.1; done")
    made.wait_for_output(container, "up")
    docker.stop(container, 30)
    assert made.inspect(container).exit_code == 9
    docker.containers.start(container)
    first = made.inspect(container)
    assert first.running
    docker.containers.restart(container, 0)
    second = made.inspect(container)
    assert second.running
    assert second.started_at != first.started_at


def test_stop_and_remove_in_one(made: Made) -> None:
    container = made.start("sleep", "600")
    made.docker.stop(container, 0, remove=True)
    assert not made.docker.containers.ls(made.labels)


def test_stop_gives_a_grace_period_then_kills(made: Made) -> None:
    stubborn = made.start("sleep", "600")
    made.docker.containers.stop(stubborn, 0)
    assert made.inspect(stubborn).exit_code == 137
    made.docker.containers.stop(stubborn, 1)
    made.docker.containers.remove(stubborn)
    made.docker.containers.stop(stubborn, 1)


def test_stop_with_a_signal_of_its_own(made: Made) -> None:
    container = made.start("sh", "-c", "trap 'exit 7' USR1; echo ready; while true; do sleep 0.1; done")
    made.wait_for_output(container, "ready")
    made.docker.containers.stop(container, 30, "SIGUSR1")
    assert made.inspect(container).exit_code == 7


def test_a_negative_timeout_has_mesos_text(docker: Docker) -> None:
    with pytest.raises(SpecError) as caught:
        docker.stop("any", -5)
    assert caught.value.problem == "A negative timeout cannot be applied to docker stop: -5"
    with pytest.raises(BadOption, match=r"^A negative timeout cannot be applied to docker stop: -1$"):
        docker.containers.stop("any", -1)


def test_ps_with_prefix(made: Made) -> None:
    prefix = made.name()
    running = made.start("sleep", "600", name=f"{prefix}-a")
    created = made.docker.containers.create(made.payload("true"), f"{prefix}-b")
    made.start("sleep", "600")
    assert [found.id for found in made.docker.ps(prefix=prefix)] == [running]
    assert {found.id for found in made.docker.ps(all=True, prefix=prefix)} == {running, created}
    assert made.docker.ps(prefix=f"{prefix}-none") == []


def test_inspect_waits_until_started(made: Made) -> None:
    name = made.name()

    def later() -> None:
        time.sleep(0.3)
        made.start("sleep", "600", name=name)

    thread = threading.Thread(target=later)
    thread.start()
    found = made.docker.inspect(name, wait=PATIENCE)
    thread.join()
    assert found.started
    assert found.pid is not None


def test_inspect_does_not_wait_for_ever(made: Made) -> None:
    container = made.docker.containers.create(made.payload("true"), made.name())
    with pytest.raises(DeadlineExceeded, match=r"was not started within 0.3 s"):
        made.docker.inspect(container, wait=0.3)


def test_rm_takes_anonymous_volumes_along(made: Made) -> None:
    docker = made.docker
    container = made.start("true", Volumes={"/data": {}})
    (mount,) = made.inspect(container).raw["Mounts"]
    docker.containers.wait(container, PATIENCE)
    docker.rm(container)
    with pytest.raises(RuntimeFailure, match=r"(?i)no such volume"):
        docker.api.call("volume inspect", 10, lambda sdk: sdk.inspect_volume(mount["Name"]))


def test_exec_that_is_cut_off_leaves_no_process(made: Made) -> None:
    container = made.start("sleep", "600")
    marker = f"4{uuid.uuid4().int % 10_000_000:07d}"
    script = f"echo begun; sleep {marker} & sleep {marker}"
    done = made.docker.containers.exec(container, ["sh", "-c", script], timeout=SLOW)
    assert (done.exit_code, done.output) == (None, b"begun\n")
    ends = time.monotonic() + PATIENCE
    while marker in made.shell(container, "ps")[1]:
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_exec_keeps_what_fits_of_the_output(made: Made) -> None:
    done = made.docker.containers.exec(made.start("sleep", "600"), ["sh", "-c", "yes | head -c 3000000"])
    assert (done.exit_code, len(done.output)) == (0, 1024 * 1024)


def test_logs_tail_and_since(made: Made) -> None:
    container = made.start("sh", "-c", "echo one; echo two; until [ -e /go ]; do sleep 0.1; done; echo three")
    made.wait_for_output(container, "two\n")
    since = time.time_ns()
    assert made.shell(container, "touch /go")[0] == 0
    made.docker.containers.wait(container, PATIENCE)
    logs = made.docker.containers.logs
    assert read_all(logs(container, follow=False))[1] == b"one\ntwo\nthree\n"
    assert read_all(logs(container, follow=False, tail=2))[1] == b"two\nthree\n"
    assert read_all(logs(container, follow=True, tail=1))[1] == b"three\n"
    assert read_all(logs(container, follow=False, since=since))[1] == b"three\n"
    assert read_all(logs(container, follow=False, until=since))[1] == b"one\ntwo\n"


def test_a_large_output_is_whole(made: Made) -> None:
    container = made.docker.containers.create(made.payload("sh", "-c", "seq 200000; seq 10 >&2"), made.name())
    stream = made.docker.containers.attach(container, tty=False)
    made.docker.containers.start(container)
    found = read_all(stream)
    assert found[1] == "".join(f"{number}\n" for number in range(1, 200_001)).encode()
    assert found[2] == "".join(f"{number}\n" for number in range(1, 11)).encode()


def test_events_of_pause_oom_and_health(made: Made) -> None:
    runtime = DockerRuntime(SOCKET)
    with listening(runtime, made.labels) as heard:
        paused = made.start("sleep", "600")
        made.docker.api.call("pause", 10, lambda sdk: sdk.pause(paused))
        heard.until(ContainerAction.PAUSE, paused)
        assert made.inspect(paused).paused
        with pytest.raises(ContainerNotRunning, match="is paused"):
            made.docker.containers.exec(paused, ["true"])
        made.docker.api.call("unpause", 10, lambda sdk: sdk.unpause(paused))
        heard.until(ContainerAction.UNPAUSE, paused)
        little = {"Memory": 32_000_000, "MemorySwap": 32_000_000}  # less may be too little for runc itself
        greedy = made.start("sh", "-c", "tail -c 200000000 /dev/zero", host=little)
        heard.until(ContainerAction.DIE, greedy)
        if not any(each.action is ContainerAction.OOM for each in heard.all):  # an engine may tell them in either order
            heard.until(ContainerAction.OOM, greedy)
        healthy = made.start("sleep", "600", Healthcheck={"Test": ["CMD", "true"], "Interval": 1_000_000_000})
        heard.until(ContainerAction.HEALTH, healthy)
    runtime.engine.close()


def test_stats_come_from_the_kernel(made: Made) -> None:
    container = made.start("sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo done; sleep 600",
                           network="bridge", host={"Memory": 64_000_000})
    made.wait_for_output(container, "done")
    found = made.docker.stats(container)
    assert found.cpu_seconds > 0.01
    assert found.memory_limit_bytes == 64_000_000 // 4096 * 4096
    assert 0 < found.memory_bytes < 64_000_000
    assert found.processes == 1
    assert made.shell(container, "ping -c 2 -W 5 $(ip route | awk '/default/ {print $3}')")[0] == 0
    assert made.docker.stats(container).sent_bytes > found.sent_bytes


def test_stats_need_a_running_container(made: Made) -> None:
    with pytest.raises(ContainerNotRunning):
        made.docker.stats(made.docker.containers.create(made.payload("true"), made.name()))


def test_what_the_engine_warns_of_is_heard(made: Made) -> None:
    heard: list[str] = []
    payload = made.payload("true", network="host", host={"PortBindings": {"80/tcp": [{"HostPort": "0"}]}},
                           ExposedPorts={"80/tcp": {}})
    made.docker.containers.create(payload, made.name(), heard.append)
    assert any("Published ports are discarded" in each for each in heard), heard
