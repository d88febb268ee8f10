"""The way of a LAUNCH into the executor: read the task, make its sandbox, plan its container.

What is wrong with a task is found here, and becomes its end; it is never an exception of the supervisor's.
"""
from __future__ import annotations

import logging
import uuid
from dataclasses import replace
from pathlib import Path

from executor.admission.agreement import Agreement, agreement, known_limits
from executor.admission.entry import Entry
from executor.admission.plan import plan, sandbox_folders
from executor.admission.sandbox import hand_over, make_folders, owner
from executor.admission.secrets import keep_secrets, secret_directory
from executor.engine.failures import Fault, RuntimeFailure
from executor.life.outcomes import Failure, NotRun, Outcome, Refused
from executor.life.task import Phase, Task, Terms
from executor.node.logs import Logs
from executor.node.machine import total_memory
from executor.node.sink import own_sink, sandbox_sink
from executor.settings.labels import NAME_PREFIX
from executor.settings.settings import Settings
from specs.errors import SpecError
from specs.forms import Message
from specs.forms.taskinfo import docker_task, task_from_mapping
from specs.messages.task import TaskInfo
from specs.words.ids import id_problem

log = logging.getLogger(__name__)


class Admission:
    """Belongs to the supervisor's thread."""

    def __init__(self, settings: Settings, logs: Logs) -> None:
        self._settings = settings
        self._logs = logs

    def admit(self, task_id: str, message: Message, capabilities: frozenset[str]) -> tuple[Entry, Outcome | None]:
        """The task's entry, and why no container can be made of it, if so. `capabilities`: the framework's."""
        name = self._settings.container or f"{NAME_PREFIX}{uuid.uuid4()}"
        try:
            info = docker_task(task_from_mapping(message, strict=False))
        except SpecError as error:
            agreed = Agreement(Terms(strict=self._settings.drop_in))
            return _entry(task_id, agreed, name), Refused(error.problem, error.path)
        entry = _entry(task_id, agreement(info, self._settings, capabilities), name)
        return entry, self._prepare(entry, info)

    def _prepare(self, entry: Entry, info: TaskInfo) -> Outcome | None:
        sandbox = self._sandbox(info.task_id)
        problem = id_problem(info.task_id)
        if problem is not None and not self._settings.drop_in:  # the id is a folder's name; a master checks it as well
            return Refused(problem, "task_id")
        try:
            self._logs.open(info.task_id, own_sink() if self._settings.drop_in else sandbox_sink(sandbox))
            secrets = secret_directory(self._settings.directory)
            entry.plan = plan(info, self._settings, entry.name, str(sandbox), total_memory=total_memory(),
                              secret_directory=str(secrets))
            if not self._settings.drop_in:
                whose = owner(entry.plan.user)
                hand_over(str(sandbox), whose)
                make_folders(sandbox_folders(entry.plan.payload, str(sandbox)), whose)
            keep_secrets(entry, secrets, entry.plan.secrets)
        except SpecError as error:
            return Refused(error.problem, error.path)
        except RuntimeFailure as failure:
            return NotRun(Failure.of(failure))
        except OSError as error:
            return NotRun(Failure(RuntimeFailure, f"cannot make the sandbox {sandbox}: {error.strerror}"))
        except Exception as error:
            log.exception("Task %r: a fault in reading it", info.task_id)
            return NotRun(Failure(Fault, f"{type(error).__name__}: {error}"))
        entry.agreement = replace(entry.agreement, terms=known_limits(entry.agreement.terms, entry.plan))
        return None

    def _sandbox(self, task_id: str) -> Path:
        """The task's own sandbox on the host."""
        root = Path(self._settings.directory).absolute()
        return root if self._settings.drop_in else root / "tasks" / task_id


def _entry(task_id: str, agreed: Agreement, name: str) -> Entry:
    return Entry(Task(task_id, agreed.terms, Phase.STARTING), agreed, name)
