"""What a run of the benchmark was asked for; every bench gets it and nothing else."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LABEL = "mesos-docker.bench"  # on every container that a bench makes by itself
IMAGE = "busybox:static"


@dataclass(frozen=True, slots=True)
class Settings:
    """`quick` asks for all parts in under two minutes; without it there are eight."""

    quick: bool = False
    master: str | None = None  # HOST:PORT of a cluster to measure instead of the embedded one
    executor: str = "custom"  # or mesos: plain command+container tasks, run by the cluster's own docker executor
    output: Path = Path("build/bench")
    docker_socket: str = "/var/run/docker.sock"
    image: str = IMAGE

    def times(self, full: int, quick: int) -> int:
        """How often to do something."""
        return quick if self.quick else full
