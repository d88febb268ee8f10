"""Between a handler and the service: one call on the service's loop, and its refusals in HTTP's
words.
"""
from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from aiohttp import web

from scheduler.api.errors import RefusedError, no_app, not_found, refused
from scheduler.api.server import Asked, json_answer
from scheduler.service.board import Author, Board
from scheduler.service.changes import LockedError, Planned
from scheduler.service.operations import (
    By,
    ConflictError,
    ExistsError,
    NoSuchError,
    NotNowError,
    Operations,
)
from scheduler.service.service import Service
from scheduler.service.turn.answers import TroubleError
from scheduler.service.views import View
from specs.marathon.errors import MarathonError

T = TypeVar("T")

PATIENCE: Final = 30.0  # seconds for the loop to answer; it does within milliseconds unless its storage is in trouble
MAX_DEPLOYMENTS: Final = 100  # running at once; as Marathon: --max_running_deployments


@dataclass(frozen=True, slots=True)
class Asking:
    """What the handlers of apps, groups, tasks and deployments share."""

    service: Service
    operations: Operations
    clock: Callable[[], float]

    @property
    def view(self) -> View:
        """What is now."""
        return self.service.view

    async def ask(self, call: Callable[[], T]) -> T:
        """The answer of the service's loop. Raises RefusedError."""
        try:
            return await asyncio.wait_for(asyncio.wrap_future(self.service.ask(call)), PATIENCE)
        except TimeoutError as error:
            raise RefusedError(503,
                               f"There is no answer within {PATIENCE:g} s; it may still be done") from error
        except TroubleError as error:
            raise RefusedError(507, str(error)) from error
        except LockedError as error:
            raise RefusedError(409, str(error),
                               deployments=[{"id": each}
                                            for each in error.deployment_ids]) from error
        except MarathonError as error:
            raise refused(error) from error
        except ExistsError as error:
            text = f"An app with id [{error.name}] already exists."
            if error.kind == "group":
                text = f"Group {error.name} is already created. Use PUT to change this group."
            raise RefusedError(409, text) from error
        except ConflictError as error:
            raise RefusedError(409, str(error), current=error.current,
                               changed=list(error.changed)) from error
        except NotNowError as error:
            raise RefusedError(409, str(error)) from error
        except NoSuchError as error:
            raise _missing(error) from error

    async def told(self, asked: Asked, call: Callable[[], T], app_id: str = "") -> T:
        """The answer of the service's loop to what changes something and makes no version: who asked for
        it, from where and why, is an event of the same turn. `app_id`: the app, if it is one. Raises
        RefusedError.
        """
        def done() -> T:
            found = call()
            self._tell(asked, app_id)
            return found

        return await self.ask(done)

    async def defined(self, asked: Asked, call: Callable[[], Planned]) -> Planned:
        """The answer of the service's loop to a change of definitions. Their versions say who made them;
        of apps that go there is none, so it is told. Raises RefusedError.
        """
        def done() -> Planned:
            found = call()
            if any(each.after is None for each in found.deployment.changes.values()):
                self._tell(asked, "")
            return found

        return await self.ask(done)

    def _tell(self, asked: Asked, app_id: str) -> None:
        by = author(asked)
        self.service.events.emit("mesos_docker_asked", {
            "method": asked.request.method, "uri": asked.request.path_qs, "user": by.user,
            "address": by.address, "why": by.why}, app_id)

    async def change(self, asked: Asked, call: Callable[[By], Planned],
                     check: Callable[[Board], None] | None = None) -> Planned:
        """A change of definitions, by whoever asks for it. `check`: raises what is in the way."""
        if len(self.view.deployments) >= MAX_DEPLOYMENTS:
            raise RefusedError(403,
                               f"Max number ({MAX_DEPLOYMENTS}) of running deployments is achieved. Wait for "
                                    "existing deployments to complete or cancel one using force=true parameter.")
        by = By(author(asked), asked.flag("force"))

        def checked() -> Planned:
            if check is not None:
                check(self.service.board)
            return call(by)

        return await self.defined(asked, checked)


def author(asked: Asked) -> Author:
    """Who changes something, from where, and why."""
    why = asked.request.headers.get("X-Mesos-Docker-Why",
                                    "")[:1000].encode(errors="replace").decode()
    return Author(asked.caller.name, asked.request.remote or "", why)


def deployment_answer(planned: Planned, status: int = 200, **more: Any) -> web.Response:
    """What every change answers."""
    headers = {"Marathon-Deployment-Id": planned.deployment.id}
    body = {"version": planned.version, "deploymentId": planned.deployment.id} | more
    return json_answer(body, status, headers)


def _missing(error: NoSuchError) -> RefusedError:
    match error.kind:
        case "app":
            return no_app(error.name)
        case "group":
            return not_found(f"Group '{error.name}' does not exist")
        case "deployment":
            return not_found(f"DeploymentPlan {error.name} does not exist")
        case "task":
            return not_found(f"Task '{error.name}' does not exist")
    return not_found(f"{error.kind} {error.name} does not exist")
