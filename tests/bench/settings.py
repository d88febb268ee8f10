"""What a run of the benchmark was asked for; every bench gets it and nothing else."""
from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.demo import busybox

LABEL = "mesos-docker.bench"  # on every container that a bench makes by itself
EXECUTOR = Path(sys.executable).with_name("mesos-docker-executor")


@dataclass(frozen=True, slots=True)
class Settings:
    """`quick` asks for all parts in under two minutes; without it there are eight."""

    quick: bool = False
    master: str | None = None  # HOST:PORT of a cluster to measure instead of the embedded one
    executor: str = "custom"  # or mesos: plain command+container tasks, run by the cluster's own docker executor
    output: Path = Path("build/bench")
    docker_socket: str = "/var/run/docker.sock"
    image: str = busybox.REFERENCE  # another one must have `sleep` and `true`
    executor_command: str = str(EXECUTOR)  # how an agent of that cluster starts our executor

    def times(self, full: int, quick: int) -> int:
        """How often to do something."""
        return quick if self.quick else full
