"""What an operator may do to an agent: mark it gone, deactivate it, and take that back.

An agent that is gone never comes back under its id; its tasks are ended at once. One that is
deactivated keeps its tasks and gets no new ones.

As Mesos: master/http.cpp (`_markAgentGone`, `_deactivateAgent`, `_reactivateAgent`),
master/master.cpp (`markGone`, `deactivate`).
"""
from __future__ import annotations

from typing import Final

from deploy.local.master.agents import AgentRegistry, lost_state
from deploy.local.master.cluster import Cluster
from deploy.local.records.messages import status
from deploy.local.wire.exchange import Response, text

_GONE: Final = "Agent has been marked gone"


class AgentOperations:
    """Operator calls about one agent."""

    def __init__(self, cluster: Cluster, registry: AgentRegistry) -> None:
        self._cluster = cluster
        self._registry = registry

    def _known(self, agent_id: str) -> bool:
        cluster = self._cluster
        return agent_id in cluster.agents or agent_id in cluster.recovered_agents or (
            agent_id in cluster.unreachable_agents)

    def mark_gone(self, agent_id: str) -> Response:
        """MARK_AGENT_GONE. Idempotent."""
        cluster = self._cluster
        if agent_id in cluster.gone_agents:
            return Response(200)
        if not self._known(agent_id):
            return text(404, f"Agent '{agent_id}' not found")
        agent = cluster.agents.get(agent_id)
        if agent is not None:
            agent.link.post(agent.link.to.on_shutdown, _GONE)
            if agent.reregister_timer is not None:
                agent.reregister_timer.cancel()
            self._registry.remove(agent, _GONE, gone=True)
        else:
            cluster.gone_agents.add(agent_id)
            self._end_unreachable_tasks(agent_id)
        cluster.recovered_agents.discard(agent_id)
        cluster.unreachable_agents.pop(agent_id, None)
        cluster.deactivated_agents.discard(agent_id)
        return Response(200)

    def _end_unreachable_tasks(self, agent_id: str) -> None:
        for framework in self._cluster.frameworks.values():
            state, reason = lost_state(framework, gone=True)
            for task in [item for item in framework.unreachable_tasks.values()
                         if item.agent_id == agent_id]:
                last = status(task.info["task_id"], state, source="SOURCE_MASTER",
                              agent_id=task.info["agent_id"],
                              message=_GONE, reason=reason, executor_id=task.executor_id)
                self._cluster.update_task(task, last)
                self._cluster.forward(framework, last)
                del framework.unreachable_tasks[task.id]
                framework.completed_tasks.append(task)

    def deactivate(self, agent_id: str) -> Response:
        """DEACTIVATE_AGENT. Idempotent."""
        cluster = self._cluster
        if not self._known(agent_id):
            return text(400, "Unknown agent")
        cluster.deactivated_agents.add(agent_id)
        agent = cluster.agents.get(agent_id)
        if agent is not None:
            agent.active, agent.deactivated = False, True
            cluster.allocator.set_agent_active(agent_id, active=False)
            for offer in cluster.agent_offers(agent_id):
                cluster.rescind_offer(offer)
        return Response(200)

    def reactivate(self, agent_id: str) -> Response:
        """REACTIVATE_AGENT."""
        cluster = self._cluster
        if agent_id not in cluster.deactivated_agents:
            return text(400, "Agent is not deactivated")
        cluster.deactivated_agents.discard(agent_id)
        agent = cluster.agents.get(agent_id)
        if agent is None:
            return text(409, "Agent removed while processing the call")
        agent.deactivated = False
        if agent.connected:
            agent.active = True
            cluster.allocator.set_agent_active(agent_id, active=True)
            cluster.allocate_soon()
        return Response(200)
