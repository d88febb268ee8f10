"""How the older JSON endpoints (/state, /slaves, /tasks …) show things: flatter than the messages.
Pure.

As Mesos: common/http.cpp (`json` of Task, TaskStatus, Resources …), master/readonly_handler.cpp,
slave/http.cpp.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from deploy.local.agent.executors import AgentFramework, Executor
from deploy.local.master.memory import AGENT_CAPABILITIES, AgentRecord, Framework, Offer
from deploy.local.records.messages import resources_of
from deploy.local.records.task import Task
from deploy.local.wire.json_message import full
from specs.forms import Json
from specs.resources.ranges import print_ranges
from specs.resources.sums import Resources


def resources(amounts: Resources) -> Json:
    """cpus, gpus, mem and disk always; others if there are any."""
    result: Json = {"disk": 0.0, "mem": 0.0, "gpus": 0.0, "cpus": 0.0}
    for name in amounts.names():
        scalar = amounts.scalar(name)
        ranges = amounts.ranges(name)
        if scalar is not None:
            result[name] = scalar
        elif ranges is not None:
            result[name] = print_ranges(ranges)
        else:
            items = [item for resource in amounts if resource.name == name for item in resource.set
                     or ()]
            result[name] = "{" + ", ".join(items) + "}"
    return result


def attributes(items: Iterable[Mapping[str, Any]]) -> Json:
    result: Json = {}
    for item in items:
        if item["type"] == "RANGES":
            ranges = item.get("ranges", {}).get("range", ())
            result[item["name"]] = "[" + ", ".join(f"{one['begin']}-{one['end']}"
                                                   for one in ranges) + "]"
        else:
            result[item["name"]] = item.get(item["type"].lower(), {}).get("value")
    return result


def task_status(status: Mapping[str, Any]) -> Json:
    result: Json = {"state": status["state"], "timestamp": status.get("timestamp", 0.0)}
    if "labels" in status:
        result["labels"] = status["labels"].get("labels", [])
    if "container_status" in status:
        container = status["container_status"]
        result["container_status"] = {name: container[name]
                                      for name in ("container_id", "network_infos", "cgroup_info")
                                      if name in container}
    if "healthy" in status:
        result["healthy"] = status["healthy"]
    return result


_PARTS = {"discovery": "DiscoveryInfo", "container": "ContainerInfo", "health_check": "HealthCheck"}


def task(record: Task) -> Json:
    info = record.info
    result: Json = {
        "id": record.id, "name": info["name"], "framework_id": record.framework_id,
        "executor_id": record.executor_id or "", "slave_id": record.agent_id, "state": record.state,
        "resources": resources(record.resources), "role": first_role(info),
        "statuses": [task_status(status) for status in record.statuses],
    }
    if info.get("limits"):
        result["limits"] = {name: value["value"] for name, value in info["limits"].items()}
    if record.user:
        result["user"] = record.user
    if "labels" in info:
        result["labels"] = info["labels"].get("labels", [])
    for name, message in _PARTS.items():
        if name in info:
            result[name] = full(f"mesos.v1.{message}", info[name])
    return result


def first_role(info: Mapping[str, Any]) -> str:
    """The role that the first of a message's resources is allocated to."""
    for item in info.get("resources", ()):
        role: str = item.get("allocation_info", {}).get("role", "")
        return role
    return ""


def command(info: Mapping[str, Any]) -> Json:
    """Without the default of `shell`: only what was said."""
    result: Json = {name: info[name] for name in ("shell", "value") if name in info}
    result["argv"] = info.get("arguments", [])
    if "environment" in info:
        result["environment"] = full("mesos.v1.Environment", info["environment"])
    result["uris"] = [{"value": uri["value"], "executable": uri.get("executable", False)}
                      for uri in info.get("uris", ())]
    return result


def executor_info(info: Mapping[str, Any]) -> Json:
    result: Json = {
        "executor_id": info["executor_id"]["value"], "name": info.get("name", ""),
        "framework_id": info.get("framework_id", {}).get("value", ""),
        "command": command(info.get("command", {})), "resources": resources(resources_of(info)),
    }
    if info.get("resources"):
        result["role"] = first_role(info)
    if "labels" in info:
        result["labels"] = info["labels"].get("labels", [])
    if "type" in info:
        result["type"] = info["type"]
    return result


def offer(record: Offer) -> Json:
    return {"id": record.id, "framework_id": record.framework_id,
            "allocation_info": {"role": record.role},
            "slave_id": record.agent_id, "resources": resources(record.resources)}


def framework(record: Framework) -> Json:
    """A framework in the master's /state and /frameworks."""
    info = record.info
    offered = sum_of(item.resources for item in record.offers.values())
    used = framework_resources(record)
    result: Json = {
        "id": record.id, "name": info["name"], "used_resources": resources(used),
        "offered_resources": resources(offered),
        "capabilities": [item["type"] for item in info.get("capabilities", ()) if "type" in item],
        "hostname": info.get("hostname", ""), "webui_url": info.get("webui_url", ""),
        "active": record.active,
        "connected": record.connected, "recovered": record.recovered, "user": info["user"],
        "failover_timeout": info.get("failover_timeout", 0.0),
        "checkpoint": info.get("checkpoint", False),
        "registered_time": record.registered_time, "unregistered_time": record.unregistered_time,
        "resources": resources(used + offered),
        "tasks": [task(item) for item in record.tasks.values()],
        "unreachable_tasks": [task(item) for item in record.unreachable_tasks.values()],
        "completed_tasks": [task(item) for item in record.completed_tasks],
        "offers": [offer(item) for item in record.offers.values()],
        "executors": [{**executor_info(item), "slave_id": agent_id} for agent_id,
                      items in record.executors.items()
                      for item in items.values()],
        "offer_constraints": {},
    }
    if record.reregistered_time != record.registered_time:
        result["reregistered_time"] = record.reregistered_time
    if record.has("MULTI_ROLE"):
        result["roles"] = list(record.roles)
    else:
        result["role"] = info.get("role", "*")
    for name in ("principal", "labels"):
        if name in info:
            result[name] = info[name] if name == "principal" else info[name].get("labels", [])
    return result


def framework_resources(record: Framework) -> Resources:
    """What a framework's tasks and executors hold."""
    used = sum_of(item.resources for item in record.tasks.values() if not item.state_ended)
    return used + sum_of(resources_of(item) for executors in record.executors.values()
                         for item in executors.values())


def agent(record: AgentRecord, offered: Resources) -> Json:
    """An agent in the master's /state and /slaves."""
    result: Json = {
        "id": record.id, "hostname": record.info["hostname"], "port": record.info["port"],
        "attributes": attributes(record.info.get("attributes", ())), "pid": record.pid,
        "registered_time": record.registered_time, "resources": resources(record.total),
        "used_resources": resources(record.used()), "offered_resources": resources(offered),
        "reserved_resources": {}, "unreserved_resources": resources(record.total),
        "active": record.active,
        "deactivated": record.deactivated, "version": record.version,
        "capabilities": list(AGENT_CAPABILITIES),
    }
    if record.reregistered_time:
        result["reregistered_time"] = record.reregistered_time
    return result


def agent_executor(record: Executor) -> Json:
    """An executor in an agent's /state."""
    result: Json = {
        "id": record.id, "name": record.info.get("name", ""),
        "source": record.info.get("source", ""),
        "container": record.container_id, "directory": str(record.directory),
        "resources": resources(executor_resources(record)),
        "tasks": [task(item) for item in record.launched.values()],
        "queued_tasks": [queued_task(info) for info in record.queued.values()],
        "completed_tasks": [task(item) for item in (*record.completed,
                                                    *record.terminated.values())],
    }
    if record.info.get("resources"):
        result["role"] = first_role(record.info)
    if "labels" in record.info:
        result["labels"] = record.info["labels"].get("labels", [])
    if "type" in record.info:
        result["type"] = record.info["type"]
    return result


def executor_resources(record: Executor) -> Resources:
    """What an executor and its tasks hold."""
    return (resources_of(record.info) + sum_of(item.resources for item in record.launched.values())
            + sum_of(resources_of(item) for item in record.queued.values()))


def queued_task(info: Mapping[str, Any]) -> Json:
    result: Json = {"id": info["task_id"]["value"], "name": info["name"],
                    "slave_id": info["agent_id"]["value"],
                    "resources": resources(resources_of(info)), "role": first_role(info)}
    if "command" in info:
        result["command"] = command(info["command"])
    if "executor" in info:
        result["executor_id"] = info["executor"]["executor_id"]["value"]
    if "discovery" in info:
        result["discovery"] = full("mesos.v1.DiscoveryInfo", info["discovery"])
    return result


def agent_framework(record: AgentFramework) -> Json:
    """A framework in an agent's /state."""
    info = record.info
    result: Json = {
        "id": record.id, "name": info["name"], "user": info["user"],
        "hostname": info.get("hostname", ""),
        "failover_timeout": info.get("failover_timeout", 0.0),
        "checkpoint": info.get("checkpoint", False),
        "executors": [agent_executor(item) for item in record.executors.values()],
        "completed_executors": [agent_executor(item) for item in record.completed_executors],
    }
    if "principal" in info:
        result["principal"] = info["principal"]
    if "role" in info or "roles" not in info:
        result["role"] = info.get("role", "*")
    else:
        result["roles"] = info["roles"]
    return result


def sum_of(parts: Iterable[Resources]) -> Resources:
    total = Resources()
    for part in parts:
        total += part
    return total
