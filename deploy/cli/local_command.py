"""`mesos-docker local`: the embedded Mesos in the foreground, until Ctrl-C."""
from __future__ import annotations

import contextlib
import os
import pwd
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deploy.cli import credentials
from deploy.cli.logs import log_format
from deploy.cli.problems import FAILED, REFUSED, Problem, fitted
from deploy.cli.signals import cleaned_up, given_to
from specs.errors import SpecError
from specs.network.credential import Credential
from specs.words.defaults import DOCKER_SOCKET, MAPPED_DIRECTORY
from specs.words.durations import parse_duration

if TYPE_CHECKING:
    from deploy.local import LocalMesos

NOTICE = (
    "This Mesos is for development and tests. It does not isolate tasks (posix launcher, no cgroups), keep the "
    "master's state across restarts, know quotas, weights, maintenance, RESERVE or CREATE, or run more than one "
    "master.")
LAST_PORT = 65535
CNI_CONFIG, CNI_PLUGINS = "/etc/cni/net.d", "/opt/cni/bin:/usr/lib/cni"
OPEN = (
    "warning: it asks nobody who they are, as a Mesos without flags: every user and every container with this "
        "machine's network can run commands as {user} through it; --authenticate asks")


class Duration(click.ParamType[float]):
    """A duration in Mesos's form; the value is seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None,
                ctx: click.Context | None) -> float:
        if isinstance(value, float | int):
            return float(value)
        try:
            return parse_duration(str(value)) / 1e9
        except SpecError as error:
            self.fail(f"{value!r} is not a duration, as 30secs, 1.5mins or 1hrs: {error.problem}", param, ctx)


@click.command(context_settings={"show_default": True})
@click.option("--agents", default=1, type=click.IntRange(min=0), help="How many agents.")
@click.option("--ip", default="127.0.0.1",
              help="Address to listen on, of the master and of all agents. One that other "
                                               "machines reach goes with --authenticate or --insecure.")
@click.option("--hostname",
              help="What this machine is called beside its address, which is the default.")
@click.option("--port", default=5050, type=click.IntRange(0, 65535),
              help="Port of the master; agents get the ones after it. 0: free ones.")
@click.option("--authenticate", is_flag=True,
              help="Frameworks and operators prove who they are by a secret of this start, which your own run and "
                   "serve find by themselves (~/.local/state/mesos-docker/credentials), executors by tokens.")
@click.option("--insecure", is_flag=True, help="Serve whoever reaches --ip.")
@click.option("--work-dir", "--work_dir", type=click.Path(file_okay=False, path_type=Path),
              help="Where agents keep sandboxes and checkpoints; default: a folder that is removed at the end.")
@click.option("--resources",
              help='What each agent offers: "cpus:4;mem:4096;mem(db):512;ports:[31000-31099]", or a '
                   "JSON list of Resources; the rest is the machine's.")
@click.option("--attributes", default="", help='Attributes of each agent: "rack:r1;zone:z1".')
@click.option("--roles", default="",
              help="The only roles that frameworks may have, with commas between; default: any.")
@click.option("--allocation_interval", default="200ms", type=Duration(),
              help="Time between rounds of offers.")
@click.option("--agent_reregister_timeout", default="10mins", type=Duration(),
              help="How long tasks of a lost agent may wait for it.")
@click.option("--executor_registration_timeout", default="1mins", type=Duration(),
              help="How long an executor may take to register, fetching and pulling included.")
@click.option("--executor_reregistration_timeout", default="2secs", type=Duration(),
              help="How long executors may take to come back to an agent that was restarted.")
@click.option("--executor_shutdown_grace_period", default="5secs", type=Duration(),
              help="Time between SHUTDOWN of an executor and its kill.")
@click.option("--recovery_timeout", default="15mins", type=Duration(),
              help="How long executors wait for a lost agent.")
@click.option("--launcher_dir", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Where mesos-docker-executor is; default: next to this program.")
@click.option("--docker", default="docker", help="The docker command.")
@click.option("--docker_socket", default=DOCKER_SOCKET, help="Docker's socket.")
@click.option("--docker_remove_delay", default="6hrs", type=Duration(),
              help="How long ended containers are kept.")
@click.option("--docker_stop_timeout", default="0ns", type=Duration(),
              help="Grace period of docker stop.")
@click.option("--sandbox_directory", default=MAPPED_DIRECTORY,
              help="The sandbox's place in containers.")
@click.option("--cgroups_enable_cfs/--no-cgroups_enable_cfs", default=False,
              help="Hard CPU limits in Docker.")
@click.option("--network_cni_config_dir",
              help=f"Where CNI networks are configured; Clusterd's agents: {CNI_CONFIG} by default.")
@click.option("--network_cni_plugins_dir",
              help=f"Where CNI's plugins are; Clusterd's agents: {CNI_PLUGINS} by default.")
@click.option("--flavour", default="mesos", type=click.Choice(["mesos", "clusterd"]),
              help="Whose agents these are towards executors: Clusterd's pass three flags more.")
@log_format()
def local(*, authenticate: bool, insecure: bool, **flags: Any) -> int:
    """Run a Mesos master and agents in this process, over real HTTP, and print the address.

    Ctrl-C ends it and every executor and container that it started.
    """
    from deploy.local.work_dir import WorkDirError

    known = credentials.new() if authenticate else None
    try:
        mesos = _mesos(credential=known, insecure=insecure, **flags)
    except SpecError as error:
        hint = " (--authenticate or --insecure)" if error.path == "insecure" else ""
        raise Problem(f"{error.problem}{hint}", REFUSED) from error
    except WorkDirError as error:
        raise Problem(str(error), FAILED) from error
    stopped = threading.Event()
    try:
        with given_to(stopped.set), cleaned_up(mesos.close):
            mesos.start()
            with _findable(mesos, known) as file:
                _tell(mesos, file)
                stopped.wait()
            click.echo("Ending all executors ...", err=True)
    except OSError as error:
        raise Problem(f"cannot listen: {error.strerror or error}", FAILED) from error
    return 0


def _mesos(*, agents: int, port: int, roles: str, launcher_dir: Path | None,
           **flags: Any) -> LocalMesos:
    from deploy.local import LocalMesos

    if port and port + agents > LAST_PORT:
        raise SpecError("port",
                        f"with --port {port} the agents would get ports up to {port + agents}; the last one is"
                                f" {LAST_PORT}")
    given = {**flags, **({"launcher_dir": launcher_dir} if launcher_dir is not None else {})}
    if given["flavour"] == "clusterd":  # where these agents run Docker tasks they have both
        given["network_cni_config_dir"] = given["network_cni_config_dir"] or CNI_CONFIG
        given["network_cni_plugins_dir"] = given["network_cni_plugins_dir"] or CNI_PLUGINS
    ports = [port + 1 + index for index in range(agents)] if port else []
    return LocalMesos(agents, port=port, agent_ports=ports,
                      roles=[role for role in roles.split(",") if role], **given)


@contextlib.contextmanager
def _findable(mesos: LocalMesos, known: Credential | None) -> Iterator[Path | None]:
    """The user's other commands find what this Mesos demands; gives the file, None where it demands
    nothing.
    """
    port = mesos.address.rpartition(":")[2]
    masters = [mesos.address, *([f"127.0.0.1:{port}", f"[::1]:{port}"] if mesos.everywhere else [])]
    if known is None:
        credentials.forget(masters)
        yield None
    else:
        with credentials.kept(masters, credentials.Known(known,
                                                         frozenset(mesos.agent_addresses))) as file:
            yield file


def _tell(mesos: LocalMesos, file: Path | None) -> None:
    if file is None:  # first: who waits for the address has read it by then
        click.echo(fitted(OPEN.format(user=_user()), sys.stderr), err=True)
    click.echo(
        f"Mesos master at {mesos.address}, agents: {', '.join(mesos.agent_addresses) or 'none'}")
    click.echo(f"Work directory: {mesos.work_dir}")
    click.echo(fitted(NOTICE, sys.stdout))
    if file is not None:
        click.echo(f"Credential: {file}")


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"
