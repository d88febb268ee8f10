"""`mesos-docker local`: the embedded Mesos in the foreground, until Ctrl-C."""
from __future__ import annotations

import threading
from pathlib import Path

import click

from deploy.cli.problems import FAILED, REFUSED, Problem
from deploy.cli.signals import cleaned_up, given_to
from specs.errors import SpecError
from specs.words.defaults import DOCKER_SOCKET, MAPPED_DIRECTORY
from specs.words.durations import parse_duration

NOTICE = (
    "This Mesos is for development and tests. It does not isolate tasks (posix launcher, no cgroups), keep the "
    "master's state across restarts, know quotas, weights, maintenance, reservations or volumes, authenticate "
    "anybody, or run more than one master.")


class Duration(click.ParamType[float]):
    """A duration in Mesos's form; the value is seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float | int):
            return float(value)
        try:
            return parse_duration(str(value)) / 1e9
        except SpecError as error:
            self.fail(error.problem, param, ctx)


@click.command(context_settings={"show_default": True})
@click.option("--agents", default=1, type=click.IntRange(min=0), help="How many agents.")
@click.option("--ip", default="127.0.0.1", help="Address to listen on, of the master and of all agents.")
@click.option("--port", default=5050, help="Port of the master; agents get the ones after it. 0: free ones.")
@click.option("--work-dir", "--work_dir", type=click.Path(file_okay=False, path_type=Path),
              help="Where agents keep sandboxes and checkpoints; default: a folder that is removed at the end.")
@click.option("--resources", help='What each agent offers: "cpus:4;mem:4096;ports:[31000-31099]"; the rest is the '
                                  "machine's.")
@click.option("--attributes", default="", help='Attributes of each agent: "rack:r1;zone:z1".')
@click.option("--roles", default="", help="The only roles that frameworks may have, with commas between; default: any.")
@click.option("--allocation_interval", default="200ms", type=Duration(), help="Time between rounds of offers.")
@click.option("--agent_reregister_timeout", default="10mins", type=Duration(),
              help="How long tasks of a lost agent may wait for it.")
@click.option("--executor_registration_timeout", default="1mins", type=Duration(),
              help="How long an executor may take to register, fetching and pulling included.")
@click.option("--executor_reregistration_timeout", default="2secs", type=Duration(),
              help="How long executors may take to come back to an agent that was restarted.")
@click.option("--executor_shutdown_grace_period", default="5secs", type=Duration(),
              help="Time between SHUTDOWN of an executor and its kill.")
@click.option("--recovery_timeout", default="15mins", type=Duration(), help="How long executors wait for a lost agent.")
@click.option("--launcher_dir", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Where mesos-docker-executor is; default: next to this program.")
@click.option("--docker", default="docker", help="The docker command.")
@click.option("--docker_socket", default=DOCKER_SOCKET, help="Docker's socket.")
@click.option("--docker_remove_delay", default="6hrs", type=Duration(), help="How long ended containers are kept.")
@click.option("--docker_stop_timeout", default="0ns", type=Duration(), help="Grace period of docker stop.")
@click.option("--sandbox_directory", default=MAPPED_DIRECTORY, help="The sandbox's place in containers.")
@click.option("--cgroups_enable_cfs/--no-cgroups_enable_cfs", default=False, help="Hard CPU limits in Docker.")
def local(*, agents: int, ip: str, port: int, work_dir: Path | None, roles: str, launcher_dir: Path | None,
          **flags: object) -> int:
    """Run a Mesos master and agents in this process, over real HTTP, and print the address.

    Ctrl-C ends it and every executor and container that it started.
    """
    from deploy.local import LocalMesos

    given = {**flags, **({"launcher_dir": launcher_dir} if launcher_dir is not None else {})}
    try:
        mesos = LocalMesos(agents, ip=ip, port=port, agent_ports=[port + 1 + index for index in range(agents)]
                           if port else [], work_dir=work_dir, roles=[role for role in roles.split(",") if role],
                           **given)  # type: ignore[arg-type] # click gives each flag its type
    except SpecError as error:
        raise Problem(error.problem, REFUSED) from error
    stopped = threading.Event()
    try:
        with given_to(stopped.set), cleaned_up(mesos.close):
            mesos.start()
            click.echo(f"Mesos master at {mesos.address}, agents: {', '.join(mesos.agent_addresses) or 'none'}")
            click.echo(f"Work directory: {mesos.work_dir}")
            click.echo(NOTICE)
            stopped.wait()
            click.echo("Ending all executors ...", err=True)
    except OSError as error:
        raise Problem(f"cannot listen: {error}", FAILED) from error
    return 0
