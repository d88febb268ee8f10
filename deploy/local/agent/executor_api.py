"""What executors may say to their agent, and what they hear.

As Mesos: slave/http.cpp (`Http::executor`), slave/slave.cpp (`subscribe`, `executorMessage`); the
rules of a call are in `specs/rules/executor_call.py`.
"""
from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from deploy.local.agent.executors import REGISTERING, RUNNING, TERMINATED, TERMINATING, AgentFramework, Executor
from deploy.local.agent.launch import TaskLauncher
from deploy.local.agent.state import AgentState
from deploy.local.wire.authentication import Principal
from deploy.local.wire.events import EXECUTOR_EVENT, CallError, EventSender, accepted_type, in_turn, read_call
from deploy.local.wire.exchange import (
    EventStream,
    Request,
    Response,
    Streaming,
    accepted,
    method_not_allowed,
    not_implemented,
    text,
)
from specs.forms import Json
from specs.rules.executor_call import call_problem

HEARTBEAT_SECONDS: Final = 1800.0
RECOVERING: Final = "Agent has not finished recovery"


class ExecutorApi:
    """POST /api/v1/executor of one agent."""

    def __init__(self, state: AgentState, launcher: TaskLauncher) -> None:
        self._state = state
        self._launcher = launcher

    async def handle(self, request: Request) -> Response | Streaming:
        if request.method != "POST":
            return method_not_allowed(request, "POST")
        content_type = request.headers.get("Content-Type")
        try:
            call = await in_turn(request.body,
                                 lambda: read_call("mesos.v1.executor.Call", request.body,
                                                   content_type))
        except CallError as error:
            return text(error.status, str(error))
        problem = call_problem(call)
        if problem is not None:
            return text(400, f"Failed to validate Executor::Call: {problem}")
        kind = call["type"]
        answer_type = accepted_type(request.headers.get("Accept"))
        if kind == "SUBSCRIBE" and answer_type is None:
            return text(406,
                        "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'")
        if kind == "HEARTBEAT":
            return accepted()
        if kind != "SUBSCRIBE" and self._state.recovering:
            return text(503, RECOVERING)
        return self._from_known_executor(call, request.principal, answer_type or "")

    def _from_known_executor(self, call: Json, principal: Principal | None,
                             answer_type: str) -> Response | Streaming:
        kind = call["type"]
        framework = self._state.frameworks.get(call["framework_id"]["value"])
        if framework is None:
            return text(400, "Framework cannot be found")
        executor = framework.executors.get(call["executor_id"]["value"])
        if executor is None:
            return text(400, "Executor cannot be found")
        problem = _claims_problem(principal, framework, executor)
        if problem is not None:
            return text(403, problem)
        if kind == "SUBSCRIBE":
            stream = EventStream(answer_type)
            self._subscribe(framework, executor, EventSender(stream, EXECUTOR_EVENT),
                            call["subscribe"])
            return Streaming(stream)
        if executor.state == REGISTERING:
            return text(403, "Executor is not subscribed")
        if kind == "UPDATE":
            try:
                self.update(framework.id, call["update"]["status"])
            except OSError as error:  # it is sent again, and taken once there is room
                return text(503, f"Failed to write the update: {error.strerror}")
        elif kind == "MESSAGE":
            self.message(framework, executor, call["message"]["data"])
        else:
            return not_implemented()
        return accepted()

    def _subscribe(self, framework: AgentFramework, executor: Executor, sender: EventSender,
                   content: Json) -> None:
        state = self._state
        if state.stopped or framework.terminating or executor.state in {TERMINATING, TERMINATED}:
            sender.send({"type": "SHUTDOWN"})
            sender.close()
            return
        if executor.sender is not None:
            executor.sender.close()
        executor.sender, executor.state = sender, RUNNING
        if executor.timer is not None:
            executor.timer.cancel()
            executor.timer = None
        sender.start_heartbeat(HEARTBEAT_SECONDS, at_once=False)
        self.drop_unseen(framework, executor, content.get("unacknowledged_tasks", ()))
        if not executor.ever_sent_task() and not executor.queued:
            state.shut_down_executor(executor)
        else:
            sender.send({"type": "SUBSCRIBED", "subscribed": {
                "executor_info": executor.info, "framework_info": framework.info,
                "agent_info": state.info, "container_id": {"value": executor.container_id}}})
        try:
            for update in content.get("unacknowledged_updates", ()):  # acknowledged after SUBSCRIBED, as there
                self.update(framework.id, update["status"])
        except OSError:  # it has to come back with them
            executor.sender = None
            sender.close()
            return
        if executor.state == RUNNING:
            self._launcher.deliver(executor)

    def drop_unseen(self, framework: AgentFramework, executor: Executor,
                    tasks: Sequence[Json]) -> None:
        """Tasks that were sent just before the agent stopped, and never arrived: not among `tasks`,
        which the executor names."""
        seen = {task["task_id"]["value"] for task in tasks}
        for task in list(executor.launched.values()):
            if task.state == "TASK_STAGING" and task.id not in seen:
                self._state.make_update(framework.id, task.id, framework.lost,
                                        "Task launched during agent restart",
                                        "REASON_AGENT_RESTARTED", executor.id)

    def update(self, framework_id: str, status: Json) -> None:
        """An executor's update; raises OSError where it cannot be kept."""
        if status["state"] == "TASK_STAGING" or status.get("agent_id",
                                                           {}).get("value") not in {None,
                                                                                    self._state.id}:
            return  # silently: as Mesos, `statusUpdate`
        self._state.update(framework_id, {"timestamp": time.time(), **status}, from_executor=True)

    def message(self, framework: AgentFramework, executor: Executor, data: str) -> None:
        """An executor's message to its scheduler, bytes in base64."""
        state = self._state
        if state.running and state.master is not None and not framework.terminating:
            state.master.post(state.master.to.on_executor_message, state.id, framework.id,
                              executor.id, data)


def _claims_problem(principal: Principal | None, framework: AgentFramework,
                    executor: Executor) -> str | None:
    """Why the holder of a token is not this executor; None: it is, or nobody asked. As Mesos:
    slave/http.cpp, `verifyExecutorClaims`."""
    if principal is None:
        return None
    missing = f"Authenticated principal '{principal}' does not contain "
    for claim, what, value in (("fid", "framework", framework.id),
                               ("eid", "executor", executor.id)):
        if principal.claims.get(claim) != value:
            return f"{missing}an '{claim}' claim with the {what} ID {value}, which is set in the call"
    if principal.claims.get("cid") != executor.container_id:
        return f"{missing}a 'cid' claim with the correct active ContainerID"
    return None
