"""The hosts on which it is proved that mesos-docker works: what is in each image, and how it is booted.

One line of the table each. An image is Debian's packages and nothing else; the same image can be booted as more than
one host, with other words for the kernel or other settings of the engine.
"""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_SYSTEM: Final = ("linux-image-amd64", "systemd-sysv", "udev", "dbus", "ca-certificates",
                  "iproute2", "kmod", "procps", "make", "python3", "python3-venv", "apt-utils")
_SETUP: Final = (Path(__file__).parents[2] / "deploy/setup.sh").read_text()
_DOCKER: Final = ("docker.io",)
_PODMAN: Final = ("podman", "podman-docker", "crun", "netavark", "aardvark-dns")
_DOCKER_COMMAND: Final = ("docker-cli",)  # in a package of its own since Debian 13


@dataclass(frozen=True, slots=True)
class Host:
    """`suite`: Debian's; `image`: the file's name, shared by hosts that are booted from the same one."""

    name: str
    suite: str
    image: str
    packages: tuple[str, ...]
    kernel: tuple[str, ...] = ()  # words for its command line
    engine: str = "docker"  # or podman, whose socket takes Docker's place
    said: str = ""  # behind the system's name, where that does not say what host it is
    settings: Mapping[str, Any] = field(default_factory=dict)  # Docker's, as its daemon.json has them
    mesos: str = ""  # the variable that names a real Mesos, on which the tests run, instead of the embedded one
    flags: tuple[str, ...] = ()  # of that one's agent
    tests: str = ""  # which, where none are chosen; empty: the suites


def for_tests(setup: str) -> tuple[str, ...]:
    """What deploy/setup.sh installs for tests, but for the engine. Raises ValueError."""
    found = re.search(r'^TEST_PACKAGES="([^"]*)"', setup, re.MULTILINE)
    if found is None:
        raise ValueError("deploy/setup.sh says no TEST_PACKAGES")
    return ("busybox-static", *sorted(set(found[1].replace("\\\n", " ").split()) - {*_DOCKER, "busybox-static"}))


ENDINGS: Final = "tests/e2e/test_endings.py"
_ALL: Final = (*_SYSTEM, *for_tests(_SETUP))

HOSTS: Final = {host.name: host for host in (
    Host("debian12-v1", "bookworm", "debian12", (*_ALL, *_DOCKER),
         ("systemd.unified_cgroup_hierarchy=0",), said=" with cgroup v1"),
    Host("debian12", "bookworm", "debian12", (*_ALL, *_DOCKER)),
    Host("debian13", "trixie", "debian13", (*_ALL, *_DOCKER, *_DOCKER_COMMAND)),
    Host("sid", "sid", "sid", (*_ALL, *_DOCKER, *_DOCKER_COMMAND)),
    Host("sid-containerd", "sid", "sid", (*_ALL, *_DOCKER, *_DOCKER_COMMAND),
         said=" with containerd's images", settings={"features": {"containerd-snapshotter": True}}),
    Host("mesos", "trixie", "debian13", (*_ALL, *_DOCKER, *_DOCKER_COMMAND),
         # its own cgroups/mem ends the agent on cgroup v2: "Result::get() but state == NONE", in an update of a limit
         said=" with an unpatched Apache Mesos", mesos="HOSTS_MESOS", tests=ENDINGS),
    Host("clusterd", "trixie", "debian13", (*_ALL, *_DOCKER, *_DOCKER_COMMAND),
         said=" with Clusterd", mesos="HOSTS_CLUSTERD", flags=("--isolation=cgroups/cpu,cgroups/mem",), tests=ENDINGS),
    Host("podman", "trixie", "podman", (*_ALL, *_PODMAN), engine="podman", said=" with podman"),
)}
