"""A host on user-mode Linux: a kernel that is a program, with the distribution's init, engine and Python on it.

For machines on which KVM is not to be had (HOSTS_IN=uml). Unlike namespaces it has its own cgroups, so version 2 and
systemd's driver; unlike an emulated machine its processors are real ones, and only what it asks of its kernel is slow,
some two to ten times. What it proves holds for this kernel, not for the distribution's, and the table says so. Its
disk is prepared (prepared.py), its folders are this machine's own (hostfs), and it reaches the package registries
through slirp4netns, as a host in namespaces does.
"""
from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import Final

from tests.hosts.hosts import Host
from tests.hosts.kernel import INSTALL, kernel, missing
from tests.hosts.machine import MEMORY, MachineError
from tests.hosts.namespaces import run_online
from tests.hosts.prepared import prepared

TOOLS: Final = ("unshare", "taskset", "slirp4netns", "mkfs.ext4")
PROCESSORS: Final = 1  # a second one makes all that waits slower than it makes what computes quicker
DISK: Final = "barrier=0,data=writeback"  # it is thrown away: what engines sync need not reach ours
SHARED: Final = Path("/dev/shm")  # where its memory is a file without a name
MTU: Final = 1500  # bytes, its card's: with longer ones a machine without Docker downloaded one in a second
# These take long to start, and nothing here wants them.
NOT_STARTED: Final = ("prometheus.service", "prometheus-node-exporter.service", "docker-registry.service",
                      "apache-htcacheclean.service", "apparmor.service", "e2scrub_reap.service", "cron.service",
                      "systemd-networkd-wait-online.service", "systemd-timesyncd.service", "apt-daily.timer",
                      "apt-daily-upgrade.timer", "man-db.timer", "dpkg-db-backup.timer", "logrotate.timer")
_FOLDERS: Final = """\
[Service]
ExecStartPre=
ExecStartPre=/bin/mkdir -p /run/here /run/source /run/results
ExecStartPre=/bin/mount -t hostfs none /run/here
ExecStartPre=/bin/mount --bind /run/here/{source} /run/source
ExecStartPre=/bin/mount --bind /run/here/{results} /run/results
"""
# What slirp4netns always gives, without asking it.
_NETWORK: Final = "[Match]\nName=vec0\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n"
_ONLINE: Final = 'until [ -e "$0" ]; do sleep 0.1; done; exec "$@"'
_PATIENCE: Final = "[Manager]\nDefaultTimeoutStartSec=900\nDefaultDeviceTimeoutSec=600\n"


def check() -> None:
    """Raises MachineError where it cannot be done."""
    lacking = [*missing(), *(tool for tool in TOOLS if shutil.which(tool) is None)]
    if lacking or os.geteuid() != 0:
        raise MachineError(f"user-mode Linux is made here, which needs root and {', '.join(lacking) or 'nothing else'}"
                           f": {INSTALL} slirp4netns")


def run(host: Host, image: Path, source: Path, results: Path, seconds: float) -> float:
    """Run it and wait for its end, which takes so many seconds. Raises MachineError, ImageError."""
    program = kernel(image.parent)
    here = image.parent  # the one folder that it sees
    disk = prepared(image, source, results, files(source.relative_to(here), results.relative_to(here)))
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as own:
        online = Path(own, "online")
        cpu = processor(os.sched_getaffinity(0), os.getpid())
        words = ["taskset", "--cpu-list", str(cpu), "unshare", "--net", "sh", "-c", _ONLINE, str(online),
                 *command(program, disk, here, Path(own), host.kernel)]
        try:
            run_online(words, f"the kernel of {host.name}", online, results, seconds,
                       {**os.environ, "TMPDIR": str(SHARED)}, MTU)
        finally:
            shutil.rmtree(disk.parent)
    return time.monotonic() - began


def processor(ours: Collection[int], chance: int) -> int:
    """Where it runs: all of it on one of ours, because a system call of a program in it is two turns between
    processes of ours; on two busy ones it did half as much in the same time. Not always the same one."""
    return sorted(ours)[chance % len(ours)]


def command(program: Path, disk: Path, here: Path, own: Path, words: tuple[str, ...]) -> list[str]:
    """What to start. `here`: what it sees of our files; `own`: where it keeps its own; `words`: the host's."""
    return [str(program), f"mem={MEMORY}M", f"ncpus={PROCESSORS}", "seccomp=auto", f"uml_dir={own}",
            f"hostfs={here.resolve()}", f"ubd0={disk.resolve()}", "root=/dev/ubda", "rw", f"rootflags={DISK}",
            "vec0:transport=raw,ifname=tap0", "con=null", "con0=null,fd:1", *words]


def files(source: Path, results: Path) -> dict[str, str | None]:
    """What its disk has more than an image, by path; None: a unit that is not started.

    `source`, `results`: below the folder that it sees.
    """
    return {
        "etc/systemd/system/hosts.service.d/uml.conf": _FOLDERS.format(source=source, results=results),
        "etc/systemd/network/70-uml.network": _NETWORK,
        "etc/systemd/system.conf.d/uml.conf": _PATIENCE,
        **{f"etc/systemd/system/{unit}": None for unit in NOT_STARTED}}
