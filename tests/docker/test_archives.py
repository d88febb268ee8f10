"""Folders as tar archives: an image from a root folder, files into a container, an image from a container."""
from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from deploy.demo import busybox
from executor.docker.containers import MOST_READ
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


def test_files_are_read_through_links_and_within_bounds(docker: Docker, made: Made) -> None:
    container = docker.containers.create(made.payload("true"), made.name())
    files = {"plain": b"text\n", "empty": b"", "large": bytes(2 * MOST_READ)}
    links = {"absolute": "/tmp/plain", "relative": "../tmp/plain", "twice": "absolute", "round": "round",
             "out": "../../../../../../tmp/plain", "dead": "nowhere"}
    docker.containers.copy_into(container, "/tmp", tree(files, links))
    read = partial(docker.containers.read, container)
    assert read("/tmp/plain") == b"text\n"
    assert read("/tmp/empty") == b""
    assert read("/tmp/large") is None
    for name in ("absolute", "relative", "twice", "out"):
        assert read(f"/tmp/{name}") == b"text\n"
    for name in ("round", "dead", "nothing", ""):
        assert read(f"/tmp/{name}") is None
    with pytest.raises(NoSuchContainer):
        docker.containers.read(made.name(), "/tmp/plain")


def tree(files: dict[str, bytes], links: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        for name, target in links.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
    return out.getvalue()


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
