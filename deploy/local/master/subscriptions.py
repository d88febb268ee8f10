"""How frameworks come, lose their connection, come back, are replaced, and go.

Disconnected frameworks keep their tasks for their failover_timeout. A SUBSCRIBE with a known id
always wins over the connection that is there: the old scheduler hears ERROR "Framework failed over"
and its stream ends.

As Mesos: master/master.cpp (`_subscribe`, `failoverFramework`, `_exited`, `removeFramework`,
`updateFramework`).
"""
from __future__ import annotations

import asyncio
import time

from deploy.local.master.call_validation import framework_problem, suppressed_problem, update_problem
from deploy.local.master.cluster import HEARTBEAT_SECONDS, Cluster
from deploy.local.master.memory import Framework
from deploy.local.records.framework_info import capabilities, framework_roles
from deploy.local.records.messages import status
from deploy.local.wire.events import EventSender
from deploy.local.wire.exchange import Response, text
from specs.forms import Json


class Subscriptions:
    """The comings and goings of frameworks."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def subscribe(self, content: Json, sender: EventSender, stream_id: str) -> None:
        """A Call.Subscribe on a new stream: SUBSCRIBED, or ERROR and the end of the stream."""
        info = content["framework_info"]
        suppressed = content.get("suppressed_roles", [])
        problem = (framework_problem(info, role_whitelist=self._cluster.flags.roles,
                                     completed=self._cluster.completed)
                   or suppressed_problem(framework_roles(info), suppressed))
        if problem is not None:
            _refuse(sender, problem)
        elif info.get("id", {}).get("value"):
            self._resubscribe(info, suppressed, sender, stream_id)
        else:
            info = {**info, "id": {"value": self._cluster.new_framework_id()}}
            now = time.time()
            self._add(Framework(info, suppressed=set(suppressed), registered_time=now,
                                reregistered_time=now))
            framework = self._cluster.frameworks[info["id"]["value"]]
            self._connect(framework, sender, stream_id)
            self._cluster.operators.framework_added(framework)

    def _resubscribe(self, info: Json, suppressed: list[str], sender: EventSender,
                     stream_id: str) -> None:
        framework = self._cluster.frameworks.get(info["id"]["value"])
        if framework is None:
            framework = self.recover(info)
        info = {**info, "user": framework.info["user"],
                "checkpoint": framework.info.get("checkpoint", False)}  # these two cannot change; Mesos keeps the old
        problem = update_problem(framework.info, info)
        if problem is not None:
            _refuse(sender, problem)
            return
        self._update(framework, info, suppressed)
        framework.reregistered_time = time.time()
        if framework.recovered:
            framework.recovered = False
            framework.registered_time = framework.reregistered_time
        elif framework.sender is not None:
            framework.send(_error("Framework failed over"))
        for offer in list(framework.offers.values()):
            self._cluster.discard_offer(offer)
        self._connect(framework, sender, stream_id)
        self._tell_agents(framework)

    def _add(self, framework: Framework) -> None:
        cluster = self._cluster
        cluster.frameworks[framework.id] = framework
        cluster.allocator.add_framework(framework.id, framework.roles, framework.suppressed,
                                        active=False, capabilities=capabilities(framework.info))

    def recover(self, info: Json) -> Framework:
        """A framework that this master has not seen, but agents or the framework itself say that it
        exists.
        """
        cluster = self._cluster
        framework = Framework(info, recovered=True, registered_time=time.time())
        self._add(framework)
        cluster.operators.framework_added(framework)
        for agent in cluster.agents.values():
            for (framework_id, _), task in list(agent.tasks.items()):
                if framework_id == framework.id:
                    cluster.add_task(framework, agent, task)
                    if not task.state_ended:
                        cluster.allocator.charge(framework.id, agent.id, task.resources,
                                                 agent_too=False)
            for (framework_id, executor_id), executor in agent.executors.items():
                if framework_id == framework.id:
                    framework.executors.setdefault(agent.id, {})[executor_id] = executor
        return framework

    def _connect(self, framework: Framework, sender: EventSender, stream_id: str) -> None:
        old, framework.sender, framework.stream_id = framework.sender, sender, stream_id
        if old is not None:
            old.close()
        if framework.failover_timer is not None:
            framework.failover_timer.cancel()
            framework.failover_timer = None
        sender.on_closed(lambda: self._disconnected(framework, sender))
        framework.active = True
        self._cluster.allocator.set_framework_active(framework.id, active=True)
        sender.send({"type": "SUBSCRIBED", "subscribed": {
            "framework_id": {"value": framework.id},
            "heartbeat_interval_seconds": HEARTBEAT_SECONDS,
            "master_info": self._cluster.master_info()}})
        sender.start_heartbeat(HEARTBEAT_SECONDS, at_once=True)
        self._cluster.allocate_soon()

    # ---- while subscribed

    def update_framework(self, framework: Framework, content: Json) -> Response:
        """UPDATE_FRAMEWORK: a new FrameworkInfo without a new subscription."""
        info = content["framework_info"]
        problem = framework_problem(info, role_whitelist=self._cluster.flags.roles,
                                    completed=self._cluster.completed)
        if problem is not None:
            return text(400, f"Supplied FrameworkInfo is not valid: {problem}")
        problem = update_problem(framework.info, info)
        if problem is not None:
            return text(400, f"FrameworkInfo update is not valid: {problem}")
        suppressed = content.get("suppressed_roles", [])
        problem = suppressed_problem(framework_roles(info), suppressed)
        if problem is not None:
            return text(400, f"'UpdateFramework' call is not valid: {problem}")
        changed = framework.info != info
        self._update(framework, info, suppressed)
        if changed:
            self._tell_agents(framework)
        return Response(200)

    def _update(self, framework: Framework, info: Json, suppressed: list[str]) -> None:
        framework.info, framework.suppressed = info, set(suppressed)
        self._cluster.allocator.update_framework(framework.id, framework.roles,
                                                 framework.suppressed, capabilities(info))
        for offer in list(framework.offers.values()):
            if offer.role not in framework.roles:
                self._cluster.rescind_offer(offer)

    def _tell_agents(self, framework: Framework) -> None:
        self._cluster.operators.framework_updated(framework)
        for agent in self._cluster.agents.values():
            agent.link.post(agent.link.to.on_framework_updated, framework.info)

    # ---- ends

    def _disconnected(self, framework: Framework, sender: EventSender) -> None:
        """The stream broke. If it is still the framework's, the time to fail over begins."""
        if framework.sender is not sender or self._cluster.frameworks.get(
                framework.id) is not framework:
            return
        framework.sender = None
        sender.close()
        self._deactivate(framework, rescind=True)
        timeout = framework.info.get("failover_timeout", 0.0)
        loop = asyncio.get_running_loop()
        framework.failover_timer = loop.call_later(max(float(timeout), 0.0),
                                                   self._failover_timed_out, framework)

    def _failover_timed_out(self, framework: Framework) -> None:
        if not framework.connected and self._cluster.frameworks.get(framework.id) is framework:
            self.remove(framework)

    def _deactivate(self, framework: Framework, *, rescind: bool) -> None:
        framework.active = False
        self._cluster.allocator.set_framework_active(framework.id, active=False)
        for offer in list(framework.offers.values()):
            if rescind:
                self._cluster.rescind_offer(offer)
            else:
                self._cluster.discard_offer(offer)

    def remove(self, framework: Framework) -> None:
        """TEARDOWN, or the end of its failover time: everything of the framework ends."""
        cluster = self._cluster
        self._deactivate(framework, rescind=False)
        for agent in cluster.agents.values():
            agent.link.post(agent.link.to.on_shutdown_framework, framework.id)
        for task in [*framework.tasks.values(), *framework.unreachable_tasks.values()]:
            killed = status(task.info["task_id"], "TASK_KILLED", source="SOURCE_MASTER",
                            agent_id=task.info["agent_id"],
                            message=f"Framework {framework.id} removed",
                            reason="REASON_FRAMEWORK_REMOVED", executor_id=task.executor_id)
            cluster.update_task(task, killed)
            cluster.remove_task(task)
        for agent in cluster.agents.values():
            for executor_id in list(framework.executors.get(agent.id, ())):
                cluster.remove_executor(agent, framework.id, executor_id)
        if framework.failover_timer is not None:
            framework.failover_timer.cancel()
        sender, framework.sender = framework.sender, None
        if sender is not None:
            sender.close()
        framework.unregistered_time = time.time()
        del cluster.frameworks[framework.id]
        cluster.allocator.remove_framework(framework.id)
        cluster.remember_completed(framework)
        cluster.operators.framework_removed(framework.info)


def _error(message: str) -> Json:
    return {"type": "ERROR", "error": {"message": message}}


def _refuse(sender: EventSender, problem: str) -> None:
    sender.send(_error(problem))
    sender.close()
