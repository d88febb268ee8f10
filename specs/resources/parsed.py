"""Resources as they are written on a command line:
"cpus:4;mem(web):1024;ports:[31000-31099];zones:{a,b}", or as a JSON list of Resource messages, which
can say all that a resource is.

As Mesos: Resources::parse (v1/resources.cpp) and values.cpp.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from specs.errors import SpecError
from specs.forms import codec
from specs.forms.taskinfo import json_value
from specs.messages.resource import Range, ReservationInfo, Resource
from specs.resources.ranges import coalesce
from specs.resources.rules import resource_problem
from specs.resources.sums import Resources, upgraded

_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_LONGEST: Final = 20  # digits of a uint64


def parse_resources(text: str, default_role: str = "*") -> Resources:
    """The resources that the text names: as above, or a JSON list of Resource messages.

    Raises SpecError with Mesos's text, or, for JSON, with the path.
    """
    if text.lstrip().startswith("["):
        found = [upgraded(each) for each in _read_messages(text)]
    else:
        found = [_parse_entry(token, default_role) for token in text.split(";") if token]
    for resource in found:
        problem = resource_problem(resource)
        if problem is not None:
            raise SpecError("", problem)
    types: dict[str, str] = {}
    for resource in found:
        if types.setdefault(resource.name, resource.type) != resource.type:
            raise SpecError("",
                            f"Resources with the same name ('{resource.name}') but different types are not allowed")
    return Resources(found)


def _read_messages(text: str) -> Iterator[Resource]:
    value = json_value(text, strict=True)
    for index, message in enumerate(value):
        try:
            yield codec.read(Resource, message, strict=True)
        except SpecError as error:
            raise error.under(f"[{index}]") from None


def _parse_entry(token: str, default_role: str) -> Resource:
    parts = [part for part in token.split(":") if part]
    if len(parts) != 2:
        raise SpecError("", f"Bad value for resources, missing or extra ':' in {token}")
    head, value = parts
    name, role = head.strip(), default_role
    if "(" in head:
        start, end = head.find("("), head.find(")")
        if end < start:
            raise SpecError("", f"Bad value for resources, mismatched parentheses in {token}")
        name, role = head[:start].strip(), head[start + 1:end].strip()
    reservations = () if role == "*" else (ReservationInfo(type="STATIC", role=role),)
    try:
        return _parse_value(name, value, reservations)
    except SpecError as error:
        raise SpecError("",
                        f"Failed to parse resource {name} value {value} error {error.problem}") from None


def _parse_value(name: str, text: str, reservations: tuple[ReservationInfo, ...]) -> Resource:
    packed = text.replace(" ", "")
    if not packed:
        raise SpecError("", "Expecting non-empty string")
    if any(packed.count(left) != packed.count(right) for left, right in ("{}", "[]", "()")):
        raise SpecError("", "Mismatched brackets")
    if packed.startswith("["):
        return Resource(name, "RANGES", ranges=_parse_ranges(packed), reservations=reservations)
    for bracket in "[{":
        if packed.find(bracket) > 0:
            raise SpecError("", f"Unexpected '{bracket}' found")
    if packed.startswith("{"):
        items = tuple(item for item in re.split(r"[{},\n]", packed) if item)
        return Resource(name, "SET", set=items, reservations=reservations)
    if not _NUMBER.fullmatch(packed) or float(packed) < 0 or float(packed) == float("inf"):
        raise SpecError("", f"Bad type for resource {name} value {text} type TEXT")
    return Resource(name, "SCALAR", scalar=float(packed), reservations=reservations)


def _parse_ranges(text: str) -> tuple[Range, ...]:
    tokens = [token for token in re.split(r"[\[\]\-,\n]", text) if token]
    if len(tokens) % 2:
        raise SpecError("", 'Expecting one or more "ranges"')
    for token in tokens:
        if not (token.isascii() and token.isdigit() and len(token) <= _LONGEST):
            raise SpecError("", f"Expecting non-negative integers in '{token}'")
    numbers = [int(token) for token in tokens]
    return coalesce(Range(begin, end) for begin,
                    end in zip(numbers[::2], numbers[1::2], strict=True))
