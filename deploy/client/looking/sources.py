"""Whose output or files a name means: an instance's, or those of all instances of an app."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deploy.cli.problems import REFUSED, Problem
from deploy.client.options import app_id, fine, one_instance
from deploy.client.service import Service


@dataclass(frozen=True, slots=True)
class Source:
    """One task. `name` is short, for people."""

    task_id: str
    instance_id: str
    name: str
    ended: bool = False

    @property
    def path(self) -> str:
        """What the API knows of it."""
        return f"/api/v1/instances/{self.task_id}"


def sources(service: Service, name: str) -> tuple[list[Source], str | None]:
    """The tasks that a name of an app or an instance means, the oldest first, and the app, if it is
    one's. Raises Problem.
    """
    found = service.ask("GET", "/api/v1/instances", query={"app": app_id(name)})
    if found.is_fine:
        return [*_ended(service, app_id(name)), *_living(found.body)], app_id(name)
    if ".instance-" not in name:
        gone = service.ask("GET", f"/api/v1/history{app_id(name)}")
        if gone.is_fine:  # the app itself is not there any more
            return list(_of_history(gone.body)), app_id(name)
    return [instance(service, name)], None


def living(service: Service, app: str) -> list[Source]:
    """The tasks of an app that have not ended; none once the app is gone."""
    found = service.ask("GET", "/api/v1/instances", query={"app": app})
    return list(_living(found.body)) if found.is_fine else []


def instance(service: Service, name: str) -> Source:
    """The newest task of an instance, or the task, of this id, or of the only one whose id begins
    so; an ended one only by its whole id. Raises Problem.
    """
    exact = service.ask("GET", f"/api/v1/instances/{name}/files") if ".instance-" in name else None
    if exact is not None and (exact.is_fine or exact.status >= 500):
        fine(exact)
        return Source(name, name.partition("._app")[0], short(name))
    found = one_instance(service, name)
    if found["taskId"] is None:
        raise Problem(f"{found['id']} has no task yet: it waits for a place", REFUSED)
    return Source(found["taskId"], found["id"], short(found["id"]))


def short(instance_id: str) -> str:
    """An id without the part that is the same for all that were made within minutes."""
    head, _, uuid = instance_id.partition(".instance-")
    return f"{head}.{uuid[:8]}" if uuid else instance_id


def _living(instances: list[dict[str, Any]]) -> Iterator[Source]:
    for each in instances:
        if each["taskId"] is not None and each["host"] is not None:
            yield Source(each["taskId"], each["id"], short(each["id"]))


def _ended(service: Service, app: str) -> Iterator[Source]:
    return _of_history(fine(service.ask("GET", f"/api/v1/history{app}")))


def _of_history(ended: list[dict[str, Any]]) -> Iterator[Source]:
    for each in reversed(ended):
        number = each["taskId"].rpartition(".")[2]
        yield Source(each["taskId"], each["id"], f"{short(each['id'])}.{number}", ended=True)
