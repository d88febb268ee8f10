"""A dockerd of one's own, which may die: own socket, own folders, no bridge; stopped by its pid at the end."""
from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from deploy.docker_socket import ping
from deploy.images import busybox
from deploy.problems import Problem
from tests.engine import real_docker

PATIENCE = 60.0


class PrivateEngine:
    """`socket` stays the same through all its lives."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.socket = str(folder / "docker.sock")
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        (self._folder / "docker.pid").unlink(missing_ok=True)
        with (self._folder / "dockerd.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["unshare", "--net", "dockerd", "-H", f"unix://{self.socket}",
                 "--data-root", f"{self._folder}/data", "--exec-root",
                 f"{self._folder}/exec", "--pidfile", f"{self._folder}/docker.pid", "--bridge", "none",
                 "--iptables=false", "--ip6tables=false", "--config-file", f"{self._folder}/none.json",
                 *self._options], stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                ping(self.socket)
            except Problem:
                assert self._process.poll() is None, (self._folder / "dockerd.log").read_text()[-2000:]
                assert time.monotonic() < deadline
                time.sleep(0.05)
            else:
                return

    def send(self, number: signal.Signals) -> None:
        """A signal to the dockerd itself."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it and wait for that. After a SIGKILL its containerd, which would outlive it, goes too: as in a crash."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE)
            if number is signal.SIGKILL:
                _end_processes_of(self._folder, "containerd")
                (self._folder / "exec/containerd/containerd.pid").unlink(missing_ok=True)

    def end(self) -> None:
        """End it with all that it started."""
        self.stop()
        _end_processes_of(self._folder, "containerd", "containerd-shim", "containerd-shim-runc-v2")
        _unmount(self._folder)


@contextlib.contextmanager
def private_engine(*options: str) -> Iterator[PrivateEngine]:
    """A running one, with the busybox image; in a short folder, since the paths of sockets are short."""
    folder = Path(tempfile.mkdtemp(prefix="dkr-", dir="/tmp"))
    (folder / "none.json").write_text("{}")
    engine = PrivateEngine(folder, *options)
    try:
        engine.start()
        with real_docker(engine.socket) as docker:
            busybox.ensure(docker)
        yield engine
    finally:
        engine.end()
        shutil.rmtree(folder, ignore_errors=True)


def _end_processes_of(folder: Path, *programs: str) -> None:
    """What a killed dockerd has left: these programs with our folder in their command line."""
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError, ValueError):
            words = command.read_bytes().decode().split("\0")
            if Path(words[0]).name in programs and any(str(folder) in word for word in words):
                os.kill(int(command.parent.name), signal.SIGKILL)


def _unmount(folder: Path) -> None:
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((each for each in mounts if each.startswith(str(folder))), reverse=True):
        subprocess.run(["umount", "-l", mount], check=False, stderr=subprocess.DEVNULL)
