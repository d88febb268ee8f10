"""All parts of the executor, put together: no decision is made here, and nothing is started."""
from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from executor.admission.admission import Admission
from executor.journal.port import NoNotes, Notes
from executor.memory import Remembered
from executor.node.cni import Cni
from executor.node.fetcher import fetch
from executor.node.output.logs import Logs
from executor.node.processes import Processes
from executor.node.watcher import Watcher
from executor.supervision.blocking.checks import Checks
from executor.supervision.blocking.engine_calls import EngineCalls
from executor.supervision.blocking.fetches import Fetches
from executor.supervision.blocking.pulls import Pulls
from executor.supervision.loop import Loop
from executor.supervision.parents import Parents
from executor.supervision.performer import Performer
from executor.supervision.reports import Reports, later
from executor.supervision.supervisor import Supervisor
from executor.telemetry.counts import Counts
from executor.unique import unique_bytes

if TYPE_CHECKING:
    from executor.agent.port import Agent
    from executor.engine.port import ContainerRuntime
    from executor.settings.settings import Settings
    from executor.supervision.requests import Requests
    from executor.supervision.succession.recovery import Recovery


def docker_runtime(chosen: Settings, counts: Counts) -> Callable[[], ContainerRuntime]:
    """Builds the engine's client when it is first needed: loading it takes a while."""
    def build() -> ContainerRuntime:
        from executor.docker.runtime import DockerRuntime

        return DockerRuntime(chosen.docker_socket, called=counts.called)
    return build


def supervision(chosen: Settings, agent: Agent,
                runtime: Callable[[], ContainerRuntime] | None = None,
                memory: Remembered | None = None) -> Supervisor:
    """A supervisor with all its parts, to be started; it is what `agent.start` has to be given.
    `runtime` None: Docker.
    """
    counts, run = Counts(), unique_bytes().hex()[:16]
    runtime = runtime or docker_runtime(chosen, counts)
    kept = memory or Remembered("")
    notes: Notes = NoNotes() if kept.journal is None else kept.journal
    loop = Loop()
    logs = Logs(Watcher("output"))
    engine = EngineCalls(runtime, chosen.labels, logs, starts=chosen.starts, strict=chosen.drop_in,
                         cni=None if chosen.cni is None else Cni(chosen.cni),
                         parents=Parents(chosen.executor_container))
    checks = Checks(loop, engine, shutdown_grace=chosen.shutdown_grace, journal=notes)
    performer = Performer(loop, agent, engine, logs, Processes(Watcher("processes")),
                          fetches=Fetches(loop, fetch, chosen.fetch),
                          pulls=Pulls(loop, engine, chosen.directory, counts), checks=checks,
                          journal=notes)
    admission = Admission(chosen, logs, kept.secrets)
    reports = Reports(loop, counts, chosen.reports, later(chosen, counts, agent.message, run),
                      agent.updates)

    def requests() -> Requests:  # most executors never hear one
        from executor.endpoint.execs import Execs
        from executor.supervision.requests import Requests

        return Requests(Execs(lambda: engine.runtime.containers), run, agent.message, reports.ask)

    recovery: Recovery | None = None
    if kept.journal is not None and kept.found:
        from executor.supervision.succession.recovery import Recovery

        recovery = Recovery(loop, engine, admission, kept.journal, chosen.labels)
    return Supervisor(chosen, loop, admission, engine, performer=performer, checks=checks,
                      journal=notes, reports=reports, recovery=recovery, command=kept.command,
                      requests=cache(requests))
