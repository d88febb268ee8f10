"""The master's side of its agents: registration, loss, return, and what they report.

An agent whose connection breaks is not lost: tasks of frameworks that checkpoint wait for it, the
others are TASK_LOST at once. Only when it has not answered max_agent_ping_timeouts pings (75 to 90
seconds with Mesos's defaults), or not come back within agent_reregister_timeout, all its tasks are
unreachable.

As Mesos: master/master.cpp (`registerSlave`, `reregisterSlave`, `exited`, `statusUpdate`,
`exitedExecutor`, `executorMessage`, `_markUnreachable`, `SlaveObserver`).
"""
from __future__ import annotations

import asyncio
import time

from deploy.local.master.cluster import Cluster
from deploy.local.master.memory import AgentRecord, Framework, agent_message
from deploy.local.master.reconciliation import last_findings
from deploy.local.master.subscriptions import Subscriptions
from deploy.local.records.messages import resources_of, status
from deploy.local.records.task import Task, task_from_message
from deploy.local.wire.link import AgentLink
from specs.forms import Json
from specs.words.durations import print_duration


class AgentRegistry:
    """Hears the agents. The methods named on_… are `wire.link.MasterInbox`."""

    def __init__(self, cluster: Cluster, subscriptions: Subscriptions) -> None:
        self._cluster = cluster
        self._subscriptions = subscriptions

    # ---- coming

    def on_register(self, link: AgentLink, info: Json, pid: str, version: str) -> None:
        """A new agent: it gets an id."""
        agent_id = self._cluster.new_agent_id()
        self._add(AgentRecord(agent_id, {**info, "id": {"value": agent_id}}, link,
                              resources_of(info), version, pid, registered_time=time.time()))
        self._cluster.operators.agent_added(agent_message(self._cluster.agents[agent_id]))
        link.post(link.to.on_registered, agent_id)

    def _add(self, agent: AgentRecord) -> None:
        self._cluster.agents[agent.id] = agent
        self._cluster.allocator.add_agent(agent.id, agent.total)
        if agent.id in self._cluster.deactivated_agents:
            agent.active, agent.deactivated = False, True
            self._cluster.allocator.set_agent_active(agent.id, active=False)
        self._cluster.allocate_soon()

    def on_reregister(self, link: AgentLink, info: Json, pid: str, version: str, *,
                      frameworks: list[Json], executors: list[Json], tasks: list[Json]) -> None:
        """An agent that has an id: after its own restart, after the master's, or after a broken
        line.
        """
        cluster = self._cluster
        agent_id = info["id"]["value"]
        if agent_id in cluster.gone_agents:
            link.post(link.to.on_shutdown, "Agent has been marked gone")
            return
        records = [task_from_message(message) for message in tasks]
        known = cluster.agents.get(agent_id)
        if known is not None:
            self._return(known, link, pid, executors, records)
        else:
            self._readmit(link, info, pid, version, frameworks, executors, records)
        self._update_frameworks(cluster.agents[agent_id], frameworks)
        cluster.allocate_soon()

    def _return(self, agent: AgentRecord, link: AgentLink, pid: str, executors: list[Json],
                tasks: list[Task]) -> None:
        """The master still knows it: what it has lost meanwhile it is asked about, or told to kill.
        """
        agent.link, agent.pid, agent.reregistered_time = link, pid, time.time()
        if agent.reregister_timer is not None:
            agent.reregister_timer.cancel()
            agent.reregister_timer = None
        present = {(task.framework_id, task.id) for task in tasks}
        unknown = [(status(task.info["task_id"], task.known_state, source="SOURCE_MASTER",
                           agent_id={"value": agent.id}, message="Reconciliation request",
                           reason="REASON_RECONCILIATION"),
                    self._cluster.frameworks[task.framework_id].info)
                   for key, task in agent.tasks.items() if key not in present]
        link.post(link.to.on_reregistered, unknown)
        running = {(item["framework_id"]["value"], item["executor_id"]["value"])
                   for item in executors}
        for framework_id, executor_id in [key for key in agent.executors if key not in running]:
            self._cluster.remove_executor(agent, framework_id, executor_id)
        for task in tasks:
            if not task.state_ended and (task.framework_id, task.id) in agent.killed:
                link.post(link.to.on_kill_task, task.framework_id, task.id, None)
        for framework_id in {task.framework_id for task in tasks} & set(self._cluster.completed):
            link.post(link.to.on_shutdown_framework, framework_id)
        agent.connected, agent.active = True, not agent.deactivated
        self._cluster.allocator.set_agent_active(agent.id, active=agent.active)

    def _readmit(self, link: AgentLink, info: Json, pid: str, version: str, frameworks: list[Json],
                 executors: list[Json], tasks: list[Task]) -> None:  # (the parts of one message)
        """The master does not know it (any more)."""
        cluster = self._cluster
        agent_id = info["id"]["value"]
        kept = [task for task in tasks if task.framework_id not in cluster.completed]
        if agent_id not in cluster.recovered_agents:
            for task in kept:
                self._tell_of_return(task, unreachable=agent_id in cluster.unreachable_agents)
        cluster.recovered_agents.discard(agent_id)
        cluster.unreachable_agents.pop(agent_id, None)
        agent = AgentRecord(agent_id, info, link, resources_of(info), version, pid,
                            registered_time=time.time(), reregistered_time=time.time())
        self._add(agent)
        for executor in executors:
            key = (executor["framework_id"]["value"], executor["executor_id"]["value"])
            agent.executors[key] = executor
            cluster.allocator.charge(key[0], agent_id, resources_of(executor))
            framework = cluster.frameworks.get(key[0])
            if framework is not None:
                framework.executors.setdefault(agent_id, {})[key[1]] = executor
        for task in kept:
            self._adopt(agent, task)
        cluster.operators.agent_added(agent_message(agent))
        link.post(link.to.on_reregistered, [])
        for framework_id in [item["id"]["value"] for item in frameworks]:
            if framework_id in cluster.completed:
                link.post(link.to.on_shutdown_framework, framework_id)

    def _adopt(self, agent: AgentRecord, task: Task) -> None:
        agent.tasks[task.framework_id, task.id] = task
        if not task.state_ended:
            self._cluster.allocator.charge(task.framework_id, agent.id, task.resources)
        framework = self._cluster.frameworks.get(task.framework_id)
        if framework is not None:
            framework.unreachable_tasks.pop(task.id, None)
            self._cluster.add_task(framework, agent, task)

    def _tell_of_return(self, task: Task, *, unreachable: bool) -> None:
        framework = self._cluster.frameworks.get(task.framework_id)
        if framework is None or not framework.connected:
            return
        message = "Unreachable agent re-reregistered" if unreachable else "Unknown agent reregistered"
        self._cluster.forward(framework, status(
            task.info["task_id"], task.state, source="SOURCE_MASTER",
            agent_id=task.info["agent_id"], message=message,
            reason="REASON_AGENT_REREGISTERED", executor_id=task.executor_id,
            **last_findings(task)))

    def _update_frameworks(self, agent: AgentRecord, frameworks: list[Json]) -> None:
        for info in frameworks:
            framework_id = info["id"]["value"]
            framework = self._cluster.frameworks.get(framework_id)
            if framework is not None:
                agent.link.post(agent.link.to.on_framework_updated, framework.info)
            elif framework_id not in self._cluster.completed:
                self._subscriptions.recover(info)

    # ---- going

    def on_agent_exited(self, link: AgentLink) -> None:
        """The connection to an agent broke."""
        agent = next((item for item in self._cluster.agents.values() if item.link is link), None)
        if agent is None or not agent.connected:
            return
        link.cut = True
        agent.connected = agent.active = False
        self._cluster.allocator.set_agent_active(agent.id, active=False)
        for offer in self._cluster.agent_offers(agent.id):
            self._cluster.rescind_offer(offer)
        for framework_id in {key[0] for key in (*agent.tasks, *agent.executors)}:
            framework = self._cluster.frameworks.get(framework_id)
            if framework is not None and not framework.info.get("checkpoint", False):
                self._remove_framework(agent, framework)
        flags = self._cluster.flags
        pings = unanswered_pings_end(time.time() - agent.registered_time, flags.agent_ping_timeout,
                                     flags.max_agent_ping_timeouts)
        timeout = flags.agent_reregister_timeout
        seconds, why = min((pings, "health check timed out"), (
            timeout,
            f"agent did not reregister within {print_duration(round(timeout * 1e9))} after disconnecting"))
        agent.reregister_timer = asyncio.get_running_loop().call_later(seconds,
                                                                       self._mark_unreachable,
                                                                       agent, why)

    def _remove_framework(self, agent: AgentRecord, framework: Framework) -> None:
        for task in [task for key, task in agent.tasks.items() if key[0] == framework.id]:
            lost = status(task.info["task_id"], "TASK_LOST", source="SOURCE_MASTER",
                          agent_id=task.info["agent_id"],
                          message=f"Agent {agent.info['hostname']} disconnected",
                          reason="REASON_AGENT_DISCONNECTED", executor_id=task.executor_id)
            self._end_task(framework, task, lost)
        for framework_id, executor_id in [key for key in agent.executors if key[0] == framework.id]:
            self._cluster.remove_executor(agent, framework_id, executor_id)

    def _end_task(self, framework: Framework, task: Task, last: Json, *,
                  unreachable: bool = False) -> None:
        self._cluster.update_task(task, last)
        self._cluster.remove_task(task, unreachable=unreachable)
        self._cluster.forward(framework, last)

    def _mark_unreachable(self, agent: AgentRecord, why: str) -> None:
        if not agent.connected and self._cluster.agents.get(agent.id) is agent:
            self.remove(agent, why)

    def remove(self, agent: AgentRecord, message: str, *, gone: bool = False) -> None:
        """An agent is lost, or the operator has marked it `gone`: so are its tasks, and offers."""
        cluster = self._cluster
        now = time.time()
        since = None if gone else {"nanoseconds": int(now * 1e9)}
        if gone:
            cluster.gone_agents.add(agent.id)
        else:
            cluster.unreachable_agents[agent.id] = now
        for task in list(agent.tasks.values()):
            framework = cluster.frameworks.get(task.framework_id)
            if framework is None:
                continue
            state, reason = lost_state(framework, gone=gone)
            self._end_task(framework, task, status(
                task.info["task_id"], state, source="SOURCE_MASTER",
                agent_id=task.info["agent_id"], message=message,
                reason=reason, executor_id=task.executor_id, unreachable_time=since),
                unreachable=state != "TASK_GONE_BY_OPERATOR")
        for framework_id, executor_id in list(agent.executors):
            cluster.remove_executor(agent, framework_id, executor_id)
        for offer in cluster.agent_offers(agent.id):
            cluster.rescind_offer(offer)
        del cluster.agents[agent.id]
        cluster.allocator.remove_agent(agent.id)
        for framework in cluster.frameworks.values():
            framework.send({"type": "FAILURE", "failure": {"agent_id": {"value": agent.id}}})

    # ---- reports

    def on_status_update(self, framework_id: str, status_: Json, latest_state: str | None) -> None:
        """An update from an agent: to the framework, and into the task's record."""
        agent = self._cluster.agents.get(status_["agent_id"]["value"])
        if agent is None:
            return
        framework = self._cluster.frameworks.get(framework_id)
        if framework is not None and framework.connected:
            self._cluster.forward(framework, status_)
        task = agent.tasks.get((framework_id, status_["task_id"]["value"]))
        if task is not None:
            self._cluster.update_task(task, status_, latest_state)

    def on_exited_executor(self, agent_id: str, framework_id: str, executor_id: str,
                           status_: int) -> None:
        """An executor ended: FAILURE to its framework. `status_` is what wait() gave."""
        agent = self._cluster.agents.get(agent_id)
        if agent is None or (framework_id, executor_id) not in agent.executors:
            return
        self._cluster.remove_executor(agent, framework_id, executor_id)
        framework = self._cluster.frameworks.get(framework_id)
        if framework is not None:
            framework.send({"type": "FAILURE", "failure": {
                "agent_id": {"value": agent_id}, "executor_id": {"value": executor_id},
                "status": status_}})

    def on_executor_message(self, agent_id: str, framework_id: str, executor_id: str,
                            data: str) -> None:
        """A MESSAGE of an executor to its framework."""
        framework = self._cluster.frameworks.get(framework_id)
        if framework is not None and agent_id in self._cluster.agents:
            framework.send({"type": "MESSAGE", "message": {
                "agent_id": {"value": agent_id}, "executor_id": {"value": executor_id},
                "data": data}})


def lost_state(framework: Framework, *, gone: bool) -> tuple[str, str]:
    """State and reason of a task whose agent is lost, or `gone`: frameworks that are not
    PARTITION_AWARE know only TASK_LOST."""
    if not framework.has("PARTITION_AWARE"):
        return "TASK_LOST", "REASON_AGENT_REMOVED"
    if gone:
        return "TASK_GONE_BY_OPERATOR", "REASON_AGENT_REMOVED_BY_OPERATOR"
    return "TASK_UNREACHABLE", "REASON_AGENT_REMOVED"


def unanswered_pings_end(observed: float, interval: float, limit: int) -> float:
    """Seconds until an agent that died now has left `limit` pings unanswered.

    It has been pinged every `interval` seconds since the master began to observe it, `observed`
    seconds ago.
    """
    return interval - observed % interval + interval * limit
