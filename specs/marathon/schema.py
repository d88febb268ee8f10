"""What each object of an app or group may have, and of which type: tables that the reader goes by.

Old forms are in them too, since they are accepted (`oldforms` rewrites them). Numbers and texts have the limits that
are checked together with types; what depends on more than one field is in `rules`. As Marathon: docs/docs/rest-api/
public/api/v2/types/*.raml, and the forms that RAML left out, from raml/AppConversion.scala.
"""
from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


class Type(enum.Enum):
    """What JSON a value is."""

    TEXT = "jsstring"
    INTEGER = "int"
    NUMBER = "jsnumber"
    BOOLEAN = "jsboolean"
    ARRAY = "jsarray"
    OBJECT = "jsobject"
    MAP = "map"  # an object with any keys
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of value. `fields` are those of an OBJECT, `each` the entries of an ARRAY or MAP."""

    type: Type
    least: float | None = None  # of a number, or of a text's or list's length
    most: float | None = None
    literals: tuple[str, ...] = ()  # of a text: read in any case, kept as written here
    pattern: str | None = None
    fields: Mapping[str, Shape] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    each: Shape | None = None
    other: Shape | None = None  # it may be this instead


def text(least: float | None = None, most: float | None = None, pattern: str | None = None) -> Shape:
    return Shape(Type.TEXT, least, most, pattern=pattern)


def literal(*values: str) -> Shape:
    return Shape(Type.TEXT, literals=values)


def integer(least: float | None = None, most: float | None = None) -> Shape:
    return Shape(Type.INTEGER, least, most)


def number(least: float | None = None, most: float | None = None) -> Shape:
    return Shape(Type.NUMBER, least, most)


def array(each: Shape, least: float | None = None) -> Shape:
    return Shape(Type.ARRAY, least, each=each)


def mapping(each: Shape) -> Shape:
    return Shape(Type.MAP, each=each)


def record(fields: Mapping[str, Shape], *required: str) -> Shape:
    return Shape(Type.OBJECT, fields=fields, required=required)


_SEGMENT: Final = r"(([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])|(\.|\.\.)"
PATH: Final = Shape(Type.TEXT, least=1, pattern=rf"/*(({_SEGMENT})/*)*")
BOOLEAN: Final = Shape(Type.BOOLEAN)
ANY: Final = Shape(Type.ANY)
TEXT: Final = text()
PORT: Final = integer(0, 65535)
SECONDS: Final = integer(0)
LABELS: Final = mapping(TEXT)
PROTOCOL: Final = literal("tcp", "udp", "udp,tcp")
PORT_NAME: Final = text(pattern=r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")

PORT_DEFINITION: Final = record({"port": PORT, "protocol": PROTOCOL, "name": PORT_NAME, "labels": LABELS})
PORT_MAPPING: Final = record({
    "containerPort": PORT, "hostPort": PORT, "servicePort": PORT, "protocol": PROTOCOL, "name": PORT_NAME,
    "labels": LABELS, "networkNames": array(TEXT)})
NETWORK: Final = record({
    "mode": literal("container", "container/bridge", "host"), "name": text(1), "labels": LABELS})
FETCH: Final = record({
    "uri": text(1, 1024), "extract": BOOLEAN, "executable": BOOLEAN, "cache": BOOLEAN, "destPath": TEXT}, "uri")
CONSTRAINT: Final = array(TEXT)
HEALTH_CHECK: Final = record({
    "protocol": literal("HTTP", "HTTPS", "TCP", "COMMAND", "MESOS_HTTP", "MESOS_HTTPS", "MESOS_TCP"),
    "path": TEXT, "command": record({"value": text(1)}, "value"), "port": PORT, "portIndex": SECONDS,
    "gracePeriodSeconds": SECONDS, "intervalSeconds": SECONDS, "timeoutSeconds": SECONDS,
    "maxConsecutiveFailures": SECONDS, "delaySeconds": SECONDS, "ignoreHttp1xx": BOOLEAN,
    "ipProtocol": literal("IPv4", "IPv6")})
READINESS_CHECK: Final = record({
    "name": text(1), "protocol": literal("HTTP", "HTTPS"), "path": text(1), "portName": text(1),
    "intervalSeconds": integer(1), "timeoutSeconds": integer(1), "httpStatusCodesForReady": array(integer(100, 599), 1),
    "preserveLastResponse": BOOLEAN})
CHECK: Final = record({
    "exec": record({"command": record({"shell": text(1)}, "shell")}, "command"),
    "http": record({"portIndex": SECONDS, "port": PORT, "path": TEXT, "scheme": literal("HTTP", "HTTPS")}),
    "tcp": record({"portIndex": SECONDS, "port": PORT}),
    "intervalSeconds": SECONDS, "timeoutSeconds": SECONDS, "delaySeconds": SECONDS})

_MODE: Final = literal("RO", "RW")
VOLUME: Final = record({
    "containerPath": text(1), "hostPath": text(1), "mode": _MODE, "secret": text(1),
    "persistent": record({"size": integer(1), "type": literal("root", "path", "mount"), "maxSize": integer(1),
                          "profileName": text(1), "constraints": array(CONSTRAINT)}, "size"),
    "external": record({"name": text(1), "provider": text(1), "size": integer(1), "options": mapping(ANY),
                        "shared": BOOLEAN})}, "containerPath")
DOCKER: Final = record({
    "image": text(1), "forcePullImage": BOOLEAN, "privileged": BOOLEAN,
    "parameters": array(record({"key": text(1), "value": TEXT}, "key", "value")),
    "pullConfig": record({"secret": text(1)}, "secret"), "credential": ANY,
    "network": literal("HOST", "BRIDGE", "NONE", "USER"), "portMappings": array(PORT_MAPPING)}, "image")
CONTAINER: Final = record({
    "type": literal("DOCKER", "MESOS"), "docker": DOCKER, "volumes": array(VOLUME),
    "portMappings": array(PORT_MAPPING), "linuxInfo": mapping(ANY)})
IP_ADDRESS: Final = record({
    "networkName": text(1), "labels": LABELS, "groups": array(TEXT),
    "discovery": record({"ports": array(record({
        "number": PORT, "name": TEXT, "protocol": PROTOCOL, "labels": LABELS}, "number", "name"))})})
_LIMIT: Final = Shape(Type.NUMBER, 0, other=literal("unlimited"))

APP: Final = record({
    "id": PATH, "cmd": text(1), "args": array(TEXT), "instances": integer(0), "cpus": number(0.001), "mem": number(0),
    "disk": number(0), "gpus": integer(0), "resourceLimits": record({"cpus": _LIMIT, "mem": _LIMIT}), "user": TEXT,
    "env": mapping(Shape(Type.TEXT, other=record({"secret": text(1)}, "secret"))),
    "secrets": mapping(record({"source": text(1)}, "source")), "labels": LABELS, "executor": TEXT,
    "executorResources": record({"cpus": number(0), "mem": number(0), "disk": number(0), "gpus": integer(0)}),
    "constraints": array(CONSTRAINT), "acceptedResourceRoles": array(TEXT), "role": text(1), "fetch": array(FETCH),
    "container": CONTAINER, "networks": array(NETWORK), "portDefinitions": array(PORT_DEFINITION),
    "requirePorts": BOOLEAN, "healthChecks": array(HEALTH_CHECK), "check": CHECK,
    "readinessChecks": array(READINESS_CHECK), "backoffSeconds": number(0), "backoffFactor": number(1),
    "maxLaunchDelaySeconds": number(0), "taskKillGracePeriodSeconds": SECONDS,
    "upgradeStrategy": record({"minimumHealthCapacity": number(0, 1), "maximumOverCapacity": number(0, 1)},
                              "minimumHealthCapacity", "maximumOverCapacity"),
    "dependencies": array(TEXT), "killSelection": literal("YOUNGEST_FIRST", "OLDEST_FIRST"),
    "unreachableStrategy": Shape(Type.OBJECT, fields={"inactiveAfterSeconds": SECONDS,
                                                      "expungeAfterSeconds": SECONDS},
                                 other=literal("disabled")),
    "residency": record({"relaunchEscalationTimeoutSeconds": SECONDS,
                         "taskLostBehavior": literal("WAIT_FOREVER", "RELAUNCH_AFTER_TIMEOUT")}),
    "tty": BOOLEAN, "version": TEXT, "ports": array(PORT), "uris": array(TEXT), "ipAddress": IP_ADDRESS,
})
OUTPUT_ONLY: Final = frozenset({  # of an app as GET gives it: passed over when it is sent back
    "versionInfo", "tasks", "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy", "deployments",
    "lastTaskFailure", "readinessCheckResults", "taskStats", "tasksStats"})
GROUP_FIELDS: Final = {
    "id": PATH, "dependencies": array(TEXT), "version": TEXT, "scaleBy": number(0), "enforceRole": BOOLEAN,
}
