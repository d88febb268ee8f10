"""The program: reads flags and environment, builds everything, runs, drains.

The order is chosen for a quick start: the agent waits for SUBSCRIBE, so the driver starts before the Docker SDK is
loaded; a worker loads it while the agent answers.
"""
from __future__ import annotations

import os
import resource
import signal
import sys
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from executor import telemetry
from executor.settings import flags as command_line
from executor.settings.settings import Settings, settings
from specs.errors import SpecError

if TYPE_CHECKING:
    from executor.engine.port import ContainerRuntime


ASK_PATIENCE = 0.5  # seconds between two looks whether we have been told to end meanwhile


def main() -> int:
    """Exit status: 0 for a normal end, 1 for an error at the start; as Mesos: docker_executor.cpp, `main`."""
    _occupy_standard_descriptors()
    try:
        flags = command_line.parse(sys.argv[1:], os.environ)
    except command_line.FlagError as error:
        print(f"{error}\n\n{command_line.USAGE}", file=sys.stderr)  # noqa: T201 - the program's own output
        return 1
    if flags.help:
        print(command_line.USAGE)  # noqa: T201
        return 0
    telemetry.set_up(flags.logging_level, quiet=flags.quiet)
    from executor.agent.driver import MesosDriver, settings_from_environment

    try:
        agent_settings = settings_from_environment(drop_in=flags.drop_in)
    except SpecError as error:
        print(error.problem, file=sys.stderr)  # noqa: T201
        return 1
    from executor.supervision.supervisor import Supervisor

    chosen = settings(flags, os.environ, str(uuid.uuid4()))
    supervisor = Supervisor(chosen, docker_runtime(chosen))
    driver = MesosDriver(agent_settings, supervisor)
    _prepare_process(supervisor)
    driver.start()
    supervisor.run(driver)
    while not driver.drained(min(supervisor.patience(), ASK_PATIENCE)) and driver.alive and supervisor.patience() > 0:
        pass
    driver.stop()
    driver.join(1.0)
    return 0


def _occupy_standard_descriptors() -> None:
    """A connection must not become descriptor 1, which is the task's stdout in the drop-in."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def docker_runtime(chosen: Settings) -> Callable[[], ContainerRuntime]:
    """Builds the engine's client when it is first needed: loading the SDK takes a while."""
    def build() -> ContainerRuntime:
        from executor.docker.runtime import DockerRuntime

        return DockerRuntime(chosen.docker_socket)
    return build


def _prepare_process(supervisor: object) -> None:
    """A signal to end ends the tasks first, save one that our parent had us ignore; each task needs descriptors."""
    from executor.supervision.supervisor import Supervisor

    assert isinstance(supervisor, Supervisor)  # noqa: S101
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda told, _: supervisor.shutdown(signal.Signals(told).name))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    sys.exit(main())
