"""The JSON of health checks, readiness checks and Mesos's check.

As Marathon:
docs/docs/rest-api/public/api/v2/types/{healthCheck,readinessCheck,check,mesosCommand}.raml.
"""
from __future__ import annotations

from specs.marathon.checks import CommandProbe, HealthCheck, HttpProbe, Protocol, ReadinessCheck, TaskCheck, TcpProbe
from specs.marathon.forms.containers import PORT_NAME
from specs.marathon.forms.kinds import (
    BOOLEAN,
    NATURAL,
    NOT_EMPTY,
    PORT,
    TEXT,
    Field,
    choice,
    integer,
    list_of,
    record,
    text,
    wrapped,
)

_PATH = text(1, 1024)
_SCHEME = choice(("HTTP", "HTTPS"))


HEALTH_CHECK = record(
    HealthCheck, Field("command", wrapped("value", TEXT, "error.path.missing")),
    Field("grace_period_seconds", NATURAL), Field("ignore_http_1xx", BOOLEAN, key="ignoreHttp1xx"),
    Field("interval_seconds", NATURAL), Field("max_consecutive_failures", NATURAL),
    Field("path", TEXT),
    Field("port", PORT), Field("port_index", PORT), Field("protocol", choice(Protocol)),
    Field("ip_protocol", choice(("IPv4", "IPv6"))), Field("timeout_seconds", NATURAL),
    Field("delay_seconds", NATURAL))

READINESS_CHECK = record(
    ReadinessCheck, Field("name", NOT_EMPTY), Field("protocol", _SCHEME), Field("path", _PATH),
    Field("port_name", PORT_NAME), Field("interval_seconds", NATURAL),
    Field("timeout_seconds", integer(1)),
    Field("http_status_codes_for_ready", list_of(integer(100, 999), shortest=1, unique=True)),
    Field("preserve_last_response", BOOLEAN))

_PROBED = (Field("port_index", PORT), Field("port", PORT))
_COMMAND = record(CommandProbe, Field("shell", NOT_EMPTY), Field("argv", list_of(TEXT, shortest=1)))
TASK_CHECK = record(
    TaskCheck, Field("http", record(HttpProbe, *_PROBED, Field("path", _PATH),
                                    Field("scheme", _SCHEME))),
    Field("tcp", record(TcpProbe, *_PROBED)),
    Field("exec", wrapped("command", _COMMAND, "error.path.missing")),
    Field("interval_seconds", NATURAL), Field("timeout_seconds", NATURAL),
    Field("delay_seconds", NATURAL))
