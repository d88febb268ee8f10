"""What a FrameworkInfo says of its framework."""
from __future__ import annotations

from specs.forms import Message


def capabilities(info: Message) -> frozenset[str]:
    """The names of what the framework says it can do."""
    return frozenset(item["type"] for item in info.get("capabilities", ()) if "type" in item)


def framework_roles(info: Message) -> tuple[str, ...]:
    """The roles a framework is subscribed with; without MULTI_ROLE that is its one `role`."""
    if "MULTI_ROLE" in capabilities(info):
        return tuple(info.get("roles", ()))
    return (info.get("role", "*"),)
