"""An agent's settings, and its state with the smallest steps on it: update a task, end a framework.

As Mesos: slave/flags.cpp; slave/slave.cpp (`statusUpdate` and what follows it, `removeExecutor`,
`removeFramework`).
"""
from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any

from deploy.local.agent.checkpoints import Checkpoints
from deploy.local.agent.executors import MAX_COMPLETED_FRAMEWORKS, TERMINATED, AgentFramework, Executor
from deploy.local.agent.status_updates import StatusUpdateManager
from deploy.local.containers.containerizer import Containerizer
from deploy.local.containers.sandbox import AgentPaths
from deploy.local.records.flags import AgentFlags
from deploy.local.records.messages import new_uuid, status
from deploy.local.wire.link import MasterLink
from specs.forms import Json

log = logging.getLogger(__name__)


class AgentState:
    """What the agent's parts share."""

    def __init__(self, flags: AgentFlags, containerizers: list[Containerizer]) -> None:
        self.flags = flags
        key = flags.executor_secret_key
        self.executors_key = key.read_bytes() if key is not None else None  # None: executors get no tokens
        self.containerizers = containerizers
        self.info: Json = {}  # AgentInfo
        self.address = ""  # ip:port
        self.master_hostname = ""  # as the machine knows the master's address
        self.running = False  # registered with a master
        self.recovering = True
        self.stopped = False
        self.killed_any = False  # an executor that did not end in its grace period
        self.master: MasterLink | None = None
        self.frameworks: dict[str, AgentFramework] = {}
        self.completed: deque[AgentFramework] = deque(maxlen=MAX_COMPLETED_FRAMEWORKS)
        self.updates = StatusUpdateManager(self._forward)

    # ---- what it is

    @property
    def id(self) -> str:
        value: str = self.info.get("id", {}).get("value", "")
        return value

    @property
    def pid(self) -> str:
        return f"slave(1)@{self.address}"

    @property
    def paths(self) -> AgentPaths:
        return AgentPaths(self.flags.work_dir, self.id)

    @property
    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self.flags.work_dir, self.id)

    def containerizer_of(self, executor: Executor) -> Containerizer:
        """Which containerizer an executor's container belongs to."""
        docker = executor.info.get("container", {}).get("type") == "DOCKER"
        return self.containerizers[0 if docker and len(self.containerizers) > 1 else -1]

    def framework_of(self, info: Json) -> AgentFramework:
        """The framework of this FrameworkInfo. One that has been here before keeps its completed
        executors.
        """
        framework_id = info["id"]["value"]
        framework = self.frameworks.get(framework_id)
        if framework is not None:
            return framework
        framework = self.frameworks[framework_id] = AgentFramework(info)
        for before in [item for item in self.completed if item.id == framework_id]:
            framework.completed_executors = before.completed_executors
            self.completed.remove(before)
        return framework

    # ---- updates

    def update(self, framework_id: str, status_: Json, *, from_executor: bool) -> None:
        """A TaskStatus from an executor or of the agent's own: complete it, record it, and see it
        to the framework.

        It is written down before anybody counts on it; raises OSError where that cannot be, and an
        executor's update then is as if it had never come. One of the agent's own goes out all the
        same."""
        framework = self.frameworks.get(framework_id)
        if framework is None or framework.terminating:
            return
        status_ = {**status_, "agent_id": {"value": self.id},
                   "source": "SOURCE_EXECUTOR" if from_executor else "SOURCE_AGENT"}
        executor = framework.executor_of(status_["task_id"]["value"])
        if executor is None:
            self.updates.update(framework_id, status_)
            return
        task_id = status_["task_id"]["value"]
        ran = task_id not in executor.queued
        if ran and not (status_["state"] in {"TASK_DROPPED", "TASK_LOST"} and not from_executor):
            self._add_container_status(executor, status_)
        problem = executor.update_problem(status_)
        if problem is not None:
            log.info("dropped an update of task %s: %s", task_id, problem)
        else:
            if executor.checkpoint:
                self._save_update(executor, status_, needed=from_executor)
            executor.update(status_)
            self.updates.update(framework_id, status_)
        if from_executor:
            executor.send({"type": "ACKNOWLEDGED", "acknowledged": {
                "task_id": status_["task_id"], "uuid": status_["uuid"]}})

    def _save_update(self, executor: Executor, status_: Json, *, needed: bool) -> None:
        try:
            self.checkpoints.save_update(executor.framework_id, executor.id, executor.container_id,
                                         status_)
        except OSError as error:
            log.warning("An update of task %s could not be written: %s",
                        status_["task_id"]["value"], error)
            if needed:
                raise

    def make_update(self, framework_id: str, task_id: str, state: str, message: str, reason: str,
                    executor_id: str | None = None) -> None:
        """An update of the agent's own."""
        self.update(framework_id, status(
            {"value": task_id}, state, source="SOURCE_AGENT", agent_id={"value": self.id},
            message=message,
            reason=reason, executor_id=executor_id, uuid=new_uuid()), from_executor=False)

    def _add_container_status(self, executor: Executor, status_: Json) -> None:
        """The containerizer's part of container_status, and the agent's address for a container
        without one of its own. A container that the executor names is its own, and unknown here."""
        named = status_.get("container_status", {}).get("container_id")
        if named is not None and named["value"] != executor.container_id:
            return
        found = self.containerizer_of(executor).status(executor.container_id)
        if found is None:
            return
        merged = {**status_.get("container_status", {}), **found}
        if not merged.get("network_infos"):
            merged["network_infos"] = [{"ip_addresses": [{"protocol": "IPv4",
                                                          "ip_address": self.flags.shown_ip}]}]
        else:
            merged["network_infos"] = [_with_protocols(item) for item in merged["network_infos"]]
        status_["container_status"] = merged

    def _forward(self, framework_id: str, status_: Json) -> None:
        """Send an update to the master, with the task's latest state, which may be ahead of it."""
        if not self.running or self.master is None:
            return
        framework = self.frameworks.get(framework_id)
        latest = None
        if framework is not None:
            executor = framework.executor_of(status_["task_id"]["value"])
            task = executor.find(status_["task_id"]["value"]) if executor is not None else None
            if task is not None:
                task.status_update_state, task.status_update_uuid = status_["state"], status_[
                    "uuid"]
                latest = task.state
        self.master.post(self.master.to.on_status_update, framework_id, status_, latest)

    def acknowledge(self, framework_id: str, task_id: str, uuid: str) -> None:
        """The framework has seen an update."""
        framework = self.frameworks.get(framework_id)
        executor = framework.executor_of(task_id) if framework is not None else None
        more = self.updates.acknowledge(framework_id, task_id, uuid)
        if more is None or framework is None or executor is None:
            return
        if executor.checkpoint:
            self.checkpoints.save_acknowledgement(framework_id, executor.id, executor.container_id,
                                                  task_id, uuid)
        if task_id in executor.terminated and not more:
            executor.complete(task_id)
        if executor.state == TERMINATED and not executor.incomplete():
            self.remove_executor(framework, executor)
        self.remove_if_idle(framework)

    # ---- ends

    def remove_executor(self, framework: AgentFramework, executor: Executor) -> None:
        """Nothing of it is left to do. Its sandbox stays."""
        if executor.timer is not None:
            executor.timer.cancel()
        if executor.sender is not None:
            executor.sender.close()
        if executor.checkpoint:
            self.checkpoints.mark_completed(framework.id, executor.id, executor.container_id)
        framework.executors.pop(executor.id, None)
        framework.completed_executors.append(executor)

    def remove_if_idle(self, framework: AgentFramework) -> None:
        if framework.executors or self.frameworks.get(framework.id) is not framework:
            return
        self.updates.cleanup(framework.id)
        del self.frameworks[framework.id]
        self.completed.append(framework)

    def shut_down_executor(self, executor: Executor) -> None:
        """Ask an executor to end, and kill it when its grace period is over."""
        executor.state = "TERMINATING"
        executor.send({"type": "SHUTDOWN"})
        grace = self.flags.executor_shutdown_grace_period
        if "shutdown_grace_period" in executor.info:
            grace = executor.info["shutdown_grace_period"]["nanoseconds"] / 1e9
        self.start_timer(executor, grace, lambda: self._destroy_if_terminating(executor))

    def _destroy_if_terminating(self, executor: Executor) -> None:
        if executor.state == "TERMINATING":
            self.killed_any = True
            self.containerizer_of(executor).destroy(executor.container_id)

    @staticmethod
    def start_timer(executor: Executor, seconds: float, action: Any) -> None:
        if executor.timer is not None:
            executor.timer.cancel()
        executor.timer = asyncio.get_running_loop().call_later(seconds, action)


def _with_protocols(network: Json) -> Json:
    addresses = [{"protocol": "IPv4", **address} for address in network.get("ip_addresses", ())]
    return {**network, "ip_addresses": addresses} if addresses else network
