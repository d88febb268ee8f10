"""What the master demands of a scheduler's call before it acts on it: pure functions, Mesos's
texts.

A `call` that breaks a rule is a 400; a FrameworkInfo that breaks one makes an ERROR event on a
stream that then ends. Rules about what is *in* a TaskInfo are in `specs/rules/tasks.py`.

As Mesos: master/validation.cpp (`scheduler::call::validate`, `framework::validate`), http.cpp
(`Master::Http::scheduler`).
"""
from __future__ import annotations

import math
from base64 import b64decode
from collections.abc import Collection, Iterable
from typing import Final

from deploy.local.records.framework_info import capabilities, framework_roles
from specs.forms import Message
from specs.resources.roles import role_problem
from specs.words.ids import id_problem, is_uuid

_CONTENT: Final = frozenset({
    "ACCEPT", "DECLINE", "ACCEPT_INVERSE_OFFERS", "DECLINE_INVERSE_OFFERS", "KILL", "SHUTDOWN",
    "ACKNOWLEDGE",
    "ACKNOWLEDGE_OPERATION_STATUS", "RECONCILE", "RECONCILE_OPERATIONS", "MESSAGE", "REQUEST",
    "UPDATE_FRAMEWORK",
})
_MAX_DURATION: Final = float((1 << 63) - 1)  # nanoseconds


def call_problem(call: Message, principal: str | None = None) -> str | None:
    """Why the call is refused with 400 ("Failed to validate scheduler::Call: " + this), or None.
    `principal`: who its sender has proved to be."""
    kind = call.get("type")
    if kind is None:
        return "Expecting 'type' to be present"
    if kind == "SUBSCRIBE":
        return _subscribe_problem(call, principal)
    if "framework_id" not in call:
        return "Expecting 'framework_id' to be present"
    content = str(kind).lower()
    if kind in _CONTENT and content not in call:
        return f"Expecting '{content}' to be present"
    if kind in {"ACKNOWLEDGE", "ACKNOWLEDGE_OPERATION_STATUS"}:
        acknowledge = call[content]
        if not is_uuid(b64decode(acknowledge["uuid"])):
            return "Not a valid UUID"
        if kind == "ACKNOWLEDGE_OPERATION_STATUS" and "agent_id" not in acknowledge:
            return "Expecting 'agent_id' to be present"
    if kind == "UPDATE_FRAMEWORK" and call["framework_id"]["value"] != _info_id(
            call["update_framework"]):
        return "'framework_id' differs from 'update_framework.framework_info.id'"
    return None


def _subscribe_problem(call: Message, principal: str | None) -> str | None:
    if "subscribe" not in call:
        return "Expecting 'subscribe' to be present"
    if call.get("framework_id", {}).get("value", "") != _info_id(call["subscribe"]):
        return "'framework_id' differs from 'subscribe.framework_info.id'"
    info = call["subscribe"]["framework_info"]
    return principal_problem(info, principal) if "principal" in info else None


def principal_problem(info: Message, principal: str | None) -> str | None:
    """Why whoever proved to be `principal` is not who the FrameworkInfo names, or None."""
    named = info.get("principal", "")
    if principal is None or principal == named:
        return None
    return f"Authenticated principal '{principal}' does not match principal '{named}' set in `FrameworkInfo`"


def _info_id(content: Message) -> str:
    value: str = content["framework_info"].get("id", {}).get("value", "")
    return value


def framework_problem(info: Message, *, role_whitelist: Collection[str] = (),
                      completed: Collection[str] = ()) -> str | None:
    """Why a SUBSCRIBE or UPDATE_FRAMEWORK with this FrameworkInfo is refused, or None.

    `role_whitelist`: the master's --roles, empty for none; `completed`: ids of frameworks that were
    removed.
    """
    problem = _roles_problem(info)
    identifier = info.get("id", {}).get("value", "")
    if problem is None and identifier:
        problem = id_problem(identifier)
    if problem is None and not abs(info.get("failover_timeout", 0.0)) * 1e9 <= _MAX_DURATION:
        problem = f"The framework failover_timeout ({_cpp_double(info['failover_timeout'])}) is invalid"
    if problem is None and role_whitelist:
        unknown = sorted(role for role in framework_roles(info) if role != "*"
                         and role not in role_whitelist)
        if unknown:
            problem = f"Roles {_set(unknown)} are not present in the master's --roles"
    if problem is None and identifier in completed:
        problem = "Framework has been removed"
    return problem


def suppressed_problem(roles: Iterable[str], suppressed: Iterable[str]) -> str | None:
    """Why a set of suppressed roles does not go with the framework's roles, or None."""
    unknown = sorted(set(suppressed) - set(roles))
    return f"Suppressed roles {_set(unknown)} are not contained in the set of roles" if unknown else None


def update_problem(old: Message, new: Message) -> str | None:
    """Why a framework may not change its FrameworkInfo so, or None."""
    if old.get("principal") != new.get("principal"):
        return "Changing framework's principal is not allowed."
    if old["user"] != new["user"]:
        return ("Updating 'FrameworkInfo.user' is unsupported; attempted to update"
                f" from '{old['user']}' to '{new['user']}'")
    before, after = (bool(info.get("checkpoint", False)) for info in (old, new))
    if before != after:
        return ("Updating 'FrameworkInfo.checkpoint' is unsupported; attempted to update"
                f" from '{str(before).lower()}' to '{str(after).lower()}'")
    return None


def _roles_problem(info: Message) -> str | None:
    roles = list(info.get("roles", ()))
    if "MULTI_ROLE" not in capabilities(info):
        if roles:
            return "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable"
        problem = role_problem(info.get("role", "*"))
        return f"'FrameworkInfo.role' is not a valid role: {problem}" if problem else None
    if "role" in info:
        return "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable"
    duplicates = sorted({role for role in roles if roles.count(role) > 1})
    if duplicates:
        return f"'FrameworkInfo.roles' contains duplicate items: {_set(duplicates)}"
    for role in roles:
        problem = role_problem(role)
        if problem:
            return f"'FrameworkInfo.roles' contains invalid role: {problem}"
    return None


def _set(items: Iterable[str]) -> str:
    return "{ " + ", ".join(items) + " }"


def _cpp_double(value: float) -> str:
    """A double as C++ streams write it: six significant digits."""
    return "inf" if math.isinf(value) else f"{value:g}"
