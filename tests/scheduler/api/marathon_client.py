"""The `marathon` client of PyPI, and what tries its methods: each is registered under the method's name."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pytest

from tests.scheduler.api.shim import sitecustomize

assert sitecustomize.__doc__  # the client cannot be imported without it

from marathon import MarathonClient, NotFoundError  # noqa: E402 - the shim comes first
from marathon.models import MarathonApp, MarathonGroup  # noqa: E402
from marathon.models.container import MarathonContainer, MarathonDockerContainer  # noqa: E402
from marathon.models.events import MarathonStatusUpdateEvent  # noqa: E402

__all__ = ["METHODS", "TRIES", "Client", "MarathonClient", "MarathonGroup", "MarathonStatusUpdateEvent",
           "NotFoundError", "Tried", "definition", "ended", "gone", "trying"]

Client = Any  # it has no types


class Tried(Protocol):
    """What the tries ask of a service: one on a master in memory, or a process with real containers."""

    def url(self) -> str: ...

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any, Any]:
        """Status, body, headers."""

    def get(self, path: str) -> Any: ...

    def change(self, method: str, path: str, body: Any = None) -> Any:
        """Followed to the end of its deployment."""

    def wait(self, fact: Callable[[], bool]) -> None: ...

    def running(self, app_id: str) -> list[str]:
        """The ids of the tasks of an app that run in truth."""

    def fails(self, task_id: str) -> str:
        """Make the task fail; what will stand in its message."""

    def are_gone(self, task_ids: set[str]) -> bool:
        """Whether all of these were ended, in truth."""

    def deployments(self) -> list[str]: ...

    def subscribed(self) -> bool: ...

    def framework_id(self) -> str: ...


Try = Callable[[Client, Tried], None]
TRIES: dict[str, Try] = {}
METHODS = [name for name in dir(MarathonClient)
           if not name.startswith("_") and callable(getattr(MarathonClient, name))]


def trying(call: Try) -> Try:
    """For the client's method of this name."""
    TRIES[call.__name__] = call
    return call


def ended(serving: Tried) -> None:
    serving.wait(lambda: not serving.deployments())


def definition(**more: Any) -> Any:
    container = MarathonContainer(docker=MarathonDockerContainer(image="busybox:static"))
    return MarathonApp(cmd="sleep 1000", cpus=0.1, mem=32, container=container, task_kill_grace_period_seconds=0,
                       **more)


def gone(client: Client, serving: Tried, method: str, *arguments: Any) -> None:
    """What Marathon has removed with 1.5."""
    with pytest.raises(NotFoundError):
        getattr(client, method)(*arguments)
