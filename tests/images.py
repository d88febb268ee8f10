"""Images for tests: built if they are missing, never removed, so that a test machine needs no registry."""
from __future__ import annotations

import contextlib
import fcntl
import io
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy.demo import busybox, nginx
from executor.docker.images import Commit
from tests.engine import real_docker


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One process of this machine at a time: the others find the image that the first one makes."""
    with (Path(tempfile.gettempdir()) / "mesos-docker-test-images.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def busybox_image() -> str:
    """Static busybox with a link for each of its commands."""
    with alone(), real_docker() as docker:
        return busybox.ensure(docker)


def variant(name: str, *changes: str, files: Mapping[str, str] | None = None) -> str:
    """busybox with these Dockerfile instructions, and files, under a tag of its own."""
    image = f"busybox:{name}"
    with alone(), real_docker() as docker:
        if not docker.images.has(image):
            made = docker.containers.create({"Image": busybox.ensure(docker), "Cmd": ["true"]})
            if files:
                docker.containers.copy_into(made, "/", _archive(files))
            docker.images.commit(made, Commit("busybox", name, changes=changes))
            docker.containers.remove(made)
    return image


def user_image() -> str:
    """Runs as a number that the node does not know."""
    return variant("user", "USER 1234")


def named_user_image() -> str:
    """Has a `daemon` of its own, with a number that is not the node's `daemon`'s."""
    return variant("uid4321", files={"etc/passwd": "root:x:0:0::/:/bin/sh\ndaemon:x:4321:4321::/:/bin/sh\n",
                                     "etc/group": "root:x:0:\ndaemon:x:4321:\nstaff:x:4322:\n"})


def sick_image() -> str:
    """Has a health check that fails."""
    return variant("healthcheck", "HEALTHCHECK --interval=1s --timeout=1s --retries=1 CMD false")


def _archive(files: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return out.getvalue()


def nginx_image() -> str:
    """nginx that logs to stdout and stderr, serves /var/www/html on port 80 and stays in the foreground."""
    with alone(), real_docker() as docker:
        return nginx.ensure(docker)
