"""`docker images` and `docker commit`, on the real engine."""
from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import pytest

from executor.docker.images import Commit, listing
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


def test_images_as_text(made: Made, image: str) -> None:
    rows = made.docker.images.ls(image)
    name, tag = image.split(":")
    short, full = rows[0].id.removeprefix("sha256:")[:12], rows[0].id
    assert listing(rows, quiet=True) == f"{short}\n"
    assert listing(rows, quiet=True, no_trunc=True) == f"{full}\n"
    assert listing(rows, format="{{.Repository}}={{ .Tag }}") == f"{name}={tag}\n"
    assert listing(rows).splitlines()[0].split() == ["REPOSITORY", "TAG", "ID", "CREATEDAT", "SIZE"]
    assert listing(rows, digests=True).splitlines()[1].split()[:4] == [
        name, tag, rows[0].id if has_containerd_store(made.docker) else "<none>", short]
    assert listing(rows, format="table {{.ID}} {{.Tag}}").split() == ["ID", "TAG", short, tag]
    assert f'"Repository": "{name}"' in listing(rows, format="json")


def test_an_image_that_is_not_here(docker: Docker) -> None:
    with pytest.raises(ImageNotFound):
        docker.images.inspect("no/such:image")
    docker.images.rm("no/such:image")
