"""The ids of instances and of their tasks, and the names that come from an app's id.

An instance is `<app's path joined by _>.instance-<uuid>`; its tasks are that, `._app.` and the
incarnation, counted from 1. Marathon wrote other forms before, whose tasks may still run: they are
read, never made. Four forms are told apart in this order:

    incarnation      app.instance-<uuid>._app.3     since 1.8
    instance         app.instance-<uuid>._app       1.4 to 1.7; also `marathon-`, and pods with a container's name
    legacyResident   app.<uuid>.3                   tasks with persistent volumes, before 1.8
    legacy           app.<uuid>                     before 1.4; `_` may stand for the dot

An app's id has no `_`, so its path is read back from an id. As Marathon: core/task/Task.scala,
`Task.Id.parse`, core/instance/Instance.scala, state/PathId.scala.
"""
from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace

from specs.errors import SpecError

ANONYMOUS = "_app"  # the container of an app, which has no name; `_` is in no real one
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class IdKind(enum.Enum):
    """The form of a task's id."""

    INCARNATION = "incarnation"
    INSTANCE = "instance"
    LEGACY_RESIDENT = "legacyResident"
    LEGACY = "legacy"


_FORMS = (
    (IdKind.INCARNATION, re.compile(
        r"(?P<app>.+)\.(?P<prefix>instance-|marathon-)(?P<uuid>[^_.]+)(?P<separator>[._])(?P<container>[^.]+)"
        r"\.(?P<incarnation>\d+)", re.ASCII)),
    (IdKind.INSTANCE, re.compile(
        r"(?P<app>.+)\.(?P<prefix>instance-|marathon-)(?P<uuid>[^_.]+)(?P<separator>[._])(?P<container>[^.]+)")),
    (IdKind.LEGACY_RESIDENT, re.compile(
        r"(?P<app>.+)(?P<separator>[._])(?P<uuid>[^_.]+)\.(?P<incarnation>\d+)", re.ASCII)),
    (IdKind.LEGACY, re.compile(r"(?P<app>.+)(?P<separator>[._])(?P<uuid>[^_.]+)")),
)
_INSTANCE = re.compile(r"(?P<app>.+)\.(?P<prefix>instance-|marathon-)(?P<uuid>[^.]+)")


@dataclass(frozen=True, slots=True)
class TaskId:
    """A task's id, in its parts. `str` is the id."""

    kind: IdKind
    app_id: str
    uuid: str
    prefix: str = "instance-"  # of the instance's id, which a legacy task does not write
    separator: str = "."  # before the uuid, of a legacy id
    container: str | None = None  # None: the app's own
    incarnation: int | None = None

    def __str__(self) -> str:
        if self.kind in (IdKind.LEGACY, IdKind.LEGACY_RESIDENT):
            text = f"{safe_path(self.app_id)}{self.separator}{self.uuid}"
        else:
            text = f"{self.instance_id}.{self.container or ANONYMOUS}"
        return text if self.incarnation is None else f"{text}.{self.incarnation}"

    @property
    def instance_id(self) -> str:
        """The id of the instance that the task belongs to."""
        return f"{safe_path(self.app_id)}.{self.prefix}{self.uuid}"

    def next(self) -> TaskId:
        """The id of the task that follows it in the same instance."""
        resident = self.kind in (IdKind.LEGACY, IdKind.LEGACY_RESIDENT)
        return replace(self, kind=IdKind.LEGACY_RESIDENT if resident else IdKind.INCARNATION,
                       incarnation=(self.incarnation or 0) + 1)


def read_task_id(text: str) -> TaskId:
    """The parts of a task's id, in any form. Raises SpecError."""
    for kind, form in _FORMS:
        found = form.fullmatch(text)
        if found is not None:
            return _task_id(kind, found, text)
    raise SpecError("", f"{text!r} is no id of a task")


def _task_id(kind: IdKind, found: re.Match[str], text: str) -> TaskId:
    parts = found.groupdict()
    if not _UUID.fullmatch(parts["uuid"]):
        raise SpecError("", f"{text!r} is no id of a task: {parts['uuid']!r} is no UUID")
    container = parts.get("container")
    incarnation = parts.get("incarnation")
    return TaskId(
        kind, app_id(parts["app"]), parts["uuid"], parts.get("prefix", "marathon-"),
        parts["separator"],
        None if container == ANONYMOUS else container,
        None if incarnation is None else int(incarnation))


def app_of_instance(instance_id: str) -> str:
    """The id of the app that an instance belongs to. Raises SpecError."""
    found = _INSTANCE.fullmatch(instance_id)
    if found is None or not _UUID.fullmatch(found["uuid"]):
        raise SpecError("", f"{instance_id!r} is no id of an instance")
    return app_id(found["app"])


def instance_id(of_app: str, uuid: str) -> str:
    """The id of a new instance; `uuid` is the caller's, by Marathon's custom one of time."""
    return f"{safe_path(of_app)}.instance-{uuid}"


def task_id(instance: str, incarnation: int) -> str:
    """The id of an instance's task; the first incarnation is 1."""
    return f"{instance}.{ANONYMOUS}.{incarnation}"


def owner(task: str) -> tuple[str, str]:
    """The ids of the app and of the instance that a task of the form that is made is of (`task_id`); of
    any other text they are of none. It costs a fraction of `read_task_id`, and every update asks.
    """
    instance = task.rpartition(f".{ANONYMOUS}.")[0]
    return app_id(instance.rpartition(".instance-")[0]), instance


def safe_path(of_app: str) -> str:
    """An app's path for ids: `/a/b` is `a_b`."""
    return of_app.strip("/").replace("/", "_")


def app_id(safe: str) -> str:
    """The way back."""
    return "/" + safe.replace("_", "/")


def task_name(of_app: str) -> str:
    """The name of an app's tasks, from the innermost part out: `/product/frontend` is
    `frontend.product`.
    """
    return ".".join(reversed(of_app.strip("/").split("/")))
