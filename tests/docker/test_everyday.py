"""Docker's everyday commands and Mesos's Docker class, each on the real engine."""
from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor.docker_images import Commit, listing
from executor.docker_runtime import DockerRuntime, Engine
from executor.docker_wrapper import Docker
from executor.runtime import (
    BadOption,
    Cancellation,
    Cancelled,
    ContainerAction,
    ContainerNotRunning,
    DaemonUnavailable,
    DeadlineExceeded,
    ImageNotFound,
    RuntimeFailure,
)
from specs.container import PortMapping, RunOptions
from specs.errors import SpecError
from specs.version import parse_version
from tests.contract.reading import PATIENCE, listening, read_all
from tests.docker.made import Made
from tests.docker.socket_proxy import Fault, SocketProxy

SOCKET = "/var/run/docker.sock"


class Output:
    """What a run has written."""

    def __init__(self) -> None:
        self.text = {1: b"", 2: b""}

    def __call__(self, descriptor: int, text: bytes) -> None:
        self.text[descriptor] += text


def options(made: Made, *argv: str, **more: object) -> RunOptions:
    return RunOptions(**{"image": "busybox:static", "name": made.name(), "network": "none", "arguments": argv,
                         **more})  # type: ignore[arg-type]


@pytest.fixture
def forgotten(docker: Docker) -> Iterator[list[str]]:
    """Names of containers that carry no label of the test, to be removed at its end."""
    names: list[str] = []
    yield names
    for name in names:
        docker.rm(name, force=True)


# ---- run ------------------------------------------------------------------------------------------------------------

def test_run_passes_output_and_status_on(docker: Docker, made: Made, forgotten: list[str]) -> None:
    wanted = options(made, "sh", "-c", "echo $GREETING; echo bad >&2; exit 6", env={"GREETING": "hello"})
    forgotten.append(wanted.name)
    output = Output()
    assert docker.run(wanted, output) == 6
    assert output.text == {1: b"hello\n", 2: b"bad\n"}
    assert docker.inspect(wanted.name).started


@pytest.mark.parametrize(("argv", "more", "status", "said"), [
    (["no-such-program"], {}, 127, b"executable file not found"),
    (["/etc"], {}, 126, b"permission denied"),
    (["true"], {"image": "no/such:image"}, 125, b"No such image: no/such:image"),
    (["true"], {"network": "nowhere"}, 125, b"network nowhere not found"),
    (["true"], {"memory": 1}, 125, b"Minimum memory limit"),
])
def test_run_exits_as_the_docker_command_does_when_it_cannot(
        docker: Docker, made: Made, forgotten: list[str], argv: list[str], more: dict[str, object], status: int,
        said: bytes) -> None:
    wanted = options(made, *argv, **more)
    forgotten.append(wanted.name)
    output = Output()
    assert docker.run(wanted, output) == status
    assert said in output.text[2]
    assert output.text[2].startswith(b"docker: Error response from daemon: ")


def test_run_with_a_published_port(docker: Docker, made: Made, forgotten: list[str]) -> None:
    wanted = options(made, "true", network="bridge", port_mappings=(PortMapping(0, 80, "tcp"),))
    forgotten.append(wanted.name)
    assert docker.run(wanted, Output()) == 0


def test_run_is_cancelled_at_any_moment(docker: Docker, made: Made, forgotten: list[str]) -> None:
    wanted = options(made, "sh", "-c", "echo here; sleep 600")
    forgotten.append(wanted.name)
    cancel = Cancellation()
    with pytest.raises(Cancelled):
        docker.run(wanted, lambda *_: cancel.set(), cancel)
    assert docker.containers.wait(wanted.name, PATIENCE) == 137


def test_a_terminal_has_no_frames(made: Made) -> None:
    output = Output()
    payload = made.payload("sh", "-c", "echo out; echo err >&2", Tty=True)
    assert made.docker.run_payload(payload, made.name(), output) == 0
    assert output.text == {1: b"out\r\nerr\r\n", 2: b""}


# ---- start, stop, restart, kill, rm, ps, inspect --------------------------------------------------------------------

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


def test_a_negative_timeout_has_mesos_text(docker: Docker) -> None:
    with pytest.raises(SpecError) as caught:
        docker.stop("any", -5)
    assert caught.value.problem == "A negative timeout cannot be applied to docker stop: -5"


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
        docker.engine.call("volume inspect", 10, lambda api: api.inspect_volume(mount["Name"]))


# ---- exec, logs, events, stats --------------------------------------------------------------------------------------

def test_exec_that_is_cut_off_leaves_no_process(made: Made) -> None:
    container = made.start("sleep", "600")
    marker = f"4{uuid.uuid4().int % 10_000_000:07d}"
    script = f"echo begun; sleep {marker} & sleep {marker}"
    done = made.docker.containers.exec(container, ["sh", "-c", script], timeout=1)
    assert (done.exit_code, done.output) == (None, b"begun\n")
    ends = time.monotonic() + PATIENCE
    while marker in made.shell(container, "ps")[1]:
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_exec_keeps_what_fits_of_the_output(made: Made) -> None:
    done = made.docker.containers.exec(made.start("sleep", "600"), ["sh", "-c", "yes | head -c 3000000"])
    assert (done.exit_code, len(done.output)) == (0, 1024 * 1024)


def test_logs_tail_and_since(made: Made) -> None:
    container = made.start("sh", "-c", "echo one; echo two; sleep 1.2; echo three")
    made.docker.containers.wait(container, PATIENCE)
    logs = made.docker.containers.logs
    assert read_all(logs(container, follow=False))[1] == b"one\ntwo\nthree\n"
    assert read_all(logs(container, follow=False, tail=2))[1] == b"two\nthree\n"
    assert read_all(logs(container, follow=True, tail=1))[1] == b"three\n"
    finished = made.inspect(container).raw["State"]["StartedAt"]
    since = time.mktime(time.strptime(finished[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone + 1.0
    assert read_all(logs(container, follow=False, since=since))[1].endswith(b"three\n")
    assert b"one" not in read_all(logs(container, follow=False, since=since + 1))[1]


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
        made.docker.engine.call("pause", 10, lambda api: api.pause(paused))
        heard.until(ContainerAction.PAUSE, paused)
        assert made.inspect(paused).paused
        with pytest.raises(ContainerNotRunning, match="is paused"):
            made.docker.containers.exec(paused, ["true"])
        made.docker.engine.call("unpause", 10, lambda api: api.unpause(paused))
        heard.until(ContainerAction.UNPAUSE, paused)
        little = {"Memory": 8_000_000, "MemorySwap": 8_000_000}
        greedy = made.start("sh", "-c", "tail -c 200000000 /dev/zero", host=little)
        heard.until(ContainerAction.OOM, greedy)
        heard.until(ContainerAction.DIE, greedy)
        healthy = made.start("sleep", "600", Healthcheck={"Test": ["CMD", "true"], "Interval": 1_000_000_000})
        heard.until(ContainerAction.HEALTH, healthy)
    runtime.close()


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


# ---- images and commit ----------------------------------------------------------------------------------------------

@pytest.fixture
def image(made: Made) -> Iterator[str]:
    """A committed image with a name of its own."""
    container = made.start("sh", "-c", "echo baked > /cake")
    made.docker.containers.wait(container, PATIENCE)
    name = f"test-{uuid.uuid4().hex[:10]}"
    made.docker.images.commit(container, Commit(
        name, "v1", author="Ada <ada@example.org>", message="with cake", pause=True,
        changes=("ENV CAKE=yes", 'CMD ["cat", "/cake"]', "LABEL kind=cake")))
    yield f"{name}:v1"
    made.docker.images.rm(f"{name}:v1", force=True)


def test_commit_with_all_its_options(made: Made, image: str) -> None:
    found = made.docker.images.inspect(image)
    assert (found["Author"], found["Comment"]) == ("Ada <ada@example.org>", "with cake")
    assert "CAKE=yes" in found["Config"]["Env"]
    output = Output()
    payload = {**made.payload(), "Image": image, "Cmd": None}
    assert made.docker.run_payload(payload, made.name(), output) == 0
    assert output.text[1] == b"baked\n"


def test_images_by_name_filter_and_all(made: Made, image: str) -> None:
    images = made.docker.images
    (row,) = images.ls(image)
    assert (row.repository, row.tag, row.digest) == (*image.split(":"), "<none>")
    assert row.size > 0
    assert abs(row.created - time.time()) < 3600
    assert [found.id for found in images.ls(filters={"label": ["kind=cake"], "reference": [image]})] == [row.id]
    assert row.id not in {found.id for found in images.ls(filters={"dangling": ["true"]})}
    assert {found.id for found in images.ls(all=True)} >= {found.id for found in images.ls()}


def test_images_as_text(made: Made, image: str) -> None:
    rows = made.docker.images.ls(image)
    name, tag = image.split(":")
    short, full = rows[0].id.removeprefix("sha256:")[:12], rows[0].id
    assert listing(rows, quiet=True) == f"{short}\n"
    assert listing(rows, quiet=True, no_trunc=True) == f"{full}\n"
    assert listing(rows, format="{{.Repository}}={{ .Tag }}") == f"{name}={tag}\n"
    assert listing(rows).splitlines()[0].split() == ["REPOSITORY", "TAG", "ID", "CREATEDAT", "SIZE"]
    assert listing(rows, digests=True).splitlines()[1].split()[:4] == [name, tag, "<none>", short]
    assert listing(rows, format="table {{.ID}} {{.Tag}}").split() == ["ID", "TAG", short, tag]
    assert f'"Repository": "{name}"' in listing(rows, format="json")


def test_an_image_that_is_not_here(docker: Docker) -> None:
    with pytest.raises(ImageNotFound):
        docker.images.inspect("no/such:image")
    docker.images.rm("no/such:image")


# ---- create and version ---------------------------------------------------------------------------------------------

def test_create_validates() -> None:
    docker = Docker.create(SOCKET)
    assert not docker.version() < parse_version("20.10.0")
    docker.close()


def test_create_refuses_what_is_not_a_path() -> None:
    with pytest.raises(BadOption, match=r"^Invalid Docker socket path: unix:///var/run/docker.sock$"):
        Docker.create("unix:///var/run/docker.sock")


def test_create_says_that_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"Failed to get docker version: version: .*No such file"):
        Docker.create(str(tmp_path / "docker.sock"))
    Docker.create(str(tmp_path / "docker.sock"), validate=False).close()


def test_an_old_version_is_refused_with_mesos_text(docker: Docker) -> None:
    with pytest.raises(SpecError, match=r"^Insufficient version '20\.\S+' of Docker. Please upgrade to >=' 99.0.0'$"):
        docker.validate_version(parse_version("99.0.0"))


def test_a_version_that_does_not_come(tmp_path: Path) -> None:
    with SocketProxy(tmp_path, SOCKET) as proxy:
        proxy.fault = lambda _: Fault.HANG
        docker = Docker(Engine(proxy.path))
        with pytest.raises(SpecError, match=r"^Timed out getting docker version$"):
            docker.version(0.3)
        docker.close()


def test_pull_of_what_is_here_answers_the_image(docker: Docker, tmp_path: Path) -> None:
    assert docker.pull(str(tmp_path), "busybox:static").entrypoint is None


# ---- what must not matter -------------------------------------------------------------------------------------------

def test_the_environment_does_not_matter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text("not JSON at all")
    for name, value in {"DOCKER_HOST": "tcp://192.0.2.1:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/nowhere",
                        "DOCKER_API_VERSION": "1.1", "DOCKER_CONFIG": str(tmp_path / ".docker"), "HOME": str(tmp_path),
                        "HTTP_PROXY": "http://192.0.2.1:1", "ALL_PROXY": "http://192.0.2.1:1"}.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.lower(), value)
    runtime = DockerRuntime(SOCKET)
    assert runtime.version() >= (20, 10, 0)
    assert runtime.has_image("busybox:static")
    runtime.close()


def test_one_connection_is_used_again_and_again(tmp_path: Path, made: Made) -> None:
    with SocketProxy(tmp_path, SOCKET) as proxy:
        proxy.keep_alive = True
        docker = Docker(Engine(proxy.path))
        for _ in range(20):
            docker.images.has("busybox:static")
            docker.containers.ls(made.labels)
        assert proxy.accepted == 1
        docker.close()


def test_the_api_version_is_asked_for_once(tmp_path: Path) -> None:
    with SocketProxy(tmp_path, SOCKET) as proxy:
        runtime = DockerRuntime(proxy.path)
        for _ in range(3):
            runtime.has_image("busybox:static")
        assert sum(line.split()[1] == "/version" for line in proxy.asked) == 1
        assert all(line.split()[1].startswith("/v1.") for line in proxy.asked[1:])
        runtime.close()


def test_secrets_are_in_no_message(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    secret = f"secret-{uuid.uuid4().hex}"
    with caplog.at_level("DEBUG"), pytest.raises(RuntimeFailure) as caught:
        made.start("no-such-program", Env=[f"TOKEN={secret}"])
    for text in (str(caught.value), repr(caught.value), caplog.text):
        assert secret not in text
    found = made.docker.containers.ls(made.labels)
    assert secret not in repr(found)


def test_an_engine_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DaemonUnavailable, match=str(tmp_path)):
        DockerRuntime(str(tmp_path / "docker.sock")).inspect("any")
