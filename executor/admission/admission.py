"""The way of a LAUNCH into the executor, one step after the other.

read      what the agent has sent, as a TaskInfo
agree     what stays of it as long as the task lives
plan      the container to be
sandbox   its output files, folders and secrets on this node

What is wrong with a task is found here, and becomes its end (`Rejected`); it is never an exception
of the supervisor's.
"""
from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from executor.admission.agreement import Agreement, agree, output_rotations
from executor.admission.plan import Plan, plan
from executor.admission.sandbox import task_sandbox
from executor.admission.secrets import Secrets
from executor.admission.volumes import mounted_folders, pinned
from executor.engine.failures import BadSandbox, Fault, RuntimeFailure
from executor.life.outcomes import Failure, NotRun, Outcome, Refused, Unstarted
from executor.life.task import Terms
from executor.node.cni import networks
from executor.node.machine import total_memory
from executor.node.output.logs import Logs
from executor.node.output.sandbox_files import make_folders
from executor.node.output.sink import OUTPUT, own_sink, sandbox_sink
from executor.settings.labels import NAME_PREFIX
from executor.settings.settings import Settings
from executor.unique import unique_id
from specs.errors import SpecError
from specs.forms import Message
from specs.forms.taskinfo import docker_task, task_from_mapping
from specs.messages.task import TaskInfo

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A container can be made. `secrets`: the folder with the task's secret files, if any."""

    agreement: Agreement
    plan: Plan
    secrets: Path | None = None
    begin: tuple[int, ...] = (0, 0)  # bytes that were in its output files before


@dataclass(frozen=True, slots=True)
class Rejected:
    """No container will be made; the outcome is all that there is to tell."""

    agreement: Agreement
    outcome: Outcome


class Admission:
    """Belongs to the loop's thread."""

    def __init__(self, settings: Settings, logs: Logs, secrets: Secrets | None = None) -> None:
        self._settings = settings
        self._logs = logs
        self._secrets = secrets or Secrets(settings.directory)

    def admit(self, message: Message, capabilities: frozenset[str], *, closing: bool,
              unwritten: str = "") -> Admitted | Rejected:
        """`capabilities`: the framework's. `closing`: the executor begins nothing any more.
        `unwritten`: why the journal cannot have it, which is no less than that it would be lost.
        """
        try:
            info = read(message)
        except SpecError as error:
            return Rejected(Agreement(Terms(strict=self._settings.drop_in)),
                            Refused(error.problem, error.path))
        agreed = agree(info, self._settings, capabilities)
        if closing:
            return Rejected(agreed, Unstarted("the executor was shutting down"))
        if unwritten:
            return Rejected(agreed, NotRun(Failure(RuntimeFailure, unwritten)))
        try:
            return self._prepare(info, agreed)
        except SpecError as error:
            return Rejected(agreed, Refused(error.problem, error.path))
        except RuntimeFailure as failure:
            return Rejected(agreed, NotRun(Failure.of(failure)))
        except Exception as error:
            log.exception("Task %r: a fault in reading it", info.task_id)
            return Rejected(agreed, NotRun(Failure(Fault, f"{type(error).__name__}: {error}")))

    def readmit(self, message: Message, capabilities: frozenset[str], name: str,
                secrets: Path | None, begin: tuple[int, ...]) -> Admitted:
        """A task that a process before this one admitted: its container's name, its secrets, and where
        its output begins. Raises what `read` and `plan` do, and OSError.
        """
        info = read(message)
        sandbox = task_sandbox(self._settings, info.task_id)
        where = secrets or self._secrets.directory()
        planned = plan(info, self._settings, name, str(sandbox), total_memory=total_memory(),
                       secret_directory=str(where), known_cni=self._cni_networks(info))
        planned = replace(planned, theirs=(str(sandbox), *(str(sandbox / each) for each in OUTPUT)))
        sink = sandbox_sink(sandbox, output_rotations(info, self._settings))
        sink.resume(begin)
        self._logs.open(info.task_id, sink)
        return Admitted(agree(info, self._settings, capabilities).limited(planned), planned,
                        secrets, begin)

    def _prepare(self, info: TaskInfo, agreed: Agreement) -> Admitted:
        sandbox = task_sandbox(self._settings, info.task_id)
        secrets = self._secrets.directory()
        name = self._settings.container or f"{NAME_PREFIX}{unique_id()}"
        planned = plan(info, self._settings, name, str(sandbox), total_memory=total_memory(),
                       secret_directory=str(secrets), known_cni=self._cni_networks(info))
        try:
            theirs, begin = self._make_sandbox(info, sandbox, planned)
            planned = replace(planned, theirs=theirs)
            if self._settings.drop_in and planned.restarts and sandbox.is_dir():
                planned = self._pinned(planned)
            kept = self._secrets.keep(secrets, planned.secrets)
        except OSError as error:
            raise RuntimeFailure(f"cannot make the sandbox {sandbox}: {error.strerror}") from error
        return Admitted(agreed.limited(planned), planned, kept, begin)

    def _pinned(self, planned: Plan) -> Plan:
        """In the drop-in, too, what an engine may mount again stays what it is; the folders that it
        would make are made first. Raises OSError, BadSandbox.
        """
        make_folders(planned.sandbox, mounted_folders(planned.payload, planned.sandbox))
        return replace(planned, payload=pinned(planned.payload, planned.sandbox, planned.mapped))

    def _cni_networks(self, info: TaskInfo) -> frozenset[str]:
        """What an operator has configured by now; nobody looks for tasks that name no network."""
        named = info.container is not None and any(each.name
                                                   for each in info.container.network_infos)
        folders = self._settings.cni
        return frozenset(networks(folders)) if folders is not None and named else frozenset()

    def _make_sandbox(self, info: TaskInfo, sandbox: Path,
                      planned: Plan) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """What of it is to be the container's user's, and how far its output is.

        In the drop-in it is the agent's work, and the output goes where ours does.
        """
        if self._settings.drop_in:
            self._logs.open(info.task_id, own_sink())
            return (), (0, 0)
        rotations = output_rotations(info, self._settings)
        try:
            make_folders(self._settings.directory, [str(sandbox)])
        except BadSandbox as error:  # it is another task's doing
            raise RuntimeFailure(f"cannot make the sandbox {sandbox}: {error}") from error
        sink = sandbox_sink(sandbox, rotations)
        self._logs.open(info.task_id, sink)
        mounted = mounted_folders(planned.payload, str(sandbox))
        # a file that is fetched may be what is mounted
        made = make_folders(str(sandbox), mounted if not planned.files else ())
        return (str(sandbox), *(str(sandbox / name) for name in OUTPUT), *made), sink.totals


def read(message: Message) -> TaskInfo:
    """A task as an agent hands it over; SpecError for one that says too little, or nonsense."""
    return docker_task(task_from_mapping(message, strict=False))
