"""`docker images` and `docker commit`, on the real engine."""
from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import pytest

from executor.docker.images import Commit
from executor.docker.mesos_docker import Docker
from executor.engine.failures import ImageNotFound
from tests.contract.reading import PATIENCE
from tests.docker.made import Made, Output
from tests.engine import has_containerd_store

SOCKET = "/var/run/docker.sock"


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
    assert (row.repository, row.tag) == tuple(image.split(":"))
    assert row.digest == (row.id if has_containerd_store(made.docker) else "<none>")
    assert row.size > 0
    assert abs(row.created - time.time()) < 3600
    assert [found.id for found in images.ls(filters={"label": ["kind=cake"], "reference": [image]})] == [row.id]
    assert row.id not in {found.id for found in images.ls(filters={"dangling": ["true"]})}
    assert {found.id for found in images.ls(all=True)} >= {found.id for found in images.ls()}


def test_an_image_that_is_not_here(docker: Docker) -> None:
    with pytest.raises(ImageNotFound):
        docker.images.inspect("no/such:image")
    docker.images.rm("no/such:image")
