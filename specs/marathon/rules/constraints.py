"""What a constraint may say. As Marathon: api/v2/validation/SchedulingValidation.scala."""
from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from specs.words.javaregex import compiled

OPERATORS: Final = ("UNIQUE", "CLUSTER", "GROUP_BY", "LIKE", "MAX_PER", "UNLIKE", "IS")
_IS_VALUE = re.compile(r"[a-zA-Z0-9_/.-]*")
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_INT = 1 << 31


def constraint_problem(said: Sequence[str]) -> str | None:
    """Why this is no constraint, in Marathon's words; None if it is one."""
    if not 2 <= len(said) <= 3:
        return "Each constraint must have either 2 or 3 fields"
    field, operator, value = said[0], said[1].upper(), said[2] if len(said) == 3 else None
    if not field:
        return "illegal constraint specification"
    if operator not in OPERATORS:
        return "operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS"
    match operator:
        case "UNIQUE" if value is not None:
            return "UNIQUE does not accept a value"
        case "GROUP_BY" if value is not None and not _is_int(value):
            return "GROUP BY must define an integer value or else no value at all"
        case "MAX_PER" if value is None or not _is_int(value):
            return "MAX_PER requires an integer value"
        case "LIKE" | "UNLIKE" if value is None:
            return "LIKE and UNLIKE require a non-empty, regular expression value"
        case "LIKE" | "UNLIKE" if not is_regex(value or ""):
            return "is not a valid regular expression"
        case "IS" if not _IS_VALUE.fullmatch(value or ""):
            return ("IS only supports Mesos text and float values "
                    "(see http://mesos.apache.org/documentation/latest/attributes-resources/)")
    return None


def volume_constraint_problem(said: Sequence[str]) -> str | None:
    """Why this says nothing about the path of a volume's disk; None if it does."""
    if not said:
        return "Missing field and operator"
    if len(said) != 3 or said[0] != "path":
        return f"Unsupported constraint {','.join(said)}"
    if said[1] not in OPERATORS:
        return f"unknown constraint operator {said[1]}"
    if said[1] not in {"LIKE", "UNLIKE"}:
        return "Operator must be one of LIKE, UNLIKE"
    return None if is_regex(said[2]) else "Invalid regular expression"


def is_regex(pattern: str) -> bool:
    """Whether it is a regular expression of Java's that can be used here."""
    try:
        compiled(pattern)
    except ValueError:
        return False
    return True


def _is_int(value: str) -> bool:
    return _INTEGER.fullmatch(value) is not None and len(value) < 12 and -_INT <= int(value) < _INT
