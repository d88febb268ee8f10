"""What an agent's own docker executors say to it over libprocess (v0), and what they hear.

A v0 executor registers once, and never by itself again: an agent that was started anew asks those
whose pid it has written down. Who says to be an executor must be the process that was started as
such, or one below it: tokens are HTTP's, and here the kernel says whose connection it is.

As Mesos: slave/slave.cpp (`registerExecutor`, `reregisterExecutor`, `statusUpdate`).
"""
from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Final

from deploy.local.agent.executor_api import ExecutorApi
from deploy.local.agent.executors import REGISTERING, RUNNING, AgentFramework, Executor
from deploy.local.agent.launch import TaskLauncher
from deploy.local.agent.state import AgentState
from deploy.local.containers.owners import speaks
from deploy.local.wire.exchange import Ends, Handler, Request, Response, accepted, method_not_allowed, text
from deploy.local.wire.libprocess import PACKAGE, LibprocessLink
from specs.errors import SpecError
from specs.forms import Json
from specs.forms.wire import decode
from specs.network.pid import Pid, parse_pid

log = logging.getLogger(__name__)

Taker = Callable[[Request, Pid, Json], None]
NOBODY: Final = "@0.0.0.0:0"  # the pid of a framework that speaks HTTP


class LibprocessSender:
    """A v0 executor's place for events, which become the messages of old. As EventSender."""

    def __init__(self, state: AgentState, framework: AgentFramework, executor: Executor,
                 pid: Pid) -> None:
        self.pid = pid
        self.proven: deque[Ends | None] = deque(maxlen=4)  # connections that are known to be its own
        self._state = state
        self._framework = framework
        self._executor = executor
        self._link = LibprocessLink(state.pid, pid)

    def send(self, event: Json) -> None:
        """One of mesos.v1.executor.Event, without a HEARTBEAT."""
        ids = {"framework_id": {"value": self._framework.id}}
        match event["type"]:
            case "LAUNCH":
                self._link.send("RunTaskMessage", {"framework": self._framework.info, "pid": NOBODY,
                                                   "task": event["launch"]["task"]})
            case "KILL":
                self._link.send("KillTaskMessage", {**ids, **event["kill"]})
            case "ACKNOWLEDGED":
                self._link.send("StatusUpdateAcknowledgementMessage",
                                {**ids, **self._agent(), **event["acknowledged"]})
            case "MESSAGE":
                self._link.send("FrameworkToExecutorMessage",
                                {**ids, **self._agent(), "executor_id": {"value": self._executor.id},
                                 **event["message"]})
            case "SHUTDOWN":
                self._link.send("ShutdownExecutorMessage",
                                {**ids, "executor_id": {"value": self._executor.id}})
            case kind:
                log.warning("A v0 executor hears nothing of %s", kind)

    def registered(self) -> None:
        """ExecutorRegistered."""
        self._link.send("ExecutorRegisteredMessage", {
            "executor_info": self._executor.info, "framework_id": {"value": self._framework.id},
            "framework_info": self._framework.info, **self._agent(), "slave_info": self._state.info})

    def reregistered(self) -> None:
        """ExecutorReregistered."""
        self._link.send("ExecutorReregisteredMessage",
                        {**self._agent(), "slave_info": self._state.info})

    def close(self) -> None:
        """Hang up, once all is said."""
        self._link.close()

    def _agent(self) -> Json:
        return {"slave_id": {"value": self._state.id}}


class LibprocessApi:
    """The messages that an agent takes."""

    def __init__(self, state: AgentState, launcher: TaskLauncher, api: ExecutorApi) -> None:
        self._state = state
        self._launcher = launcher
        self._api = api

    def routes(self) -> dict[str, Handler]:
        """By path, without the agent's own id."""
        takers = {"RegisterExecutorMessage": self._register,
                  "ReregisterExecutorMessage": self._reregister,
                  "StatusUpdateMessage": self._update,
                  "ExecutorToFrameworkMessage": self._message}
        return {f"/{PACKAGE}{name}": self._taking(name, take) for name, take in takers.items()}

    def _taking(self, name: str, take: Taker) -> Handler:
        def handle(request: Request) -> Response:
            if request.method != "POST":
                return method_not_allowed(request, "POST")
            try:
                sender = parse_pid(request.headers.get("Libprocess-From", ""))
                message = decode(PACKAGE + name, request.body)
            except SpecError as error:
                return text(400, f"Failed to parse {name}: {error}")
            take(request, sender, message)
            return accepted()
        return handle

    def _register(self, request: Request, sender: Pid, message: Json) -> None:
        found = self._asking(request, sender, message, ready=not self._state.recovering)
        if found is None:
            return
        framework, executor = found
        told = self._take(framework, executor, sender)
        if not executor.ever_sent_task() and not executor.queued:
            self._state.shut_down_executor(executor)
            return
        told.registered()
        self._launcher.deliver(executor)

    def _reregister(self, request: Request, sender: Pid, message: Json) -> None:
        found = self._asking(request, sender, message, ready=True)
        if found is None:
            return
        framework, executor = found
        self._take(framework, executor, sender).reregistered()
        for update in message.get("updates", ()):
            self._take_update(framework, executor, update["status"])
        self._api.drop_unseen(framework, executor, message.get("tasks", ()))
        if not executor.ever_sent_task() and not executor.queued:
            self._state.shut_down_executor(executor)
        else:
            self._launcher.deliver(executor)

    def _update(self, request: Request, sender: Pid, message: Json) -> None:
        update = message["update"]
        found = self._find(update.get("framework_id"), update.get("executor_id"))
        if found is None or not self._is(found[1], request, sender):
            log.warning("Ignoring an update of %s, which is no executor of ours", sender)
            return
        try:
            self._take_update(*found, update["status"])
        except OSError as error:  # unacknowledged, it comes again when the agent was started anew
            log.warning("An update of %s could not be written: %s", sender, error)

    def _take_update(self, framework: AgentFramework, executor: Executor, status: Json) -> None:
        """As Mesos: the agent says whose it is. Raises OSError where it cannot be kept."""
        self._api.update(framework.id, {**status, "executor_id": {"value": executor.id}})

    def _message(self, request: Request, sender: Pid, message: Json) -> None:
        found = self._find(message["framework_id"], message["executor_id"])
        if found is not None and self._is(found[1], request, sender):
            self._api.message(*found, message["data"])

    def _asking(self, request: Request, sender: Pid, message: Json, *,
                ready: bool) -> tuple[AgentFramework, Executor] | None:
        """Whom it names, if that one may begin; who may not is told to end."""
        found = self._find(message["framework_id"], message["executor_id"])
        reason = None
        if self._state.stopped or not ready:
            reason = "the agent is not ready"
        elif found is None or found[0].terminating:
            reason = "the agent has no such executor"
        elif found[1].state != REGISTERING:
            reason = f"the executor is {found[1].state}"
        elif not self._owns(found[1], request):
            reason = "it is not the process that was started as this executor"
        if reason is None:
            return found
        log.warning("Shutting down %s: %s", sender, reason)
        if request.ends is None or sender.address.host != request.ends.peer[0]:
            return None  # nobody is dialled for a stranger
        link = LibprocessLink(self._state.pid, sender)
        link.send("ShutdownExecutorMessage", {})
        link.close()
        return None

    def _take(self, framework: AgentFramework, executor: Executor, sender: Pid) -> LibprocessSender:
        executor.sender = told = LibprocessSender(self._state, framework, executor, sender)
        executor.state = RUNNING
        if executor.timer is not None:
            executor.timer.cancel()
            executor.timer = None
        if executor.checkpoint:
            self._state.checkpoints.save_libprocess_pid(framework.id, executor.id,
                                                        executor.container_id, str(sender))
        return told

    def _find(self, framework_id: Json | None,
              executor_id: Json | None) -> tuple[AgentFramework, Executor] | None:
        framework = self._state.frameworks.get((framework_id or {}).get("value", ""))
        executor = framework.executors.get((executor_id or {}).get("value", "")) if framework else None
        return None if framework is None or executor is None else (framework, executor)

    def _is(self, executor: Executor, request: Request, sender: Pid) -> bool:
        known = executor.sender
        if not isinstance(known, LibprocessSender) or known.pid != sender:
            return False
        if request.ends not in known.proven:
            if not self._owns(executor, request):
                return False
            known.proven.append(request.ends)
        return True

    def _owns(self, executor: Executor, request: Request) -> bool:
        pid = self._state.containerizer_of(executor).pid(executor.container_id)
        return pid is not None and speaks(pid, request.ends)
