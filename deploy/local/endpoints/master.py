"""The master over HTTP: the scheduler API, the operator API, and the endpoints that people and
tools read.

As Mesos: master/http.cpp, master/readonly_handler.cpp.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from deploy.local.endpoints import models, summaries
from deploy.local.endpoints.files import Files
from deploy.local.endpoints.flags import master_flags
from deploy.local.endpoints.metrics import master_metrics, system_stats
from deploy.local.endpoints.operator import OperatorApi, version_info
from deploy.local.endpoints.operator_json import render_event
from deploy.local.master.agent_operations import AgentOperations
from deploy.local.master.master import Master
from deploy.local.master.memory import AgentRecord, Framework, agent_message, endpoint_resources, nanoseconds
from deploy.local.master.operator_events import OPERATOR_EVENT
from deploy.local.records.messages import resource_messages
from deploy.local.records.task import Task
from deploy.local.wire.events import CallError, EventSender, accepted_type, in_turn, read_call
from deploy.local.wire.exchange import (
    EventStream,
    Handler,
    Request,
    Response,
    Streaming,
    json_response,
    method_not_allowed,
    not_implemented,
    text,
)
from specs.forms import Json
from specs.network.address import HostPort

_NOT_SUPPORTED: Final = (
    "/machine/up", "/machine/down", "/reserve", "/unreserve", "/create-volumes", "/destroy-volumes")
TASK_LIMIT: Final = 100  # of /tasks and /frameworks, if no ?limit= is given


class MasterHttp:
    """Routes of one master."""

    def __init__(self, master: Master) -> None:
        self._master = master
        self._cluster = master.cluster
        self._files = Files(dict)
        agents = AgentOperations(master.cluster, master.registry)
        self._operator = OperatorApi("master", {
            "GET_MASTER": lambda _: {"get_master": {"master_info": self._cluster.master_info(),
                                                    "start_time": self._cluster.start_time,
                                                    "elected_time": self._cluster.start_time}},
            "GET_AGENTS": lambda _: {"get_agents": self._get_agents()},
            "GET_FRAMEWORKS": lambda _: {"get_frameworks": self._get_frameworks()},
            "GET_EXECUTORS": lambda _: {"get_executors": self._get_executors()},
            "GET_TASKS": lambda _: {"get_tasks": self._get_tasks()},
            "GET_OPERATIONS": lambda _: {"get_operations": {}},
            "GET_ROLES": lambda _: {"get_roles": {"roles": summaries.role_messages(self._cluster)}},
            # There are none of these, and nobody can set any.
            "GET_WEIGHTS": lambda _: {},
            "GET_QUOTA": lambda _: {"get_quota": {"status": {}}},
            "GET_MAINTENANCE_STATUS": lambda _: {"get_maintenance_status": {"status": {}}},
            "GET_MAINTENANCE_SCHEDULE": lambda _: {"get_maintenance_schedule": {"schedule": {}}},
            "GET_STATE": lambda _: {"get_state": self._get_state()},
            "TEARDOWN": lambda call: self._teardown(call["teardown"]["framework_id"]["value"]),
            "MARK_AGENT_GONE": lambda call: agents.mark_gone(call["mark_agent_gone"]["agent_id"]["value"]),
            "DEACTIVATE_AGENT": lambda call: agents.deactivate(call["deactivate_agent"]["agent_id"]["value"]),
            "REACTIVATE_AGENT": lambda call: agents.reactivate(call["reactivate_agent"]["agent_id"]["value"]),
        }, self._files, self._flags, lambda: master_metrics(self._cluster), self._subscribe)

    def routes(self) -> dict[str, Handler]:
        reads = {
            "/version": lambda _: json_response(version_info()),
            "/health": lambda _: Response(200),
            "/state": self._state,
            "/slaves": self._slaves,
            "/tasks": self._tasks,
            "/frameworks": self._frameworks,
            "/roles": lambda _: json_response({"roles": summaries.roles(self._cluster)}),
            "/flags": lambda _: json_response({"flags": self._flags()}),
            "/state-summary": self._summary,
            "/redirect": self._redirect,
            "/metrics/snapshot": lambda _: json_response(master_metrics(self._cluster)),
            "/system/stats.json": lambda _: json_response(system_stats()),
            "/quota": lambda _: json_response({}),
            "/weights": lambda _: json_response([]),
            "/maintenance/schedule": lambda _: json_response({}),
            "/maintenance/status": lambda _: json_response({}),
        }
        return {"/api/v1/scheduler": self._scheduler, "/api/v1": self._operator.handle,
                "/teardown": self._teardown_endpoint,
                **dict.fromkeys(_NOT_SUPPORTED, _not_supported), **reads, **self._files.routes()}

    # ---- the scheduler API

    async def _scheduler(self, request: Request) -> Response | Streaming:
        if request.method != "POST":
            return method_not_allowed(request, "POST")
        content_type = request.headers.get("Content-Type")
        try:
            call = await in_turn(request.body,
                                 lambda: read_call("mesos.v1.scheduler.Call", request.body,
                                                   content_type))
        except CallError as error:
            return text(error.status, str(error))
        return self._master.call(call, answer_type=accepted_type(request.headers.get("Accept")),
                                 stream_id=request.headers.get("Mesos-Stream-Id"),
                                 principal=request.principal.value if request.principal is not None
                                 else None)

    # ---- endpoints

    def _flags(self) -> dict[str, str]:
        return master_flags(self._cluster.flags)

    def _agent_models(self) -> list[Json]:
        offered = {agent_id: models.sum_of(offer.resources
                                           for offer in self._cluster.agent_offers(agent_id))
                   for agent_id in self._cluster.agents}
        return [models.agent(agent, offered[agent.id]) for agent in self._cluster.agents.values()]

    def _state(self, _: Request) -> Response:
        cluster = self._cluster
        info = cluster.master_info()
        active = sum(agent.active for agent in cluster.agents.values())
        return json_response({
            **version_info(), "start_time": cluster.start_time, "elected_time": cluster.start_time,
            "id": cluster.id, "pid": info["pid"], "hostname": info["hostname"],
            "capabilities": [item["type"] for item in info["capabilities"]],
            "activated_slaves": float(active),
            "deactivated_slaves": float(len(cluster.agents) - active),
            "unreachable_slaves": float(len(cluster.unreachable_agents)), "leader": info["pid"],
            "leader_info": {name: info[name] for name in ("id", "pid", "port", "hostname")},
            "flags": self._flags(), "slaves": self._agent_models(),
            "recovered_slaves": [{"id": agent_id} for agent_id in cluster.recovered_agents],
            "frameworks": [models.framework(item) for item in cluster.frameworks.values()],
            "completed_frameworks": [models.framework(item) for item in cluster.completed.values()],
            "orphan_tasks": [], "unregistered_frameworks": [],
        })

    def _slaves(self, request: Request) -> Response:
        wanted = request.query.get("slave_id")
        agents = [item for item in self._agent_models() if wanted is None or item["id"] == wanted]
        for item in agents:
            item.update(self._full_resources(self._cluster.agents[item["id"]]))
        return json_response({"slaves": agents,
                              "recovered_slaves": [{"id": agent_id}
                                                   for agent_id in self._cluster.recovered_agents]})

    def _full_resources(self, agent: AgentRecord) -> Json:
        offered = models.sum_of(offer.resources for offer in self._cluster.agent_offers(agent.id))
        return {"reserved_resources_full": {},
                "unreserved_resources_full": endpoint_resources(agent.total),
                "used_resources_full": endpoint_resources(agent.used()),
                "offered_resources_full": endpoint_resources(offered)}

    def _all_frameworks(self) -> list[Framework]:
        return [*self._cluster.frameworks.values(), *self._cluster.completed.values()]

    def _tasks(self, request: Request) -> Response:
        """All tasks, newest first; ?limit=, ?offset=, ?order=asc, ?framework_id=, ?task_id=."""
        query = request.query
        tasks: list[Task] = []
        for framework in self._all_frameworks():
            if query.get("framework_id") in {None, framework.id}:
                tasks += [*framework.tasks.values(), *framework.unreachable_tasks.values(),
                          *framework.completed_tasks]
        tasks = [task for task in tasks if query.get("task_id") in {None, task.id}]
        tasks.sort(key=_first_seen, reverse=query.get("order") != "asc")
        return json_response({"tasks": [models.task(task) for task in _page(tasks, query)]})

    def _frameworks(self, request: Request) -> Response:
        wanted = request.query.get("framework_id")
        return json_response({
            "frameworks": [models.framework(item) for item in self._cluster.frameworks.values()
                           if wanted in {None, item.id}],
            "completed_frameworks": [models.framework(item)
                                     for item in self._cluster.completed.values()
                                     if wanted in {None, item.id}],
            "unregistered_frameworks": []})

    def _summary(self, _: Request) -> Response:
        return json_response(summaries.state_summary(self._cluster, self._agent_models()))

    def _redirect(self, _: Request) -> Response:
        flags = self._cluster.flags
        return Response(307, headers={"Location": f"//{HostPort(flags.hostname, flags.port)}"})

    # ---- teardown by the operator

    def _teardown(self, framework_id: str) -> Response:
        framework = self._cluster.frameworks.get(framework_id)
        if framework is None:
            return text(400, "No framework found with specified ID")
        self._master.teardown(framework)
        return Response(200)

    def _teardown_endpoint(self, request: Request) -> Response:
        if request.method != "POST":
            return method_not_allowed(request, "POST")
        values = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        if "frameworkId" not in values:
            return text(400, "Missing 'frameworkId' query parameter in the request body")
        return self._teardown(values["frameworkId"])

    # ---- the v1 operator API

    def _subscribe(self, answer_type: str) -> Streaming:
        stream = EventStream(answer_type)
        self._cluster.operators.subscribe(EventSender(stream, OPERATOR_EVENT, render_event),
                                          self._get_state())
        return Streaming(stream)

    def _get_state(self) -> Json:
        return {"get_tasks": self._get_tasks(), "get_executors": self._get_executors(),
                "get_frameworks": self._get_frameworks(), "get_agents": self._get_agents()}

    def _get_agents(self) -> Json:
        return {"agents": [agent_message(agent, models.sum_of(
            offer.resources for offer in self._cluster.agent_offers(agent.id)))
            for agent in self._cluster.agents.values()], "recovered_agents": [
                {"hostname": "", "id": {"value": agent_id}}
                for agent_id in self._cluster.recovered_agents]}

    def _get_frameworks(self) -> Json:
        return {"frameworks": [self._framework_message(item)
                               for item in self._cluster.frameworks.values()],
                "completed_frameworks": [self._framework_message(item)
                                         for item in self._cluster.completed.values()]}

    @staticmethod
    def _framework_message(framework: Framework) -> Json:
        offered = models.sum_of(item.resources for item in framework.offers.values())
        used = models.framework_resources(framework)
        message: Json = {
            "framework_info": framework.info, "active": framework.active, "connected": framework.connected,
            "recovered": framework.recovered, "registered_time": nanoseconds(framework.registered_time),
            "offers": [{**item.message, "resources": resource_messages(item.resources),  # in today's format
                        "allocation_info": {"role": item.role}} for item in framework.offers.values()],
            "allocated_resources": endpoint_resources(used),
            "offered_resources": endpoint_resources(offered), "offer_constraints": {}}
        for name, moment in (("reregistered_time", framework.reregistered_time),
                             ("unregistered_time", framework.unregistered_time)):
            if moment:
                message[name] = nanoseconds(moment)
        return message

    def _get_executors(self) -> Json:
        return {"executors": [{"executor_info": info, "agent_id": {"value": agent_id}}
                              for framework in self._cluster.frameworks.values()
                              for agent_id, executors in framework.executors.items()
                              for info in executors.values()]}

    def _get_tasks(self) -> Json:
        frameworks = self._all_frameworks()
        return {
            "tasks": [task.message() for framework in frameworks
                      for task in framework.tasks.values()],
            "unreachable_tasks": [task.message() for framework in frameworks
                                  for task in framework.unreachable_tasks.values()],
            "completed_tasks": [task.message() for framework in frameworks
                                for task in framework.completed_tasks]}


def _not_supported(request: Request) -> Response:
    return not_implemented() if request.method == "POST" else method_not_allowed(request, "POST")


def _first_seen(task: Task) -> float:
    moment: float = task.statuses[0].get("timestamp", 0.0) if task.statuses else 0.0
    return moment


def _page(items: list[Task], query: Mapping[str, str]) -> list[Task]:
    def number(name: str, default: int) -> int:
        value = query.get(name, "")
        return int(value) if value.isdigit() else default

    offset = number("offset", 0)
    return items[offset:offset + number("limit", TASK_LIMIT)]
