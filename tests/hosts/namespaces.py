"""A host in namespaces of this machine: its programs, engine and Python on this machine's kernel and cgroups.

For machines on which no virtual one can be had (HOSTS_IN=namespaces). It proves less, and the table says so: neither
the distribution's kernel nor its init, and of cgroups the version that this machine has. The image's disk is mounted
read-only below a layer that is thrown away; process ids, mounts and network are its own, so that its Docker engine
knows nothing of ours. It reaches the package registries through slirp4netns, without a change to this machine's
network.
"""
from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.hosts.hosts import Host
from tests.hosts.machine import MachineError

TOOLS: Final = ("unshare", "slirp4netns", "mount", "ip")
READY: Final = 30.0  # seconds for the network
MTU: Final = 65_520  # bytes; the longest that slirp4netns has

# $1 the disk, $2 a folder for what is thrown away, $3 source, $4 results
ROOM: Final = """\
set -e
mount -t tmpfs -o mode=755 room "$2/mounts"
cd "$2/mounts"
mkdir lower root
mount -o loop,ro "$1" lower
mount -t overlay -o "lowerdir=lower,upperdir=$2/upper,workdir=$2/work" room root
mount -t proc proc root/proc
mount -t sysfs sysfs root/sys
mount --rbind /sys/fs/cgroup root/sys/fs/cgroup
mount --rbind /dev root/dev
mount -t tmpfs -o mode=755 run root/run
mount -t tmpfs -o mode=1777 tmp root/tmp
mkdir -p root/run/source root/run/results root/var/lib/docker
mount --bind "$2/docker" root/var/lib/docker
mount --bind "$3" root/run/source
mount --bind "$4" root/run/results
ip link set lo up
until [ -e "$2/online" ]; do sleep 0.1; done
cd root
mkdir -p old
pivot_root . old  # not chroot: what an engine executes in a container has the root of its mounts, and that was ours
umount -l /old
exec /usr/bin/python3 /run/source/inside.py
"""


def check() -> None:
    """Raises MachineError where it cannot be done."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing or os.geteuid() != 0:
        raise MachineError(f"namespaces need root and {', '.join(missing or TOOLS)}")


def run(host: Host, image: Path, source: Path, results: Path, seconds: float) -> float:
    """Run it and wait for its end, which takes so many seconds. Raises MachineError."""
    began = time.monotonic()
    rest = image.parent / "rooms" / host.name
    shutil.rmtree(rest, ignore_errors=True)
    for name in ("mounts", "upper", "work", "docker"):
        (rest / name).mkdir(parents=True)
    words = ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child",
             "sh", "-c", ROOM, "room", *(str(path.resolve()) for path in (image / "disk", rest, source, results))]
    try:
        run_online(words, f"the room of {host.name}", rest / "online", results, seconds)
    finally:
        shutil.rmtree(rest, ignore_errors=True)
    return time.monotonic() - began


def run_online(words: Sequence[str], what: str, online: Path, results: Path, seconds: float,
               environment: Mapping[str, str] | None = None, mtu: int = MTU) -> None:
    """Run `words`, which begin with unshare, to their end, with a network; `online` is there when that is.
    `what`: its name in errors; `mtu` in bytes. Raises MachineError.
    """
    with (results / "console").open("wb") as console:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                                   start_new_session=True, env=environment)
        try:
            with network(process.pid, results, mtu):
                online.touch()
                status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise MachineError(f"{what} did not end within {seconds:g} s; see {results}/console") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if status != 0:
        raise MachineError(f"{what} ended with {status}; see {results}/console")


@contextlib.contextmanager
def network(unshare: int, results: Path, mtu: int) -> Iterator[None]:
    """Its way out. Raises MachineError."""
    deadline = time.monotonic() + READY
    ours = Path("/proc/self/ns/net").stat().st_ino
    while Path(f"/proc/{unshare}/ns/net").stat().st_ino == ours:
        if time.monotonic() > deadline:
            raise MachineError("there are no namespaces to be had")
        time.sleep(0.05)
    reading, writing = os.pipe()
    with (results / "network").open("wb") as log:
        process = subprocess.Popen(["slirp4netns", "--configure", f"--mtu={mtu}", "--disable-host-loopback",
                                    f"--ready-fd={writing}", str(unshare), "tap0"],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(writing,))
    os.close(writing)
    try:
        with open(reading, "rb") as ready:  # noqa: PTH123 - a descriptor
            if not ready.read(1):
                raise MachineError(f"slirp4netns cannot be had; see {results}/network")
        yield
    finally:
        process.terminate()
        process.wait()
