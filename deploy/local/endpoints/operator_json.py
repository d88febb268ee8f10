"""Messages of the v1 operator API as Mesos writes them: protobuf, or JSON with some parts written
by hand. Pure.

Mesos does not make its JSON answers from protobuf messages but field by field from its own state.
So lists show that would be left out when they are empty, and an agent shows a field that its v1
message does not have.

As Mesos: master/readonly_handler.cpp, slave/http.cpp (the writers of GET_STATE and its kin).
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from deploy.local.wire.events import render
from deploy.local.wire.exchange import JSON, dump_json
from deploy.local.wire.json_message import full
from specs.forms import Json
from specs.forms.wire import schema

_LISTS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "master": {
        "get_agents": ("agents", "recovered_agents"), "get_executors": ("executors",),
        "get_frameworks": ("frameworks", "completed_frameworks"),
        "get_tasks": ("tasks", "unreachable_tasks", "completed_tasks"),
    },
    "agent": {
        "get_executors": ("executors", "completed_executors"),
        "get_frameworks": ("frameworks", "completed_frameworks"),
        "get_tasks": ("pending_tasks", "queued_tasks", "launched_tasks", "terminated_tasks",
                      "completed_tasks"),
    },
}


def render_answer(kind: str, message: Mapping[str, Any], content_type: str) -> bytes:
    """The bytes of a Response of the operator API of a `kind` ("master" or "agent")."""
    name = f"mesos.v1.{kind}.Response"
    if content_type != JSON:
        return render(name, _in_schema(name, message), content_type)
    shown = full(name, message)
    _complete(kind, shown)
    return dump_json(shown)


def render_event(name: str, message: Mapping[str, Any], content_type: str) -> bytes:
    """The bytes of an Event of the master's operator API."""
    if content_type != JSON:
        return render(name, message, content_type)
    shown = full(name, message)
    _complete("master", shown.get("subscribed", {}))
    _mark_agent(shown.get("agent_added", {}).get("agent"))
    return dump_json(shown)


def _in_schema(name: str, message: Mapping[str, Any]) -> Json:
    """Without what our schema has no message for: ResourceStatistics, which are for people, who
    read JSON; and answers that say that there is nothing."""
    known: Json = {field: value for field, value in message.items() if field in schema(name)}
    if "get_containers" in known:
        known["get_containers"] = {"containers": [
            {field: value for field, value in container.items() if field != "resource_statistics"}
            for container in known["get_containers"]["containers"]]}
    return known


def _complete(kind: str, answer: Json) -> None:
    for part, content in {**answer, **answer.get("get_state", {})}.items():
        for field in _LISTS[kind].get(part, ()):
            content.setdefault(field, [])
    if kind == "master":
        for agents in (answer, answer.get("get_state", {})):
            for agent in agents.get("get_agents", {}).get("agents", ()):
                _mark_agent(agent)


def _mark_agent(agent: Json | None) -> None:
    """SlaveInfo has a field `checkpoint`, deprecated and always true; AgentInfo has none."""
    if agent is not None:
        agent["agent_info"]["checkpoint"] = True
