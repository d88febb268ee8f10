"""What a TaskInfo would become, without running it: the values behind `mesos-docker explain`.

Nothing here prints, and the only thing looked at is what is passed in. A task is taken through the
same functions as when it runs: the master's rules, then RunOptions, then the create payload; the
first that says no ends it with a SpecError.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from deploy.explain import sections
from deploy.explain.differences import mesos_rows
from deploy.explain.mounts import mount_rows
from deploy.explain.sections import ExplainedRow, Login
from specs.container.command_line import argv
from specs.container.from_task import container_of
from specs.container.payload import create_payload
from specs.container.place import Place
from specs.container.run_options import RunOptions
from specs.errors import SpecError
from specs.forms.taskinfo import docker_task
from specs.messages.task import TaskInfo
from specs.rules.tasks import prepared, validate_task
from specs.words.secrecy import HIDDEN, shown_option, shown_url, shown_value


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that can be said of a task that can run. Nothing in it is secret."""

    task: TaskInfo
    options: RunOptions
    payload: Mapping[str, Any]
    sections: tuple[tuple[str, tuple[ExplainedRow, ...]], ...]

    def shown_options(self) -> dict[str, Any]:
        """RunOptions as JSON, with Mesos's names, and without what is empty beyond Mesos."""
        return _shown_options(self.options)

    def command_line(self) -> list[str]:
        """The equal docker command line."""
        return ["docker", "run", *argv(self.options)]


def explain(task: TaskInfo, place: Place, login: Login) -> Explanation:
    """Raises SpecError, with the path of the field, if the task would be refused anywhere on its
    way.
    """
    ready = prepared(task, framework_id="framework", role="*")
    validate_task(ready)
    runnable = docker_task(ready)
    made = container_of(runnable, place)
    create_payload(made)  # knows which docker parameters there are
    options = hide_secrets(made)
    payload = create_payload(options)
    try:
        theirs: RunOptions | SpecError = container_of(runnable, replace(place, only_mesos=True))
    except SpecError as error:
        theirs = error
    parts = (
        ("Task", tuple(sections.task_rows(task, options))),
        ("Image", tuple(sections.image_rows(task, login))),
        ("Files", tuple(sections.file_rows(runnable))),
        ("Limits", tuple(sections.limit_rows(runnable, options))),
        ("Network", tuple(sections.network_rows(runnable, options))),
        ("Mounts", tuple(mount_rows(options, payload, place))),
        ("Environment", tuple(sections.environment_rows(runnable, options))),
        ("Options", tuple(sections.option_rows(options))),
        ("Mesos's own Docker executor", tuple(mesos_rows(runnable, theirs))))
    said = tuple((title, rows) for title, rows in parts if rows)
    return Explanation(task, options, payload, said)


def hide_secrets(options: RunOptions) -> RunOptions:
    """The same without what must not be shown: secrets, values of variables that are called so,
    passwords in URLs.
    """
    return replace(
        options,
        env={key: HIDDEN if key in options.secret_env else shown_value(key, value)
             for key, value in options.env.items()},
        parameters=tuple(replace(each, value=shown_option(each.value))
                         for each in options.parameters),
        arguments=tuple(shown_url(word) for word in options.arguments),
        mounts=tuple(replace(mount, driver_options={key: shown_value(key, value)
                                                    for key, value in mount.driver_options.items()})
                     for mount in options.mounts),
        secret_files=tuple(replace(each, data=HIDDEN.encode()) for each in options.secret_files))


def _shown_options(options: RunOptions) -> dict[str, Any]:
    result = dict[str, Any]()
    own = [field.name for field in dataclasses.fields(RunOptions)]
    beyond = own[own.index("networks"):]
    for name in own:
        value = getattr(options, name)
        if name == "parameters":
            result["additional_options"] = [f"--{each.key}={each.value}" for each in value]
        elif name == "secret_files":
            if value:
                result[name] = [{"target": each.target, "data": HIDDEN} for each in value]
        elif name == "secret_env":
            if value:
                result[name] = sorted(value)
        elif name not in beyond or value:
            result[name] = [dataclasses.asdict(each) if dataclasses.is_dataclass(each)
                            and not isinstance(each, type)
                            else each for each in value] if isinstance(value, tuple) else value
    return result
