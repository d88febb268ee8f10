"""The way of a LAUNCH into the executor: read the task, make its sandbox, plan its container.

What is wrong with a task is found here, and becomes its end; it is never an exception of the supervisor's.
"""
from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from executor.admission.plan import Agreement, Plan, agreement, known_limits, plan, sandbox_folders
from executor.admission.sandbox import hand_over, make_folders, owner
from executor.agent.port import Message
from executor.engine.port import RuntimeFailure
from executor.life.outcomes import Failure, NotRun, Outcome, Refused
from executor.life.task import Phase, Task, Terms
from executor.node.logs import Logs, own_sink, sandbox_sink
from executor.settings.settings import Settings
from specs.errors import SpecError
from specs.forms.taskinfo import docker_task, task_from_mapping
from specs.messages.task import TaskInfo
from specs.words.ids import id_problem

log = logging.getLogger(__name__)

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of ours in it, which nobody else can enter


@dataclass(slots=True)
class Entry:
    """What the supervisor keeps for a task: its state, and what carrying out its effects needs besides."""

    task: Task
    agreement: Agreement
    name: str  # the container's
    plan: Plan | None = None  # until the start
    secrets: Path | None = None  # the folder with its secret files
    lost: bool = False  # the engine was gone while the task lived: some output may be missing


class Admission:
    """Belongs to the supervisor's thread."""

    def __init__(self, settings: Settings, logs: Logs) -> None:
        self._settings = settings
        self._logs = logs

    def admit(self, task_id: str, message: Message, capabilities: frozenset[str]) -> tuple[Entry, Outcome | None]:
        """The task's entry, and why no container can be made of it, if so. `capabilities`: the framework's."""
        name = self._settings.container or f"mdx-{uuid.uuid4()}"
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
            return Refused(f"cannot make the sandbox {sandbox}: {error.strerror}")
        except Exception as error:
            log.exception("Task %r: a fault in reading it", info.task_id)
            return Refused(f"{type(error).__name__}: {error}")
        entry.agreement = replace(entry.agreement, terms=known_limits(entry.agreement.terms, entry.plan))
        return None

    def _sandbox(self, task_id: str) -> Path:
        """The task's own sandbox on the host."""
        root = Path(self._settings.directory).absolute()
        return root if self._settings.drop_in else root / "tasks" / task_id


def _entry(task_id: str, agreed: Agreement, name: str) -> Entry:
    return Entry(Task(task_id, agreed.terms, Phase.STARTING), agreed, name)


def keep_secrets(entry: Entry, directory: Path, secrets: Sequence[bytes]) -> None:
    """Write them where only the container's mounts lead to, until the task is over. Raises OSError."""
    if not secrets:
        return
    directory.mkdir(mode=0o700)
    entry.secrets = directory
    for index, secret in enumerate(secrets):
        (directory / str(index)).write_bytes(secret)


def secret_directory(sandbox: str) -> Path:
    """A folder, not yet made, for one task's secrets: in memory if the node has a place for that."""
    root = _MEMORY if os.access(_MEMORY, os.W_OK) else Path(sandbox).absolute()
    return root / f"mdx-secrets-{uuid.uuid4()}"


def total_memory() -> int:
    """The node's memory, bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
