"""Ids of apps and groups: paths of segments, absolute (`/a/b`) or relative to a group (`b`,
`../c`).

Slashes at the ends and doubled ones do not count. As Marathon: state/PathId.scala.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

ROOT = "/"
SEGMENT = r"^(([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])|(\.|\.\.)$"
LONGEST = 196  # characters; with it the ids of tasks stay below the 255 that Mesos allows
_NAME = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
PATTERN = rf"/*(?:(?:\.\.|{_NAME}(?:\.{_NAME})*)(?:/+|$))*"  # of ids in JSON; single dots are no part of it
_VALID_SEGMENT = re.compile(rf"{_NAME}(?:\.{_NAME})*|\.\.?")
_RESERVED = ("restart", "tasks", "versions", ".", "..")


def segments(path: str) -> list[str]:
    """What stands between the slashes."""
    return [segment for segment in path.split("/") if segment]


def canonical(path: str, base: str = ROOT) -> str:
    """The absolute id, seen from `base`; `..` above the root stays at the root."""
    found: list[str] = [] if path.startswith("/") else segments(base)
    for segment in segments(path):
        if segment == "..":
            found = found[:-1]
        elif segment != ".":
            found.append(segment)
    return ROOT + "/".join(found)


def parent(path: str) -> str:
    """The group that an absolute id is in; the root is in itself."""
    return ROOT + "/".join(segments(path)[:-1])


def all_parents(path: str) -> Iterator[str]:
    """All groups that an absolute id is in, from the inside to the root."""
    while path != ROOT:
        path = parent(path)
        yield path


def is_inside(path: str, group: str) -> bool:
    """Whether an absolute id is the group's own or below it."""
    return group in {ROOT, path} or path.startswith(group + "/")


def top_level(path: str) -> str:
    """Of "/a/b" it is "/a"; of the root, the root."""
    return ROOT + "".join(segments(path)[:1])


def is_top_level(path: str) -> bool:
    """Whether it stands right below the root."""
    return path != ROOT and parent(path) == ROOT


def in_order(path: str) -> list[str]:
    """A key to sort ids by: segment by segment."""
    return segments(canonical(path))


def problems(path: str) -> list[str]:
    """What is wrong with an id, in Marathon's words."""
    found = segments(path)
    wrong = []
    if not all(_VALID_SEGMENT.fullmatch(segment) for segment in found):
        wrong.append(f"must fully match regular expression '{SEGMENT}'")
    if found and found[-1] in _RESERVED:
        wrong.append(
            f"must not end with any of the following reserved keywords: {', '.join(_RESERVED)}")
    if path.startswith("/") or len(found) == 1:
        outer = parent(path)
        if parent(canonical(path, outer)) != outer:
            wrong.append(f"Identifier is not child of '{outer}'")
    return wrong
