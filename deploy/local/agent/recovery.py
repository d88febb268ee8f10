"""An agent that starts again finds what it had: executors of frameworks that checkpoint.

They get executor_reregistration_timeout to subscribe again, or, over libprocess, to answer when
they are asked; who does not is killed, and its tasks are TASK_LOST or TASK_GONE. **The docker
containerizer recovers no executor that speaks HTTP**, and none that had not registered: their
containers end. Containers of frameworks that do not checkpoint are orphans and are
killed at once.

As Mesos: slave/slave.cpp (`recover`, `_recover`, `reregisterExecutorTimeout`, `recoverFramework`,
`recoverExecutor`), slave/containerizer/docker.cpp (`_recover`).
"""
from __future__ import annotations

import asyncio

from deploy.local.agent.checkpoints import ExecutorRecord, FrameworkRecord
from deploy.local.agent.executors import REGISTERING, TERMINATED, TERMINATING, AgentFramework, Executor
from deploy.local.agent.launch import TaskLauncher
from deploy.local.agent.state import AgentState
from deploy.local.containers.containerizer import Termination
from deploy.local.containers.processes import kill_tree, start_of
from deploy.local.records.task import new_task
from deploy.local.wire.libprocess import LibprocessLink
from specs.forms import Json
from specs.messages.status import is_terminal
from specs.network.pid import parse_pid
from specs.words.durations import print_duration


class Recovery:
    """Rebuilds the state of an agent from its checkpoints."""

    def __init__(self, state: AgentState, launcher: TaskLauncher) -> None:
        self._state = state
        self._launcher = launcher

    async def recover(self) -> None:
        """Read, watch, and wait for executors to come back."""
        state = self._state
        info = state.checkpoints.agent_info()
        if info is not None:
            state.info = {**state.info, "id": info["id"]}
        records = state.checkpoints.frameworks()
        self._kill_orphans(records)
        ended: list[tuple[Executor, Termination]] = []
        for record in records:
            framework = AgentFramework(record.info)
            for executor_record in record.executors:
                self._recover_executor(framework, executor_record, ended)
            if framework.executors:
                state.frameworks[framework.id] = framework
            elif framework.completed_executors:
                state.completed.append(framework)
        for executor, termination in ended:
            self._launcher.terminated(executor, termination)
        if state.frameworks:
            await asyncio.sleep(state.flags.executor_reregistration_timeout)
            if not state.stopped:
                self._give_up_missing()

    def _kill_orphans(self, records: list[FrameworkRecord]) -> None:
        kept = {executor.container_id for record in records for executor in record.executors}
        for container_id, (pid, start) in self._state.checkpoints.containers().items():
            if container_id not in kept:
                if start_of(pid) == start:
                    kill_tree(pid)
                self._state.checkpoints.forget_container(container_id)

    def _recover_executor(self, framework: AgentFramework, record: ExecutorRecord,
                          ended: list[tuple[Executor, Termination]]) -> None:
        state = self._state
        executor_id = record.info["executor_id"]["value"]
        executor = Executor(framework.id, record.info, record.container_id,
                            state.paths.run(framework.id, executor_id, record.container_id),
                            checkpoint=True, command_task=record.command_task)
        for task in record.tasks:
            self._recover_task(executor, task.info, task.updates, task.acknowledged)
        if record.completed:
            executor.state = TERMINATED
            executor.end_launched()
            framework.completed_executors.append(executor)
            return
        for task in record.tasks:
            state.updates.recover(framework.id, task.info["task_id"]["value"], task.updates,
                                  task.acknowledged)
        framework.executors[executor_id] = executor
        containerizer = state.containerizer_of(executor)
        docker = executor.info.get("container", {}).get("type") == "DOCKER"
        alive = record.pid is not None and record.start is not None and start_of(
            record.pid) == record.start and (record.libprocess_pid is not None or not docker)
        watched = alive and record.pid is not None and containerizer.recover(
            executor.container_id, record.pid,
            lambda termination: self._launcher.terminated(executor, termination))
        if watched and record.libprocess_pid is not None:
            self._reconnect(record.libprocess_pid)
        if not watched:  # the containerizer has forgotten it before the agent asks
            containerizer.end_orphan(executor.container_id)
            ended.append((executor, Termination(
                message="Abnormal executor termination: unknown container")))

    def _reconnect(self, pid: str) -> None:
        """Ask a v0 executor for itself: it does not come on its own."""
        link = LibprocessLink(self._state.pid, parse_pid(pid))
        link.send("ReconnectExecutorMessage", {"slave_id": {"value": self._state.id}})
        link.close()

    @staticmethod
    def _recover_task(executor: Executor, info: Json, updates: list[Json],
                      acknowledged: set[str]) -> None:
        task = new_task(info, executor.framework_id)
        executor.launched[task.id] = task
        for status in updates:
            if executor.update_problem(status) is not None:
                continue
            executor.update(status)
            if is_terminal(status["state"]):
                if status["uuid"] in acknowledged:
                    executor.complete(task.id)
                break

    def _give_up_missing(self) -> None:
        timeout = print_duration(round(self._state.flags.executor_reregistration_timeout * 1e9))
        for framework in self._state.frameworks.values():
            for executor in framework.executors.values():
                if executor.state != REGISTERING:
                    continue
                executor.state = TERMINATING
                executor.pending_termination = Termination(
                    state="TASK_GONE" if framework.partition_aware else "TASK_LOST",
                    reason="REASON_EXECUTOR_REREGISTRATION_TIMEOUT",
                    message=f"Executor did not reregister within {timeout}")
                self._state.containerizer_of(executor).destroy(executor.container_id)
