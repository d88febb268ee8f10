"""Roles, whose names are paths: "eng/web" is below "eng". As Mesos: common/roles.cpp."""
from __future__ import annotations

from typing import Final

_BLANKS: Final = frozenset("\t\n\v\f\r \x7f")


def role_problem(role: str) -> str | None:
    """Why this cannot be a role, in Mesos's words; None if it can."""
    if role == "*":
        return None
    if role.startswith("/"):
        return f"Role '{role}' cannot start with a slash"
    if role.endswith("/"):
        return f"Role '{role}' cannot end with a slash"
    if "//" in role:
        return f"Role '{role}' cannot contain two adjacent slashes"
    if not role:
        return "Role names cannot be the empty string"
    for component in role.split("/"):
        if component in {".", "..", "*"}:
            return f"Role '{role}' cannot include '{component}' as a component"
        if component.startswith("-"):
            return f"Role component '{component}' is invalid because it starts with a dash"
        if not _BLANKS.isdisjoint(component):
            return f"Role component '{component}' is invalid because it contains backspace or whitespace"
    return None


def is_strict_subrole(role: str, ancestor: str) -> bool:
    """Whether `role` lies truly below `ancestor`."""
    return role.startswith(f"{ancestor}/")
