"""The OpenAPI 3.1 document, made of the table of routes: what is not in the one is not in the
other.
"""
from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from scheduler.api.routes import Parameter, Route
from scheduler.api.shown.schemas import NAMED, ref

_EVERYWHERE = (400, 401, 403, 404, 421, 500, 503)  # what each route may answer besides
_OF_WRITES = (408, 409, 413, 422, 507)  # and those that write


def document(routes: Sequence[Route], *, insecure: bool = False) -> dict[str, Any]:
    """The whole document. `insecure`: nobody has to say who asks."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = route.path.replace("*}", "}")
        paths.setdefault(path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "mesos-docker", "version": _version(),
                 "description": "Apps that stay up: Marathon's API under /v2, and what is ours under /api/v1."},
        "paths": paths,
        "components": {
            "schemas": dict(NAMED),
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"},
                                "bearer": {"type": "http", "scheme": "bearer"}}},
        "security": [] if insecure else [{"basic": []}, {"bearer": []}],
    }


def _operation(route: Route) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\*?\}", route.path)
    parameters = [{"name": name, "in": "path", "required": True,
                   "schema": {"type": "string", "minLength": 1}}
                  for name in names]
    parameters += [_query(each) for each in route.parameters]
    if route.conditional:
        parameters.append({"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"},
                           "description": "only if it is at this version, in quotes; otherwise 409"})
    operation: dict[str, Any] = {
        "summary": route.summary, "operationId": _operation_id(route), "parameters": parameters,
        "responses": _responses(route)}
    if route.open:
        operation["security"] = []
    if route.body is not None:
        operation["requestBody"] = {"required": True,
                                    "content": {"application/json": {"schema": dict(route.body)}}}
    return operation


def _query(parameter: Parameter) -> dict[str, Any]:
    schema = dict(parameter.schema)
    return {"name": parameter.name, "in": "query", "required": False,
            "description": parameter.description,
            "schema": {"type": "array", "items": schema} if parameter.many else schema}


def _responses(route: Route) -> dict[str, Any]:
    ours = not route.path.startswith("/v2")
    kind = "application/problem+json" if ours else "application/json"
    error = {"description": "It is refused",
             "content": {kind: {"schema": ref("Problem" if ours else "MarathonError")}}}
    statuses = {*_EVERYWHERE, *route.errors, *(_OF_WRITES if route.writes else ())}
    found: dict[str, Any] = {str(status): error for status in sorted(statuses)}
    for status, schema in route.answers.items():
        answer: dict[str, Any] = {"description": route.summary}
        if schema is not None:
            answer["content"] = {route.media_type: {"schema": dict(schema)}}
            answer["content"] |= {kind: {"schema": dict(other)} for kind, other in route.also.items()}
        found[str(status)] = answer
    return found


def _operation_id(route: Route) -> str:
    words = re.findall(r"\w+", route.path)
    return "_".join([route.method.lower(), *words])


def _version() -> str:
    try:
        return metadata.version("mesos-docker")
    except metadata.PackageNotFoundError:
        return "unknown"
