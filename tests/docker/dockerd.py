"""A dockerd of a test's own: everything of it is in one folder, and it dies when the test says so.

It lives in a network namespace of its own: a second dockerd beside the machine's would take or delete its docker0.
"""
from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy.cli.docker_socket import ping
from deploy.cli.problems import Problem
from deploy.demo import busybox
from tests.engine import real_docker
from tests.patience import SLOW

PATIENCE = 60.0 * SLOW


class Dockerd:
    """Not started by the constructor. Containers of it are labelled by those who make them."""

    def __init__(self, folder: Path, *, live_restore: bool = False, network: int | None = None) -> None:
        """`network`: a process whose network namespace it is to share, such as its registry's; else it has one of its
        own each time.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._network = ["unshare", "--net"] if network is None else ["nsenter", f"--net=/proc/{network}/ns/net"]
        self.folder = folder
        self.socket = str(folder / "docker.sock")
        self.live_restore = live_restore
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers."""
        (self.folder / "pid").unlink(missing_ok=True)  # after a crash somebody else may have the number
        config = self.folder / "daemon.json"
        config.write_text(json.dumps({"live-restore": self.live_restore}))
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._network, "sh", "-c", 'ip link set lo up && exec dockerd "$@"', "sh",
                 "--config-file", str(config), "--data-root", str(self.folder / "data"),
                 "--exec-root", str(self.folder / "run"), "--pidfile", str(self.folder / "pid"),
                 "-H", f"unix://{self.socket}"],
                stdout=log, stderr=log, start_new_session=True)
        ends = time.monotonic() + PATIENCE
        while True:
            try:
                ping(self.socket)
            except Problem:
                assert self._process.poll() is None, self.log()
                assert time.monotonic() < ends, self.log()
                time.sleep(0.05)
            else:
                break
        with real_docker(self.socket) as docker:
            busybox.ensure(docker)

    @property
    def pid(self) -> int:
        """Of the dockerd itself."""
        assert self._process is not None
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        """A signal to the dockerd itself."""
        assert self._process is not None
        self._process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End the dockerd itself and wait for that; with live-restore its containers go on.

        After a SIGKILL its containerd, which may outlive it, goes too: as in a crash of the service.
        """
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE)
            if number is signal.SIGKILL:
                self._end_children("containerd")
                (self.folder / "run/containerd/containerd.pid").unlink(missing_ok=True)
        self._process = None

    def kill(self) -> None:
        """As a crash: SIGKILL, by its own pid."""
        self.end(signal.SIGKILL)

    def stop(self) -> None:
        """As a service manager does; also what it left behind: its containerd, the shims, containers that outlive it
        with live-restore, mounts."""
        self.end()
        self._end_children("containerd", "containerd-shim", "containerd-shim-runc-v2")
        self._unmount()

    def clean(self) -> None:
        """Remove its containers, for which it must run."""
        with real_docker(self.socket) as docker:
            for container in docker.containers.ls():
                docker.containers.remove(container.id)

    def said(self) -> list[str]:
        """What its containers have written, as it holds it."""
        files = sorted(self.folder.glob("data/containers/*/*-json.log"))
        return [json.loads(line)["log"].rstrip("\n") for file in files
                for line in file.read_text().split("\n")[:-1]]

    def log(self) -> str:
        return (self.folder / "log").read_text()[-4000:]

    def _end_children(self, *programs: str) -> None:
        """Those of these programs with this folder in their command line are its own."""
        for command in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError, ValueError):
                words = command.read_bytes().decode().split("\0")
                if Path(words[0]).name in programs and any(f"{self.folder}/" in word for word in words):
                    pid = int(command.parent.name)
                    under = _children(pid) if "shim" in words[0] else []  # the first processes of containers
                    for each in (pid, *under):
                        os.kill(each, signal.SIGKILL)

    def _unmount(self) -> None:
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted((each for each in mounts if each.startswith(f"{self.folder}/")), reverse=True):
            subprocess.run(["umount", "-l", mount], check=False, stderr=subprocess.DEVNULL)


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


@contextmanager
def running_dockerd(*, live_restore: bool = False, network: int | None = None) -> Iterator[Dockerd]:
    """One that runs, in a short folder, since the paths of sockets are short; nothing of it is left."""
    folder = Path(tempfile.mkdtemp(prefix="dkr-", dir="/tmp"))
    engine = Dockerd(folder, live_restore=live_restore, network=network)
    try:
        engine.start()
        yield engine
    finally:
        engine.stop()
        shutil.rmtree(folder, ignore_errors=True)
