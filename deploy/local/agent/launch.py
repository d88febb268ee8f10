"""From a task that the master sends to an executor that has it.

The first task of an executor starts it: sandbox, container, registration timeout. Until the
executor subscribes tasks wait in its queue. However the container ends, all its tasks end with it.

As Mesos: slave/slave.cpp (`run`, `__run`, `___run`, `launchExecutor`, `executorLaunched`,
`registerExecutorTimeout`, `executorTerminated`, `sendExecutorTerminatedStatusUpdate`).
"""
from __future__ import annotations

import asyncio
import logging
import sys
import uuid
from pathlib import Path

from deploy.local.agent.executor_info import command_executor_info, executor_environment
from deploy.local.agent.executors import REGISTERING, RUNNING, TERMINATED, TERMINATING, AgentFramework, Executor
from deploy.local.agent.state import AgentState
from deploy.local.containers.containerizer import ContainerConfig, Termination
from deploy.local.containers.launches import LaunchError
from deploy.local.containers.persistent_volumes import link_volumes, persistent
from deploy.local.containers.processes import start_of
from deploy.local.containers.sandbox import SandboxError, create_sandbox
from specs.forms import Json
from specs.messages.status import is_terminal
from specs.words.durations import print_duration

log = logging.getLogger(__name__)

COMMAND_EXECUTOR = Path(__file__).parent.parent / "programs"


class TaskLauncher:
    """Runs tasks on one agent."""

    def __init__(self, state: AgentState) -> None:
        self._state = state
        self._launches: set[asyncio.Task[None]] = set()

    # ---- tasks

    def run(self, framework_info: Json, executor_info: Json | None, tasks: list[Json], *,
            group: bool, launch_executor: bool) -> None:
        """One task, or the tasks of a group, on the executor that they name, or one made for a
        command task.

        `launch_executor`: what the master believes, namely that the executor is not there yet.
        """
        framework = self._state.framework_of(framework_info)
        if framework.terminating:
            return
        info = executor_info or command_executor_info(tasks[0], framework.id, self._program())
        executor_id = info["executor_id"]["value"]
        problem = limits_problem(tasks)
        if problem is not None:
            self._drop(framework, tasks, "REASON_GC_ERROR", problem, None)  # Mesos's odd choice of a reason
            self._state.remove_if_idle(framework)
            return
        executor = framework.executors.get(executor_id)
        if self._contradicts(framework, executor, tasks, executor_id, expects_new=launch_executor):
            return
        if executor is not None and executor.state in {TERMINATING, TERMINATED}:
            self._drop(framework, tasks, "REASON_EXECUTOR_TERMINATED",
                       f"Executor {executor.state.lower()}", None)
            return
        try:
            if executor is None:
                _check_volumes(info, tasks)
                executor = self._add_executor(framework, info, tasks,
                                              command_task=executor_info is None)
            link_volumes(self._state.flags.work_dir, executor.directory, [info, *tasks])
            self._enqueue(executor, tasks, group=group)
        except (SandboxError, OSError) as error:
            why = str(error) if isinstance(error,
                                           SandboxError) else f"Failed to checkpoint: {error.strerror}"
            self._drop(framework, tasks, "REASON_EXECUTOR_TERMINATED", why, executor_id)
            if executor is None and executor_info is not None:
                self._retract(framework, executor_id)
            self._state.remove_if_idle(framework)
            return
        if executor.state == RUNNING:
            self.deliver(executor)

    def _contradicts(self, framework: AgentFramework, executor: Executor | None, tasks: list[Json],
                     executor_id: str, *, expects_new: bool) -> bool:
        """Whether the master and we disagree on what executors there are; the tasks are dropped
        then.
        """
        if executor is not None and "executor" not in tasks[0]:
            self._drop(framework, tasks, "REASON_TASK_INVALID",
                       "Cannot reuse an already existing executor for a command task", executor_id)
        elif executor is not None and expects_new:
            self._drop(framework, tasks, "REASON_EXECUTOR_TERMINATED",
                       "Master wants to launch executor, but one already exists", executor_id)
            if executor.state == TERMINATED:
                self._retract(framework, executor_id)
            elif executor.state != TERMINATING:
                self._state.shut_down_executor(executor)
        elif executor is None and not expects_new:
            self._drop(framework, tasks, "REASON_EXECUTOR_TERMINATED",
                       "No executor is expected to launch and there is none running", executor_id)
        else:
            return False
        return True

    def _program(self) -> list[str]:
        return [sys.executable, "-IS", str(COMMAND_EXECUTOR)]

    def _enqueue(self, executor: Executor, tasks: list[Json], *, group: bool) -> None:
        """All of them, or none; raises OSError."""
        if executor.checkpoint:
            for task in tasks:
                self._state.checkpoints.save_task(executor.framework_id, executor.id,
                                                  executor.container_id, task)
        executor.queued |= {task["task_id"]["value"]: task for task in tasks}
        if group:
            executor.queued_groups.append(list(tasks))

    def deliver(self, executor: Executor) -> None:
        """Send what is queued to a subscribed executor."""
        grouped = {task["task_id"]["value"] for group in executor.queued_groups for task in group}
        for task_id, task in list(executor.queued.items()):
            if task_id not in grouped:
                executor.launch(task)
                executor.send({"type": "LAUNCH", "launch": {"task": task}})
        for group in list(executor.queued_groups):
            for task in group:
                executor.launch(task)
            executor.send({"type": "LAUNCH_GROUP",
                           "launch_group": {"task_group": {"tasks": group}}})

    def _drop(self, framework: AgentFramework, tasks: list[Json], reason: str, message: str,
              executor_id: str | None) -> None:
        for task in tasks:
            self._state.make_update(framework.id, task["task_id"]["value"], framework.lost,
                                    message, reason, executor_id)

    def _retract(self, framework: AgentFramework, executor_id: str) -> None:
        """The master counts an executor that will not come: tell it."""
        state = self._state
        if state.master is not None:
            state.master.post(state.master.to.on_exited_executor, state.id, framework.id,
                              executor_id, -1)

    # ---- executors

    def _add_executor(self, framework: AgentFramework, info: Json, tasks: list[Json], *,
                      command_task: bool) -> Executor:
        """Raises SandboxError and OSError."""
        state = self._state
        container_id = str(uuid.uuid4())
        user = info.get("command", {}).get("user") or framework.info.get("user") or None
        directory = create_sandbox(state.paths, framework.id, info["executor_id"]["value"],
                                   container_id, user)
        checkpoint = bool(framework.info.get("checkpoint", False))
        if checkpoint:
            state.checkpoints.save_framework(framework.info)
            state.checkpoints.save_executor(framework.id, info, container_id,
                                            command_task=command_task)
        executor = Executor(framework.id, info, container_id, directory, checkpoint, command_task)
        framework.executors[executor.id] = executor
        config = ContainerConfig(container_id, info, tasks[0] if command_task else None, directory,
                                 executor_environment(state, executor), user)
        launch = asyncio.get_running_loop().create_task(self._launch(executor, config))
        self._launches.add(launch)
        launch.add_done_callback(self._launches.discard)
        state.start_timer(executor, state.flags.executor_registration_timeout,
                          lambda: self._not_registered(executor))
        return executor

    async def _launch(self, executor: Executor, config: ContainerConfig) -> None:
        state = self._state

        def forked(pid: int) -> None:
            start = start_of(pid)
            state.checkpoints.save_container(executor.container_id, pid, start)
            if executor.checkpoint:
                state.checkpoints.save_pid(executor.framework_id, executor.id,
                                           executor.container_id, pid, start)

        containerizer = next(item for item in state.containerizers if item.supports(config))
        try:
            await containerizer.launch(config, forked,
                                       lambda termination: self.terminated(executor, termination))
        except LaunchError as error:
            self._not_launched(executor, str(error), error.status)
            return
        except Exception as error:  # a bug of ours, which nobody shall wait for
            log.exception("Container %s could not be launched", executor.container_id)
            containerizer.destroy(executor.container_id)
            self._not_launched(executor, f"{type(error).__name__}: {error}", None)
            return
        if executor.state == TERMINATING and executor.sender is None:  # told to end while there was nobody to tell
            containerizer.destroy(executor.container_id)

    def _not_launched(self, executor: Executor, why: str, status: int | None) -> None:
        executor.pending_termination = Termination(
            state="TASK_FAILED", reason="REASON_CONTAINER_LAUNCH_FAILED",
            message=f"Failed to launch container: {why}")
        self.terminated(executor, Termination(status=status))

    def _not_registered(self, executor: Executor) -> None:
        if executor.state != REGISTERING:
            return
        timeout = print_duration(round(self._state.flags.executor_registration_timeout * 1e9))
        executor.state = TERMINATING
        executor.pending_termination = Termination(
            state="TASK_FAILED", reason="REASON_EXECUTOR_REGISTRATION_TIMEOUT",
            message=f"Executor did not register within {timeout}")
        self._state.containerizer_of(executor).destroy(executor.container_id)

    def terminated(self, executor: Executor, termination: Termination) -> None:
        """The container has ended, or never was: so have its tasks."""
        state = self._state
        framework = state.frameworks.get(executor.framework_id)
        state.checkpoints.forget_container(executor.container_id)
        if framework is None or framework.executors.get(
                executor.id) is not executor or executor.state == TERMINATED:
            return
        executor.state = TERMINATED
        if executor.timer is not None:
            executor.timer.cancel()
        if not executor.command_task and state.master is not None:  # goes out before the updates, as there
            code = -1 if termination.status is None else termination.status
            state.master.post(state.master.to.on_exited_executor, state.id, framework.id,
                              executor.id, code)
        if framework.terminating:
            executor.end_launched()
        else:
            for task_id in [*(task.id for task in executor.launched.values()
                              if not is_terminal(task.state)),
                            *executor.queued]:
                self._task_terminated(executor, task_id, termination)
        if framework.terminating or not executor.incomplete():
            state.remove_executor(framework, executor)
        state.remove_if_idle(framework)

    def _task_terminated(self, executor: Executor, task_id: str, termination: Termination) -> None:
        """The container's own reason first, then the agent's; both messages."""
        pending = executor.pending_termination or Termination()
        messages = [message for message in (pending.message, termination.message)
                    if message is not None]
        self._state.make_update(
            executor.framework_id, task_id, termination.state or pending.state or "TASK_FAILED",
            "; ".join(messages) or "Executor terminated",
            termination.reason or pending.reason or "REASON_EXECUTOR_TERMINATED", executor.id)

    async def finish(self) -> None:
        """Cancel what is being fetched or pulled, and wait until it is."""
        for launch in self._launches:
            launch.cancel()
        await asyncio.gather(*self._launches, return_exceptions=True)


def _check_volumes(executor: Json, tasks: list[Json]) -> None:
    if executor.get("container", {}).get("type") == "DOCKER" and any(persistent([executor, *tasks])):
        raise SandboxError("The embedded Mesos mounts no persistent volumes into Docker containers "
                           "of its own: they are for tasks with an executor")


def limits_problem(tasks: list[Json]) -> str | None:
    """Limits need an isolator, and here is none. As Mesos: `validateResourceLimitsAndIsolators`,
    for posix isolation."""
    for task in tasks:
        if task.get("container", {}).get("type") == "DOCKER":
            continue
        limits = task.get("limits", {})
        for name, word, isolator in (("cpus", "CPU", "cpu"), ("mem", "Memory", "mem")):
            if name in limits:
                return (
                    f"{word} limits can only be set on tasks launched in Mesos containers when the agent has loaded"
                        f" the 'cgroups/{isolator}' isolator")
    return None
