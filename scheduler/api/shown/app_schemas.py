"""JSON Schemas of apps: as they are answered, with every field that they may have, and as they may
be asked for.

What may be asked for is wider than any schema: unknown fields are passed over, null is absent, old
forms are rewritten, and rules between fields are told in words (422). The schemas of requests say
types and ranges.
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

TEXT: Final[Schema] = {"type": "string"}
INTEGER: Final[Schema] = {"type": "integer"}
NATURAL: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 2**53}
NUMBER: Final[Schema] = {"type": "number"}
BOOLEAN: Final[Schema] = {"type": "boolean"}
OBJECT: Final[Schema] = {"type": "object"}
TEXTS: Final[Schema] = {"type": "object", "additionalProperties": TEXT}
TIME: Final[Schema] = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def record(properties: Mapping[str, Schema], *optional: str, closed: bool = True) -> Schema:
    """An object; all of its properties are there but the optional ones. `closed`: and no others."""
    return {"type": "object", "properties": dict(properties), "additionalProperties": not closed,
            "required": sorted(set(properties) - set(optional))}


def some(properties: Mapping[str, Schema], *required: str) -> Schema:
    """An object of which only some properties have to be there, and no others may be."""
    return record(properties, *(set(properties) - set(required)))


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


_IDS: Final = array(record({"id": TEXT}))
_PORT: Final = some({"port": INTEGER, "name": TEXT, "protocol": TEXT, "labels": TEXTS}, "port",
                    "protocol")
_MAPPING: Final = some({
    "containerPort": INTEGER, "hostPort": INTEGER, "servicePort": INTEGER, "name": TEXT,
    "protocol": TEXT,
    "labels": TEXTS, "networkNames": array(TEXT)}, "containerPort", "protocol", "servicePort")
_VOLUME: Final = some({
    "containerPath": TEXT, "hostPath": TEXT, "mode": TEXT, "secret": TEXT, "external": OBJECT,
    "persistent": OBJECT},
    "containerPath")
_CONTAINER: Final = some({
    "type": TEXT, "volumes": array(_VOLUME), "portMappings": array(_MAPPING), "linuxInfo": OBJECT,
    "docker": some({
        "image": TEXT, "forcePullImage": BOOLEAN, "privileged": BOOLEAN,
        "pullConfig": record({"secret": TEXT}),
        "parameters": array(record({"key": TEXT, "value": TEXT}))}, "image")}, "type")
_CHECK_TIMES: Final = {"intervalSeconds": INTEGER, "timeoutSeconds": INTEGER,
                       "delaySeconds": INTEGER}
_HEALTH_CHECK: Final = some({
    **_CHECK_TIMES, "command": record({"value": TEXT}), "gracePeriodSeconds": INTEGER,
    "ignoreHttp1xx": BOOLEAN,
    "maxConsecutiveFailures": INTEGER, "path": TEXT, "port": INTEGER, "portIndex": INTEGER,
    "protocol": TEXT, "ipProtocol": TEXT}, "protocol")
_READINESS_CHECK: Final = record({
    "name": TEXT, "protocol": TEXT, "path": TEXT, "portName": TEXT, "intervalSeconds": INTEGER,
    "timeoutSeconds": INTEGER, "httpStatusCodesForReady": array(INTEGER),
    "preserveLastResponse": BOOLEAN})
_STATS: Final = record({"stats": some({
    "counts": record({"staged": INTEGER, "running": INTEGER, "healthy": INTEGER,
                      "unhealthy": INTEGER}),
    "lifeTime": record({"averageSeconds": NUMBER, "medianSeconds": NUMBER})}, "counts")})
_LIMIT: Final[Schema] = {"anyOf": [NUMBER, {"const": "unlimited"}]}

DEFINITION: Final[Mapping[str, Schema]] = {  # what an app is, as GET returns it
    "id": TEXT, "cmd": TEXT, "args": array(TEXT), "user": TEXT, "instances": INTEGER, "cpus": NUMBER, "mem": NUMBER,
    "disk": NUMBER, "gpus": INTEGER, "env": {"type": "object", "additionalProperties": {
        "anyOf": [TEXT, record({"secret": TEXT})]}},
    "labels": TEXTS, "executor": TEXT, "executorResources": record({"cpus": NUMBER, "mem": NUMBER, "disk": NUMBER}),
    "constraints": array(array(TEXT)), "acceptedResourceRoles": array(TEXT), "role": TEXT,
    "secrets": {"type": "object", "additionalProperties": record({"source": TEXT})},
    "fetch": array(some({"uri": TEXT, "extract": BOOLEAN, "executable": BOOLEAN, "cache": BOOLEAN, "destPath": TEXT},
                        "uri")),
    "container": _CONTAINER, "networks": array(some({"mode": TEXT, "name": TEXT, "labels": TEXTS}, "mode")),
    "portDefinitions": array(_PORT), "requirePorts": BOOLEAN, "healthChecks": array(_HEALTH_CHECK),
    "check": some({**_CHECK_TIMES, "http": OBJECT, "tcp": OBJECT, "exec": OBJECT}),
    "readinessChecks": array(_READINESS_CHECK), "backoffSeconds": INTEGER, "backoffFactor": NUMBER,
    "maxLaunchDelaySeconds": INTEGER, "taskKillGracePeriodSeconds": INTEGER,
    "upgradeStrategy": record({"minimumHealthCapacity": NUMBER, "maximumOverCapacity": NUMBER}),
    "dependencies": array(TEXT), "killSelection": TEXT,
    "unreachableStrategy": {"anyOf": [{"const": "disabled"}, record({
        "inactiveAfterSeconds": INTEGER, "expungeAfterSeconds": INTEGER})]},
    "residency": record({"relaunchEscalationTimeoutSeconds": INTEGER, "taskLostBehavior": TEXT}),
    "resourceLimits": some({"cpus": _LIMIT, "mem": _LIMIT}), "tty": BOOLEAN,
}
SCALE_BACK: Final = record({"at": TIME, "instances": INTEGER})
APP: Final = some({
    **DEFINITION, "version": TIME, "versionInfo": record({"lastScalingAt": TIME,
                                                          "lastConfigChangeAt": TIME}),
    "tasks": array(ref("Task")), "tasksRunning": INTEGER, "tasksStaged": INTEGER,
    "tasksHealthy": INTEGER,
    "tasksUnhealthy": INTEGER, "deployments": _IDS, "lastTaskFailure": ref("TaskFailure"),
    "readinessCheckResults": array(ref("Readiness")),
    "taskStats": some(dict.fromkeys(
        ("startedAfterLastScaling", "withLatestConfig", "withOutdatedConfig", "totalSummary"),
        _STATS)),
    "scaleBack": SCALE_BACK,  # only with embed=apps.scaleBack
}, "id", "instances", "cpus", "mem", "disk", "labels")

_NATURAL: Final = nullable({"type": "integer", "minimum": 0, "maximum": 2**31 - 1})
_SIZE: Final = nullable({"type": "number", "minimum": 0, "maximum": 1e300})
ASKED: Final[Mapping[str, Schema]] = {  # what may be said of an app, as far as one field says it alone
    "id": {"type": "string", "minLength": 1}, "cmd": nullable({"type": "string", "minLength": 1}),
    "args": nullable(array(TEXT)), "user": nullable(TEXT), "instances": _NATURAL,
    "cpus": nullable({"type": "number", "minimum": 0.001, "maximum": 1e300}), "mem": _SIZE, "disk": _SIZE,
    "gpus": _NATURAL, "labels": nullable(TEXTS), "requirePorts": nullable(BOOLEAN),
    "env": nullable(OBJECT), "constraints": nullable(array(array(TEXT))), "dependencies": nullable(array(TEXT)),
    "backoffSeconds": _NATURAL, "maxLaunchDelaySeconds": _NATURAL, "taskKillGracePeriodSeconds": _NATURAL,
    "backoffFactor": nullable({"type": "number", "minimum": 1, "maximum": 1e300}), "tty": nullable(BOOLEAN),
    "acceptedResourceRoles": nullable(array(TEXT)), "role": nullable({"type": "string", "minLength": 1}),
    "container": nullable(OBJECT), "networks": nullable(array(OBJECT)), "portDefinitions": nullable(array(OBJECT)),
    "healthChecks": nullable(array(OBJECT)), "readinessChecks": nullable(array(OBJECT)),
    "fetch": nullable(array(OBJECT)), "upgradeStrategy": nullable(OBJECT),
}
APP_DEFINITION: Final[Schema] = {"type": "object", "required": ["id"], "properties": ASKED}
APP_CHANGE: Final[Schema] = {"type": "object", "properties": {
    **ASKED, "id": nullable(ASKED["id"]), "version": nullable(TEXT)}}
# what is in a group is named, not nested: generated requests would be of nothing else
GROUP_CHANGE: Final[Schema] = {"type": "object", "properties": {
    "id": nullable(ASKED["id"]), "apps": nullable(array({**OBJECT,
                                                         "description": "as AppDefinition"})),
    "groups": nullable(array({**OBJECT, "description": "as GroupChange"})),
    "dependencies": nullable(array(TEXT)), "version": nullable(TEXT),
    "scaleBy": nullable({"type": "number", "minimum": 0, "maximum": 1_000_000}),
    "enforceRole": nullable(BOOLEAN)}}
