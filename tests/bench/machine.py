"""On what a benchmark ran: the machine, the versions, and how busy others kept it."""
from __future__ import annotations

import json
import os
import platform
import subprocess
import time
from importlib import metadata
from pathlib import Path

from tests.bench.raw_docker import RawDocker

BUSY = 0.15  # share of the machine that others use, above which the figures are not to be believed


def describe(docker_socket: str) -> dict[str, str]:
    """Name → value, in the order to be shown."""
    engine = RawDocker(docker_socket)
    version = engine.call("GET", "/version")
    info = engine.call("GET", "/info")
    engine.close()
    return {
        "CPU": f"{cpu_model(Path('/proc/cpuinfo').read_text())}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "kernel": platform.release(),
        "cgroup": f"v{info.get('CgroupVersion', '1')} ({info.get('CgroupDriver')})",
        "Docker": f"{version['Version']} (API {version['ApiVersion']}, {info['Driver']}, {info['DefaultRuntime']})",
        "docker CLI": _cli_version(),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "mesos-docker": f"{metadata.version('mesos-docker')} ({_commit()})",
        "pymesos": metadata.version("pymesos"),
    }


def cpu_model(cpuinfo: str) -> str:
    """The model's name, or the architecture's where /proc/cpuinfo has none (arm64)."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _cli_version() -> str:
    try:
        done = subprocess.run(
            ["docker", "version", "--format", "{{json .Client.Version}}"], capture_output=True, text=True, check=False,
        )
        return str(json.loads(done.stdout))
    except (OSError, ValueError):
        return "none"


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False,
        cwd=Path(__file__).parent,
    )
    return done.stdout.strip() or "not a checkout"


def load() -> str:
    """The load averages of 1, 5 and 15 minutes."""
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def parse_busy(before: str, after: str) -> float:
    """The share (0..1) of all cores' time between two readings of /proc/stat that was not idle."""
    first, second = ([int(field) for field in text.splitlines()[0].split()[1:9]] for text in (before, after))
    spent = [new - old for old, new in zip(first, second, strict=True)]
    idle = spent[3] + spent[4]
    return 1.0 - idle / sum(spent) if sum(spent) else 0.0


def busy(seconds: float = 0.5) -> float:
    """How much of the machine others use now, while the benchmark does nothing."""
    before = Path("/proc/stat").read_text()
    time.sleep(seconds)
    return parse_busy(before, Path("/proc/stat").read_text())
