"""An nginx image from Debian's own packages, made the way people make their first image: container,
install, commit.

A container is created from the Busybox image, the files of the packages are copied into it, it runs
once to do what the packages' own scripts would have done, and its files are committed. No registry
is asked; the packages come from the machine's package sources, by apt-get.
"""
from __future__ import annotations

import contextlib
import io
import re
import shutil
import subprocess
import tarfile
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

from deploy.cli.problems import Problem
from deploy.cli.signals import cleaned_up, unbroken
from deploy.demo import busybox
from executor.docker.images import Commit
from executor.docker.mesos_docker import Docker, copy_output

REFERENCE = "mesos-docker/nginx:debian"
PACKAGE = "nginx"
LABEL = "mesos-docker.build"  # of the container in which it is installed
UNUSED = ("usr/share/doc/", "usr/share/man/", "usr/share/lintian/")

SITE = """\
server {
    listen 80 default_server;
    root /var/www/html;
    index index.html;
    server_name _;
    location / { try_files $uri $uri/ =404; }
}
"""

# What the packages' post-installation scripts do, as far as it matters here: the loader where
# programs look for it, the user that nginx runs as, and its logs to where a container's logs go.
INSTALL = """\
set -e
[ -e /lib ] || ln -s usr/lib /lib
[ -e /lib64 ] || [ ! -e /usr/lib64 ] || ln -s usr/lib64 /lib64
grep -q ^www-data: /etc/passwd || {
    echo www-data:x:33:33:www-data:/var/www:/bin/false >>/etc/passwd
    echo www-data:x:33: >>/etc/group
}
mkdir -p /var/www/html /var/log/nginx /var/lib/nginx /run
cp /usr/share/nginx/html/index.html /var/www/html/
rm -f /etc/nginx/sites-enabled/*
mv /site.conf /etc/nginx/sites-enabled/default
ln -sf /dev/stdout /var/log/nginx/access.log
ln -sf /dev/stderr /var/log/nginx/error.log
/usr/sbin/nginx -t
"""

INSTALL_SECONDS = 300.0
CHANGES = ('CMD ["nginx", "-g", "daemon off;"]', "EXPOSE 80")

Say = Callable[[str], None]


def ensure(docker: Docker, say: Say = lambda _: None, reference: str = REFERENCE) -> str:
    """The image's name; it is built if it is not here, each step told to `say`. Raises
    RuntimeFailure, Problem.
    """
    if docker.images.has(reference):
        say(f"image {reference} is here already")
        return reference
    base = busybox.ensure(docker)
    with tempfile.TemporaryDirectory(prefix="mesos-docker-nginx-") as folder:
        say("downloading nginx and its libraries as Debian packages")
        packages = _download(Path(folder))
        _build(docker, base, reference, packages, say)
    return reference


def _build(docker: Docker, base: str, reference: str, packages: list[Path], say: Say) -> None:
    name = f"mesos-docker-build-{uuid.uuid4()}"
    say(f"creating a container from {base}")
    payload = {"Image": base, "Cmd": ["sh", "-c", INSTALL], "Labels": {LABEL: reference},
               "HostConfig": {"NetworkMode": "none"}}
    with cleaned_up(lambda: docker.containers.remove(name)):
        with unbroken():
            docker.containers.create(payload, name)
        for package in packages:
            say(f"copying {package.name.partition('_')[0]} into it")
            docker.containers.copy_into(name, "/", _files(package))
        docker.containers.copy_into(name, "/", _one_file("site.conf", SITE))
        say("installing")
        docker.containers.start(name)
        status = docker.containers.wait(name, INSTALL_SECONDS)
        if status != 0:
            raise Problem(
                f"installing nginx in the container ended with {status}: {_output(docker, name)}")
        repository, _, tag = reference.rpartition(":")
        docker.images.commit(name, Commit(repository, tag, changes=CHANGES,
                                          message="nginx from Debian's packages on static busybox"))
        say(f"committed {reference}")


def _output(docker: Docker, container: str) -> str:
    text = bytearray()
    with contextlib.closing(docker.containers.logs(container, follow=False)) as stream:
        copy_output(stream, lambda _, piece: text.extend(piece))
    return text.decode(errors="replace").strip()


def _download(folder: Path) -> list[Path]:
    """nginx, the packages it depends on that hold libraries or its configuration, and theirs in
    turn.
    """
    wanted, have = [PACKAGE], dict[str, Path]()
    while wanted:
        name = wanted.pop()
        if name in have:
            continue
        have[name] = _fetch(name, folder)
        wanted += [other for other in _depends(have[name])
                   if other.startswith(("lib", "zlib", "nginx-"))]
    return list(have.values())


def _fetch(package: str, folder: Path) -> Path:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise Problem(f"{REFERENCE} is built from Debian packages, and this is not a Debian system")
    answer = _apt(["download", package], folder)
    if answer.returncode != 0:  # most often: no package lists yet, as on a fresh machine
        _apt(["update"], folder)
        answer = _apt(["download", package], folder)
    found = sorted(folder.glob(f"{package}_*.deb"))
    if answer.returncode != 0 or not found:
        reason = answer.stderr.strip() or answer.stdout.strip()
        raise Problem(f"cannot download the Debian package {package}: {reason}")
    return found[0]


def _apt(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["apt-get", "-q", *arguments], cwd=folder, capture_output=True,
                          text=True, check=False)


def _depends(package: Path) -> list[str]:
    """The names in a package's Depends field; of alternatives the first."""
    command = ["dpkg-deb", "-f", str(package), "Depends"]
    field = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return re.findall(r"(?:^|,)\s*([a-z0-9][a-z0-9.+-]*)", field)


def _files(package: Path) -> bytes:
    """A package's files as a tar archive, without what no container needs."""
    whole = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(package)], capture_output=True,
                           check=True).stdout
    slim = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(whole)) as source, tarfile.open(fileobj=slim,
                                                                         mode="w") as target:
        for entry in source:
            if not entry.name.removeprefix("./").startswith(UNUSED):
                target.addfile(entry, source.extractfile(entry) if entry.isreg() else None)
    return slim.getvalue()


def _one_file(name: str, text: str) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text.encode()))
    return archive.getvalue()
