"""Vectors about the executor's behaviour: a case's input becomes calls of our decisions, their answer an `expect`.

`ADAPTERS` maps a vector file's name to a function from a case's input to the form of its `expect`.
"""
from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from executor.engine.failures import Fault
from executor.engine.port import Address
from executor.life import effects as f
from executor.life import events as e
from executor.life.endings import decide
from executor.life.health import Result, health, interpret
from executor.life.lifecycle import accept, advance
from executor.life.outcomes import Cause, Exit, Facts, Failure, NotRun, Outcome, Signalled, Unknown
from executor.life.shown import network_infos
from executor.life.stopping import kill_grace
from executor.life.task import Task, Terms
from executor.settings.agent import agent_settings
from executor.settings.flags import FlagError, Flags, parse
from specs.errors import SpecError
from specs.forms import Message
from specs.forms.codec import read, write
from specs.forms.render import status_update
from specs.messages.check import HealthCheck
from specs.messages.containerinfo import NetworkInfo
from specs.words.durations import parse_duration


def terminal_status(case: Message) -> Message:
    """The way a task ended -> its last update. Mesos's flags may be set together, ours is one cause."""
    cause = None
    if case["killed"]:
        cause = Cause.COMPLETION if case["max_completion"] else Cause.HEALTH if case["health"] else Cause.KILL
    ending = decide(Facts(_outcome(case["run"]), cause), strict=True)
    return {"state": str(ending.state), "message": ending.message, "reason": ending.reason, "healthy": ending.healthy}


def _outcome(run: Message) -> Outcome:
    if "exit_status" in run:
        return Exit(run["exit_status"])
    if "signal" in run:
        return Signalled(run["signal"], core_dumped=run.get("core_dumped", False))
    if "none" in run:
        return Unknown()
    return NotRun(Failure(Fault, run.get("failure", "discarded")))


def kill_grace_seconds(case: Message) -> Message:
    """The inputs of a kill -> `docker stop -t`, which takes whole seconds."""
    grace = parse_duration(case.get("shutdown_grace_env", "5secs"))
    grace = max(grace, parse_duration(case.get("stop_timeout", "0ns")))
    causes = {"kill": Cause.KILL, "health": Cause.HEALTH, "shutdown": Cause.SHUTDOWN,
              "max_completion": Cause.COMPLETION}
    seconds = kill_grace(causes[case["cause"]], override=_seconds(case.get("override_ns")),
                         policy=_seconds(case.get("policy_ns")), shutdown_grace=grace / 1e9)
    return {"ok": {"docker_stop_seconds": int(seconds)}}


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e9


def update_sequence(case: Message) -> Message:
    """Events -> updates, through the lifecycle of the drop-in."""
    return {"updates": [_shown(update) for update in _Story(case).tell()]}


class _Story:
    """One task's life in the vectors' words."""

    def __init__(self, case: Message) -> None:
        self.events: list[str] = list(case["events"])
        self.terms = Terms(killing=case.get("task_killing_capability", False), strict=True, remove=False)
        self.health = health(HealthCheck(consecutive_failures=case.get("consecutive_failures"), grace_period_seconds=0))
        self.task: Task | None = None
        self.updates: list[dict[str, Any]] = []

    def tell(self) -> list[dict[str, Any]]:
        for event in self.events:
            if event == "launch":
                self._take(accept("t", self.terms))
            elif self.task is not None:
                for each in self._meaning(event):
                    self._take(advance(self.task, each))
        return self.updates

    def _meaning(self, event: str) -> list[e.Event]:
        started: list[e.Event] = [e.Created("c"), e.Started("c", True, 7, None, (), b"docker inspect JSON array")]
        if event in {"started", "inspect ready"}:
            return started
        if event.startswith("exit "):
            code = int(event.split()[1])
            late = [] if self._is_started() else started
            return [*late, e.Noticed(code), *([e.Exited(Exit(code))] if self._asks(code) else []), e.Drained()]
        if event.startswith("health "):
            return self._checked("success" in event)
        return {
            "kill": [e.EndRequested(Cause.KILL, 5.0)],
            "shutdown": [e.EndRequested(Cause.SHUTDOWN, 3.0)],
            "max_completion": [e.EndRequested(Cause.COMPLETION)],
            "inspect timeout 5 s": [e.StartSlow()],
        }[event]  # type: ignore[return-value]

    def _checked(self, healthy: bool) -> list[e.Event]:
        self.health, verdict = self.health.judge(healthy, 1.0)
        if verdict is None:
            return []
        report: list[e.Event] = [e.HealthReported(verdict.healthy)]
        return [*report, e.EndRequested(Cause.HEALTH, 5.0)] if verdict.kill else report

    def _is_started(self) -> bool:
        return self.task is not None and self.task.container is not None

    def _asks(self, code: int) -> bool:
        """Whether a status that nobody asked for is looked into before it is believed."""
        return code == 137 and self.task is not None and self.task.cause is None

    def _take(self, step: tuple[Task, tuple[f.Effect, ...]]) -> None:
        self.task, effects = step
        self.updates += [status_update(effect.status) for effect in effects if isinstance(effect, f.Report)]


def _shown(update: dict[str, Any]) -> dict[str, Any]:
    shown = {name: update.get(name) for name in ("state", "reason", "healthy", "message")}
    return {**shown, "data": "docker inspect JSON array" if "data" in update else None}


def container_status(case: Message) -> Message | None:
    """Addresses and requested networks -> container_status, None where there is none."""
    address = Address("n", case["ip_address"], case["ip6_address"])
    addresses = (address,) if address.ipv4 or address.ipv6 else ()
    requested = [read(NetworkInfo, each, strict=True) for each in case["network_infos"]]
    infos = network_infos(addresses, requested, strict=True)
    return {"network_infos": [write(info) for info in infos]} if infos else None


_ENVIRONMENT = {
    "MESOS_SLAVE_PID": "slave(1)@127.0.0.1:5051", "MESOS_SLAVE_ID": "S0", "MESOS_FRAMEWORK_ID": "F",
    "MESOS_EXECUTOR_ID": "E", "MESOS_DIRECTORY": "/s", "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "5secs",
}


def cli_flags(case: Message) -> Message:
    """A command line, and what the environment lacks -> parsed flags, or the error before anything runs."""
    environment = {**_ENVIRONMENT, **case.get("environment", {})}
    for name in case.get("environment_missing", ()):
        environment.pop(name, None)
    try:
        with _files(case) as argv:
            flags = parse(argv, environment)
        if not flags.help:
            agent_settings(environment, drop_in=flags.drop_in)
    except FlagError as error:
        return {"exit": 1, "error": str(error)}
    except SpecError as error:
        return {"exit": 1, "error": error.problem}
    return {"exit": 0} if flags.help else {"ok": _flags(flags)}


class _files:  # noqa: N801 - reads as a function
    """The command line, with files that it names made to be there: `files` maps a path to its contents."""

    def __init__(self, case: Message) -> None:
        self._case = case
        self._folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> list[str]:
        argv = [str(word) for word in self._case["argv"]]
        for path, text in self._case.get("files", {}).items():
            copy = Path(self._folder.name) / os.path.basename(path)  # noqa: PTH119 - of a path that is not ours
            copy.write_text(text)
            argv = [word.replace(path, str(copy)) for word in argv]
        return argv

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def _flags(flags: Flags) -> Message:
    return {
        "cgroups_enable_cfs": flags.cgroups_enable_cfs, "container": flags.container, "docker": flags.docker,
        "docker_socket": flags.docker_socket, "launcher_dir": flags.launcher_dir,
        "mapped_directory": flags.mapped_directory, "sandbox_directory": flags.sandbox_directory,
        "stop_timeout_ns": flags.stop_timeout, "task_environment": dict(flags.task_environment),
        "default_container_dns": flags.default_container_dns,
    }


def health_interpretation(case: Message) -> Message:
    """One result -> success or failure."""
    result = Result(case.get("exit_code"), case.get("status_code"), case.get("succeeded"))
    return {"result": "success" if interpret(result) else "failure"}


def health_semantics(case: Message) -> Message:
    """Results with their times -> reports."""
    state, updates = health(read(HealthCheck, case["health_check"], strict=False)), []
    for each in case["results"]:
        state, verdict = state.judge(each["result"] == "success", each["at"])
        if verdict is not None:
            updates.append({"at": each["at"], "healthy": verdict.healthy, "kill": verdict.kill})
    return {"updates": updates}


ADAPTERS: dict[str, Callable[[Message], Message | None]] = {
    "terminal_status": terminal_status,
    "kill_grace": kill_grace_seconds,
    "update_sequence": update_sequence,
    "container_status": container_status,
    "cli_flags": cli_flags,
    "health_interpretation": health_interpretation,
    "health_semantics": health_semantics,
}
