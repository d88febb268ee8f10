"""Rules about constraints, on the lists of texts that they are written as.

As Marathon: raml/ConstraintConversion.scala, api/validation/AppValidation.scala (`complyWithConstraintRules`).
"""
from __future__ import annotations

import re
from collections.abc import Sequence

from specs.marathon.errors import BROKEN_RULE, WRONG_TYPE, Problems
from specs.marathon.javaregex import is_valid

OPERATORS = ("UNIQUE", "CLUSTER", "GROUP_BY", "LIKE", "MAX_PER", "UNLIKE", "IS")
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_IS = re.compile(r"[a-zA-Z0-9_/.-]*")


def judge_constraints(constraints: Sequence[Sequence[str]]) -> None:
    """Raises MarathonError."""
    lengths = Problems()
    problems = Problems()
    seen: list[Sequence[str]] = []
    for index, entries in enumerate(constraints):
        path = f"/constraints({index})"
        if not 2 <= len(entries) <= 3:
            lengths.add(path, "Each constraint must have either 2 or 3 fields")
        elif (problem := _problem(entries)) is not None:
            problems.add(path, problem)
        if entries in seen:
            problems.add("/constraints", "Elements must be unique")
        seen.append(entries)
    lengths.raise_if_any(WRONG_TYPE)
    problems.raise_if_any(BROKEN_RULE)


def _problem(entries: Sequence[str]) -> str | None:
    name, operator = entries[0], entries[1].upper()
    value = entries[2] if len(entries) > 2 else None
    if not name:
        return "illegal constraint specification" if value is None else "missing field for constraint declaration"
    if operator not in OPERATORS:
        return "operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS"
    match operator:
        case "UNIQUE" if value:
            return "UNIQUE does not accept a value"
        case "GROUP_BY" if value and not (_INTEGER.fullmatch(value) or value == "inf"):
            return "GROUP BY must define an integer value or else no value at all"
        case "MAX_PER" if not value or not _INTEGER.fullmatch(value):
            return "MAX_PER requires an integer value"
        case "LIKE" | "UNLIKE" if not value:
            return "LIKE and UNLIKE require a non-empty, regular expression value"
        case "LIKE" | "UNLIKE" if not is_valid(value or ""):
            return "is not a valid regular expression"
        case "IS" if not value or not _IS.fullmatch(value):
            return ("IS only supports Mesos text and float values (see "
                    "http://mesos.apache.org/documentation/latest/attributes-resources/)")
    return None
