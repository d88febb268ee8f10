"""The middle of `mesos-docker run`: builds everything, lets the framework's loop have the main
thread, cleans up.

It is apart from the command's options so that a command line which is refused costs no import of
the scheduler.
"""
from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from deploy.cli.cluster_options import ClusterOptions
from deploy.cli.problems import Problem, refused
from deploy.cli.signals import given_to, orderly
from deploy.run.clusters import Embedded, FoundCluster, cluster
from deploy.run.logs import Follower
from deploy.run.report import report
from deploy.run.session import Patience, Session
from scheduler.config import Config
from scheduler.framework.framework import Framework
from scheduler.master.driver import MesosDriver
from scheduler.tasks.launching import CustomExecutor, Task, task
from specs.errors import SpecError
from specs.marathon.app import Constraint
from specs.messages.command import URI, CommandInfo, Environment, Variable
from specs.messages.task import TaskInfo
from specs.network.credential import Credential

RECONNECT = 30.0  # seconds that a cluster keeps the tasks of a run whose connection broke, or that was killed
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".zip")  # as Mesos: launcher/fetcher.cpp


@dataclass(frozen=True, slots=True)
class Settings:
    """The options that are not about the task itself. Times are seconds."""

    cluster: ClusterOptions
    output: str
    logs: bool
    kill_after: float | None
    offer_timeout: float
    connect_timeout: float
    constraints: Sequence[tuple[str, str]]
    role: str
    user: str
    principal: str | None
    secret: str | None
    agent: Credential | None  # what agents are told
    executor_command: str | None  # None: the agents' own
    executor_uris: Sequence[str]
    docker_socket: str


def start(infos: Sequence[TaskInfo], settings: Settings) -> int:
    """Run the tasks to their ends; the exit status. Raises Problem."""
    tasks = _tasks(infos, settings)
    shown = report(settings.output, logs=settings.logs)
    with orderly(), contextlib.closing(shown), cluster(
            settings.cluster, docker_socket=settings.docker_socket, principal=settings.principal,
            secret=settings.secret, agent=settings.agent) as found:
        session = Session(tasks, shown, Patience(offers=settings.offer_timeout,
                                                 kill_after=settings.kill_after),
                          agents=found.agents)
        follower = Follower(shown.output, when_broken=session.interrupt, told=shown.note,
                            named=len(tasks) > 1,
                            agents=found.agents) if settings.logs else None
        special = [need.wanted for each in tasks for need in each.wish.need.exact]
        follow(session, found, Config(
            name=f"mesos-docker run {tasks[0].wish.task_id}", user=settings.user,
            roles=(settings.role,),
            principal=settings.principal, failover_timeout=RECONNECT,
            connect_timeout=settings.connect_timeout,
            gpus=any("gpus" in each.wish.need.scalars for each in tasks),
            revocable=any(each.revocable is not None for each in special),
            shared=any(each.shared is not None for each in special)), follower=follower)
        session.explain()
        for task_id, why in (follower.unread.items() if follower is not None else ()):
            shown.note(
                f"the output of {task_id} could not be read to its end from its agent, {why}")
        if session.interrupted and session.unseen and not isinstance(found, Embedded):
            unseen = f"{session.unseen} task{'s' if session.unseen != 1 else ''}"
            then = ("the cluster ends what still runs" if session.connected
                    else f"no master was there to be told of it: framework {session.framework_id} may still run")
            shown.note(f"the end of {unseen} was not seen; {then}")
        if follower is not None and follower.broken is not None:
            raise follower.broken
    if session.problem is not None:
        raise Problem(session.problem)
    return session.exit_status


def follow(session: Session, found: FoundCluster, config: Config, *,
           follower: Follower | None = None) -> None:
    """Run a session's tasks on a cluster, with the main thread as the framework's, until they have
    ended.
    """
    secret = None
    if found.known is not None:
        config = replace(config, principal=found.known.credential.principal)
        secret = found.known.credential.secret
    if isinstance(found, Embedded):  # it ends with this process and never comes back: executors must not wait for it
        config = replace(config, checkpoint=False, failover_timeout=0.0)
    framework = Framework(MesosDriver(found.master, config, secret=secret,
                                      transport=found.transport), config, session)
    try:
        if follower is not None:
            follower.start()
        session.begin(framework, follower)
        with given_to(session.interrupt):
            framework.run()
    finally:
        if follower is not None:
            follower.close()


def _tasks(infos: Sequence[TaskInfo], settings: Settings) -> list[Task]:
    constraints = tuple(Constraint(name, "IS", value) for name, value in settings.constraints)
    try:
        return [task(info, _executor(settings), constraints) for info in infos]
    except SpecError as error:
        raise refused(error) from error


def executor_of(command_line: str, uris: Sequence[str],
                environment: Mapping[str, str] | None = None) -> CustomExecutor:
    """Our executor as agents start it; `uris` are fetched first; `environment`: settings of it."""
    variables = tuple(Variable(name, value) for name, value in (environment or {}).items())
    return CustomExecutor(CommandInfo(command_line, uris=tuple(map(_uri, uris)),
                                      environment=Environment(variables) if variables else None))


def _executor(settings: Settings) -> CustomExecutor | None:
    if settings.executor_command is None:
        return None
    return executor_of(settings.executor_command, settings.executor_uris)


def _uri(value: str) -> URI:
    archive = value.endswith(ARCHIVES)
    return URI(value, extract=archive, executable=not archive)
