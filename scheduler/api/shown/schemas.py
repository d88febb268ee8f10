"""JSON Schemas of what the API answers, for the OpenAPI document and for who checks answers against it."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

TEXT: Final[Schema] = {"type": "string"}
INTEGER: Final[Schema] = {"type": "integer"}
NUMBER: Final[Schema] = {"type": "number"}
BOOLEAN: Final[Schema] = {"type": "boolean"}
TIME: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def record(properties: Mapping[str, Schema], *optional: str, closed: bool = True) -> Schema:
    """An object; all of its properties are there but the optional ones. `closed`: and no others."""
    return {"type": "object", "properties": dict(properties), "additionalProperties": not closed,
            "required": sorted(set(properties) - set(optional))}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


OBJECT: Final[Schema] = {"type": "object"}
DEPLOYMENT: Final = record({"version": TEXT, "deploymentId": TEXT})
STEP: Final = record({"actions": array(record({"action": TEXT, "app": TEXT}))})

NAMED: Final[Mapping[str, Schema]] = {
    "App": {"type": "object", "required": ["id", "instances", "cpus", "mem"], "properties": {
        "id": TEXT, "instances": INTEGER, "cpus": NUMBER, "mem": NUMBER, "version": TEXT,
        "labels": {"type": "object", "additionalProperties": TEXT}, "tasks": array(ref("Task")),
        "tasksRunning": INTEGER, "tasksStaged": INTEGER, "tasksHealthy": INTEGER, "tasksUnhealthy": INTEGER,
        "deployments": array(record({"id": TEXT}))}},
    "Group": {"type": "object", "required": ["id", "apps", "groups"], "properties": {
        "id": TEXT, "apps": array(ref("App")), "groups": array(ref("Group")), "dependencies": array(TEXT),
        "version": TEXT, "pods": array(OBJECT), "enforceRole": BOOLEAN}},
    "Task": {"type": "object", "required": ["id", "appId", "host", "state", "ports"], "properties": {
        "id": TEXT, "appId": TEXT, "host": TEXT, "slaveId": TEXT, "state": TEXT, "ports": array(INTEGER),
        "servicePorts": array(INTEGER), "version": TEXT, "stagedAt": TIME, "startedAt": TIME, "role": TEXT,
        "ipAddresses": array(record({"ipAddress": TEXT, "protocol": TEXT})), "healthCheckResults": array(OBJECT)}},
    "Deployment": record({
        "id": TEXT, "version": TEXT, "affectedApps": array(TEXT), "affectedPods": array(TEXT), "steps": array(STEP),
        "currentActions": array(OBJECT), "currentStep": INTEGER, "totalSteps": INTEGER}),
    "Changed": DEPLOYMENT,
    "MarathonError": {"type": "object", "required": ["message"], "properties": {"message": TEXT}},
    "Problem": {"type": "object", "required": ["type", "title", "status", "detail"], "properties": {
        "type": TEXT, "title": TEXT, "status": INTEGER, "detail": TEXT}},
    "Instance": record({
        "id": TEXT, "taskId": nullable(TEXT), "app": TEXT, "state": TEXT, "phase": TEXT, "healthy": nullable(BOOLEAN),
        "agent": nullable(TEXT), "host": nullable(TEXT), "ports": array(INTEGER), "since": TIME, "version": TEXT,
        "exitCode": nullable(INTEGER), "reason": nullable(TEXT)}),
    "Ended": record({
        "id": TEXT, "taskId": TEXT, "app": TEXT, "state": TEXT, "at": TIME, "startedAt": nullable(TIME),
        "seconds": nullable(NUMBER), "exitCode": nullable(INTEGER), "reason": nullable(TEXT),
        "message": nullable(TEXT), "asked": nullable(TEXT), "agent": nullable(TEXT), "host": nullable(TEXT),
        "version": TEXT}),
    "Why": record({
        "instance": nullable(TEXT), "app": TEXT, "since": TIME, "reasons": array(record({
            "agent": nullable(TEXT), "reason": TEXT, "wanted": nullable(TEXT), "offered": nullable(TEXT),
            "hint": nullable(TEXT)}))}),
    "Plan": record({
        "version": TEXT, "apps": array(record({
            "id": TEXT, "action": TEXT, "changes": array(record({"path": TEXT, "before": {}, "after": {}})),
            "instances": record({"before": INTEGER, "after": INTEGER})})),
        "steps": array(STEP), "conflicts": array(TEXT), "stuck": array(record({
            "app": TEXT, "reason": TEXT, "hint": TEXT})), "warnings": array(TEXT)}),
    "Agent": record({"id": TEXT, "host": TEXT, "instances": INTEGER, "apps": array(TEXT)}),
}
