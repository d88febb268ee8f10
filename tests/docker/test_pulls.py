"""Pulls from a real registry, with and without login, through a proxy that misbehaves, and given up half-way."""
from __future__ import annotations

import dataclasses
import itertools
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from executor.docker_pull import PullSettings
from executor.docker_runtime import DockerRuntime
from executor.docker_wrapper import Docker
from executor.runtime import (
    BadOption,
    Blame,
    Cancellation,
    Cancelled,
    DeadlineExceeded,
    ImageNotFound,
    NotAuthorised,
    PullProgress,
    RateLimited,
    RegistryUnavailable,
    RuntimeFailure,
)
from tests.docker.registry import PASSWORD, USER, Registry, config_json
from tests.docker.registry_proxy import RegistryProxy

SOCKET = "/var/run/docker.sock"
IMPATIENT = PullSettings(idle=60, total=120, attempts=3, pause=0.05, longest_pause=0.1, limited_pause=0.1)
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with Registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture(scope="module")
def private_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with Registry(tmp_path_factory.mktemp("private-registry"), login=True) as running:
        yield running


@pytest.fixture
def proxy(registry: Registry) -> Iterator[RegistryProxy]:
    with RegistryProxy(registry) as running:
        yield running


@pytest.fixture
def runtime() -> Iterator[DockerRuntime]:
    runtime = DockerRuntime(SOCKET, pull_settings=IMPATIENT)
    yield runtime
    runtime.close()


@pytest.fixture(autouse=True)
def nothing_is_left(docker: Docker) -> Iterator[None]:
    yield
    assert not [row for row in docker.images.ls() if f"-{os.getpid()}" in row.repository]


@pytest.fixture
def pushed(docker: Docker) -> Iterator[Callable[..., tuple[str, str]]]:
    """Pushes a new image to a registry; its name there and its digest. What was pulled of it is removed."""
    names: list[str] = []

    def push(registry: Registry, host: str | None = None, **more: int) -> tuple[str, str]:
        name = f"app-{os.getpid()}-{next(_numbers)}:1"
        digest = registry.push(docker, name, **more)
        names.append(f"{host or registry.host}/{name}")
        return names[-1], digest

    yield push
    for name in names:
        docker.images.rm(name, force=True)


def sandbox(folder: Path, text: str, name: str = ".docker/config.json") -> str:
    path = folder / "sandbox" / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return str(folder / "sandbox")


Pushed = Callable[..., tuple[str, str]]


def test_by_tag_with_progress(runtime: DockerRuntime, registry: Registry, pushed: Pushed) -> None:
    name, _ = pushed(registry, layers=3, size=300_000)
    told: list[PullProgress] = []
    assert not runtime.has_image(name)
    runtime.pull(name, listener=told.append)
    assert runtime.has_image(name)
    last = told[-1]
    assert (last.image, last.layers_done, last.layers) == (name, 3, 3)
    assert last.bytes_done == last.bytes > 0
    done = [progress.layers_done for progress in told]
    assert done == sorted(done)
    assert all(progress.bytes_done <= progress.bytes for progress in told)


def test_by_digest(runtime: DockerRuntime, docker: Docker, registry: Registry, pushed: Pushed) -> None:
    name, digest = pushed(registry)
    by_digest = f"{name.rpartition(':')[0]}@{digest}"
    runtime.pull(by_digest)
    assert runtime.has_image(by_digest)
    assert not runtime.has_image(name)
    docker.images.rm(by_digest)


def test_with_tag_and_digest_the_digest_counts(runtime: DockerRuntime, docker: Docker, registry: Registry,
                                               pushed: Pushed) -> None:
    name, digest = pushed(registry)
    runtime.pull(f"{name}@{digest}")
    by_digest = f"{name.rpartition(':')[0]}@{digest}"
    assert runtime.has_image(by_digest)
    docker.images.rm(by_digest)


def test_an_image_that_is_here_is_not_asked_for_unless_forced(
        runtime: DockerRuntime, registry: Registry, proxy: RegistryProxy, pushed: Pushed) -> None:
    name, _ = pushed(registry, proxy.host)
    runtime.pull(name)
    asked = len(proxy.asked)
    assert asked > 0
    runtime.pull(name)
    assert len(proxy.asked) == asked
    runtime.pull(name, force=True)
    assert len(proxy.asked) > asked


def test_force_gets_what_the_tag_means_now(runtime: DockerRuntime, docker: Docker, registry: Registry) -> None:
    name = f"{registry.host}/moving-{os.getpid()}:1"
    registry.push(docker, name.partition("/")[2])
    runtime.pull(name)
    before = docker.images.inspect(name)["Id"]
    registry.push(docker, name.partition("/")[2])  # takes the local one away, too
    runtime.pull(name, force=True)
    assert docker.images.inspect(name)["Id"] != before
    docker.images.rm(name)
    docker.images.rm(before)  # it has no name any more


@pytest.mark.parametrize("missing", ["app-that-never-was:1", "{}:no-such-tag"])
def test_unknown_image_and_unknown_tag_are_never_tried_again(
        runtime: DockerRuntime, registry: Registry, proxy: RegistryProxy, pushed: Pushed, missing: str) -> None:
    name, _ = pushed(registry, proxy.host)
    repository = name.partition("/")[2].partition(":")[0]
    with pytest.raises(ImageNotFound, match=r"manifest unknown|not found") as caught:
        runtime.pull(f"{proxy.host}/{missing.format(repository)}")
    assert caught.value.blame is Blame.USER
    assert sum("manifests" in path for path in proxy.asked) <= 2  # HEAD and GET of one try


def test_a_name_that_is_none(runtime: DockerRuntime) -> None:
    with pytest.raises(BadOption, match=r"invalid reference format|must be lowercase"):
        runtime.pull("localhost:5000/UPPER:1")


def test_login_from_the_sandbox(runtime: DockerRuntime, private_registry: Registry, pushed: Pushed,
                                tmp_path: Path) -> None:
    name, _ = pushed(private_registry)
    runtime.pull(name, sandbox=sandbox(tmp_path, config_json(f"http://{private_registry.host}/v1/")))
    assert runtime.has_image(name)


def test_login_from_an_old_dockercfg(runtime: DockerRuntime, private_registry: Registry, pushed: Pushed,
                                     tmp_path: Path) -> None:
    name, _ = pushed(private_registry)
    old = json.dumps(json.loads(config_json(private_registry.host))["auths"])
    runtime.pull(name, sandbox=sandbox(tmp_path, old, ".dockercfg"))
    assert runtime.has_image(name)


@pytest.mark.parametrize("as_file", [True, False])
def test_login_from_the_nodes_configuration(private_registry: Registry, pushed: Pushed, tmp_path: Path,
                                            as_file: bool) -> None:
    name, _ = pushed(private_registry)
    text = config_json(private_registry.host)
    path = tmp_path / "node.json"
    path.write_text(text)
    runtime = DockerRuntime(SOCKET, pull_settings=dataclasses.replace(
        IMPATIENT, node_config=str(path) if as_file else text))
    (tmp_path / "empty").mkdir()
    runtime.pull(name, sandbox=str(tmp_path / "empty"))
    assert runtime.has_image(name)
    runtime.close()


def test_login_from_a_credential_helper(runtime: DockerRuntime, private_registry: Registry, pushed: Pushed,
                                        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, _ = pushed(private_registry)
    helper = tmp_path / "bin" / "docker-credential-test"
    helper.parent.mkdir()
    helper.write_text('#!/bin/sh\nread registry\n'
                      f'[ "$1 $registry" = "get {private_registry.host}" ] || exit 1\n'
                      f'echo \'{json.dumps({"Username": USER, "Secret": PASSWORD})}\'\n')
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{helper.parent}:{os.environ['PATH']}")
    runtime.pull(name, sandbox=sandbox(tmp_path, json.dumps({"credHelpers": {private_registry.host: "test"}})))
    assert runtime.has_image(name)


@pytest.mark.parametrize(("config", "said"), [
    (None, "no credentials"),
    ("wrong", "user joe from .docker/config.json in the sandbox"),
])
def test_wrong_or_no_password_is_never_tried_again_and_says_what_was_used(
        private_registry: Registry, pushed: Pushed, tmp_path: Path, config: str | None, said: str) -> None:
    name, _ = pushed(private_registry)
    wrong = "not-the-password"
    with RegistryProxy(private_registry) as proxy:
        runtime = DockerRuntime(SOCKET, pull_settings=IMPATIENT)
        image = name.replace(private_registry.host, proxy.host)
        folder = sandbox(tmp_path, config_json(proxy.host, USER, wrong)) if config else None
        with pytest.raises(NotAuthorised, match=r"unauthorized|no basic auth credentials") as caught:
            runtime.pull(image, sandbox=folder)
        runtime.close()
        assert len(proxy.asked) <= 4  # one try
    assert said in str(caught.value)
    assert wrong not in str(caught.value)
    assert wrong not in repr(caught.value.__cause__)


def test_a_broken_configuration_is_said(runtime: DockerRuntime, tmp_path: Path) -> None:
    with pytest.raises(NotAuthorised, match=r".docker/config.json in the sandbox: JSON parse failed"):
        runtime.pull("localhost:1/x:1", sandbox=sandbox(tmp_path, "{"))


def test_a_registry_that_is_down_is_tried_again_later(runtime: DockerRuntime, tmp_path: Path, docker: Docker) -> None:
    registry = Registry(tmp_path)
    with registry:
        registry.push(docker, "app:1")
    image = f"{registry.host}/app:1"
    with pytest.raises(RegistryUnavailable, match="connection refused") as caught:
        runtime.pull(image)
    assert caught.value.blame is Blame.PLATFORM
    patient = DockerRuntime(SOCKET, pull_settings=dataclasses.replace(IMPATIENT, attempts=1000, longest_pause=0.2))
    back = threading.Timer(0.5, registry.start)
    back.start()
    patient.pull(image)  # it comes back meanwhile
    back.join()
    registry.stop()
    docker.images.rm(image)
    patient.close()


@pytest.mark.parametrize(("status", "kind"), [(500, RegistryUnavailable), (503, RegistryUnavailable),
                                              (429, RateLimited)])
def test_5xx_and_429_are_tried_again_until_it_works_or_is_enough(
        runtime: DockerRuntime, registry: Registry, proxy: RegistryProxy, pushed: Pushed, status: int,
        kind: type[RuntimeFailure]) -> None:
    name, _ = pushed(registry, proxy.host)
    proxy.fault = lambda path: status if "manifests" in path else None
    with pytest.raises(kind) as caught:
        runtime.pull(name)
    assert caught.value.retry
    assert sum("manifests" in path for path in proxy.asked) >= IMPATIENT.attempts
    left = [status, status]
    proxy.fault = lambda path: left.pop() if "manifests" in path and left else None
    runtime.pull(name)
    assert runtime.has_image(name)


def stalling(proxy: RegistryProxy) -> None:
    """The large layer stops coming after 100 kB."""
    proxy.fault = lambda path: -100_000 if "blobs" in path else None


def when(event: threading.Event, do: Callable[[], None]) -> None:
    def wait() -> None:
        if event.wait(60):
            do()

    threading.Thread(target=wait).start()


def test_a_stall_in_a_layer_ends_with_the_idle_limit(registry: Registry, proxy: RegistryProxy, pushed: Pushed) -> None:
    name, _ = pushed(registry, proxy.host, layers=1, size=2_000_000)
    stalling(proxy)
    runtime = DockerRuntime(SOCKET, pull_settings=dataclasses.replace(IMPATIENT, idle=0.5, attempts=1))
    with pytest.raises(DeadlineExceeded, match=r"no sign of life .* for 0.5 s \(0 of 1 layers and \d+ of \d+ bytes"):
        runtime.pull(name)
    assert proxy.stalled.is_set()
    runtime.close()


def test_a_stall_in_a_layer_ends_with_the_total_limit(registry: Registry, proxy: RegistryProxy, pushed: Pushed) -> None:
    name, _ = pushed(registry, proxy.host, layers=1, size=2_000_000)
    stalling(proxy)
    runtime = DockerRuntime(SOCKET, pull_settings=dataclasses.replace(IMPATIENT, total=1.0))
    with pytest.raises(DeadlineExceeded, match=f"pull of {name}: .* within"):
        runtime.pull(name)
    runtime.close()


def test_after_a_stall_the_next_try_gets_it(registry: Registry, proxy: RegistryProxy, pushed: Pushed) -> None:
    name, _ = pushed(registry, proxy.host, layers=1, size=2_000_000)
    stalls = [-100_000]
    proxy.fault = lambda path: stalls.pop() if "blobs" in path and stalls else None
    runtime = DockerRuntime(SOCKET, pull_settings=dataclasses.replace(IMPATIENT, idle=1.0))
    runtime.pull(name)
    assert runtime.has_image(name)
    runtime.close()


def test_cancelled_in_the_middle_of_a_layer(runtime: DockerRuntime, registry: Registry, proxy: RegistryProxy,
                                            pushed: Pushed) -> None:
    name, _ = pushed(registry, proxy.host, layers=1, size=2_000_000)
    stalling(proxy)
    cancel = Cancellation()
    when(proxy.stalled, cancel.set)
    with pytest.raises(Cancelled):
        runtime.pull(name, cancel=cancel)
    assert not runtime.has_image(name)
    with pytest.raises(Cancelled):
        runtime.pull(name, cancel=cancel)  # from the start


def test_cancelled_between_two_tries(registry: Registry, proxy: RegistryProxy, pushed: Pushed) -> None:
    name, _ = pushed(registry, proxy.host)
    refused = threading.Event()

    def fault(path: str) -> int | None:
        if "manifests" in path:
            refused.set()
            return 503
        return None

    proxy.fault = fault
    runtime = DockerRuntime(SOCKET, pull_settings=dataclasses.replace(IMPATIENT, pause=600, longest_pause=600))
    cancel = Cancellation()
    when(refused, cancel.set)
    with pytest.raises(Cancelled):
        runtime.pull(name, cancel=cancel)
    runtime.close()


def pulling(runtime: DockerRuntime, name: str, ended: list[object], cancel: Cancellation | None = None,
            folder: str | None = None) -> threading.Thread:
    def pull() -> None:
        try:
            runtime.pull(name, cancel=cancel, sandbox=folder)
            ended.append("pulled")
        except RuntimeFailure as failure:
            ended.append(type(failure))

    thread = threading.Thread(target=pull)
    thread.start()
    return thread


def test_one_pull_for_all_who_ask_at_once(runtime: DockerRuntime, registry: Registry, proxy: RegistryProxy,
                                          pushed: Pushed) -> None:
    name, _ = pushed(registry, proxy.host, layers=1, size=2_000_000)
    stalling(proxy)
    ended: list[object] = []
    threads = [pulling(runtime, name, ended) for _ in range(5)]
    assert proxy.stalled.wait(60)
    proxy.go_on.set()
    for thread in threads:
        thread.join(60)
    assert ended == ["pulled"] * 5
    assert sum("blobs" in path for path in proxy.asked) == len({path for path in proxy.asked if "blobs" in path})


def test_who_gives_up_leaves_the_others_their_pull(runtime: DockerRuntime, registry: Registry, proxy: RegistryProxy,
                                                   pushed: Pushed) -> None:
    name, _ = pushed(registry, proxy.host, layers=1, size=2_000_000)
    stalling(proxy)
    first = Cancellation()
    ended: list[object] = []
    others: list[object] = []
    leader = pulling(runtime, name, ended, first)
    assert proxy.stalled.wait(60)
    followers = [pulling(runtime, name, others) for _ in range(2)]
    while runtime._images._puller.waiting(name) < 3:
        time.sleep(0.01)
    first.set()
    leader.join(60)
    assert ended == [Cancelled]
    proxy.go_on.set()
    for follower in followers:
        follower.join(60)
    assert others == ["pulled"] * 2


def test_anothers_wrong_password_is_not_mine(docker: Docker, private_registry: Registry, pushed: Pushed,
                                             tmp_path: Path) -> None:
    name, _ = pushed(private_registry)
    runtime = DockerRuntime(SOCKET, pull_settings=IMPATIENT)
    with RegistryProxy(private_registry) as proxy:
        image = name.replace(private_registry.host, proxy.host)
        wrong = sandbox(tmp_path / "wrong", config_json(proxy.host, USER, "wrong"))
        right = sandbox(tmp_path / "right", config_json(proxy.host))
        bad: list[object] = []
        good: list[object] = []
        threads = [pulling(runtime, image, bad, folder=wrong), pulling(runtime, image, good, folder=right)]
        for thread in threads:
            thread.join(60)
        assert good == ["pulled"]
        assert bad in ([NotAuthorised], ["pulled"])  # pulled, if it came second: then the image was here
        runtime.close()
        docker.images.rm(image)
