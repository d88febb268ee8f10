"""Commands that people run in containers: who may, how the executor is asked, and who is connected.

A command is asked for, and gets an id (`open`). Whoever asked connects with it (`taken`), and only
then the executor is asked, by a framework message with a token that is good once, to dial back to
us. The message may be lost, so it is sent again until the executor is there (`answered`) or too
much time is over. What the two say to each other then is passed on (api/handlers/execs.py).
"""
from __future__ import annotations

import asyncio
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from scheduler.apps.taskinfo import RunBy, Settings, run_by
from scheduler.looking.places import Spot
from scheduler.looking.sandboxes import AgentsAsked
from scheduler.service.views import View
from scheduler.tasks.launching import OUR_EXECUTOR
from specs.between.executor_request import ExecRequest, ExecutorRequest, TerminalSize
from specs.forms.codec import write
from specs.marathon.app import App
from specs.marathon.beyond import beyond
from specs.marathon.errors import MarathonError

MOST: Final = 50  # at once
UNTAKEN: Final = 30.0  # seconds for who asked to connect
AGAIN: Final = 3.0  # seconds after which the executor is asked again
PATIENCE: Final = 15.0  # seconds for it to dial back


class NoExecError(Exception):
    """The command cannot be run; the text says why. `busy`: there are too many just now."""

    def __init__(self, why: str, *, busy: bool = False) -> None:
        super().__init__(why)
        self.busy = busy


@dataclass(frozen=True, slots=True)
class CallBack:
    """How our executors reach us: a URL without a path, and the fingerprint of our certificate."""

    url: str
    certificate: str | None = None


class AgentSide(AgentsAsked, Protocol):
    """What the service reaches of agents: their files, and our executors there. `custom`: whether those
    run Docker's containers.
    """

    custom: bool

    def callback(self, agent_id: str) -> CallBack:
        """May block. Raises AgentError if there is no way from there to us."""
        ...

    def send(self, agent_id: str, executor_id: str, data: bytes) -> None:
        """A framework message; best effort."""
        ...


@dataclass(slots=True, eq=False)
class Exec:
    """One command, from when it was asked for."""

    id: str
    token: str
    spot: Spot
    executor_id: str
    command: tuple[str, ...]
    tty: bool
    size: TerminalSize | None
    user: str
    address: str
    since: float  # monotonic seconds
    is_taken: bool = False  # who asked for it is connected
    is_answered: bool = False  # its token was used
    executor: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Execs:
    """All of them. Used on one event loop."""

    def __init__(self, agents: AgentSide, clock: Callable[[], float] = time.monotonic,
                 patience: float = PATIENCE) -> None:
        """`patience`: seconds for an executor to dial back."""
        self._agents = agents
        self._patience = patience
        self._settings = Settings(custom_executor=agents.custom)
        self._clock = clock
        self._execs: dict[str, Exec] = {}

    def open(self, view: View, spot: Spot, command: tuple[str, ...], size: TerminalSize | None, *,
             tty: bool, user: str, address: str) -> Exec:
        """A command that somebody may run. Raises NoExecError."""
        now = self._clock()
        for each in [each for each in self._execs.values() if not each.is_taken and now > each.since + UNTAKEN]:
            self.end(each)
        if not spot.lives:
            raise NoExecError(f"{spot.task_id} has ended")
        executor_id = self._executor_id(view, spot)
        if len(self._execs) >= MOST:
            raise NoExecError(f"{MOST} commands are being run already", busy=True)
        found = Exec(secrets.token_urlsafe(16), secrets.token_urlsafe(32), spot, executor_id, command, tty,
                     size, user, address, now)
        self._execs[found.id] = found
        return found

    def taken(self, exec_id: str, user: str) -> Exec | None:
        """Who asked for it is connected, once; None for everybody else."""
        found = self._execs.get(exec_id)
        if found is None or found.is_taken or found.user != user:
            return None
        found.is_taken = True
        return found

    def answered(self, exec_id: str, token: str) -> Exec | None:
        """The executor dials, once; None for everybody else. Its connection is the result of
        `Exec.executor`.
        """
        found = self._execs.get(exec_id)
        if found is None or not found.is_taken or found.is_answered \
                or not hmac.compare_digest(found.token.encode(), token.encode(errors="replace")):
            return None
        found.is_answered = True
        return found

    async def executor(self, wanted: Exec, path: str) -> Any:
        """The executor's connection, once it has dialled `path` here. Raises NoExecError, AgentError."""
        agent_id = wanted.spot.agent_id
        back = await asyncio.to_thread(self._agents.callback, agent_id)
        message = self._message(wanted, CallBack(back.url + path, back.certificate))
        until = self._clock() + self._patience
        while (left := until - self._clock()) > 0:
            self._agents.send(agent_id, wanted.executor_id, message)
            done, _ = await asyncio.wait([wanted.executor], timeout=min(AGAIN, left))
            if done:
                return wanted.executor.result()
        raise NoExecError(f"the executor on {wanted.spot.host} has not called back to {back.url} within "
                          f"{self._patience:g} s: it may be an older one, or none of ours, or --advertise is not "
                          "where it reaches this service")

    def end(self, ended: Exec) -> None:
        """Nobody needs it any more."""
        self._execs.pop(ended.id, None)
        ended.executor.cancel()
        ended.over.set()

    def _executor_id(self, view: View, spot: Spot) -> str:
        """Raises NoExecError where nobody shall run commands, or nobody can."""
        app = view.apps.get(spot.app_id)
        known = () if app is None else (app.definitions.get(spot.version), app.target)
        apps = [each.app for each in known if each is not None]
        if not apps:
            raise NoExecError(f"{spot.app_id} is not there any more")
        if not all(map(_may_exec, apps)):
            raise NoExecError(f"{spot.app_id} does not let commands be run in it: its label MESOS_DOCKER_EXEC is false")
        ours = run_by(apps[0], self._settings) is RunBy.OURS
        if not apps[0].is_docker:
            raise NoExecError(f"{spot.app_id} has no container of Docker's: only in those can commands be run")
        return OUR_EXECUTOR if ours else spot.task_id

    def _message(self, wanted: Exec, back: CallBack) -> bytes:
        request = ExecRequest(wanted.id, wanted.spot.task_id, back.url, wanted.token, wanted.command,
                              wanted.tty, wanted.size, back.certificate)
        return json.dumps(write(ExecutorRequest(request)), separators=(",", ":")).encode()


def _may_exec(app: App) -> bool:
    try:
        return beyond(app).exec
    except MarathonError:
        return False  # its labels are none that were accepted
