"""A Busybox image from Debian's busybox-static: one binary, a link for each of its commands, and
/etc with root in it.

It is what `docker import` is for: the root folder is built as a tar archive in memory, nothing
touches the disk. As after a plain `docker import`, the image says nothing else: no command, no
environment.
"""
from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

from deploy.cli.problems import Problem
from executor.docker.mesos_docker import Docker

REFERENCE = "busybox:static"
PACKAGE = "busybox-static"

FOLDERS = ("bin", "dev", "etc", "home", "proc", "root", "run", "sys", "tmp", "usr", "usr/bin",
           "var", "var/log", "var/tmp")
FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
}


def ensure(docker: Docker, reference: str = REFERENCE) -> str:
    """The image's name; it is built if it is not here. Raises RuntimeFailure, and Problem without a
    busybox here.
    """
    if not docker.images.has(reference):
        docker.images.import_archive(root_folder(binary()), reference)
    return reference


def root_folder(binary: str) -> bytes:
    """The root folder around a static busybox, as a tar archive."""
    listed = subprocess.run([binary, "--list"], capture_output=True, text=True,
                            check=True).stdout.split()
    content = Path(binary).read_bytes()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for folder in FOLDERS:
            tar.addfile(_entry(folder, tarfile.DIRTYPE,
                               0o1777 if folder.endswith("tmp") else 0o755))
        tar.addfile(_entry("bin/busybox", tarfile.REGTYPE, 0o755, len(content)),
                    io.BytesIO(content))
        for name in _applets(listed):
            link = _entry(f"bin/{name}", tarfile.SYMTYPE, 0o777)
            link.linkname = "busybox"
            tar.addfile(link)
        for path, text in FILES.items():
            tar.addfile(_entry(path, tarfile.REGTYPE, 0o644, len(text)), io.BytesIO(text.encode()))
    return archive.getvalue()


def _applets(listed: Iterable[str]) -> list[str]:
    return sorted({name for name in listed if name != "busybox" and "/" not in name})


def _entry(path: str, kind: bytes, mode: int, size: int = 0) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.type, entry.mode, entry.size = kind, mode, size
    return entry


def binary() -> str:
    found = shutil.which("busybox", path="/bin:/usr/bin:/sbin:/usr/sbin")
    if found is None or _is_dynamic(found):
        raise Problem(
            f"the {PACKAGE} package is needed to build {REFERENCE}: apt-get install {PACKAGE}")
    return found


def _is_dynamic(binary: str) -> bool:
    """Whether it asks for an interpreter (PT_INTERP): then it would not run alone in an image."""
    with Path(binary).open("rb") as file:
        return b"/ld-linux" in file.read(4096)
