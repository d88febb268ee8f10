"""Folders as tar archives: an image from a root folder, files into a container, an image from a container."""
from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator

import pytest

from deploy.demo import busybox
from executor.docker.images import Commit
from executor.docker.mesos_docker import Docker
from executor.engine.failures import BadOption, NoSuchContainer
from tests.contract.reading import read_all
from tests.docker.made import Made

PIECE = 64 * 1024


def archive(**files: str) -> bytes:
    """A folder with these files."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()


def pieces(whole: bytes) -> Iterator[bytes]:
    return (whole[at:at + PIECE] for at in range(0, len(whole), PIECE))


@pytest.fixture
def image(made: Made) -> Iterator[str]:
    name = f"{made.name()}:1"
    yield name
    made.docker.images.rm(name, force=True)


def output(made: Made, container: str) -> dict[int, bytes]:
    made.docker.containers.wait(container, 60)
    return read_all(made.docker.containers.logs(container, follow=False))


@pytest.mark.parametrize("cut", [bytes, pieces], ids=["whole", "pieces"])
def test_import(docker: Docker, made: Made, image: str, cut: Callable[[bytes], bytes]) -> None:
    root = busybox.root_folder("/usr/bin/busybox")
    found = docker.images.import_archive(cut(root), image, changes=['CMD ["echo", "imported"]', "ENV A=b"], message="m")
    assert docker.images.inspect(image)["Id"] == found
    assert docker.images.inspect(image)["Config"]["Env"] == ["A=b"]
    assert docker.images.inspect(image)["Comment"] == "m"
    container = docker.containers.create({**made.payload(), "Image": image, "Cmd": None}, made.name())
    docker.containers.start(container)
    assert output(made, container)[1] == b"imported\n"


def test_importing_what_is_no_archive(docker: Docker, image: str) -> None:
    with pytest.raises(BadOption, match="tar"):
        docker.images.import_archive(b"this is no tar archive" * 100, image)
    assert not docker.images.has(image)


def test_an_archive_whose_maker_gives_up_leaves_no_image(docker: Docker, image: str) -> None:
    def given_up() -> Iterator[bytes]:
        yield archive(a="b")[:512]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        docker.images.import_archive(given_up(), image)
    assert not docker.images.has(image)


@pytest.mark.parametrize("cut", [bytes, pieces], ids=["whole", "pieces"])
def test_copy_into_a_container_before_its_start(docker: Docker, made: Made, cut: Callable[[bytes], bytes]) -> None:
    container = docker.containers.create(made.payload("cat", "/root/greeting"), made.name())
    docker.containers.copy_into(container, "/root", cut(archive(greeting="hello\n")))
    docker.containers.start(container)
    assert output(made, container)[1] == b"hello\n"


def test_copy_into_a_running_container(docker: Docker, made: Made) -> None:
    container = made.start("sleep", "600")
    docker.containers.copy_into(container, "/tmp", archive(a="1", b="2"))
    assert made.shell(container, "cat /tmp/a /tmp/b") == (0, "12")


def test_copies_that_cannot_be(docker: Docker, made: Made) -> None:
    container = docker.containers.create(made.payload("true"), made.name())
    with pytest.raises(BadOption, match="Could not find the file /nowhere"):
        docker.containers.copy_into(container, "/nowhere", archive(a="1"))
    with pytest.raises(NoSuchContainer):
        docker.containers.copy_into(made.name(), "/", archive(a="1"))


def test_what_was_copied_and_written_is_committed(docker: Docker, made: Made, image: str) -> None:
    container = docker.containers.create(made.payload("sh", "-c", "cat /a >/kept; exit 3"), made.name())
    docker.containers.copy_into(container, "/", archive(a="from outside\n"))
    docker.containers.start(container)
    assert docker.containers.wait(container, 60) == 3
    repository, _, tag = image.rpartition(":")
    docker.images.commit(container, Commit(repository, tag, changes=('CMD ["cat", "/kept"]',)))
    second = docker.containers.create({**made.payload(), "Image": image, "Cmd": None}, made.name())
    docker.containers.start(second)
    assert output(made, second)[1] == b"from outside\n"
