"""Ids of apps and groups: paths of names, absolute or relative to the group that they stand in.

As Marathon: state/PathId.scala.
"""
from __future__ import annotations

import re

ROOT = "/"
RESERVED = ("restart", "tasks", "versions", ".", "..")
RESERVED_ERROR = f"must not end with any of the following reserved keywords: {', '.join(RESERVED)}"
NAME = r"(([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])"
_SEGMENT = re.compile(rf"({NAME}|\.|\.\.)")


def segments(text: str) -> list[str]:
    """The names of a path; slashes at the ends and doubled ones do not count."""
    return [each for each in text.split("/") if each]


def canonical(text: str, base: str = ROOT) -> str:
    """The absolute id; `..` above the root stays at the root."""
    found = [] if text.startswith("/") else segments(base)
    for each in segments(text):
        if each == "..":
            found = found[:-1]
        elif each != ".":
            found.append(each)
    return "/" + "/".join(found)


def parent(path: str) -> str:
    """Of "/a/b" it is "/a"; the root's is the root."""
    return "/" + "/".join(segments(path)[:-1])


def all_parents(path: str) -> list[str]:
    """From the nearest to the root."""
    names = segments(path)
    return ["/" + "/".join(names[:end]) for end in range(len(names) - 1, -1, -1)]


def is_inside(path: str, group: str) -> bool:
    """Whether a path is the group's or below it."""
    return segments(path)[:len(segments(group))] == segments(group)


def has_valid_names(text: str) -> bool:
    """Whether every name of a path, absolute or not, is one that may be."""
    return all(_SEGMENT.fullmatch(each) for each in segments(text))


def is_reserved(path: str) -> bool:
    """Whether its last name is one that the API's own paths end with."""
    names = segments(path)
    return bool(names) and names[-1] in RESERVED


def is_valid(text: str) -> bool:
    """Whether an app may have this id."""
    return has_valid_names(text) and not is_reserved(text)


def in_order(paths: list[str]) -> list[str]:
    """By their names, level by level."""
    return sorted(paths, key=segments)
