"""Where tasks run: a cluster that is there, or the embedded Mesos, started for this command and
gone with it.
"""
from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.cli import credentials
from deploy.cli.credentials import Known
from deploy.cli.docker_socket import ping
from deploy.cli.signals import cleaned_up
from specs.messages.credential import Credential

DEFAULT_PORTS = ((1024, 65535),)


@dataclass(frozen=True, slots=True)
class Cluster:
    """`master`: what the driver connects to; `known`: who we are there."""

    master: str
    known: Known | None = None

    def credential(self, agent: str) -> Credential | None:
        """What to tell the agent at this address; None: nothing."""
        return self.known.of(agent) if self.known is not None else None


@dataclass(frozen=True, slots=True)
class Embedded(Cluster):
    """It ends with this process. The agent's sandboxes are below `work_dir`."""

    work_dir: Path = Path()


@contextlib.contextmanager
def cluster(master: str, *, docker_socket: str, principal: str | None = None,
            secret: str | None = None) -> Iterator[Cluster]:
    """The cluster that `--master` names, and who we are there. Raises Problem, for local also if
    there is no Docker to run anything with."""
    if master == "local":
        ping(docker_socket)
        with embedded(docker_socket=docker_socket,
                      principal=principal or credentials.PRINCIPAL) as found:
            yield found
    else:
        yield Cluster(master, credentials.of_cluster(master, principal, secret))


@contextlib.contextmanager
def embedded(*, docker_socket: str, ports: Sequence[tuple[int, int]] = DEFAULT_PORTS,
             principal: str = credentials.PRINCIPAL) -> Iterator[Embedded]:
    """An embedded Mesos of one agent that offers these ports; nothing of it is left afterwards,
    whatever happens. Its secret is nobody's but this process's."""
    from deploy.local import LocalMesos
    credential = credentials.new(principal)
    mesos = LocalMesos(docker_socket=docker_socket, ports=ports, credential=credential)
    with cleaned_up(mesos.close):
        mesos.start()
        yield Embedded(mesos.address, Known(credential, frozenset(mesos.agent_addresses)),
                       mesos.work_dir)
