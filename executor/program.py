"""The program: reads flags and environment, builds everything, runs, drains.

The order is chosen for a quick start: the agent has heard of us before this is loaded (first_call.py),
or hears from the driver before what talks to Docker is; a worker loads that while the agent answers.
"""
from __future__ import annotations

import contextlib
import logging
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from executor.journal.lines import JournalRefused
from executor.memory import Remembered, remembered
from executor.settings import flags as command_line
from executor.settings.agent import TOKEN, AgentSettings, agent_settings
from executor.settings.labels import labels
from executor.settings.protocol import Protocol, protocol
from executor.settings.settings import LOG_FORMAT, settings
from executor.telemetry.log import set_up
from executor.unique import unique_id
from specs.errors import SpecError

if TYPE_CHECKING:
    from executor.agent.first_call import Begun
    from executor.agent.port import Agent
    from executor.settings.flags import Flags
    from executor.supervision.supervisor import Supervisor


log = logging.getLogger(__name__)

LAUNCHER = "MESOS_DOCKER_LAUNCHER"  # its process id: deploy/bin/mesos-docker-executor
CHECK, END_ALL = "--check", "--end-all"  # the first word: something else than to run tasks
END_MARGIN = 2.0  # seconds of the shutdown grace period that stay for the rest
CRASHED = 70  # exit status that has the launcher start another process; as sysexits.h: EX_SOFTWARE
COMMAND = "MESOS_DOCKER_COMMAND"  # how it was called: what is there is what takes over
ANOTHER = 75  # exit status: start what is there by now, the tasks run on; as sysexits.h: EX_TEMPFAIL
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
ASK_PATIENCE = 0.5  # seconds between two looks whether we have been told to end meanwhile


def main(begun: Begun | None = None) -> int:
    """Exit status: 0 for a normal end, 1 for an error at the start, 70 for a fault of ours, 75 for
    another version to go on, and with --end-all that which the launcher tells. `begun`: what the
    agent has heard of us.

    As Mesos: docker_executor.cpp, `main`.
    """
    words = sys.argv[1:]
    if words == ["--version"]:
        print(_version())  # noqa: T201 - the program's own output
        return 0
    instead = words.pop(0) if words and words[0].partition("=")[0] in (CHECK, END_ALL) else ""
    try:
        flags = command_line.parse(words, os.environ)
    except command_line.FlagError as error:
        print(f"{error}\n\n{command_line.USAGE}", file=sys.stderr)  # noqa: T201 - the program's own output
        return 1
    if flags.help:
        print(command_line.USAGE)  # noqa: T201
        return 0
    set_up(flags.logging_level, quiet=flags.quiet)
    asked = _noted_signals() if not instead else []
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (*ENDING, signal.SIGUSR2))  # which __main__.py holds back
    try:
        if instead.startswith(END_ALL):
            return _end_all(flags, instead.partition("=")[2])
        return _check() if instead else _main(flags, begun, asked)
    except Exception:
        log.exception("A fault of ours ended the executor")
        return CRASHED


def _main(flags: Flags, begun: Begun | None, asked: list[int]) -> int:
    launcher, command = os.environ.pop(LAUNCHER, ""), os.environ.pop(COMMAND, "")
    try:
        told = told_by_the_agent(drop_in=flags.drop_in)
        set_up(flags.logging_level, quiet=flags.quiet, form=os.environ.get(LOG_FORMAT, ""), ids={
            "framework": told.framework_id, "agent": told.agent_id, "executor": told.executor_id})
        spoken = protocol(os.environ, drop_in=flags.drop_in)
        memory = Remembered(unique_id())
        if spoken is Protocol.V1 and not flags.drop_in:
            memory = remembered(told, launcher, command)
        chosen = settings(flags, told, os.environ, memory.owner)
        agent = driver(told, spoken, os.environ, memory, begun)
    except SpecError as error:
        print(error.problem, file=sys.stderr)  # noqa: T201
        return 1
    except JournalRefused as refused:
        print(refused, file=sys.stderr)  # noqa: T201
        return 1
    except OSError as error:  # as Mesos: process.cpp, `initialize`
        print(f"Failed to initialize: {error}", file=sys.stderr)  # noqa: T201
        return 1
    from executor.wiring import supervision  # now: the agent has heard of us, or will without it

    supervisor = supervision(chosen, agent, memory=memory)
    if memory.journal is not None:
        signal.signal(signal.SIGUSR2, lambda *_: supervisor.upgrade("SIGUSR2"))
    _prepare_process(supervisor.shutdown)
    for told_to in asked:
        supervisor.shutdown(signal.Signals(told_to).name)
    _end_with_launcher(launcher, supervisor.shutdown)
    agent.start(supervisor)
    supervisor.run()
    if supervisor.handed_over:
        agent.stop()
        agent.join(1.0)
    elif memory.secrets is not None:
        memory.secrets.close()
    _say_all(supervisor, agent)
    if memory.journal is not None:
        memory.journal.close()
    return ANOTHER if supervisor.handed_over else 0


def _end_all(flags: Flags, status: str) -> int:
    """`status`: that of the executor that is gone, as a shell has it."""
    from executor.after_crash import end_all, end_container

    if flags.container is not None:
        ended = end_container(flags)
    else:
        told = told_by_the_agent()
        ended = end_all(flags, labels(told.framework_id, told.executor_id, told.agent_id, ""),
                        max(0.0, told.shutdown_grace - END_MARGIN))
    return int(status) if status.isdigit() else int(not ended)


def _check() -> int:
    """Whether this program starts, and reads the journal of the one that asks: 0, or 1 and a reason.
    """
    from executor.agent.driver import MesosDriver  # noqa: F401 - that it can be
    from executor.docker.runtime import DockerRuntime  # noqa: F401 - as above
    from executor.journal.journal import FILE, stored
    from executor.wiring import supervision  # noqa: F401 - as above

    try:
        stored(Path(os.environ.get("MESOS_DIRECTORY", ".")) / FILE)
    except (JournalRefused, OSError) as error:
        print(f"The journal is refused: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _say_all(supervisor: Supervisor, agent: Agent) -> None:
    """Until all is said, or nobody listens any more.

    The connection stays open as long as we live: a task that comes is answered to the last moment,
    and the agent would not learn of its closing anyway, but of our end.
    """
    while not supervisor.handed_over and agent.alive and (patience := supervisor.patience(agent.awaited())) > 0:
        supervisor.answer_late()
        if agent.drained(min(patience, ASK_PATIENCE)) and not supervisor.answer_late():
            break


def leave(status: int) -> NoReturn:
    """End at once: Python would tidy up for some tenths of a second, of which nobody has anything, and
    in which a task that the agent sends is lost.
    """
    logging.shutdown()
    for each in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            each.flush()
    os._exit(status)


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
           environ: Mapping[str, str] = os.environ, memory: Remembered | None = None,
           begun: Begun | None = None) -> Agent:
    """The way to the agent; SpecError and OSError where it needs a port and cannot have it.

    Over libprocess it registers at once: the agent waits for that, and much is still to be loaded.
    """
    if chosen is Protocol.V0:
        from executor.agent.v0.driver import LibprocessDriver
        from executor.settings.libprocess import libprocess_settings

        registering = LibprocessDriver(told, libprocess_settings(environ), begun=begun)
        registering.begin()
        return registering
    from executor.agent.driver import MesosDriver
    from executor.agent.outbox import left_over

    if memory is None or memory.journal is None:
        return MesosDriver(told, begun=begun)
    from executor.journal.opening import KeptUpdates

    kept = KeptUpdates(memory.journal)
    return MesosDriver(told, box=left_over(kept.updates, kept.tasks), keeper=kept, begun=begun)


def _noted_signals() -> list[int]:
    """Those to end us, from now on, in a list, until there is a supervisor; and none to hand over."""
    asked: list[int] = []
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda told, _: asked.append(told))
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    return asked


def _prepare_process(shutdown: Callable[[str], None]) -> None:
    """A signal to end ends the tasks first, save one that our parent had us ignore.

    And as many descriptors as we may have: each task needs some.
    """
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda told, _: shutdown(signal.Signals(told).name))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _end_with_launcher(said: str, shutdown: Callable[[str], None]) -> None:
    """The agent watches our launcher: when that is killed it takes us for ended, and the container
    would run on.
    """
    from executor.node.watcher import Watcher

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
