"""The `marathon` client of PyPI, and what tries its methods: each is registered under the method's name."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.scheduler.api.shim import sitecustomize
from tests.scheduler.service.serving import Serving

assert sitecustomize.__doc__  # the client cannot be imported without it

from marathon import MarathonClient, NotFoundError  # noqa: E402 - the shim comes first
from marathon.models import MarathonApp, MarathonGroup  # noqa: E402
from marathon.models.container import MarathonContainer, MarathonDockerContainer  # noqa: E402
from marathon.models.events import MarathonStatusUpdateEvent  # noqa: E402

__all__ = ["METHODS", "TRIES", "Client", "MarathonClient", "MarathonGroup", "MarathonStatusUpdateEvent",
           "NotFoundError", "definition", "ended", "gone", "trying"]

Client = Any  # it has no types
Try = Callable[[Client, Serving], None]
TRIES: dict[str, Try] = {}
METHODS = [name for name in dir(MarathonClient)
           if not name.startswith("_") and callable(getattr(MarathonClient, name))]


def trying(call: Try) -> Try:
    """For the client's method of this name."""
    TRIES[call.__name__] = call
    return call


def ended(serving: Serving) -> None:
    serving.wait(lambda: not serving.service.view.deployments)


def definition(**more: Any) -> Any:
    container = MarathonContainer(docker=MarathonDockerContainer(image="busybox"))
    return MarathonApp(cmd="sleep 1000", cpus=0.1, mem=32, container=container, **more)


def gone(client: Client, serving: Serving, method: str, *arguments: Any) -> None:
    """What Marathon has removed with 1.5."""
    with pytest.raises(NotFoundError):
        getattr(client, method)(*arguments)
