"""`mesos-docker node images` on real Docker: what is there, and that nothing goes which is used."""
from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.node.image_store import remove, stored
from executor.engine.failures import RuntimeFailure
from tests.engine import real_docker
from tests.images import busybox_image
from tests.patience import SLOW

COMMAND = str(Path(sys.executable).with_name("mesos-docker"))
EVERYTHING = ("--gc", "--high", "1B", "--low", "0B", "--grace", "0ns")


def listed(*words: str) -> dict[str, dict[str, Any]]:
    """The images, each by its first name."""
    done = subprocess.run([COMMAND, "node", "images", "--output", "json", *words], capture_output=True, text=True,
                          timeout=120 * SLOW, check=True)
    return {each["names"][0]: each for each in json.loads(done.stdout)["images"] if each["names"]}


@pytest.fixture
def image() -> Iterator[str]:
    """One that nobody uses, or has heard of."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        info = tarfile.TarInfo("file")
        info.size = 1 << 20
        tar.addfile(info, io.BytesIO(bytes(1 << 20)))
    name = f"mesos-docker-test/{uuid.uuid4()}:1"
    subprocess.run(["docker", "import", "-", name], input=content.getvalue(), check=True, capture_output=True)
    yield name
    subprocess.run(["docker", "rmi", "-f", name], check=False, capture_output=True)


def test_what_is_there_and_who_uses_it(image: str) -> None:
    """Nothing is removed here: the machine's images are others'."""
    name = f"mdx-{uuid.uuid4()}"
    subprocess.run(["docker", "create", "--name", name, image, "true"], check=True, capture_output=True)
    try:
        found = listed()
        assert found[image]["usedBy"] == [name]
        assert found[image]["own"] >= 1 << 20
        assert found[image]["done"] == "kept"
        assert listed(*EVERYTHING, "--dry-run")[image]["done"] == "kept"
    finally:
        subprocess.run(["docker", "rm", name], check=True, capture_output=True)
    assert listed(*EVERYTHING, "--dry-run")[image]["done"] == "would be removed"
    assert listed("--gc", "--high", "1B", "--low", "0B", "--dry-run")[image]["done"] == "kept"  # it has just come
    assert busybox_image() in listed()


def test_an_image_goes_with_all_its_names_but_not_from_under_a_container(image: str) -> None:
    other, name = image.replace(":1", ":2"), f"mdx-{uuid.uuid4()}"
    subprocess.run(["docker", "tag", image, other], check=True)
    subprocess.run(["docker", "create", "--name", name, image, "true"], check=True, capture_output=True)
    with real_docker() as docker:
        (ours,) = (each for each in stored(docker)[0] if image in each.names)
        assert sorted(ours.names) == [image, other]
        try:
            with pytest.raises(RuntimeFailure):
                remove(docker, ours)
        finally:
            subprocess.run(["docker", "rm", name], check=True, capture_output=True)
        remove(docker, ours)
        remove(docker, ours)  # who else did it was quicker
        assert not docker.images.has(ours.id)


@pytest.mark.parametrize("words", [
    ("--gc",), ("--gc", "--high", "1GB"), ("--gc", "--high", "1GB", "--low", "2GB"), ("--high", "1GB"),
    ("--gc", "--high", "1.5GB", "--low", "1GB"), ("--docker-socket", "relative")])
def test_what_cannot_be_asked_for(words: tuple[str, ...]) -> None:
    done = subprocess.run([COMMAND, "node", "images", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
