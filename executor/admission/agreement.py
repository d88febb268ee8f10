"""What was agreed on for a task: its terms, checks and graces."""
from __future__ import annotations

import shlex
from dataclasses import dataclass, replace

from executor.admission.plan import Plan
from executor.life.health import no_status
from executor.life.task import KILLING_STATE, PARTITION_AWARE, Terms
from executor.settings.rotation import Rotations, tasks_rotations
from executor.settings.settings import Settings
from specs.errors import SpecError
from specs.forms.taskinfo import task_data
from specs.messages.containerinfo import DockerInfo
from specs.messages.task import CheckInfo, CommandInfo, HealthCheck, TaskInfo


@dataclass(frozen=True, slots=True)
class Agreement:
    """What stays of a task's description while it lives. Times are seconds."""

    terms: Terms
    kill_grace: float | None = None  # the task's kill policy
    health_check: HealthCheck | None = None
    check: CheckInfo | None = None
    more_health_checks: tuple[HealthCheck, ...] = ()  # besides that one
    ignores_1xx: bool = False  # a health check that is answered 1xx has no result
    check_scheme: str | None = None  # of a check over HTTP
    cni: tuple[str, ...] = ()  # networks that it is attached to, and has to be detached from

    def limited(self, plan: Plan) -> Agreement:
        """With what only the finished payload says."""
        terms = replace(self.terms, memory_limit=plan.memory_limit, restarts=plan.restarts,
                        platform=plan.platform, fetches=bool(plan.files))
        return replace(self, terms=terms, cni=plan.cni)


def agree(task: TaskInfo, settings: Settings, capabilities: frozenset[str]) -> Agreement:
    """The terms of the task's life.

    What is wrong with its container shows in `plan`, and so do its limits.
    """
    docker = task.container.docker if task.container else None
    completion = task.max_completion_time
    kill_grace = task.kill_policy.grace_period if task.kill_policy else None
    pull = _last(docker, "pull")
    terms = Terms(
        image=docker.image if docker else "",
        command=command_text(task.command, _last(docker, "entrypoint")),
        force_pull=(bool(docker and docker.force_pull_image) and not settings.drop_in)  # the agent has pulled for it
        or pull == "always",
        never_pull=pull == "never",
        killing=KILLING_STATE in capabilities,
        partition_aware=PARTITION_AWARE in capabilities,
        max_completion=completion / 1e9 if completion else None,
        remove=not settings.drop_in,
        strict=settings.drop_in,
        check_status=no_status(task.check),
        image_health=not settings.drop_in and task.health_check is None and task.check is None,
    )
    data = task_data(task)
    return Agreement(terms, None if kill_grace is None else kill_grace / 1e9, task.health_check,
                     task.check, data.health_checks, data.ignore_http_1xx, data.check_scheme)


def output_rotations(task: TaskInfo, settings: Settings) -> Rotations:
    """How its output is rotated. Raises SpecError with the path of the variable that is wrong."""
    environment = task.command.environment if task.command is not None else None
    said = {each.name: (index, each.value or "") for index, each
            in enumerate(environment.variables if environment is not None else ())}
    try:
        return tasks_rotations({name: value for name, (_, value) in said.items()}, settings.output)
    except SpecError as error:
        raise SpecError(f"command.environment.variables[{said[error.path][0]}].value",
                        f"{error.path}: {error.problem}") from error


def _last(docker: DockerInfo | None, key: str) -> str | None:
    """The value of this parameter; of several the last counts."""
    return next((each.value for each in reversed(docker.parameters) if each.key == key), None) if docker else None


def command_text(command: CommandInfo | None, entrypoint: str | None = None) -> str:
    """The command as people write it. `entrypoint`: a program that takes its words instead."""
    if entrypoint:
        said = command or CommandInfo(shell=False)
        before = [] if said.value is None else ["-c", said.value] if said.shell is not False else [said.value]
        return shlex.join([entrypoint, *before, *(said.arguments if said.shell is False else ())])
    if command is None or (command.value is None and not command.arguments):
        return "the image's own command"
    if command.shell is not False:
        return f"sh -c {shlex.quote(command.value or '')}"
    return shlex.join([*([] if command.value is None else [command.value]), *command.arguments])
