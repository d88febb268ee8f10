"""A real registry (Debian's docker-registry) on a free port of localhost."""
from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

from executor.docker.images import Commit
from executor.docker.mesos_docker import Docker
from tests.patience import SLOW
from tests.ports import free_port

PATIENCE = 60.0 * SLOW
USER, PASSWORD = "joe", "s3cret-of-joe"
PROGRAMS = {"docker-registry": "docker-registry", "htpasswd": "apache2-utils"}


class Registry:
    """Started by `with`; `login` wants USER and PASSWORD of everybody."""

    def __init__(self, folder: Path, *, login: bool = False) -> None:
        self.port = free_port()
        self.login = login
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def __enter__(self) -> Registry:
        for program, package in PROGRAMS.items():
            assert shutil.which(program), f"the tests need the Debian package {package}: apt-get install {package}"
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        config = {"version": 0.1, "log": {"level": "error"}, "http": {"addr": f"127.0.0.1:{self.port}"},
                  "storage": {"filesystem": {"rootdirectory": str(self._folder / "data")}}}
        if self.login:
            passwords = self._folder / "htpasswd"
            passwords.write_text(subprocess.run(["htpasswd", "-niB", USER], input=PASSWORD, capture_output=True,
                                                text=True, check=True).stdout)
            config["auth"] = {"htpasswd": {"realm": "test", "path": str(passwords)}}
        path = self._folder / "config.yml"
        path.write_text(json.dumps(config))  # JSON is YAML
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(["docker-registry", "serve", str(path)], stdout=log, stderr=log,
                                             env={"PATH": os.environ["PATH"]})
        ends = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 5).close()
            except OSError:
                assert time.monotonic() < ends, (self._folder / "log").read_text()
                assert self._process.poll() is None, (self._folder / "log").read_text()
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None

    def push(self, docker: Docker, name: str, *, layers: int = 2, size: int = 100_000) -> str:
        """A new image under a name like "app:1", then gone from the engine; its digest."""
        local = f"{self.host}/{name}"
        _build(docker, local, layers, size)
        login = {"username": USER, "password": PASSWORD} if self.login else {}
        repository, _, tag = local.rpartition(":")
        told = docker.api.call("push", PATIENCE, lambda sdk: str(sdk.push(repository, tag, auth_config=login)))
        assert "errorDetail" not in told, told
        digest = next(line for line in told.split() if line.startswith("sha256:"))
        docker.images.rm(local, force=True)
        return digest.strip('",')


def _build(docker: Docker, name: str, layers: int, size: int) -> None:
    """An image with that many layers of random bytes, so that no engine has one of them already."""
    docker.images.import_archive(_archive("layer-1", size), name, changes=['CMD ["/layer-1"]'])
    repository, _, tag = name.rpartition(":")
    for number in range(2, layers + 1):
        container = docker.containers.create({"Image": name, "Cmd": ["/x"]})
        docker.containers.copy_into(container, "/", _archive(f"layer-{number}", size))
        docker.images.commit(container, Commit(repository, tag))
        docker.containers.remove(container)


def _archive(name: str, size: int) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = size
        tar.addfile(entry, io.BytesIO(os.urandom(size)))
    return out.getvalue()


@contextlib.contextmanager
def isolated_registry(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """One at localhost:5000 of a network of its own, for an engine in that network. It may be stopped for a while: the
    process is the registry itself.
    """
    config = folder / "config.yml"
    config.write_text(json.dumps({
        "version": 0.1, "log": {"level": "error"}, "http": {"addr": "127.0.0.1:5000"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}}}))
    with subprocess.Popen(["unshare", "--net", "sh", "-c",
                           'ip link set lo up && exec docker-registry serve "$0"', config],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _until(process, "-Htln sport = :5000")
            yield process
        finally:
            process.kill()


def asked(registry: subprocess.Popen[bytes]) -> None:
    """Wait until somebody is connected to an isolated registry."""
    _until(registry, "-Htn state established dport = :5000")


def _until(registry: subprocess.Popen[bytes], sockets: str) -> None:
    look = ["nsenter", f"--net=/proc/{registry.pid}/ns/net", "ss", *sockets.split()]
    ends = time.monotonic() + PATIENCE
    while not subprocess.run(look, check=True, capture_output=True).stdout:
        assert time.monotonic() < ends
        time.sleep(0.05)


def config_json(host: str, user: str = USER, password: str = PASSWORD) -> str:
    """A .docker/config.json with credentials for one registry."""
    return json.dumps({"auths": {host: {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}}})
