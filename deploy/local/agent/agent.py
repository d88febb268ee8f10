"""An agent: its life from start over registration to stop, and what it does on the master's word.

    start → recover what was checkpointed (RECOVERING) → register or re-register → RUNNING → stop

Tasks are launched in `launch`, executors speak through `executor_api`, what is written down is read
in `recovery`.

As Mesos: slave/slave.cpp.
"""
from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

from deploy.local.agent.checkpoints import latest_agent_id
from deploy.local.agent.executor_api import ExecutorApi
from deploy.local.agent.executors import REGISTERING, RUNNING, TERMINATED, AgentFramework, Executor
from deploy.local.agent.launch import TaskLauncher
from deploy.local.agent.libprocess_api import LibprocessApi
from deploy.local.agent.recovery import Recovery
from deploy.local.agent.state import AgentState
from deploy.local.containers.containerizer import ProcessContainerizer
from deploy.local.containers.docker_containerizer import DockerContainerizer
from deploy.local.containers.persistent_volumes import make_volumes
from deploy.local.containers.processes import ProcessTable
from deploy.local.records.flags import AgentFlags
from deploy.local.records.messages import new_uuid, status
from deploy.local.records.version import VERSION
from deploy.local.wire.exchange import Handler
from deploy.local.wire.link import AgentLink, MasterInbox, MasterLink
from deploy.local.wire.server import Gate, HttpServer, own_names
from specs.forms import Json
from specs.network.address import HostPort

log = logging.getLogger(__name__)


def _host_name(ip: str) -> str:
    try:
        return socket.gethostbyaddr(ip)[0]
    except OSError:
        return ip


class Agent:
    """One agent. The methods named on_… are `wire.link.AgentInbox`."""

    def __init__(self, flags: AgentFlags, processes: ProcessTable,
                 routes: Callable[[AgentState, ExecutorApi, LibprocessApi], dict[str, Handler]],
                 gate: Gate = lambda _: None) -> None:
        """`routes`: what its server shows, and `gate` to whom; an agent does not know who shows it.
        Raises OSError when the key of its executors' tokens cannot be read."""
        self._docker = DockerContainerizer(flags, processes)
        self.state = AgentState(flags, [self._docker, ProcessContainerizer(processes)])
        self.launcher = TaskLauncher(self.state)
        self.executor_api = ExecutorApi(self.state, self.launcher)
        self._recovery = Recovery(self.state, self.launcher)
        libprocess = LibprocessApi(self.state, self.launcher, self.executor_api)
        self._server = HttpServer(routes(self.state, self.executor_api, libprocess), "slave(1)",
                                  gate=gate, names=own_names(flags.hostname))
        self._link: AgentLink | None = None
        self._leaving: asyncio.Task[None] | None = None

    # ---- life

    async def start(self) -> None:
        """Listen and recover. Returns when registration may begin. Raises OSError when the port is
        taken.
        """
        state, flags = self.state, self.state.flags
        port = await self._server.start(flags.ip, flags.port)
        state.address = str(HostPort(flags.shown_ip, port))
        master_ip = (flags.master or "").rpartition(":")[0].strip("[]") or flags.shown_ip
        state.master_hostname = await asyncio.to_thread(_host_name, master_ip)
        state.info = {"hostname": flags.hostname, "port": port, "resources": flags.resources,
                      "attributes": flags.attributes}
        agent_id = latest_agent_id(flags.work_dir)
        if agent_id is not None:
            state.info["id"] = {"value": agent_id}
            await self._recovery.recover()
        make_volumes(flags.work_dir, state.info)
        state.recovering = False

    def connect(self, master: MasterInbox) -> None:
        """A master was found: register with it."""
        state = self.state
        if state.stopped:
            return
        self.disconnect()
        state.master, self._link = MasterLink(master), AgentLink(self)
        if not state.id:
            state.master.post(master.on_register, self._link, state.info, state.pid, VERSION)
            return
        running = [(framework, executor) for framework in state.frameworks.values()
                   for executor in framework.executors.values()]
        tasks = [task.message() for _, executor in running
                 for task in (*executor.launched.values(), *executor.terminated.values(),
                              *executor.queued_tasks())]
        executors = [executor.info for _, executor in running
                     if executor.state != TERMINATED and not executor.command_task]
        state.master.post(master.on_reregister, self._link, state.info, state.pid, VERSION,
                          executors=executors,
                          frameworks=[framework.info for framework in state.frameworks.values()],
                          tasks=tasks)

    def disconnect(self) -> None:
        """The master is gone: go on without it, and keep the updates."""
        state = self.state
        state.running = False
        state.updates.pause()
        if state.master is not None:
            state.master.cut = True
            state.master = None
        if self._link is not None:
            self._link.cut = True
            self._link = None

    def break_link(self) -> None:
        """The connection to the master breaks, as both notice; what is under way on it is lost."""
        state = self.state
        if state.master is not None and self._link is not None:
            state.master.to.on_agent_exited(self._link)
        self.disconnect()

    async def stop(self, *, end_executors: bool) -> None:
        """Stop as a process would that is killed: executors go on, and may find the agent again
        after a restart. With `end_executors` nothing of what the agent has started stays behind."""
        state = self.state
        leaving = self._leaving
        if leaving is not None and leaving is not asyncio.current_task():
            if state.stopped:
                await leaving
            else:
                leaving.cancel()
        if state.stopped:
            return
        state.stopped = True
        self.break_link()
        await self.launcher.finish()
        executors = [executor for framework in state.frameworks.values()
                     for executor in framework.executors.values()]
        if end_executors:
            await self._end(executors)
            if state.killed_any and state.id:
                await self._docker.remove_left(state.id)
        for executor in executors:
            if executor.timer is not None:
                executor.timer.cancel()
            if executor.sender is not None:
                executor.sender.close()
        for containerizer in state.containerizers:
            containerizer.forget()
        await self._server.stop()

    async def finish_commands(self) -> None:
        """Remove what Docker still has of ended containers, now instead of later."""
        await self._docker.finish()

    async def _end(self, executors: list[Executor]) -> None:
        """SHUTDOWN to all, their grace period, then SIGKILL; wait for their ends."""
        for framework in list(self.state.frameworks.values()):
            self._shut_down_framework(framework)
        own = [executor.info.get("shutdown_grace_period", {}).get("nanoseconds", 0) / 1e9
               for executor in executors]
        grace = max([self.state.flags.executor_shutdown_grace_period, *own])
        deadline = asyncio.get_running_loop().time() + grace + 15.0  # seconds; a killed process ends well before
        while self.state.frameworks and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)

    # ---- from the master

    def on_registered(self, agent_id: str) -> None:
        state = self.state
        state.info["id"] = {"value": agent_id}
        state.checkpoints.save_agent(state.info)
        self._run()

    def _run(self) -> None:
        self.state.running = True
        self.state.updates.resume()

    def on_reregistered(self, reconcile: list[tuple[Json, Json]]) -> None:
        """The master knows us again; tasks that it thinks are here and are not, are told of. Each
        with its FrameworkInfo: the framework may be unknown here too."""
        state = self.state
        self._run()
        for asked, info in reconcile:
            framework = state.frameworks.get(info["id"]["value"])
            if framework is not None and framework.executor_of(
                    asked["task_id"]["value"]) is not None:
                continue
            state.updates.update(info["id"]["value"], status(
                asked["task_id"], AgentFramework(info).lost, source="SOURCE_AGENT",
                agent_id={"value": state.id},
                uuid=new_uuid(), message="Reconciliation: task unknown to the agent",
                reason="REASON_RECONCILIATION"))

    def on_shutdown(self, reason: str) -> None:
        """The master wants no more of this agent: it ends its executors, and then itself."""
        log.error("the master shut this agent down: %s", reason)
        if self._leaving is None:
            self._leaving = asyncio.get_running_loop().create_task(self._leave())

    async def _leave(self) -> None:
        await self._end([executor for framework in self.state.frameworks.values()
                         for executor in framework.executors.values()])
        await self.stop(end_executors=False)

    def on_run_tasks(self, framework: Json, executor: Json | None, tasks: list[Json], *,
                     group: bool, launch_executor: bool) -> None:
        self.launcher.run(framework, executor, tasks, group=group, launch_executor=launch_executor)

    def on_kill_task(self, framework_id: str, task_id: str, kill_policy: Json | None) -> None:
        """A task that its executor has is the executor's to kill; one that still waits ends here.
        """
        state = self.state
        framework = state.frameworks.get(framework_id)
        if framework is None or framework.terminating:
            return
        executor = framework.executor_of(task_id)
        if executor is None:
            state.make_update(framework_id, task_id, framework.lost, "Cannot find executor",
                              "REASON_EXECUTOR_TERMINATED")
        elif executor.state in {REGISTERING, RUNNING} and task_id in executor.queued:
            self._kill_queued(framework, executor, task_id)
        elif executor.state == RUNNING:
            kill: Json = {"task_id": {"value": task_id}}
            if kill_policy is not None:
                kill["kill_policy"] = kill_policy
            executor.send({"type": "KILL", "kill": kill})

    def _kill_queued(self, framework: AgentFramework, executor: Executor, task_id: str) -> None:
        group = executor.queued_group(task_id)
        message = "Killed before delivery to the executor"
        if group is not None and executor.state == REGISTERING:
            message = "A task within the task group was killed before delivery to the executor"
        for killed in [task["task_id"]["value"]
                       for task in group] if group is not None else [task_id]:
            self.state.make_update(framework.id, killed, "TASK_KILLED", message,
                                   "REASON_TASK_KILLED_DURING_LAUNCH", executor.id)
        if executor.state == RUNNING and not executor.ever_sent_task() and not executor.queued:
            self.state.shut_down_executor(executor)

    def on_acknowledgement(self, framework_id: str, task_id: str, uuid: str) -> None:
        if self.state.running:
            self.state.acknowledge(framework_id, task_id, uuid)

    def on_framework_message(self, framework_id: str, executor_id: str, data: str) -> None:
        framework = self.state.frameworks.get(framework_id)
        executor = framework.executors.get(
            executor_id) if framework is not None and not framework.terminating else None
        if executor is not None and executor.state == RUNNING:
            executor.send({"type": "MESSAGE", "message": {"data": data}})

    def on_shutdown_executor(self, framework_id: str, executor_id: str) -> None:
        framework = self.state.frameworks.get(framework_id)
        executor = framework.executors.get(
            executor_id) if framework is not None and not framework.terminating else None
        if framework is not None and executor is not None and executor.state in {REGISTERING,
                                                                                 RUNNING}:
            self.state.shut_down_executor(executor)

    def on_shutdown_framework(self, framework_id: str) -> None:
        framework = self.state.frameworks.get(framework_id)
        if framework is not None and not framework.terminating:
            self._shut_down_framework(framework)

    def _shut_down_framework(self, framework: AgentFramework) -> None:
        framework.terminating = True
        for executor in list(framework.executors.values()):
            if executor.state in {REGISTERING, RUNNING}:
                self.state.shut_down_executor(executor)
            elif executor.state == TERMINATED:
                self.state.remove_executor(framework, executor)
        self.state.remove_if_idle(framework)

    def on_framework_updated(self, framework: Json) -> None:
        """A framework has changed, or is back: it gets all that it has not acknowledged."""
        known = self.state.frameworks.get(framework["id"]["value"])
        if self.state.running and known is not None and not known.terminating:
            known.info = framework
            if framework.get("checkpoint", False):
                try:
                    self.state.checkpoints.save_framework(framework)
                except OSError as error:
                    log.warning("A framework's change could not be written: %s", error)
            self.state.updates.resume()
