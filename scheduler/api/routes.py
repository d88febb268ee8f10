"""The table of routes: what each path does, what it takes and what it answers. The OpenAPI document
is made of it.

A path is a template: `{name}` stands for one segment, `{name*}` for one or more, as ids of apps
have them. The first route that fits is taken, so those with a longer tail (`/v2/apps/{id*}/tasks`)
stand before those without.
"""
from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter; `schema` is JSON Schema."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    many: bool = False  # may be there several times


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    `handler` takes a `server.Asked`; `answers` are JSON Schemas by status (None: an answer without
    JSON), besides the errors that every route may answer with.
    """

    method: str
    path: str
    handler: Callable[[Any], Awaitable[web.StreamResponse]]
    summary: str
    answers: Mapping[int, Mapping[str, Any] | None]
    parameters: tuple[Parameter, ...] = ()
    body: Mapping[str, Any] | None = None
    errors: tuple[int, ...] = ()  # statuses of its own, besides those of all routes
    open: bool = False  # whether nobody has to say who asks
    media_type: str = "application/json"
    also: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # other media types, for who accepts them
    writes: bool = False
    conditional: bool = False  # whether it honours If-Match: a change of what the caller has seen


def find(routes: Sequence[Route], method: str,
         path: str) -> tuple[Route | None, tuple[str, ...], tuple[str, ...]]:
    """The route, the open parts of its path, and, where only the method is wrong, those that there
    are.

    The first template that fits has the path, whatever its methods: a task is never taken for an
    app of a longer id.
    """
    template = next((route.path for route in routes if matched(route.path, path) is not None), None)
    if template is None:
        return None, (), ()
    methods = {route.method: route for route in routes if route.path == template}
    if method in methods:
        return methods[method], matched(template, path) or (), ()
    return None, (), tuple(methods)


def matched(template: str, path: str) -> tuple[str, ...] | None:
    """The parts of a path, decoded as it is, that its template leaves open; None if it is no such
    path.
    """
    found = _pattern(template).fullmatch(path)
    return None if found is None else found.groups()


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    text = re.escape(template).replace(r"\{", "{").replace(r"\}", "}").replace(r"\*", "*")
    text = re.sub(r"\{\w+\*\}", "(.+)", text)
    return re.compile(re.sub(r"\{\w+\}", "([^/]+)", text), re.DOTALL)
