"""An agent over HTTP: the executor API, the operator API, /state, and the files of its sandboxes.

As Mesos: slave/http.cpp.
"""
from __future__ import annotations

import time
from pathlib import Path

from deploy.local.agent.executor_api import RECOVERING, ExecutorApi
from deploy.local.agent.executors import AgentFramework, Executor
from deploy.local.agent.libprocess_api import LibprocessApi
from deploy.local.agent.state import AgentState
from deploy.local.containers.sandbox import virtual_path
from deploy.local.endpoints import models
from deploy.local.endpoints.files import Files
from deploy.local.endpoints.flags import agent_flags
from deploy.local.endpoints.metrics import agent_metrics, system_stats
from deploy.local.endpoints.operator import OperatorApi, version_info
from deploy.local.master.memory import AGENT_CAPABILITIES
from deploy.local.records.messages import resources_of
from deploy.local.records.task import Task
from deploy.local.wire.exchange import Handler, Request, Response, Streaming, json_response, text
from deploy.local.wire.json_message import full
from specs.forms import Json
from specs.words.sizes import MEGABYTE


def agent_routes(state: AgentState, executor_api: ExecutorApi,
                 libprocess: LibprocessApi) -> dict[str, Handler]:
    """The routes of an agent."""
    return {**AgentHttp(state, executor_api).routes(), **libprocess.routes()}


class AgentHttp:
    """Routes of one agent."""

    def __init__(self, state: AgentState, executor_api: ExecutorApi) -> None:
        self._agent = state
        self._executor_api = executor_api
        self._start_time = time.time()
        self._files = Files(self._sandboxes)
        self._operator = OperatorApi("agent", {
            "GET_AGENT": lambda _: {"get_agent": {"agent_info": state.info}},
            "GET_CONTAINERS": lambda _: self._get_containers(),
            "GET_FRAMEWORKS": lambda _: {"get_frameworks": self._get_frameworks()},
            "GET_EXECUTORS": lambda _: {"get_executors": self._get_executors()},
            "GET_TASKS": lambda _: {"get_tasks": self._get_tasks()},
            "GET_OPERATIONS": lambda _: {"get_operations": {}},
            "PRUNE_IMAGES": lambda _: Response(200),  # there are none but Docker's
            "GET_RESOURCE_PROVIDERS": lambda _: {"get_resource_providers": {}},
            "GET_STATE": lambda _: {"get_state": {
                "get_tasks": self._get_tasks(), "get_executors": self._get_executors(),
                "get_frameworks": self._get_frameworks()}},
        }, self._files, self._flags, lambda: agent_metrics(state, self._start_time))

    def routes(self) -> dict[str, Handler]:
        return {
            "/api/v1/executor": self._executor_api.handle, "/api/v1": self._operator_api,
            "/version": lambda _: json_response(version_info()), "/health": lambda _: Response(200),
            "/state": self._state, "/containers": self._containers,
            "/metrics/snapshot": lambda _: json_response(agent_metrics(self._agent,
                                                                       self._start_time)),
            "/system/stats.json": lambda _: json_response(system_stats()),
            "/monitor/statistics": self._statistics,
            "/containerizer/debug": lambda _: json_response({"pending": []}),
            "/flags": lambda _: json_response({"flags": self._flags()}), **self._files.routes(),
        }

    def _flags(self) -> dict[str, str]:
        info = self._agent.info
        shown = {name: f"{value:g}" if isinstance(value, float) else value
                 for name, value in models.attributes(info.get("attributes", ())).items()}
        return agent_flags(self._agent.flags, str(resources_of(info)).replace("; ", ";"),
                           ";".join(f"{name}:{value}" for name, value in shown.items()))

    # ---- sandboxes

    def _executors(self) -> list[tuple[AgentFramework, Executor]]:
        return [(framework, executor) for framework in (*self._agent.completed,
                                                        *self._agent.frameworks.values())
                for executor in (*framework.completed_executors, *framework.executors.values())]

    def _sandboxes(self) -> dict[str, Path]:
        """By real path, by the path with `latest`, by virtual path; the newest run wins."""
        attached: dict[str, Path] = {}
        for framework, executor in self._executors():
            attached[str(executor.directory)] = executor.directory
            attached[str(executor.directory.parent / "latest")] = executor.directory
            attached[virtual_path(framework.id, executor.id)] = executor.directory
        return attached

    # ---- endpoints

    async def _operator_api(self, request: Request) -> Response | Streaming:
        return text(503, RECOVERING) if self._agent.recovering else await self._operator.handle(
            request)

    def _state(self, _: Request) -> Response:
        agent = self._agent
        if agent.recovering:
            return text(503, RECOVERING)
        total = resources_of(agent.info)
        used = models.sum_of(models.executor_resources(executor)
                             for framework in agent.frameworks.values()
                             for executor in framework.executors.values())
        full_total = [{**full("mesos.v1.Resource", item), "role": "*"}
                      for item in agent.info["resources"]]
        return json_response({
            **version_info(), "start_time": self._start_time, "id": agent.id, "pid": agent.pid,
            "hostname": agent.flags.hostname, "capabilities": list(AGENT_CAPABILITIES),
            "resources": models.resources(total), "reserved_resources": {},
            "unreserved_resources": models.resources(total),
            "reserved_resources_full": {}, "unreserved_resources_full": full_total,
            "reserved_resources_allocated": {},
            "unreserved_resources_allocated": models.resources(used), "resource_providers": [],
            "attributes": models.attributes(agent.info.get("attributes", ())),
            "master_hostname": agent.master_hostname,
            "flags": self._flags(), "frameworks": [models.agent_framework(item)
                                                   for item in agent.frameworks.values()],
            "completed_frameworks": [models.agent_framework(item) for item in agent.completed],
        })

    def _containers(self, _: Request) -> Response:
        return json_response([
            {"container_id": executor.container_id, "executor_id": executor.id,
             "executor_name": executor.info.get("name", ""), "framework_id": framework.id,
             "source": executor.info.get("source", ""), **self._usage(executor, "statistics"),
             "status": self._agent.containerizer_of(executor).status(executor.container_id) or {}}
            for framework in self._agent.frameworks.values()
            for executor in framework.executors.values()])

    def _statistics(self, _: Request) -> Response:
        """/monitor/statistics: the containers whose usage is known."""
        shown = [
            {"executor_id": executor.id, "executor_name": executor.info.get("name", ""),
             "framework_id": framework.id,
             "source": executor.info.get("source", ""), **self._usage(executor, "statistics")}
            for framework in self._agent.frameworks.values()
            for executor in framework.executors.values()]
        return json_response([item for item in shown if "statistics" in item])

    def _usage(self, executor: Executor, name: str) -> Json:
        """What a container uses and may use, as Mesos's ResourceStatistics under this name; empty
        if nobody knows.
        """
        usage = self._agent.containerizer_of(executor).usage(executor.container_id)
        if usage is None:
            return {}
        allowed = models.executor_resources(executor)
        memory = int((allowed.scalar("mem") or 0.0) * MEGABYTE)
        return {name: {
            "timestamp": time.time(), "cpus_user_time_secs": usage.user_seconds,
            "cpus_system_time_secs": usage.system_seconds,
            "cpus_soft_limit": allowed.scalar("cpus") or 0.0,
            "mem_rss_bytes": usage.rss_bytes, "mem_limit_bytes": memory,
            "mem_soft_limit_bytes": memory}}

    # ---- the v1 operator API

    def _get_containers(self) -> Json:
        found = [{"framework_id": {"value": framework.id}, "executor_id": {"value": executor.id},
                  "executor_name": executor.info.get("name", ""),
                  "container_id": {"value": executor.container_id},
                  **self._usage(executor, "resource_statistics"),
                  "container_status": self._agent.containerizer_of(executor).status(
                      executor.container_id) or {}}
                 for framework in self._agent.frameworks.values()
                 for executor in framework.executors.values()]
        return {"get_containers": {"containers": found}} if found else {}

    def _get_frameworks(self) -> Json:
        return {"frameworks": [{"framework_info": item.info}
                               for item in self._agent.frameworks.values()],
                "completed_frameworks": [{"framework_info": item.info}
                                         for item in self._agent.completed]}

    def _get_executors(self) -> Json:
        frameworks = (*self._agent.completed, *self._agent.frameworks.values())
        return {"executors": [{"executor_info": item.info} for framework in frameworks
                              for item in framework.executors.values()],
                "completed_executors": [{"executor_info": item.info} for framework in frameworks
                                        for item in framework.completed_executors]}

    def _get_tasks(self) -> Json:
        executors = [executor for _, executor in self._executors()]

        def messages(tasks: list[Task]) -> list[Json]:
            return [task.message() for task in tasks]

        return {
            "queued_tasks": messages([task for item in executors for task in item.queued_tasks()]),
            "launched_tasks": messages([task for item in executors
                                        for task in item.launched.values()]),
            "terminated_tasks": messages([task for item in executors
                                          for task in item.terminated.values()]),
            "completed_tasks": messages([task for item in executors for task in item.completed])}
