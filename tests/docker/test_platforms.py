"""Images of several platforms, from a real registry: the one that is asked for is pulled."""
from __future__ import annotations

import gzip
import hashlib
import http.client
import io
import json
import tarfile
import uuid
from collections.abc import Iterator

import pytest

from executor.docker.mesos_docker import Docker
from executor.docker.runtime import DockerRuntime
from executor.engine.failures import BadOption, ImageNotFound
from tests.docker.registry import Registry

INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
IMAGE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


@pytest.fixture
def image(docker: Docker, registry: Registry) -> Iterator[str]:
    """Its name; there for amd64 and arm64, and not here."""
    repository = f"platforms-{uuid.uuid4().hex[:8]}"
    entries = [_pushed(registry, repository, architecture) for architecture in ("amd64", "arm64")]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
    _ask(registry, "PUT", f"/v2/{repository}/manifests/all", json.dumps(index).encode(), INDEX)
    yield f"{registry.host}/{repository}:all"
    for row in docker.images.ls(f"{registry.host}/{repository}", all=True):  # the first one has lost its tag
        docker.images.rm(row.id, force=True)


def test_the_platform_that_is_asked_for(runtime: DockerRuntime, image: str) -> None:
    runtime.images.pull(image, platform="linux/arm64")
    assert runtime.images.inspect(image)["Architecture"] == "arm64"
    assert runtime.images.has(image)
    assert runtime.images.has(image, "linux/arm64")
    assert not runtime.images.has(image, "linux/amd64")
    runtime.images.pull(image)  # there is one of that name, and nobody asks for another
    assert runtime.images.inspect(image)["Architecture"] == "arm64"
    runtime.images.pull(image, platform="linux/amd64")
    assert runtime.images.inspect(image)["Architecture"] == "amd64"


def test_a_container_is_not_made_of_an_image_for_another_platform(runtime: DockerRuntime, image: str) -> None:
    runtime.images.pull(image, platform="linux/amd64")
    with pytest.raises(ImageNotFound, match="was found but "):
        runtime.containers.create({"Image": image, "Platform": "linux/arm64", "Cmd": ["x"]}, "never-made")


@pytest.mark.parametrize(("platform", "kind"), [("linux/s390x", ImageNotFound), ("nonsense/", BadOption)])
def test_a_platform_that_is_not_there_or_is_none(runtime: DockerRuntime, image: str, platform: str,
                                                 kind: type[Exception]) -> None:
    with pytest.raises(kind):
        runtime.images.pull(image, platform=platform)
    assert not runtime.images.has(image)


def _pushed(registry: Registry, repository: str, architecture: str) -> dict[str, object]:
    """An image of one platform, put into the registry, as an entry of an index."""
    layer = _layer()
    content = hashlib.sha256(layer).hexdigest()
    packed = gzip.compress(layer)
    config = json.dumps({"architecture": architecture, "os": "linux", "config": {"Cmd": ["/file"]},
                         "rootfs": {"type": "layers", "diff_ids": [f"sha256:{content}"]}}).encode()
    manifest = json.dumps({"schemaVersion": 2, "mediaType": IMAGE,
                           "config": _blob(registry, repository, config, CONFIG),
                           "layers": [_blob(registry, repository, packed, LAYER)]}).encode()
    _ask(registry, "PUT", f"/v2/{repository}/manifests/{architecture}", manifest, IMAGE)
    return {**_descriptor(manifest, IMAGE), "platform": {"os": "linux", "architecture": architecture}}


def _blob(registry: Registry, repository: str, content: bytes, kind: str) -> dict[str, object]:
    place = _ask(registry, "POST", f"/v2/{repository}/blobs/uploads/", b"", kind)["Location"]
    described = _descriptor(content, kind)
    path = place.removeprefix(f"http://{registry.host}")
    _ask(registry, "PUT", f"{path}&digest={described['digest']}", content, "application/octet-stream")
    return described


def _descriptor(content: bytes, kind: str) -> dict[str, object]:
    return {"mediaType": kind, "size": len(content), "digest": f"sha256:{hashlib.sha256(content).hexdigest()}"}


def _ask(registry: Registry, method: str, path: str, body: bytes, kind: str) -> http.client.HTTPMessage:
    connection = http.client.HTTPConnection(registry.host)
    connection.request(method, path, body, {"Content-Type": kind})
    answer = connection.getresponse()
    said = answer.read()
    assert answer.status in {201, 202}, said
    connection.close()
    return answer.headers


def _layer() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        entry = tarfile.TarInfo("file")
        text = uuid.uuid4().bytes
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    return out.getvalue()
