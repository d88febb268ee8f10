"""Where tasks run: a cluster that is there, or the embedded Mesos, started for this command and
gone with it.
"""
from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.cli import credentials
from deploy.cli.cluster_options import ClusterOptions
from deploy.cli.credentials import Known
from deploy.cli.docker_socket import ping
from deploy.cli.problems import REFUSED, Problem
from deploy.cli.signals import cleaned_up
from deploy.run.agents import Agents
from scheduler.address import master_address
from scheduler.master.transport import ExposedSecretError, Transport
from specs.network.credential import Credential

DEFAULT_PORTS = ((1024, 65535),)


@dataclass(frozen=True, slots=True)
class FoundCluster:
    """`master`: what the driver connects to; `known`: who we are there."""

    master: str
    known: Known | None = None
    transport: Transport = field(default_factory=Transport)
    agents: Agents = field(default_factory=Agents)


@dataclass(frozen=True, slots=True)
class Embedded(FoundCluster):
    """It ends with this process. The agent's sandboxes are below `work_dir`."""

    work_dir: Path = Path()


@contextlib.contextmanager
def cluster(options: ClusterOptions, *, docker_socket: str, principal: str | None = None,
            secret: str | None = None, agent: Credential | None = None) -> Iterator[FoundCluster]:
    """The cluster that `--master` names, and who we are there. Raises Problem, for local also if
    there is no Docker to run anything with. `agent`: what agents are told."""
    if options.master == "local":
        ping(docker_socket)
        with embedded(docker_socket=docker_socket,
                      principal=principal or credentials.PRINCIPAL) as found:
            yield found
    else:
        known = credentials.of_cluster(options.master, principal, secret)
        transport = reach(options, known)
        yield FoundCluster(options.master, known, transport,
                      Agents(transport, known=known, credential=agent))


def reach(options: ClusterOptions, known: Known | None) -> Transport:
    """How the cluster is reached. Raises Problem where a secret would go in clear."""
    transport = options.transport()
    if known is not None and "://" not in options.master:
        address = master_address(options.master)
        if not transport.keeps_secrets(address):
            raise Problem(str(ExposedSecretError(address)), REFUSED)
    return transport


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
        known = Known(credential, frozenset(mesos.agent_addresses))
        yield Embedded(mesos.address, known, Transport(), Agents(known=known), mesos.work_dir)
