"""The program: reads flags and environment, builds everything, runs, drains.

The order is chosen for a quick start: the agent waits for SUBSCRIBE, so the driver starts before
the Docker SDK is loaded; a worker loads it while the agent answers.
"""
from __future__ import annotations

import os
import resource
import signal
import sys
import uuid
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING

from executor import telemetry
from executor.settings import flags as command_line
from executor.settings.agent import TOKEN, AgentSettings, agent_settings
from executor.settings.protocol import Protocol, protocol
from executor.settings.settings import Settings, settings
from specs.errors import SpecError

if TYPE_CHECKING:
    from executor.agent.port import Agent
    from executor.engine.port import ContainerRuntime
    from executor.supervision.supervisor import Supervisor


LAUNCHER = "MESOS_DOCKER_LAUNCHER"  # its process id: deploy/bin/mesos-docker-executor
ASK_PATIENCE = 0.5  # seconds between two looks whether we have been told to end meanwhile


def main() -> int:
    """Exit status: 0 for a normal end, 1 for an error at the start.

    As Mesos: docker_executor.cpp, `main`.
    """
    _occupy_standard_descriptors()
    if sys.argv[1:] == ["--version"]:
        print(_version())  # noqa: T201 - the program's own output
        return 0
    try:
        flags = command_line.parse(sys.argv[1:], os.environ)
    except command_line.FlagError as error:
        print(f"{error}\n\n{command_line.USAGE}", file=sys.stderr)  # noqa: T201 - the program's own output
        return 1
    if flags.help:
        print(command_line.USAGE)  # noqa: T201
        return 0
    telemetry.set_up(flags.logging_level, quiet=flags.quiet)
    try:
        told = told_by_the_agent(drop_in=flags.drop_in)
        chosen = settings(flags, told, os.environ, str(uuid.uuid4()))
        agent = driver(told, protocol(os.environ, drop_in=flags.drop_in), os.environ)
    except SpecError as error:
        print(error.problem, file=sys.stderr)  # noqa: T201
        return 1
    except OSError as error:  # as Mesos: process.cpp, `initialize`
        print(f"Failed to initialize: {error}", file=sys.stderr)  # noqa: T201
        return 1
    supervisor = supervision(chosen, agent, docker_runtime(chosen))
    _prepare_process(supervisor.shutdown)
    if flags.drop_in:
        _end_with_launcher(supervisor.shutdown)
    agent.start(supervisor)
    supervisor.run()
    while agent.alive and (patience := supervisor.patience(agent.awaited())) > 0:
        supervisor.answer_late()
        if agent.drained(min(patience, ASK_PATIENCE)) and not supervisor.answer_late():
            break
    agent.stop()
    agent.join(1.0)
    return 0


def _version() -> str:
    from importlib import metadata

    try:
        return f"mesos-docker-executor, version {metadata.version('mesos-docker')}"
    except metadata.PackageNotFoundError:
        return "mesos-docker-executor, version unknown (not installed)"


def told_by_the_agent(environ: MutableMapping[str, str] = os.environ, *,
                      drop_in: bool = False) -> AgentSettings:
    """What our environment says; SpecError if it says too little. The token is erased from it.

    Containers and helpers inherit the environment; the token must not reach them.
    """
    told = agent_settings(environ, str(Path.cwd()), drop_in=drop_in)
    environ.pop(TOKEN, None)
    return told


def driver(told: AgentSettings, chosen: Protocol = Protocol.V1,
           environ: Mapping[str, str] = os.environ) -> Agent:
    """The way to the agent; SpecError and OSError where it needs a port and cannot have it.

    Over libprocess it registers at once: the agent waits for that, and much is still to be loaded.
    """
    if chosen is Protocol.V0:
        from executor.agent.v0.driver import LibprocessDriver
        from executor.settings.libprocess import libprocess_settings

        registering = LibprocessDriver(told, libprocess_settings(environ))
        registering.begin()
        return registering
    from executor.agent.driver import MesosDriver

    return MesosDriver(told)


def docker_runtime(chosen: Settings) -> Callable[[], ContainerRuntime]:
    """Builds the engine's client when it is first needed: loading the SDK takes a while."""
    def build() -> ContainerRuntime:
        from executor.docker.runtime import DockerRuntime

        return DockerRuntime(chosen.docker_socket)
    return build


def supervision(chosen: Settings, agent: Agent,
                runtime: Callable[[], ContainerRuntime]) -> Supervisor:
    """A supervisor with all its parts, to be started; it is what `agent.start` has to be given."""
    from executor.admission.admission import Admission
    from executor.node.cni import Cni
    from executor.node.fetcher import fetch
    from executor.node.logs import Logs
    from executor.node.processes import Processes
    from executor.node.watcher import Watcher
    from executor.supervision.checks import Checks
    from executor.supervision.engine_calls import EngineCalls
    from executor.supervision.fetches import Fetches
    from executor.supervision.loop import Loop
    from executor.supervision.performer import Performer
    from executor.supervision.pulls import Pulls
    from executor.supervision.supervisor import Supervisor

    loop = Loop()
    logs = Logs(Watcher("output"))
    engine = EngineCalls(runtime, chosen.labels, logs, starts=chosen.starts, strict=chosen.drop_in,
                         cni=None if chosen.cni is None else Cni(chosen.cni))
    checks = Checks(loop, engine, shutdown_grace=chosen.shutdown_grace)
    performer = Performer(loop, agent, engine, logs, Processes(Watcher("processes")),
                          fetches=Fetches(loop, fetch, chosen.fetch),
                          pulls=Pulls(loop, engine, chosen.directory), checks=checks)
    return Supervisor(chosen, loop, Admission(chosen, logs), engine, performer=performer,
                      checks=checks)


def _occupy_standard_descriptors() -> None:
    """A connection must not become descriptor 1, which is the task's stdout in the drop-in."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _prepare_process(shutdown: Callable[[str], None]) -> None:
    """A signal to end ends the tasks first, save one that our parent had us ignore.

    And as many descriptors as we may have: each task needs some.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda told, _: shutdown(signal.Signals(told).name))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _end_with_launcher(shutdown: Callable[[str], None]) -> None:
    """The agent watches our launcher: when that is killed it takes us for ended, and the container
    would run on.
    """
    from executor.node.watcher import Watcher

    said = os.environ.pop(LAUNCHER, "")
    if not said.isdigit():
        return  # started without one
    why = "the launcher was killed"
    try:
        descriptor = os.pidfd_open(int(said))
    except OSError:
        shutdown(why)
        return

    def ended() -> bool:
        shutdown(why)
        return False

    Watcher("launcher").add(descriptor, ended)


if __name__ == "__main__":
    sys.exit(main())
