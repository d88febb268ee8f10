"""Pulls from a real registry, through a proxy that misbehaves, shared, and given up half-way."""
from __future__ import annotations

import dataclasses
import os
import threading
import time
from pathlib import Path

import pytest

from executor.docker.mesos_docker import Docker
from executor.docker.pull import Wanted
from executor.docker.runtime import DockerRuntime
from executor.engine.cancellation import Cancellation
from executor.engine.failures import (
    BadOption,
    Blame,
    Cancelled,
    DeadlineExceeded,
    ImageNotFound,
    RateLimited,
    RegistryUnavailable,
    RuntimeFailure,
)
from executor.engine.port import PullProgress
from tests.docker.pulling import IMPATIENT, Pushed, pulling, when
from tests.docker.registry import Registry
from tests.docker.registry_proxy import RegistryProxy
from tests.engine import has_containerd_store
from tests.patience import SLOW

SOCKET = "/var/run/docker.sock"


def test_by_tag_with_progress(runtime: DockerRuntime, docker: Docker, registry: Registry, pushed: Pushed) -> None:
    name, _ = pushed(registry, layers=3, size=300_000)
    told: list[PullProgress] = []
    assert not runtime.images.has(name)
    runtime.images.pull(name, listener=told.append)
    assert runtime.images.has(name)
    last = told[-1]
    assert (last.image, last.layers_done, last.layers) == (name, 3, 3)
    assert last.bytes_done == last.bytes
    assert last.bytes > 0 or has_containerd_store(docker)  # which does not count what comes at once
    done = [progress.layers_done for progress in told]
    assert done == sorted(done)
    assert all(progress.bytes_done <= progress.bytes for progress in told)


def test_by_digest(runtime: DockerRuntime, docker: Docker, registry: Registry, pushed: Pushed) -> None:
    name, digest = pushed(registry)
    by_digest = f"{name.rpartition(':')[0]}@{digest}"
    runtime.images.pull(by_digest)
    assert runtime.images.has(by_digest)
    assert not runtime.images.has(name)
    docker.images.rm(by_digest)


def test_with_tag_and_digest_the_digest_counts(runtime: DockerRuntime, docker: Docker, registry: Registry,
                                               pushed: Pushed) -> None:
    name, digest = pushed(registry)
    runtime.images.pull(f"{name}@{digest}")
    by_digest = f"{name.rpartition(':')[0]}@{digest}"
    assert runtime.images.has(by_digest)
    docker.images.rm(by_digest)


def test_an_image_that_is_here_is_not_asked_for_unless_forced(
        runtime: DockerRuntime, registry: Registry, proxy: RegistryProxy, pushed: Pushed) -> None:
    name, _ = pushed(registry, proxy.host)
    runtime.images.pull(name)
    asked = len(proxy.asked)
    assert asked > 0
    runtime.images.pull(name)
    assert len(proxy.asked) == asked
    runtime.images.pull(name, force=True)
    assert len(proxy.asked) > asked


def test_force_gets_what_the_tag_means_now(runtime: DockerRuntime, docker: Docker, registry: Registry) -> None:
    name = f"{registry.host}/moving-{os.getpid()}:1"
    registry.push(docker, name.partition("/")[2])
    runtime.images.pull(name)
    before = docker.images.inspect(name)["Id"]
    registry.push(docker, name.partition("/")[2])  # takes the local one away, too
    runtime.images.pull(name, force=True)
    assert docker.images.inspect(name)["Id"] != before
    docker.images.rm(name)
    docker.images.rm(before)  # it has no name any more


@pytest.mark.parametrize("missing", ["app-that-never-was:1", "{}:no-such-tag"])
def test_unknown_image_and_unknown_tag_are_never_tried_again(
        runtime: DockerRuntime, registry: Registry, proxy: RegistryProxy, pushed: Pushed, missing: str) -> None:
    name, _ = pushed(registry, proxy.host)
    repository = name.partition("/")[2].partition(":")[0]
    with pytest.raises(ImageNotFound, match=r"manifest unknown|not found") as caught:
        runtime.images.pull(f"{proxy.host}/{missing.format(repository)}")
    assert caught.value.blame is Blame.TASK
    assert sum("manifests" in path for path in proxy.asked) <= 2  # HEAD and GET of one try


def test_a_name_that_is_none(runtime: DockerRuntime) -> None:
    with pytest.raises(BadOption, match=r"invalid reference format|must be lowercase"):
        runtime.images.pull("localhost:5000/UPPER:1")


def test_a_registry_that_is_down_is_tried_again_later(runtime: DockerRuntime, tmp_path: Path, docker: Docker) -> None:
    registry = Registry(tmp_path)
    with registry:
        registry.push(docker, "app:1")
    image = f"{registry.host}/app:1"
    with pytest.raises(RegistryUnavailable, match="connection refused") as caught:
        runtime.images.pull(image)
    assert caught.value.blame is Blame.OPERATOR
    patient = DockerRuntime(SOCKET, pull_settings=dataclasses.replace(IMPATIENT, unreachable_attempts=1000,
                                                                      longest_pause=0.2))
    back = threading.Timer(0.5, registry.start)
    back.start()
    patient.images.pull(image)  # it comes back meanwhile
    back.join()
    registry.stop()
    docker.images.rm(image)
    patient.engine.close()


@pytest.mark.parametrize(("status", "kind"), [(500, RegistryUnavailable), (503, RegistryUnavailable),
                                              (429, RateLimited)])
def test_5xx_and_429_are_tried_again_until_it_works_or_is_enough(
        runtime: DockerRuntime, registry: Registry, proxy: RegistryProxy, pushed: Pushed, status: int,
        kind: type[RuntimeFailure]) -> None:
    name, _ = pushed(registry, proxy.host)
    proxy.fault = lambda path: status if "manifests" in path else None
    with pytest.raises(kind) as caught:
        runtime.images.pull(name)
    assert caught.value.retry
    assert sum("manifests" in path for path in proxy.asked) >= IMPATIENT.attempts
    left = [status, status]
    proxy.fault = lambda path: left.pop() if "manifests" in path and left else None
    runtime.images.pull(name)
    assert runtime.images.has(name)


def stalling(proxy: RegistryProxy) -> None:
    """The large layer stops coming after 100 kB."""
    proxy.fault = lambda path: -100_000 if "blobs" in path else None


def test_a_stall_in_a_layer_ends_with_the_idle_limit(docker: Docker, registry: Registry, proxy: RegistryProxy,
                                                     pushed: Pushed) -> None:
    name, _ = pushed(registry, proxy.host, layers=1, size=2_000_000)
    stalling(proxy)
    runtime = DockerRuntime(SOCKET, pull_settings=dataclasses.replace(IMPATIENT, idle=0.5, attempts=1))
    layers = "[01]" if has_containerd_store(docker) else "1"
    said = rf"no sign of life .* for 0.5 s \(0 of {layers} layers and \d+ of \d+ bytes"
    with pytest.raises(DeadlineExceeded, match=said):
        runtime.images.pull(name)
    assert proxy.stalled.is_set()
    runtime.engine.close()


def test_a_stall_in_a_layer_ends_with_the_total_limit(registry: Registry, proxy: RegistryProxy, pushed: Pushed) -> None:
    name, _ = pushed(registry, proxy.host, layers=1, size=2_000_000)
    stalling(proxy)
    runtime = DockerRuntime(SOCKET, pull_settings=dataclasses.replace(IMPATIENT, total=1.0))
    with pytest.raises(DeadlineExceeded, match=f"pull of {name}: .* within"):
        runtime.images.pull(name)
    runtime.engine.close()


def test_after_a_stall_the_next_try_gets_it(registry: Registry, proxy: RegistryProxy, pushed: Pushed) -> None:
    name, _ = pushed(registry, proxy.host, layers=1, size=2_000_000)
    stalls = [-100_000]
    proxy.fault = lambda path: stalls.pop() if "blobs" in path and stalls else None
    runtime = DockerRuntime(SOCKET, pull_settings=dataclasses.replace(IMPATIENT, idle=1.0))
    runtime.images.pull(name)
    assert runtime.images.has(name)
    runtime.engine.close()


def test_cancelled_in_the_middle_of_a_layer(runtime: DockerRuntime, registry: Registry, proxy: RegistryProxy,
                                            pushed: Pushed) -> None:
    name, _ = pushed(registry, proxy.host, layers=1, size=2_000_000)
    stalling(proxy)
    cancel = Cancellation()
    when(proxy.stalled, cancel.set)
    with pytest.raises(Cancelled):
        runtime.images.pull(name, cancel=cancel)
    assert not runtime.images.has(name)
    with pytest.raises(Cancelled):
        runtime.images.pull(name, cancel=cancel)  # from the start


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
        runtime.images.pull(name, cancel=cancel)
    runtime.engine.close()


def test_one_pull_for_all_who_ask_at_once(runtime: DockerRuntime, registry: Registry, proxy: RegistryProxy,
                                          pushed: Pushed) -> None:
    name, _ = pushed(registry, proxy.host, layers=1, size=2_000_000)
    stalling(proxy)
    ended: list[object] = []
    threads = [pulling(runtime, name, ended) for _ in range(5)]
    assert proxy.stalled.wait(60 * SLOW)
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
    assert proxy.stalled.wait(60 * SLOW)
    followers = [pulling(runtime, name, others) for _ in range(2)]
    while runtime.images._puller.waiting(Wanted.of(name)) < 3:
        time.sleep(0.01)
    first.set()
    leader.join(60)
    assert ended == [Cancelled]
    proxy.go_on.set()
    for follower in followers:
        follower.join(60)
    assert others == ["pulled"] * 2
