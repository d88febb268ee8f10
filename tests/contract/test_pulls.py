"""Pulls by the engine in memory and from a real registry: the same answers."""
from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator

import pytest

from executor.docker.door.api import Api
from executor.docker.mesos_docker import Docker
from executor.engine.cancellation import Cancellation
from executor.engine.failures import Cancelled, ImageNotFound
from executor.engine.port import PullProgress
from tests.contract.conftest import SOCKET, World
from tests.docker.registry import Registry
from tests.fakes.runtime import FakeRuntime


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with Registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def offered(world: World, registry: Registry) -> Iterator[Callable[[int], str]]:
    """Makes an image that can be pulled, with some layers; its name."""
    docker = Docker(Api(SOCKET))
    names: list[str] = []

    def offer(layers: int) -> str:
        name = f"contract-{uuid.uuid4().hex[:8]}:1"
        names.append(f"{registry.host}/{name}")
        if isinstance(world.runtime, FakeRuntime):
            world.runtime.images.registry.images[names[-1]] = layers
        else:
            registry.push(docker, name, layers=layers)
        return names[-1]

    yield offer
    for name in names:
        docker.images.rm(name)
    docker.close()


def test_pulled_with_progress(world: World, offered: Callable[[int], str]) -> None:
    name = offered(2)
    told: list[PullProgress] = []
    assert not world.has_image(name)
    world.images.pull(name, listener=told.append)
    assert world.has_image(name)
    assert (told[-1].image, told[-1].layers_done, told[-1].layers) == (name, 2, 2)
    assert told[-1].bytes_done == told[-1].bytes


def test_what_is_here_is_not_pulled(world: World, offered: Callable[[int], str]) -> None:
    name = offered(1)
    world.images.pull(name)
    told: list[PullProgress] = []
    world.images.pull(name, listener=told.append)
    assert told == []
    world.images.pull(name, force=True)
    assert world.has_image(name)


def test_an_unknown_image(world: World, registry: Registry) -> None:
    with pytest.raises(ImageNotFound, match=r"manifest unknown|: not found$"):
        world.images.pull(f"{registry.host}/never-was:1")


def test_given_up_before_it_began(world: World, offered: Callable[[int], str]) -> None:
    cancel = Cancellation()
    cancel.set()
    with pytest.raises(Cancelled):
        world.images.pull(offered(1), cancel=cancel)


def test_many_at_once(world: World, offered: Callable[[int], str]) -> None:
    name = offered(1)
    failures: list[BaseException] = []

    def pull() -> None:
        try:
            world.images.pull(name)
        except BaseException as failure:  # noqa: BLE001 - told to the test
            failures.append(failure)

    threads = [threading.Thread(target=pull) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert world.has_image(name)
