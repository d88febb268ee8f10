"""What the commands on an agent share: whom they ask, and how."""
from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from deploy.cli.docker_socket import ping
from deploy.cli.problems import REFUSED, Problem
from deploy.node.evidence import AskedAgent, ask
from executor.docker.mesos_docker import Docker
from scheduler.address import master_address
from scheduler.master.transport import Transport
from specs.errors import SpecError
from specs.network.credential import Credential
from specs.network.libprocess_ssl import tls_settings
from specs.words.defaults import DOCKER_SOCKET

AGENT_PORT: Final = 5051  # as Mesos
WORK_DIR: Final = "/var/lib/mesos"  # as Mesos's packages have it
_Command = TypeVar("_Command", bound=Callable[..., Any])

SOCKET = click.option("--docker-socket", "--docker_socket", default=DOCKER_SOCKET, show_default=True,
                      help="Docker's socket.")
OUTPUT = click.option("--output", type=click.Choice(["text", "json"]), default="text", help="What to print.")


def on_this_machine(command: _Command) -> _Command:
    """--agent, --agent-principal, --work-dir, --docker-socket, --output."""
    for option in reversed([
        click.option("--agent", multiple=True, metavar="HOST:PORT", envvar="MESOS_DOCKER_AGENT",
                     default=[f"127.0.0.1:{AGENT_PORT}"], show_default=True,
                     help="An agent of this machine; may be given several times. TLS as LIBPROCESS_SSL_* say."),
        click.option("--agent-principal",
                     help="Who we are, for agents that ask; the secret is MESOS_AGENT_SECRET of the environment."),
        click.option("--work-dir", "--work_dir", multiple=True, default=[WORK_DIR], show_default=True,
                     type=click.Path(file_okay=False, path_type=Path),
                     help="An agent's work directory; may be given several times."),
        SOCKET, OUTPUT,
    ]):
        command = option(command)
    return command


def asked_agents(addresses: tuple[str, ...], principal: str | None) -> Callable[[], list[AskedAgent]]:
    """Asks these agents. Raises Problem or UsageError for what cannot be asked."""
    if principal is not None and "MESOS_AGENT_SECRET" not in os.environ:
        raise click.UsageError("--agent-principal needs MESOS_AGENT_SECRET in the environment")
    credential = Credential(principal, os.environ["MESOS_AGENT_SECRET"]) if principal is not None else None
    try:
        transport = Transport(tls_settings(os.environ))
        known = [master_address(each, AGENT_PORT) for each in addresses]
    except SpecError as error:
        raise Problem(f"--agent or LIBPROCESS_SSL_*: {error.problem}", REFUSED) from error
    return lambda: [ask(each, transport, credential) for each in known]


@contextlib.contextmanager
def opened_docker(socket: str) -> Iterator[Docker]:
    """The engine at this socket. Raises Problem if none answers."""
    if not socket.startswith("/"):
        raise Problem(f"--docker-socket: {socket} is no absolute path", REFUSED)
    ping(socket)
    docker = Docker.create(socket, validate=False)
    try:
        yield docker
    finally:
        docker.close()
