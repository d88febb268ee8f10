"""Where tasks run: a cluster that is there, or the embedded Mesos, started for this command and gone with it."""
from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.cli.docker_socket import ping
from deploy.cli.signals import cleaned_up
from deploy.run import temporary

DEFAULT_PORTS = ((1024, 65535),)


@dataclass(frozen=True, slots=True)
class Cluster:
    """`master`: what the driver connects to."""

    master: str


@dataclass(frozen=True, slots=True)
class Embedded(Cluster):
    """It ends with this process. The agent's sandboxes are below `work_dir`."""

    work_dir: Path


@contextlib.contextmanager
def cluster(master: str, *, docker_socket: str) -> Iterator[Cluster]:
    """The cluster that `--master` names. Raises Problem, for local also if there is no Docker to run anything with."""
    if master != "local":
        yield Cluster(master)
        return
    ping(docker_socket)
    with embedded(docker_socket=docker_socket) as found:
        yield found


@contextlib.contextmanager
def embedded(*, docker_socket: str, ports: Sequence[tuple[int, int]] = DEFAULT_PORTS) -> Iterator[Embedded]:
    """An embedded Mesos of one agent that offers these ports; nothing of it is left afterwards, whatever happens."""
    from deploy.local import LocalMesos
    with temporary.folder() as folder:
        mesos = LocalMesos(work_dir=str(folder), docker_socket=docker_socket, ports=ports)
        with cleaned_up(mesos.close):
            mesos.start()
            yield Embedded(mesos.address, folder)
