"""The master: what each scheduler call does.

The HTTP around it is in `endpoints.master`; its memory in `cluster`; frameworks, offers and agents
have their own files. This one says who may call (a connected framework, by its own stream) and
hands each call to where it is understood.

As Mesos: master/http.cpp (`Master::Http::scheduler`), master/master.cpp.
"""
from __future__ import annotations

import logging
import uuid
from collections.abc import Callable

from deploy.local.master.accepting import Accepting
from deploy.local.master.agents import AgentRegistry
from deploy.local.master.call_validation import call_problem, principal_problem
from deploy.local.master.cluster import Cluster
from deploy.local.master.memory import Framework
from deploy.local.master.reconciliation import explicit, implicit, operations
from deploy.local.master.subscriptions import Subscriptions
from deploy.local.records.flags import MasterFlags
from deploy.local.wire.events import SCHEDULER_EVENT, EventSender
from deploy.local.wire.exchange import EventStream, Response, Streaming, accepted, not_implemented, text
from specs.forms import Json
from specs.resources.roles import role_problem

log = logging.getLogger(__name__)


class Master:
    """A leading master with its whole state in memory."""

    def __init__(self, flags: MasterFlags) -> None:
        self.cluster = Cluster(flags)
        self._subscriptions = Subscriptions(self.cluster)
        self._accepting = Accepting(self.cluster)
        self.registry = AgentRegistry(self.cluster, self._subscriptions)
        self._calls: dict[str, Callable[[Framework, Json], None]] = {
            "TEARDOWN": lambda framework, _: self.teardown(framework),
            "ACCEPT": lambda framework, call: self._accepting.accept(framework, call["accept"]),
            "DECLINE": lambda framework, call: self._decline(framework, call["decline"]),
            "REVIVE": lambda framework, call: self._revive(framework, call.get("revive", {})),
            "SUPPRESS": lambda framework, call: self._suppress(framework, call.get("suppress", {})),
            "KILL": lambda framework, call: self._kill(framework, call["kill"]),
            "SHUTDOWN": lambda framework, call: self._shutdown(framework, call["shutdown"]),
            "ACKNOWLEDGE": lambda framework, call: self._acknowledge(framework, call["acknowledge"]),
            "RECONCILE": lambda framework, call: self._reconcile(framework, call["reconcile"]),
            "RECONCILE_OPERATIONS": lambda framework, call: self._reconcile_operations(
                framework, call["reconcile_operations"]),
            "MESSAGE": lambda framework, call: self._message(framework, call["message"]),
            # Accepted and without effect: there are no inverse offers, no requests, no operation
            # feedback here.
            "ACCEPT_INVERSE_OFFERS": lambda *_: None,
            "DECLINE_INVERSE_OFFERS": lambda *_: None,
            "REQUEST": lambda *_: None,
            "ACKNOWLEDGE_OPERATION_STATUS": lambda *_: None,
        }

    def start(self) -> None:
        self.cluster.start_rounds()

    def stop(self) -> None:
        """Break all connections; nothing is sent any more."""
        self.cluster.stop_rounds()
        for framework in list(self.cluster.frameworks.values()):
            if framework.failover_timer is not None:
                framework.failover_timer.cancel()
            if framework.sender is not None:
                framework.sender.close()
        self.cluster.operators.close()
        for agent in self.cluster.agents.values():
            agent.link.cut = True
            if agent.reregister_timer is not None:
                agent.reregister_timer.cancel()

    # ---- calls

    def call(self, call: Json, *, answer_type: str | None, stream_id: str | None,
             principal: str | None = None) -> Response | Streaming:
        """Act on a scheduler::Call that could be read. `answer_type`: the content type that its
        Accept header chose (None: it takes none of ours); `stream_id`: its Mesos-Stream-Id header;
        `principal`: who it has proved to be (None: nobody has to)."""
        problem = call_problem(call, principal)
        if problem is not None:
            return text(400, f"Failed to validate scheduler::Call: {problem}")
        kind = call["type"]
        if kind in {"SUBSCRIBE", "RECONCILE_OPERATIONS"} and answer_type is None:
            return text(406,
                        "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'")
        if kind == "SUBSCRIBE":
            if stream_id is not None:
                return text(400, "Subscribe calls should not include the 'Mesos-Stream-Id' header")
            if principal is not None:
                call["subscribe"]["framework_info"].setdefault("principal", principal)
            return self._subscribe(call["subscribe"], answer_type or "")
        framework = self.cluster.frameworks.get(call["framework_id"]["value"])
        if framework is None:
            return text(400, "Framework cannot be found")
        refusal = _sender_refusal(framework, stream_id, principal)
        if refusal is not None:
            return refusal
        if kind == "UPDATE_FRAMEWORK":
            return self._subscriptions.update_framework(framework, call["update_framework"])
        if kind not in self._calls:
            return not_implemented()
        self._calls[kind](framework, call)
        return accepted()

    def _subscribe(self, content: Json, answer_type: str) -> Streaming:
        stream_id = str(uuid.uuid4())
        stream = EventStream(answer_type)
        self._subscriptions.subscribe(content, EventSender(stream, SCHEDULER_EVENT), stream_id)
        return Streaming(stream, {"Mesos-Stream-Id": stream_id})

    def teardown(self, framework: Framework) -> None:
        self._subscriptions.remove(framework)

    def _decline(self, framework: Framework, content: Json) -> None:
        for item in content.get("offer_ids", ()):
            offer = self.cluster.offers.get(item["value"])
            if offer is not None and offer.framework_id == framework.id:
                self.cluster.discard_offer(offer, content.get("filters", {}))

    def _revive(self, framework: Framework, content: Json) -> None:
        roles = self._call_roles(framework, content)
        if roles is not None:
            framework.suppressed -= set(roles)
            self.cluster.allocator.revive(framework.id, roles)
            self.cluster.allocate_soon()

    def _suppress(self, framework: Framework, content: Json) -> None:
        roles = self._call_roles(framework, content)
        if roles is not None:
            framework.suppressed |= set(roles)
            self.cluster.allocator.suppress(framework.id, roles)

    @staticmethod
    def _call_roles(framework: Framework, content: Json) -> list[str] | None:
        """The roles that a call is about, all if it names none; None: it is dropped for a role that
        is not the framework's."""
        roles = list(content.get("roles", ())) or list(framework.roles)
        if any(role_problem(role) or role not in framework.roles for role in roles):
            log.warning("dropped a call of framework %s about roles %s", framework.id, roles)
            return None
        return roles

    def _kill(self, framework: Framework, content: Json) -> None:
        """A task that nobody knows is answered as by reconciliation. A kill is repeated when a lost
        agent returns.
        """
        task_id = content["task_id"]["value"]
        task = framework.tasks.get(task_id)
        if task is None:
            asked = {name: content[name] for name in ("task_id", "agent_id") if name in content}
            self._reconcile(framework, {"tasks": [asked]})
            return
        if "agent_id" in content and content["agent_id"]["value"] != task.agent_id:
            return
        agent = self.cluster.agents[task.agent_id]
        agent.killed.add((framework.id, task_id))
        if agent.connected:
            agent.link.post(agent.link.to.on_kill_task, framework.id, task_id,
                            content.get("kill_policy"))

    def _shutdown(self, framework: Framework, content: Json) -> None:
        agent = self.cluster.agents.get(content.get("agent_id", {}).get("value", ""))
        if agent is not None:
            agent.link.post(agent.link.to.on_shutdown_executor, framework.id,
                            content["executor_id"]["value"])

    def _acknowledge(self, framework: Framework, content: Json) -> None:
        agent = self.cluster.agents.get(content["agent_id"]["value"])
        if agent is None or not agent.connected:
            return
        task = agent.tasks.get((framework.id, content["task_id"]["value"]))
        if task is not None:
            if task.status_update_state is None:
                return
            if task.status_update_ends and task.status_update_uuid == content["uuid"]:
                self.cluster.remove_task(task)
        agent.link.post(agent.link.to.on_acknowledgement, framework.id,
                        content["task_id"]["value"], content["uuid"])

    def _reconcile(self, framework: Framework, content: Json) -> None:
        asked = content.get("tasks", [])
        cluster = self.cluster
        answers = implicit(framework) if not asked else explicit(
            framework, asked, registered=cluster.agents, recovered=cluster.recovered_agents,
            unreachable=cluster.unreachable_agents, gone=cluster.gone_agents)
        for answer in answers:
            framework.send({"type": "UPDATE", "update": {"status": answer}})

    def _reconcile_operations(self, framework: Framework, content: Json) -> None:
        cluster = self.cluster
        for answer in operations(content.get("operations", []), registered=cluster.agents,
                                 recovered=cluster.recovered_agents,
                                 unreachable=cluster.unreachable_agents, gone=cluster.gone_agents):
            framework.send({"type": "UPDATE_OPERATION_STATUS",
                            "update_operation_status": {"status": answer}})

    def _message(self, framework: Framework, content: Json) -> None:
        agent = self.cluster.agents.get(content["agent_id"]["value"])
        if agent is not None and agent.connected:
            agent.link.post(agent.link.to.on_framework_message, framework.id,
                            content["executor_id"]["value"], content["data"])


def _sender_refusal(framework: Framework, stream_id: str | None,
                    principal: str | None) -> Response | None:
    problem = principal_problem(framework.info, principal)
    if problem is not None:
        return text(400, problem)
    if not framework.connected:
        return text(403, "Framework is not subscribed")
    if stream_id is None:
        return text(400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header")
    if stream_id != framework.stream_id:
        return text(400,
                    f"The stream ID '{stream_id}' included in this request didn't match the stream ID currently"
                         f" associated with framework ID {framework.id}")
    return None
